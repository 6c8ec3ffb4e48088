// The start-up log of vLLM. [vllm/v1/worker/gpu_worker.py, v1/core/kv_cache_utils.py, v1/engine/core.py,
// platforms/interface.py; before version 1 worker/worker.py, executor/executor_base.py]
#include "log_line.h"

namespace ctxcost {
namespace {

/// "0.20" of "0.20.2rc1": whether it is before 0.`minor`.
bool vllm_before(std::string_view release, unsigned minor) {
  LogLine line(release);
  const std::string major = line.word();
  unsigned number = 0;
  bool digits = false;
  if (!major.starts_with("0.")) return false;
  for (const char c : std::string_view(major).substr(2)) {
    if (!is_digit(c) || number > 10'000) break;
    number = number * 10 + static_cast<unsigned>(c - '0');
    digits = true;
  }
  return digits && number < minor;
}

class VllmLogReader : public EngineLogReader {
 public:
  explicit VllmLogReader(EngineLog& log) : notes_(log) {}

  void read(std::string_view line, std::size_t number) override {
    read_config(line, number);
    if (LogLine one(line); one.skip_to("Chunked prefill is enabled with max_num_batched_tokens=")) {
      notes_.setting("engine", log_digits(one.number()), number, "max_batched_tokens");
    }
    // "Loading model weights took 2.8797 GB" counts in GiB, too [worker/model_runner.py].
    for (const std::string_view words : {"Model loading took", "Loading model weights took"}) {
      if (LogLine one(line); one.skip_to(words)) notes_.figure(LogFigure::weights, one.bytes(true), number);
    }
    // Every rank prints its own; the smallest decides. Later releases drop zeros at the end: 4.2 is 4.20.
    for (const std::string_view words :
         {"Available KV cache memory:", "the rest of the memory reserved for KV Cache is"}) {
      if (LogLine one(line); one.skip_to(words) && !notes_.has(LogFigure::tokens)) {
        notes_.least(LogFigure::kv_memory, one.bytes(false, 2), number);
      }
    }
    if (LogLine one(line); one.skip_to("Setting attention block size to")) {
      notes_.figure(LogFigure::block_tokens, one.number(), number);
    }
    if (LogLine one(line); one.skip_to("Padding mamba page size by")) {
      std::optional<PrintedNumber> share = one.number();
      if (share) share->word = "%";
      notes_.figure(LogFigure::page_padding, share, number);
    }
    for (const std::string_view words : {"# GPU blocks:", "# CUDA blocks:", "# cuda blocks:", "num_gpu_blocks is:"}) {
      if (LogLine one(line); one.skip_to(words)) notes_.figure(LogFigure::blocks, one.number(), number);
    }
    if (LogLine one(line); one.skip_to("GPU KV cache size:")) {
      const std::optional<PrintedNumber> tokens = one.number();
      if (one.skip_to("tokens")) notes_.figure(LogFigure::tokens, tokens, number);
    }
    if (LogLine one(line); one.skip_to("Maximum concurrency for")) {
      const std::string tokens = log_digits(one.number());
      if (one.skip_to("tokens per request:")) {
        std::optional<PrintedNumber> requests = one.number();
        if (requests) requests->word = "x";
        if (requests && !notes_.has(LogFigure::concurrency)) {
          // It may be less than the config's, where the engine chooses the longest length itself.
          std::erase_if(notes_.log().settings, [](const LogSetting& setting) { return setting.key == "context"; });
          notes_.setting("context", tokens, number);
        }
        notes_.figure(LogFigure::concurrency, requests, number);
      }
    }
    if (LogLine one(line); one.skip_to("Desired GPU memory utilization is (")) {
      if (one.skip_to(",")) notes_.figure(LogFigure::budget, one.bytes(false, 2), number);
    } else if (LogLine other(line); other.skip_to("gpu_memory_utilization (") && other.skip_to("=")) {
      notes_.figure(LogFigure::budget, other.bytes(), number);
    }
  }

  void finish() override {
    EngineLog& log = notes_.log();
    if (log.release.empty()) return;
    // What older releases do, where nothing else is said (docs/engines.md).
    if (vllm_before(log.release, 21)) notes_.setting("engine", "old", 0, "tokens");
    if (vllm_before(log.release, 26)) notes_.setting("engine", "1", 0, "batches");
    if (vllm_before(log.release, 19)) notes_.setting("engine", "none", 0, "mamba_cache");
  }

 private:
  /// "Initializing a V1 LLM engine (v0.20.2) with config: model='…', …, max_seq_len=262144, …" and the lines of the
  /// server before it.
  void read_config(std::string_view line, std::size_t number) {
    if (LogLine one(line); one.skip_to("vLLM API server version")) set_release(one.word());
    LogLine config(line);
    if (!config.skip_to("LLM engine (v")) return;
    set_release(config.word());
    const auto after = [&](std::string_view words) {
      LogLine one(config.rest());
      return one.skip_to(words) ? one.word() : std::string();
    };
    const auto degree = [&](std::string_view key, std::string_view words) {
      const std::string value = after(words);
      if (parse_digits(value)) notes_.setting(key, value, number);
    };
    degree("context", " max_seq_len=");
    degree("tp", " tensor_parallel_size=");
    degree("pp", " pipeline_parallel_size=");
    degree("dcp", " decode_context_parallel_size=");
    if (const std::string type = after(" kv_cache_dtype="); type != "auto")
      notes_.setting("kv_precision", type, number);
    const std::string prefix = after(" enable_prefix_caching=");
    if (prefix == "True" || prefix == "False") {
      notes_.setting("engine", prefix == "True" ? "1" : "0", number, "prefix_cache");
    }
    if (const std::string drafted = after("num_spec_tokens="); parse_digits(drafted)) {
      notes_.setting("engine", drafted, number, "spec");
      const std::string method = after("SpeculativeConfig(method=");
      if (method != "mtp" && !method.ends_with("_mtp")) {
        notes_.note("a draft model's own layers are not counted (line " + std::to_string(number) + ")");
      }
    }
  }

  void set_release(std::string release) {
    if (notes_.log().release.empty() && !release.empty() && is_digit(release[0])) {
      notes_.log().release = std::move(release);
    }
  }

  LogNotes notes_;
};

}  // namespace

CTXCOST_ENGINE_LOG(kVllmLog) = {
    .engine = "vllm",
    .aliases = "",
    .lines = "\"GPU KV cache size\", \"Maximum concurrency\", \"Available KV cache memory\", \"Model loading took\"",
    .open = [](EngineLog& log) -> EngineLogReader* { return new VllmLogReader(log); }};

}  // namespace ctxcost
