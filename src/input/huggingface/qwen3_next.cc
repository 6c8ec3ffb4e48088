// Qwen3-Next and Qwen3.5: gated delta nets with gated full attention every few layers.
// [transformers configuration_qwen3_next.py, modeling_qwen3_next.py, configuration_qwen3_5.py,
//  configuration_qwen3_5_moe.py, modular_qwen3_5.py]
#include <algorithm>

#include "checkpoint.h"
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"
#include "qwen3_vision.h"

namespace ctxcost::huggingface {
namespace {

struct HybridLine {
  DecoderDefaults decoder;
  bool dense = false;  ///< no experts at all (Qwen3.5)
  std::uint32_t experts = 0, active = 0, expert_d_ff = 0, shared_d_ff = 0;
};

constexpr HybridLine kNext = {
    {.vocab = 151936, .d_model = 2048, .d_ff = 5632, .layers = 48, .heads = 16, .kv_heads = 2, .d_k = 256},
    false,
    512,
    10,
    512,
    512};
constexpr HybridLine kDense = {
    {.vocab = 248320, .d_model = 4096, .d_ff = 12288, .layers = 32, .heads = 16, .kv_heads = 4, .d_k = 256}, true};
constexpr HybridLine kMoe = {
    {.vocab = 248320, .d_model = 2048, .d_ff = 0, .layers = 40, .heads = 16, .kv_heads = 2, .d_k = 256},
    false,
    256,
    8,
    512,
    512};

/// The decoder, and the layer that a prediction layer is: full attention with the family's feed-forward.
PredictionLayers read_line(const Config& config, Model& model, const HybridLine& line) {
  Decoder decoder =
      line.decoder.d_ff > 0 ? read_decoder(config, line.decoder) : read_decoder_without_ff(config, line.decoder);
  MixerShape& full = decoder.shape;
  full.qkv_bias = full.output_bias = config.flag("attention_bias", false);
  full.qk_norm = QkNorm::head;
  full.gate = !config.has("attn_output_gate") || config.flag("attn_output_gate", true);

  const Count value_heads = config.count("linear_num_value_heads", 32);
  const Count key_heads = config.count("linear_num_key_heads", 16);
  if (value_heads % key_heads != 0) {
    config.fault("linear_num_key_heads", "expected a divisor of linear_num_value_heads (" + to_string(value_heads) +
                                             "), found " + to_string(key_heads));
  }
  MixerShape delta;
  delta.heads = delta.kv_heads = value_heads;
  delta.d_k = config.count("linear_key_head_dim", 128);
  delta.d_v = config.count("linear_value_head_dim", 128);
  delta.d_model = decoder.d_model;
  const Count kernel = config.count("linear_conv_kernel_dim", 4);

  Experts experts;
  if (!line.dense) {
    experts.count = config.count("num_experts", line.experts, 0);
    experts.active = config.count("num_experts_per_tok", line.active, experts.count > 0 ? 1 : 0);
    experts.d_ff = config.count("moe_intermediate_size", line.expert_d_ff);
    experts.shared_d_ff = config.count("shared_expert_intermediate_size", line.shared_d_ff, 0);
    experts.shared_gate = experts.shared_d_ff > 0;
    experts = checked(config, experts);
  }
  const Count step = config.has("decoder_sparse_step") ? config.count("decoder_sparse_step", 1) : Count{1};
  const std::vector<Count> dense_layers = config.counts("mlp_only_layers").value_or(std::vector<Count>{});
  const auto has_experts = [&](std::uint32_t i) {
    return experts.count > 0 && Count{i + 1} % step == 0 &&
           std::find(dense_layers.begin(), dense_layers.end(), Count{i}) == dense_layers.end();
  };

  Count interval = 4;
  if (!config.has("layer_types")) interval = config.count("full_attention_interval", 4);
  const std::vector<std::string_view> kinds = layer_kinds(config, decoder.layers, kFullAndLinear, [&](std::uint32_t i) {
    return Count{i + 1} % interval == 0 ? kFullLayer : kLinearLayer;
  });

  const auto layer = [&](bool is_full, bool with_experts) {
    return Layer{{is_full ? make_mixer("full", full)
                          : make_mixer("gated_delta", delta, {{"key_heads", key_heads}, {"conv", kernel}})},
                 with_experts ? gated_experts(experts) : gated(decoder.d_ff),
                 pre_norms(kRmsNorm, decoder.d_model)};
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) { return std::pair<bool, bool>(kinds[i] == kFullLayer, has_experts(i)); },
      [&](const std::pair<bool, bool>& variant) { return layer(variant.first, variant.second); });
  read_rope(config, model, 32768);
  return {1, layer(true, experts.count > 0), false};
}

void read_qwen3_5_line(const Config& config, Model& model, const HybridLine& line) {
  PredictionLayers prediction = read_line(config, model, line);
  prediction.count = config.nullable("mtp_num_hidden_layers").value_or(0);
  prediction.own_embedding =
      config.has("mtp_use_dedicated_embeddings") && config.flag("mtp_use_dedicated_embeddings", false);
  add_prediction_layers(config, model, prediction, "mtp_num_hidden_layers");
  add_qwen3_vision(config, model);
}

void read_qwen3_next(const Config& config, Model& model) {
  const PredictionLayers prediction = read_line(config, model, kNext);
  // No key tells it: Qwen3-Next-80B-A3B holds one such layer, Qwen3-Coder-Next, of the same shape, none.
  add_prediction_layers(config, model, prediction, "Qwen3-Next-80B-A3B holds one that config.json does not mention");
}

void read_qwen3_5(const Config& config, Model& model) { read_qwen3_5_line(config, model, kDense); }
void read_qwen3_5_moe(const Config& config, Model& model) { read_qwen3_5_line(config, model, kMoe); }

// What its GGUF files say.

/// Qwen3-Next and Qwen3.5: the delta net's heads are called the state space's groups and time steps.
void set_delta_net(gguf::Header& file, std::string_view model_type) {
  set_frame(file, model_type);
  set_heads(file);
  set_attention_bias(file);
  file.need("linear_conv_kernel_dim", "ssm.conv_kernel");
  file.need("linear_key_head_dim", "ssm.state_size");
  file.need("linear_num_key_heads", "ssm.group_count");
  file.need("linear_num_value_heads", "ssm.time_step_rank");
  const Count heads = file.required("ssm.time_step_rank");
  const Count inner = file.required("ssm.inner_size");
  if (heads == 0 || inner % heads != 0) {
    file.fail(file.key("ssm.inner_size"),
              "expected a multiple of ssm.time_step_rank (" + to_string(heads) + "), found " + to_string(inner));
  }
  file.set("linear_value_head_dim", inner / heads, file.key("ssm.inner_size"));
  file.set("full_attention_interval", file.count("full_attention_interval").value_or(4));
  file.set_flag("attn_output_gate", true);
  file.set("mtp_num_hidden_layers", 0);
}

void set_delta_net_experts(gguf::Header& file) {
  set_experts(file, "num_experts");
  file.need("moe_intermediate_size", "expert_feed_forward_length");
  file.set("shared_expert_intermediate_size", file.count("expert_shared_feed_forward_length").value_or(0));
}

void read_qwen3_next_gguf(gguf::Header& file) {
  set_delta_net(file, "qwen3_next");
  set_delta_net_experts(file);
  file.copy("intermediate_size", "feed_forward_length");
}

void read_qwen3_5_gguf(gguf::Header& file) {
  set_delta_net(file, "qwen3_5_text");
  file.need("intermediate_size", "feed_forward_length");
}

void read_qwen3_5_moe_gguf(gguf::Header& file) {
  set_delta_net(file, "qwen3_5_moe_text");
  set_delta_net_experts(file);
}

}  // namespace

CTXCOST_FAMILY(kQwen35) = {
    .model_types = "qwen3_5 qwen3_5_text",
    .architectures = "Qwen3_5ForConditionalGeneration Qwen3_5ForCausalLM",
    .read = read_qwen3_5,
    .gguf_architectures = "qwen35",
    .read_gguf = read_qwen3_5_gguf,
    .gguf = {.gate_in_query = true},
};

CTXCOST_FAMILY(kQwen35Moe) = {
    .model_types = "qwen3_5_moe qwen3_5_moe_text",
    .architectures = "Qwen3_5MoeForConditionalGeneration Qwen3_5MoeForCausalLM",
    .read = read_qwen3_5_moe,
    .gguf_architectures = "qwen35moe",
    .read_gguf = read_qwen3_5_moe_gguf,
    .gguf = {.gate_in_query = true},
};

CTXCOST_FAMILY(kQwen3Next) = {
    .model_types = "qwen3_next",
    .architectures = "Qwen3NextForCausalLM",
    .read = read_qwen3_next,
    .gguf_architectures = "qwen3next",
    .read_gguf = read_qwen3_next_gguf,
    .gguf = {.gate_in_query = true},
};

}  // namespace ctxcost::huggingface
