#include "ctxcost/answer/listing.h"
#include "ctxcost/input/load_accelerator.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/weights/weight_scheme.h"
#include "format_words.h"

namespace ctxcost {
namespace {

using Type = ListingColumn::Type;

CatalogueValue value_of(std::optional<Count> count) { return count ? CatalogueValue(*count) : CatalogueValue(); }
CatalogueValue words(std::string_view text) { return std::string(text); }

/// The published total less what is counted; not known where one of them is not.
CatalogueValue less_counted(std::optional<Count> published, std::optional<Count> parameters, Count beside) {
  if (!parameters || !published) return {};
  const Count counted = *parameters + beside;
  if (counted > *published) return Negative{counted - *published};
  return *published - counted;
}

/// Parameters of each model, what its checkpoint holds beside them, and the published total.
CatalogueListing models() {
  CatalogueListing listing{"models",
                           {{"name", "Model"},
                            {"family", "Family"},
                            {"parameters", "Parameters", Type::count, "parameters"},
                            {"active_parameters", "Active", Type::count, "parameters"},
                            {"checkpoint_parts", "Beside them", Type::count, "parameters"},
                            {"checkpoint_elements", "Published total", Type::count, "parameters"},
                            {"difference", "Difference", Type::integer, "parameters"},
                            {"trained_context", "Trained context", Type::count, "tokens"},
                            {"effective_context", "Effective context", Type::count, "tokens"}},
                           {},
                           {}};
  for (const CatalogueEntry& entry : catalogue()) {
    Model model;
    try {
      model = load_model(entry.id);
    } catch (const InputError& error) {
      listing.left_out.push_back(error);
      continue;
    }
    const Estimate estimate = Estimator(model, Workload{}).at(1, 1);
    const std::optional<Count> parameters = estimate.count(Metric::parameters);
    Count beside;
    for (const ParameterPart& part : model.parameter_parts) beside += part.elements;
    listing.rows.push_back({words(entry.id.substr(entry.id.rfind('/') + 1)), model.family, value_of(parameters),
                            value_of(estimate.count(Metric::active_parameters)), beside,
                            value_of(model.published_elements),
                            less_counted(model.published_elements, parameters, beside),
                            value_of(model.positions.trained_context), value_of(model.positions.effective_context)});
  }
  return listing;
}

CatalogueListing gpus() {
  CatalogueListing listing{"gpus",
                           {{"name", "GPU"},
                            {"memory_bytes", "Memory", Type::count, "bytes"},
                            {"memory_reported_mib", "Reported MiB", Type::count, "MiB"},
                            {"memory_bandwidth_bytes_per_s", "Bandwidth B/s", Type::count, "bytes/s"},
                            {"peak_type", "Type"},
                            {"peak_dense_flops", "Dense peak FLOP/s", Type::count, "FLOP/s"},
                            {"link_bytes_per_s_per_direction", "Link B/s", Type::count, "bytes/s"},
                            {"tdp_watts", "Watts", Type::count, "watts"}},
                           {},
                           {}};
  for (const CatalogueEntry& entry : accelerator_catalogue()) {
    const Accelerator gpu = load_accelerator(entry.id);
    const Accelerator::Peak peak = gpu.peak(parse_precision("bf16", "the type of a peak"));
    listing.rows.push_back({gpu.id, gpu.memory_bytes, value_of(gpu.memory_reported_mib), gpu.bandwidth_bytes_per_s,
                            peak.type, peak.flops_per_s, value_of(gpu.link_bytes_per_s), value_of(gpu.tdp_watts)});
  }
  return listing;
}

CatalogueListing precisions() {
  CatalogueListing listing{"precisions",
                           {{"name", "Precision"},
                            {"aliases", "Aliases"},
                            {"block", "Block", Type::count, "elements"},
                            {"block_bytes", "Bytes a block", Type::count, "bytes"},
                            {"stores", "Stores"},
                            {"settings", "Settings"}},
                           {},
                           {}};
  for (const Format& format : formats()) {
    listing.rows.push_back({words(format.name), words(format.aliases), Count{format.block}, Count{format.block_bytes},
                            words(stores_words(format)), words(settings_words(format))});
  }
  for (const std::string_view name : gguf_file_type_names()) {
    listing.rows.push_back(
        {words(name), words(""), {}, {}, words("weights: a type for each tensor, as in a GGUF file"), words("")});
  }
  return listing;
}

CatalogueListing mechanism_kinds() {
  CatalogueListing listing{
      "mechanisms", {{"name", "Mechanism"}, {"keys", "Keys (= default)"}, {"summary", "Sees"}}, {}, {}};
  for (const Mechanism* mechanism : mechanisms()) {
    if (mechanism->reader_only) continue;
    std::string keys;
    for (const MechanismKey& key : mechanism->keys) {
      if (key.reader_only) continue;
      if (!keys.empty()) keys += ", ";
      keys += key.name;
      if (!key.fallback.empty()) keys += format(" (= {})", key.fallback);
    }
    listing.rows.push_back({words(mechanism->kind), keys, words(mechanism->summary)});
  }
  return listing;
}

CatalogueListing engine_rules() {
  CatalogueListing listing{
      "engines", {{"name", "Engine"}, {"settings", "Settings (= default)"}, {"summary", "Reserves"}}, {}, {}};
  for (const Engine* engine : engines()) {
    std::string settings;
    for (const EngineSetting& setting : engine->settings) {
      if (!settings.empty()) settings += ", ";
      settings += setting.name;
      if (!setting.choices.empty()) settings += format(" {}", setting.choices);
      if (!setting.fallback.empty()) settings += format(" (= {})", setting.fallback);
    }
    listing.rows.push_back({words(engine->name), settings, words(engine->summary)});
  }
  return listing;
}

CatalogueListing all_metrics() {
  CatalogueListing listing{"metrics", {{"name", "Metric"}, {"meaning", "Meaning"}}, {}, {}};
  for (const std::span<const MetricInfo> some : {metrics(), device_metrics()}) {
    for (const MetricInfo& metric : some) listing.rows.push_back({words(metric.name), words(metric.meaning)});
  }
  return listing;
}

struct Kind {
  std::string_view name;
  CatalogueListing (*list)();
};
constexpr Kind kKinds[] = {
    {"models", models},        {"gpus", gpus},           {"precisions", precisions}, {"mechanisms", mechanism_kinds},
    {"engines", engine_rules}, {"metrics", all_metrics},
};

}  // namespace

std::span<const std::string_view> listing_kinds() {
  static const auto names = [] {
    std::vector<std::string_view> all;
    for (const Kind& kind : kKinds) all.push_back(kind.name);
    return all;
  }();
  return names;
}

CatalogueListing list_catalogue(std::string_view kind, std::string_view source) {
  const auto* const found =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& row) { return row.name == kind; });
  if (found != std::end(kKinds)) return found->list();
  std::string hint = did_you_mean(kind, listing_kinds());
  if (hint.empty()) {
    for (const std::string_view name : listing_kinds()) (hint += hint.empty() ? "" : ", ") += name;
  }
  throw InputError(Diagnostic{std::string(source), "", format("unknown kind \"{}\"", kind), hint});
}

}  // namespace ctxcost
