// Strategies side by side: how attention grows, where costs cross and how far back a token sees.
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "ctxcost/answer/strategy_comparison.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

StrategyComparison compared(const SharedModel& model, std::vector<std::string> strategies,
                            const LengthList& contexts = LengthList(Count{131'072}),
                            const Convention& convention = article_convention()) {
  StrategyQuestion question;
  question.models = {model};
  question.strategies = std::move(strategies);
  question.contexts = contexts;
  question.workload.convention = convention;
  return compare_strategies(question);
}

SharedModel llama() { return load_model("llama-3.1-8b"); }

/// "from" as its context, "never" as 0 and unknown as nothing.
std::optional<Count> place(const Crossover& crossover) {
  if (crossover.kind == Crossover::Kind::unknown) return std::nullopt;
  return crossover.kind == Crossover::Kind::from ? crossover.context : Count{};
}

std::string order(const StrategyAlternative& alternative) {
  return order_text(alternative.order, alternative.order_ratio);
}

/// A small model, so that costs cross early. Its feed-forwards: 3 matrices of 64 x 96 in each of 4 layers.
constexpr const char* kTiny =
    R"({"name": "tiny", "layers": 4, "heads": 4, "kv_heads": 2, "d_k": 16, "d_model": 64, "d_ff": 96, "vocab": 128,)"
    R"( "precision": "fp16", "positions": {"encoding": "rope", "trained_context": 1024}})";
constexpr std::uint64_t kTinyFeedForward = 4 * 3 * 64 * 96;

constexpr std::uint64_t kTried = 2000;

/// What crosses, at one context.
struct Costs {
  Count attention, feed_forward, linear, forward, memory, weights;
};

std::vector<Costs> costs_of(const StrategyAlternative& alternative, const Convention& convention) {
  std::vector<Costs> all(1);  // of 0 tokens: not tried
  for (std::uint64_t n = 1; n <= kTried; ++n) {
    const Estimate values = alternative.estimator->at(Count{n}, 1);
    all.push_back({values.count(Metric::attention_flops).value(),
                   convention.flops_per_mac * Count{kTinyFeedForward * n}, values.count(Metric::linear_flops).value(),
                   values.count(Metric::forward_flops).value(),
                   values.count(Metric::kv_cache_bytes).value() + values.count(Metric::state_bytes).value(),
                   values.count(Metric::weights_bytes).value()});
  }
  return all;
}

/// `above` is larger than `below` at `found` and at every later context tried, and not at the one before.
void check_crossover(const Crossover& found, const std::vector<Costs>& above, Count Costs::*larger,
                     const std::vector<Costs>& below, Count Costs::*smaller) {
  std::uint64_t first = kTried + 1;
  while (first > 1 && above[first - 1].*larger > below[first - 1].*smaller) --first;
  if (found.kind == Crossover::Kind::from) {
    if (found.context <= kTried) {
      CHECK(found.context == first);
    } else {
      CHECK(first == kTried + 1);
    }
  } else {
    CHECK(found.kind == Crossover::Kind::never);
  }
}

}  // namespace

TEST_CASE("llama-3.1-8b as it is: where attention passes the linear layers and the cache the weights") {
  const StrategyComparison answer = compared(llama(), {});
  REQUIRE(answer.alternatives.size() == 1);
  const StrategyAlternative& first = answer.alternatives.front();
  CHECK(first.label == "as it is");
  // Attention: n^2 * 32 layers * 32 heads * (128 + 128) = 262,144 n^2 multiply-adds.
  // Feed-forward: 3 * 4,096 * 14,336 * 32 = 5,637,144,576 a token = 21,504 * 262,144.
  // Projections: (2 * 4,096^2 + 2 * 4,096 * 1,024) * 32 = 1,342,177,280 = 5,120 * 262,144, together 26,624.
  // Attention is as large at that length and larger from the next on.
  CHECK(place(first.crossovers.passes_feed_forward) == 21'505);
  CHECK(place(first.crossovers.passes_linear) == 26'625);
  // 2 * 32 * 8 * 128 * 2 bytes = 131,072 a token; 16,060,522,496 bytes of weights = 122,532.06 tokens.
  CHECK(place(first.crossovers.cache_passes_weights) == 122'533);
  CHECK(place(first.crossovers.fewer_flops) == std::nullopt);  // nothing to hold it against
  const StrategyPoint& point = first.points.front();
  CHECK(point.values.count(Metric::attention_flops) == Count{262'144} * 131'072 * 131'072);
  CHECK(point.growth == 4.0);
  CHECK(point.memory == 17'179'869'184U);
  CHECK(point.decode_cache_bytes == 17'179'869'184U);
  CHECK(point.reach.layers == 32);
  CHECK(point.reach.layer.exact == 131'072);
  CHECK(point.reach.all.exact == 131'072);
}

TEST_CASE("a sliding window wins from the token behind it and reaches farther through layers") {
  const StrategyComparison answer = compared(llama(), {"sliding_window:window=4096"});
  const StrategyAlternative& window = answer.alternatives.at(1);
  CHECK(window.label == "sliding_window:window=4096");
  // n * min(n, 4,096) pairs against n^2, and min(n, 4,096) cached tokens against n.
  CHECK(place(window.crossovers.fewer_flops) == 4'097);
  CHECK(place(window.crossovers.fewer_forward_flops) == 4'097);
  CHECK(place(window.crossovers.fewer_bytes) == 4'097);
  // At most 4,096 * 262,144 a token, below the feed-forward's 21,504 * 262,144; a cache of 536,870,912 bytes.
  CHECK(place(window.crossovers.passes_feed_forward) == 0);
  CHECK(place(window.crossovers.passes_linear) == 0);
  CHECK(place(window.crossovers.cache_passes_weights) == 0);
  const StrategyPoint& point = window.points.front();
  CHECK(point.growth == 2.0);
  CHECK(point.memory == 536'870'912U);
  CHECK(point.reach.layer.exact == 4'096);
  CHECK(point.reach.all.exact == 131'041);  // 1 + 32 * 4,095
  CHECK(point.reach.all.compressed == 131'041);
  // A context shorter than that ends it.
  CHECK(reach_of(*window.strategy.model, 100'000).all.exact == 100'000);
  CHECK(reach_of(*window.strategy.model, 1).all.exact == 1);
  // Every second layer stays full: through one of them a token sees everything.
  const StrategyComparison half = compared(llama(), {"sliding_window:window=4096,full_every=2"});
  CHECK(half.alternatives.at(1).points.front().reach.layer.exact == 131'072);
  // 16 layers of each: (n^2 + 4,096 n) / 2 * 262,144 at n = 131,072 = 32 * 4,096 grows by (4 * 32 + 2) / (32 + 1).
  CHECK(half.alternatives.at(1).points.front().growth == doctest::Approx(130.0 / 33));
  CHECK(order(half.alternatives.at(1)) == "O(n²)");
}

TEST_CASE("how attention grows is named where only the largest power is left") {
  const StrategyComparison answer = compared(
      llama(), {"sliding_window:window=4096", "lsh:hashes=4,chunk=64,buckets=64", "linear", "infini:segment=2048"});
  const char* const orders[] = {"O(n²)", "O(n·w)", "O(n log n)", "O(n)", "O(n·w)"};
  REQUIRE(answer.alternatives.size() == std::size(orders));
  for (std::size_t i = 0; i < std::size(orders); ++i) CHECK(order(answer.alternatives[i]) == orders[i]);
  const StrategyComparison mamba = compared(load_model("mamba2-2.7b"), {});
  CHECK(order(mamba.alternatives.front()) == "O(n)");
  CHECK(mamba.alternatives.front().points.front().growth == doctest::Approx(2));

  CHECK(order_text(GrowthOrder::between, 2.8284271247461903) == "O(n^1.50)");
  CHECK(order_text(GrowthOrder::none, 0) == "");

  // The work of RWKV-4 and its weights are unknown.
  const SharedModel rwkv = parse_model(R"({"layers": 4, "heads": 4, "d_k": 16, "d_model": 64, "d_ff": 96, "vocab": 128,
                                           "attention": {"kind": "rwkv", "version": 4}})",
                                       "m.json");
  const StrategyComparison unknown = compared(rwkv, {}, LengthList(1024));
  const StrategyAlternative& only = unknown.alternatives.front();
  CHECK(only.order == GrowthOrder::none);
  CHECK(order(only) == "");
  CHECK_FALSE(only.points.front().growth.has_value());
  CHECK(place(only.crossovers.passes_linear) == std::nullopt);
  CHECK(place(only.crossovers.cache_passes_weights) == std::nullopt);
}

TEST_CASE("strategies of positions change the window and no cost") {
  for (const char* strategy : {"rope:type=yarn,factor=4", "rope:type=linear,factor=16", "alibi"}) {
    CAPTURE(strategy);
    const StrategyComparison answer = compared(llama(), {strategy}, parse_lengths("4K,128K", "contexts"));
    const StrategyAlternative &first = answer.alternatives.at(0), &other = answer.alternatives.at(1);
    for (std::size_t i = 0; i < first.points.size(); ++i) {
      for (const MetricInfo& row : metrics()) {
        if (row.metric == Metric::window_status) continue;
        CHECK_MESSAGE(first.points[i].values[row.metric] == other.points[i].values[row.metric], row.name);
      }
    }
    CHECK(place(other.crossovers.fewer_flops) == 0);
    CHECK(place(other.crossovers.fewer_bytes) == 0);
  }
  const StrategyComparison yarn = compared(llama(), {"rope:type=yarn,factor=4"});
  CHECK(yarn.alternatives.at(0).strategy.model->positions.effective_context == 131'072U);
  CHECK(yarn.alternatives.at(1).strategy.model->positions.effective_context == 32'768U);  // 4 * 8,192
}

TEST_CASE("scores in memory are a matrix without a fused kernel and its workspace with one") {
  const StrategyComparison answer = compared(llama(), {"flash=off"}, LengthList(8192));
  const StrategyPoint &fused = answer.alternatives.at(0).points.front(),
                      &stored = answer.alternatives.at(1).points.front();
  CHECK(fused.score_memory == fused.values.count(Metric::flash_workspace_bytes));
  CHECK(stored.score_memory == Count{4'294'967'296});  // 32 heads * 8,192^2 * 2 bytes
  CHECK(stored.score_memory == stored.values.count(Metric::score_matrix_bytes));
}

TEST_CASE("the type of the cache is a strategy: blocks of q8_0 are 34 bytes for 32 values") {
  const StrategyComparison answer = compared(llama(), {"kv_precision=fp16", "kv_precision=q8_0"});
  const Count half = answer.alternatives.at(1).points.front().memory.value();
  const Count blocks = answer.alternatives.at(2).points.front().memory.value();
  CHECK(blocks == 9'126'805'504);  // 17,179,869,184 * 136 / 256
  CHECK(256 * blocks == 136 * half);
  CHECK(place(answer.alternatives.at(1).crossovers.fewer_bytes) == 0);
  CHECK(place(answer.alternatives.at(2).crossovers.fewer_bytes) == 1);  // always
}

TEST_CASE("several models are each as they are and with each strategy, held against the first") {
  StrategyQuestion question;
  question.models = {llama(), load_model("bert-base-uncased"), load_model("mamba2-2.7b")};
  question.strategies = {"flash=off"};
  const StrategyComparison answer = compare_strategies(question);
  CHECK(answer.contexts == std::vector<Count>{8192, 131'072, 1'048'576});  // the default
  std::string labels;
  for (const StrategyAlternative& one : answer.alternatives) labels += one.label + "; ";
  CHECK(labels ==
        "Llama-3.1-8B; Llama-3.1-8B, flash=off; bert-base-uncased; bert-base-uncased, flash=off; mamba2-2.7b; "
        "mamba2-2.7b, flash=off; ");
  // An encoder has no cache.
  const StrategyAlternative& encoder = answer.alternatives.at(2);
  CHECK_FALSE(encoder.points.front().memory.has_value());
  CHECK_FALSE(encoder.points.front().decode_cache_bytes.has_value());
  CHECK(place(encoder.crossovers.fewer_bytes) == std::nullopt);
  CHECK(encoder.points.front().reach.layers == 12);
  CHECK(answer.alternatives.at(4).points.front().reach.layers == 64);

  // Two of one name are told apart by where they are from.
  question.models = {parse_model(kTiny, "a.json"), parse_model(kTiny, "b.json")};
  question.strategies = {};
  const StrategyComparison twins = compare_strategies(question);
  CHECK(twins.alternatives.at(0).label == "tiny (a.json)");
  CHECK(twins.alternatives.at(1).label == "tiny (b.json)");
}

TEST_CASE("no more contexts than a page can hold") {
  CHECK_THROWS_WITH_AS(compared(llama(), {}, parse_lengths("1..1001:+1", "contexts")),
                       doctest::Contains("expected at most 1000 contexts, found 1001"), InputError);
}

TEST_CASE("crossovers are those of every context tried one by one") {
  const std::vector<std::string> strategies = {"sliding_window:window=100", "sliding_window:window=64,full_every=2",
                                               "chunked:chunk=96",          "longformer:window=64,global_tokens=2",
                                               "bigbird:block=16",          "lsh:hashes=4,chunk=32",
                                               "strided:stride=32",         "transformer_xl:segment=100,memory=100",
                                               "infini:segment=70",         "gated_delta:chunk=122",
                                               "kv_precision=q8_0"};
  const SharedModel tiny = parse_model(kTiny, "m.json");
  for (const Convention& convention : {article_convention(), causal_convention()}) {
    const StrategyComparison answer = compared(tiny, strategies, LengthList(64), convention);
    const std::vector<Costs> first = costs_of(answer.alternatives.front(), convention);
    for (std::size_t i = 0; i < answer.alternatives.size(); ++i) {
      const StrategyAlternative& one = answer.alternatives[i];
      const std::vector<Costs> costs = costs_of(one, convention);
      const Crossovers& at = one.crossovers;
      CAPTURE(one.label);
      CAPTURE(convention.name);
      if (i > 0) {
        check_crossover(at.fewer_flops, first, &Costs::attention, costs, &Costs::attention);
        check_crossover(at.fewer_forward_flops, first, &Costs::forward, costs, &Costs::forward);
      }
      if (!one.strategy.model->decodes()) {  // longformer and bigbird keep no cache
        CHECK(at.cache_passes_weights.kind == Crossover::Kind::unknown);
        CHECK(at.fewer_bytes.kind == Crossover::Kind::unknown);
      } else {
        check_crossover(at.cache_passes_weights, costs, &Costs::memory, costs, &Costs::weights);
        if (i > 0) check_crossover(at.fewer_bytes, first, &Costs::memory, costs, &Costs::memory);
      }
      check_crossover(at.passes_feed_forward, costs, &Costs::attention, costs, &Costs::feed_forward);
      check_crossover(at.passes_linear, costs, &Costs::attention, costs, &Costs::linear);
    }
  }
}
