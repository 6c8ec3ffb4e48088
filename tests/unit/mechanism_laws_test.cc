// The laws that every mechanism keeps, over a table of sample settings. A new kind is covered by its samples here:
// settings, and where its work is a mask, the keys that each query of each head sees.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "ctxcost/core/formula.h"
#include "ctxcost/mechanism/derivation.h"
#include "ctxcost/mechanism/mechanism.h"
#include "numbers.h"

using namespace ctxcost;

namespace {

constexpr unsigned kHeads = 5;  // odd, so that the Sparse Transformer's halves differ
constexpr unsigned kMostTokens = 40;

MixerShape shape() {
  MixerShape shape;
  shape.heads = kHeads;
  shape.kv_heads = kHeads;
  shape.d_k = 8;
  shape.d_v = 6;
  shape.d_model = 40;
  return shape;
}

/// What a sample's score pairs are.
enum class Law {
  causal,        ///< a causal mask: prefill counts it, decode sees its last query, reach charges its longest one
  causal_parts,  ///< a causal mask of several parts, each with a reach of its own
  dense_decode,  ///< a causal mask in prefill; a decode step sees every key
  two_sided,     ///< a mask without a causal step
  own,           ///< not a mask over the sequence
};

/// Keys that query i of n sees in `head`, by counting.
using QueryKeys = std::function<unsigned(unsigned head, unsigned i, unsigned n)>;

struct Sample {
  std::string_view kind;
  MixerSettings settings;
  Law law;
  QueryKeys keys;  ///< empty for Law::own
};

/// All heads follow one mask.
template <class Mask>
QueryKeys mask(Mask seen) {
  return [seen](unsigned, unsigned i, unsigned n) {
    unsigned keys = 0;
    for (unsigned j = 0; j < n; ++j) keys += seen(i, j) ? 1 : 0;
    return keys;
  };
}

/// The first ceil(H / 2) heads follow one mask, the others another.
template <class A, class B>
QueryKeys halves(A a, B b) {
  return [a = mask(a), b = mask(b)](unsigned head, unsigned i, unsigned n) {
    return head < (kHeads + 1) / 2 ? a(head, i, n) : b(head, i, n);
  };
}

bool causal(unsigned i, unsigned j) { return j <= i; }
/// The best `k` of the causal keys.
QueryKeys top(unsigned k) {
  return [k](unsigned, unsigned i, unsigned) { return std::min(i + 1, k); };
}
bool everything(unsigned, unsigned) { return true; }
bool within(unsigned i, unsigned j, unsigned half) { return i <= j + half && j <= i + half; }

/// Adds samples of settings that matter: parameters below, at and above each other and the lengths tried.
std::vector<Sample> samples() {
  std::vector<Sample> all;
  const auto add = [&all](std::string_view kind, MixerSettings settings, Law law, QueryKeys keys = {}) {
    all.push_back({kind, std::move(settings), law, std::move(keys)});
  };

  add("full", {}, Law::causal, mask(causal));
  add("none", {}, Law::own);
  add("bidirectional", {}, Law::two_sided, mask(everything));
  for (const unsigned a : {0U, 1U, 7U, 60U}) {
    if (a > 0) {
      add("bidirectional", {{"half_window", a}}, Law::two_sided,
          mask([a](unsigned i, unsigned j) { return within(i, j, a); }));
    }
    for (const unsigned g : {0U, 1U, 3U, 50U}) {
      if (a > 0) {
        add("longformer", {{"window", 2 * a}, {"global_tokens", g}}, Law::two_sided,
            mask([a, g](unsigned i, unsigned j) { return within(i, j, a) || i < g || j < g; }));
      }
    }
  }
  for (const unsigned w : {1U, 2U, 7U, 16U, 60U}) {
    add("sliding_window", {{"window", w}}, Law::causal,
        mask([w](unsigned i, unsigned j) { return j <= i && i - j < w; }));
    add("chunked", {{"chunk", w}}, Law::causal, mask([w](unsigned i, unsigned j) { return j <= i && i / w == j / w; }));
    add("strided", {{"stride", w}}, Law::causal,
        halves([w](unsigned i, unsigned j) { return j <= i && i - j <= w; },
               [w](unsigned i, unsigned j) { return j <= i && (i - j) % w == 0; }));
    for (const unsigned d : {1U, 2U, 5U, 60U}) {
      add("dilated", {{"window", w}, {"dilation", d}}, Law::causal,
          mask([w, d](unsigned i, unsigned j) { return j <= i && (i - j) % d == 0 && (i - j) / d < w; }));
      add("sink_window", {{"sinks", d}, {"window", w}}, Law::causal,
          mask([w, d](unsigned i, unsigned j) { return j <= i && (j < d || i - j < w); }));
      if (d <= w) {
        add("fixed", {{"stride", w}, {"summary", d}}, Law::causal,
            halves([w](unsigned i, unsigned j) { return j <= i && i / w == j / w; },
                   [w, d](unsigned i, unsigned j) { return j <= i && j % w >= w - d; }));
      }
      add("vertical_slash", {{"vertical", d}, {"slash", w}}, Law::dense_decode,
          mask([w, d](unsigned i, unsigned j) { return j <= i && (j < d || i - j < w); }));
      add("lsh", {{"hashes", d}, {"chunk", w}}, Law::own);
    }
    add("routing", {{"clusters", w}}, Law::own);
  }
  add("vertical_slash", {{"vertical", std::vector<Count>{2, 9, 30}}, {"slash", std::vector<Count>{0, 3, 5}}},
      Law::dense_decode, mask([](unsigned i, unsigned j) {
        const unsigned distance = i - j;
        return j <= i && (j == 2 || j == 9 || j == 30 || distance == 0 || distance == 3 || distance == 5);
      }));
  add("lsh", {{"hashes", 2}, {"chunk", 4}, {"chunks_before", 0}, {"chunks_after", 2}, {"buckets", 6}}, Law::own);
  add("bigbird", {}, Law::two_sided, mask(everything));  // below the length at which it becomes sparse
  add("bigbird", {{"block", 2}, {"random_blocks", 0}}, Law::own);
  for (const unsigned block : {1U, 4U, 30U}) {
    for (const unsigned stride : {1U, 2U, 4U}) {
      for (const unsigned count : {1U, 3U, 9U}) {
        const unsigned w = 3 * stride;
        add("native_sparse",
            {{"compress_block", block},
             {"compress_stride", stride},
             {"select_block", block},
             {"select_count", count},
             {"window", w}},
            Law::causal_parts, [=](unsigned, unsigned i, unsigned n) {
              unsigned keys = 0;
              for (unsigned j = 0; j < n; ++j) {
                keys += j * stride + block - 1 <= i ? 1 : 0;
                keys += j <= i && i / block - j / block < count ? 1 : 0;
                keys += j <= i && i - j < w ? 1 : 0;
              }
              return keys;
            });
      }
    }
  }
  for (const unsigned block : {1U, 3U, 8U}) {
    for (const unsigned local : {1U, 2U, 5U}) {
      for (const unsigned stride : {1U, 2U, kHeads}) {
        for (const unsigned step : {0U, 1U}) {
          add("block_sparse",
              {{"block", block}, {"local_blocks", local}, {"vertical_stride", stride}, {"head_step", step}},
              Law::causal, [=](unsigned head, unsigned i, unsigned n) {
                unsigned keys = 0;
                for (unsigned j = 0; j < n; ++j) {
                  const unsigned own = i / block;
                  const unsigned other = j / block;
                  const bool vertical = (other + head * step + 1) % stride == 0;
                  keys += j <= i && (own - other < local || vertical) ? 1 : 0;
                }
                return keys;
              });
        }
      }
    }
  }
  add("cross_attention", {}, Law::own);
  add("cross_attention", {{"tokens", 7}}, Law::own);

  // Absorbed decode costs 2 kv_rank + rope_dim a pair: no more than naive prefill here, no less than d_k + d_v below.
  add("latent", {{"kv_rank", 5}, {"rope_dim", 4}}, Law::causal, mask(causal));
  add("latent", {{"kv_rank", 5}, {"rope_dim", 0}, {"q_rank", 3}}, Law::causal, mask(causal));
  for (const unsigned k : {1U, 6U, 60U}) {
    const MixerSettings settings{{"kv_rank", 12}, {"rope_dim", 4}, {"index_heads", 2}, {"index_dim", 3}, {"top_k", k}};
    add("indexed_latent", settings, Law::causal, top(k));
    MixerSettings shared = settings;
    shared.set("shares_index", true);
    add("indexed_latent", shared, Law::causal, top(k));
  }
  // A window, and rows of `ratio` tokens each: all of them, or the best `top`.
  for (const unsigned ratio : {0U, 1U, 4U, 7U}) {
    for (const unsigned top : {0U, 1U, 3U}) {
      if (ratio == 0 && top > 0) continue;
      for (const unsigned window : {7U, 16U, 60U}) {
        MixerSettings settings{{"window", window}, {"compress_ratio", ratio}, {"q_rank", 3}, {"output_rank", 2}};
        if (ratio == 4) settings.set("overlap", true);
        if (ratio == 7) settings.set("output_groups", Count{kHeads});
        if (top > 0) {
          settings.set("index_heads", Count{2});
          settings.set("index_dim", Count{3});
          settings.set("top_k", Count{top});
        }
        add("compressed_sparse", settings, Law::causal, [=](unsigned, unsigned i, unsigned n) {
          unsigned recent = 0;
          unsigned rows = 0;
          for (unsigned j = 0; j < n; ++j) {
            recent += j <= i && i - j < window ? 1 : 0;
            rows += ratio > 0 && j % ratio == ratio - 1 && j <= i ? 1 : 0;  // j completes a row
          }
          return recent + (top > 0 ? std::min(rows, top) : rows);
        });
      }
    }
  }
  for (const unsigned block : {1U, 4U, 30U}) {
    for (const unsigned count : {1U, 3U, 9U}) {
      add("indexed_blocks", {{"index_heads", 2}, {"index_dim", 3}, {"block", block}, {"top_k", count}}, Law::causal,
          mask([=](unsigned i, unsigned j) { return j <= i && i / block - j / block < count; }));
    }
  }
  for (const unsigned chunk : {1U, 7U, 60U}) {
    add("linear", {{"chunk", chunk}, {"feature_dim", 3}}, Law::own);
    add("retention", {{"chunk", chunk}}, Law::own);
    add("lightning", {{"block", chunk}}, Law::own);
    add("gated_delta", {{"chunk", chunk}, {"key_heads", 1}, {"conv", 1}}, Law::own);
    add("kimi_delta", {{"chunk", chunk}}, Law::own);
    add("delta", {{"chunk", chunk}}, Law::own);
    add("gated_linear", {{"chunk", chunk}}, Law::own);
    add("gated_linear", {{"chunk", chunk}, {"gate_rank", 0}}, Law::own);
    add("mamba2", {{"chunk", chunk}, {"head_dim", 4}, {"groups", 2}}, Law::own);
  }
  add("mamba", {}, Law::own);
  add("mamba", {{"inner", 30}, {"dt_rank", 3}}, Law::own);
  add("mamba2", {{"inner", 64}}, Law::own);
  add("rg_lru", {}, Law::own);
  add("hgrn", {}, Law::own);
  add("hgrn", {{"width", 30}}, Law::own);
  add("rg_lru", {{"width", 30}, {"blocks", 3}}, Law::own);
  add("short_conv", {}, Law::own);
  for (const unsigned version : {4U, 5U, 6U, 7U}) add("rwkv", {{"version", version}, {"head_dim", 8}}, Law::own);
  add("rwkv", {{"version", 6U}, {"own_widths", true}}, Law::own);

  for (const unsigned segment : {1U, 4U, 60U}) {
    const auto before = [segment](unsigned i) { return i / segment * segment; };
    for (const unsigned memory : {1U, 3U, 8U, 60U}) {
      // Tokens of its own segment, and the last `memory` before it.
      const QueryKeys recent = mask([=](unsigned i, unsigned j) { return j <= i && j + memory >= before(i); });
      add("transformer_xl", {{"segment", segment}, {"memory", memory}}, Law::causal, recent);
      add("compressive", {{"segment", segment}, {"memory", memory}, {"compressed", 2}, {"ratio", 3}}, Law::causal,
          [=](unsigned head, unsigned i, unsigned n) {
            const unsigned left = before(i) > memory ? before(i) - memory : 0;
            return recent(head, i, n) + std::min(2U, left / 3);
          });
      add("memorizing", {{"segment", segment}, {"memory", memory}, {"top_k", 5}}, Law::causal,
          [=](unsigned, unsigned i, unsigned) {
            return i - before(i) + 1 + std::min(segment, before(i)) + std::min({5U, memory, before(i)});
          });
      add("titans", {{"variant", std::string("mag")}, {"window", segment}, {"persistent", memory}}, Law::causal,
          [=](unsigned, unsigned i, unsigned) { return memory + std::min(i + 1, segment); });
    }
    for (const bool delta : {false, true}) {
      add("infini", {{"segment", segment}, {"delta", delta}}, Law::causal,
          mask([=](unsigned i, unsigned j) { return j <= i && j >= before(i); }));
    }
    add("titans", {{"variant", std::string("mac")}, {"segment", segment}, {"chunk", 3}}, Law::own);
  }
  add("titans", {{"variant", std::string("mal")}, {"window", 6}, {"persistent", 0}, {"depth", 3}}, Law::causal, top(6));
  return all;
}

std::string name_of(const Sample& sample) {
  std::string name(sample.kind);
  for (const auto& [key, value] : sample.settings.all()) {
    const auto* count = std::get_if<Count>(&value);
    name += " " + key + "=" + (count == nullptr ? std::string("…") : to_string(*count));
  }
  return name;
}

/// Calls `check(sample, mixer)` for every sample.
template <class Check>
void for_all(Check check) {
  for (const Sample& sample : samples()) {
    const std::shared_ptr<const Mixer> mixer = make_mixer(sample.kind, shape(), sample.settings);
    INFO(name_of(sample));
    check(sample, *mixer);
  }
}

bool is_mask(Law law) { return law != Law::own; }
bool grows_by_decode(Law law) { return law == Law::causal || law == Law::causal_parts; }

Count all_heads(const Sample& sample, unsigned n, unsigned i) {
  Count keys;
  for (unsigned head = 0; head < kHeads; ++head) keys += sample.keys(head, i, n);
  return keys;
}

/// Tokens a part's span sees at context n, cross-attention to 7 or n tokens among them.
Count cached_tokens(const Sample& sample, const CachePart& part, Count n) {
  if (part.span.kind == Span::Kind::cross && n > 0) return part.span.tokens(sample.settings.count_or("tokens", n));
  return part.span.tokens(n);
}

}  // namespace

