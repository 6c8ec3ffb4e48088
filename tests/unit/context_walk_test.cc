// The walk over a range of contexts gives the integers of `Estimator::at`, around every context where a term changes
// its form, and those are the sums of the terms (terms_test.cc).
#include "ctxcost/estimate/context_walk.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "workloads.h"

using namespace ctxcost;

namespace {

constexpr Metric metric_at(std::size_t index) { return static_cast<Metric>(index); }

/// Returns how many metrics of `wanted` differ from those of `at` over a range.
unsigned differences(const Estimator& estimator, const LengthList::Range& range, Count batch, MetricSet wanted) {
  unsigned unlike = 0;
  ContextWalk walk(estimator, batch, wanted);
  walk.start(range);
  Count expected = range.first;
  while (true) {
    const Estimate plain = estimator.at(expected, batch);
    unlike += walk.context() == expected ? 0 : 1;
    for (std::size_t m = 0; m < kMetricCount; ++m) {
      if (!wanted.has(metric_at(m)) || walk.values().values[m] == plain.values[m]) continue;
      ++unlike;
      MESSAGE(info(metric_at(m)).name << " at " << to_string(expected));
    }
    if (!walk.next()) break;
    expected += range.step;
  }
  CHECK(expected == range.last);
  return unlike;
}

/// Contexts at which a model's terms may change their form: windows and chunks, limits, borders of every count.
std::set<std::uint64_t> borders(const Model& model) {
  std::set<std::uint64_t> all = {1, 2048};
  const auto add = [&all](Count value) {
    if (value > 0 && value < Count{1} * 4'000'000) all.insert(value.u64());
  };
  for (const LayerGroup& group : model.groups) {
    for (const auto& mixer : group.mixers) {
      for (const auto& [name, value] : mixer->settings().all()) {
        if (const auto* count = std::get_if<Count>(&value)) add(*count);
      }
      for (const CachePart& part : mixer->cache()) {
        add(part.span.limit);
        add(part.span.block);
      }
    }
  }
  for (const auto& limit :
       {model.positions.hard_limit, model.positions.trained_context, model.positions.effective_context}) {
    if (limit) add(*limit);
  }
  return all;
}

LengthList::Range around(std::uint64_t border, std::uint64_t points, std::uint64_t step) {
  const std::uint64_t before = points / 2 * step;
  const std::uint64_t first = border > before ? border - before : border % step;
  return {first, first + points * step, 1, step};
}

}  // namespace

TEST_CASE("a walk gives the integers of each point, around every border of every model") {
  for (const CatalogueEntry& entry : catalogue()) {
    CAPTURE(entry.id);
    const Model model = load_model(entry.id);
    const Estimator estimator(model, workload("causal", "", Logits::all));
    for (const std::uint64_t border : borders(model)) {
      CAPTURE(border);
      CHECK(differences(estimator, around(border, 24, 1), 3, MetricSet::all()) == 0);
    }
  }
}

TEST_CASE("a walk keeps to its step, its convention, its types and its engine") {
  for (const char* name : {"article-7b", "gemma-3-27b-it", "deepseek-v3", "gpt-oss-20b", "mixtral-8x7b",
                           "qwen3-next-80b-a3b-instruct", "t5-small", "bert-base-uncased"}) {
    CAPTURE(name);
    Model loaded;
    try {
      loaded = load_model(name);
    } catch (const InputError&) {
      FAIL("not in the catalogue");
    }
    const SharedModel model(std::move(loaded));
    for (const Workload& settings :
         {workload("article", "", Logits::last), workload("standard", "q8_0/q4_0", Logits::all),
          workload("causal", "kivi", Logits::last)}) {
      for (const char* engine : {"ideal", "vllm", "llama.cpp"}) {
        try {
          const Estimator estimator(model, settings, parse_engine(engine));
          static_cast<void>(estimator.at(1024, 2));
          for (const std::uint64_t step : {1U, 7U, 64U, 1000U}) {
            CHECK(differences(estimator, around(1024, 40, step), 2, MetricSet::all()) == 0);
          }
        } catch (const InputError&) {
          continue;  // a type that cannot store this cache, an engine that refuses
        }
      }
    }
  }
}

TEST_CASE("one metric alone is what it is among all") {
  for (const char* name : {"gemma-3-27b-it", "deepseek-v3", "qwen3-next-80b-a3b-instruct", "t5-small"}) {
    CAPTURE(name);
    const Estimator estimator(load_model(name), Workload{});
    for (std::size_t m = 0; m < kMetricCount; ++m) {
      CAPTURE(info(metric_at(m)).name);
      const MetricSet alone = {metric_at(m)};
      CHECK(differences(estimator, around(1024, 30, 1), 1, alone) == 0);
      CHECK(estimator.at(5000, 3, alone).values[m] == estimator.at(5000, 3).values[m]);
    }
  }
}

TEST_CASE("unlike windows agree where they agree: below both, and where the article's rule charges the same") {
  // 3 layers, so that no quotient by layers is whole everywhere.
  const Model model = parse_model(
      R"({"layers": 3, "heads": 4, "d_k": 8, "pattern": [
          {"attention": {"kind": "sliding_window", "window": 20}}, {"repeat": 2, "attention": {"kind": "full"}}]})",
      "test");
  for (const char* convention : {"article", "causal"}) {
    const Estimator estimator(model, workload(convention, "", Logits::last));
    CHECK(differences(estimator, {1, 100, 1, 1}, 1, MetricSet::all()) == 0);
    CHECK(estimator.at(20, 1).count(Metric::scores_per_head).has_value());
    CHECK(!estimator.at(21, 1).count(Metric::scores_per_head).has_value());
  }
}

TEST_CASE("any rows of a report are its rows") {
  Grid grid;
  grid.models = {load_model("article-7b"), load_model("gemma-3-27b-it")};
  grid.batches = parse_lengths("1,5..7:+1", "test");
  grid.contexts = parse_lengths("1K..16K,100..160:+3,7", "test");
  const Report report(grid, Workload{});
  const auto row_of = [](const GridPoint& point) {
    std::string text = point.estimator.model().name;
    for (const MetricValue& value : point.values.values) {
      if (const auto* count = std::get_if<Count>(&value)) text += " " + to_string(*count);
      if (const auto* real = std::get_if<double>(&value)) text += " " + std::to_string(*real);
    }
    return text;
  };
  std::vector<std::string> all;
  report.for_each_row([&](const GridPoint& point) { all.push_back(row_of(point)); });
  REQUIRE(report.rows() == all.size());
  REQUIRE(all.size() == 2 * 4 * (5 + 21 + 1));
  for (const std::size_t begin : {0U, 1U, 26U, 27U, 60U, 107U, 108U, 215U}) {
    for (const std::size_t length : {0U, 1U, 5U, 27U, 90U, 216U}) {
      const std::size_t end = std::min(begin + length, all.size());
      std::size_t next = begin;
      report.for_each_row(RowRange{begin, end}, MetricSet::all(), [&](const GridPoint& point) {
        REQUIRE(next < end);
        CHECK(row_of(point) == all[next++]);
      });
      CHECK(next == end);
    }
  }
}
