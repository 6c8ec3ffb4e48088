#include "compare_document.h"

namespace ctxcost {
namespace {

/// An alternative at one context, beside the first alternative there.
struct ComparedPoint {
  const StrategyComparison* answer;
  const StrategyAlternative* alternative;
  std::size_t index;  // of the context

  const StrategyPoint& point() const { return alternative->points[index]; }
  const StrategyPoint& first() const { return answer->alternatives.front().points[index]; }
  const Model& model() const { return *alternative->strategy.model; }
};

using CompareHeadField = FieldsOf<CompareDocument::Head>;
constexpr Field kCompareOfHead[] = {
    CompareHeadField::record("conventions", kConventionsFields, "how the numbers were counted",
                             [](const CompareDocument::Head& head) { return &head.conventions; })
        .in_each_line(),
};
constexpr FieldTable kCompareHeadFields{"compare", kCompareOfHead};

using ReachField = FieldsOf<ModelReach>;
constexpr Field kOfReach[] = {
    ReachField::count("layer_exact", "tokens back that the last token sees one by one through one layer",
                      [](const ModelReach& r) { return r.layer.exact; }),
    ReachField::count("layer", "the same, with what summaries, memories and states hold",
                      [](const ModelReach& r) { return r.layer.compressed; }),
    ReachField::count("all_layers_exact", "tokens back through all layers, one by one in each",
                      [](const ModelReach& r) { return r.all.exact; }),
    ReachField::count("all_layers", "the same, with what summaries, memories and states hold",
                      [](const ModelReach& r) { return r.all.compressed; }),
    ReachField::count("layers", "layers that mix tokens", [](const ModelReach& r) { return r.layers; }),
};
constexpr FieldTable kReachFields{"reach", kOfReach};

constexpr std::string_view kCrossoverKinds[] = {"never", "from", "unknown"};
using CrossoverField = FieldsOf<Crossover>;
constexpr Field kOfCrossover[] = {
    CrossoverField::word("kind", kCrossoverKinds, "never: not up to 2^40 tokens",
                         [](const Crossover& c) { return kCrossoverKinds[static_cast<std::size_t>(c.kind)]; }),
    CrossoverField::count(
        "context", "the smallest context from which on it holds",
        [](const Crossover& c) { return c.kind == Crossover::Kind::from ? std::optional(c.context) : std::nullopt; }),
};
constexpr FieldTable kCrossoverFields{"crossover", kOfCrossover};

using CrossoversField = FieldsOf<Crossovers>;
constexpr Field kOfCrossovers[] = {
    CrossoversField::record("fewer_attention_flops", kCrossoverFields,
                            "attention FLOPs are below those of the first alternative",
                            [](const Crossovers& c) { return &c.fewer_flops; }),
    CrossoversField::record("fewer_forward_flops", kCrossoverFields,
                            "FLOPs of the whole forward pass are below those of the first alternative",
                            [](const Crossovers& c) { return &c.fewer_forward_flops; }),
    CrossoversField::record("fewer_bytes", kCrossoverFields,
                            "KV cache and state are smaller than those of the first alternative",
                            [](const Crossovers& c) { return &c.fewer_bytes; }),
    CrossoversField::record("attention_passes_feed_forward", kCrossoverFields,
                            "attention takes more FLOPs than the feed-forward",
                            [](const Crossovers& c) { return &c.passes_feed_forward; }),
    CrossoversField::record("attention_passes_linear", kCrossoverFields,
                            "attention takes more FLOPs than all linear layers",
                            [](const Crossovers& c) { return &c.passes_linear; }),
    CrossoversField::record("cache_passes_weights", kCrossoverFields, "KV cache and state are larger than the weights",
                            [](const Crossovers& c) { return &c.cache_passes_weights; }),
};
constexpr FieldTable kCrossoversFields{"crossovers", kOfCrossovers};

using TradeOffField = FieldsOf<TradeOff>;
constexpr Field kOfTradeOff[] = {
    TradeOffField::text("part", "the part of the strategy",
                        [](const TradeOff& t) -> std::string_view { return t.part; }),
    TradeOffField::text("gives_up", "what a model with it gives up",
                        [](const TradeOff& t) -> std::string_view { return t.gives_up; }),
    TradeOffField::text("source", "where that is published", [](const TradeOff& t) { return words_or_null(t.source); })
        .or_null(),
};
constexpr FieldTable kTradeOffFields{"trade_off", kOfTradeOff};

using ComparedPointField = FieldsOf<ComparedPoint>;
constexpr Field kStrategyField =
    ComparedPointField::text("strategy", "as written; null for the model as it is", [](const ComparedPoint& p) {
      return words_or_null(p.alternative->strategy.text);
    }).or_null();
constexpr Field kMetricsField =
    ComparedPointField::metrics(metrics, [](const ComparedPoint& p, Metric metric) -> const MetricValue* {
      const bool growth = metric == Metric::growth_attention_flops || metric == Metric::growth_kv_cache;
      return growth ? nullptr : &p.point().values[metric];
    });
/// What a row and a line of CSV have beside the metrics.
constexpr Field kComparedScalars[] = {
    ComparedPointField::real("attention_flops_ratio", "attention FLOPs over those of the first alternative",
                             [](const ComparedPoint& p) {
                               return to_value(known_ratio(p.point().values.count(Metric::attention_flops),
                                                           p.first().values.count(Metric::attention_flops)));
                             })
        .or_null(),
    ComparedPointField::count("memory_bytes", "KV cache and state; null without a decode step",
                              [](const ComparedPoint& p) { return p.point().memory; }),
    ComparedPointField::real(
        "memory_ratio", "KV cache and state over those of the first alternative",
        [](const ComparedPoint& p) { return to_value(known_ratio(p.point().memory, p.first().memory)); })
        .or_null(),
    ComparedPointField::real("growth_per_doubling", "attention multiply-adds at twice the context over those here",
                             [](const ComparedPoint& p) { return to_value(p.point().growth); })
        .or_null(),
    ComparedPointField::text("growth_order", "how attention's work grows in the end",
                             [](const ComparedPoint& p) {
                               const std::string text = order_text(p.alternative->order, p.alternative->order_ratio);
                               return text.empty() ? Value() : Value(text);
                             })
        .or_null(),
    ComparedPointField::flag("fused", "scores are not stored",
                             [](const ComparedPoint& p) { return p.alternative->strategy.fused; }),
    ComparedPointField::count("score_memory_bytes", "the score matrix of a layer, or a fused kernel's workspace",
                              [](const ComparedPoint& p) { return p.point().score_memory; }),
    ComparedPointField::count("decode_cache_bytes", "cache and state that a decode step reads and writes",
                              [](const ComparedPoint& p) { return p.point().decode_cache_bytes; }),
    ComparedPointField::scalar(Field::Type::scalar, "prefill_seconds", "a bound on the devices; null without a GPU",
                               [](const ComparedPoint& p) { return to_value(p.point().prefill_seconds); })
        .or_null(),
    ComparedPointField::scalar(Field::Type::scalar, "decode_seconds_per_token", "the same for a decode step",
                               [](const ComparedPoint& p) { return to_value(p.point().decode_seconds); })
        .or_null(),
    ComparedPointField::count("trained_context", "the window before scaling",
                              [](const ComparedPoint& p) { return p.model().positions.trained_context; }),
    ComparedPointField::count("effective_context", "the window with scaling",
                              [](const ComparedPoint& p) { return p.model().positions.effective_context; }),
    ComparedPointField::count("hard_limit", "tokens of a table of positions",
                              [](const ComparedPoint& p) { return p.model().positions.hard_limit; }),
};

}  // namespace

constinit const FieldTable kComparedScalarFields{"compared", kComparedScalars};

namespace {

constexpr Field kOfComparedPoint[] = {
    ComparedPointField::record("model", kModelFields, "what was counted",
                               [](const ComparedPoint& p) { return &p.model(); }),
    kStrategyField,
    kMetricsField,
    ComparedPointField::members_of(kComparedScalarFields,
                                   [](const ComparedPoint& p) -> const ComparedPoint& { return p; }),
    ComparedPointField::record("reach", kReachFields, "how far the last token sees back",
                               [](const ComparedPoint& p) { return &p.point().reach; }),
    ComparedPointField::record("crossovers", kCrossoversFields, "from which context on something holds",
                               [](const ComparedPoint& p) { return &p.alternative->crossovers; }),
    ComparedPointField::records("gives_up", kTradeOffFields, "what the strategy gives up, part by part",
                                [](const ComparedPoint& p, const auto& visit) {
                                  for (const TradeOff& part : p.alternative->strategy.trade_offs) visit(part);
                                }),
    ComparedPointField::texts("notes", "assumptions and remarks that belong to the numbers",
                              [](const ComparedPoint& p, const auto& visit) {
                                for (const std::string& note : p.alternative->notes) visit(note);
                                for (const std::string& note : p.answer->notes) visit(note);
                              }),
};
constexpr FieldTable kComparedPointFields{"comparison", kOfComparedPoint};

template <typename Visit>
void for_each_point(const StrategyComparison& answer, const Visit& visit) {
  for (std::size_t i = 0; i < answer.contexts.size(); ++i) {
    for (const StrategyAlternative& alternative : answer.alternatives) visit(ComparedPoint{&answer, &alternative, i});
  }
}

}  // namespace

const DocumentShape kCompareShape = {.command = "compare",
                                     .parts = Part::records | Part::cells | Part::page,
                                     .head = &kCompareHeadFields,
                                     .rows = "results",
                                     .row = &kComparedPointFields};

CompareDocument::CompareDocument(const StrategyComparison& answer, const RenderOptions& options)
    : answer_(&answer),
      options_(&options),
      head_{conventions_of(answer.workload.convention, answer.workload.logits, options.units)} {}

void CompareDocument::for_each_row(const RecordVisitor& visit) const {
  for_each_point(*answer_, [&visit](const ComparedPoint& point) { visit({&kComparedPointFields, &point}); });
}

std::vector<Field> CompareDocument::columns() const {
  std::vector<Field> columns = {
      ComparedPointField::text("model", "", [](const ComparedPoint& p) -> std::string_view { return p.model().name; }),
      kStrategyField, ComparedPointField::text("convention", "", [](const ComparedPoint& p) -> std::string_view {
        return p.answer->workload.convention.name;
      })};
  append_metric_columns(columns, kMetricsField);
  std::erase_if(columns, [](const Field& field) {
    return field.metric == Metric::growth_attention_flops || field.metric == Metric::growth_kv_cache;
  });
  columns.insert(columns.end(), std::begin(kComparedScalars), std::end(kComparedScalars));
  return columns;
}

void CompareDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for_each_point(*answer_, [&visit](const ComparedPoint& point) { visit(&point); });
}

void CompareDocument::write_page(TextDocument& page) const { write_comparison(*answer_, *options_, page); }

}  // namespace ctxcost
