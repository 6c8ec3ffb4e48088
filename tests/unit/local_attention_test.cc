// chunked, dilated, sink_window.
#include <doctest/doctest.h>

#include "mixers.h"

using namespace ctxcost;

TEST_CASE("chunked attention of Llama 4: 8192 tokens, and back to one") {
  const auto chunked = make_mixer("chunked", square_shape(40, 128), {{"chunk", 8192}});
  // docs/cost-model.md section 3, chunked(131072, 8192) and chunked(100000, 8192).
  CHECK(chunked->prefill(131072, PairRule::exact)->scores_per_head == Count{536936448});
  CHECK(chunked->prefill(100000, PairRule::exact)->scores_per_head == Count{404141392});
  CHECK(chunked->prefill(131072, PairRule::reach)->scores_per_head == Count{131072} * 8192);
  CHECK(chunked->decode(8192)->scores_per_head == Count{8192});
  CHECK(chunked->decode(8193)->scores_per_head == Count{1});
  // The live need does not fall back with it.
  CHECK(chunked->cache()[0].span.tokens(8000) == Count{8000});
  CHECK(chunked->cache()[0].span.tokens(8193) == Count{8192});
  CHECK(chunked->rows_read(0, 8193) == Count{40});
}

TEST_CASE("Llama 4 at 131,072 tokens: 12 global and 36 chunked layers of 8 key heads hold 7,650,410,496 bytes") {
  MixerShape shape = square_shape(40, 128);
  shape.kv_heads = 8;
  Count elements;
  for (const auto& [layers, mixer] :
       {std::pair{12, make_mixer("full", shape)}, std::pair{36, make_mixer("chunked", shape, {{"chunk", 8192}})}}) {
    for (const CachePart& part : mixer->cache()) {
      elements += layers * part.heads * part.width * part.span.tokens(131072);
    }
  }
  CHECK(elements * 2 == Count{7650410496});  // docs/cost-model.md section 6.3
}

TEST_CASE("a dilated window of 256 keys, 4 apart, keeps the 1,021 tokens it spans") {
  const auto dilated = make_mixer("dilated", square_shape(12, 64), {{"window", 256}, {"dilation", 4}});
  CHECK(dilated->prefill(4096, PairRule::exact)->scores_per_head == Count{918016});  // docs/cost-model.md section 3
  CHECK(dilated->prefill(4096, PairRule::reach)->scores_per_head == Count{4096 * 256});
  CHECK(dilated->prefill(6, PairRule::reach)->scores_per_head == Count{6 * 2});  // the last sees 5 and 1
  CHECK(dilated->decode(4096)->scores_per_head == Count{256});
  CHECK(dilated->cache()[0].span.kind == Span::Kind::window);
  CHECK(dilated->cache()[0].span.tokens(4096) == Count{255 * 4 + 1});
  CHECK(dilated->rows_read(0, 4096) == Count{12 * 256});
}

TEST_CASE("attention sinks: 4 tokens beside a window of 2,044 cost and keep what a window of 2,048 does") {
  const auto sinks = make_mixer("sink_window", square_shape(32, 128), {{"sinks", 4}, {"window", 2044}});
  CHECK(sinks->prefill(65536, PairRule::exact)->scores_per_head == Count{132121600});  // docs/cost-model.md section 3
  CHECK(sinks->prefill(65536, PairRule::reach)->scores_per_head == Count{65536} * 2048);
  CHECK(sinks->decode(65536)->scores_per_head == Count{2048});
  CHECK(sinks->cache()[1].span.tokens(65536) == Count{2048});
}

TEST_CASE("settings of local attention that cannot be used") {
  const MixerShape shape = square_shape(4, 8);
  const Count huge = Count::from_raw(~Uint128{0});
  CHECK(fault_of("chunked", shape, {}) == "chunk: missing; \"chunked\" needs a positive integer");
  CHECK(fault_of("chunked", shape, {{"chunk", 0}}) == "chunk: expected a positive integer, found 0");
  CHECK(fault_of("dilated", shape, {{"window", 8}}) == "dilation: missing; \"dilated\" needs a positive integer");
  CHECK(fault_of("dilated", shape, {{"window", huge}, {"dilation", 2}}) ==
        "dilation: \"window\" times \"dilation\" does not fit 128 bits");
  CHECK(fault_of("sink_window", shape, {{"sinks", huge}, {"window", 1}}) ==
        "window: \"sinks\" and \"window\" together do not fit 128 bits");
  CHECK(fault_of("sink_window", shape, {{"sinks", 0}, {"window", 1}}) == "no fault");
}
