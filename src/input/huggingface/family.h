// One row for each family of models: how it is named in a file, and its reader.
#pragma once

#include <span>
#include <string_view>

#include "config.h"
#include "ctxcost/model/model.h"

namespace ctxcost::huggingface {

/// Fills groups, tensors, widths and positions of the model. Name, family and types are set already; faults go to the
/// config. `config` shows `text_config` laid over the file where there is one.
using ReadFamily = void (*)(const Config& config, Model& model);

struct Family {
  std::string_view model_types;    ///< separated by spaces
  std::string_view architectures;  ///< classes in `architectures`, for files without model_type; separated by spaces
  ReadFamily read;
  std::string_view own_key = {};  ///< a key of the file that marks the family where both names are missing: "ssm_cfg"
};

/// All families, in the order in which they are listed.
std::span<const Family> families();

}  // namespace ctxcost::huggingface
