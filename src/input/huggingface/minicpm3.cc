// MiniCPM3: latent attention, values as wide as a head of hidden_size.
// [openbmb/MiniCPM3-4B configuration_minicpm.py, modeling_minicpm.py]
#include "family.h"
#include "latent.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_minicpm3(const Config& config, Model& model) {
  const Decoder decoder = read_latent_decoder(
      config, {.vocab = 32000, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32, .tied = true});
  const Count heads = decoder.shape.heads;
  if (decoder.d_model % heads != 0) {
    config.fault("num_attention_heads",
                 "expected a divisor of hidden_size (" + to_string(decoder.d_model) + "), found " + to_string(heads));
    return;
  }
  // There is no v_head_dim.
  Latent latent;
  const Count rope = config.count("qk_rope_head_dim", 32, 0);
  latent.shape = make_shape(config, decoder.d_model, heads, heads, config.count("qk_nope_head_dim", 64) + rope);
  latent.shape.d_v = decoder.d_model / heads;
  latent.settings.set("kv_rank", config.count("kv_lora_rank", 256));
  latent.settings.set("q_rank", config.count("q_lora_rank", 768));
  latent.settings.set("rope_dim", rope);

  std::vector<Tensor> extras = pre_norms(kRmsNorm, decoder.d_model);
  if (config.flag("attention_bias", false)) {
    extras.push_back(bias_of("attn_q_a", latent.settings.count("q_rank")));
    extras.push_back(bias_of("attn_kv_a_mqa", latent.settings.count("kv_rank") + rope));
    extras.push_back(bias_of("attn_output", decoder.d_model));
  }
  add_frame(model, decoder, kRmsNorm);
  add_layers(model, decoder.layers,
             {{make_mixer("latent", latent.shape, latent.settings)}, gated(decoder.d_ff), std::move(extras)});
  read_rope(config, model, 2048);
}

}  // namespace

CTXCOST_FAMILY(kMinicpm3) = {
    .model_types = "minicpm3",
    .architectures = "MiniCPM3ForCausalLM",
    .read = read_minicpm3,
    .gguf = {.long_rope_tables = true},
};

}  // namespace ctxcost::huggingface
