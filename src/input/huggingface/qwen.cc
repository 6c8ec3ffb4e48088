// Qwen: v1, 2, 2-MoE, 3, 3-MoE.
// [Qwen/Qwen configuration_qwen.py; transformers configuration_qwen2.py, modeling_qwen2.py and those of its followers]
#include <algorithm>

#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"
#include "qwen3_vision.h"

namespace ctxcost::huggingface {
namespace {

constexpr DecoderDefaults kQwen2 = {
    .vocab = 151936, .d_model = 4096, .d_ff = 22016, .layers = 32, .heads = 32, .kv_heads = 32};

struct Sliding {
  std::optional<Count> window;
  std::vector<std::string_view> kinds;
};

/// Layers from max_window_layers on slide, and only with use_sliding_window.
Sliding read_sliding(const Config& config, std::uint32_t layers) {
  Sliding sliding;
  Count first = layers;
  if (config.flag("use_sliding_window", false)) {
    sliding.window = config.nullable("sliding_window", 4096, 1);
    if (sliding.window) first = config.count("max_window_layers", 28, 0);
  }
  sliding.kinds = layer_kinds(config, layers, kFullAndSliding,
                              [first](std::uint32_t i) { return Count(i) >= first ? kSlidingLayer : kFullLayer; });
  return sliding;
}

/// The 1M releases state the window before dual chunk attention beside it.
void read_qwen_positions(const Config& config, Model& model) {
  read_rope(config, model, 32768);
  const std::optional<Config> dual = config.object("dual_chunk_attention_config");
  if (!dual) return;
  config.note("dual chunk attention is counted as full attention");
  if (const auto original = dual->nullable("original_max_position_embeddings", std::nullopt, 1)) {
    model.positions.trained_context = original;
    model.positions.scaling_type = "dual_chunk";
  }
}

/// Adds layers of which some have experts: those not in mlp_only_layers, at every decoder_sparse_step-th place.
void add_sparse_layers(const Config& config, Model& model, const Decoder& decoder, const Experts& experts) {
  const Sliding sliding = read_sliding(config, decoder.layers);
  const Count step = config.count("decoder_sparse_step", 1);
  const std::vector<Count> dense = config.counts("mlp_only_layers").value_or(std::vector<Count>{});
  struct Variant {
    std::string_view kind;
    bool sparse;
    bool operator==(const Variant&) const = default;
  };
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) {
        const bool listed = std::find(dense.begin(), dense.end(), Count(i)) != dense.end();
        return Variant{sliding.kinds[i], !listed && (Count(i) + 1) % step == 0};
      },
      [&](const Variant& variant) {
        return Layer{{attention(variant.kind, decoder.shape, sliding.window.value_or(1))},
                     variant.sparse ? gated_experts(experts) : gated(decoder.d_ff),
                     pre_norms(kRmsNorm, decoder.d_model)};
      });
}

void read_qwen(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config, {.vocab = 151936, .d_model = 4096, .d_ff = 22016, .layers = 32, .heads = 32, .grouped = false});
  if (const auto width = config.nullable("kv_channels", std::nullopt, 1)) {
    decoder.shape = make_shape(config, decoder.d_model, decoder.shape.heads, decoder.shape.heads, *width);
  }
  decoder.shape.qkv_bias = true;
  decoder.shape.output_bias = !config.flag("no_bias", true);
  add_frame(model, decoder, kRmsNorm);
  // intermediate_size counts both input matrices together.
  add_layers(model, decoder.layers,
             {{attention(kFullLayer, decoder.shape, 1)},
              gated(decoder.d_ff / 2, decoder.shape.output_bias),
              pre_norms(kRmsNorm, decoder.d_model)});
  read_rope(config, model, 8192);
}

void read_qwen2(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, kQwen2);
  decoder.shape.qkv_bias = true;  // without a key that says so
  const Sliding sliding = read_sliding(config, decoder.layers);
  add_frame(model, decoder, kRmsNorm);
  add_layers_of_kinds(config, model, decoder, sliding.kinds, sliding.window, gated(decoder.d_ff),
                      pre_norms(kRmsNorm, decoder.d_model));
  read_qwen_positions(config, model);
}

void read_qwen3(const Config& config, Model& model) {
  DecoderDefaults defaults = kQwen2;
  defaults.d_k = 128;
  Decoder decoder = read_decoder(config, defaults);
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  decoder.shape.qk_norm = QkNorm::head;
  const Sliding sliding = read_sliding(config, decoder.layers);
  add_frame(model, decoder, kRmsNorm);
  add_layers_of_kinds(config, model, decoder, sliding.kinds, sliding.window, gated(decoder.d_ff),
                      pre_norms(kRmsNorm, decoder.d_model));
  read_qwen_positions(config, model);
  if (model.family.starts_with("qwen3_vl")) add_qwen3_vision(config, model);
}

