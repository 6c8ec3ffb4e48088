// ctxcost check: budgets in JSON files against the models they name.
#include <algorithm>
#include <array>

#include "command.h"
#include "complaints.h"
#include "counting.h"
#include "ctxcost/answer/baseline.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/render/render.h"
#include "option_groups.h"
#include "option_values.h"
#include "render/check_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr auto kCheckOptions =
    joined(std::array{OptionId::assume, OptionId::set}, kDeviceOptions,
           std::array{OptionId::fail_on, OptionId::baseline, OptionId::max_increase, OptionId::exit_zero,
                      OptionId::format, OptionId::output, OptionId::save},
           kPageOptions);

constexpr std::string_view kCheckExamples =
    "  ctxcost check budgets.json\n"
    "  ctxcost check configs/budgets/*.json --format junit -o budgets.xml\n"
    "  ctxcost check budgets.json --save report.json\n"
    "  ctxcost check budgets.json --baseline report.json --max-increase 5%\n";

/// Returns the requested documents, followed by the saved one.
std::vector<Target> documents_of(const Arguments& arguments) {
  std::vector<Target> documents = targets(arguments, kCheckShape);
  if (arguments.has(OptionId::save)) {
    const std::string_view path = arguments.value(OptionId::save);
    documents.push_back({"json", path == "-" ? "" : std::string(path)});
    check_distinct(documents);
  }
  return documents;
}

BudgetOptions budget_options(const Arguments& arguments) {
  BudgetOptions options;
  options.gpu_source = option(OptionId::gpu).name;
  options.parallel_source = option(OptionId::parallel).name;
  options.models = load_options(arguments);
  DeviceSettings& devices = options.devices;
  if (arguments.has(OptionId::gpu)) {
    devices.gpu = arguments.value(OptionId::gpu);
    static_cast<void>(parse_machine(*devices.gpu));
  }
  if (arguments.has(OptionId::parallel)) devices.parallel = parallelisms(arguments).front();
  if (arguments.has(OptionId::beyond_window)) devices.beyond_window = true;
  devices.utilization = utilizations(arguments);
  devices.activations = activations(arguments);
  devices.mfu = fraction(arguments, OptionId::mfu);
  devices.mbu = fraction(arguments, OptionId::mbu);
  devices.overhead = size(arguments, OptionId::overhead);
  devices.margin = margin(arguments);
  devices.kv_memory = size(arguments, OptionId::kv_memory);
  devices.host_bandwidth = size(arguments, OptionId::host_bandwidth);
  for (const DeviceRates& rates : device_rates(arguments, 1)) {
    if (rates.price_asked && !rates.usd_per_hour) {
      throw_fault("--price", "expected a number above 0, found \"list\"",
                  "a file without a price takes the list price");
    }
    if (rates.power_asked && !rates.watts) {
      throw_fault("--power", "expected a number above 0, found \"board\"", "a file without a power takes its board's");
    }
    devices.usd_per_hour = rates.usd_per_hour;
    devices.watts = rates.watts;
  }
  return options;
}

/// With --quiet: what each model takes for granted, and the longest context of its budgets beyond its window.
void complain_of_models(const Arguments& arguments, const std::vector<Budget>& budgets) {
  if (!arguments.has(OptionId::quiet)) return;
  for (auto budget = budgets.begin(); budget != budgets.end(); ++budget) {
    const auto has_model = [&](const Budget& other) { return other.model == budget->model; };
    if (std::any_of(budgets.begin(), budget, has_model)) continue;
    Count longest = budget->contexts.largest();
    for (auto other = budget; other != budgets.end(); ++other) {
      if (has_model(*other)) longest = max(longest, other->contexts.largest());
    }
    complain_of_assumptions(budget->model_name, *budget->model, longest);
  }
}

Status run_check(const Arguments& arguments) {
  // All arguments are checked before a file is read.
  const RenderOptions render = render_options(arguments);
  CheckOptions checking;
  checking.judging.fail_on_warning = arguments.value_or_fallback(OptionId::fail_on) == "warning";
  checking.judging.remedies = !render.quiet;
  const BudgetOptions options = budget_options(arguments);
  const std::vector<Target> documents = documents_of(arguments);
  const std::vector<std::string>& files = arguments.words();
  if (files.empty()) {
    throw InputError(Diagnostic{"check", "", "expected a budget FILE, found nothing", "- reads standard input"});
  }
  if (std::count(files.begin(), files.end(), "-") > 1) {
    throw InputError(Diagnostic{"-", "", "standard input can be read once only", ""});
  }

  for (const std::string& text : arguments.all(OptionId::max_increase)) {
    checking.allowed.push_back(parse_allowed_increase(text, option(OptionId::max_increase).name));
  }
  const std::string baseline(arguments.value(OptionId::baseline));
  if (baseline.empty() && !checking.allowed.empty()) {
    throw InputError(Diagnostic{"--max-increase", "", "needs --baseline FILE", ""});
  }
  if (baseline == "-" && std::count(files.begin(), files.end(), "-") > 0) {
    throw InputError(Diagnostic{"-", "", "standard input can be read once only", ""});
  }

  BudgetFiles budgets = load_budgets(files, options);
  for (const Diagnostic& note : budgets.notes) complain(note);
  complain_of_models(arguments, budgets.budgets);
  if (!baseline.empty()) checking.baseline = load_baseline(baseline);
  const BudgetReport report = check(std::move(budgets), checking);
  deliver(arguments, documents, CheckDocument(report, render));
  if (!report.faults.empty()) {
    std::vector<Diagnostic> faults;
    for (const BudgetFault& fault : report.faults) faults.push_back(fault.diagnostic);
    throw InputError(std::move(faults));
  }
  return report.verdict == Verdict::fail && !arguments.has(OptionId::exit_zero) ? Status::over_budget
                                                                                : Status::answered;
}

}  // namespace

extern const Command kCheck;
const Command kCheck = {"check",
                        "FILE...",
                        "judge the budgets in JSON files: pass, warn or fail",
                        kCheckOptions,
                        kCheckExamples,
                        run_check,
                        [] { return target_formats(kCheckShape); },
                        Completion::file,
                        "Limits: at most 10,000 pairs of context and batch in a budget, and 100,000 in a\n"
                        "file, each once for every length of its requests and every eight kinds of\n"
                        "layers; models of at most 16,384 layers, 2,048 of more than 32 kinds, 1,024\n"
                        "kinds; the first 50 breaches get the settings that would pass, fewer where a\n"
                        "model has more than 20 kinds.\n"};

}  // namespace ctxcost::cli
