// llama.cpp's choice of a type for each tensor when it quantises a file without an importance matrix.
// Rules: [llama.cpp src/llama-quant.cpp, llama_tensor_get_type and tensor_type_fallback], at the commits of the facts
// in tests/data/llamacpp.json. Element sizes are those of the formats in precision.cc.
#include "gguf_file_types.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/character.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/precision.h"
#include "gguf_tensors.h"
#include "store.h"

namespace ctxcost {
namespace {

using enum GgmlType;

constexpr std::string_view kFormatNames[] = {"fp32",   "fp16",    "bf16",   "q4_0",  "q4_1",    "q5_0",  "q5_1",
                                             "q8_0",   "q2_k",    "q3_k",   "q4_k",  "q5_k",    "q6_k",  "iq1_s",
                                             "iq1_m",  "iq2_xxs", "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s", "iq4_nl",
                                             "iq4_xs", "tq1_0",   "tq2_0",  "mxfp4"};

/// Builds a row: at first every tensor has the base type, the output matrix Q6_K.
class Mix {
 public:
  constexpr Mix(std::string_view name, GgmlType base, GgmlType head = q6_k)
      : type_{name, base, head, base, base, base, all_of(base), base, base, all_of(base), all_of(base), false} {}
  constexpr operator GgufFileType() const { return type_; }  // NOLINT(google-explicit-constructor)

  constexpr Mix embedding(GgmlType type) const {
    Mix mix = *this;
    mix.type_.embedding = type;
    return mix;
  }
  constexpr Mix query_key(GgmlType type) const {
    Mix mix = *this;
    mix.type_.query = mix.type_.key = type;
    return mix;
  }
  constexpr Mix value(Layers where, GgmlType type) const { return value(where, type, type_.base); }
  constexpr Mix value(Layers where, GgmlType type, GgmlType rest) const {
    Mix mix = *this;
    mix.type_.value = {where, type, rest};
    return mix;
  }
  constexpr Mix down(Layers where, GgmlType type) const { return down(where, type, type_.base); }
  constexpr Mix down(Layers where, GgmlType type, GgmlType rest) const {
    Mix mix = *this;
    mix.type_.down = {where, type, rest};
    return mix;
  }
  constexpr Mix gate_up(Layers where, GgmlType type) const {
    Mix mix = *this;
    mix.type_.gate_up = {where, type, type_.base};
    return mix;
  }
  constexpr Mix output(GgmlType type, GgmlType in_mixtures_of_8) const {
    Mix mix = *this;
    mix.type_.output = type;
    mix.type_.output_of_8 = in_mixtures_of_8;
    return mix;
  }
  constexpr Mix counts_experts() const {
    Mix mix = *this;
    mix.type_.counts_experts = true;
    return mix;
  }

