// --set: a key of a model's description is changed before it is read.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;

Json first_result(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"-n", "8K", "--format", "json"});
  const Run result = run(arguments);
  CHECK_MESSAGE(result.status == 0, result.err);
  return result.status == 0 ? Json::parse(result.out)["results"][0] : Json::object();
}

std::string complaint(std::vector<std::string> arguments) {
  const Run result = run(arguments);
  CHECK(result.status == 2);
  CHECK(result.out == "");
  return result.err;
}

}  // namespace

TEST_CASE("one key of any model, by its own name, by a path, by a word of our own format") {
  struct Row {
    std::vector<std::string> arguments;
    std::uint64_t kv_cache_bytes;
  };
  // At 8,192 tokens, 2 bytes an element.
  const Row rows[] = {
      // 32 layers, keys and values of 128.
      {{"llama-3.1-8b", "--set", "kv_heads=4"}, 32ull * 2 * 4 * 128 * 8192 * 2},
      {{"llama-3.1-8b", "--set", "num_key_value_heads=16"}, 32ull * 2 * 16 * 128 * 8192 * 2},
      {{"llama-3.1-8b", "--set", "layers=2", "--set", "kv_heads=1"}, 2ull * 2 * 1 * 128 * 8192 * 2},
      // A latent of 256 + 64 in 61 layers.
      {{"deepseek-v3", "--set", "kv_rank=256"}, 61ull * (256 + 64) * 8192 * 2},
      // 10 of 62 layers: of six the last one is full, the others see 1,024; 16 KV heads of 128.
      {{"gemma-3-27b-it", "--set", "text_config.num_hidden_layers=10"}, (1ull * 8192 + 9 * 1024) * 2 * 16 * 128 * 2},
      // Our own format; absent there: as many as heads.
      {{"configs/models/article-7b.json", "--set", "kv_heads=4"}, 32ull * 2 * 4 * 128 * 8192 * 2},
  };
  for (const Row& row : rows) {
    CAPTURE(row.arguments.back());
    std::vector<std::string> arguments = row.arguments;
    if (arguments[0].starts_with("configs/")) arguments[0].insert(0, CTXCOST_SOURCE_DIR "/");
    arguments.insert(arguments.begin(), "scale");
    CHECK(first_result(arguments)["kv_cache_bytes"] == row.kv_cache_bytes);
  }
}

TEST_CASE("a change leaves a note") {
  const auto notes = [](const char* change) { return run({"scale", "llama-3.1-8b", "-n", "8K", "--set", change}).out; };
  CHECK(notes("kv_heads=4").find("note: set kv_heads=4: num_key_value_heads is 4 rather than 8\n") !=
        std::string::npos);
  CHECK(notes("head_dim=64").find("note: set head_dim=64: head_dim is 64") != std::string::npos);
}

TEST_CASE("a change that cannot be made is refused") {
  CHECK(complaint({"scale", "llama-3.1-8b", "--set", "kvheads=4"}) ==
        "ctxcost: --set: kvheads: no figure of meta-llama/Llama-3.1-8B depends on a key of that name; did you mean "
        "\"kv_heads\"?\n");
  CHECK(complaint({"scale", "llama-3.1-8b", "--set", "use_cache=false"}).find("no figure of") != std::string::npos);
  CHECK(complaint({"scale", "llama-3.1-8b", "--set", "text_config.num_hidden_layers=4"}) ==
        "ctxcost: --set: text_config.num_hidden_layers: expected a path to a key, found no text_config\n");
  CHECK(complaint({"scale", "llama-3.1-8b", "--set", "kv_heads=0"}).find("expected a positive integer, found 0") !=
        std::string::npos);
  CHECK(complaint({"scale", "llama-3.1-8b", "--set", "kv_heads"}) ==
        "ctxcost: --set: expected KEY=VALUE, found \"kv_heads\" (for instance kv_heads=4)\n");
  const std::string own = std::string(CTXCOST_SOURCE_DIR) + "/configs/models/article-7b.json";
  CHECK(complaint({"scale", own, "--set", "kv_head=4"}).find("kv_head") != std::string::npos);
}

TEST_CASE("every command that counts takes --set") {
  CHECK(run({"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "8K", "--set", "layers=2"}).status == 0);
  CHECK(run({"explain", "llama-3.1-8b", "-n", "8K", "--set", "layers=2"}).status == 0);
  CHECK(run({"solve", "context", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "--set", "layers=2"}).status == 0);
  const Run lines = run(
      {"scale", "-", "--ndjson", "-n", "8K", "--columns", "kv_cache_bytes", "--format", "csv", "--set", "kv_heads=1"},
      {.input = "{\"layers\": 1, \"heads\": 2, \"d_k\": 8}\n{\"layers\": 2, \"heads\": 2, \"d_k\": 8}\n"});
  CHECK(lines.status == 0);
  CHECK(lines.out == "kv_cache_bytes\n262144\n524288\n");
}
