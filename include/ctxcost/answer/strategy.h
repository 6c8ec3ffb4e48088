// Long-context strategies: a model changed by parts that are written as `compare --with` takes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/precision.h"
#include "ctxcost/model/shared_model.h"
#include "ctxcost/weights/weight_scheme.h"

namespace ctxcost {

/// What a part of a strategy gives up, in one line, with its source (a paper's section, a file of a repository).
struct TradeOff {
  std::string part;  ///< as written: "sliding_window:window=4096"
  std::string gives_up;
  std::string source;
};

/// A model with a strategy applied.
struct StrategicModel {
  std::string text;                     ///< the strategy as written; empty = the model as it is
  SharedModel model;                    ///< the changed model; its name stays
  std::optional<KvPrecision> kv;        ///< type of the cache, if a part sets it
  std::optional<WeightScheme> weights;  ///< type of the weights, if a part sets it
  bool fused = true;                    ///< false: scores are materialised (`flash=off`)
  std::vector<TradeOff> trade_offs;     ///< of each part that gives something up, in the order written
};

/// Applies `PART[+PART…]` to a model, part by part (docs/mechanisms.md, "Strategies"). A part is a kind of mechanism
/// with its keys (`sliding_window:window=4096`; `full_every=N` leaves every Nth layer, from layer N, as it is), a
/// change of positions (`rope:type=yarn,factor=4`, `alibi`, `learned:rows=1024`), `flash=on|off`, or a key of a model
/// file with its value (`kv_heads=8`, `kv_precision=q8_0`). A kind replaces softmax attention where no earlier part
/// has, and recurrences stay. Throws InputError naming `source` where a part is not known, lacks a key, or the model
/// cannot have it, with the reason.
StrategicModel apply_strategy(const SharedModel& model, std::string_view text, std::string_view source);

}  // namespace ctxcost