 private:
  static constexpr Choice all_of(GgmlType type) { return {Layers::all, type, type}; }
  GgufFileType type_;
};

/// The 1-bit and 2-bit types share a pattern: values have Q4_K if they are few, else `better`. The first down
/// projections have `better`, too.
constexpr Mix low_bit(std::string_view name, GgmlType base, GgmlType embedding, GgmlType better, GgmlType output) {
  return Mix(name, base, q5_k)
      .embedding(embedding)
      .value(Layers::grouped_or_experts, q4_k, better)
      .down(Layers::first_eighth, better)
      .output(output, q5_k)
      .counts_experts();
}

constexpr auto kAll = Layers::all;
constexpr auto kEighth = Layers::first_eighth;
constexpr auto kEnds = Layers::ends_and_every_third;
constexpr auto kGrouped = Layers::grouped_query;

constexpr GgufFileType kFileTypes[] = {
    Mix("F32", f32, f32),
    Mix("F16", f16, f16),
    Mix("BF16", bf16, bf16),
    Mix("Q8_0", q8_0, q8_0),
    Mix("Q6_K", q6_k),
    Mix("Q5_K_M", q5_k).value(kEnds, q6_k).down(kEnds, q6_k),
    Mix("Q5_K_S", q5_k),
    Mix("Q5_1", q5_1),
    Mix("Q5_0", q5_0),
    Mix("Q4_K_M", q4_k).value(kEnds, q6_k).down(kEnds, q6_k).output(q4_k, q5_k),
    Mix("Q4_K_S", q4_k).value(Layers::first_four, q5_k).down(kEighth, q5_k).output(q4_k, q5_k),
    Mix("Q4_1", q4_1),
    Mix("Q4_0", q4_0),
    Mix("IQ4_NL", iq4_nl).value(kGrouped, q5_k).down(kEighth, q5_k).output(iq4_nl, q5_k),
    Mix("IQ4_XS", iq4_xs).value(kGrouped, q5_k).down(kEighth, q5_k).output(iq4_xs, q5_k),
    Mix("Q3_K_L", q3_k).value(kAll, q5_k).down(kAll, q5_k).output(q5_k, q3_k),
    Mix("Q3_K_M", q3_k)
        .value(Layers::first_two, q5_k, q4_k)
        .down(Layers::first_sixteenth, q5_k, q4_k)
        .output(q4_k, q5_k),
    Mix("Q3_K_S", q3_k).output(q3_k, q5_k),
    Mix("IQ3_M", iq3_s).value(kAll, q4_k).down(kEighth, q4_k).output(q4_k, q5_k),
    Mix("IQ3_S", iq3_s).value(kGrouped, q4_k).output(iq3_s, q5_k),
    Mix("IQ3_XS", iq3_s).query_key(iq3_xxs).value(kGrouped, q4_k).gate_up(Layers::middle, iq3_xxs).output(iq3_s, q5_k),
    Mix("IQ3_XXS", iq3_xxs, q5_k)
        .embedding(iq3_s)
        .query_key(iq2_s)
        .value(kGrouped, q4_k, iq3_s)
        .down(kEighth, q4_k, q3_k)
        .output(iq3_s, q5_k),
    Mix("Q2_K", q2_k).value(kGrouped, q4_k, q3_k).down(kAll, q3_k).output(q3_k, q5_k),
    Mix("Q2_K_S", q2_k).value(kGrouped, q4_k).down(kEighth, q4_k),
    low_bit("IQ2_M", iq2_s, iq3_s, iq3_s, iq3_s),
    low_bit("IQ2_S", iq2_xs, iq3_s, iq3_s, iq3_s),
    low_bit("IQ2_XS", iq2_xs, q2_k, q2_k, iq2_xs),
    low_bit("IQ2_XXS", iq2_xxs, q2_k, q2_k, iq2_xxs),
    low_bit("IQ1_M", iq1_m, q2_k, q2_k, iq2_xxs),
    low_bit("IQ1_S", iq1_s, q2_k, q2_k, iq2_xxs),
    Mix("TQ2_0", tq2_0).embedding(q4_k),
    Mix("TQ1_0", tq1_0).embedding(q4_k),
    // Tensors with a third dimension (routed experts) are in MXFP4, all others in Q8_0.
    Mix("MXFP4_MOE", mxfp4, q8_0),
};

bool is_mxfp4_file(const GgufFileType& type) { return type.base == mxfp4; }
bool is_quantised(GgmlType type) { return type > bf16; }

/// The role of a tensor, as far as the mixes distinguish roles.
enum class Role { head, token_table, value, key, query, output, gate_up, down, other };

bool holds(std::string_view name, std::string_view part) { return name.find(part) != std::string_view::npos; }

Role role_of(std::string_view name, bool tied) {
  if (name == "output") return Role::head;
  // Without an output matrix, the token tables take its type, also those of single layers.
  if (name == "token_embd" || name == "per_layer_token_embd") return tied ? Role::head : Role::token_table;
  if (name.ends_with("attn_qkv") || name.ends_with("attn_kv_b") || name.ends_with("attn_v")) return Role::value;
  if (name.ends_with("attn_k")) return Role::key;
  if (name.ends_with("attn_q")) return Role::query;
  if (name.ends_with("attn_output")) return Role::output;
  if (holds(name, "ffn_up") || holds(name, "ffn_gate")) return Role::gate_up;
  if (holds(name, "ffn_down")) return Role::down;
  return Role::other;
}

/// Types of the tensors of one file, visited in file order.
class Chooser {
 public:
  Chooser(const GgufModel& model, const GgufFileType& type, bool mxfp4_experts)
      : model_(model), type_(type), mxfp4_experts_(mxfp4_experts), layers_(model.layers) {
    for (const GgufLayers& group : model.groups) {
      for (const GgufTensor& tensor : group.tensors) {
        if (tensor.named_weight && role_of(tensor.tensor.name, model.tied) == Role::value)
          values_ += group.layers.size();
      }
    }
  }

