// From GGUF metadata to config.json keys, one function for each of llama.cpp's architectures: what its converter
// writes, read backwards [llama.cpp conversion/*.py, gguf-py/gguf/constants.py]. What a GGUF does not say (biases, an
// output matrix) is told by the tensors it holds.
#include "gguf_model.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "input/huggingface/huggingface.h"
#include "input/json/json.h"

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

/// As many layers as the readers of config.json allow.
constexpr std::uint64_t kMostLayers = 4096;

JsonValue integer(Count value) {
  JsonValue json;
  json.type = Type::integer;
  json.text = to_string(value);
  return json;
}
JsonValue flag(bool value) {
  JsonValue json;
  json.type = Type::boolean;
  json.boolean = value;
  return json;
}
JsonValue text(std::string value) {
  JsonValue json;
  json.type = Type::string;
  json.text = std::move(value);
  return json;
}
JsonValue list(std::vector<JsonValue> items) {
  JsonValue json;
  json.type = Type::array;
  json.items = std::move(items);
  return json;
}

/// The metadata of one architecture, the tensors, and the config that is made of them.
class Source {
 public:
  explicit Source(const std::vector<TensorFile>& parts) : file_(parts.front()) {
    for (const TensorFile& part : parts) {
      for (const FileTensor& tensor : part.tensors) tensors_.emplace(tensor.name, &tensor);
    }
    config_.type = Type::object;
    prefix_ = general("architecture") + ".";
    const Count layers = required("block_count");
    if (layers == 0 || layers > kMostLayers) {
      fail(key("block_count"),
           "expected an integer from 1 to " + std::to_string(kMostLayers) + ", found " + to_string(layers));
    }
    layers_ = static_cast<std::uint32_t>(layers.u64());
  }

  [[noreturn]] void fail(const std::string& place, std::string message, std::string hint = {}) const {
    throw InputError(Diagnostic{file_.path, place, std::move(message), std::move(hint)});
  }

  std::string key(std::string_view name) const { return prefix_ + std::string(name); }
  std::string architecture() const { return prefix_.substr(0, prefix_.size() - 1); }
  const std::string& path() const { return file_.path; }
  std::uint32_t layers() const { return layers_; }
  /// Layers that predict one more token stand behind the others and are counted in `block_count`.
  void drop_layers(Count count) {
    if (count >= layers_) fail(key("nextn_predict_layers"), "expected fewer than block_count");
    layers_ -= static_cast<std::uint32_t>(count.u64());
  }

  /// A string under "general."; empty where absent.
  std::string general(std::string_view name) const {
    const GgufValue* value = file_.find("general." + std::string(name));
    const auto* found = value == nullptr ? nullptr : std::get_if<std::string>(value);
    return found == nullptr ? std::string() : *found;
  }
  bool has(std::string_view name) const { return file_.find(key(name)) != nullptr; }

  std::optional<Count> count(std::string_view name) const {
    const GgufValue* value = file_.find(key(name));
    if (value == nullptr) return std::nullopt;
    if (const auto* list_value = std::get_if<GgufArray>(value)) return same_in_all(name, *list_value);
    return scalar(name, *value);
  }
  Count required(std::string_view name) const {
    const std::optional<Count> value = count(name);
    if (!value) fail(key(name), "expected an integer, found nothing");
    return *value;
  }
  /// One value a layer, whether the file has a list or one number for all.
  std::vector<Count> per_layer(std::string_view name) const {
    const GgufValue* value = file_.find(key(name));
    if (value == nullptr) fail(key(name), "expected an integer or one a layer, found nothing");
    const auto* listed = std::get_if<GgufArray>(value);
    if (listed == nullptr) return std::vector<Count>(layers_, scalar(name, *value));
    if (listed->integers.size() != listed->length || listed->length < layers_) {
      fail(key(name), "expected one integer a layer (" + std::to_string(layers_) + "), found a list of " +
                          std::to_string(listed->length));
    }
    std::vector<Count> counts;
    for (std::uint32_t i = 0; i < layers_; ++i) counts.push_back(non_negative(name, listed->integers[i]));
    return counts;
  }
  std::string string(std::string_view name) const {
    const GgufValue* value = file_.find(key(name));
    if (value == nullptr) return {};
    const auto* found = std::get_if<std::string>(value);
    if (found == nullptr) fail(key(name), "expected a string");
    return *found;
  }
  std::optional<double> real(std::string_view name) const {
    const GgufValue* value = file_.find(key(name));
    if (value == nullptr) return std::nullopt;
    if (const auto* number = std::get_if<double>(value)) return *number;
    return scalar(name, *value).to_double();
  }

