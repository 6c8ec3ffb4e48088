// StarCoder2 and StableLM: layer norms with bias around a Llama-like block.
// [transformers configuration_starcoder2.py, modeling_starcoder2.py, configuration_stablelm.py, modeling_stablelm.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_starcoder2(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config, {.vocab = 49152, .d_model = 3072, .d_ff = 12288, .layers = 30, .heads = 24, .kv_heads = 2, .tied = true});
  const bool bias = config.flag("use_bias", true);
  decoder.shape.qkv_bias = decoder.shape.output_bias = bias;
  add_frame(model, decoder, kLayerNorm);
  add_uniform_layers(config, model, decoder, config.nullable("sliding_window", std::nullopt, 1),
                     plain(decoder.d_ff, bias), pre_norms(kLayerNorm, decoder.d_model));
  read_rope(config, model, 4096);
}

void read_stablelm(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 50304, .d_model = 2560, .d_ff = 6912, .layers = 32, .heads = 32, .kv_heads = 32});
  decoder.shape.qkv_bias = config.flag("use_qkv_bias", false);
  if (config.flag("qk_layernorm", false)) decoder.shape.qk_norm = QkNorm::full;  // one weight vector a head
  std::vector<Tensor> norms;
  append_norm(norms, "attn_norm", kLayerNorm, decoder.d_model);
  if (!config.flag("use_parallel_residual", false)) append_norm(norms, "ffn_norm", kLayerNorm, decoder.d_model);
  add_frame(model, decoder, kLayerNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff), norms);
  read_rope(config, model, 4096);
}

// What its GGUF files say.

void read_starcoder2_gguf(gguf::Header& file) {
  plain_decoder(file, "starcoder2");
  file.set_flag("use_bias", file.in_any_layer("attn_q.bias"));
}

void read_stablelm_gguf(gguf::Header& file) {
  set_decoder(file, "stablelm");
  file.set_flag("use_qkv_bias", file.in_any_layer("attn_q.bias"));
  file.set_flag("qk_layernorm", file.in_any_layer("attn_q_norm.weight"));
  file.set_flag("use_parallel_residual", !file.in_any_layer("ffn_norm.weight"));
}

}  // namespace

CTXCOST_FAMILY(kStablelm) = {
    .model_types = "stablelm",
    .architectures = "StableLmForCausalLM",
    .read = read_stablelm,
    .gguf_architectures = "stablelm",
    .read_gguf = read_stablelm_gguf,
};

CTXCOST_FAMILY(kStarcoder2) = {
    .model_types = "starcoder2",
    .architectures = "Starcoder2ForCausalLM",
    .read = read_starcoder2,
    .gguf_architectures = "starcoder2",
    .read_gguf = read_starcoder2_gguf,
};

}  // namespace ctxcost::huggingface
