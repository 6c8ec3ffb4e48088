// The figures of a report are those of `scale` and `fit`, at every choice, and its page can hold any name.
#include "ctxcost/answer/report.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ctxcost/answer/fit.h"
#include "ctxcost/core/writer.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "render/markup.h"
#include "render/report_chart.h"
#include "render/report_figures.h"
#include "render/report_html.h"
#include "render/report_svg.h"
#include "render/text_sink.h"

namespace {

using namespace ctxcost;
using nlohmann::json;

ReportQuestion question_of(const std::vector<std::string>& models, const std::vector<std::string>& gpus = {}) {
  ReportQuestion question;
  for (const std::string& model : models) question.devices.models.emplace_back(load_model(model));
  for (const std::string& gpu : gpus) question.devices.placements.push_back({load_accelerator(gpu), 1, std::nullopt});
  question.devices.convention = article_convention();
  return question;
}

std::string page_of(const ReportAnswer& answer, const ReportExtras& extras = {}) {
  TextSink sink;
  Writer out(sink);
  write_report_page(answer, extras, {}, out);
  out.flush();
  return sink.text;
}

json data_of(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t at = page.find(begin) + begin.size();
  return json::parse(page.substr(at, page.find("</script>", at) - at));
}

/// What a page shows at a choice, read as its script does.
std::string shown_at(const json& data, std::size_t series, const std::string& figure, const ReportChoice& choice,
                     bool digits = false) {
  std::size_t index = 0;
  while (data["figures"][index] != figure) ++index;
  const json& grid = data["grids"][series][index];
  std::vector<std::size_t> entries;
  for (const int number : grid[1]) {
    if (number >= 0) {
      entries.push_back(static_cast<std::size_t>(number));
      continue;
    }
    for (int i = 0; i < -number; ++i) entries.push_back(entries.back() + 1);
  }
  const std::size_t at[] = {choice.weights, choice.kv, choice.place, choice.batch, choice.context};
  std::size_t place = 0;
  for (std::size_t axis = 0; axis < 5; ++axis) place += at[axis] * grid[0][axis].get<std::size_t>();
  const std::string text = data["texts"][entries.at(place)];
  const std::size_t tab = text.find('\t');
  return digits && tab != std::string::npos ? text.substr(tab + 1) : text.substr(0, tab);
}

std::size_t place_of(const std::vector<Count>& values, Count value) {
  std::size_t i = 0;
  while (values.at(i) != value) ++i;
  return i;
}

}  // namespace

TEST_CASE("a page has the article's table, cell for cell") {
  // Docs: the article's table, d_k=128, H=32, L=32, FP16, one sequence.
  struct Row {
    std::uint64_t tokens;
    const char* scores;
    const char* flops;
    const char* cache;
  };
  const Row rows[] = {{1024, "1.0M", "8.6 GigaFLOPs", "536.9 MB"},     {4096, "16.8M", "137.4 GigaFLOPs", "2.1 GB"},
                      {16384, "268.4M", "2.2 TeraFLOPs", "8.6 GB"},    {65536, "4.3B", "35.2 TeraFLOPs", "34.4 GB"},
                      {131072, "17.2B", "140.7 TeraFLOPs", "68.7 GB"}, {1048576, "1.1T", "9.0 PetaFLOPs", "549.8 GB"}};
  const ReportAnswer answer = report(question_of({"article-7b"}));
  const json data = data_of(page_of(answer));
  for (const Row& row : rows) {
    ReportChoice at;
    at.context = place_of(answer.axes.contexts, row.tokens);
    CHECK(shown_at(data, 0, "scores_per_head", at) == row.scores);
    CHECK(shown_at(data, 0, "attention_flops_per_layer", at) == row.flops);
    CHECK(shown_at(data, 0, "kv_cache_bytes", at) == row.cache);
  }
  // 64 sequences at 1M: 2 · 32 layers · 32 heads · (2^20)^2 · 128 · 64, above 2^53. [the article's formula]
  ReportChoice last;
  last.context = answer.axes.contexts.size() - 1;
  last.batch = answer.axes.batches.size() - 1;
  CHECK(shown_at(data, 0, "attention_flops", last, true) == "18,446,744,073,709,551,616");
}

