// ctxcost solve: the largest context or batch, the fewest devices, the widest types that still fit, each proven.
#include <algorithm>
#include <functional>
#include <optional>

#include "command.h"
#include "complaints.h"
#include "counting.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/solve.h"
#include "deployment_document.h"
#include "deployment_options.h"
#include "render/text_document.h"
#include "render/wording.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr std::string_view kExamples =
    "  ctxcost solve context llama-3.1-8b --gpu rtx-4090-24gb --weights int4\n"
    "  ctxcost solve gpus llama-3.3-70b-instruct --gpu h100-sxm-80gb -n 128K -b 8\n"
    "  ctxcost solve kv-precision llama-3.1-8b --gpu rtx-4090-24gb -n 64K\n";

/// A value that was tried, and what it takes.
struct Trial {
  std::string value;
  std::optional<Count> device_bytes;
  MetricValue headroom;
  std::string_view limit;  ///< empty: it fits
  std::string fault;       ///< it is impossible
  std::string tight = {};  ///< why it is, where it fits with little left
};

/// An answer with its proof.
struct Answer {
  std::optional<std::string> value;  ///< empty: nothing fits, or nothing bounds it
  bool nothing_fits = false;
  std::optional<Trial> fits;                         ///< the answer
  std::optional<Trial> next;                         ///< one more, which does not fit
  std::vector<std::string> notes;                    ///< what the answer means for the model's window
  std::optional<LargestFit> memory;                  ///< of a context, whatever the window
  std::string_view bound;                            ///< "memory", "window" or empty
  std::optional<std::string_view> window_status;     ///< at the context asked for, or answered
  std::optional<Parallelism> split;                  ///< of "gpus": the answer's, or the largest that was tried
  std::vector<std::pair<Fix, std::string>> unlocks;  ///< what would allow more, and how much
};

/// One question: a case at a context and a batch (of which it may ask).
struct Query {
  const Case* point;
  Count context, batch;
};

Trial trial(std::string value, const Deployment& deployment, Count context, Count batch) {
  const DeploymentEstimate estimate = deployment.at(context, batch);
  return {std::move(value),
          estimate.count(Metric::device_bytes),
          estimate[Metric::headroom_bytes],
          estimate.limit,
          "",
          deployment.margin_note(estimate)};
}

Answer answer_most(const LargestFit& most, const std::function<Trial(Count)>& attempt) {
  Answer answer;
  if (most.value) {
    answer.value = to_string(*most.value);
    answer.fits = attempt(*most.value);
    if (most.limit == "engine") {
      answer.next = Trial{to_string(*most.value + 1), std::nullopt, {}, "", most.refusal};
    } else {
      answer.next = attempt(*most.value + 1);
    }
  } else if (!most.unbounded) {
    answer.nothing_fits = true;
    answer.next = attempt(1);
  }
  return answer;
}

/// The answer under other settings, one changed at a time, where it is more.
void add_unlocks(Answer& answer, const Query& query, const std::function<LargestFit(const Deployment&)>& solve,
                 std::optional<Count> now) {
  if (answer.next && (answer.next->limit == "positions" || !answer.next->fault.empty())) return;
  const auto add = [&](Setup setup, Fix fix) {
    try {
      const LargestFit most = solve(Deployment(std::move(setup)));
      if (most.unbounded) {
        answer.unlocks.emplace_back(std::move(fix), "any");
      } else if (most.value && *most.value > now.value_or(0)) {
        answer.unlocks.emplace_back(std::move(fix), to_string(*most.value));
      }
    } catch (const InputError&) {
      // This engine or these shapes do not allow it.
    }
  };
  const Setup& base = query.point->setup;
  if (answer.next && answer.next->limit == "window") {
    Setup setup = base;
    setup.settings.beyond_window = true;
    return add(std::move(setup), {"--beyond-window", ""});
  }
  for (const char* type : {"fp8", "q8_0", "q4_0"}) {
    Setup setup = base;
    setup.workload.kv = parse_kv_precision(type, "--kv-precision");
    if (!engines_keep_cache(setup.workload.kv->key.format(), base.settings.gpu)) continue;
    add(std::move(setup), {"--kv-precision", type});
  }
  if (!base.settings.gpu) return;
  for (const std::string_view type : usual_weights(*base.engine.engine).subspan(1)) {
    Setup setup = base;
    setup.workload.weights = parse_weight_scheme(type, "--weights");
    add(std::move(setup), {"--weights", std::string(type)});
  }
  Setup setup = base;
  Count& devices = setup.settings.parallelism.*spread_degree(*base.engine.engine);
  devices = devices * 2;
  const Count doubled = devices;
  const std::string more = setup.settings.parallelism.name();
  add(std::move(setup),
      query.point->spread ? Fix{"--parallel", more} : Fix{"--gpu", base.settings.gpu->id + ":" + to_string(doubled)});
}

