// Which queries can see a key, by its position: through one layer, and through all layers together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost {

/// Layers whose queries see the same keys.
struct AccessLayers {
  std::vector<std::uint32_t> layers;  ///< their indices in the stack, from 0, ascending
  std::string mechanism;              ///< "sliding_window"; "none" where nothing mixes tokens
  std::string settings;               ///< "window=1024"; empty where there are none
  bool causal = true;
  bool softmax = false;  ///< weights of a query add to 1
};

/// Queries that can see one key.
struct KeyAccess {
  Count exact;  ///< by its own key
  Count all;    ///< those, and those that see it through a summary, a memory or a state

  friend bool operator==(const KeyAccess&, const KeyAccess&) = default;
};

struct PositionAccess {
  Count position;                 ///< of the key, from 0
  std::vector<KeyAccess> direct;  ///< through one layer of each of the groups
  /// Through all layers in their order, each position keeping what it had (the residual stream): the queries that the
  /// key reaches at the top.
  KeyAccess through;
  bool main = true;  ///< one of the few that a screen holds
};

/// The answer of `explain --positions`.
struct PositionAnswer {
  SharedModel model;
  Count context;
  Stack stack = Stack::decoder;
  Count layers;
  std::vector<AccessLayers> groups;       ///< in the order of their first layers
  std::vector<PositionAccess> positions;  ///< both ends, quarters, and where the counts change their course; ascending
  std::vector<PositionAccess> strip;      ///< at equal distances over the whole context, at most kStripCells
  std::vector<std::string> notes;
};

inline constexpr std::size_t kStripCells = 64;
/// At most this many positions are listed, and this many of them are `main`.
inline constexpr std::size_t kMostPositions = 100;
inline constexpr std::size_t kMainPositions = 20;

/// Counts, exactly and from the masks alone, for each of some key positions the queries of `context` tokens that can
/// see it. An encoder-decoder is asked about its decoder. Kinds that choose keys by their content are counted with all
/// that they may choose. Throws InputError of the setting "context" where it is 0, or where the masks split what a key
/// reaches into too many ranges.
PositionAnswer access_by_position(const SharedModel& model, Count context);

}  // namespace ctxcost
