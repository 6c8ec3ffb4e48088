// Falcon, under its old names too (RefinedWeb, RefinedWebModel).
// [transformers configuration_falcon.py, modeling_falcon.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_falcon(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 65024, .d_model = 4544, .d_ff = 0, .layers = 32, .heads = 71, .tied = true, .grouped = false});
  decoder.d_ff = config.nullable("ffn_hidden_size", std::nullopt, 1).value_or(4 * decoder.d_model);
  const bool bias = config.flag("bias", false);
  const bool parallel = config.flag("parallel_attn", true);
  // The 40B code named RefinedWeb has the new layers without a key that says so.
  const bool new_layers = model.family == "RefinedWeb" ? true : config.flag("new_decoder_architecture", false);
  Count kv_heads = decoder.shape.heads;
  if (new_layers) {
    kv_heads = config.nullable({"num_kv_heads", "n_head_kv"}, std::nullopt, 1).value_or(kv_heads);
  } else if (config.flag("multi_query", true)) {
    kv_heads = 1;  // whatever num_kv_heads says
  }
  decoder.shape = make_shape(config, decoder.d_model, decoder.shape.heads, kv_heads, decoder.shape.d_k);
  decoder.shape.qkv_bias = decoder.shape.output_bias = bias;

  std::vector<Tensor> norms;
  append_norm(norms, "attn_norm", kLayerNorm, decoder.d_model);
  const bool two_norms =
      new_layers ? config.nullable("num_ln_in_parallel_attn", std::nullopt, 1).value_or(2) == Count{2} || !parallel
                 : !parallel;
  if (two_norms) append_norm(norms, new_layers ? "attn_norm_2" : "ffn_norm", kLayerNorm, decoder.d_model);
  add_frame(model, decoder, kLayerNorm);
  add_layers(model, decoder.layers,
             {{attention(kFullLayer, decoder.shape, 1)}, plain(decoder.d_ff, bias), std::move(norms)});
  if (config.flag("alibi", false)) {
    set_positions(model, PositionEncoding::alibi, longest_sequence(config, 2048));
  } else {
    read_rope(config, model, 2048);
  }
}

// What its GGUF files say.

void read_falcon_gguf(gguf::Header& file) {
  set_frame(file, "falcon");
  file.need("num_attention_heads", "attention.head_count");
  file.need("num_kv_heads", "attention.head_count_kv");
  file.copy("ffn_hidden_size", "feed_forward_length");
  file.set_flag("new_decoder_architecture", file.in_any_layer("attn_norm_2.weight"));
  file.set_flag("multi_query", file.required("attention.head_count_kv") == 1);
  file.set_flag("bias", file.in_any_layer("attn_qkv.bias"));
  file.set_flag("parallel_attn", true);
  file.set_flag("alibi", false);
}

}  // namespace

CTXCOST_FAMILY(kFalcon) = {
    .model_types = "falcon RefinedWeb RefinedWebModel",
    .architectures = "FalconForCausalLM RWForCausalLM",
    .read = read_falcon,
    .gguf_architectures = "falcon",
    .read_gguf = read_falcon_gguf,
    .gguf = {.fused_qkv = true, .protects_outputs = true},
};

}  // namespace ctxcost::huggingface