Answer solve_context(const Query& query) {
  const Deployment deployment(query.point->setup);
  const LargestFit memory = max_context_memory(deployment, query.batch);
  const LargestFit most = within_window(deployment, memory);
  Answer answer = answer_most(most, [&](Count n) { return trial(to_string(n), deployment, n, query.batch); });
  answer.memory = memory;
  answer.bound = bound_of(most);
  if (most.value) {
    const Model& model = *query.point->setup.model;
    answer.window_status = window_status(model.positions, *most.value);
    const std::string note = window_note(model, deployment.at(*most.value, query.batch).model, *most.value);
    if (!note.empty()) answer.notes.push_back(note);
  }
  if (answer.bound == "window" && most.limit == "window") {
    answer.notes.push_back(memory.value ? "memory alone would allow " + with_separators(*memory.value)
                                        : "memory alone would allow any context");
  }
  const auto solve = [&](const Deployment& other) { return max_context(other, query.batch); };
  if (!most.unbounded) add_unlocks(answer, query, solve, most.value);
  return answer;
}

Answer solve_batch(const Query& query) {
  const Deployment deployment(query.point->setup);
  const LargestFit most = max_batch(deployment, query.context);
  Answer answer = answer_most(most, [&](Count b) { return trial(to_string(b), deployment, query.context, b); });
  if (!most.unbounded && most.limit != "engine") answer.bound = bound_of(most);
  const auto solve = [&](const Deployment& other) { return max_batch(other, query.context); };
  if (!most.unbounded) add_unlocks(answer, query, solve, most.value);
  return answer;
}

Answer solve_gpus(const Query& query) {
  const Setup& base = query.point->setup;
  if (!base.settings.gpu) {
    throw InputError(Diagnostic{"solve gpus", "", "expected --gpu NAME, found none", "`ctxcost list gpus` shows all"});
  }
  const FewestGpus fewest = min_gpus(base, query.context, query.batch);
  const auto degree = spread_degree(*base.engine.engine);
  const auto at = [&](Count ranks) {
    Setup setup = base;
    setup.settings.parallelism.*degree = ranks;
    const std::string value = to_string(setup.settings.parallelism.devices());
    try {
      return trial(value, Deployment(std::move(setup)), query.context, query.batch);
    } catch (const InputError& error) {
      return Trial{value, std::nullopt, {}, "", error.diagnostics().front().message};
    }
  };
  Answer answer;
  answer.split = fewest.parallelism;
  const Count ranks = fewest.parallelism.*degree;
  if (fewest.gpus) {
    answer.value = to_string(*fewest.gpus);
    answer.fits = at(ranks);
    // The next fewer over which it can be split do not hold it.
    for (Count fewer = ranks - 1; fewer > 0 && (!answer.next || !answer.next->fault.empty()); fewer = fewer - 1) {
      answer.next = at(fewer);
    }
  } else {
    answer.nothing_fits = true;
    answer.next = at(ranks);
  }
  return answer;
}

template <typename Type>
Answer answer_choices(const std::vector<PrecisionChoice<Type>>& choices,
                      const std::function<Trial(const Type&)>& attempt) {
  Answer answer;
  const PrecisionChoice<Type>* wider = nullptr;
  for (const PrecisionChoice<Type>& choice : choices) {
    if (choice.fits) {
      answer.value = choice.type.name();
      answer.fits = attempt(choice.type);
      break;
    }
    wider = &choice;
  }
  answer.nothing_fits = !answer.value;
  if (wider != nullptr) answer.next = attempt(wider->type);
  return answer;
}

Answer solve_kv_precision(const Query& query) {
  return answer_choices<KvPrecision>(
      kv_precision_choices(query.point->setup, query.context, query.batch), [&](const KvPrecision& type) {
        Setup setup = query.point->setup;
        setup.workload.kv = type;
        return trial(type.name(), Deployment(std::move(setup)), query.context, query.batch);
      });
}

Answer solve_weights(const Query& query) {
  Answer answer = answer_choices<WeightScheme>(
      weight_choices(query.point->setup, query.context, query.batch), [&](const WeightScheme& type) {
        Setup setup = query.point->setup;
        setup.workload.weights = type;
        const std::string name = type.resolved(*setup.model).name();
        return trial(name, Deployment(std::move(setup)), query.context, query.batch);
      });
  if (answer.fits) answer.value = answer.fits->value;
  return answer;
}

