#include "ctxcost/answer/position_access.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/mechanism/visibility.h"

namespace ctxcost {
namespace {

/// What the queries of one group's layers see, by keys of their own and at all.
struct AccessMasks {
  std::vector<MaskPart> exact;
  std::vector<MaskPart> all;

  void add(const Visibility& visibility) {
    exact.insert(exact.end(), visibility.exact.begin(), visibility.exact.end());
    all.insert(all.end(), visibility.exact.begin(), visibility.exact.end());
    all.insert(all.end(), visibility.compressed.begin(), visibility.compressed.end());
  }

  friend bool operator==(const AccessMasks&, const AccessMasks&) = default;
};

/// "window=1024": the settings that are counts.
std::string access_settings(const LayerGroup& group) {
  std::string text;
  for (const auto& mixer : group.mixers) {
    for (const auto& [key, value] : mixer->settings().all()) {
      if (const auto* count = std::get_if<Count>(&value)) {
        text += format("{}{}={}", text.empty() ? "" : " ", key, to_string(*count));
      }
    }
  }
  return text;
}

/// The layers of one stack and what they let each key reach.
class AccessStack {
 public:
  AccessStack(const Model& model, Stack stack, Count n) : n_(n) {
    for (const LayerGroup& group : model.groups) {
      if (group.stack != stack) continue;
      const std::size_t at = group_of(group);
      std::vector<std::uint32_t>& layers = groups_[at].layers;
      layers.insert(layers.end(), group.layers.begin(), group.layers.end());
    }
    for (std::size_t at = 0; at < groups_.size(); ++at) {
      std::vector<std::uint32_t>& layers = groups_[at].layers;
      std::sort(layers.begin(), layers.end());
      for (const std::uint32_t layer : layers) order_.emplace_back(layer, at);
    }
    std::sort(order_.begin(), order_.end());
  }

  const std::vector<AccessLayers>& groups() const { return groups_; }
  const std::vector<std::string>& notes() const { return notes_; }
  Count layers() const { return order_.size(); }

  PositionAccess at(Count position) {
    if (!shift_invariant_) return access_of(position, n_, reach_of(position));
    // What the first key reaches, moved.
    if (!first_) first_ = reach_of(0);
    return access_of(position, n_ - position, *first_);
  }

