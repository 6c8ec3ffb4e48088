#include "ctxcost/input/catalogue.h"

#include <algorithm>
#include <string>

#include "core/character.h"

namespace ctxcost {

const CatalogueEntry* find_in_catalogue(std::string_view name) {
  // No name is longer; a whole file given as a name should not be copied.
  constexpr std::size_t kLongestName = 256;
  if (name.size() > kLongestName) return nullptr;
  const std::string lower = lower_case(name);
  const auto names = catalogue_names();
  const auto row =
      std::lower_bound(names.begin(), names.end(), lower,
                       [](const CatalogueName& known, const std::string& wanted) { return known.name < wanted; });
  return row == names.end() || row->name != lower ? nullptr : &catalogue()[row->entry];
}

}  // namespace ctxcost
