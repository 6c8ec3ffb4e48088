// Machines of unequal cards as their users name them: --gpu A:2+B, --utilization 0.9+0.8, --parallel pp=16+32.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "program.h"

namespace {

using Json = nlohmann::json;

Json json_of(std::vector<std::string> arguments, int status = 0) {
  arguments.insert(arguments.end(), {"--format", "json"});
  const Run result = run(arguments);
  REQUIRE_MESSAGE(result.status == status, result.err);
  return Json::parse(result.out)["results"][0];
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::vector<std::string> kTwoCards = {"qwen3-32b", "--gpu",     "3090+4090", "--weights", "Q8_0",
                                            "--engine",  "llama.cpp", "-n",        "16K"};

std::vector<std::string> with(std::vector<std::string> first, const std::vector<std::string>& rest) {
  first.insert(first.end(), rest.begin(), rest.end());
  return first;
}

}  // namespace

// The sums stand in tests/unit/machine_test.cc.
TEST_CASE("fit: a 3090 and a 4090 are one machine; commas are alternatives") {
  const Json result = json_of(with({"fit"}, kTwoCards));
  CHECK(result["gpu"].is_null());
  CHECK(result["gpus"] == 2);
  CHECK(result["parallel"] == "pp=2");
  REQUIRE(result["cards"].size() == 2);
  CHECK(result["cards"][0]["id"] == "rtx-3090-24gb");
  CHECK(result["cards"][0]["count"] == 1);
  CHECK(result["cards"][1]["capacity_bytes"] == 24'564ull << 20);
  CHECK(result["cards"][1]["bandwidth_bytes_per_s"] == 1'008'000'000'000);
  CHECK(result["devices"][0]["gpu"] == "rtx-3090-24gb");
  CHECK(result["devices"][0]["device_bytes"] == 19'332'998'144);
  CHECK(result["devices"][1]["gpu"] == "rtx-4090-24gb");
  CHECK(result["devices"][1]["capacity_bytes"] == 24'564ull << 20);
  CHECK(result["device_bytes"] == 19'332'998'144);
  CHECK(result["headroom_bytes"] == 6'436'805'632);
  CHECK(result["min_gpus"] == 2);  // 38 GB are on neither card alone

  // Of one kind nothing of that is there.
  const Json one = json_of({"fit", "llama-3.2-1b", "--gpu", "4090:2", "-n", "4K"});
  CHECK(one["gpu"]["id"] == "rtx-4090-24gb");
  CHECK_FALSE(one.contains("cards"));
  CHECK_FALSE(one["devices"][0].contains("gpu"));
  // And two parts of one kind are one kind.
  CHECK(json_of({"fit", "llama-3.2-1b", "--gpu", "4090+4090", "-n", "4K"}) == one);

  const Run page = run(with({"fit"}, kTwoCards));
  for (const char* text :
       {"fits: Qwen3-32B, 16,384 tokens x 1 on rtx-3090-24gb+rtx-4090-24gb (pp=2): 18.01 GiB of 24.00 GiB on "
        "rtx-3090-24gb (75.0%), 5.99 GiB free\n",
        "\n  stage 0, 1 x rtx-3090-24gb: 18.01 GiB of 24.00 GiB, 5.99 GiB free\n",
        "\n  stage 1, 1 x rtx-4090-24gb: 17.97 GiB of 23.99 GiB, 6.01 GiB free\n",
        "note: cards differ: each device is judged against its own"}) {
    CAPTURE(text);
    CHECK_MESSAGE(holds(page.out, text), page.out);
  }
  const Run csv = run({"fit", "llama-3.2-1b", "--gpu", "3090:2+4090,h100-sxm-80gb", "--engine", "llama.cpp", "-n", "4K",
                       "--weights", "Q8_0", "--format", "csv"});
  CHECK(holds(csv.out, "rtx-3090-24gb:2+rtx-4090-24gb,3,pp=3"));
  CHECK(holds(csv.out, "h100-sxm-80gb,1,"));
}

TEST_CASE("a machine that does not hold a model names the card, and suggests no more of them") {
  const std::vector<std::string> question = {"fit", "llama-3.1-8b", "--gpu", "3090+rtx-3060-12gb", "-n", "100000"};
  const Run page = run(question);
  CHECK(page.status == 1);
  CHECK(holds(page.out, "binds first: KV cache of rtx-3060-12gb in stage 0\n"));
  CHECK(holds(page.out, "--kv-precision"));
  CHECK_FALSE(holds(page.out, "  --gpu"));
  CHECK(json_of(question, 1)["limit"] == "kv_cache");
}

TEST_CASE("shares and degrees that are not those of the machine are refused") {
  struct Row {
    std::vector<std::string> options;
    std::string fault;
  };
  for (const Row& row : std::vector<Row>{
           {{"--gpu", "3090+4090", "--utilization", "0.9+0.8+0.7"},
            "ctxcost: --utilization: expected 2 shares, one for each part of the GPU \"3090+4090\", found 3 (one share "
            "holds for all cards)\n"},
           {{"--gpu", "4090:2", "--utilization", "0.9+0.8"},
            "ctxcost: --utilization: expected 1 share, one for each part of the GPU \"4090:2\", found 2 (one share "
            "holds for all cards)\n"},
           {{"--gpu", "3090+4090", "--utilization", "0.9+1.8"},
            "ctxcost: --utilization: expected a number above 0 and at most 1, found \"1.8\"\n"},
           {{"--gpu", "3090:2+4090", "--parallel", "tp=2"},
            "ctxcost: --parallel: tp=2 has 2 devices, --gpu rtx-3090-24gb:2+rtx-4090-24gb has 3\n"},
           {{"--gpu", "h100-sxm-80gb:2", "--parallel", "pp=16+32"},
            "ctxcost: --parallel: pp=16+32: expected the 32 layers of the model, found 48\n"},
       }) {
    const Run result = run(with({"fit", "llama-3.1-8b", "-n", "4K"}, row.options));
    CHECK(result.status == 2);
    CHECK(result.err == row.fault);
  }
  CHECK(holds(run({"fit", "llama-3.1-8b", "-n", "4K", "--gpu", "3090+4091"}).err, "--gpu: unknown GPU \"4091\""));
  // What counts on one kind of card says so.
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"compare", "llama-3.1-8b"}, {"train", "llama-3.1-8b", "--stage", "8K:1000000"}}) {
    const Run result = run(with(command, {"--gpu", "3090+4090"}));
    CHECK(result.status == 2);
    CHECK(holds(result.err, "expected one kind of GPU, found \"3090+4090\""));
  }
}

TEST_CASE("solve works on a machine; its cards are the stock of which the fewest are found") {
  const Json context = json_of(with({"solve", "context"}, {"llama-3.1-8b", "--gpu", "3090+rtx-3060-12gb"}));
  CHECK(context["max_context"] ==
        json_of({"solve", "context", "llama-3.1-8b", "--gpu", "rtx-3060-12gb:2"})["max_context"]);
  CHECK(context["proof"]["does_not_fit"]["gpu"] == "rtx-3060-12gb");
  for (const Json& unlock : context["unlocks"]) CHECK(unlock["option"] != "--gpu");

  const std::vector<std::string> stock = {"solve",    "gpus", "qwen3-32b", "--gpu", "rtx-3060-12gb:2+4090+3090",
                                          "-n",       "16K",  "--weights", "Q8_0",  "--engine",
                                          "llama.cpp"};
  const Json fewest = json_of(stock);
  CHECK(fewest["min_gpus"] == 2);
  CHECK(fewest["fewest_cards"] ==
        Json::parse(R"([{"id": "rtx-4090-24gb", "count": 1}, {"id": "rtx-3090-24gb", "count": 1}])"));
  CHECK(fewest["cards"].size() == 3);
  CHECK(fewest["proof"]["does_not_fit"]["value"] == 1);
  CHECK(fewest["proof"]["does_not_fit"]["gpu"] == "rtx-3090-24gb");  // 24,576 MiB, the most
  const Run page = run(stock);
  CHECK(holds(page.out,
              "gpus: 2 devices (Qwen3-32B, 16,384 tokens x 1 on rtx-3060-12gb:2+rtx-4090-24gb+rtx-3090-24gb)\n"
              "  these: rtx-4090-24gb+rtx-3090-24gb\n"));
}

TEST_CASE("budgets, init and find take machines") {
  TemporaryDirectory directory;
  const std::string budgets = directory.path("budgets.json");
  const Run first = run(with({"init", "-o", budgets, "--utilization", "0.95+0.9"}, kTwoCards));
  REQUIRE_MESSAGE(first.status == 0, first.err);
  const Json written = Json::parse(read_file(budgets))["budgets"][0];
  CHECK(written["gpu"] == "3090+4090");
  CHECK(written["utilization"] == "0.95+0.9");
  const Run check = run({"check", budgets});
  CHECK_MESSAGE(check.status == 0, check.err);
  const Json judged = Json::parse(run({"check", budgets, "--format", "json"}).out)["results"][0];
  CHECK(judged["gpu"].is_null());
  CHECK(judged["cards"].size() == 2);

  write_file(budgets, R"({"budgets": [{"name": "a", "model": "llama-3.2-1b", "context": "4K", "gpu": "3090:2+4090",
                          "engine": "llama.cpp", "weights": "Q8_0", "parallel": "pp=3",
                          "limits": {"min_gpus": {"max": 1}, "device_bytes": {"max": "4GiB"}}}]})");
  CHECK(run({"check", budgets}).status == 0);
  CHECK(run({"check", budgets, "--gpu", "3090+4090", "--parallel", "pp=2"}).status == 0);
  CHECK(holds(run({"check", budgets, "--gpu", "3090+4090"}).err, "expected a product of 2 GPUs, found 3"));
  write_file(budgets, R"({"budgets": [{"name": "a", "model": "llama-3.2-1b", "context": "4K", "gpu": "3090+4090",
                          "limits": {"device_bytes": {"max": "90% of gpu"}}}]})");
  const Run share = run({"check", budgets});
  CHECK(share.status == 2);
  CHECK(holds(share.err, "\"90% of gpu\" needs one kind of GPU, found rtx-3090-24gb+rtx-4090-24gb"));

  const Run found = run({"find", "--gpu", "3090+4090", "-n", "8K", "--engine", "llama.cpp", "--family", "qwen3",
                         "--weights", "Q8_0", "--format", "json"});
  CHECK(found.status == 0);
  const Json models = Json::parse(found.out);
  CHECK(models["gpu"] == "rtx-3090-24gb+rtx-4090-24gb");
  CHECK(models["gpus"] == 2);
  CHECK(holds(found.out, "\"Qwen3-32B\""));
}

TEST_CASE("a report names the card of each device of a machine") {
  TemporaryDirectory directory;
  const std::string page = directory.path("report.html");
  const Run report = run({"report", "qwen3-32b", "--gpu", "3090+4090", "--engine", "llama.cpp", "--weights", "Q8_0",
                          "-n", "16K", "-b", "1", "-o", page});
  REQUIRE_MESSAGE(report.status == 0, report.err);
  const std::string html = read_file(page);
  CHECK(holds(html, "rtx-3090-24gb+rtx-4090-24gb (pp=2)"));
  CHECK(holds(html, "stage 0, 1 x rtx-3090-24gb"));
  CHECK(holds(html, "stage 1, 1 x rtx-4090-24gb"));
}

TEST_CASE("shells complete the cards behind a plus sign") {
  const Run result = run({"completions", "words", "--", "fit", "--gpu", "3090:2+rtx-409"});
  CHECK(holds(result.out, "3090:2+rtx-4090-24gb\t"));
  CHECK_FALSE(holds(result.out, "+rtx-3090-24gb"));
}
