#include "show_document.h"

#include <array>

#include "answer/format_words.h"
#include "core/format.h"
#include "ctxcost/answer/measured_lines.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/running_cost.h"
#include "model/model_words.h"

namespace ctxcost {
namespace {

// Facts: members of an entry's record, each with the lines that people read of it.

using TakeLine = std::function<void(std::string_view label, std::string_view text)>;

std::string fact_text(const Value& value) {
  return std::holds_alternative<std::monostate>(value) ? "unknown" : cell_text(value);
}

struct Fact {
  Field field;
  std::string_view label = {};  ///< of the line that has the value; empty where there is none
  /// Of a fact whose lines are in words of their own.
  void (*lines)(const void* subject, const TakeLine& take) = nullptr;

  void write_lines(const void* subject, const TakeLine& take) const {
    if (field.present != nullptr && !field.present(subject)) return;
    if (lines != nullptr) return lines(subject, take);
    if (!label.empty()) take(label, fact_text(field.value(field, subject)));
  }
};

/// Makes the facts of a `Subject`.
template <typename Subject>
struct FactsOf : FieldsOf<Subject> {
  using Fields = FieldsOf<Subject>;

  /// Words that not every entry has.
  template <typename Get>
  static constexpr Fact words(std::string_view name, std::string_view label, std::string_view meaning, Get get) {
    return {Fields::where([](const Subject& subject) { return !std::string_view(Get{}(subject)).empty(); },
                          Fields::text(name, meaning, get)),
            label};
  }
  /// A number that not every entry has: `get` returns an optional one.
  template <typename Get>
  static constexpr Field known_count(std::string_view name, std::string_view meaning, Get) {
    return Fields::where([](const Subject& subject) { return Get{}(subject).has_value(); },
                         Fields::count(name, meaning, [](const Subject& subject) -> Count { return *Get{}(subject); }));
  }
  /// `lines(subject, take)` calls take(label, text) for each line.
  template <typename Lines>
  static constexpr Fact in_lines(const Field& field, Lines) {
    return {field, {}, [](const void* subject, const TakeLine& take) {
              Lines{}(*static_cast<const Subject*>(subject), take);
            }};
  }
};

template <std::size_t size>
constexpr std::array<Field, size> fields_of(const Fact (&facts)[size]) {
  std::array<Field, size> fields;
  for (std::size_t i = 0; i < size; ++i) fields[i] = facts[i].field;
  return fields;
}

// Keys of mechanisms and settings of engines.

struct Parameter {
  std::string_view meaning;
  std::string_view fallback;