TEST_CASE("every kind has a sample, formulas and one line about itself") {
  std::set<std::string_view> sampled;
  for (const Sample& sample : samples()) sampled.insert(sample.kind);
  for (const Mechanism* mechanism : mechanisms()) {
    CAPTURE(mechanism->kind);
    CHECK(sampled.count(mechanism->kind) == 1);
    CHECK_FALSE(mechanism->summary.empty());
    for (const MechanismKey& key : mechanism->keys) CHECK_FALSE(key.meaning.empty());
  }
  for_all([](const Sample& sample, const Mixer& mixer) {
    CHECK(mixer.kind() == sample.kind);
    CHECK((sample.kind == "none" || !mixer.formulas().empty()));
    for (const Formula& formula : mixer.formulas()) {
      CHECK_FALSE(formula.quantity.empty());
      CHECK_FALSE(formula.expression.empty());
      CHECK_FALSE(formula.source.empty());
    }
  });
}

namespace {

constexpr std::string_view kQuantities[] = {"pairs",
                                            "pairs under reach",
                                            "scores",
                                            "scores under reach",
                                            "macs",
                                            "macs under reach",
                                            "scalar operations",
                                            "decode keys",
                                            "decode scores",
                                            "decode macs",
                                            "decode scalar operations",
                                            "linear macs",
                                            "decode linear macs",
                                            "cached elements",
                                            "state elements"};

}  // namespace

