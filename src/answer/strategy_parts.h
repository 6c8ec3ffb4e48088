// The parts of a strategy, each applied to a model that the parts before it left.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/named_settings.h"
#include "ctxcost/answer/strategy.h"
#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// One part as written. Of NAME[:key=value,…], `named` is split; of KEY=VALUE, `value` is set.
struct StrategyPart {
  std::string_view text;  ///< "sliding_window:window=4096", "kv_heads=8"
  NamedSettings named;    ///< its name is the key of KEY=VALUE
  std::optional<std::string_view> value;
};

/// A model while a strategy is applied to it.
struct StrategyDraft {
  Model model;
  StrategicModel result;  ///< all but its model
  std::string_view source;
  std::vector<bool> replaced;  ///< layers of `strategy_stack` whose mechanism an earlier part has chosen
  std::string_view positions;  ///< the part that changed the positions
  std::vector<std::string_view> keys_given;

  bool given(std::string_view key) const;
  void note(std::string text) { model.notes.push_back(std::move(text)); }
  /// What `part` gives up. Nothing is added without a text.
  void give_up(const StrategyPart& part, std::string_view what, std::string_view source_of_it);
  /// Remembers where an integer of the changed model comes from.
  void remember(std::string key, Count value);
  /// Throws InputError: the part cannot be applied.
  [[noreturn]] void fail(const StrategyPart& part, std::string message, std::string hint = {}) const;
  [[noreturn]] void fail(const StrategyPart& part, const SettingFault& fault) const;
};

/// Returns the stack whose layers a strategy changes: the decoder, or the encoder of a model that has no decoder.
Stack strategy_stack(const Model& model);
/// Returns whether a mixer is softmax attention over the model's own tokens, which mechanisms replace.
bool is_replaceable(const Mixer& mixer);
/// Returns whether a mixer caches a latent in place of the keys and values of its heads.
bool is_latent(const Mixer& mixer);

/// Replaces mixers by those of a kind.
void apply_mechanism(StrategyDraft& draft, const StrategyPart& part, const Mechanism& mechanism);

/// A part of a name that is no mechanism.
struct NamedStrategy {
  std::string_view name;
  void (*apply)(StrategyDraft& draft, const StrategyPart& part);
};
/// Changes of the positions: `rope`, `alibi`, `learned`.
std::span<const NamedStrategy> position_strategies();
/// Keys with a value: `kv_heads`, `precision`, `flash`.
std::span<const NamedStrategy> key_strategies();

}  // namespace ctxcost
