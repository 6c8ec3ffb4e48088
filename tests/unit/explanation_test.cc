// explain: the terms on screen add up to the estimate, and every formula gives the number beside it.
#include "ctxcost/answer/explanation.h"

#include <doctest/doctest.h>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/formula.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "numbers.h"

using namespace ctxcost;

namespace {

std::vector<Metric> every_metric() {
  std::vector<Metric> all;
  for (const MetricInfo& row : metrics()) all.push_back(row.metric);
  return all;
}

ExplainQuestion question(Model model, Count context, Count batch = 1) {
  ExplainQuestion asked{std::move(model), {}};
  asked.context = context;
  asked.batch = batch;
  asked.metrics = every_metric();
  return asked;
}

Symbols symbols_of(const std::vector<ExplainedValue>& values) {
  Symbols symbols;
  for (const ExplainedValue& value : values) symbols.emplace(value.word, value.value);
  return symbols;
}

/// A formula as shown in numbers, read again: lists stay words.
Count value_of_numbers(const std::string& numbers, const Symbols& symbols) {
  Symbols lists;
  for (const auto& [word, value] : symbols) {
    if (std::holds_alternative<std::vector<Count>>(value)) lists.emplace(word, value);
  }
  return evaluate(test::without_separators(numbers), lists);
}

void check_values(const std::vector<ExplainedValue>& values) {
  const Symbols symbols = symbols_of(values);
  for (const ExplainedValue& value : values) {
    CAPTURE(value.word);
    CAPTURE(value.expression);
    CHECK((!value.from.empty() || !value.expression.empty() || value.origin == ValueOrigin::derived));
    if (value.expression.empty()) continue;
    CHECK(std::variant<Count, std::vector<Count>>(evaluate(value.expression, symbols)) == value.value);
  }
}

void check_term(const ExplainedTerm& term) {
  CAPTURE(term.owner);
  CAPTURE(term.name);
  if (!term.one) {
    CHECK_FALSE(term.total);
    return;
  }
  Count product = *term.one * term.layers;
  for (const ExplainedFactor& factor : term.factors) product *= factor.value;
  CHECK(term.total == product);
  CHECK_FALSE(term.source.empty());
  if (term.formula.empty()) return;
  const Symbols symbols = symbols_of(term.values);
  CHECK(evaluate(term.formula, symbols) == *term.one);
  CHECK(value_of_numbers(term.numbers, symbols) == *term.one);
  check_values(term.values);
}

template <typename Rows>
std::optional<Count> total_of(const Rows& rows) {
  std::optional<Count> sum = Count{};
  for (const auto& row : rows) sum = sum && row.total ? std::optional(*sum + *row.total) : std::nullopt;
  return sum;
}

void check_metric(const ExplainedMetric& metric, const Estimate& estimate) {
  CAPTURE(info(metric.metric).name);
  const bool growth = info(metric.metric).unit == Unit::ratio;
  if (!growth) CHECK(metric.value == estimate[metric.metric]);
  CHECK((std::holds_alternative<std::monostate>(metric.value) ? !metric.remark.empty() : true));
  // Something is said of each.
  CHECK((!metric.terms.empty() || !metric.formula.empty() || !metric.remark.empty() ||
         metric.value == MetricValue(Count{})));
  CHECK(total_of(metric.parts) == total_of(metric.terms));
  CHECK(metric.parts.size() <= kMostParts);
  std::size_t folded = 0;
  for (const ExplainedPart& part : metric.parts) {
    folded += part.terms;
    if (part.like == nullptr || !part.like->one) continue;
    Count product = *part.like->one * part.layers * part.alike;
    for (const ExplainedFactor& factor : part.like->factors) product *= factor.value;
    CHECK(part.total == product);
  }
  CHECK(folded == metric.terms.size());
  if (metric.terms_of && !std::holds_alternative<std::monostate>(estimate[*metric.terms_of])) {
    CHECK(total_of(metric.terms) == estimate.count(*metric.terms_of));
  }
  for (const ExplainedTerm& term : metric.terms) check_term(term);
  if (metric.numbers.empty()) return;
  const Count* const count = std::get_if<Count>(&metric.value);
  if (count != nullptr) CHECK(value_of_numbers(metric.numbers, symbols_of(metric.values)) == *count);
}

void check_all(const ExplainQuestion& asked) {
  CAPTURE(to_string(*asked.context));
  CAPTURE(to_string(*asked.batch));
  const Explanation answer = explain(asked);
  const Estimate estimate = answer.estimator.at(*asked.context, *asked.batch);
  REQUIRE(answer.metrics.size() == asked.metrics.size());
  for (const ExplainedMetric& metric : answer.metrics) check_metric(metric, estimate);
}

const ExplainedMetric& find(const Explanation& answer, Metric metric) {
  for (const ExplainedMetric& row : answer.metrics) {
    if (row.metric == metric) return row;
  }
  FAIL("no such metric");
  return answer.metrics.front();
}

/// "num_attention_heads" of the first term that has the word.
std::string from(const ExplainedMetric& metric, std::string_view word) {
  for (const ExplainedTerm& term : metric.terms) {
    for (const ExplainedValue& value : term.values) {
      if (value.word == word) return value.from;
    }
  }
  return "no such word";
}

}  // namespace