TEST_CASE("the formulas on screen give the numbers beside them") {
  for_all([](const Sample& sample, const Mixer& mixer) {
    std::set<std::string_view> quantities;
    for (const Formula& formula : mixer.formulas()) {
      CAPTURE(formula.quantity);
      CHECK(quantities.insert(formula.quantity).second);
      CHECK(std::find(std::begin(kQuantities), std::end(kQuantities), formula.quantity) != std::end(kQuantities));
    }
    const auto value = [&](std::string_view quantity, const FormulaPoint& point) {
      INFO(quantity);
      const std::optional<Derivation> derivation = derive(mixer, quantity, point);
      return derivation ? derivation->result : Count{};
    };
    for (const unsigned n : {1U, 2U, 3U, 6U, 7U, 8U, 13U, 16U, 31U, kMostTokens}) {
      CAPTURE(n);
      for (const PairRule rule : {PairRule::exact, PairRule::reach}) {
        const std::optional<Work> work = mixer.prefill(n, rule);
        REQUIRE(work);
        if (!work->macs_known) continue;
        REQUIRE(value("scores", {n, rule}) == work->scores);
        REQUIRE(value("macs", {n, rule}) == work->macs);
        REQUIRE(value("scalar operations", {n, rule}) == work->scalar_operations);
      }
      if (const std::optional<Count> linear = mixer.linear_macs(n)) REQUIRE(value("linear macs", {n}) == *linear);
      const std::optional<Work> step = mixer.decode(n);
      if (step && step->macs_known) {
        REQUIRE(value("decode scores", {n}) == step->scores);
        REQUIRE(value("decode macs", {n}) == step->macs);
        REQUIRE(value("decode scalar operations", {n}) == step->scalar_operations);
        if (const std::optional<Count> linear = mixer.decode_linear_macs(n)) {
          REQUIRE(value("decode linear macs", {n}) == *linear);
        }
      }
      Count cached;
      for (const CachePart& part : mixer.cache()) {
        if (part.owned) cached += part.heads * part.width * cached_tokens(sample, part, n);
      }
      REQUIRE(value("cached elements", {n}) == cached);
    }
    Count state;
    for (const StatePart& part : mixer.state()) state += part.elements;
    CHECK(value("state elements", {1}) == state);
  });
}

