// Which queries see which keys: masks made of a few parts, and the sets of positions that they lead to. The work of
// each function follows from the number of ranges, not from the number of tokens.
#pragma once

#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// Positions from `begin` up to but not with `end`.
struct PositionRange {
  Count begin;
  Count end;

  friend bool operator==(const PositionRange&, const PositionRange&) = default;
};

/// Positions of a sequence as ascending ranges that neither overlap nor touch.
class PositionSet {
 public:
  PositionSet() = default;
  /// Takes ranges in any order. Empty ones are dropped.
  explicit PositionSet(std::vector<PositionRange> ranges);

  std::span<const PositionRange> ranges() const { return ranges_; }
  bool empty() const { return ranges_.empty(); }
  Count size() const;
  bool contains(Count position) const;
  /// Returns how many of its positions are below `end`.
  Count size_below(Count end) const;

  friend bool operator==(const PositionSet&, const PositionSet&) = default;

 private:
  std::vector<PositionRange> ranges_;
};

/// Returns the positions of both.
PositionSet unite(const PositionSet& a, const PositionSet& b);

/// A part of a mask, i being a query and j a key, both from 0.
namespace mask {

/// i - behind <= j <= i + ahead.
struct Band {
  Count behind;
  Count ahead = 0;

  friend bool operator==(const Band&, const Band&) = default;
};
/// Causal: j in the segment of i, or one of the `memory` tokens before it.
struct Segments {
  Count segment;
  Count memory = 0;

  friend bool operator==(const Segments&, const Segments&) = default;
};
/// Causal: `stride` divides i - j, and (i - j) / stride < keys.
struct Strided {
  Count stride;
  Count keys;

  friend bool operator==(const Strided&, const Strided&) = default;
};
/// Causal: the last `ends` tokens of each block.
struct BlockEnds {
  Count block;
  Count ends;

  friend bool operator==(const BlockEnds&, const BlockEnds&) = default;
};
/// Keys that every later query sees, or with `two_sided` every query.
struct Columns {
  PositionSet keys;
  bool two_sided = false;

  friend bool operator==(const Columns&, const Columns&) = default;
};
/// Queries that see every key.
struct Rows {
  PositionSet queries;

  friend bool operator==(const Rows&, const Rows&) = default;
};
/// Two-sided: j in the block of i or in one beside it.
struct NeighbourBlocks {
  Count block;

  friend bool operator==(const NeighbourBlocks&, const NeighbourBlocks&) = default;
};
/// i - j is one of these distances, which ascend.
struct Diagonals {
  std::vector<Count> distances;

  friend bool operator==(const Diagonals&, const Diagonals&) = default;
};
/// j in a segment before that of i: a memory that each segment hands on.
struct EarlierSegments {
  Count segment;

  friend bool operator==(const EarlierSegments&, const EarlierSegments&) = default;
};
/// j in one of the last `slots` slots that are full at the start of the segment of i. Tokens that leave a memory of
/// `memory` tokens fill slots of `ratio` tokens each, from position 0 on.
struct Slots {
  Count segment;
  Count memory;
  Count slots;
  Count ratio;

  friend bool operator==(const Slots&, const Slots&) = default;
};

}  // namespace mask

using MaskPart = std::variant<mask::Band, mask::Segments, mask::Strided, mask::BlockEnds, mask::Columns, mask::Rows,
                              mask::NeighbourBlocks, mask::Diagonals, mask::EarlierSegments, mask::Slots>;

/// What one layer lets its queries see. A mask is the union of its parts.
struct Visibility {
  std::vector<MaskPart> exact;       ///< by keys of their own
  std::vector<MaskPart> compressed;  ///< beside those: through a summary, a memory or a state
  /// The kind chooses keys by their content: the mask says which ones it may choose.
  bool chosen = false;
  std::string_view remark = {};  ///< what the mask leaves out, for notes
};

/// A set of more ranges than this is not made.
inline constexpr std::size_t kMostRanges = std::size_t{1} << 17;

/// Returns the queries of n that see at least one of `keys`, all below n. Throws InputError of the setting "context"
/// where they make more than kMostRanges ranges.
PositionSet queries_that_see(std::span<const MaskPart> mask, const PositionSet& keys, Count n);

/// Returns whether a key is seen at distances that are the same for every key, none of them before it. What the first
/// key reaches then tells what any key does: the same, moved, and cut at the end.
bool is_shift_invariant(std::span<const MaskPart> mask);

/// Returns positions below n at which the number of queries that see a key may change its course: the first keys of
/// another rule. Of rules that repeat with a period, the first and the last. Ascending, each once.
std::vector<Count> mask_borders(std::span<const MaskPart> mask, Count n);

}  // namespace ctxcost
