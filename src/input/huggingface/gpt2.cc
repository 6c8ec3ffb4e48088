// GPT-2 and GPT-BigCode: learned positions, layer norms, biases everywhere, a tied head.
// [transformers configuration_gpt2.py, modeling_gpt2.py, configuration_gpt_bigcode.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_like_gpt2(const Config& config, Model& model, bool multi_query) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 50257, .d_model = 768, .d_ff = 0, .layers = 12, .heads = 12, .tied = true, .grouped = false});
  if (multi_query) decoder.shape.kv_heads = 1;
  decoder.d_ff = config.nullable({"n_inner", "intermediate_size"}, std::nullopt, 1).value_or(4 * decoder.d_model);
  decoder.shape.qkv_bias = decoder.shape.output_bias = true;
  const Count rows = config.count({"n_positions", "max_position_embeddings"}, 1024);
  add_frame(model, decoder, kLayerNorm);
  add_tensor(model, Place::table, lookup("position_embd", decoder.d_model, rows));
  add_layers(
      model, decoder.layers,
      {{attention(kFullLayer, decoder.shape, 1)}, plain(decoder.d_ff, true), pre_norms(kLayerNorm, decoder.d_model)});
  set_positions(model, PositionEncoding::learned, rows, rows);
  if (!multi_query) {
    add_part(model, "causal masks", Count(decoder.layers) * rows * rows,
             "h.*.attn.bias of the published files: n_layer * n_positions^2 buffer elements");
  }
}

void read_gpt2(const Config& config, Model& model) { read_like_gpt2(config, model, false); }

void read_gpt_bigcode(const Config& config, Model& model) {
  read_like_gpt2(config, model, config.flag("multi_query", true));
}

// What its GGUF files say.

void read_gpt2_gguf(gguf::Header& file) {
  set_frame(file, "gpt2");
  file.need("num_attention_heads", "attention.head_count");
  file.need("n_inner", "feed_forward_length");
  file.need("n_positions", "context_length");
}

void read_starcoder_gguf(gguf::Header& file) {
  set_frame(file, "gpt_bigcode");
  file.need("num_attention_heads", "attention.head_count");
  file.need("n_inner", "feed_forward_length");
  file.need("n_positions", "context_length");
  file.set_flag("multi_query", file.required("attention.head_count_kv") == 1);
}

}  // namespace

CTXCOST_FAMILY(kGpt2) = {
    .model_types = "gpt2",
    .architectures = "GPT2LMHeadModel GPT2Model",
    .read = read_gpt2,
    .gguf_architectures = "gpt2",
    .read_gguf = read_gpt2_gguf,
    .gguf = {.fused_qkv = true},
};

CTXCOST_FAMILY(kGptBigcode) = {
    .model_types = "gpt_bigcode",
    .architectures = "GPTBigCodeForCausalLM",
    .read = read_gpt_bigcode,
    .gguf_architectures = "starcoder",
    .read_gguf = read_starcoder_gguf,
    .gguf = {.fused_qkv = true},
};

}  // namespace ctxcost::huggingface