  /// `layer` is that of the tensor; 0 outside the layers.
  GgmlType choose(const GgufTensor& tensor, Count layer) {
    if (always_fp32(tensor)) return f32;
    if (!type_.quantised()) return mxfp4_experts_ && tensor.tensor.routed() ? mxfp4 : type_.base;
    if (keeps_its_type(tensor)) return f16;  // the file to quantise is F16
    const Count width = tensor.tensor.columns;
    return fitting(wanted(tensor, layer), width, tensor.tensor.name);
  }

 private:
  GgmlType wanted(const GgufTensor& tensor, Count layer) {
    const Role role = role_of(tensor.tensor.name, model_.tied);
    if (role == Role::head) {
      const bool fits = tensor.tensor.columns % block_of(type_.base) == 0;
      return model_.protects_outputs || !fits ? q8_0 : type_.head;
    }
    if (is_mxfp4_file(type_)) return tensor.tensor.copies > 1 ? mxfp4 : q8_0;
    const bool eight_experts = model_.experts == 8;
    switch (role) {
      case Role::head: break;
      case Role::token_table: return type_.embedding;
      case Role::value: return value(pick(type_.value, value_++, values_));
      case Role::key: return !eight_experts ? type_.key : low_bits() ? q4_k : q8_0;
      case Role::query: return type_.query;
      case Role::output:
        if (model_.protects_outputs && !low_bits()) return type_.name == "Q3_K_L" ? q4_k : type_.base;
        return eight_experts ? type_.output_of_8 : type_.output;
      case Role::gate_up: {
        // Gate and up projections are counted separately.
        std::uint64_t& seen = holds(tensor.tensor.name, "ffn_up") ? up_ : gate_;
        return pick(type_.gate_up, place(seen++, layer), layers_);
      }
      case Role::down: return down(type_.counts_experts ? down_++ : place(down_++, layer));
      case Role::other: break;
    }
    return type_.base;
  }

  GgmlType value(GgmlType type) const {
    if (low_bits()) return type;
    // A 70B model has few value weights, and a mixture of 8 experts has few attention weights.
    if (model_.experts == 8) return q8_0;
    if (model_.is_70b && (type == q3_k || type == q4_k)) return q5_k;
    return type;
  }

  GgmlType down(Count index) const {
    if (model_.protects_outputs && !low_bits()) {
      const bool spread = is_chosen(Layers::ends_and_every_third, index, layers_);
      const bool early = is_chosen(Layers::first_sixteenth, index, layers_);
      if (type_.name == "Q3_K_M") return early ? q5_k : spread ? q4_k : q3_k;
      if (type_.name == "Q3_K_L") return q4_k;
      if (type_.name == "Q4_K_M") return early ? q6_k : spread ? q5_k : q4_k;
      if (type_.name == "Q4_K_S") return q4_k;
    }
    if (type_.name == "IQ3_M" && model_.experts == 8 && is_chosen(Layers::ends_and_every_third, index, layers_)) {
      return q4_k;
    }
    return pick(type_.down, index, layers_);
  }

  bool low_bits() const { return type_.counts_experts; }
  /// Mixtures of experts use the layer index, other models the number of such tensors so far.
  Count place(Count seen, Count layer) const { return model_.experts > 1 ? layer : seen; }

  GgmlType pick(const Choice& choice, Count index, Count of) const {
    return is_chosen(choice.where, index, of) ? choice.type : choice.rest;
  }

  bool is_chosen(Layers where, Count index, Count of) const {
    const Count eighth = of / 8;
    const Count last_eighth = 7 * of / 8;
    switch (where) {
      case Layers::all: return true;
      case Layers::first_two: return index < 2;
      case Layers::first_four: return index < 4;
      case Layers::first_sixteenth: return index < of / 16;
      case Layers::first_eighth: return index < eighth;
      case Layers::ends_and_every_third: return index < eighth || index >= last_eighth || (index - eighth) % 3 == 2;
      case Layers::middle: return index >= eighth && index < last_eighth;
      case Layers::grouped_query: return model_.queries_per_kv_head >= 4;
      case Layers::grouped_or_experts: return model_.queries_per_kv_head >= 4 || model_.experts >= 4;
    }
    return false;
  }

  static Count block_of(GgmlType type) {
    if (!is_quantised(type)) return 1;
    const bool of_32 = type <= q8_0 || type == iq4_nl || type == mxfp4;
    return of_32 ? 32 : 256;
  }