namespace {

/// The lists among the values: numbers stand in the formula itself.
Symbols lists_of(const Symbols& symbols) {
  Symbols lists;
  for (const auto& [word, value] : symbols) {
    if (std::holds_alternative<std::vector<Count>>(value)) lists.emplace(word, value);
  }
  return lists;
}

}  // namespace

TEST_CASE("a derivation names every value of its formula, and where it is from") {
  const auto mixer = make_mixer("sliding_window", shape(), {{"window", 7U}});
  const std::optional<Derivation> pairs = derive(*mixer, "scores", {16, PairRule::exact});
  REQUIRE(pairs);
  CHECK(pairs->expression == "heads pairs");
  REQUIRE(pairs->values.size() == 4);
  CHECK(pairs->values[0].origin == ValueOrigin::model);
  CHECK(pairs->values[1].word == "pairs");
  CHECK(pairs->values[1].origin == ValueOrigin::derived);
  CHECK(std::get<Count>(pairs->values[1].value) == Count{7 * 8 / 2 + 9 * 7});
  CHECK_FALSE(pairs->values[1].expression.empty());
  // The words of that formula follow.
  CHECK(pairs->values[2].word == "n");
  CHECK(pairs->values[2].origin == ValueOrigin::asked);
  CHECK(pairs->values[3].word == "window");
  CHECK(pairs->values[3].origin == ValueOrigin::setting);

  for_all([](const Sample& sample, const Mixer& other) {
    for (const FormulaValue& value : formula_values(other)) {
      if (value.origin == ValueOrigin::setting) CHECK(sample.settings.has(value.word));
      if (value.origin == ValueOrigin::fallback) CHECK_FALSE(sample.settings.has(value.word));
    }
    for (const std::string_view quantity : {"scores", "macs", "decode macs", "cached elements", "state elements"}) {
      const std::optional<Derivation> derivation = derive(other, quantity, {13});
      if (!derivation) continue;
      Symbols symbols;
      for (const FormulaValue& value : derivation->values) symbols.emplace(value.word, value.value);
      CHECK(evaluate(derivation->expression, symbols) == derivation->result);
      for (const FormulaValue& value : derivation->values) {
        if (!value.expression.empty())
          CHECK(std::variant<Count, std::vector<Count>>(evaluate(value.expression, symbols)) == value.value);
      }
      // In numbers, too; a list has none.
      std::string numbers = substituted(derivation->expression, symbols);
      numbers = test::without_separators(numbers);
      CHECK(evaluate(numbers, lists_of(symbols)) == derivation->result);
    }
  });
}

