// ctxcost explain: one cost of one model, term by term.
#include <array>

#include "ctxcost/answer/explanation.h"

#include "command.h"
#include "complaints.h"
#include "core/format.h"
#include "counting.h"
#include "ctxcost/answer/claim.h"
#include "ctxcost/answer/position_access.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "option_groups.h"
#include "option_values.h"
#include "render/claim_document.h"
#include "render/explain_document.h"
#include "render/positions_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr auto kExplainOptions =
    joined(kEstimateOptions,
           std::array{OptionId::claim, OptionId::positions, OptionId::exit_zero, OptionId::format, OptionId::output},
           kPageOptions, std::array{OptionId::verbose});

constexpr std::string_view kExplainExamples =
    "  ctxcost explain llama-3.1-8b -n 8K\n"
    "  ctxcost explain gemma-3-27b-it kv_cache_bytes attention_flops -n 128K\n"
    "  ctxcost explain deepseek-v3 kv_reserved_bytes --engine vllm -b 4 -v\n"
    "  ctxcost explain llama-3.1-8b -n 8K --claim '158.14 TFLOPs'\n"
    "  ctxcost explain gemma-3-27b-it -n 128K --positions\n";

/// The command that has a metric of devices.
std::string_view command_with(Metric metric) {
  switch (metric) {
    case Metric::max_context:
    case Metric::max_context_memory: return "`ctxcost solve context` has it";
    case Metric::max_batch: return "`ctxcost solve batch` has it";
    case Metric::min_gpus: return "`ctxcost solve gpus` has it";
    default: return "`ctxcost fit` has it";
  }
}

Metric read_metric(const std::string& word) {
  const std::optional<Metric> metric = find_metric(word);
  if (!metric) {
    std::vector<std::string_view> names;
    for (const MetricInfo& row : metrics()) names.push_back(row.name);
    const std::string hint = did_you_mean(word, names);
    throw InputError(Diagnostic{"explain", "", format("unknown metric \"{}\"", word),
                                hint.empty() ? "`ctxcost list metrics` shows all" : hint});
  }
  if (needs_devices(*metric)) {
    throw InputError(
        Diagnostic{"explain", "", format("{} is a metric of devices", word), std::string(command_with(*metric))});
  }
  return *metric;
}

constexpr std::string_view kOnePoint = "explain takes one point; `ctxcost scale` takes lists";

/// Who gave no context may have meant another than the model's own.
void say_at_which_contexts(const ClaimQuestion& question) {
  const std::vector<Count> contexts = contexts_that_give(question);
  if (contexts.empty()) return;
  std::string list;
  for (const Count& context : contexts) {
    if (!list.empty()) list += ", ";
    list += length_label(context);
  }
  complain(Diagnostic{"-n", "",
                      format("{} tokens were taken, for none were given; readings give the figure at {}",
                             with_separators(question.context), list),
                      ""});
}

/// Answers with the readings of a printed figure in place of an explanation.
Status run_claim(const Arguments& arguments, const ExplainQuestion& question, const RenderOptions& options) {
  if (!question.metrics.empty()) {
    throw InputError(Diagnostic{"--claim", "", "takes no METRIC: the figure says what it counts", ""});
  }
  const Model& model = *question.model;
  const Claim claim = parse_claim(arguments.value(OptionId::claim), option(OptionId::claim).name);
  const ClaimQuestion asked = {question.model, claim, question.context.value_or(default_context_of(model).tokens),
                               question.batch.value_or(model.batch), question.workload};
  const ClaimAnswer answer = find_readings(asked);
  const ClaimDocument document(answer, options);
  deliver(arguments, targets(arguments, kClaimShape), document);
  if (answer.readings.empty() && !question.context && !options.quiet) say_at_which_contexts(asked);
  return answer.readings.empty() && !arguments.has(OptionId::exit_zero) ? Status::over_budget : Status::answered;
}

/// What masks do not depend on.
constexpr OptionId kNotOfPositions[] = {OptionId::batch,  OptionId::kv_precision, OptionId::weights,
                                        OptionId::engine, OptionId::convention,   OptionId::logits,
                                        OptionId::claim,  OptionId::exit_zero,    OptionId::units};

/// Answers with who can see which key in place of an explanation.
Status run_positions(const Arguments& arguments, const RenderOptions& options) {
  if (arguments.words().size() > 1) {
    throw InputError(Diagnostic{"--positions", "", "takes no METRIC: it counts queries", ""});
  }
  for (const OptionId id : kNotOfPositions) {
    if (!arguments.has(id)) continue;
    throw InputError(Diagnostic{
        "--positions", "",
        format("takes no {}: which keys are seen does not depend on it", std::string_view(option(id).name)), ""});
  }
  const std::vector<Target> documents = targets(arguments, kPositionsShape);
  const std::optional<Count> context = only_length(arguments, OptionId::context, 1, kOnePoint);
  const SharedModel model = load_models(arguments, {arguments.words().front()}).front();
  const PositionAnswer answer = access_by_position(model, context.value_or(default_context_of(*model).tokens));
  deliver(arguments, documents, PositionsDocument(answer, options));
  return Status::answered;
}

Status run_explain(const Arguments& arguments) {
  const RenderOptions options = render_options(arguments);
  const std::vector<Target> documents = targets(arguments, kExplainShape);
  const std::vector<std::string>& words = arguments.words();
  require_model("explain", words);
  if (arguments.has(OptionId::positions)) return run_positions(arguments, options);
  std::vector<Metric> metrics;
  for (std::size_t i = 1; i < words.size(); ++i) metrics.push_back(read_metric(words[i]));
  Workload workload;
  workload.convention = convention(arguments);
  workload.logits = logits(arguments);
  workload.kv = only_value(kv_precisions(arguments), OptionId::kv_precision, kOnePoint);
  workload.weights = only_value(weight_schemes(arguments), OptionId::weights, kOnePoint).value_or(WeightScheme());
  const EngineChoice engine =
      only_value(engine_choices(arguments), OptionId::engine, kOnePoint).value_or(ideal_engine());
  const std::optional<Count> context = only_length(arguments, OptionId::context, 0, kOnePoint);
  const std::optional<Count> batch = only_length(arguments, OptionId::batch, 1, kOnePoint);
  ExplainQuestion question{load_models(arguments, {words.front()}).front(), workload, engine, context, batch, metrics};

  if (arguments.has(OptionId::claim)) return run_claim(arguments, question, options);
  const Explanation answer = explain(question);
  const ExplainDocument document(answer, options);
  deliver(arguments, documents, document);
  return Status::answered;
}

}  // namespace

extern const Command kExplain;
const Command kExplain = {"explain",
                          "MODEL [METRIC...]",
                          "a cost term by term: formula, values, source",
                          kExplainOptions,
                          kExplainExamples,
                          run_explain,
                          [] { return target_formats(kExplainShape); },
                          Completion::metric,
                          "Limits: models of at most 1,024 kinds of layers.\n",
                          Completion::model};

}  // namespace ctxcost::cli