  const FileTensor* tensor(const std::string& name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : found->second;
  }
  bool in_layer(std::uint32_t layer, std::string_view name) const {
    return tensor("blk." + std::to_string(layer) + "." + std::string(name)) != nullptr;
  }
  bool in_any_layer(std::string_view name) const {
    for (std::uint32_t i = 0; i < layers_; ++i) {
      if (in_layer(i, name)) return true;
    }
    return false;
  }
  /// The token table is the file's own word on its rows: some converters cut or pad the vocabulary.
  Count vocabulary() const {
    if (const FileTensor* table = tensor("token_embd.weight"); table != nullptr && table->shape.size() == 2) {
      return table->shape[1];
    }
    if (const std::optional<Count> stated = count("vocab_size")) return *stated;
    const GgufValue* tokens = file_.find("tokenizer.ggml.tokens");
    const auto* names = tokens == nullptr ? nullptr : std::get_if<GgufArray>(tokens);
    if (names == nullptr) fail("token_embd.weight", "expected a token table or a vocabulary, found neither");
    return names->length;
  }
  /// "bfloat16", "float16" or "float32": the widest-used plain type tells what the model computes in.
  std::string_view plain_type() const {
    bool halves = false, quantised = false;
    for (const auto& [name, held] : tensors_) {
      if (held->type == "bf16") return "bfloat16";
      halves = halves || held->type == "f16";
      quantised = quantised || (held->type != "f16" && held->type != "f32");
    }
    return halves || quantised ? "float16" : "float32";
  }

  /// Sets a key of the config; `from` is the GGUF key that faults about it will name.
  void set(std::string_view name, JsonValue value, std::string from = {}) {
    origin_[std::string(name)] = from.empty() ? std::string(name) : std::move(from);
    config_.members.push_back({std::string(name), 0, std::move(value)});
  }
  void set(std::string_view name, Count value) { set(name, integer(value)); }
  void set_flag(std::string_view name, bool value) { set(name, flag(value)); }
  void set_text(std::string_view name, std::string value) { set(name, text(std::move(value))); }
  void set_null(std::string_view name) { set(name, JsonValue{}); }
  /// Copies an integer; absent stays absent.
  void copy(std::string_view name, std::string_view from) {
    if (const std::optional<Count> value = count(from)) set(name, integer(*value), key(from));
  }
  /// The same; an absent one is a fault.
  void need(std::string_view name, std::string_view from) { set(name, integer(required(from)), key(from)); }

  JsonValue take_config() { return std::move(config_); }
  /// Faults name keys of the config that the file does not have: puts those of the GGUF in their place.
  std::string original_place(const std::string& place) const {
    if (place.empty() || place.front() != '/') return place;
    const std::size_t end = std::min(place.find('/', 1), place.size());
    const auto found = origin_.find(place.substr(1, end - 1));
    return found == origin_.end() ? place : found->second + place.substr(end);
  }

 private:
  Count non_negative(std::string_view name, std::int64_t value) const {
    if (value < 0) fail(key(name), "expected a non-negative integer, found " + std::to_string(value));
    return value;
  }
  Count scalar(std::string_view name, const GgufValue& value) const {
    if (const auto* number = std::get_if<std::uint64_t>(&value)) return *number;
    if (const auto* number = std::get_if<std::int64_t>(&value)) return non_negative(name, *number);
    fail(key(name), "expected an integer, found another type");
  }
  Count same_in_all(std::string_view name, const GgufArray& values) const {
    if (values.integers.empty() || values.integers.size() != values.length) {
      fail(key(name), "expected an integer or one a layer, found a list of " + std::to_string(values.length));
    }
    for (const std::int64_t value : values.integers) {
      if (value != values.integers.front()) fail(key(name), "expected the same integer for every layer");
    }
    return non_negative(name, values.integers.front());
  }

