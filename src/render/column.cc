#include "core/divided.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/render/render.h"

namespace ctxcost {
namespace {

constexpr std::string_view kLabels[] = {"model", "weights", "kv_precision", "engine", "convention"};

}  // namespace

std::string_view version() { return CTXCOST_VERSION; }

std::string_view name(const Column& column) {
  if (const Label* label = std::get_if<Label>(&column)) return kLabels[static_cast<std::size_t>(*label)];
  return info(std::get<Metric>(column)).name;
}

std::vector<Column> parse_columns(std::string_view text, std::string_view source) {
  std::vector<Column> columns;
  for (const std::string_view word : divided(text, ',')) {
    const std::size_t before = columns.size();
    for (std::size_t i = 0; i < std::size(kLabels); ++i) {
      if (kLabels[i] == word) columns.emplace_back(static_cast<Label>(i));
    }
    const std::optional<Metric> metric = find_metric(word);
    if (metric && !needs_devices(*metric)) columns.emplace_back(*metric);
    if (columns.size() == before) {
      std::vector<std::string_view> known(std::begin(kLabels), std::end(kLabels));
      for (const MetricInfo& row : metrics()) known.push_back(row.name);
      std::string hint = did_you_mean(word, known);
      if (hint.empty()) hint = "metric names, as in the header of CSV";
      if (metric) hint = "it needs a device: `ctxcost fit`";
      throw InputError(Diagnostic{std::string(source), "", "unknown column \"" + std::string(word) + "\"", hint});
    }
  }
  return columns;
}

}  // namespace ctxcost
