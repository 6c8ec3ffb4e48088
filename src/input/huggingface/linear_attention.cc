// Models of flash-linear-attention: a linear attention in a Llama's layer, in some layers perhaps full attention.
// [fla-org/flash-linear-attention fla/models/<name>/configuration_<name>.py, fla/layers/<name>.py, fla/modules/mlp.py]
#include "ctxcost/model/positions.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// What these files have in common.
struct LinearStack {
  Decoder decoder;  ///< the shape holds the heads only
  std::vector<bool> attends;
  std::shared_ptr<const Mixer> attention;  ///< of the layers in `attn`
};

/// hidden_size times a ratio as written, rounded down.
Count expanded(const Config& config, const Keys& key, Count d_model, std::string_view class_default) {
  const std::string ratio = config.number(key, class_default);
  const std::optional<Count> width = scaled_window(d_model, ratio);
  if (width && *width > 0) return *width;
  config.fault(key, "expected a number above 0, found " + ratio);
  return d_model;
}

/// Without `heads` the class has none.
LinearStack read_linear_stack(const Config& config, std::uint32_t layers, std::optional<std::uint32_t> heads,
                              std::string_view hidden_ratio) {
  LinearStack stack;
  Decoder& decoder = stack.decoder;
  decoder.layers = config.layers("num_hidden_layers", layers);
  decoder.vocab = config.count("vocab_size", 32000);
  decoder.d_model = config.count("hidden_size", 2048);
  decoder.tied = config.flag("tie_word_embeddings", false);
  if (heads) decoder.shape.heads = config.count("num_heads", *heads);
  if (const std::optional<Count> width = config.nullable("intermediate_size", std::nullopt, 1)) {
    decoder.d_ff = *width;
  } else {
    // Two thirds of the ratio's, since there are three matrices, in whole 256 [fla/modules/mlp.py GatedMLP].
    decoder.d_ff = ceil_div(expanded(config, "hidden_ratio", 2 * decoder.d_model, hidden_ratio) / 3, 256) * 256;
  }
  stack.attends.resize(decoder.layers);
  const std::optional<Config> hybrid = config.object("attn");
  if (!hybrid) return stack;
  const std::optional<std::vector<Count>> listed = hybrid->counts("layers");
  if (!listed) hybrid->fault("layers", "expected a list of layers, found nothing");
  for (const Count index : listed.value_or(std::vector<Count>{})) {
    if (index < Count{decoder.layers}) {
      stack.attends[index.u64()] = true;
    } else {
      hybrid->fault("layers",
                    "expected layers below " + std::to_string(decoder.layers) + ", found " + to_string(index));
    }
  }
  const Count own_heads = hybrid->required("num_heads");
  MixerShape shape = make_shape(*hybrid, decoder.d_model, own_heads,
                                hybrid->nullable("num_kv_heads", std::nullopt, 1).value_or(own_heads),
                                max(decoder.d_model / own_heads, 1));
  shape.qkv_bias = hybrid->flag("qkv_bias", false);
  const std::optional<Count> window = hybrid->nullable("window_size", std::nullopt, 1);
  stack.attention = attention(window ? kSlidingLayer : kFullLayer, shape, window.value_or(1));
  return stack;
}

/// Heads of a width of `keys` and `values` in all.
MixerShape linear_shape(const Config& config, const LinearStack& stack, Count kv_heads, Count keys, Count values) {
  const Count heads = stack.decoder.shape.heads;
  if (keys % heads != 0 || values % heads != 0) {
    config.fault("num_heads", "expected a divisor of the keys' and values' widths (" + to_string(keys) + " and " +
                                  to_string(values) + "), found " + to_string(heads));
  }
  MixerShape shape = make_shape(config, stack.decoder.d_model, heads, kv_heads, max(keys / heads, 1));
  shape.d_v = max(values / heads, 1);
  return shape;
}

/// These forms are not counted.
void expect_flag(const Config& config, const Keys& key, bool value) {
  if (config.flag(key, value) != value) {
    config.fault(key, std::string("expected ") + (value ? "true" : "false") + ": the other form is not counted");
  }
}

void add_linear_stack(const Config& config, Model& model, const LinearStack& stack,
                      const std::shared_ptr<const Mixer>& mixer) {
  expect_flag(config, "elementwise_affine", true);
  const Decoder& decoder = stack.decoder;
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return bool{stack.attends[i]}; },
      [&](bool attends) {
        return Layer{{attends ? stack.attention : mixer}, gated(decoder.d_ff), pre_norms(kRmsNorm, decoder.d_model)};
      });
  if (stack.attention) {
    read_rope(config, model, 2048);
  } else {
    set_positions(model, PositionEncoding::none, longest_sequence(config, 2048));
  }
}

void read_gla(const Config& config, Model& model) {
  const LinearStack stack = read_linear_stack(config, 24, 4, "4");
  expect_flag(config, "use_short_conv", false);
  const Count d = stack.decoder.d_model;
  const Count kv_heads = config.nullable("num_kv_heads", std::nullopt, 1).value_or(stack.decoder.shape.heads);
  const Count keys = expanded(config, "expand_k", d, "0.5");
  const Count values = expanded(config, "expand_v", d, "1");
  const MixerShape shape = linear_shape(config, stack, kv_heads, keys, values);
  add_linear_stack(config, model, stack,
                   make_mixer("gated_linear", shape, {{"output_gate", config.flag("use_output_gate", true)}}));
}

