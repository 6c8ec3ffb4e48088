// Which queries see which keys, against masks counted one pair at a time; and paths through several layers.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/mechanism/visibility.h"
#include "mixers.h"

using namespace ctxcost;

namespace {

/// Whether query i sees key j, of n tokens.
using Seen = std::function<bool(unsigned i, unsigned j, unsigned n)>;

template <class Mask>
Seen causal(Mask seen) {
  return [seen](unsigned i, unsigned j, unsigned) { return j <= i && seen(i, j); };
}
const Seen kNothing = [](unsigned, unsigned, unsigned) { return false; };
const Seen kEarlier = [](unsigned i, unsigned j, unsigned) { return j <= i; };
const Seen kAll = [](unsigned, unsigned, unsigned) { return true; };

PositionSet set_of(const std::vector<bool>& members) {
  std::vector<PositionRange> ranges;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i]) ranges.push_back({i, i + 1});
  }
  return PositionSet(std::move(ranges));
}

std::vector<bool> counted(const Seen& seen, const std::vector<bool>& keys) {
  const unsigned n = static_cast<unsigned>(keys.size());
  std::vector<bool> queries(n, false);
  for (unsigned j = 0; j < n; ++j) {
    for (unsigned i = 0; keys[j] && i < n; ++i) {
      if (seen(i, j, n)) queries[i] = true;
    }
  }
  return queries;
}

/// Sets of keys: each one alone, then some of several ranges, the same on every run.
std::vector<std::vector<bool>> key_sets(unsigned n) {
  std::vector<std::vector<bool>> sets;
  for (unsigned j = 0; j < n; ++j) {
    sets.emplace_back(n, false);
    sets.back()[j] = true;
  }
  std::uint32_t random = 1;
  for (unsigned trial = 0; trial < 6; ++trial) {
    sets.emplace_back(n, false);
    for (unsigned j = 0; j < n; ++j) {
      random = random * 1664525U + 1013904223U;
      sets.back()[j] = (random >> 24) % 7 <= trial;
    }
  }
  return sets;
}

enum class Total { pairs, other };

/// `exact` keys are seen by keys of their own, `compressed` ones besides through a memory.
void check_visibility(std::string_view kind, const MixerSettings& settings, const Seen& exact,
                      const Seen& compressed = kNothing, Total total = Total::other, Count heads = 4) {
  const auto mixer = make_mixer(kind, square_shape(heads, 8), settings);
  for (const unsigned n : {1U, 2U, 7U, 16U, 40U}) {
    CAPTURE(kind);
    CAPTURE(n);
    const Visibility visibility = mixer->visibility(n);
    for (const std::vector<bool>& keys : key_sets(n)) {
      const PositionSet positions = set_of(keys);
      REQUIRE(queries_that_see(visibility.exact, positions, n) == set_of(counted(exact, keys)));
      REQUIRE(queries_that_see(visibility.compressed, positions, n) == set_of(counted(compressed, keys)));
    }
    Count sum;
    for (unsigned j = 0; j < n; ++j) sum += queries_that_see(visibility.exact, PositionSet({{j, j + 1}}), n).size();
    if (total == Total::pairs) {
      const auto work = mixer->prefill(n, PairRule::exact);
      REQUIRE(work.has_value());
      REQUIRE(work->scores == heads * sum);
    }
    for (const Count border : mask_borders(visibility.exact, n)) REQUIRE((border > 0 && border < n));
  }
}

}  // namespace

TEST_CASE("sets of positions merge what overlaps and what touches") {
  const PositionSet set({{5, 7}, {0, 2}, {9, 9}, {2, 3}, {6, 8}});
  REQUIRE(set.ranges().size() == 2);
  CHECK(set.ranges()[0] == PositionRange{0, 3});
  CHECK(set.ranges()[1] == PositionRange{5, 8});
  CHECK(set.size() == Count{6});
  CHECK(set.contains(2));
  CHECK_FALSE(set.contains(3));
  CHECK_FALSE(set.contains(8));
  CHECK(unite(set, PositionSet({{3, 5}})) == PositionSet({{0, 8}}));
  CHECK(PositionSet().empty());
}

