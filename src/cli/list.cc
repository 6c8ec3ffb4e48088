// `ctxcost list KIND`: what is built in.
#include <algorithm>
#include <array>

#include "command.h"
#include "complaints.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/weights/weight_scheme.h"
#include "listing.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr OptionInfo kOptions[] = {
    {"--format", 0, "NAME", "table, json, ndjson, csv or markdown (by the\nextension of -o, else table)", true},
    {"--output", 'o', "FILE", "write there, the whole document or nothing; pairs of\n--format and -o may be repeated",
     true},
};

constexpr std::string_view kExamples =
    "  ctxcost list models\n"
    "  ctxcost list mechanisms\n"
    "  ctxcost list models --format json | jq -r '.models[].name'\n";

/// The published total less what is counted: 0, "-62495192", or nothing where one of them is not known.
ListingCell difference(std::optional<Count> parameters, Count beside, std::optional<Count> published) {
  if (!parameters || !published) return {};
  const Count counted = *parameters + beside;
  if (counted > *published) return "-" + to_string(counted - *published);
  return *published - counted;
}

/// Parameters of a catalogue model, what its checkpoint holds beside them, and the published total.
Listing models() {
  Listing listing{"models",
                  {{"name", "Model"},
                   {"family", "Family"},
                   {"parameters", "Parameters"},
                   {"active_parameters", "Active"},
                   {"checkpoint_parts", "Beside them"},
                   {"checkpoint_elements", "Published total"},
                   {"difference", "Difference"},
                   {"trained_context", "Trained context"},
                   {"effective_context", "Effective context"}},
                  {}};
  for (const CatalogueEntry& entry : catalogue()) {
    const std::string id(entry.id);
    Model model;
    try {
      model = load_model(id);
    } catch (const InputError& error) {
      leave_out(error, catalogue().size());
      continue;
    }
    const Estimate estimate = Estimator(model, Workload{}).at(1, 1);
    Count beside;
    for (const ParameterPart& part : model.parameter_parts) beside += part.elements;
    listing.rows.push_back({id.substr(id.rfind('/') + 1), model.family, cell(estimate.count(Metric::parameters)),
                            cell(estimate.count(Metric::active_parameters)), beside, cell(model.published_elements),
                            difference(estimate.count(Metric::parameters), beside, model.published_elements),
                            cell(model.positions.trained_context), cell(model.positions.effective_context)});
  }
  return listing;
}

Listing kinds() {
  Listing listing{"mechanisms", {{"name", "Mechanism"}, {"keys", "Keys (= default)"}, {"summary", "Sees"}}, {}};
  for (const Mechanism* mechanism : mechanisms()) {
    if (mechanism->reader_only) continue;
    std::string keys;
    for (const MechanismKey& key : mechanism->keys) {
      if (key.reader_only) continue;
      if (!keys.empty()) keys += ", ";
      keys += key.name;
      if (!key.fallback.empty()) keys += " (= " + std::string(key.fallback) + ")";
    }
    listing.rows.push_back({std::string(mechanism->kind), keys, std::string(mechanism->summary)});
  }
  return listing;
}

Listing precisions() {
  Listing listing{"precisions",
                  {{"name", "Precision"},
                   {"aliases", "Aliases"},
                   {"block", "Block"},
                   {"block_bytes", "Bytes a block"},
                   {"stores", "Stores"},
                   {"settings", "Settings"}},
                  {}};
  const auto settings = [](std::string_view format) {
    if (format == "int4") return std::string("int4:group=G[,zero] (G = 128, even)");
    if (format == "kivi") return std::string("kivi:bits=2|4,group=G,residual=N (2, 32, 128)");
    return std::string();
  };
  for (const Format& format : formats()) {
    const std::string stores = format.weights && format.cache ? "weights, cache" : format.weights ? "weights" : "cache";
    listing.rows.push_back({std::string(format.name), std::string(format.aliases), Count{format.block},
                            Count{format.block_bytes}, stores, settings(format.name)});
  }
  for (const std::string_view name : gguf_file_type_names()) {
    listing.rows.push_back({std::string(name), std::string(), ListingCell(), ListingCell(),
                            std::string("weights: a type for each tensor, as in a GGUF file"), std::string()});
  }
  return listing;
}

