// ctxcost diff: what changes between two models or two saved reports, and which config keys made it change.
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "command.h"
#include "counting.h"
#include "ctxcost/answer/comparison.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/render/render.h"
#include "input/formats.h"
#include "input/json/config_changes.h"
#include "input/model_config.h"
#include "input/saved_report/saved_report.h"
#include "render/comparison.h"
#include "targets.h"

namespace ctxcost::cli {

extern const Command kDiff;

namespace {

constexpr OptionInfo kOptions[] = {
    {"--context", 'n', "LIST",
     "contexts: 4K, 1K,4K, 1K..1M (1K,4K,16K,64K,128K,1M);\nof saved reports, those to look at (all)", true},
    {"--batch", 'b', "LIST", "sequences at once, as a list or a range (1)", true},
    {"--kv-precision", 0, "LIST",
     "types of the cache: fp16, int4:group=G[,zero], or\nkeys/values: q8_0/q4_0 (each model's own)", true},
    {"--weights", 0, "LIST",
     "types of the weights: bf16, int4:group=G[,zero], or\nGGUF file types: Q4_K_M (as each model is stored)", true},
    {"--engine", 0, "NAME[:KEY=VALUE,...]", "what reserves the cache; may be repeated (ideal)", true},
    {"--convention", 0, "NAME[:KEY=VALUE,...]", "how FLOPs are counted: article, standard or causal\n(article)"},
    {"--logits", 0, "last|all", "for which tokens logits are counted (last)"},
    {"--fail-if", 0, "CHANGE",
     "exit 1 where it holds at any point: 'METRIC > +5%',\n"
     "'METRIC >= +1GiB', 'METRIC < -3%'; without a sign a\n"
     "percentage is of the direction that costs more, and\n"
     "METRIC alone is any such change; may be repeated",
     true},
    {"--columns", 0, "LIST", "metrics to compare, by their names in JSON and CSV", true},
    {"--units", 0, "si|iec", "GB or GiB in tables (si)"},
    {"--format", 0, "NAME", "table, json, ndjson, csv or markdown (by the\nextension of -o, else table)", true},
    {"--output", 'o', "FILE", "write there, the whole document or nothing; pairs of\n--format and -o may be repeated",
     true},
    {"--assume", 0, "full", "count families and layer kinds that are not known\nas full attention, with a note"},
    {"--quiet", 'q', "", "the table and what fails alone: no caption, no keys"},
    {"--exit-zero", 0, "", "exit 0 where the status would be 1"},
};

constexpr std::string_view kExamples =
    "  ctxcost diff llama-2-7b llama-3.1-8b -n 4K,32K\n"
    "  ctxcost diff main/config.json config.json --fail-if 'kv_cache_bytes > +5%'\n"
    "  ctxcost diff before.json after.json --format markdown\n";

/// OLD or NEW: a model with its text, or a saved report.
struct Side {
  std::string name;
  std::optional<Model> model;
  std::optional<ReportRecord> report;
  std::optional<JsonDocument> config;  ///< what the model was read from, where that is JSON
};

bool is_file(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

Side load_side(const std::string& word, const LoadOptions& options) {
  Side side{word, {}, {}, {}};
  const bool text_of_its_own = word == "-" || (find_in_catalogue(word) == nullptr && is_file(word) &&
                                               !word.ends_with(".gguf") && !word.ends_with(".safetensors"));
  if (!text_of_its_own) {
    side.model = load_model(word, options);
    side.config = config_of(word);
    return side;
  }
  // Read once: it may be a pipe.
  side.config = parse_json(read_text(word, kSavedReport), word);
  if (looks_like_saved_report(side.config->root)) {
    side.report = read_saved_report(*side.config);
  } else {
    side.model = read_model(*side.config, options);
  }
  return side;
}

/// The axes that both models are counted over.
Grid grid_of(const Arguments& arguments) {
  Grid grid;
  if (arguments.has("--context")) grid.contexts = lengths(arguments, "--context", 0);
  grid.batches = lengths(arguments, "--batch", 1);
  for (const std::string& text : split_names(arguments.all("--kv-precision"), "--kv-precision")) {
    grid.kv.push_back(parse_kv_precision(text, "--kv-precision"));
  }
  for (const std::string& text : split_names(arguments.all("--weights"), "--weights")) {
    grid.weights.push_back(parse_weight_scheme(text, "--weights"));
  }
  for (const std::string& text : arguments.all("--engine")) grid.engines.push_back(parse_engine(text));
  return grid;
}

ReportRecord count(const Model& model, const Grid& grid, const Workload& settings, std::string_view source) {
  Grid own = grid;
  own.models = {model};
  return record(Report(std::move(own), settings), source);
}

bool contains(const LengthList& list, Count value) {
  for (const Count one : list) {
    if (one == value) return true;
  }
  return false;
}

/// Keeps the chosen contexts and batches.
void choose(ReportRecord& report, const LengthList& contexts, const LengthList& batches) {
  std::erase_if(report.points, [&](const PointRecord& point) {
    return (!contexts.empty() && !contains(contexts, point.context)) ||
           (!batches.empty() && !contains(batches, point.batch));
  });
  if (report.points.empty()) {
    throw InputError(
        Diagnostic{report.source, "", "expected results of the chosen contexts and batches, found none", ""});
  }
}

/// What each key does alone: OLD is counted again with that key changed.
class KeyEffects {
 public:
  KeyEffects(const JsonDocument& before, const LoadOptions& options, Grid grid, const Workload& settings)
      : options_(options), grid_(std::move(grid)), settings_(settings) {
    document_ = {before.source, "", config_root(before)};
    if (grid_.contexts.size() > kMostContexts) {
      LengthList ends(grid_.contexts.smallest());
      ends.append(LengthList(grid_.contexts.largest()));
      grid_.contexts = std::move(ends);
    }
    if (!grid_.batches.empty()) grid_.batches = LengthList(grid_.batches.smallest());
    base_ = estimate(document_.root);
  }

  std::optional<std::vector<Metric>> of(const ConfigChange& change, std::span<const Metric> metrics) const {
    const std::optional<JsonValue> changed = with_change(document_.root, change);
    if (!base_ || !changed) return std::nullopt;
    const std::optional<ReportRecord> other = estimate(*changed);
    if (!other) return std::nullopt;
    std::vector<Metric> found;
    for (const PointComparison& point : compare(*base_, *other, metrics).points) {
      for (const MetricChange& one : point.changes) {
        if (std::find(found.begin(), found.end(), one.metric) == found.end()) found.push_back(one.metric);
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  static constexpr Count kMostContexts = 64;

  std::optional<ReportRecord> estimate(const JsonValue& root) const {
    try {
      return count(read_model({document_.source, "", root}, options_), grid_, settings_, document_.source);
    } catch (const InputError&) {
      return std::nullopt;
    }
  }

  JsonDocument document_;
  LoadOptions options_;
  Grid grid_;
  Workload settings_;
  std::optional<ReportRecord> base_;
};

/// Each threshold at each point. A value that is not known is no pass.
std::vector<ThresholdResult> judge(const std::vector<Threshold>& thresholds, const Comparison& comparison,
                                   const ReportRecord& before, const ReportRecord& after) {
  std::vector<ThresholdResult> results;
  for (const Threshold& threshold : thresholds) {
    ThresholdResult result{&threshold, {}};
    for (const PointComparison& point : comparison.points) {
      const RecordedValue* old_value = point.before->find(threshold.metric);
      const RecordedValue* new_value = point.after->find(threshold.metric);
      const auto unknown = [](const RecordedValue* value) {
        return value == nullptr || std::holds_alternative<std::monostate>(*value);
      };
      const bool old_unknown = unknown(old_value);
      const std::optional<bool> held =
          old_unknown || unknown(new_value) ? std::nullopt : holds(threshold, *old_value, *new_value);
      if (!held) {
        const std::string& side = old_unknown ? before.source : after.source;
        throw InputError(Diagnostic{"--fail-if", "",
                                    "\"" + threshold.text +
                                        "\" cannot be judged: " + std::string(info(threshold.metric).name) + " of " +
                                        side + " is unknown at " + length_label(point.after->context),
                                    ""});
      }
      if (*held) result.breaches.push_back({&point, change_of(threshold.metric, *old_value, *new_value)});
    }
    results.push_back(std::move(result));
  }
  return results;
}

void refuse_settings(const Arguments& arguments) {
  for (const std::string_view option : {"--kv-precision", "--weights", "--engine", "--convention", "--logits"}) {
    if (!arguments.has(option)) continue;
    throw InputError(Diagnostic{std::string(option), "", "saved reports were counted already",
                                "give it to the runs that wrote them"});
  }
}

Status run(const Arguments& arguments) {
  static constexpr std::string_view kLogits[] = {"last", "all"};
  static constexpr std::string_view kUnits[] = {"si", "iec"};
  static constexpr std::string_view kAssumptions[] = {"full"};

  Workload settings;
  if (arguments.has("--convention")) settings.convention = parse_convention(arguments.value("--convention"));
  settings.logits = arguments.choice("--logits", kLogits, "last") == "all" ? Logits::all : Logits::last;
  RenderOptions render;
  render.command = "diff";
  render.units = arguments.choice("--units", kUnits, "si") == "iec" ? UnitSystem::iec : UnitSystem::si;
  render.quiet = arguments.has("--quiet");
  const std::vector<Target> documents = targets(arguments, row_formats());
  std::vector<Metric> metrics;
  for (const std::string& text : arguments.all("--columns")) {
    for (const Column& column : parse_columns(text, "--columns")) {
      if (const Metric* metric = std::get_if<Metric>(&column)) metrics.push_back(*metric);
    }
  }
  std::vector<Threshold> thresholds;
  for (const std::string& text : arguments.all("--fail-if")) thresholds.push_back(parse_threshold(text, "--fail-if"));
  const Grid grid = grid_of(arguments);
  LoadOptions options;
  options.assume_full = arguments.choice("--assume", kAssumptions, "full") == "full" && arguments.has("--assume");

  const std::vector<std::string>& words = arguments.words();
  if (words.size() != 2) {
    throw InputError(Diagnostic{
        "diff", "",
        "expected OLD and NEW, found " + std::to_string(words.size()) + (words.size() == 1 ? " word" : " words"),
        "two models, or two reports that `--format json` wrote"});
  }
  if (words[0] == "-" && words[1] == "-") {
    throw InputError(Diagnostic{"diff", "", "standard input can be read once, found \"-\" twice", ""});
  }
  const Side before = load_side(words[0], options);
  const Side after = load_side(words[1], options);
  if (before.report.has_value() != after.report.has_value()) {
    const Side& model = before.report ? after : before;
    throw InputError(Diagnostic{model.name, "", "expected a saved report beside a saved report, found a model",
                                "`ctxcost scale " + model.name + " --format json -o FILE` saves one"});
  }

  ReportRecord old_record;
  ReportRecord new_record;
  if (before.report) {
    refuse_settings(arguments);
    old_record = *before.report;
    new_record = *after.report;
    const LengthList contexts = arguments.has("--context") ? grid.contexts : LengthList();
    choose(old_record, contexts, grid.batches);
    choose(new_record, contexts, grid.batches);
  } else {
    old_record = count(*before.model, grid, settings, before.name);
    new_record = count(*after.model, grid, settings, after.name);
  }
  const Comparison comparison = compare(old_record, new_record, metrics);

  ComparisonDocument document{before.name, after.name, &comparison, {}, {}, {}};
  if (before.report) {
    document.keys_note = "saved reports hold no config: which keys changed is not known";
  } else if (!before.config || !after.config) {
    document.keys_note = "the keys are not compared: " + (before.config ? after.name : before.name) + " has no config";
  } else {
    const JsonValue& old_root = config_root(*before.config);
    const JsonValue& new_root = config_root(*after.config);
    if (input_format_of(old_root) != input_format_of(new_root)) {
      document.keys_note = "the keys are not compared: the files are of different formats";
    } else {
      const KeyEffects effects(*before.config, options, grid, settings);
      for (ConfigChange& change : config_changes(old_root, new_root)) {
        std::optional<std::vector<Metric>> effect = effects.of(change, metrics);
        document.keys.push_back({std::move(change), std::move(effect)});
      }
    }
  }
  document.thresholds = judge(thresholds, comparison, old_record, new_record);

  deliver(documents, [&](const Target& target, const Output&, Writer& out) {
    render_comparison(document, target.format, render, out);
  });
  const bool fails = std::any_of(document.thresholds.begin(), document.thresholds.end(),
                                 [](const ThresholdResult& result) { return !result.breaches.empty(); });
  return fails && !arguments.has("--exit-zero") ? Status::over_budget : Status::answered;
}

}  // namespace

const Command kDiff = {"diff",   "OLD NEW", "what changes between two models or two saved reports",
                       kOptions, kExamples, run};

}  // namespace ctxcost::cli
