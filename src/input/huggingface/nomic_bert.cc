// Nomic BERT: an encoder with rotary positions and gated feed-forwards, or experts in every other layer (v2).
// [nomic-ai/nomic-bert-2048 modeling_hf_nomic_bert.py, configuration_hf_nomic_bert.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_nomic_bert(const Config& config, Model& model) {
  const std::uint32_t layers = config.layers({"n_layer", "num_hidden_layers"}, 12);
  const Count d = config.count({"n_embd", "hidden_size"}, 768);
  const Count heads = config.count({"n_head", "num_attention_heads"}, 12);
  const Count vocab = config.count("vocab_size", 50257);
  const Count types = config.count("type_vocab_size", 2, 0);
  const Count d_ff = config.nullable({"n_inner", "intermediate_size"}, std::nullopt, 1).value_or(4 * d);
  if (d % heads != 0) {
    config.fault("n_head", "expected a divisor of n_embd (" + to_string(d) + "), found " + to_string(heads));
  }
  MixerShape shape = make_shape(config, d, heads, heads, max(d / heads, 1));
  shape.qkv_bias = shape.output_bias = config.flag("qkv_proj_bias", true);
  const bool bias = config.flag("mlp_fc1_bias", true);
  if (config.flag("mlp_fc2_bias", true) != bias) {
    config.fault("mlp_fc2_bias", "expected the same as mlp_fc1_bias");
  }
  if (config.flag("prenorm", false)) config.fault("prenorm", "expected false: norms after the blocks are known alone");
  const NormForm norm = config.has("use_rms_norm") && config.flag("use_rms_norm", false) ? kRmsNorm : kLayerNorm;
  const std::string activation = config.text("activation_function", "gelu");
  const bool gates = activation == "swiglu" || activation == "geglu" || activation == "glu";
  if (!gates && !activation.starts_with("gelu") && activation != "relu") {
    config.fault("activation_function", "unknown activation \"" + activation + "\"",
                 "swiglu, geglu, glu, gelu and relu are known");
  }

  model.d_model = d;
  model.vocab = vocab;
  add_tensor(model, Place::embedding, lookup("token_embd", d, vocab));
  if (types > 0) add_tensor(model, Place::table, lookup("token_types", d, types));
  std::vector<Tensor> norms;
  append_norm(norms, "token_embd_norm", norm, d);
  for (const Tensor& tensor : norms) add_tensor(model, Place::other, tensor);
  norms.clear();
  append_norm(norms, "attn_output_norm", norm, d);
  append_norm(norms, "layer_output_norm", norm, d);

  // Every n-th layer, from the second one of each n on, has experts without gates that share one bias.
  const Count every = config.has("moe_every_n_layers") ? config.count("moe_every_n_layers", 0, 0) : Count{};
  Experts experts;
  if (every > 0) {
    experts.count = config.count("num_experts", 8);
    experts.active = config.count("moe_top_k", 2);
    experts.d_ff = d_ff;
    experts = checked(config, experts);
    if (config.has("num_shared_experts") && config.count("num_shared_experts", 0, 0) > 0) {
      config.fault("num_shared_experts", "expected 0: the form of shared experts is not known");
    }
  }
  add_layers(
      model, layers, [every](std::uint32_t i) { return every > 0 && Count{i} % every == 1; },
      [&](bool sparse) {
        std::vector<Tensor> extras = norms;
        if (sparse) extras.push_back(bias_of("ffn_down", d));
        const FeedForward mixture = {FeedForwardKind::plain, {}, false, experts};
        return Layer{{make_mixer("bidirectional", shape)},
                     sparse  ? mixture
                     : gates ? gated(d_ff, bias)
                             : plain(d_ff, bias),
                     std::move(extras)};
      },
      Stack::encoder);
  const std::string rotary = config.number("rotary_emb_fraction");
  if (rotary == "0" || rotary == "0.0") {
    const Count rows = config.count({"n_positions", "max_position_embeddings"}, 2048);
    add_tensor(model, Place::table, lookup("position_embd", d, rows));
    set_positions(model, PositionEncoding::learned, rows, rows);
    return;
  }
  read_rope(config, model, 2048);
}

}  // namespace

CTXCOST_FAMILY(kNomicBert) = {
    .model_types = "nomic_bert",
    .architectures = "NomicBertModel",
    .read = read_nomic_bert,
};

}  // namespace ctxcost::huggingface