  /// Where the counts change their course, ascending.
  std::vector<Count> borders() {
    std::vector<Count> all;
    for (const AccessMasks& masks : masks_) {
      const std::vector<Count> own = mask_borders(masks.all, n_);
      all.insert(all.end(), own.begin(), own.end());
    }
    // Keys reach as far through all layers as one among them does, until the context ends. The first one may be a sink.
    if (!first_) first_ = reach_of(0);
    add_reach_border(all, 0, first_->through_all);
    if (!shift_invariant_) {
      add_reach_border(all, n_ / 4, reached(PositionSet({{n_ / 4, n_ / 4 + 1}}), &AccessMasks::all));
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

 private:
  /// Ranges that may be made for one answer, so that it comes at once.
  static constexpr std::size_t kMostRangesMade = std::size_t{1} << 21;

  /// Finds the group of layers of the same kinds with the same masks, or adds it.
  std::size_t group_of(const LayerGroup& group) {
    AccessLayers layers;
    AccessMasks masks;
    for (const auto& mixer : group.mixers) {
      layers.mechanism += (layers.mechanism.empty() ? "" : " and ") + std::string(mixer->kind());
      layers.causal = layers.causal && mixer->causal();
      layers.softmax = layers.softmax || mixer->traits().softmax;
      const Visibility visibility = mixer->visibility(n_);
      masks.add(visibility);
      if (visibility.chosen) {
        add_note(
            format("{} chooses keys by their content: counted are all queries that may choose one", mixer->kind()));
      }
      if (!visibility.remark.empty()) add_note(format("{}: {}", mixer->kind(), visibility.remark));
    }
    if (layers.mechanism.empty()) layers.mechanism = "none";
    layers.settings = access_settings(group);
    for (std::size_t at = 0; at < groups_.size(); ++at) {
      if (groups_[at].mechanism != layers.mechanism || masks_[at] != masks) continue;
      if (groups_[at].settings != layers.settings) groups_[at].settings.clear();  // what differs changes no mask
      return at;
    }
    causal_ = causal_ && layers.causal;
    shift_invariant_ = shift_invariant_ && is_shift_invariant(masks.all);
    only_exact_ = only_exact_ && masks.exact.size() == masks.all.size();
    groups_.push_back(std::move(layers));
    masks_.push_back(std::move(masks));
    return groups_.size() - 1;
  }

  /// The queries that one key reaches.
  struct KeyReach {
    struct Direct {
      PositionSet exact;
      PositionSet all;
    };
    std::vector<Direct> direct;  // of each group
    PositionSet through_exact;
    PositionSet through_all;
  };

  KeyReach reach_of(Count position) {
    const PositionSet key({{position, position + 1}});
    KeyReach reach;
    for (const AccessMasks& masks : masks_) {
      PositionSet exact = spend(queries_that_see(masks.exact, key, n_));
      PositionSet all = masks.exact.size() == masks.all.size() ? exact : spend(queries_that_see(masks.all, key, n_));
      reach.direct.push_back({std::move(exact), std::move(all)});
    }
    reach.through_all = reached(key, &AccessMasks::all);
    reach.through_exact = only_exact_ ? reach.through_all : reached(key, &AccessMasks::exact);
    return reach;
  }

  /// Counts what lies below `end`.
  static PositionAccess access_of(Count position, Count end, const KeyReach& reach) {
    PositionAccess access;
    access.position = position;
    for (const KeyReach::Direct& direct : reach.direct) {
      access.direct.push_back({direct.exact.size_below(end), direct.all.size_below(end)});
    }
    access.through = {reach.through_exact.size_below(end), reach.through_all.size_below(end)};
    return access;
  }

  void add_note(std::string note) {
    if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) notes_.push_back(std::move(note));
  }

  /// Adds the first key whose reach the end of the context cuts, if all reach as far as the one at `position`.
  void add_reach_border(std::vector<Count>& borders, Count position, const PositionSet& reach) const {
    const Count end = reach.ranges().back().end;
    if (end < n_ && end - position > 1) borders.push_back(n_ - (end - position) + 1);
  }

  PositionSet reached(PositionSet positions, std::vector<MaskPart> AccessMasks::*mask) {
    const Count first = causal_ ? positions.ranges().front().begin : Count{};
    const PositionSet most({{first, n_}});
    for (const auto& layer : order_) {
      if (positions == most) break;
      positions = unite(positions, spend(queries_that_see(masks_[layer.second].*mask, positions, n_)));
    }
    return positions;
  }

  PositionSet spend(PositionSet set) {
    made_ += set.ranges().size();
    if (made_ > kMostRangesMade) {
      throw InputError(setting_fault("context",
                                     "expected fewer tokens or fewer layers: what keys reach through all "
                                     "layers falls into too many ranges of these masks"));
    }
    return set;
  }

  Count n_;
  bool causal_ = true;
  bool shift_invariant_ = true;
  bool only_exact_ = true;         // no layer has a summary, a memory or a state
  std::optional<KeyReach> first_;  // of the first key
  std::vector<AccessLayers> groups_;
  std::vector<AccessMasks> masks_;                            // of each group
  std::vector<std::pair<std::uint32_t, std::size_t>> order_;  // layers with their groups, from the bottom
  std::vector<std::string> notes_;
  std::size_t made_ = 0;
};

/// Both ends and the quarters, then the borders with the position before each. At most kMostPositions: of more, the
/// first and the last borders.
std::vector<Count> listed_positions(const std::vector<Count>& borders, Count n, std::size_t most) {
  std::vector<Count> all = {0, n / 4, n / 2, n / 4 * 3 + n % 4 * 3 / 4, n - 1};
  const std::size_t room = (most - all.size()) / 2;
  for (std::size_t i = 0; i < borders.size(); ++i) {
    if (borders.size() > room && i >= room / 2 && i < borders.size() - (room - room / 2)) continue;
    all.push_back(borders[i] - 1);
    all.push_back(borders[i]);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace

PositionAnswer access_by_position(const SharedModel& model, Count context) {
  if (context == 0) throw InputError(setting_fault("context", "expected at least 1 token, found 0"));
  PositionAnswer answer;
  answer.model = model;
  answer.context = context;
  const bool decoder = std::any_of(model->groups.begin(), model->groups.end(),
                                   [](const LayerGroup& group) { return group.stack == Stack::decoder; });
  answer.stack = decoder ? Stack::decoder : Stack::encoder;
  AccessStack stack(*model, answer.stack, context);
  answer.groups = stack.groups();
  answer.layers = stack.layers();
  answer.notes = stack.notes();
  if (decoder && model->has_encoder()) {
    answer.notes.push_back("these are positions of the decoder; the layers of the encoder are left out");
  }
  const std::vector<Count> borders = stack.borders();
  const std::vector<Count> main = listed_positions(borders, context, kMainPositions);
  for (const Count position : listed_positions(borders, context, kMostPositions)) {
    answer.positions.push_back(stack.at(position));
    answer.positions.back().main = std::binary_search(main.begin(), main.end(), position);
  }
  const Count cells = min(context, kStripCells);
  for (Count cell = 0; cell < cells; cell += 1)
    answer.strip.push_back(stack.at(context / cells * cell + context % cells * cell / cells));
  return answer;
}

}  // namespace ctxcost
