#include "ctxcost/input/catalogue.h"

#include <algorithm>
#include <string>

namespace ctxcost {

const CatalogueEntry* find_in_catalogue(std::string_view name) {
  // No name is longer; a whole file given as a name should not be copied.
  constexpr std::size_t kLongestName = 256;
  if (name.size() > kLongestName) return nullptr;
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto names = catalogue_names();
  const auto row =
      std::lower_bound(names.begin(), names.end(), lower,
                       [](const CatalogueName& known, const std::string& wanted) { return known.name < wanted; });
  return row == names.end() || row->name != lower ? nullptr : &catalogue()[row->entry];
}

}  // namespace ctxcost
