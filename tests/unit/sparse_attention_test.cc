// strided, fixed, native_sparse, vertical_slash.
#include <doctest/doctest.h>

#include "mixers.h"

using namespace ctxcost;

TEST_CASE("Sparse Transformer at 12,288 tokens: half the heads follow each pattern") {
  // docs/cost-model.md section 3: sliding, strided, chunked, fixed of n = 12,288, l = 128, c = 8.
  const auto strided = make_mixer("strided", square_shape(8, 64), {{"stride", 128}});
  const Work work = *strided->prefill(12288, PairRule::exact);
  CHECK(work.scores == Count{4 * (1576896 + 595968)});
  CHECK_FALSE(work.scores_per_head.has_value());
  CHECK(work.macs == work.scores * 128);
  CHECK(strided->prefill(12288, PairRule::reach)->scores == Count{4 * 12288} * (129 + 96));
  CHECK(strided->decode(12288)->scores == Count{4 * (129 + 96)});

  const auto fixed = make_mixer("fixed", square_shape(8, 64), {{"stride", 128}, {"summary", 8}});
  CHECK(fixed->prefill(12288, PairRule::exact)->scores == Count{4 * (792576 + 4672896)});
  CHECK(fixed->prefill(12288, PairRule::reach)->scores == Count{4 * 12288} * (128 + 96 * 8));
  CHECK(fixed->decode(12289)->scores == Count{4 * (1 + 96 * 8)});
  CHECK(fixed->cache()[0].span.tokens(12288) == Count{12288});
}

TEST_CASE("an odd head follows pattern A") {
  const auto three = make_mixer("strided", square_shape(3, 64), {{"stride", 128}});
  CHECK(three->prefill(12288, PairRule::exact)->scores == Count{2 * 1576896 + 595968});
  const auto one = make_mixer("strided", square_shape(1, 64), {{"stride", 128}});
  CHECK(one->prefill(12288, PairRule::exact)->scores_per_head == Count{1576896});
}

TEST_CASE("a key head that serves both patterns is read where either looks") {
  for (const unsigned kv_heads : {1U, 2U, 3U, 6U}) {
    MixerShape shape = square_shape(6, 8);
    shape.kv_heads = kv_heads;
    const unsigned group = 6 / kv_heads;
    for (unsigned l = 1; l <= 9; ++l) {
      for (unsigned c = 1; c <= l; ++c) {
        const auto strided = make_mixer("strided", shape, {{"stride", l}});
        const auto fixed = make_mixer("fixed", shape, {{"stride", l}, {"summary", c}});
        for (unsigned keys = 1; keys <= 30; ++keys) {
          unsigned strided_rows = 0;
          unsigned fixed_rows = 0;
          for (unsigned head = 0; head < kv_heads; ++head) {
            const bool serves_a = head * group < 3;
            const bool serves_b = (head + 1) * group > 3;
            for (unsigned j = 0; j < keys; ++j) {
              const unsigned i = keys - 1;
              strided_rows += (serves_a && i - j <= l) || (serves_b && (i - j) % l == 0) ? 1 : 0;
              fixed_rows += (serves_a && i / l == j / l) || (serves_b && j % l >= l - c) ? 1 : 0;
            }
          }
          REQUIRE(strided->rows_read(0, keys) == Count{strided_rows});
          REQUIRE(fixed->rows_read(1, keys) == Count{fixed_rows});
        }
      }
    }
  }
}

TEST_CASE("NSA with the paper's settings at 65,536 tokens") {
  // The paper's model: 64 query heads in 4 groups, keys of 192, values of 128, width 2,560.
  MixerShape shape;
  shape.heads = 64;
  shape.kv_heads = 4;
  shape.d_k = 192;
  shape.d_v = 128;
  shape.d_model = 2560;
  const auto nsa = make_mixer("native_sparse", shape);
  // docs/cost-model.md section 7.7: 134,123,535 + 64,552,960 + 33,423,616.
  CHECK(nsa->prefill(65536, PairRule::exact)->scores_per_head == Count{232100111});
  CHECK(nsa->prefill(65536, PairRule::exact)->macs == Count{64} * 232100111 * 320);
  CHECK(nsa->prefill(65536, PairRule::reach)->scores_per_head == Count{134123535} + 65536 * (1024 + 512));
  CHECK(nsa->prefill(100, PairRule::reach)->scores_per_head == Count{69 + 53 + 37 + 21 + 5} + 100 * 100 * 2);
  CHECK(nsa->decode(65536)->scores_per_head == Count{5631});
  CHECK(nsa->decode(8192)->scores_per_head == Count{511 + 1024 + 512});

  // Four projections and three gates a head.
  CHECK(*nsa->decode_linear_macs(1) == Count{2560} * (64 * 192 + 4 * 192 + 4 * 128 + 3 * 64) + Count{64 * 128} * 2560);
  CHECK(parameters(*nsa) == *nsa->decode_linear_macs(1));
  REQUIRE(nsa->notes().size() == 1);
}