TEST_CASE("no tokens, no work and no cache") {
  for_all([](const Sample& sample, const Mixer& mixer) {
    for (const PairRule rule : {PairRule::exact, PairRule::reach}) {
      const std::optional<Work> work = mixer.prefill(0, rule);
      if (!work) continue;
      CHECK(work->scores == Count{0});
      CHECK(work->macs == Count{0});
      CHECK(work->scalar_operations == Count{0});
    }
    CHECK(mixer.linear_macs(0).value_or(0) == Count{0});
    for (const CachePart& part : mixer.cache()) CHECK(cached_tokens(sample, part, 0) == Count{0});
  });
}

TEST_CASE("up to the context that a mixer names, its numbers are polynomials of third degree") {
  // The fourth differences of every number are 0, mixer by mixer, from each context on.
  constexpr unsigned kMost = 150;
  using Numbers = std::vector<std::optional<Count>>;
  for_all([](const Sample&, const Mixer& mixer) {
    const auto add = [](Numbers& numbers, const std::optional<Work>& work) {
      numbers.push_back(work ? work->scores_per_head : std::nullopt);
      numbers.push_back(work ? std::optional(work->scores) : std::nullopt);
      numbers.push_back(work && work->macs_known ? std::optional(work->macs) : std::nullopt);
      numbers.push_back(work ? std::optional(work->scalar_operations) : std::nullopt);
    };
    std::vector<Numbers> at;
    for (unsigned n = 0; n <= kMost; ++n) {
      Numbers& numbers = at.emplace_back();
      add(numbers, mixer.prefill(n, PairRule::exact));
      add(numbers, mixer.prefill(n, PairRule::reach));
      add(numbers, mixer.decode(n));
      numbers.push_back(mixer.linear_macs(n));
      numbers.push_back(mixer.decode_linear_macs(n));
      for (std::size_t part = 0; part < mixer.cache().size(); ++part) numbers.push_back(mixer.rows_read(part, n));
    }
    const auto number = [&at](unsigned n, std::size_t i) { return at[n][i] ? at[n][i]->u64() : 0; };
    unsigned unlike = 0;
    for (unsigned n = 0; n <= kMost; ++n) {
      CAPTURE(n);
      REQUIRE(mixer.polynomial_until(n) >= n);
      if (n == 0) REQUIRE(mixer.polynomial_until(n) == 0U);
      const Count end = min(mixer.polynomial_until(n), kMost);
      for (unsigned m = n; m <= end; ++m) {
        for (std::size_t i = 0; i < at[n].size(); ++i) {
          unlike += at[m][i].has_value() == at[n][i].has_value() ? 0 : 1;
          if (m + 4 > end) continue;
          const std::uint64_t fourth =
              number(m, i) - 4 * number(m + 1, i) + 6 * number(m + 2, i) - 4 * number(m + 3, i) + number(m + 4, i);
          unlike += fourth == 0 ? 0 : 1;
        }
      }
      CHECK(unlike == 0);
    }
  });
  // The kinds that most models are made of do name one.
  for (const std::string_view kind : {"full", "sliding_window", "latent", "indexed_latent", "mamba2", "gated_delta"}) {
    CAPTURE(kind);
    bool any = false;
    for_all([&](const Sample& sample, const Mixer& mixer) {
      any = any || (sample.kind == kind && mixer.polynomial_until(1) > 20);
    });
    CHECK(any);
  }
}

