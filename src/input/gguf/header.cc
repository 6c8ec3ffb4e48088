#include "header.h"

#include <array>
#include <charconv>
#include <utility>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost::gguf {
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

JsonValue integers(const std::vector<Count>& values) {
  std::vector<JsonValue> items;
  items.reserve(values.size());
  for (const Count value : values) items.push_back(integer(value));
  return list(std::move(items));
}

std::string shortest(double value) {
  std::array<char, 64> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<float>(value), std::chars_format::fixed);
  return end.ec == std::errc() ? std::string(digits.data(), end.ptr) : "0";
}

}  // namespace

Header::Header(const std::vector<TensorFile>& parts) : file_(parts.front()) {
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

void Header::fail(const std::string& place, std::string message, std::string hint) const {
  throw InputError(Diagnostic{file_.path, place, std::move(message), std::move(hint)});
}

void Header::drop_layers(Count count) {
  if (count >= layers_) fail(key("nextn_predict_layers"), "expected fewer than block_count");
  layers_ -= static_cast<std::uint32_t>(count.u64());
}

std::string Header::general(std::string_view name) const {
  const GgufValue* value = file_.find("general." + std::string(name));
  const auto* found = value == nullptr ? nullptr : std::get_if<std::string>(value);
  return found == nullptr ? std::string() : *found;
}

std::optional<Count> Header::count(std::string_view name) const {
  const GgufValue* value = file_.find(key(name));
  if (value == nullptr) return std::nullopt;
  if (const auto* list_value = std::get_if<GgufArray>(value)) return same_in_all(name, *list_value);
  return scalar(name, *value);
}

Count Header::required(std::string_view name) const {
  const std::optional<Count> value = count(name);
  if (!value) fail(key(name), "expected an integer, found nothing");
  return *value;
}

std::vector<Count> Header::per_layer(std::string_view name) const {
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

std::string Header::string(std::string_view name) const {
  const GgufValue* value = file_.find(key(name));
  if (value == nullptr) return {};
  const auto* found = std::get_if<std::string>(value);
  if (found == nullptr) fail(key(name), "expected a string");
  return *found;
}

std::optional<double> Header::real(std::string_view name) const {
  const GgufValue* value = file_.find(key(name));
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<double>(value)) return *number;
  return scalar(name, *value).to_double();
}

const FileTensor* Header::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : found->second;
}

bool Header::in_layer(std::uint32_t layer, std::string_view name) const {
  return tensor("blk." + std::to_string(layer) + "." + std::string(name)) != nullptr;
}

bool Header::in_any_layer(std::string_view name) const {
  for (std::uint32_t i = 0; i < layers_; ++i) {
    if (in_layer(i, name)) return true;
  }
  return false;
}

std::optional<Count> Header::rows_in_layers(std::string_view name) const {
  for (std::uint32_t i = 0; i < layers_; ++i) {
    const FileTensor* found = tensor("blk." + std::to_string(i) + "." + std::string(name));
    if (found != nullptr && found->shape.size() == 2) return found->shape[1];
  }
  return std::nullopt;
}

Count Header::vocabulary() const {
  if (const FileTensor* table = tensor("token_embd.weight"); table != nullptr && table->shape.size() == 2) {
    return table->shape[1];
  }
  if (const std::optional<Count> stated = count("vocab_size")) return *stated;
  const GgufValue* tokens = file_.find("tokenizer.ggml.tokens");
  const auto* names = tokens == nullptr ? nullptr : std::get_if<GgufArray>(tokens);
  if (names == nullptr) fail("token_embd.weight", "expected a token table or a vocabulary, found neither");
  return names->length;
}

std::string_view Header::plain_type() const {
  bool halves = false, quantised = false;
  for (const auto& [name, held] : tensors_) {
    if (held->type == "bf16") return "bfloat16";
    halves = halves || held->type == "f16";
    quantised = quantised || (held->type != "f16" && held->type != "f32");
  }
  return halves || quantised ? "float16" : "float32";
}

void Header::set(std::string_view name, JsonValue value, std::string from) {
  origin_[std::string(name)] = from.empty() ? std::string(name) : std::move(from);
  config_.members.push_back({std::string(name), 0, std::move(value)});
}

void Header::set(std::string_view name, Count value, std::string from) { set(name, integer(value), std::move(from)); }

void Header::set_flag(std::string_view name, bool value) { set(name, flag(value)); }

void Header::set_text(std::string_view name, std::string value) { set(name, text(std::move(value))); }

void Header::set_counts(std::string_view name, const std::vector<Count>& values, std::string from) {
  set(name, integers(values), std::move(from));
}

void Header::set_texts(std::string_view name, const std::vector<std::string>& values, std::string from) {
  std::vector<JsonValue> items;
  items.reserve(values.size());
  for (const std::string& value : values) items.push_back(text(value));
  set(name, list(std::move(items)), std::move(from));
}

void Header::set_object(std::string_view name, const Members& members, std::string from) {
  JsonValue object;
  object.type = Type::object;
  for (const auto& [key_name, value] : members.counts) object.members.push_back({key_name, 0, integer(value)});
  for (const auto& [key_name, values] : members.lists) object.members.push_back({key_name, 0, integers(values)});
  for (const auto& [key_name, value] : members.flags) object.members.push_back({key_name, 0, flag(value)});
  set(name, std::move(object), std::move(from));
}

