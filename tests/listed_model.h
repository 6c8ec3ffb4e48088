// What `list models` shows of an entry and `find` asks of all, counted from its config: what the entry's `listed` must
// say.
#pragma once

#include <array>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"

namespace ctxcost::test {

/// The figures of a row. The published total is the entry's own.
struct ListedFigures {
  std::string family;
  std::optional<Count> parameters, active_parameters;
  Count checkpoint_parts;
  std::optional<Count> trained_context, effective_context;
  std::array<std::optional<Count>, std::size(kListedWeights) + 1> weights_bytes;
};

/// The bytes of a model's weights. Empty if they are unknown or cannot be stored so.
inline std::optional<Count> weights_bytes_in(const Model& model, const WeightScheme& weights) {
  Workload workload;
  workload.weights = weights;
  try {
    return Estimator(model, workload).at(1, 1).count(Metric::weights_bytes);
  } catch (const InputError&) {
    return std::nullopt;
  }
}

inline ListedFigures listed_figures(const Model& model) {
  const Estimate estimate = Estimator(model, Workload{}).at(1, 1);
  ListedFigures figures{model.family,
                        estimate.count(Metric::parameters),
                        estimate.count(Metric::active_parameters),
                        {},
                        model.positions.trained_context,
                        model.positions.effective_context,
                        {}};
  for (const ParameterPart& part : model.parameter_parts) figures.checkpoint_parts += part.elements;
  figures.weights_bytes[0] = weights_bytes_in(model, WeightScheme());
  for (std::size_t i = 0; i < std::size(kListedWeights); ++i) {
    figures.weights_bytes[i + 1] = weights_bytes_in(model, parse_weight_scheme(kListedWeights[i], "weights"));
  }
  return figures;
}

}  // namespace ctxcost::test
