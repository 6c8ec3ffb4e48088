// ctxcost evaluate: the cost of a long-context evaluation, the plan of its prompts, and the scores given back.
#include "ctxcost/answer/evaluation.h"

#include <algorithm>
#include <array>

#include "command.h"
#include "core/format.h"
#include "counting.h"
#include "ctxcost/answer/evaluation_scores.h"
#include "ctxcost/answer/measured_lines.h"
#include "ctxcost/core/diagnostic.h"
#include "deployment_options.h"
#include "evaluation_options.h"
#include "option_groups.h"
#include "option_values.h"
#include "render/evaluate_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr auto kEvaluateOptions = joined(std::array{OptionId::context,      OptionId::batch,
                                                    OptionId::kv_precision, OptionId::weights,
                                                    OptionId::convention,   OptionId::assume,
                                                    OptionId::set,          OptionId::evaluation_grid,
                                                    OptionId::depths,       OptionId::trials,
                                                    OptionId::needles,      OptionId::documents,
                                                    OptionId::pairs,        OptionId::gold_positions,
                                                    OptionId::examples,     OptionId::document_tokens,
                                                    OptionId::pair_tokens,  OptionId::answer_tokens,
                                                    OptionId::prefix_reuse, OptionId::seed,
                                                    OptionId::plan,         OptionId::results,
                                                    OptionId::gpu,          OptionId::parallel,
                                                    OptionId::activations,  OptionId::mfu,
                                                    OptionId::mbu,          OptionId::price,
                                                    OptionId::power,        OptionId::format,
                                                    OptionId::output},
                                         kPageOptions);

constexpr std::string_view kEvaluateExamples =
    "  ctxcost evaluate needle llama-3-8b\n"
    "  ctxcost evaluate lost-in-the-middle llama-3.1-8b --gpu h100-sxm-80gb \\\n"
    "    --price 2.49 --mfu 0.4 -b 16\n"
    "  ctxcost evaluate needle -n 8K,32K,128K --depths 11 --plan -o plan.ndjson\n"
    "  ctxcost evaluate needle -n 8K,32K,128K --depths 11 --results scored.ndjson\n";

EvaluationTest read_test(const Arguments& arguments) {
  if (arguments.words().empty()) {
    throw_fault("evaluate", "expected needle or lost-in-the-middle, and a MODEL, found nothing");
  }
  const std::string& word = arguments.words().front();
  for (std::size_t i = 0; i < std::size(kEvaluationTestNames); ++i) {
    if (kEvaluationTestNames[i] == word) return static_cast<EvaluationTest>(i);
  }
  throw_fault("evaluate", format("expected needle or lost-in-the-middle, found \"{}\"", word),
              did_you_mean(word, kEvaluationTestNames));
}

/// --gpu and --parallel, of which there is at most one each, and how well devices do.
void place_evaluation(const Arguments& arguments, EvaluationQuestion& question) {
  const std::optional<GpuChoice> gpu = only_value(gpu_choices(arguments), OptionId::gpu);
  require_gpu(arguments, {OptionId::parallel, OptionId::activations, OptionId::mfu, OptionId::mbu, OptionId::price,
                          OptionId::power});
  if (!gpu) return;
  const Placement placement = placements({*gpu}, parallelisms(arguments)).front();
  question.settings.gpu = placement.gpu;
  question.settings.parallelism = placement.split.value_or(Parallelism{.tensor = placement.gpus});
  question.settings.activations = activations(arguments);
  question.settings.mfu = fraction(arguments, OptionId::mfu).value_or(Fraction{});
  question.settings.mbu = fraction(arguments, OptionId::mbu).value_or(Fraction{});
  question.usd_per_hour = usd_per_device_hour(arguments, *question.settings.gpu);
  question.watts = watts_given(arguments);
}

