// ctxcost reconcile: an engine's start-up log beside what its rules give.
#include "command.h"
#include "core/format.h"
#include "counting.h"
#include "ctxcost/answer/reconciliation.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/engine_log.h"
#include "option_values.h"
#include "render/reconcile_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr OptionId kReconcileOptions[] = {
    OptionId::context,   OptionId::batch,     OptionId::kv_precision, OptionId::weights,  OptionId::engine,
    OptionId::assume,    OptionId::set,       OptionId::gpu,          OptionId::parallel, OptionId::utilization,
    OptionId::kv_memory, OptionId::exit_zero, OptionId::format,       OptionId::output,   OptionId::explain_columns,
    OptionId::color,     OptionId::width,     OptionId::wide,         OptionId::quiet};

constexpr std::string_view kReconcileExamples =
    "  ctxcost reconcile vllm.log llama-3.1-8b --gpu h100-sxm-80gb\n"
    "  docker logs server 2>&1 | ctxcost reconcile - qwen3-30b-a3b\n"
    "  ctxcost reconcile llama-server.log model.gguf --format json\n";

ReconcileQuestion read_reconciliation(const Arguments& arguments) {
  std::vector<std::string> words = arguments.words();
  if (words.size() < 2) {
    throw_fault(
        "reconcile",
        words.empty() ? "expected a LOG and a MODEL, found neither" : "expected a MODEL behind the LOG, found nothing",
        "ctxcost reconcile vllm.log llama-3.1-8b; - reads standard input");
  }
  ReconcileQuestion question;
  question.log = load_engine_log(words.front());
  words.erase(words.begin());
  question.context = only_length(arguments, OptionId::context, 1);
  question.batch = only_length(arguments, OptionId::batch, 1);
  question.kv = only_value(kv_precisions(arguments), OptionId::kv_precision);
  question.weights = only_value(weight_schemes(arguments), OptionId::weights);
  question.engine = only_value(engine_choices(arguments), OptionId::engine);
  question.parallelism = only_value(parallelisms(arguments), OptionId::parallel);
  if (const std::optional<GpuChoice> gpu = only_value(gpu_choices(arguments), OptionId::gpu)) {
    question.gpu = gpu->gpu;
    question.gpus = gpu->count;
  }
  question.utilization = fraction(arguments, OptionId::utilization);
  question.kv_memory = size(arguments, OptionId::kv_memory);
  question.models = load_models(arguments, words);
  return question;
}

Status run_reconcile(const Arguments& arguments) {
  const RenderOptions options = render_options(arguments);
  const std::vector<Target> documents = targets(arguments, kReconcileShape);

  const ReconcileAnswer answer = reconcile(read_reconciliation(arguments));
  const ReconcileDocument document(answer, options);
  deliver(arguments, documents, document);
  return answer.agrees() || arguments.has(OptionId::exit_zero) ? Status::answered : Status::over_budget;
}

}  // namespace

extern const Command kReconcile;
const Command kReconcile = {"reconcile",
                            "LOG MODEL...",
                            "an engine's start-up log beside what its rules give",
                            kReconcileOptions,
                            kReconcileExamples,
                            run_reconcile,
                            [] { return target_formats(kReconcileShape); },
                            Completion::model,
                            {},
                            Completion::file};

}  // namespace ctxcost::cli
