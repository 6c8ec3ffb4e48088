// Mamba and Mamba-2, in transformers' layout and in the original one (d_model, n_layer, ssm_cfg).
// [transformers configuration_mamba.py, modeling_mamba.py, configuration_mamba2.py; state-spaces/mamba
//  mamba_ssm/models/config_mamba.py, mixer_seq_simple.py, modules/mamba_simple.py, modules/mamba2.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"
#include "state_space.h"

namespace ctxcost::huggingface {
namespace {

/// What a stack of Mamba layers has besides its mixer.
struct MambaStack {
  std::uint32_t layers;
  Count vocab, d_model;
  bool tied;
  NormForm norm = kRmsNorm;
  Count d_ff = 0;  ///< of the feed-forward after each mixer; 0 = none
};

void add_stack(Model& model, const MambaStack& stack, std::shared_ptr<const Mixer> mixer) {
  Decoder frame;
  frame.layers = stack.layers;
  frame.vocab = stack.vocab;
  frame.d_model = stack.d_model;
  frame.tied = stack.tied;
  add_frame(model, frame, stack.norm);
  Layer layer;
  layer.mixers = {std::move(mixer)};
  append_norm(layer.extras, "attn_norm", stack.norm, stack.d_model);
  if (stack.d_ff > 0) {
    append_norm(layer.extras, "ffn_norm", stack.norm, stack.d_model);
    layer.feed_forward = gated(stack.d_ff);
  }
  add_layers(model, stack.layers, std::move(layer));
  set_positions(model, PositionEncoding::none, std::nullopt);
}

void read_mamba(const Config& config, Model& model) {
  const MambaStack stack = {config.layers("num_hidden_layers", 32), config.count("vocab_size", 50280),
                            config.count("hidden_size", 768), config.flag("tie_word_embeddings", true)};
  MambaForm form;
  form.d_model = stack.d_model;
  // intermediate_size is derived in the class; files that give it repeat expand * hidden_size.
  form.inner = config.has("intermediate_size") ? config.count("intermediate_size", 1)
                                               : config.count("expand", 2) * stack.d_model;
  form.state = config.count("state_size", 16);
  form.conv = config.count("conv_kernel", 4);
  form.dt_rank = read_dt_rank(config, "time_step_rank", stack.d_model);
  form.conv_bias = config.flag("use_conv_bias", true);
  form.proj_bias = config.flag("use_bias", false);
  add_stack(model, stack, mamba(form));
}

void read_mamba2(const Config& config, Model& model) {
  const MambaStack stack = {config.layers("num_hidden_layers", 64), config.count("vocab_size", 32768),
                            config.count("hidden_size", 4096), config.flag("tie_word_embeddings", false)};
  Mamba2Form form;
  form.d_model = stack.d_model;
  form.head_dim_key = "head_dim";
  form.groups_key = "n_groups";
  form.head_dim = config.count(form.head_dim_key, 64);
  form.heads = config.count("num_heads", 128);
  form.state = config.count("state_size", 128);
  form.groups = config.count(form.groups_key, 8);
  form.conv = config.count("conv_kernel", 4);
  form.chunk = config.count("chunk_size", 256);
  form.conv_bias = config.flag("use_conv_bias", true);
  form.proj_bias = config.flag("use_bias", false);
  const Count inner = config.count("expand", 2) * stack.d_model;
  if (form.heads * form.head_dim != inner) {
    config.fault("num_heads", "expected num_heads * head_dim = expand * hidden_size (" + to_string(inner) +
                                  "), found " + to_string(form.heads * form.head_dim));
  }
  add_stack(model, stack, mamba2(config, form));
}

void read_mamba_original(const Config& config, Model& model) {
  const Config layer = config.object("ssm_cfg").value_or(config);
  const bool second = layer.has("layer") && layer.text("layer", "Mamba1") == "Mamba2";
  if (!second && layer.has("layer") && layer.text("layer", "") != "Mamba1") {
    layer.fault("layer", "unknown layer \"" + layer.text("layer", "") + "\"; expected \"Mamba1\" or \"Mamba2\"");
  }

  MambaStack stack = {config.layers("n_layer", 64), config.count("vocab_size", 50277), config.count("d_model", 2560),
                      config.flag("tie_embeddings", true)};
  stack.vocab = round_up(stack.vocab, config.count("pad_vocab_size_multiple", 8));
  if (!config.flag("rms_norm", true)) stack.norm = kLayerNorm;
  // GatedMLP rounds its width up [modules/mlp.py].
  if (config.has("d_intermediate")) stack.d_ff = round_up(config.count("d_intermediate", 0, 0), 128);
  const std::optional<std::vector<Count>> attention_layers = config.counts("attn_layer_idx");
  if (attention_layers && !attention_layers->empty()) {
    config.fault("attn_layer_idx", "attention layers with a convolution (mamba2attn) are not supported");
  }

  if (second) {
    Mamba2Form form;
    form.d_model = stack.d_model;
    form.head_dim_key = "headdim";
    form.groups_key = "ngroups";
    form.head_dim = layer.count(form.head_dim_key, 64);
    form.inner = layer.count("expand", 2) * stack.d_model;
    form.state = layer.count("d_state", 128);
    form.groups = layer.count(form.groups_key, 1);
    form.conv = layer.count("d_conv", 4);
    form.chunk = layer.count("chunk_size", 256);
    form.conv_bias = layer.flag("conv_bias", true);
    form.proj_bias = layer.flag("bias", false);
    form.gated_norm = layer.flag("rmsnorm", true);
    add_stack(model, stack, mamba2(layer, form));
    return;
  }
  MambaForm form;
  form.d_model = stack.d_model;
  form.inner = layer.count("expand", 2) * stack.d_model;
  form.state = layer.count("d_state", 16);
  form.conv = layer.count("d_conv", 4);
  form.dt_rank = layer.has("dt_rank") ? read_dt_rank(layer, "dt_rank", stack.d_model) : ceil_div(stack.d_model, 16);
  form.conv_bias = layer.flag("conv_bias", true);
  form.proj_bias = layer.flag("bias", false);
  add_stack(model, stack, mamba(form));
}

// What its GGUF files say.

void read_mamba_gguf(gguf::Header& file) {
  set_frame(file, "mamba");
  file.need("intermediate_size", "ssm.inner_size");
  file.need("state_size", "ssm.state_size");
  file.need("conv_kernel", "ssm.conv_kernel");
  file.need("time_step_rank", "ssm.time_step_rank");
  file.set_flag("use_conv_bias", file.in_any_layer("ssm_conv1d.bias"));
  file.set_flag("use_bias", file.in_any_layer("ssm_in.bias"));
}

void read_mamba2_gguf(gguf::Header& file) {
  set_frame(file, "mamba2");
  const Count heads = state_heads(file);
  file.set("num_heads", heads, file.key("ssm.time_step_rank"));
  file.set("head_dim", file.required("ssm.inner_size") / heads, file.key("ssm.inner_size"));
  file.set("expand", expansion(file), file.key("ssm.inner_size"));
  file.need("state_size", "ssm.state_size");
  file.need("n_groups", "ssm.group_count");
  file.need("conv_kernel", "ssm.conv_kernel");
  file.set("chunk_size", 256);
  file.set_flag("use_conv_bias", file.in_any_layer("ssm_conv1d.bias"));
  file.set_flag("use_bias", file.in_any_layer("ssm_in.bias"));
}

}  // namespace

CTXCOST_FAMILY(kMamba) = {
    .model_types = "mamba falcon_mamba",
    .architectures = "MambaForCausalLM FalconMambaForCausalLM",
    .read = read_mamba,
    .gguf_architectures = "mamba",
    .read_gguf = read_mamba_gguf,
    .modules = {.part = "mixer.", .backbone = true},
};

CTXCOST_FAMILY(kMamba2) = {
    .model_types = "mamba2",
    .architectures = "Mamba2ForCausalLM",
    .read = read_mamba2,
    .gguf_architectures = "mamba2",
    .read_gguf = read_mamba2_gguf,
    .modules = {.part = "mixer.", .backbone = true},
};

CTXCOST_FAMILY(kMambaOriginal) = {
    .model_types = "mamba_ssm",
    .read = read_mamba_original,
    .own_key = "ssm_cfg",
    .modules = {.part = "mixer.", .backbone = true},
};

}  // namespace ctxcost::huggingface
