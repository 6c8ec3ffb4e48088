// train as its users run it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

const Arguments kSchedule = {"train",          "llama-3-8b", "--stage",          "64K:62914560", "--stage",
                             "256K:100663296", "--stage",    "524288:419430400", "--stage",      "1M:838860800"};

Arguments with(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Json result_of(const Arguments& arguments, int status = 0) {
  const Run answer = run(with(arguments, {"--format", "json"}));
  REQUIRE_MESSAGE(answer.status == status, answer.err);
  return Json::parse(answer.out)["results"][0];
}

}  // namespace

TEST_CASE("train: every digit of a schedule above 2^64, in every format") {
  const char* const kCausal = "957195305353853534208";
  const Run json = run(with(kSchedule, {"--format", "json"}));
  CHECK(json.status == 0);
  CHECK(json.err == "");
  CHECK(holds(json.out, std::string("\"training_flops\": ") + kCausal));
  const Run line = run(with(kSchedule, {"--format", "ndjson"}));
  CHECK(holds(line.out, kCausal));
  CHECK(line.out.find('\n') == line.out.size() - 1);
  CHECK(Json::parse(line.out)["conventions"]["name"] == "causal");

  const Run csv = run(with(kSchedule, {"--format", "csv", "--convention", "standard"}));
  CHECK(holds(csv.out, "model,convention,stage,context,tokens,sequences,"));
  for (const char* row :
       {"\nMeta-Llama-3-8B,standard,1,65536,62914560,960,3031322118617825280,6485183463413514240,9516505582031339520,",
        ",2,262144,100663296,384,4850115389788520448,41505174165846491136,46355289555635011584,",
        ",3,524288,419430400,800,20208814124118835200,345876451382054092800,366085265506172928000,",
        ",4,1048576,838860800,800,40417628248237670400,1383505805528216371200,1423923433776454041600,",
        ",total,,1421869056,2944,68507879880762851328,1777372614539530469376,1845880494420293320704,"}) {
    CHECK_MESSAGE(holds(csv.out, row), row);
  }

  const Run table = run(kSchedule);
  for (const char* text :
       {"causal convention: 2 FLOPs per multiply-add, unmasked pairs only; 6 a token",
        "| total |         | 1,421,869,056 |", "| 957.2 ExaFLOPs |", "all tokens at 8K: 77.7 ExaFLOPs",
        "all tokens from the start at 1M: ", "| optimizer        |  96.4 GB |"}) {
    CHECK_MESSAGE(holds(table.out, text), text);
  }
  const Run quiet = run(with(kSchedule, {"-q"}));
  CHECK(quiet.out.starts_with("| Stage | Context |"));
  CHECK_FALSE(holds(quiet.out, "all tokens"));
  CHECK(holds(run(with(kSchedule, {"--format", "markdown"})).out, "| total |  | 1,421,869,056 |"));
}

TEST_CASE("train: a schedule's file and its options are one") {
  const TemporaryDirectory folder;
  const std::string file = folder.path("schedule.json");
  write_file(file, R"({"stages": [{"context": "64K", "tokens": 62914560}, {"context": "256K", "tokens": 100663296},
    {"context": 524288, "tokens": 419430400}, {"context": "1M", "tokens": 838860800}]})");
  const Run answer = run({"train", "llama-3-8b", "--schedule", file, "--format", "json"});
  CHECK(answer.out == run(with(kSchedule, {"--format", "json"})).out);
  CHECK(run({"train", "llama-3-8b", "--schedule", "-"}, {.input = read_file(file)}).out == run(kSchedule).out);

  write_file(file, R"({"stages": [{"context": "64K", "token": 62914560}]})");
  const Run wrong = run({"train", "llama-3-8b", "--schedule", file});
  CHECK(wrong.status == 2);
  CHECK(wrong.err == "ctxcost: " + file + ": /stages/0/token: unknown key of a stage; did you mean \"tokens\"?\n");

  const Json warm = result_of({"train", "llama-3-8b", "--warm-up", "4K..1M", "--tokens", "1000m"});
  CHECK(warm["stages"].size() == 9);
  CHECK(warm["tokens"] == 1'000'000'000);
  CHECK(warm["stages"][0]["tokens"] == 111'111'111);
  CHECK(warm["stages"][8]["tokens"] == 111'111'112);
}

