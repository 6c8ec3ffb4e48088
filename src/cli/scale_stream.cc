#include "scale_stream.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "complaints.h"
#include "counting.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/model_lines.h"
#include "option_values.h"
#include "render/scale_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

/// NDJSON first: what comes in lines goes out in lines.
std::vector<TargetFormat> stream_formats() {
  std::vector<TargetFormat> formats = target_formats(kScaleStreamShape);
  const auto ndjson =
      std::find_if(formats.begin(), formats.end(), [](const TargetFormat& format) { return format.name == "ndjson"; });
  std::rotate(formats.begin(), ndjson, ndjson + 1);
  return formats;
}

}  // namespace

Status run_scale_stream(const Arguments& arguments, const Grid& axes, const Workload& settings,
                        const RenderOptions& render) {
  const std::vector<Target> documents = targets(arguments, stream_formats());
  if (documents.size() > 1) {
    throw_fault("--ndjson", "expected one output, found " + std::to_string(documents.size()),
                "a stream is read once: give one --format or --output");
  }
  if (arguments.has(OptionId::jobs)) {
    throw_fault("--jobs", "divides the contexts of a grid, not a stream of models", "leave --jobs or --ndjson out");
  }
  const bool keep_going = arguments.has(OptionId::keep_going);
  const LoadOptions options = load_options(arguments);
  // Runs a step. Returns whether to go on: not after an error, unless --keep-going.
  const auto step = [keep_going](const auto& work) {
    try {
      work();
      return true;
    } catch (const InputError& error) {
      leave_out_line(error);
      return keep_going;
    }
  };
  const auto for_each_report = [&](const ScaleStreamDocument::ReportVisitor& visit) {
    for (const std::string& path : arguments.words()) {
      std::optional<ModelLines> lines;
      if (!step([&] { lines.emplace(path, options); })) return;
      bool more = lines.has_value();
      while (more) {
        const bool go_on = step([&] {
          std::optional<Model> model = lines->next();
          more = model.has_value();
          if (!more) return;
          complain_of_assumptions(arguments, model->name, *model);
          Grid one = axes;
          one.models.emplace_back(*std::move(model));
          visit(Report(std::move(one), settings));
        });
        if (!go_on) return;
      }
    }
  };
  deliver(arguments, documents, ScaleStreamDocument(for_each_report, settings, render, static_cast<bool>(axes.split)));
  return Status::answered;
}

}  // namespace ctxcost::cli
