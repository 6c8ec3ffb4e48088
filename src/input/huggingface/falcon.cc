// Falcon, under its old names too (RefinedWeb, RefinedWebModel).
// [transformers configuration_falcon.py, modeling_falcon.py]
#include "readers.h"

namespace ctxcost::huggingface {

void read_falcon(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 65024, .d_model = 4544, .d_ff = 0, .layers = 32, .heads = 71, .tied = true});
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

}  // namespace ctxcost::huggingface
