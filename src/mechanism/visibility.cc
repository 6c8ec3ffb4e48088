#include "ctxcost/mechanism/visibility.h"

#include <algorithm>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"

namespace ctxcost {

PositionSet::PositionSet(std::vector<PositionRange> ranges) {
  std::erase_if(ranges, [](const PositionRange& range) { return range.begin >= range.end; });
  std::sort(ranges.begin(), ranges.end(),
            [](const PositionRange& a, const PositionRange& b) { return a.begin < b.begin; });
  for (const PositionRange& range : ranges) {
    if (!ranges_.empty() && range.begin <= ranges_.back().end) {
      ranges_.back().end = max(ranges_.back().end, range.end);
    } else {
      ranges_.push_back(range);
    }
  }
}

Count PositionSet::size() const {
  Count sum;
  for (const PositionRange& range : ranges_) sum += range.end - range.begin;
  return sum;
}

Count PositionSet::size_below(Count end) const {
  Count sum;
  for (const PositionRange& range : ranges_) {
    if (range.begin >= end) break;
    sum += min(range.end, end) - range.begin;
  }
  return sum;
}

bool PositionSet::contains(Count position) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), position,
                                      [](Count value, const PositionRange& range) { return value < range.begin; });
  return after != ranges_.begin() && position < std::prev(after)->end;
}

PositionSet unite(const PositionSet& a, const PositionSet& b) {
  std::vector<PositionRange> all(a.ranges().begin(), a.ranges().end());
  all.insert(all.end(), b.ranges().begin(), b.ranges().end());
  return PositionSet(std::move(all));
}

namespace {

[[noreturn]] void throw_too_many_ranges() {
  throw InputError(setting_fault("context",
                                 "expected fewer tokens: what a key reaches falls into more than " +
                                     with_separators(kMostRanges) + " ranges of this mask",
                                 ""));
}

/// The queries that see any of some keys, part by part.
class SeeingQueries {
 public:
  SeeingQueries(const PositionSet& keys, Count n) : keys_(keys), n_(n) {}

  void operator()(const mask::Band& band) {
    // min keeps the sums of wide bands small.
    for (const PositionRange& keys : keys_.ranges()) {
      add(minus_or_zero(keys.begin, band.ahead), keys.end + min(band.behind, n_));
    }
  }
  void operator()(const mask::Segments& part) {
    // Key j is seen from j on, up to the end of the last segment that starts at most `memory` after it.
    for (const PositionRange& keys : keys_.ranges()) {
      const Count last = keys.end - 1 + min(part.memory, n_);
      add(keys.begin, part.segment >= n_ ? n_ : (last / part.segment + 1) * part.segment);
    }
  }
  void operator()(const mask::Strided& part) {
    // Fewer than `stride` keys in a row are seen by as many queries in a row, again after each `stride`. Ranges that
    // start at the same remainder and are as long share what they reach, so that each place is made once.
    struct Start {
      Count remainder;
      Count length;
      Count quotient;
    };
    std::vector<Start> starts;
    const Count steps = min(part.keys, n_ / part.stride + 1);
    for (const PositionRange& keys : keys_.ranges()) {
      const Count length = keys.end - keys.begin;
      if (length >= part.stride) {
        add(keys.begin, keys.end + (steps - 1) * part.stride);
      } else {
        starts.push_back({keys.begin % part.stride, length, keys.begin / part.stride});
      }
    }
    const auto shape = [](const Start& start) { return std::pair(start.remainder, start.length); };
    std::sort(starts.begin(), starts.end(), [&shape](const Start& a, const Start& b) { return shape(a) < shape(b); });
    for (std::size_t i = 0; i < starts.size();) {
      const Start first = starts[i];
      std::vector<PositionRange> quotients;
      for (; i < starts.size() && shape(starts[i]) == shape(first); ++i) {
        quotients.push_back({starts[i].quotient, starts[i].quotient + steps});
      }
      const PositionSet runs(std::move(quotients));
      for (const PositionRange& run : runs.ranges()) {
        for (Count begin = run.begin * part.stride + first.remainder; begin < min(n_, run.end * part.stride);
             begin += part.stride) {
          add(begin, begin + first.length);
        }
      }
    }
  }
  void operator()(const mask::BlockEnds& part) {
    const Count least = part.block - part.ends;
    for (const PositionRange& keys : keys_.ranges()) {
      const Count remainder = keys.begin % part.block;
      const Count first = remainder >= least ? keys.begin : keys.begin + (least - remainder);
      if (first < keys.end) return add(first, n_);
    }
  }
  void operator()(const mask::Columns& part) {
    // All queries from the first such key on see it.
    const std::span<const PositionRange> columns = part.keys.ranges();
    for (const PositionRange& keys : keys_.ranges()) {
      const auto next = std::upper_bound(columns.begin(), columns.end(), keys.begin,
                                         [](Count key, const PositionRange& column) { return key < column.end; });
      if (next == columns.end()) return;
      const Count first = max(next->begin, keys.begin);
      if (first < keys.end) return add(part.two_sided ? Count{} : first, n_);
    }
  }
  void operator()(const mask::Rows& part) {
    if (keys_.empty()) return;
    for (const PositionRange& rows : part.queries.ranges()) add(rows.begin, rows.end);
  }
  void operator()(const mask::NeighbourBlocks& part) {
    for (const PositionRange& keys : keys_.ranges()) {
      const Count last = (keys.end - 1) / part.block;
      add(minus_or_zero(keys.begin / part.block, 1) * part.block, (last + 2) * part.block);
    }
  }
  void operator()(const mask::Diagonals& part) {
    if (Count(keys_.ranges().size()) * part.distances.size() > kMostSteps) throw_too_many_ranges();
    for (const PositionRange& keys : keys_.ranges()) {
      for (const Count distance : part.distances) {
        if (distance >= n_) break;
        add(keys.begin + distance, keys.end + distance);
      }
    }
  }
  void operator()(const mask::EarlierSegments& part) {
    if (!keys_.empty()) add((keys_.ranges().front().begin / part.segment + 1) * part.segment, n_);
  }
  void operator()(const mask::Slots& part) {
    if (part.slots == 0 || part.memory >= n_ || part.ratio >= n_) return;
    // Slot s is seen from the first segment at whose start it is full, until `slots` further ones are. The next slot is
    // seen from there or before, so that the slots of keys in a row are seen by queries in a row.
    const auto start_with = [&part](Count full_slots) {
      return ceil_div(full_slots * part.ratio + part.memory, part.segment) * part.segment;
    };
    const Count slots = min(part.slots, n_ / part.ratio + 1);
    for (const PositionRange& keys : keys_.ranges()) {
      add(start_with(keys.begin / part.ratio + 1), start_with((keys.end - 1) / part.ratio + 1 + slots));
    }
  }

