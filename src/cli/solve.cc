// ctxcost solve: the largest context or batch, the fewest devices, the widest types that still fit, each proven.
#include <algorithm>
#include <iterator>
#include <optional>
#include <variant>

#include "command.h"
#include "complaints.h"
#include "counting.h"
#include "ctxcost/answer/solve_answer.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "deployment_document.h"
#include "deployment_options.h"
#include "render/text_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr std::string_view kExamples =
    "  ctxcost solve context llama-3.1-8b --gpu rtx-4090-24gb --weights int4\n"
    "  ctxcost solve gpus llama-3.3-70b-instruct --gpu h100-sxm-80gb -n 128K -b 8\n"
    "  ctxcost solve kv-precision llama-3.1-8b --gpu rtx-4090-24gb -n 64K\n";

struct Question {
  std::string_view name;
  std::string_view unit;  ///< of the answer
  Metric metric;          ///< that it is, or `context` for a type
  Unknown unknown;
};
constexpr Question kQuestions[] = {
    {"context", "tokens", Metric::max_context, Unknown::context},
    {"batch", "sequences", Metric::max_batch, Unknown::batch},
    {"gpus", "devices", Metric::min_gpus, Unknown::gpus},
    {"kv-precision", "", Metric::context, Unknown::kv_precision},
    {"weights", "", Metric::context, Unknown::weights},
};

const Question& question_of(const SolveAnswer& answer) {
  return *std::find_if(std::begin(kQuestions), std::end(kQuestions),
                       [&](const Question& question) { return question.unknown == answer.unknown; });
}

std::string shown(const SolvedValue& value) {
  const Count* const count = std::get_if<Count>(&value);
  return count == nullptr ? std::get<std::string>(value) : with_separators(*count);
}

std::string trial_text(Unknown unknown, const Trial& trial, UnitSystem units) {
  if (!trial.refusal.empty()) return shown(trial.value) + " is impossible (" + trial.refusal + ")";
  if (trial.limit == "window") {
    return shown(trial.value) + (unknown == Unknown::context ? " is beyond the model's window"
                                                             : ": the context is beyond the model's window");
  }
  if (trial.limit == "positions") return shown(trial.value) + " is beyond the position table";
  std::string text = shown(trial.value);
  if (trial.device_bytes) text += " takes " + short_bytes(*trial.device_bytes, units) + " a device";
  if (const Negative* missing = std::get_if<Negative>(&trial.headroom)) {
    return text + ", " + with_separators(missing->magnitude) + " B too much";
  }
  if (const Count* room = std::get_if<Count>(&trial.headroom)) text += ", " + with_separators(*room) + " B left";
  if (!trial.limit.empty()) text += ", more than the cache's memory";
  return text;
}

std::string about(const SolveAnswer& answer) {
  const Setup& setup = answer.asked.setup;
  std::string text = answer.asked.model->name;
  if (answer.context) text += ", " + with_separators(*answer.context) + " tokens";
  if (answer.batch) text += " x " + with_separators(*answer.batch);
  return text + " on " + (answer.unknown == Unknown::gpus ? setup.settings.gpu->id : place_text(*answer.deployment));
}

/// The answer's notes, and the option that lifts the window where nothing else was found to.
std::vector<std::string> notes_of(const SolveAnswer& answer) {
  std::vector<std::string> all = notes(answer);
  if (answer.unknown != Unknown::context && answer.ends_at_window() && answer.unlocks.empty()) {
    all.emplace_back("--beyond-window counts contexts beyond the window, too");
  }
  return all;
}

void write_text(const SolveAnswer& answer, const RenderOptions& options, Writer& writer) {
  TextDocument out(writer);
  const Question& question = question_of(answer);
  std::string line = std::string(question.name) + ": ";
  if (answer.value) {
    line += shown(*answer.value) + (question.unit.empty() ? "" : " " + std::string(question.unit));
  } else {
    line += answer.nothing_fits ? "nothing fits" : "nothing bounds it";
  }
  out.line(line + " (" + about(answer) + ")");
  if (options.quiet) return;
  if (answer.fits) out.line("  fits: " + trial_text(answer.unknown, *answer.fits, options.units));
  if (answer.does_not_fit) {
    out.line("  does not fit: " + trial_text(answer.unknown, *answer.does_not_fit, options.units));
  }
  if (!answer.unlocks.empty()) out.line("  unlocks more:");
  for (const auto& [change, more] : answer.unlocks) {
    const std::string option = option_of(change, answer.asked.setup.settings).text();
    out.line("    " + option + ": " + (more ? with_separators(*more) : "any"));
  }
  for (const std::string& note : notes_of(answer)) out.line("  note: " + note);
}

