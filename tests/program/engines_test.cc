// Engines as a user asks for them: their pools on a card, their settings, and names that stand for another's rules.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;

Json result_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--format", "json"});
  const Run done = run(arguments);
  CAPTURE(done.err);
  REQUIRE(done.status == 0);
  return Json::parse(done.out)["results"][0];
}

bool has_note(const Json& result, const std::string& text) {
  for (const Json& note : result["notes"]) {
    if (note.get<std::string>().find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a pool of as many tokens as a log prints takes what it prints, whatever -n and -b") {
  for (const char* n : {"1", "8K"}) {
    // K and V of 38,142 slots: 2 x 2.33 GiB.
    CHECK(result_of({"scale", "llama-3.1-8b", "-n", n, "--engine", "sglang:tokens=38141"})["kv_reserved_bytes"] ==
          4999348224);
    CHECK(result_of({"scale", "gpt-oss-120b", "-n", n, "--engine", "tensorrt-llm:tokens=8224", "--kv-precision",
                     "bf16"})["kv_reserved_bytes"] == 606339072);
  }
}

TEST_CASE("solve's largest context is the pool that the engine makes of its memory") {
  // 4 GiB are 32,768 tokens of 131,072 bytes.
  const std::vector<std::string> question = {"solve", "context", "llama-3.1-8b", "--kv-memory", "4GiB", "--engine"};
  const auto longest = [&](const std::string& engine) {
    std::vector<std::string> asked = question;
    asked.push_back(engine);
    return result_of(asked)["answer"];
  };
  CHECK(longest("sglang") == 32768);
  CHECK(longest("sglang:page=256,tokens=20000") == 19968);
  CHECK(longest("tensorrt-llm") == 32768);
  CHECK(longest("mlx") == 32768);
  const Json fit =
      result_of({"fit", "gemma-4-26b-a4b", "-n", "4K", "--kv-memory", "20GiB", "--engine", "sglang:page=256"});
  // 20 GiB / (20,480 + 0.8 x 204,800 bytes) in pages of 256.
  CHECK(fit["kv_capacity_tokens"] == 116480);
  CHECK(has_note(fit, "SGLang makes two pools: 4096 tokens for full layers, 3072 for window layers"));
}

TEST_CASE("ollama and lm-studio take llama.cpp's file types and settings") {
  const auto bytes = [](const std::string& engine) {
    return result_of({"scale", "gemma-3-4b-it", "-n", "8K", "-b", "2", "--engine", engine, "--weights", "q4_k_m",
                      "--kv-precision", "q8_0"});
  };
  CHECK(bytes("ollama")["kv_reserved_bytes"] == bytes("llama.cpp")["kv_reserved_bytes"]);
  CHECK(bytes("lm-studio")["kv_reserved_bytes"] == bytes("llama.cpp:unified=1")["kv_reserved_bytes"]);
  CHECK(bytes("ollama:unified=1")["kv_reserved_bytes"] == bytes("lm-studio")["kv_reserved_bytes"]);
  CHECK(bytes("ollama")["weights_bytes"] == bytes("llama.cpp")["weights_bytes"]);
  CHECK(run({"show", "lm-studio"}).out.find("0: b streams of n cells each; = 1\n") != std::string::npos);
  CHECK(run({"scale", "llama-3.1-8b", "--engine", "olama"}).err.find("did you mean \"ollama\"?") != std::string::npos);
}

TEST_CASE("mlx keeps a cache in groups of four bits, which no other engine does") {
  const std::vector<std::string> question = {
      "fit", "llama-3.1-8b", "--gpu", "m4-max-128gb", "-n", "1024", "--kv-precision", "int4:group=64,zero", "--engine"};
  const auto under = [&](const std::string& engine) {
    std::vector<std::string> asked = question;
    asked.push_back(engine);
    return asked;
  };
  CHECK(result_of(under("mlx"))["device_kv_bytes"] == 1024 * 32 * 8 * 2 * 72);
  const std::string note = "note: no engine keeps a cache in int4:group=64,zero\n";
  CHECK(run(under("mlx")).out.find(note) == std::string::npos);
  CHECK(run(under("ideal")).out.find(note) != std::string::npos);
}

TEST_CASE("a setting that an engine cannot use is one line with what it expects") {
  const Run done = run({"scale", "llama-3.1-8b", "--engine", "sglang:static=90%"});
  CHECK(done.status == 2);
  CHECK(done.out.empty());
  CHECK(done.err.find("static: expected a number above 0 and at most 1, found \"90%\"") != std::string::npos);
}