  const TensorFile& file_;
  std::string prefix_;
  std::uint32_t layers_ = 0;
  std::unordered_map<std::string_view, const FileTensor*> tensors_;
  JsonValue config_;
  std::unordered_map<std::string, std::string> origin_;
};

std::string shortest(double value) {
  std::array<char, 64> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<float>(value), std::chars_format::fixed);
  return end.ec == std::errc() ? std::string(digits.data(), end.ptr) : "0";
}

/// Layers, width, vocabulary, types, context and how it was extended: nearly the same in every architecture.
void set_frame(Source& file, std::string_view model_type) {
  file.set_text("model_type", std::string(model_type));
  file.set("num_hidden_layers", integer(file.layers()), file.key("block_count"));
  file.need("hidden_size", "embedding_length");
  file.set("vocab_size", integer(file.vocabulary()), "token_embd.weight");
  file.set_text("torch_dtype", std::string(file.plain_type()));
  file.set_flag("tie_word_embeddings", file.tensor("output.weight") == nullptr);
  file.copy("max_position_embeddings", "context_length");
  const std::string scaling = file.string("rope.scaling.type");
  const bool long_rope = file.tensor("rope_factors_long.weight") != nullptr;
  if (!long_rope && (scaling.empty() || scaling == "none")) return;
  JsonValue rope;
  rope.type = Type::object;
  rope.members.push_back({"rope_type", 0, text(long_rope ? "longrope" : scaling)});
  if (const std::optional<double> factor = file.real("rope.scaling.factor"); factor && !long_rope) {
    JsonValue number;
    number.type = Type::real;
    number.text = shortest(*factor);
    rope.members.push_back({"factor", 0, std::move(number)});
  }
  if (const std::optional<Count> original = file.count("rope.scaling.original_context_length")) {
    rope.members.push_back({"original_max_position_embeddings", 0, integer(*original)});
  }
  file.set("rope_scaling", std::move(rope), file.key("rope.scaling"));
}

void set_heads(Source& file) {
  file.need("num_attention_heads", "attention.head_count");
  file.copy("num_key_value_heads", "attention.head_count_kv");
  file.copy("head_dim", "attention.key_length");
}

/// Queries, keys and values, and the attention's output, with or without bias.
void set_attention_bias(Source& file) {
  file.set_flag("attention_bias", file.in_any_layer("attn_q.bias") || file.in_any_layer("attn_qkv.bias"));
}

void set_decoder(Source& file, std::string_view model_type) {
  set_frame(file, model_type);
  set_heads(file);
  file.need("intermediate_size", "feed_forward_length");
}

void set_experts(Source& file, std::string_view count_key) {
  file.need(count_key, "expert_count");
  file.need("num_experts_per_tok", "expert_used_count");
}

/// A window, or null for none.
void set_window(Source& file) {
  const std::optional<Count> window = file.count("attention.sliding_window");
  if (window && *window > 0) {
    file.set("sliding_window", integer(*window), file.key("attention.sliding_window"));
  } else {
    file.set_null("sliding_window");
  }
}

/// Layers in which `names[0]` stands are of kind `names[1]`, the others of kind `names[2]`.
void set_layer_types(Source& file, std::string_view marker, std::string_view with, std::string_view without) {
  std::vector<JsonValue> kinds;
  for (std::uint32_t i = 0; i < file.layers(); ++i) {
    kinds.push_back(text(std::string(file.in_layer(i, marker) ? with : without)));
  }
  file.set("layer_types", list(std::move(kinds)), "layers");
}

/// KV heads of the layers that have a cache, where the others state 0.
void set_hybrid_heads(Source& file) {
  Count kv_heads;
  for (const Count heads : file.per_layer("attention.head_count_kv")) kv_heads = max(kv_heads, heads);
  Count query_heads;
  for (const Count heads : file.per_layer("attention.head_count")) query_heads = max(query_heads, heads);
  file.set("num_attention_heads", integer(query_heads), file.key("attention.head_count"));
  file.set("num_key_value_heads", integer(kv_heads), file.key("attention.head_count_kv"));
  file.copy("head_dim", "attention.key_length");
}

// One function for each architecture, or for several alike.