void write_value(JsonWriter& json, const SolvedValue& value) {
  const Count* const count = std::get_if<Count>(&value);
  count != nullptr ? json.count(*count) : json.string(std::get<std::string>(value));
}

void write_trial(JsonWriter& json, std::string_view key, const std::optional<Trial>& trial) {
  json.key(key);
  if (!trial) return json.null();
  json.begin_object();
  json.key("value");
  write_value(json, trial->value);
  json.key("device_bytes");
  json.value(trial->device_bytes);
  json.key("headroom_bytes");
  json.value(trial->headroom);
  json.key("limit");
  trial->limit.empty() ? json.null() : json.string(trial->limit);
  if (!trial->refusal.empty()) {
    json.key("impossible");
    json.string(trial->refusal);
  }
  json.end_object();
}

void write_result(JsonWriter& json, const SolveAnswer& answer) {
  const Question& question = question_of(answer);
  const Deployment& deployment = *answer.deployment;
  const Setup& setup = answer.asked.setup;
  json.key("question");
  json.string(question.name);
  json.key("answer");
  answer.value ? write_value(json, *answer.value) : json.null();
  if (needs_devices(question.metric)) {
    json.key(info(question.metric).name);
    answer.value ? write_value(json, *answer.value) : json.null();
  }
  if (answer.in_memory) {
    json.key(info(Metric::max_context_memory).name);
    json.value(answer.in_memory->value);
  }
  json.key("bound");
  answer.bound.empty() ? json.null() : json.string(answer.bound);
  json.key("window_status");
  answer.window_status ? json.string(*answer.window_status) : json.null();
  json.key("verdict");
  json.string(answer.nothing_fits ? "does not fit" : "fits");
  json.key("model");
  json.begin_object();
  json.key("name");
  json.string(answer.asked.model->name);
  json.key("id");
  answer.asked.model->id.empty() ? json.null() : json.string(answer.asked.model->id);
  json.end_object();
  json.key("weights");
  json.string(deployment.estimator().weights().name());
  json.key("kv_precision");
  json.string(deployment.estimator().kv().name());
  json.key("engine");
  json.string(setup.engine.name);
  json.key("gpu");
  setup.settings.gpu ? json.string(setup.settings.gpu->id) : json.null();
  json.key("parallel");
  json.string(answer.split.name());
  json.key("gpus");
  json.count(answer.split.devices());
  json.key("capacity_bytes");
  json.value(deployment.capacity());
  json.key("context");
  json.value(answer.context);
  json.key("batch");
  json.value(answer.batch);
  json.key("proof");
  json.begin_object();
  write_trial(json, "fits", answer.fits);
  write_trial(json, "does_not_fit", answer.does_not_fit);
  json.end_object();
  json.key("unlocks");
  json.begin_array();
  for (const auto& [change, more] : answer.unlocks) {
    const OptionText option = option_of(change, setup.settings);
    json.begin_object();
    json.key("option");
    json.string(option.option);
    json.key("value");
    json.string(option.value);
    json.key("answer");
    more ? json.count(*more) : json.string("any");
    json.end_object();
  }
  json.end_array();
  json.key("notes");
  json.begin_array();
  for (const std::string& note : notes_of(answer)) json.string(note);
  if (!answer.value && !answer.nothing_fits) json.string("nothing bounds the answer");
  json.end_array();
}

Listing listing_of(const std::vector<SolveAnswer>& answers) {
  Listing listing{"answers",
                  {{"question", "Question"},
                   {"answer", "Answer"},
                   {"model", "Model"},
                   {"weights", "Weights"},
                   {"kv_precision", "KV"},
                   {"engine", "Engine"},
                   {"gpu", "GPU"},
                   {"parallel", "Split"},
                   {"context", "Context"},
                   {"batch", "Batch"},
                   {"bound", "Bound"},
                   {"max_context_memory", "Memory Context"},
                   {"window_status", "Window"}},
                  {}};
  for (const SolveAnswer& answer : answers) {
    const Setup& setup = answer.asked.setup;
    const Estimator& estimator = answer.deployment->estimator();
    ListingCell value;
    if (answer.value) std::visit([&](const auto& found) { value = found; }, *answer.value);
    listing.rows.push_back({std::string(question_of(answer).name), value, answer.asked.model->name,
                            estimator.weights().name(), estimator.kv().name(), setup.engine.name,
                            setup.settings.gpu ? setup.settings.gpu->id : std::string(), answer.split.name(),
                            cell(answer.context), cell(answer.batch), std::string(answer.bound),
                            answer.in_memory ? cell(answer.in_memory->value) : ListingCell(),
                            answer.window_status ? ListingCell(std::string(*answer.window_status)) : ListingCell()});
  }
  return listing;
}