TEST_CASE("train: memory by part, verdict and exit status") {
  const Arguments question = {"train", "llama-3-8b", "--stage", "8K:8K", "--gpu", "h100-sxm-80gb"};
  const Json alone = result_of(question, 1);
  const Json& device = alone["devices"][0];
  CHECK(device["weights_bytes"] == 2 * 8'030'261'248);
  CHECK(device["gradient_bytes"] == 2 * 8'030'261'248);
  CHECK(device["optimizer_bytes"] == 12 * 8'030'261'248);
  CHECK(device["activation_bytes"] == 32 * 1'376'780'288ll);
  CHECK(device["logits_bytes"] == 4'202'692'608);
  CHECK(device["device_bytes"] == 16 * 8'030'261'248 + 32 * 1'376'780'288ll + 2 * 4'202'692'608);
  CHECK(alone["device_bytes"] == device["device_bytes"]);
  CHECK(alone["headroom_bytes"].get<std::int64_t>() ==
        alone["capacity_bytes"].get<std::int64_t>() - device["device_bytes"].get<std::int64_t>());
  CHECK(run(with(question, {"--exit-zero"})).status == 0);
  CHECK(run(question).out.starts_with("does not fit: Meta-Llama-3-8B, 8,192 tokens x 1 on 1 x h100-sxm-80gb: "));

  const Json spread =
      result_of(with(question, {"--parallel", "tp=2,dp=8", "--zero", "3", "--optimizer", "adam-fp32-grads",
                                "--recompute", "full", "--mfu", "0.5", "--price", "2", "--power", "1000"}));
  CHECK(spread["gpus"] == 16);
  CHECK(spread["method"]["zero"] == 3);
  CHECK(spread["method"]["optimizer"] == "adam-fp32-grads");
  CHECK(spread["method"]["recompute"] == "full");
  CHECK(spread["method"]["sequence_parallel"] == true);
  CHECK(spread["devices"][0]["gradient_bytes"] == 2 * spread["devices"][0]["weights_bytes"].get<std::int64_t>());
  const double hours = spread["device_hours"];
  CHECK(spread["usd"] == doctest::Approx(2 * hours));
  CHECK(spread["joules"] == doctest::Approx(3.6e6 * hours));
  CHECK(spread["hours"] == doctest::Approx(hours / 16));
  // FLOPs over half of 989.5 TFLOP/s.
  CHECK(hours == doctest::Approx(spread["training_flops"].get<double>() / 494.75e12 / 3600));
  CHECK(holds(run(with(question, {"--exit-zero"})).out, "at least 0.0 device-hours of h100-sxm-80gb"));

  const Json unknown = result_of({"train", "article-7b", "--stage", "4K:4K"});
  CHECK(unknown["training_flops"].is_null());
  CHECK(unknown["device_bytes"].is_null());
  CHECK(unknown["training_attention_flops"] == 3 * 2 * 2 * 32ll * 32 * 128 * (4096 * 4097 / 2));
}

TEST_CASE("train: what cannot be answered is one line and exit status 2") {
  struct Case {
    Arguments arguments;
    const char* error;
  };
  const Case cases[] = {
      {{"train", "llama-3-8b"},
       "ctxcost: train: expected one of --stage, --schedule and --warm-up, found none (write --stage 64K:62914560)\n"},
      {{"train", "llama-3-8b", "--stage", "1K:1K", "--warm-up", "1K"},
       "ctxcost: train: expected one of --stage, --schedule and --warm-up, found several (write --stage "
       "64K:62914560)\n"},
      {{"train", "llama-3-8b", "--stage", "1K"},
       "ctxcost: --stage: expected CONTEXT:TOKENS, found \"1K\" (write 64K:62914560)\n"},
      {{"train", "llama-3-8b", "--warm-up", "1K..4K"},
       "ctxcost: --warm-up: expected --tokens beside it, found nothing (write --tokens 1000m)\n"},
      {{"train", "llama-3-8b", "--stage", "1K:1K", "--tokens", "5"},
       "ctxcost: --tokens: belongs to --warm-up, which is not given\n"},
      {{"train", "llama-3-8b", "--warm-up", "1K..4K", "--tokens", "2"},
       "ctxcost: --tokens: expected at least one for each of the 3 contexts, found 2\n"},
      {{"train", "--stage", "1K:1K"},
       "ctxcost: train: expected one MODEL, found 0 (a JSON file, a directory with a config.json, - or a catalogue "
       "name)\n"},
      {{"train", "llama-3-8b", "--stage", "1K:1K", "--mfu", "0.5"},
       "ctxcost: --mfu: expected --gpu NAME beside it, found nothing\n"},
      {{"train", "llama-3-8b", "--stage", "1K:1K", "--gpu", "l4-24gb", "--price", "free"},
       "ctxcost: --price: expected a number above 0, or \"list\", found \"free\"\n"},
      {{"train", "llama-3-8b", "--stage", "1K:1K", "--gpu", "l4-24gb,t4-16gb"},
       "ctxcost: --gpu: expected one GPU, found several\n"},
      {{"train", "llama-3-8b", "--stage", "1K:1K", "--baseline-context", "0"},
       "ctxcost: --baseline-context: expected a positive number, found 0\n"},
      {{"train", "llama-3-8b", "--stage", "1K:1K", "--recompute", "ful"},
       "ctxcost: --recompute: expected none, selective or full, found \"ful\"; did you mean \"full\"?\n"},
      {{"train", "llama-3-8b", "--stage", "1K:1K", "--parallel", "tp=3"},
       "ctxcost: --parallel: tp=3: 32 query heads do not divide by 3 (tp=2 or tp=4)\n"},
  };
  for (const Case& one : cases) {
    const Run result = run(one.arguments);
    CHECK(result.status == 2);
    CHECK(result.out == "");
    CHECK(result.err == one.error);
  }
}
