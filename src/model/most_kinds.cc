#include "most_kinds.h"

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"

namespace ctxcost {

void check_kinds(const Model& model, std::string_view purpose) {
  const std::size_t kinds = model.groups.size();
  if (kinds <= kMostKinds) return;
  throw InputError(Diagnostic{model.name, "",
                              "expected at most " + with_separators(kMostKinds) + " kinds of layers " +
                                  std::string(purpose) + ", found " + with_separators(kinds),
                              "`ctxcost scale` counts more"});
}

}  // namespace ctxcost