TEST_CASE("explain: of every model of the catalogue the terms add up, and formulas give their numbers") {
  const auto entries = catalogue();
  for (std::size_t i = 0; i < entries.size(); i += CTXCOST_TEST_SAMPLE) {
    const CatalogueEntry& entry = entries[i];
    CAPTURE(entry.id);
    const Model model = load_model(entry.id);
    for (const Count context : {Count{0}, Count{5000}}) check_all(question(model, context, 3));
    ExplainQuestion causal = question(model, 20000);
    causal.workload.convention = causal_convention();
    causal.workload.logits = Logits::all;
    check_all(causal);
  }
}

TEST_CASE("explain: what engines reserve comes about by their rules") {
  std::size_t explained = 0;
  for (const CatalogueEntry& entry : catalogue()) {
    CAPTURE(entry.id);
    for (const char* engine : {"vllm", "llama.cpp", "llama.cpp:unified=1", "llama.cpp:swa_full=1", "transformers",
                               "transformers:cache=static", "sglang", "sglang:page=256,tokens=70656,slots=38",
                               "tensorrt-llm", "tensorrt-llm:tokens=5000", "mlx:prompt=100"}) {
      CAPTURE(engine);
      ExplainQuestion asked = question(load_model(entry.id), 5000, 3);
      asked.engine = parse_engine(engine);
      asked.metrics = {Metric::kv_reserved_bytes};
      try {
        check_all(asked);
        const Explanation answer = explain(asked);
        for (const ExplainedTerm& term : answer.metrics.front().terms) {
          if (!term.one) continue;
          CHECK_FALSE(term.formula.empty());
          ++explained;
        }
      } catch (const InputError&) {
        continue;  // refused by the engine
      }
    }
  }
  CHECK(explained > 500);
}

TEST_CASE("explain: types of weights and caches have formulas, too") {
  for (const char* id : {"llama-3.1-8b", "gemma-3-27b-it", "deepseek-v3", "qwen3-next-80b-a3b-instruct"}) {
    CAPTURE(id);
    for (const char* kv :
         {"q8_0/q4_0", "int4:group=32", "int8:group=64,zero", "int8_per_token_head", "kivi", "nvfp4"}) {
      CAPTURE(kv);
      for (const char* weights : {"Q4_K_M", "nf4", "int4:group=64,zero", "fp8"}) {
        ExplainQuestion asked = question(load_model(id), 5000, 3);
        asked.workload.kv = parse_kv_precision(kv, "test");
        asked.workload.weights = parse_weight_scheme(weights, "test");
        try {
          check_all(asked);
        } catch (const InputError&) {
          continue;  // the type does not store this cache
        }
      }
    }
  }
}

TEST_CASE("explain: KIVI's packed cache") {
  // n=4096, d=128, R=128, G=32, 2 bit: 419,840 bytes for each KV head and layer; n=5000: 508,288
  // [docs/cost-model.md section 11.2].
  for (const auto& [context, bytes] : {std::pair<Count, Count>{4096, 419840}, {5000, 508288}}) {
    ExplainQuestion asked = question(load_model("llama-3.1-8b"), context);
    asked.workload.kv = parse_kv_precision("kivi", "test");
    const Explanation answer = explain(asked);
    const ExplainedMetric& cache = find(answer, Metric::kv_cache_bytes);
    REQUIRE(cache.terms.size() == 2);
    CHECK(*cache.terms[0].one + *cache.terms[1].one == 8 * bytes);
    for (const ExplainedTerm& term : cache.terms) CHECK_FALSE(term.formula.empty());
  }
}

