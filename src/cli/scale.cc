// ctxcost scale: the scaling table of models over types, engines, batches and contexts.
#include <array>
#include <utility>

#include "command.h"
#include "complaints.h"
#include "counting.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/fullest_device.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/input/input.h"
#include "ctxcost/render/render.h"
#include "option_groups.h"
#include "option_values.h"
#include "parts.h"
#include "render/scale_document.h"
#include "scale_stream.h"
#include "targets.h"
#include "value_readers.h"

namespace ctxcost::cli {

extern const Command kScale;

namespace {

constexpr auto kScaleOptions = joined(
    kEstimateOptions,
    std::array{OptionId::parallel, OptionId::ndjson, OptionId::keep_going, OptionId::exit_zero, OptionId::format,
               OptionId::output, OptionId::columns, OptionId::explain_columns, OptionId::plot, OptionId::jobs,
               OptionId::units, OptionId::color, OptionId::width, OptionId::wide, OptionId::quiet, OptionId::verbose});

constexpr std::string_view kScaleExamples =
    "  ctxcost article-7b\n"
    "  ctxcost scale llama-3.1-8b -n 8K..128K -b 1,8 --kv-precision bf16,q8_0\n"
    "  ctxcost config.json -n 131072 --format json | jq '.results[0].kv_cache_bytes'\n"
    "  ctxcost scale mistral-7b qwen3-8b --convention causal -o costs.csv\n";

/// How --parallel splits a model. Empty without it.
ModelSplit model_split(const Arguments& arguments) {
  const std::vector<Parallelism> splits = parallelisms(arguments);
  if (splits.empty()) return {};
  DeploymentSettings settings;
  settings.parallelism = splits.front();
  return [settings = std::move(settings)](const Estimator& estimator) {
    return fullest_device({estimator.shared_model(), estimator.settings(), estimator.engine(), settings});
  };
}

/// If there are several models, leaves out those that the grid refuses (an engine's limits, a type that cannot store
/// them).
void keep_answerable(Grid& grid, const Workload& settings) {
  std::vector<SharedModel> models;
  models.swap(grid.models);
  const std::size_t named = models.size();
  for (SharedModel& model : models) {
    try {
      if (named > 1) {
        Grid alone = grid;
        alone.models.push_back(model);
        const Report report(std::move(alone), settings);
      }
      grid.models.push_back(std::move(model));
    } catch (const InputError& error) {
      leave_out(error, named);
    }
  }
}

Status run_scale(const Arguments& arguments) {
  Workload settings;
  settings.convention = convention(arguments);
  settings.logits = logits(arguments);
  RenderOptions render = render_options(arguments);
  render.columns = columns(arguments);
  Grid axes = grid(arguments);
  axes.split = model_split(arguments);
  require_model("scale", arguments.words());
  if (arguments.has(OptionId::ndjson)) return run_scale_stream(arguments, axes, settings, render);
  if (arguments.has(OptionId::keep_going)) {
    throw_fault("--keep-going", "goes on after a line that is no model, and needs --ndjson",
                "several MODELs are answered as far as they can be without it");
  }
  const std::vector<Target> documents = targets(arguments, kScaleShape);
  axes.models = load_models(arguments, arguments.words());
  keep_answerable(axes, settings);
  if (axes.models.empty()) return Status::no_answer;

  const Report report(std::move(axes), settings);
  const ScaleDocument document(report, render);
  const std::size_t jobs = parse_jobs(arguments.value_or_fallback(OptionId::jobs), option(OptionId::jobs).name);
  deliver(documents, [&](const Target& target, const Output& output, Writer& out) {
    const OutputFormat& format = *find_output_format(target.format);
    if (format.joins && write_in_parts(document, report.rows(), format, jobs, output.is_terminal(), out)) return;
    format.write(document, page_settings(arguments, output), out);
  });
  return Status::answered;
}

}  // namespace

const Command kScale = {"scale",
                        "MODEL...",
                        "table of costs over contexts, batches and types",
                        kScaleOptions,
                        kScaleExamples,
                        run_scale,
                        [] { return target_formats(kScaleShape); },
                        Completion::model,
                        "Limits: models of at most 8,192 kinds of layers.\n"};

}  // namespace ctxcost::cli
