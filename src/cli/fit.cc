// ctxcost fit: whether models fit their devices, part by part, and bounds on their speed.
#include "ctxcost/answer/fit.h"
#include "command.h"
#include "complaints.h"
#include "deployment_options.h"
#include "option_values.h"
#include "render/fit_document.h"
#include "request_options.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr std::string_view kFitExamples =
    "  ctxcost fit llama-3.1-8b --gpu h100-sxm-80gb -n 32K -b 8\n"
    "  ctxcost fit llama-3.1-8b -n 128K -b 8 --gpu l4-24gb:4,l4-24gb:8 --weights fp8\n"
    "  ctxcost fit llama-3.1-8b --engine vllm --kv-memory 4.06GiB -n 20k\n";

Status run_fit(const Arguments& arguments) {
  const RenderOptions options = render_options(arguments);
  const std::vector<Target> documents = targets(arguments, kFitShape);

  require_users(arguments);
  DeploymentQuestion question = read_question("fit", arguments, arguments.words());
  const std::size_t asked = question.models.size();
  leave_out_without_context(question);
  const FitAnswer answer = fit(question);
  for (const InputError& error : answer.left_out) leave_out(error, asked);
  if (answer.alternatives.empty()) return Status::no_answer;

  const FitDocument document(answer, options);
  deliver(arguments, documents, document);
  return answer.fits() || arguments.has(OptionId::exit_zero) ? Status::answered : Status::over_budget;
}

}  // namespace

extern const Command kFit;
const Command kFit = {"fit",
                      "MODEL...",
                      "whether a model fits on GPUs, and how fast it can run",
                      deployment_options(),
                      kFitExamples,
                      run_fit,
                      [] { return target_formats(kFitShape); },
                      Completion::model,
                      "Limits: at most 10,000 points (models, types, engines, GPUs, contexts and\n"
                      "batches multiplied); 16,384 layers, 2,048 of more than 32 kinds, 1,024 kinds.\n"
                      "`scale` takes more of each.\n"};

}  // namespace ctxcost::cli
