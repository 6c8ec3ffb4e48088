// BitNet b1.58: a norm before the output projection and one before the last matrix of the feed-forward.
// [transformers configuration_bitnet.py, modular_bitnet.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_bitnet(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 128256, .d_model = 2560, .d_ff = 6912, .layers = 30, .heads = 20, .kv_heads = 5});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  add_frame(model, decoder, kRmsNorm);
  std::vector<Tensor> extras = pre_norms(kRmsNorm, decoder.d_model);
  extras.push_back(vector_of("attn_sub_norm", decoder.d_model));
  extras.push_back(vector_of("ffn_sub_norm", decoder.d_ff));
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff), extras);
  read_rope(config, model, 2048);
}

}  // namespace

CTXCOST_FAMILY(kBitnet) = {
    .model_types = "bitnet",
    .architectures = "BitNetForCausalLM",
    .read = read_bitnet,
};

}  // namespace ctxcost::huggingface
