// ModernBERT: an encoder whose layers see a band around each token, and in every third layer all tokens.
// [transformers configuration_modernbert.py, modeling_modernbert.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_modernbert(const Config& config, Model& model) {
  Decoder sizes =
      read_decoder(config, {.vocab = 50368, .d_model = 768, .d_ff = 1152, .layers = 22, .heads = 12, .tied = true});
  sizes.shape.qkv_bias = sizes.shape.output_bias = config.flag("attention_bias", false);
  const bool mlp_bias = config.flag("mlp_bias", false);
  const NormForm norm = config.flag("norm_bias", false) ? kLayerNorm : kLayerNormWithoutBias;
  // Both sides of a token together.
  const Count band = config.count("local_attention", 128) / 2;
  const Count every = config.has("layer_types") ? Count{3} : config.count("global_attn_every_n_layers", 3);
  const std::vector<std::string_view> kinds =
      layer_kinds(config, sizes.layers, kFullAndSliding,
                  [every](std::uint32_t i) { return Count{i} % every == 0 ? kFullLayer : kSlidingLayer; });

  model.d_model = sizes.d_model;
  model.vocab = sizes.vocab;
  add_tensor(model, Place::embedding, lookup("token_embd", sizes.d_model, sizes.vocab));
  std::vector<Tensor> norms;
  append_norm(norms, "token_embd_norm", norm, sizes.d_model);
  for (const Tensor& tensor : norms) add_tensor(model, Place::other, tensor);
  norms.clear();
  append_norm(norms, "output_norm", norm, sizes.d_model);
  for (const Tensor& tensor : norms) add_tensor(model, Place::final_norm, tensor);

  // The embedding is normalised already: the first layer has no norm before its attention.
  add_layers(
      model, sizes.layers, [&](std::uint32_t i) { return std::pair<bool, bool>(kinds[i] == kFullLayer, i == 0); },
      [&](const std::pair<bool, bool>& variant) {
        const auto [full, first] = variant;
        std::vector<Tensor> extras;
        if (!first) append_norm(extras, "attn_norm", norm, sizes.d_model);
        append_norm(extras, "ffn_norm", norm, sizes.d_model);
        return Layer{{full ? make_mixer("bidirectional", sizes.shape)
                           : make_mixer("bidirectional", sizes.shape, {{"half_window", band}})},
                     gated(sizes.d_ff, mlp_bias),
                     std::move(extras)};
      },
      Stack::encoder);
  const Count d = sizes.d_model;
  const bool dense_bias = config.has("classifier_bias") && config.flag("classifier_bias", false);
  add_part(model, "masked-word head",
           d * d + (dense_bias ? d : Count{}) + (norm.bias ? 2 * d : d) +
               (config.flag("decoder_bias", true) ? sizes.vocab : Count{}),
           "ModernBertForMaskedLM: its matrix is the embedding");
  read_rope(config, model, 8192);
}

}  // namespace

CTXCOST_FAMILY(kModernBert) = {
    .model_types = "modernbert",
    .architectures = "ModernBertModel ModernBertForMaskedLM",
    .read = read_modernbert,
};

}  // namespace ctxcost::huggingface
