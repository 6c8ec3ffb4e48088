// Models of the built-in catalogue, whatever else bears their name.
#pragma once

#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"

namespace ctxcost {

/// Loads an entry of the catalogue. Throws InputError with every fault found.
Model load_catalogue_model(const CatalogueEntry& entry, const LoadOptions& options = {});

}  // namespace ctxcost
