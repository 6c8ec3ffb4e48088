// What the JSON documents of `fit` and `solve` share.
#pragma once

#include <string>
#include <vector>

#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/solve.h"
#include "listing.h"
#include "render/document_parts.h"

namespace ctxcost::cli {

/// One changed option under which it fits, or more does.
struct Fix {
  std::string option;  ///< "--kv-precision"
  std::string value;   ///< "q8_0"; empty for a flag

  std::string text() const { return value.empty() ? option : option + " " + value; }
};

/// The members of one result: everything of `scale`'s, the devices, parts, metrics and times, the assumptions.
/// `longest` is the answer of max_context.
void write_deployment(JsonWriter& json, const Deployment& deployment, const DeploymentEstimate& estimate,
                      const LargestFit& longest, const RenderOptions& options);

/// Assumptions and remarks that belong to the numbers, each once.
std::vector<std::string> row_notes(const Deployment& deployment, const DeploymentEstimate& estimate, Count context,
                                   Count batch);

/// What there is to say where no context is the longest, or the engine ends it; empty else.
std::string longest_note(const LargestFit& longest);

/// All digits, in the shortest form that reads back the same.
ListingCell exact_cell(const MetricValue& value);

}  // namespace ctxcost::cli
