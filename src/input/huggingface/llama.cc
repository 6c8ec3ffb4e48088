// Llama and what differs from it by a few keys: Granite, SmolLM3, Seed-OSS, MiniCPM.
// [transformers configuration_<family>.py and modeling_<family>.py of each]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

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
  const auto kinds = layer_kinds(config, decoder.layers, kFullAndSliding, [&](std::uint32_t i) {
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

// What its GGUF files say.

/// Also what else its converter writes as "llama": Mistral, Mixtral, Yi.
void read_llama_gguf(gguf::Header& file) {
  const bool mixture = file.count("expert_count").value_or(0) > 0;
  set_decoder(file, mixture ? "mixtral" : "llama");
  if (mixture) {
    set_experts(file, "num_local_experts");
    file.set_null("sliding_window");
    return;
  }
  set_attention_bias(file);
  file.set_flag("mlp_bias", file.in_any_layer("ffn_gate.bias"));
}

void read_granite_gguf(gguf::Header& file) {
  plain_decoder(file, "granite");
  file.set_flag("mlp_bias", file.in_any_layer("ffn_gate.bias"));
}

void read_smollm3_gguf(gguf::Header& file) {
  plain_decoder(file, "smollm3");
  file.set_flag("mlp_bias", false);
  file.set_flag("use_sliding_window", false);
  file.set("no_rope_layer_interval", 4);
}

void read_seed_oss_gguf(gguf::Header& file) {
  plain_decoder(file, "seed_oss");
  file.set_flag("attention_out_bias", file.in_any_layer("attn_output.bias"));
  file.set_flag("mlp_bias", false);
}

void read_granite_moe_gguf(gguf::Header& file) {
  const bool shared = file.has("expert_shared_feed_forward_length");
  set_decoder(file, shared ? "granitemoeshared" : "granitemoe");
  set_attention_bias(file);
  set_experts(file, "num_local_experts");
  if (shared) file.need("shared_intermediate_size", "expert_shared_feed_forward_length");
}

}  // namespace

CTXCOST_FAMILY(kGranite) = {
    .model_types = "granite",
    .architectures = "GraniteForCausalLM",
    .read = read_granite,
    .gguf_architectures = "granite",
    .read_gguf = read_granite_gguf,
};

CTXCOST_FAMILY(kGranitemoe) = {
    .model_types = "granitemoe granitemoeshared",
    .architectures = "GraniteMoeForCausalLM GraniteMoeSharedForCausalLM",
    .read = read_granitemoe,
    .gguf_architectures = "granitemoe",
    .read_gguf = read_granite_moe_gguf,
    .modules = {.part = "block_sparse_moe."},
};

CTXCOST_FAMILY(kLlama) = {
    .model_types = "llama",
    .architectures = "LlamaForCausalLM LLaMAForCausalLM",
    .read = read_llama,
    .gguf_architectures = "llama",
    .read_gguf = read_llama_gguf,
    .gguf = {.class_70b = Class70b::grouped},
};

CTXCOST_FAMILY(kMinicpm) = {
    .model_types = "minicpm",
    .architectures = "MiniCPMForCausalLM",
    .read = read_minicpm,
    .gguf = {.long_rope_tables = true},
};

CTXCOST_FAMILY(kSeedOss) = {
    .model_types = "seed_oss",
    .architectures = "SeedOssForCausalLM",
    .read = read_seed_oss,
    .gguf_architectures = "seed_oss",
    .read_gguf = read_seed_oss_gguf,
};

CTXCOST_FAMILY(kSmollm3) = {
    .model_types = "smollm3",
    .architectures = "SmolLM3ForCausalLM",
    .read = read_smollm3,
    .gguf_architectures = "smollm3",
    .read_gguf = read_smollm3_gguf,
};

}  // namespace ctxcost::huggingface