void add_lower_bounds(const Config& config, Model& model, const Decoder& decoder) {
  if (!config.flag("use_lower_bound", true)) return;
  add_tensor(model, Place::other, lookup("lower_bounds", decoder.d_model, decoder.layers));
}

void read_hgrn(const Config& config, Model& model) {
  LinearStack stack = read_linear_stack(config, 24, std::nullopt, "4");
  expect_flag(config, "use_short_conv", false);
  const Count d = stack.decoder.d_model;
  const Count width = expanded(config, "expand_ratio", d, "1");
  const MixerShape shape = make_shape(config, d, 1, 1, width);
  add_linear_stack(config, model, stack, make_mixer("hgrn", shape, {{"width", width}}));
  add_lower_bounds(config, model, stack.decoder);
}

void read_hgrn2(const Config& config, Model& model) {
  LinearStack stack = read_linear_stack(config, 24, 16, "4");
  expect_flag(config, "use_short_conv", false);
  const Count d = stack.decoder.d_model;
  const std::optional<Count> width = config.nullable("expand_ratio", 128, 1);
  if (width) stack.decoder.shape.heads = max(d / *width, 1);
  const Count heads = stack.decoder.shape.heads;
  const MixerShape shape = linear_shape(config, stack, heads, width ? heads * *width : d, d);
  add_linear_stack(
      config, model, stack,
      make_mixer("gated_linear", shape, {{"gate_rank", Count{}}, {"output_gate", false}, {"joint_norm", true}}));
  add_lower_bounds(config, model, stack.decoder);
}

void read_retnet(const Config& config, Model& model) {
  const LinearStack stack = read_linear_stack(config, 24, 8, "2");
  const Count d = stack.decoder.d_model;
  expect_flag(config, "use_output_gate", true);
  expect_flag(config, "use_short_conv", false);
  const Count kv_heads = config.nullable("num_kv_heads", std::nullopt, 1).value_or(stack.decoder.shape.heads);
  const Count keys = expanded(config, "expand_k", d, "1");
  const Count values = expanded(config, "expand_v", d, "2");
  add_linear_stack(config, model, stack, make_mixer("retention", linear_shape(config, stack, kv_heads, keys, values)));
}

void read_delta_net(const Config& config, Model& model) {
  const LinearStack stack = read_linear_stack(config, 24, 16, "4");
  const Count d = stack.decoder.d_model;
  expect_flag(config, "use_beta", true);
  expect_flag(config, "use_short_conv", true);
  const Count keys = expanded(config, "expand_k", d, "1");
  const Count values = expanded(config, "expand_v", d, "1");
  add_linear_stack(
      config, model, stack,
      make_mixer("delta", linear_shape(config, stack, stack.decoder.shape.heads, keys, values),
                 {{"conv", config.count("conv_size", 4)}, {"output_gate", config.flag("use_gate", false)}}));
}

void read_gated_deltanet(const Config& config, Model& model) {
  const LinearStack stack = read_linear_stack(config, 21, 6, "4");
  expect_flag(config, "use_gate", true);
  expect_flag(config, "use_short_conv", true);
  const Count key_heads = stack.decoder.shape.heads;
  const Count heads = config.nullable("num_v_heads", std::nullopt, 1).value_or(key_heads);
  const Count d_k = config.count("head_dim", 256);
  MixerShape shape = make_shape(config, stack.decoder.d_model, heads, heads, d_k);
  shape.d_v = expanded(config, "expand_v", d_k, "2");
  add_linear_stack(
      config, model, stack,
      make_mixer("gated_delta", shape, {{"key_heads", key_heads}, {"conv", config.count("conv_size", 4)}}));
}

}  // namespace

CTXCOST_FAMILY(kGla) = {
    .model_types = "gla",
    .architectures = "GLAForCausalLM",
    .read = read_gla,
};

CTXCOST_FAMILY(kHgrn) = {
    .model_types = "hgrn",
    .architectures = "HGRNForCausalLM",
    .read = read_hgrn,
};

CTXCOST_FAMILY(kHgrn2) = {
    .model_types = "hgrn2",
    .architectures = "HGRN2ForCausalLM",
    .read = read_hgrn2,
};

CTXCOST_FAMILY(kRetnet) = {
    .model_types = "retnet",
    .architectures = "RetNetForCausalLM",
    .read = read_retnet,
};

CTXCOST_FAMILY(kDeltaNet) = {
    .model_types = "delta_net",
    .architectures = "DeltaNetForCausalLM",
    .read = read_delta_net,
};

CTXCOST_FAMILY(kGatedDeltanet) = {
    .model_types = "gated_deltanet",
    .architectures = "GatedDeltaNetForCausalLM",
    .read = read_gated_deltanet,
};

}  // namespace ctxcost::huggingface
