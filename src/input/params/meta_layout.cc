// Meta's params.json of Llama 1 to 4. [meta-llama/llama3 llama/model.py ModelArgs, FeedForward;
// meta-llama/llama-models models/llama3/args.py, models/llama4/args.py, model.py, moe.py, vision/embedding.py]
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

/// int(width * factor) as Python computes it, in doubles.
Count scaled(Count width, double factor) {
  return static_cast<std::uint64_t>(std::floor(factor * static_cast<double>(width.u64())));
}

/// int(2 * width / 3), times the multiplier, over the divisor, rounded up.
Count inner_width(Count width, std::optional<double> multiplier, double divisor, Count multiple_of) {
  Count inner = 2 * width / 3;
  if (multiplier) inner = scaled(inner, *multiplier);
  if (divisor != 1) inner = static_cast<std::uint64_t>(std::floor(static_cast<double>(inner.u64()) / divisor));
  return ceil_div(inner, multiple_of) * multiple_of;
}

constexpr CountRange kWidth{.least = 1, .most = Count{UINT32_MAX}};

/// What the widths of feed-forwards are made of.
struct WidthFactors {
  std::optional<Count> dim;
  Count multiple_of;
  std::optional<double> multiplier;
};

bool is_llama4(ObjectCursor& file) {
  constexpr std::string_view kKeys[] = {"moe_args", "nope_layer_interval", "attention_chunk_size", "vision_args"};
  bool found = false;
  for (const std::string_view key : kKeys) found = given(file.find(key)) || found;
  return found;
}

void translate_llama4_experts(ObjectCursor& file, Translation& config, const WidthFactors& factors) {
  if (!given(file.find("moe_args"))) {
    JsonValue none;
    none.type = JsonValue::Type::array;
    return config.set("moe_layers", std::move(none));
  }
  std::optional<ObjectCursor> moe = file.object("moe_args");
  if (!moe) return;
  config.need("num_local_experts", *moe, "num_experts");
  config.set("num_experts_per_tok", moe->count("top_k", {}).value_or(1), moe->pointer("top_k"));
  config.set("interleave_moe_layer_step", moe->count("interleave_moe_layer_step", {}).value_or(1),
             moe->pointer("interleave_moe_layer_step"));
  const bool shared_width = moe->flag("auto_scale_F").value_or(true);
  const double capacity = factor_of(*moe, "capacity_factor").value_or(1);
  const std::optional<double> expansion = factor_of(file, "ffn_exp");
  if (!expansion) {
    if (!given(file.find("ffn_exp"))) file.fault("ffn_exp", "expected the experts' expansion, found nothing");
  } else if (factors.dim) {
    config.set("intermediate_size",
               inner_width(scaled(*factors.dim, *expansion), factors.multiplier, shared_width ? capacity + 1 : 1,
                           factors.multiple_of),
               file.pointer("ffn_exp"));
  }
  moe->finish("of Llama 4's moe_args");
}

std::optional<Count> square_side(ObjectCursor& vision, std::string_view key) {
  std::optional<ObjectCursor> size = vision.object(key);
  if (!size) return std::nullopt;
  const std::optional<Count> height = size->required_count("height", kWidth);
  const std::optional<Count> width = size->required_count("width", kWidth);
  size->finish();
  if (height && width && *height != *width) vision.fault(key, "expected a square");
  return height;
}

/// The adapter's two matrices are as wide as the output. [models/llama4/vision/embedding.py PixelShuffleMLP]
void translate_llama4_vision(ObjectCursor& file, Translation& config) {
  if (!given(file.find("vision_args"))) return;
  std::optional<ObjectCursor> vision = file.object("vision_args");
  if (!vision) return;
  const std::optional<Count> dim = vision->required_count("dim", kWidth);
  const std::optional<Count> layers = vision->required_count("n_layers", kWidth);
  const std::optional<Count> heads = vision->required_count("n_heads", kWidth);
  const std::optional<Count> output = vision->required_count("output_dim", kWidth);
  const std::optional<double> ratio = factor_of(*vision, "mlp_ratio");
  const std::optional<double> shuffle = factor_of(*vision, "pixel_shuffle_ratio");
  const std::optional<Count> image = square_side(*vision, "image_size");
  const std::optional<Count> patch = square_side(*vision, "patch_size");
  vision->finish("of Llama 4's vision_args");
  if (!dim || !layers || !heads || !output || !image || !patch) return;
  const Count inner = scaled(*dim, ratio.value_or(4));
  if (scaled(*dim, 1 / (shuffle.value_or(0.5) * shuffle.value_or(0.5))) != inner) {
    return vision->fault("pixel_shuffle_ratio", "expected an adapter as wide as the feed-forwards (mlp_ratio)");
  }
  const auto entry = [](const char* key, Count value) { return member(key, integer_value(value)); };
  config.set(
      "vision_config",
      object_value({entry("hidden_size", *dim), entry("intermediate_size", inner), entry("num_hidden_layers", *layers),
                    entry("num_attention_heads", *heads), entry("patch_size", *patch), entry("image_size", *image),
                    entry("vision_output_dim", *output), entry("projector_input_dim", *output),
                    entry("projector_output_dim", *output)}),
      file.pointer("vision_args"));
}

/// Every layer sees its chunk, but for each nth, which sees all and has no positions.
void translate_llama4(ObjectCursor& file, Translation& config, const WidthFactors& factors) {
  config.set_text("model_type", "llama4_text");
  const std::optional<Count> heads = file.count("n_heads", kWidth);
  if (factors.dim && heads) config.set("head_dim", max(*factors.dim / *heads, 1), file.pointer("n_heads"));
  if (given(file.find("attention_chunk_size"))) {
    config.need("attention_chunk_size", file, "attention_chunk_size");
  } else {
    config.set_null("attention_chunk_size");
  }
  if (given(file.find("nope_layer_interval"))) {
    config.need("no_rope_layer_interval", file, "nope_layer_interval");
  } else if (const std::optional<Count> layers = file.count("n_layers", {})) {
    config.set("no_rope_layer_interval", *layers + 1);  // none of them
  }
  if (factors.dim) {
    config.set("intermediate_size_mlp", inner_width(4 * *factors.dim, factors.multiplier, 1, factors.multiple_of),
               file.pointer("dim"));
  }
  translate_llama4_experts(file, config, factors);
  translate_llama4_vision(file, config);
  constexpr std::string_view kOfNoCost[] = {
      "use_qk_norm", "attn_temperature_tuning", "floor_scale", "attn_scale", "head_dim", "ffn_exp"};
  skip(file, kOfNoCost);
}

void translate_meta(ObjectCursor& file, Translation& config) {
  constexpr std::string_view kTypes[] = {"llama"};
  file.choice("model_type", kTypes);
  config.need("num_hidden_layers", file, "n_layers");
  config.need("num_attention_heads", file, "n_heads");
  config.copy("num_key_value_heads", file, "n_kv_heads");
  const WidthFactors factors = {file.required_count("dim", kWidth), file.count("multiple_of", kWidth).value_or(256),
                                factor_of(file, "ffn_dim_multiplier")};
  if (factors.dim) config.set("hidden_size", *factors.dim, file.pointer("dim"));
  if (is_llama4(file)) {
    translate_llama4(file, config, factors);
  } else {
    config.set_text("model_type", "llama");
    if (factors.dim) {
      config.set("intermediate_size", inner_width(4 * *factors.dim, factors.multiplier, 1, factors.multiple_of),
                 file.pointer("dim"));
    }
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
