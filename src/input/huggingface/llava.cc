// The first LLaVA files, which describe the language model at their root: it is counted, and the projector beside it.
// Later ones have a text_config. [haotian-liu/LLaVA llava/model/language_model/llava_llama.py,
//  llava/model/multimodal_projector/builder.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {

extern const Family kLlama;    // llama.cc
extern const Family kMistral;  // mistral.cc
extern const Family kQwen2;    // qwen.cc

namespace {

/// "mlp2x_gelu": linears with an activation between them, the first from the tower's width.
std::optional<Count> projector_linears(std::string_view type) {
  if (type == "linear") return Count{1};
  if (type == "identity") return Count{};
  if (!type.starts_with("mlp") || !type.ends_with("x_gelu")) return std::nullopt;
  return parse_digits(type.substr(3, type.size() - 9));
}

void add_projector(const Config& config, Model& model) {
  if (!model.d_model) return;
  const Count d = *model.d_model;
  const std::string type = config.text("mm_projector_type", "linear");
  const std::optional<Count> linears = projector_linears(type);
  if (!linears) {
    config.note("the vision projector \"" + type + "\" is not counted");
  } else if (*linears > 0) {
    const Count inputs = config.required("mm_hidden_size");
    add_part(model, "vision projector", inputs * d + d + (*linears - 1) * (d * d + d),
             "mm_projector_type " + type + ", from mm_hidden_size, with biases");
  }
  const std::string tower = config.text({"mm_vision_tower", "vision_tower"}, "");
  config.note("the vision tower" + (tower.empty() ? std::string() : " (" + tower + ")") + " is not counted");
}

void read_llava_llama(const Config& config, Model& model) {
  kLlama.read(config, model);
  add_projector(config, model);
}

void read_llava_mistral(const Config& config, Model& model) {
  kMistral.read(config, model);
  add_projector(config, model);
}

void read_llava_qwen(const Config& config, Model& model) {
  kQwen2.read(config, model);
  add_projector(config, model);
}

}  // namespace

CTXCOST_FAMILY(kLlavaLlama) = {
    .model_types = "llava_llama",
    .architectures = "LlavaLlamaForCausalLM",
    .read = read_llava_llama,
};

CTXCOST_FAMILY(kLlavaMistral) = {
    .model_types = "llava_mistral",
    .architectures = "LlavaMistralForCausalLM",
    .read = read_llava_mistral,
};

CTXCOST_FAMILY(kLlavaQwen) = {
    .model_types = "llava_qwen",
    .architectures = "LlavaQwenForCausalLM",
    .read = read_llava_qwen,
};

}  // namespace ctxcost::huggingface