/// Also what else its converter writes as "llama": Mistral, Mixtral, Yi.
void llama(Source& file) {
  const bool mixture = file.count("expert_count").value_or(0) > 0;
  set_decoder(file, mixture ? "mixtral" : "llama");
  if (mixture) {
    set_experts(file, "num_local_experts");
    file.set_null("sliding_window");
    return;
  }
  set_attention_bias(file);
  file.set_flag("mlp_bias", file.in_any_layer("ffn_gate.bias"));
}

void plain_decoder(Source& file, std::string_view model_type) {
  set_decoder(file, model_type);
  set_attention_bias(file);
  set_window(file);
}
void granite(Source& file) {
  plain_decoder(file, "granite");
  file.set_flag("mlp_bias", file.in_any_layer("ffn_gate.bias"));
}
void smollm3(Source& file) {
  plain_decoder(file, "smollm3");
  file.set_flag("mlp_bias", false);
  file.set_flag("use_sliding_window", false);
  file.set("no_rope_layer_interval", 4);
}
void seed_oss(Source& file) {
  plain_decoder(file, "seed_oss");
  file.set_flag("attention_out_bias", file.in_any_layer("attn_output.bias"));
  file.set_flag("mlp_bias", false);
}
void gemma(Source& file) { plain_decoder(file, "gemma"); }
void gemma2(Source& file) { plain_decoder(file, "gemma2"); }
void olmo(Source& file) { plain_decoder(file, "olmo"); }
void olmo2(Source& file) {
  // OLMo 3 is the same with windows in three of four layers.
  plain_decoder(file, file.has("attention.sliding_window") ? "olmo3" : "olmo2");
}
void glm4(Source& file) { plain_decoder(file, "glm4"); }

void gemma3(Source& file) {
  plain_decoder(file, "gemma3_text");
  const std::optional<Count> pattern = file.count("attention.sliding_window_pattern");
  file.set("sliding_window_pattern", pattern.value_or(6));
}

void cohere(Source& file) {
  plain_decoder(file, "cohere");
  file.set_flag("use_qk_norm", file.in_any_layer("attn_q_norm.weight"));
}
void cohere2(Source& file) {
  plain_decoder(file, "cohere2");
  file.set("sliding_window_pattern", 4);
}

void phi2(Source& file) { set_decoder(file, "phi"); }
void phi3(Source& file) { plain_decoder(file, "phi3"); }
void phimoe(Source& file) {
  plain_decoder(file, "phimoe");
  set_experts(file, "num_local_experts");
  file.set_flag("lm_head_bias", file.tensor("output.bias") != nullptr);
}

void qwen2(Source& file) {
  set_decoder(file, "qwen2");
  file.set_flag("use_sliding_window", false);
}
void qwen3(Source& file) {
  set_decoder(file, "qwen3");
  set_attention_bias(file);
  file.set_flag("use_sliding_window", false);
}
void set_qwen_experts(Source& file) {
  set_experts(file, "num_experts");
  file.need("moe_intermediate_size", "expert_feed_forward_length");
  file.set_flag("use_sliding_window", false);
  file.set("decoder_sparse_step", 1);
}
void qwen2_moe(Source& file) {
  set_decoder(file, "qwen2_moe");
  set_qwen_experts(file);
  file.set_flag("qkv_bias", file.in_any_layer("attn_q.bias"));
  file.need("shared_expert_intermediate_size", "expert_shared_feed_forward_length");
}
void qwen3_moe(Source& file) {
  set_decoder(file, "qwen3_moe");
  set_attention_bias(file);
  set_qwen_experts(file);
}

/// Qwen3-Next and Qwen3.5: the delta net's heads are called the state space's groups and time steps.
void set_delta_net(Source& file, std::string_view model_type) {
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
  file.set("linear_value_head_dim", integer(inner / heads), file.key("ssm.inner_size"));
  file.set("full_attention_interval", file.count("full_attention_interval").value_or(4));
  file.set_flag("attn_output_gate", true);
  file.set("mtp_num_hidden_layers", 0);
}
void set_delta_net_experts(Source& file) {
  set_experts(file, "num_experts");
  file.need("moe_intermediate_size", "expert_feed_forward_length");
  file.set("shared_expert_intermediate_size", file.count("expert_shared_feed_forward_length").value_or(0));
}
void qwen3_next(Source& file) {
  set_delta_net(file, "qwen3_next");
  set_delta_net_experts(file);
  file.copy("intermediate_size", "feed_forward_length");
}
void qwen3_5(Source& file) {
  set_delta_net(file, "qwen3_5_text");
  file.need("intermediate_size", "feed_forward_length");
}
void qwen3_5_moe(Source& file) {
  set_delta_net(file, "qwen3_5_moe_text");
  set_delta_net_experts(file);
}

