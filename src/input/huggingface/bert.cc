// Encoders: BERT, DistilBERT (no token types, no pooler), RoBERTa, MPNet, Longformer, BigBird. Counted as the base
// model with its pooler. [transformers configuration_<family>.py and modeling_<family>.py of each]
#include <utility>

#include "encoder.h"
#include "family.h"
#include "input/gguf/header.h"
#include "jina_bert.h"
#include "model_class.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

struct BertDefaults {
  std::uint32_t vocab, positions, token_types;
  std::uint32_t unused_positions = 0;  ///< rows before the first position: padding_idx + 1
};

/// Everything but the layers, with learned positions and a pooler.
Encoder read_bert_frame(const Config& config, Model& model, const BertDefaults& defaults) {
  Encoder encoder = read_encoder(config, {.vocab = defaults.vocab});
  const Count rows = config.count("max_position_embeddings", defaults.positions);
  add_embeddings(model, encoder,
                 {.positions = rows, .types = config.count("type_vocab_size", defaults.token_types, 0)});
  add_pooler(model, encoder.d_model);
  const Count usable = minus_or_zero(rows, defaults.unused_positions);
  set_positions(model, PositionEncoding::learned, usable, usable);
  return encoder;
}

Layer bert_layer(const Encoder& encoder, std::shared_ptr<const Mixer> mixer) {
  return encoder_layer(std::move(mixer), plain(encoder.d_ff, true), encoder.d_model);
}

/// A fault where a file has other positions than its class: Jina's have other classes under the same type.
void check_positions(const Config& config) {
  const std::string positions =
      config.has("position_embedding_type") ? config.text("position_embedding_type", "absolute") : "absolute";
  if (positions != "absolute") {
    config.fault("position_embedding_type", "expected \"absolute\", found \"" + positions + "\"");
  }
}

void read_bert(const Config& config, Model& model) {
  if (is_jina_bert(config)) return read_jina_bert(config, model);
  check_positions(config);
  if (config.has("feed_forward_type") && config.text("feed_forward_type", "original") != "original") {
    config.fault("feed_forward_type",
                 "expected \"original\", found \"" + config.text("feed_forward_type", "original") + "\"");
  }
  const Encoder encoder = read_bert_frame(config, model, {.vocab = 30522, .positions = 512, .token_types = 2});
  add_layers(model, encoder.layers, bert_layer(encoder, make_mixer("bidirectional", encoder.shape)), Stack::encoder);
  const std::string name = class_of(config);
  if (is_bare_class(name) || name.find("Classification") != std::string::npos || name.ends_with("Answering")) return;
  const Count d = encoder.d_model;
  add_part(model, "pretraining heads", d * d + d + 2 * d + *model.vocab + 2 * d + 2,
           "BertForPreTraining: the masked-word head (its matrix is the embedding) and the next-sentence head");
}

void read_distilbert(const Config& config, Model& model) {
  const Encoder encoder = read_encoder(config, {.vocab = 30522, .layers = 6},
                                       {.layers = {"n_layers", "num_hidden_layers"},
                                        .d_model = {"dim", "hidden_size"},
                                        .d_ff = {"hidden_dim", "intermediate_size"},
                                        .heads = {"n_heads", "num_attention_heads"}});
  const Count rows = config.count("max_position_embeddings", 512);
  add_embeddings(model, encoder, {.positions = rows});
  add_layers(model, encoder.layers, bert_layer(encoder, make_mixer("bidirectional", encoder.shape)), Stack::encoder);
  set_positions(model, PositionEncoding::learned, rows, rows);
}

void read_mpnet(const Config& config, Model& model) {
  const Encoder encoder =
      read_bert_frame(config, model, {.vocab = 30527, .positions = 512, .token_types = 0, .unused_positions = 2});
  // One table of relative positions for all layers, beside the absolute ones.
  const Count buckets = config.count("relative_attention_num_buckets", 32);
  add_tensor(model, Place::table, lookup("enc_attn_rel_b", encoder.shape.heads, buckets));
  add_layers(model, encoder.layers, bert_layer(encoder, make_mixer("bidirectional", encoder.shape)), Stack::encoder);
}

