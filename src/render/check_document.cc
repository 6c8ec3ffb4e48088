#include "check_document.h"

#include <algorithm>
#include <set>

#include "budget_wording.h"
#include "deployment_fields.h"
#include "input/model_config.h"
#include "layout.h"

namespace ctxcost {
namespace {

constexpr std::string_view kVerdicts[] = {"pass", "warn", "fail", "error"};
constexpr std::span<const std::string_view> kVerdictsOfBudgets = std::span(kVerdicts).first(3);
constexpr std::string_view kLevels[] = {"error", "warning"};

using RemedyField = FieldsOf<Remedy>;
constexpr Field kOfRemedy[] = {
    RemedyField::text("setting", "the setting to change",
                      [](const Remedy& r) -> std::string_view { return r.setting; }),
    RemedyField::text("value", "the nearest value that passes",
                      [](const Remedy& r) -> std::string_view { return r.value; }),
};
constexpr FieldTable kRemedyFields{"remedy", kOfRemedy};

using LimitField = FieldsOf<JudgedLimit>;

template <LimitSide side>
constexpr Field bound_field(std::string_view name) {
  return LimitField::where(
      [](const JudgedLimit& l) { return l.limit->side == side; },
      LimitField::scalar(Field::Type::any, name, "the limit in the metric's unit: a number, or the name of a level",
                         [](const JudgedLimit& l) { return to_value(l.bound); }));
}

constexpr Field kOfLimit[] = {
    LimitField::text("metric", "the limited metric", [](const JudgedLimit& l) { return info(l.limit->metric).name; }),
    LimitField::count("context", "tokens of one sequence at the judged point",
                      [](const JudgedLimit& l) { return l.context; }),
    LimitField::count("batch", "sequences at the judged point", [](const JudgedLimit& l) { return l.batch; }),
    LimitField::scalar(Field::Type::any, "actual", "a number, the name of a level, or null of what has no bound",
                       [](const JudgedLimit& l) { return to_value(l.actual); }),
    bound_field<LimitSide::max>("max"),
    bound_field<LimitSide::min>("min"),
    LimitField::word("verdict", kVerdictsOfBudgets, "the verdict on it",
                     [](const JudgedLimit& l) { return name(l.verdict); }),
    LimitField::where(
        [](const JudgedLimit& l) { return l.unbounded; },
        LimitField::flag("unbounded", "nothing bounds the metric", [](const JudgedLimit& l) { return l.unbounded; })),
    LimitField::text("pointer", "JSON Pointer to the limit in its file",
                     [](const JudgedLimit& l) -> std::string_view { return l.limit->place.pointer; }),
    LimitField::count("line", "line of the limit, from 1",
                      [](const JudgedLimit& l) { return Count(l.limit->place.line); }),
    LimitField::count("column", "column of the limit, from 1",
                      [](const JudgedLimit& l) { return Count(l.limit->place.column); }),
    LimitField::where([](const JudgedLimit& l) { return l.verdict != Verdict::pass; },
                      LimitField::records("remedies", kRemedyFields, "single changes that would pass",
                                          kEach<&JudgedLimit::remedies>)),
};
constexpr FieldTable kLimitFields{"judged_limit", kOfLimit};

using BudgetField = FieldsOf<JudgedBudget>;
constexpr Field kOfBudget[] = {
    BudgetField::text("name", "the name of the budget",
                      [](const JudgedBudget& b) -> std::string_view { return b.budget->name; }),
    BudgetField::text("file", "the file that holds it",
                      [](const JudgedBudget& b) -> std::string_view { return b.budget->file; }),
    BudgetField::word("level", kLevels, "whether a breach is an error or a warning",
                      [](const JudgedBudget& b) { return kLevels[b.budget->level == BudgetLevel::error ? 0 : 1]; }),
    BudgetField::word("verdict", kVerdictsOfBudgets, "the worst of its limits and of the changes since the baseline",
                      [](const JudgedBudget& b) { return name(b.verdict); }),
    BudgetField::records("limits", kLimitFields, "each limit at every context and batch", kEach<&JudgedBudget::limits>),
};
constexpr FieldTable kBudgetFields{"judged_budget", kOfBudget};

using FaultField = FieldsOf<BudgetFault>;
constexpr Field kOfFault[] = {
    FaultField::text("file", "the faulty file: the budget file or one that it names",
                     [](const BudgetFault& f) -> std::string_view { return f.file_at_fault; }),
    FaultField::text("pointer", "JSON Pointer to the fault in that file",
                     [](const BudgetFault& f) -> std::string_view { return f.place.pointer; }),
    FaultField::count(
        "line", "from 1",
        [](const BudgetFault& f) { return f.place.line == 0 ? std::nullopt : std::optional<Count>(f.place.line); }),
    FaultField::count(
        "column", "from 1",
        [](const BudgetFault& f) { return f.place.line == 0 ? std::nullopt : std::optional<Count>(f.place.column); }),
    FaultField::text("message", "what is wrong",
                     [](const BudgetFault& f) -> std::string_view { return f.diagnostic.message; }),
    FaultField::where([](const BudgetFault& f) { return !f.diagnostic.hint.empty(); },
                      FaultField::text("hint", "what may help",
                                       [](const BudgetFault& f) -> std::string_view { return f.diagnostic.hint; })),
};
constexpr FieldTable kFaultFields{"budget_fault", kOfFault};

/// Fields of records at a point of a budget: a change, or a point that the baseline lacks.
template <typename Subject>
constexpr Field kOfPlace[] = {
    FieldsOf<Subject>::text("budget", "the name of the budget",
                            [](const Subject& s) -> std::string_view { return s.budget->budget->name; }),
    FieldsOf<Subject>::text("file", "the file that holds the budget",
                            [](const Subject& s) -> std::string_view { return s.budget->budget->file; }),
    FieldsOf<Subject>::count("context", "tokens of one sequence", [](const Subject& s) { return s.context; }),
    FieldsOf<Subject>::count("batch", "sequences", [](const Subject& s) { return s.batch; }),
};
constexpr FieldTable kMissingFields{"missing_point", kOfPlace<BaselineComparison::Point>};
constexpr FieldTable kPlaceOfChange{"changed_point", kOfPlace<BudgetChange>};

using CauseField = FieldsOf<ChangeCause>;
constexpr Field kOfCause[] = {
    CauseField::text("key", "a setting, or a JSON Pointer into the model's config",
                     [](const ChangeCause& c) -> std::string_view { return c.key; }),
    CauseField::text("before", "its value in the baseline",
                     [](const ChangeCause& c) -> std::string_view { return c.before; }),
    CauseField::text("after", "its value now", [](const ChangeCause& c) -> std::string_view { return c.after; }),
};
constexpr FieldTable kCauseFields{"cause", kOfCause};

using ChangeField = FieldsOf<BudgetChange>;
constexpr Field kOfChange[] = {
    ChangeField::members_of(kPlaceOfChange, [](const BudgetChange& c) -> const BudgetChange& { return c; }),
    ChangeField::text("metric", "the metric that changed",
                      [](const BudgetChange& c) { return info(c.change.metric).name; }),
    ChangeField::scalar(Field::Type::any, "before", "a number, or the name of a level",
                        [](const BudgetChange& c) { return to_value(c.change.before); }),
    ChangeField::scalar(Field::Type::any, "after", "the same now",
                        [](const BudgetChange& c) { return to_value(c.change.after); }),
    ChangeField::scalar(Field::Type::any, "change", "the difference; null of levels",
                        [](const BudgetChange& c) { return to_value(c.change.change); }),
    ChangeField::real("percent", "the difference in percent",
                      [](const BudgetChange& c) {
                        if (!c.change.percent) return Value();
                        const double percent = c.change.percent->tenths.to_double() / 10;
                        return Value(c.change.percent->negative ? -percent : percent);
                      })
        .or_null(),
    ChangeField::text("allowed", "the largest allowed increase; null where no increase is judged",
                      [](const BudgetChange& c) { return words_or_null(c.allowed); })
        .or_null(),
    ChangeField::word("verdict", kVerdictsOfBudgets, "the verdict on it",
                      [](const BudgetChange& c) { return name(c.verdict); }),
    ChangeField::where(
        [](const BudgetChange& c) { return c.verdict != Verdict::pass; },
        ChangeField::records("causes", kCauseFields, "what made it worse, where known", kEach<&BudgetChange::causes>)),
};
constexpr FieldTable kChangeFields{"change", kOfChange};

using BaselineField = FieldsOf<BaselineComparison>;
constexpr Field kOfBaseline[] = {
    BaselineField::text("source", "the file of the earlier report",
                        [](const BaselineComparison& b) -> std::string_view { return b.source; }),
    BaselineField::word("verdict", kVerdictsOfBudgets, "the worst of the changes",
                        [](const BaselineComparison& b) { return name(b.verdict); }),
    BaselineField::count("compared", "points that are in both",
                         [](const BaselineComparison& b) { return Count(b.compared); }),
    BaselineField::records("missing", kMissingFields, "points that the earlier report lacks",
                           kEach<&BaselineComparison::missing>),
    BaselineField::records("changes", kChangeFields, "metrics that changed", kEach<&BaselineComparison::changes>),
};
constexpr FieldTable kBaselineFields{"baseline", kOfBaseline};

/// Configs nest a few levels. Deeper ones are left out.
constexpr std::size_t kDeepestConfig = 48;

std::size_t depth_of(const JsonValue& value) {
  std::size_t deepest = 0;
  for (const JsonValue& item : value.items) deepest = std::max(deepest, depth_of(item));
  for (const JsonMember& one : value.members) deepest = std::max(deepest, depth_of(one.value));
  return deepest + 1;
}

void write_configs(JsonWriter& json, const BudgetReport& report) {
  std::set<std::string_view> written;
  json.begin_object();
  for (const JudgedBudget& judged : report.judged) {
    const JsonDocument* const config = judged.budget->config.get();
    if (config == nullptr || !written.insert(config->source).second) continue;
    const JsonValue& root = config_root(*config);
    if (depth_of(root) > kDeepestConfig) continue;
    json.key(config->source);
    json.value(root);
  }
  json.end_object();
}

using CheckHeadField = FieldsOf<CheckDocument::Head>;
constexpr Field kCheckOfHead[] = {
    CheckHeadField::record("conventions", kConventionsFields, "how the numbers of the first budget were counted",
                           [](const CheckDocument::Head& h) { return &h.conventions; }),
    CheckHeadField::word("verdict", kVerdicts, "the worst verdict of all",
                         [](const CheckDocument::Head& h) { return name(h.report->verdict); }),
    CheckHeadField::where([](const CheckDocument::Head& h) { return !h.report->faults.empty(); },
                          CheckHeadField::records("errors", kFaultFields, "errors in files that could not be judged",
                                                  [](const CheckDocument::Head& h, const auto& visit) {
                                                    for (const BudgetFault& fault : h.report->faults) visit(fault);
                                                  })),
    CheckHeadField::records("budgets", kBudgetFields, "every budget with its limits",
                            [](const CheckDocument::Head& h, const auto& visit) {
                              for (const JudgedBudget& judged : h.report->judged) visit(judged);
                            }),
    CheckHeadField::where(
        [](const CheckDocument::Head& h) { return h.report->baseline.has_value(); },
        CheckHeadField::record("baseline", kBaselineFields, "what differs from the earlier report",
                               [](const CheckDocument::Head& h) { return pointer_to(h.report->baseline); })),
    CheckHeadField::any("configs",
                        "what the models were read from, by source: a later run finds what made a metric change",
                        [](const CheckDocument::Head& h, JsonWriter& json) { write_configs(json, *h.report); }),
};
constexpr FieldTable kCheckHeadFields{"check", kCheckOfHead};

using CardField = FieldsOf<Accelerator>;
constexpr Field kOfCard[] = {
    CardField::text("id", "catalogue name, or the id in the file",
                    [](const Accelerator& a) -> std::string_view { return a.id; }),
    CardField::text("name", "the vendor's name", [](const Accelerator& a) -> std::string_view { return a.name; }),
};
constexpr FieldTable kCardFields{"card", kOfCard};

/// A budget at one of its points, with the data of its result record.
struct JudgedPoint {
  const JudgedBudget* judged;
  std::size_t index;
  Conventions conventions;
  Result result;

