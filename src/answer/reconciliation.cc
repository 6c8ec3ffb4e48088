#include "ctxcost/answer/reconciliation.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "core/format.h"
#include "core/word_list.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/deployment.h"

namespace ctxcost {
namespace {

/// A cache of more bytes is not searched for.
constexpr Count kMostCacheBytes = std::uint64_t{1} << 50;

// ---- The settings: those of the log, and those of the question beside them.

bool engine_has(const Engine& engine, std::string_view name) {
  return std::any_of(engine.settings.begin(), engine.settings.end(),
                     [&](const EngineSetting& setting) { return setting.name == name; });
}

/// Whether a buffer with that name is in host memory.
bool on_host(std::string_view device) { return device.starts_with("CPU") || device.ends_with("_Host"); }

/// Settings of one question, each with where it is from.
class LogSettings {
  /// Names the log in errors about values that it prints.
  template <typename Read>
  auto in_log(Read read) const {
    try {
      return read();
    } catch (const InputError& error) {
      Diagnostic fault = error.diagnostics().front();
      throw InputError(Diagnostic{log_->source, "", fault.message, fault.hint});
    }
  }

 public:
  explicit LogSettings(const ReconcileQuestion& question) : question_(&question), log_(&question.log) {}

  EngineChoice engine() {
    const EngineLogFormat& format = *log_->format;
    const EngineChoice* const asked = question_->engine ? &*question_->engine : nullptr;
    std::string name(format.engine);
    if (asked != nullptr && asked->engine->name != name) {
      bool alias = false;
      for (std::string_view rest = format.aliases; !rest.empty();)
        alias = take_word(rest) == asked->engine->name || alias;
      if (!alias) {
        throw InputError(setting_fault("engine",
                                       ctxcost::format("the log is one of {}, found \"{}\"", name, asked->name),
                                       "leave out the engine, or give its settings: " + name + ":..."));
      }
      name = asked->engine->name;
    }
    const Engine* engine = nullptr;
    for (const Engine* one : engines()) {
      if (one->name == name) engine = one;
    }
    if (engine == nullptr) {
      throw InputError(Diagnostic{log_->source, "",
                                  ctxcost::format("it is a log of {}, for which there are no rules yet", name),
                                  "`ctxcost list engines` shows those that there are"});
    }
    std::string text = name;
    char separator = ':';
    const auto append = [&](std::string_view key, std::string_view value) {
      text += ctxcost::format("{}{}={}", separator, key, value);
      separator = ',';
    };
    for (const LogSetting& printed : log_->settings) {
      if (printed.key != "engine" || !engine_has(*engine, printed.name)) continue;
      const bool given = asked != nullptr && asked->given(printed.name);
      if (given && asked->word(printed.name) != printed.value && printed.line != 0) {
        contradiction("engine", printed, ctxcost::format("{}={}", printed.name, asked->word(printed.name)));
      }
      if (given) continue;
      append(printed.name, printed.value);
      take(ctxcost::format("{} {}", name, printed.name), printed.value, printed.line,
           printed.line == 0 ? "release" : "log");
    }
    if (asked != nullptr) {
      for (const auto& [key, value] : asked->settings) {
        append(key, value);
        take(ctxcost::format("{} {}", name, key), value, 0, "asked");
      }
    }
    return in_log([&] { return parse_engine(text); });
  }

  std::optional<Count> number(std::string_view key, const std::optional<Count>& asked) {
    const LogSetting* const printed = log_->find_setting(key);
    if (printed == nullptr) {
      if (asked) take(std::string(key), to_string(*asked), 0, "asked");
      return asked;
    }
    const std::optional<Count> value = parse_digits(printed->value);
    if (!value || *value == 0) return asked;
    if (asked && *asked != *value) contradiction(key, *printed, to_string(*asked));
    take(std::string(key), printed->value, printed->line, "log");
    return value;
  }