TEST_CASE("the queries that see some keys are those of the mask") {
  check_visibility("full", {}, kEarlier, kNothing, Total::pairs);
  check_visibility("latent", {{"kv_rank", 5}, {"rope_dim", 4}}, kEarlier, kNothing, Total::pairs);
  check_visibility("bidirectional", {}, kAll, kNothing, Total::pairs);
  check_visibility("none", {}, kNothing, kNothing, Total::pairs);
  check_visibility("cross_attention", {}, kNothing);
  for (const unsigned w : {1U, 2U, 3U, 7U, 16U, 60U}) {
    CAPTURE(w);
    const Seen window = causal([w](unsigned i, unsigned j) { return i - j < w; });
    const Seen chunk = causal([w](unsigned i, unsigned j) { return i / w == j / w; });
    const Seen earlier_chunks = causal([w](unsigned i, unsigned j) { return j / w < i / w; });
    const auto band = [w](unsigned i, unsigned j) { return i <= j + w && j <= i + w; };
    check_visibility("sliding_window", {{"window", w}}, window, kNothing, Total::pairs);
    check_visibility("short_conv", {{"conv", w}}, window);
    check_visibility("chunked", {{"chunk", w}}, chunk, kNothing, Total::pairs);
    check_visibility("infini", {{"segment", w}}, chunk, earlier_chunks, Total::pairs);
    check_visibility("titans", {{"variant", std::string("mac")}, {"segment", w}}, chunk, earlier_chunks);
    check_visibility("titans", {{"variant", std::string("mag")}, {"window", w}, {"chunk", 5}}, window,
                     causal([](unsigned i, unsigned j) { return j / 5 < i / 5; }));
    check_visibility(
        "bidirectional", {{"half_window", w}}, [band](unsigned i, unsigned j, unsigned) { return band(i, j); },
        kNothing, Total::pairs);
    check_visibility("strided", {{"stride", w}},
                     causal([w](unsigned i, unsigned j) { return i - j <= w || (i - j) % w == 0; }));
    check_visibility("strided", {{"stride", w}}, causal([w](unsigned i, unsigned j) { return i - j <= w; }), kNothing,
                     Total::pairs, 1);
    for (const unsigned d : {1U, 2U, 5U, 60U}) {
      CAPTURE(d);
      check_visibility("dilated", {{"window", w}, {"dilation", d}},
                       causal([=](unsigned i, unsigned j) { return (i - j) % d == 0 && (i - j) / d < w; }), kNothing,
                       Total::pairs);
      check_visibility("sink_window", {{"sinks", d}, {"window", w}},
                       causal([=](unsigned i, unsigned j) { return j < d || i - j < w; }), kNothing, Total::pairs);
      check_visibility("vertical_slash", {{"vertical", d}, {"slash", w}},
                       causal([=](unsigned i, unsigned j) { return j < d || i - j < w; }), kNothing, Total::pairs);
      check_visibility(
          "longformer", {{"window", 2 * w}, {"global_tokens", d}},
          [=](unsigned i, unsigned j, unsigned) { return band(i, j) || i < d || j < d; }, kNothing, Total::pairs);
      if (d <= w) {
        check_visibility("fixed", {{"stride", w}, {"summary", d}},
                         causal([=](unsigned i, unsigned j) { return i / w == j / w || j % w >= w - d; }));
      }
    }
    for (const unsigned memory : {1U, 3U, 8U, 60U}) {
      CAPTURE(memory);
      const auto recent = [=](unsigned i, unsigned j) { return j + memory >= i / w * w; };
      check_visibility("transformer_xl", {{"segment", w}, {"memory", memory}}, causal(recent), kNothing, Total::pairs);
      check_visibility("memorizing", {{"segment", w}, {"memory", memory}, {"top_k", 1}},
                       causal([=](unsigned i, unsigned j) { return recent(i, j) || j + w >= i / w * w; }));
      for (const unsigned ratio : {1U, 3U, 5U}) {
        for (const unsigned slots : {1U, 2U, 60U}) {
          const auto compressed = [=](unsigned i, unsigned j) {
            const unsigned start = i / w * w;
            const unsigned full = (start > memory ? start - memory : 0) / ratio;
            return j / ratio < full && j / ratio + slots >= full;
          };
          check_visibility("compressive", {{"segment", w}, {"memory", memory}, {"compressed", slots}, {"ratio", ratio}},
                           causal(recent), causal(compressed));
        }
      }
    }
  }
  check_visibility(
      "vertical_slash", {{"vertical", std::vector<Count>{2, 9, 30}}, {"slash", std::vector<Count>{0, 3, 17}}},
      causal([](unsigned i, unsigned j) { return j == 2 || j == 9 || j == 30 || i == j || i - j == 3 || i - j == 17; }),
      kNothing, Total::pairs);
}

TEST_CASE("BigBird without random blocks sees neighbours and the blocks at both ends") {
  const unsigned block = 2;
  check_visibility("bigbird", {{"block", block}, {"random_blocks", 0}}, [](unsigned i, unsigned j, unsigned n) {
    if (n <= 5 * block) return true;
    const unsigned last = (n - 1) / block;
    const unsigned row = i / block;
    const unsigned column = j / block;
    return row == 0 || row == last || column == 0 || column == last || (row <= column + 1 && column <= row + 1);
  });
  // A random block may be any one.
  check_visibility("bigbird", {{"block", block}}, kAll);
  const auto mixer = make_mixer("bigbird", square_shape(4, 8), {{"block", 2}});
  CHECK_FALSE(mixer->visibility(22).chosen);
  CHECK(mixer->visibility(23).chosen);
}

