#include "topics.h"

#include <vector>

#include "command.h"
#include "core/format.h"
#include "core/quantity.h"
#include "core/word_list.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/core/units.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/weights/weight_scheme.h"
#include "glossary.h"
#include "help_lines.h"
#include "input/budget/budget_keys.h"

namespace ctxcost::cli {
namespace {

constexpr std::size_t kTermColumn = 20;
constexpr std::size_t kSettingColumn = 28;

void append_term(std::string& out, std::string_view term, std::string_view text) {
  append_row(out, format("  {}", term), kTermColumn, text);
}

/// "scale, explain, compare": the commands whose option has that default.
std::string commands_with_default(OptionId id, std::string_view fallback) {
  std::string names;
  for (const Command* const command : commands()) {
    if (!has_option(*command, id) || option_of(id, command->name).fallback != fallback) continue;
    names += (names.empty() ? "" : ", ") + std::string(command->name);
  }
  return names;
}

/// "K is 1,024, M is 1,048,576": what a reader makes of one of each.
template <typename Read>
std::string values_of(std::initializer_list<std::string_view> suffixes, Read read) {
  std::string text;
  for (const std::string_view suffix : suffixes) {
    text += format("{}{} is {}", text.empty() ? "" : ", ", suffix, with_separators(read("1" + std::string(suffix))));
  }
  return text;
}

std::string units_text() {
  std::string out = "Lengths (contexts, batches):\n";
  append_term(out, "K M k m",
              values_of({"K", "M", "k", "m"}, [](const std::string& text) { return parse_length(text, "help"); }));
  append_term(out, "lists, ranges", option(OptionId::context).syntax);
  out += "\nSizes and other quantities, in options, budgets and device files:\n";
  append_term(out, "KB MB GB TB", values_of({"KB", "MB", "GB", "TB"}, [](const std::string& text) {
                return *parse_quantity(text, Unit::bytes, Rounding::down);
              }));
  append_term(out, "KiB MiB GiB TiB", values_of({"KiB", "MiB", "GiB", "TiB"}, [](const std::string& text) {
                return *parse_quantity(text, Unit::bytes, Rounding::down);
              }));
  for (const Unit unit : {Unit::bytes, Unit::flops, Unit::tokens, Unit::parameters, Unit::seconds, Unit::ratio}) {
    append_term(out, "", expected_quantity(unit));
  }
  out += "\nIn tables (JSON and CSV have exact integers, bytes and FLOPs):\n";
  for (const std::string_view system : words_of(option(OptionId::units))) {
    append_term(out, format("--units {}", system),
                format("default of {}", commands_with_default(OptionId::units, system)));
  }
  append_term(out, "rounding", "half up on the exact integer, to one decimal; KiB, MiB and GiB to two");
  return out;
}

std::string conventions_text() {
  std::string out =
      "--convention NAME[:flops_per_mac=1|2][,pairs=reach|exact]\n"
      "It holds for every FLOP and every pair alike, and each table says which it has.\n\n";
  for (const std::string_view name : convention_names()) {
    const Convention convention = parse_convention(name);
    const std::string commands = commands_with_default(OptionId::convention, name);
    append_term(out, name,
                format("flops_per_mac={}, pairs={}{}{}", to_string(convention.flops_per_mac),
                       convention.pairs == PairRule::reach ? "reach" : "exact", commands.empty() ? "" : "; default of ",
                       commands));
  }
  out += "\n";
  append_term(out, "flops_per_mac", "FLOPs of one multiply-add");
  append_term(out, "pairs=reach",
              "every query is charged the most keys that any query of the sequence sees: n for full attention");
  append_term(out, "pairs=exact", "only the pairs of a query and a key that the mask leaves");
  out += "\n";
  append_paragraph(
      out,
      "Times always use the causal count: it is what hardware does. `ctxcost explain MODEL --claim FIGURE` "
      "finds the way of counting that gives a printed figure.");
  return out;
}

std::string engines_text() {
  std::string out = "What a runtime reserves for the cache, by its own rules.\n";
  append_paragraph(out, format("--engine {}. Settings have their default behind them; without one, the engine decides.",
                               option(OptionId::engine).value));
  for (const Engine* const engine : engines()) {
    out += "\n";
    append_row(out, format("  {}", engine->name), kTermColumn, engine->summary);
    std::string settings;
    for (const EngineSetting& setting : engine->settings) {
      const std::string_view fallback = engine->fallback(setting);
      settings += format("{}{}{}{}", settings.empty() ? "" : ", ", setting.name, fallback.empty() ? "" : "=", fallback);
    }
    if (!settings.empty()) append_row(out, "", kTermColumn, settings);
    if (engine->utilization_percent != 100) {
      append_row(out, "", kTermColumn, format("takes {}% of a device's memory", engine->utilization_percent));
    }
  }
  out += "\n`ctxcost show NAME` says what each setting means and where the rules are from.\n";
  return out;
}

std::string precision_text() {
  std::string out =
      "Types of weights (--weights) and of the KV cache (--kv-precision; K/V where they\n"
      "differ: q8_0/q4_0). A model file's \"precision\" is one that sets both.\n\n";
  struct Use {
    std::string_view heading;
    bool (*holds)(const Format&);
  };
  static constexpr Use kUses[] = {
      {"both at once", [](const Format& one) { return one.model_type; }},
      {"either", [](const Format& one) { return one.weights && one.cache && !one.model_type; }},
      {"weights", [](const Format& one) { return one.weights && !one.cache; }},
      {"cache", [](const Format& one) { return one.cache && !one.weights; }},
  };
  std::string aliases;
  for (const Use& use : kUses) {
    std::string names;
    for (const Format& one : formats()) {
      if (!use.holds(one)) continue;
      names += (names.empty() ? "" : ", ") + std::string(one.name);
      if (one.aliases.empty()) continue;
      aliases += format("{}{}", aliases.empty() ? "" : "; ", one.name);
      for (std::string_view rest = one.aliases; !rest.empty();) aliases += format(" = {}", take_word(rest));
    }
    append_term(out, use.heading, names);
  }
  std::string file_types;
  for (const std::string_view name : gguf_file_type_names()) {
    file_types += (file_types.empty() ? "" : ", ") + std::string(name);
  }
  append_term(out, "GGUF file types", "of --weights, each tensor in its own type: " + file_types);
  append_term(out, "other names", aliases);
  append_term(out, "settings", format("{}; kivi:bits=2|4,group=G,residual=R", option(OptionId::kv_precision).syntax));
  out += "\n`ctxcost list precisions` has the bytes of each, `ctxcost show NAME` says all.\n";
  return out;
}

std::string budgets_text() {
  std::string out =
      "A budget file states what a model may take; `ctxcost check FILE...` judges it.\n\n"
      "  {\"budgets\": [{\"name\": \"chat\", \"model\": \"llama-3.1-8b\", \"context\": \"32K\",\n"
      "    \"gpu\": \"h100-sxm-80gb\", \"limits\": {\"device_bytes\": {\"max\": \"72GiB\"}}}]}\n\n"
      "Keys of a file:\n";
  const auto append_keys = [&out](std::span<const FileKey> keys) {
    for (const FileKey& key : keys) {
      std::string text(key.meaning);
      if (key.rules.required) text += "; required";
      if (!key.fallback.empty()) text += format(" ({})", key.fallback);
      append_row(out, format("  {}", key.name), kSettingColumn, text);
    }
  };
  append_keys(kBudgetFileKeys);
  out += "\nKeys of a budget; all but name and limits also of \"defaults\":\n";
  append_keys(kBudgetKeys);
  out += "\n";
  append_paragraph(out,
                   format("A limit is \"max\", \"min\" or both on one of the {} metrics of `ctxcost list metrics`. "
                          "`ctxcost help units` has how limits are written, `ctxcost schema budget` all of the format.",
                          metrics().size() + device_metrics().size()));
  return out;
}

std::string exit_status_text() {
  std::string out;
  for (const StatusMeaning& one : status_meanings()) {
    append_term(out, format("{}", static_cast<int>(one.status)), one.meaning);
  }
  append_term(out, "of a signal", kSignalMeaning);
  out += "\n";
  append_paragraph(
      out, format("--exit-zero reports a 1 as 0; a 2 stays: an option of {}.", commands_with(OptionId::exit_zero)));
  append_paragraph(out,
                   format("--fail-if ({}) makes changes a 1, --fail-on ({}) says which breaches of budgets are one.",
                          commands_with(OptionId::fail_if), commands_with(OptionId::fail_on)));
  out += "Errors and notes go to standard error, documents to standard output.\n";
  return out;
}

std::string names_text() {
  std::string out(kModels);
  out += "\n";
  append_term(out, "models", format("{} are built in: `ctxcost list models`", catalogue().size()));
  append_term(out, "devices",
              format("{} are built in: `ctxcost list gpus`; a name that ends in .json is a file (`ctxcost show "
                     "m3-max-128gb --format json` is the start of one)",
                     accelerator_catalogue().size()));
  append_term(out, "spelling",
              "case and separators do not matter: meta-llama/Llama-3.1-8B, llama-3.1-8b and \"Llama 3.1 8B\" are one "
              "model, h100-sxm-80gb and \"H100 SXM\" one device");
  append_term(out, "variants",
              "packaging in a name (-Instruct, -AWQ, -Q4_K_M) keeps the shape of its base and sets the type of the "
              "weights, with a note");
  append_term(out, "local stores",
              "org/name is then read from HuggingFace's cache, name:tag from Ollama's store, publisher/repo from LM "
              "Studio's: offline, with a note");
  append_term(out, "many meanings", "a name that may mean several lists them and is an error");
  return out;
}

std::string glossary_text() {
  std::string out;
  for (const GlossaryTerm& term : glossary()) out += glossary_entry(term);
  out += "\n`ctxcost help TERM` has one of them, `ctxcost list metrics` says what each metric is.\n";
  return out;
}

constexpr Topic kTopics[] = {
    {"units", "lengths, sizes, and how tables round them", units_text},
    {"conventions", "how FLOPs and pairs are counted", conventions_text},
    {"engines", "runtimes, their settings and defaults", engines_text},
    {"precision", "types of weights and of the KV cache", precision_text},
    {"budgets", "files of limits for `check`", budgets_text},
    {"exit-status", "0, 1 and 2, and what decides", exit_status_text},
    {"names", "what MODEL, --gpu and other names may be", names_text},
    {"glossary", "the field's terms, each with its metric or option", glossary_text},
};

}  // namespace

std::span<const Topic> topics() { return kTopics; }

}  // namespace ctxcost::cli
