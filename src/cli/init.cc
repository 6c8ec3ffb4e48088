// ctxcost init: a first budget file for a model, from what it takes today.
#include <algorithm>
#include <filesystem>
#include <span>

#include "command.h"
#include "complaints.h"
#include "core/format.h"
#include "counting.h"
#include "ctxcost/answer/first_budget.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "deployment_options.h"
#include "estimate/window_note.h"
#include "option_values.h"
#include "render/budget_file.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr OptionId kInitOptions[] = {OptionId::kv_precision, OptionId::weights,       OptionId::engine,
                                     OptionId::convention,   OptionId::logits,        OptionId::parallel,
                                     OptionId::utilization,  OptionId::beyond_window, OptionId::activations,
                                     OptionId::mfu,          OptionId::mbu,           OptionId::overhead,
                                     OptionId::margin,       OptionId::kv_memory,     OptionId::host_bandwidth,
                                     OptionId::context,      OptionId::batch,         OptionId::gpu,
                                     OptionId::output,       OptionId::quiet};

/// Those that a budget has as they are given, in the order in which it is written: all up to the context.
constexpr std::span<const OptionId> kBudgetOptions = std::span(kInitOptions).first<15>();
static_assert(kInitOptions[kBudgetOptions.size()] == OptionId::context);

constexpr std::string_view kInitExamples =
    "  ctxcost init llama-3.1-8b --gpu h100-sxm-80gb -n 32K -b 8 -o budgets.json\n"
    "  ctxcost init qwen3-8b --gpu 4090 -n 16K --weights Q4_K_M --engine llama.cpp\n";

/// A name as it is; the path of a file as the budget file finds it.
std::string beside(std::string_view word, std::string_view budget_file) {
  const std::filesystem::path path(word);
  std::error_code fault;
  if (path.is_absolute() || budget_file.empty() || !std::filesystem::exists(path, fault)) return std::string(word);
  const std::filesystem::path from = std::filesystem::path(budget_file).parent_path();
  if (from.empty()) return std::string(word);
  return std::filesystem::proximate(path, from, fault).generic_string();
}

/// The same of every part of a machine.
std::string cards_beside(std::string_view gpu, std::string_view budget_file) {
  std::error_code fault;
  if (std::filesystem::exists(std::filesystem::path(gpu), fault)) return beside(gpu, budget_file);
  std::string text;
  for (const std::string_view part : machine_parts(gpu)) {
    text.append(text.empty() ? "" : "+").append(beside(part, budget_file));
  }
  return text;
}

/// The key of an option in budget files: its name with underscores.
std::string key_of(OptionId id) {
  std::string key = std::string(option(id).name).substr(2);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

/// Reads the one case that a budget judges.
DeploymentQuestion read_single(const Arguments& arguments) {
  if (arguments.words().size() != 1) {
    throw_fault("init", format("expected one MODEL, found {}", arguments.words().size()),
                "`ctxcost init --help` has examples");
  }
  if (arguments.words().front() == "-") {
    throw_fault("init", "expected a name or a file, found standard input", "a budget file names its models");
  }
  DeploymentQuestion question = read_devices(arguments);
  require_gpu(arguments, {OptionId::parallel, OptionId::mfu, OptionId::mbu});
  require_one_case(question);
  if (question.weights.size() > 1) throw_several(OptionId::weights, question.weights.size(), "");
  if (question.kv_precisions.size() > 1) throw_several(OptionId::kv_precision, question.kv_precisions.size(), "");
  question.models = load_models(arguments, arguments.words());
  return question;
}

FirstBudget settings_of(const Arguments& arguments, const Setup& setup, Count context, Count batch) {
  const std::string_view file = arguments.value(OptionId::output);
  const std::string& model = arguments.words().front();
  FirstBudget budget;
  budget.name = format("{} at {}", setup.model->name, length_label(context));
  if (batch > 1) budget.name += format(" x {}", to_string(batch));
  budget.settings = {
      {"model", beside(model, file), true}, {"context", length_label(context)}, {"batch", to_string(batch)}};
  if (arguments.has(OptionId::gpu)) {
    const std::string_view gpu = arguments.value(OptionId::gpu);
    budget.name += format(" on {}", gpu);
    budget.settings.push_back({"gpu", cards_beside(gpu, file), true});
  }
  for (const OptionId id : kBudgetOptions) {
    if (!arguments.has(id)) continue;
    const std::string& text = arguments.all(id).back();
    budget.settings.push_back({key_of(id), text.empty() ? "true" : text});  // a flag has no text
  }
  return budget;
}

void say_what_next(std::string_view file) {
  const std::string name(file.empty() || file == "-" ? "FILE" : file);
  complain(format("each limit is about {} % beyond what it takes today: change them to what you can afford",
                  kFirstLimitSlack));
  complain(format("`ctxcost check {}` judges it; the exit status is 1 where a limit is breached", name));
  complain("in CI the same, with `--format github` on GitHub or `--format junit -o budgets.xml` elsewhere");
}

Status run_init(const Arguments& arguments) {
  const DeploymentQuestion question = read_single(arguments);
  const SharedModel model = question.models.front();
  const Setup setup = cases(question).front().setup;
  const Count context = contexts_of(question, *model).smallest();
  const Count batch = batches_of(question, *model).smallest();
  const Deployment deployment(setup);
  const bool bounded = setup.settings.has_cards() || setup.settings.kv_memory;
  const std::string_view limit = !bounded                            ? std::string_view()
                                 : deployment.within_window(context) ? deployment.held(context, batch).limit
                                                                     : "window";
  if (!limit.empty()) {
    complain(Diagnostic{model->name, "",
                        format("does not fit with {} tokens and a batch of {}: {}; no budget is written",
                               to_string(context), to_string(batch), limit),
                        "`ctxcost fit` with the same options names what would"});
    return Status::over_budget;
  }
  FirstBudget budget = settings_of(arguments, setup, context, batch);
  budget.limits = first_limits(deployment, context, batch);
  if (budget.limits.empty()) throw_fault(model->name, "expected a figure to limit, found none that is known");
  deliver({{"", std::string(arguments.value(OptionId::output))}},
          [&budget](const Target&, const Output&, Writer& out) { write_budget_file(budget, out); });
  if (arguments.has(OptionId::quiet)) return Status::answered;
  for (const std::string& note : model->notes) complain(format("{}: note: {}", model->name, note));
  if (const std::string note = window_note(*model, context); !note.empty()) {
    complain(format("{}: note: {}", model->name, note));
  }
  say_what_next(arguments.value(OptionId::output));
  return Status::answered;
}

}  // namespace

extern const Command kInit;
const Command kInit = {"init",       "MODEL",          "a first budget file, from what a model takes today",
                       kInitOptions, kInitExamples,    run_init,
                       nullptr,      Completion::model};

}  // namespace ctxcost::cli