  /// Returns the type itself. If rows are not whole blocks of it, returns the nearest type with smaller blocks, finally
  /// fp16.
  GgmlType fitting(GgmlType type, Count width, std::string_view name) const {
    if (width % block_of(type) == 0) return type;
    GgmlType other = f16;
    switch (type) {
      case iq1_s:
      case iq1_m:
      case iq2_xxs:
      case iq2_xs:
      case iq2_s:
      case iq3_xxs:
      case iq3_s:
      case iq4_xs: other = iq4_nl; break;
      case q2_k:
      case q3_k:
      case tq1_0:
      case tq2_0: other = q4_0; break;
      case q4_k: other = q5_0; break;
      case q5_k: other = q5_1; break;
      case q6_k: other = q8_0; break;
      default:
        throw InputError(setting_fault("weights",
                                       std::string(type_.name) + ": llama.cpp cannot store \"" + std::string(name) +
                                           "\", whose rows of " + to_string(width) + " are not whole blocks of 32",
                                       "a K-quant such as Q6_K leaves such tensors in fp16"));
    }
    return width % block_of(other) == 0 ? other : f16;
  }

  const GgufModel& model_;
  const GgufFileType& type_;
  bool mxfp4_experts_;
  Count layers_;
  Count values_;
  std::uint64_t value_ = 0, down_ = 0, gate_ = 0, up_ = 0;  // tensors of that role so far
};

Precision precision_of(GgmlType type) {
  return parse_precision(kFormatNames[static_cast<std::size_t>(type)], "weights");
}

}  // namespace

std::span<const GgufFileType> gguf_file_types() { return kFileTypes; }

const GgufFileType* find_gguf_file_type(std::string_view name) {
  const auto same = [name](const GgufFileType& type) {
    return std::equal(name.begin(), name.end(), type.name.begin(), type.name.end(),
                      [](char a, char b) { return a == lower_case(b); });
  };
  const auto* found = std::find_if(std::begin(kFileTypes), std::end(kFileTypes), same);
  return found == std::end(kFileTypes) ? nullptr : found;
}

std::optional<std::vector<StoredTensor>> store_as_gguf(const Model& model, const GgufFileType& type,
                                                       bool mxfp4_experts) {
  const std::optional<GgufModel> gguf = gguf_model(model);
  if (!gguf) return std::nullopt;
  Chooser chooser(*gguf, type, mxfp4_experts);

  std::vector<StoredTensor> result;
  for (const GgufTensor& tensor : gguf->tensors) {
    result.push_back(plain(tensor.tensor, precision_of(chooser.choose(tensor, 0))));
    result.back().place = tensor.place;
  }

  // Layers are visited in file order, whatever group they are in.
  struct Visit {
    std::uint32_t layer;
    std::size_t group;
  };
  std::vector<Visit> visits;
  for (std::size_t g = 0; g < gguf->groups.size(); ++g) {
    for (const std::uint32_t layer : gguf->groups[g].layers) visits.push_back({layer, g});
  }
  std::stable_sort(visits.begin(), visits.end(), [](const Visit& a, const Visit& b) { return a.layer < b.layer; });

  // Of each group and tensor, the layers by type.
  using ByType = std::array<std::vector<std::uint32_t>, std::size(kFormatNames)>;
  std::vector<std::vector<ByType>> layers(gguf->groups.size());
  for (std::size_t g = 0; g < layers.size(); ++g) layers[g].resize(gguf->groups[g].tensors.size());
  for (const Visit& visit : visits) {
    const GgufLayers& group = gguf->groups[visit.group];
    for (std::size_t t = 0; t < group.tensors.size(); ++t) {
      const GgmlType chosen = chooser.choose(group.tensors[t], visit.layer);
      layers[visit.group][t][static_cast<std::size_t>(chosen)].push_back(visit.layer);
    }
  }
  for (std::size_t g = 0; g < layers.size(); ++g) {
    for (std::size_t t = 0; t < layers[g].size(); ++t) {
      for (std::size_t chosen = 0; chosen < std::size(kFormatNames); ++chosen) {
        if (layers[g][t][chosen].empty()) continue;
        StoredTensor& stored =
            result.emplace_back(plain(gguf->groups[g].tensors[t].tensor, precision_of(static_cast<GgmlType>(chosen))));
        stored.group = gguf->groups[g].group;
        stored.layers = std::move(layers[g][t][chosen]);
      }
    }
  }
  return result;
}

}  // namespace ctxcost