  PositionSet take() {
    PositionSet all(std::move(ranges_));
    if (all.ranges().size() > kMostRanges) throw_too_many_ranges();
    return all;
  }

 private:
  static constexpr std::size_t kMostSteps = 16 * kMostRanges;

  void add(Count begin, Count end) {
    if (begin >= n_) return;
    if (ranges_.size() >= 4 * kMostRanges) {
      // Those that overlap count once.
      const PositionSet merged = take();
      ranges_.assign(merged.ranges().begin(), merged.ranges().end());
    }
    ranges_.push_back({begin, min(end, n_)});
  }

  const PositionSet& keys_;
  Count n_;
  std::vector<PositionRange> ranges_;
};

/// The borders of each part. Those outside the sequence are dropped later.
class MaskBorders {
 public:
  explicit MaskBorders(Count n) : n_(n) {}

  void operator()(const mask::Band& band) {
    add(minus_or_zero(n_, band.behind));
    add(band.ahead);
  }
  void operator()(const mask::Segments& part) {
    // Where j + memory starts a segment.
    if (part.segment >= n_) return;
    const Count memory = min(part.memory, n_);
    add_period(part.segment - memory % part.segment, part.segment);
  }
  void operator()(const mask::Strided& part) {
    add(minus_or_zero(n_, min(part.keys - 1, n_ / part.stride) * part.stride));
    add_period(n_ % part.stride, part.stride);
  }
  void operator()(const mask::BlockEnds& part) {
    add_period(part.block - part.ends, part.block);
    add_period(part.block, part.block);
  }
  void operator()(const mask::Columns& part) {
    for (const PositionRange& columns : part.keys.ranges()) {
      if (borders_.size() > kMostOfOne) break;
      add(columns.begin);
      add(columns.end);
    }
  }
  void operator()(const mask::Rows&) {}
  void operator()(const mask::NeighbourBlocks& part) { add_period(part.block, part.block); }
  void operator()(const mask::Diagonals& part) {
    for (const Count distance : part.distances) {
      if (borders_.size() > kMostOfOne) break;
      add(minus_or_zero(n_, distance));
    }
  }
  void operator()(const mask::EarlierSegments& part) { add_period(part.segment, part.segment); }
  void operator()(const mask::Slots& part) {
    // The slots at the last segment: from the first one that is kept to the first that is not full.
    const Count start = (n_ - 1) / part.segment * part.segment;
    const Count full = minus_or_zero(start, part.memory) / part.ratio;
    add(full * part.ratio);
    add(minus_or_zero(full, part.slots) * part.ratio);
  }

  std::vector<Count> take() {
    std::erase_if(borders_, [this](Count border) { return border == 0 || border >= n_; });
    std::sort(borders_.begin(), borders_.end());
    borders_.erase(std::unique(borders_.begin(), borders_.end()), borders_.end());
    return std::move(borders_);
  }

 private:
  static constexpr std::size_t kMostOfOne = 64;

  void add(Count border) { borders_.push_back(border); }
  /// The first and the last of first, first + period, …
  void add_period(Count first, Count period) {
    if (first >= n_) return;
    add(first);
    add(first + (n_ - 1 - first) / period * period);
  }

  Count n_;
  std::vector<Count> borders_;
};

}  // namespace

PositionSet queries_that_see(std::span<const MaskPart> mask, const PositionSet& keys, Count n) {
  SeeingQueries queries(keys, n);
  for (const MaskPart& part : mask) std::visit(queries, part);
  return queries.take();
}

bool is_shift_invariant(std::span<const MaskPart> mask) {
  return std::all_of(mask.begin(), mask.end(), [](const MaskPart& part) {
    const auto* const band = std::get_if<mask::Band>(&part);
    return (band != nullptr && band->ahead == 0) || std::holds_alternative<mask::Strided>(part) ||
           std::holds_alternative<mask::Diagonals>(part);
  });
}

std::vector<Count> mask_borders(std::span<const MaskPart> mask, Count n) {
  if (n == 0) return {};
  MaskBorders borders(n);
  for (const MaskPart& part : mask) std::visit(borders, part);
  return borders.take();
}

}  // namespace ctxcost
