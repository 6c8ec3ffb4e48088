#include "solve_document.h"

#include <algorithm>

#include "deployment_fields.h"
#include "option_text.h"

namespace ctxcost {
namespace {

constexpr SolveQuestion kQuestions[] = {
    {Unknown::context, "context", "tokens"}, {Unknown::batch, "batch", "sequences"},
    {Unknown::gpus, "gpus", "devices"},      {Unknown::kv_precision, "kv-precision", ""},
    {Unknown::weights, "weights", ""},
};
constexpr std::string_view kQuestionNames[] = {"context", "batch", "gpus", "kv-precision", "weights"};
constexpr std::string_view kSolveVerdicts[] = {"fits", "does not fit"};

using SolveHeadField = FieldsOf<SolveDocument::Head>;
constexpr Field kSolveOfHead[] = {
    SolveHeadField::record("conventions", kConventionsFields, "how the numbers were counted",
                           [](const SolveDocument::Head& head) { return &head.conventions; })
        .in_each_line(),
    SolveHeadField::word("verdict", kSolveVerdicts, "whether anything fits in any result",
                         [](const SolveDocument::Head& head) { return head.verdict; }),
};
constexpr FieldTable kSolveHeadFields{"solve", kSolveOfHead};

void write_solved(JsonWriter& json, const SolvedValue& value) {
  const Count* const count = std::get_if<Count>(&value);
  count != nullptr ? json.count(*count) : json.string(std::get<std::string>(value));
}

using TrialField = FieldsOf<Trial>;
constexpr Field kOfTrial[] = {
    TrialField::any("value", "that was tried: a number, or the name of a type",
                    [](const Trial& trial, JsonWriter& json) { write_solved(json, trial.value); }),
    TrialField::count("device_bytes", "of the largest device", [](const Trial& trial) { return trial.device_bytes; }),
    TrialField::scalar(Field::Type::integer, "headroom_bytes", "what is left of its memory; below 0 what is missing",
                       [](const Trial& trial) { return to_value(trial.headroom); })
        .or_null(),
    TrialField::word("limit", kLimits, "what does not fit",
                     [](const Trial& trial) { return words_or_null(trial.limit); })
        .or_null(),
    TrialField::where([](const Trial& trial) { return !trial.refusal.empty(); },
                      TrialField::text("impossible", "why no engine or model does that",
                                       [](const Trial& trial) -> std::string_view { return trial.refusal; })),
};
constexpr FieldTable kTrialFields{"trial", kOfTrial};

using AnswerField = FieldsOf<SolveAnswer>;
constexpr Field kOfProof[] = {
    AnswerField::record("fits", kTrialFields, "the answer", [](const SolveAnswer& a) { return pointer_to(a.fits); })
        .or_null(),
    AnswerField::record("does_not_fit", kTrialFields, "the next value",
                        [](const SolveAnswer& a) { return pointer_to(a.does_not_fit); })
        .or_null(),
};
constexpr FieldTable kProofFields{"proof", kOfProof};

struct UnlockText {
  OptionText option;
  const Unlock* unlock;
};
using UnlockField = FieldsOf<UnlockText>;
constexpr Field kOfUnlock[] = {
    UnlockField::text("option", "that is changed",
                      [](const UnlockText& u) -> std::string_view { return u.option.option; }),
    UnlockField::text("value", "its value then; empty for a flag",
                      [](const UnlockText& u) -> std::string_view { return u.option.value; }),
    UnlockField::any("answer", "the answer then: a number, or \"any\"",
                     [](const UnlockText& u, JsonWriter& json) {
                       u.unlock->answer ? json.count(*u.unlock->answer) : json.string("any");
                     }),
};
constexpr FieldTable kUnlockFields{"unlock", kOfUnlock};

using ModelField = FieldsOf<Model>;
constexpr Field kOfSolvedModel[] = {
    ModelField::text("name", "as shown", [](const Model& m) -> std::string_view { return m.name; }),
    ModelField::text("id", "in the catalogue", [](const Model& m) { return words_or_null(m.id); }).or_null(),
};
constexpr FieldTable kSolvedModelFields{"solved_model", kOfSolvedModel};

std::optional<Count> number_of(const SolveAnswer& answer) {
  const Count* const count = answer.value ? std::get_if<Count>(&*answer.value) : nullptr;
  return count == nullptr ? std::nullopt : std::optional(*count);
}

/// The answer again, by the name of the metric that it is.
template <Unknown unknown>
constexpr Field metric_field(std::string_view name, std::string_view meaning) {
  return AnswerField::where([](const SolveAnswer& a) { return a.unknown == unknown; },
                            AnswerField::count(name, meaning, [](const SolveAnswer& a) { return number_of(a); }));
}

constexpr Field kOfAnswer[] = {
    AnswerField::word("question", kQuestionNames, "what was looked for",
                      [](const SolveAnswer& a) { return question_of(a).name; }),
    AnswerField::any(
        "answer", "a number, the name of a type, or null",
        [](const SolveAnswer& a, JsonWriter& json) { a.value ? write_solved(json, *a.value) : json.null(); }),
    metric_field<Unknown::context>("max_context", "the answer"),
    metric_field<Unknown::batch>("max_batch", "the answer"),
    metric_field<Unknown::gpus>("min_gpus", "the answer"),
    AnswerField::where([](const SolveAnswer& a) { return a.in_memory.has_value(); },
                       AnswerField::count("max_context_memory", "the longest context, whatever the model's window",
                                          [](const SolveAnswer& a) { return a.in_memory->value; })),
    AnswerField::word("bound", kBounds, "what ends it", [](const SolveAnswer& a) { return words_or_null(a.bound); })
        .or_null(),
    AnswerField::word("window_status", kWindowLevels, "of the context asked for, or answered",
                      [](const SolveAnswer& a) { return a.window_status ? Value(*a.window_status) : Value(); })
        .or_null(),
    AnswerField::word("verdict", kSolveVerdicts, "whether anything fits",
                      [](const SolveAnswer& a) { return kSolveVerdicts[a.nothing_fits ? 1 : 0]; }),
    AnswerField::record("model", kSolvedModelFields, "what was put on the devices",
                        [](const SolveAnswer& a) { return &*a.asked.setup.model; }),
    AnswerField::text("weights", "their type as asked",
                      [](const SolveAnswer& a) { return a.deployment->estimator().weights().name(); }),
    AnswerField::text("kv_precision", "the cache's type as asked",
                      [](const SolveAnswer& a) { return a.deployment->estimator().kv().name(); }),
    AnswerField::text("engine", "what reserves the cache",
                      [](const SolveAnswer& a) -> std::string_view { return a.asked.setup.engine.name; }),
    AnswerField::record("gpu", kGpuFields, "the card", [](const SolveAnswer& a) { return with_gpu(*a.deployment); })
        .or_null(),
    AnswerField::text("parallel", "the degrees over which the model is spread",
                      [](const SolveAnswer& a) { return a.split.name(); }),
    AnswerField::count("gpus", "how many", [](const SolveAnswer& a) { return a.split.devices(); }),
    AnswerField::count("capacity_bytes", "of each device",
                       [](const SolveAnswer& a) { return a.deployment->capacity(); }),
    AnswerField::count("context", "as asked", [](const SolveAnswer& a) { return a.context; }),
    AnswerField::count("batch", "as asked", [](const SolveAnswer& a) { return a.batch; }),
    AnswerField::record("proof", kProofFields, "the answer fits, the next value does not",
                        [](const SolveAnswer& a) { return &a; }),
    AnswerField::records("unlocks", kUnlockFields, "what would allow more, one change at a time",
                         [](const SolveAnswer& a, const auto& visit) {
                           for (const Unlock& unlock : a.unlocks) {
                             visit(UnlockText{option_of(unlock.change, a.asked.setup.settings), &unlock});
                           }
                         }),
    AnswerField::texts("notes", "assumptions and remarks",
                       [](const SolveAnswer& a, const auto& visit) {
                         for (const std::string& note : notes_of(a)) visit(note);
                         if (!a.value && !a.nothing_fits) visit("nothing bounds the answer");
                       }),
};
constexpr FieldTable kAnswerFields{"solve_result", kOfAnswer};

constexpr Field kSolveCells[] = {
    AnswerField::text("question", "", [](const SolveAnswer& a) { return question_of(a).name; }),
    AnswerField::text("answer", "",
                      [](const SolveAnswer& a) {
                        return a.value ? std::visit([](const auto& value) { return Value(value); }, *a.value) : Value();
                      }),
    AnswerField::text("model", "", [](const SolveAnswer& a) -> std::string_view { return a.asked.setup.model->name; }),
    AnswerField::text("weights", "", [](const SolveAnswer& a) { return a.deployment->estimator().weights().name(); }),
    AnswerField::text("kv_precision", "", [](const SolveAnswer& a) { return a.deployment->estimator().kv().name(); }),
    AnswerField::text("engine", "", [](const SolveAnswer& a) -> std::string_view { return a.asked.setup.engine.name; }),
    AnswerField::text("gpu", "",
                      [](const SolveAnswer& a) {
                        const auto& gpu = a.asked.setup.settings.gpu;
                        return gpu ? words_or_null(gpu->id) : Value();
                      }),
    AnswerField::count("gpus", "", [](const SolveAnswer& a) { return a.split.devices(); }),
    AnswerField::text("parallel", "", [](const SolveAnswer& a) { return a.split.name(); }),
    AnswerField::text("convention", "",
                      [](const SolveAnswer& a) -> std::string_view { return a.asked.setup.workload.convention.name; }),
    AnswerField::count("context", "", [](const SolveAnswer& a) { return a.context; }),
    AnswerField::count("batch", "", [](const SolveAnswer& a) { return a.batch; }),
    AnswerField::text("bound", "", [](const SolveAnswer& a) { return a.bound; }),
    AnswerField::count("max_context_memory", "",
                       [](const SolveAnswer& a) { return a.in_memory ? a.in_memory->value : std::nullopt; }),
    AnswerField::text("window_status", "",
                      [](const SolveAnswer& a) { return a.window_status ? Value(*a.window_status) : Value(); }),
};

}  // namespace

const DocumentShape kSolveShape = {.command = "solve",
                                   .parts = Part::records | Part::cells | Part::page,
                                   .head = &kSolveHeadFields,
                                   .rows = "results",
                                   .row = &kAnswerFields};

std::span<const SolveQuestion> solve_questions() { return kQuestions; }

const SolveQuestion& question_of(const SolveAnswer& answer) {
  return *std::find_if(std::begin(kQuestions), std::end(kQuestions),
                       [&](const SolveQuestion& question) { return question.unknown == answer.unknown; });
}

std::vector<std::string> notes_of(const SolveAnswer& answer) {
  std::vector<std::string> all = notes(answer);
  if (answer.unknown != Unknown::context && answer.ends_at_window() && answer.unlocks.empty()) {
    all.emplace_back("beyond_window counts contexts beyond the window, too");
  }
  return all;
}

SolveDocument::SolveDocument(const SolveAnswers& solved, const RenderOptions& options)
    : solved_(&solved), options_(&options) {
  const Workload& workload = solved.answers.front().asked.setup.workload;
  head_ = {conventions_of(workload.convention, workload.logits, options.units), kSolveVerdicts[solved.any() ? 0 : 1]};
}

Record SolveDocument::head() const { return {&kSolveHeadFields, &head_}; }

void SolveDocument::for_each_row(const RecordVisitor& visit) const {
  for (const SolveAnswer& answer : solved_->answers) visit({&kAnswerFields, &answer});
}

std::vector<Field> SolveDocument::columns() const { return {std::begin(kSolveCells), std::end(kSolveCells)}; }

void SolveDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for (const SolveAnswer& answer : solved_->answers) visit(&answer);
}

void SolveDocument::write_page(TextDocument& page) const {
  if (page.style() == TextStyle::markdown) return write_answers(solved_->answers, page);
  for (const SolveAnswer& answer : solved_->answers) write_answer(answer, *options_, page);
}

}  // namespace ctxcost