TEST_CASE("exact pairs are those of the mask, and each costs d_k + d_v multiply-adds a head at least") {
  for_all([](const Sample& sample, const Mixer& mixer) {
    if (!is_mask(sample.law)) return;
    for (unsigned n = 0; n <= kMostTokens; ++n) {
      Count counted;
      for (unsigned i = 0; i < n; ++i) counted += all_heads(sample, n, i);
      const Work work = *mixer.prefill(n, PairRule::exact);
      REQUIRE(work.scores == counted);
      REQUIRE(work.macs >= counted * (mixer.shape().d_k + mixer.shape().d_v));
      if (work.scores_per_head) REQUIRE(kHeads * *work.scores_per_head == work.scores);
    }
  });
}

TEST_CASE("a causal prefill grows by its decode steps, so its chunks sum to it") {
  for_all([](const Sample& sample, const Mixer& mixer) {
    if (!grows_by_decode(sample.law)) return;
    Work sum;
    for (unsigned n = 1; n <= kMostTokens; ++n) {
      const Work step = *mixer.decode(n);
      REQUIRE(step.scores == all_heads(sample, n, n - 1));
      sum.scores += step.scores;
      sum.macs += step.macs;
      const Work prefill = *mixer.prefill(n, PairRule::exact);
      REQUIRE(prefill.scores == sum.scores);
      REQUIRE(prefill.macs >= sum.macs);
    }
  });
}

