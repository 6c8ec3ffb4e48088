#include "ctxcost/answer/listing.h"

#include <utility>

#include "core/format.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/load_catalogue.h"
#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/weights/weight_scheme.h"
#include "format_words.h"

namespace ctxcost {
namespace {

using Type = ListingColumn::Type;

CatalogueValue value_of(std::optional<Count> count) { return count ? CatalogueValue(*count) : CatalogueValue(); }
std::optional<Count> count(std::optional<std::uint64_t> number) {
  return number ? std::optional(Count{*number}) : std::nullopt;
}
CatalogueValue words(std::string_view text) { return std::string(text); }

/// Returns the published total minus the counted one. Unknown if either is unknown.
CatalogueValue less_counted(std::optional<Count> published, std::optional<Count> parameters, Count beside) {
  if (!parameters || !published) return {};
  const Count counted = *parameters + beside;
  if (counted > *published) return Negative{counted - *published};
  return *published - counted;
}

/// Lists the parameters of each model, the other elements of its checkpoint, and the published total.
constexpr ListingColumn kModelColumns[] = {
    {"name", "Model", "of the catalogue, without its owner"},
    {"family", "Family", "model_type of its config, or \"own\"", Type::text, {}, false, 1},
    {"parameters", "Parameters", "learned elements", Type::count, "parameters", true},
    {"active_parameters", "Active", "those that a token uses", Type::count, "parameters", true, 2},
    {"checkpoint_parts", "Beside them", "what its checkpoint holds beside them", Type::count, "parameters", false, 4},
    {"checkpoint_elements", "Published total", "of its checkpoint", Type::count, "parameters", true, 4},
    {"difference", "Difference", "the published total less what is counted", Type::integer, "parameters", true, 4},
    {"trained_context", "Trained context", "what it was trained for", Type::count, "tokens", true},
    {"effective_context", "Effective context", "to which its positions are scaled", Type::count, "tokens", true, 3}};

void add_models(CatalogueListing& listing) {
  const std::span<const CatalogueEntry> entries = catalogue();
  listing.rows.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string_view id = entries[i].id;
    const ListedModel& model = listed_models()[i];
    const std::optional<Count> parameters = count(model.parameters);
    const std::optional<Count> published = count(model.published);
    const Count beside = model.checkpoint_parts;
    std::vector<CatalogueValue>& row = listing.rows.emplace_back();
    row.reserve(std::size(kModelColumns));
    row.emplace_back(words(id.substr(id.rfind('/') + 1)));
    row.emplace_back(words(model.family));
    row.emplace_back(value_of(parameters));
    row.emplace_back(value_of(count(model.active_parameters)));
    row.emplace_back(beside);
    row.emplace_back(value_of(published));
    row.emplace_back(less_counted(published, parameters, beside));
    row.emplace_back(value_of(count(model.trained_context)));
    row.emplace_back(value_of(count(model.effective_context)));
  }
}

constexpr ListingColumn kGpuColumns[] = {
    {"name", "GPU", "in the catalogue"},
    {"memory_bytes", "Memory", "nominal", Type::count, "bytes"},
    {"memory_reported_mib", "Reported MiB", "what its driver reports", Type::count, "MiB", true, 3},
    {"memory_bandwidth_bytes_per_s", "Bandwidth B/s", "of its memory", Type::count, "bytes/s"},
    {"peak_type", "Type", "the type of the peak", Type::text, {}, false, 1},
    {"peak_dense_flops", "Dense peak FLOP/s", "without sparsity", Type::count, "FLOP/s", false, 1},
    {"link_bytes_per_s_per_direction", "Link B/s", "to its peers, by the fastest link", Type::count, "bytes/s", true,
     3},
    {"tdp_watts", "Watts", "its power", Type::count, "watts", true, 2}};

void add_gpus(CatalogueListing& listing) {
  const std::span<const CatalogueEntry> entries = accelerator_catalogue();
  listing.rows.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ListedAccelerator& gpu = listed_accelerators()[i];
    std::vector<CatalogueValue>& row = listing.rows.emplace_back();
    row.reserve(std::size(kGpuColumns));
    row.emplace_back(words(entries[i].id));
    row.emplace_back(Count{gpu.memory_bytes});
    row.emplace_back(value_of(count(gpu.memory_reported_mib)));
    row.emplace_back(Count{gpu.bandwidth_bytes_per_s});
    row.emplace_back(words(gpu.peak_type));
    row.emplace_back(Count{gpu.peak_dense_flops});
    row.emplace_back(value_of(count(gpu.link_bytes_per_s)));
    row.emplace_back(value_of(count(gpu.tdp_watts)));
  }
}

