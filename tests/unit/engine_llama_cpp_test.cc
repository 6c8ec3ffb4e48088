// llama.cpp's rules on models put together by hand: families whose exceptions tests/data/llamacpp.json does not show.
// The figures are those of the sources named in the engine's file, worked out by hand.
#include <doctest/doctest.h>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"
#include "parts_model.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

constexpr std::string_view kEngine = "llama.cpp";

Model uniform(std::string family, std::uint32_t layers, const MixerPointer& mixer) {
  return model_of(std::move(family), layers, [&](std::uint32_t) { return std::vector{mixer}; });
}

Model alternating(std::string family, std::uint32_t layers, std::uint32_t period, const MixerPointer& local,
                  const MixerPointer& global) {
  return model_of(std::move(family), layers,
                  [&](std::uint32_t i) { return std::vector{i % period < period - 1 ? local : global}; });
}

}  // namespace

TEST_CASE("cells are padded to 256 for each stream, or once when unified") {
  const Model model = uniform("llama", 1, full(1, 1));  // 4 bytes a cell
  struct Row {
    const char* engine;
    Count context, batch, cells;
  };
  const Row rows[] = {
      {"llama.cpp", 1, 1, 256},         {"llama.cpp", 256, 1, 256},
      {"llama.cpp", 257, 1, 512},       {"llama.cpp", 5001, 1, 5120},
      {"llama.cpp", 3333, 3, 3 * 3584}, {"llama.cpp:unified=1", 3333, 3, 10240},
      {"llama.cpp", 100, 256, 65536},   {"llama.cpp:unified=1", 100, 256, 25600},
      {"llama.cpp", 0, 1, 0},
  };
  for (const Row& row : rows) CHECK(reserve(model, row.engine, row.context, row.batch).bytes == 4 * row.cells);
  CHECK_THROWS_WITH_AS(reserve(model, kEngine, 1, 257), doctest::Contains("at most 256 sequences"), InputError);
}

TEST_CASE("windows hold w + ubatch cells where the architecture has a window cache") {
  const MixerPointer global = full(1, 1);
  const MixerPointer local = window(1, 1, 4096);
  struct Row {
    const char* family;
    const char* engine;
    Count context, batch, window_cells;
  };
  const Row rows[] = {
      {"gemma2", "llama.cpp", 32768, 1, 4608},
      {"cohere2", "llama.cpp", 32768, 1, 4608},
      {"gemma2", "llama.cpp", 4096, 1, 4096},
      {"gemma2", "llama.cpp:ubatch=2048", 32768, 1, 6144},
      {"gemma2", "llama.cpp:ubatch=4096", 32768, 1, 6144},  // n_ubatch is at most n_batch = 2048
      {"gemma2", "llama.cpp:swa_full=1", 32768, 1, 32768},
      {"gemma2", "llama.cpp", 32768, 4, 4 * 4608},
      {"gemma2", "llama.cpp:unified=1", 32768, 4, 4 * 4096 + 512},
      {"own", "llama.cpp", 32768, 1, 4608},
      // Architectures that never read the window: every layer caches every token.
      {"mistral", "llama.cpp", 32768, 1, 32768},
      {"phi3", "llama.cpp", 32768, 1, 32768},
      {"qwen2", "llama.cpp", 32768, 1, 32768},
      {"starcoder2", "llama.cpp", 32768, 1, 32768},
  };
  for (const Row& row : rows) {
    CAPTURE(row.family);
    CAPTURE(row.engine);
    const Model model = alternating(row.family, 2, 2, local, global);
    CHECK(reserve(model, row.engine, row.context, row.batch).bytes == 4 * (row.window_cells + row.context * row.batch));
  }
  CHECK(reserve(alternating("mistral", 2, 2, local, global), kEngine, 32768).notes ==
        std::vector<std::string>{"llama.cpp ignores the window of \"mistral\": its layers cache every token"});
}

TEST_CASE("Llama 4's chunks are windows of 8,192") {
  const Model scout = alternating("llama4_text", 48, 4, chunk(8, 128, 8192), full(8, 128));
  CHECK(reserve(scout, kEngine, 131072).bytes == Count{4096} * (12 * 131072 + 36 * (8192 + 512)));
}

TEST_CASE("layers that share a cache own none: Gemma 3n caches 20 of 35") {
  const auto layer = [](bool owned, Span span) -> MixerPointer {
    return std::make_shared<PartsMixer>("full", shape_of(8, 2, 256, 256), keys_and_values(2, 256, 256, span, owned));
  };
  const Span local{.kind = Span::Kind::window, .limit = 512};
  const MixerPointer own_local = layer(true, local), own_global = layer(true, {});
  const MixerPointer other_local = layer(false, local), other_global = layer(false, {});
  const Model model = model_of("gemma3n", 35, [&](std::uint32_t i) {
    const bool is_local = i % 5 < 4;
    return std::vector{i < 20 ? (is_local ? own_local : own_global) : (is_local ? other_local : other_global)};
  });
  CHECK(reserve(model, kEngine, 32768).bytes == Count{2048} * (4 * 32768 + 16 * 1024));
}

