#include "options.h"

#include <algorithm>

#include "ctxcost/answer/baseline.h"
#include "ctxcost/answer/comparison.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/render/render.h"
#include "input/json/file_key.h"
#include "input/setting_keys.h"
#include "value_readers.h"

namespace ctxcost::cli {
namespace {

using Check = void (*)(std::string_view value, std::string_view source);

/// Reads the value, and forgets what it says.
template <auto Parse>
void check(std::string_view value, std::string_view source) {
  if constexpr (std::is_invocable_v<decltype(Parse), std::string_view, std::string_view>) {
    static_cast<void>(Parse(value, source));
  } else {
    static_cast<void>(Parse(value));
  }
}

void check_lengths(std::string_view value, std::string_view source) { static_cast<void>(parse_lengths(value, source)); }

/// How a setting that budget files have, too, stands on the command line.
struct SettingOption {
  char letter = 0;
  std::string_view value = {};
  Completion completion = Completion::none;
  std::string_view syntax = {};
  Check check = nullptr;
  bool repeatable = false;
  bool common = false;
};

constexpr Option from(const FileKey& key, OptionId id, OptionGroup group, const SettingOption& more) {
  const bool words = key.type == ValueType::choice;
  const bool flag = key.type == ValueType::flag;
  return {id,
          OptionName(key.name),
          more.letter,
          words ? key.rules.choices : more.value,
          group,
          words ? Completion::words : more.completion,
          key.meaning,
          more.syntax,
          flag ? std::string_view() : key.fallback,
          more.check,
          more.repeatable,
          more.common};
}

constexpr std::string_view kLengthSyntax =
    "4K, 1K,4K, 1K..1M (doubling), 1K..1M:x4, 1000..9000:+1000; K is 1,024 and "
    "M 1,048,576, k is 1,000 and m 1,000,000";
constexpr std::string_view kConventionSyntax =
    "article (1 FLOP per multiply-add, each query charged all keys), standard (2 FLOPs), causal (2 FLOPs, unmasked "
    "pairs only); flops_per_mac=1|2, pairs=reach|exact";

using enum OptionGroup;

// clang-format off
constexpr Option kOptions[] = {
    from(setting::kContext, OptionId::context, question,
         {.letter = 'n', .value = "LIST", .completion = Completion::length, .syntax = kLengthSyntax,
          .check = check_lengths, .repeatable = true, .common = true}),
    from(setting::kBatch, OptionId::batch, question,
         {.letter = 'b', .value = "LIST", .completion = Completion::length, .check = check_lengths,
          .repeatable = true, .common = true}),
    from(setting::kKvPrecision, OptionId::kv_precision, question,
         {.value = "LIST", .completion = Completion::kv_precision, .syntax = "fp16, int4:group=G[,zero], q8_0/q4_0",
          .check = check<parse_kv_precisions>, .repeatable = true, .common = true}),
    from(setting::kWeights, OptionId::weights, question,
         {.value = "LIST", .completion = Completion::weights, .syntax = "bf16, int4:group=G[,zero], Q4_K_M",
          .check = check<parse_weight_schemes>, .repeatable = true, .common = true}),
    from(setting::kEngine, OptionId::engine, question,
         {.value = "NAME[:KEY=VALUE,...]", .completion = Completion::engine,
          .syntax = "a name of `ctxcost list engines`, with settings", .check = check<parse_engine>, .repeatable = true}),
    from(setting::kConvention, OptionId::convention, question,
         {.value = "NAME[:KEY=VALUE,...]", .completion = Completion::convention, .syntax = kConventionSyntax,
          .check = check<parse_convention>}),
    from(setting::kLogits, OptionId::logits, question, {}),
    {.id = OptionId::assume, .name = "--assume", .letter = 0, .value = "full", .group = question,
     .completion = Completion::words,
     .meaning = "count families and layer kinds that are not known as full attention, with a note"},

    from(setting::kGpu, OptionId::gpu, devices,
         {.letter = 'g', .value = "NAME[:COUNT]", .completion = Completion::gpu, .repeatable = true}),
    from(setting::kParallel, OptionId::parallel, devices,
         {.value = "DEGREES", .check = check<parse_parallelism>, .repeatable = true}),
    from(setting::kUtilization, OptionId::utilization, devices, {.value = "FRACTION", .check = check<parse_fraction>}),
    from(setting::kOverhead, OptionId::overhead, devices,
         {.value = "SIZE", .syntax = "2GiB, 500MB", .check = check<parse_size>}),
    from(setting::kMargin, OptionId::margin, devices, {.value = "PERCENT|SIZE", .check = check<parse_margin>}),
    from(setting::kKvMemory, OptionId::kv_memory, devices, {.value = "SIZE", .check = check<parse_size>}),
    from(setting::kBeyondWindow, OptionId::beyond_window, devices, {}),
    from(setting::kMfu, OptionId::mfu, devices, {.value = "FRACTION", .check = check<parse_fraction>}),
    from(setting::kMbu, OptionId::mbu, devices, {.value = "FRACTION", .check = check<parse_fraction>}),

    {.id = OptionId::fail_if, .name = "--fail-if", .letter = 0, .value = "CHANGE", .group = verdict,
     .completion = Completion::metric, .meaning = "exit 1 where it holds at any point",
     .syntax = "'METRIC > +5%', 'METRIC >= +1GiB', 'METRIC < -3%'; without a sign a percentage is of the direction "
               "that costs more, and METRIC alone is any such change",
     .check = check<parse_threshold>, .repeatable = true},
    {.id = OptionId::fail_on, .name = "--fail-on", .letter = 0, .value = "error|warning", .group = verdict,
     .completion = Completion::words, .meaning = "the least level of a budget whose breach fails", .fallback = "error"},
    {.id = OptionId::baseline, .name = "--baseline", .letter = 0, .value = "FILE", .group = verdict,
     .completion = Completion::file, .meaning = "compare with a saved JSON document"},
    {.id = OptionId::max_increase, .name = "--max-increase", .letter = 0, .value = "[METRIC=]PERCENT",
     .group = verdict, .completion = Completion::metric,
     .meaning = "fail where a metric is worse than in the baseline by more than that",
     .syntax = "5%, kv_cache_bytes=0%", .check = check<parse_allowed_increase>, .repeatable = true},
    {.id = OptionId::exit_zero, .name = "--exit-zero", .letter = 0, .value = "", .group = verdict,
     .completion = Completion::none, .meaning = "exit 0 where the status would be 1"},

    {.id = OptionId::format, .name = "--format", .letter = 0, .value = "NAME", .group = output,
     .completion = Completion::format, .meaning = "how the answer is written; before an -o, what goes there",
     .fallback = "by the extension of -o, else table", .repeatable = true, .common = true},
    {.id = OptionId::output, .name = "--output", .letter = 'o', .value = "FILE", .group = output,
     .completion = Completion::file, .meaning = "write there, the whole document or nothing", .repeatable = true,
     .common = true},
    {.id = OptionId::save, .name = "--save", .letter = 0, .value = "FILE", .group = output,
     .completion = Completion::file, .meaning = "also write the JSON document there, for --baseline"},
    {.id = OptionId::columns, .name = "--columns", .letter = 0, .value = "LIST", .group = output,
     .completion = Completion::metric, .meaning = "metrics to show, by their names in JSON and CSV",
     .check = check<parse_columns>, .repeatable = true},
    {.id = OptionId::units, .name = "--units", .letter = 0, .value = "si|iec", .group = output,
     .completion = Completion::words, .meaning = "GB or GiB in tables", .fallback = "si", .common = true},
    {.id = OptionId::color, .name = "--color", .letter = 0, .value = "auto|always|never", .group = output,
     .completion = Completion::words, .meaning = "headings and verdicts that stand out",
     .syntax = "auto is on a terminal, unless NO_COLOR is set", .fallback = "auto"},
    {.id = OptionId::quiet, .name = "--quiet", .letter = 'q', .value = "", .group = output,
     .completion = Completion::none, .meaning = "the answer alone"},
    {.id = OptionId::verbose, .name = "--verbose", .letter = 'v', .value = "", .group = output,
     .completion = Completion::none, .meaning = "every kind of device"},

    {.id = OptionId::help, .name = "--help", .letter = 'h', .value = "", .group = general,
     .completion = Completion::none, .meaning = "this text; after a command, that command's", .common = true},
    {.id = OptionId::version, .name = "--version", .letter = 0, .value = "", .group = general,
     .completion = Completion::none, .meaning = "the version", .common = true},
};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kOptions); ++i) {
    if (static_cast<std::size_t>(kOptions[i].id) != i) return false;
  }
  return std::size(kOptions) == static_cast<std::size_t>(OptionId::version) + 1;
}
static_assert(in_order(), "the rows stand in the order of OptionId");

