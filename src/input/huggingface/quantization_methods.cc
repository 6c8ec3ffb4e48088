#include "quantization_methods.h"

#include <algorithm>
#include <map>

#include "core/character.h"

namespace ctxcost::huggingface {
namespace {

std::string tile_name(Count rows, Count columns) { return to_string(rows) + "x" + to_string(columns); }

/// Of more faults nobody reads on.
constexpr std::size_t kMostPatternFaults = 20;

/// A list of modules; an entry that cannot be read is a fault.
ModulePatterns patterns(const Config& config, const Keys& keys, ModuleNames names = ModuleNames::parts) {
  ModulePatterns result(names);
  if (!config.has(keys)) return result;
  const std::string place = config.find(keys).place();
  const std::vector<std::string> entries = config.texts(keys).value_or(std::vector<std::string>{});
  for (std::size_t i = 0; i < entries.size() && config.findings().faults.size() < kMostPatternFaults; ++i) {
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
void set_grouped_integers(Method& method, std::string_view name, Count bits, Count group, bool group_index) {
  method.format = {bits_name("int", bits), bits};
  method.format.tile_columns = group;
  method.format.scale_bits = 16;
  method.format.zero_bits = bits;
  method.format.column_bytes = group_index ? 4 : 0;
  method.name = std::string(name) + " " + bits_name("int", bits) +
                (group == 0 ? std::string(", scaled by row") : ", group " + to_string(group));
}

/// An entry of a list of modules; one that cannot be read is a fault at `place`.
void add_pattern(ModulePatterns& list, const Config& config, const Keys& keys, const std::string& entry) {
  if (config.findings().faults.size() >= kMostPatternFaults) return;
  try {
    list.add(entry);
  } catch (const PatternFault& fault) {
    config.fault(keys,
                 "expected a pattern that Python's re reads, found \"" + entry.substr(0, 200) + "\": " + fault.message);
  }
}

/// Modules with widths of their own, and with each of them the modules that are kept: real lists have some tens.
constexpr std::size_t kMostGptqExceptions = 1000;
constexpr std::size_t kMostGptqPairs = 25'000;

/// GPTQModel's exceptions: "-:REGEX" keeps what it matches, "+:REGEX" or "REGEX" gives it widths of its own.
/// [GPTQModel quantization/config.py, dynamic_get]
std::vector<Method> gptq_exceptions(const Config& config, Method& base, Count bits, Count group) {
  std::vector<Method> methods;
  const std::optional<Config> dynamic = config.object("dynamic");
  if (!dynamic) return methods;
  std::size_t kept_entries = 0;
  if (config.findings().faults.empty() && config.has("modules_to_not_convert")) {
    kept_entries = config.texts("modules_to_not_convert").value_or(std::vector<std::string>{}).size();
  }
  for (const JsonMember& member : config.find("dynamic").value->members) {
    if (methods.size() > kMostGptqExceptions || methods.size() * kept_entries > kMostGptqPairs) {
      config.fault("dynamic",
                   "expected at most 1,000 modules with widths of their own, and 25,000 pairs of them with "
                   "modules that are kept, found more");
      return {};
    }
    std::string_view pattern = member.key;
    const bool kept = pattern.starts_with("-:");
    if (kept || pattern.starts_with("+:")) pattern.remove_prefix(2);
    const std::string entry = "re:" + std::string(pattern);
    if (kept) {
      add_pattern(base.kept, config, "dynamic", entry);
      ++kept_entries;
      continue;
    }
    const std::optional<Config> own = dynamic->object(Keys({member.key}));
    if (!own || member.value.members.empty()) continue;
    Method method;
    set_grouped_integers(method, "gptq", bits_of(*own, "bits", bits), group_of(*own, "group_size", group), true);
    add_pattern(method.targets, config, "dynamic", entry);
    methods.push_back(std::move(method));
  }
  return methods;
}

std::vector<Method> gptq(const Config& config) {
  const Count bits = bits_of(config, {"bits", "w_bit"}, 4),
              group = group_of(config, {"group_size", "q_group_size"}, 128);
  Method base;
  set_grouped_integers(base, "gptq", bits, group, true);
  base.kept = patterns(config, "modules_to_not_convert");
  base.head = config.has("lm_head") && config.flag("lm_head", false);
  std::vector<Method> methods = gptq_exceptions(config, base, bits, group);
  for (Method& method : methods) method.kept = base.kept;
  methods.push_back(std::move(base));
  return methods;
}

Method awq(const Config& config) {
  Method method;
  set_grouped_integers(method, "awq", bits_of(config, {"bits", "w_bit"}, 4),
                       group_of(config, {"group_size", "q_group_size"}, 128), false);
  method.kept = patterns(config, "modules_to_not_convert");
  method.head = config.has("lm_head") && config.flag("lm_head", false);
  return method;
}

Method unread(std::string name, std::string why) {
  Method method;
  method.name = std::move(name);
  method.unknown = std::move(why);
  return method;
}

/// Exceptions from one format, each for modules listed by their whole paths, and then the format itself.
class MethodsByModule {
 public:
  explicit MethodsByModule(Method base) : base_(std::move(base)) {}

  void keep(const std::string& module) { kept_.add(module); }
  void set(const std::string& module, const Method& method) {
    const auto same = std::find_if(own_.begin(), own_.end(), [&](const Method& one) {
      return one.name == method.name && one.unknown == method.unknown;
    });
    Method& found = same == own_.end() ? own_.emplace_back(method) : *same;
    if (same == own_.end()) found.targets = ModulePatterns(ModuleNames::whole);
    found.targets.add(module);
    found.listed.push_back(module);
  }
  std::vector<Method> take() {
    base_.kept = std::move(kept_);
    own_.push_back(std::move(base_));
    return std::move(own_);
  }

 private:
  Method base_;
  ModulePatterns kept_{ModuleNames::whole};
  std::vector<Method> own_;
};

/// The same arrays as GPTQ's without the group of each input. [auto-round auto_round_extension/torch/qlinear_torch.py;
/// export/export_to_autoround/export.py for extra_config]
Method auto_round_layout(const Config& config, const Config& whole) {
  const auto text = [&](const char* key, const char* otherwise) {
    return config.has(key) ? config.text(key, "") : whole.has(key) ? whole.text(key, "") : std::string(otherwise);
  };
  const std::string packing = whole.has("packing_format") ? whole.text("packing_format", "") : "";
  const std::string type = text("data_type", "int");
  if (packing != "auto_round:auto_gptq" && packing != "auto_round:auto_awq" && packing != "auto_round") {
    return unread("auto-round", packing.empty() ? "auto-round without packing_format does not say what the files hold"
                                                : "the layout of packing_format \"" + packing + "\" is not known");
  }
  if (type != "int") return unread("auto-round", "the layout of auto-round's data_type \"" + type + "\" is not known");
  Method method;
  const Count bits = bits_of(config, "bits", whole.has("bits") ? whole.required("bits") : Count{4});
  const Count group = group_of(config, "group_size", group_of(whole, "group_size", 128));
  set_grouped_integers(method, "auto-round", bits, group, false);
  return method;
}

std::vector<Method> auto_round(const Config& config) {
  MethodsByModule methods(auto_round_layout(config, config));
  if (const std::optional<Config> extra = config.object("extra_config")) {
    for (const JsonMember& member : config.find("extra_config").value->members) {
      const std::optional<Config> own = extra->object(Keys({member.key}));
      if (!own) continue;
      if (own->has("bits") && own->required("bits") >= Count{16}) {
        methods.keep(member.key);
        continue;
      }
      Method method = auto_round_layout(*own, config);
      method.head = member.key == "lm_head";
      methods.set(member.key, method);
    }
  }
  return methods.take();
}

/// Codes of one or more codebooks for groups of weights, a scale of 16 bits a group of rows, the codebooks of each
/// matrix. Every linear that is not listed. [AQLM aqlm/inference.py QuantizedLinear, utils.py get_int_dtype;
/// transformers integrations/aqlm.py]
Method aqlm(const Config& config) {
  const Count books = config.count("num_codebooks", 1), width = config.count("nbits_per_codebook", 16);
  const Count group = config.count("in_group_size", 8), rows = config.count("out_group_size", 1);
  const Count code = width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : 64;
  const Count codes = books * code;
  if (width > 32 || codes % (group * rows) != 0) return unread("aqlm", "its codes are no whole bits a weight");
  Method method;
  method.format = {"aqlm", codes / (group * rows)};
  method.format.tile_rows = rows;
  method.format.scale_bits = 16;
  method.format.matrix_bytes = books * Count{std::uint64_t{1} << width.u64()} * group * rows * 2;
  method.name = "aqlm " + to_string(books) + "x" + to_string(width) + ", group " + to_string(group);
  method.routers = method.head = true;
  method.kept = ModulePatterns(ModuleNames::whole);
  for (std::string& name : config.texts("linear_weights_not_to_quantize").value_or(std::vector<std::string>{})) {
    constexpr std::string_view kWeight = ".weight";
    if (name.ends_with(kWeight)) name.resize(name.size() - kWeight.size());
    add_pattern(method.kept, config, "linear_weights_not_to_quantize", name);
  }
  return method;
}

/// Rows of int8 with a scale of 16 bits. [transformers integrations/eetq.py]
Method eetq(const Config& config) {
  const std::string weights = config.has("weights") ? config.text("weights", "") : "int8";
  if (weights != "int8") return unread("eetq", "the layout of its weights \"" + weights + "\" is not known");
  Method method;
  method.name = "eetq int8";
  method.format = {"int8", 8};
  method.format.scale_bits = 16;
  method.kept = patterns(config, "modules_to_not_convert");
  return method;
}

/// A format of MLX and what is left out of it take their defaults by the mode. [MLX nn/layers/quantized.py,
/// _defaults_for_mode; mlx_lm utils.py, class_predicate]
Method mlx_layout(const Config& config) {
  struct Mode {
    std::string_view name;
    std::uint32_t group, bits;
  };
  constexpr Mode kModes[] = {{"affine", 64, 4}, {"mxfp4", 32, 4}, {"mxfp8", 32, 8}, {"nvfp4", 16, 4}};
  const std::string name = config.has("mode") ? config.text("mode", "") : "affine";
  const auto* const mode =
      std::find_if(std::begin(kModes), std::end(kModes), [&name](const Mode& one) { return one.name == name; });
  if (mode == std::end(kModes)) return unread("mlx " + name, "the layout of MLX's mode \"" + name + "\" is not known");
  const Count bits = bits_of(config, "bits", mode->bits);
  const Count group = config.has("group_size") ? config.count("group_size", 64) : Count{mode->group};
  Method method;
  if (name == "affine") {
    // A scale and a bias of 16 bits a group.
    method.format = {bits_name("int", bits), bits};
    method.format.scale_bits = method.format.zero_bits = 16;
    method.name = "mlx " + bits_name("int", bits) + ", group " + to_string(group);
  } else {
    if (bits != Count{mode->bits}) config.fault("bits", "expected " + std::to_string(mode->bits) + " bits of " + name);
    if (group != Count{mode->group}) {
      config.fault("group_size", "expected groups of " + std::to_string(mode->group) + " of " + name);
    }
    method.format = {name, bits};
    method.format.scale_bits = 8;
    method.name = "mlx " + name;
  }
  method.format.tile_columns = group;
  method.routers = method.head = method.embedding = method.whole_groups = method.stacked_experts = true;
  return method;
}

/// Every linear and embedding, but for modules under keys of their own: false, or another format.
std::vector<Method> mlx(const Config& config) {
  MethodsByModule methods(mlx_layout(config));
  for (const JsonMember& member : config.front().members) {
    if (member.value.is(JsonValue::Type::boolean) && !member.value.boolean) methods.keep(member.key);
    if (!member.value.is(JsonValue::Type::object)) continue;
    if (const std::optional<Config> own = config.object(Keys({member.key}))) {
      methods.set(member.key, mlx_layout(*own));
    }
  }
  return methods.take();
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

/// E2M1 in blocks of 16 with an fp8 scale, and two fp32 scales a matrix.
PackedFormat nvfp4_format() {
  PackedFormat format{"nvfp4", 4};
  format.tile_columns = 16;
  format.scale_bits = 8;
  format.matrix_bytes = 8;
  return format;
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
    // Looked at in its place: a list may name each expert, so that finding each by its name would take minutes.
    std::string algorithm;
    if (member.value.is(JsonValue::Type::object)) {
      const Config layer(member.value, child_pointer(list.place(), member.key), config.findings());
      algorithm = upper_case(layer.text("quant_algo", ""));
    } else {
      config.fault("quantized_layers",
                   "expected an object for each module, found another value for \"" + member.key.substr(0, 200) + '"');
    }
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

/// A scale for a tensor, a row or a group of 32; scales of static inputs beside them. [AMD Quark export; vLLM
/// quantization/quark/quark.py, schemes/]
Method quark_layout(const Config& spec) {
  const std::optional<Config> weights = spec.object("weight");
  const std::optional<Config> inputs = spec.object("input_tensors");
  if (!weights) return unread("quark", "quark without a weight's specification does not say what the files hold");
  const auto text = [&weights](const char* key) { return weights->has(key) ? weights->text(key, "") : std::string(); };
  const std::string type = text("dtype"), scheme = text("qscheme");
  const bool dynamic = inputs && inputs->has("is_dynamic") && inputs->flag("is_dynamic", false);
  Method method;
  if (type == "fp4" && scheme == "per_group" && text("scale_format") == "e8m0" &&
      weights->required("group_size") == Count{32}) {
    method.name = "mxfp4";
    method.format = {"mxfp4", 4};
    method.format.tile_columns = 32;
    method.format.scale_bits = 8;
    if (inputs && !dynamic) method.format.matrix_bytes = 4;
    return method;
  }
  if (type == "fp8_e4m3" && (scheme == "per_tensor" || scheme == "per_channel")) {
    method.format = {"fp8", 8};
    method.name = scheme == "per_tensor" ? "fp8, scaled by tensor" : "fp8, scaled by row";
    if (scheme == "per_channel") method.format.scale_bits = 32;
    method.format.matrix_bytes = (scheme == "per_tensor" ? 4 : 0) + (inputs && !dynamic ? 4 : 0);
    return method;
  }
  return unread("quark", "the layout of quark's " + type + " " + scheme + " is not known");
}

std::vector<Method> quark(const Config& config) {
  const std::optional<Config> global = config.object("global_quant_config");
  Method method = global ? quark_layout(*global)
                         : unread("quark", "quark without global_quant_config does not say what the files hold");
  method.kept = patterns(config, "exclude", ModuleNames::wildcards);
  // Entries for layers or classes that store their weights otherwise.
  for (const char* key : {"layer_quant_config", "layer_type_quant_config"}) {
    const std::optional<Config> layers = config.object(key);
    if (!layers || !method.unknown.empty()) continue;
    for (const JsonMember& member : config.find(key).value->members) {
      const std::optional<Config> own = layers->object(Keys({member.key}));
      if (!own || quark_layout(*own).format != method.format) {
        method.unknown =
            "quark's " + std::string(key) + " stores \"" + member.key.substr(0, 100) + "\" in a layout of its own";
        break;
      }
    }
  }
  return {std::move(method)};
}

std::vector<Method> compressed_tensors(const Config& config, ModuleNames names) {
  std::vector<Method> methods;
  const std::optional<Config> groups = config.object("config_groups");
  if (!groups) return methods;
  const std::string packing = config.has("format") ? config.text("format", "") : "";
  const ModulePatterns kept = patterns(config, "ignore", names);
  for (const JsonMember& member : config.find("config_groups").value->members) {
    if (methods.size() == 64) return {unread("compressed-tensors", "more than 64 config_groups are not read")};
    const std::optional<Config> group = groups->object(Keys({member.key}));
    if (!group) return {};
    std::optional<Method> method = compressed_group(*group, packing);
    if (!method) return {};
    method->kept = kept;
    const std::vector<std::string> targets = group->texts("targets").value_or(std::vector<std::string>{});
    if (std::find(targets.begin(), targets.end(), "Linear") == targets.end()) {
      method->targets = patterns(*group, "targets", names);
      method->head = method->targets.means("lm_head");
    }
    methods.push_back(std::move(*method));
  }
  return methods;
}

/// Methods whose config does not say what the files hold.
struct UnreadMethod {
  std::string_view name, why;
};
constexpr UnreadMethod kUnread[] = {
    {"exl2", "bits are an average over layers that it does not list"},
    {"exl3", "bits are an average over layers that it does not list"},
    {"hqq", "each matrix has a description of its own beside its scales"},
    {"torchao", "the arrays of its tensor classes change with the version that wrote them"},
};

/// The method's name, or where it is missing what the keys are those of.
std::string method_name(const Config& config) {
  if (config.has("quant_method")) return config.text("quant_method", "");
  if (config.has("quant_algo") || (config.has("config_groups") && config.has("producer"))) return "modelopt";
  if (config.has({"load_in_4bit", "load_in_8bit"})) return "bitsandbytes";
  if (config.has({"w_bit", "q_group_size"})) return "awq";
  if (config.has({"desc_act", "damp_percent", "true_sequential"})) return "gptq";
  if (config.has("config_groups")) return "compressed-tensors";
  if (config.has("weight_block_size")) return "fp8";
  if (config.has({"bits", "mode"})) return "mlx";
  return "";
}

}  // namespace

std::vector<Method> methods_of(const Config& config) {
  const std::string name = method_name(config);
  if (name == "fp8" && config.has({"quant_algo", "quantized_layers", "moe_quant_algo"})) {
    return {unread(name, "quant_method fp8 beside a quant_algo does not say which tensors are which")};
  }
  if (name == "fp8") return {fp8(config)};
  if (name == "fbgemm_fp8") return {fbgemm(config)};
  if (name == "mxfp4") return {mxfp4(config)};
  if (name == "gptq") return gptq(config);
  if (name == "awq") return {awq(config)};
  if (name == "bitsandbytes") return {bitsandbytes(config)};
  if (name == "auto-round" || name == "intel/auto-round") return auto_round(config);
  if (name == "aqlm") return {aqlm(config)};
  if (name == "eetq") return {eetq(config)};
  if (name == "quark") return quark(config);
  if (name == "mlx") return mlx(config);
  for (const UnreadMethod& row : kUnread) {
    if (row.name == name) {
      return {
          unread(name, "quantization_config (" + name + ") does not say what the files hold: " + std::string(row.why))};
    }
  }
  if (name == "modelopt") {
    // Only the cache's type.
    if (!config.has({"quant_algo", "config_groups"}) && config.has({"kv_cache_scheme", "kv_cache_quant_algo"}))
      return {};
    std::vector<Method> methods = modelopt(config);
    if (methods.empty()) methods = compressed_tensors(config, ModuleNames::wildcards);
    if (!methods.empty()) return methods;
  } else if (name == "compressed-tensors") {
    std::vector<Method> methods = compressed_tensors(config, ModuleNames::whole);
    if (!methods.empty()) return methods;
  } else if (name.empty() && config.has({"kv_cache_scheme", "kv_cache_quant_algo"})) {
    return {};
  }
  return {
      unread(name, "quantization_config (" + (name.empty() ? std::string("unknown") : name) + ") is not understood")};
}

}  // namespace ctxcost::huggingface
