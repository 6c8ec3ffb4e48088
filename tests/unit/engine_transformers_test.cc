// What the caches of transformers hold. [transformers cache_utils.py]
#include <doctest/doctest.h>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"
#include "mixers.h"
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

TEST_CASE("transformers keeps the index keys of MiniMax M3 beside its keys and values") {
  // 60 layers: 3 with 4 heads of 128, 57 with an index key of 128, too. bf16.
  const Model m3 = load_model("minimax-m3");
  const Count n = 8192;
  const Count expected = n * (60 * 2 * 4 * 128 + 57 * 128) * 2;
  CHECK(reserve(m3, "transformers", n).bytes == expected);
  CHECK(reserve(m3, "transformers:cache=static", n, 2).bytes == 2 * expected);
}

TEST_CASE("transformers keeps DeepSeek-V4's window, its compressed rows, and the tokens that are not compressed yet") {
  // [modular_deepseek_v4.py DeepseekV4HCACache, DeepseekV4CSACache], bf16, rows of 512 and index keys of 128. Flash: 2
  // window layers, 21 of ratio 4 with indexer, 20 of ratio 128. Pro: 30 of ratio 4 and 31 of ratio 128.
  struct Row {
    const char* model;
    Count context, bytes;
  };
  const Row rows[] = {
      {"deepseek-v4-flash", 0, 0},           {"deepseek-v4-flash", 3, 583680},
      {"deepseek-v4-flash", 100, 9591040},   {"deepseek-v4-flash", 8192, 62428160},
      {"deepseek-v4-flash", 8195, 62873600}, {"deepseek-v4-flash", 131072, 907842560},
      {"deepseek-v4-pro", 8192, 88914944},   {"deepseek-v4-pro", 1000000, 9860287488},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    CAPTURE(to_string(row.context));
    CHECK_EQ(to_string(reserve(load_model(row.model), "transformers", row.context, 1, "bf16").bytes),
             to_string(row.bytes));
  }
  CHECK_EQ(to_string(reserve(load_model("deepseek-v4-flash"), "transformers", 8192, 3, "bf16").bytes),
           to_string(3 * Count{62428160}));
  CHECK_THROWS_WITH_AS(reserve(load_model("deepseek-v4-flash"), "transformers:cache=static", 8192, 1, "bf16"),
                       doctest::Contains("no static cache"), InputError);
}

TEST_CASE("transformers refuses types that it has no plain cache for") {
  const Model model = model_of("llama", 1, [mixer = full(8, 128)](std::uint32_t) { return std::vector{mixer}; });
  CHECK_THROWS_AS(reserve(model, "transformers", 1, 1, "q8_0"), InputError);
  CHECK_THROWS_AS(reserve(model, "transformers", 1, 1, "fp32/bf16"), InputError);
  CHECK_THROWS_WITH_AS(parse_engine("transformers:cache=offloaded"),
                       doctest::Contains("expected one of dynamic|static, found \"offloaded\""), InputError);
}

TEST_CASE("transformers keeps all columns of a convolution, and states in the model's type or fp32, by kind") {
  // Models of 3 layers in bf16, of 4 heads of 8 in a d_model of 32.
  struct Row {
    std::string_view kind;
    MixerSettings settings;
    Count convolution, recurrent;  ///< bytes of a layer
  };
  const Row rows[] = {
      // [modeling_mamba.py MambaCache: conv_states and ssm_states of the model's dtype, K columns]
      {"mamba", {{"inner", Count{64}}, {"state", Count{16}}, {"conv", Count{4}}}, 64 * 4 * 2, 64 * 16 * 2},
      // [modeling_mamba2.py Mamba2Cache: channels of x, B and C]
      {"mamba2",
       {{"inner", Count{64}}, {"state", Count{16}}, {"head_dim", Count{8}}, {"groups", Count{1}}, {"conv", Count{4}}},
       (64 + 2 * 16) * 4 * 2,
       64 * 16 * 2},
      // [modeling_qwen3_next.py Qwen3NextDynamicCache; the rule runs in fp32]
      {"gated_delta", {{"key_heads", Count{2}}, {"conv", Count{4}}}, (2 * 2 * 8 + 4 * 8) * 4 * 2, 4 * 8 * 8 * 4},
      // [modeling_minimax.py MiniMaxLightningAttention: attn_weights_inter of the hidden states' dtype]
      {"lightning", {}, 0, 4 * 8 * 8 * 2},
      // [modeling_recurrent_gemma.py: conv1d_state of conv1d_width - 1 columns, recurrent_states in fp32]
      {"rg_lru", {{"width", Count{32}}, {"conv", Count{4}}}, 32 * 3 * 2, 32 * 4},
      // [modeling_lfm2.py Lfm2HybridConvCache]
      {"short_conv", {{"conv", Count{3}}}, 32 * 3 * 2, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.kind);
    const MixerPointer mixer = make_mixer(row.kind, square_shape(4, 8), row.settings);
    const Model model = model_of("own", 3, [&](std::uint32_t) { return std::vector{mixer}; });
    Count convolution, recurrent;
    for (const ReservedPart& part : reserve(model, "transformers", 1000, 5).parts) {
      (part.name == "convolution" ? convolution : recurrent) += part.bytes;
    }
    CHECK(convolution == 5 * 3 * row.convolution);
    CHECK(recurrent == 5 * 3 * row.recurrent);
  }
}
