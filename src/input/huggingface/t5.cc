// T5, mT5 and uMT5: an encoder, and a decoder that attends to it; relative position biases.
// [transformers configuration_t5.py, modeling_t5.py, configuration_mt5.py, modeling_umt5.py]
#include "encoder_decoder.h"
#include "family.h"
#include "model_class.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_t5(const Config& config, Model& model) {
  const bool multilingual = model.family != "t5";
  // uMT5 has a table of positions in every layer, the others one in the first layer of each stack.
  const bool table_each_layer = model.family == "umt5";
  const std::uint32_t encoder_layers = config.layers({"num_layers", "num_hidden_layers"}, multilingual ? 8 : 6);
  std::uint32_t decoder_layers = encoder_layers;
  if (config.has("num_decoder_layers")) decoder_layers = config.layers("num_decoder_layers", encoder_layers);
  const Count d = config.count({"d_model", "hidden_size"}, 512);
  const Count d_ff = config.count("d_ff", multilingual ? 1024 : 2048);
  const Count heads = config.count({"num_heads", "num_attention_heads"}, multilingual ? 6 : 8);
  const Count buckets = config.count("relative_attention_num_buckets", 32);
  const Count vocab = config.count("vocab_size", multilingual ? 250112 : 32128);
  const bool tied = config.flag("tie_word_embeddings", !multilingual || table_each_layer);
  const std::string form = config.text("feed_forward_proj", multilingual ? "gated-gelu" : "relu");
  // d_kv is independent of d_model.
  const MixerShape shape = make_shape(config, d, heads, heads, config.count({"d_kv", "head_dim"}, 64));
  const FeedForward feed_forward = form.starts_with("gated") ? gated(d_ff) : plain(d_ff);

  model.d_model = d;
  model.vocab = vocab;
  add_tensor(model, Place::embedding, lookup("token_embd", d, vocab));
  std::vector<Tensor> encoder_extras = pre_norms(kRmsNorm, d);
  if (class_of(config).ends_with("EncoderModel")) {
    // The encoder alone, as image models condition on it [modeling_t5.py T5EncoderModel].
    add_tensor(model, Place::final_norm, vector_of("enc_output_norm", d));
    if (table_each_layer) {
      encoder_extras.push_back(lookup("attn_rel_b", heads, buckets));
    } else {
      add_tensor(model, Place::table, lookup("enc_attn_rel_b", heads, buckets));
    }
    add_layers(model, encoder_layers, {{make_mixer("bidirectional", shape)}, feed_forward, std::move(encoder_extras)},
               Stack::encoder);
    set_positions(model, PositionEncoding::relative_bias, longest_sequence(config, 512));
    return;
  }
  model.tied_embeddings = tied;
  if (!tied) add_tensor(model, Place::head, linear("output", d, vocab));
  std::vector<Tensor> decoder_extras = pre_norms(kRmsNorm, d);
  append_norm(decoder_extras, "cross_attn_norm", kRmsNorm, d);
  if (table_each_layer) {
    encoder_extras.push_back(lookup("attn_rel_b", heads, buckets));
    decoder_extras.push_back(lookup("attn_rel_b", heads, buckets));
  } else {
    // One table a stack, in its first layer and used by all.
    add_encoder_tensor(model, Place::table, lookup("enc_attn_rel_b", heads, buckets));
    add_tensor(model, Place::table, lookup("dec_attn_rel_b", heads, buckets));
  }
  add_encoder_tensor(model, Place::final_norm, vector_of("enc_output_norm", d));
  add_tensor(model, Place::final_norm, vector_of("output_norm", d));

  add_layers(model, encoder_layers, {{make_mixer("bidirectional", shape)}, feed_forward, std::move(encoder_extras)},
             Stack::encoder);
  add_layers(
      model, decoder_layers,
      {{make_mixer("full", shape), make_mixer("cross_attention", shape)}, feed_forward, std::move(decoder_extras)});
  set_positions(model, PositionEncoding::relative_bias, longest_sequence(config, 512));
  if (tied && !table_each_layer) {
    add_part(model, "unused cross-attention bias", buckets * heads,
             "relative_attention_bias of the first cross-attention, in the published files of T5 1.0");
  }
}

}  // namespace

CTXCOST_FAMILY(kT5) = {
    .model_types = "t5 mt5 umt5",
    .architectures =
        "T5ForConditionalGeneration T5Model MT5ForConditionalGeneration UMT5ForConditionalGeneration "
        "T5EncoderModel MT5EncoderModel UMT5EncoderModel",
    .read = read_t5,
};

}  // namespace ctxcost::huggingface