  /// "keys that a token sees, itself included; required"
  std::string text(std::string_view without_fallback) const {
    return format("{}{}{}", meaning, fallback.empty() ? without_fallback : "; = ", fallback);
  }
};

using ParameterField = FieldsOf<Parameter>;
constexpr Field kOfParameter[] = {
    ParameterField::text("meaning", "what the key or setting means", [](const Parameter& p) { return p.meaning; }),
    ParameterField::text("default", "the value where it is not given",
                         [](const Parameter& p) { return words_or_null(p.fallback); })
        .or_null(),
};
constexpr FieldTable kParameterFields{"parameter", kOfParameter};

using MechanismFact = FactsOf<Mechanism>;
constexpr auto kEachKey = [](const Mechanism& mechanism, const auto& visit) {
  for (const MechanismKey& key : mechanism.keys) {
    if (!key.reader_only) visit(key.name, Parameter{key.meaning, key.fallback});
  }
};
constexpr auto kHasKeys = [](const Mechanism& mechanism) {
  bool any = false;
  kEachKey(mechanism, [&any](std::string_view, const Parameter&) { any = true; });
  return any;
};
constexpr Fact kMechanismFacts[] = {
    {MechanismFact::text("name", "the kind in model files", [](const Mechanism& m) { return m.kind; }), "mechanism"},
    MechanismFact::words("summary", "sees", "what a token sees", [](const Mechanism& m) { return m.summary; }),
    MechanismFact::words("gives_up", "gives up", "what it gives up, compared with full attention",
                         [](const Mechanism& m) { return m.gives_up; }),
    MechanismFact::words("gives_up_source", "gives up, source", "where that is published",
                         [](const Mechanism& m) { return m.gives_up_source; }),
    MechanismFact::in_lines(
        MechanismFact::where(kHasKeys, MechanismFact::named_records("keys", kParameterFields, "its keys", kEachKey)),
        [](const Mechanism& mechanism, const TakeLine& take) {
          kEachKey(mechanism, [&](std::string_view name, const Parameter& key) {
            take(format("key {}", name), key.text("; required"));
          });
        }),
    {MechanismFact::where([](const Mechanism& m) { return m.traits.softmax; },
                          MechanismFact::text("further_keys", "keys that every softmax attention takes",
                                              [](const Mechanism&) -> std::string_view {
                                                return "gate, sink_logits, shares_cache (= false)";
                                              })),
     "further keys"},
};

using EngineFact = FactsOf<Engine>;
constexpr auto kEachSetting = [](const Engine& engine, const auto& visit) {
  for (const EngineSetting& setting : engine.settings)
    visit(setting.name, Parameter{setting.meaning, engine.fallback(setting)});
};
constexpr Fact kEngineFacts[] = {
    {EngineFact::text("name", "the name in files and options", [](const Engine& e) { return e.name; }), "engine"},
    EngineFact::words("summary", "reserves", "the memory that it reserves", [](const Engine& e) { return e.summary; }),
    EngineFact::words("source", "source", "the source of its rules", [](const Engine& e) { return e.source; }),
    EngineFact::words("release", "rules of", "the release or commit that its rules were read from",
                      [](const Engine& e) { return e.release; }),
    EngineFact::words("not_counted", "not counted", "memory that it takes but ctxcost does not count",
                      [](const Engine& e) { return e.not_counted; }),
    EngineFact::in_lines(EngineFact::where([](const Engine& e) { return !e.settings.empty(); },
                                           EngineFact::named_records("settings", kParameterFields,
                                                                     "the settings after NAME:", kEachSetting)),
                         [](const Engine& engine, const TakeLine& take) {
                           kEachSetting(engine, [&](std::string_view name, const Parameter& setting) {
                             take(format("setting {}", name), setting.text(""));
                           });
                         }),
};

using PrecisionFact = FactsOf<Format>;
constexpr Fact kPrecisionFacts[] = {
    {PrecisionFact::text("name", "the name in files and options", [](const Format& f) { return f.name; }), "precision"},
    PrecisionFact::words("aliases", "aliases", "other names, separated by spaces",
                         [](const Format& f) { return f.aliases; }),
    {PrecisionFact::count("block", "elements per block along a row", [](const Format& f) { return f.block; }), "block"},
    {PrecisionFact::count("block_bytes", "bytes per block, scales included",
                          [](const Format& f) { return f.block_bytes; }),
     "bytes of a block"},
    {PrecisionFact::text("stores", "weights, a cache, or both", [](const Format& f) { return stores_words(f); }),
     "stores"},
};

using MetricFact = FactsOf<MetricInfo>;
constexpr Fact kMetricFacts[] = {
    {MetricFact::text("name", "the name in documents, budgets and options",
                      [](const MetricInfo& m) { return m.name; })},
    MetricFact::in_lines(MetricFact::text("meaning", "what it counts", [](const MetricInfo& m) { return m.meaning; }),
                         [](const MetricInfo& metric, const TakeLine& take) { take(metric.name, metric.meaning); }),
};

using PriceField = FieldsOf<ListPrice>;
constexpr Field kOfListPrice[] = {
    PriceField::real("usd_per_hour", "US dollars of one device-hour on demand",
                     [](const ListPrice& price) { return price.usd_per_hour.value(); }),
    PriceField::text("date", "the day on which it was read",
                     [](const ListPrice& price) -> std::string_view { return price.date; }),
    PriceField::text("source", "where it is published",
                     [](const ListPrice& price) -> std::string_view { return price.source; }),
};
constexpr FieldTable kListPriceFields{"list_price", kOfListPrice};

using GpuFact = FactsOf<Accelerator>;
constexpr std::string_view kCacheTypes[] = {"16 bits and blocks of llama.cpp", "those, fp8", "those, fp8, nvfp4"};
constexpr Field kOfUnifiedMemory[] = {
    GpuFact::real("usable_share", "the share of memory that a program may take by default",
                  [](const Accelerator& gpu) { return gpu.unified_memory_usable->value(); }),
    GpuFact::count("usable_bytes", "the bytes that a program may take by default",
                   [](const Accelerator& gpu) { return gpu.usable_memory(); }),
};
constexpr FieldTable kUnifiedMemoryFields{"unified_memory", kOfUnifiedMemory};
constexpr Fact kGpuFacts[] = {
    {GpuFact::text("name", "the name in the catalogue", [](const Accelerator& gpu) { return gpu.id; }), "gpu"},
    {GpuFact::text("product", "the vendor's name", [](const Accelerator& gpu) { return gpu.vendor + " " + gpu.name; }),
     "name"},
    {GpuFact::count("memory_bytes", "nominal memory in bytes", [](const Accelerator& gpu) { return gpu.memory_bytes; }),
     "memory bytes, nominal"},
    {GpuFact::known_count("memory_reported_mib", "memory in MiB that the driver reports",
                          [](const Accelerator& gpu) { return gpu.memory_reported_mib; }),
     "memory MiB, as reported"},
    GpuFact::in_lines(
        GpuFact::where([](const Accelerator& gpu) { return gpu.unified_memory_usable.has_value(); },
                       GpuFact::record("unified_memory", kUnifiedMemoryFields, "memory that it shares with the host",
                                       [](const Accelerator& gpu) { return &gpu; })),
        [](const Accelerator& gpu, const TakeLine& take) {
          take("unified memory, usable by default",
               format("{}, {} bytes", percent_text(*gpu.unified_memory_usable), with_separators(gpu.usable_memory())));
        }),
    {GpuFact::text("cache_types", "KV-cache types that engines keep on this GPU",
                   [](const Accelerator& gpu) { return kCacheTypes[static_cast<std::size_t>(gpu.narrow_cache)]; }),
     "cache types that engines keep"},
    {GpuFact::count("memory_bandwidth_bytes_per_s", "memory bandwidth in bytes per second",
                    [](const Accelerator& gpu) { return gpu.bandwidth_bytes_per_s; }),
     "bandwidth bytes/s"},
    GpuFact::in_lines(GpuFact::counts("peak_dense_flops", "peak FLOP/s per type, without sparsity",
                                      [](const Accelerator& gpu, const auto& visit) {
                                        for (const auto& [type, peak] : gpu.peak_dense_flops) visit(type, peak);
                                      }),
                      [](const Accelerator& gpu, const TakeLine& take) {
                        for (const auto& [type, peak] : gpu.peak_dense_flops) {
                          take("dense peak FLOP/s, " + type, with_separators(peak));
                        }
                      }),
    GpuFact::in_lines(GpuFact::known_count("link_bytes_per_s_per_direction",
                                           "bytes per second to other devices in one direction, over the fastest link",
                                           [](const Accelerator& gpu) { return gpu.link_bytes_per_s; }),
                      [](const Accelerator& gpu, const TakeLine& take) {
                        take(gpu.link + " bytes/s, one direction", with_separators(*gpu.link_bytes_per_s));
                      }),
    {GpuFact::known_count("tdp_watts", "thermal design power in watts",
                          [](const Accelerator& gpu) { return gpu.tdp_watts; }),
     "power, watts"},
    GpuFact::in_lines(GpuFact::where([](const Accelerator& gpu) { return gpu.price.has_value(); },
                                     GpuFact::record("price", kListPriceFields, "a public list price",
                                                     [](const Accelerator& gpu) { return &*gpu.price; })),
                      [](const Accelerator& gpu, const TakeLine& take) {
                        take("list price, USD an hour", format("{} ({}, {})", rate_text(gpu.price->usd_per_hour),
                                                               gpu.price->date, gpu.price->source));
                      }),
    GpuFact::words("source", "source", "where the numbers are published",
                   [](const Accelerator& gpu) -> std::string_view { return gpu.source; }),
    GpuFact::in_lines(
        GpuFact::where([](const Accelerator& gpu) { return !gpu.unverified.empty(); },
                       GpuFact::texts("unverified", "keys of figures that were not read at the source: as remembered",
                                      kEach<&Accelerator::unverified>)),
        [](const Accelerator& gpu, const TakeLine& take) {
          std::string all;
          for (const std::string& key : gpu.unverified) (all += all.empty() ? "" : ", ") += key;
          take("unverified", std::move(all));
        }),
    GpuFact::words("notes", "notes", "remarks", [](const Accelerator& gpu) -> std::string_view { return gpu.notes; }),
};

// A model: in documents its file, so that it has lines alone.

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

void write_model_lines(const BuiltInModel& found, const TakeLine& take) {
  const Estimator& estimator = found.estimator;
  const Model& model = estimator.model();
  const Positions& positions = model.positions;
  const Estimate first_token = estimator.at(1, 1);
  const auto take_words = [&](std::string_view label, std::string_view words) {
    if (!words.empty()) take(label, words);
  };
  const auto take_known = [&](std::string_view label, std::optional<Count> count) {
    if (count) take(label, with_separators(*count));
  };
  const auto take_metric = [&](std::string_view label, Metric metric) {
    take(label, fact_text(to_value(first_token[metric])));
  };
  take("model", found.entry->id);
  take_words("family", model.family);
  take_words("source", model.source);
  std::string unverified;
  for (const std::string& key : unverified_keys(*found.entry)) {
    if (!unverified.empty()) unverified += ", ";
    unverified += key;
  }
  take_words("unverified (not read there)", unverified);
  take_metric("parameters", Metric::parameters);
  take_metric("parameters without embedding and head", Metric::parameters_non_embedding);
  take_metric("active parameters", Metric::active_parameters);
  for (const ParameterPart& part : model.parameter_parts) {
    take("beside them, " + part.name, with_separators(part.elements));
  }
  take_known("published total of the checkpoint", model.published_elements);
  take_words("weights", estimator.weights().display());
  take_metric("weights bytes", Metric::weights_bytes);
  take_metric(format("KV bytes of the first token, {}", estimator.kv().display()), Metric::kv_cache_bytes);
  if (first_token.count(Metric::state_bytes) != Count{}) {
    take_metric("state bytes of a sequence", Metric::state_bytes);
  }
  take_known("trained context", positions.trained_context);
  if (positions.effective_context != positions.trained_context) {
    take_known(format("effective context ({})", positions.scaling_type), positions.effective_context);
  }
  take_known("hard limit of positions", positions.hard_limit);
  for (const LayerGroup& group : model.groups) {
    take((group.stack == Stack::encoder ? "encoder layers " : "layers ") + index_ranges(group.layers),
         group_text(group));
  }
  for (const MeasuredContext& measured : measured_contexts(model)) {
    take("measured", measured_text(measured));
    take(measured.by == "tokens" ? "  score by length" : "  score by " + measured.by, scores_text(measured));
    take_words("  remark", measured.notes);
  }
  for (const std::string& note : estimator.details(1, 1).notes) take("note", note);
}

// Documents: one shape for each kind that has facts.

constexpr unsigned kShowParts = Part::records | Part::page;

/// What the facts of an entry are read from.
const void* subject_of(const BuiltIn& found) {
  struct Visitor {
    const void* operator()(const BuiltInModel& model) const { return &model; }
    const void* operator()(const Accelerator& gpu) const { return &gpu; }
    const void* operator()(const void* row) const { return row; }
  };
  return std::visit(Visitor{}, found);
}

/// The kinds that have facts: those behind "model".
constexpr std::span kKinds = std::span(kBuiltInKinds).subspan<1>();
/// Their entries in the schema's $defs.
constexpr std::string_view kTableNames[] = {"mechanism_entry", "engine_entry", "precision_entry", "gpu_entry",
                                            "metric_entry"};

/// The document of an entry of that kind.
template <const auto& facts, std::size_t kind>
struct Sheet {
  using ShowHeadField = FieldsOf<BuiltIn>;
  static constexpr auto kMembers = fields_of(facts);
  static constexpr FieldTable kEntry{kTableNames[kind], kMembers};
  static constexpr Field kShowOfHead[] = {
      ShowHeadField::word("kind", kKinds.subspan(kind, 1), "what it is",
                          [](const BuiltIn& found) { return kind_of(found); }),
      ShowHeadField::record("entry", kEntry, "its facts", [](const BuiltIn& found) { return subject_of(found); }),
  };
  static constexpr FieldTable kHead{"show", kShowOfHead};
  static constexpr DocumentShape kShape{.command = "show", .parts = kShowParts, .head = &kHead};
};

constexpr DocumentShape kShapes[] = {Sheet<kMechanismFacts, 0>::kShape, Sheet<kEngineFacts, 1>::kShape,
                                     Sheet<kPrecisionFacts, 2>::kShape, Sheet<kGpuFacts, 3>::kShape,
                                     Sheet<kMetricFacts, 4>::kShape};
constexpr std::span<const Fact> kFacts[] = {kMechanismFacts, kEngineFacts, kPrecisionFacts, kGpuFacts, kMetricFacts};

}  // namespace

const DocumentShape kShowShape = {
    .command = "show", .parts = kShowParts, .kinds = []() -> std::span<const DocumentShape> { return kShapes; }};

const DocumentShape& ShowDocument::shape() const {
  return std::holds_alternative<BuiltInModel>(*found_) ? kShowShape : kShapes[found_->index() - 1];
}

Record ShowDocument::head() const { return {shape().head, found_}; }

std::string_view ShowDocument::file() const {
  if (const auto* const model = std::get_if<BuiltInModel>(found_)) return model->entry->text;
  if (const auto* const gpu = std::get_if<Accelerator>(found_)) {
    for (const CatalogueEntry& entry : accelerator_catalogue()) {
      if (entry.id == gpu->id) return entry.text;
    }
  }
  return {};
}

void ShowDocument::write_page(TextDocument& page) const {
  const TakeLine take = [&page](std::string_view label, std::string_view text) {
    page.item(format("{}: {}", label, text));
  };
  if (const auto* const model = std::get_if<BuiltInModel>(found_)) return write_model_lines(*model, take);
  for (const Fact& fact : kFacts[found_->index() - 1]) fact.write_lines(subject_of(*found_), take);
}

}  // namespace ctxcost
