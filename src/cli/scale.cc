// ctxcost scale: the scaling table of models over types, engines, batches and contexts.
#include "command.h"
#include "complaints.h"
#include "counting.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/input/input.h"
#include "ctxcost/render/render.h"
#include "render/scale_document.h"
#include "targets.h"

namespace ctxcost::cli {

extern const Command kScale;

namespace {

constexpr OptionInfo kOptions[] = {
    {"--context", 'n', "LIST",
     "contexts: 4K, 1K,4K, 1K..1M (doubling), 1K..1M:x4,\n"
     "1000..9000:+1000; K is 1,024 and M 1,048,576, k is\n"
     "1,000 and m 1,000,000 (1K,4K,16K,64K,128K,1M)",
     true},
    {"--batch", 'b', "LIST", "sequences at once, as a list or a range (1)", true},
    {"--kv-precision", 0, "LIST",
     "types of the cache: fp16, int4:group=G[,zero], or\nkeys/values: q8_0/q4_0 (the model's own)", true},
    {"--weights", 0, "LIST",
     "types of the weights: bf16, int4:group=G[,zero], or\nGGUF file types: Q4_K_M (as the model is stored)", true},
    {"--engine", 0, "NAME[:KEY=VALUE,...]", "what reserves the cache; may be repeated (ideal)", true},
    {"--convention", 0, "NAME[:KEY=VALUE,...]",
     "how FLOPs are counted: article (1 FLOP per\n"
     "multiply-add, each query charged all keys), standard\n"
     "(2 FLOPs), causal (2 FLOPs, unmasked pairs only);\n"
     "flops_per_mac=1|2, pairs=reach|exact (article)"},
    {"--logits", 0, "last|all", "for which tokens logits are counted (last)"},
    {"--format", 0, "NAME",
     "table, json, ndjson, csv or markdown (by the\n"
     "extension of -o, else table)",
     true},
    {"--columns", 0, "LIST", "metrics to show, by their names in JSON and CSV", true},
    {"--units", 0, "si|iec", "GB or GiB in tables (si)"},
    {"--output", 'o', "FILE", "write there, the whole document or nothing; pairs of\n--format and -o may be repeated",
     true},
    {"--assume", 0, "full",
     "count families and layer kinds that are not known\n"
     "as full attention, with a note"},
    {"--color", 0, "auto|always|never", "bold headings (auto: on a terminal, unless NO_COLOR\nis set)"},
    {"--quiet", 'q', "", "the table alone: no caption, growth lines, notes"},
    {"--verbose", 'v', "", "sources and layer groups below the table"},
    {"--exit-zero", 0, "", "exit 0 where the status would be 1"},
};

constexpr std::string_view kExamples =
    "  ctxcost article-7b\n"
    "  ctxcost scale llama-3.1-8b -n 8K..128K -b 1,8 --kv-precision bf16,q8_0\n"
    "  ctxcost config.json -n 131072 --format json | jq '.results[0].kv_cache_bytes'\n"
    "  ctxcost scale mistral-7b qwen3-8b --convention causal -o costs.csv\n";

/// Leaves out those of several models that the grid refuses: an engine's limits, a type that does not store them.
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

Status run(const Arguments& arguments) {
  static constexpr std::string_view kLogits[] = {"last", "all"};
  static constexpr std::string_view kUnits[] = {"si", "iec"};

  // Everything the user wrote is checked before a model is read.
  Workload settings;
  if (arguments.has("--convention")) settings.convention = parse_convention(arguments.value("--convention"));
  settings.logits = arguments.choice("--logits", kLogits, "last") == "all" ? Logits::all : Logits::last;
  RenderOptions render;
  render.units = arguments.choice("--units", kUnits, "si") == "iec" ? UnitSystem::iec : UnitSystem::si;
  render.quiet = arguments.has("--quiet");
  render.verbose = arguments.has("--verbose");
  for (const std::string& text : arguments.all("--columns")) {
    const std::vector<Column> columns = parse_columns(text, "--columns");
    render.columns.insert(render.columns.end(), columns.begin(), columns.end());
  }
  const std::vector<Target> documents = targets(arguments, kScaleShape);

  Grid grid;
  if (arguments.has("--context")) grid.contexts = lengths(arguments, "--context", 0);
  grid.batches = lengths(arguments, "--batch", 1);
  for (const std::string& text : split_names(arguments.all("--kv-precision"), "--kv-precision")) {
    grid.kv.push_back(parse_kv_precision(text, "--kv-precision"));
  }
  for (const std::string& text : split_names(arguments.all("--weights"), "--weights")) {
    grid.weights.push_back(parse_weight_scheme(text, "--weights"));
  }
  for (const std::string& text : arguments.all("--engine")) grid.engines.push_back(parse_engine(text));

  if (arguments.words().empty()) {
    throw InputError(Diagnostic{"scale", "", "expected a MODEL, found nothing",
                                "a JSON file, a directory with a config.json, - or a catalogue name"});
  }
  grid.models = load_models(arguments, arguments.words());
  keep_answerable(grid, settings);
  if (grid.models.empty()) return Status::no_answer;

  const Report report(std::move(grid), settings);
  const ScaleDocument document(report, render);
  deliver(documents, [&](const Target& target, const Output& output, Writer& out) {
    find_output_format(target.format)->write(document, wants_color(arguments, output), out);
  });
  return Status::answered;
}

}  // namespace

const Command kScale = {"scale",  "MODEL...", "the scaling table over contexts, batches, types",
                        kOptions, kExamples,  run};

}  // namespace ctxcost::cli
