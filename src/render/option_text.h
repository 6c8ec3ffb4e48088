// Settings as command-line options.
#pragma once

#include <string>

#include "ctxcost/answer/remedy.h"
#include "ctxcost/deployment/setup.h"

namespace ctxcost {

/// A setting as a command-line option.
struct OptionText {
  std::string option;  ///< "--kv-precision"
  std::string value;   ///< "q8_0"; empty for a flag

  std::string text() const { return value.empty() ? option : option + " " + value; }
};

/// The option that a remedy changes: --gpu NAME:COUNT for "gpus".
OptionText option_of(const Remedy& remedy, const DeploymentSettings& settings);

}  // namespace ctxcost