void gpt_oss(Source& file) {
  set_frame(file, "gpt_oss");
  set_heads(file);
  set_attention_bias(file);
  set_experts(file, "num_local_experts");
  file.need("intermediate_size", "expert_feed_forward_length");
  file.need("sliding_window", "attention.sliding_window");
}

void granite_moe(Source& file) {
  const bool shared = file.has("expert_shared_feed_forward_length");
  set_decoder(file, shared ? "granitemoeshared" : "granitemoe");
  set_attention_bias(file);
  set_experts(file, "num_local_experts");
  if (shared) file.need("shared_intermediate_size", "expert_shared_feed_forward_length");
}

void minimax_m2(Source& file) {
  set_frame(file, "minimax_m2");
  set_heads(file);
  set_experts(file, "num_local_experts");
  file.need("intermediate_size",
            file.has("expert_feed_forward_length") ? "expert_feed_forward_length" : "feed_forward_length");
  file.set_flag("use_qk_norm", file.in_any_layer("attn_q_norm.weight"));
  file.set_text("qk_norm_type", "per_layer");
  file.set_flag("use_routing_bias", file.in_any_layer("exp_probs_b.bias"));
}

/// Experts with always-on ones beside them, behind the first dense layers: the DeepSeek line and GLM-4.5.
void set_late_experts(Source& file) {
  file.copy("n_routed_experts", "expert_count");
  file.copy("num_experts_per_tok", "expert_used_count");
  file.copy("moe_intermediate_size", "expert_feed_forward_length");
  file.set("n_shared_experts", file.count("expert_shared_count").value_or(0));
  file.set("first_k_dense_replace", file.count("leading_dense_block_count").value_or(0));
}

void glm4_moe(Source& file) {
  const Count predicting = file.count("nextn_predict_layers").value_or(0);
  file.drop_layers(predicting);
  set_decoder(file, "glm4_moe");
  set_attention_bias(file);
  set_late_experts(file);
  file.set_flag("use_qk_norm", file.in_any_layer("attn_q_norm.weight"));
  file.set("num_nextn_predict_layers", predicting);
}

/// Widths of latent attention. Newer files state those of the compressed form as key_length, and the heads' own as
/// key_length_mla; older ones state the heads' own as key_length.
void set_latent(Source& file) {
  file.need("num_attention_heads", "attention.head_count");
  file.need("kv_lora_rank", "attention.kv_lora_rank");
  if (file.has("attention.q_lora_rank")) {
    file.need("q_lora_rank", "attention.q_lora_rank");
  } else {
    file.set_null("q_lora_rank");
  }
  const bool newer = file.has("attention.key_length_mla");
  const std::string_view key_name = newer ? "attention.key_length_mla" : "attention.key_length";
  const Count key_width = file.required(key_name);
  const Count rope = file.required("rope.dimension_count");
  if (rope >= key_width) {
    file.fail(file.key(key_name),
              "expected more than rope.dimension_count (" + to_string(rope) + "), found " + to_string(key_width));
  }
  file.set("qk_rope_head_dim", integer(rope), file.key("rope.dimension_count"));
  file.set("qk_nope_head_dim", integer(key_width - rope), file.key(key_name));
  file.need("v_head_dim", newer ? "attention.value_length_mla" : "attention.value_length");
}

void set_deepseek(Source& file, std::string_view model_type) {
  set_frame(file, model_type);
  set_latent(file);
  file.need("intermediate_size", "feed_forward_length");
  set_late_experts(file);
  // The bias that balances the experts tells V3's routing from V2's.
  file.set_text("topk_method", file.in_any_layer("exp_probs_b.bias") ? "noaux_tc" : "greedy");
  if (!file.has("expert_count")) file.set_null("n_routed_experts");
}
void deepseek2(Source& file) {
  set_deepseek(file, file.in_any_layer("exp_probs_b.bias") ? "deepseek_v3" : "deepseek_v2");
}
void set_indexed(Source& file, std::string_view model_type) {
  file.drop_layers(file.count("nextn_predict_layers").value_or(0));
  set_deepseek(file, model_type);
  file.need("index_n_heads", "attention.indexer.head_count");
  file.need("index_head_dim", "attention.indexer.key_length");
  file.need("index_topk", "attention.indexer.top_k");
}
void deepseek32(Source& file) { set_indexed(file, "deepseek_v32"); }
void glm_dsa(Source& file) { set_indexed(file, "glm_moe_dsa"); }

