#include "ctxcost/core/precision.h"

#include <array>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "divided.h"
#include "word_list.h"

namespace ctxcost {
namespace {

constexpr auto kBlock = Layout::block;

// Sizes of the ggml blocks: ggml/src/ggml-common.h. Bytes of the scales are inside block_bytes.
constexpr Format kFormats[] = {
    // name, display, aliases, layout, block, bytes, weights, cache, model type, cards that keep a cache so (all),
    // the type that its weights are multiplied in (the model's)
    {"fp32", "FP32", "f32 float32 float", kBlock, 1, 4, true, true, true},
    {"fp16", "FP16", "f16 float16 half", kBlock, 1, 2, true, true, true, CacheCards::all, "fp16"},
    {"bf16", "BF16", "bfloat16", kBlock, 1, 2, true, true, true, CacheCards::all, "bf16"},
    {"fp8", "FP8", "e4m3 fp8_e4m3 f8_e4m3 e5m2 fp8_e5m2 f8_e5m2 float8_e4m3fn float8_e5m2", kBlock, 1, 1, true, true,
     true, CacheCards::fp8, "fp8"},
    {"int8", "INT8", "i8 w8a8", kBlock, 1, 1, true, true, true, CacheCards::all, "int8"},
    {"fp8_per_token_head", "FP8 (per token and head)", "fp8_pth", Layout::per_token_head, 1, 1, false, true, false,
     CacheCards::fp8},
    {"int8_per_token_head", "INT8 (per token and head)", "int8_pth", Layout::per_token_head, 1, 1, false, true, false},
    {"fp8_ds_mla", "FP8 (DS MLA)", "", Layout::latent_record, 576, 656, false, true, false, CacheCards::fp8},
    {"kivi", "KIVI", "kivi2", Layout::kivi, 1, 1, false, true, false, CacheCards::none},
    {"int4", "INT4", "i4 awq gptq w4a16", kBlock, 128, 66, true, true, false, CacheCards::none},
    {"nf4", "NF4", "bnb4", kBlock, 64, 36, true, true, false, CacheCards::none},
    {"mxfp4", "MXFP4", "", kBlock, 32, 17, true, true, false, CacheCards::none},
    {"nvfp4", "NVFP4", "", kBlock, 16, 9, true, true, false, CacheCards::nvfp4, "fp4"},
    {"q8_0", "Q8_0", "", kBlock, 32, 34, true, true, false, CacheCards::all, "int8"},
    {"q5_1", "Q5_1", "", kBlock, 32, 24, true, true, false, CacheCards::all, "int8"},
    {"q5_0", "Q5_0", "", kBlock, 32, 22, true, true, false, CacheCards::all, "int8"},
    {"q4_1", "Q4_1", "", kBlock, 32, 20, true, true, false, CacheCards::all, "int8"},
    {"q4_0", "Q4_0", "", kBlock, 32, 18, true, true, false, CacheCards::all, "int8"},
    {"iq4_nl", "IQ4_NL", "", kBlock, 32, 18, true, true, false, CacheCards::all, "int8"},
    {"q6_k", "Q6_K", "", kBlock, 256, 210, true, false, false, CacheCards::all, "int8"},
    {"q5_k", "Q5_K", "", kBlock, 256, 176, true, false, false, CacheCards::all, "int8"},
    {"q4_k", "Q4_K", "", kBlock, 256, 144, true, false, false, CacheCards::all, "int8"},
    {"q3_k", "Q3_K", "", kBlock, 256, 110, true, false, false, CacheCards::all, "int8"},
    {"q2_k", "Q2_K", "", kBlock, 256, 84, true, false, false, CacheCards::all, "int8"},
    {"iq4_xs", "IQ4_XS", "", kBlock, 256, 136, true, false, false, CacheCards::all, "int8"},
    {"iq3_s", "IQ3_S", "", kBlock, 256, 110, true, false, false, CacheCards::all, "int8"},
    {"iq3_xxs", "IQ3_XXS", "", kBlock, 256, 98, true, false, false, CacheCards::all, "int8"},
    {"iq2_s", "IQ2_S", "", kBlock, 256, 82, true, false, false, CacheCards::all, "int8"},
    {"iq2_xs", "IQ2_XS", "", kBlock, 256, 74, true, false, false, CacheCards::all, "int8"},
    {"iq2_xxs", "IQ2_XXS", "", kBlock, 256, 66, true, false, false, CacheCards::all, "int8"},
    {"iq1_m", "IQ1_M", "", kBlock, 256, 56, true, false, false, CacheCards::all, "int8"},
    {"iq1_s", "IQ1_S", "", kBlock, 256, 50, true, false, false, CacheCards::all, "int8"},
    {"tq2_0", "TQ2_0", "", kBlock, 256, 66, true, false, false, CacheCards::all, "int8"},
    {"tq1_0", "TQ1_0", "", kBlock, 256, 54, true, false, false, CacheCards::all, "int8"},
};

constexpr Count kScaleBytes = 4;  // one fp32 scale a row

/// Returns whether the format has groups that the quantiser chooses, unlike the blocks of a file format or of hardware.
/// A cached row narrower than a group is its own group, so that int4 never takes more than int8.
bool has_chosen_groups(const Format& format) {
  return format.name == "int4" || format.name == "int8" || format.name == "nf4";
}

bool same_word(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool has_name(const Format& format, std::string_view word) {
  if (same_word(format.name, word)) return true;
  std::string_view rest = format.aliases;
  while (!rest.empty()) {
    if (same_word(take_word(rest), word)) return true;
  }
  return false;
}

/// Returns the format of that name or alias, or null.
const Format* find_format(std::string_view word) {
  // Most names are written as they stand in the table.
  for (const Format& format : kFormats) {
    if (format.name == word) return &format;
  }
  for (const Format& format : kFormats) {
    if (has_name(format, word)) return &format;
  }
  return nullptr;
}

}  // namespace

std::span<const Format> formats() { return kFormats; }

Precision::Precision(const Format& format)
    : format_(&format), name_(format.name), block_(format.block), block_bytes_(format.block_bytes) {}

std::string Precision::display() const {
  const std::size_t colon = name_.find(':');
  std::string text(format_->display);
  if (colon != std::string::npos) text += name_.substr(colon);
  return text;
}

Count Precision::row_bytes(Count width) const {
  switch (format_->layout) {
    case Layout::block: return ceil_div(width, block_) * block_bytes_;
    case Layout::per_token_head: return width + kScaleBytes;
    case Layout::kivi: return ceil_div(width * bits_, 8) + ceil_div(width, group_) * 4;
    case Layout::latent_record: return block_bytes_;
  }
  return 0;
}

Precision parse_precision(std::string_view text, std::string_view source) {
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  const Format* const found = find_format(word);
  if (found == nullptr) {
    std::vector<std::string_view> names;
    for (const Format& format : kFormats) names.push_back(format.name);
    std::string hint = did_you_mean(word, names);
    if (hint.empty()) hint = "`ctxcost list precisions` shows all";
    throw_fault(source, "unknown precision \"" + std::string(word) + "\"", hint);
  }
  Precision precision(*found);
  if (colon == std::string_view::npos) return precision;

  // Settings: only these formats have any. `int8` alone has no scales.
  const bool int8 = found->name == "int8";
  const bool grouped = int8 || found->name == "int4";
  const bool kivi = found->name == "kivi";
  bool zero = false;
  Count group = grouped ? 128 : 32;
  for (const std::string_view item : divided(text.substr(colon + 1), ',')) {
    const std::size_t equals = item.find('=');
    const std::string_view key = item.substr(0, equals);
    const std::optional<Count> number =
        equals == std::string_view::npos ? std::nullopt : parse_digits(item.substr(equals + 1));
    if (grouped && key == "zero" && (equals == std::string_view::npos || number == Count{1})) {
      zero = true;
    } else if (grouped && key == "zero" && number == Count{0}) {
      zero = false;
    } else if ((grouped || kivi) && key == "group" && number && *number > 0 && *number % 2 == 0) {
      group = *number;
    } else if (kivi && key == "bits" && (number == Count{2} || number == Count{4})) {
      precision.bits_ = *number;
    } else if (kivi && key == "residual" && number && *number > 0) {
      precision.residual_ = *number;
    } else {
      throw_fault(source, "precision \"" + std::string(word) + "\": unusable setting \"" + std::string(item) + "\"",
                  grouped ? std::string(found->name) + " takes group=N (even) and zero: " + std::string(found->name) +
                                ":group=64,zero"
                  : kivi ? "kivi takes bits=2|4, group=N (even), residual=N"
                         : "it takes no settings");
    }
  }
  if (grouped) {
    precision.block_ = group;
    precision.block_bytes_ = (int8 ? group : group / 2) + 2 + (zero ? 2 : 0);
  }
  if (kivi && precision.residual_ % group != 0) {
    throw_fault(source,
                "precision \"" + std::string(text) + "\": the residual of " + to_string(precision.residual_) +
                    " tokens must be whole groups of " + to_string(group),
                "");
  }
  precision.group_ = group;
  precision.name_ = std::string(found->name) + std::string(text.substr(colon));
  return precision;
}

Precision parse_activations(std::string_view text, std::string_view source) {
  static constexpr std::string_view kMultiplied[] = {"fp32", "fp16", "bf16", "fp8", "int8", "nvfp4", "mxfp4"};
  Precision type = parse_precision(text, source);
  for (const std::string_view name : kMultiplied) {
    if (type.name() == name) return type;
  }
  throw_fault(source, "expected a type in which cards multiply, found \"" + std::string(text) + '"',
              "fp32, fp16, bf16, fp8, int8, nvfp4 or mxfp4");
}

KvPrecision parse_kv_precision(std::string_view text, std::string_view source) {
  const std::size_t slash = text.find('/');
  KvPrecision kv;
  kv.key = parse_precision(text.substr(0, slash), source);
  kv.value = slash == std::string_view::npos ? kv.key : parse_precision(text.substr(slash + 1), source);
  for (const Precision* precision : {&kv.key, &kv.value}) {
    if (!precision->format().cache) {
      throw_fault(source, "\"" + precision->name() + "\" stores weights, not a cache", "use q8_0, q4_0, fp8 or bf16");
    }
  }
  return kv;
}

std::string storage_fault(const Precision& precision, CacheRole role, Count width) {
  if (role == CacheRole::index || role == CacheRole::ids) return {};
  switch (precision.format().layout) {
    case Layout::latent_record:
      if (role == CacheRole::latent && width == Count{precision.format().block}) return {};
      return "it stores one latent of 512 + 64 elements a token, found " +
             std::string(role == CacheRole::latent ? "a latent of " : "keys and values of ") + to_string(width);
    case Layout::kivi:
      if (role == CacheRole::latent) return "it stores keys and values of heads, found a latent";
      if (role == CacheRole::value && width % precision.group_ != 0) {
        return "its groups of " + to_string(precision.group_) + " do not divide a value of " + to_string(width);
      }
      return {};
    case Layout::block:
    case Layout::per_token_head: return {};
  }
  return {};
}

Count cache_bytes(const Precision& precision, CacheRole role, Count heads, Count width, Count tokens) {
  switch (role) {
    case CacheRole::index: return heads * tokens * (width + kScaleBytes);
    case CacheRole::ids: return heads * tokens * width * 4;
    case CacheRole::key:
    case CacheRole::value:
    case CacheRole::latent: break;
  }
  if (has_chosen_groups(precision.format()) && width < precision.block_) {
    const bool int8 = precision.format().name == "int8";  // eight bits an element, else four, and the scales
    const Count scales = precision.block_bytes_ - (int8 ? precision.block_ : precision.block_ / 2);
    return heads * tokens * (width == 0 ? Count{} : (int8 ? width : ceil_div(width, 2)) + scales);
  }
  if (precision.format().layout != Layout::kivi) return heads * tokens * precision.row_bytes(width);
  // KIVI: whole groups are quantised, the newest tokens stay in fp16. [KIVI models/llama_kivi.py]
  const Count bits = precision.bits_;
  const Count group = precision.group_;
  const Count residual = precision.residual_;
  if (role == CacheRole::value) {
    const Count packed = minus_or_zero(tokens, residual);
    return heads * (packed * width * bits / 8 + packed * (width / group) * 4 + min(tokens, residual) * width * 2);
  }
  const Count fresh = tokens % residual;
  const Count packed = tokens - fresh;
  return heads * (packed * width * bits / 8 + (packed / group) * width * 4 + fresh * width * 2);
}

}  // namespace ctxcost
