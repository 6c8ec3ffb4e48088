// Meta's params.json of Llama 1 to 3.3. [meta-llama/llama3 llama/model.py ModelArgs, FeedForward;
// meta-llama/llama-models models/llama3/args.py]
#include <charconv>
#include <cmath>

#include "layout.h"

namespace ctxcost::params {
namespace {

bool is_meta(const JsonValue& root) { return root.find("hidden_dim") == nullptr; }

/// A factor as the reference reads it: the nearest double.
std::optional<double> factor_of(ObjectCursor& file, std::string_view key) {
  const JsonValue* value = file.find(key);
  if (value == nullptr || value->is(JsonValue::Type::null)) return std::nullopt;
  double factor = 0;
  const bool number = value->is(JsonValue::Type::integer) || value->is(JsonValue::Type::real);
  const char* const end = value->text.data() + value->text.size();
  if (number) {
    const auto read = std::from_chars(value->text.data(), end, factor);
    if (read.ec == std::errc() && read.ptr == end && factor > 0 && factor <= 1024) return factor;
  }
  file.wrong(key, "a positive number of at most 1024");
  return std::nullopt;
}

/// int(2 * 4 dim / 3), times the multiplier, rounded up.
Count inner_width(Count dim, std::optional<double> multiplier, Count multiple_of) {
  Count width = 8 * dim / 3;
  // Python multiplies the integer by the factor as doubles and cuts.
  if (multiplier) width = static_cast<std::uint64_t>(std::floor(*multiplier * static_cast<double>(width.u64())));
  return ceil_div(width, multiple_of) * multiple_of;
}

void translate_meta(ObjectCursor& file, Translation& config) {
  constexpr std::string_view kTypes[] = {"llama"};
  file.choice("model_type", kTypes);
  config.set_text("model_type", "llama");
  config.need("num_hidden_layers", file, "n_layers");
  config.need("num_attention_heads", file, "n_heads");
  config.copy("num_key_value_heads", file, "n_kv_heads");
  constexpr CountRange kWidth{.least = 1, .most = Count{UINT32_MAX}};
  const std::optional<Count> dim = file.required_count("dim", kWidth);
  const std::optional<Count> multiple = file.count("multiple_of", kWidth);
  const std::optional<double> multiplier = factor_of(file, "ffn_dim_multiplier");
  if (dim) {
    config.set("hidden_size", *dim, file.pointer("dim"));
    config.set("intermediate_size", inner_width(*dim, multiplier, multiple.value_or(256)), file.pointer("dim"));
  }
  const JsonValue* vocab = file.find("vocab_size");
  if (vocab != nullptr && vocab->text == "-1") {
    file.wrong("vocab_size", "a positive integer", "-1 stands for the tokenizer's size: 32000 for Llama 1 and 2");
  } else {
    config.need("vocab_size", file, "vocab_size");
  }
  config.copy("max_position_embeddings", file, "max_seq_len");
  config.set_flag("tie_word_embeddings", false);
  config.set_flag("attention_bias", false);
  config.set_flag("mlp_bias", false);
  constexpr std::string_view kOfNoCost[] = {"norm_eps",        "rope_theta",          "max_batch_size",
                                            "use_scaled_rope", "rope_scaling_factor", "rope_high_freq_factor"};
  skip(file, kOfNoCost);
  config.note(
      "params.json does not say whether the head is the embedding's matrix: counted as two (one in Llama 3.2 "
      "1B and 3B)");
}

}  // namespace

const Layout kMetaLayout = {"Meta's params.json", is_meta, translate_meta};

}  // namespace ctxcost::params
