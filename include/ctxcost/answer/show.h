// One built-in entry, whole: a model, mechanism, engine, precision, gpu or metric.
#pragma once

#include <iterator>
#include <string>
#include <string_view>
#include <variant>

#include "ctxcost/core/precision.h"
#include "ctxcost/deployment/accelerator.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/mechanism/mechanism.h"

namespace ctxcost {

/// A model of the catalogue, and what counts with it.
struct BuiltInModel {
  const CatalogueEntry* entry;  ///< its file
  std::string note;             ///< how the name was read; empty where it is one of the entry's own
  Estimator estimator;          ///< in the types that its file states
};

/// The answer of `show`: what bears the name.
using BuiltIn =
    std::variant<BuiltInModel, const Mechanism*, const Engine*, const Format*, Accelerator, const MetricInfo*>;

/// What a BuiltIn is, in the order of its alternatives.
inline constexpr std::string_view kBuiltInKinds[] = {"model", "mechanism", "engine", "precision", "gpu", "metric"};
static_assert(std::size(kBuiltInKinds) == std::variant_size_v<BuiltIn>);

/// "model", "gpu", …
inline std::string_view kind_of(const BuiltIn& found) { return kBuiltInKinds[found.index()]; }

/// Finds an entry by its exact name, or a model or gpu by a name as people write it. Throws InputError that names
/// `source` where there is none.
BuiltIn find_built_in(std::string_view word, std::string_view source);

}  // namespace ctxcost
