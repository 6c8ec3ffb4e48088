// gpt-oss: alternating windows, learned sinks, biases on attention, router and experts.
// [transformers configuration_gpt_oss.py, modeling_gpt_oss.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_gpt_oss(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config, {.vocab = 201088, .d_model = 2880, .d_ff = 2880, .layers = 36, .heads = 64, .kv_heads = 8, .d_k = 64});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", true);
  decoder.shape.sink_logits = true;
  Experts experts{};
  experts.count = config.count({"num_local_experts", "num_experts"}, 128);
  experts.active = config.count({"num_experts_per_tok", "experts_per_token"}, 4);
  experts.d_ff = decoder.d_ff;
  experts.router_bias = true;
  add_frame(model, decoder, kRmsNorm);
  add_layers_of_kinds(config, model, decoder, sliding_pattern(config, decoder.layers, 2),
                      config.nullable("sliding_window", 128, 1), gated_experts(checked(config, experts), true),
                      pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 131072);
}

// What its GGUF files say.

void read_gpt_oss_gguf(gguf::Header& file) {
  set_frame(file, "gpt_oss");
  set_heads(file);
  set_attention_bias(file);
  set_experts(file, "num_local_experts");
  file.need("intermediate_size", "expert_feed_forward_length");
  file.need("sliding_window", "attention.sliding_window");
}

}  // namespace

CTXCOST_FAMILY(kGptOss) = {
    .model_types = "gpt_oss",
    .architectures = "GptOssForCausalLM",
    .read = read_gpt_oss,
    .gguf_architectures = "gpt-oss",
    .read_gguf = read_gpt_oss_gguf,
    .gguf = {.windows = true},
};

}  // namespace ctxcost::huggingface
