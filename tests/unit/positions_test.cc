#include "ctxcost/model/positions.h"

#include <doctest/doctest.h>

#include "ctxcost/estimate/estimate.h"

using namespace ctxcost;

TEST_CASE("trained and effective windows of published models") {
  struct Row {
    const char* model;
    PositionFacts facts;
    std::optional<Count> trained, effective;
  };
  const Row rows[] = {
      {"Llama 2", {.max_positions = 4096}, 4096, 4096},
      {"Llama 3.1: the window is extended already",
       {.max_positions = 131072, .scaling_type = "llama3", .scaling_factor = "8.0", .original = 8192},
       8192,
       131072},
      {"gpt-oss",
       {.max_positions = 131072, .scaling_type = "yarn", .scaling_factor = "32.0", .original = 4096},
       4096,
       131072},
      {"DeepSeek-V3",
       {.max_positions = 163840, .scaling_type = "yarn", .scaling_factor = "40", .original = 4096},
       4096,
       163840},
      {"Qwen2.5 with yarn: the dict is the anchor, not max_position_embeddings",
       {.max_positions = 32768, .scaling_type = "yarn", .scaling_factor = "4.0", .original = 32768},
       32768,
       131072},
      {"yarn without an anchor", {.max_positions = 4096, .scaling_type = "yarn", .scaling_factor = "16"}, 4096, 65536},
      {"yarn without a factor", {.max_positions = 65536, .scaling_type = "yarn", .original = 4096}, 4096, 65536},
      {"position interpolation", {.max_positions = 2048, .scaling_type = "linear", .scaling_factor = "4"}, 2048, 8192},
      {"position interpolation multiplies max_position_embeddings [vllm/config/model.py], never the original",
       {.max_positions = 8192, .scaling_type = "linear", .scaling_factor = "4", .original = 2048},
       8192,
       32768},
      {"a factor with a fraction",
       {.max_positions = 2048, .scaling_type = "dynamic", .scaling_factor = "2.5"},
       2048,
       5120},
      {"Phi-3.5", {.max_positions = 131072, .scaling_type = "longrope", .original = 4096}, 4096, 131072},
      {"Gemma 3: only the global layers are scaled",
       {.max_positions = 131072, .scaling_type = "linear", .scaling_factor = "8.0", .max_is_extended = true},
       131072,
       131072},
      {"Qwen2-VL", {.max_positions = 32768, .scaling_type = "mrope"}, 32768, 32768},
      {"GPT-2", {.encoding = PositionEncoding::learned, .rows = 1024}, 1024, 1024},
      {"Mamba", {.encoding = PositionEncoding::none}, std::nullopt, std::nullopt},
  };
  for (const Row& row : rows) {
    const Positions positions = positions_from(row.facts);
    CHECK_MESSAGE(positions.trained_context == row.trained, row.model);
    CHECK_MESSAGE(positions.effective_context == row.effective, row.model);
  }
}

TEST_CASE("the window status is one of four levels, or none") {
  const Positions scaled =
      positions_from({.max_positions = 131072, .scaling_type = "llama3", .scaling_factor = "8", .original = 8192});
  CHECK(window_status(scaled, 8192) == "trained");
  CHECK(window_status(scaled, 8193) == "scaled");
  CHECK(window_status(scaled, 131072) == "scaled");
  CHECK(window_status(scaled, 131073) == "beyond");
  const Positions learned = positions_from({.encoding = PositionEncoding::learned, .rows = 1024});
  CHECK(window_status(learned, 1024) == "trained");
  CHECK(window_status(learned, 1025) == "impossible");
  CHECK_FALSE(window_status(positions_from({.encoding = PositionEncoding::alibi}), 1).has_value());
}

TEST_CASE("the window is the scaled one, as far as a table reaches") {
  const Positions scaled =
      positions_from({.max_positions = 32768, .scaling_type = "yarn", .scaling_factor = "4", .original = 32768});
  CHECK(scaled.trained_context == Count{32768});
  CHECK(window_of(scaled) == Count{131072});  // 4 * 32,768
  CHECK(window_of(positions_from({.max_positions = 4096})) == Count{4096});
  const PositionEncoding learned = PositionEncoding::learned;
  CHECK(window_of(positions_from({.encoding = learned, .rows = 1024})) == Count{1024});
  CHECK(window_of(positions_from({.encoding = learned, .rows = 1024, .max_positions = 4096})) == Count{1024});
  CHECK_FALSE(window_of({}).has_value());
}

TEST_CASE("a factor is multiplied as written, without floating point") {
  CHECK(scaled_window(8192, "8") == Count{65536});
  CHECK(scaled_window(8192, "8.0") == Count{65536});
  CHECK(scaled_window(10, "0.1") == Count{1});
  CHECK(scaled_window(3, "1.5") == Count{4});
  CHECK(scaled_window(4096, "1e1") == Count{40960});
  CHECK(scaled_window(4096, "25e-1") == Count{10240});
  for (const char* bad : {"", "-1", "0", "0.0", "x", "1e", "1.2.3", "1e99", "inf", "."}) {
    CHECK_FALSE(scaled_window(8192, bad).has_value());
  }
}
