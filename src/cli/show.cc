// `ctxcost show NAME`: one built-in entry, whole.
#include "ctxcost/answer/show.h"
#include "command.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/render/render.h"
#include "render/entry.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr OptionId kOptions[] = {OptionId::format, OptionId::output};

constexpr std::string_view kExamples =
    "  ctxcost show gemma-3-27b-it\n"
    "  ctxcost show llama-3.1-8b --format json >llama.json\n"
    "  ctxcost show sliding_window\n";

/// A sheet for people, or a model's file.
std::vector<TargetFormat> show_formats() { return {{"table", ".txt"}, {"json", ".json"}}; }

Status run(const Arguments& arguments) {
  const std::vector<Target> documents = targets(arguments, show_formats());
  if (arguments.words().size() != 1) {
    throw InputError(
        Diagnostic{"show", "", "expected one NAME", "a model, gpu, mechanism, engine, precision or metric"});
  }
  const EntryDescription entry = describe_entry(arguments.words().front(), "show");
  RenderOptions render;
  render.command = "show";
  deliver(documents,
          [&](const Target& target, const Output&, Writer& out) { render_entry(entry, target.format, render, out); });
  return Status::answered;
}

}  // namespace

extern const Command kShow;
const Command kShow = {
    "show", "NAME", "one model, gpu, mechanism, engine, precision or metric", kOptions, kExamples, run, show_formats};

}  // namespace ctxcost::cli