TEST_CASE("a report has the default axes: doubling contexts and every window, batches to 64, narrower types") {
  const ReportAnswer answer = report(question_of({"qwen3-32b", "llama-3.1-8b"}));
  const ReportAxes& axes = answer.axes;
  // 1K to 1M are 11; Qwen3's 40,960 tokens are none of them, Llama's 128K are.
  CHECK(axes.contexts.size() == 12);
  CHECK(axes.contexts.front() == 1024);
  CHECK(axes.contexts.back() == 1048576);
  CHECK(axes.contexts[answer.first.context] == 40960);
  CHECK(axes.batches == std::vector<Count>{1, 2, 4, 8, 16, 32, 64});
  REQUIRE(axes.weights.size() == 3);
  CHECK(axes.weights[0].of_model());
  CHECK(axes.weights[1].name() == "fp8");
  CHECK(axes.weights[2].name() == "int4");
  REQUIRE(axes.kv.size() == 2);
  CHECK(!axes.kv[0]);
  CHECK(axes.kv[1]->name() == "fp8");
  // More points than one page holds.
  CHECK_THROWS_AS(report([] {
                    ReportQuestion question = question_of({"llama-3.1-8b"});
                    question.devices.contexts = parse_lengths("1..20000:+1", "test");
                    return question;
                  }()),
                  InputError);
}

TEST_CASE("what a page shows of devices is what fit answers, at every choice") {
  ReportQuestion question = question_of({"llama-3.1-8b", "gemma-3-27b-it"}, {"l4-24gb", "h100-sxm-80gb"});
  question.devices.contexts = parse_lengths("8K,128K,256K", "test");
  question.devices.batches = parse_lengths("1,8", "test");
  const ReportAnswer answer = report(question);
  const json data = data_of(page_of(answer));
  const ReportAxes& axes = answer.axes;
  std::size_t verdicts[3] = {};
  for (std::size_t series = 0; series < 2; ++series) {
    ReportChoice at;
    for (at.weights = 0; at.weights < axes.weights.size(); ++at.weights) {
      for (at.kv = 0; at.kv < axes.kv.size(); ++at.kv) {
        for (at.place = 0; at.place < 2; ++at.place) {
          for (at.batch = 0; at.batch < axes.batches.size(); ++at.batch) {
            for (at.context = 0; at.context < axes.contexts.size(); ++at.context) {
              DeploymentQuestion one = question.devices;
              one.models = {question.devices.models[series]};
              one.weights = {axes.weights[at.weights]};
              if (axes.kv[at.kv]) one.kv_precisions = {*axes.kv[at.kv]};
              one.placements = {question.devices.placements[at.place]};
              one.contexts = LengthList(axes.contexts[at.context]);
              one.batches = LengthList(axes.batches[at.batch]);
              const Fit expected = fit(one).alternatives.at(0);
              const DeploymentEstimate& estimate = expected.estimate;
              CHECK(shown_at(data, series, "verdict", at) == estimate.verdict());
              ++verdicts[estimate.fits ? estimate.tight ? 1 : 0 : 2];
              for (const Metric metric : {Metric::device_bytes, Metric::kv_cache_bytes, Metric::weights_bytes,
                                          Metric::attention_flops, Metric::max_context, Metric::max_batch}) {
                CAPTURE(info(metric).name);
                const std::optional<Count> count = estimate.count(metric);
                CHECK(shown_at(data, series, std::string(info(metric).name), at, true) ==
                      (count ? with_separators(*count) : "–"));
              }
              CHECK(shown_at(data, series, "prefill_seconds", at) == short_seconds(estimate.prefill->seconds));
              CHECK(shown_at(data, series, "decode_seconds_per_token", at) == short_seconds(estimate.decode->seconds));
              const DeviceMemory& fullest = estimate.devices[estimate.largest];
              CHECK(shown_at(data, series, "device_kv_reserved_bytes", at, true) ==
                    with_separators(*fullest.kv_reserved));
            }
          }
        }
      }
    }
  }
  CHECK(verdicts[0] > 0);
  CHECK(verdicts[2] > 0);
}

TEST_CASE("where devices differ, each kind of them has its memory") {
  // 32 layers in two stages: the first has the embedding, the last the norm and the head, of the same 128,256 x 4,096
  // elements, so that they differ by the norm's 4,096 elements of 2 bytes.
  ReportQuestion question = question_of({"llama-3.1-8b"}, {"l4-24gb"});
  question.devices.placements[0].split = parse_parallelism("pp=2");
  const ReportAnswer answer = report(question);
  CHECK(device_kinds(answer.series[0]) == 2);
  const ReportPoint& point = answer.at(0, answer.first);
  const auto text = [&](std::size_t kind, DevicePart part) { return device_text(point, kind, part, UnitSystem::si); };
  CHECK(text(0, DevicePart::name).shown == "stage 0, 1 device");
  CHECK(text(1, DevicePart::name).shown == "stage 1, 1 device");
  // (8,030,261,248 - 4,096) / 2 parameters, and with the norm.
  CHECK(text(0, DevicePart::weights).exact == "8,030,257,152");
  CHECK(text(1, DevicePart::weights).exact == "8,030,265,344");
  CHECK(text(2, DevicePart::name).shown == "–");
  const json grids = data_of(page_of(answer))["grids"][0];
  CHECK(grids.size() == report_figures().size() - kCostFigures + 2 * kDeviceParts);
}

