// Where a value of a formula stands in the model's file.
#pragma once

#include <string>
#include <string_view>

#include "ctxcost/core/count.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// What the model records of a word's value: "num_key_value_heads", "class default of head_dim", "= d_model / heads".
/// Empty where no key that was read is known to hold it.
std::string key_of(const Model& model, std::string_view word, Count value);

}  // namespace ctxcost