TEST_CASE("explain: where each value is from") {
  const Explanation llama = explain(question(load_model("llama-3.1-8b"), 8192));
  const ExplainedMetric& flops = find(llama, Metric::attention_flops);
  CHECK(from(flops, "heads") == "num_attention_heads");
  CHECK(from(flops, "d_k") == "hidden_size / num_attention_heads");
  CHECK(from(flops, "d_v") == "= d_k");
  CHECK(from(flops, "n") == "context");
  const ExplainedMetric& cache = find(llama, Metric::kv_cache_bytes);
  CHECK(from(cache, "kv_heads") == "num_key_value_heads");
  CHECK(from(cache, "element_bytes") == "bf16");

  const Explanation gemma = explain(question(load_model("gemma-3-27b-it"), 8192));
  CHECK(from(find(gemma, Metric::kv_cache_bytes), "window") == "text_config/sliding_window");
  CHECK(from(find(gemma, Metric::kv_cache_bytes), "d_k") == "text_config/head_dim");

  const Explanation deepseek = explain(question(load_model("deepseek-v3"), 8192));
  CHECK(from(find(deepseek, Metric::kv_cache_bytes), "kv_rank") == "kv_lora_rank");
  CHECK(from(find(deepseek, Metric::attention_flops), "d_k") == "qk_nope_head_dim + qk_rope_head_dim");
  CHECK(from(find(deepseek, Metric::attention_flops), "d_v") == "v_head_dim");

  // Where the file gives fewer keys than formulas have words.
  const Explanation gpt2 = explain(question(load_model("gpt2"), 1024));
  CHECK(from(find(gpt2, Metric::kv_cache_bytes), "kv_heads") == "= heads, n_head");
  CHECK(from(find(gpt2, Metric::activation_bytes), "d_ff") == "4 * n_embd");

  // The own format has the words themselves.
  const Explanation article = explain(question(load_model("article-7b"), 8192));
  CHECK(from(find(article, Metric::attention_flops), "heads") == "heads");
  CHECK(from(find(article, Metric::attention_flops), "d_k") == "d_k");
}

TEST_CASE("explain: a key that the file lacks is the class default, and said so") {
  const Model model = parse_model(
      R"({"model_type": "gemma", "hidden_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16,
          "num_key_value_heads": 16, "intermediate_size": 24576, "vocab_size": 256000})",
      "config.json");
  const Explanation answer = explain(question(model, 8192));
  CHECK(from(find(answer, Metric::attention_flops), "d_k") == "class default of head_dim");
}

TEST_CASE("explain: the context is what the model was trained for, else 4K") {
  ExplainQuestion asked{load_model("llama-3.1-8b"), {}};
  CHECK(explain(asked).context == Count{8192});
  CHECK(explain(asked).context_from == "what the model was trained for");
  asked.context = 100;
  CHECK(explain(asked).context == Count{100});
  CHECK(explain(asked).context_from == "context");
  asked = {parse_model(R"({"layers": 2, "heads": 2, "d_k": 4, "batch": 5})", "own.json"), {}};
  CHECK(explain(asked).context == Count{4096});
  CHECK(explain(asked).batch == Count{5});
  CHECK(explain(asked).batch_from == "batch");
}

TEST_CASE("explain: no metric of devices") {
  for (const MetricInfo& row : device_metrics()) {
    CAPTURE(row.name);
    ExplainQuestion asked{load_model("llama-3.1-8b"), {}};
    asked.metrics = {row.metric};
    CHECK_THROWS_AS(static_cast<void>(explain(asked)), InputError);
  }
}

TEST_CASE("explain: the state of a state space in the form of the published code") {
  // 48 layers of d_in N + d_in K elements, d_in = 4096, N = 16, K = 4 [state-spaces/mamba mamba_simple.py,
  // allocate_inference_cache]; 64 layers of 655,360 + 21,504 elements [mamba2.py].
  for (const auto& row : {std::pair{"mamba-1.4b-hf", "7,864,320 "}, {"mamba2-2.7b", "86,638,592 "}}) {
    const auto& [id, bytes] = row;
    CAPTURE(row.first);
    const Explanation answer = explain(question(load_model(id), 8192));
    CHECK(find(answer, Metric::state_bytes).remark.starts_with(bytes));
  }
}
