#include "ctxcost/answer/show.h"
#include "ctxcost/input/load_accelerator.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/core/units.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/mechanism/mechanism.h"
#include "format_words.h"
#include "model/model_words.h"

namespace ctxcost {
namespace {

EntryField text(std::string_view name, std::string label, std::string_view value) {
  return {name, "", std::move(label), std::string(value), "", {}};
}

EntryField number(std::string_view name, std::string label, std::optional<Count> value, std::string_view unit) {
  return {name, "", std::move(label), value ? CatalogueValue(*value) : CatalogueValue(), unit, {}};
}

/// One of several fields of that name.
EntryField of(std::string item, EntryField field) {
  field.item = std::move(item);
  return field;
}

class Description {
 public:
  Description(EntryKind kind, std::string_view name) {
    made_.kind = kind;
    made_.name = name;
  }
  void add(EntryField field) { made_.fields.push_back(std::move(field)); }
  /// Words that may be missing.
  void add_words(std::string_view name, std::string label, std::string_view value) {
    if (!value.empty()) add(text(name, std::move(label), value));
  }
  /// A number that not every entry has.
  void add_if(std::string_view name, std::string label, std::optional<Count> value, std::string_view unit) {
    if (value) add(number(name, std::move(label), value, unit));
  }
  EntryDescription take() { return std::move(made_); }

 private:
  EntryDescription made_;
};

/// "sliding_window window=1024, 32 heads, 16 KV heads, d_k 128; feed-forward: gated"
std::string group_text(const LayerGroup& group) {
  std::string text;
  for (const auto& mixer : group.mixers) {
    const MixerShape& shape = mixer->shape();
    text += (text.empty() ? "" : " and ") + std::string(mixer->kind());
    for (const auto& [key, value] : mixer->settings().all()) {
      if (const auto* count = std::get_if<Count>(&value)) text += format(" {}={}", key, to_string(*count));
    }
    if (mixer->score_heads() > 0) {
      text += format(", {} heads, {} KV heads, d_k {}", to_string(shape.heads), to_string(shape.kv_heads),
                     to_string(shape.d_k));
      if (shape.d_v != shape.d_k) text += ", d_v " + to_string(shape.d_v);
    }
  }
  if (text.empty()) text = "no mixer";
  return text + format("; feed-forward: {}", feed_forward_word(group.feed_forward));
}

EntryDescription describe_model(const CatalogueEntry& entry) {
  LoadOptions options;
  options.assume_full = true;
  const Model model = load_model(entry.id, options);
  const Estimator estimator(model, Workload{});
  const Estimate estimate = estimator.at(1, 1);
  const Positions& positions = model.positions;
  Description made(EntryKind::model, entry.id);
  made.add(text("name", "model", entry.id));
  made.add_words("family", "family", model.family);
  made.add_words("source", "source", model.source);
  made.add(number("parameters", "parameters", estimate.count(Metric::parameters), "parameters"));
  made.add(number("parameters_non_embedding", "parameters without embedding and head",
                  estimate.count(Metric::parameters_non_embedding), "parameters"));
  made.add(number("active_parameters", "active parameters", estimate.count(Metric::active_parameters), "parameters"));
  for (const ParameterPart& part : model.parameter_parts) {
    made.add(of(part.name, number("checkpoint_parts", "beside them, " + part.name, part.elements, "parameters")));
  }
  made.add_if("checkpoint_elements", "published total of the checkpoint", model.published_elements, "parameters");
  made.add_words("weights", "weights", estimator.weights().display());
  made.add(number("weights_bytes", "weights bytes", estimate.count(Metric::weights_bytes), "bytes"));
  made.add(number("kv_cache_bytes", format("KV bytes of the first token, {}", estimator.kv().display()),
                  estimate.count(Metric::kv_cache_bytes), "bytes"));
  if (const std::optional<Count> state = estimate.count(Metric::state_bytes); state != Count{}) {
    made.add(number("state_bytes", "state bytes of a sequence", state, "bytes"));
  }
  made.add_if("trained_context", "trained context", positions.trained_context, "tokens");
  if (positions.effective_context != positions.trained_context) {
    made.add_if("effective_context", format("effective context ({})", positions.scaling_type),
                positions.effective_context, "tokens");
  }
  made.add_if("hard_limit", "hard limit of positions", positions.hard_limit, "tokens");
  for (const LayerGroup& group : model.groups) {
    const std::string layers =
        (group.stack == Stack::encoder ? "encoder layers " : "layers ") + index_ranges(group.layers);
    made.add(of(layers, text("layers", layers, group_text(group))));
  }
  for (const std::string& note : estimator.details(1, 1).notes) made.add(of(note, text("notes", "note", note)));
  EntryDescription description = made.take();
  description.model_file = entry.text;
  return description;
}

EntryDescription describe_model(const CatalogueMatch& match) {
  EntryDescription description = describe_model(*match.entry);
  if (!match.note.empty()) description.fields.push_back(of(match.note, text("notes", "note", match.note)));
  return description;
}

/// A key or setting: what it means, and what it is where it is not given.
EntryField parameter(std::string_view list, std::string_view label, std::string_view name, std::string_view meaning,
                     std::string_view fallback, std::string_view without_fallback) {
  EntryField field =
      of(std::string(name), text(list, format("{} {}", label, name),
                                 format("{}{}{}", meaning, fallback.empty() ? without_fallback : "; = ", fallback)));
  field.members = {text("meaning", "", meaning),
                   fallback.empty() ? number("default", "", std::nullopt, "") : text("default", "", fallback)};
  return field;
}

EntryDescription describe_mechanism(const Mechanism& mechanism) {
  Description made(EntryKind::mechanism, mechanism.kind);
  made.add(text("name", "mechanism", mechanism.kind));
  made.add_words("summary", "sees", mechanism.summary);
  for (const MechanismKey& key : mechanism.keys) {
    if (key.reader_only) continue;
    made.add(parameter("keys", "key", key.name, key.meaning, key.fallback, "; required"));
  }
  if (mechanism.traits.softmax) {
    made.add(text("further_keys", "further keys", "gate, sink_logits, shares_cache (= false)"));
  }
  return made.take();
}

EntryDescription describe_engine(const Engine& engine) {
  Description made(EntryKind::engine, engine.name);
  made.add(text("name", "engine", engine.name));
  made.add_words("summary", "reserves", engine.summary);
  made.add_words("source", "source", engine.source);
  made.add_words("not_counted", "not counted", engine.not_counted);
  for (const EngineSetting& setting : engine.settings) {
    made.add(parameter("settings", "setting", setting.name, setting.meaning, setting.fallback, ""));
  }
  return made.take();
}

EntryDescription describe_precision(const Format& format) {
  Description made(EntryKind::precision, format.name);
  made.add(text("name", "precision", format.name));
  made.add_words("aliases", "aliases", format.aliases);
  made.add(number("block", "block", Count{format.block}, "elements"));
  made.add(number("block_bytes", "bytes of a block", Count{format.block_bytes}, "bytes"));
  made.add(text("stores", "stores", stores_words(format)));
  return made.take();
}

EntryDescription describe_metric(const MetricInfo& metric) {
  Description made(EntryKind::metric, metric.name);
  made.add(text("name", "", metric.name));
  made.add(text("meaning", std::string(metric.name), metric.meaning));
  return made.take();
}

EntryDescription describe_gpu(const Accelerator& gpu) {
  static constexpr std::string_view kNarrow[] = {"16 bits and blocks of llama.cpp", "those, fp8", "those, fp8, nvfp4"};
  Description made(EntryKind::gpu, gpu.id);
  made.add(text("name", "gpu", gpu.id));
  made.add(text("product", "name", gpu.vendor + " " + gpu.name));
  made.add(number("memory_bytes", "memory bytes, nominal", gpu.memory_bytes, "bytes"));
  made.add_if("memory_reported_mib", "memory MiB, as reported", gpu.memory_reported_mib, "MiB");
  if (gpu.unified_memory_usable) {
    EntryField unified =
        text("unified_memory", "unified memory, usable by default",
             format("{}, {} bytes", percent_text(*gpu.unified_memory_usable), with_separators(gpu.usable_memory())));
    unified.members = {{"usable_share", "", "", gpu.unified_memory_usable->value(), "", {}},
                       number("usable_bytes", "", gpu.usable_memory(), "bytes")};
    made.add(std::move(unified));
  }
  made.add(text("cache_types", "cache types that engines keep", kNarrow[static_cast<std::size_t>(gpu.narrow_cache)]));
  made.add(number("memory_bandwidth_bytes_per_s", "bandwidth bytes/s", gpu.bandwidth_bytes_per_s, "bytes/s"));
  for (const auto& [type, peak] : gpu.peak_dense_flops) {
    made.add(of(type, number("peak_dense_flops", "dense peak FLOP/s, " + type, peak, "FLOP/s")));
  }
  made.add_if("link_bytes_per_s_per_direction", gpu.link + " bytes/s, one direction", gpu.link_bytes_per_s, "bytes/s");
  made.add_if("tdp_watts", "power, watts", gpu.tdp_watts, "watts");
  made.add_words("source", "source", gpu.source);
  made.add_words("notes", "notes", gpu.notes);
  return made.take();
}

}  // namespace

std::string_view name(EntryKind kind) {
  static constexpr std::string_view kNames[] = {"model", "mechanism", "engine", "precision", "gpu", "metric"};
  return kNames[static_cast<std::size_t>(kind)];
}

const EntryField* EntryDescription::find(std::string_view field) const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const EntryField& one) { return one.name == field; });
  return found == fields.end() ? nullptr : &*found;
}

