// lsh, routing.
#include <doctest/doctest.h>

#include "mixers.h"

using namespace ctxcost;

TEST_CASE("Reformer at 16,384 tokens: 4 rounds over chunks of 64 and the chunk before") {
  const auto lsh = make_mixer("lsh", square_shape(2, 64), {{"hashes", 4}, {"chunk", 64}});
  for (const PairRule rule : {PairRule::exact, PairRule::reach}) {
    const Work work = *lsh->prefill(16384, rule);
    // docs/cost-model.md section 7.3: 8,388,608 scores and 2,147,483,648 FLOP a head.
    CHECK(work.scores_per_head == Count{8388608});
    const Count attention = 2 * Count{2147483648} / 2;
    // 2 * 256 buckets, so 256 rotations of 64 in each of 4 rounds.
    const Count hashing = 2 * Count{4 * 256} * 16384 * 64;
    CHECK(work.macs == attention + hashing);
  }
  CHECK(lsh->notes().size() == 1);
}

TEST_CASE("Reformer attends to everything while there is no second chunk") {
  const auto lsh = make_mixer("lsh", square_shape(2, 64), {{"hashes", 4}, {"chunk", 64}});
  CHECK(lsh->prefill(64, PairRule::exact)->scores_per_head == Count{64 * 64});
  CHECK(lsh->prefill(64, PairRule::exact)->macs == Count{2 * 64 * 64 * 128});
  CHECK(lsh->prefill(65, PairRule::exact)->scores_per_head == Count{65 * 4 * 128});
  CHECK(lsh->decode(64)->scores_per_head == Count{64});
  CHECK(lsh->decode(65)->scores_per_head == Count{4 * 128});
}

TEST_CASE("Reformer's buckets are the largest power of two up to twice the chunks, or as set") {
  const auto hashing = [](Count n, std::optional<Count> buckets) {
    MixerSettings settings{{"hashes", 1}, {"chunk", 10}, {"chunks_before", 0}};
    if (buckets) settings.set("buckets", *buckets);
    const auto lsh = make_mixer("lsh", square_shape(1, 8), settings);
    return lsh->prefill(n, PairRule::exact)->macs - n * 10 * 16;
  };
  // n, buckets: one rotation of 8 for two buckets and a token.
  CHECK(hashing(29, {}) == Count{29 * 8 * 2});     // 2 chunks, 4 buckets
  CHECK(hashing(39, {}) == Count{39 * 8 * 2});     // 3 chunks, 4 buckets
  CHECK(hashing(40, {}) == Count{40 * 8 * 4});     // 4 chunks, 8 buckets
  CHECK(hashing(799, {}) == Count{799 * 8 * 64});  // 79 chunks, 128 buckets
  CHECK(hashing(40, 6) == Count{40 * 8 * 3});
}

TEST_CASE("Reformer caches hidden states and bucket ids, and projects them again in decode") {
  const auto lsh = make_mixer("lsh", square_shape(2, 64), {{"hashes", 4}, {"chunk", 64}});
  REQUIRE(lsh->cache().size() == 2);
  CHECK(lsh->cache()[0].name == "hidden states");
  CHECK(lsh->cache()[0].heads * lsh->cache()[0].width == Count{128});
  CHECK(lsh->cache()[1].name == "bucket ids");
  CHECK(lsh->cache()[1].role == CacheRole::ids);
  CHECK(lsh->cache()[1].heads * lsh->cache()[1].width == Count{2 * 4});
  CHECK(lsh->cache()[0].span.tokens(1000) == Count{1000});

  // Q of the new token and the output; K and V of 4 rounds of 128 tokens in each of two heads.
  CHECK(*lsh->decode_linear_macs(4096) == Count{128 * 128 * 2} + Count{2} * 512 * 128 * 128);
  CHECK(lsh->rows_read(0, 4096) == Count{2 * 512});
  CHECK(lsh->rows_read(0, 600) == Count{600});
  CHECK(lsh->rows_read(1, 4096) == Count{2 * 4096});
}

TEST_CASE("Reformer's queries are its keys: one projection less") {
  MixerShape shape = square_shape(2, 64);
  const auto lsh = make_mixer("lsh", shape, {{"hashes", 4}, {"chunk", 64}});
  CHECK(parameters(*lsh) == Count{3 * 128 * 128});
  CHECK(*lsh->linear_macs(10) == Count{10 * 3 * 128 * 128});
  CHECK(lsh->activation_width() == Count{2 * 128});
  shape.qkv_bias = true;
  CHECK(parameters(*make_mixer("lsh", shape, {{"hashes", 4}, {"chunk", 64}})) == Count{3 * 128 * 128 + 2 * 128});
}

TEST_CASE("Routing Transformer with sqrt(n) clusters: n^1.5 pairs") {
  const auto routing = make_mixer("routing", square_shape(8, 64), {{"clusters", 64}});
  for (const PairRule rule : {PairRule::exact, PairRule::reach}) {
    const Work work = *routing->prefill(4096, rule);
    CHECK(work.scores_per_head == Count{4096 * 64});
    // 2 n k d_h FLOPs of a head for the centroids (docs/cost-model.md section 7.4).
    CHECK(work.macs == 8 * (Count{4096 * 64} * 128 + Count{4096} * 64 * 64));
  }
  CHECK(routing->prefill(100, PairRule::exact)->scores_per_head == Count{156});  // 10,000 / 64
  CHECK(routing->decode(4096)->scores_per_head == Count{64});
  CHECK(routing->decode(1)->scores_per_head == Count{1});
  CHECK(routing->cache()[0].span.tokens(4096) == Count{4096});
  CHECK(routing->rows_read(0, 4096) == Count{8 * 64});
}

TEST_CASE("settings of clustered attention that cannot be used") {
  MixerShape shape = square_shape(4, 8);
  const MixerSettings lsh{{"hashes", 4}, {"chunk", 64}};
  CHECK(fault_of("lsh", shape, lsh) == "no fault");
  CHECK(fault_of("lsh", shape, {{"hashes", 4}, {"chunk", 64}, {"buckets", 7}}) ==
        "buckets: expected an even number, found 7");
  CHECK(fault_of("lsh", shape, {{"hashes", 4}}) == "chunk: missing; \"lsh\" needs a positive integer");
  CHECK(fault_of("routing", shape, {{"clusters", 0}}) == "clusters: expected a positive integer, found 0");

  shape.shares_cache = true;
  CHECK(fault_of("lsh", shape, lsh) ==
        "shares_cache: \"lsh\" caches its own hidden states and cannot share keys and values");
  shape.shares_cache = false;
  shape.d_model.reset();
  CHECK(fault_of("lsh", shape, lsh) == "kind: \"lsh\" caches hidden states and needs the model's \"d_model\"");
}