  std::optional<KvPrecision> kv() {
    const LogSetting* const printed = log_->find_setting("kv_precision");
    if (printed == nullptr) {
      if (question_->kv) take("kv_precision", question_->kv->name(), 0, "asked");
      return question_->kv;
    }
    const KvPrecision value = in_log([&] { return parse_kv_precision(printed->value, log_->source); });
    if (question_->kv && question_->kv->name() != value.name())
      contradiction("kv_precision", *printed, question_->kv->name());
    take("kv_precision", value.name(), printed->line, "log");
    return value;
  }

  Parallelism parallelism(const Engine& engine) {
    std::optional<Parallelism> asked = question_->parallelism;
    if (!asked && question_->gpus) {
      asked = Parallelism();
      (*asked).*spread_degree(engine) = *question_->gpus;
    }
    // The log is read as the option is.
    std::string text;
    for (const std::string_view key : {"tp", "pp", "dcp"}) {
      const LogSetting* const printed = log_->find_setting(key);
      if (printed == nullptr || (key == "dcp" && printed->value == "1")) continue;
      text += ctxcost::format("{}{}={}", text.empty() ? "" : ",", key, printed->value);
    }
    if (text.empty()) {
      if (asked) take("parallel", asked->name(), 0, "asked");
      return asked ? *asked : printed_devices(engine);
    }
    const Parallelism printed = in_log([&] { return parse_parallelism(text); });
    const LogSetting* const first = log_->find_setting("tp") ? log_->find_setting("tp") : log_->find_setting("pp");
    if (asked &&
        (asked->tensor != printed.tensor || (log_->find_setting("pp") && asked->pipeline != printed.pipeline))) {
      contradiction("parallel", {"parallel", {}, printed.name(), first == nullptr ? 0 : first->line}, asked->name());
    }
    take("parallel", asked ? asked->name() : printed.name(), first == nullptr ? 0 : first->line,
         asked ? "asked" : "log");
    return asked.value_or(printed);
  }

  /// The devices that have a buffer of weights, if there are several.
  Parallelism printed_devices(const Engine& engine) {
    Parallelism split;
    std::size_t line = 0;
    Count devices;
    for (const LogFinding& one : log_->findings) {
      if (one.figure != LogFigure::model_buffer || on_host(one.detail)) continue;
      devices += 1;
      line = one.line;
    }
    if (devices <= 1) return split;
    split.*spread_degree(engine) = devices;
    take("parallel", split.name(), line, "log");
    return split;
  }

  void take(std::string name, std::string value, std::size_t line, std::string_view origin) {
    taken_.push_back({std::move(name), std::move(value), line, origin});
  }
  std::vector<ReconciledSetting> taken() { return std::move(taken_); }

 private:
  [[noreturn]] void contradiction(std::string_view key, const LogSetting& printed, const std::string& found) const {
    throw InputError(setting_fault(
        std::string(key),
        ctxcost::format("the log says {} (line {} of {}), found {}", printed.value, printed.line, log_->source, found),
        "leave it out"));
  }

  const ReconcileQuestion* question_;
  const EngineLog* log_;
  std::vector<ReconciledSetting> taken_;
};

// ---- The figures.

/// Bytes of a reserve by what logs call them.
struct ReserveShares {
  Count keys, values, convolutions, states;
};

ReserveShares shares_of(const Reserve& reserve) {
  ReserveShares shares;
  for (const ReservedPart& part : reserve.parts) {
    const std::string_view name = part.name;
    const auto says = [&](std::string_view word) { return name.find(word) != name.npos; };
    Count& share = says("value")                                     ? shares.values
                   : says("conv")                                    ? shares.convolutions
                   : says("key") || says("latent") || says("blocks") ? shares.keys
                                                                     : shares.states;
    share += part.bytes;
  }
  return shares;
}

/// Holds one model against the log.
class ModelReconciler {
 public:
  ModelReconciler(const ReconcileQuestion& question, const SharedModel& model)
      : question_(question), log_(question.log) {
    result_.model = model;
    LogSettings settings(question);
    result_.engine = settings.engine();
    result_.parallelism = settings.parallelism(*result_.engine.engine);
    result_.kv = settings.kv().value_or(model->kv);
    result_.context = settings.number("context", question.context);
    result_.batch = settings.number("batch", question.batch);
    result_.notes = log_.notes;
    weights_ = question.weights;
    if (!weights_ && !is_file()) weights_ = weights_in_log(settings);
    result_.settings = settings.taken();
    // What llama.cpp prints of its cache is the sum over devices.
    ranks_ = split(*model, is("llama.cpp") ? Parallelism() : result_.parallelism);
    check_even(*model, result_.parallelism);
  }

