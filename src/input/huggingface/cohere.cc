// Command R and R7B: parallel blocks after one layer norm without bias.
// [transformers configuration_cohere.py, modeling_cohere.py, configuration_cohere2.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

std::vector<Tensor> one_norm(Count width) { return {vector_of("attn_norm", width)}; }

/// model_max_length is the window where given, whatever max_position_embeddings says
/// [vLLM config/model.py _get_and_verify_max_len: Command R, Cohere2, Aya].
void read_cohere_positions(const Config& config, Model& model) {
  read_rope(config, model, 8192);
  const std::optional<Count> window = config.nullable("model_max_length", std::nullopt, 1);
  if (window) set_positions(model, PositionEncoding::rope, window);
}

void read_cohere(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 256000, .d_model = 8192, .d_ff = 22528, .layers = 40, .heads = 64, .tied = true});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  // A weight for every element of every head.
  if (config.flag("use_qk_norm", false)) decoder.shape.qk_norm = QkNorm::full;
  add_frame(model, decoder, kLayerNormWithoutBias);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff), one_norm(decoder.d_model));
  read_cohere_positions(config, model);
}

void read_cohere2(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 256000, .d_model = 8192, .d_ff = 22528, .layers = 40, .heads = 64, .tied = true});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  const Count pattern =
      config.has("layer_types") ? Count{4} : config.count({"sliding_window_pattern", "_sliding_window_pattern"}, 4);
  add_frame(model, decoder, kLayerNormWithoutBias);
  add_layers_of_kinds(config, model, decoder, sliding_pattern(config, decoder.layers, pattern),
                      config.nullable("sliding_window", 4096, 1), gated(decoder.d_ff), one_norm(decoder.d_model));
  read_cohere_positions(config, model);
}

// What its GGUF files say.

void read_cohere_gguf(gguf::Header& file) {
  plain_decoder(file, "cohere");
  file.set_flag("use_qk_norm", file.in_any_layer("attn_q_norm.weight"));
}

void read_cohere2_gguf(gguf::Header& file) {
  plain_decoder(file, "cohere2");
  file.set("sliding_window_pattern", 4);
}

}  // namespace

CTXCOST_FAMILY(kCohere) = {
    .model_types = "cohere",
    .architectures = "CohereForCausalLM",
    .read = read_cohere,
    .gguf_architectures = "command-r",
    .read_gguf = read_cohere_gguf,
};

CTXCOST_FAMILY(kCohere2) = {
    .model_types = "cohere2",
    .architectures = "Cohere2ForCausalLM",
    .read = read_cohere2,
    .gguf_architectures = "cohere2",
    .read_gguf = read_cohere2_gguf,
    .gguf = {.windows = true},
};

}  // namespace ctxcost::huggingface
