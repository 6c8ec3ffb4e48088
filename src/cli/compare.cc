// ctxcost compare: long-context strategies and models side by side.
#include <array>

#include "command.h"
#include "counting.h"
#include "ctxcost/answer/strategy_comparison.h"
#include "ctxcost/core/diagnostic.h"
#include "deployment_options.h"
#include "option_groups.h"
#include "option_values.h"
#include "render/compare_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr auto kCompareOptions = joined(std::array{OptionId::with}, kEstimateOptions,
                                        std::array{OptionId::gpu, OptionId::activations, OptionId::mfu, OptionId::mbu,
                                                   OptionId::exit_zero, OptionId::format, OptionId::output},
                                        kPageOptions, std::array{OptionId::verbose});

constexpr std::string_view kCompareExamples =
    "  ctxcost compare llama-3.1-8b -n 128K,1M --with sliding_window:window=4096\n"
    "  ctxcost compare llama-3.1-8b --with infini:segment=2048 --with flash=off\n"
    "  ctxcost compare llama-3-8b --with rope:type=yarn,factor=4+chunked:chunk=4K\n"
    "  ctxcost compare llama-3.1-8b deepseek-v3 qwen3-next-80b-a3b-instruct -n 256K\n";

/// The only value of an option; several have no one answer.
template <typename Value>
std::optional<Value> sole(const std::vector<Value>& values, OptionId id) {
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) {
    throw_fault(option(id).name, "expected one value, found several", "compare varies --with, models and --context");
  }
  return values.front();
}

/// --gpu with what belongs to it.
std::optional<DeploymentSettings> devices_of(const Arguments& arguments, const EngineChoice& engine) {
  require_gpu(arguments, {OptionId::activations, OptionId::mfu, OptionId::mbu});
  const std::optional<GpuChoice> gpu = sole(gpu_choices(arguments), OptionId::gpu);
  if (!gpu) return std::nullopt;
  DeploymentSettings settings;
  settings.gpu = gpu->gpu;
  settings.parallelism.*spread_degree(*engine.engine) = gpu->count.value_or(1);
  settings.activations = activations(arguments);
  settings.mfu = fraction(arguments, OptionId::mfu).value_or(Fraction{});
  settings.mbu = fraction(arguments, OptionId::mbu).value_or(Fraction{});
  settings.beyond_window = true;
  return settings;
}

Status run_compare(const Arguments& arguments) {
  const RenderOptions options = render_options(arguments);
  const std::vector<Target> documents = targets(arguments, kCompareShape);
  require_model("compare", arguments.words());
  StrategyQuestion question;
  question.strategies = arguments.all(OptionId::with);
  question.strategies_source = "--with";
  question.contexts = lengths(arguments, OptionId::context, 1);
  const LengthList batches = lengths(arguments, OptionId::batch, 1);
  if (!batches.empty()) {
    if (batches.size() != 1) {
      throw_fault("--batch", "expected one value, found several", "compare varies --with, models and --context");
    }
    question.batch = batches.smallest();
  }
  question.workload.convention = convention(arguments);
  question.workload.logits = logits(arguments);
  question.workload.kv = sole(kv_precisions(arguments), OptionId::kv_precision);
  question.workload.weights = sole(weight_schemes(arguments), OptionId::weights).value_or(WeightScheme());
  question.engine = sole(engine_choices(arguments), OptionId::engine).value_or(ideal_engine());
  question.devices = devices_of(arguments, question.engine);
  question.models = load_models(arguments, arguments.words());

  const StrategyComparison answer = compare_strategies(question);
  const CompareDocument document(answer, options);
  deliver(arguments, documents, document);
  return Status::answered;
}

}  // namespace

extern const Command kCompare;
const Command kCompare = {"compare",
                          "MODEL...",
                          "long-context strategies or models, side by side",
                          kCompareOptions,
                          kCompareExamples,
                          run_compare,
                          [] { return target_formats(kCompareShape); },
                          Completion::model,
                          "Limits: models of at most 256 kinds of layers.\n"};

}  // namespace ctxcost::cli
