// MPT: ALiBi or learned positions, no biases, a tied head.
// [mosaicml/llm-foundry configuration_mpt.py; transformers configuration_mpt.py, modeling_mpt.py]
#include "family.h"
#include "input/gguf/header.h"
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

// What its GGUF files say. The converter writes 4 embedding_length as feed_forward_length, whatever the file holds.

void read_mpt_gguf(gguf::Header& file) {
  set_frame(file, "mpt");
  set_heads(file);
  file.need("max_seq_len", "context_length");
  const Count width = file.required("embedding_length");
  const Count inner = file.rows_in_layers("ffn_up.weight").value_or(file.required("feed_forward_length"));
  if (width == 0 || inner % width != 0) {
    file.fail(file.key("feed_forward_length"),
              "expected a multiple of embedding_length (" + to_string(width) + "), found " + to_string(inner));
  }
  file.set("expansion_ratio", inner / width, file.key("feed_forward_length"));
  file.set_flag("no_bias", !file.in_any_layer("attn_output.bias"));
  file.set_flag("learned_pos_emb", file.tensor("position_embd.weight") != nullptr);
  file.set_object("attn_config",
                  {.flags = {{"alibi", file.real("attention.max_alibi_bias").value_or(0) > 0},
                             {"qk_ln", file.in_any_layer("attn_q_norm.weight")}}},
                  file.key("attention.max_alibi_bias"));
}

}  // namespace

CTXCOST_FAMILY(kMpt) = {
    .model_types = "mpt",
    .architectures = "MPTForCausalLM MptForCausalLM",
    .read = read_mpt,
    .gguf_architectures = "mpt",
    .read_gguf = read_mpt_gguf,
    .gguf = {.fused_qkv = true},
};

}  // namespace ctxcost::huggingface
