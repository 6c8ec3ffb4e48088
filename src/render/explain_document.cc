#include "explain_document.h"

#include "claim_document.h"
#include "core/format.h"
#include "model/model_words.h"
#include "positions_document.h"
#include "value_text.h"

namespace ctxcost {
namespace {

constexpr std::string_view kOriginNames[] = {"asked",   "model",  "setting", "default",
                                             "derived", "tensor", "type",    "engine"};
constexpr std::string_view kExplainedStacks[] = {"decoder", "encoder"};

using ExplainedValueField = FieldsOf<ExplainedValue>;
constexpr Field kOfExplainedValue[] = {
    ExplainedValueField::text("name", "the word of the formula",
                              [](const ExplainedValue& v) -> std::string_view { return v.word; }),
    ExplainedValueField::any("value", "an integer, or a list of them",
                             [](const ExplainedValue& v, JsonWriter& json) {
                               if (const Count* const count = std::get_if<Count>(&v.value)) return json.count(*count);
                               json.begin_array();
                               for (const Count one : std::get<std::vector<Count>>(v.value)) json.count(one);
                               json.end_array();
                             }),
    ExplainedValueField::word("origin", kOriginNames, "kind of origin of the value",
                              [](const ExplainedValue& v) { return origin_name(v.origin); }),
    ExplainedValueField::text("formula", "a formula for the value itself; its words follow",
                              [](const ExplainedValue& v) { return words_or_null(v.expression); })
        .or_null(),
    ExplainedValueField::text("from", "the model file's key, setting or type that gave the value",
                              [](const ExplainedValue& v) { return words_or_null(v.from); })
        .or_null(),
};
constexpr FieldTable kExplainedExplainedValueFields{"explained_value", kOfExplainedValue};

using ExplainedTermField = FieldsOf<ExplainedTerm>;
constexpr Field kOfExplainedTerm[] = {
    ExplainedTermField::text("owner",
                             "what the term belongs to: a mixer's kind, feed_forward, embedding, head or an engine",
                             [](const ExplainedTerm& t) -> std::string_view { return t.owner; }),
    ExplainedTermField::text("name", "name of the term: keys, attn_q",
                             [](const ExplainedTerm& t) -> std::string_view { return t.name; }),
    ExplainedTermField::count("layers", "number of layers with this term",
                              [](const ExplainedTerm& t) { return t.layers; }),
    ExplainedTermField::text(
        "indices", "indices of those layers in their stack, from 0; null outside the layers",
        [](const ExplainedTerm& t) { return t.group == nullptr ? Value() : Value(index_ranges(t.group->layers)); })
        .or_null(),
    ExplainedTermField::word("stack", kExplainedStacks, "stack of those layers",
                             [](const ExplainedTerm& t) {
                               if (t.group == nullptr) return Value();
                               return Value(kExplainedStacks[t.group->stack == Stack::decoder ? 0 : 1]);
                             })
        .or_null(),
    ExplainedTermField::text("formula", "formula for one layer",
                             [](const ExplainedTerm& t) { return words_or_null(t.formula); })
        .or_null(),
    ExplainedTermField::text("numbers", "the formula with its values filled in",
                             [](const ExplainedTerm& t) { return words_or_null(t.numbers); })
        .or_null(),
    ExplainedTermField::records("values", kExplainedExplainedValueFields, "values of the formula's words",
                                kEach<&ExplainedTerm::values>),
    ExplainedTermField::count("one", "result of the formula", [](const ExplainedTerm& t) { return t.one; }),
    ExplainedTermField::counts("factors", "factors besides the number of layers",
                               [](const ExplainedTerm& t, const auto& visit) {
                                 for (const ExplainedFactor& factor : t.factors) visit(factor.name, factor.value);
                               }),
    ExplainedTermField::count("total", "result times layers and factors",
                              [](const ExplainedTerm& t) { return t.total; }),
    ExplainedTermField::text("source", "paper section or repository file",
                             [](const ExplainedTerm& t) { return words_or_null(t.source); })
        .or_null(),
};
constexpr FieldTable kExplainedExplainedTermFields{"explained_term", kOfExplainedTerm};

using ExplainedPartField = FieldsOf<ExplainedPart>;
constexpr Field kOfExplainedPart[] = {
    ExplainedPartField::text("owner", "what its terms belong to",
                             [](const ExplainedPart& p) { return words_or_null(p.owner); })
        .or_null(),
    ExplainedPartField::text("name", "name of its terms; null if they have different names",
                             [](const ExplainedPart& p) { return words_or_null(p.name); })
        .or_null(),
    ExplainedPartField::count("terms", "number of terms in this part",
                              [](const ExplainedPart& p) { return Count(p.terms); }),
    ExplainedPartField::count(
        "layers", "number of layers whose terms are alike; null if terms differ",
        [](const ExplainedPart& p) { return p.like == nullptr ? std::nullopt : std::optional(p.layers); }),
    ExplainedPartField::count("total", "sum of its terms", [](const ExplainedPart& p) { return p.total; }),
};
constexpr FieldTable kExplainedExplainedPartFields{"explained_part", kOfExplainedPart};

/// A metric with the units that it is shown in.
struct ExplainRow {
  const ExplainedMetric* metric;
  UnitSystem units;
};
using MetricRow = FieldsOf<ExplainRow>;
constexpr Field kOfExplainedMetric[] = {
    MetricRow::text("metric", "name of the metric", [](const ExplainRow& r) { return info(r.metric->metric).name; }),
    MetricRow::text("meaning", "meaning of the metric",
                    [](const ExplainRow& r) { return info(r.metric->metric).meaning; }),
    MetricRow::scalar(Field::Type::scalar, "value", "exact value, or a level",
                      [](const ExplainRow& r) { return to_value(r.metric->value); })
        .or_null(),
    MetricRow::text("text", "value in human units",
                    [](const ExplainRow& r) { return value_text(r.metric->metric, r.metric->value, r.units); }),
    MetricRow::text("formula", "formula of a metric that follows from other metrics",
                    [](const ExplainRow& r) { return words_or_null(r.metric->formula); })
        .or_null(),
    MetricRow::text("numbers", "the formula with its values filled in",
                    [](const ExplainRow& r) { return words_or_null(r.metric->numbers); })
        .or_null(),
    MetricRow::records("values", kExplainedExplainedValueFields, "values of that formula's words",
                       [](const ExplainRow& r, const auto& visit) {
                         for (const ExplainedValue& value : r.metric->values) visit(value);
                       }),
    MetricRow::text("source", "source of that formula",
                    [](const ExplainRow& r) { return words_or_null(r.metric->source); })
        .or_null(),
    MetricRow::text("remark", "why there is no value, or what the formula leaves out",
                    [](const ExplainRow& r) { return words_or_null(r.metric->remark); })
        .or_null(),
    MetricRow::text(
        "terms_of", "metric that the terms add up to",
        [](const ExplainRow& r) { return r.metric->terms_of ? Value(info(*r.metric->terms_of).name) : Value(); })
        .or_null(),
    MetricRow::records("parts", kExplainedExplainedPartFields, "terms, folded where they are alike or belong together",
                       [](const ExplainRow& r, const auto& visit) {
                         for (const ExplainedPart& part : r.metric->parts) visit(part);
                       }),
    MetricRow::records("terms", kExplainedExplainedTermFields, "all terms",
                       [](const ExplainRow& r, const auto& visit) {
                         for (const ExplainedTerm& term : r.metric->terms) visit(term);
                       }),
};
constexpr FieldTable kExplainedMetricFields{"explained_metric", kOfExplainedMetric};

using ExplainHeadField = FieldsOf<ExplainDocument::Head>;
constexpr Field kExplainOfHead[] = {
    ExplainHeadField::record("conventions", kConventionsFields, "how the numbers were counted",
                             [](const ExplainDocument::Head& head) { return &head.conventions; })
        .in_each_line(),
    ExplainHeadField::record("model", kModelFields, "model that was counted",
                             [](const ExplainDocument::Head& head) { return &head.answer->estimator.model(); })
        .in_each_line(),
    ExplainHeadField::text("weights", "the type of the weights",
                           [](const ExplainDocument::Head& head) { return head.answer->estimator.weights().name(); })
        .in_each_line(),
    ExplainHeadField::text("kv_precision", "the type of the cache",
                           [](const ExplainDocument::Head& head) { return head.answer->estimator.kv().name(); })
        .in_each_line(),
    ExplainHeadField::text("engine", "engine whose rules reserve the cache",
                           [](const ExplainDocument::Head& head) {
                             const EngineChoice& choice = head.answer->estimator.engine();
                             return choice.name.empty() ? std::string(choice.engine->name) : choice.name;
                           })
        .in_each_line(),
    ExplainHeadField::count("context", "tokens of a sequence",
                            [](const ExplainDocument::Head& head) { return head.answer->context; })
        .in_each_line(),
    ExplainHeadField::text(
        "context_from", "where the value came from",
        [](const ExplainDocument::Head& head) -> std::string_view { return head.answer->context_from; }),
    ExplainHeadField::count("batch", "sequences", [](const ExplainDocument::Head& head) { return head.answer->batch; })
        .in_each_line(),
    ExplainHeadField::text(
        "batch_from", "where the value came from",
        [](const ExplainDocument::Head& head) -> std::string_view { return head.answer->batch_from; }),
    ExplainHeadField::texts("notes", "assumptions and remarks that belong to the numbers",
                            [](const ExplainDocument::Head& head, const auto& visit) {
                              for (const std::string& note : head.answer->notes) visit(note);
                            })
        .put_behind_rows(),
};
constexpr FieldTable kExplainHeadFields{"explain", kExplainOfHead};

/// A row of CSV: a term, or a metric that has none.
struct ExplainCells {
  const Explanation* answer;
  const ExplainedMetric* metric;
  const ExplainedTerm* term;  // null where there is none
};
using ExplainCell = FieldsOf<ExplainCells>;

std::string explained_factors_text(const ExplainedTerm& term) {
  std::string text;
  for (const ExplainedFactor& factor : term.factors) {
    text += format("{}{} {}", text.empty() ? "" : "; ", factor.name, to_string(factor.value));
  }
  return text;
}

constexpr Field kExplainCells[] = {
    ExplainCell::text("model", "",
                      [](const ExplainCells& c) -> std::string_view { return c.answer->estimator.model().name; }),
    ExplainCell::text(
        "convention", "",
        [](const ExplainCells& c) -> std::string_view { return c.answer->estimator.settings().convention.name; }),
    ExplainCell::count("context", "", [](const ExplainCells& c) { return c.answer->context; }),
    ExplainCell::count("batch", "", [](const ExplainCells& c) { return c.answer->batch; }),
    ExplainCell::text("metric", "", [](const ExplainCells& c) { return info(c.metric->metric).name; }),
    ExplainCell::text("value", "", [](const ExplainCells& c) { return to_value(c.metric->value); }),
    ExplainCell::text(
        "terms_of", "",
        [](const ExplainCells& c) { return c.term == nullptr ? Value() : Value(info(*c.metric->terms_of).name); }),
    ExplainCell::text(
        "owner", "",
        [](const ExplainCells& c) { return c.term == nullptr ? Value() : Value(std::string_view(c.term->owner)); }),
    ExplainCell::text(
        "name", "",
        [](const ExplainCells& c) { return c.term == nullptr ? Value() : Value(std::string_view(c.term->name)); }),
    ExplainCell::text("indices", "",
                      [](const ExplainCells& c) {
                        if (c.term == nullptr || c.term->group == nullptr) return Value();
                        return Value(index_ranges(c.term->group->layers));
                      }),
    ExplainCell::text("formula", "",
                      [](const ExplainCells& c) -> std::string_view {
                        return c.term == nullptr ? c.metric->formula : c.term->formula;
                      }),
    ExplainCell::text("numbers", "",
                      [](const ExplainCells& c) -> std::string_view {
                        return c.term == nullptr ? c.metric->numbers : c.term->numbers;
                      }),
    ExplainCell::text("one", "",
                      [](const ExplainCells& c) { return c.term == nullptr ? Value() : to_value(c.term->one); }),
    ExplainCell::text("layers", "",
                      [](const ExplainCells& c) { return c.term == nullptr ? Value() : Value(c.term->layers); }),
    ExplainCell::text(
        "factors", "",
        [](const ExplainCells& c) { return c.term == nullptr ? Value() : Value(explained_factors_text(*c.term)); }),
    ExplainCell::text(
        "total", "",
        [](const ExplainCells& c) { return c.term == nullptr ? to_value(c.metric->value) : to_value(c.term->total); }),
    ExplainCell::text("source", "",
                      [](const ExplainCells& c) -> std::string_view {
                        return c.term == nullptr ? c.metric->source : c.term->source;
                      }),
};

}  // namespace

const DocumentShape kExplanationShape = {.command = "explain",
                                         .parts = Part::records | Part::cells | Part::page,
                                         .head = &kExplainHeadFields,
                                         .rows = "results",
                                         .row = &kExplainedMetricFields};

const DocumentShape kExplainShape = {
    .command = "explain",
    .parts = Part::records | Part::cells | Part::page,
    .kinds = []() -> std::span<const DocumentShape> {
      static const DocumentShape kKinds[] = {kExplanationShape, kClaimShape, kPositionsShape};
      return kKinds;
    }};

std::string_view origin_name(ValueOrigin origin) { return kOriginNames[static_cast<std::size_t>(origin)]; }

ExplainDocument::ExplainDocument(const Explanation& answer, const RenderOptions& options)
    : answer_(&answer), options_(&options) {
  const Workload& workload = answer.estimator.settings();
  head_ = {&answer, conventions_of(workload.convention, workload.logits, options.units)};
}

Record ExplainDocument::head() const { return {&kExplainHeadFields, &head_}; }

void ExplainDocument::for_each_row(const RecordVisitor& visit) const {
  for (const ExplainedMetric& metric : answer_->metrics) {
    const ExplainRow row{&metric, options_->units};
    visit({&kExplainedMetricFields, &row});
  }
}

std::vector<Field> ExplainDocument::columns() const { return {std::begin(kExplainCells), std::end(kExplainCells)}; }

void ExplainDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for (const ExplainedMetric& metric : answer_->metrics) {
    if (metric.terms.empty()) {
      const ExplainCells cells{answer_, &metric, nullptr};
      visit(&cells);
    }
    for (const ExplainedTerm& term : metric.terms) {
      const ExplainCells cells{answer_, &metric, &term};
      visit(&cells);
    }
  }
}

void ExplainDocument::write_page(TextDocument& page) const { write_explanation(*answer_, *options_, page); }

}  // namespace ctxcost
