// The start-up log of SGLang. It writes GB and means GiB. [python/sglang/srt/mem_cache/memory_pool.py,
// swa_memory_pool.py, model_executor/model_runner.py, managers/scheduler.py]
#include "log_line.h"

namespace ctxcost {
namespace {

class SglangLogReader : public EngineLogReader {
 public:
  explicit SglangLogReader(EngineLog& log) : notes_(log) {}

  void read(std::string_view line, std::size_t number) override {
    if (LogLine one(line); one.skip_to("server_args=ServerArgs(")) read_arguments(one.rest(), number);
    if (of_another_rank(line)) return;
    if (LogLine one(line); one.skip_to("Load weight begin. avail mem=")) {
      notes_.figure(LogFigure::memory_before, one.bytes(true), number);
    }
    if (LogLine one(line); one.skip_to("Load weight end.") && one.skip_to("mem usage=")) {
      if (notes_.has(LogFigure::weights)) {
        drafts_ = true;
        notes_.note("the weights and the cache of a draft model are not read (line " + std::to_string(number) + ")");
      }
      notes_.figure(LogFigure::weights, one.bytes(true), number);
    }
    if (LogLine one(line); one.skip_to("Using KV cache dtype:")) read_type(one, number);
    if (LogLine one(line); one.skip_to("KV Cache is allocated.")) read_pool(one, number);
    if (LogLine one(line); one.skip_to("SWAKVPool mem usage:")) {
      notes_.figure(LogFigure::cache, one.bytes(true), number);
      if (LogLine size(line); size.skip_to("swa size:")) set(LogFigure::window_tokens, size.number(), number);
      if (LogLine size(line); size.skip_to("full size:")) set(LogFigure::tokens, size.number(), number);
    }
    if (LogLine one(line); one.skip_to("Mamba Cache is allocated.")) read_states(line, number);
    // Releases of 2024 print the tokens of the pool here alone.
    if (LogLine one(line); one.skip_to("max_total_num_tokens=")) set(LogFigure::tokens, one.number(), number);
    if (LogLine one(line); one.skip_to("available_gpu_mem=")) {
      notes_.last(LogFigure::memory_after, one.bytes(true), number);
    }
  }

  void finish() override {
    if (highest_rank_ > 0) notes_.setting("tp", std::to_string(highest_rank_ + 1), 0);
  }