void Header::copy(std::string_view name, std::string_view from) {
  if (const std::optional<Count> value = count(from)) set(name, integer(*value), key(from));
}

std::string Header::original_place(const std::string& place) const {
  if (place.empty() || place.front() != '/') return place;
  const std::size_t end = std::min(place.find('/', 1), place.size());
  const auto found = origin_.find(place.substr(1, end - 1));
  return found == origin_.end() ? place : found->second + place.substr(end);
}

Count Header::non_negative(std::string_view name, std::int64_t value) const {
  if (value < 0) fail(key(name), "expected a non-negative integer, found " + std::to_string(value));
  return value;
}

Count Header::scalar(std::string_view name, const GgufValue& value) const {
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return non_negative(name, *number);
  fail(key(name), "expected an integer, found another type");
}

Count Header::same_in_all(std::string_view name, const GgufArray& values) const {
  if (values.integers.empty() || values.integers.size() != values.length) {
    fail(key(name), "expected an integer or one a layer, found a list of " + std::to_string(values.length));
  }
  for (const std::int64_t value : values.integers) {
    if (value != values.integers.front()) fail(key(name), "expected the same integer for every layer");
  }
  return non_negative(name, values.integers.front());
}

void set_frame(Header& file, std::string_view model_type) {
  file.set_text("model_type", std::string(model_type));
  file.set("num_hidden_layers", file.layers(), file.key("block_count"));
  file.need("hidden_size", "embedding_length");
  file.set("vocab_size", file.vocabulary(), "token_embd.weight");
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

void set_heads(Header& file) {
  file.need("num_attention_heads", "attention.head_count");
  file.copy("num_key_value_heads", "attention.head_count_kv");
  file.copy("head_dim", "attention.key_length");
}

void set_attention_bias(Header& file) {
  file.set_flag("attention_bias", file.in_any_layer("attn_q.bias") || file.in_any_layer("attn_qkv.bias"));
}

void set_decoder(Header& file, std::string_view model_type) {
  set_frame(file, model_type);
  set_heads(file);
  file.need("intermediate_size", "feed_forward_length");
}

void set_experts(Header& file, std::string_view count_key) {
  file.need(count_key, "expert_count");
  file.need("num_experts_per_tok", "expert_used_count");
}

void set_window(Header& file) {
  const std::optional<Count> window = file.count("attention.sliding_window");
  if (window && *window > 0) {
    file.set("sliding_window", *window, file.key("attention.sliding_window"));
  } else {
    file.set_null("sliding_window");
  }
}

void set_layer_types(Header& file, std::string_view marker, std::string_view with, std::string_view without) {
  std::vector<JsonValue> kinds;
  for (std::uint32_t i = 0; i < file.layers(); ++i) {
    kinds.push_back(text(std::string(file.in_layer(i, marker) ? with : without)));
  }
  file.set("layer_types", list(std::move(kinds)), "layers");
}

void set_hybrid_heads(Header& file) {
  Count kv_heads;
  for (const Count heads : file.per_layer("attention.head_count_kv")) kv_heads = max(kv_heads, heads);
  Count query_heads;
  for (const Count heads : file.per_layer("attention.head_count")) query_heads = max(query_heads, heads);
  file.set("num_attention_heads", query_heads, file.key("attention.head_count"));
  file.set("num_key_value_heads", kv_heads, file.key("attention.head_count_kv"));
  file.copy("head_dim", "attention.key_length");
}

void plain_decoder(Header& file, std::string_view model_type) {
  set_decoder(file, model_type);
  set_attention_bias(file);
  set_window(file);
}

void set_late_experts(Header& file) {
  file.copy("n_routed_experts", "expert_count");
  file.copy("num_experts_per_tok", "expert_used_count");
  file.copy("moe_intermediate_size", "expert_feed_forward_length");
  file.set("n_shared_experts", file.count("expert_shared_count").value_or(0));
  file.set("first_k_dense_replace", file.count("leading_dense_block_count").value_or(0));
}

Count expansion(const Header& file) {
  const Count inner = file.required("ssm.inner_size");
  const Count width = file.required("embedding_length");
  if (width == 0 || inner % width != 0) {
    file.fail(file.key("ssm.inner_size"),
              "expected a multiple of embedding_length (" + to_string(width) + "), found " + to_string(inner));
  }
  return inner / width;
}

Count state_heads(const Header& file) {
  const Count heads = file.required("ssm.time_step_rank");
  const Count inner = file.required("ssm.inner_size");
  if (heads == 0 || inner % heads != 0) {
    file.fail(file.key("ssm.time_step_rank"),
              "expected a divisor of ssm.inner_size (" + to_string(inner) + "), found " + to_string(heads));
  }
  return heads;
}

void set_hybrid_mamba(Header& file) {
  file.set("mamba_expand", expansion(file), file.key("ssm.inner_size"));
  file.need("mamba_d_state", "ssm.state_size");
  file.need("mamba_d_conv", "ssm.conv_kernel");
  file.set_flag("mamba_conv_bias", file.in_any_layer("ssm_conv1d.bias"));
  file.set_flag("mamba_proj_bias", file.in_any_layer("ssm_in.bias"));
}

}  // namespace ctxcost::gguf
