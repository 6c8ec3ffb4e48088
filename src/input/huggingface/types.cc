#include "types.h"

namespace ctxcost::huggingface {
namespace {

/// "torch.bfloat16" is how some files write "bfloat16".
std::string_view without_prefix(std::string_view name) {
  constexpr std::string_view kPrefix = "torch.";
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

}  // namespace

void read_types(const Config& config, Model& model) {
  const Keys key = {"torch_dtype", "dtype"};
  std::string_view type = "bf16";
  const std::string named = config.text(key, "");
  const std::string_view name = without_prefix(named);
  if (name.empty() || name == "auto") {
    config.note("no torch_dtype or dtype: counted in bf16");
  } else if (name == "float32" || name == "float") {
    type = "fp32";
  } else if (name == "float16" || name == "half") {
    type = "fp16";
  } else if (name.starts_with("float8_e4m3") || name.starts_with("float8_e5m2")) {
    // Weights only: activations and cache of such files are 16-bit.
    model.weights = parse_precision("fp8", config.findings().source);
  } else if (name != "bfloat16") {
    config.fault(key, "unknown type \"" + named + "\"", "float32, float16 and bfloat16 are known");
  }
  model.activation = parse_precision(type, config.findings().source);
  if (!model.weights.valid()) model.weights = model.activation;
  model.kv = {model.activation, model.activation};
}

}  // namespace ctxcost::huggingface