void write_document(const SolveAnswers& solved, const RenderOptions& options, Writer& out) {
  const Workload& workload = solved.answers.front().asked.setup.workload;
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  write_header(json, options);
  write_conventions(json, workload.convention, workload.logits, options);
  json.key("verdict");
  json.string(solved.any() ? "fits" : "does not fit");
  json.key("results");
  json.begin_array();
  for (const SolveAnswer& answer : solved.answers) {
    json.begin_object();
    write_result(json, answer);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out.character('\n');
}

void write_line(const SolveAnswer& answer, const RenderOptions& options, Writer& out) {
  const Workload& workload = answer.asked.setup.workload;
  JsonWriter json(out, JsonWriter::Layout::compact);
  json.begin_object();
  write_header(json, options);
  write_conventions(json, workload.convention, workload.logits, options);
  write_result(json, answer);
  json.end_object();
  out.character('\n');
}

/// The answers in a format; at least one.
void render_answers(const SolveAnswers& solved, std::string_view format, const RenderOptions& options, Writer& out) {
  if (format == "json") return write_document(solved, options, out);
  if (format == "ndjson") {
    for (const SolveAnswer& answer : solved.answers) write_line(answer, options, out);
  } else if (format == "table") {
    for (const SolveAnswer& answer : solved.answers) write_text(answer, options, out);
  } else {
    render_listing(listing_of(solved.answers), format, out);
  }
}

const Question& read_unknown(const Arguments& arguments) {
  std::vector<std::string_view> names;
  std::string all;
  for (const Question& question : kQuestions) {
    names.push_back(question.name);
    all += (all.empty() ? "" : ", ") + std::string(question.name);
  }
  if (arguments.words().empty()) {
    throw InputError(Diagnostic{"solve", "", "expected WHAT to look for and a MODEL, found nothing", all});
  }
  const std::string& word = arguments.words().front();
  for (const Question& question : kQuestions) {
    if (question.name == word) return question;
  }
  const std::string hint = did_you_mean(word, names);
  throw InputError(Diagnostic{"solve", "", "unknown question \"" + word + "\"", hint.empty() ? all : hint});
}

void check_given(const Question& question, const Arguments& arguments) {
  const std::string option = "--" + std::string(question.name);
  if (question.name != "gpus" && arguments.has(option)) {
    throw InputError(
        Diagnostic{option, "", "is what `solve " + std::string(question.name) + "` looks for", "leave it out"});
  }
}

Status run(const Arguments& arguments) {
  static constexpr std::string_view kUnits[] = {"si", "iec"};
  RenderOptions options;
  options.command = "solve";
  options.units = arguments.choice("--units", kUnits, "si") == "iec" ? UnitSystem::iec : UnitSystem::si;
  options.quiet = arguments.has("--quiet");
  const std::vector<Target> documents = targets(arguments, row_formats());
  const Question& unknown = read_unknown(arguments);
  check_given(unknown, arguments);
  DeploymentQuestion question =
      read_question("solve", arguments, {arguments.words().begin() + 1, arguments.words().end()});
  if (unknown.unknown == Unknown::gpus && !arguments.has("--gpu")) {
    throw InputError(Diagnostic{"solve gpus", "", "expected --gpu NAME, found none", "`ctxcost list gpus` shows all"});
  }
  const std::size_t asked = question.models.size();
  if (unknown.unknown != Unknown::context) leave_out_without_context(question);
  const SolveAnswers solved = solve(unknown.unknown, question);
  for (const InputError& error : solved.left_out) leave_out(error, asked);
  if (solved.answers.empty()) return Status::no_answer;

  deliver(documents, [&](const Target& target, const Output&, Writer& out) {
    render_answers(solved, target.format, options, out);
  });
  return solved.any() || arguments.has("--exit-zero") ? Status::answered : Status::over_budget;
}

}  // namespace

extern const Command kSolve;
const Command kSolve = {"solve",
                        "WHAT MODEL...",
                        "context, batch, gpus, kv-precision or weights that fit",
                        deployment_options(),
                        kExamples,
                        run,
                        row_formats,
                        Completion::model};

}  // namespace ctxcost::cli
