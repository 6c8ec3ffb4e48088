// ctxcost diff: what changes between two models or two saved reports, and which config keys made it change.
#include "command.h"
#include "counting.h"
#include "ctxcost/answer/difference.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/render/render.h"
#include "input/formats.h"
#include "input/json/config_changes.h"
#include "input/model_config.h"
#include "input/saved_report/saved_report.h"
#include "render/comparison.h"
#include "targets.h"

namespace ctxcost::cli {

extern const Command kDiff;

namespace {

constexpr OptionId kOptions[] = {OptionId::context, OptionId::batch,      OptionId::kv_precision, OptionId::weights,
                                 OptionId::engine,  OptionId::convention, OptionId::logits,       OptionId::assume,
                                 OptionId::fail_if, OptionId::exit_zero,  OptionId::format,       OptionId::output,
                                 OptionId::columns, OptionId::units,      OptionId::quiet};

constexpr std::string_view kExamples =
    "  ctxcost diff llama-2-7b llama-3.1-8b -n 4K,32K\n"
    "  ctxcost diff main/config.json config.json --fail-if 'kv_cache_bytes > +5%'\n"
    "  ctxcost diff before.json after.json --format markdown\n";

DiffOptions diff_options(const Arguments& arguments) {
  static constexpr std::string_view kLogits[] = {"last", "all"};
  static constexpr std::string_view kAssumptions[] = {"full"};
  DiffOptions options;
  if (arguments.has("--context")) options.contexts = lengths(arguments, "--context", 0);
  options.batches = lengths(arguments, "--batch", 1);
  for (const std::string& text : split_names(arguments.all("--kv-precision"), "--kv-precision")) {
    options.kv.push_back(parse_kv_precision(text, "--kv-precision"));
  }
  for (const std::string& text : split_names(arguments.all("--weights"), "--weights")) {
    options.weights.push_back(parse_weight_scheme(text, "--weights"));
  }
  for (const std::string& text : arguments.all("--engine")) options.engines.push_back(parse_engine(text));
  if (arguments.has("--convention")) options.counting.convention = parse_convention(arguments.value("--convention"));
  options.counting.logits = arguments.choice("--logits", kLogits, "last") == "all" ? Logits::all : Logits::last;
  options.models.assume_full =
      arguments.choice("--assume", kAssumptions, "full") == "full" && arguments.has("--assume");
  for (const std::string& text : arguments.all("--columns")) {
    for (const Column& column : parse_columns(text, "--columns")) {
      if (const Metric* metric = std::get_if<Metric>(&column)) options.metrics.push_back(*metric);
    }
  }
  for (const std::string& text : arguments.all("--fail-if")) {
    options.thresholds.push_back(parse_threshold(text, "--fail-if"));
  }
  return options;
}

void refuse_settings(const Arguments& arguments) {
  for (const std::string_view option : {"--kv-precision", "--weights", "--engine", "--convention", "--logits"}) {
    if (!arguments.has(option)) continue;
    throw InputError(Diagnostic{std::string(option), "", "saved reports were counted already",
                                "give it to the runs that wrote them"});
  }
}

Status run(const Arguments& arguments) {
  static constexpr std::string_view kUnits[] = {"si", "iec"};

  RenderOptions render;
  render.command = "diff";
  render.units = arguments.choice("--units", kUnits, "si") == "iec" ? UnitSystem::iec : UnitSystem::si;
  render.quiet = arguments.has("--quiet");
  const std::vector<Target> documents = targets(arguments, row_formats());
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
  if (before.is_report() && after.is_report()) refuse_settings(arguments);
  const Difference difference = diff(before, after, options);

  deliver(documents, [&](const Target& target, const Output&, Writer& out) {
    render_difference(difference, target.format, render, out);
  });
  return difference.verdict == Verdict::fail && !arguments.has("--exit-zero") ? Status::over_budget : Status::answered;
}

}  // namespace

const Command kDiff = {"diff",      "OLD NEW",        "what changes between two models or two saved reports",
                       kOptions,    kExamples,        run,
                       row_formats, Completion::model};

}  // namespace ctxcost::cli