void read_roberta(const Config& config, Model& model) {
  if (is_jina_roberta(config)) return read_jina_roberta(config, model);
  check_positions(config);
  const Encoder encoder =
      read_bert_frame(config, model, {.vocab = 50265, .positions = 512, .token_types = 2, .unused_positions = 2});
  add_layers(model, encoder.layers, bert_layer(encoder, make_mixer("bidirectional", encoder.shape)), Stack::encoder);
}

void read_longformer(const Config& config, Model& model) {
  const Encoder encoder =
      read_bert_frame(config, model, {.vocab = 30522, .positions = 512, .token_types = 2, .unused_positions = 2});
  // One width for all layers or one for each; both sides of a token together.
  const std::vector<Count> windows = per_layer_counts(config, "attention_window", 512, encoder.layers);
  config.assume("one global token is assumed (the first)");
  add_layers(
      model, encoder.layers, [&](std::uint32_t i) { return windows[i]; },
      [&](Count window) {
        return bert_layer(encoder,
                          make_mixer("longformer", encoder.shape, {{"window", window}, {"global_tokens", Count{1}}}));
      },
      Stack::encoder);
}

void read_big_bird(const Config& config, Model& model) {
  Encoder encoder = read_bert_frame(config, model, {.vocab = 50358, .positions = 4096, .token_types = 2});
  encoder.shape.qkv_bias = config.flag("use_bias", true);
  const std::string type = config.text("attention_type", "block_sparse");
  std::shared_ptr<const Mixer> mixer;
  if (type == "block_sparse") {
    mixer = make_mixer(
        "bigbird", encoder.shape,
        {{"block", config.count("block_size", 64)}, {"random_blocks", config.count("num_random_blocks", 3, 0)}});
  } else {
    if (type != "original_full") {
      config.fault("attention_type", "expected \"block_sparse\" or \"original_full\", found \"" + type + "\"");
    }
    mixer = make_mixer("bidirectional", encoder.shape);
  }
  add_layers(model, encoder.layers, bert_layer(encoder, std::move(mixer)), Stack::encoder);
}

// What its GGUF files say. The converter leaves out poolers, and RoBERTa's rows before the first position.

void read_bert_gguf(gguf::Header& file) {
  set_decoder(file, "bert");
  set_token_types(file);
}

}  // namespace

CTXCOST_FAMILY(kBert) = {
    .model_types = "bert",
    .architectures = "BertModel BertForMaskedLM BertForPreTraining",
    .read = read_bert,
    .gguf_architectures = "bert",
    .read_gguf = read_bert_gguf,
    .heads = {.sequence = ScoreForm::biased},
};

CTXCOST_FAMILY(kBigBird) = {
    .model_types = "big_bird",
    .architectures = "BigBirdModel BigBirdForPreTraining BigBirdForMaskedLM",
    .read = read_big_bird,
    .heads = {.sequence = ScoreForm::dense},
};

CTXCOST_FAMILY(kDistilbert) = {
    .model_types = "distilbert",
    .architectures = "DistilBertModel DistilBertForMaskedLM",
    .read = read_distilbert,
    .heads = {.sequence = ScoreForm::dense},
    .short_names = true,
};

CTXCOST_FAMILY(kLongformer) = {
    .model_types = "longformer",
    .architectures = "LongformerModel LongformerForMaskedLM",
    .read = read_longformer,
    .heads = {.sequence = ScoreForm::dense, .sequence_drops_pooler = true},
};

CTXCOST_FAMILY(kMpnet) = {
    .model_types = "mpnet",
    .architectures = "MPNetModel MPNetForMaskedLM",
    .read = read_mpnet,
};

CTXCOST_FAMILY(kRoberta) = {
    .model_types = "roberta xlm-roberta camembert",
    .architectures = "RobertaModel RobertaForMaskedLM XLMRobertaForMaskedLM",
    .read = read_roberta,
    .heads = {.sequence = ScoreForm::dense, .sequence_drops_pooler = true},
};

}  // namespace ctxcost::huggingface