void mamba(Source& file) {
  set_frame(file, "mamba");
  file.need("intermediate_size", "ssm.inner_size");
  file.need("state_size", "ssm.state_size");
  file.need("conv_kernel", "ssm.conv_kernel");
  file.need("time_step_rank", "ssm.time_step_rank");
  file.set_flag("use_conv_bias", file.in_any_layer("ssm_conv1d.bias"));
  file.set_flag("use_bias", file.in_any_layer("ssm_in.bias"));
}

/// inner / width, which configs state as a factor.
Count expansion(const Source& file) {
  const Count inner = file.required("ssm.inner_size");
  const Count width = file.required("embedding_length");
  if (width == 0 || inner % width != 0) {
    file.fail(file.key("ssm.inner_size"),
              "expected a multiple of embedding_length (" + to_string(width) + "), found " + to_string(inner));
  }
  return inner / width;
}
Count state_heads(const Source& file) {
  const Count heads = file.required("ssm.time_step_rank");
  const Count inner = file.required("ssm.inner_size");
  if (heads == 0 || inner % heads != 0) {
    file.fail(file.key("ssm.time_step_rank"),
              "expected a divisor of ssm.inner_size (" + to_string(inner) + "), found " + to_string(heads));
  }
  return heads;
}

void mamba2(Source& file) {
  set_frame(file, "mamba2");
  const Count heads = state_heads(file);
  file.set("num_heads", integer(heads), file.key("ssm.time_step_rank"));
  file.set("head_dim", integer(file.required("ssm.inner_size") / heads), file.key("ssm.inner_size"));
  file.set("expand", integer(expansion(file)), file.key("ssm.inner_size"));
  file.need("state_size", "ssm.state_size");
  file.need("n_groups", "ssm.group_count");
  file.need("conv_kernel", "ssm.conv_kernel");
  file.set("chunk_size", 256);
  file.set_flag("use_conv_bias", file.in_any_layer("ssm_conv1d.bias"));
  file.set_flag("use_bias", file.in_any_layer("ssm_in.bias"));
}

/// The period and offset at which `marks` are set; faults where they are not periodic.
struct Period {
  std::uint32_t period = 1, offset = 0;
};
Period period_of(const Source& file, const std::string& place, const std::vector<bool>& marks) {
  const auto layers = static_cast<std::uint32_t>(marks.size());
  std::uint32_t first = 0;
  while (first < layers && !marks[first]) ++first;
  std::uint32_t second = first + 1;
  while (second < layers && !marks[second]) ++second;
  // One layer alone recurs after all others.
  const Period found = {second < layers ? second - first : layers, first};
  for (std::uint32_t i = 0; i < layers; ++i) {
    if (marks[i] != (i % found.period == found.offset)) {
      file.fail(place, "expected layers at equal distances, as in Jamba, found others");
    }
  }
  return found;
}

void jamba(Source& file) {
  set_frame(file, "jamba");
  set_hybrid_heads(file);
  file.need("intermediate_size", "feed_forward_length");
  // Its list of KV heads has 0 for the Mamba layers, which one number for all cannot show.
  const std::vector<Count> kv_heads = file.per_layer("attention.head_count_kv");
  std::vector<bool> attention, experts;
  for (std::uint32_t i = 0; i < file.layers(); ++i) {
    attention.push_back(kv_heads[i] > 0);
    experts.push_back(file.in_layer(i, "ffn_gate_inp.weight"));
  }
  const Period attends = period_of(file, file.key("attention.head_count_kv"), attention);
  file.set("attn_layer_period", attends.period);
  file.set("attn_layer_offset", attends.offset);
  if (std::find(experts.begin(), experts.end(), true) != experts.end()) {
    const Period mixes = period_of(file, file.key("expert_count"), experts);
    file.set("expert_layer_period", mixes.period);
    file.set("expert_layer_offset", mixes.offset);
    set_experts(file, "num_experts");
  } else {
    file.set("num_experts", 1);
    file.set("num_experts_per_tok", 1);
  }
  file.set("mamba_expand", integer(expansion(file)), file.key("ssm.inner_size"));
  file.need("mamba_d_state", "ssm.state_size");
  file.need("mamba_d_conv", "ssm.conv_kernel");
  file.need("mamba_dt_rank", "ssm.time_step_rank");
  file.set_flag("mamba_conv_bias", file.in_any_layer("ssm_conv1d.bias"));
  file.set_flag("mamba_proj_bias", file.in_any_layer("ssm_in.bias"));
}

