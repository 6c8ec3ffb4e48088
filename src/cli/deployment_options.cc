#include "deployment_options.h"

#include <optional>
#include <utility>

#include "core/quantity.h"
#include "complaints.h"
#include "core/format.h"
#include "counting.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/load_accelerator.h"

namespace ctxcost::cli {
namespace {

constexpr OptionInfo kOptions[] = {
    {"--gpu", 0, "NAME[:COUNT]", "devices, as a list (`ctxcost list gpus`); a file of\nyour own ends in .json", true},
    {"--context", 'n', "LIST", "contexts: 4K, 8K,32K, 1K..1M (what the model was\ntrained for)", true},
    {"--batch", 'b', "LIST", "sequences at once; under dp those of a replica (1)", true},
    {"--kv-precision", 0, "LIST",
     "types of the cache: fp16, int4:group=G[,zero], or\nkeys/values: q8_0/q4_0 (the model's own)", true},
    {"--weights", 0, "LIST",
     "types of the weights: bf16, int4:group=G[,zero], or\nGGUF file types: Q4_K_M (as the model is stored)", true},
    {"--parallel", 0, "DEGREES",
     "tp=2,pp=2, also cp, ep, dp; may be repeated\n(tp = the number of devices; llama.cpp: pp)", true},
    {"--engine", 0, "NAME[:KEY=VALUE,...]", "what reserves the cache; may be repeated (ideal)", true},
    {"--utilization", 0, "FRACTION", "of a device's memory that may be used (1; vllm 0.9)"},
    {"--overhead", 0, "SIZE", "bytes of each device that the runtime takes besides:\n2GiB, 500MB (0)"},
    {"--margin", 0, "PERCENT|SIZE",
     "of a device's usable memory that must stay free,\nelse the answer is tight; 0: never (5%)"},
    {"--kv-memory", 0, "SIZE", "bytes of each device for the cache, as a runtime's\nlog prints them"},
    {"--beyond-window", 0, "", "contexts beyond the model's window count, too"},
    {"--mfu", 0, "FRACTION", "of the peak that is reached, where measured (1)"},
    {"--mbu", 0, "FRACTION", "of the bandwidth that is reached, where measured (1)"},
    {"--convention", 0, "NAME[:KEY=VALUE,...]",
     "how FLOPs are counted in JSON and CSV; times are\nalways of the causal count (causal)"},
    {"--logits", 0, "last|all", "for which tokens logits are counted (last)"},
    {"--format", 0, "NAME", "table, json, ndjson, csv or markdown (by the\nextension of -o, else table)", true},
    {"--units", 0, "si|iec", "GB or GiB in tables (si)"},
    {"--output", 'o', "FILE", "write there, the whole document or nothing; pairs of\n--format and -o may be repeated",
     true},
    {"--assume", 0, "full", "count families and layer kinds that are not known\nas full attention, with a note"},
    {"--color", 0, "auto|always|never", "a bold verdict (auto: on a terminal, unless NO_COLOR\nis set)"},
    {"--quiet", 'q', "", "the answer alone"},
    {"--verbose", 'v', "", "every kind of device"},
    {"--exit-zero", 0, "", "exit 0 where the status would be 1"},
};

/// Every GPU with every split. Throws InputError where a split does not have as many devices as --gpu asks for.
std::vector<Placement> placements(const std::vector<GpuChoice>& gpus, const std::vector<Parallelism>& splits) {
  std::vector<Placement> all;
  if (gpus.empty()) {
    for (const Parallelism& split : splits) all.push_back({std::nullopt, 1, split});
  }
  for (const auto& [gpu, count] : gpus) {
    if (splits.empty()) all.push_back({gpu, count.value_or(1), std::nullopt});
    for (const Parallelism& split : splits) {
      if (count && split.devices() != *count) {
        throw InputError(Diagnostic{"--parallel", "",
                                    format("{} has {} devices, --gpu {}:{} has {}", split.name(),
                                           to_string(split.devices()), gpu.id, to_string(*count), to_string(*count)),
                                    "leave the number of --gpu out"});
      }
      all.push_back({gpu, 1, split});
    }
  }
  return all;
}

}  // namespace

std::span<const OptionInfo> deployment_options() { return kOptions; }

Count parse_size(std::string_view text, std::string_view option) {
  const auto fail = [&](std::string message, std::string hint) {
    throw InputError(Diagnostic{std::string(option), "", std::move(message), std::move(hint)});
  };
  const std::string found = "found \"" + std::string(text) + "\"";
  const std::optional<Count> size = parse_quantity(text, Unit::bytes, Rounding::down);
  if (!size) fail("expected bytes, " + found, "write 2GiB, 500MB or an integer");
  // "--overhead 2" is two gigabytes to whoever writes it, and two bytes to a reader of digits.
  constexpr std::uint64_t kMebi = 1 << 20;
  const bool bare = text.back() >= '0' && text.back() <= '9';
  if (bare && *size > 0 && *size < kMebi) {
    const std::string digits(text);
    fail("expected a size with its unit, " + found + ": bytes?",
         "write " + digits + "GiB, " + digits + "MB or, for bytes, " + digits + "B");
  }
  return *size;
}

Margin parse_margin(std::string_view text, std::string_view option) {
  const std::optional<Fraction> share = read_percent(text);
  if (!share) {
    if (parse_quantity(text, Unit::bytes, Rounding::down)) return {.share = {}, .bytes = parse_size(text, option)};
    throw InputError(Diagnostic{std::string(option), "",
                                "expected a percentage up to 100% or a size, found \"" + std::string(text) + "\"",
                                "write 5% or 2GiB"});
  }
  return {.share = *share, .bytes = {}};
}

DeploymentQuestion read_question(std::string_view command, const Arguments& arguments,
                                 const std::vector<std::string>& words) {
  static constexpr std::string_view kLogits[] = {"last", "all"};
  DeploymentQuestion question;
  if (arguments.has("--convention")) question.convention = parse_convention(arguments.value("--convention"));
  question.logits = arguments.choice("--logits", kLogits, "last") == "all" ? Logits::all : Logits::last;
  DeploymentSettings& settings = question.settings;
  const auto fraction = [&](std::string_view option) { return parse_fraction(arguments.value(option), option); };
  if (arguments.has("--utilization")) settings.utilization = fraction("--utilization");
  settings.beyond_window = arguments.has("--beyond-window");
  if (arguments.has("--mfu")) settings.mfu = fraction("--mfu");
  if (arguments.has("--mbu")) settings.mbu = fraction("--mbu");
  if (arguments.has("--overhead")) settings.overhead = parse_size(arguments.value("--overhead"), "--overhead");
  if (arguments.has("--margin")) settings.margin = parse_margin(arguments.value("--margin"), "--margin");
  if (arguments.has("--kv-memory")) settings.kv_memory = parse_size(arguments.value("--kv-memory"), "--kv-memory");

  question.contexts = lengths(arguments, "--context", 1);
  question.batches = lengths(arguments, "--batch", 1);
  for (const std::string& text : split_names(arguments.all("--kv-precision"), "--kv-precision")) {
    question.kv_precisions.push_back(parse_kv_precision(text, "--kv-precision"));
  }
  for (const std::string& text : split_names(arguments.all("--weights"), "--weights")) {
    question.weights.push_back(parse_weight_scheme(text, "--weights"));
  }
  for (const std::string& text : arguments.all("--engine")) question.engines.push_back(parse_engine(text));
  std::vector<GpuChoice> gpus;
  for (const std::string& text : split_names(arguments.all("--gpu"), "--gpu")) gpus.push_back(parse_gpu(text));
  std::vector<Parallelism> splits;
  for (const std::string& text : arguments.all("--parallel")) splits.push_back(parse_parallelism(text));

  if (gpus.empty() && !settings.kv_memory) {
    throw InputError(Diagnostic{std::string(command), "", "expected --gpu NAME or --kv-memory SIZE, found neither",
                                "`ctxcost list gpus` shows the devices"});
  }
  if (words.empty()) {
    throw InputError(Diagnostic{std::string(command), "", "expected a MODEL, found nothing",
                                "a JSON file, a directory with a config.json, - or a catalogue name"});
  }
  question.models = load_models(arguments, words);
  question.placements = placements(gpus, splits);
  return question;
}

void leave_out_without_context(DeploymentQuestion& question) {
  if (!question.contexts.empty()) return;
  const std::size_t asked = question.models.size();
  std::erase_if(question.models, [&](const SharedModel& model) {
    const Positions& positions = model->positions;
    if (positions.trained_context || positions.hard_limit) return false;
    const std::string message = format("expected a context: {} does not say what it was trained for", model->name);
    leave_out(InputError(Diagnostic{"--context", "", message, "write -n 8K"}), asked);
    return true;
  });
}

}  // namespace ctxcost::cli
