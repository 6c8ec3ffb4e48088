// Nomic BERT: an encoder with rotary positions and gated feed-forwards, or experts in every other layer (v2).
// Two classes read its files, each with names of its own.
#include <algorithm>
#include <iterator>

#include "encoder.h"
#include "family.h"
#include "input/gguf/header.h"
#include "model_class.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// Keys of the repository's class, a GPT-2 by its names; transformers' class has BERT's.
constexpr std::string_view kOwnNames[] = {"n_layer",
                                          "n_embd",
                                          "n_head",
                                          "n_inner",
                                          "qkv_proj_bias",
                                          "mlp_fc1_bias",
                                          "mlp_fc2_bias",
                                          "activation_function",
                                          "rotary_emb_fraction",
                                          "prenorm",
                                          "auto_map",
                                          "moe_every_n_layers"};

bool is_repository_class(const Config& config) {
  return std::any_of(std::begin(kOwnNames), std::end(kOwnNames),
                     [&config](std::string_view name) { return bool{config.own(Keys({name}))}; });
}

/// The class for a score of the whole text adds a pooler.
void add_nomic_pooler(const Config& config, Model& model, Count d_model) {
  if (class_of(config).ends_with("ForSequenceClassification")) add_pooler(model, d_model);
}

/// [transformers modeling_nomic_bert.py]: gates whatever the activation is, and no biases.
void read_nomic_of_transformers(const Config& config, Model& model) {
  Encoder encoder = read_encoder(config, {.vocab = 30528});
  MixerShape& shape = encoder.shape;
  shape.qkv_bias = shape.output_bias = false;
  if (config.has("head_dim")) shape.d_k = shape.d_v = config.count("head_dim", 64);
  add_embeddings(model, encoder, {.types = config.count("type_vocab_size", 2, 0)});
  add_nomic_pooler(config, model, encoder.d_model);
  add_layers(model, encoder.layers,
             encoder_layer(make_mixer("bidirectional", shape), gated(encoder.d_ff), encoder.d_model), Stack::encoder);
  read_rope(config, model, 2048);
}

/// [nomic-ai/nomic-bert-2048 modeling_hf_nomic_bert.py, configuration_hf_nomic_bert.py]
void read_nomic_of_repository(const Config& config, Model& model) {
  Encoder encoder = read_encoder(config, {.vocab = 50257, .d_ff = 0},
                                 {.layers = {"n_layer", "num_hidden_layers"},
                                  .d_model = {"n_embd", "hidden_size"},
                                  .heads = {"n_head", "num_attention_heads"}});
  const Count d = encoder.d_model;
  const Count types = config.count("type_vocab_size", 2, 0);
  const Count d_ff = config.nullable({"n_inner", "intermediate_size"}, std::nullopt, 1).value_or(4 * d);
  MixerShape& shape = encoder.shape;
  shape.qkv_bias = shape.output_bias = config.flag("qkv_proj_bias", true);
  const bool bias = config.flag("mlp_fc1_bias", true);
  if (config.flag("mlp_fc2_bias", true) != bias) {
    config.fault("mlp_fc2_bias", "expected the same as mlp_fc1_bias");
  }
  if (config.flag("prenorm", false)) config.fault("prenorm", "expected false: norms after the blocks are known alone");
  const NormForm norm = config.has("use_rms_norm") && config.flag("use_rms_norm", false) ? kRmsNorm : kLayerNorm;
  if (config.has("hidden_act") && !config.has("activation_function")) {
    config.fault("hidden_act", "expected activation_function, as this class names it",
                 "hidden_act is a key of transformers' NomicBertConfig, which has hidden_size instead of n_embd");
  }
  const std::string activation = config.text("activation_function", "gelu");
  const bool gates = activation == "swiglu" || activation == "geglu" || activation == "glu";
  if (!gates && !activation.starts_with("gelu") && activation != "relu") {
    config.fault("activation_function", "unknown activation \"" + activation + "\"",
                 "swiglu, geglu, glu, gelu and relu are known");
  }
  add_embeddings(model, encoder, {.types = types, .norm = norm});
  add_nomic_pooler(config, model, d);

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
      model, encoder.layers, [every](std::uint32_t i) { return every > 0 && Count{i} % every == 1; },
      [&](bool sparse) {
        const FeedForward mixture = {FeedForwardKind::plain, {}, false, experts};
        Layer layer = encoder_layer(make_mixer("bidirectional", shape),
                                    sparse  ? mixture
                                    : gates ? gated(d_ff, bias)
                                            : plain(d_ff, bias),
                                    d, norm);
        if (sparse) layer.extras.push_back(bias_of("ffn_down", d));
        return layer;
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

void read_nomic_bert(const Config& config, Model& model) {
  if (is_repository_class(config)) return read_nomic_of_repository(config, model);
  read_nomic_of_transformers(config, model);
}

// What its GGUF files say, in the names of the repository's class.

void read_nomic_bert_gguf(gguf::Header& file) {
  set_decoder(file, "nomic_bert");
  set_token_types(file);
  file.set_flag("qkv_proj_bias", file.in_any_layer("attn_qkv.bias") || file.in_any_layer("attn_q.bias"));
  const bool bias = file.in_any_layer("ffn_up.bias");
  file.set_flag("mlp_fc1_bias", bias);
  file.set_flag("mlp_fc2_bias", bias);
  file.set_text("activation_function", file.in_any_layer("ffn_gate.weight") ? "swiglu" : "gelu");
}

}  // namespace

CTXCOST_FAMILY(kNomicBert) = {
    .model_types = "nomic_bert",
    .architectures = "NomicBertModel NomicBertForMaskedLM",
    .read = read_nomic_bert,
    .gguf_architectures = "nomic-bert",
    .read_gguf = read_nomic_bert_gguf,
    .heads = {.sequence = ScoreForm::biased},
};

}  // namespace ctxcost::huggingface