 private:
  /// "[2026-03-11 13:53:21 DP0 TP1 EP1] …": whether another rank printed the line than the first that is seen.
  bool of_another_rank(std::string_view line) {
    if (line.empty() || line.front() != '[') return false;
    const std::string_view tag = line.substr(0, line.find(']'));
    LogLine one(tag);
    if (!one.skip_to(" TP")) return false;
    const std::optional<PrintedNumber> rank = one.number();
    if (!rank || rank->decimals > 0 || rank->digits > 1'023) return false;
    highest_rank_ = std::max(highest_rank_, static_cast<unsigned>(rank->digits.u64()));
    LogLine names(tag);
    const bool data = names.skip_to(" DP");
    const std::string name = (data ? "DP" + log_digits(names.number()) + " " : "") + "TP" + to_string(rank->digits);
    if (rank_.empty()) rank_ = name;
    return rank_ != name;
  }

  void read_arguments(std::string_view text, std::size_t number) {
    const auto after = [&](std::string_view words) {
      LogLine one(text);
      return one.skip_to(words) ? one.word() : std::string();
    };
    const auto positive = [](const std::string& value) {
      const std::optional<Count> count = parse_digits(value);
      return count && *count > 0 ? *count : Count{1};
    };
    if (const std::string page = after(" page_size="); parse_digits(page)) {
      notes_.setting("engine", page, number, "page");
    }
    if (const std::string tensor = after(" tp_size="); parse_digits(tensor)) {
      // Under attention by data, each of dp groups of devices splits the heads on its own.
      const Count data = after(" enable_dp_attention=") == "True" ? positive(after(" dp_size=")) : Count{1};
      notes_.setting("tp", to_string(max(1, positive(tensor) / data)), number);
    }
    if (const std::string stages = after(" pp_size="); parse_digits(stages)) notes_.setting("pp", stages, number);
    const std::string type = after(" kv_cache_dtype=");
    if (!type.empty() && type != "auto") set_type(type, number);
    if (const std::string ratio = after(" swa_full_tokens_ratio="); !ratio.empty() && is_digit(ratio[0])) {
      notes_.setting("engine", ratio, number, "swa_ratio");
    }
    if (const std::string state = after(" mamba_ssm_dtype="); state.find("float") != std::string::npos) {
      notes_.setting("engine", state, number, "state");
    }
  }

  /// "torch.float8_e4m3fn"
  void read_type(LogLine& line, std::size_t number) {
    std::string type = line.word();
    if (type.starts_with("torch.")) type.erase(0, 6);
    set_type(type, number);
  }

  /// fp4 is stored as nvfp4 is: 4 bits an element and a byte for each 16 [memory_pool.py MHATokenToKVPoolFP4].
  void set_type(const std::string& type, std::size_t number) {
    const bool fp4 = type.starts_with("fp4_e2m1") || type.starts_with("float4_e2m1");
    notes_.setting("kv_precision", fp4 ? "nvfp4" : type, number);
  }

  /// "#tokens: 38141, K size: 2.33 GB, V size: 2.33 GB"; latents: "KV size: 12.45 GB".
  void read_pool(LogLine line, std::size_t number) {
    if (LogLine one(line.rest()); one.skip_to("dtype:")) read_type(one, number);
    if (drafts_) return;
    LogLine count(line.rest());
    if (!count.skip_to("#tokens:")) {
      if (!notes_.has(LogFigure::keys) && !notes_.has(LogFigure::cache)) read_sizes(line, number);
      return;
    }
    const std::optional<PrintedNumber> tokens = count.number();
    if (!tokens) return;
    if (const LogFinding* const pool = notes_.log().find(LogFigure::tokens)) {
      // A second pool is that of the layers with windows, or of those without; one of the same size is a draft's.
      if (pool->value.digits == tokens->digits) return;
      const LogFinding first = *pool;
      if (first.value.digits < tokens->digits) {
        notes_.last(LogFigure::tokens, tokens, number);
        set(LogFigure::window_tokens, first.value, first.line);
      } else {
        set(LogFigure::window_tokens, tokens, number);
      }
    } else {
      set(LogFigure::tokens, tokens, number);
    }
    read_sizes(line, number);
  }

  void read_sizes(const LogLine& line, std::size_t number) {
    if (LogLine one(line.rest()); one.skip_to(" K size:")) notes_.add(LogFigure::keys, one.bytes(true), number);
    if (LogLine one(line.rest()); one.skip_to(" V size:")) notes_.add(LogFigure::values, one.bytes(true), number);
    if (LogLine one(line.rest()); one.skip_to(" KV size:")) notes_.add(LogFigure::cache, one.bytes(true), number);
  }

  /// "max_mamba_cache_size: 48, conv_state size: 0.09GB, ssm_state size: 6.46GB"
  void read_states(std::string_view line, std::size_t number) {
    if (drafts_) return;
    if (LogLine one(line); one.skip_to("max_mamba_cache_size:")) {
      notes_.setting("batch", log_digits(one.number()), number);
    }
    if (LogLine one(line); one.skip_to("conv_state size:")) {
      notes_.figure(LogFigure::convolution_state, one.bytes(true), number);
    }
    if (LogLine one(line); one.skip_to("ssm_state size:")) {
      notes_.figure(LogFigure::recurrent_state, one.bytes(true), number);
    }
    for (const std::string_view words :
         {"intermediate_ssm_state_cache size:", "intermediate_conv_window_cache size:"}) {
      if (LogLine one(line); one.skip_to(words)) notes_.add(LogFigure::speculation_state, one.bytes(true), number);
    }
  }

  void set(LogFigure figure, const std::optional<PrintedNumber>& value, std::size_t line) {
    notes_.figure(figure, value, line);
  }

  LogNotes notes_;
  std::string rank_;
  unsigned highest_rank_ = 0;
  bool drafts_ = false;
};

}  // namespace

CTXCOST_ENGINE_LOG(kSglangLog) = {
    .engine = "sglang",
    .aliases = "",
    .lines = "\"KV Cache is allocated\", \"Mamba Cache is allocated\", \"SWAKVPool mem usage\", \"Load weight end\"",
    .open = [](EngineLog& log) -> EngineLogReader* { return new SglangLogReader(log); }};

}  // namespace ctxcost
