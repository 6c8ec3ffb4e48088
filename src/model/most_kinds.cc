#include "most_kinds.h"

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"

namespace ctxcost {

void check_kinds(const Model& model, std::string_view purpose, std::size_t most) {
  const std::size_t kinds = model.groups.size();
  if (kinds <= most) return;
  throw InputError(Diagnostic{model.name, "",
                              "expected at most " + with_separators(most) + " kinds of layers " + std::string(purpose) +
                                  ", found " + with_separators(kinds),
                              most < kMostCountedKinds ? "`ctxcost scale` counts more" : ""});
}

}  // namespace ctxcost
