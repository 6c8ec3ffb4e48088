#include "result_fields.h"

#include <algorithm>

#include "estimate/window_note.h"
#include "model/model_words.h"

namespace ctxcost {
namespace {

constexpr std::string_view kPairRules[] = {"reach", "exact"};
constexpr std::string_view kLogits[] = {"last", "all"};
constexpr std::string_view kUnits[] = {"si", "iec"};
constexpr std::string_view kStacks[] = {"decoder", "encoder"};

using ConventionsField = FieldsOf<Conventions>;
constexpr Field kOfConventions[] = {
    ConventionsField::text("name", "article, standard, causal, or as given",
                           [](const Conventions& c) -> std::string_view { return c.name; }),
    ConventionsField::count("flops_per_mac", "FLOPs of a multiply-add: 1 or 2",
                            [](const Conventions& c) { return c.flops_per_mac; }),
    ConventionsField::word("pairs", kPairRules,
                           "the pairs that are counted: all that any query reaches, or unmasked ones",
                           [](const Conventions& c) -> std::string_view { return c.pairs; }),
    ConventionsField::word("logits", kLogits, "the tokens whose logits are counted",
                           [](const Conventions& c) { return words_or_null(c.logits); })
        .or_null(),
    ConventionsField::word("units", kUnits, "units in texts: GB or GiB",
                           [](const Conventions& c) { return name(c.units); }),
};

using ModelField = FieldsOf<Model>;
constexpr Field kOfModel[] = {
    ModelField::text("name", "the name of the model", [](const Model& m) { return words_or_null(m.name); }).or_null(),
    ModelField::text("id", "the name in the catalogue", [](const Model& m) { return words_or_null(m.id); }).or_null(),
    ModelField::text("family", "model_type of its config, or \"own\"",
                     [](const Model& m) { return words_or_null(m.family); })
        .or_null(),
    ModelField::count("layers", "layers of encoder and decoder together",
                      [](const Model& m) { return Count(m.layers()); }),
    ModelField::text("origin", "where it was read: a path, - or catalogue",
                     [](const Model& m) { return words_or_null(m.origin); })
        .or_null(),
    ModelField::text("source", "where its shape was published", [](const Model& m) { return words_or_null(m.source); })
        .or_null(),
};

using MixerField = FieldsOf<Mixer>;
constexpr Field kOfMixer[] = {
    MixerField::text("kind", "the mechanism", [](const Mixer& m) -> std::string_view { return m.kind(); }),
    MixerField::count("heads", "query heads", [](const Mixer& m) { return m.shape().heads; }),
    MixerField::count("kv_heads", "KV heads", [](const Mixer& m) { return m.shape().kv_heads; }),
    MixerField::count("d_k", "head dim of keys", [](const Mixer& m) { return m.shape().d_k; }),
    MixerField::count("d_v", "head dim of values", [](const Mixer& m) { return m.shape().d_v; }),
};
constexpr FieldTable kMixerFields{"mixer", kOfMixer};

using GroupField = FieldsOf<GroupEstimate>;
constexpr Field kOfGroup[] = {
    GroupField::count("layers", "layers that are alike", [](const GroupEstimate& g) { return g.group->count(); }),
    GroupField::text("indices", "their positions in the stack, from 0: \"0-4,6\"",
                     [](const GroupEstimate& g) { return index_ranges(g.group->layers); }),
    GroupField::word("stack", kStacks, "the stack that they belong to",
                     [](const GroupEstimate& g) { return kStacks[g.group->stack == Stack::decoder ? 0 : 1]; }),
    GroupField::records("mixers", kMixerFields, "the mixers that run side by side in each layer",
                        [](const GroupEstimate& g, const auto& visit) {
                          for (const auto& mixer : g.group->mixers) visit(*mixer);
                        }),
    GroupField::text("feed_forward", "none, plain, gated or experts",
                     [](const GroupEstimate& g) { return feed_forward_word(g.group->feed_forward); }),
    GroupField::count("scores_per_head", "query-key pairs of one head of one sequence",
                      [](const GroupEstimate& g) { return g.scores_per_head; }),
    GroupField::count("scores_per_layer", "query-key pairs of one layer",
                      [](const GroupEstimate& g) { return g.scores_per_layer; }),
    GroupField::count("attention_macs_per_layer", "multiply-adds of sequence mixing",
                      [](const GroupEstimate& g) { return g.attention_macs_per_layer; }),
    GroupField::count("attention_flops_per_layer", "FLOPs of sequence mixing",
                      [](const GroupEstimate& g) { return g.attention_flops_per_layer; }),
    GroupField::count("linear_flops_per_layer", "FLOPs of projections and feed-forward",
                      [](const GroupEstimate& g) { return g.linear_flops_per_layer; }),
    GroupField::count("kv_cache_bytes_per_layer", "bytes of KV cache of one layer",
                      [](const GroupEstimate& g) { return std::optional<Count>(g.kv_cache_bytes_per_layer); }),
    GroupField::count("state_bytes_per_layer", "bytes of recurrent state of one layer, the same at every context",
                      [](const GroupEstimate& g) { return g.state_bytes_per_layer; }),
    GroupField::count("parameters_per_layer", "parameters of one layer",
                      [](const GroupEstimate& g) { return g.parameters_per_layer; }),
};
constexpr FieldTable kGroupFields{"layer_group", kOfGroup};

using PartField = FieldsOf<ParameterPart>;
constexpr Field kOfParameterPart[] = {
    PartField::text("name", "the name of the part", [](const ParameterPart& p) -> std::string_view { return p.name; }),
    PartField::count("elements", "elements of its tensors", [](const ParameterPart& p) { return p.elements; }),
    PartField::text("source", "where that is published", [](const ParameterPart& p) { return words_or_null(p.source); })
        .or_null(),
};
constexpr FieldTable kParameterPartFields{"parameter_part", kOfParameterPart};

constexpr auto kEverything = [](const Result& result) { return result.everything(); };
constexpr auto kEachPart = [](const auto& parts, const auto& visit) {
  for (const auto& part : parts) visit(part.name, part.bytes);
};

using ResultField = FieldsOf<Result>;
constexpr Field kOfResult[] = {
    ResultField::record("model", kModelFields, "what was counted",
                        [](const Result& r) { return &r.estimator->model(); }),
    ResultField::text("weights", "the type of the weights",
                      [](const Result& r) { return r.estimator->weights().name(); }),
    ResultField::text("kv_precision", "the type of the KV cache",
                      [](const Result& r) { return r.estimator->kv().name(); }),
    ResultField::text("engine", "the runtime that reserves the cache",
                      [](const Result& r) {
                        const EngineChoice& choice = r.estimator->engine();
                        return choice.name.empty() ? std::string(choice.engine->name) : choice.name;
                      }),
    ResultField::metrics(metrics,
                         [](const Result& r, Metric metric) -> const MetricValue* {
                           const std::vector<Column>& chosen = r.options->columns;
                           const bool wanted = chosen.empty() ||
                                               std::find(chosen.begin(), chosen.end(), Column(metric)) != chosen.end();
                           return wanted ? &(*r.values)[metric] : nullptr;
                         }),
    ResultField::where(kEverything, ResultField::counts("cache_parts", "parts of kv_cache_bytes",
                                                        [](const Result& r, const auto& visit) {
                                                          kEachPart(r.details.cache_parts, visit);
                                                        })),
    ResultField::where(kEverything, ResultField::counts("state_parts", "parts of state_bytes",
                                                        [](const Result& r, const auto& visit) {
                                                          kEachPart(r.details.state_parts, visit);
                                                        })),
    ResultField::where(kEverything, ResultField::counts("reserved_parts", "parts of kv_reserved_bytes",
                                                        [](const Result& r, const auto& visit) {
                                                          kEachPart(r.details.reserved_parts, visit);
                                                        })),
    ResultField::where(kEverything, ResultField::records("parameter_parts", kParameterPartFields,
                                                         "what a checkpoint holds beside the parameters",
                                                         [](const Result& r, const auto& visit) {
                                                           for (const ParameterPart& part :
                                                                r.estimator->model().parameter_parts) {
                                                             visit(part);
                                                           }
                                                         })),
    ResultField::where(kEverything, ResultField::records("layer_groups", kGroupFields, "layers that are alike",
                                                         [](const Result& r, const auto& visit) {
                                                           for (const GroupEstimate& group : r.details.groups) {
                                                             visit(group);
                                                           }
                                                         })),
    ResultField::texts("notes", "assumptions and remarks that belong to the numbers", kEach<&Result::notes>),
};

}  // namespace

const FieldTable kConventionsFields{"conventions", kOfConventions};
const FieldTable kModelFields{"model", kOfModel};
const FieldTable kResultFields{"result", kOfResult};

Conventions conventions_of(const Convention& convention, Logits logits, UnitSystem units) {
  return {convention.name, convention.flops_per_mac,
          std::string(convention.pairs == PairRule::reach ? "reach" : "exact"),
          std::string(logits == Logits::last ? "last" : "all"), units};
}

Conventions conventions_of(const RecordedConvention& convention, UnitSystem units) {
  return {convention.name, convention.flops_per_mac, convention.pairs, convention.logits, units};
}

Result result_of(const GridPoint& row, const RenderOptions& options, const std::vector<std::string>* engine_notes) {
  const Estimator& estimator = row.estimator;
  Result result{&estimator, &row.values, &options, estimator.details(row.context(), row.batch()), {}, row.share};
  if (row.share != nullptr) row.share->set(result.details, row.context(), row.batch());
  result.notes = result.details.notes;
  const std::vector<std::string>& of_engine = engine_notes != nullptr ? *engine_notes : result.details.engine_notes;
  result.notes.insert(result.notes.end(), of_engine.begin(), of_engine.end());
  if (std::string note = window_note(estimator.model(), row.values, row.context()); !note.empty()) {
    result.notes.push_back(std::move(note));
  }
  return result;
}

}  // namespace ctxcost