  const BudgetPoint& point() const { return judged->points[index]; }
  const DeploymentSettings& settings() const { return judged->budget->setup.settings; }
};

JudgedPoint judged_point(const JudgedBudget& judged, std::size_t index, const RenderOptions& options) {
  const BudgetPoint& point = judged.points[index];
  const Workload& workload = judged.budget->setup.workload;
  const std::vector<std::string> engine_notes = judged.deployment->engine_notes(point.context, point.batch);
  return {&judged, index, conventions_of(workload.convention, workload.logits, options.units),
          result_of({judged.deployment->estimator(), point.values.model, point.values.model}, options, &engine_notes)};
}

using PointField = FieldsOf<JudgedPoint>;
constexpr Field kOfPoint[] = {
    PointField::word("verdict", kVerdictsOfBudgets, "the worst of the limits, and of the changes since the baseline",
                     [](const JudgedPoint& p) { return name(p.judged->verdict_at(p.index)); })
        .in_line_alone(),
    PointField::records("limits", kLimitFields, "limits of the budget at this context and batch",
                        [](const JudgedPoint& p, const auto& visit) {
                          // Each limit stands for every point in turn.
                          const std::vector<JudgedLimit>& limits = p.judged->limits;
                          for (std::size_t i = p.index; i < limits.size(); i += p.judged->points.size()) {
                            visit(limits[i]);
                          }
                        })
        .in_line_alone(),
    PointField::text("budget", "the name of the budget",
                     [](const JudgedPoint& p) -> std::string_view { return p.judged->budget->name; }),
    PointField::text("file", "the file that holds the budget",
                     [](const JudgedPoint& p) -> std::string_view { return p.judged->budget->file; }),
    PointField::record("gpu", kCardFields, "the GPU", [](const JudgedPoint& p) { return pointer_to(p.settings().gpu); })
        .or_null(),
    PointField::where(
        [](const JudgedPoint& p) { return p.settings().machine != nullptr; },
        PointField::records("cards", kTakenFields, "the cards of a machine whose cards differ, in place of the GPU",
                            [](const JudgedPoint& p, const auto& visit) {
                              for (const CardGroup& group : p.settings().machine->groups) visit(group);
                            })),
    PointField::text("parallel", "the degrees of parallelism",
                     [](const JudgedPoint& p) { return p.settings().parallelism.name(); }),
    PointField::record("conventions", kConventionsFields, "how the numbers of this budget were counted",
                       [](const JudgedPoint& p) { return &p.conventions; }),
    PointField::members_of(kResultFields, [](const JudgedPoint& p) -> const Result& { return p.result; }),
    PointField::metrics(device_metrics, [](const JudgedPoint& p, Metric metric) { return &p.point().values[metric]; }),
};
constexpr FieldTable kPointFields{"judged_result", kOfPoint};

/// The faults of one budget file.
using FileFaults = std::span<const BudgetFault>;
using FileField = FieldsOf<FileFaults>;
constexpr Field kOfFileLine[] = {
    FileField::text("file", "a budget file that was not judged",
                    [](const FileFaults& faults) -> std::string_view { return faults.front().file; }),
    FileField::word("verdict", std::span(kVerdicts).last(1), "no answer",
                    [](const FileFaults&) { return name(Verdict::error); }),
    FileField::records("errors", kFaultFields, "what is wrong with it",
                       [](const FileFaults& faults, const auto& visit) {
                         for (const BudgetFault& fault : faults) visit(fault);
                       }),
};
constexpr FieldTable kFileLine{"file_in_error", kOfFileLine};

/// Calls `visit` with the faults of each file.
template <typename Visit>
void for_each_file(const std::vector<BudgetFault>& faults, const Visit& visit) {
  for (auto first = faults.begin(); first != faults.end();) {
    const auto end = std::find_if(first, faults.end(), [&](const BudgetFault& one) { return one.file != first->file; });
    visit(FileFaults(first, end));
    first = end;
  }
}

/// A row of CSV: a budget at one of its points, or a file in error, which has neither.
struct Cells {
  std::string_view file;
  Verdict verdict;
  const JudgedBudget* judged = nullptr;
  const BudgetPoint* point = nullptr;
};

using CheckCell = FieldsOf<Cells>;
template <typename Get>
constexpr Field budget_cell(std::string_view name, Get) {
  return CheckCell::text(name, "",
                         [](const Cells& c) { return c.judged == nullptr ? Value() : Value(Get{}(*c.judged)); });
}
template <Label label>
constexpr Field label_cell(std::string_view name) {
  return budget_cell(name, [](const JudgedBudget& b) { return label_text(label, b.deployment->estimator()); });
}

constexpr Field kCheckCells[] = {
    CheckCell::text("verdict", "", [](const Cells& c) { return name(c.verdict); }),
    budget_cell("budget", [](const JudgedBudget& b) -> std::string_view { return b.budget->name; }),
    CheckCell::text("file", "", [](const Cells& c) { return c.file; }),
    budget_cell("gpu", [](const JudgedBudget& b) { return cards_value(b.budget->setup.settings); }),
    budget_cell("parallel", [](const JudgedBudget& b) { return b.budget->setup.settings.parallelism.name(); }),
    label_cell<Label::convention>("convention"),
    label_cell<Label::model>("model"),
    label_cell<Label::weights>("weights"),
    label_cell<Label::kv_precision>("kv_precision"),
    label_cell<Label::engine>("engine"),
};
constexpr auto kMetricOf = [](const Cells& c, Metric metric) {
  return c.point == nullptr ? nullptr : &c.point->values[metric];
};

}  // namespace

const DocumentShape kCheckShape = {.command = "check",
                                   .parts = Part::records | Part::cells | Part::page | Part::judgements,
                                   .head = &kCheckHeadFields,
                                   .rows = "results",
                                   .row = &kPointFields,
                                   .refusal = &kFileLine};

CheckDocument::CheckDocument(const BudgetReport& report, const RenderOptions& options) : options_(&options) {
  Convention convention = causal_convention();
  Logits logits = Logits::last;
  if (!report.judged.empty()) {
    const Workload& first = report.judged.front().budget->setup.workload;
    convention = first.convention;
    logits = first.logits;
  }
  head_ = {&report, conventions_of(convention, logits, options.units)};
}

Record CheckDocument::head() const { return {&kCheckHeadFields, &head_}; }

void CheckDocument::for_each_row(const RecordVisitor& visit) const {
  for (const JudgedBudget& judged : head_.report->judged) {
    for (std::size_t i = 0; i < judged.points.size(); ++i) {
      const JudgedPoint point = judged_point(judged, i, *options_);
      visit({&kPointFields, &point});
    }
  }
}

void CheckDocument::for_each_refusal(const RecordVisitor& visit) const {
  for_each_file(head_.report->faults, [&](const FileFaults& faults) { visit({&kFileLine, &faults}); });
}

std::vector<Field> CheckDocument::columns() const {
  std::vector<Field> fields(std::begin(kCheckCells), std::end(kCheckCells));
  append_metric_columns(fields, CheckCell::metrics(metrics, kMetricOf));
  append_metric_columns(fields, CheckCell::metrics(device_metrics, kMetricOf));
  return fields;
}

void CheckDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for_each_file(head_.report->faults, [&](const FileFaults& faults) {
    const Cells cells{faults.front().file, Verdict::error};
    visit(&cells);
  });
  for (const JudgedBudget& judged : head_.report->judged) {
    for (std::size_t i = 0; i < judged.points.size(); ++i) {
      const Cells cells{judged.budget->file, judged.verdict_at(i), &judged, &judged.points[i]};
      visit(&cells);
    }
  }
}

void CheckDocument::write_page(TextDocument& page) const { write_budgets(*head_.report, *options_, page); }

Judgements CheckDocument::judgements() const { return judgements_of(*head_.report, *options_); }

}  // namespace ctxcost
