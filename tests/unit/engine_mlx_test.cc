// What the caches of mlx-lm hold: the rules against the growth of the buffers, update by update.
// [ml-explore/mlx-lm: mlx_lm/models/cache.py]
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"
#include "engine_logs.h"
#include "parts_model.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

Model stack(std::uint32_t layers, const MixerPointer& mixer, std::string family = "llama") {
  return model_of(std::move(family), layers, [&](std::uint32_t) { return std::vector{mixer}; });
}

/// KVCache.update_and_fetch: a buffer that is too short is cut to its tokens and gets whole steps.
struct Buffer {
  std::uint64_t step, rows = 0, offset = 0;
  void update(std::uint64_t tokens) {
    if (offset + tokens > rows) {
      const std::uint64_t fresh = (step + tokens - 1) / step * step;
      if (offset % step != 0) rows = offset;
      rows += fresh;
    }
    offset += tokens;
  }
};

/// RotatingKVCache: _update_concat for several tokens, _update_in_place for one.
struct Ring {
  std::uint64_t step, window, rows = 0, offset = 0;
  void update(std::uint64_t tokens) {
    if (tokens == 1) {
      if (offset >= rows && rows < window) rows += std::min(step, window - offset);
      rows = std::min(rows, window);
    } else {
      rows = std::min(rows, window - 1) + tokens;
    }
    offset += tokens;
  }
};

}  // namespace

TEST_CASE("mlx: a prompt in one update and single tokens after it grow buffers as the code does") {
  const Model plain = stack(1, full(1, 32));
  for (const std::uint64_t step : {1UL, 7UL, 256UL}) {
    for (const std::uint64_t prompt : {1UL, 2UL, 255UL, 256UL, 257UL, 600UL}) {
      Buffer buffer{step};
      Ring ring{step, 300};
      for (std::uint64_t n = prompt; n < 900; ++n) {
        const std::uint64_t tokens = n == prompt ? prompt : 1;
        buffer.update(tokens);
        ring.update(tokens);
        const std::string engine = "mlx:step=" + std::to_string(step) + ",prompt=" + std::to_string(prompt);
        CAPTURE(engine);
        CAPTURE(n);
        REQUIRE(reserve(plain, engine, n).bytes == Count{buffer.rows} * 32 * 2 * 2);
        // A longer prompt is cut to the window by the next token.
        static const Model windowed = stack(1, window(1, 32, 300), "gemma3_text");
        REQUIRE(reserve(windowed, engine, n).bytes == Count{std::min(ring.rows, std::uint64_t{300})} * 32 * 2 * 2);
      }
    }
  }
}

TEST_CASE("mlx: buffers of 256 tokens, by hand") {
  // 32 layers of 8 heads of 128 in 16 bits: a prompt of 1,000 takes 1,024 rows; 100 more tokens 1,280.
  const Model llama = stack(32, full(8, 128));
  CHECK(reserve(llama, "mlx", 1000).bytes == Count{1024} * 131072);
  CHECK(reserve(llama, "mlx:prompt=1000", 1100).bytes == 167772160);
  CHECK(reserve(llama, "mlx", 1100, 3).bytes == Count{3} * 167772160);
  CHECK(reserve(llama, "mlx", 0).bytes == 0);
  // The whole sequence is the prompt: a window keeps its tokens, or as many as there are.
  const Model windowed = stack(2, window(4, 256, 1024), "gemma3_text");
  CHECK(reserve(windowed, "mlx", 1000).bytes == Count{1000} * 2 * 4096);
  CHECK(reserve(windowed, "mlx", 131072).bytes == Count{1024} * 2 * 4096);
  CHECK(reserve(windowed, "mlx:prompt=100", 1000).bytes == Count{1024} * 2 * 4096);  // 100 + 4 x 256, cut
  CHECK(reserve(windowed, "mlx:prompt=100", 300).bytes == Count{356} * 2 * 4096);
  const Model chunks = stack(2, chunk(4, 256, 1024), "llama4");
  CHECK(reserve(chunks, "mlx", 1000).bytes == Count{1024} * 2 * 4096);
  CHECK(reserve(chunks, "mlx", 600).bytes == Count{768} * 2 * 4096);
  CHECK(reserve(chunks, "mlx", 5000).bytes == Count{1024} * 2 * 4096);
  // No ring in these models.
  const Reserve mistral = reserve(stack(2, window(4, 256, 1024), "mistral"), "mlx", 8192);
  CHECK(mistral.bytes == Count{8192} * 2 * 4096);
  CHECK(mistral.notes.size() == 1);
}

TEST_CASE("mlx: groups of 64 with a scale and a bias of 16 bits") {
  // A head of 128: 72 bytes in 4 bits, 136 in 8.
  const Model llama = stack(32, full(8, 128));
  CHECK(reserve(llama, "mlx", 1024, 1, "int4:group=64,zero").bytes == Count{1024} * 32 * 8 * 2 * 72);
  CHECK(reserve(llama, "mlx", 1024, 1, "int8:group=64,zero").bytes == Count{1024} * 32 * 8 * 2 * 136);
  CHECK(reserve(llama, "mlx", 1024, 1, "int4:group=32,zero").bytes == Count{1024} * 32 * 8 * 2 * 80);
  for (const char* type : {"int4", "int8", "fp8", "int4:group=64", "int8:group=64", "q8_0", "fp16/bf16"}) {
    CAPTURE(type);
    CHECK_THROWS_AS(reserve(llama, "mlx", 1, 1, type), InputError);
  }
  CHECK_THROWS_WITH_AS(reserve(stack(1, full(8, 80)), "mlx", 1, 1, "int4:group=64,zero"),
                       doctest::Contains("needs rows of a multiple of 64 elements, found 80"), InputError);
  CHECK_THROWS_WITH_AS(reserve(stack(1, window(8, 128, 64), "gemma3_text"), "mlx", 1, 1, "int8:group=64,zero"),
                       doctest::Contains("it does not quantise the rings"), InputError);
}

TEST_CASE("mlx: latents in one row, index keys with zeros beside them, states as they are") {
  const Model v3 = stack(61, latent(512, 64, 128, 128, 128));
  CHECK(reserve(v3, "mlx", 256).bytes == Count{256} * 61 * 1152);
  const Model v32 = stack(61, latent(512, 64, 128, 128, 128, 128));
  CHECK(part_bytes(reserve(v32, "mlx", 256), "index keys") == Count{256} * 61 * 2 * 256);
  const Reserve states = reserve(stack(3, state("gated_delta", 1000, 30)), "mlx", 1000, 5);
  CHECK(part_bytes(states, "recurrent") == Count{3} * 5 * 4000);
  CHECK(part_bytes(states, "convolution") == Count{3} * 5 * 60);
  CHECK_THROWS_AS(reserve(stack(1, state("titans", 1, 1)), "mlx", 1), InputError);
}