/// What an option is to one command, where it is not the table's: empty fields are.
struct Variant {
  std::string_view command;
  OptionId id;
  std::string_view fallback = {};
  std::string_view meaning = {};
  std::string_view syntax = {};
  bool once = false;  ///< not repeatable
};

constexpr std::string_view kFiles = "as the files say";
constexpr std::string_view kCounted = "how FLOPs are counted in JSON and CSV";
constexpr std::string_view kTimes = "article, standard or causal; times are always of the causal count";
constexpr Variant kVariants[] = {
    {"scale", OptionId::context, "1K,4K,16K,64K,128K,1M"},
    {"scale", OptionId::convention, "article"},
    {"scale", OptionId::quiet, {}, "the table alone: no caption, growth lines, notes"},
    {"scale", OptionId::verbose, {}, "sources and layer groups below the table"},
    {"explain", OptionId::context, "what the model was trained for, else 4K", {}, {}, true},
    {"explain", OptionId::batch, {}, {}, {}, true},
    {"explain", OptionId::convention, "article"},
    {"explain", OptionId::quiet, {}, "the metrics alone: no caption, no notes"},
    {"explain", OptionId::verbose, {}, "every term of every layer group with its formula"},
    {"fit", OptionId::context, "what the model was trained for"},
    {"fit", OptionId::convention, {}, kCounted, kTimes},
    {"solve", OptionId::context, "what the model was trained for"},
    {"solve", OptionId::convention, {}, kCounted, kTimes},
    {"check", OptionId::gpu, kFiles, {}, {}, true},
    {"check", OptionId::parallel, kFiles, {}, {}, true},
    {"check", OptionId::utilization, kFiles},
    {"check", OptionId::overhead, kFiles},
    {"check", OptionId::margin, "as the files say, else 5%"},
    {"check", OptionId::kv_memory, kFiles},
    {"check", OptionId::beyond_window, kFiles},
    {"check", OptionId::mfu, kFiles},
    {"check", OptionId::mbu, kFiles},
    {"check", OptionId::quiet, {}, "no summary, and no settings that would pass"},
    {"diff", OptionId::context, "1K,4K,16K,64K,128K,1M; of saved reports all"},
    {"diff", OptionId::convention, "article"},
    {"diff", OptionId::quiet, {}, "the table and what fails alone: no caption, no keys"},
    {"schema", OptionId::output, {}, {}, {}, true},
};

}  // namespace

std::string_view heading(OptionGroup group) {
  switch (group) {
    case question: return "What is counted";
    case devices: return "Devices";
    case verdict: return "Verdict";
    case output: return "Output";
    case general: break;
  }
  return "General";
}

std::span<const Option> options() { return kOptions; }

const Option& option(OptionId id) { return kOptions[static_cast<std::size_t>(id)]; }

const Option* find_option(std::string_view name) {
  for (const Option& one : kOptions) {
    if (one.name == name) return &one;
    if (one.letter != 0 && name.size() == 2 && name[0] == '-' && name[1] == one.letter) return &one;
  }
  return nullptr;
}

Option option_of(OptionId id, std::string_view command) {
  Option result = option(id);
  for (const Variant& variant : kVariants) {
    if (variant.command != command || variant.id != id) continue;
    if (!variant.fallback.empty()) result.fallback = variant.fallback;
    if (!variant.meaning.empty()) result.meaning = variant.meaning;
    if (!variant.syntax.empty()) result.syntax = variant.syntax;
    if (variant.once) result.repeatable = false;
  }
  return result;
}

std::vector<std::string_view> words_of(const Option& option) {
  if (option.completion != Completion::words) return {};
  return split_choices(option.value);
}

}  // namespace ctxcost::cli
