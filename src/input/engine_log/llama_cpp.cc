// The start-up log of llama.cpp and of what is built on it. [src/llama-context.cpp, llama-kv-cache.cpp, -iswa.cpp,
// llama-memory-recurrent.cpp, llama-model.cpp; older releases print the same under other names of functions]
#include "log_line.h"

namespace ctxcost {
namespace {

class LlamaCppLogReader : public EngineLogReader {
 public:
  explicit LlamaCppLogReader(EngineLog& log) : notes_(log) {}

  void read(std::string_view line, std::size_t number) override {
    if (ended_) return;
    if (LogLine one(line); one.skip_to("print_info: file size") && one.skip_to("=")) {
      notes_.figure(LogFigure::file_size, one.bytes(), number);
    }
    if (LogLine one(line); one.skip_to("llm_load_print_meta: model size") && one.skip_to("=")) {
      notes_.figure(LogFigure::file_size, one.bytes(), number);
    }
    read_placement(line, number);
    // Older: "llm_load_tensors:      CUDA0 buffer size =  4403.49 MiB".
    buffer(line, line.find("llm_load_tensors:") == line.npos ? " model buffer size" : " buffer size",
           LogFigure::model_buffer, number);
    read_context(line, number);
    if (ended_) return;
    if (buffer(line, " compute buffer size", LogFigure::compute_buffer, number)) seen_ = true;
    buffer(line, " output buffer size", LogFigure::output_buffer, number);
    if (LogLine one(line); one.skip_to(" KV buffer size") && one.skip_to("=")) add_buffer(one.bytes(), number);
    if (line.find("using full-size SWA cache") != line.npos) notes_.setting("engine", "1", number, "swa_full");
    read_cache(line, number);
    if (LogLine one(line); one.skip_to("llama_memory_recurrent: size")) read_states(one, number);
  }

  void finish() override {
    notes_.setting("engine", offloaded_, offloaded_line_, "ngl");
    if (offloaded_line_ != 0 && offloaded_ != "0" && repeating_ == offloaded_ && !output_offloaded_) {
      notes_.setting("engine", "last", offloaded_line_, "output");
    }
    if (!notes_.has(LogFigure::cache)) notes_.figure(LogFigure::cache, buffers_, buffers_line_);
    const std::optional<Count> context = parse_digits(context_), sequences = parse_digits(sequences_);
    if (!context || *context == 0) return;
    const Count all = sequences && *sequences > 0 ? *sequences : Count{1};
    notes_.setting("batch", to_string(all), sequences_line_);
    // n_ctx holds all sequences.
    notes_.setting("context", to_string(max(1, *context / all)), context_line_);
  }

 private:
  /// "print_info: file type   = Q4_K - Medium"; older: "llm_load_print_meta: model ftype      = Q4_K - Medium". And
  /// "load_tensors: offloading output layer to GPU", "load_tensors: offloading 19 repeating layers to GPU",
  /// "load_tensors: offloaded 20/33 layers to GPU". Before the output was the first to be offloaded, a part of the
  /// layers left it out.
  void read_placement(std::string_view line, std::size_t number) {
    LogLine one(line);
    if (one.skip_to("print_info: file type") || one.skip_to("llm_load_print_meta: model ftype")) {
      if (!one.skip_to("=")) return;
      std::string type = one.word();
      // "Q4_K - Medium" has a letter behind it where users type the name; "IQ4_XS - 4.25 bpw" has none.
      const std::string size = one.skip_to("- ") ? one.word() : std::string();
      for (const std::string_view word : {"Small", "Medium", "Large"}) {
        if (size == word) type += {'_', word.front()};
      }
      if (type != "unknown") notes_.setting("weights", std::move(type), number);
    } else if (one.skip_to("offloaded ")) {
      offloaded_ = log_digits(one.number());
      offloaded_line_ = number;
    } else if (one.skip_to("offloading ")) {
      if (one.rest().starts_with("output layer") || one.rest().starts_with("non-repeating layers")) {
        output_offloaded_ = true;
      } else if (const std::optional<PrintedNumber> layers = one.number(); layers && one.rest().starts_with(" rep")) {
        repeating_ = log_digits(layers);
      }
    }
  }

  /// "llama_context: n_ctx = 8192"; older: "llama_new_context_with_model: n_ctx = 8192".
  void read_context(std::string_view line, std::size_t number) {
    LogLine one(line);
    if (!one.skip_to("llama_context: ") && !one.skip_to("llama_new_context_with_model: ") &&
        !one.skip_to("llama_init_from_model: ")) {
      return;
    }
    const std::string key = one.word();
    if (!one.skip_to("=")) return;
    if ((key == "n_ctx" || key == "n_seq_max") && seen_) {
      ended_ = true;
      notes_.note("a second context, as of a draft model, is not read (from line " + std::to_string(number) + " on)");
      return;
    }
    if (key == "n_ctx") {
      context_ = log_digits(one.number());
      context_line_ = number;
    } else if (key == "n_seq_max") {
      sequences_ = log_digits(one.number());
      sequences_line_ = number;
    } else if (key == "n_ubatch") {
      notes_.setting("engine", log_digits(one.number()), number, "ubatch");
    } else if (key == "kv_unified") {
      const std::string value = one.word();
      if (value == "true" || value == "false") {
        notes_.setting("engine", value == "true" ? "1" : "0", number, "unified");
      }
    }
  }

