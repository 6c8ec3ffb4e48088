// ctxcost train: FLOPs, time and memory of training over stages of growing context.
#include <array>

#include "command.h"
#include "core/format.h"
#include "counting.h"
#include "ctxcost/answer/training.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/training_schedule.h"
#include "deployment_options.h"
#include "option_groups.h"
#include "option_values.h"
#include "render/train_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr auto kTrainOptions = joined(
    std::array{
        OptionId::stage, OptionId::schedule,   OptionId::warm_up,     OptionId::tokens,    OptionId::baseline_context,
        OptionId::batch, OptionId::convention, OptionId::assume,      OptionId::set,       OptionId::recompute,
        OptionId::flash, OptionId::dropout,    OptionId::optimizer,   OptionId::zero,      OptionId::sequence_parallel,
        OptionId::gpu,   OptionId::parallel,   OptionId::utilization, OptionId::margin,    OptionId::activations,
        OptionId::mfu,   OptionId::price,      OptionId::power,       OptionId::exit_zero, OptionId::format,
        OptionId::output},
    kPageOptions);

constexpr std::string_view kTrainExamples =
    "  ctxcost train llama-3-8b --stage 64K:62914560 --stage 256K:100663296\n"
    "  ctxcost train llama-3.1-8b --warm-up 8K..128K --tokens 10000m \\\n"
    "    --gpu h100-sxm-80gb --parallel tp=8,dp=8 --zero 1 --mfu 0.4\n";

/// --stage, --schedule, or --warm-up with --tokens: just one of them.
std::vector<TrainingStage> stages_of(const Arguments& arguments) {
  const int ways = int{arguments.has(OptionId::stage)} + int{arguments.has(OptionId::schedule)} +
                   int{arguments.has(OptionId::warm_up)};
  if (ways != 1) {
    throw_fault("train",
                format("expected one of --stage, --schedule and --warm-up, found {}", ways == 0 ? "none" : "several"),
                "write --stage 64K:62914560");
  }
  if (arguments.has(OptionId::warm_up) != arguments.has(OptionId::tokens)) {
    if (arguments.has(OptionId::tokens)) throw_fault("--tokens", "belongs to --warm-up, which is not given");
    throw_fault("--warm-up", "expected --tokens beside it, found nothing", "write --tokens 1000m");
  }
  if (arguments.has(OptionId::schedule)) return load_schedule(arguments.value(OptionId::schedule));
  if (arguments.has(OptionId::warm_up)) {
    return warm_up_stages(lengths(arguments, OptionId::warm_up, 1),
                          parse_length(arguments.value(OptionId::tokens), "--tokens"));
  }
  std::vector<TrainingStage> stages;
  for (const std::string& text : arguments.all(OptionId::stage)) stages.push_back(parse_stage(text, "--stage"));
  return stages;
}

/// A length of at least 1.
Count positive_length(const Arguments& arguments, OptionId id) {
  const Count length = parse_length(arguments.value_or_fallback(id), option(id).name);
  if (length == 0) throw_fault(option(id).name, "expected a positive number, found 0");
  return length;
}

bool is_on(const Arguments& arguments, OptionId id) { return arguments.value_or_fallback(id) == "on"; }

TrainingMethod method_of(const Arguments& arguments) {
  TrainingMethod method;
  const std::string_view recompute = arguments.value_or_fallback(OptionId::recompute);
  for (std::size_t i = 0; i < std::size(kRecomputeNames); ++i) {
    if (kRecomputeNames[i] == recompute) method.recompute = static_cast<Recompute>(i);
  }
  method.flash = is_on(arguments, OptionId::flash);
  method.dropout = is_on(arguments, OptionId::dropout);
  return method;
}

/// --gpu and --parallel, of which there is at most one each.
void place(const Arguments& arguments, TrainingQuestion& question) {
  const std::vector<GpuChoice> gpus = gpu_choices(arguments);
  if (gpus.size() > 1) throw_fault("--gpu", "expected one GPU, found several");
  for (const Placement& placement : placements(gpus, parallelisms(arguments))) {
    question.gpu = placement.gpu;
    question.placement.parallelism = placement.split.value_or(Parallelism{.tensor = placement.gpus});
  }
  require_gpu(arguments, {OptionId::activations, OptionId::mfu, OptionId::price, OptionId::power, OptionId::utilization,
                          OptionId::margin});
}

TrainingQuestion read_training(const Arguments& arguments) {
  TrainingQuestion question;
  question.stages = stages_of(arguments);
  if (arguments.words().size() != 1) {
    throw_fault("train", format("expected one MODEL, found {}", arguments.words().size()),
                "a JSON file, a directory with a config.json, - or a catalogue name");
  }
  question.convention = convention(arguments);
  question.method = method_of(arguments);
  question.placement.fp32_gradients = arguments.value_or_fallback(OptionId::optimizer) == "adam-fp32-grads";
  question.placement.zero_stage = *parse_digits(arguments.value_or_fallback(OptionId::zero));
  question.placement.sequence_parallel = is_on(arguments, OptionId::sequence_parallel);
  question.batch = positive_length(arguments, OptionId::batch);
  question.baseline_context = positive_length(arguments, OptionId::baseline_context);
  place(arguments, question);
  question.activations = activations(arguments);
  question.mfu = fraction(arguments, OptionId::mfu);
  if (question.gpu) question.usd_per_hour = usd_per_device_hour(arguments, *question.gpu);
  question.watts = watts_given(arguments);
  question.utilization = fraction(arguments, OptionId::utilization);
  question.margin = margin(arguments).value_or(question.margin);
  question.model = load_models(arguments, arguments.words()).front();
  return question;
}

Status run_train(const Arguments& arguments) {
  const RenderOptions options = render_options(arguments);
  const std::vector<Target> documents = targets(arguments, kTrainShape);

  const TrainingAnswer answer = train(read_training(arguments));
  const TrainDocument document(answer, options);
  deliver(arguments, documents, document);
  return answer.fits || arguments.has(OptionId::exit_zero) ? Status::answered : Status::over_budget;
}

}  // namespace

extern const Command kTrain;
const Command kTrain = {"train",
                        "MODEL",
                        "what training over stages of growing context costs",
                        kTrainOptions,
                        kTrainExamples,
                        run_train,
                        [] { return target_formats(kTrainShape); },
                        Completion::model,
                        "Limits: models of at most 1,024 kinds of layers.\n"};

}  // namespace ctxcost::cli
