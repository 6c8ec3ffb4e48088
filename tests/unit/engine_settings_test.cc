// Settings of engines: kinds of values, and names that stand for another engine's rules.
#include <doctest/doctest.h>

#include "ctxcost/core/diagnostic.h"
#include "parts_model.h"

using namespace ctxcost;
using namespace ctxcost::test;

TEST_CASE("settings take numbers, shares, ratios and words") {
  CHECK(parse_engine("sglang").fraction("static") == Fraction{9, 10});
  CHECK(parse_engine("sglang:static=0.875").fraction("static") == Fraction{875, 1000});
  CHECK(parse_engine("sglang:static=1").fraction("static") == Fraction{1, 1});
  CHECK(parse_engine("sglang:state_ratio=2.5").fraction("state_ratio") == Fraction{25, 10});
  struct Row {
    const char* text;
    const char* message;
  };
  const Row rows[] = {
      {"sglang:static=1.5", "static: expected a number above 0 and at most 1, found \"1.5\""},
      {"sglang:static=0", "static: expected a number above 0 and at most 1, found \"0\""},
      {"sglang:static=90%", "static: expected a number above 0 and at most 1, found \"90%\""},
      {"sglang:static=0.1234567", "static: expected at most six decimals, found \"0.1234567\""},
      {"sglang:state_ratio=0", "state_ratio: expected a number above 0 with at most six decimals, found \"0\""},
      {"sglang:state_ratio=-1", "state_ratio: expected a number above 0 with at most six decimals, found \"-1\""},
      {"sglang:page=0", "page: expected an integer of at least 1, found \"0\""},
      {"sglang:state=fp64", "state: expected one of float32|bfloat16|float16|model, found \"fp64\""},
      {"tensorrt-llm:fraction=", "fraction: expected a number above 0 and at most 1, found \"\""},
      {"ollama:unified=2", "unified: expected one of 0|1, found \"2\""},
      {"lm-studio:pages=1", "unknown setting \"pages\" of lm-studio"},
      {"lmstudio", "unknown engine \"lmstudio\""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK_THROWS_WITH_AS(parse_engine(row.text), doctest::Contains(row.message), InputError);
  }
}

TEST_CASE("ollama and lm-studio are llama.cpp with defaults of their own") {
  CHECK(parse_engine("ollama").word("unified") == "0");
  CHECK(parse_engine("lm-studio").word("unified") == "1");
  CHECK(parse_engine("lm-studio:unified=0").word("unified") == "0");
  CHECK(parse_engine("lm-studio").word("ubatch") == "512");
  // A window of 1,024: one stream of two sequences holds 2 x 1,024 + 512 cells, two streams 1,536 each.
  const MixerPointer global = full(4, 256);
  const MixerPointer local = window(4, 256, 1024);
  const Model gemma =
      model_of("gemma3", 34, [&](std::uint32_t i) { return std::vector{(i + 1) % 6 == 0 ? global : local}; });
  const Count row = 4 * 256 * 2 * 2;
  const Count one_stream = row * (5 * Count{16384} + 29 * Count{2560});
  const Count two_streams = row * (5 * Count{16384} + 29 * Count{3072});
  struct Row {
    const char* engine;
    Count bytes;
  };
  for (const Row& r : {Row{"llama.cpp", two_streams}, Row{"ollama", two_streams}, Row{"lm-studio", one_stream},
                       Row{"ollama:unified=1", one_stream}, Row{"lm-studio:unified=0", two_streams}}) {
    CAPTURE(r.engine);
    CHECK(reserve(gemma, r.engine, 8192, 2).bytes == r.bytes);
  }
  for (const char* name : {"ollama", "lm-studio"}) {
    const Engine& engine = *parse_engine(name).engine;
    const Engine& base = *parse_engine("llama.cpp").engine;
    CHECK(engine.name == name);
    CHECK(engine.settings.data() == base.settings.data());
    CHECK(engine.release == base.release);
    CHECK(engine.spread == Spread::layers);
    CHECK(engine.weight_types == WeightTypes::gguf);
  }
  // A preset is one of the settings, with a value of its own that it may have.
  for (const Engine* engine : engines()) {
    for (const EnginePreset& preset : engine->presets) {
      CHECK_NOTHROW(parse_engine(std::string(engine->name) + ":" + std::string(preset.setting) + "=" +
                                 std::string(preset.value)));
    }
  }
}

TEST_CASE("ollama says what n and b stand for, and what older engines do with latents") {
  const Model llama = model_of("llama", 1, [mixer = full(8, 128)](std::uint32_t) { return std::vector{mixer}; });
  CHECK(reserve(llama, "ollama", 1024).notes.size() == 1);
  CHECK(reserve(llama, "lm-studio", 1024).notes.empty());
  const Model v3 = model_of("deepseek_v3", 1,
                            [mixer = latent(512, 64, 128, 128, 128)](std::uint32_t) { return std::vector{mixer}; });
  CHECK(reserve(v3, "ollama", 1024).notes.size() == 2);
  CHECK(reserve(v3, "ollama:legacy_mla=1", 1024).notes.size() == 1);
}
