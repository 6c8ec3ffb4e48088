// Types of the cache: whether they can store a model's, and how large it then is.
#pragma once

#include <optional>
#include <string>

#include "ctxcost/core/precision.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// A part of the cache that a type cannot store.
struct CacheTypeFault {
  Precision type;
  std::string fault;
};
/// Returns the first such part. Empty if the types can store everything.
std::optional<CacheTypeFault> first_cache_type_fault(const Model& model, const KvPrecision& kv);

/// Returns the metric `kv_cache_bytes` of one sequence of n tokens, and counts nothing else. Empty if the types cannot
/// store the cache. Throws CountOverflow.
std::optional<Count> cache_bytes_of_sequence(const Model& model, const KvPrecision& kv, Count context);

}  // namespace ctxcost
