// Command R, R7B and A+: parallel blocks after one norm, of A+ with experts after the first layers.
// [transformers configuration_cohere.py, modeling_cohere.py, configuration_cohere2.py, configuration_cohere2_moe.py,
//  modular_cohere2_moe.py; llama.cpp models/cohere2moe.cpp]
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

void read_cohere2_moe(const Config& config, Model& model) {
  const DecoderDefaults defaults = {
      .vocab = 256000, .d_model = 8192, .d_ff = 22528, .layers = 40, .heads = 64, .d_k = 128, .tied = true};
  Decoder decoder = read_decoder(config, defaults);
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  // The key of the norm's epsilon says which norm it is.
  const NormForm norm = config.has("rms_norm_eps") ? kRmsNorm : kLayerNormWithoutBias;
  const Count dense_width = config.nullable("prefix_dense_intermediate_size", std::nullopt, 1).value_or(decoder.d_ff);

  Experts experts;
  experts.count = config.count("num_experts", 8);
  experts.active = config.count("num_experts_per_tok", 2);
  experts.d_ff = decoder.d_ff;
  experts.shared_d_ff = experts.d_ff * config.count("num_shared_experts", 0, 0);
  experts = checked(config, experts);
  const std::vector<bool> sparse = expert_layers_after(config, decoder.layers, "first_k_dense_replace", 0);

  // The first layers and those after them slide each in a pattern of their own, counted from their first.
  const bool named = config.has("layer_types");
  const Count dense = named ? Count{0} : config.nullable("first_k_dense_replace").value_or(0);
  const Count first_pattern = dense == 0 ? Count{1} : config.count("prefix_dense_sliding_window_pattern", 1);
  const Count pattern = named ? Count{1} : config.count({"sliding_window_pattern", "_sliding_window_pattern"}, 4);
  const std::vector<std::string_view> kinds =
      layer_kinds(config, decoder.layers, kFullAndSliding, [&](std::uint32_t i) {
        const bool first = Count{i} < dense;
        const Count place = Count{i} + 1 - (first ? Count{0} : dense);
        return place % (first ? first_pattern : pattern) == 0 ? kFullLayer : kSlidingLayer;
      });
  const Count window = limit_of_kinds(config, kinds, config.nullable("sliding_window", 4096, 1));
  add_frame(model, decoder, norm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return std::pair<std::string_view, bool>(kinds[i], sparse[i]); },
      [&](const std::pair<std::string_view, bool>& variant) {
        return Layer{{attention(variant.first, decoder.shape, window)},
                     variant.second ? gated_experts(experts) : gated(dense_width),
                     one_norm(decoder.d_model)};
      });
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

CTXCOST_FAMILY(kCohere2Moe) = {
    .model_types = "cohere2_moe",
    .architectures = "Cohere2MoeForCausalLM",
    .read = read_cohere2_moe,
    .gguf = {.windows = true},
};

}  // namespace ctxcost::huggingface
