// The class that `architectures` names: it decides what stands behind the last norm.
#pragma once

#include <string>

#include "config.h"
#include "ctxcost/model/model.h"
#include "family.h"

namespace ctxcost::huggingface {

/// The first name in `architectures`. Where a file describes several models the whole file's class says nothing of the
/// language model, so that only its own counts. Empty where there is none.
std::string class_of(const Config& config);

/// Returns whether that class is the bare model ("LlamaModel", "BertModel"), without a head.
bool is_bare_class(std::string_view name);

/// Takes away the head over the vocabulary where the class has none, and adds the one that it has instead: a score of
/// sequences or tokens, or a reward. A note says so. Call it after groups and tensors are set.
void read_class_head(const Config& config, const Family& family, Model& model);

}  // namespace ctxcost::huggingface
