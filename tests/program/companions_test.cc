// What comes with a model: --lora, --draft and --images, in fit, solve, find and budgets.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "program.h"

using Json = nlohmann::json;

namespace {

Json json_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--format", "json"});
  return Json::parse(run(arguments).out);
}

Json result_of(std::vector<std::string> arguments) { return json_of(std::move(arguments))["results"][0]; }

std::int64_t bytes(const Json& result) { return result["device_bytes"].get<std::int64_t>(); }

}  // namespace

TEST_CASE("docs/planning.md: a 70B with four adapters on four cards") {
  const std::vector<std::string> base = {"fit",   "llama-3.3-70b-instruct", "-n",       "8K",  "-b", "16",
                                         "--gpu", "h100-sxm-80gb:4",        "--engine", "vllm"};
  std::vector<std::string> with = base;
  with.insert(with.end(), {"--lora", "rank=16,count=4"});
  const Json adapted = result_of(with);
  // A layer over 4: q 8192 + 2048, k and v 8192 + 256, o 2048 + 8192, gate and up 8192 + 7168, down 7168 + 8192.
  constexpr std::int64_t kLayer = 2 * 10'240 + 2 * 8'448 + 3 * 15'360;
  CHECK(kLayer == 83'456);
  constexpr std::int64_t kAdapters = 4 * kLayer * 80 * 16 * 2;
  CHECK(kAdapters == 854'589'440);
  CHECK(adapted["devices"][0]["adapters_bytes"] == kAdapters);
  CHECK(adapted["assumptions"]["lora"] == "rank=16,count=4");
  const Json bare = result_of(base);
  CHECK(!bare["devices"][0].contains("adapters_bytes"));
  CHECK(!bare["assumptions"].contains("lora"));
  CHECK(bytes(adapted) == bytes(bare) + kAdapters);
  CHECK(adapted["devices"][0]["weights_bytes"] == bare["devices"][0]["weights_bytes"]);
  const std::string page = run(with).out;
  CHECK(page.find("\n  adapters            815.00 MiB") != std::string::npos);
  CHECK(page.find("note: adapters: 4 x 213,647,360 bytes a device: rank 16 in bf16, times inputs and outputs of each "
                  "linear of mixers and feed-forwards\n") != std::string::npos);
  CHECK(run(base).out.find("adapters") == std::string::npos);
}

TEST_CASE("docs/planning.md: a vision model with 20 images in each context") {
  const Json result = result_of({"fit", "gemma-3-27b-it", "-n", "4K", "--images", "20", "--gpu", "h100-sxm-80gb"});
  CHECK(result["context"] == 4096 + 20 * 256);
  CHECK(result["assumptions"]["image_tokens"] == 5120);
  // 62 layers of 2 x 16 x 128 in 16 bits: 10 see all 9,216 tokens, 52 keep the last 1,024.
  CHECK(result["kv_cache_bytes"] == 2LL * 16 * 128 * 2 * (10 * 9216 + 52 * 1024));
  CHECK(run({"fit", "gemma-3-27b-it", "-n", "4K", "--images", "20", "--gpu", "h100-sxm-80gb"})
            .out.find("note: 20 images x 256 tokens (mm_tokens_per_image) = 5,120 tokens of each context\n") !=
        std::string::npos);
  const Run sizeless = run({"fit", "qwen3-vl-8b-instruct", "-n", "4K", "--images", "3", "--gpu", "h100-sxm-80gb"});
  CHECK(sizeless.status == 2);
  CHECK(sizeless.err.find("depends on its size") != std::string::npos);
  CHECK(result_of({"fit", "qwen3-vl-8b-instruct", "-n", "4K", "--images", "3:1024x768", "--gpu",
                   "h100-sxm-80gb"})["context"] == 4096 + 3 * 32 * 24);
}

TEST_CASE("a draft of any engine: its bytes are in those of the model, and two are refused") {
  const auto with = [](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"fit", "llama-3.1-8b", "-n", "4K", "--gpu", "l40s-48gb"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  // 1,235,814,400 parameters and 4,096 tokens of 16 layers of 2 x 8 x 64, all in 2 bytes.
  CHECK(bytes(result_of(with({"--engine", "vllm", "--draft", "llama-3.2-1b"}))) ==
        bytes(result_of(with({"--engine", "vllm"}))) + 2LL * 1'235'814'400 + 4096LL * 16 * 2 * 8 * 64 * 2);
  CHECK(bytes(result_of(with({"--engine", "llama.cpp", "--draft", "llama-3.2-1b"}))) ==
        bytes(result_of(with({"--engine", "llama.cpp:draft=llama-3.2-1b"}))));
  const Run two = run(with({"--engine", "llama.cpp:draft=llama-3.2-1b", "--draft", "llama-3.2-1b"}));
  CHECK(two.status == 2);
  CHECK(two.err == "ctxcost: --draft: the engine's settings name a draft, too (keep one of them)\n");
  CHECK(run(with({"--draft", "no-such-model"})).status == 2);
}

TEST_CASE("solve, find and budgets count adapters, drafts and images too") {
  const auto longest = [](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"solve", "context", "llama-3.1-8b", "--gpu", "rtx-4090-24gb"};
    all.insert(all.end(), more.begin(), more.end());
    return result_of(all)["answer"].get<std::int64_t>();
  };
  // A token takes 131,072 bytes; 20 slots of rank 16 take 1,677,721,600.
  CHECK(longest({}) - longest({"--lora", "rank=16,count=20"}) == 1'677'721'600 / 131'072);
  CHECK(longest({"--draft", "llama-3.2-1b"}) < longest({}));

  const auto found = [](const char* lora) {
    return json_of({"find", "--gpu", "rtx-4090-24gb", "-n", "8K", "--family", "llama", "--parameters", "8B..9B",
                    "--weights", "bf16", "--lora", lora})["models"]
        .size();
  };
  CHECK(found("rank=16") > 0);
  CHECK(found("rank=512,count=100") == 0);

  TemporaryDirectory directory;
  const auto judged = [&](const std::string& settings) {
    write_file(directory.path("budget.json"),
               R"({"budgets": [{"name": "a", "model": "gemma-3-4b-it", "context": 1000, "gpu": "l40s-48gb", )" +
                   settings + R"(, "limits": {"device_bytes": {"max": 1}}}]})");
    return run({"check", directory.path("budget.json"), "--format", "json"});
  };
  const auto actual = [&](const std::string& settings) {
    return Json::parse(judged(settings).out)["budgets"][0]["limits"][0];
  };
  const Json bare = actual(R"("batch": 1)");
  CHECK(actual(R"("images": "3")")["context"] == 1000 + 3 * 256);
  // 34 layers of q 2560 + 2048, k and v 2560 + 1024, o 2048 + 2560, gate, up and down 2560 + 10240.
  CHECK(actual(R"("lora": "rank=8,count=2")")["actual"].get<std::int64_t>() - bare["actual"].get<std::int64_t>() ==
        2LL * 34 * 8 * 2 * (2 * 4'608 + 2 * 3'584 + 3 * 12'800));
  CHECK(actual(R"("draft": "gemma-3-1b-it")")["actual"].get<std::int64_t>() > bare["actual"].get<std::int64_t>());
  for (const char* wrong : {R"("lora": "rank=0")", R"("images": "0")", R"("draft": "none.json")", R"("lora": 4)"}) {
    CHECK_MESSAGE(judged(wrong).status == 2, wrong);
  }
}

TEST_CASE("commands that do not count them do not take them") {
  for (const char* option : {"--lora", "--draft", "--images"}) {
    for (const char* command : {"scale", "train", "report"}) {
      CHECK_MESSAGE(run({command, "llama-3.1-8b", option, "1"}).status == 2, command, option);
    }
  }
  CHECK(run({"find", "--gpu", "rtx-4090-24gb", "-n", "8K", "--draft", "llama-3.2-1b"}).status == 2);
}
