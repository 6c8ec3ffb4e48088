// What quantization_config says of the tensors that it converts, by each method's own keys.
#pragma once

#include <string>
#include <vector>

#include "config.h"
#include "ctxcost/model/stored_weights.h"
#include "module_patterns.h"

namespace ctxcost::huggingface {

/// What a method converts, in which format. A tensor that several take is the first one's.
struct Method {
  std::string name;  ///< as shown
  PackedFormat format;
  ModulePatterns kept;
  ModulePatterns targets;                ///< only these; empty = every linear of the layers
  std::vector<std::string> listed = {};  ///< modules that have this format of their own, by their whole paths
  bool experts_only = false;
  bool head = false;             ///< the output matrix, too
  bool embedding = false;        ///< the embedding, too
  bool routers = false;          ///< routers, too
  bool whole_groups = false;     ///< only matrices whose rows are whole groups
  bool stacked_experts = false;  ///< the experts of a layer are one module
  std::string unknown = {};      ///< why its layout is not known
};

/// Returns the methods of one quantization_config: by its quant_method, or where it names none by the keys of each.
/// Empty where it says nothing about weights; one that is `unknown` where it says too little.
std::vector<Method> methods_of(const Config& config);

}  // namespace ctxcost::huggingface
