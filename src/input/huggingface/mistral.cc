// Mistral, Mixtral, Ministral 3: a sliding window holds for every layer when it is a number.
// [transformers configuration_mistral.py, configuration_mixtral.py, configuration_ministral3.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_mistral(const Config& config, Model& model) {
  const Decoder decoder =
      read_decoder(config, {.vocab = 32000, .d_model = 4096, .d_ff = 14336, .layers = 32, .heads = 32, .kv_heads = 8});
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, config.nullable("sliding_window", 4096, 1), gated(decoder.d_ff),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 131072);
}

void read_ministral3(const Config& config, Model& model) {
  const Decoder decoder = read_decoder(
      config, {.vocab = 131072, .d_model = 4096, .d_ff = 14336, .layers = 34, .heads = 32, .kv_heads = 8, .d_k = 128});
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, config.nullable("sliding_window", std::nullopt, 1), gated(decoder.d_ff),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 262144);
}

void read_mixtral(const Config& config, Model& model) {
  const Decoder decoder =
      read_decoder(config, {.vocab = 32000, .d_model = 4096, .d_ff = 14336, .layers = 32, .heads = 32, .kv_heads = 8});
  Experts experts{};
  experts.count = config.count("num_local_experts", 8);
  experts.active = config.count("num_experts_per_tok", 2);
  experts.d_ff = decoder.d_ff;
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, config.nullable("sliding_window", std::nullopt, 1),
                     gated_experts(checked(config, experts)), pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 131072);
}

}  // namespace

CTXCOST_FAMILY(kMinistral3) = {
    .model_types = "ministral3",
    .architectures = "Ministral3ForCausalLM",
    .read = read_ministral3,
};

CTXCOST_FAMILY(kMistral) = {
    .model_types = "mistral ministral",
    .architectures = "MistralForCausalLM MinistralForCausalLM",
    .read = read_mistral,
    .gguf = {.class_70b = Class70b::grouped},
};

CTXCOST_FAMILY(kMixtral) = {
    .model_types = "mixtral",
    .architectures = "MixtralForCausalLM",
    .read = read_mixtral,
    .modules = {.part = "block_sparse_moe."},
};

}  // namespace ctxcost::huggingface
