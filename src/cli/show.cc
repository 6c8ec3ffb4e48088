// `ctxcost show NAME`: one built-in entry, whole.
#include <algorithm>
#include <map>

#include "command.h"
#include "core/printable.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/render/render.h"
#include "render/wording.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr OptionInfo kOptions[] = {
    {"--format", 0, "NAME", "table: for people; json: a model's file (by the\nextension of -o, else table)", true},
    {"--output", 'o', "FILE", "write there, the whole document or nothing; pairs of\n--format and -o may be repeated",
     true},
};

constexpr std::string_view kExamples =
    "  ctxcost show gemma-3-27b-it\n"
    "  ctxcost show llama-3.1-8b --format json >llama.json\n"
    "  ctxcost show sliding_window\n";

/// A text of "name: value" lines.
class Sheet {
 public:
  void line(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text_ += printable(name) + ": " + printable(value) + "\n";
  }
  void line(std::string_view name, std::optional<Count> value) {
    line(name, value ? with_separators(*value) : std::string("unknown"));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// "layers 0-4,6: sliding_window, 32 heads, 16 KV heads, d_k 128, gated feed-forward"
void add_group(Sheet& sheet, const LayerGroup& group) {
  std::string text;
  for (const auto& mixer : group.mixers) {
    const MixerShape& shape = mixer->shape();
    text += (text.empty() ? "" : " and ") + std::string(mixer->kind());
    for (const auto& [key, value] : mixer->settings().all()) {
      if (const auto* count = std::get_if<Count>(&value)) text += " " + key + "=" + to_string(*count);
    }
    if (mixer->score_heads() > 0) {
      text += ", " + to_string(shape.heads) + " heads, " + to_string(shape.kv_heads) + " KV heads, d_k " +
              to_string(shape.d_k);
      if (shape.d_v != shape.d_k) text += ", d_v " + to_string(shape.d_v);
    }
  }
  if (text.empty()) text = "no mixer";
  text += "; feed-forward: " + std::string(feed_forward_word(group.feed_forward));
  const std::string stack = group.stack == Stack::encoder ? "encoder layers " : "layers ";
  sheet.line(stack + index_ranges(group.layers), text);
}

std::string model_sheet(const CatalogueEntry& entry) {
  LoadOptions options;
  options.assume_full = true;
  const Model model = load_model(entry.id, options);
  const Estimator estimator(model, Workload{});
  const Estimate estimate = estimator.at(1, 1);
  Sheet sheet;
  sheet.line("model", entry.id);
  sheet.line("family", model.family);
  sheet.line("source", model.source);
  sheet.line("parameters", estimate.count(Metric::parameters));
  sheet.line("parameters without embedding and head", estimate.count(Metric::parameters_non_embedding));
  sheet.line("active parameters", estimate.count(Metric::active_parameters));
  for (const ParameterPart& part : model.parameter_parts) sheet.line("beside them, " + part.name, part.elements);
  if (model.published_elements) sheet.line("published total of the checkpoint", model.published_elements);
  sheet.line("weights", estimator.weights().display());
  sheet.line("weights bytes", estimate.count(Metric::weights_bytes));
  sheet.line("KV bytes of the first token, " + estimator.kv().display(), estimate.count(Metric::kv_cache_bytes));
  if (estimate.count(Metric::state_bytes) != Count{}) {
    sheet.line("state bytes of a sequence", estimate.count(Metric::state_bytes));
  }
  if (model.positions.trained_context) sheet.line("trained context", model.positions.trained_context);
  if (model.positions.effective_context && model.positions.effective_context != model.positions.trained_context) {
    sheet.line("effective context (" + model.positions.scaling_type + ")", model.positions.effective_context);
  }
  if (model.positions.hard_limit) sheet.line("hard limit of positions", model.positions.hard_limit);
  for (const LayerGroup& group : model.groups) add_group(sheet, group);
  for (const std::string& note : estimator.details(1, 1).notes) sheet.line("note", note);
  return sheet.text();
}

std::string mechanism_sheet(const Mechanism& mechanism) {
  Sheet sheet;
  sheet.line("mechanism", mechanism.kind);
  sheet.line("sees", mechanism.summary);
  for (const MechanismKey& key : mechanism.keys) {
    if (key.reader_only) continue;
    sheet.line("key " + std::string(key.name),
               std::string(key.meaning) + (key.fallback.empty() ? "; required" : "; = " + std::string(key.fallback)));
  }
  if (mechanism.softmax) sheet.line("further keys", "gate, sink_logits, shares_cache (= false)");
  return sheet.text();
}

std::string engine_sheet(const Engine& engine) {
  Sheet sheet;
  sheet.line("engine", engine.name);
  sheet.line("reserves", engine.summary);
  sheet.line("source", engine.source);
  sheet.line("not counted", engine.not_counted);
  for (const EngineSetting& setting : engine.settings) {
    sheet.line("setting " + std::string(setting.name),
               std::string(setting.meaning) + (setting.fallback.empty() ? "" : "; = " + std::string(setting.fallback)));
  }
  return sheet.text();
}

std::string precision_sheet(const Format& format) {
  Sheet sheet;
  sheet.line("precision", format.name);
  sheet.line("aliases", format.aliases);
  sheet.line("block", Count{format.block});
  sheet.line("bytes of a block", Count{format.block_bytes});
  sheet.line("stores", format.weights && format.cache ? "weights, cache" : format.weights ? "weights" : "cache");
  return sheet.text();
}

std::string gpu_sheet(const Accelerator& gpu) {
  Sheet sheet;
  sheet.line("gpu", gpu.id);
  sheet.line("name", gpu.vendor + " " + gpu.name);
  sheet.line("memory bytes, nominal", gpu.memory_bytes);
  if (gpu.memory_reported_mib) sheet.line("memory MiB, as reported", gpu.memory_reported_mib);
  if (gpu.unified_memory_usable) {
    sheet.line("unified memory, usable by default",
               percent_text(*gpu.unified_memory_usable) + ", " + with_separators(gpu.usable_memory()) + " bytes");
  }
  static constexpr std::string_view kNarrow[] = {"16 bits and blocks of llama.cpp", "those, fp8", "those, fp8, nvfp4"};
  sheet.line("cache types that engines keep", kNarrow[static_cast<std::size_t>(gpu.narrow_cache)]);
  sheet.line("bandwidth bytes/s", gpu.bandwidth_bytes_per_s);
  for (const auto& [type, peak] : gpu.peak_dense_flops) sheet.line("dense peak FLOP/s, " + type, peak);
  if (gpu.link_bytes_per_s) sheet.line(gpu.link + " bytes/s, one direction", gpu.link_bytes_per_s);
  if (gpu.tdp_watts) sheet.line("power, watts", gpu.tdp_watts);
  sheet.line("source", gpu.source);
  sheet.line("notes", gpu.notes);
  return sheet.text();
}

std::string sheet_of(const std::string& word) {
  if (const CatalogueEntry* entry = find_in_catalogue(word)) return model_sheet(*entry);
  if (const Mechanism* mechanism = find_mechanism(word)) return mechanism_sheet(*mechanism);
  std::vector<std::string_view> names;
  for (const CatalogueName& row : catalogue_names()) names.push_back(row.name);
  for (const Mechanism* mechanism : mechanisms()) names.push_back(mechanism->kind);
  for (const Engine* engine : engines()) {
    if (engine->name == word) return engine_sheet(*engine);
    names.push_back(engine->name);
  }
  for (const Format& format : formats()) {
    if (format.name == word) return precision_sheet(format);
    names.push_back(format.name);
  }
  for (const std::span<const MetricInfo> kind : {metrics(), device_metrics()}) {
    for (const MetricInfo& metric : kind) {
      if (metric.name == word) return std::string(metric.name) + ": " + std::string(metric.meaning) + "\n";
      names.push_back(metric.name);
    }
  }
  for (const CatalogueEntry& entry : accelerator_catalogue()) {
    if (entry.id == word) return gpu_sheet(load_accelerator(word));
    names.push_back(entry.id);
  }
  if (const std::optional<CatalogueMatch> match = match_model(word)) {
    return model_sheet(*match->entry) + (match->note.empty() ? "" : "note: " + printable(match->note) + "\n");
  }
  const std::size_t devices = match_accelerators(word).entries.size();
  // One is shown; of several the message tells them.
  if (devices > 0) return gpu_sheet(load_accelerator(word));
  std::string hint = hint_for_model(word);
  if (!hint.starts_with("it may be")) hint = did_you_mean(word, names);
  throw InputError(Diagnostic{"show", "", "nothing built in is called \"" + word + "\"",
                              hint.empty() ? "`ctxcost list models` and its like show all names" : hint});
}

Status run(const Arguments& arguments) {
  static constexpr TargetFormat kFormats[] = {{"table", ".txt"}, {"json", ".json"}};
  const std::vector<Target> documents = targets(arguments, kFormats);
  if (arguments.words().size() != 1) {
    throw InputError(
        Diagnostic{"show", "", "expected one NAME", "a model, gpu, mechanism, engine, precision or metric"});
  }
  const std::string& word = arguments.words().front();
  const auto text_of = [&word](std::string_view format) {
    if (format != "json") return sheet_of(word);
    const CatalogueEntry* entry = find_in_catalogue(word);
    if (const std::optional<CatalogueMatch> match = match_model(word); entry == nullptr && match) entry = match->entry;
    if (entry == nullptr) {
      throw InputError(Diagnostic{"show", "", "--format json: \"" + word + "\" is not a model of the catalogue", ""});
    }
    return std::string(entry->text) + "\n";
  };
  // All of them before the first is written.
  std::map<std::string_view, std::string> texts;
  for (const Target& target : documents) texts.emplace(target.format, text_of(target.format));
  deliver(documents, [&texts](const Target& target, const Output&, Writer& out) { out.text(texts.at(target.format)); });
  return Status::answered;
}

}  // namespace

extern const Command kShow;
const Command kShow = {"show",   "NAME",    "one model, gpu, mechanism, engine, precision or metric",
                       kOptions, kExamples, run};

}  // namespace ctxcost::cli
