// Keys of a model's description that are changed before it is read: `--set`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ctxcost/input/input.h"
#include "ctxcost/model/model.h"
#include "input/json/json.h"

namespace ctxcost {

/// Reads a model from a document.
using ReadDocument = std::function<Model(const JsonDocument& document)>;

/// Reads a document with changes, each of which leaves a note in the model. Throws InputError for a key that the reader
/// does not read, for one that may be several, and for whatever fault the changed document has.
Model read_changed(const JsonDocument& document, const std::vector<KeyChange>& changes, const ReadDocument& read);

}  // namespace ctxcost
