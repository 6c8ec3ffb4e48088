#include "quantization.h"

#include <algorithm>
#include <array>

#include "module_pattern.h"

namespace ctxcost::huggingface {
namespace {

/// Where a tensor stands in checkpoints: the module's names below a layer (or in the whole model) in the spellings of
/// the families [transformers models/*/modeling_*.py].
struct Module {
  std::string_view tensor;
  std::array<std::string_view, 4> names;
};
constexpr Module kModules[] = {
    {"token_embd", {"embed_tokens"}},
    {"output", {"lm_head"}},
    {"attn_q", {"self_attn.q_proj", "self_attn.qkv_proj"}},
    {"attn_k", {"self_attn.k_proj", "self_attn.qkv_proj"}},
    {"attn_v", {"self_attn.v_proj", "self_attn.qkv_proj"}},
    {"attn_qkv", {"linear_attn.in_proj_qkv", "linear_attn.in_proj_qkvz", "self_attn.qkv_proj"}},
    {"attn_gate", {"self_attn.g_proj", "linear_attn.in_proj_z", "linear_attn.in_proj_qkvz"}},
    {"attn_output", {"self_attn.o_proj", "self_attn.out_proj"}},
    {"attn_q_a", {"self_attn.q_a_proj"}},
    {"attn_q_b", {"self_attn.q_b_proj"}},
    {"attn_kv_a_mqa", {"self_attn.kv_a_proj_with_mqa"}},
    {"attn_kv_b", {"self_attn.kv_b_proj"}},
    {"indexer.attn_q_b", {"self_attn.indexer.wq_b"}},
    {"indexer.attn_k", {"self_attn.indexer.wk"}},
    {"indexer.proj", {"self_attn.indexer.weights_proj"}},
    {"ssm_in", {"mamba.in_proj", "mixer.in_proj", "mamba.mixer.in_proj"}},
    {"ssm_x", {"mamba.x_proj", "mixer.x_proj"}},
    {"ssm_dt", {"mamba.dt_proj", "mixer.dt_proj"}},
    {"ssm_out", {"mamba.out_proj", "mixer.out_proj", "linear_attn.out_proj"}},
    {"ssm_ba", {"linear_attn.in_proj_ba", "linear_attn.in_proj_b", "linear_attn.in_proj_a"}},
    {"ssm_f_a", {"self_attn.f_a_proj"}},
    {"ssm_f_b", {"self_attn.f_b_proj"}},
    {"ssm_g_a", {"self_attn.g_a_proj"}},
    {"ssm_g_b", {"self_attn.g_b_proj"}},
    {"ssm_beta", {"self_attn.b_proj"}},
    {"shortconv.in_proj", {"conv.in_proj"}},
    {"shortconv.out_proj", {"conv.out_proj"}},
    {"ffn_gate", {"mlp.gate_proj", "mlp.gate_up_proj", "feed_forward.w1"}},
    {"ffn_up", {"mlp.up_proj", "mlp.gate_up_proj", "feed_forward.w3", "mixer.up_proj"}},
    {"ffn_down", {"mlp.down_proj", "feed_forward.w2", "mixer.down_proj"}},
    {"ffn_gate_inp", {"mlp.gate", "mlp.router", "block_sparse_moe.gate", "mixer.gate"}},
    {"ffn_gate_inp_shexp", {"mlp.shared_expert_gate"}},
    {"ffn_gate_exps",
     {"mlp.experts.0.gate_proj", "block_sparse_moe.experts.0.w1", "feed_forward.experts.gate_up_proj"}},
    {"ffn_up_exps",
     {"mlp.experts.0.up_proj", "block_sparse_moe.experts.0.w3", "feed_forward.experts.gate_up_proj",
      "mixer.experts.0.up_proj"}},
    {"ffn_down_exps",
     {"mlp.experts.0.down_proj", "block_sparse_moe.experts.0.w2", "feed_forward.experts.down_proj",
      "mixer.experts.0.down_proj"}},
    {"ffn_gate_shexp",
     {"mlp.shared_experts.gate_proj", "mlp.shared_expert.gate_proj", "feed_forward.shared_expert.gate_proj"}},
    {"ffn_up_shexp",
     {"mlp.shared_experts.up_proj", "mlp.shared_expert.up_proj", "feed_forward.shared_expert.up_proj",
      "mixer.shared_experts.up_proj"}},
    {"ffn_down_shexp",
     {"mlp.shared_experts.down_proj", "mlp.shared_expert.down_proj", "feed_forward.shared_expert.down_proj",
      "mixer.shared_experts.down_proj"}},
    {"ffn_latent_down", {"mlp.fc1_latent_proj", "mixer.fc1_latent_proj"}},
    {"ffn_latent_up", {"mlp.fc2_latent_proj", "mixer.fc2_latent_proj"}},
};

/// What a method converts, in which format.
struct Method {
  std::string name;  ///< as shown
  PackedFormat format;
  std::vector<ModulePattern> kept;
  std::vector<ModulePattern> targets;  ///< only these; empty = every linear of the layers
  bool experts_only = false;
  bool head = false;  ///< the output matrix, too
  bool all = false;   ///< routers, embedding and output matrix, too
};

/// Patterns times layers; the longest published lists, a name for every linear that is kept, have some 30,000.
constexpr Count kMostTrials = 100'000;

bool is_router(std::string_view tensor) {
  // Scoring layers are no linear modules, or kept in 16 bits by every published checkpoint.
  return tensor == "ffn_gate_inp" || tensor == "ffn_gate_inp_shexp" || tensor == "indexer.proj";
}

bool meant(const std::vector<ModulePattern>& patterns, std::string_view tensor, std::string_view prefix) {
  if (patterns.empty()) return false;
  for (const Module& module : kModules) {
    if (module.tensor != tensor) continue;
    for (const std::string_view name : module.names) {
      if (name.empty()) continue;
      for (const std::string_view root : {"model.", "", "model.language_model."}) {
        const std::string path = std::string(root) + std::string(prefix) + std::string(name);
        const auto matches = [&](const ModulePattern& pattern) { return pattern.matches(path); };
        if (std::any_of(patterns.begin(), patterns.end(), matches)) return true;
      }
    }
  }
  return false;
}

bool converts(const Method& method, const Tensor& tensor, std::string_view prefix) {
  if (tensor.use != TensorUse::linear || (is_router(tensor.name) && !method.all)) return false;
  if (method.experts_only && !tensor.routed()) return false;
  if (!method.targets.empty() && !meant(method.targets, tensor.name, prefix)) return false;
  return !meant(method.kept, tensor.name, prefix);
}

std::string tile_name(Count rows, Count columns) { return to_string(rows) + "x" + to_string(columns); }

/// A list of patterns; those that cannot be read are named in a note.
std::vector<ModulePattern> patterns(const Config& config, const Keys& keys) {
  std::vector<ModulePattern> result;
  if (!config.has(keys)) return result;
  for (const std::string& text : config.texts(keys).value_or(std::vector<std::string>{})) {
    result.emplace_back(text);
    if (!result.back().understood()) {
      config.note("quantization_config: the pattern \"" + text + "\" is not understood and names no module here");
    }
  }
  return result;
}

Count bits_of(const Config& config, const Keys& keys, Count otherwise) {
  const Count bits = config.nullable(keys, otherwise, 1).value_or(otherwise);
  if (bits > 16) {
    config.fault(keys, "expected at most 16 bits, found " + to_string(bits));
    return otherwise;
  }
  return bits;
}

/// -1 (a whole row shares a scale) or a positive number of inputs.
Count group_of(const Config& config, const Keys& keys, Count otherwise) {
  if (config.number(keys) == "-1") return 0;
  return config.nullable(keys, otherwise, 1).value_or(otherwise);
}

std::string bits_name(std::string_view kind, Count bits) { return std::string(kind) + to_string(bits); }

/// fp32 scales of blocks, or of whole matrices. [transformers integrations/finegrained_fp8.py]
Method fp8(const Config& config) {
  Method method;
  method.format = {"fp8", 8};
  const std::optional<std::vector<Count>> block = config.counts("weight_block_size");
  if (block && block->size() == 2 && (*block)[0] > 0 && (*block)[1] > 0) {
    method.format.tile_rows = (*block)[0];
    method.format.tile_columns = (*block)[1];
    method.format.scale_bits = 32;
    method.name = "fp8, " + tile_name((*block)[0], (*block)[1]) + " blocks";
  } else if (block) {
    config.fault("weight_block_size", "expected two positive integers");
  } else {
    method.format.matrix_bytes = config.text("activation_scheme", "dynamic") == "static" ? 8 : 4;
    method.name = "fp8, scaled by tensor";
  }
  method.kept = patterns(config, {"modules_to_not_convert", "ignored_layers"});
  return method;
}

/// A row of fp8 and its fp32 scale, an upper bound of the inputs a matrix. [transformers integrations/fbgemm_fp8.py]
Method fbgemm(const Config& config) {
  Method method;
  method.name = "fp8, scaled by row";
  method.format = {"fp8", 8};
  method.format.scale_bits = 32;
  method.format.matrix_bytes = 4;
  method.kept = patterns(config, "modules_to_not_convert");
  return method;
}

/// Experts only: blocks of 32 elements with an 8-bit exponent. [transformers integrations/mxfp4.py]
Method mxfp4(const Config& config) {
  Method method;
  method.name = "mxfp4";
  method.format = {"mxfp4", 4};
  method.format.tile_columns = 32;
  method.format.scale_bits = 8;
  method.experts_only = true;
  method.kept = patterns(config, "modules_to_not_convert");
  return method;
}

/// Integers with an fp16 scale and a packed zero point a group; GPTQ also writes the group of each input.
/// [AutoGPTQ nn_modules/qlinear, AutoAWQ modules/linear/gemm.py]
Method grouped_integers(const Config& config, std::string_view name, bool group_index) {
  Method method;
  const Count bits = bits_of(config, {"bits", "w_bit"}, 4);
  const Count group = group_of(config, {"group_size", "q_group_size"}, 128);
  method.format = {bits_name("int", bits), bits};
  method.format.tile_columns = group;
  method.format.scale_bits = 16;
  method.format.zero_bits = bits;
  method.format.column_bytes = group_index ? 4 : 0;
  method.name = std::string(name) + " " + bits_name("int", bits) +
                (group == 0 ? std::string(", scaled by row") : ", group " + to_string(group));
  method.kept = patterns(config, "modules_to_not_convert");
  method.head = config.has("lm_head") && config.flag("lm_head", false);
  return method;
}

/// NF4 or FP4 in blocks of 64 with an fp32 maximum, perhaps quantised again in groups of 256; or int8 rows with an fp32
/// maximum. [bitsandbytes functional.py]
Method bitsandbytes(const Config& config) {
  Method method;
  if (config.has("load_in_8bit") && config.flag("load_in_8bit", false)) {
    method.name = "bitsandbytes int8";
    method.format = {"int8", 8};
    method.format.scale_bits = 32;
  } else {
    const std::string type = config.has("bnb_4bit_quant_type") ? config.text("bnb_4bit_quant_type", "fp4") : "fp4";
    const bool twice = config.has("bnb_4bit_use_double_quant") && config.flag("bnb_4bit_use_double_quant", false);
    method.name = "bitsandbytes " + type + (twice ? ", scales quantised" : "");
    method.format = {type, 4};
    method.format.tile_columns = 64;
    method.format.scale_bits = twice ? 8 : 32;
    method.format.scales_per_group = twice ? 256 : 0;
  }
  method.kept = patterns(config, "llm_int8_skip_modules");
  return method;
}

/// Every linear and embedding in integers, with a scale and a bias of 16 bits a group. [MLX nn/layers/quantized.py]
Method mlx(const Config& config) {
  Method method;
  const Count bits = bits_of(config, "bits", 4);
  const Count group = config.count("group_size", 64);
  method.name = "mlx " + bits_name("int", bits) + ", group " + to_string(group);
  method.format = {bits_name("int", bits), bits};
  method.format.tile_columns = group;
  method.format.scale_bits = 16;
  method.format.zero_bits = 16;
  method.all = true;
  return method;
}

/// E2M1 in blocks of 16 with an fp8 scale, and two fp32 scales a matrix.
PackedFormat nvfp4_format() {
  PackedFormat format{"nvfp4", 4};
  format.tile_columns = 16;
  format.scale_bits = 8;
  format.matrix_bytes = 8;
  return format;
}

/// [NVIDIA TensorRT Model Optimizer, unified HuggingFace checkpoints]
std::optional<Method> modelopt(const Config& config) {
  const std::string algorithm = config.text("quant_algo", "");
  Method method;
  if (algorithm == "FP8") {
    method.name = "fp8, scaled by tensor";
    method.format = {"fp8", 8};
    method.format.matrix_bytes = 8;
  } else if (algorithm == "NVFP4") {
    method.name = "nvfp4";
    method.format = nvfp4_format();
  } else {
    return std::nullopt;
  }
  method.kept = patterns(config, {"ignore", "exclude_modules", "modules_to_not_convert"});
  return method;
}

/// One group of `config_groups`. [compressed-tensors quantization/quant_args.py, compressors/]
std::optional<Method> compressed_group(const Config& group, std::string_view whole_format) {
  const std::optional<Config> weights = group.object("weights");
  if (!weights) return std::nullopt;
  Method method;
  std::string packing = group.has("format") ? group.text("format", "") : std::string(whole_format);
  const Count bits = bits_of(*weights, "num_bits", 8);
  const bool is_float = weights->has("type") && weights->text("type", "int") == "float";
  PackedFormat& format = method.format;
  format = {is_float ? bits_name("fp", bits) : bits_name("int", bits), bits};
  if (packing == "mxfp4-pack-quantized") {
    format = {"mxfp4", 4};
    format.tile_columns = 32;
    format.scale_bits = 8;
    method.name = "mxfp4";
    return method;
  }
  if (packing == "nvfp4-pack-quantized") {
    format = nvfp4_format();
    method.name = "nvfp4";
    return method;
  }
  const std::string strategy = weights->has("strategy") ? weights->text("strategy", "tensor") : "tensor";
  format.scale_bits = 16;
  const bool symmetric = !weights->has("symmetric") || weights->flag("symmetric", true);
  format.zero_bits = symmetric ? Count{} : packing == "pack-quantized" ? bits : Count{8};
  if (strategy == "tensor") {
    format.tile_rows = 0;
  } else if (strategy == "group" || strategy == "tensor_group") {
    format.tile_columns = group_of(*weights, "group_size", 128);
  } else if (strategy == "block") {
    const std::optional<std::vector<Count>> block = weights->counts("block_structure");
    if (!block || block->size() != 2) return std::nullopt;
    format.tile_rows = (*block)[0];
    format.tile_columns = (*block)[1];
  } else if (strategy != "channel") {
    return std::nullopt;
  }
  // Packed integers come with the shape they had, as two 64-bit integers.
  if (packing == "pack-quantized") format.matrix_bytes = 16;
  method.name = format.name + ", scaled by " + (strategy == "channel" ? "row" : strategy) +
                (strategy == "group" ? " of " + to_string(format.tile_columns) : "");
  return method;
}

std::vector<Method> compressed_tensors(const Config& config) {
  std::vector<Method> methods;
  const std::optional<Config> groups = config.object("config_groups");
  if (!groups) return methods;
  const std::string packing = config.has("format") ? config.text("format", "") : "";
  const std::vector<ModulePattern> kept = patterns(config, "ignore");
  for (int i = 0; i < 16; ++i) {
    const std::string key = "group_" + std::to_string(i);
    const std::optional<Config> group = groups->object(key.c_str());
    if (!group) break;
    std::optional<Method> method = compressed_group(*group, packing);
    if (!method) return {};
    method->kept = kept;
    const std::vector<std::string> targets = group->texts("targets").value_or(std::vector<std::string>{});
    if (std::find(targets.begin(), targets.end(), "Linear") == targets.end()) {
      method->targets = patterns(*group, "targets");
    }
    methods.push_back(std::move(*method));
  }
  return methods;
}

std::vector<Method> methods_of(const Config& config) {
  std::string name = config.has("quant_method") ? config.text("quant_method", "") : "";
  std::optional<Method> one;
  if (name.empty()) {
    // Early bitsandbytes files and those of MLX do not name it.
    if (config.has("load_in_4bit") || config.has("load_in_8bit")) name = "bitsandbytes";
    if (config.has("bits") && config.has("group_size")) one = mlx(config);
  }
  if (name == "fp8") one = fp8(config);
  if (name == "fbgemm_fp8") one = fbgemm(config);
  if (name == "mxfp4") one = mxfp4(config);
  if (name == "gptq") one = grouped_integers(config, name, true);
  if (name == "awq") one = grouped_integers(config, name, false);
  if (name == "bitsandbytes") one = bitsandbytes(config);
  if (name == "modelopt") one = modelopt(config);
  if (one) return {std::move(*one)};
  return name == "compressed-tensors" || name == "modelopt" ? compressed_tensors(config) : std::vector<Method>{};
}

/// A rule for the layers of the group that the method converts; none where it converts none.
void add_rule(StoredWeights& stored, const Method& method, std::size_t format, const LayerGroup& group,
              const Tensor& tensor) {
  StoredRule rule{tensor.name, tensor.is_bias, {}, format};
  for (const std::uint32_t layer : group.layers) {
    if (converts(method, tensor, "layers." + std::to_string(layer) + ".")) rule.layers.push_back(layer);
  }
  if (!rule.layers.empty()) stored.rules.push_back(std::move(rule));
}

}  // namespace

void read_quantization(const Config& file, Model& model) {
  const std::optional<Config> config = file.object({"quantization_config", "quantization"});
  if (!config) return;
  const std::vector<Method> methods = methods_of(*config);
  if (methods.empty()) {
    const std::string name = config->has("quant_method") ? config->text("quant_method", "") : "unknown";
    config->note("quantization_config (" + name + ") is not understood: weights are counted in " +
                 model.weights.display() + " (--weights names another type)");
    return;
  }
  // Each pattern is tried on every linear of every layer: hostile lists must not take minutes.
  std::size_t patterns = 0;
  for (const Method& method : methods) patterns += method.kept.size() + method.targets.size();
  if (patterns * model.layers() > kMostTrials) {
    config->fault("modules_to_not_convert", "expected fewer patterns of modules, found " + std::to_string(patterns));
    return;
  }
  StoredWeights stored;
  for (const Method& method : methods) {
    const std::size_t format = stored.formats.size();
    stored.formats.push_back(method.format);
    stored.name += (stored.name.empty() ? "" : " and ") + method.name;
    for (const LayerGroup& group : model.groups) {
      const std::optional<std::vector<Tensor>> tensors = model.layer_tensors(group);
      if (!tensors) return;
      for (const Tensor& tensor : *tensors) add_rule(stored, method, format, group, tensor);
    }
    if ((method.head || method.all) && !model.tied_embeddings) stored.rules.push_back({"output", false, {}, format});
    if (method.all) stored.rules.push_back({"token_embd", false, {}, format});
  }
  if (methods.front().format.name == "fp8") {
    // The correction of router scores is in fp32 [DeepSeek-V3: F32 elements of the files are scales and these].
    stored.rules.push_back({"ffn_gate_inp", true, {}, stored.formats.size()});
    stored.formats.push_back({"fp32", 32});
  }
  model.stored = std::move(stored);
}

}  // namespace ctxcost::huggingface