TEST_CASE("a prefill-only pattern leaves decode dense") {
  for_all([](const Sample& sample, const Mixer& mixer) {
    if (sample.law != Law::dense_decode) return;
    for (unsigned n = 1; n <= kMostTokens; ++n) REQUIRE(mixer.decode(n)->scores == Count{kHeads} * n);
  });
}

TEST_CASE("reach charges every query the most keys that any of them sees") {
  for_all([](const Sample& sample, const Mixer& mixer) {
    if (sample.law != Law::causal && sample.law != Law::dense_decode) return;
    for (unsigned n = 0; n <= kMostTokens; ++n) {
      Count charged;
      for (unsigned head = 0; head < kHeads; ++head) {
        Count most;
        for (unsigned i = 0; i < n; ++i) most = max(most, sample.keys(head, i, n));
        charged += n * most;
      }
      REQUIRE(mixer.prefill(n, PairRule::reach)->scores == charged);
    }
  });
}

TEST_CASE("reach is never below exact, and the same where the work is not a causal mask") {
  for_all([](const Sample& sample, const Mixer& mixer) {
    for (unsigned n = 0; n <= kMostTokens; ++n) {
      const std::optional<Work> exact = mixer.prefill(n, PairRule::exact);
      const std::optional<Work> reach = mixer.prefill(n, PairRule::reach);
      REQUIRE(exact.has_value() == reach.has_value());
      if (!exact) continue;
      REQUIRE(reach->scores >= exact->scores);
      REQUIRE(reach->macs >= exact->macs);
      if (sample.law == Law::two_sided) {
        REQUIRE(reach->scores == exact->scores);
        REQUIRE(reach->macs == exact->macs);
      }
    }
  });
}

TEST_CASE("a two-sided mask has no causal step and caches nothing") {
  for_all([](const Sample& sample, const Mixer& mixer) {
    if (sample.law == Law::two_sided) CHECK_FALSE(mixer.causal());
    if (mixer.causal()) return;
    CHECK_FALSE(mixer.decode(8).has_value());
    CHECK(mixer.cache().empty());
    CHECK(mixer.state().empty());
  });
}

TEST_CASE("caches never shrink as the context grows, and a step reads no row that is not kept") {
  for_all([](const Sample& sample, const Mixer& mixer) {
    for (std::size_t p = 0; p < mixer.cache().size(); ++p) {
      const CachePart& part = mixer.cache()[p];
      CAPTURE(part.name);
      Count before;
      for (unsigned n = 0; n <= 2 * kMostTokens; ++n) {
        const Count tokens = cached_tokens(sample, part, n);
        REQUIRE(tokens >= before);
        REQUIRE(mixer.rows_read(p, n) <= part.heads * tokens);
        before = tokens;
      }
    }
  });
}

