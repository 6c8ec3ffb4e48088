// Encoders: BERT, DistilBERT (no token types, no pooler), RoBERTa, MPNet, Longformer, BigBird. Counted as the base
// model with its pooler. [transformers configuration_<family>.py and modeling_<family>.py of each]
#include "family.h"
#include "input/gguf/header.h"
#include "model_class.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

struct EncoderDefaults {
  std::uint32_t vocab, positions, token_types;
  std::uint32_t unused_positions = 0;  ///< rows before the first position: padding_idx + 1
};

struct Encoder {
  std::uint32_t layers = 0;
  MixerShape shape;
  Count d_model, d_ff;
};

/// Everything but the layers.
Encoder read_encoder(const Config& config, Model& model, const EncoderDefaults& defaults) {
  Encoder encoder;
  encoder.layers = config.layers("num_hidden_layers", 12);
  encoder.d_model = config.count("hidden_size", 768);
  encoder.d_ff = config.count("intermediate_size", 3072);
  const Count heads = config.count("num_attention_heads", 12);
  if (encoder.d_model % heads != 0) {
    config.fault("num_attention_heads",
                 "expected a divisor of hidden_size (" + to_string(encoder.d_model) + "), found " + to_string(heads));
  }
  encoder.shape = make_shape(config, encoder.d_model, heads, heads, max(encoder.d_model / heads, 1));
  encoder.shape.qkv_bias = encoder.shape.output_bias = true;

  const Count vocab = config.count("vocab_size", defaults.vocab);
  const Count rows = config.count("max_position_embeddings", defaults.positions);
  const Count types = config.count("type_vocab_size", defaults.token_types, 0);
  model.d_model = encoder.d_model;
  model.vocab = vocab;
  add_tensor(model, Place::embedding, lookup("token_embd", encoder.d_model, vocab));
  add_tensor(model, Place::table, lookup("position_embd", encoder.d_model, rows));
  if (types > 0) add_tensor(model, Place::table, lookup("token_types", encoder.d_model, types));
  std::vector<Tensor> norm;
  append_norm(norm, "token_embd_norm", kLayerNorm, encoder.d_model);
  for (const Tensor& tensor : norm) add_tensor(model, Place::other, tensor);
  add_tensor(model, Place::once, linear("pooler", encoder.d_model, encoder.d_model));
  add_tensor(model, Place::once, bias_of("pooler", encoder.d_model));
  const Count usable = minus_or_zero(rows, defaults.unused_positions);
  set_positions(model, PositionEncoding::learned, usable, usable);
  return encoder;
}

Layer encoder_layer(const Encoder& encoder, std::shared_ptr<const Mixer> mixer, bool bias = true) {
  std::vector<Tensor> norms;
  append_norm(norms, "attn_output_norm", kLayerNorm, encoder.d_model);
  append_norm(norms, "layer_output_norm", kLayerNorm, encoder.d_model);
  return {{std::move(mixer)}, plain(encoder.d_ff, bias), std::move(norms)};
}

/// A fault where a file of BERT's type has other parts than BERT: Jina's first embeddings have gates and no positions.
void check_bert_parts(const Config& config) {
  const std::string positions =
      config.has("position_embedding_type") ? config.text("position_embedding_type", "absolute") : "absolute";
  if (positions != "absolute") {
    config.fault("position_embedding_type", "expected \"absolute\", found \"" + positions + "\"");
  }
  const std::string form = config.has("feed_forward_type") ? config.text("feed_forward_type", "original") : "original";
  if (form != "original") config.fault("feed_forward_type", "expected \"original\", found \"" + form + "\"");
}

void read_bert(const Config& config, Model& model) {
  check_bert_parts(config);
  const Encoder encoder = read_encoder(config, model, {.vocab = 30522, .positions = 512, .token_types = 2});
  add_layers(model, encoder.layers, encoder_layer(encoder, make_mixer("bidirectional", encoder.shape)), Stack::encoder);
  const std::string name = class_of(config);
  if (is_bare_class(name) || name.find("Classification") != std::string::npos || name.ends_with("Answering")) return;
  const Count d = encoder.d_model;
  add_part(model, "pretraining heads", d * d + d + 2 * d + *model.vocab + 2 * d + 2,
           "BertForPreTraining: the masked-word head (its matrix is the embedding) and the next-sentence head");
}

