// ctxcost report: one page to look at, with tables, charts and everything that the figures take for granted.
#include "ctxcost/answer/report.h"

#include <unistd.h>
#include <array>

#include <algorithm>

#include "command.h"
#include "complaints.h"
#include "core/format.h"
#include "counting.h"
#include "ctxcost/answer/evaluation_scores.h"
#include "ctxcost/answer/strategy_comparison.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/render/answer_text.h"
#include "deployment_options.h"
#include "evaluation_options.h"
#include "option_groups.h"
#include "option_values.h"
#include "render/report_chart.h"
#include "render/report_html.h"
#include "render/report_svg.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr auto kReportOptions =
    joined(std::array{OptionId::with}, kEstimateOptions,
           std::array{OptionId::results, OptionId::evaluation_grid, OptionId::depths, OptionId::trials,
                      OptionId::needles, OptionId::seed},
           kDeviceOptions, std::array{OptionId::format, OptionId::output, OptionId::chart, OptionId::units});

constexpr std::string_view kReportExamples =
    "  ctxcost report llama-3.1-8b qwen3-32b --gpu h100-sxm-80gb -o report.html\n"
    "  ctxcost report llama-3.1-8b --with sliding_window:window=4096 -o report.html\n"
    "  ctxcost report gemma-3-27b-it --gpu l40s-48gb:2 --chart memory -o slide.svg\n";

constexpr std::string_view kHtml = "html";
constexpr std::string_view kSvg = "svg";
constexpr TargetFormat kReportFormats[] = {{kHtml, ".html .htm"}, {kSvg, ".svg"}};

/// A page is not for a terminal.
void require_file(const std::vector<Target>& documents) {
  const bool to_standard_output =
      std::any_of(documents.begin(), documents.end(), [](const Target& target) { return target.path.empty(); });
  if (!to_standard_output || isatty(STDOUT_FILENO) != 1) return;
  throw_fault("--output", "expected a FILE, found nothing", "write -o report.html, or -o chart.svg");
}

ReportQuestion read_report(const Arguments& arguments) {
  ReportQuestion question;
  question.devices = read_devices(arguments);
  require_gpu(arguments, {OptionId::mfu, OptionId::mbu, OptionId::activations, OptionId::host_bandwidth});
  if (!arguments.has(OptionId::gpu) && !arguments.has(OptionId::kv_memory)) {
    for (const OptionId id :
         {OptionId::parallel, OptionId::utilization, OptionId::overhead, OptionId::margin, OptionId::beyond_window}) {
      if (arguments.has(id)) throw_fault(option(id).name, "expected --gpu NAME beside it, found nothing");
    }
  }
  if (question.devices.engines.size() > 1) throw_several(OptionId::engine, question.devices.engines.size(), "");
  question.strategies = arguments.all(OptionId::with);
  question.strategies_source = "--with";
  return question;
}

/// The scores of --results. They are of one model.
std::optional<EvaluationScores> read_scores(const Arguments& arguments) {
  if (!arguments.has(OptionId::results)) {
    for (const OptionId id :
         {OptionId::evaluation_grid, OptionId::depths, OptionId::trials, OptionId::needles, OptionId::seed}) {
      if (arguments.has(id)) throw_fault(option(id).name, "belongs to --results, which is not given");
    }
    return std::nullopt;
  }
  if (arguments.words().size() > 1) {
    throw_fault("--results", format("expected one MODEL beside it, found {}", arguments.words().size()),
                "the scores are those of one model");
  }
  const EvaluationPlan plan(read_evaluation_grid(arguments, EvaluationTest::needle), read_evaluation_seed(arguments));
  return score(plan, load_evaluation_results(arguments.value(OptionId::results)));
}

/// What `compare` says of the strategies. Empty without any.
std::string strategies_text(const ReportQuestion& question, const ReportAnswer& answer, const RenderOptions& options) {
  if (question.strategies.empty()) return {};
  StrategyQuestion asked;
  asked.models = question.devices.models;
  asked.strategies = question.strategies;
  asked.strategies_source = question.strategies_source;
  for (const Count context : answer.axes.contexts) asked.contexts.append(LengthList(context));
  asked.batch = answer.axes.batches[answer.first.batch];
  asked.workload.convention = answer.convention;
  asked.workload.logits = answer.logits;
  asked.workload.weights = answer.axes.weights.front();
  asked.workload.kv = answer.axes.kv.front();
  if (!question.devices.engines.empty()) asked.engine = question.devices.engines.front();
  if (!answer.places.empty() && answer.places.front().deployment) {
    asked.devices = answer.places.front().deployment->setup().settings;
    asked.devices->beyond_window = true;
  }
  return render(compare_strategies(asked), "table", options);
}

/// The chart of --chart, else the first that says most.
const ReportChart& chosen_chart(const Arguments& arguments, const std::vector<ReportChart>& charts) {
  const std::string_view asked = arguments.has(OptionId::chart) ? arguments.value(OptionId::chart)
                                 : arguments.has(OptionId::gpu) ? "memory"
                                                                : "attention";
  for (const ReportChart& chart : charts) {
    if (chart.name == asked) return chart;
  }
  throw_fault("--chart", format("there is nothing to draw for \"{}\"", asked),
              arguments.has(OptionId::gpu) ? "" : "times need --gpu NAME");
}

Status run_report(const Arguments& arguments) {
  const RenderOptions options = render_options(arguments);
  const std::vector<Target> documents = targets(arguments, kReportFormats);
  require_model("report", arguments.words());
  require_file(documents);
  const bool draws =
      std::any_of(documents.begin(), documents.end(), [](const auto& one) { return one.format == kSvg; });
  if (arguments.has(OptionId::chart) && !draws) throw_fault("--chart", "belongs to an .svg file, and none is written");
  ReportQuestion question = read_report(arguments);
  const std::optional<EvaluationScores> scores = read_scores(arguments);
  question.devices.models = load_models(arguments, arguments.words());

  const ReportAnswer answer = report(question);
  const std::size_t asked = question.devices.models.size() * (question.strategies.size() + 1);
  for (const InputError& error : answer.left_out) leave_out(error, asked);
  if (answer.series.empty()) return Status::no_answer;
  const ReportExtras extras{scores ? &*scores : nullptr, strategies_text(question, answer, options)};
  const std::vector<ReportChart> charts = draws ? charts_of(answer, options.units) : std::vector<ReportChart>();
  const ReportChart* const chart = draws ? &chosen_chart(arguments, charts) : nullptr;
  deliver(documents, [&](const Target& target, const Output&, Writer& out) {
    if (target.format == kHtml) return write_report_page(answer, extras, options, out);
    std::string caption = series_caption(answer, answer.first);
    if (info(chart->unit).unit == Unit::flops) caption += "; " + answer.convention.name + " convention";
    write_chart(answer, *chart, answer.first, caption, {}, out);
  });
  return Status::answered;
}

}  // namespace

extern const Command kReport;
const Command kReport = {"report",
                         "MODEL...",
                         "one HTML page with tables and charts, or one chart",
                         kReportOptions,
                         kReportExamples,
                         run_report,
                         [] { return std::vector<TargetFormat>(std::begin(kReportFormats), std::end(kReportFormats)); },
                         Completion::model,
                         "Limits: at most 10,000 points (models, strategies, types, devices, contexts and\n"
                         "batches multiplied); models of at most 1,024 kinds of layers.\n"};

}  // namespace ctxcost::cli
