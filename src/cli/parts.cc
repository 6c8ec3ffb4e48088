#include "parts.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/format.h"
#include "ctxcost/core/units.h"
#include "output.h"
#include "render/text_sink.h"

namespace ctxcost::cli {
namespace {

/// Rows of a part. A thread holds the text of one part, at most some 1.5 MB.
constexpr std::uint32_t kPartRows = 512;
/// Below this a grid is written at once: threads would cost more than they save.
constexpr std::uint32_t kFewRows = 4 * kPartRows;

/// A line on the terminal that is written over.
class Progress {
 public:
  explicit Progress(Count rows, bool shown) : rows_(rows), shown_(shown) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (any_) write_all(STDERR_FILENO, "\r\x1b[K");
  }

  void show(Count done) {
    if (!shown_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(500);
    const double seconds = std::chrono::duration<double>(now - start_).count();
    any_ = true;
    write_all(STDERR_FILENO, "\r\x1b[K" + progress_text(done, rows_, seconds));
  }

 private:
  Count rows_;
  bool shown_;
  bool any_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_ = start_ + std::chrono::seconds(1);
};

/// Computes parts on several threads and writes them in their order. Whoever has computed a part waits until those
/// before it are written, so that a thread holds one part at a time.
class PartWriter {
 public:
  PartWriter(const ScaleDocument& document, Count rows, const OutputFormat& format, Progress& progress, Writer& out)
      : document_(document), rows_(rows), format_(format), progress_(progress), out_(out) {}

  void run(std::size_t jobs) {
    if (jobs == 1) {
      work();
    } else {
      std::vector<std::thread> threads;
      threads.reserve(jobs);
      try {
        for (std::size_t i = 0; i < jobs; ++i) threads.emplace_back([this] { work(); });
      } catch (const std::system_error&) {
        // The system gives no further thread: those that run do the work.
        if (threads.empty()) work();
      }
      for (std::thread& thread : threads) thread.join();
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work() {
    TextSink text;
    while (true) {
      Count part;
      {
        const std::lock_guard lock(mutex_);
        if (failure_ || next_ * kPartRows >= rows_) return;
        part = next_;
        next_ += 1;
      }
      text.text.clear();
      std::exception_ptr failure;
      try {
        const Count begin = part * kPartRows;
        Writer to(text);
        format_.write(document_.part({begin, min(begin + kPartRows, rows_)}), {}, to);
        to.flush();
      } catch (...) {
        failure = std::current_exception();
      }
      std::unique_lock lock(mutex_);
      turn_.wait(lock, [&] { return written_ == part || failure_; });
      if (failure_) return;
      try {
        if (failure) std::rethrow_exception(failure);
        out_.text(text.text);
        written_ += 1;
        progress_.show(min(written_ * kPartRows, rows_));
      } catch (...) {
        failure_ = std::current_exception();
      }
      turn_.notify_all();
    }
  }

  const ScaleDocument& document_;
  Count rows_;
  const OutputFormat& format_;
  Progress& progress_;
  Writer& out_;
  std::mutex mutex_;
  std::condition_variable turn_;
  Count next_;     // part to compute
  Count written_;  // parts
  std::exception_ptr failure_;
};

}  // namespace

std::string progress_text(Count done, Count rows, double seconds) {
  std::string text = format("{} of {} points", with_separators(done), with_separators(rows));
  if (done == 0 || seconds <= 0) return text;
  const double rate = done.to_double() / seconds;
  const auto whole = [](double value) {
    return with_separators(Count(static_cast<std::uint64_t>(std::min(value + 0.5, 1e18))));
  };
  text += format(", {} a second, {} s left", whole(rate), whole((rows - done).to_double() / rate));
  return text;
}

bool write_in_parts(const ScaleDocument& document, Count rows, const OutputFormat& format, std::size_t jobs,
                    bool to_terminal, Writer& out) {
  const bool shown = !to_terminal && isatty(STDERR_FILENO) == 1;
  if (rows < kFewRows || (jobs == 1 && !shown)) return false;
  Progress progress(rows, shown);
  PartWriter(document, rows, format, progress, out).run(jobs);
  return true;
}

}  // namespace ctxcost::cli
