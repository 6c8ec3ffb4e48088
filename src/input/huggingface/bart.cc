// BART and the families of its layout: mBART, Marian, Pegasus, Blenderbot, M2M-100 (NLLB). They differ in where the
// norms stand and in how positions are encoded.
// [transformers modeling_bart.py, modeling_mbart.py, modeling_marian.py, modeling_pegasus.py, modeling_blenderbot.py,
//  modeling_blenderbot_small.py, modeling_m2m_100.py and their configuration files]
#include "encoder_decoder.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

struct BartLine {
  std::uint32_t vocab, d_model;
  StackSizes encoder, decoder;
  std::uint32_t positions;
  bool learned = true;
  std::uint32_t unused_rows = 0;  ///< rows of a learned table before its first position
  bool embedding_norm = false;
  bool final_norm = false;
};

constexpr StackSizes kTwelveLayers = {12, 16, 4096};
constexpr BartLine kBartLine = {50265, 1024, kTwelveLayers, kTwelveLayers, 1024, true, 2, true, false};
constexpr BartLine kMbartLine = {50265, 1024, kTwelveLayers, kTwelveLayers, 1024, true, 2, true, true};
constexpr BartLine kMarianLine = {58101, 1024, kTwelveLayers, kTwelveLayers, 1024, false};
constexpr BartLine kPegasusLine = {50265, 1024, kTwelveLayers, kTwelveLayers, 1024, false, 0, false, true};
constexpr BartLine kM2m100Line = {128112, 1024, kTwelveLayers, kTwelveLayers, 1024, false, 0, false, true};
constexpr BartLine kBlenderbotLine = {8008, 2560, {2, 32, 10240}, {24, 32, 10240}, 128, true, 0, false, true};
constexpr BartLine kBlenderbotSmallLine = {50265, 512, {8, 16, 2048}, {8, 16, 2048}, 512, true, 0, true, false};

void read_bart_line(const Config& config, Model& model, const BartLine& line) {
  const Count d = config.count({"d_model", "hidden_size"}, line.d_model);
  const Count positions = config.count("max_position_embeddings", line.positions);
  const Count source_vocab = config.count("vocab_size", line.vocab);
  // Marian may have a vocabulary for each language.
  const bool one_table =
      !config.has("share_encoder_decoder_embeddings") || config.flag("share_encoder_decoder_embeddings", true);
  const Count vocab =
      one_table || !config.has("decoder_vocab_size") ? source_vocab : config.count("decoder_vocab_size", line.vocab);
  model.d_model = d;
  model.vocab = vocab;
  model.tied_embeddings = config.flag("tie_word_embeddings", true);
  add_tensor(model, Place::embedding, lookup("token_embd", d, vocab));
  if (!one_table) add_encoder_tensor(model, Place::table, lookup("enc_token_embd", d, source_vocab));
  if (!model.tied_embeddings) add_tensor(model, Place::head, linear("output", d, vocab));
  if (line.learned) {
    add_encoder_tensor(model, Place::table, lookup("enc_position_embd", d, positions + line.unused_rows));
    add_tensor(model, Place::table, lookup("position_embd", d, positions + line.unused_rows));
  } else {
    add_part(model, "sinusoids of the positions", 2 * positions * d,
             "a table in each stack that the class computes; most checkpoints leave it out");
  }
  add_part(model, "bias of the logits", vocab, "final_logits_bias, a buffer of zeros");

  EncoderDecoderForm form;
  form.d_model = d;
  form.encoder = line.encoder;
  form.decoder = line.decoder;
  form.embedding_norm = line.embedding_norm;
  form.final_norm = line.final_norm;
  add_encoder_decoder(config, model, form);
  if (line.learned) {
    set_positions(model, PositionEncoding::learned, positions, positions);
  } else {
    set_positions(model, PositionEncoding::sinusoidal, positions);
  }
}

void read_bart(const Config& config, Model& model) { read_bart_line(config, model, kBartLine); }
void read_mbart(const Config& config, Model& model) { read_bart_line(config, model, kMbartLine); }
void read_marian(const Config& config, Model& model) { read_bart_line(config, model, kMarianLine); }
void read_pegasus(const Config& config, Model& model) { read_bart_line(config, model, kPegasusLine); }
void read_m2m_100(const Config& config, Model& model) { read_bart_line(config, model, kM2m100Line); }
void read_blenderbot(const Config& config, Model& model) { read_bart_line(config, model, kBlenderbotLine); }
void read_blenderbot_small(const Config& config, Model& model) { read_bart_line(config, model, kBlenderbotSmallLine); }

}  // namespace

CTXCOST_FAMILY(kBart) = {
    .model_types = "bart",
    .architectures = "BartForConditionalGeneration BartModel",
    .read = read_bart,
};

CTXCOST_FAMILY(kBlenderbot) = {
    .model_types = "blenderbot",
    .architectures = "BlenderbotForConditionalGeneration",
    .read = read_blenderbot,
};

CTXCOST_FAMILY(kBlenderbotSmall) = {
    .model_types = "blenderbot-small",
    .architectures = "BlenderbotSmallForConditionalGeneration",
    .read = read_blenderbot_small,
};

CTXCOST_FAMILY(kM2m100) = {
    .model_types = "m2m_100",
    .architectures = "M2M100ForConditionalGeneration",
    .read = read_m2m_100,
};

CTXCOST_FAMILY(kMarian) = {
    .model_types = "marian",
    .architectures = "MarianMTModel",
    .read = read_marian,
};

CTXCOST_FAMILY(kMbart) = {
    .model_types = "mbart",
    .architectures = "MBartForConditionalGeneration",
    .read = read_mbart,
};

CTXCOST_FAMILY(kPegasus) = {
    .model_types = "pegasus",
    .architectures = "PegasusForConditionalGeneration",
    .read = read_pegasus,
};

}  // namespace ctxcost::huggingface
