// What the documents of `fit` and `solve` share.
#pragma once

#include <string>

#include "ctxcost/answer/fit.h"
#include "ctxcost/answer/remedy.h"
#include "ctxcost/deployment/deployment.h"
#include "listing.h"
#include "render/document_parts.h"

namespace ctxcost::cli {

/// A setting as the command line has it.
struct OptionText {
  std::string option;  ///< "--kv-precision"
  std::string value;   ///< "q8_0"; empty for a flag

  std::string text() const { return value.empty() ? option : option + " " + value; }
};
/// The option that a remedy changes: --gpu NAME:COUNT for "gpus".
OptionText option_of(const Remedy& remedy, const DeploymentSettings& settings);

/// "1 x h100-sxm-80gb", "4 x h100-sxm-80gb (tp=2,pp=2)", "2 devices (tp=2)"
std::string place_text(const Deployment& deployment);

/// The members of one result of `fit`: everything of `scale`'s, the devices, parts, metrics and times, the assumptions.
void write_fit(JsonWriter& json, const Fit& fit, const RenderOptions& options);

/// All digits, in the shortest form that reads back the same.
ListingCell exact_cell(const MetricValue& value);

}  // namespace ctxcost::cli
