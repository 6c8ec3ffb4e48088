// OLMo Hybrid: gated delta nets with OLMo 3's attention every few layers. [transformers modular_olmo_hybrid.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_olmo_hybrid(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 100352, .d_model = 3840, .d_ff = 11008, .layers = 32, .heads = 30});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  decoder.shape.qk_norm = QkNorm::full;
  const Count heads = decoder.shape.heads;

  MixerShape delta;
  const Count key_heads = config.nullable("linear_num_key_heads", std::nullopt, 1).value_or(heads);
  delta.heads = delta.kv_heads = config.nullable("linear_num_value_heads", std::nullopt, 1).value_or(heads);
  delta.d_k =
      config.nullable("linear_key_head_dim", std::nullopt, 1).value_or(max(3 * decoder.d_model / (4 * key_heads), 1));
  delta.d_v = config.nullable("linear_value_head_dim", std::nullopt, 1).value_or(2 * delta.d_k);
  delta.d_model = decoder.d_model;
  if (delta.heads % key_heads != 0) {
    config.fault("linear_num_key_heads", "expected a divisor of linear_num_value_heads (" + to_string(delta.heads) +
                                             "), found " + to_string(key_heads));
    return;
  }
  const Count kernel = config.count("linear_conv_kernel_dim", 4);
  const std::uint32_t layers = decoder.layers;
  // Without any layer of full attention, the class makes the last one.
  const std::vector<std::string_view> kinds = layer_kinds(config, layers, kFullAndLinear, [layers](std::uint32_t i) {
    return i % 4 == 3 || (layers < 4 && i + 1 == layers) ? kFullLayer : kLinearLayer;
  });

  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, layers, [&](std::uint32_t i) { return kinds[i] == kFullLayer; },
      [&](bool full) {
        const Count d = decoder.d_model;
        // Norms stand after the blocks in the layers of attention, before them in the others.
        std::vector<Tensor> norms = pre_norms(kRmsNorm, d);
        if (full) norms = {vector_of("post_attention_norm", d), vector_of("post_ffw_norm", d)};
        return Layer{{full ? make_mixer("full", decoder.shape)
                           : make_mixer("gated_delta", delta, {{"key_heads", key_heads}, {"conv", kernel}})},
                     gated(decoder.d_ff),
                     std::move(norms)};
      });
  // Released checkpoints state no rotary base, and then rotate nothing.
  const std::optional<Config> rope = config.object("rope_parameters");
  if ((rope && rope->has("rope_theta")) || config.has("rope_theta")) {
    read_rope(config, model, 65536);
  } else {
    set_positions(model, PositionEncoding::none, config.count("max_position_embeddings", 65536));
  }
}

}  // namespace

CTXCOST_FAMILY(kOlmoHybrid) = {
    .model_types = "olmo_hybrid",
    .architectures = "OlmoHybridForCausalLM",
    .read = read_olmo_hybrid,
};

}  // namespace ctxcost::huggingface
