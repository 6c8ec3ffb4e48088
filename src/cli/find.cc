// ctxcost find: which models of the catalogue fit a GPU.
#include <array>

#include "ctxcost/answer/find.h"

#include "command.h"
#include "complaints.h"
#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "deployment_options.h"
#include "option_groups.h"
#include "option_values.h"
#include "render/find_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr auto kFindOptions = joined(std::array{OptionId::context,        OptionId::batch,    OptionId::kv_precision,
                                                OptionId::weights,        OptionId::engine,   OptionId::family,
                                                OptionId::parameters,     OptionId::gpu,      OptionId::parallel,
                                                OptionId::utilization,    OptionId::overhead, OptionId::margin,
                                                OptionId::host_bandwidth, OptionId::lora,     OptionId::beyond_window,
                                                OptionId::activations,    OptionId::mfu,      OptionId::mbu,
                                                OptionId::price,          OptionId::power,    OptionId::exit_zero,
                                                OptionId::format,         OptionId::output},
                                     kPageOptions);

constexpr std::string_view kFindExamples =
    "  ctxcost find --gpu 3090 -n 32K\n"
    "  ctxcost find --gpu h100-sxm-80gb:2 -n 128K -b 4 --engine vllm --weights fp8\n"
    "  ctxcost find --gpu 4090 -n 16K --family qwen3,gemma3 --parameters 7B..40B\n";

Status run_find(const Arguments& arguments) {
  const RenderOptions options = render_options(arguments);
  const std::vector<Target> documents = targets(arguments, kFindShape);
  if (!arguments.words().empty()) {
    throw_fault("find", format("takes no MODEL, found \"{}\"", arguments.words().front()),
                "--family and --parameters choose models");
  }
  if (!arguments.has(OptionId::gpu)) {
    throw_fault("find", "expected --gpu NAME, found none", "`ctxcost list gpus` shows the devices");
  }
  FindQuestion question;
  question.devices = read_devices(arguments);
  require_one_case(question.devices);
  if (arguments.has(OptionId::family)) {
    for (const std::string& text : arguments.all(OptionId::family)) {
      for (std::string& name : split_names(text, "--family")) question.families.push_back(std::move(name));
    }
  }
  if (arguments.has(OptionId::parameters)) {
    const ParameterRange range = parse_parameters(arguments.value(OptionId::parameters), "--parameters");
    question.least_parameters = range.least;
    question.most_parameters = range.most;
  }
  const FindAnswer answer = find_models(question);
  if (options.quiet) {
    for (const std::string& note : answer.assumptions) complain("note: " + note);
  }
  deliver(arguments, documents, FindDocument(answer, options));
  return !answer.models.empty() || arguments.has(OptionId::exit_zero) ? Status::answered : Status::over_budget;
}

}  // namespace

extern const Command kFind;
const Command kFind = {"find",        "",       "which models of the catalogue fit on GPUs", kFindOptions,
                       kFindExamples, run_find, [] { return target_formats(kFindShape); }};

}  // namespace ctxcost::cli
