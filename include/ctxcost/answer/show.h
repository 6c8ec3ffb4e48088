// One built-in entry in full: a model, mechanism, engine, precision, gpu or metric.
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

/// A model of the catalogue with its estimator.
struct BuiltInModel {
  const CatalogueEntry* entry;  ///< its file
  Estimator estimator;          ///< with the types of its file, or those that the name states
  std::string note = {};        ///< what the name says beside the entry's file; empty if nothing
};

/// The answer of `show`: the entry with the given name.
using BuiltIn =
    std::variant<BuiltInModel, const Mechanism*, const Engine*, const Format*, Accelerator, const MetricInfo*>;

/// The kind of a BuiltIn, in the order of its alternatives.
inline constexpr std::string_view kBuiltInKinds[] = {"model", "mechanism", "engine", "precision", "gpu", "metric"};
static_assert(std::size(kBuiltInKinds) == std::variant_size_v<BuiltIn>);

/// "model", "gpu", …
inline std::string_view kind_of(const BuiltIn& found) { return kBuiltInKinds[found.index()]; }

/// Finds an entry by its exact name, or a model or gpu by a name as people write it. Throws InputError naming `source`
/// if there is none.
BuiltIn find_built_in(std::string_view word, std::string_view source);

}  // namespace ctxcost
