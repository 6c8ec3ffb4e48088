// What `fit` and `solve` are asked: a grid of models, types, engines, devices and splits.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/deployment/deployment.h"

namespace ctxcost::cli {

/// Reads "2GiB", "4.06 GiB", "500MB" or plain bytes; a fraction of a byte is dropped. Throws InputError naming
/// `option`.
Count parse_size(std::string_view text, std::string_view option);
/// Reads "5%" or a size. Throws InputError that names `option`.
Margin parse_margin(std::string_view text, std::string_view option);

/// The options of both commands.
std::span<const OptionInfo> deployment_options();

/// One point of the grid but for context and batch.
struct Case {
  Setup setup;
  std::string gpu;      ///< "h100-sxm-80gb:2", or empty
  bool spread = false;  ///< --parallel was given
};

struct DeploymentGrid {
  std::vector<SharedModel> models;
  std::vector<Case> cases;
  LengthList contexts;  ///< empty: not given
  LengthList batches;   ///< empty: each model's own
};

/// `words` name the models of the command `command`. Throws InputError, also where a split does not have as many
/// devices as --gpu asks for.
DeploymentGrid read_grid(std::string_view command, const Arguments& arguments, const std::vector<std::string>& words);

/// The contexts asked for, else the one the model was trained for; throws InputError where that is not known.
LengthList contexts_of(const DeploymentGrid& grid, const Model& model);
LengthList batches_of(const DeploymentGrid& grid, const Model& model);

/// "1 x h100-sxm-80gb", "4 x h100-sxm-80gb (tp=2,pp=2)", "2 devices (tp=2)"
std::string place_text(const Deployment& deployment);

}  // namespace ctxcost::cli