struct Question {
  std::string_view name;
  std::string_view unit;  ///< of the answer
  Metric metric;          ///< that it is, or `context` for a type
  Answer (*solve)(const Query& query);
};
constexpr Question kQuestions[] = {
    {"context", "tokens", Metric::max_context, solve_context},
    {"batch", "sequences", Metric::max_batch, solve_batch},
    {"gpus", "devices", Metric::min_gpus, solve_gpus},
    {"kv-precision", "", Metric::context, solve_kv_precision},
    {"weights", "", Metric::context, solve_weights},
};

std::string shown(const std::string& value) {
  const std::optional<Count> count = parse_digits(value);
  return count ? with_separators(*count) : value;
}

std::string trial_text(const Question& question, const Trial& trial, UnitSystem units) {
  if (!trial.fault.empty()) return shown(trial.value) + " is impossible (" + trial.fault + ")";
  if (trial.limit == "window") {
    return shown(trial.value) + (question.name == "context" ? " is beyond the model's window"
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

std::string about(const Question& question, const Query& query, const Deployment& deployment) {
  std::string text = deployment.setup().model->name;
  if (question.name != "context") text += ", " + with_separators(query.context) + " tokens";
  if (question.name != "batch") text += " x " + with_separators(query.batch);
  if (question.name == "gpus") return text + " on " + deployment.setup().settings.gpu->id;
  return text + " on " + place_text(deployment);
}

void write_text(const Question& question, const Query& query, const Answer& answer, const RenderOptions& options,
                Writer& writer) {
  TextDocument out(writer);
  const Deployment deployment(query.point->setup);
  std::string line = std::string(question.name) + ": ";
  if (answer.value) {
    line += shown(*answer.value) + (question.unit.empty() ? "" : " " + std::string(question.unit));
  } else {
    line += answer.nothing_fits ? "nothing fits" : "nothing bounds it";
  }
  out.line(line + " (" + about(question, query, deployment) + ")");
  if (options.quiet) return;
  if (answer.fits) out.line("  fits: " + trial_text(question, *answer.fits, options.units));
  if (answer.next) out.line("  does not fit: " + trial_text(question, *answer.next, options.units));
  if (!answer.unlocks.empty()) out.line("  unlocks more:");
  for (const auto& [fix, value] : answer.unlocks) {
    out.line("    " + fix.text() + ": " + shown(value));
  }
  for (const std::string& note : deployment.notes()) out.line("  note: " + note);
  for (const std::string& note : answer.notes) out.line("  note: " + note);
  if (answer.fits && !answer.fits->tight.empty()) out.line("  note: " + answer.fits->tight);
}

void write_value(JsonWriter& json, const std::string& value) {
  const std::optional<Count> count = parse_digits(value);
  count ? json.count(*count) : json.string(value);
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
  if (!trial->fault.empty()) {
    json.key("impossible");
    json.string(trial->fault);
  }
  json.end_object();
}

void write_result(JsonWriter& json, const Question& question, const Query& query, const Answer& answer) {
  const Deployment deployment(query.point->setup);
  const Setup& setup = deployment.setup();
  json.key("question");
  json.string(question.name);
  json.key("answer");
  answer.value ? write_value(json, *answer.value) : json.null();
  if (needs_devices(question.metric)) {
    json.key(info(question.metric).name);
    answer.value ? write_value(json, *answer.value) : json.null();
  }
  if (answer.memory) {
    json.key(info(Metric::max_context_memory).name);
    json.value(answer.memory->value);
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
  json.string(setup.model->name);
  json.key("id");
  setup.model->id.empty() ? json.null() : json.string(setup.model->id);
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
  const Parallelism split = answer.split.value_or(setup.settings.parallelism);
  json.string(split.name());
  json.key("gpus");
  json.count(split.devices());
  json.key("capacity_bytes");
  json.value(deployment.capacity());
  json.key("context");
  question.name == "context" ? json.null() : json.count(query.context);
  json.key("batch");
  question.name == "batch" ? json.null() : json.count(query.batch);
  json.key("proof");
  json.begin_object();
  write_trial(json, "fits", answer.fits);
  write_trial(json, "does_not_fit", answer.next);
  json.end_object();
  json.key("unlocks");
  json.begin_array();
  for (const auto& [fix, value] : answer.unlocks) {
    json.begin_object();
    json.key("option");
    json.string(fix.option);
    json.key("value");
    json.string(fix.value);
    json.key("answer");
    write_value(json, value);
    json.end_object();
  }
  json.end_array();
  json.key("notes");
  json.begin_array();
  for (const std::string& note : deployment.notes()) json.string(note);
  for (const std::string& note : answer.notes) json.string(note);
  if (answer.fits && !answer.fits->tight.empty()) json.string(answer.fits->tight);
  if (!answer.value && !answer.nothing_fits) json.string("nothing bounds the answer");
  json.end_array();
}

Listing listing_of(const Question& question, const std::vector<std::pair<Query, Answer>>& answers) {
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
  for (const auto& [query, answer] : answers) {
    const Deployment deployment(query.point->setup);
    const Setup& setup = deployment.setup();
    ListingCell value;
    if (answer.value) {
      const std::optional<Count> count = parse_digits(*answer.value);
      value = count ? ListingCell(*count) : ListingCell(*answer.value);
    }
    listing.rows.push_back({std::string(question.name), value, setup.model->name,
                            deployment.estimator().weights().name(), deployment.estimator().kv().name(),
                            setup.engine.name, setup.settings.gpu ? setup.settings.gpu->id : std::string(),
                            answer.split.value_or(setup.settings.parallelism).name(),
                            question.name == "context" ? ListingCell() : ListingCell(query.context),
                            question.name == "batch" ? ListingCell() : ListingCell(query.batch),
                            std::string(answer.bound),
                            answer.memory && answer.memory->value ? ListingCell(*answer.memory->value) : ListingCell(),
                            answer.window_status ? ListingCell(std::string(*answer.window_status)) : ListingCell()});
  }
  return listing;
}

const Question& question_of(const Arguments& arguments) {
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

/// The axes that the question leaves: what it asks for is not given.
std::vector<Query> queries(const Question& question, const DeploymentGrid& grid) {
  std::vector<Query> all;
  for (const Case& point : grid.cases) {
    const Model& model = *point.setup.model;
    const std::size_t before = all.size();
    try {
      const LengthList batches = question.name == "batch" ? LengthList(1) : batches_of(grid, model);
      const LengthList contexts = question.name == "context" ? LengthList(1) : contexts_of(grid, model);
      for (const Count batch : batches) {
        for (const Count context : contexts) all.push_back({&point, context, batch});
      }
    } catch (const InputError& error) {
      all.resize(before);
      leave_out(error, grid.models.size());
    }
  }
  return all;
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
  const Question& question = question_of(arguments);
  check_given(question, arguments);
  const DeploymentGrid grid = read_grid("solve", arguments, {arguments.words().begin() + 1, arguments.words().end()});

  std::vector<std::pair<Query, Answer>> answers;
  bool any = false;
  for (const Query& query : queries(question, grid)) {
    try {
      answers.emplace_back(query, question.solve(query));
    } catch (const InputError& error) {
      leave_out(error, grid.models.size());
      continue;
    }
    Answer& answer = answers.back().second;
    if (question.name != "context") {
      answer.window_status = window_status(query.point->setup.model->positions, query.context);
      if (answer.next && answer.next->limit == "window") {
        answer.bound = "window";
        if (answer.unlocks.empty()) answer.notes.emplace_back("--beyond-window counts contexts beyond the window, too");
      }
    }
    any = any || !answer.nothing_fits;
  }
  if (answers.empty()) return Status::no_answer;

  deliver(documents, [&](const Target& target, const Output&, Writer& out) {
    const std::string_view format = target.format;
    const Workload& workload = grid.cases.front().setup.workload;
    if (format == "json") {
      JsonWriter json(out, JsonWriter::Layout::indented);
      json.begin_object();
      write_header(json, options);
      write_conventions(json, workload.convention, workload.logits, options);
      json.key("verdict");
      json.string(any ? "fits" : "does not fit");
      json.key("results");
      json.begin_array();
      for (const auto& [query, answer] : answers) {
        json.begin_object();
        write_result(json, question, query, answer);
        json.end_object();
      }
      json.end_array();
      json.end_object();
      out.character('\n');
    } else if (format == "ndjson") {
      for (const auto& [query, answer] : answers) {
        JsonWriter json(out, JsonWriter::Layout::compact);
        json.begin_object();
        write_header(json, options);
        write_conventions(json, workload.convention, workload.logits, options);
        write_result(json, question, query, answer);
        json.end_object();
        out.character('\n');
      }
    } else if (format == "table") {
      for (const auto& [query, answer] : answers) write_text(question, query, answer, options, out);
    } else {
      render_listing(listing_of(question, answers), format, out);
    }
  });
  return any || arguments.has("--exit-zero") ? Status::answered : Status::over_budget;
}

}  // namespace

extern const Command kSolve;
const Command kSolve = {
    "solve", "WHAT MODEL...", "context, batch, gpus, kv-precision or weights that fit", deployment_options(), kExamples,
    run};

}  // namespace ctxcost::cli
