// Kimi Linear and the language model of Kimi K3: Kimi delta attention with latent attention in between.
// [moonshotai Kimi-Linear-48B-A3B configuration_kimi.py, modeling_kimi.py; Kimi-K3 modeling_kimi_linear.py; vLLM
//  vllm/model_executor/layers/kda.py]
#include <algorithm>

#include "checkpoint.h"
#include "family.h"
#include "input/gguf/header.h"
#include "latent.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// True for the layers with delta attention; the file's indices count from 1.
std::vector<bool> delta_layers(const Config& linear, std::uint32_t layers) {
  std::vector<bool> delta(layers);
  std::vector<bool> listed(layers);
  const auto mark = [&](const Keys& key, bool is_delta) {
    const std::optional<std::vector<Count>> indices = linear.counts(key);
    if (!indices) return;
    for (const Count index : *indices) {
      if (index == 0 || index > Count{layers}) {
        linear.fault(key, "expected layers from 1 to " + std::to_string(layers) + ", found " + to_string(index));
        return;
      }
      const std::size_t i = index.u64() - 1;
      if (listed[i]) linear.fault(key, "layer " + to_string(index) + " is listed twice");
      listed[i] = true;
      delta[i] = is_delta;
    }
  };
  mark("kda_layers", true);
  mark("full_attn_layers", false);
  // One list is the other's complement; a layer in neither has full attention [modeling_kimi.py, is_kda_layer].
  const bool named = linear.has("full_attn_layers");
  if (linear.has("kda_layers")) {
    if (!named) linear.assume("no full_attn_layers: the layers that are not in kda_layers");
  } else if (named) {
    linear.assume("no kda_layers: the layers that are not in full_attn_layers");
    for (std::uint32_t i = 0; i < layers; ++i) delta[i] = !listed[i];
  } else {
    linear.fault("kda_layers", "expected a list of layers, or full_attn_layers, found neither");
  }
  return delta;
}

void read_kimi_linear(const Config& config, Model& model) {
  const Decoder decoder =
      read_latent_decoder(config, {.vocab = 163840, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32});
  Latent latent = read_latent(config, decoder.d_model, decoder.shape.heads, {512, 0, 128, 64, 128});
  latent.shape.gate = config.has("mla_use_output_gate") && config.flag("mla_use_output_gate", false);

  std::vector<bool> delta(decoder.layers);
  MixerShape delta_shape = latent.shape;
  MixerSettings delta_settings;
  if (const std::optional<Config> linear = config.object("linear_attn_config")) {
    delta = delta_layers(*linear, decoder.layers);
    const Count heads = linear->required("num_heads");
    delta_shape = make_shape(*linear, decoder.d_model, heads, heads, linear->required("head_dim"));
    delta_settings.set("conv", linear->count("short_conv_kernel_size", 4));
    if (linear->has("use_full_rank_gate") && linear->flag("use_full_rank_gate", false)) {
      delta_settings.set("full_rank_gate", true);
    }
  }

  Experts experts;
  experts.count = config.nullable("num_experts").value_or(0);
  Count first_expert_layer = decoder.layers;
  Count frequency = 1;
  if (experts.count > 0) {
    experts.active = config.required({"num_experts_per_token", "num_experts_per_tok"});
    experts.d_ff = config.required("moe_intermediate_size");
    experts.shared_d_ff = config.nullable("num_shared_experts", 0).value_or(0) * experts.d_ff;
    experts.router_bias = true;
    experts.latent = config.nullable("routed_expert_hidden_size").value_or(0);
    experts.latent_norm = experts.latent > 0 && config.flag("latent_moe_use_norm", false);
    experts = checked(config, experts);
    first_expert_layer = config.count("first_k_dense_replace", 0, 0);
    frequency = config.count("moe_layer_freq", 1);
  }

  // Attention over the depth: each mixer and feed-forward scores the blocks of layers before it by one row.
  const bool residual_attention = config.nullable("attn_res_block_size").has_value();
  std::vector<Tensor> extras = pre_norms(kRmsNorm, decoder.d_model);
  if (residual_attention) {
    for (const std::string_view name : {"attn_res_norm", "ffn_res_norm"}) {
      append_norm(extras, name, kRmsNorm, decoder.d_model);
    }
    for (const std::string_view name : {"attn_res", "ffn_res"}) extras.push_back(linear(name, decoder.d_model, 1));
  }

  add_frame(model, decoder, kRmsNorm);
  if (residual_attention) {
    add_tensor(model, Place::final_norm, vector_of("output_res_norm", decoder.d_model));
    add_tensor(model, Place::final_norm, linear("output_res", decoder.d_model, 1));
  }
  const auto layer = [&](bool is_delta, bool with_experts) {
    return Layer{{is_delta ? make_mixer("kimi_delta", delta_shape, delta_settings)
                           : make_mixer("latent", latent.shape, latent.settings)},
                 with_experts ? gated_experts(experts) : gated(decoder.d_ff),
                 extras};
  };
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) {
        return std::pair<bool, bool>(delta[i], Count{i} >= first_expert_layer && Count{i} % frequency == 0);
      },
      [&](const std::pair<bool, bool>& variant) { return layer(variant.first, variant.second); });

  PredictionLayers prediction;
  prediction.count = config.nullable("num_nextn_predict_layers").value_or(0);
  prediction.layer = layer(false, experts.count > 0);
  add_prediction_layers(config, model, prediction, "num_nextn_predict_layers; embedding and head are the model's");

  if (config.has("mla_use_nope") && config.flag("mla_use_nope", false)) {
    set_positions(model, PositionEncoding::none, config.nullable({"max_position_embeddings", "model_max_length"}));
  } else {
    read_rope(config, model, std::nullopt);
  }
}

// What its GGUF files say. Layers with delta attention have no KV heads.

void read_kimi_linear_gguf(gguf::Header& file) {
  set_frame(file, "kimi_linear");
  set_latent(file);
  file.need("intermediate_size", "feed_forward_length");
  file.set_flag("mla_use_nope", true);
  file.set_flag("mla_use_output_gate", false);
  std::vector<Count> delta, full;
  const std::vector<Count> kv_heads = file.per_layer("attention.head_count_kv");
  for (std::uint32_t i = 0; i < file.layers(); ++i) (kv_heads[i] == 0 ? delta : full).push_back(i + 1);
  const std::optional<Count> heads = file.rows_in_layers("ssm_beta.weight");
  file.set_object("linear_attn_config",
                  {.counts = {{"num_heads", heads ? *heads : file.required("attention.head_count")},
                              {"head_dim", file.required("kda.head_dim")},
                              {"short_conv_kernel_size", file.required("ssm.conv_kernel")}},
                   .lists = {{"kda_layers", delta}, {"full_attn_layers", full}}},
                  file.key("attention.head_count_kv"));
  set_experts(file, "num_experts");
  file.need("moe_intermediate_size", "expert_feed_forward_length");
  file.need("num_shared_experts", "expert_shared_count");
  file.need("first_k_dense_replace", "leading_dense_block_count");
}

}  // namespace

CTXCOST_FAMILY(kKimiLinear) = {
    .model_types = "kimi_linear kimi_k3",
    .architectures = "KimiLinearForCausalLM KimiK3ForConditionalGeneration",
    .read = read_kimi_linear,
    .gguf_architectures = "kimi-linear",
    .read_gguf = read_kimi_linear_gguf,
    .modules = {.part = "block_sparse_moe."},
};

}  // namespace ctxcost::huggingface