EvaluationQuestion read_evaluation(const Arguments& arguments, EvaluationTest test) {
  if (arguments.words().size() != 2) {
    throw_fault(
        "evaluate",
        format("expected one MODEL behind {}, found {}", arguments.words().front(), arguments.words().size() - 1),
        "a JSON file, a directory with a config.json, - or a catalogue name");
  }
  EvaluationQuestion question;
  question.grid = read_evaluation_grid(arguments, test);
  question.convention = convention(arguments);
  question.kv = only_value(kv_precisions(arguments), OptionId::kv_precision);
  question.weights = only_value(weight_schemes(arguments), OptionId::weights).value_or(WeightScheme());
  question.answer_tokens =
      number_of(arguments, OptionId::answer_tokens, 0).value_or(test == EvaluationTest::needle ? 300 : 100);
  question.prefix_reuse = arguments.value_or_fallback(OptionId::prefix_reuse) == "on";
  question.batch = only_length(arguments, OptionId::batch, 1).value_or(question.batch);
  place_evaluation(arguments, question);
  question.model = load_models(arguments, {arguments.words()[1]}).front();
  return question;
}

/// The plan needs no model; one that is named must be there all the same.
std::optional<SharedModel> model_of_plan(const Arguments& arguments) {
  if (arguments.words().size() > 2) {
    throw_fault("evaluate", format("expected one MODEL at most, found {}", arguments.words().size() - 1));
  }
  if (arguments.words().size() < 2) return std::nullopt;
  return load_models(arguments, {arguments.words()[1]}).front();
}

/// A plan and its scores cost nothing: what only a cost depends on is refused beside them.
void refuse_costs(const Arguments& arguments, std::string_view asked) {
  for (const OptionId id : {OptionId::gpu, OptionId::parallel, OptionId::mfu, OptionId::mbu, OptionId::price,
                            OptionId::power, OptionId::kv_precision, OptionId::weights, OptionId::batch,
                            OptionId::answer_tokens, OptionId::prefix_reuse, OptionId::convention}) {
    if (arguments.has(id)) throw_fault(option(id).name, format("has no effect beside {}, which counts no cost", asked));
  }
}

/// Lines for a harness come first.
std::vector<TargetFormat> plan_formats() {
  std::vector<TargetFormat> formats = target_formats(kEvaluationPlanShape);
  const auto lines = std::find_if(formats.begin(), formats.end(), [](const auto& one) { return one.name == "ndjson"; });
  std::rotate(formats.begin(), lines, lines + 1);
  return formats;
}

Status run_evaluate(const Arguments& arguments) {
  const EvaluationTest test = read_test(arguments);
  const bool planned = arguments.has(OptionId::plan);
  const bool scored = arguments.has(OptionId::results);
  if (planned && scored) throw_fault("--plan", "expected one of --plan and --results, found both");
  if (arguments.has(OptionId::seed) && !planned && !scored)
    throw_fault("--seed", "belongs to --plan, which is not given");
  const RenderOptions options = render_options(arguments);

  if (planned) {
    const std::vector<Target> documents = targets(arguments, plan_formats());
    refuse_costs(arguments, "--plan");
    model_of_plan(arguments);
    const EvaluationPlan plan(read_evaluation_grid(arguments, test), read_evaluation_seed(arguments));
    deliver(documents, EvaluationPlanDocument(plan));
  } else if (scored) {
    const std::vector<Target> documents = targets(arguments, kEvaluationScoresShape);
    refuse_costs(arguments, "--results");
    const std::optional<SharedModel> model = model_of_plan(arguments);
    const EvaluationPlan plan(read_evaluation_grid(arguments, test), read_evaluation_seed(arguments));
    EvaluationScores scores = score(plan, load_evaluation_results(arguments.value(OptionId::results)));
    if (model) {
      for (std::string& note : measured_notes(**model)) scores.notes.push_back(std::move(note));
    }
    deliver(arguments, documents, EvaluationScoresDocument(scores, options));
  } else {
    const std::vector<Target> documents = targets(arguments, kEvaluationShape);
    const EvaluationAnswer answer = evaluate(read_evaluation(arguments, test));
    deliver(arguments, documents, EvaluationDocument(answer, options));
  }
  return Status::answered;
}

}  // namespace

extern const Command kEvaluate;
const Command kEvaluate = {"evaluate",
                           "TEST MODEL",
                           "what needle or lost-in-the-middle prompts cost and score",
                           kEvaluateOptions,
                           kEvaluateExamples,
                           run_evaluate,
                           [] { return target_formats(kEvaluateShape); },
                           Completion::model,
                           "Limits: models of at most 1,024 kinds of layers.\n",
                           Completion::test};

}  // namespace ctxcost::cli
