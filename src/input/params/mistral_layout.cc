// Mistral's params.json: dense, mixtures, latent attention (Mistral Large 3), Mamba. [mistral-inference
// src/mistral_inference/args.py, moe.py, mamba.py; vLLM transformers_utils/configs/mistral.py]
#include "layout.h"

namespace ctxcost::params {
namespace {

bool is_mistral(const JsonValue& root) { return root.find("hidden_dim") != nullptr; }

bool is_mistral_mamba(const JsonValue& root) {
  const JsonValue* type = root.find("model_type");
  return type != nullptr && type->is(JsonValue::Type::string) && type->text == "mamba";
}

/// A window for all layers, or a list that is repeated and has null for those without.
void translate_window(ObjectCursor& file, Translation& config) {
  const JsonValue* window = file.find("sliding_window");
  if (window != nullptr && window->is(JsonValue::Type::array)) {
    const JsonValue* layers = file.find("n_layers");
    const std::optional<Count> count = layers == nullptr ? std::nullopt : parse_digits(layers->text);
    JsonValue width, kinds;
    kinds.type = JsonValue::Type::array;
    for (const JsonValue& item : window->items) {
      if (item.is(JsonValue::Type::null)) continue;
      if (!given(&width)) width = item;
      if (item.text != width.text) return file.fault("sliding_window", "expected one width of all windows");
    }
    if (window->items.empty() || !count || *count > Count{4096} || *count % Count{window->items.size()} != 0) {
      return file.fault("sliding_window", "expected a list whose length divides n_layers");
    }
    kinds.items.reserve(count->u64());
    for (std::uint64_t i = 0; i < count->u64(); ++i) {
      const JsonValue& item = window->items[i % window->items.size()];
      kinds.items.push_back(text_value(item.is(JsonValue::Type::null) ? "full_attention" : "sliding_attention"));
    }
    config.set("layer_types", std::move(kinds), file.pointer("sliding_window"));
    config.set("sliding_window", std::move(width), file.pointer("sliding_window"));
  } else if (given(window)) {
    config.copy("sliding_window", file, "sliding_window");
  } else {
    config.set_null("sliding_window");
  }
}

void translate_yarn(ObjectCursor& file, Translation& config) {
  if (!given(file.find("yarn"))) return;
  std::optional<ObjectCursor> yarn = file.object("yarn");
  if (!yarn) return;
  std::vector<JsonMember> rope;
  rope.push_back(member("rope_type", text_value("yarn")));
  for (const char* key : {"factor", "original_max_position_embeddings"}) {
    if (const JsonValue* value = yarn->find(key)) rope.push_back(member(key, *value));
  }
  constexpr std::string_view kOfNoCost[] = {"beta", "alpha", "apply_scale"};
  skip(*yarn, kOfNoCost);
  yarn->finish();
  config.set("rope_scaling", object_value(std::move(rope)), file.pointer("yarn"));
}

void translate_quantization(ObjectCursor& file, Translation& config) {
  const JsonValue* own = file.find("quantization");
  const JsonValue* method = file.find("quantization_config");
  if (given(method)) config.set("quantization_config", *method, file.pointer("quantization_config"));
  if (!given(own) || given(method)) return;
  const JsonValue* weights = own->find("qformat_weight");
  if (weights == nullptr || weights->text != "fp8_e4m3") {
    return config.set("quantization_config", *own, file.pointer("quantization"));
  }
  const JsonValue* activations = own->find("qscheme_act");
  const bool dynamic = activations != nullptr && activations->text == "NO_SCALES";
  config.set("quantization_config",
             object_value({member("quant_method", text_value("fp8")),
                           member("activation_scheme", text_value(dynamic ? "dynamic" : "static"))}),
             file.pointer("quantization"));
}

/// Experts as Mixtral has them, or with always-on ones beside them, as DeepSeek-V3 has them.
void translate_experts(ObjectCursor& file, Translation& config, bool latent) {
  std::optional<ObjectCursor> moe = file.object("moe");
  if (!moe) return;
  config.need(latent ? "n_routed_experts" : "num_local_experts", *moe, "num_experts");
  config.need("num_experts_per_tok", *moe, "num_experts_per_tok");
  constexpr std::string_view kOfNoCost[] = {"expert_parallel",           "expert_model_parallel", "num_expert_groups",
                                            "num_expert_groups_per_tok", "routed_scale",          "renorm_strategy"};
  skip(*moe, kOfNoCost);
  if (latent) {
    config.need("moe_intermediate_size", *moe, "expert_hidden_dim");
    config.set("n_shared_experts", moe->count("num_shared_experts", {.least = 0}).value_or(0),
               moe->pointer("num_shared_experts"));
    config.set("first_k_dense_replace", moe->count("first_k_dense_replace", {.least = 0}).value_or(0),
               moe->pointer("first_k_dense_replace"));
    config.copy("moe_layer_freq", *moe, "route_every_n");
    config.set_text("topk_method", moe->flag("use_load_balancing_bias").value_or(false) ? "noaux_tc" : "greedy");
  }
  moe->finish("of Mistral's params.json");
}

void translate_mistral(ObjectCursor& file, Translation& config) {
  constexpr std::string_view kTypes[] = {"transformer"};
  file.choice("model_type", kTypes);
  const bool experts = given(file.find("moe"));
  const bool latent = given(file.find("kv_lora_rank"));
  config.set_text("model_type", latent ? "deepseek_v3" : experts ? "mixtral" : "mistral");
  config.need("hidden_size", file, "dim");
  config.need("num_hidden_layers", file, "n_layers");
  config.need("num_attention_heads", file, "n_heads");
  config.need("intermediate_size", file, "hidden_dim");
  config.need("vocab_size", file, "vocab_size");
  config.need("num_key_value_heads", file, "n_kv_heads");
  config.need("head_dim", file, "head_dim");
  if (latent) {
    config.need("kv_lora_rank", file, "kv_lora_rank");
    config.copy("q_lora_rank", file, "q_lora_rank");
    if (!given(file.find("q_lora_rank"))) config.set_null("q_lora_rank");
    config.need("qk_nope_head_dim", file, "qk_nope_head_dim");
    config.need("qk_rope_head_dim", file, "qk_rope_head_dim");
    config.need("v_head_dim", file, "v_head_dim");
    config.set_flag("attention_bias", false);
    if (!experts) config.set_null("n_routed_experts");
  }
  if (experts) translate_experts(file, config, latent);
  translate_window(file, config);
  config.set_flag("tie_word_embeddings", file.flag("tied_embeddings").value_or(false));
  config.copy("max_position_embeddings", file, "max_position_embeddings");
  if (!config.states_length()) config.copy("max_position_embeddings", file, "max_seq_len");
  translate_yarn(file, config);
  translate_quantization(file, config);
  if (const JsonValue* type = file.find("dtype"); given(type)) config.set("torch_dtype", *type, file.pointer("dtype"));
  for (const char* key : {"vision_encoder", "multimodal"}) {
    const JsonValue* tower = file.find(key);
    if (!given(tower)) continue;
    const bool audio = tower->find("whisper_model_args") != nullptr;
    config.set(audio ? "audio_config" : "vision_config", *tower, file.pointer(key));
  }
  constexpr std::string_view kOfNoCost[] = {"norm_eps",   "rope_theta", "max_batch_size", "max_seq_len",
                                            "activation", "causal",     "llama_4_scaling"};
  skip(file, kOfNoCost);
}

void translate_mistral_mamba(ObjectCursor& file, Translation& config) {
  config.need("d_model", file, "dim");
  config.need("n_layer", file, "n_layers");
  config.need("vocab_size", file, "vocab_size");
  JsonValue groups = integer_value(file.required_count("n_groups", {}).value_or(1));
  config.set("ssm_cfg", object_value({member("layer", text_value("Mamba2")), member("ngroups", std::move(groups))}),
             file.pointer("n_groups"));
  config.set_flag("rms_norm", file.flag("rms_norm").value_or(true));
  config.need("pad_vocab_size_multiple", file, "pad_vocab_size_multiple");
  config.set_flag("tie_embeddings", file.flag("tie_embeddings").value_or(true));
  constexpr std::string_view kOfNoCost[] = {"residual_in_fp32", "fused_add_norm", "model_type"};
  skip(file, kOfNoCost);
}

}  // namespace

const Layout kMistralLayout = {"Mistral's params.json", is_mistral, translate_mistral};
const Layout kMistralMambaLayout = {"Mistral's params.json", is_mistral_mamba, translate_mistral_mamba};

}  // namespace ctxcost::params