  Reconciliation take() {
    const std::string_view engine = log_.format->engine;
    for (const LogFinding& finding : log_.findings) {
      if (shown(finding)) result_.figures.push_back({finding, {}, {}, Agreement::no_rule});
    }
    if (engine == "vllm") {
      hold_pool();
    } else {
      hold_allocation();
    }
    weigh();
    leave_overhead();
    for (const LogFinding& finding : log_.findings) {
      if (finding.value.word == "GB") add_note("the log writes GB for 2^30 bytes");
    }
    return std::move(result_);
  }

 private:
  bool is(std::string_view engine) const { return log_.format->engine == engine; }

  /// Whether the model is a GGUF file. It knows its own tensors; the name of a type does not.
  bool is_file() const {
    const std::optional<ModelFiles>& files = result_.model->files;
    return files && files->format == ModelFiles::Format::gguf;
  }

  /// The type that the log's file has.
  std::optional<WeightScheme> weights_in_log(LogSettings& settings) {
    const LogSetting* const printed = log_.find_setting("weights");
    if (printed == nullptr) return std::nullopt;
    try {
      const WeightScheme scheme = parse_weight_scheme(printed->value, log_.source);
      settings.take("weights", printed->value, printed->line, "log");
      return scheme;
    } catch (const InputError&) {
      add_note(format("the log's type of weights is not known: \"{}\"", printed->value));
      return std::nullopt;
    }
  }

  /// Settings and memory stand in other places.
  bool shown(const LogFinding& finding) const {
    switch (finding.figure) {
      case LogFigure::budget:
      case LogFigure::memory_before:
      case LogFigure::memory_after: return false;
      case LogFigure::tokens: return is("vllm");
      default: return true;
    }
  }

  const LogFinding* printed(LogFigure figure) const { return log_.find(figure); }

  static void set_ours(ReconciledFigure& one, const std::optional<Count>& ours, bool has_rule) {
    one.ours = ours;
    if (!ours || !has_rule) return;
    const PrintedNumber& value = one.printed.value;
    one.verdict = value.low() <= *ours && *ours <= value.high() ? Agreement::agrees : Agreement::differs;
  }

  /// Says what the rules give for a figure.
  void hold(LogFigure figure, Count ours) {
    for (ReconciledFigure& one : result_.figures) {
      if (one.printed.figure == figure) set_ours(one, ours, true);
    }
  }
  void hold_ratio(LogFigure figure, double ours) {
    for (ReconciledFigure& one : result_.figures) {
      if (one.printed.figure != figure) continue;
      one.ratio = ours;
      one.verdict = one.printed.value.states(ours) ? Agreement::agrees : Agreement::differs;
    }
  }
  /// Says what ctxcost counts where the engine measures: there is no rule.
  void count_beside(LogFigure figure, const std::optional<Count>& ours) {
    for (ReconciledFigure& one : result_.figures) {
      if (one.printed.figure == figure) one.ours = ours;
    }
  }

  Setup setup(const std::optional<Count>& kv_memory) const {
    Setup setup{result_.model, {}, result_.engine, {}};
    setup.workload.kv = result_.kv;
    setup.workload.weights = weights_.value_or(WeightScheme());
    setup.settings.parallelism = result_.parallelism;
    setup.settings.gpu = question_.gpu;
    setup.settings.utilization = question_.utilization;
    setup.settings.kv_memory = kv_memory;
    setup.settings.beyond_window = true;
    return setup;
  }

