#include "options.h"

#include <algorithm>

#include "core/choices.h"
#include "ctxcost/answer/baseline.h"
#include "ctxcost/answer/comparison.h"
#include "ctxcost/answer/evaluation_grid.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/deployment/adapters.h"
#include "ctxcost/deployment/images.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/input/training_schedule.h"
#include "ctxcost/render/render.h"
#include "input/json/file_key.h"
#include "input/setting_keys.h"
#include "value_readers.h"

namespace ctxcost::cli {
namespace {

using Check = void (*)(std::string_view value, std::string_view source);

/// Reads the value for its errors alone and discards the result.
template <auto Parse>
void check(std::string_view value, std::string_view source) {
  if constexpr (std::is_invocable_v<decltype(Parse), std::string_view, std::string_view>) {
    static_cast<void>(Parse(value, source));
  } else {
    static_cast<void>(Parse(value));
  }
}

void check_lengths(std::string_view value, std::string_view source) { static_cast<void>(parse_lengths(value, source)); }

/// A file is read where it is used.
void check_request_lengths(std::string_view value, std::string_view source) {
  if (is_written_lengths(value)) static_cast<void>(parse_mean_and_longest(value, source));
}

/// The command-line side of a setting that budget files share.
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

constexpr std::string_view kPriceSyntax = "2.49, or list for the list price; 2.49,list,0.8: one for each --gpu";
constexpr std::string_view kPowerSyntax = "700, or board for the board's power; 700,board: one for each --gpu";

using enum OptionGroup;

// clang-format off
constexpr Option kOptions[] = {
    from(setting::kContext, OptionId::context, question,
         {.letter = 'n', .value = "LIST", .completion = Completion::length, .syntax = kLengthSyntax,
          .check = check_lengths, .repeatable = true, .common = true}),
    from(setting::kBatch, OptionId::batch, question,
         {.letter = 'b', .value = "LIST", .completion = Completion::length, .check = check_lengths,
          .repeatable = true, .common = true}),
    from(setting::kUsers, OptionId::users, question,
         {.value = "LIST", .completion = Completion::length, .check = check_lengths, .repeatable = true}),
    from(setting::kLengths, OptionId::lengths, question,
         {.value = "MEAN:MAX|FILE", .completion = Completion::file,
          .syntax = "4K:32K, or a JSON file: [{\"tokens\": \"4K\", \"share\": 0.8}, ...]",
          .check = check_request_lengths}),
    from(setting::kSharedPrefix, OptionId::shared_prefix, question,
         {.value = "LENGTH", .completion = Completion::length, .check = check<parse_length>}),
    from(setting::kKvPrecision, OptionId::kv_precision, question,
         {.value = "LIST", .completion = Completion::kv_precision, .syntax = "fp16, int4:group=G[,zero], q8_0/q4_0",
          .check = check<parse_kv_precisions>, .repeatable = true, .common = true}),
    from(setting::kWeights, OptionId::weights, question,
         {.value = "LIST", .completion = Completion::weights, .syntax = "bf16, int4:group=G[,zero], Q4_K_M",
          .check = check<parse_weight_schemes>, .repeatable = true, .common = true}),
    from(setting::kEngine, OptionId::engine, question,
         {.value = "NAME[:KEY=VALUE,...]", .completion = Completion::engine,
          .syntax = "a name from `ctxcost list engines`, with its settings (KEY=V1,V2 or A..B: one engine each)",
          .check = check<parse_engines>, .repeatable = true, .common = true}),
    from(setting::kImages, OptionId::images, question,
         {.value = "N[:WxH]", .syntax = "20, or 20:1024x768 where the size of a picture decides",
          .check = check<parse_images>}),
    {.id = OptionId::family, .name = "--family", .letter = 0, .value = "LIST", .group = question,
     .completion = Completion::none, .meaning = "only models of families that begin so",
     .syntax = "qwen3,gemma3; `ctxcost list models` shows them", .repeatable = true, .common = true},
    {.id = OptionId::parameters, .name = "--parameters", .letter = 0, .value = "RANGE", .group = question,
     .completion = Completion::none, .meaning = "only models of so many parameters",
     .syntax = "7B..70B, 7B.. or ..70B", .check = check<parse_parameters>, .common = true},
    from(setting::kConvention, OptionId::convention, question,
         {.value = "NAME[:KEY=VALUE,...]", .completion = Completion::convention, .syntax = kConventionSyntax,
          .check = check<parse_convention>}),
    from(setting::kLogits, OptionId::logits, question, {}),
    {.id = OptionId::assume, .name = "--assume", .letter = 0, .value = "full", .group = question,
     .completion = Completion::words,
     .meaning = "count unknown families and layer kinds as full attention, with a note"},
    {.id = OptionId::set, .name = "--set", .letter = 0, .value = "KEY=VALUE", .group = question,
     .completion = Completion::none, .meaning = "change a key of each model, with a note",
     .syntax = "kv_heads=4, num_key_value_heads=4 or text_config.num_hidden_layers=32",
     .check = check<parse_change>, .repeatable = true},
    {.id = OptionId::ndjson, .name = "--ndjson", .letter = 0, .value = "", .group = question,
     .completion = Completion::none,
     .meaning = "each MODEL is a file (or -) with one description a line, answered line by line"},
    {.id = OptionId::keep_going, .name = "--keep-going", .letter = 0, .value = "", .group = question,
     .completion = Completion::none, .meaning = "with --ndjson: go on after a line that is no model, then exit 2"},
    {.id = OptionId::with, .name = "--with", .letter = 0, .value = "PART[+PART...]", .group = question,
     .completion = Completion::none, .meaning = "a strategy: each part changes the model",
     .syntax = "KIND[:key=value,...] of `list mechanisms` with full_every=N, rope:type=yarn,factor=4, alibi, "
               "learned:rows=N, flash=on|off, kv_heads=8",
     .repeatable = true, .common = true},
    {.id = OptionId::claim, .name = "--claim", .letter = 0, .value = "FIGURE", .group = question,
     .completion = Completion::none, .meaning = "search the ways of counting that give a printed figure",
     .syntax = "'268 TFLOPs', '40 GB', '16.4 billion scores', '8.03B parameters'; exit 1 if none does", .common = true},
    {.id = OptionId::positions, .name = "--positions", .letter = 0, .value = "", .group = question,
     .completion = Completion::none, .meaning = "count the queries that can see each key, by its position",
     .common = true},
    {.id = OptionId::stage, .name = "--stage", .letter = 0, .value = "CONTEXT:TOKENS", .group = question,
     .completion = Completion::none, .meaning = "one stage: train TOKENS tokens at CONTEXT",
     .syntax = "64K:62914560; stages follow in the order given", .check = check<parse_stage>, .repeatable = true,
     .common = true},
    {.id = OptionId::schedule, .name = "--schedule", .letter = 0, .value = "FILE", .group = question,
     .completion = Completion::file, .meaning = "the stages as JSON",
     .syntax = "{\"stages\": [{\"context\": \"64K\", \"tokens\": 62914560}]}", .common = true},
    {.id = OptionId::warm_up, .name = "--warm-up", .letter = 0, .value = "LIST", .group = question,
     .completion = Completion::length, .meaning = "contexts over which --tokens are spread evenly: 4K..1M",
     .check = check_lengths, .common = true},
    {.id = OptionId::tokens, .name = "--tokens", .letter = 0, .value = "NUMBER", .group = question,
     .completion = Completion::none, .meaning = "all tokens of a --warm-up", .check = check<parse_length>,
     .common = true},
    {.id = OptionId::baseline_context, .name = "--baseline-context", .letter = 0, .value = "LENGTH",
     .group = question, .completion = Completion::length,
     .meaning = "compare with all tokens at this context", .fallback = "8K", .check = check<parse_length>},
    {.id = OptionId::recompute, .name = "--recompute", .letter = 0, .value = "none|selective|full",
     .group = question, .completion = Completion::words,
     .meaning = "what the backward pass computes again: nothing, the attention core, every layer",
     .fallback = "none", .common = true},
    {.id = OptionId::flash, .name = "--flash", .letter = 0, .value = "on|off", .group = question,
     .completion = Completion::words, .meaning = "fused attention, which keeps no scores", .fallback = "on"},
    {.id = OptionId::dropout, .name = "--dropout", .letter = 0, .value = "on|off", .group = question,
     .completion = Completion::words, .meaning = "train with dropout, whose masks are kept", .fallback = "off"},
    {.id = OptionId::optimizer, .name = "--optimizer", .letter = 0, .value = "adam|adam-fp32-grads",
     .group = question, .completion = Completion::words,
     .meaning = "16 bytes per parameter in all, or 18 with gradients in fp32", .fallback = "adam", .common = true},
    {.id = OptionId::zero, .name = "--zero", .letter = 0, .value = "0|1|2|3", .group = question,
     .completion = Completion::words,
     .meaning = "data-parallel devices share the optimizer state (1), gradients (2), weights (3)",
     .fallback = "0", .common = true},
    {.id = OptionId::sequence_parallel, .name = "--sequence-parallel", .letter = 0, .value = "on|off",
     .group = question, .completion = Completion::words,
     .meaning = "tensor-parallel devices share the activations between their parts of a layer",
     .fallback = "on"},
    {.id = OptionId::evaluation_grid, .name = "--grid", .letter = 0, .value = "NAME", .group = question,
     .completion = Completion::none, .meaning = "prompts of an original run",
     .syntax = "needle: package, 128k, 128k-second, 200k; lost-in-the-middle: all, qa, oracle, closed-book, key-value",
     .fallback = "package; all", .common = true},
    {.id = OptionId::depths, .name = "--depths", .letter = 0, .value = "COUNT|LIST", .group = question,
     .completion = Completion::none, .meaning = "depths of the needle: so many, or percentages",
     .syntax = "11, or 0,50,100, or 12.5%",
     .fallback = "the grid's",
     .check = check<parse_depths>, .common = true},
    {.id = OptionId::trials, .name = "--trials", .letter = 0, .value = "NUMBER", .group = question,
     .completion = Completion::none, .meaning = "prompts for each length and depth",
     .fallback = "1",
     .check = check<parse_length>},
    {.id = OptionId::needles, .name = "--needles", .letter = 0, .value = "NUMBER", .group = question,
     .completion = Completion::none, .meaning = "needles in each haystack, evenly behind the first",
     .fallback = "1",
     .check = check<parse_length>},
    {.id = OptionId::documents, .name = "--documents", .letter = 0, .value = "LIST", .group = question,
     .completion = Completion::none, .meaning = "prompts of so many documents, in place of the grid",
     .check = check_lengths, .repeatable = true},
    {.id = OptionId::pairs, .name = "--pairs", .letter = 0, .value = "LIST", .group = question,
     .completion = Completion::none, .meaning = "prompts of so many key-value pairs, in place of the grid",
     .check = check_lengths, .repeatable = true},
    {.id = OptionId::gold_positions, .name = "--gold-positions", .letter = 0, .value = "LIST", .group = question,
     .completion = Completion::none, .meaning = "positions of the gold document or pair, from 0",
     .fallback = "0, every fifth, last; of pairs five even ones",
     .check = check_lengths, .repeatable = true},
    {.id = OptionId::examples, .name = "--examples", .letter = 0, .value = "NUMBER", .group = question,
     .completion = Completion::none, .meaning = "examples at each position",
     .fallback = "2655; of pairs 500",
     .check = check<parse_length>},
    {.id = OptionId::document_tokens, .name = "--document-tokens", .letter = 0, .value = "NUMBER", .group = question,
     .completion = Completion::none, .meaning = "tokens of a document",
     .fallback = "200",
     .check = check<parse_length>},
    {.id = OptionId::pair_tokens, .name = "--pair-tokens", .letter = 0, .value = "NUMBER", .group = question,
     .completion = Completion::none, .meaning = "tokens of a key-value pair",
     .fallback = "54; 4k, 8k and 16k for 75, 140 and 300 pairs",
     .check = check<parse_length>},
    {.id = OptionId::answer_tokens, .name = "--answer-tokens", .letter = 0, .value = "NUMBER", .group = question,
     .completion = Completion::none, .meaning = "tokens of an answer, at most; 0 counts the prompts alone",
     .fallback = "300; lost-in-the-middle 100",
     .check = check<parse_length>},
    {.id = OptionId::prefix_reuse, .name = "--prefix-reuse", .letter = 0, .value = "on|off", .group = question,
     .completion = Completion::words, .meaning = "compute what stands before the needle or gold document once",
     .fallback = "off"},
    {.id = OptionId::seed, .name = "--seed", .letter = 0, .value = "NUMBER", .group = question,
     .completion = Completion::none, .meaning = "where the seeds of a --plan start",
     .fallback = "0"},
    {.id = OptionId::plan, .name = "--plan", .letter = 0, .value = "", .group = question,
     .completion = Completion::none, .meaning = "write the prompts, a line each, for a harness to run", .common = true},
    {.id = OptionId::results, .name = "--results", .letter = 0, .value = "FILE", .group = question,
     .completion = Completion::file, .meaning = "show the scores of a plan's lines: where the model was right",
     .syntax = "a line for each prompt as in --plan, with \"score\" from 0 to 1, or true or false", .common = true},

    from(setting::kGpu, OptionId::gpu, devices,
         {.letter = 'g', .value = "NAME[:COUNT]", .completion = Completion::gpu, .repeatable = true,
          .common = true}),
    from(setting::kParallel, OptionId::parallel, devices,
         {.value = "DEGREES", .check = check<parse_parallelism>, .repeatable = true, .common = true}),
    from(setting::kUtilization, OptionId::utilization, devices,
         {.value = "FRACTION", .syntax = "0.9; 0.9+0.8 for the parts of an unequal machine",
          .check = check<parse_fractions>}),
    from(setting::kOverhead, OptionId::overhead, devices,
         {.value = "SIZE", .syntax = "2GiB, 500MB", .check = check<parse_size>}),
    from(setting::kMargin, OptionId::margin, devices, {.value = "PERCENT|SIZE", .check = check<parse_margin>}),
    from(setting::kKvMemory, OptionId::kv_memory, devices, {.value = "SIZE", .check = check<parse_size>}),
    from(setting::kHostBandwidth, OptionId::host_bandwidth, devices,
         {.value = "SIZE", .syntax = "80GB", .check = check<parse_size>}),
    from(setting::kLora, OptionId::lora, devices,
         {.value = "SLOTS", .syntax = "rank=16,count=4; also type=fp16, targets=all|attention|feed_forward",
          .check = check<parse_adapters>}),
    from(setting::kDraft, OptionId::draft, devices, {.value = "MODEL", .completion = Completion::model}),
    {.id = OptionId::kv_host, .name = "--kv-host", .letter = 0, .value = "SIZE[:bandwidth=SIZE]", .group = devices,
     .completion = Completion::none, .meaning = "say what a store in host memory or on disk keeps, and when to load from it",
     .syntax = "512GiB, 512GiB:bandwidth=25GB (bytes per second from it to all devices together)",
     .fallback = "none; its bandwidth: --host-bandwidth", .check = check<parse_kv_host>},
    from(setting::kBeyondWindow, OptionId::beyond_window, devices, {}),
    from(setting::kActivations, OptionId::activations, devices, {.value = "TYPE", .check = check<parse_activations>}),
    from(setting::kMfu, OptionId::mfu, devices, {.value = "FRACTION", .check = check<parse_fraction>}),
    from(setting::kMbu, OptionId::mbu, devices, {.value = "FRACTION", .check = check<parse_fraction>}),
    from(setting::kPrice, OptionId::price, devices,
         {.value = "USD", .syntax = kPriceSyntax, .check = check<parse_prices>}),
    from(setting::kPower, OptionId::power, devices,
         {.value = "WATTS", .syntax = kPowerSyntax, .check = check<parse_powers>}),

    {.id = OptionId::fail_if, .name = "--fail-if", .letter = 0, .value = "CHANGE", .group = verdict,
     .completion = Completion::metric, .meaning = "exit 1 if the change holds at any point",
     .syntax = "'METRIC > +5%', 'METRIC >= +1GiB', 'METRIC < -3%'; a percentage without a sign means in the direction "
               "that costs more; METRIC alone means any such change",
     .check = check<parse_threshold>, .repeatable = true, .common = true},
    {.id = OptionId::fail_on, .name = "--fail-on", .letter = 0, .value = "error|warning", .group = verdict,
     .completion = Completion::words, .meaning = "lowest budget level whose breach fails the run", .fallback = "error"},
    {.id = OptionId::baseline, .name = "--baseline", .letter = 0, .value = "FILE", .group = verdict,
     .completion = Completion::file, .meaning = "compare with a JSON document from an earlier run", .common = true},
    {.id = OptionId::max_increase, .name = "--max-increase", .letter = 0, .value = "[METRIC=]PERCENT",
     .group = verdict, .completion = Completion::metric,
     .meaning = "fail if a metric is worse than the baseline by more than this",
     .syntax = "5%, kv_cache_bytes=0%", .check = check<parse_allowed_increase>, .repeatable = true, .common = true},
    {.id = OptionId::exit_zero, .name = "--exit-zero", .letter = 0, .value = "", .group = verdict,
     .completion = Completion::none, .meaning = "exit 0 where the exit status would be 1"},

    {.id = OptionId::format, .name = "--format", .letter = 0, .value = "NAME", .group = output,
     .completion = Completion::format, .meaning = "output format; before an -o, the format of that file",
     .fallback = "from the extension of -o, else table", .repeatable = true, .common = true},
    {.id = OptionId::output, .name = "--output", .letter = 'o', .value = "FILE", .group = output,
     .completion = Completion::file, .meaning = "write to FILE: the whole document or nothing", .repeatable = true,
     .common = true},
    {.id = OptionId::save, .name = "--save", .letter = 0, .value = "FILE", .group = output,
     .completion = Completion::file, .meaning = "also write the JSON document to FILE, for --baseline"},
    {.id = OptionId::columns, .name = "--columns", .letter = 0, .value = "LIST", .group = output,
     .completion = Completion::metric, .meaning = "metrics to show, named as in JSON and CSV",
     .check = check<parse_columns>, .repeatable = true, .common = true},
    {.id = OptionId::explain_columns, .name = "--explain-columns", .letter = 0, .value = "", .group = output,
     .completion = Completion::none, .meaning = "say below the table what each column is"},
    {.id = OptionId::plot, .name = "--plot", .letter = 0, .value = "", .group = output,
     .completion = Completion::none, .meaning = "draw charts of the columns in place of the table; both axes are "
                                                "logarithmic"},
    {.id = OptionId::chart, .name = "--chart", .letter = 0, .value = "attention|memory|prefill|decode", .group = output,
     .completion = Completion::words,
     .meaning = "the chart of an .svg file: of memory where devices are named, else of attention"},
    {.id = OptionId::jobs, .name = "--jobs", .letter = 0, .value = "NUMBER", .group = output,
     .completion = Completion::none,
     .meaning = "threads that compute and write rows of csv and ndjson; the same bytes for any number",
     .fallback = "1", .check = check<parse_jobs>},
    {.id = OptionId::units, .name = "--units", .letter = 0, .value = "si|iec", .group = output,
     .completion = Completion::words, .meaning = "GB (10^9) or GiB (2^30) in tables", .fallback = "si", .common = true},
    {.id = OptionId::color, .name = "--color", .letter = 0, .value = "auto|always|never", .group = output,
     .completion = Completion::words, .meaning = "highlight headings and verdicts",
     .syntax = "auto highlights on a terminal, unless NO_COLOR is set", .fallback = "auto"},
    {.id = OptionId::width, .name = "--width", .letter = 0, .value = "NUMBER", .group = output,
     .completion = Completion::none, .meaning = "fit tables and lines into so many columns of text",
     .fallback = "the terminal's; any width elsewhere", .check = check<parse_width>},
    {.id = OptionId::wide, .name = "--wide", .letter = 0, .value = "", .group = output,
     .completion = Completion::none, .meaning = "show all columns of tables, however wide"},
    {.id = OptionId::quiet, .name = "--quiet", .letter = 'q', .value = "", .group = output,
     .completion = Completion::none, .meaning = "print the answer only",
     .syntax = "assumptions go to standard error"},
    {.id = OptionId::verbose, .name = "--verbose", .letter = 'v', .value = "", .group = output,
     .completion = Completion::none, .meaning = "show the memory of every kind of device"},

    {.id = OptionId::help, .name = "--help", .letter = 'h', .value = "", .group = general,
     .completion = Completion::none, .meaning = "print the help on one screen; after a command, of that command",
     .common = true},
    {.id = OptionId::help_all, .name = "--help-all", .letter = 0, .value = "", .group = general,
     .completion = Completion::none, .meaning = "print the whole help, with every option", .common = true},
    {.id = OptionId::version, .name = "--version", .letter = 0, .value = "", .group = general,
     .completion = Completion::none, .meaning = "print the version"},
};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kOptions); ++i) {
    if (static_cast<std::size_t>(kOptions[i].id) != i) return false;
  }
  return std::size(kOptions) == static_cast<std::size_t>(OptionId::version) + 1;
}
static_assert(in_order(), "the rows follow the order of OptionId");

