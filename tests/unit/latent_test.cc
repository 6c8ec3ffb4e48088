// Latent attention and its sparse form, against docs/cost-model.md section 5 (the shape of DeepSeek-V3 and V3.2).
#include <doctest/doctest.h>

#include "mixers.h"

using namespace ctxcost;

namespace {

/// DeepSeek-V3: 128 heads of 128 + 64, d_v 128, d_model 7168 [config_671B_v3.2.json].
MixerShape deepseek_shape() { return with_d_v(mixer_shape(128, 192, 7168), 128); }
MixerSettings deepseek_latent() { return {{"kv_rank", Count{512}}, {"rope_dim", Count{64}}, {"q_rank", Count{1536}}}; }
MixerSettings deepseek_indexed() {
  MixerSettings settings = deepseek_latent();
  settings.set("index_heads", Count{64});
  settings.set("index_dim", Count{128});
  settings.set("top_k", Count{2048});
  return settings;
}

bool is_indexer(const Tensor& tensor) { return tensor.name.substr(0, 8) == "indexer."; }

}  // namespace

TEST_CASE("MLA has the parameters of DeepSeek-V3") {
  const auto mla = make_mixer("latent", deepseek_shape(), deepseek_latent());
  CHECK(linear_parameters(*mla) == 187105280);
  CHECK(parameters(*mla) == 187105280 + 2048);
}

TEST_CASE("MLA without a query latent has one query matrix: DeepSeek-V2-Lite, 16 heads, d_model 2048") {
  const auto mla = make_mixer("latent", with_d_v(mixer_shape(16, 192, 2048), 128),
                              {{"kv_rank", Count{512}}, {"rope_dim", Count{64}}});
  // q 2048*3072, latent 2048*576 with a norm of 512, up-projection 512*16*256, output 2048*2048
  CHECK(parameters(*mla) == 6291456 + 1179648 + 512 + 2097152 + 4194304);
}

TEST_CASE("MLA prefill is naive, decode absorbed, and the up-projection is linear work in both") {
  const auto mla = make_mixer("latent", deepseek_shape(), deepseek_latent());
  CHECK(flop2(mla->prefill(4096, PairRule::exact)) == 687362539520);
  CHECK(mla->prefill(4096, PairRule::reach)->scores == Count{128} * 4096 * 4096);
  CHECK(flop2(mla->decode(131072)) == 36540776448 - 33554432);
  CHECK(flop2(mla->decode(1)) == 33832960 - 33554432);
  CHECK(mla->linear_macs(4096) == Count{187105280} * 4096);
  CHECK(mla->decode_linear_macs(4096) == 187105280);
}

TEST_CASE("MLA caches one latent a token for all heads") {
  const auto mla = make_mixer("latent", deepseek_shape(), deepseek_latent());
  REQUIRE(mla->cache().size() == 1);
  CHECK(mla->cache()[0].role == CacheRole::latent);
  CHECK(cached_elements(*mla, 1) * 61 * 2 == 70272);
  CHECK(cached_elements(*mla, 131072) * 61 * 2 == 9210691584);
  CHECK(mla->rows_read(0, 131072) == 131072);
}

TEST_CASE("a gate on MLA is as wide as the values it multiplies") {
  MixerShape shape = deepseek_shape();
  shape.gate = true;
  const auto mla = make_mixer("latent", shape, deepseek_latent());
  CHECK(parameters(*mla) == 187105280 + 2048 + Count{7168} * 128 * 128);
}

TEST_CASE("the rotated part must leave room in d_k") {
  CHECK(fault_of("latent", mixer_shape(16, 64, 2048), {{"kv_rank", Count{512}}, {"rope_dim", Count{64}}}) ==
        "rope_dim: expected less than \"d_k\" (64), found 64");
  CHECK(fault_of("latent", mixer_shape(16, 64, 2048), {{"rope_dim", Count{64}}}) ==
        "kv_rank: missing; \"latent\" needs a positive integer");
}

TEST_CASE("DSA attends to the selected tokens in the absorbed form, and scores all of them with the indexer") {
  const auto dsa = make_mixer("indexed_latent", deepseek_shape(), deepseek_indexed());
  const std::optional<Work> work = dsa->prefill(131072, PairRule::exact);
  CHECK(work->scores_per_head == Count{266339328});
  CHECK(work->scores == Count{266339328} * 128);
  CHECK(flop2(work) == Count{140738562097152} + 74182960349184);
  CHECK(flop2(work) * 61 == Count{13110212869226496});
  CHECK(flop2(dsa->decode(131072)) == Count{2147483648} + 570425344);
  CHECK(dsa->prefill(131072, PairRule::reach)->macs ==
        Count{128} * 131072 * 2048 * 1088 + Count{131072} * 131072 * 64 * 128);
}

TEST_CASE("DSA counts a causal mask cut to its top-k keys, for small n") {
  const MixerShape shape = with_d_v(mixer_shape(3, 5, 7), 4);
  for (std::uint32_t top_k = 1; top_k < 6; ++top_k) {
    const auto dsa = make_mixer("indexed_latent", shape,
                                {{"kv_rank", Count{6}},
                                 {"rope_dim", Count{2}},
                                 {"index_heads", Count{2}},
                                 {"index_dim", Count{3}},
                                 {"top_k", Count{top_k}}});
    Count pairs, macs;
    for (std::uint32_t i = 0; i < 12; ++i) {
      const Count keys = min(i + 1, top_k);
      Count step = 2 * 3 * (i + 1);      // index scores of all earlier tokens
      step += 3 * keys * ((6 + 2) + 6);  // absorbed query x latent and rotated key, then probabilities x latent
      pairs += keys;
      macs += step;
      CHECK(dsa->decode(i + 1)->macs == step);
      CHECK(dsa->prefill(i + 1, PairRule::exact)->macs == macs);
      CHECK(dsa->prefill(i + 1, PairRule::exact)->scores_per_head == pairs);
      CHECK(dsa->rows_read(0, i + 1) == keys);
      CHECK(dsa->rows_read(1, i + 1) == i + 1);
    }
  }
}

TEST_CASE("the indexer has its own tensors and its own cache") {
  const auto dsa = make_mixer("indexed_latent", deepseek_shape(), deepseek_indexed());
  // 13,959,168 of projections and a layer norm of 128 with bias; DeepSeek-V3.2 has 851,524,864 in 61 layers.
  CHECK(parameters(*dsa, is_indexer) == 13959168 + 256);
  CHECK(parameters(*dsa, is_indexer) * 61 == 851524864);
  REQUIRE(dsa->cache().size() == 2);
  const CachePart& keys = dsa->cache()[1];
  CHECK(keys.role == CacheRole::index);
  CHECK(cache_bytes(Precision(formats()[0]), keys.role, keys.heads, keys.width, 131072) * 61 == 1055391744);
}

TEST_CASE("a layer that shares an index has no indexer, no index cache and no index scores") {
  MixerSettings settings = deepseek_indexed();
  settings.set("shares_index", true);
  const auto shared = make_mixer("indexed_latent", deepseek_shape(), settings);
  CHECK(parameters(*shared) == 187105280 + 2048);
  CHECK(shared->cache().size() == 1);
  CHECK(flop2(shared->prefill(131072, PairRule::exact)) == 74182960349184);
  CHECK(flop2(shared->decode(131072)) == 570425344);
  CHECK(shared->rows_read(0, 131072) == 2048);
}