  /// The reserve of a device with the largest part of the model.
  Reserve reserve(Count context, Count batch, bool explained = false) {
    Reserve largest;
    const std::optional<EngineDevice> card = engine_device(question_.gpu);
    for (const Rank& rank : ranks_) {
      const ReserveRequest request{*rank.model,
                                   context,
                                   batch,
                                   result_.kv,
                                   result_.engine,
                                   result_.parallelism.context_ranks(),
                                   card ? &*card : nullptr,
                                   explained};
      Reserve one = result_.engine.engine->reserve(request);
      if (one.bytes >= largest.bytes) largest = std::move(one);
    }
    for (const std::string& note : largest.notes) add_note(note);
    return largest;
  }

  void add_note(const std::string& note) {
    if (std::find(result_.notes.begin(), result_.notes.end(), note) == result_.notes.end()) {
      result_.notes.push_back(note);
    }
  }

  // ---- vLLM: a pool of given bytes.

  struct Pool {
    Count bytes;
    Count tokens;
    double concurrency = 0;
    Count blocks;
  };

  Pool pool(Count bytes) const {
    const Count n = *result_.context;
    const Deployment deployment(setup(bytes));
    const DeploymentEstimate estimate = deployment.at(n, 1);
    Pool result;
    result.bytes = bytes;
    result.tokens = estimate.count(Metric::kv_capacity_tokens).value_or(0);
    if (const double* ratio = std::get_if<double>(&estimate[Metric::max_concurrency])) result.concurrency = *ratio;
    for (std::size_t i = 0; i < ranks_.size(); ++i) {
      const std::optional<EngineDevice> card = engine_device(question_.gpu);
      const ReserveRequest request{
          *ranks_[i].model,       n, 1, result_.kv, result_.engine, result_.parallelism.context_ranks(),
          card ? &*card : nullptr};
      const Count blocks = result_.engine.engine->capacity(request, bytes).units;
      result.blocks = i == 0 ? blocks : min(result.blocks, blocks);
    }
    return result;
  }

