// Falcon-H1: attention and Mamba-2 side by side in every layer.
// [transformers configuration_falcon_h1.py, modeling_falcon_h1.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"
#include "state_space.h"

namespace ctxcost::huggingface {
namespace {

void read_falcon_h1(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 128000, .d_model = 4096, .d_ff = 14336, .layers = 32, .heads = 32, .kv_heads = 8});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);

  // Null falls back to mamba_expand * hidden_size, absent to the class default.
  std::optional<Count> inner = config.nullable("mamba_d_ssm", 1024, 1);
  if (!inner) inner = config.count("mamba_expand", 2) * decoder.d_model;
  Mamba2Form form = read_mamba2(config, decoder.d_model, *inner, to_string(*inner) + " (mamba_d_ssm)");
  form.gated_norm = config.flag("mamba_rms_norm", false);

  add_frame(model, decoder, kRmsNorm);
  add_layers(model, decoder.layers,
             {{attention(kFullLayer, decoder.shape, 0), mamba2(config, form)},
              gated(decoder.d_ff, config.flag("mlp_bias", false)),
              pre_norms(kRmsNorm, decoder.d_model)});
  read_rope(config, model, 8192);
}

// What its GGUF files say.

void read_falcon_h1_gguf(gguf::Header& file) {
  set_decoder(file, "falcon_h1");
  set_attention_bias(file);
  file.set_flag("mlp_bias", file.in_any_layer("ffn_up.bias"));
  file.need("mamba_d_ssm", "ssm.inner_size");
  file.set("mamba_n_heads", state_heads(file), file.key("ssm.time_step_rank"));
  file.need("mamba_d_state", "ssm.state_size");
  file.need("mamba_n_groups", "ssm.group_count");
  file.need("mamba_d_conv", "ssm.conv_kernel");
  file.set_flag("mamba_conv_bias", file.in_any_layer("ssm_conv1d.bias"));
  file.set_flag("mamba_proj_bias", file.in_any_layer("ssm_in.bias"));
  file.set_flag("mamba_rms_norm", file.in_any_layer("ssm_norm.weight"));
}

}  // namespace

CTXCOST_FAMILY(kFalconH1) = {
    .model_types = "falcon_h1",
    .architectures = "FalconH1ForCausalLM",
    .read = read_falcon_h1,
    .gguf_architectures = "falcon-h1",
    .read_gguf = read_falcon_h1_gguf,
    .modules = {.part = "feed_forward."},
};

}  // namespace ctxcost::huggingface
