// DBRX: experts in every layer, layer norms without bias, attention and experts in dictionaries of their own.
// [transformers configuration_dbrx.py, modeling_dbrx.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_dbrx(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 32000, .d_model = 2048, .d_ff = 0, .layers = 24, .heads = 16, .grouped = false});
  const Config attn = config.object("attn_config").value_or(config);
  const Config ffn = config.object("ffn_config").value_or(config);
  decoder.shape =
      make_shape(config, decoder.d_model, decoder.shape.heads, attn.count("kv_n_heads", 1), decoder.shape.d_k);
  Experts experts{};
  experts.count = ffn.count("moe_num_experts", 4);
  experts.active = ffn.count("moe_top_k", 1);
  experts.d_ff = ffn.count("ffn_hidden_size", 3584);
  add_frame(model, decoder, kLayerNormWithoutBias);
  add_layers(model, decoder.layers,
             {{attention(kFullLayer, decoder.shape, 1)},
              gated_experts(checked(config, experts)),
              pre_norms(kLayerNormWithoutBias, decoder.d_model)});
  read_rope(config, model, 2048);
}

}  // namespace

CTXCOST_FAMILY(kDbrx) = {
    .model_types = "dbrx",
    .architectures = "DbrxForCausalLM",
    .read = read_dbrx,
    .gguf = {.fused_qkv = true},
};

}  // namespace ctxcost::huggingface
