// Whisper: an encoder over 30 seconds of sound, always of the same length, and a decoder that attends to it.
// [transformers configuration_whisper.py, modeling_whisper.py]
#include "encoder_decoder.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_whisper(const Config& config, Model& model) {
  const Count d = config.count({"d_model", "hidden_size"}, 384);
  const Count bins = config.count("num_mel_bins", 80);
  const Count frames = config.count("max_source_positions", 1500);
  const Count rows = config.count("max_target_positions", 448);
  model.d_model = d;
  model.vocab = config.count("vocab_size", 51865);
  model.tied_embeddings = config.flag("tie_word_embeddings", true);
  add_tensor(model, Place::embedding, lookup("token_embd", d, *model.vocab));
  if (!model.tied_embeddings) add_tensor(model, Place::head, linear("output", d, *model.vocab));
  add_tensor(model, Place::table, lookup("position_embd", d, rows));
  // The encoder's sinusoids are a matrix of the checkpoint like the decoder's learned positions.
  add_encoder_tensor(model, Place::table, lookup("enc_position_embd", d, frames));
  // Two convolutions of kernel 3 turn the spectrogram into frames; the second halves their number.
  constexpr std::uint32_t kKernel = 3;
  add_encoder_tensor(model, Place::other, {"enc_conv1", kKernel * bins, d, TensorUse::vector});
  add_encoder_tensor(model, Place::other, bias_of("enc_conv1", d));
  add_encoder_tensor(model, Place::other, {"enc_conv2", kKernel * d, d, TensorUse::vector});
  add_encoder_tensor(model, Place::other, bias_of("enc_conv2", d));
  config.note("the encoder always sees " + to_string(frames) +
              " frames; its two convolutions are counted as parameters, not as work");

  EncoderDecoderForm form;
  form.d_model = d;
  form.encoder = form.decoder = {4, 6, 1536};
  form.key_bias = false;
  form.final_norm = true;
  form.source = frames;
  add_encoder_decoder(config, model, form);
  set_positions(model, PositionEncoding::learned, rows, rows);
}

}  // namespace

CTXCOST_FAMILY(kWhisper) = {
    .model_types = "whisper",
    .architectures = "WhisperForConditionalGeneration WhisperModel",
    .read = read_whisper,
};

}  // namespace ctxcost::huggingface