TEST_CASE("a strategy is a series beside its model") {
  ReportQuestion question = question_of({"llama-3.1-8b"});
  question.strategies = {"sliding_window:window=4096", "kv_precision=q8_0"};
  const ReportAnswer answer = report(question);
  REQUIRE(answer.series.size() == 3);
  CHECK(answer.series[1].name == "Llama-3.1-8B with sliding_window:window=4096");
  ReportChoice at;
  at.context = place_of(answer.axes.contexts, 131072);
  // 2 · 8 heads · 128 · 2 bytes · 32 layers a token, over 131,072 and over 4,096 tokens; in blocks of 34 bytes for 32
  // elements.
  CHECK(answer.at(0, at).values->count(Metric::kv_cache_bytes) == 17179869184u);
  CHECK(answer.at(1, at).values->count(Metric::kv_cache_bytes) == 536870912u);
  CHECK(answer.at(2, at).values->count(Metric::kv_cache_bytes) == 9126805504u);
  CHECK(answer.at(2, at).kv == "q8_0");
}

TEST_CASE("three models with two devices are less than 500 KB") {
  const ReportAnswer answer =
      report(question_of({"llama-3.1-8b", "qwen3-32b", "gemma-3-27b-it"}, {"h100-sxm-80gb", "l40s-48gb"}));
  const std::size_t size = page_of(answer).size();
  CHECK(size > 100'000);
  CHECK(size < 500'000);
}

TEST_CASE("texts stand in markup and scripts as what they are") {
  struct Row {
    std::string text;
    std::string in_markup;
    std::string in_script;
  };
  const Row rows[] = {
      {"</script><script>alert(1)</script>", "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;",
       R"("\u003c/script\u003e\u003cscript\u003ealert(1)\u003c/script\u003e")"},
      {"<!-- & \"'", "&lt;!-- &amp; &quot;&#39;", R"("\u003c!-- \u0026 \"'")"},
      {"a\xe2\x80\xa8"
       "b",
       "a\\u2028b", R"("a\u2028b")"},
      {"\xe2\x80\xae"
       "evil",
       "\\u202eevil", R"("\u202eevil")"},
      {"line\nbreak", "line\\x0abreak", R"("line\nbreak")"},
  };
  for (const Row& row : rows) {
    CHECK(markup_text(row.text) == row.in_markup);
    CHECK(script_string(row.text) == row.in_script);
  }
}

TEST_CASE("a hostile name opens no element and ends no script") {
  ReportQuestion question = question_of({"article-7b"}, {"l4-24gb"});
  Model model = *question.devices.models.front();
  const std::string hostile = "</script></style></title><img src=x onerror=alert(1)>\xe2\x80\xa8\"'&<!--";
  model.name = hostile;
  model.source = hostile;
  model.origin = hostile;
  model.notes.push_back(hostile);
  question.devices.models = {SharedModel(std::move(model))};
  const ReportAnswer answer = report(question);
  const std::string page = page_of(answer);
  CHECK(page.find("<img") == std::string::npos);
  CHECK(page.find("\xe2\x80\xa8") == std::string::npos);
  const auto count = [&page](const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = page.find(part); at != std::string::npos; at = page.find(part, at + 1)) ++found;
    return found;
  };
  CHECK(count("<script") == count("</script>"));
  CHECK(count("</script>") == 3);
  CHECK(count("</style>") == 1);
  CHECK(count("</title>") == 3);  // and one of each chart: without the file's weights there are no times
  CHECK(count("<!--") == 1);      // the licence of the charts
  CHECK(data_of(page)["series"][0] == hostile);
}

TEST_CASE("the ticks of an axis enclose its numbers, and are few") {
  const std::vector<ChartTick> ticks = {{1, "1"},   {2, "2"},     {5, "5"},     {10, "10"},   {20, "20"},
                                        {50, "50"}, {100, "100"}, {200, "200"}, {500, "500"}, {1000, "1000"}};
  struct Row {
    double least, most;
    std::size_t count;
    double from, to;
    const char* labels;
  };
  const Row rows[] = {{2, 90, 8, 2, 100, "2 5 10 20 50 100 "}, {3, 90, 8, 2, 100, "2 5 10 20 50 100 "},
                      {1, 900, 8, 1, 1000, "1 10 100 1000 "},  {1, 900, 2, 1, 1000, "1 100 "},
                      {20, 20, 8, 20, 50, "20 50 "},           {1000, 1000, 8, 1000, 1000, "1000 "}};
  for (const Row& row : rows) {
    CAPTURE(row.labels);
    const AxisTicks axis = ticks_between(ticks, row.least, row.most, row.count);
    CHECK(axis.least == row.from);
    CHECK(axis.most == row.to);
    std::string labels;
    for (const ChartTick& tick : axis.labelled) labels += tick.label + " ";
    CHECK(labels == row.labels);
  }
}
