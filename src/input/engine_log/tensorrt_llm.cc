// The start-up log of TensorRT-LLM. [cpp/tensorrt_llm/batch_manager/kvCacheManager.cpp]
#include "log_line.h"

namespace ctxcost {
namespace {

class TensorRtLogReader : public EngineLogReader {
 public:
  explicit TensorRtLogReader(EngineLog& log) : notes_(log) {}

  void read(std::string_view line, std::size_t number) override {
    if (LogLine one(line);
        one.skip_to("Allocated ") && one.rest().find("for max tokens in paged KV cache") != one.rest().npos) {
      const std::optional<PrintedNumber> bytes = one.bytes();
      if (bytes && one.skip_to("paged KV cache (")) {
        // The profiling run allocates a small pool first; the last one stays.
        notes_.last(LogFigure::cache, bytes, number);
        notes_.last(LogFigure::tokens, one.number(), number);
      }
    }
    if (LogLine one(line); one.skip_to("Number of tokens per block:")) {
      notes_.setting("engine", log_digits(one.number()), number, "block");
    }
    if (LogLine one(line); one.skip_to("blocks in KV cache primary pool:")) {
      notes_.last(LogFigure::blocks, one.number(), number);
    }
    if (LogLine one(line); one.skip_to("Max KV cache pages per sequence:")) {
      notes_.last(LogFigure::pages_per_sequence, one.number(), number);
    }
    if (LogLine one(line); one.skip_to("max_seq_len=")) notes_.setting("context", log_digits(one.number()), number);
    // "Memory usage when calculating max tokens in paged kv cache: total: 79.10 GiB, available: 63.62 GiB"
    if (LogLine one(line); one.skip_to("max tokens in paged kv cache:")) {
      if (LogLine part(one.rest()); part.skip_to("total:")) {
        notes_.last(LogFigure::memory_before, part.bytes(), number);
      }
      if (LogLine part(one.rest()); part.skip_to("available:")) {
        notes_.last(LogFigure::memory_after, part.bytes(), number);
      }
    }
    if (LogLine one(line); one.skip_to("TensorRT-LLM version:")) {
      if (notes_.log().release.empty()) notes_.log().release = one.word();
    }
  }

 private:
  LogNotes notes_;
};

}  // namespace

CTXCOST_ENGINE_LOG(kTensorRtLog) = {
    .engine = "tensorrt-llm",
    .aliases = "",
    .lines = "\"Allocated ... for max tokens in paged KV cache\", \"Number of tokens per block\"",
    .open = [](EngineLog& log) -> EngineLogReader* { return new TensorRtLogReader(log); }};

}  // namespace ctxcost
