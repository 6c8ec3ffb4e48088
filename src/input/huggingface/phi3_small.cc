// Phi-3-small: block-sparse layers with dense ones in between, one KV head for four queries, biases everywhere.
// [microsoft/Phi-3-small-8k-instruct configuration_phi3_small.py, modeling_phi3_small.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_phi3_small(const Config& config, Model& model) {
  const Keys width_key = "ff_intermediate_size";
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 100352, .d_model = 4096, .d_ff = 0, .layers = 32, .heads = 32, .kv_heads = 8, .tied = true});
  decoder.shape.qkv_bias = decoder.shape.output_bias = true;  // whatever attention_bias says
  if (config.nullable("ff_dim_multiplier")) {
    config.fault("ff_dim_multiplier", "expected null, as in the published files");
  }
  decoder.d_ff = config.count(width_key, 14336);

  const Count block = config.count("blocksparse_block_size", 64);
  const Count kernel_block = config.count("blocksparse_triton_kernel_block_size", 64);
  if (kernel_block != block) {
    config.fault("blocksparse_triton_kernel_block_size",
                 "expected blocksparse_block_size (" + to_string(block) + "), found " + to_string(kernel_block));
  }
  const Count stride = config.count("blocksparse_vert_stride", 8);
  const bool alike = config.flag("blocksparse_homo_head_pattern", false);
  const MixerSettings sparse = {{"block", block},
                                {"local_blocks", config.count("blocksparse_num_local_blocks", 16)},
                                {"vertical_stride", stride},
                                {"head_step", alike ? Count{} : max(stride / decoder.shape.heads, 1)}};
  const Count dense_every = config.count("dense_attention_every_n_layers", 2);

  add_frame(model, decoder, kLayerNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return (Count{i} + 1) % dense_every == 0; },
      [&](bool dense) {
        return Layer{{dense ? make_mixer("full", decoder.shape) : make_mixer("block_sparse", decoder.shape, sparse)},
                     gated(decoder.d_ff, true),
                     pre_norms(kLayerNorm, decoder.d_model)};
      });
  read_rope(config, model, 8192);
}

}  // namespace

CTXCOST_FAMILY(kPhi3Small) = {
    .model_types = "phi3small",
    .architectures = "Phi3SmallForCausalLM",
    .read = read_phi3_small,
    .modules = {.queries = FusedQueries::always},
};

}  // namespace ctxcost::huggingface
