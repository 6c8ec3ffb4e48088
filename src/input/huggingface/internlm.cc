// InternLM 1, 2 and 3: Llama with biases where asked.
// [internlm/internlm-7b configuration_internlm.py, internlm2-7b configuration_internlm2.py,
//  internlm3-8b-instruct configuration_internlm3.py and their modeling files]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_like_llama(const Config& config, Model& model, Decoder decoder, bool ff_bias, Count window) {
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff, ff_bias),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, window);
}

void read_internlm(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 103168, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("bias", true);
  read_like_llama(config, model, decoder, false, 2048);
}

void read_internlm3(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 128512, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32});
  const bool bias = config.flag("bias", false);
  decoder.shape.qkv_bias = config.flag("qkv_bias", false);
  decoder.shape.output_bias = bias;
  read_like_llama(config, model, decoder, bias, 32768);
}

}  // namespace

CTXCOST_FAMILY(kInternlm) = {
    .model_types = "internlm internlm2",
    .architectures = "InternLMForCausalLM InternLM2ForCausalLM",
    .read = read_internlm,
    .heads = {.reward = ScoreForm::plain},
};

CTXCOST_FAMILY(kInternlm3) = {
    .model_types = "internlm3",
    .architectures = "InternLM3ForCausalLM",
    .read = read_internlm3,
};

}  // namespace ctxcost::huggingface