Listing engine_rows() {
  Listing listing{"engines", {{"name", "Engine"}, {"settings", "Settings (= default)"}, {"summary", "Reserves"}}, {}};
  for (const Engine* engine : engines()) {
    std::string settings;
    for (const EngineSetting& setting : engine->settings) {
      if (!settings.empty()) settings += ", ";
      settings += setting.name;
      if (!setting.choices.empty()) settings += " " + std::string(setting.choices);
      if (!setting.fallback.empty()) settings += " (= " + std::string(setting.fallback) + ")";
    }
    listing.rows.push_back({std::string(engine->name), settings, std::string(engine->summary)});
  }
  return listing;
}

Listing metric_rows() {
  Listing listing{"metrics", {{"name", "Metric"}, {"meaning", "Meaning"}}, {}};
  for (const std::span<const MetricInfo> kind : {metrics(), device_metrics()}) {
    for (const MetricInfo& metric : kind) {
      listing.rows.push_back({std::string(metric.name), std::string(metric.meaning)});
    }
  }
  return listing;
}

Listing gpus() {
  Listing listing{"gpus",
                  {{"name", "GPU"},
                   {"memory_bytes", "Memory"},
                   {"memory_reported_mib", "Reported MiB"},
                   {"memory_bandwidth_bytes_per_s", "Bandwidth B/s"},
                   {"peak_type", "Type"},
                   {"peak_dense_flops", "Dense peak FLOP/s"},
                   {"link_bytes_per_s_per_direction", "Link B/s"},
                   {"tdp_watts", "Watts"}},
                  {}};
  for (const CatalogueEntry& entry : accelerator_catalogue()) {
    const Accelerator gpu = load_accelerator(entry.id);
    const Accelerator::Peak peak = gpu.peak(parse_precision("bf16", "list"));
    listing.rows.push_back({gpu.id, gpu.memory_bytes, cell(gpu.memory_reported_mib), gpu.bandwidth_bytes_per_s,
                            peak.type, peak.flops_per_s, cell(gpu.link_bytes_per_s), cell(gpu.tdp_watts)});
  }
  return listing;
}

struct Kind {
  std::string_view name;
  Listing (*list)();
};
constexpr Kind kKinds[] = {
    {"models", models},    {"gpus", gpus},           {"precisions", precisions},
    {"mechanisms", kinds}, {"engines", engine_rows}, {"metrics", metric_rows},
};

Status run(const Arguments& arguments) {
  const std::vector<Target> documents = targets(arguments, row_formats());
  std::vector<std::string_view> names;
  std::string all;
  for (const Kind& kind : kKinds) {
    names.push_back(kind.name);
    all += (all.empty() ? "" : ", ") + std::string(kind.name);
  }
  if (arguments.words().size() != 1) {
    throw InputError(Diagnostic{"list", "", "expected one KIND", all});
  }
  const std::string& word = arguments.words().front();
  const auto* kind =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& row) { return row.name == word; });
  if (kind == std::end(kKinds)) {
    const std::string hint = did_you_mean(word, names);
    throw InputError(Diagnostic{"list", "", "unknown kind \"" + word + "\"", hint.empty() ? all : hint});
  }
  const Listing listing = kind->list();
  deliver(documents, [&listing](const Target& target, const Output&, Writer& out) {
    render_listing(listing, target.format, out);
  });
  return Status::answered;
}

}  // namespace

extern const Command kList;
const Command kList = {"list",   "KIND",    "models, gpus, precisions, mechanisms, engines, metrics",
                       kOptions, kExamples, run};

}  // namespace ctxcost::cli