TEST_CASE("NSA caches the compressed keys and values beside the shared ones, and reads little of these") {
  const auto nsa = make_mixer("native_sparse", square_shape(4, 128));
  REQUIRE(nsa->cache().size() == 4);
  const char* names[] = {"keys", "values", "compressed keys", "compressed values"};
  for (std::size_t p = 0; p < 4; ++p) {
    CHECK(nsa->cache()[p].name == names[p]);
    CHECK(nsa->cache()[p].span.tokens(65536) == Count{p < 2 ? 65536 : 4095});
    CHECK(nsa->rows_read(p, 65536) == Count{4} * (p < 2 ? 1024 + 512 : 4095));
    CHECK(nsa->rows_read(p, 600) == Count{4} * (p < 2 ? 600 : 36));
  }
  CHECK(nsa->cache()[2].span.tokens(31) == Count{0});
  CHECK(nsa->cache()[2].span.tokens(32) == Count{1});
}

TEST_CASE("vertical-slash at 131,072 tokens: the first 1,000 columns and the nearest 6,096 diagonals") {
  const auto by_count = make_mixer("vertical_slash", square_shape(32, 128), {{"vertical", 1000}, {"slash", 6096}});
  std::vector<Count> columns(1000);
  std::vector<Count> offsets(6096);
  for (std::size_t x = 0; x < columns.size(); ++x) columns[x] = x;
  for (std::size_t x = 0; x < offsets.size(); ++x) offsets[x] = offsets.size() - 1 - x;
  const auto by_list = make_mixer("vertical_slash", square_shape(32, 128), {{"vertical", columns}, {"slash", offsets}});
  for (const auto& mixer : {by_count, by_list}) {
    const Work work = *mixer->prefill(131072, PairRule::exact);
    CHECK(work.scores_per_head == Count{904913852});  // docs/cost-model.md section 3
    // The pattern is chosen from the last 64 queries' scores: 64 n a head (docs/cost-model.md section 7.6).
    CHECK(work.macs == 32 * (Count{904913852} * 256 + Count{64} * 131072 * 128));
    CHECK(mixer->prefill(131072, PairRule::reach)->scores_per_head == Count{131072} * 7096);
    CHECK(mixer->decode(131072)->scores_per_head == Count{131072});
    CHECK(mixer->decode(131072)->macs == Count{32} * 131072 * 256);
    CHECK(mixer->cache()[0].span.tokens(131072) == Count{131072});
  }
}

TEST_CASE("settings of sparse attention that cannot be used") {
  const MixerShape shape = square_shape(4, 8);
  CHECK(fault_of("strided", shape, {}) == "stride: missing; \"strided\" needs a positive integer");
  CHECK(fault_of("fixed", shape, {{"stride", 8}, {"summary", 9}}) ==
        "summary: expected at most \"stride\" (8), found 9");
  CHECK(fault_of("fixed", shape, {{"stride", 8}, {"summary", 8}}) == "no fault");
  CHECK(fault_of("native_sparse", shape, {{"select_count", 0}}) ==
        "select_count: expected a positive integer, found 0");
  CHECK(fault_of("vertical_slash", shape, {{"vertical", 3}}) ==
        "slash: missing; \"vertical_slash\" needs a non-negative integer or a list of them");
  CHECK(fault_of("vertical_slash", shape, {{"vertical", std::vector<Count>{4, 1, 4}}, {"slash", 2}}) ==
        "vertical: expected each position once, found 4 repeated");
}
