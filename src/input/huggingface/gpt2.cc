// GPT-2 and GPT-BigCode: learned positions, layer norms, biases everywhere, a tied head.
// [transformers configuration_gpt2.py, modeling_gpt2.py, configuration_gpt_bigcode.py]
#include "readers.h"

namespace ctxcost::huggingface {
namespace {

void read_like_gpt2(const Config& config, Model& model, bool multi_query) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 50257, .d_model = 768, .d_ff = 0, .layers = 12, .heads = 12, .tied = true});
  if (multi_query) decoder.shape.kv_heads = 1;
  decoder.d_ff = config.nullable({"n_inner", "intermediate_size"}, std::nullopt, 1).value_or(4 * decoder.d_model);
  decoder.shape.qkv_bias = decoder.shape.output_bias = true;
  const Count rows = config.count({"n_positions", "max_position_embeddings"}, 1024);
  add_frame(model, decoder, kLayerNorm);
  add_tensor(model, Place::table, lookup("position_embd", decoder.d_model, rows));
  add_layers(
      model, decoder.layers,
      {{attention(kFullLayer, decoder.shape, 1)}, plain(decoder.d_ff, true), pre_norms(kLayerNorm, decoder.d_model)});
  set_positions(model, PositionEncoding::learned, rows, rows);
  if (!multi_query) {
    add_part(model, "causal masks", Count(decoder.layers) * rows * rows,
             "h.*.attn.bias of the published files: n_layer * n_positions^2 buffer elements");
  }
}

}  // namespace

void read_gpt2(const Config& config, Model& model) { read_like_gpt2(config, model, false); }

void read_gpt_bigcode(const Config& config, Model& model) {
  read_like_gpt2(config, model, config.flag("multi_query", true));
}

}  // namespace ctxcost::huggingface
