// The records that several documents share: how numbers were counted, and one model at one point.
#pragma once

#include <string>
#include <vector>

#include "ctxcost/answer/comparison.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/render/render.h"
#include "field.h"

namespace ctxcost {

/// How numbers were counted and are shown.
struct Conventions {
  std::string name;
  Count flops_per_mac = 1;
  std::string pairs;   ///< "reach", "exact"
  std::string logits;  ///< "last", "all"; empty where a saved report does not say
  UnitSystem units = UnitSystem::si;
};
Conventions conventions_of(const Convention& convention, Logits logits, UnitSystem units);
Conventions conventions_of(const RecordedConvention& convention, UnitSystem units);
extern const FieldTable kConventionsFields;

extern const FieldTable kModelFields;  ///< of a Model

/// One model at one point, with everything that documents say of it.
struct Result {
  const Estimator* estimator;
  const Estimate* values;
  const RenderOptions* options;
  EstimateDetails details;
  std::vector<std::string> notes;
  const DeviceShare* share = nullptr;  ///< of a split model

  /// No columns were chosen: all metrics, their parts and the layer groups.
  bool everything() const { return options->columns.empty(); }
};
/// `engine_notes` replace those of the engine on the whole model.
Result result_of(const GridPoint& row, const RenderOptions& options,
                 const std::vector<std::string>* engine_notes = nullptr);
extern const FieldTable kResultFields;

}  // namespace ctxcost