TEST_CASE("sharing a cache takes away what is cached, and the K,V projections") {
  for (const Sample& sample : samples()) {
    if (!find_mechanism(sample.kind)->traits.softmax) continue;
    INFO(name_of(sample));
    MixerShape sharing = shape();
    sharing.shares_cache = true;
    std::shared_ptr<const Mixer> mixer;
    try {
      mixer = make_mixer(sample.kind, sharing, sample.settings);
    } catch (const SettingFault& fault) {
      CHECK(fault.key == "shares_cache");
      continue;
    }
    for (const CachePart& part : mixer->cache()) CHECK_FALSE(part.owned);
    const std::vector<Tensor> tensors = mixer->tensors().value();
    for (const Tensor& tensor : tensors) {
      CHECK(tensor.name != "attn_k");
      CHECK(tensor.name != "attn_v");
    }
  }
}

TEST_CASE("without d_model the parameters are unknown, the work is not") {
  for (const Sample& sample : samples()) {
    INFO(name_of(sample));
    MixerShape narrow = shape();
    narrow.d_model.reset();
    std::shared_ptr<const Mixer> mixer;
    try {
      mixer = make_mixer(sample.kind, narrow, sample.settings);
    } catch (const SettingFault& fault) {
      CHECK(fault.message.find("\"d_model\"") != std::string::npos);
      continue;
    }
    if (sample.kind != "none") {
      CHECK_FALSE(mixer->tensors().has_value());
      CHECK_FALSE(mixer->linear_macs(8).has_value());
    }
    const std::shared_ptr<const Mixer> wide = make_mixer(sample.kind, shape(), sample.settings);
    if (!mixer->state_known()) continue;  // its widths follow from d_model
    CHECK(mixer->prefill(8, PairRule::exact).has_value() == wide->prefill(8, PairRule::exact).has_value());
  }
}

TEST_CASE("fewer key heads leave scores and attention work alone") {
  for_all([](const Sample& sample, const Mixer& mixer) {
    MixerShape grouped = shape();
    grouped.kv_heads = 1;
    std::shared_ptr<const Mixer> other;
    try {
      other = make_mixer(sample.kind, grouped, sample.settings);
    } catch (const SettingFault& fault) {
      CHECK_FALSE(fault.message.empty());
      return;
    }
    for (const unsigned n : {1U, 8U, 33U}) {
      const std::optional<Work> all = mixer.prefill(n, PairRule::exact);
      const std::optional<Work> few = other->prefill(n, PairRule::exact);
      REQUIRE(all.has_value() == few.has_value());
      if (!all) continue;
      CHECK(few->scores == all->scores);
      CHECK(few->macs == all->macs);
    }
    for (std::size_t p = 0; p < other->cache().size(); ++p) {
      for (unsigned n = 0; n <= kMostTokens; ++n) {
        const CachePart& part = other->cache()[p];
        REQUIRE(other->rows_read(p, n) <= part.heads * cached_tokens(sample, part, n));
      }
    }
  });
}

TEST_CASE("every key is checked: missing, misspelt, below its minimum") {
  for (const Sample& sample : samples()) {
    const Mechanism& mechanism = *find_mechanism(sample.kind);
    INFO(name_of(sample));
    CHECK(check_settings(mechanism, sample.settings).empty());

    MixerSettings misspelt = sample.settings;
    misspelt.set("no such key", Count{1});
    REQUIRE(check_settings(mechanism, misspelt).size() == 1);
    CHECK(check_settings(mechanism, misspelt).front().key == "no such key");

    for (const MechanismKey& key : mechanism.keys) {
      CAPTURE(key.name);
      if (key.fallback.empty()) {
        MixerSettings without;
        for (const auto& [name, value] : sample.settings.all()) {
          if (name != key.name) without.set(name, value);
        }
        REQUIRE(check_settings(mechanism, without).size() == 1);
        CHECK(check_settings(mechanism, without).front().key == key.name);
      }
      if (key.type != KeyType::count || key.minimum == 0) continue;
      MixerSettings small = sample.settings;
      small.set(key.name, Count{key.minimum - 1});
      REQUIRE(check_settings(mechanism, small).size() == 1);
      CHECK(check_settings(mechanism, small).front().key == key.name);
    }
  }
}
