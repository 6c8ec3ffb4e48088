// ctxcost diff: what changes between two models or two saved reports, and which config keys made it change.
#include <array>

#include "command.h"
#include "counting.h"
#include "ctxcost/answer/difference.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/render/render.h"
#include "option_groups.h"
#include "option_values.h"
#include "render/diff_document.h"
#include "targets.h"

namespace ctxcost::cli {

extern const Command kDiff;

namespace {

constexpr auto kDiffOptions =
    joined(kEstimateOptions,
           std::array{OptionId::fail_if, OptionId::exit_zero, OptionId::format, OptionId::output, OptionId::columns},
           kPageOptions);

constexpr std::string_view kDiffExamples =
    "  ctxcost diff llama-2-7b llama-3.1-8b -n 4K,32K\n"
    "  ctxcost diff main/config.json config.json --fail-if 'kv_cache_bytes > +5%'\n"
    "  ctxcost diff before.json after.json --format markdown\n";

DiffOptions diff_options(const Arguments& arguments) {
  DiffOptions options;
  options.grid = grid(arguments);
  options.counting.convention = convention(arguments);
  options.counting.logits = logits(arguments);
  options.models = load_options(arguments);
  for (const Column& column : columns(arguments)) {
    if (const Metric* metric = std::get_if<Metric>(&column)) options.metrics.push_back(*metric);
  }
  for (const std::string& text : arguments.all(OptionId::fail_if)) {
    options.thresholds.push_back(parse_threshold(text, option(OptionId::fail_if).name));
  }
  return options;
}

void refuse_settings(const Arguments& arguments) {
  for (const OptionId id :
       {OptionId::kv_precision, OptionId::weights, OptionId::engine, OptionId::convention, OptionId::logits}) {
    if (!arguments.has(id)) continue;
    throw InputError(Diagnostic{std::string(option(id).name), "", "saved reports were counted already",
                                "give it to the runs that wrote them"});
  }
}

Status run_diff(const Arguments& arguments) {
  RenderOptions render = render_options(arguments);
  const std::vector<Target> documents = targets(arguments, kDiffShape);
  const DiffOptions options = diff_options(arguments);

  const std::vector<std::string>& words = arguments.words();
  if (words.size() != 2) {
    throw InputError(Diagnostic{
        "diff", "",
        "expected OLD and NEW, found " + std::to_string(words.size()) + (words.size() == 1 ? " word" : " words"),
        "two models, or two reports that `--format json` wrote"});
  }
  if (words[0] == "-" && words[1] == "-") {
    throw InputError(Diagnostic{"diff", "", "standard input can be read once, found \"-\" twice", ""});
  }
  const Comparand before = load_comparand(words[0], options.models);
  const Comparand after = load_comparand(words[1], options.models);
  if (before.is_report() && after.is_report()) {
    refuse_settings(arguments);
    render.convention_asked = true;  // by the runs that wrote them
  }
  for (const Comparand* const one : {&before, &after}) {
    if (const auto* const compared = std::get_if<ComparedModel>(&one->content)) {
      complain_of_assumptions(arguments, one->name, compared->model);
    }
  }
  const Difference difference = diff(before, after, options);

  deliver(arguments, documents, DiffDocument(difference, render));
  return difference.verdict == Verdict::fail && !arguments.has(OptionId::exit_zero) ? Status::over_budget
                                                                                    : Status::answered;
}

}  // namespace

const Command kDiff = {"diff",
                       "OLD NEW",
                       "what changes between two models or two saved reports",
                       kDiffOptions,
                       kDiffExamples,
                       run_diff,
                       [] { return target_formats(kDiffShape); },
                       Completion::model,
                       "Limits: at most 10,000 points (contexts and batches multiplied) of models; keys\n"
                       "are tried alone until 8 MiB of config are read; 1,024 kinds of layers.\n"};

}  // namespace ctxcost::cli
