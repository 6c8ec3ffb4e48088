#include "evaluate_document.h"

#include <array>

#include "core/joined.h"
#include "deployment_fields.h"

namespace ctxcost {
namespace {

/// A row with its set.
struct EvaluatedSet {
  const EvaluationSet* set;
  const EvaluationRow* row;
};

/// A line of CSV: a set, the sum of a task if there are several, or the total.
struct EvaluationLine {
  const EvaluationAnswer* answer;
  std::string_view part;
  const EvaluationCost* cost;
  const EvaluationSet* set = nullptr;
  const EvaluationRow* row = nullptr;
};

const EvaluationCost& cost_of(const EvaluatedSet& s) { return s.row->cost; }
const EvaluationCost& cost_of(const EvaluationTaskSum& sum) { return sum.cost; }
const EvaluationCost& cost_of(const EvaluationCost& cost) { return cost; }
const EvaluationCost& cost_of(const EvaluationLine& line) { return *line.cost; }

/// The costs of a row, of a task, or of all: a record's members, and the columns of CSV. `cost_of` finds them in the
/// subject.
template <typename Subject>
constexpr auto evaluation_cost_fields() {
  using Cost = FieldsOf<Subject>;
  return std::array{
      Cost::count("prompts", "prompts, each with one answer", [](const Subject& s) { return cost_of(s).prompts; }),
      Cost::count("prompt_tokens", "tokens of the prompts", [](const Subject& s) { return cost_of(s).prompt_tokens; }),
      Cost::count("haystack_tokens", "tokens of the prompts that are haystack; null without a needle",
                  [](const Subject& s) { return cost_of(s).haystack_tokens; }),
      Cost::count("prefill_tokens", "tokens of the prompts that are computed: fewer where a prefix is reused",
                  [](const Subject& s) { return cost_of(s).prefill_tokens; }),
      Cost::count("answer_tokens", "generated tokens, at most",
                  [](const Subject& s) { return cost_of(s).answer_tokens; }),
      Cost::count("causal_pairs", "n (n + 1) / 2 for each prompt: pairs of one head of full attention",
                  [](const Subject& s) { return cost_of(s).causal_pairs; }),
      Cost::count("attention_flops", "of the prefill: the model's own sequence mixing",
                  [](const Subject& s) { return cost_of(s).attention_flops; }),
      Cost::count("linear_flops", "of the prefill: projections and feed-forward",
                  [](const Subject& s) { return cost_of(s).linear_flops; }),
      Cost::count("prefill_flops", "attention and linear, without logits",
                  [](const Subject& s) { return cost_of(s).prefill_flops(); }),
      Cost::count("logits_flops", "of the first token of each answer",
                  [](const Subject& s) { return cost_of(s).logits_flops; }),
      Cost::count("decode_flops", "the further tokens of each answer, logits included",
                  [](const Subject& s) { return cost_of(s).decode_flops; }),
      Cost::count("answer_flops", "logits and decode", [](const Subject& s) { return cost_of(s).answer_flops(); }),
      Cost::count("evaluation_flops", "prefill, logits and decode",
                  [](const Subject& s) { return cost_of(s).flops(); }),
      Cost::real("prefill_seconds", "of all devices, added up; null without a GPU",
                 [](const Subject& s) { return to_value(cost_of(s).prefill_seconds); })
          .or_null(),
      Cost::real("decode_seconds", "of all devices, added up; null without a GPU",
                 [](const Subject& s) { return to_value(cost_of(s).decode_seconds); })
          .or_null(),
      Cost::real("device_hours", "hours of one device for prefill and decode",
                 [](const Subject& s) { return to_value(cost_of(s).device_hours); })
          .or_null(),
      Cost::real("usd", "cost at the price per device-hour", [](const Subject& s) { return to_value(cost_of(s).usd); })
          .or_null(),
      Cost::real("joules", "energy of the devices at their power",
                 [](const Subject& s) { return to_value(cost_of(s).joules); })
          .or_null(),
  };
}

constexpr std::string_view kWindowStatuses[] = {"trained", "scaled", "beyond", "impossible"};

using SetField = FieldsOf<EvaluatedSet>;
constexpr auto kOfEvaluatedSet = joined(
    std::array{
        SetField::word("task", kEvaluationTaskNames, "what a prompt asks for",
                       [](const EvaluatedSet& s) { return task_name(s.set->task); }),
        SetField::count("length", "tokens of a prompt", [](const EvaluatedSet& s) { return s.set->length; }),
        SetField::count("documents", "documents in a prompt; null of needles and pairs",
                        [](const EvaluatedSet& s) { return documents_of(*s.set); }),
        SetField::count("pairs", "pairs in a prompt; null of needles and documents",
                        [](const EvaluatedSet& s) { return pairs_of(*s.set); }),
        SetField::count("places", "depths, or positions of the gold document or pair",
                        [](const EvaluatedSet& s) { return Count{s.set->cells()}; }),
        SetField::count("trials", "trials, or examples, at each place",
                        [](const EvaluatedSet& s) { return s.set->repeats; }),
    },
    evaluation_cost_fields<EvaluatedSet>(),
    std::array{
        SetField::count("peak_tokens", "tokens of a prompt with its answer that are in the cache",
                        [](const EvaluatedSet& s) { return s.row->peak_tokens; }),
        SetField::count("kv_cache_bytes", "cache of these tokens",
                        [](const EvaluatedSet& s) { return s.row->kv_cache_bytes; }),
        SetField::word("window_status", kWindowStatuses, "these tokens and the model's window",
                       [](const EvaluatedSet& s) { return words_or_null(s.row->window_status); })
            .or_null(),
        SetField::word("prefill_bound", kTimeBounds, "what bounds the time of the prefill; null without a GPU",
                       [](const EvaluatedSet& s) { return words_or_null(s.row->prefill_bound); })
            .or_null(),
        SetField::word("decode_bound", kTimeBounds, "what bounds the time of the answers",
                       [](const EvaluatedSet& s) { return words_or_null(s.row->decode_bound); })
            .or_null(),
    });
constexpr FieldTable kEvaluatedSetFields{"evaluation_set", kOfEvaluatedSet};

using TaskField = FieldsOf<EvaluationTaskSum>;
constexpr auto kOfEvaluatedTask =
    joined(std::array{TaskField::word("task", kEvaluationTaskNames, "what the prompts ask for",
                                      [](const EvaluationTaskSum& sum) { return task_name(sum.task); })},
           evaluation_cost_fields<EvaluationTaskSum>());
constexpr FieldTable kEvaluatedTaskFields{"evaluation_task", kOfEvaluatedTask};

constexpr auto kOfEvaluationTotal = evaluation_cost_fields<EvaluationCost>();
constexpr FieldTable kEvaluationTotalFields{"evaluation_total", kOfEvaluationTotal};

using MannerField = FieldsOf<EvaluationAnswer>;
constexpr Field kOfManner[] = {
    MannerField::count("needles", "needles in each haystack",
                       [](const EvaluationAnswer& a) {
                         const EvaluationGrid& grid = a.asked.grid;
                         return grid.test == EvaluationTest::needle ? std::optional(grid.needles) : std::nullopt;
                       }),
    MannerField::count("buffer_tokens", "tokens of a needle's prompt that are no haystack",
                       [](const EvaluationAnswer& a) {
                         const EvaluationGrid& grid = a.asked.grid;
                         return grid.test == EvaluationTest::needle ? std::optional(grid.buffer) : std::nullopt;
                       }),
    MannerField::count("answer_tokens", "tokens of an answer, at most",
                       [](const EvaluationAnswer& a) { return a.asked.answer_tokens; }),
    MannerField::flag("prefix_reuse", "what stands before the needle or the gold item is computed once",
                      [](const EvaluationAnswer& a) { return a.asked.prefix_reuse; }),
    MannerField::count("batch", "prompts at a time, for times alone",
                       [](const EvaluationAnswer& a) { return a.asked.batch; }),
    MannerField::text("parallel", "parallel degrees: tp=8",
                      [](const EvaluationAnswer& a) { return a.asked.settings.parallelism.name(); }),
    MannerField::text("activations", "the type in which kernels multiply, where that is given",
                      [](const EvaluationAnswer& a) {
                        const std::optional<Precision>& type = a.asked.settings.activations;
                        return type ? Value(type->name()) : Value();
                      })
        .or_null(),
    MannerField::real("mfu", "share of the peak FLOP/s",
                      [](const EvaluationAnswer& a) { return a.asked.settings.mfu.value(); }),
    MannerField::real("mbu", "share of the bandwidth",
                      [](const EvaluationAnswer& a) { return a.asked.settings.mbu.value(); }),
    MannerField::real("usd_per_device_hour", "price as given",
                      [](const EvaluationAnswer& a) { return to_value(a.asked.usd_per_hour); })
        .or_null(),
    MannerField::real("device_watts", "power as given, else the board's",
                      [](const EvaluationAnswer& a) { return to_value(a.watts); })
        .or_null(),
};
constexpr FieldTable kMannerFields{"evaluation_method", kOfManner};

using EvaluationField = FieldsOf<EvaluationAnswer>;
constexpr Field kOfEvaluation[] = {
    EvaluationField::record("model", kModelFields, "what is evaluated",
                            [](const EvaluationAnswer& a) { return &*a.asked.model; }),
    EvaluationField::word(
        "test", kEvaluationTestNames, "the evaluation",
        [](const EvaluationAnswer& a) { return kEvaluationTestNames[static_cast<std::size_t>(a.asked.grid.test)]; }),
    EvaluationField::text("grid", "name of the original run, or \"own\"",
                          [](const EvaluationAnswer& a) -> std::string_view { return a.asked.grid.name; }),
    EvaluationField::text("source", "where the original run is described",
                          [](const EvaluationAnswer& a) -> std::string_view { return a.asked.grid.source; }),
    EvaluationField::records("sets", kEvaluatedSetFields, "prompts of one length each",
                             [](const EvaluationAnswer& a, const auto& visit) {
                               for (std::size_t i = 0; i < a.rows.size(); ++i) {
                                 visit(EvaluatedSet{&a.asked.grid.sets[i], &a.rows[i]});
                               }
                             }),
    EvaluationField::records("tasks", kEvaluatedTaskFields, "the sets of each task together",
                             kEach<&EvaluationAnswer::tasks>),
    EvaluationField::record("total", kEvaluationTotalFields, "all of them",
                            [](const EvaluationAnswer& a) { return &a.total; }),
    EvaluationField::record("method", kMannerFields, "how and on what the prompts are run",
                            [](const EvaluationAnswer& a) { return &a; }),
    EvaluationField::text("gpu", "name of the GPU",
                          [](const EvaluationAnswer& a) {
                            const auto& gpu = a.asked.settings.gpu;
                            return gpu ? words_or_null(gpu->id) : Value();
                          })
        .or_null(),
    EvaluationField::count("gpus", "number of devices",
                           [](const EvaluationAnswer& a) { return a.asked.settings.parallelism.devices(); }),
    EvaluationField::texts("notes", "assumptions behind the numbers", kEach<&EvaluationAnswer::notes>),
};
constexpr FieldTable kEvaluationFields{"evaluation_result", kOfEvaluation};

using EvaluationHead = FieldsOf<Conventions>;
constexpr Field kOfEvaluationHead[] = {
    EvaluationHead::record("conventions", kConventionsFields, "how the numbers were counted",
                           [](const Conventions& conventions) { return &conventions; })
        .in_each_line(),
};
constexpr FieldTable kEvaluationHeadFields{"evaluation", kOfEvaluationHead};

using EvaluationCell = FieldsOf<EvaluationLine>;
constexpr auto kEvaluationCells = joined(
    std::array{
        EvaluationCell::text("model", "",
                             [](const EvaluationLine& l) -> std::string_view { return l.answer->asked.model->name; }),
        EvaluationCell::text(
            "convention", "",
            [](const EvaluationLine& l) -> std::string_view { return l.answer->asked.convention.name; }),
        EvaluationCell::text("part", "", [](const EvaluationLine& l) { return l.part; }),
        EvaluationCell::count(
            "length", "",
            [](const EvaluationLine& l) { return l.set == nullptr ? std::optional<Count>() : l.set->length; }),
        EvaluationCell::count(
            "documents", "",
            [](const EvaluationLine& l) { return l.set == nullptr ? std::optional<Count>() : documents_of(*l.set); }),
        EvaluationCell::count(
            "pairs", "",
            [](const EvaluationLine& l) { return l.set == nullptr ? std::optional<Count>() : pairs_of(*l.set); }),
        EvaluationCell::count(
            "places", "",
            [](const EvaluationLine& l) { return l.set == nullptr ? std::optional<Count>() : Count{l.set->cells()}; }),
        EvaluationCell::count(
            "trials", "",
            [](const EvaluationLine& l) { return l.set == nullptr ? std::optional<Count>() : l.set->repeats; }),
    },
    evaluation_cost_fields<EvaluationLine>(),
    std::array{
        EvaluationCell::count(
            "peak_tokens", "",
            [](const EvaluationLine& l) { return l.row == nullptr ? std::optional<Count>() : l.row->peak_tokens; }),
        EvaluationCell::count(
            "kv_cache_bytes", "",
            [](const EvaluationLine& l) { return l.row == nullptr ? std::optional<Count>() : l.row->kv_cache_bytes; }),
        EvaluationCell::text(
            "window_status", "",
            [](const EvaluationLine& l) { return l.row == nullptr ? Value() : words_or_null(l.row->window_status); }),
    });

}  // namespace

const DocumentShape kEvaluationShape = {.command = "evaluate",
                                        .parts = Part::records | Part::cells | Part::page,
                                        .head = &kEvaluationHeadFields,
                                        .rows = "results",
                                        .row = &kEvaluationFields};

const DocumentShape kEvaluateShape = {
    .command = "evaluate",
    .parts = Part::records | Part::cells | Part::page,
    .kinds = []() -> std::span<const DocumentShape> {
      static const DocumentShape kKinds[] = {kEvaluationShape, kEvaluationPlanShape, kEvaluationScoresShape};
      return kKinds;
    }};

EvaluationDocument::EvaluationDocument(const EvaluationAnswer& answer, const RenderOptions& options)
    : answer_(&answer),
      options_(&options),
      conventions_(conventions_of(answer.asked.convention, Logits::last, options.units)) {}

Record EvaluationDocument::head() const { return {&kEvaluationHeadFields, &conventions_}; }

void EvaluationDocument::for_each_row(const RecordVisitor& visit) const { visit({&kEvaluationFields, answer_}); }

std::vector<Field> EvaluationDocument::columns() const { return {kEvaluationCells.begin(), kEvaluationCells.end()}; }

void EvaluationDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  const auto line = [&](const EvaluationLine& one) { visit(&one); };
  const std::vector<EvaluationSet>& sets = answer_->asked.grid.sets;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    line({answer_, task_name(sets[i].task), &answer_->rows[i].cost, &sets[i], &answer_->rows[i]});
  }
  if (answer_->tasks.size() > 1) {
    for (const EvaluationTaskSum& sum : answer_->tasks) {
      const std::string part = std::string(task_name(sum.task)) + " total";
      line({answer_, part, &sum.cost});
    }
  }
  line({answer_, "total", &answer_->total});
}

void EvaluationDocument::write_page(TextDocument& page) const { write_evaluation(*answer_, *options_, page); }

}  // namespace ctxcost
