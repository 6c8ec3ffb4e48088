#include "ctxcost/answer/show.h"

#include <optional>
#include <vector>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

namespace ctxcost {
namespace {

BuiltInModel built_in(const CatalogueMatch& match) {
  LoadOptions options;
  options.assume_full = true;
  return {match.entry, Estimator(load_model(match, options), Workload{}), match.note};
}

}  // namespace

BuiltIn find_built_in(std::string_view word, std::string_view source) {
  if (const CatalogueEntry* entry = find_in_catalogue(word)) return built_in({entry});
  if (const Mechanism* mechanism = find_mechanism(word)) return mechanism;
  std::vector<std::string_view> names;
  names.reserve(catalogue_names().size() + mechanisms().size() + engines().size() + formats().size() +
                metrics().size() + device_metrics().size() + accelerator_catalogue().size());
  for (const CatalogueName& row : catalogue_names()) names.push_back(row.name);
  for (const Mechanism* mechanism : mechanisms()) names.push_back(mechanism->kind);
  for (const Engine* engine : engines()) {
    if (engine->name == word) return engine;
    names.push_back(engine->name);
  }
  for (const Format& format : formats()) {
    if (format.name == word) return &format;
    names.push_back(format.name);
  }
  for (const std::span<const MetricInfo> some : {metrics(), device_metrics()}) {
    for (const MetricInfo& metric : some) {
      if (metric.name == word) return &metric;
      names.push_back(metric.name);
    }
  }
  for (const CatalogueEntry& entry : accelerator_catalogue()) {
    if (entry.id == word) return load_accelerator(word);
    names.push_back(entry.id);
  }
  if (const std::optional<CatalogueMatch> match = match_model(word)) return built_in(*match);
  // Only one device can be shown. If there are several, the message lists them.
  if (!match_accelerators(word).entries.empty()) return load_accelerator(word);
  std::string hint = hint_of_model_beginning(word);
  if (!hint.starts_with("it may be")) hint = did_you_mean(word, names);
  if (hint.empty()) hint = hint_of_device_beginning(word);
  if (hint.empty()) hint = "`ctxcost list models` and its like show all names";
  throw InputError(Diagnostic{std::string(source), "", format("nothing built in is called \"{}\"", word), hint});
}

}  // namespace ctxcost
