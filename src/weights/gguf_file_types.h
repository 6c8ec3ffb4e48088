// The file types of llama.cpp: which type each tensor of a GGUF file takes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ctxcost {

/// Element types of tensors; the names of their formats are in the .cc file.
enum class GgmlType : std::uint8_t {
  f32,
  f16,
  bf16,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  iq1_s,
  iq1_m,
  iq2_xxs,
  iq2_xs,
  iq2_s,
  iq3_xxs,
  iq3_s,
  iq4_nl,
  iq4_xs,
  tq1_0,
  tq2_0,
  mxfp4,
};

/// The layers of a model that get a better type. "The i-th" counts the tensors of one role in file order.
enum class Layers : std::uint8_t {
  all,
  first_two,
  first_four,
  first_sixteenth,
  first_eighth,
  ends_and_every_third,  ///< the first and last eighth, between them every third
  middle,                ///< all but the first and last eighth
  grouped_query,         ///< all, if at least 4 query heads share a KV head
  grouped_or_experts,    ///< all, if that holds or there are at least 4 experts
};

/// The type of one role: `type` in the layers chosen, `rest` in the others.
struct Choice {
  Layers where = Layers::all;
  GgmlType type = GgmlType::f32;
  GgmlType rest = GgmlType::f32;
};

/// One file type.
struct GgufFileType {
  std::string_view name;  ///< "Q4_K_M"
  GgmlType base;          ///< of every tensor without a rule
  GgmlType head;          ///< of the output matrix, or of the token tables that stand for it
  GgmlType embedding;     ///< of the token tables beside an output matrix
  GgmlType query, key;
  Choice value;          ///< values, and the fused projections that hold them
  GgmlType output;       ///< of the attention
  GgmlType output_of_8;  ///< the same in a mixture of 8 experts
  Choice gate_up;
  Choice down;
  bool counts_experts;  ///< the layers of `down` are found by counting tensors, even in mixtures of experts

  bool quantised() const { return base > GgmlType::bf16; }
};

/// All of them.
std::span<const GgufFileType> gguf_file_types();
/// By its name in lower case, without "mostly_" or "all_"; or null.
const GgufFileType* find_gguf_file_type(std::string_view name);

}  // namespace ctxcost
