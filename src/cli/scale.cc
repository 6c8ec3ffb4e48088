// ctxcost scale: the scaling table of models over types, engines, batches and contexts.
#include <cstdlib>

#include "command.h"
#include "ctxcost/diagnostic.h"
#include "ctxcost/input.h"
#include "ctxcost/render.h"
#include "ctxcost/report.h"
#include "output.h"

namespace ctxcost::cli {

extern const Command kScale;

namespace {

constexpr OptionInfo kOptions[] = {
    {"--context", 'n', "LIST",
     "contexts: 4K, 1K,4K, 1K..1M (doubling), 1K..1M:x4,\n"
     "1000..9000:+1000; K is 1,024 and M 1,048,576, k is\n"
     "1,000 and m 1,000,000 (1K,4K,16K,64K,128K,1M)"},
    {"--batch", 'b', "LIST", "sequences at once, as a list or a range (1)"},
    {"--kv-precision", 0, "LIST", "types of the cache: fp16,q8_0, or keys/values:\nq8_0/q4_0 (the model's own)"},
    {"--weights", 0, "LIST", "types of the weights: bf16,int4, or GGUF file types:\nQ4_K_M (as the model is stored)"},
    {"--engine", 0, "NAME[:KEY=VALUE,...]", "what reserves the cache; may be repeated (ideal)"},
    {"--convention", 0, "NAME[:KEY=VALUE,...]",
     "how FLOPs are counted: article (1 FLOP per\n"
     "multiply-add, each query charged all keys), standard\n"
     "(2 FLOPs), causal (2 FLOPs, unmasked pairs only);\n"
     "flops_per_mac=1|2, pairs=reach|exact (article)"},
    {"--logits", 0, "last|all", "for which tokens logits are counted (last)"},
    {"--format", 0, "NAME",
     "table, json, ndjson, csv or markdown (by the\n"
     "extension of -o, else table)"},
    {"--columns", 0, "LIST", "metrics to show, by their names in JSON and CSV"},
    {"--units", 0, "si|iec", "GB or GiB in tables (si)"},
    {"--output", 'o', "FILE", "write there, the whole document or nothing"},
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

/// Items of a comma list of names with settings: in "int4:group=64,zero,q8_0" the commas inside settings do not part.
std::vector<std::string> split_names(const std::vector<std::string>& texts, std::string_view option) {
  std::vector<std::string> items;
  for (const std::string& text : texts) {
    std::size_t start = 0;
    bool settings = false;  // the item so far has settings
    bool fresh = true;
    while (start <= text.size()) {
      const std::size_t comma = std::min(text.find(',', start), text.size());
      const std::string item = text.substr(start, comma - start);
      start = comma + 1;
      if (item.empty()) {
        throw InputError(Diagnostic{std::string(option), "", "expected a name, found nothing in \"" + text + "\"", ""});
      }
      const std::size_t equals = item.find('=');
      const bool continues =
          !fresh && settings && item.find(':') == std::string::npos && (equals != std::string::npos || item == "zero");
      if (continues) {
        items.back() += "," + item;
      } else {
        items.push_back(item);
        settings = item.find(':') != std::string::npos;
      }
      fresh = false;
    }
  }
  return items;
}

/// A model by its name; a word in the place of a command gets a hint where it looks like a misspelt one.
Model load(const std::string& word, const LoadOptions& options) {
  try {
    return load_model(word, options);
  } catch (const InputError& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    if (diagnostics.size() != 1 || diagnostics[0].source != word || diagnostics[0].hint.ends_with('?')) throw;
    std::vector<std::string_view> names = {"help"};
    for (const Command* command : commands()) names.push_back(command->name);
    const std::string_view match = near_match(word, names);
    if (match.empty()) throw;
    diagnostics[0].hint = "did you mean the command \"" + std::string(match) + "\"?";
    throw InputError(std::move(diagnostics));
  }
}

LengthList lengths(const Arguments& arguments, std::string_view option, Count minimum) {
  LengthList list;
  for (const std::string& text : arguments.all(option)) list.append(parse_lengths(text, option, minimum));
  return list;
}

const OutputFormat& output_format(const Arguments& arguments, const std::string& path) {
  std::vector<std::string_view> names;
  for (const OutputFormat* format : output_formats()) names.push_back(format->name);
  if (arguments.has("--format")) return *find_output_format(arguments.choice("--format", names, ""));
  const OutputFormat* const format = output_format_of(path);
  return format != nullptr ? *format : *output_formats().front();
}

bool wants_color(const Arguments& arguments, const Output& output) {
  static constexpr std::string_view kChoices[] = {"auto", "always", "never"};
  const std::string_view choice = arguments.choice("--color", kChoices, "auto");
  if (choice != "auto") return choice == "always";
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return output.is_terminal() && (no_color == nullptr || *no_color == '\0') && !dumb;
}

Status run(const Arguments& arguments) {
  static constexpr std::string_view kLogits[] = {"last", "all"};
  static constexpr std::string_view kUnits[] = {"si", "iec"};
  static constexpr std::string_view kAssumptions[] = {"full"};

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
  const std::string path(arguments.value("--output"));
  const OutputFormat& format = output_format(arguments, path);

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
  LoadOptions load_options;
  load_options.assume_full = arguments.choice("--assume", kAssumptions, "full") == "full" && arguments.has("--assume");
  std::vector<Diagnostic> faults;
  for (const std::string& word : arguments.words()) {
    try {
      grid.models.push_back(load(word, load_options));
    } catch (const InputError& error) {
      faults.insert(faults.end(), error.diagnostics().begin(), error.diagnostics().end());
    }
  }
  if (!faults.empty()) throw InputError(std::move(faults));

  const Report report(std::move(grid), settings);
  Output output(path);
  render.color = wants_color(arguments, output);
  Writer writer(output);
  format.render(report, render, writer);
  writer.flush();
  output.commit();
  return Status::answered;
}

}  // namespace

const Command kScale = {"scale", "MODEL...", "the scaling table over contexts, batches, types", kOptions, kExamples,
                        run};

}  // namespace ctxcost::cli
