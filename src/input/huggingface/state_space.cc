#include "state_space.h"

namespace ctxcost::huggingface {

bool is_auto(const Config& config, const Keys& keys) {
  const Config::Found found = config.find(keys);
  return found && found.value->is(JsonValue::Type::string) && found.value->text == "auto";
}

Count read_dt_rank(const Config& config, const Keys& keys, Count d_model) {
  const Count computed = ceil_div(d_model, 16);
  return is_auto(config, keys) ? computed : config.count(keys, computed);
}

Mamba2Form read_mamba2(const Config& config, Count d_model) {
  const Count inner = config.count("mamba_expand", 2) * d_model;
  return read_mamba2(config, d_model, inner, "mamba_expand * hidden_size (" + to_string(inner) + ")");
}

Mamba2Form read_mamba2(const Config& config, Count d_model, Count inner, const std::string& inner_words) {
  Mamba2Form form;
  form.d_model = d_model;
  form.inner = inner;
  const Count heads = config.count("mamba_n_heads", 128);
  form.head_dim = config.has("mamba_d_head") && !is_auto(config, "mamba_d_head") ? config.count("mamba_d_head", 64)
                                                                                 : max(inner / heads, 1);
  if (heads * form.head_dim != inner) {
    config.fault("mamba_n_heads", "expected mamba_n_heads * mamba_d_head = " + inner_words + ", found " +
                                      to_string(heads * form.head_dim));
  }
  form.state = config.count("mamba_d_state", 256);
  form.groups = config.count("mamba_n_groups", 1);
  form.conv = config.count("mamba_d_conv", 4);
  form.chunk = config.count("mamba_chunk_size", 256);
  form.conv_bias = config.flag("mamba_conv_bias", true);
  form.proj_bias = config.flag("mamba_proj_bias", false);
  return form;
}

std::shared_ptr<const Mixer> mamba(const MambaForm& form) {
  MixerShape shape;
  // One head as wide as the layer: the mixer has no heads of its own.
  shape.heads = shape.kv_heads = 1;
  shape.d_k = shape.d_v = form.inner;
  shape.d_model = form.d_model;
  return make_mixer("mamba", shape,
                    {{"state", form.state},
                     {"inner", form.inner},
                     {"conv", form.conv},
                     {"dt_rank", form.dt_rank},
                     {"conv_bias", form.conv_bias},
                     {"proj_bias", form.proj_bias},
                     {"inner_norms", form.inner_norms}});
}

std::shared_ptr<const Mixer> mamba2(const Config& config, Mamba2Form form) {
  const Count inner = form.inner.value_or(form.heads * form.head_dim);
  if (inner % form.head_dim != 0) {
    config.fault(form.head_dim_key,
                 "expected a divisor of the inner width " + to_string(inner) + ", found " + to_string(form.head_dim));
    form.head_dim = inner;
  }
  const Count heads = inner / form.head_dim;
  if (heads % form.groups != 0) {
    config.fault(form.groups_key,
                 "expected a divisor of the " + to_string(heads) + " heads, found " + to_string(form.groups));
    form.groups = 1;
  }
  MixerShape shape;
  shape.heads = shape.kv_heads = heads;
  shape.d_k = shape.d_v = form.head_dim;
  shape.d_model = form.d_model;
  return make_mixer("mamba2", shape,
                    {{"state", form.state},
                     {"head_dim", form.head_dim},
                     {"groups", form.groups},
                     {"inner", inner},
                     {"conv", form.conv},
                     {"chunk", form.chunk},
                     {"conv_bias", form.conv_bias},
                     {"proj_bias", form.proj_bias},
                     {"gated_norm", form.gated_norm}});
}

}  // namespace ctxcost::huggingface
