// DeBERTa, and DeBERTa V2 and V3: encoders whose scores also hold products of contents and relative positions.
// [transformers configuration_deberta.py, modeling_deberta.py, configuration_deberta_v2.py, modeling_deberta_v2.py]
#include <algorithm>

#include "encoder.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// The count that the key states; empty if it is absent, or -1 as the class writes "none".
std::optional<Count> unless_minus_one(const Config& config, const char* key) {
  if (!config.has(key)) return std::nullopt;
  const std::string text = config.number(key);
  if (text == "-1") return std::nullopt;
  return config.count(key, 0, 0);
}

/// Words of `pos_att_type`: a list, or one text joined by "|".
bool has_position_term(const Config& config, std::string_view term) {
  const Config::Found found = config.find("pos_att_type");
  if (found && found.value->is(JsonValue::Type::string)) {
    const std::string joined = "|" + found.value->text + "|";
    return joined.find("|" + std::string(term) + "|") != std::string::npos;
  }
  const std::vector<std::string> terms = config.texts("pos_att_type").value_or(std::vector<std::string>{});
  return std::find(terms.begin(), terms.end(), term) != terms.end();
}

/// A projection that works on the table of positions, not on each token.
void append_of_positions(std::vector<Tensor>& tensors, std::string_view name, Count width, Count outputs, bool bias) {
  tensors.push_back({name, width, outputs, TensorUse::vector});
  if (bias) tensors.push_back(bias_of(name, outputs));
}

void read_deberta_line(const Config& config, Model& model, bool second) {
  const Encoder encoder = read_encoder(
      config, second ? EncoderDefaults{.vocab = 128100, .d_model = 1536, .d_ff = 6144, .layers = 24, .heads = 24}
                     : EncoderDefaults{.vocab = 50265});
  const Count d = encoder.d_model;
  const Count heads = encoder.shape.heads;
  const Count rows = config.count("max_position_embeddings", 512);
  const Count types = config.count("type_vocab_size", 0, 0);
  const Count width = config.has("embedding_size") ? config.count("embedding_size", d) : d;
  MixerShape shape = encoder.shape;
  if (second && config.has("attention_head_size")) shape.d_k = shape.d_v = config.count("attention_head_size", 64);
  const Count head_width = shape.d_k;
  // The first version has one projection without bias, and biases of queries and values.
  shape.key_bias = second;

  model.d_model = d;
  model.vocab = encoder.vocab;
  add_tensor(model, Place::embedding, lookup("token_embd", width, encoder.vocab));
  const bool absolute = config.flag("position_biased_input", true);
  if (absolute) add_tensor(model, Place::table, lookup("position_embd", width, rows));
  if (types > 0) add_tensor(model, Place::table, lookup("token_types", width, types));
  if (width != d) add_tensor(model, Place::other, linear("token_embd_up", width, d));
  const auto add_norm = [&](std::string_view name) {
    std::vector<Tensor> norm;
    append_norm(norm, name, kLayerNorm, d);
    for (const Tensor& tensor : norm) add_tensor(model, Place::other, tensor);
  };
  add_norm("token_embd_norm");

  std::vector<Tensor> extras = encoder_norms(kLayerNorm, d);
  const bool relative = config.flag("relative_attention", false);
  if (relative) {
    Count reach = unless_minus_one(config, "max_relative_positions").value_or(0);
    if (reach == 0) reach = rows;
    if (second) {
      const Count buckets = unless_minus_one(config, "position_buckets").value_or(0);
      if (buckets > 0) reach = buckets;
    }
    add_tensor(model, Place::table, {"attn_rel_embd", d, 2 * reach, TensorUse::vector});
    const Count outputs = heads * head_width;
    const bool own = !(second && config.has("share_att_key") && config.flag("share_att_key", false));
    const bool content_to_position = has_position_term(config, "c2p");
    const bool position_to_content = has_position_term(config, "p2c");
    if (own && content_to_position) append_of_positions(extras, "attn_rel_k", d, outputs, second);
    if (own && position_to_content) append_of_positions(extras, "attn_rel_q", d, outputs, true);
    if (second) {
      // Each query, and each key, meets all 2 * reach positions, whatever the context: matrices that nothing stores.
      Tensor products = linear("attn_rel_scores", outputs, 2 * reach);
      products.stored = false;
      if (content_to_position) extras.push_back(products);
      if (position_to_content) extras.push_back(products);
      config.note(
          "products of queries and keys with relative positions are counted with the linear layers; the projections of "
          "the positions themselves, once for all sequences, are left out");
    } else {
      config.note("attention counts the products of contents alone: those with relative positions are left out");
    }
  }
  if (config.has("talking_head") && config.flag("talking_head", false)) {
    extras.push_back({"attn_head_logits", heads, heads, TensorUse::vector});
    extras.push_back({"attn_head_weights", heads, heads, TensorUse::vector});
  }
  if (second) {
    const std::string norm = config.has("norm_rel_ebd") ? config.text("norm_rel_ebd", "none") : "none";
    if (relative && norm.find("layer_norm") != std::string::npos) add_norm("attn_rel_norm");
    const Count kernel = config.has("conv_kernel_size") ? config.count("conv_kernel_size", 0, 0) : Count{};
    if (kernel > 0) {
      // One convolution, beside the first layer.
      const Count parts = config.has("conv_groups") ? config.count("conv_groups", 1) : Count{1};
      add_tensor(model, Place::other, {"conv", d / parts * kernel, d, TensorUse::vector});
      add_tensor(model, Place::other, bias_of("conv", d));
      add_norm("conv_norm");
    }
  }
  add_layers(model, encoder.layers,
             {{make_mixer("bidirectional", shape)}, plain(encoder.d_ff, true), std::move(extras)}, Stack::encoder);
  set_positions(model, relative ? PositionEncoding::relative_bias : PositionEncoding::learned, rows,
                absolute ? std::optional(rows) : std::nullopt);
}

void read_deberta(const Config& config, Model& model) { read_deberta_line(config, model, false); }
void read_deberta_v2(const Config& config, Model& model) { read_deberta_line(config, model, true); }

}  // namespace

CTXCOST_FAMILY(kDeberta) = {
    .model_types = "deberta",
    .architectures = "DebertaModel DebertaForMaskedLM",
    .read = read_deberta,
};

CTXCOST_FAMILY(kDebertaV2) = {
    .model_types = "deberta-v2",
    .architectures = "DebertaV2Model DebertaV2ForMaskedLM",
    .read = read_deberta_v2,
};

}  // namespace ctxcost::huggingface
