// Estimators of many points answer from polynomials (src/estimate/folded.h). They are the integers of an estimator that
// adds up each point, which are the sums of the terms (terms_test.cc): around every context where a term takes another
// form, for many sequences, and where 128 bits do not suffice.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "workloads.h"

using namespace ctxcost;

namespace {

constexpr Count kBatches[] = {1, 7, 1024, 4294967295};

/// Asks for points of the same piece until the estimator has polynomials for them, or will not have any.
bool fold_at(const Estimator& estimator, Count context) {
  for (unsigned i = 0; i < 64 && !estimator.folded(context, 1); ++i) static_cast<void>(estimator.at(context, 1));
  return estimator.folded(context, 1);
}

struct Compared {
  unsigned unlike = 0;
  unsigned folded = 0;
  unsigned points = 0;
};

/// Compares the points of two estimators. The other one is made anew before it folds anything.
Compared compare(const SharedModel& model, const Workload& settings, const std::set<std::uint64_t>& contexts) {
  Compared compared;
  const Estimator folded(model, settings);
  std::optional<Estimator> plain;
  for (const std::uint64_t context : contexts) {
    CAPTURE(context);
    fold_at(folded, context);
    if (compared.points % 7 == 0) plain.emplace(model, settings);
    const Count batch = kBatches[compared.points % 4];
    const Estimate expected = plain->at(context, batch);
    REQUIRE(!plain->folded(context, batch));
    const Estimate found = folded.at(context, batch);
    compared.folded += folded.folded(context, batch) ? 1 : 0;
    ++compared.points;
    for (std::size_t m = 0; m < kMetricCount; ++m) {
      if (found.values[m] == expected.values[m]) continue;
      ++compared.unlike;
      MESSAGE(info(static_cast<Metric>(m)).name << " at " << context << ", batch " << to_string(batch));
    }
  }
  return compared;
}

void add_around(std::set<std::uint64_t>& contexts, Count border) {
  for (const unsigned ahead : {0U, 1U, 2U}) {
    if (border + ahead > 1 && border < Count{2147483648}) contexts.insert((border + ahead - 1).u64());
  }
}

/// Contexts at which terms of a model may take another form, and others.
std::set<std::uint64_t> contexts_of(const Model& model) {
  std::set<std::uint64_t> contexts = {1, 2, 3, 4, 100, 2047, 2048, 2049, 12345, 999999, 123456789, 4294967295};
  for (const LayerGroup& group : model.groups) {
    for (const auto& mixer : group.mixers) {
      for (const auto& [name, value] : mixer->settings().all()) {
        if (const auto* count = std::get_if<Count>(&value)) add_around(contexts, *count);
      }
      for (const CachePart& part : mixer->cache()) add_around(contexts, min(part.span.limit, 1000));
    }
  }
  for (const auto& limit :
       {model.positions.hard_limit, model.positions.trained_context, model.positions.effective_context}) {
    if (limit) add_around(contexts, *limit);
  }
  return contexts;
}

}  // namespace

TEST_CASE("polynomials give the integers that are added up, for every model of the catalogue") {
  unsigned folded = 0, points = 0;
  for (const CatalogueEntry& entry : catalogue()) {
    CAPTURE(entry.id);
    const SharedModel model(load_model(entry.id));
    const Compared compared = compare(model, Workload{}, contexts_of(*model));
    CHECK(compared.unlike == 0);
    folded += compared.folded;
    points += compared.points;
  }
  CHECK(folded > points * 9 / 10);
}

TEST_CASE("under every convention, for all logits and in other types") {
  for (const char* name : {"article-7b", "llama-3.1-8b", "gemma-3-27b-it", "deepseek-v3", "gpt-oss-20b", "mixtral-8x7b",
                           "qwen3-next-80b-a3b-instruct", "t5-small", "bert-base-uncased", "phi-3-small-8k-instruct"}) {
    CAPTURE(name);
    const SharedModel model(load_model(name));
    const std::set<std::uint64_t> contexts = contexts_of(*model);
    for (const Workload& settings : {workload("causal", "", Logits::all), workload("standard", "", Logits::last),
                                     workload("standard:pairs=exact", "int8", Logits::all)}) {
      try {
        CHECK(compare(model, settings, contexts).unlike == 0);
      } catch (const InputError&) {
        continue;  // a type that cannot store this cache
      }
    }
  }
}