EntryDescription describe_entry(std::string_view word, std::string_view source) {
  if (const CatalogueEntry* entry = find_in_catalogue(word)) return describe_model(*entry);
  if (const Mechanism* mechanism = find_mechanism(word)) return describe_mechanism(*mechanism);
  std::vector<std::string_view> names;
  for (const CatalogueName& row : catalogue_names()) names.push_back(row.name);
  for (const Mechanism* mechanism : mechanisms()) names.push_back(mechanism->kind);
  for (const Engine* engine : engines()) {
    if (engine->name == word) return describe_engine(*engine);
    names.push_back(engine->name);
  }
  for (const Format& format : formats()) {
    if (format.name == word) return describe_precision(format);
    names.push_back(format.name);
  }
  for (const std::span<const MetricInfo> some : {metrics(), device_metrics()}) {
    for (const MetricInfo& metric : some) {
      if (metric.name == word) return describe_metric(metric);
      names.push_back(metric.name);
    }
  }
  for (const CatalogueEntry& entry : accelerator_catalogue()) {
    if (entry.id == word) return describe_gpu(load_accelerator(word));
    names.push_back(entry.id);
  }
  if (const std::optional<CatalogueMatch> match = match_model(word)) return describe_model(*match);
  // One device is described; of several the message tells them.
  if (!match_accelerators(word).entries.empty()) return describe_gpu(load_accelerator(word));
  std::string hint = hint_for_model(word);
  if (!hint.starts_with("it may be")) hint = did_you_mean(word, names);
  if (hint.empty()) hint = "`ctxcost list models` and its like show all names";
  throw InputError(Diagnostic{std::string(source), "", format("nothing built in is called \"{}\"", word), hint});
}

}  // namespace ctxcost
