// longformer, bigbird, cross_attention.
#include <doctest/doctest.h>

#include <algorithm>

#include "ctxcost/mechanism/pairs.h"
#include "mixers.h"

using namespace ctxcost;

TEST_CASE("Longformer base: the band of 512 and its global tokens at 4,096 tokens") {
  const MixerShape base = square_shape(12, 64);
  const auto one = make_mixer("longformer", base, {{"window", 512}});
  const auto sixteen = make_mixer("longformer", base, {{"window", 512}, {"global_tokens", 16}});
  // docs/cost-model.md section 7.1.
  CHECK(one->prefill(4096, PairRule::exact)->scores_per_head == Count{2043134});
  CHECK(one->prefill(4096, PairRule::reach)->scores_per_head == Count{2043134});
  CHECK(sixteen->prefill(4096, PairRule::exact)->scores_per_head == Count{2158064});
  CHECK(one->prefill(4096, PairRule::exact)->macs == Count{12} * 2043134 * 128);
  CHECK_FALSE(one->causal());
}

TEST_CASE("Longformer's global projections: Q on global tokens, K and V on all") {
  MixerShape base = square_shape(12, 64);
  const Count square = 768 * 768;
  const auto one = make_mixer("longformer", base, {{"window", 512}});
  // 2 d^2 (2 n + G) FLOPs beside the four projections of every attention.
  CHECK(2 * (*one->linear_macs(4096) - 4 * square * 4096) == Count{9664856064});
  CHECK(parameters(*one) == 7 * square);

  const auto none = make_mixer("longformer", base, {{"window", 512}, {"global_tokens", 0}});
  CHECK(*none->linear_macs(4096) == 4 * square * 4096);
  CHECK(parameters(*none) == 7 * square);  // they are in the file all the same

  const auto more_than_there_are = make_mixer("longformer", base, {{"window", 512}, {"global_tokens", 16}});
  CHECK(*more_than_there_are->linear_macs(3) == 7 * square * 3);

  base.qkv_bias = base.output_bias = true;
  const auto biased = make_mixer("longformer", base, {{"window", 512}});
  CHECK(parameters(*biased) == 7 * (square + 768));  // 3 (d^2 + d) of them global
  CHECK(*biased->linear_macs(4096) == *one->linear_macs(4096));
}

TEST_CASE("BigBird at 4,096 tokens: 622 blocks of 64 x 64, and full attention up to 704 tokens") {
  const auto bigbird = make_mixer("bigbird", square_shape(12, 64));
  for (const PairRule rule : {PairRule::exact, PairRule::reach}) {
    CHECK(bigbird->prefill(4096, rule)->scores_per_head == Count{622 * 64 * 64});
    CHECK(bigbird->prefill(704, rule)->scores_per_head == Count{704 * 704});
    // 12 blocks: two rows of 12, two of 7, eight of 8.
    CHECK(bigbird->prefill(705, rule)->scores_per_head == Count{(2 * 12 + 2 * 7 + 8 * 8) * 64 * 64});
  }
  CHECK(parameters(*bigbird) == Count{4 * 768 * 768});
}

TEST_CASE("cross-attention projects and caches the encoder's tokens once") {
  // T5-small: 8 heads of 64, width 512.
  const auto cross = make_mixer("cross_attention", square_shape(8, 64), {{"tokens", 300}});
  CHECK(cross->causal());
  for (const PairRule rule : {PairRule::exact, PairRule::reach}) {
    CHECK(cross->prefill(20, rule)->scores_per_head == pairs::cross(20, 300));
    CHECK(cross->prefill(20, rule)->macs == Count{8 * 20 * 300 * 128});
  }
  CHECK(cross->decode(20)->scores_per_head == Count{300});
  CHECK(cross->rows_read(0, 20) == Count{8 * 300});

  // 4 d H_kv d_h m FLOPs for keys and values (docs/cost-model.md section 4.3), as many for queries and output of n
  // tokens.
  const Count square = 512 * 512;
  CHECK(2 * *cross->linear_macs(20) == 4 * square * 300 + 4 * square * 20);
  CHECK(*cross->decode_linear_macs(20) == 2 * square);

  REQUIRE(cross->cache().size() == 2);
  CHECK(cross->cache()[0].name == "cross keys");
  CHECK(cross->cache()[1].name == "cross values");
  CHECK(cross->cache()[0].span.kind == Span::Kind::cross);
  CHECK(cross->cache()[0].span.tokens(300) == Count{300});
}

TEST_CASE("without a length of its own the encoder is as long as the context") {
  const auto cross = make_mixer("cross_attention", square_shape(8, 64));
  CHECK(cross->prefill(20, PairRule::exact)->scores_per_head == Count{20 * 20});
  CHECK(cross->decode(20)->scores_per_head == Count{20});
  CHECK(*cross->linear_macs(20) == Count{4 * 512 * 512 * 20});
}

TEST_CASE("a decode step does not read the projections of cross keys and values") {
  MixerShape shape = square_shape(8, 64);
  shape.qkv_bias = true;
  const auto cross = make_mixer("cross_attention", shape);
  const std::vector<Tensor> tensors = cross->tensors().value();
  for (const Tensor& tensor : tensors) {
    CAPTURE(tensor.name);
    CHECK(tensor.in_decode == (tensor.name != "cross_attn_k" && tensor.name != "cross_attn_v"));
  }
  CHECK(find_mechanism("cross_attention")->reader_only);
}

TEST_CASE("settings of encoder attention that cannot be used") {
  const MixerShape shape = square_shape(4, 8);
  CHECK(fault_of("longformer", shape, {{"window", 513}}) == "window: expected an even number, found 513");
  CHECK(fault_of("longformer", shape, {{"window", 1}}) == "window: expected an integer of at least 2, found 1");
  CHECK(fault_of("bigbird", shape, {{"block", 0}}) == "block: expected a positive integer, found 0");
  CHECK(fault_of("bigbird", shape, {{"random_blocks", 0}}) == "no fault");
}