TEST_CASE("latents are keys alone; old files cache every head") {
  const Model v3 = uniform("deepseek_v3", 61, latent(512, 64, 128, 128, 128));
  CHECK(reserve(v3, kEngine, 4096, 1, "fp16").bytes == 287834112);  // "c^KV (f16): 274.50 MiB"
  CHECK(reserve(v3, kEngine, 4096, 1, "q8_0").bytes == Count{4096} * 61 * 612);
  // "KV self size = 28060.00 MiB, K (q8_0): 12444.00 MiB, V (f16): 15616.00 MiB"
  CHECK(reserve(v3, "llama.cpp:legacy_mla=1", 8192, 1, "q8_0/fp16").bytes == 29423042560);
  CHECK_THROWS_WITH_AS(reserve(v3, kEngine, 4096, 1, "q8_0/fp16"),
                       doctest::Contains("a latent cache needs the same type for K and V"), InputError);
}

TEST_CASE("index keys are a cache of K's type without scales") {
  const Model v32 = uniform("deepseek_v32", 61, latent(512, 64, 128, 128, 128, 128));
  CHECK(reserve(v32, kEngine, 4096, 1, "fp16").bytes == Count{4096} * 61 * (576 + 128) * 2);
  CHECK(reserve(v32, kEngine, 4096, 1, "q8_0").bytes == Count{4096} * 61 * (576 + 128) / 32 * 34);
}

TEST_CASE("the layer for next-token prediction gets a cache in glm4moe, not in deepseek2") {
  Model air = uniform("glm4_moe", 46, full(8, 128));
  air.next_token_layers = 1;
  CHECK(reserve(air, kEngine, 32768, 1, "fp16").bytes == Count{32768} * 47 * 4096);
  // The same from a config.json.
  const Model read = parse_model(R"({"model_type": "glm4_moe", "num_hidden_layers": 46, "hidden_size": 4096,
      "num_attention_heads": 96, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 10944,
      "vocab_size": 151552, "num_nextn_predict_layers": 1})",
                                 "config.json");
  CHECK(reserve(read, kEngine, 32768, 1, "fp16").bytes == Count{32768} * 47 * 4096);
  Model v3 = uniform("deepseek_v3", 61, latent(512, 64, 128, 128, 128));
  v3.next_token_layers = 1;
  CHECK(reserve(v3, kEngine, 4096, 1, "fp16").bytes == 287834112);
}

TEST_CASE("states are F32 for each sequence, whatever the types and the length") {
  // Falcon-H1: both mixers in every layer. 36 layers, 2 heads of 64; d_inner 1536, d_state 128, 1 group, 24 heads.
  const MixerPointer attention = full(2, 64);
  const MixerPointer mamba = state("mamba2", 1536 * 128, 3 * (1536 + 2 * 128));
  const Model falcon = model_of("falcon_h1", 36, [&](std::uint32_t) { return std::vector{attention, mamba}; });
  const Count states = Count{36} * 4 * (1536 * 128 + 3 * 1792);
  CHECK(reserve(falcon, kEngine, 4096).bytes == Count{4096} * 36 * 512 + states);
  CHECK(reserve(falcon, kEngine, 4096, 4, "q8_0").bytes == Count{4} * 4096 * 36 * 136 * 2 + 4 * states);
  CHECK(reserve(falcon, "llama.cpp:unified=1,rs_seq=3", 1024, 4).bytes == Count{4096} * 36 * 512 + 16 * states);
  CHECK(reserve(falcon, kEngine, 0).bytes == states);
  // LFM2: (L_cache - 1) n_embd and nothing else.
  const Model lfm2 = uniform("lfm2", 10, state("short_conv", 0, 2 * 2048));
  CHECK(reserve(lfm2, kEngine, 128000, 2).bytes == Count{2} * 10 * 4096 * 4);
  // Kimi Linear: three convolutions of 32 heads of 128, and 128 x 128 a head.
  const Model kimi = uniform("kimi_linear", 20, state("kimi_delta", 32 * 128 * 128, 3 * 3 * 32 * 128));
  CHECK(reserve(kimi, kEngine, 4096).bytes == Count{20} * 4 * (32 * 128 * 128 + 9 * 4096));
}

TEST_CASE("llama.cpp refuses what it would not start with") {
  const Model model = uniform("llama", 1, full(8, 128));
  CHECK_THROWS_WITH_AS(reserve(model, kEngine, 1, 1, "fp8"), doctest::Contains("\"fp8\" is not a type of its cache"),
                       InputError);
  CHECK_THROWS_WITH_AS(reserve(uniform("gpt_neox", 1, full(32, 80)), kEngine, 1, 1, "q8_0"),
                       doctest::Contains("q8_0 needs heads of a multiple of 32 elements, found 80"), InputError);
  CHECK_THROWS_WITH_AS(reserve(uniform("own", 1, state("titans", 1, 1)), kEngine, 1),
                       doctest::Contains("no layers of kind \"titans\""), InputError);
  CHECK_THROWS_WITH_AS(parse_engine("llama.cpp:unifed=1"), doctest::Contains("did you mean \"unified\"?"), InputError);
  CHECK_THROWS_AS(parse_engine("llama.cpp:swa_full=2"), InputError);
}
