// Llama and what differs from it by a few keys: Granite, SmolLM3, Seed-OSS, MiniCPM.
// [transformers configuration_<family>.py and modeling_<family>.py of each]
#include "readers.h"

namespace ctxcost::huggingface {

void read_llama(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 32000, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  const bool mlp_bias = config.flag("mlp_bias", false);
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff, mlp_bias),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 2048);
}

void read_smollm3(const Config& config, Model& model) {
  const Decoder decoder = [&config] {
    Decoder read = read_decoder(
        config,
        {.vocab = 128256, .d_model = 2048, .d_ff = 11008, .layers = 36, .heads = 16, .kv_heads = 4, .tied = true});
    read.shape.qkv_bias = read.shape.output_bias = config.flag("attention_bias", false);
    return read;
  }();
  add_frame(model, decoder, kRmsNorm);
  // no_rope_layers: 1 = the layer uses RoPE. Only layers without it slide, and only when asked to.
  std::optional<Count> window;
  if (config.flag("use_sliding_window", false)) window = config.nullable("sliding_window", std::nullopt, 1);
  const std::optional<std::vector<Count>> rope = config.counts_per_layer("no_rope_layers", decoder.layers);
  const Count interval = rope ? Count{4} : config.count("no_rope_layer_interval", 4);
  constexpr std::string_view kKinds[] = {kFullLayer, kSlidingLayer};
  const auto kinds = layer_kinds(config, decoder.layers, kKinds, [&](std::uint32_t i) {
    const bool rotates = rope ? (*rope)[i] != 0 : (Count(i) + 1) % interval != 0;
    return window && !rotates ? kSlidingLayer : kFullLayer;
  });
  add_layers_of_kinds(config, model, decoder, kinds, window, gated(decoder.d_ff, config.flag("mlp_bias", false)),
                      pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 32768);
}

void read_minicpm(const Config& config, Model& model) {
  const Decoder decoder =
      read_decoder(config, {.vocab = 32000, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32, .tied = true});
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff), pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 2048);
}

void read_granite(const Config& config, Model& model) { read_llama(config, model); }

void read_seed_oss(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config, {.vocab = 155136, .d_model = 4096, .d_ff = 27648, .layers = 64, .heads = 80, .kv_heads = 8, .d_k = 128});
  decoder.shape.qkv_bias = config.flag("attention_bias", true);
  decoder.shape.output_bias = config.flag("attention_out_bias", false);
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff, config.flag("mlp_bias", false)),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 524288);
}

void read_granitemoe(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 32000, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  Experts experts{};
  experts.count = config.count("num_local_experts", 8);
  experts.active = config.count("num_experts_per_tok", 2);
  experts.d_ff = decoder.d_ff;
  if (model.family == "granitemoeshared") {
    experts.shared_d_ff = config.count("shared_intermediate_size", 1024, 0);
  }
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated_experts(checked(config, experts)),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 2048);
}

}  // namespace ctxcost::huggingface
