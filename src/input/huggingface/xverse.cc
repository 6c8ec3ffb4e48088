// XVERSE: Llama with a vocabulary of its own, and the mixture XVERSE-MoE, whose shared experts are one of their width.
// [xverse/XVERSE-7B modeling_xverse.py; XVERSE-MoE-A4.2B configuration_xverse.py, modeling_xverse.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_xverse(const Config& config, Model& model) {
  const Decoder decoder =
      read_decoder(config, {.vocab = 100278, .d_model = 5120, .d_ff = 13824, .layers = 40, .heads = 40});
  FeedForward feed_forward = gated(decoder.d_ff);
  if (config.has("num_experts")) {
    Experts experts;
    experts.count = config.required("num_experts");
    experts.active = config.required("moe_top_k");
    experts.d_ff = decoder.d_ff;
    experts.shared_d_ff = config.nullable("num_shared_experts").value_or(0) * experts.d_ff;
    feed_forward = gated_experts(checked(config, experts));
  }
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, feed_forward, pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 8192);
}

}  // namespace

CTXCOST_FAMILY(kXverse) = {
    .model_types = "xverse",
    .architectures = "XverseForCausalLM",
    .read = read_xverse,
};

}  // namespace ctxcost::huggingface
