#include "evaluate_document.h"

namespace ctxcost {
namespace {

/// A prompt, with what it is one of.
struct PlannedPrompt {
  const EvaluationGrid* grid;
  EvaluationPrompt prompt;

  const EvaluationSet& set() const { return grid->sets[prompt.set]; }
  bool is_needle() const { return set().task == EvaluationTask::needle; }
  std::optional<std::uint32_t> place() const {
    return set().places.empty() ? std::nullopt : std::optional(set().places[prompt.cell]);
  }
};

using PlanField = FieldsOf<PlannedPrompt>;
constexpr Field kOfPlannedPrompt[] = {
    PlanField::count("id", "number of the prompt in the plan, from 0",
                     [](const PlannedPrompt& p) { return p.prompt.id; }),
    PlanField::word("task", kEvaluationTaskNames, "what the prompt asks for",
                    [](const PlannedPrompt& p) { return task_name(p.set().task); }),
    PlanField::count("length", "tokens of the prompt", [](const PlannedPrompt& p) { return p.set().length; }),
    PlanField::real("depth", "percent of the haystack before the needle, or the first of several; null without one",
                    [](const PlannedPrompt& p) { return p.is_needle() ? Value(*p.place() / 1000.0) : Value(); })
        .or_null(),
    PlanField::count("needle_offset", "tokens of the haystack before that needle",
                     [](const PlannedPrompt& p) {
                       return p.is_needle() ? std::optional(tokens_before(*p.grid, p.set(), *p.place())) : std::nullopt;
                     }),
    PlanField::count("documents", "documents in the prompt; null of needles and pairs",
                     [](const PlannedPrompt& p) { return documents_of(p.set()); }),
    PlanField::count("pairs", "pairs in the prompt; null of needles and documents",
                     [](const PlannedPrompt& p) { return pairs_of(p.set()); }),
    PlanField::count("position", "index of the gold document or pair, from 0; null where there is one place",
                     [](const PlannedPrompt& p) {
                       const std::optional<std::uint32_t> place = p.place();
                       return p.is_needle() || !place ? std::optional<Count>() : Count{*place};
                     }),
    PlanField::count("trial", "number of the trial, or of the example, from 0",
                     [](const PlannedPrompt& p) { return p.prompt.repeat; }),
    PlanField::count("seed", "seed of the prompt, below 2^32",
                     [](const PlannedPrompt& p) { return Count{p.prompt.seed}; }),
    // Behind the columns of CSV, which has no lists.
    PlanField::any("needle_offsets", "tokens of the haystack before each needle; null without one",
                   [](const PlannedPrompt& p, JsonWriter& json) {
                     if (!p.is_needle()) return json.null();
                     json.begin_array();
                     for (Count i; i < p.grid->needles; i += 1) {
                       json.count(tokens_before(*p.grid, p.set(), *p.place(), i));
                     }
                     json.end_array();
                   }),
};
constexpr FieldTable kPlannedPromptFields{"evaluation_prompt", kOfPlannedPrompt};

}  // namespace

const DocumentShape kEvaluationPlanShape = {
    .command = "evaluate", .parts = Part::records | Part::cells, .rows = "prompts", .row = &kPlannedPromptFields};

void EvaluationPlanDocument::for_each_row(const RecordVisitor& visit) const {
  for_each_cells([&](const void* subject) { visit({&kPlannedPromptFields, subject}); });
}

std::vector<Field> EvaluationPlanDocument::columns() const {
  return {std::begin(kOfPlannedPrompt), std::end(kOfPlannedPrompt) - 1};
}

void EvaluationPlanDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  plan_->for_each([&](const EvaluationPrompt& prompt) {
    const PlannedPrompt planned{&plan_->grid(), prompt};
    visit(&planned);
  });
}

}  // namespace ctxcost
