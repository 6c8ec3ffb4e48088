// A plan folded for estimators of many points. From one context to another every sum is a polynomial of the context,
// times the batch: the contexts in between are one piece, and a point in it costs a few products for each metric. What
// has no long pieces (chunks, blocks, strides) is counted at each point, beside them. A piece is made when it was asked
// for some times, so that single points do not pay for it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "ctxcost/estimate/estimate.h"
#include "plan.h"

namespace ctxcost {

/// A polynomial of at most third degree: the sum of coefficients[k] binomial(n, k), modulo 2^128. A coefficient may be
/// negative; the value is not.
using Polynomial = std::array<Uint128, 4>;

/// The contexts of a piece, and what is known there at every context and batch.
struct FoldedPiece {
  /// A polynomial of second or third degree of one sequence, and how many figures are multiples of it.
  struct Shape {
    Polynomial of_sequence;
    std::size_t figures;
    bool heads;  ///< it is the scores per head, too
  };
  struct Figure {
    std::size_t metric;
    std::uint64_t multiple;
  };
  /// Of each token and of each sequence.
  struct Line {
    std::size_t metric;
    Uint128 of_token, of_sequence;
  };
  Estimate fixed;             ///< figures that are the same at every point
  std::vector<Shape> shapes;  ///< by falling degree
  std::size_t cubic = 0;      ///< the first `cubic` are of third degree
  // Figures: of each shape in turn, then multiples of all tokens, then of the batch.
  std::vector<Figure> figures;
  std::size_t of_tokens = 0;
  std::size_t of_batch = 0;
  std::vector<Line> lines;        ///< other sums
  std::vector<Polynomial> heads;  ///< scores per head that are of no shape, of each kind of mixer
  bool heads_known = true;
  std::vector<std::pair<Metric, Metric>> divided;  ///< a figure per layer and its sum, divided at each point
  bool forward_known = false;
  bool complete = false;          ///< nothing is left to count at each point
  std::uint64_t batch_limit = 0;  ///< up to which every sum fits 128 bits
};

struct FoldedPlan {
  /// Contexts are below it, so that n (n - 1) / 2 fits 64 bits.
  static constexpr std::uint64_t kContextLimit = std::uint64_t{1} << 32;

  struct Slot {
    std::atomic<const FoldedPiece*> piece = nullptr;
    std::atomic<std::uint32_t> asked = 0;
    ~Slot() { delete piece.load(); }
  };

  EstimateRows folded;                ///< what is in the pieces' sums,
  EstimateRows rest;                  ///< and what is counted at each point
  std::vector<std::uint64_t> starts;  ///< of each piece; the first is 1
  std::unique_ptr<Slot[]> slots;      ///< as starts

  std::size_t piece_of(std::uint64_t context) const {
    std::size_t piece = starts.size() - 1;
    while (starts[piece] > context) --piece;
    return piece;
  }
};

}  // namespace ctxcost