void granite_hybrid(Source& file) {
  set_frame(file, "granitemoehybrid");
  set_hybrid_heads(file);
  set_attention_bias(file);
  set_layer_types(file, "attn_q.weight", "attention", "mamba");
  if (file.in_any_layer("ssm_in.weight")) {
    file.set("mamba_expand", integer(expansion(file)), file.key("ssm.inner_size"));
    file.set("mamba_n_heads", integer(state_heads(file)), file.key("ssm.time_step_rank"));
    file.need("mamba_d_state", "ssm.state_size");
    file.need("mamba_n_groups", "ssm.group_count");
    file.need("mamba_d_conv", "ssm.conv_kernel");
    file.set_flag("mamba_conv_bias", file.in_any_layer("ssm_conv1d.bias"));
    file.set_flag("mamba_proj_bias", file.in_any_layer("ssm_in.bias"));
  }
  const bool mixture = file.count("expert_count").value_or(0) > 0;
  file.need("intermediate_size", "feed_forward_length");
  file.need("shared_intermediate_size", mixture ? "expert_shared_feed_forward_length" : "feed_forward_length");
  if (mixture) {
    set_experts(file, "num_local_experts");
  } else {
    file.set("num_local_experts", 0);
  }
  const bool rope = file.count("rope.dimension_count").value_or(0) > 0 && !file.in_any_layer("ssm_in.weight");
  file.set_text("position_embedding_type", rope ? "rope" : "nope");
}

void lfm2(Source& file) {
  const bool mixture = file.count("expert_count").value_or(0) > 0;
  set_frame(file, mixture ? "lfm2_moe" : "lfm2");
  set_hybrid_heads(file);
  set_layer_types(file, "attn_q.weight", "full_attention", "conv");
  file.need("intermediate_size", "feed_forward_length");
  file.set_flag("block_auto_adjust_ff_dim", false);  // the file has the adjusted width
  file.need("conv_L_cache", "shortconv.l_cache");
  file.set_flag("conv_bias", file.in_any_layer("shortconv.conv.bias"));
  if (!mixture) return;
  set_experts(file, "num_experts");
  file.need("moe_intermediate_size", "expert_feed_forward_length");
  file.set("num_dense_layers", file.count("leading_dense_block_count").value_or(0));
}

void falcon(Source& file) {
  set_frame(file, "falcon");
  file.need("num_attention_heads", "attention.head_count");
  file.need("num_kv_heads", "attention.head_count_kv");
  file.copy("ffn_hidden_size", "feed_forward_length");
  file.set_flag("new_decoder_architecture", file.in_any_layer("attn_norm_2.weight"));
  file.set_flag("multi_query", file.required("attention.head_count_kv") == 1);
  file.set_flag("bias", file.in_any_layer("attn_qkv.bias"));
  file.set_flag("parallel_attn", true);
  file.set_flag("alibi", false);
}

void gpt2(Source& file) {
  set_frame(file, "gpt2");
  file.need("num_attention_heads", "attention.head_count");
  file.need("n_inner", "feed_forward_length");
  file.need("n_positions", "context_length");
}
void starcoder(Source& file) {
  set_frame(file, "gpt_bigcode");
  file.need("num_attention_heads", "attention.head_count");
  file.need("n_inner", "feed_forward_length");
  file.need("n_positions", "context_length");
  file.set_flag("multi_query", file.required("attention.head_count_kv") == 1);
}
void starcoder2(Source& file) {
  plain_decoder(file, "starcoder2");
  file.set_flag("use_bias", file.in_any_layer("attn_q.bias"));
}
void bloom(Source& file) {
  set_frame(file, "bloom");
  file.need("num_attention_heads", "attention.head_count");
}
void gpt_neox(Source& file) { plain_decoder(file, "gpt_neox"); }
void stablelm(Source& file) {
  set_decoder(file, "stablelm");
  file.set_flag("use_qkv_bias", file.in_any_layer("attn_q.bias"));
  file.set_flag("qk_layernorm", file.in_any_layer("attn_q_norm.weight"));
  file.set_flag("use_parallel_residual", !file.in_any_layer("ffn_norm.weight"));
}

