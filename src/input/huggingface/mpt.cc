// MPT: ALiBi or learned positions, no biases, a tied head.
// [mosaicml/llm-foundry configuration_mpt.py; transformers configuration_mpt.py, modeling_mpt.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_mpt(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 50368, .d_model = 2048, .d_ff = 0, .layers = 24, .heads = 16, .tied = true, .grouped = false});
  decoder.d_ff = config.count("expansion_ratio", 4) * decoder.d_model;
  const bool bias = !config.flag("no_bias", true);
  decoder.shape.qkv_bias = decoder.shape.output_bias = bias;
  const NormForm norm = bias ? kLayerNorm : kLayerNormWithoutBias;
  const Count length = config.count("max_seq_len", 2048);
  bool alibi = true;
  if (const std::optional<Config> attention_keys = config.object("attn_config")) {
    alibi = attention_keys->flag("alibi", true);
    const std::string type = attention_keys->text("attn_type", "multihead_attention");
    if (type == "multiquery_attention") decoder.shape.kv_heads = 1;
    if (const auto kv_heads = attention_keys->nullable("kv_n_heads", std::nullopt, 1)) {
      decoder.shape = make_shape(config, decoder.d_model, decoder.shape.heads, *kv_heads, decoder.shape.d_k);
      decoder.shape.qkv_bias = decoder.shape.output_bias = bias;
    }
    if (attention_keys->flag("qk_ln", false)) decoder.shape.qk_norm = QkNorm::full;
  }
  add_frame(model, decoder, norm);
  // alibi wins over learned_pos_emb.
  if (!alibi && config.flag("learned_pos_emb", true)) {
    add_tensor(model, Place::table, lookup("position_embd", decoder.d_model, length));
    set_positions(model, PositionEncoding::learned, length, length);
  } else {
    set_positions(model, alibi ? PositionEncoding::alibi : PositionEncoding::none, length);
  }
  add_layers(model, decoder.layers,
             {{attention(kFullLayer, decoder.shape, 1)}, plain(decoder.d_ff, bias), pre_norms(norm, decoder.d_model)});
}

}  // namespace

CTXCOST_FAMILY(kMpt) = {
    .model_types = "mpt",
    .architectures = "MPTForCausalLM MptForCausalLM",
    .read = read_mpt,
    .gguf = {.fused_qkv = true},
};

}  // namespace ctxcost::huggingface
