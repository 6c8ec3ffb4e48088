#include "types.h"

namespace ctxcost::huggingface {
namespace {

/// "torch.bfloat16" is how some files write "bfloat16".
std::string_view without_prefix(std::string_view name) {
  constexpr std::string_view kPrefix = "torch.";
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

/// The format of a type of 16 or 32 bits; empty where it is another.
std::string_view real_type(std::string_view name) {
  if (name == "float32" || name == "float") return "fp32";
  if (name == "float16" || name == "half") return "fp16";
  if (name == "bfloat16") return "bf16";
  return {};
}

void read_recurrent_state(const Config& config, Model& model) {
  const Keys key = {"mamba_ssm_dtype", "mamba_ssm_cache_dtype"};
  if (!config.has(key)) return;
  const std::string named = config.text(key, "");
  if (named.empty() || named == "auto") return;
  const std::string_view type = real_type(without_prefix(named));
  if (type.empty()) {
    config.fault(key, "unknown type \"" + named + "\"", "float32, float16 and bfloat16 are known");
    return;
  }
  model.recurrent_state = parse_precision(type, config.findings().source);
}

}  // namespace

void read_types(const Config& config, Model& model) {
  const Keys key = {"torch_dtype", "dtype"};
  std::string_view type = "bf16";
  const std::string named = config.text(key, "");
  const std::string_view name = without_prefix(named);
  if (name.empty() || name == "auto") {
    config.assume("no torch_dtype or dtype: counted in bf16");
  } else if (!real_type(name).empty()) {
    type = real_type(name);
  } else if (name.starts_with("float8_e4m3") || name.starts_with("float8_e5m2")) {
    // Weights only: activations and cache of such files are 16-bit.
    model.weights = parse_precision("fp8", config.findings().source);
  } else {
    config.fault(key, "unknown type \"" + named + "\"", "float32, float16 and bfloat16 are known");
  }
  model.activation = parse_precision(type, config.findings().source);
  if (!model.weights.valid()) model.weights = model.activation;
  model.kv = {model.activation, model.activation};
  read_recurrent_state(config, model);
}

}  // namespace ctxcost::huggingface