struct Architecture {
  std::string_view name;
  void (*read)(Source& file);
};

constexpr Architecture kArchitectures[] = {
    {"bloom", bloom},
    {"cohere2", cohere2},
    {"command-r", cohere},
    {"deepseek2", deepseek2},
    {"deepseek32", deepseek32},
    {"falcon", falcon},
    {"gemma", gemma},
    {"gemma2", gemma2},
    {"gemma3", gemma3},
    {"glm-dsa", glm_dsa},
    {"glm4", glm4},
    {"glm4moe", glm4_moe},
    {"gpt-oss", gpt_oss},
    {"gpt2", gpt2},
    {"gptneox", gpt_neox},
    {"granite", granite},
    {"granitehybrid", granite_hybrid},
    {"granitemoe", granite_moe},
    {"jamba", jamba},
    {"lfm2", lfm2},
    {"lfm2moe", lfm2},
    {"llama", llama},
    {"mamba", mamba},
    {"mamba2", mamba2},
    {"minimax-m2", minimax_m2},
    {"olmo", olmo},
    {"olmo2", olmo2},
    {"phi2", phi2},
    {"phi3", phi3},
    {"phimoe", phimoe},
    {"qwen2", qwen2},
    {"qwen2moe", qwen2_moe},
    {"qwen2vl", qwen2},
    {"qwen3", qwen3},
    {"qwen35", qwen3_5},
    {"qwen35moe", qwen3_5_moe},
    {"qwen3moe", qwen3_moe},
    {"qwen3next", qwen3_next},
    {"qwen3vl", qwen3},
    {"qwen3vlmoe", qwen3_moe},
    {"seed_oss", seed_oss},
    {"smollm3", smollm3},
    {"stablelm", stablelm},
    {"starcoder", starcoder},
    {"starcoder2", starcoder2},
};

const Architecture& find_architecture(const TensorFile& file) {
  constexpr std::string_view kKey = "general.architecture";
  const GgufValue* value = file.find(kKey);
  const auto* name = value == nullptr ? nullptr : std::get_if<std::string>(value);
  if (name == nullptr) {
    throw InputError(Diagnostic{file.path, std::string(kKey), "expected the name of an architecture, found nothing",
                                "is this a model's file?"});
  }
  std::vector<std::string_view> known;
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.name == *name) return architecture;
    known.push_back(architecture.name);
  }
  std::string hint = did_you_mean(*name, known);
  if (hint.empty()) hint = "put the model's config.json beside the file and give the directory";
  throw InputError(Diagnostic{file.path, std::string(kKey), "unknown architecture \"" + *name + "\"", std::move(hint)});
}

}  // namespace

Model model_from_gguf(const std::vector<TensorFile>& parts, const LoadOptions& options) {
  const Architecture& architecture = find_architecture(parts.front());
  Source file(parts);
  JsonDocument document;
  document.source = file.path();
  Model model;
  try {
    architecture.read(file);
    document.root = file.take_config();
    model = read_huggingface(document, options);
  } catch (const CountOverflow&) {
    file.fail("", "the widths of this model do not fit 128 bits");
  } catch (const InputError& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    for (Diagnostic& diagnostic : diagnostics) diagnostic.place = file.original_place(diagnostic.place);
    throw InputError(std::move(diagnostics));
  }
  model.name = file.general("name");
  if (!file.has("nextn_predict_layers")) model.next_token_layers = 0;  // the converter left them out
  // Llama 3.1's scaling is in the file as a table, without its numbers: context_length is the extended one.
  if (model.positions.scaling_type.empty() && file.tensor("rope_freqs.weight") != nullptr) {
    model.positions.scaling_type = "llama3";
  }
  return model;
}

}  // namespace ctxcost