void read_qwen2_moe(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 151936, .d_model = 2048, .d_ff = 5632, .layers = 24, .heads = 16, .kv_heads = 16});
  decoder.shape.qkv_bias = config.flag("qkv_bias", true);
  Experts experts{};
  experts.count = config.count("num_experts", 60);
  experts.active = config.count("num_experts_per_tok", 4);
  experts.d_ff = config.count("moe_intermediate_size", 1408);
  experts.shared_d_ff = config.count("shared_expert_intermediate_size", 5632);
  experts.shared_gate = true;
  add_frame(model, decoder, kRmsNorm);
  add_sparse_layers(config, model, decoder, checked(config, experts));
  read_qwen_positions(config, model);
}

void read_qwen3_moe(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 151936, .d_model = 2048, .d_ff = 6144, .layers = 24, .heads = 32, .kv_heads = 4});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  decoder.shape.qk_norm = QkNorm::head;
  Experts experts{};
  experts.count = config.count({"num_experts", "num_local_experts"}, 128);
  experts.active = config.count("num_experts_per_tok", 8);
  experts.d_ff = config.count("moe_intermediate_size", 768);
  add_frame(model, decoder, kRmsNorm);
  add_sparse_layers(config, model, decoder, checked(config, experts));
  read_qwen_positions(config, model);
  if (model.family.starts_with("qwen3_vl")) add_qwen3_vision(config, model);
}

// What its GGUF files say.

void read_qwen2_gguf(gguf::Header& file) {
  set_decoder(file, "qwen2");
  file.set_flag("use_sliding_window", false);
}

void read_qwen3_gguf(gguf::Header& file) {
  set_decoder(file, "qwen3");
  set_attention_bias(file);
  file.set_flag("use_sliding_window", false);
}

void set_qwen_experts(gguf::Header& file) {
  set_experts(file, "num_experts");
  file.need("moe_intermediate_size", "expert_feed_forward_length");
  file.set_flag("use_sliding_window", false);
  file.set("decoder_sparse_step", 1);
}

void read_qwen2_moe_gguf(gguf::Header& file) {
  set_decoder(file, "qwen2_moe");
  set_qwen_experts(file);
  file.set_flag("qkv_bias", file.in_any_layer("attn_q.bias"));
  file.need("shared_expert_intermediate_size", "expert_shared_feed_forward_length");
}

void read_qwen3_moe_gguf(gguf::Header& file) {
  set_decoder(file, "qwen3_moe");
  set_attention_bias(file);
  set_qwen_experts(file);
}

}  // namespace

CTXCOST_FAMILY(kQwen) = {
    .model_types = "qwen",
    .architectures = "QWenLMHeadModel",
    .read = read_qwen,
    .gguf = {.fused_qkv = true},
};

CTXCOST_FAMILY(kQwen2) = {
    .model_types = "qwen2",
    .architectures = "Qwen2ForCausalLM",
    .read = read_qwen2,
    .gguf_architectures = "qwen2 qwen2vl",
    .read_gguf = read_qwen2_gguf,
    .gguf = {.class_70b = Class70b::all},
    .heads = {.reward = ScoreForm::dense},
};

CTXCOST_FAMILY(kQwen2Vl) = {
    .model_types = "qwen2_vl qwen2_vl_text qwen2_5_vl qwen2_5_vl_text qwen2_5_omni_text",
    .architectures = "Qwen2VLForConditionalGeneration Qwen2_5_VLForConditionalGeneration",
    .read = read_qwen2,
};

CTXCOST_FAMILY(kQwen2Moe) = {
    .model_types = "qwen2_moe",
    .architectures = "Qwen2MoeForCausalLM",
    .read = read_qwen2_moe,
    .gguf_architectures = "qwen2moe",
    .read_gguf = read_qwen2_moe_gguf,
};

CTXCOST_FAMILY(kQwen3) = {
    .model_types = "qwen3 qwen3_vl qwen3_vl_text",
    .architectures = "Qwen3ForCausalLM Qwen3VLForConditionalGeneration",
    .read = read_qwen3,
    .gguf_architectures = "qwen3 qwen3vl",
    .read_gguf = read_qwen3_gguf,
};

CTXCOST_FAMILY(kQwen3Moe) = {
    .model_types = "qwen3_moe qwen3_vl_moe qwen3_vl_moe_text qwen3_omni_moe_text",
    .architectures = "Qwen3MoeForCausalLM Qwen3VLMoeForConditionalGeneration",
    .read = read_qwen3_moe,
    .gguf_architectures = "qwen3moe qwen3vlmoe",
    .read_gguf = read_qwen3_moe_gguf,
};

}  // namespace ctxcost::huggingface
