// How far back a layer sees, against masks counted one pair at a time, and what each kind gives up.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "ctxcost/mechanism/mechanism.h"
#include "mixers.h"

using namespace ctxcost;

namespace {

constexpr unsigned kMostTokens = 40;

/// Whether query i sees token j; only tokens up to its own count.
using Seen = std::function<bool(unsigned i, unsigned j)>;

/// The most tokens back that any of n queries sees.
unsigned farthest(unsigned n, const Seen& seen) {
  unsigned most = 0;
  for (unsigned i = 0; i < n; ++i) {
    for (unsigned j = 0; j <= i; ++j) {
      if (!seen(i, j)) continue;
      most = std::max(most, i - j + 1);
      break;
    }
  }
  return most;
}

bool nothing(unsigned, unsigned) { return false; }
bool all(unsigned, unsigned) { return true; }

/// `exact`: the tokens seen by keys of their own. `compressed`: those seen at all.
void check_reach(std::string_view kind, const MixerSettings& settings, const Seen& exact, const Seen& compressed,
                 Count heads = 4) {
  MixerShape shape = square_shape(heads, 8);
  const auto mixer = make_mixer(kind, shape, settings);
  for (unsigned n = 0; n <= kMostTokens; ++n) {
    CAPTURE(kind);
    CAPTURE(n);
    const Reach found = mixer->reach(n);
    REQUIRE(found.exact == Count{farthest(n, exact)});
    REQUIRE(found.compressed == Count{farthest(n, compressed)});
  }
}
void check_reach(std::string_view kind, const MixerSettings& settings, const Seen& exact) {
  check_reach(kind, settings, exact, exact);
}

}  // namespace

TEST_CASE("reach is the farthest token of the mask") {
  check_reach("full", {}, all);
  check_reach("none", {}, nothing);
  check_reach("bidirectional", {}, all);
  check_reach("latent", {{"kv_rank", 5}, {"rope_dim", 4}}, all);
  check_reach("bigbird", {{"block", 2}, {"random_blocks", 0}}, all);  // the last block sees all
  check_reach("lsh", {{"hashes", 1}, {"chunk", 2}}, all);
  check_reach("routing", {{"clusters", 3}}, all);
  check_reach("native_sparse", {}, all);
  check_reach("cross_attention", {}, nothing);
  for (const unsigned w : {1U, 2U, 7U, 16U, 60U}) {
    CAPTURE(w);
    const Seen window = [w](unsigned i, unsigned j) { return i - j < w; };
    const Seen chunk = [w](unsigned i, unsigned j) { return i / w == j / w; };
    check_reach("sliding_window", {{"window", w}}, window);
    check_reach("sink_window", {{"sinks", 3}, {"window", w}}, window);
    check_reach("short_conv", {{"conv", w}}, window);
    check_reach("bidirectional", {{"half_window", w}}, [w](unsigned i, unsigned j) { return i - j <= w; });
    check_reach("longformer", {{"window", 2 * w}}, [w](unsigned i, unsigned j) { return i - j <= w; });
    check_reach("chunked", {{"chunk", w}}, chunk);
    check_reach("infini", {{"segment", w}}, chunk, all);
    check_reach("titans", {{"variant", std::string("mac")}, {"segment", w}}, chunk, all);
    check_reach("titans", {{"variant", std::string("mag")}, {"window", w}}, window, all);
    check_reach("vertical_slash", {{"vertical", 2}, {"slash", w}}, window);
    const Seen near_or_strided = [w](unsigned i, unsigned j) { return i - j <= w || (i - j) % w == 0; };
    check_reach("strided", {{"stride", w}}, near_or_strided);
    check_reach(
        "strided", {{"stride", w}}, [w](unsigned i, unsigned j) { return i - j <= w; },
        [w](unsigned i, unsigned j) { return i - j <= w; }, 1);
    check_reach("fixed", {{"stride", w}, {"summary", 1}},
                [w](unsigned i, unsigned j) { return i / w == j / w || j % w == w - 1; });
    check_reach("fixed", {{"stride", w}, {"summary", 1}}, chunk, chunk, 1);
    for (const unsigned d : {1U, 2U, 5U, 60U}) {
      check_reach("dilated", {{"window", w}, {"dilation", d}},
                  [=](unsigned i, unsigned j) { return (i - j) % d == 0 && (i - j) / d < w; });
    }
    for (const unsigned memory : {1U, 3U, 8U, 60U}) {
      const Seen recent = [=](unsigned i, unsigned j) { return j + memory >= i / w * w; };
      check_reach("transformer_xl", {{"segment", w}, {"memory", memory}}, recent);
      check_reach("memorizing", {{"segment", w}, {"memory", memory}, {"top_k", 1}},
                  [=](unsigned i, unsigned j) { return recent(i, j) || j + w >= i / w * w; });
    }
  }
  check_reach("vertical_slash", {{"vertical", 0}, {"slash", std::vector<Count>{0, 3, 17}}},
              [](unsigned i, unsigned j) { return i == j || i - j == 3 || i - j == 17; });
}

TEST_CASE("a state holds all earlier tokens and has a key of none") {
  for (const std::string_view kind :
       {"linear", "retention", "lightning", "gated_delta", "kimi_delta", "mamba", "mamba2", "rg_lru"}) {
    check_reach(kind, {}, nothing, all);
  }
  for (const unsigned version : {4U, 7U}) check_reach("rwkv", {{"version", version}, {"head_dim", 8}}, nothing, all);
  // The same without the widths that its state needs.
  const auto unsized = make_mixer("mamba", mixer_shape(4, 8), {});
  CHECK(unsized->reach(9) == Reach{0, 9});
  CHECK(make_mixer("short_conv", mixer_shape(4, 8), {})->reach(9) == Reach{3, 3});
}

TEST_CASE("a compressed slot stands for as many tokens as were compressed into it") {
  // Rae 2019, section 3: segment + memory + ratio * compressed once all slots are taken.
  const auto mixer =
      make_mixer("compressive", square_shape(4, 8), {{"segment", 4}, {"memory", 4}, {"compressed", 2}, {"ratio", 2}});
  CHECK(mixer->reach(0) == Reach{0, 0});
  CHECK(mixer->reach(4) == Reach{4, 4});
  CHECK(mixer->reach(8) == Reach{8, 8});
  CHECK(mixer->reach(12) == Reach{8, 12});  // two slots hold the first four tokens
  CHECK(mixer->reach(13) == Reach{8, 12});
  CHECK(mixer->reach(400) == Reach{8, 12});
}

TEST_CASE("what a kind gives up is one short line with a source") {
  for (const Mechanism* mechanism : mechanisms()) {
    CAPTURE(mechanism->kind);
    const bool sees_all =
        mechanism->kind == "full" || mechanism->kind == "bidirectional" || mechanism->kind == "cross_attention";
    CHECK(mechanism->gives_up.empty() == sees_all);
    CHECK(mechanism->gives_up_source.empty() == sees_all);
    CHECK(mechanism->gives_up.size() <= 100);
  }
}
