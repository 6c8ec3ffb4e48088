// `ctxcost show NAME`: one built-in entry in full.
#include "ctxcost/answer/show.h"

#include <algorithm>

#include "command.h"
#include "complaints.h"
#include "ctxcost/core/diagnostic.h"
#include "render/show_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr OptionId kShowOptions[] = {OptionId::format, OptionId::output, OptionId::color, OptionId::width,
                                     OptionId::wide};

constexpr std::string_view kShowExamples =
    "  ctxcost show gemma-3-27b-it\n"
    "  ctxcost show llama-3.1-8b --format json >llama.json\n"
    "  ctxcost show m3-max-128gb --format json >mine.json\n"
    "  ctxcost show sliding_window\n";

Status run_show(const Arguments& arguments) {
  const std::vector<Target> documents = targets(arguments, kShowShape);
  if (arguments.words().size() != 1) {
    throw InputError(
        Diagnostic{"show", "", "expected one NAME", "a model, gpu, mechanism, engine, precision or metric"});
  }
  const BuiltIn found = find_built_in(arguments.words().front(), "show");
  // The file of an entry has nothing of what else the name says.
  const auto* const model = std::get_if<BuiltInModel>(&found);
  const bool as_file = std::any_of(documents.begin(), documents.end(), [](const Target& target) {
    return target.format == "json" || target.format == "ndjson";
  });
  if (model != nullptr && as_file && !model->note.empty()) complain(model->note);
  const auto* const gpu = std::get_if<Accelerator>(&found);
  if (gpu != nullptr && !gpu->assumption.empty()) complain(gpu->assumption);
  deliver(arguments, documents, ShowDocument(found));
  return Status::answered;
}

}  // namespace

extern const Command kShow;
const Command kShow = {"show",
                       "NAME",
                       "one model, gpu, mechanism, engine, precision or metric",
                       kShowOptions,
                       kShowExamples,
                       run_show,
                       [] { return target_formats(kShowShape); },
                       Completion::none,
                       {},
                       Completion::entry};

}  // namespace ctxcost::cli
