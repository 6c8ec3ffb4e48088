#include "reconcile_document.h"

#include "result_fields.h"

namespace ctxcost {
namespace {

constexpr std::string_view kReconcileVerdicts[] = {"agrees", "differs"};
constexpr std::string_view kSettingOrigins[] = {"log", "release", "asked"};

std::string_view verdict_of(bool agrees) { return kReconcileVerdicts[agrees ? 0 : 1]; }

Value line_value(std::size_t line) { return line == 0 ? Value() : Value(Count{line}); }

/// "31785", "15.52 GiB"
std::string ungrouped(const PrintedNumber& value) {
  std::string text = value.text();
  std::erase(text, ',');
  return text;
}

/// Ours, whatever its kind.
Value our_value(const ReconciledFigure& figure) { return figure.ours ? Value(*figure.ours) : to_value(figure.ratio); }

Value difference_value(const ReconciledFigure& figure) {
  const std::optional<SignedCount> difference = figure.difference();
  if (!difference) return {};
  return difference->negative ? Value(Negative{difference->magnitude}) : Value(difference->magnitude);
}

/// The bounds of what is printed; a ratio or a percentage has none in whole numbers.
std::optional<Count> bound_of_printed(const ReconciledFigure& figure, bool high) {
  const PrintedNumber& value = figure.printed.value;
  if (value.word == "x" || value.word == "%") return std::nullopt;
  return high ? value.high() : value.low();
}

using LogSettingField = FieldsOf<ReconciledSetting>;
constexpr Field kOfLogSetting[] = {
    LogSettingField::text("name", "context, batch, kv_precision, parallel, or an engine with the name of its setting",
                          [](const ReconciledSetting& s) -> std::string_view { return s.name; }),
    LogSettingField::text("value", "as used", [](const ReconciledSetting& s) -> std::string_view { return s.value; }),
    LogSettingField::word("origin", kSettingOrigins, "a line of the log, the release that it names, or the question",
                          [](const ReconciledSetting& s) { return s.origin; }),
    LogSettingField::scalar(Field::Type::count, "line", "line of the log, from 1",
                            [](const ReconciledSetting& s) { return line_value(s.line); })
        .or_null(),
};
constexpr FieldTable kLogSettingFields{"reconcile_setting", kOfLogSetting};

using LogFigureField = FieldsOf<ReconciledFigure>;
const Field kOfLogFigure[] = {
    LogFigureField::word("figure", log_figure_names(), "what the engine printed",
                         [](const ReconciledFigure& f) { return name(f.printed.figure); }),
    LogFigureField::text("device", "of a buffer",
                         [](const ReconciledFigure& f) { return words_or_null(f.printed.detail); })
        .or_null(),
    LogFigureField::scalar(Field::Type::count, "line", "line of the log, from 1; the first of a sum",
                           [](const ReconciledFigure& f) { return line_value(f.printed.line); })
        .or_null(),
    LogFigureField::text("printed", "the figure in the log's unit",
                         [](const ReconciledFigure& f) { return ungrouped(f.printed.value); }),
    LogFigureField::count("printed_low", "the smallest integer that is printed so; null for a ratio",
                          [](const ReconciledFigure& f) { return bound_of_printed(f, false); }),
    LogFigureField::count("printed_high", "the largest integer that is printed so; null for a ratio",
                          [](const ReconciledFigure& f) { return bound_of_printed(f, true); }),
    LogFigureField::scalar(Field::Type::real, "ours",
                           "what ctxcost counts: bytes, tokens, blocks, a ratio or a percentage",
                           [](const ReconciledFigure& f) { return our_value(f); })
        .or_null(),
    LogFigureField::scalar(Field::Type::integer, "difference",
                           "ours less what is printed: 0 within its precision; null for a ratio",
                           [](const ReconciledFigure& f) { return difference_value(f); })
        .or_null(),
    LogFigureField::word(
        "verdict", kAgreementWords, "no rule: the engine measures it, or ctxcost has no rule for it",
        [](const ReconciledFigure& f) { return kAgreementWords[static_cast<std::size_t>(f.verdict)]; }),
};
const FieldTable kLogFigureFields{"reconcile_figure", kOfLogFigure};

using ReconcileHeadField = FieldsOf<ReconcileAnswer>;
const Field kReconcileOfHead[] = {
    ReconcileHeadField::text("log", "the file",
                             [](const ReconcileAnswer& a) -> std::string_view { return a.log.source; })
        .in_each_line(),
    ReconcileHeadField::text("log_engine", "the engine that wrote it",
                             [](const ReconcileAnswer& a) -> std::string_view { return a.log.format->engine; })
        .in_each_line(),
    ReconcileHeadField::text("log_release", "the release that it names",
                             [](const ReconcileAnswer& a) { return words_or_null(a.log.release); })
        .or_null()
        .in_each_line(),
    ReconcileHeadField::word("verdict", kReconcileVerdicts,
                             "whether every figure that has a rule agrees, for every model",
                             [](const ReconcileAnswer& a) { return verdict_of(a.agrees()); }),
};
const FieldTable kReconcileHeadFields{"reconcile", kReconcileOfHead};

using ReconcileField = FieldsOf<Reconciliation>;
const Field kOfReconciliation[] = {
    ReconcileField::record("model", kModelFields, "the model", [](const Reconciliation& r) { return &*r.model; }),
    ReconcileField::text("engine", "with all settings",
                         [](const Reconciliation& r) -> std::string_view { return r.engine.name; }),
    ReconcileField::text("kv_precision", "type of the cache", [](const Reconciliation& r) { return r.kv.name(); }),
    ReconcileField::text("parallel", "degrees of the split",
                         [](const Reconciliation& r) { return r.parallelism.name(); }),
    ReconcileField::count("context", "tokens of a sequence, or of the pool",
                          [](const Reconciliation& r) { return r.context; }),
    ReconcileField::count("batch", "sequences, or slots of states", [](const Reconciliation& r) { return r.batch; }),
    ReconcileField::records("settings", kLogSettingFields, "where the settings are from",
                            kEach<&Reconciliation::settings>),
    ReconcileField::word("verdict", kReconcileVerdicts, "whether every figure that has a rule agrees",
                         [](const Reconciliation& r) { return verdict_of(r.agrees()); }),
    ReconcileField::records("figures", kLogFigureFields, "in the order of their lines",
                            kEach<&Reconciliation::figures>),
    ReconcileField::count("weights_bytes", "weights of a device", [](const Reconciliation& r) { return r.weights; }),
    ReconcileField::count("activation_bytes", "activations of a device, as fit counts them",
                          [](const Reconciliation& r) { return r.activations; }),
    ReconcileField::count("beside_bytes",
                          "what a device takes beside weights and cache; null where the log does not tell",
                          [](const Reconciliation& r) { return r.beside; }),
    ReconcileField::count("overhead_bytes", "the same without the activations that fit counts: its overhead",
                          [](const Reconciliation& r) { return r.overhead; }),
    ReconcileField::texts("notes", "what the figures take for granted", kEach<&Reconciliation::notes>),
};
const FieldTable kReconciliationFields{"reconcile_result", kOfReconciliation};

/// A line of CSV.
struct ReconcileLine {
  const ReconcileAnswer* answer;
  const Reconciliation* model;
  const ReconciledFigure* figure;
};

using ReconcileCell = FieldsOf<ReconcileLine>;
constexpr Field kReconcileCells[] = {
    ReconcileCell::text("model", "", [](const ReconcileLine& l) -> std::string_view { return l.model->model->name; }),
    ReconcileCell::text("engine", "", [](const ReconcileLine& l) -> std::string_view { return l.model->engine.name; }),
    ReconcileCell::text("kv_precision", "", [](const ReconcileLine& l) { return l.model->kv.name(); }),
    ReconcileCell::count("context", "", [](const ReconcileLine& l) { return l.model->context; }),
    ReconcileCell::count("batch", "", [](const ReconcileLine& l) { return l.model->batch; }),
    ReconcileCell::text("figure", "", [](const ReconcileLine& l) { return name(l.figure->printed.figure); }),
    ReconcileCell::text("device", "", [](const ReconcileLine& l) { return words_or_null(l.figure->printed.detail); }),
    ReconcileCell::scalar(Field::Type::count, "line", "",
                          [](const ReconcileLine& l) { return line_value(l.figure->printed.line); }),
    ReconcileCell::text("printed", "", [](const ReconcileLine& l) { return ungrouped(l.figure->printed.value); }),
    ReconcileCell::count("printed_low", "", [](const ReconcileLine& l) { return bound_of_printed(*l.figure, false); }),
    ReconcileCell::count("printed_high", "", [](const ReconcileLine& l) { return bound_of_printed(*l.figure, true); }),
    ReconcileCell::scalar(Field::Type::real, "ours", "", [](const ReconcileLine& l) { return our_value(*l.figure); }),
    ReconcileCell::scalar(Field::Type::integer, "difference", "",
                          [](const ReconcileLine& l) { return difference_value(*l.figure); }),
    ReconcileCell::text(
        "verdict", "",
        [](const ReconcileLine& l) { return kAgreementWords[static_cast<std::size_t>(l.figure->verdict)]; }),
    ReconcileCell::count("overhead_bytes", "", [](const ReconcileLine& l) { return l.model->overhead; }),
};

}  // namespace

const DocumentShape kReconcileShape = {.command = "reconcile",
                                       .parts = Part::records | Part::cells | Part::page,
                                       .head = &kReconcileHeadFields,
                                       .rows = "results",
                                       .row = &kReconciliationFields};

Record ReconcileDocument::head() const { return {&kReconcileHeadFields, answer_}; }

void ReconcileDocument::for_each_row(const RecordVisitor& visit) const {
  for (const Reconciliation& model : answer_->models) visit({&kReconciliationFields, &model});
}

std::vector<Field> ReconcileDocument::columns() const {
  return {std::begin(kReconcileCells), std::end(kReconcileCells)};
}

void ReconcileDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for (const Reconciliation& model : answer_->models) {
    for (const ReconciledFigure& figure : model.figures) {
      const ReconcileLine line{answer_, &model, &figure};
      visit(&line);
    }
  }
}

void ReconcileDocument::write_page(TextDocument& page) const { write_reconciliation(*answer_, *options_, page); }

}  // namespace ctxcost
