#include "quantization.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/character.h"
#include "ctxcost/core/precision.h"
#include "family.h"
#include "module_patterns.h"
#include "parts.h"
#include "quantization_methods.h"

namespace ctxcost::huggingface {
namespace {

/// Where a tensor stands in checkpoints: the module's names below a layer (or in the whole model) in the spellings of
/// the families [transformers models/*/modeling_*.py].
struct Module {
  std::string_view tensor;
  std::array<std::string_view, 5> names;
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
    {"indexer.q_proj", {"self_attn.index_q_proj", "self_attn.indexer.q_proj"}},
    {"indexer.k_proj", {"self_attn.index_k_proj", "self_attn.indexer.k_proj"}},
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
     {"mlp.shared_experts.gate_proj", "mlp.shared_expert.gate_proj", "feed_forward.shared_expert.gate_proj",
      "block_sparse_moe.shared_experts.gate_proj"}},
    {"ffn_up_shexp",
     {"mlp.shared_experts.up_proj", "mlp.shared_expert.up_proj", "feed_forward.shared_expert.up_proj",
      "mixer.shared_experts.up_proj", "block_sparse_moe.shared_experts.up_proj"}},
    {"ffn_down_shexp",
     {"mlp.shared_experts.down_proj", "mlp.shared_expert.down_proj", "feed_forward.shared_expert.down_proj",
      "mixer.shared_experts.down_proj", "block_sparse_moe.shared_experts.down_proj"}},
    {"ffn_latent_down", {"mlp.fc1_latent_proj", "mixer.fc1_latent_proj"}},
    {"ffn_latent_up", {"mlp.fc2_latent_proj", "mixer.fc2_latent_proj"}},
};

/// The same where routed experts stand beside a dense feed-forward (Gemma 4): theirs, and its modules, which are the
/// shared expert of the others.
constexpr Module kModulesApart[] = {
    {"ffn_gate_inp", {"router.proj", "router"}},
    {"ffn_gate_exps", {"experts.0.gate_proj", "experts.gate_up_proj"}},
    {"ffn_up_exps", {"experts.0.up_proj", "experts.gate_up_proj"}},
    {"ffn_down_exps", {"experts.0.down_proj", "experts.down_proj"}},
    {"ffn_gate_shexp", {"mlp.gate_proj"}},
    {"ffn_up_shexp", {"mlp.up_proj"}},
    {"ffn_down_shexp", {"mlp.down_proj"}},
};

/// The same of files in which the experts of a layer are one module. [mlx_lm models/switch_layers.py]
constexpr Module kModulesStacked[] = {
    {"ffn_gate_exps",
     {"mlp.switch_mlp.gate_proj", "block_sparse_moe.switch_mlp.gate_proj", "experts.switch_glu.gate_proj",
      "mlp.experts.gate_proj"}},
    {"ffn_up_exps",
     {"mlp.switch_mlp.up_proj", "block_sparse_moe.switch_mlp.up_proj", "experts.switch_glu.up_proj",
      "mlp.experts.up_proj"}},
    {"ffn_down_exps",
     {"mlp.switch_mlp.down_proj", "block_sparse_moe.switch_mlp.down_proj", "experts.switch_glu.down_proj",
      "mlp.experts.down_proj"}},
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

bool is_router(std::string_view tensor) {
  // Scoring layers are no linear modules, or kept in 16 bits by every published checkpoint.
  return tensor == "ffn_gate_inp" || tensor == "ffn_gate_inp_shexp" || tensor == "indexer.proj";
}

/// Where a model's checkpoint has its modules.
struct Checkpoint {
  ModuleTraits modules;  ///< of the family
  std::vector<std::string> roots;
  std::uint32_t layers = 0;  ///< of the whole model: lists remember what they were asked
};

/// The names that a tensor's module may have in the checkpoints of a family.
std::vector<std::string_view> module_names(const Checkpoint& checkpoint, std::string_view tensor, bool stacked) {
  const ModuleTraits& modules = checkpoint.modules;
  std::vector<std::string_view> names;
  const auto append = [&](const Module& module) {
    if (module.tensor != tensor) return;
    for (const std::string_view name : module.names) {
      if (!name.empty() && has_module(modules, name)) names.push_back(name);
    }
  };
  if (stacked) std::for_each(std::begin(kModulesStacked), std::end(kModulesStacked), append);
  if (names.empty() && modules.experts_apart) std::for_each(std::begin(kModulesApart), std::end(kModulesApart), append);
  if (names.empty()) std::for_each(std::begin(kModules), std::end(kModules), append);
  return names;
}

/// In which layers, from 0, the list means a tensor under any of its names.
std::vector<bool> layers_meant(ModulePatterns& patterns, const Checkpoint& checkpoint,
                               const std::vector<std::string_view>& names) {
  std::vector<bool> meant;
  for (const std::string_view name : names) {
    const std::vector<bool>& found = patterns.layers_meant(name, checkpoint.layers);
    if (meant.empty()) {
      meant = found;
      continue;
    }
    for (std::uint32_t i = 0; i < checkpoint.layers; ++i) meant[i] = meant[i] || found[i];
  }
  meant.resize(checkpoint.layers);
  return meant;
}

/// Of the group's layers, those whose tensor the method converts.
std::vector<std::uint32_t> converted(Method& method, const Checkpoint& checkpoint, const LayerGroup& group,
                                     const Tensor& tensor) {
  if (tensor.use != TensorUse::linear || (is_router(tensor.name) && !method.routers)) return {};
  if (method.experts_only && !tensor.routed()) return {};
  if (method.whole_groups && tensor.columns % method.format.tile_columns != 0) return {};
  std::vector<std::uint32_t> layers = group.layers;
  const auto keep = [&](ModulePatterns& patterns, bool wanted) {
    if (patterns.empty() || layers.empty()) return;
    const std::vector<std::string_view> names = module_names(checkpoint, tensor.name, method.stacked_experts);
    const auto erase = [&](const std::vector<bool>& meant) {
      std::erase_if(layers, [&](std::uint32_t layer) { return meant[layer] != wanted; });
    };
    if (wanted && names.size() != 1) {
      erase(layers_meant(patterns, checkpoint, names));
      return;
    }
    for (const std::string_view name : names) {
      if (!layers.empty()) erase(patterns.layers_meant(name, checkpoint.layers));
    }
  };
  keep(method.targets, true);
  keep(method.kept, false);
  return layers;
}

/// A rule for the layers of the group that the method converts; none where it converts none.
void add_rule(StoredWeights& stored, Method& method, const Checkpoint& checkpoint, std::size_t format,
              const LayerGroup& group, const Tensor& tensor) {
  StoredRule rule{tensor.name, tensor.is_bias, converted(method, checkpoint, group, tensor), format};
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

/// The cache's type in Quark's files: what the projections named by `kv_cache_group` put out. [vLLM
/// quantization/quark/quark.py, from_config]
std::string quark_cache_type(const Config& config) {
  const std::optional<Config> exported = config.object("export"), layers = config.object("layer_quant_config");
  if (!exported) return {};
  for (const std::string& name : exported->texts("kv_cache_group").value_or(std::vector<std::string>{})) {
    const std::optional<Config> layer = layers ? layers->object(Keys({name})) : std::nullopt;
    const std::optional<Config> output = layer ? layer->object("output_tensors") : std::nullopt;
    if (!output) {
      exported->fault("kv_cache_group",
                      "expected output_tensors of \"" + name + "\" in layer_quant_config, found none");
      return {};
    }
    const std::string type = output->text("dtype", "");
    return type.starts_with("fp8") ? "FP8" : upper_case(type);
  }
  return {};
}

/// The type of the cache by `kv_cache_scheme` (compressed-tensors' arguments, or ModelOpt's name of a type) or
/// `kv_cache_quant_algo` (ModelOpt). [compressed-tensors quantization/quant_config.py; TensorRT Model Optimizer
/// torch/export/convert_hf_config.py; vLLM quantization/compressed_tensors, modelopt.py]
void read_cache_type(const Config& config, Model& model) {
  Keys key = "kv_cache_scheme";
  if (!config.has(key)) key = "kv_cache_quant_algo";
  std::string type;
  if (!config.has(key)) {
    type = quark_cache_type(config);
    key = "export";
  }
  if (!config.has(key)) return;
  const Config::Found found = config.find(key);
  bool scales = true;
  if (!type.empty() || key.name() == "export") {
    // Read already.
  } else if (found.value->is(JsonValue::Type::object)) {
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

/// The first module of a list that is no tensor of any layer; empty if all are known, or stand outside the layers.
std::string unknown_module(const Method& method, const Checkpoint& checkpoint, const Model& model) {
  const std::vector<std::string>& listed = method.listed;
  if (listed.empty()) return {};
  std::set<std::string, std::less<>> known;
  for (const LayerGroup& group : model.groups) {
    for (const Tensor& tensor : model.layer_tensors(group).value_or(std::vector<Tensor>{})) {
      for (const std::string_view name : module_names(checkpoint, tensor.name, method.stacked_experts)) {
        for (const std::uint32_t layer : group.layers) {
          std::string path = "layers.";
          ((path += std::to_string(layer)) += '.') += name;
          known.insert(std::move(path));
        }
      }
    }
  }
  const auto unknown = std::find_if(listed.begin(), listed.end(), [&known](const std::string& module) {
    const std::string path = plain_path(module);
    return path.starts_with("layers.") && !known.contains(path);
  });
  return unknown == listed.end() ? std::string() : *unknown;
}

/// What a method that may have lists converts outside the layers.
void add_outer_rules(StoredWeights& stored, Method& method, std::size_t format, const Model& model) {
  const auto takes = [&method](std::string_view module) {
    return (method.targets.empty() || method.targets.means(module)) &&
           (method.kept.empty() || !method.kept.means(module));
  };
  const auto whole = [&](std::string_view name) {
    return !method.whole_groups || std::all_of(model.tensors.begin(), model.tensors.end(), [&](const ModelTensor& row) {
      return row.tensor.name != name || row.tensor.is_bias || row.tensor.columns % method.format.tile_columns == 0;
    });
  };
  if (method.head && !model.tied_embeddings && takes("lm_head") && whole("output")) {
    stored.rules.push_back({"output", false, {}, format});
  }
  if (method.embedding && takes("embed_tokens") && whole("token_embd")) {
    stored.rules.push_back({"token_embd", false, {}, format});
  }
}

/// Sets `stored` and the cache's type by one quantization_config.
void apply(const Config& config, Checkpoint checkpoint, Model& model) {
  if (config.front().members.empty()) return;
  read_cache_type(config, model);
  std::vector<Method> methods = methods_of(config);
  if (!config.findings().faults.empty() || methods.empty()) return;
  for (const LayerGroup& group : model.groups) {
    if (!group.layers.empty()) checkpoint.layers = std::max(checkpoint.layers, group.layers.back() + 1);
  }
  StoredWeights stored;
  for (Method& method : methods) {
    method.kept.set_roots(checkpoint.roots);
    method.targets.set_roots(checkpoint.roots);
    const std::size_t format = stored.formats.size();
    stored.formats.push_back(method.format);
    (stored.name += stored.name.empty() ? "" : " and ") += method.name;
    if (const std::string module = unknown_module(method, checkpoint, model); !module.empty()) {
      method.unknown = "the module \"" + module + "\", which has a type of its own, is not known";
    }
    if (!method.unknown.empty()) {
      stored.known = false;
      config.note(method.unknown + ": the weights are unknown (weights names a type)");
      continue;
    }
    for (const LayerGroup& group : model.groups) {
      const std::optional<std::vector<Tensor>> tensors = model.layer_tensors(group);
      if (!tensors) return;
      for (const Tensor& tensor : *tensors) add_rule(stored, method, checkpoint, format, group, tensor);
    }
    add_outer_rules(stored, method, format, model);
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
  const std::optional<Config> own = file.object({"quantization_config", "quantization"});
  const Config* const deciding = own ? &*own : beside;
  if (deciding == nullptr) return;
  const Family* const family = find_family(model.family);
  Checkpoint checkpoint;
  if (family != nullptr) checkpoint.modules = family->modules;
  checkpoint.roots = roots_of(file, checkpoint.modules);
  try {
    Model other;
    if (own && beside != nullptr) other = model;
    apply(*deciding, checkpoint, model);
    if (!own || beside == nullptr) return;
    // Loaders read the other file where config.json says nothing [vLLM model_loader/weight_utils.py, get_quant_config].
    apply(*beside, checkpoint, other);
    beside->findings().notes.clear();
    if (other.stored != model.stored || other.kv.name() != model.kv.name()) {
      file.note(beside->findings().source + " says something else than quantization_config, which is what counts");
    }
  } catch (const PatternFault& fault) {
    deciding->fault({"modules_to_not_convert", "ignore", "exclude_modules"}, fault.message);
  }
}

}  // namespace ctxcost::huggingface
