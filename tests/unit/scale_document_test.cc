// CSV and NDJSON of grids: lines of a pattern and cells in runs are byte for byte what the tables of fields write row
// by row, and the parts of a document are the document.
#include "render/scale_document.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"
#include "render/line_pattern.h"

using namespace ctxcost;

namespace {

/// The same document without any of its shortcuts.
class PlainDocument : public Document {
 public:
  explicit PlainDocument(const ScaleDocument& document) : document_(document) {}
  const DocumentShape& shape() const override { return document_.shape(); }
  Record head() const override { return document_.head(); }
  void for_each_row(const RecordVisitor& visit) const override { document_.for_each_row(visit); }
  std::vector<Field> columns() const override {
    std::vector<Field> columns = document_.columns();
    for (Field& column : columns) {
      column.of_series = false;
      column.metric_value = nullptr;
    }
    return columns;
  }
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override {
    document_.for_each_cells(visit);
  }

 private:
  const ScaleDocument& document_;
};

struct Question {
  std::vector<const char*> models;
  const char* contexts;
  const char* columns = "";
  const char* engine = "ideal";
  const char* convention = "article";
};

const Question kQuestions[] = {
    {{"article-7b"}, "1..90:+1"},
    {{"llama-3.1-8b"}, "0..40:+1,8180..8200:+1,131060..131080:+1,1M"},
    {{"llama-3.1-8b"}, "1..40:+1,131060..131080:+1", "context,kv_cache_bytes,attention_flops"},
    {{"gemma-3-27b-it"}, "1000..1060:+1,1K..1M", "", "ideal", "causal"},
    {{"deepseek-v3", "mistral-7b"}, "2040..2060:+1,4090..4110:+1", "", "ideal", "causal"},
    {{"qwen3-next-80b-a3b-instruct"}, "1..200:+1"},
    {{"t5-small", "bert-base-uncased"}, "1..30:+1,500..530:+1"},
    {{"gpt-oss-20b"}, "100..160:+3", "", "vllm"},
    {{"gpt-oss-20b"}, "100..160:+3", "model,engine,parameters,window_status,growth_kv_cache", "llama.cpp"},
    {{"llama-3.1-8b"}, "1K..1M", "model,model,convention"},
};

Report report_of(const Question& question) {
  Grid grid;
  for (const char* model : question.models) grid.models.emplace_back(load_model(model));
  grid.contexts = parse_lengths(question.contexts, "test");
  grid.batches = parse_lengths("1,3", "test");
  grid.engines = {parse_engine(question.engine)};
  Workload settings;
  settings.convention = parse_convention(question.convention);
  return {grid, settings};
}

template <typename Check>
void for_each_question(Check check) {
  for (const Question& question : kQuestions) {
    CAPTURE(question.models.front());
    CAPTURE(question.contexts);
    CAPTURE(question.columns);
    const Report report = report_of(question);
    RenderOptions options;
    if (*question.columns != '\0') options.columns = parse_columns(question.columns, "test");
    check(report, ScaleDocument(report, options));
  }
}

}  // namespace

TEST_CASE("lines of a pattern and cells in runs are those of the tables of fields") {
  for_each_question([](const Report&, const ScaleDocument& document) {
    for (const char* format : {"csv", "ndjson"}) {
      CAPTURE(format);
      const OutputFormat& output = *find_output_format(format);
      CHECK(to_string(document, output) == to_string(PlainDocument(document), output));
    }
  });
}

TEST_CASE("the parts of a document, one after the other, are the document") {
  for_each_question([](const Report& report, const ScaleDocument& document) {
    for (const OutputFormat* format : output_formats()) {
      if (!format->joins) continue;
      CAPTURE(format->name);
      const std::string whole = to_string(document, *format);
      for (const std::uint64_t rows : {1U, 7U, 50U}) {
        std::string joined;
        for (Count begin; begin < report.rows(); begin += rows) {
          joined += to_string(document.part({begin, min(begin + rows, report.rows())}), *format);
        }
        CHECK(joined == whole);
      }
    }
  });
}

TEST_CASE("a grid is refused before it is begun, and a small one is kept") {
  const auto grid_of = [](const char* contexts, const char* batches) {
    Grid grid;
    grid.models.emplace_back(load_model("article-7b"));
    grid.contexts = parse_lengths(contexts, "test");
    if (*batches != '\0') grid.batches = parse_lengths(batches, "test");
    return grid;
  };
  const std::string most = "340282366920938463463374607431768211455";
  const std::string many = "1..20:+1," + most;
  CHECK_THROWS_AS(Report(grid_of("1K", many.c_str()), {}), InputError);
  CHECK_THROWS_AS(Report(grid_of(many.c_str(), "1"), {}), InputError);
  CHECK_THROWS_AS(Report(grid_of(most.c_str(), ""), {}), InputError);

  CHECK(Report(grid_of("8K", ""), {}).is_remembered());
  CHECK(Report(grid_of("1..4:+1", "1..4:+1"), {}).is_remembered());
  CHECK_FALSE(Report(grid_of("1..17:+1", ""), {}).is_remembered());
  CHECK_FALSE(Report(grid_of("1..3:+1", "1..6:+1"), {}).is_remembered());
  CHECK_FALSE(Report(grid_of("1", "1..1000000000000:+1"), {}).is_remembered());
  Grid two = grid_of("1..3:+1", "1..3:+1");
  two.models.push_back(two.models.front());
  CHECK_FALSE(Report(std::move(two), {}).is_remembered());
}

TEST_CASE("CSV has the words of its columns") {
  Grid grid;
  for (const char* model : {"article-7b", "mistral-7b"}) grid.models.emplace_back(load_model(model));
  grid.contexts = parse_lengths("1K", "test");
  const Report report(std::move(grid), {});
  const OutputFormat& csv = *find_output_format("csv");
  RenderOptions options;
  options.columns = parse_columns("engine,kv_precision,context,model", "test");
  CHECK(to_string(ScaleDocument(report, options), csv) ==
        "engine,kv_precision,context,model\n"
        "ideal,fp16,1024,approx. 7B\n"
        "ideal,bf16,1024,Mistral-7B-v0.1\n");
  options.columns.clear();
  const std::string all = to_string(ScaleDocument(report, options), csv);
  CHECK(all.find("\nMistral-7B-v0.1,bf16,bf16,ideal,article,1024,") != std::string::npos);
}

TEST_CASE("a pattern keeps its texts, whatever they hold") {
  // A text that looks like a placeholder's digits is a text.
  const std::string digits = to_string(LinePattern::figure(0));
  const std::string note = "differs";
  LinePattern pattern;
  pattern.record(2, note, [&](JsonWriter& json) {
    json.begin_object();
    json.key(digits);
    json.string(digits);
    json.key("a");
    json.count(LinePattern::figure(1));
    json.key("b");
    json.count(LinePattern::figure(2));  // beyond the figures: a count
    json.key("c");
    json.string(note);
    json.key("d");
    json.count(LinePattern::figure(0));
    json.end_object();
  });
  for (const unsigned times : {7U, 7U, 8U}) {
    TextSink text;
    Writer out(text);
    pattern.write(
        out, [&](Writer& to, std::size_t figure, std::size_t place) { pattern.write_count(to, figure + times, place); },
        [](Writer& to) { to.text("\"x\""); });
    out.flush();
    CHECK(text.text == "{\"" + digits + "\":\"" + digits + "\",\"a\":" + std::to_string(1 + times) + ",\"b\":" +
                           to_string(LinePattern::figure(2)) + ",\"c\":\"x\",\"d\":" + std::to_string(times) + "}");
  }
}
