// Vertical-slash sparsity of the prefill: selected columns and diagonals. Decode and the cache stay dense [Jiang 2024,
// MInference; MInference minference_forward.py].
#include <algorithm>

#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kVerticalSlashKeys[] = {
    {"vertical", KeyType::count_or_list, "",
     "columns that every later token sees: a number (the first ones) or a list of positions", 0},
    {"slash", KeyType::count_or_list, "",
     "diagonals: a number (the nearest ones) or a list of distances; 0 is the token itself", 0},
};

/// The number of queries that estimate the pattern. [minference_forward.py, vertical_and_slash_kernel]
constexpr Count kProbeQueries = 64;

constexpr Formula kVerticalSlashFormulas[] = {
    {"pairs",
     "sum(v in vertical: max(0, n - v)) + sum(s in slash: max(0, n - s)) - sum(v in vertical: sum(s in slash: v + s < "
     "n))",
     "a pair on a column and on a diagonal counts once, docs/cost-model.md section 3, vertical_slash"},
    {"pairs under reach",
     "n max(i < n: sum(v in vertical: v <= i) + sum(s in slash: s <= i) - sum(v in vertical: i - v in slash))",
     "every query charged the most keys of any"},
    {"macs", "heads (pairs (d_k + d_v) + min(64, n) n d_k)",
     "attention, and the last queries' scores that choose columns and diagonals"},
    {"decode keys", "T", "docs/cost-model.md section 7.6"},
    {"decode macs", "heads pairs (d_k + d_v)", "dense, docs/cost-model.md section 7.6"},
    {"cached elements", "n kv_heads (d_k + d_v)", "docs/cost-model.md section 7.6"},
};

constexpr std::string_view kVerticalSlashNotes[] = {
    "vertical_slash: prefill only; multiply-adds hold the search for the pattern, min(64, n) n scores a head",
};

/// {0 .. c-1}, or positions in ascending order.
using Selection = std::variant<Count, std::vector<Count>>;

class VerticalSlash final : public SoftmaxAttention {
 public:
  VerticalSlash(const MixerShape& shape, Selection vertical, Selection slash)
      : SoftmaxAttention("vertical_slash", shape, Span{}), vertical_(std::move(vertical)), slash_(std::move(slash)) {}

  std::optional<Work> prefill(Count n, PairRule rule) const override {
    Work work = softmax_work(shape(), prefill_pairs(n, rule));
    work.macs += shape().heads * min(kProbeQueries, n) * n * shape().d_k;
    return work;
  }
  /// Of the prefill.
  Visibility visibility(Count n) const override {
    std::vector<MaskPart> parts;
    if (const Count* const first = std::get_if<Count>(&vertical_)) {
      parts.emplace_back(mask::Columns{PositionSet({{0, *first}})});
    } else {
      std::vector<PositionRange> columns;
      for (const Count column : std::get<std::vector<Count>>(vertical_)) {
        if (column < n) columns.push_back({column, column + 1});
      }
      parts.emplace_back(mask::Columns{PositionSet(std::move(columns))});
    }
    if (const Count* const nearest = std::get_if<Count>(&slash_)) {
      if (*nearest > 0) parts.emplace_back(mask::Band{*nearest - 1});
    } else {
      parts.emplace_back(mask::Diagonals{std::get<std::vector<Count>>(slash_)});
    }
    return {std::move(parts), {}, false, "the mask of the prefill; a decode step sees every token"};
  }
  /// Of the prefill: its farthest diagonal.
  Reach reach(Count n) const override {
    Count back;
    if (const Count* const nearest = std::get_if<Count>(&slash_)) {
      back = min(n, *nearest);
    } else {
      for (const Count distance : std::get<std::vector<Count>>(slash_)) {
        if (distance < n) back = distance + 1;
      }
    }
    return {back, back};
  }
  std::span<const Formula> formulas() const override { return kVerticalSlashFormulas; }
  std::span<const std::string_view> notes() const override { return kVerticalSlashNotes; }

 private:
  Count prefill_pairs(Count n, PairRule rule) const override {
    return std::visit(
        [n, rule](const auto& vertical, const auto& slash) {
          return rule == PairRule::reach ? n * pairs::vertical_slash_most(n, vertical, slash)
                                         : pairs::vertical_slash(n, vertical, slash);
        },
        vertical_, slash_);
  }
  Count decode_keys(Count keys) const override { return keys; }

  Selection vertical_;
  Selection slash_;
};

/// Returns the setting as a count if it is one or a list {0 .. c-1}, else as a sorted list.
Selection positions(const MixerSettings& settings, std::string_view key) {
  std::optional<std::vector<Count>> list = settings.list(key);
  if (!list) return settings.count(key);
  std::sort(list->begin(), list->end());
  const auto repeated = std::adjacent_find(list->begin(), list->end());
  if (repeated != list->end()) {
    throw SettingFault{std::string(key), "expected each position once, found " + to_string(*repeated) + " repeated",
                       ""};
  }
  const bool from_zero = list->empty() || list->back() == list->size() - 1;
  if (from_zero) return Count{list->size()};
  return *std::move(list);
}

}  // namespace

CTXCOST_MECHANISM(kVerticalSlash) = {
    "vertical_slash",
    "selected columns and diagonals in prefill, every token in decode",
    "in prefill, pairs off the chosen columns and diagonals; a decode step sees every token",
    "Jiang 2024, arXiv 2407.02490, section 3",
    kVerticalSlashKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<VerticalSlash>(shape, positions(settings, "vertical"), positions(settings, "slash"));
    }};

}  // namespace ctxcost