  /// Returns the smallest number of bytes in [low, high] for which `reached` is true. Empty if there is none.
  template <typename Reached>
  std::optional<Pool> first_pool(Count low, Count high, Reached reached) const {
    Pool best = pool(high);
    if (!reached(best)) return std::nullopt;
    while (low < high) {
      const Count middle = (low + high) / 2;
      const Pool one = pool(middle);
      if (reached(one)) {
        best = one;
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return best;
  }

  void hold_pool() {
    const LogFinding* const tokens = printed(LogFigure::tokens);
    const LogFinding* const blocks = printed(LogFigure::blocks);
    const LogFinding* const concurrency = printed(LogFigure::concurrency);
    if (!result_.context && (tokens || blocks || concurrency || printed(LogFigure::block_tokens))) {
      throw InputError(setting_fault("context", "expected the longest length of the log's requests, found nothing",
                                     "the log's line \"Maximum concurrency for N tokens\" would say it"));
    }
    if (!result_.context || result_.engine.engine->capacity == nullptr) return;
    if (log_.release.empty()) {
      add_note(format("the log names no release: the rules are those of {}", result_.engine.engine->release));
    }
    if (printed(LogFigure::block_tokens)) hold_block();

    const LogFinding* const memory = printed(LogFigure::kv_memory);
    std::optional<Count> low, high;
    if (memory != nullptr && !question_.kv_memory) {
      low = memory->value.low();
      high = memory->value.high();
    } else if (question_.kv_memory) {
      low = high = question_.kv_memory;
      if (memory != nullptr) hold(LogFigure::kv_memory, *question_.kv_memory);
    }
    if (!tokens && !blocks && !concurrency) return;
    // Each figure grows with the memory: the least memory that reaches all of them gives all of them, or none does.
    const auto reaches = [&](const Pool& one) {
      return (!tokens || one.tokens >= tokens->value.digits) && (!blocks || one.blocks >= blocks->value.digits) &&
             (!concurrency || one.concurrency * one_of(concurrency->value) > concurrency->value.digits.to_double() ||
              concurrency->value.states(one.concurrency));
    };
    const auto reaches_first = [&](const Pool& one) {
      if (tokens) return one.tokens >= tokens->value.digits;
      return blocks ? one.blocks >= blocks->value.digits : reaches(one);
    };
    const bool free = !low;
    const Count from = low.value_or(1), to = high.value_or(kMostCacheBytes);
    std::optional<Pool> found = first_pool(from, to, reaches);
    const auto first_holds = [&](const Pool& one) {
      return tokens   ? one.tokens == tokens->value.digits
             : blocks ? one.blocks == blocks->value.digits
                      : concurrency->value.states(one.concurrency);
    };
    bool exact = found && first_holds(*found);
    if (!exact) {
      found = first_pool(from, to, reaches_first);
      exact = found && first_holds(*found);
    }
    // Without such a number of bytes: what the printed ones give.
    const Pool shown =
        exact || free ? found.value_or(Pool{}) : pool(memory && !question_.kv_memory ? memory->value.middle() : *high);
    if (tokens) hold(LogFigure::tokens, shown.tokens);
    if (blocks) hold(LogFigure::blocks, shown.blocks);
    if (concurrency) hold_ratio(LogFigure::concurrency, shown.concurrency);
    if (free) {
      // The first of them was the question.
      for (ReconciledFigure& one : result_.figures) {
        const bool asked = one.printed.figure == (tokens   ? LogFigure::tokens
                                                  : blocks ? LogFigure::blocks
                                                           : LogFigure::concurrency);
        if (asked && one.verdict == Agreement::agrees) one.verdict = Agreement::no_rule;
      }
      add_note("the log does not say how much memory the cache has: the other figures follow from the first");
    } else if (exact && low != high) {
      count_beside(LogFigure::kv_memory, shown.bytes);
      for (ReconciledFigure& one : result_.figures) {
        if (one.printed.figure == LogFigure::kv_memory) one.verdict = Agreement::agrees;
      }
    }
  }

  static double one_of(const PrintedNumber& value) { return std::pow(10.0, value.decimals); }

  /// The block and the padding of states, as the rules of the reserve name them.
  void hold_block() {
    const Reserve explained = reserve(*result_.context, 1, true);
    std::optional<Count> block, page, state;
    for (const ReserveRule& rule : explained.rules) {
      for (const FormulaValue& value : rule.derivation.values) {
        const Count* const number = std::get_if<Count>(&value.value);
        if (number == nullptr) continue;
        if (value.word == "block" && (!block || *number < *block)) block = *number;
        if (value.word == "page_bytes") page = *number;
        if (value.word == "state_bytes" && (!state || *number > *state)) state = *number;
      }
    }
    if (block) hold(LogFigure::block_tokens, *block);
    if (page && state && *state > 0 && *page >= *state) {
      hold_ratio(LogFigure::page_padding, 100 * (*page - *state).to_double() / state->to_double());
    }
  }

  // ---- The others: what they allocate for the tokens that they print.

  void hold_allocation() {
    std::optional<Count> context = result_.context;
    if (const LogFinding* const tokens = printed(LogFigure::tokens)) {
      hold_blocks(tokens->value.digits);
      context = tokens->value.digits;
      result_.context = context;
      result_.settings.push_back({"pool tokens", to_string(*context), tokens->line, "log"});
    }
    const bool cache = printed(LogFigure::cache) || printed(LogFigure::keys) || printed(LogFigure::values);
    const bool states = printed(LogFigure::convolution_state) || printed(LogFigure::recurrent_state);
    if (!cache && !states) return;
    const bool slots = is("llama.cpp") || states;
    if (!context && is("llama.cpp")) {
      throw InputError(setting_fault("context", "expected the tokens of a sequence, found nothing",
                                     "the log's line \"n_ctx = N\" would say it"));
    }
    if (cache && !context) {
      throw InputError(setting_fault("context", "expected the tokens of the pool, found nothing", ""));
    }
    // SGLang and TensorRT-LLM share one pool among all sequences.
    const Count sequences = result_.batch.value_or(1);
    const ReserveShares pool = shares_of(reserve(context.value_or(1), is("llama.cpp") ? sequences : Count{1}));
    if (cache) {
      hold(LogFigure::keys, pool.keys);
      hold(LogFigure::values, pool.values);
      hold(LogFigure::cache, pool.keys + pool.values);
      if (engine_has(*result_.engine.engine, "swa_ratio")) hold_window_tokens(*context);
    }
    if (!slots || !states) return;
    const ReserveShares kept = is("llama.cpp") ? pool : shares_of(reserve(1, sequences));
    hold(LogFigure::convolution_state, kept.convolutions);
    hold(LogFigure::recurrent_state, kept.states);
  }

  /// The pool of SGLang's layers with windows, in whole pages.
  void hold_window_tokens(Count tokens) {
    const EngineChoice& engine = result_.engine;
    const Count page = engine.given("page") ? engine.number("page") : Count{1};
    hold(LogFigure::window_tokens, parse_fraction(engine.word("swa_ratio"), "engine").of(tokens) / page * page);
  }

  /// Blocks of TensorRT-LLM.
  void hold_blocks(Count tokens) {
    if (!is("tensorrt-llm") || !engine_has(*result_.engine.engine, "block")) return;
    const Count block = result_.engine.number("block");
    hold(LogFigure::blocks, ceil_div(tokens, block));
    if (result_.context) hold(LogFigure::pages_per_sequence, ceil_div(*result_.context, block));
  }

  // ---- Weights and the rest.

  void weigh() {
    if (result_.context) result_.batch = result_.batch.value_or(1);
    // Activations are those of a chunk, whatever the pool.
    const Count context = result_.context.value_or(1);
    try {
      const Deployment deployment(setup(question_.kv_memory.value_or(0)));
      const DeploymentEstimate estimate =
          deployment.at(context, is("llama.cpp") ? result_.batch.value_or(1) : Count{1});
      const DeviceMemory& device = estimate.devices[estimate.largest];
      result_.weights = device.weights;
      result_.activations = device.activations;
      count_beside(LogFigure::weights, device.weights);
      if (is_file() && !weights_) {
        hold(LogFigure::file_size, result_.model->files->bytes);
      } else {
        count_beside(LogFigure::file_size, estimate.count(Metric::weights_bytes));
      }
      if (is("llama.cpp")) hold_buffers(estimate);
    } catch (const InputError& error) {
      add_note(error.diagnostics().front().message);
    }
  }

  /// The buffers of llama.cpp, in the order of its devices. Those of weights have a rule where the model is the log's
  /// file and the log says how many layers were offloaded. On several devices the proportions must be given: they
  /// follow from free memory, which the log does not print. Compute buffers are bounds.
  void hold_buffers(const DeploymentEstimate& estimate) {
    const EngineChoice& engine = result_.engine;
    const bool exact =
        is_file() && !weights_ && engine.given("ngl") && (estimate.devices.size() == 1 || engine.given("split"));
    std::vector<std::string_view> cards;
    std::size_t host_buffers = 0;
    for (const LogFinding& one : log_.findings) {
      if (one.figure != LogFigure::model_buffer) continue;
      if (on_host(one.detail)) {
        ++host_buffers;
      } else {
        cards.push_back(one.detail);
      }
    }
    for (ReconciledFigure& one : result_.figures) {
      const bool weights = one.printed.figure == LogFigure::model_buffer;
      if (!weights && one.printed.figure != LogFigure::compute_buffer) continue;
      if (on_host(one.printed.detail)) {
        // Several buffers share the host's weights by rules of the processor.
        if (weights && host_buffers == 1 && estimate.host) set_ours(one, estimate.host->weights, exact);
        continue;
      }
      const auto card = std::find(cards.begin(), cards.end(), one.printed.detail);
      const auto index = static_cast<std::size_t>(card - cards.begin());
      if (card == cards.end() || index >= estimate.devices.size()) continue;
      const DeviceMemory& device = estimate.devices[index];
      set_ours(one, weights ? device.weights : device.activations, weights && exact);
    }
  }

  /// Bytes that a device takes, without the cache's memory.
  std::optional<Count> taken() const {
    const LogFinding* const before = printed(LogFigure::memory_before);
    const LogFinding* const after = printed(LogFigure::memory_after);
    if (is("vllm")) {
      std::optional<Count> all;
      if (const LogFinding* const budget = printed(LogFigure::budget)) all = budget->value.middle();
      if (!all && question_.gpu) {
        all = Deployment(setup(Count{0})).capacity();
      }
      std::optional<Count> cache = question_.kv_memory;
      if (const LogFinding* const memory = printed(LogFigure::kv_memory); memory && !cache)
        cache = memory->value.middle();
      if (!all || !cache || *all < *cache) return std::nullopt;
      return *all - *cache;
    }
    if (is("sglang")) {
      std::optional<Count> all;
      if (before) all = before->value.middle();
      if (question_.gpu) all = question_.gpu->memory();
      if (!all || !after || *all < after->value.middle()) return std::nullopt;
      Count cache;
      for (const LogFigure figure : {LogFigure::keys, LogFigure::values, LogFigure::convolution_state,
                                     LogFigure::recurrent_state, LogFigure::speculation_state}) {
        if (const LogFinding* const one = printed(figure)) cache += one->value.middle();
      }
      if (const LogFinding* const one = printed(LogFigure::cache); one && !printed(LogFigure::keys)) {
        cache += one->value.middle();
      }
      const Count used = *all - after->value.middle();
      return used < cache ? std::nullopt : std::optional(used - cache);
    }
    if (is("tensorrt-llm") && before && after && before->value.middle() >= after->value.middle()) {
      return before->value.middle() - after->value.middle();
    }
    return std::nullopt;
  }

  void leave_overhead() {
    if (is("llama.cpp")) {
      // Its buffers say it: those of activations and logits on the device that has most of them.
      std::vector<std::pair<std::string, Count>> devices;
      bool cards = false;
      for (const LogFinding& one : log_.findings) {
        if (one.figure != LogFigure::compute_buffer && one.figure != LogFigure::output_buffer) continue;
        const auto same =
            std::find_if(devices.begin(), devices.end(), [&](const auto& d) { return d.first == one.detail; });
        if (same == devices.end()) {
          devices.emplace_back(one.detail, one.value.middle());
        } else {
          same->second += one.value.middle();
        }
        cards = cards || !on_host(one.detail);
      }
      for (const auto& [name, bytes] : devices) {
        if (cards && on_host(name)) continue;
        result_.beside = max(result_.beside.value_or(0), bytes);
      }
    } else if (const std::optional<Count> all = taken(); all && result_.weights) {
      if (*all < *result_.weights) {
        add_note("the weights as counted are more than what the log leaves beside the cache");
      } else {
        result_.beside = *all - *result_.weights;
      }
    }
    if (!result_.beside || !result_.activations) return;
    if (*result_.beside >= *result_.activations) result_.overhead = *result_.beside - *result_.activations;
  }

  const ReconcileQuestion& question_;
  const EngineLog& log_;
  std::optional<WeightScheme> weights_;  ///< as asked, else as the log says; empty: those of the model
  std::vector<Rank> ranks_;
  Reconciliation result_;
};

}  // namespace

std::optional<SignedCount> ReconciledFigure::difference() const {
  if (!ours) return std::nullopt;
  const Count low = printed.value.low(), high = printed.value.high();
  if (*ours < low) return SignedCount{true, low - *ours};
  return SignedCount{false, minus_or_zero(*ours, high)};
}

bool Reconciliation::agrees() const {
  return std::none_of(figures.begin(), figures.end(),
                      [](const ReconciledFigure& one) { return one.verdict == Agreement::differs; });
}

bool ReconcileAnswer::agrees() const {
  return std::all_of(models.begin(), models.end(), [](const Reconciliation& one) { return one.agrees(); });
}

ReconcileAnswer reconcile(const ReconcileQuestion& question) {
  ReconcileAnswer answer{question.log, {}};
  for (const SharedModel& model : question.models) {
    try {
      answer.models.push_back(ModelReconciler(question, model).take());
    } catch (const CountOverflow& overflow) {
      throw InputError(
          Diagnostic{question.log.source, "", "a count of " + model->name + " does not fit 128 bits", overflow.what()});
    }
  }
  return answer;
}

}  // namespace ctxcost
