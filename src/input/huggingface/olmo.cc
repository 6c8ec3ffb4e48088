// OLMo: norms without weights; OLMoE: experts, whole queries and keys normalised; OLMo 2: norms after the blocks and
// over whole queries and keys; OLMo 3: with windows; FlexOlmo: OLMo 2 with experts. [transformers
// configuration_olmo.py, modeling_olmo.py, modeling_olmo2.py, configuration_olmo3.py, modular_flex_olmo.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

constexpr DecoderDefaults kDefaults = {.vocab = 50304, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32};

Decoder read_olmo_decoder(const Config& config) {
  Decoder decoder = read_decoder(config, kDefaults);
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  return decoder;
}

std::vector<Tensor> post_norms(Count width) {
  return {vector_of("post_attention_norm", width), vector_of("post_ffw_norm", width)};
}

void read_olmo(const Config& config, Model& model) {
  const Decoder decoder = read_olmo_decoder(config);
  add_frame(model, decoder, kNormWithoutWeights);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff), {});
  read_rope(config, model, 2048);
}

void read_olmo2(const Config& config, Model& model) {
  Decoder decoder = read_olmo_decoder(config);
  decoder.shape.qk_norm = QkNorm::full;
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff), post_norms(decoder.d_model));
  read_rope(config, model, 2048);
}

void read_olmoe(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 50304, .d_model = 2048, .d_ff = 2048, .layers = 16, .heads = 16});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  decoder.shape.qk_norm = QkNorm::full;
  Experts experts{};
  experts.count = config.count("num_experts", 64);
  experts.active = config.count("num_experts_per_tok", 8);
  experts.d_ff = decoder.d_ff;
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated_experts(checked(config, experts)),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 4096);
}

void read_flex_olmo(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 100352, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  decoder.shape.qk_norm = QkNorm::full;
  Experts experts{};
  experts.count = config.count("num_experts", 7);
  experts.active = config.count("num_experts_per_tok", 5);
  experts.d_ff = decoder.d_ff;
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated_experts(checked(config, experts)),
                     post_norms(decoder.d_model));
  read_rope(config, model, 4096);
}

void read_olmo3(const Config& config, Model& model) {
  Decoder decoder = read_olmo_decoder(config);
  decoder.shape.qk_norm = QkNorm::full;
  add_frame(model, decoder, kRmsNorm);
  add_layers_of_kinds(config, model, decoder, sliding_pattern(config, decoder.layers, 4),
                      config.nullable("sliding_window", 4096, 1), gated(decoder.d_ff), post_norms(decoder.d_model));
  read_rope(config, model, 2048);
}

// What its GGUF files say.

void read_olmo_gguf(gguf::Header& file) { plain_decoder(file, "olmo"); }

void read_olmo2_gguf(gguf::Header& file) {
  // OLMo 3 is the same with windows in three of four layers.
  plain_decoder(file, file.has("attention.sliding_window") ? "olmo3" : "olmo2");
}

}  // namespace

CTXCOST_FAMILY(kFlexOlmo) = {
    .model_types = "flex_olmo",
    .architectures = "FlexOlmoForCausalLM",
    .read = read_flex_olmo,
};

CTXCOST_FAMILY(kOlmo) = {
    .model_types = "olmo",
    .architectures = "OlmoForCausalLM",
    .read = read_olmo,
    .gguf_architectures = "olmo",
    .read_gguf = read_olmo_gguf,
};

CTXCOST_FAMILY(kOlmo2) = {
    .model_types = "olmo2",
    .architectures = "Olmo2ForCausalLM",
    .read = read_olmo2,
    .gguf_architectures = "olmo2",
    .read_gguf = read_olmo2_gguf,
    .gguf = {.windows = true},
};

CTXCOST_FAMILY(kOlmo3) = {
    .model_types = "olmo3",
    .architectures = "Olmo3ForCausalLM",
    .read = read_olmo3,
    .gguf = {.windows = true},
};

CTXCOST_FAMILY(kOlmoe) = {
    .model_types = "olmoe",
    .architectures = "OlmoeForCausalLM",
    .read = read_olmoe,
};

}  // namespace ctxcost::huggingface
