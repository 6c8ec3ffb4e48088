// What the caches of transformers hold. [transformers cache_utils.py]
#include <doctest/doctest.h>

#include "ctxcost/core/diagnostic.h"
#include "parts_model.h"

using namespace ctxcost;
using namespace ctxcost::test;

TEST_CASE("a dynamic cache holds n tokens, a window w - 1; a static one w") {
  const MixerPointer global = full(4, 256);
  const MixerPointer local = window(4, 256, 1024);
  const Model gemma =
      model_of("gemma3", 34, [&](std::uint32_t i) { return std::vector{(i + 1) % 6 == 0 ? global : local}; });
  const Count row = 4 * 256 * 2 * 2;
  struct Row {
    const char* engine;
    Count context, full_tokens, window_tokens;
  };
  const Row rows[] = {
      {"transformers", 512, 512, 512},
      {"transformers", 8192, 8192, 1023},
      {"transformers:cache=static", 8192, 8192, 1024},
      {"transformers:cache=static", 1000, 1000, 1000},
      {"transformers", 0, 0, 0},
  };
  for (const Row& r : rows) {
    CHECK(reserve(gemma, r.engine, r.context).bytes == row * (5 * r.full_tokens + 29 * r.window_tokens));
  }
  CHECK(reserve(gemma, "transformers", 512, 3).bytes == 3 * row * 34 * 512);
}

TEST_CASE("transformers expands latents before it caches them") {
  const Model v3 = model_of("deepseek_v3", 61,
                            [mixer = latent(512, 64, 128, 128, 128)](std::uint32_t) { return std::vector{mixer}; });
  // 40,960 elements a token and layer (docs/cost-model.md section 5).
  CHECK(reserve(v3, "transformers", 4096).bytes == Count{4096} * 61 * 40960 * 2);
}

TEST_CASE("transformers refuses types that it has no plain cache for") {
  const Model model = model_of("llama", 1, [mixer = full(8, 128)](std::uint32_t) { return std::vector{mixer}; });
  CHECK_THROWS_AS(reserve(model, "transformers", 1, 1, "q8_0"), InputError);
  CHECK_THROWS_AS(reserve(model, "transformers", 1, 1, "fp32/bf16"), InputError);
  CHECK_THROWS_WITH_AS(parse_engine("transformers:cache=offloaded"),
                       doctest::Contains("expected one of dynamic|static, found \"offloaded\""), InputError);
}