  /// "llama_kv_cache: size = 102.00 MiB (  8192 cells,  12 layers,  1/1 seqs), K (q8_0):   51.00 MiB, V (q8_0): …";
  /// older: "KV self size  =  512.00 MiB, K (f16): …". There is one line for each of a model's caches.
  void read_cache(std::string_view line, std::size_t number) {
    LogLine one(line);
    if (!one.skip_to("llama_kv_cache: size") && !one.skip_to("llama_kv_cache_unified: size") &&
        !one.skip_to("KV self size")) {
      return;
    }
    if (!one.skip_to("=")) return;
    seen_ = true;
    notes_.add(LogFigure::cache, one.bytes(), number);
    std::string key_type, value_type;
    if (one.skip_to("K (") || one.skip_to("c^KV (")) {
      key_type = one.word();
      if (one.skip_to(":")) notes_.add(LogFigure::keys, one.bytes(), number);
    }
    if (one.skip_to("V (") || one.skip_to("kv^T (")) {
      value_type = one.word();
      if (one.skip_to(":")) {
        const std::optional<PrintedNumber> values = one.bytes();
        // Latents have no values, and an empty figure says nothing.
        if (values && values->digits > 0) notes_.add(LogFigure::values, values, number);
      }
    }
    if (key_type.empty()) return;
    notes_.setting("kv_precision",
                   value_type.empty() || value_type == key_type ? key_type : key_type + "/" + value_type, number);
  }

  /// "size = 1795.50 MiB ( 4 cells, 64 layers, 4 seqs 2 rs_seq), R (f32): 67.50 MiB, S (f32): 1728.00 MiB"
  void read_states(LogLine line, std::size_t number) {
    seen_ = true;
    if (LogLine one(line.rest()); one.skip_to(" seqs")) {
      const std::string snapshots = log_digits(one.number());
      if (one.rest().starts_with(" rs_seq")) notes_.setting("engine", snapshots, number, "rs_seq");
    }
    if (LogLine one(line.rest()); one.skip_to("R (") && one.skip_to("):")) {
      notes_.add(LogFigure::convolution_state, one.bytes(), number);
    }
    if (LogLine one(line.rest()); one.skip_to("S (") && one.skip_to("):")) {
      notes_.add(LogFigure::recurrent_state, one.bytes(), number);
    }
  }

  /// "load_tensors:        CUDA0 model buffer size =  4403.49 MiB"
  bool buffer(std::string_view line, std::string_view words, LogFigure figure, std::size_t number) {
    const std::size_t at = line.find(words);
    if (at == std::string_view::npos) return false;
    // The device's name stands before the words, with spaces on both sides.
    const std::size_t end = line.substr(0, at).find_last_not_of(' ');
    if (end == std::string_view::npos) return false;
    const std::size_t space = line.substr(0, end).find_last_of(' ');
    LogLine one(line.substr(at));
    if (space == std::string_view::npos || !one.skip_to("=")) return false;
    notes_.add(figure, one.bytes(), number, LogLine(line.substr(space + 1, end - space)).word());
    return true;
  }

  void add_buffer(const std::optional<PrintedNumber>& value, std::size_t number) {
    if (!value) return;
    seen_ = true;
    if (!buffers_) {
      buffers_ = value;
      buffers_line_ = number;
    } else if (buffers_->decimals == value->decimals && buffers_->unit == value->unit) {
      buffers_->digits += value->digits;
      buffers_->addends += 1;
    }
  }

  LogNotes notes_;
  std::string offloaded_, repeating_;  // layers
  std::size_t offloaded_line_ = 0;
  bool output_offloaded_ = false;
  std::string context_, sequences_;
  std::size_t context_line_ = 0, sequences_line_ = 0;
  std::optional<PrintedNumber> buffers_;  // of the cache on all devices
  std::size_t buffers_line_ = 0;
  bool seen_ = false;   // a figure of the first context
  bool ended_ = false;  // a second context has begun
};

}  // namespace

CTXCOST_ENGINE_LOG(kLlamaCppLog) = {
    .engine = "llama.cpp",
    .aliases = "ollama lm-studio",
    .lines = "\"llama_kv_cache: size\", \"KV self size\", \"llama_memory_recurrent: size\", \"... buffer size\"",
    .open = [](EngineLog& log) -> EngineLogReader* { return new LlamaCppLogReader(log); }};

}  // namespace ctxcost
