#include "quantization.h"

#include <algorithm>
#include <array>
#include <map>

#include "ctxcost/core/precision.h"
#include "family.h"
#include "module_patterns.h"
#include "parts.h"

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

/// Parts of a path that only some families have.
constexpr std::string_view kRareParts[] = {"feed_forward.", "mixer.", "block_sparse_moe."};

/// Whether the classes of a family with those modules have one of that name.
bool has_module(const ModuleTraits& modules, std::string_view name) {
  const bool queries = name == "self_attn.q_proj" || name == "self_attn.k_proj" || name == "self_attn.v_proj";
  const bool gate = name == "mlp.gate_proj" || name == "mlp.up_proj";
  if (queries && modules.queries == FusedQueries::always) return false;
  if (name == "self_attn.qkv_proj") return modules.queries != FusedQueries::never;
  if (gate && modules.fused_gate) return false;
  if (name == "mlp.gate_up_proj") return modules.fused_gate;
  for (const std::string_view part : kRareParts) {
    if (name.starts_with(part)) return part == modules.part;
  }
  return true;
}

/// What stands in front of "layers." in the model's paths.
std::vector<std::string> roots_of(const Config& file, const ModuleTraits& modules) {
  if (file.nested()) return {"model.language_model.", "language_model.model.", "model.", "language_model."};
  if (modules.backbone) return {"backbone.", "model."};
  return {"model."};
}

/// What a method converts, in which format.
struct Method {
  std::string name;  ///< as shown
  PackedFormat format;
  ModulePatterns kept;
  ModulePatterns targets;  ///< only these; empty = every linear of the layers
  bool experts_only = false;
  bool head = false;         ///< the output matrix, too
  bool all = false;          ///< routers, embedding and output matrix, too
  std::string unknown = {};  ///< why its layout is not known
  /// Of the whole model: the lists remember what they were asked.
  std::uint32_t layers = 0;
  ModuleTraits modules = {};  ///< of the family
};

bool is_router(std::string_view tensor) {
  // Scoring layers are no linear modules, or kept in 16 bits by every published checkpoint.
  return tensor == "ffn_gate_inp" || tensor == "ffn_gate_inp_shexp" || tensor == "indexer.proj";
}

/// In which layers, from 0, the list means that tensor.
std::vector<bool> layers_meant(ModulePatterns& patterns, const ModuleTraits& modules, std::string_view tensor,
                               std::uint32_t layers) {
  std::vector<bool> meant(layers);
  for (const Module& module : kModules) {
    if (module.tensor != tensor) continue;
    for (const std::string_view name : module.names) {
      if (name.empty() || !has_module(modules, name)) continue;
      const std::vector<bool>& found = patterns.layers_meant(name, layers);
      for (std::uint32_t i = 0; i < layers; ++i) meant[i] = meant[i] || found[i];
    }
  }
  return meant;
}

/// Of the group's layers, those whose tensor the method converts.
std::vector<std::uint32_t> converted(Method& method, const LayerGroup& group, const Tensor& tensor) {
  if (tensor.use != TensorUse::linear || (is_router(tensor.name) && !method.all)) return {};
  if (method.experts_only && !tensor.routed()) return {};
  std::vector<std::uint32_t> layers = group.layers;
  const auto keep = [&](ModulePatterns& patterns, bool wanted) {
    if (patterns.empty() || layers.empty()) return;
    const std::vector<bool> meant = layers_meant(patterns, method.modules, tensor.name, method.layers);
    std::erase_if(layers, [&](std::uint32_t layer) { return meant[layer] != wanted; });
  };
  keep(method.targets, true);
  keep(method.kept, false);
  return layers;
}

std::string tile_name(Count rows, Count columns) { return to_string(rows) + "x" + to_string(columns); }

