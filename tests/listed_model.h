// What `list models` shows of an entry, counted from its config: what the entry's `listed` must say.
#pragma once

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

namespace ctxcost::test {

/// The figures of a row. The published total is the entry's own.
struct ListedFigures {
  std::string family;
  std::optional<Count> parameters, active_parameters;
  Count checkpoint_parts;
  std::optional<Count> trained_context, effective_context;
};

inline ListedFigures listed_figures(const Model& model) {
  const Estimate estimate = Estimator(model, Workload{}).at(1, 1);
  ListedFigures figures{model.family, estimate.count(Metric::parameters), estimate.count(Metric::active_parameters),
                        {},           model.positions.trained_context,    model.positions.effective_context};
  for (const ParameterPart& part : model.parameter_parts) figures.checkpoint_parts += part.elements;
  return figures;
}

}  // namespace ctxcost::test