constexpr ListingColumn kPrecisionColumns[] = {
    {"name", "Precision", "in files and options"},
    {"aliases", "Aliases", "other names, separated by spaces"},
    {"block", "Block", "elements of a block along the row", Type::count, "elements", true},
    {"block_bytes", "Bytes a block", "its scales included", Type::count, "bytes", true},
    {"stores", "Stores", "weights, a cache, or both"},
    {"settings", "Settings", "what may stand behind its name"}};

void add_precisions(CatalogueListing& listing) {
  for (const Format& format : formats()) {
    listing.rows.push_back({words(format.name), words(format.aliases), Count{format.block}, Count{format.block_bytes},
                            words(stores_words(format)), words(settings_words(format))});
  }
  for (const std::string_view name : gguf_file_type_names()) {
    listing.rows.push_back(
        {words(name), words(""), {}, {}, words("weights: a type for each tensor, as in a GGUF file"), words("")});
  }
}

constexpr ListingColumn kMechanismColumns[] = {{"name", "Mechanism", "its kind in model files"},
                                               {"keys", "Keys (= default)", "each with its default"},
                                               {"summary", "Sees", "the tokens that it sees"}};

void add_mechanisms(CatalogueListing& listing) {
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
}

constexpr ListingColumn kEngineColumns[] = {{"name", "Engine", "in files and options"},
                                            {"settings", "Settings (= default)", "each with its choices and default"},
                                            {"summary", "Reserves", "the memory that it reserves"}};

void add_engines(CatalogueListing& listing) {
  for (const Engine* engine : engines()) {
    std::string settings;
    for (const EngineSetting& setting : engine->settings) {
      if (!settings.empty()) settings += ", ";
      settings += setting.name;
      if (setting.form == SettingForm::number_and_choices) {
        settings += format(" number|{}", setting.choices);
      } else if (!setting.choices.empty()) {
        settings += format(" {}", setting.choices);
      }
      const std::string_view fallback = engine->fallback(setting);
      if (!fallback.empty()) settings += format(" (= {})", fallback);
    }
    listing.rows.push_back({words(engine->name), settings, words(engine->summary)});
  }
}

constexpr ListingColumn kMetricColumns[] = {{"name", "Metric", "in documents, budgets and options"},
                                            {"meaning", "Meaning", "what it counts"}};

void add_metrics(CatalogueListing& listing) {
  for (const std::span<const MetricInfo> some : {metrics(), device_metrics()}) {
    for (const MetricInfo& metric : some) listing.rows.push_back({words(metric.name), words(metric.meaning)});
  }
}

constexpr ListingKind kKinds[] = {
    {"models", kModelColumns, add_models},
    {"gpus", kGpuColumns, add_gpus},
    {"precisions", kPrecisionColumns, add_precisions},
    {"mechanisms", kMechanismColumns, add_mechanisms},
    {"engines", kEngineColumns, add_engines},
    {"metrics", kMetricColumns, add_metrics},
};

}  // namespace

std::span<const ListingKind> listing_kinds() { return kKinds; }

CatalogueListing list_catalogue(std::string_view kind, std::string_view source) {
  std::vector<std::string_view> names;
  std::string all;
  for (const ListingKind& row : kKinds) {
    if (row.name == kind) {
      CatalogueListing listing{&row, {}, {}};
      row.add_rows(listing);
      return listing;
    }
    names.push_back(row.name);
    all += (all.empty() ? "" : ", ") + std::string(row.name);
  }
  std::string hint = did_you_mean(kind, names);
  throw InputError(
      Diagnostic{std::string(source), "", format("unknown kind \"{}\"", kind), hint.empty() ? all : std::move(hint)});
}

}  // namespace ctxcost