/// A list of modules; an entry that cannot be read is a fault.
ModulePatterns patterns(const Config& config, const Keys& keys, ModuleNames names = ModuleNames::parts) {
  ModulePatterns result(names);
  if (!config.has(keys)) return result;
  const std::string place = config.find(keys).place;
  const std::vector<std::string> entries = config.texts(keys).value_or(std::vector<std::string>{});
  for (std::size_t i = 0; i < entries.size() && config.findings().faults.size() < 20; ++i) {
    try {
      result.add(entries[i]);
    } catch (const PatternFault& fault) {
      Findings& findings = config.findings();
      findings.faults.push_back(
          {findings.source, child_pointer(place, i),
           "expected a pattern that Python's re reads, found \"" + entries[i].substr(0, 200) + "\": " + fault.message,
           ""});
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
  const Config::Found found = config.find(keys);
  if (found && found.value->is(JsonValue::Type::integer) && found.value->text == "-1") return 0;
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

std::string upper_case(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return text;
}

/// The layout that an algorithm writes. [NVIDIA TensorRT Model Optimizer, torch/export/quant_utils.py; vLLM
/// quantization/modelopt.py] Those with smoothing scales of the inputs (AWQ, SQ) are left out: whether these stand in
/// the file or went into the norms depends on the model's class.
Method modelopt_layout(const std::string& algorithm) {
  Method method;
  method.format = {"fp8", 8};
  if (algorithm == "FP8") {
    method.name = "fp8, scaled by tensor";
    method.format.matrix_bytes = 8;  // weight_scale and input_scale, fp32
  } else if (algorithm == "FP8_PER_CHANNEL_PER_TOKEN") {
    method.name = "fp8, scaled by row";
    method.format.scale_bits = 32;
  } else if (algorithm == "FP8_PB_WO") {
    method.name = "fp8, 128x128 blocks";
    method.format.tile_rows = method.format.tile_columns = 128;
    method.format.scale_bits = 32;
  } else if (algorithm == "MXFP8") {
    method.name = "mxfp8";
    method.format.tile_columns = 32;
    method.format.scale_bits = 8;
  } else if (algorithm == "NVFP4") {
    method.name = "nvfp4";
    method.format = nvfp4_format();
  } else if (algorithm == "W4A16_NVFP4") {
    method.name = "nvfp4";
    method.format = nvfp4_format();
    method.format.matrix_bytes = 4;  // no scale of the inputs
  } else {
    method.name = algorithm;
    method.unknown = "the layout of quant_algo " + algorithm + " is not known";
  }
  return method;
}

/// A layout for each algorithm in `quantized_layers`, whose keys are modules.
std::vector<Method> modelopt_mixed(const Config& config) {
  std::vector<Method> methods;
  const std::optional<Config> layers = config.object("quantized_layers");
  if (!layers) return methods;
  const Config::Found list = config.find("quantized_layers");
  std::map<std::string, ModulePatterns> targets;
  for (const JsonMember& member : list.value->members) {
    const std::optional<Config> layer = layers->object(Keys({member.key}));
    const std::string algorithm = layer ? upper_case(layer->text("quant_algo", "")) : "";
    targets.try_emplace(algorithm, ModuleNames::wildcards).first->second.add(member.key);
  }
  for (auto& [algorithm, modules] : targets) {
    Method method = modelopt_layout(algorithm.empty() ? "null" : algorithm);
    method.head = modules.means("lm_head");
    method.targets = std::move(modules);
    methods.push_back(std::move(method));
  }
  return methods;
}

/// [NVIDIA TensorRT Model Optimizer, unified HuggingFace checkpoints]
std::vector<Method> modelopt(const Config& config) {
  const std::string algorithm = upper_case(config.text("quant_algo", ""));
  std::vector<Method> methods;
  if (algorithm == "MIXED_PRECISION") methods = modelopt_mixed(config);
  if (algorithm.empty() || (algorithm == "MIXED_PRECISION" && methods.empty() && config.has("config_groups")))
    return {};
  if (methods.empty()) methods.push_back(modelopt_layout(algorithm));
  const ModulePatterns kept =
      patterns(config, {"ignore", "exclude_modules", "modules_to_not_convert"}, ModuleNames::wildcards);
  for (Method& method : methods) method.kept = kept;
  return methods;
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
    if ((*block)[0] == 0 || (*block)[1] == 0) {
      weights->fault("block_structure", "expected two positive integers");
      return std::nullopt;
    }
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

std::vector<Method> compressed_tensors(const Config& config, ModuleNames names) {
  std::vector<Method> methods;
  const std::optional<Config> groups = config.object("config_groups");
  if (!groups) return methods;
  const std::string packing = config.has("format") ? config.text("format", "") : "";
  const ModulePatterns kept = patterns(config, "ignore", names);
  for (int i = 0; i < 16; ++i) {
    const std::string key = "group_" + std::to_string(i);
    const std::optional<Config> group = groups->object(key.c_str());
    if (!group) break;
    std::optional<Method> method = compressed_group(*group, packing);
    if (!method) return {};
    method->kept = kept;
    const std::vector<std::string> targets = group->texts("targets").value_or(std::vector<std::string>{});
    if (std::find(targets.begin(), targets.end(), "Linear") == targets.end()) {
      method->targets = patterns(*group, "targets", names);
    }
    methods.push_back(std::move(*method));
  }
  return methods;
}

std::vector<Method> methods_of(const Config& config) {
  std::string name = config.has("quant_method") ? config.text("quant_method", "") : "";
  std::optional<Method> one;
  if (name.empty()) {
    // Early bitsandbytes files and those of MLX and ModelOpt do not name it.
    if (config.has("quant_algo")) name = "modelopt";
    if (config.has("load_in_4bit") || config.has("load_in_8bit")) name = "bitsandbytes";
    if (config.has("bits") && config.has("group_size")) one = mlx(config);
  }
  if (name == "fp8") one = fp8(config);
  if (name == "fbgemm_fp8") one = fbgemm(config);
  if (name == "mxfp4") one = mxfp4(config);
  if (name == "gptq") one = grouped_integers(config, name, true);
  if (name == "awq") one = grouped_integers(config, name, false);
  if (name == "bitsandbytes") one = bitsandbytes(config);
  if (name == "modelopt") {
    std::vector<Method> methods = modelopt(config);
    return methods.empty() ? compressed_tensors(config, ModuleNames::wildcards) : methods;
  }
  if (one) return {std::move(*one)};
  return name == "compressed-tensors" ? compressed_tensors(config, ModuleNames::whole) : std::vector<Method>{};
}

/// A rule for the layers of the group that the method converts; none where it converts none.
void add_rule(StoredWeights& stored, Method& method, std::size_t format, const LayerGroup& group,
              const Tensor& tensor) {
  StoredRule rule{tensor.name, tensor.is_bias, converted(method, group, tensor), format};
  if (!rule.layers.empty()) stored.rules.push_back(std::move(rule));
}

/// Values that layers keep per token in K and V of their own.
Count caches_of(const Model& model) {
  Count caches;
  for (const LayerGroup& group : model.groups) {
    for (const std::shared_ptr<const Mixer>& mixer : group.mixers) {
      for (const CachePart& part : mixer->cache()) {
        const bool key_or_value = part.role == CacheRole::key || part.role == CacheRole::value;
        if (part.owned && key_or_value) caches += group.count();
      }
    }
  }
  return caches;
}

/// The type of the cache by `kv_cache_scheme` (compressed-tensors' arguments, or ModelOpt's name of a type) or
/// `kv_cache_quant_algo` (ModelOpt). [compressed-tensors quantization/quant_config.py; TensorRT Model Optimizer
/// torch/export/convert_hf_config.py; vLLM quantization/compressed_tensors, modelopt.py]
void read_cache_type(const Config& config, Model& model) {
  Keys key = "kv_cache_scheme";
  if (!config.has(key)) key = "kv_cache_quant_algo";
  if (!config.has(key)) return;
  const Config::Found found = config.find(key);
  std::string type;
  bool scales = true;
  if (found.value->is(JsonValue::Type::object)) {
    const Config scheme = *config.object(key);
    const Count bits = scheme.required("num_bits");
    const bool is_float = scheme.text("type", "int") == "float";
    if (!scheme.findings().faults.empty()) return;
    scales = !(scheme.has("dynamic") && scheme.flag("dynamic", false));
    if (bits == 8) type = is_float ? "FP8" : "INT8";
    if (bits == 4 && is_float) type = "NVFP4";
    if (type.empty()) {
      config.fault(key, "expected num_bits 8, or 4 of type float, found num_bits " + to_string(bits) + " of type " +
                            (is_float ? "float" : "int"));
      return;
    }
  } else {
    type = upper_case(config.text(key, ""));
  }
  if (type.empty() || type == "NONE") return;
  // Rotated and affine NVFP4 are stored alike.
  const std::string_view stored = type == "FP8"               ? "fp8"
                                  : type == "INT8"            ? "int8"
                                  : type.starts_with("NVFP4") ? "nvfp4"
                                                              : "";
  if (stored.empty()) {
    config.fault(key, "unknown type of a cache \"" + type + "\"", "FP8, INT8 and NVFP4 are known");
    return;
  }
  const Precision precision = parse_precision(stored, config.findings().source);
  model.kv = {precision, precision};
  const Count caches = scales ? caches_of(model) : Count{};
  std::string note = "the cache is in " + precision.name() + ", as " + std::string(key.name()) + " says";
  if (caches > 0) {
    add_part(model, "cache scales", caches, std::string(key.name()) + ": k_scale and v_scale, one fp32 each a layer");
    note += "; the checkpoint's " + to_string(caches) + " scales of it (k_scale, v_scale) are not counted";
  }
  config.note(note + " (kv_precision names another type)");
}

/// Sets `stored` and the cache's type by one quantization_config.
void apply(const Config& config, const std::vector<std::string>& roots, const ModuleTraits& modules, Model& model) {
  read_cache_type(config, model);
  std::vector<Method> methods = methods_of(config);
  if (!config.findings().faults.empty()) return;
  if (methods.empty()) {
    const bool cache_alone = config.has({"kv_cache_scheme", "kv_cache_quant_algo"}) && !config.has("quant_method") &&
                             !config.has("config_groups");
    if (cache_alone) return;
    const std::string name = config.has("quant_method") ? config.text("quant_method", "") : "unknown";
    config.note("quantization_config (" + name + ") is not understood: weights are counted in " +
                model.weights.display() + " (weights names another type)");
    return;
  }
  std::uint32_t layers = 0;
  for (const LayerGroup& group : model.groups) {
    if (!group.layers.empty()) layers = std::max(layers, group.layers.back() + 1);
  }
  StoredWeights stored;
  for (Method& method : methods) {
    method.layers = layers;
    method.modules = modules;
    method.kept.set_roots(roots);
    method.targets.set_roots(roots);
    const std::size_t format = stored.formats.size();
    stored.formats.push_back(method.format);
    stored.name += (stored.name.empty() ? "" : " and ") + method.name;
    if (!method.unknown.empty()) {
      stored.known = false;
      config.note(method.unknown + ": the weights are unknown (weights names a type)");
      continue;
    }
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

}  // namespace

void read_quantization(const Config& file, const Config* beside, Model& model) {
  if (model.stored) return;  // the family's own layout
  const Family* const family = find_family(model.family);
  const ModuleTraits modules = family == nullptr ? ModuleTraits{} : family->modules;
  const std::vector<std::string> roots = roots_of(file, modules);
  const std::optional<Config> own = file.object({"quantization_config", "quantization"});
  const Config* const deciding = own ? &*own : beside;
  if (deciding == nullptr) return;
  try {
    Model other;
    if (own && beside != nullptr) other = model;
    apply(*deciding, roots, modules, model);
    if (!own || beside == nullptr) return;
    // Loaders read the other file where config.json says nothing [vLLM model_loader/weight_utils.py, get_quant_config].
    apply(*beside, roots, modules, other);
    beside->findings().notes.clear();
    if (other.stored != model.stored || other.kv.name() != model.kv.name()) {
      file.note(beside->findings().source + " says something else than quantization_config, which is what counts");
    }
  } catch (const PatternFault& fault) {
    deciding->fault({"modules_to_not_convert", "ignore", "exclude_modules"}, fault.message);
  }
}

}  // namespace ctxcost::huggingface