TEST_CASE("kinds that choose keys by their content may choose every earlier one") {
  const MixerSettings indexed{{"kv_rank", 12}, {"rope_dim", 4}, {"index_heads", 2}, {"index_dim", 3}, {"top_k", 2}};
  check_visibility("indexed_latent", indexed, kEarlier);
  check_visibility("lsh", {{"hashes", 1}, {"chunk", 2}}, kEarlier);
  check_visibility("routing", {{"clusters", 3}}, kEarlier);
  check_visibility("native_sparse", {}, kEarlier);
  check_visibility("indexed_blocks", {{"index_heads", 2}, {"index_dim", 3}, {"block", 4}, {"top_k", 2}}, kEarlier);
  for (const unsigned ratio : {1U, 4U, 7U}) {
    check_visibility("compressed_sparse",
                     {{"window", 9U}, {"compress_ratio", ratio}, {"q_rank", 3}, {"output_rank", 2}},
                     causal([](unsigned i, unsigned j) { return i - j < 9; }),
                     causal([ratio](unsigned i, unsigned j) { return j / ratio < i / ratio; }));
  }
  for (const std::string_view kind : {"full", "sliding_window", "memorizing", "indexed_latent", "lsh", "routing"}) {
    CAPTURE(kind);
    MixerSettings settings;
    if (kind == "sliding_window") settings = {{"window", 4}};
    if (kind == "memorizing") settings = {{"segment", 4}, {"memory", 8}, {"top_k", 2}};
    if (kind == "indexed_latent") settings = indexed;
    if (kind == "lsh") settings = {{"hashes", 1}, {"chunk", 2}};
    if (kind == "routing") settings = {{"clusters", 3}};
    const bool chooses = kind != "full" && kind != "sliding_window";
    CHECK(make_mixer(kind, square_shape(4, 8), settings)->visibility(40).chosen == chooses);
  }
}

TEST_CASE("a state hands every token on to all later ones") {
  for (const std::string_view kind :
       {"linear", "retention", "lightning", "gated_delta", "kimi_delta", "mamba", "mamba2", "rg_lru"}) {
    check_visibility(kind, {}, kNothing, kEarlier);
  }
  check_visibility("rwkv", {{"version", 7}, {"head_dim", 8}}, kNothing, kEarlier);
}

TEST_CASE("long contexts take no longer, and too many ranges are refused") {
  const Count n = 10'000'000;
  const auto window = make_mixer("sliding_window", square_shape(4, 8), {{"window", 1024}});
  PositionSet reached({{0, 1}});
  for (unsigned layer = 0; layer < 100; ++layer) {
    reached = unite(reached, queries_that_see(window->visibility(n).exact, reached, n));
  }
  CHECK(reached == PositionSet({{0, 1 + 100 * 1023}}));  // docs/cost-model.md section 6.1: 1 + L (w - 1)

  const auto dilated = make_mixer("dilated", square_shape(4, 8), {{"window", 128}, {"dilation", 4}});
  reached = PositionSet({{3, 4}});
  for (unsigned layer = 0; layer < 32; ++layer) {
    reached = unite(reached, queries_that_see(dilated->visibility(n).exact, reached, n));
  }
  CHECK(reached.size() == Count{1 + 32 * 127});
  CHECK(reached.ranges().back() == PositionRange{3 + 32 * 127 * 4, 4 + 32 * 127 * 4});

  const auto strided = make_mixer("strided", square_shape(4, 8), {{"stride", 2}});
  CHECK(queries_that_see(strided->visibility(100'000).exact, PositionSet({{0, 1}}), 100'000).size() == Count{50'001});
  try {
    queries_that_see(strided->visibility(n).exact, PositionSet({{0, 1}}), n);
    FAIL("no error");
  } catch (const InputError& error) {
    CHECK(std::string(error.what()) ==
          "context: expected fewer tokens: what a key reaches falls into more than 131,072 ranges of this mask");
  }
}

TEST_CASE("borders are where a mask begins to treat keys in another way") {
  const auto borders = [](std::string_view kind, const MixerSettings& settings, Count n) {
    return mask_borders(make_mixer(kind, square_shape(4, 8), settings)->visibility(n).exact, n);
  };
  CHECK(borders("full", {}, 100).empty());
  CHECK(borders("sliding_window", {{"window", 10}}, 100) == std::vector<Count>{91});  // from there on fewer than 10
  CHECK(borders("sink_window", {{"sinks", 4}, {"window", 10}}, 100) == std::vector<Count>{4, 91});
  CHECK(borders("chunked", {{"chunk", 30}}, 100) == std::vector<Count>{30, 90});
  CHECK(borders("bidirectional", {{"half_window", 7}}, 100) == std::vector<Count>{7, 93});
}