void read_distilbert(const Config& config, Model& model) {
  Encoder encoder;
  encoder.layers = config.layers({"n_layers", "num_hidden_layers"}, 6);
  encoder.d_model = config.count({"dim", "hidden_size"}, 768);
  encoder.d_ff = config.count({"hidden_dim", "intermediate_size"}, 3072);
  const Count heads = config.count({"n_heads", "num_attention_heads"}, 12);
  if (encoder.d_model % heads != 0) {
    config.fault("n_heads",
                 "expected a divisor of dim (" + to_string(encoder.d_model) + "), found " + to_string(heads));
  }
  encoder.shape = make_shape(config, encoder.d_model, heads, heads, max(encoder.d_model / heads, 1));
  encoder.shape.qkv_bias = encoder.shape.output_bias = true;
  const Count rows = config.count("max_position_embeddings", 512);
  model.d_model = encoder.d_model;
  model.vocab = config.count("vocab_size", 30522);
  add_tensor(model, Place::embedding, lookup("token_embd", encoder.d_model, *model.vocab));
  add_tensor(model, Place::table, lookup("position_embd", encoder.d_model, rows));
  std::vector<Tensor> norm;
  append_norm(norm, "token_embd_norm", kLayerNorm, encoder.d_model);
  for (const Tensor& tensor : norm) add_tensor(model, Place::other, tensor);
  add_layers(model, encoder.layers, encoder_layer(encoder, make_mixer("bidirectional", encoder.shape)), Stack::encoder);
  set_positions(model, PositionEncoding::learned, rows, rows);
}

void read_mpnet(const Config& config, Model& model) {
  const Encoder encoder =
      read_encoder(config, model, {.vocab = 30527, .positions = 512, .token_types = 0, .unused_positions = 2});
  // One table of relative positions for all layers, beside the absolute ones.
  const Count buckets = config.count("relative_attention_num_buckets", 32);
  add_tensor(model, Place::table, lookup("enc_attn_rel_b", encoder.shape.heads, buckets));
  add_layers(model, encoder.layers, encoder_layer(encoder, make_mixer("bidirectional", encoder.shape)), Stack::encoder);
}

void read_roberta(const Config& config, Model& model) {
  check_bert_parts(config);
  const Encoder encoder =
      read_encoder(config, model, {.vocab = 50265, .positions = 512, .token_types = 2, .unused_positions = 2});
  add_layers(model, encoder.layers, encoder_layer(encoder, make_mixer("bidirectional", encoder.shape)), Stack::encoder);
}

void read_longformer(const Config& config, Model& model) {
  const Encoder encoder =
      read_encoder(config, model, {.vocab = 30522, .positions = 512, .token_types = 2, .unused_positions = 2});
  // One width for all layers or one for each; both sides of a token together.
  const std::vector<Count> windows = per_layer_counts(config, "attention_window", 512, encoder.layers);
  config.note("one global token is assumed (the first)");
  add_layers(
      model, encoder.layers, [&](std::uint32_t i) { return windows[i]; },
      [&](Count window) {
        return encoder_layer(
            encoder, make_mixer("longformer", encoder.shape, {{"window", window}, {"global_tokens", Count{1}}}));
      },
      Stack::encoder);
}

void read_big_bird(const Config& config, Model& model) {
  Encoder encoder = read_encoder(config, model, {.vocab = 50358, .positions = 4096, .token_types = 2});
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
  add_layers(model, encoder.layers, encoder_layer(encoder, std::move(mixer)), Stack::encoder);
}

// What its GGUF files say. The converter leaves out poolers, and RoBERTa's rows before the first position.

void read_bert_gguf(gguf::Header& file) {
  set_decoder(file, "bert");
  const FileTensor* types = file.tensor("token_types.weight");
  file.set("type_vocab_size",
           types == nullptr           ? Count{}
           : types->shape.size() == 2 ? types->shape[1]
                                      : Count{1},
           "token_types.weight");
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