TEST_CASE("every mechanism alone, beside full attention, and in layers of three kinds") {
  std::set<std::string_view> kinds;
  for (const Mechanism* const mechanism : mechanisms()) {
    if (mechanism->reader_only) continue;
    CAPTURE(mechanism->kind);
    for (const unsigned size : {4U, 8U, 12U, 64U}) {
      std::string attention = R"({"kind": ")" + std::string(mechanism->kind) + '"';
      for (const MechanismKey& key : mechanism->keys) {
        const bool count = key.type == KeyType::count || key.type == KeyType::count_or_list;
        if (key.fallback.empty() && count)
          attention.append(", \"").append(key.name).append("\": ") += std::to_string(size);
      }
      attention += '}';
      for (const std::string& layers :
           {R"("attention": )" + attention,
            R"("pattern": [{"attention": )" + attention + R"(}, {"repeat": 2, "attention": {"kind": "full"}}])",
            R"("pattern": [{"attention": )" + attention +
                R"(}, {"attention": {"kind": "sliding_window", "window": 10}}, {"attention": {"kind": "full"}}])"}) {
        try {
          const SharedModel model(
              parse_model(R"({"layers": 6, "heads": 4, "d_k": 8, "d_model": 32, )" + layers + "}", "test"));
          const std::set<std::uint64_t> contexts = {1,  2,  3,  4,  7,  8,  9,  10,   11,  12,
                                                    13, 16, 17, 20, 64, 65, 99, 1000, 4097};
          CHECK(compare(model, workload("causal", "", Logits::last), contexts).unlike == 0);
          kinds.insert(mechanism->kind);
        } catch (const InputError&) {
          continue;  // sizes that do not go together
        }
      }
    }
  }
  CHECK(kinds.size() > 25);
}

TEST_CASE("dense models and windows are folded, and single points are not") {
  for (const char* name : {"article-7b", "llama-3.1-8b", "gemma-3-27b-it", "deepseek-v3", "t5-small", "mixtral-8x7b"}) {
    CAPTURE(name);
    const Estimator estimator(load_model(name), Workload{});
    for (const std::uint64_t context : {1024U, 4096U, 100000U}) static_cast<void>(estimator.at(context, 1));
    CHECK(!estimator.folded(3000, 1));
    CHECK(fold_at(estimator, 3000));
    // The whole piece is, and copies have it, too; no tokens and 2^32 of them are outside every piece.
    CHECK(estimator.folded(3500, 64));
    CHECK(Estimator(estimator).folded(3500, 64));
    CHECK(!estimator.folded(0, 1));
    CHECK(!estimator.folded(Count{1} * 4294967296, 1));
  }
}

TEST_CASE("one metric is what it is among all, with polynomials") {
  for (const char* name : {"gemma-3-27b-it", "phi-3-small-8k-instruct", "t5-small"}) {
    CAPTURE(name);
    const Estimator estimator(load_model(name), Workload{});
    REQUIRE(fold_at(estimator, 5000));
    const Estimate all = estimator.at(5000, 3);
    for (std::size_t m = 0; m < kMetricCount; ++m) {
      CAPTURE(info(static_cast<Metric>(m)).name);
      const Estimate one = estimator.at(5000, 3, {static_cast<Metric>(m)});
      CHECK(one.values[m] == all.values[m]);
      for (std::size_t other = 0; other < kMetricCount; ++other) {
        const bool null = std::holds_alternative<std::monostate>(one.values[other]);
        CHECK((null || one.values[other] == all.values[other]));
      }
    }
  }
}

TEST_CASE("sums beyond 128 bits are the same error, and those within are counted") {
  // 2^40 heads of width 2^20: n^2 heads layers for scores, times 2^21 for their work.
  const SharedModel model(
      parse_model(R"({"layers": 4, "heads": 1099511627776, "d_k": 1048576, "d_model": 64, "vocab": 100})", "wide"));
  const Estimator folded(model, Workload{});
  REQUIRE(fold_at(folded, 3000));
  const auto outcome = [](const Estimator& estimator, Count context, Count batch) -> std::string {
    try {
      const std::optional<Count> flops = estimator.at(context, batch).count(Metric::attention_flops);
      return flops ? to_string(*flops) : "unknown";
    } catch (const InputError& error) {
      return error.what();
    }
  };
  // 4 layers, 2^40 heads, 2^21 multiply-adds a pair: 2^63 n^2 b, below 2^128 up to n^2 b = 2^65.
  unsigned errors = 0, counted = 0;
  for (const std::uint64_t context : {3000ULL, 65536ULL, 4294967295ULL}) {
    for (unsigned bits = 0; bits < 127; bits += bits < 28 || bits > 50 ? 9 : 1) {
      const Count batch = Count::from_raw(Uint128{1} << bits);
      const std::string found = outcome(folded, context, batch);
      CHECK(found == outcome(Estimator(model, Workload{}), context, batch));
      (found.find("does not fit 128 bits") != std::string::npos ? errors : counted) += 1;
    }
  }
  CHECK(errors > 10);
  CHECK(counted > 10);
  CHECK(outcome(folded, 65536, 1) == to_string(Count::from_raw(Uint128{1} << 95)));
}
