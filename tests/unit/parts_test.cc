// Rows on several threads: the bytes are those of one thread, and the first failure ends them all.
#include "cli/parts.h"

#include <doctest/doctest.h>

#include <string>

#include "ctxcost/input/input.h"
#include "render/text_sink.h"

using namespace ctxcost;

namespace {

Report report_of_rows(const char* contexts) {
  Grid grid;
  grid.models = {load_model("gemma-3-27b-it"), load_model("deepseek-v3")};
  grid.contexts = parse_lengths(contexts, "test");
  return {grid, Workload{}};
}

/// A sink that is full after some bytes.
class FullSink : public Sink {
 public:
  void write(std::string_view bytes) override {
    taken_ += bytes.size();
    if (taken_ > 200'000) throw std::string("full");
  }

 private:
  std::size_t taken_ = 0;
};

}  // namespace

TEST_CASE("any number of threads writes the same bytes") {
  // 3,001 rows of each model: the border between them lies inside a part.
  const Report report = report_of_rows("1..3001:+1");
  RenderOptions few;
  few.columns = parse_columns("context,kv_cache_bytes,attention_flops", "test");
  for (const RenderOptions& options : {RenderOptions{}, few}) {
    const ScaleDocument document(report, options);
    for (const char* name : {"csv", "ndjson"}) {
      CAPTURE(name);
      const OutputFormat& format = *find_output_format(name);
      const std::string whole = to_string(document, format);
      for (const std::size_t jobs : {2U, 3U, 16U}) {
        CAPTURE(jobs);
        TextSink text;
        Writer out(text);
        CHECK(cli::write_in_parts(document, report.rows(), format, jobs, false, out));
        out.flush();
        CHECK(text.text == whole);
      }
    }
  }
}

TEST_CASE("a target that is full ends all threads, with its own fault") {
  const Report report = report_of_rows("1..3001:+1");
  const RenderOptions options;
  const ScaleDocument document(report, options);
  for (const std::size_t jobs : {2U, 8U}) {
    FullSink full;
    Writer out(full);
    CHECK_THROWS_AS(cli::write_in_parts(document, report.rows(), *find_output_format("csv"), jobs, false, out),
                    std::string);
  }
}

TEST_CASE("a small grid is written at once") {
  const Report report = report_of_rows("1..100:+1");
  const RenderOptions options;
  const ScaleDocument document(report, options);
  TextSink text;
  Writer out(text);
  CHECK(!cli::write_in_parts(document, report.rows(), *find_output_format("csv"), 4, false, out));
  out.flush();
  CHECK(text.text.empty());
}

TEST_CASE("progress tells points, rate and the time left") {
  CHECK(cli::progress_text(1'200'000, 10'000'000, 1.5) ==
        "1,200,000 of 10,000,000 points, 800,000 a second, 11 s left");
  CHECK(cli::progress_text(0, 10, 2) == "0 of 10 points");
}
