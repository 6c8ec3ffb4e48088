// OPT: learned positions behind two padding rows, biases, a tied head.
// [transformers configuration_opt.py, modeling_opt.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_opt(const Config& config, Model& model) {
  /// OPTLearnedPositionalEmbedding.offset: rows that no position uses.
  constexpr Count kOffset = 2;
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 50272, .d_model = 768, .d_ff = 0, .layers = 12, .heads = 12, .tied = true, .grouped = false});
  decoder.d_ff = config.count("ffn_dim", 3072);
  const bool bias = config.flag("enable_bias", true);
  decoder.shape.qkv_bias = decoder.shape.output_bias = bias;
  NormForm norm = kLayerNorm;
  norm.weight = norm.bias = config.flag("layer_norm_elementwise_affine", true);

  model.d_model = decoder.d_model;
  model.vocab = decoder.vocab;
  model.tied_embeddings = decoder.tied;
  // The 350m model embeds at a smaller width and projects in and out.
  const Count width = config.nullable("word_embed_proj_dim", std::nullopt, 1).value_or(decoder.d_model);
  add_tensor(model, Place::embedding, lookup("token_embd", width, decoder.vocab));
  if (width != decoder.d_model) {
    add_tensor(model, Place::other, linear("embd_proj_in", width, decoder.d_model));
    add_tensor(model, Place::other, linear("embd_proj_out", decoder.d_model, width));
  }
  if (!decoder.tied) add_tensor(model, Place::head, linear("output", width, decoder.vocab));
  const Count positions = config.count("max_position_embeddings", 2048);
  add_tensor(model, Place::table, lookup("position_embd", decoder.d_model, positions + kOffset));
  if (config.flag("do_layer_norm_before", true) && !config.flag("_remove_final_layer_norm", false)) {
    std::vector<Tensor> norms;
    append_norm(norms, "output_norm", norm, decoder.d_model);
    for (const Tensor& tensor : norms) add_tensor(model, Place::final_norm, tensor);
  }
  add_layers(model, decoder.layers,
             {{attention(kFullLayer, decoder.shape, 1)}, plain(decoder.d_ff, bias), pre_norms(norm, decoder.d_model)});
  set_positions(model, PositionEncoding::learned, positions, positions);
}

}  // namespace

CTXCOST_FAMILY(kOpt) = {
    .model_types = "opt",
    .architectures = "OPTForCausalLM OPTModel",
    .read = read_opt,
};

}  // namespace ctxcost::huggingface