/// What differs for one command from the row of the table. An empty field keeps what the row says.
struct Variant {
  std::string_view command;
  OptionId id;
  std::string_view fallback = {};
  std::string_view meaning = {};
  std::string_view syntax = {};
  bool once = false;  ///< not repeatable
};

constexpr std::string_view kFiles = "from the files";
constexpr std::string_view kCounted = "how FLOPs are counted in JSON and CSV";
constexpr std::string_view kTimes = "article, standard or causal; times always use the causal count";
constexpr std::string_view kOnePrice = "2.49, or list for the list price";
constexpr std::string_view kOnePower = "700, or board for the board's power";
constexpr Variant kVariants[] = {
    {"scale", OptionId::context, "1K,4K,16K,64K,128K,1M"},
    {"scale", OptionId::convention, "article"},
    {"scale",
     OptionId::parallel,
     "the whole model",
     "cache, state and weights of the fullest device of a split: tp=2,pp=2; also cp, dcp, ep and dp",
     {},
     true},
    {"scale", OptionId::quiet, {}, "print the table only: no caption, growth lines or notes"},
    {"scale", OptionId::verbose, {}, "list sources and layer groups below the table"},
    {"explain", OptionId::context, "the model's trained context, else 4K", {}, {}, true},
    {"explain", OptionId::batch, {}, {}, {}, true},
    {"explain", OptionId::convention, "article"},
    {"explain", OptionId::quiet, {}, "print the metrics only: no caption or notes"},
    {"compare", OptionId::context, "8K,128K,1M"},
    {"compare", OptionId::batch, {}, {}, {}, true},
    {"compare", OptionId::convention, "article"},
    {"compare", OptionId::gpu, {}, "GPU of the time bounds", {}, true},
    {"compare", OptionId::quiet, {}, "print the table only"},
    {"compare", OptionId::verbose, {}, "show scores, linear and forward FLOPs and score memory, too"},
    {"explain", OptionId::verbose, {}, "show every term of every layer group with its formula, and every position"},
    {"fit", OptionId::plot, {}, "draw the memory of a device as a bar of its parts"},
    {"fit", OptionId::context, "the model's trained context"},
    {"fit", OptionId::convention, {}, kCounted, kTimes},
    {"fit", OptionId::units, "iec"},
    {"solve", OptionId::context, "the model's trained context"},
    {"solve", OptionId::convention, {}, kCounted, kTimes},
    {"solve", OptionId::units, "iec"},
    {"find", OptionId::context, "each model's trained context", {}, {}, true},
    {"find", OptionId::batch, {}, {}, {}, true},
    {"find", OptionId::weights, "the widest of: as the model is stored, 16, 8, 4 bits", "types to try"},
    {"find", OptionId::kv_precision, "the widest of: the model's own, narrower ones", "types of the KV cache to try"},
    {"find", OptionId::engine, {}, {}, {}, true},
    {"find", OptionId::gpu, {}, {}, {}, true},
    {"find", OptionId::parallel, {}, {}, {}, true},
    {"find", OptionId::price, {}, {}, kOnePrice},
    {"find", OptionId::power, {}, {}, kOnePower},
    {"find", OptionId::units, "iec"},
    {"find", OptionId::quiet, {}, "print what fits only"},
    {"init", OptionId::context, "the model's trained context", {}, {}, true},
    {"init", OptionId::batch, {}, {}, {}, true},
    {"init", OptionId::weights, {}, {}, {}, true},
    {"init", OptionId::kv_precision, {}, {}, {}, true},
    {"init", OptionId::engine, {}, {}, {}, true},
    {"init", OptionId::gpu, {}, {}, {}, true},
    {"init", OptionId::parallel, {}, {}, {}, true},
    {"init", OptionId::quiet, {}, "write the file only, without notes and next steps on standard error"},
    {"check", OptionId::gpu, kFiles, {}, {}, true},
    {"check", OptionId::parallel, kFiles, {}, {}, true},
    {"check", OptionId::utilization, kFiles},
    {"check", OptionId::overhead, kFiles},
    {"check", OptionId::margin, "from the files, else 5%"},
    {"check", OptionId::kv_memory, kFiles},
    {"check", OptionId::host_bandwidth, kFiles},
    {"check", OptionId::beyond_window, kFiles},
    {"check", OptionId::activations, kFiles},
    {"check", OptionId::mfu, kFiles},
    {"check", OptionId::mbu, kFiles},
    {"check", OptionId::price, "from the files, else the list price", {}, "2.49"},
    {"check", OptionId::power, "from the files, else its board's", {}, "700"},
    {"check", OptionId::units, "iec"},
    {"check", OptionId::quiet, {}, "leave out the summary and the settings that would pass"},
    {"diff", OptionId::context, "1K,4K,16K,64K,128K,1M; all of a saved report"},
    {"diff", OptionId::convention, "article"},
    {"diff", OptionId::quiet, {}, "print the table and failures only: no caption, no keys"},
    {"train", OptionId::batch, "1", "sequences of a micro-batch, on each data-parallel replica", {}, true},
    {"train", OptionId::gpu, {}, {}, {}, true},
    {"train", OptionId::parallel, "tp over all devices", {}, {}, true},
    {"train", OptionId::utilization, "1"},
    {"train", OptionId::activations, "bf16"},
    {"train", OptionId::mfu, "a bound at 1", "share of the peak that the model's FLOPs reach, where measured"},
    {"train", OptionId::price, "no money", {}, kOnePrice},
    {"train", OptionId::power, {}, {}, kOnePower},
    {"train", OptionId::quiet, {}, "print the verdict and the stages only"},
    {"evaluate", OptionId::context, "the grid's", "lengths of the prompts with a needle"},
    {"evaluate", OptionId::batch, "1", "prompts at a time, for times alone", {}, true},
    {"evaluate", OptionId::kv_precision, {}, {}, {}, true},
    {"evaluate", OptionId::weights, {}, {}, {}, true},
    {"evaluate", OptionId::gpu, {}, {}, {}, true},
    {"evaluate", OptionId::parallel, "tp over all devices", {}, {}, true},
    {"evaluate", OptionId::price, "no money", {}, kOnePrice},
    {"evaluate", OptionId::power, {}, {}, kOnePower},
    {"evaluate", OptionId::quiet, {}, "print the tables only: no caption, sums or notes"},
    {"reconcile", OptionId::context, "the log's", {}, {}, true},
    {"reconcile", OptionId::batch, "the log's, else 1", {}, {}, true},
    {"reconcile", OptionId::kv_precision, "the log's, else the model's", {}, {}, true},
    {"reconcile", OptionId::weights, {}, {}, {}, true},
    {"reconcile", OptionId::engine, "the log's", {}, {}, true},
    {"reconcile", OptionId::gpu, {}, {}, {}, true},
    {"reconcile", OptionId::parallel, "the log's", {}, {}, true},
    {"reconcile", OptionId::kv_memory, "the log's"},
    {"reconcile", OptionId::quiet, {}, "print the tables only: no settings, overhead or notes"},
    {"report", OptionId::context, "1K..1M, each model's window"},
    {"report", OptionId::batch, "1..64"},
    {"report", OptionId::kv_precision, "own, 8 bits"},
    {"report", OptionId::weights, "as stored, 8, 4 bits"},
    {"report", OptionId::engine, {}, {}, {}, true},
    {"report", OptionId::convention, "article"},
    {"report", OptionId::results, {}, "show scores of needle prompts as a heatmap"},
    {"report", OptionId::format, "of -o, else html"},
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
    if (variant.id != id || variant.command != command) continue;
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
