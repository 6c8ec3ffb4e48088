#include "solve_document.h"

#include <algorithm>

#include "deployment_fields.h"
#include "option_text.h"

namespace ctxcost {
namespace {

constexpr SolveQuestion kQuestions[] = {
    {Unknown::context, "context", "tokens"},     {Unknown::batch, "batch", "sequences"},
    {Unknown::users, "users", "users"},          {Unknown::gpus, "gpus", "devices"},
    {Unknown::kv_precision, "kv-precision", ""}, {Unknown::weights, "weights", ""},
};
constexpr std::string_view kQuestionNames[] = {"context", "batch", "users", "gpus", "kv-precision", "weights"};
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
/// What the metric is at a trial.
template <Metric metric>
constexpr Field cost_field(std::string_view name, std::string_view meaning) {
  return TrialField::real(name, meaning, [](const Trial& trial) { return to_value(running_cost(trial, metric)); })
      .or_null();
}

constexpr Field kOfTrial[] = {
    TrialField::any("value", "the tried value: a number or the name of a type",
                    [](const Trial& trial, JsonWriter& json) { write_solved(json, trial.value); }),
    TrialField::count("device_bytes", "bytes on the fullest device; where cards differ, on the one with least headroom",
                      [](const Trial& trial) { return trial.device_bytes; }),
    TrialField::scalar(Field::Type::integer, "headroom_bytes", "what is left of its memory; below 0 what is missing",
                       [](const Trial& trial) { return to_value(trial.headroom); })
        .or_null(),
    TrialField::word("limit", kLimits, "what does not fit",
                     [](const Trial& trial) { return words_or_null(trial.limit); })
        .or_null(),
    TrialField::where([](const Trial& trial) { return !trial.gpu.empty(); },
                      TrialField::text("gpu", "the card of that device, of a machine whose cards differ",
                                       [](const Trial& trial) -> std::string_view { return trial.gpu; })),
    cost_field<Metric::usd_per_million_prefill_tokens>("usd_per_million_prefill_tokens",
                                                       "US dollars of all devices for a million prompt tokens"),
    cost_field<Metric::usd_per_million_decode_tokens>("usd_per_million_decode_tokens",
                                                      "the same for a million decoded tokens"),
    cost_field<Metric::joules_per_decode_token>("joules_per_decode_token", "joules of all devices for a decoded token"),
    TrialField::where([](const Trial& trial) { return !trial.refusal.empty(); },
                      TrialField::text("impossible", "why the engine or model refuses this value",
                                       [](const Trial& trial) -> std::string_view { return trial.refusal; })),
};
constexpr FieldTable kTrialFields{"trial", kOfTrial};

using AnswerField = FieldsOf<SolveAnswer>;
constexpr Field kOfProof[] = {
    AnswerField::record("fits", kTrialFields, "the trial at the answer",
                        [](const SolveAnswer& a) { return pointer_to(a.fits); })
        .or_null(),
    AnswerField::record("does_not_fit", kTrialFields, "the trial at the next value",
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
    UnlockField::text("option", "the option to change",
                      [](const UnlockText& u) -> std::string_view { return u.option.option; }),
    UnlockField::text("value", "the new value; empty for a flag",
                      [](const UnlockText& u) -> std::string_view { return u.option.value; }),
    UnlockField::any("answer", "the answer with this change: a number, or \"any\"",
                     [](const UnlockText& u, JsonWriter& json) {
                       u.unlock->answer ? json.count(*u.unlock->answer) : json.string("any");
                     }),
};
constexpr FieldTable kUnlockFields{"unlock", kOfUnlock};

using ModelField = FieldsOf<Model>;
constexpr Field kOfSolvedModel[] = {
    ModelField::text("name", "the name of the model", [](const Model& m) -> std::string_view { return m.name; }),
    ModelField::text("id", "the name in the catalogue", [](const Model& m) { return words_or_null(m.id); }).or_null(),
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
    metric_field<Unknown::users>("max_users", "the answer"),
    metric_field<Unknown::gpus>("min_gpus", "the answer"),
    AnswerField::where(
        [](const SolveAnswer& a) { return a.in_memory.has_value(); },
        AnswerField::count("max_context_memory", "the longest context that memory allows, past the model's window too",
                           [](const SolveAnswer& a) { return a.in_memory->value; })),
    AnswerField::word("bound", kBounds, "what ends it", [](const SolveAnswer& a) { return words_or_null(a.bound); })
        .or_null(),
    AnswerField::word("window_status", kWindowLevels, "whether the model's window holds the context",
                      [](const SolveAnswer& a) { return a.window_status ? Value(*a.window_status) : Value(); })
        .or_null(),
    AnswerField::word("verdict", kSolveVerdicts, "whether anything fits",
                      [](const SolveAnswer& a) { return kSolveVerdicts[a.nothing_fits ? 1 : 0]; }),
    AnswerField::record("model", kSolvedModelFields, "the model on the devices",
                        [](const SolveAnswer& a) { return &*a.asked.setup.model; }),
    AnswerField::text("weights", "the type of the weights, as asked",
                      [](const SolveAnswer& a) { return a.deployment->estimator().weights().name(); }),
    AnswerField::text("kv_precision", "the type of the KV cache, as asked",
                      [](const SolveAnswer& a) { return a.deployment->estimator().kv().name(); }),
    AnswerField::text("engine", "the runtime that reserves the cache",
                      [](const SolveAnswer& a) -> std::string_view { return a.asked.setup.engine.name; }),
    AnswerField::record("gpu", kGpuFields, "the GPU", [](const SolveAnswer& a) { return with_gpu(*a.deployment); })
        .or_null(),
    AnswerField::where(
        [](const SolveAnswer& a) { return has_unlike_cards(*a.deployment); },
        AnswerField::records("cards", kCardsFields, "the cards of a machine whose cards differ, in place of the GPU",
                             [](const SolveAnswer& a, const auto& visit) { for_each_cards(*a.deployment, visit); })),
    AnswerField::where([](const SolveAnswer& a) { return a.cards.has_value(); },
                       AnswerField::records("fewest_cards", kTakenFields,
                                            "those of them that were found, or the largest that were tried",
                                            [](const SolveAnswer& a, const auto& visit) {
                                              for (const CardGroup& group : a.cards->groups) visit(group);
                                            })),
    AnswerField::text("parallel", "the degrees of parallelism", [](const SolveAnswer& a) { return a.split.name(); }),
    AnswerField::count("gpus", "the number of devices", [](const SolveAnswer& a) { return a.split.devices(); }),
    AnswerField::count("capacity_bytes", "usable bytes of each device",
                       [](const SolveAnswer& a) { return a.deployment->capacity(); }),
    AnswerField::count("context", "tokens of one sequence, as asked", [](const SolveAnswer& a) { return a.context; }),
    AnswerField::count("batch", "sequences, as asked", [](const SolveAnswer& a) { return a.batch; }),
    AnswerField::record("proof", kProofFields, "the answer fits, the next value does not",
                        [](const SolveAnswer& a) { return &a; }),
    AnswerField::records("unlocks", kUnlockFields, "single changes that would allow more",
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
    AnswerField::text("gpu", "", [](const SolveAnswer& a) { return cards_value(a.asked.setup.settings); }),
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
  write_solved(solved_->answers, *options_, page);
}

}  // namespace ctxcost
