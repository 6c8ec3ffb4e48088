// ChatGLM2, ChatGLM3 and the first GLM-4 files.
// [THUDM/chatglm3-6b configuration_chatglm.py, modeling_chatglm.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_chatglm(const Config& config, Model& model) {
  if (config.has("inner_hidden_size")) {
    config.fault("inner_hidden_size", "the first ChatGLM, whose prefix is read in both directions, is not known");
    return;
  }
  Decoder decoder;
  decoder.layers = config.layers({"num_layers", "num_hidden_layers"}, 28);
  decoder.vocab = config.count({"padded_vocab_size", "vocab_size"}, 65024);
  decoder.d_model = config.count("hidden_size", 4096);
  decoder.d_ff = config.count("ffn_hidden_size", 13696);
  decoder.tied = config.flag("tie_word_embeddings", false);
  const Count heads = config.count("num_attention_heads", 32);
  const Count kv_heads = config.flag("multi_query_attention", false) ? config.count("multi_query_group_num", 1) : heads;
  decoder.shape = make_shape(config, decoder.d_model, heads, kv_heads, config.count("kv_channels", 128));
  const bool bias = config.flag("add_bias_linear", false);
  decoder.shape.output_bias = bias;
  decoder.shape.qkv_bias = bias || config.flag("add_qkv_bias", false);

  const NormForm norm = config.flag("rmsnorm", true) ? kRmsNorm : kLayerNorm;
  add_frame(model, decoder, norm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff, bias), pre_norms(norm, decoder.d_model));
  read_rope(config, model, 2048);
  add_part(model, "rotary inv_freq", decoder.shape.d_k / 4,
           "transformer.rotary_pos_emb.inv_freq of the published files: half of each head rotates, in pairs");
}

}  // namespace

CTXCOST_FAMILY(kChatglm) = {
    .model_types = "chatglm",
    .architectures = "ChatGLMModel ChatGLMForConditionalGeneration",
    .read = read_chatglm,
    .gguf = {.fused_qkv = true, .fused_gate_up = true},
    .heads = {.bare_has_head = true},
};

}  // namespace ctxcost::huggingface
