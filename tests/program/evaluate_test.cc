// evaluate as its users run it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const Arguments kSmall = {"evaluate", "needle", "-n", "1K,8K", "--depths", "3"};

Arguments with(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// The plan's lines, the middle of the haystack at half the score.
std::string scored(const std::string& plan) {
  std::string lines;
  for (std::size_t begin = 0, end = 0; (end = plan.find('\n', begin)) != std::string::npos; begin = end + 1) {
    Json line = Json::parse(plan.substr(begin, end - begin));
    line["score"] = line["depth"] == 50 ? 0.5 : 1.0;
    lines += line.dump() + "\n";
  }
  return lines;
}

}  // namespace

TEST_CASE("evaluate: the package's grid in every format") {
  const Arguments question = {"evaluate", "needle", "llama-3-8b"};
  const Run table = run(question);
  CHECK(table.status == 0);
  CHECK(table.err == "");
  for (const char* text :
       {"causal convention: 2 FLOPs per multiply-add", "grid package, answers of 300 tokens",
        "1,225 prompts of 10,412,500 tokens (10,167,500 of haystacks); 56,418,257,770 causal pairs a head; at most "
        "367,500",
        "prefill 174,923,793,180,917,760 FLOPs", "19 of 35 lengths are outside of the trained context"}) {
    CHECK_MESSAGE(holds(table.out, text), text);
  }
  const Json json = Json::parse(run(with(question, {"--format", "json"})).out)["results"][0];
  CHECK(json["total"]["prefill_flops"] == 174'923'793'180'917'760);
  CHECK(json["sets"].size() == 35);
  CHECK(json["sets"][0]["length"] == 1000);
  CHECK(json["gpu"].is_null());
  CHECK(holds(run(with(question, {"--format", "ndjson"})).out, "\"causal_pairs\":56418257770,"));
  CHECK(
      holds(run(with(question, {"--format", "csv"})).out, "Meta-Llama-3-8B,causal,total,,,,,,1225,10412500,10167500,"));
  CHECK(holds(run(with(question, {"--format", "markdown"})).out, "| total |  | 1,225 | 10,412,500 |"));
  CHECK(run(with(question, {"-q"})).out.starts_with("| Length | Depths |"));
}

TEST_CASE("evaluate: what was measured of the model stands beside what measuring costs, and beside own scores") {
  // NVIDIA/RULER README.md, main table: Llama3.1 (8B) has an effective length of 32K; GPT-2 is in no table.
  const char* measured = "note: measured, RULER: 32K effective, 131,072 claimed; good is 85.6 or more; Llama3.1 (8B) [";
  CHECK(holds(run(with(kSmall, {"llama-3.1-8b"})).out, measured));
  CHECK(holds(run({"evaluate", "lost-in-the-middle", "llama-3.1-8b"}).out, measured));
  CHECK_FALSE(holds(run(with(kSmall, {"gpt2"})).out, "measured, "));
  const TemporaryDirectory folder;
  const std::string file = folder.path("scored.ndjson");
  write_file(file, scored(run(with(kSmall, {"--plan"})).out));
  CHECK(holds(run(with(kSmall, {"llama-3.1-8b", "--results", file})).out, measured));
  CHECK_FALSE(holds(run(with(kSmall, {"--results", file})).out, "measured, "));
}

TEST_CASE("evaluate: device-hours, money and energy") {
  const Arguments question = {"evaluate", "lost-in-the-middle", "llama-3-8b", "--grid", "qa",
                              "--gpu",    "h100-sxm-80gb",      "--price",    "2",      "--power",
                              "500",      "--format",           "json"};
  const Json bound = Json::parse(run(question).out)["results"][0];
  const double hours = bound["total"]["device_hours"];
  CHECK(bound["total"]["usd"] == doctest::Approx(2 * hours));
  CHECK(bound["total"]["joules"] == doctest::Approx(500 * 3600 * hours));
  // 2,759,562,221,322,240,000 FLOPs and a row of logits a prompt, at 989 TFLOP/s.
  const double prefill = bound["total"]["prefill_seconds"];
  CHECK(prefill == doctest::Approx((2.75956222132224e18 + 39'825 * 1'050'673'152.0) / 989e12).epsilon(0.002));
  const Json measured = Json::parse(run(with(question, {"--mfu", "0.5"})).out)["results"][0];
  CHECK(measured["total"]["prefill_seconds"] == doctest::Approx(2 * prefill));
  CHECK(bound["sets"][0]["prefill_bound"] == "compute");
  CHECK(bound["sets"][0]["decode_bound"] == "memory");
  const Json together = Json::parse(run(with(question, {"-b", "16"})).out)["results"][0];
  CHECK(together["total"]["decode_seconds"] < bound["total"]["decode_seconds"]);
  CHECK(together["total"]["decode_flops"] == bound["total"]["decode_flops"]);
}

TEST_CASE("evaluate: a plan, and the scores of its lines") {
  const Run plan = run(with(kSmall, {"--plan"}));
  CHECK(plan.status == 0);
  const Json first = Json::parse(plan.out.substr(0, plan.out.find('\n')));
  CHECK(first["id"] == 0);
  CHECK(first["depth"] == 0);
  CHECK(first["length"] == 1024);
  // The upper half of SplitMix64's first output from 0, 16294208416658607535.
  CHECK(first["seed"] == 3793791033);
  CHECK(run(with(kSmall, {"llama-3-8b", "--plan"})).out == plan.out);
  CHECK(holds(run(with(kSmall, {"--plan", "--format", "csv"})).out,
              "id,task,length,depth,needle_offset,documents,pairs,position,trial,seed\n0,needle,1024,0,0,,,,0,"));
  CHECK(run(with(kSmall, {"--plan", "--format", "table"})).status == 2);

  const TemporaryDirectory folder;
  const std::string file = folder.path("scored.ndjson");
  write_file(file, scored(plan.out));
  const Run table = run(with(kSmall, {"--results", file}));
  CHECK(table.status == 0);
  CHECK(holds(table.out, "|     1K |      3 | 83.3% | 100.0% | 50.0% | 100.0% |"));
  CHECK(holds(table.out, "|   50% |      2 |  50.0% | ██████████ "));
  CHECK(holds(table.out, "worst at 50%: 50.0%; best at 0%: 100.0%; 50.0 points below the better end"));
  CHECK(holds(table.out, "U-shaped"));
  const Json json = Json::parse(run(with(kSmall, {"--results", file, "--format", "json"})).out)["scores"][0];
  CHECK(json["curves"][0]["worst"] == 50);
  CHECK(json["curves"][0]["u_shaped"] == true);
  CHECK(json["cells"].size() == 6);
  CHECK(holds(run(with(kSmall, {"--results", file, "--format", "csv"})).out, "\ncell,needle,8192,,,50,,1,0.5\n"));
  CHECK(holds(run(with(kSmall, {"--results", file, "--format", "markdown"})).out, "| 1K | 3 | 83.3% | 100.0% |"));
  CHECK(run(with(kSmall, {"--results", "-"}), {.input = scored(plan.out)}).out == table.out);
}

TEST_CASE("evaluate: questions that have no answer") {
  struct Row {
    Arguments arguments;
    const char* error;
  };
  const Row rows[] = {
      {{"evaluate"}, "ctxcost: evaluate: expected needle or lost-in-the-middle, and a MODEL, found nothing\n"},
      {{"evaluate", "needles", "gpt2"},
       "ctxcost: evaluate: expected needle or lost-in-the-middle, found \"needles\"; did you mean \"needle\"?\n"},
      {{"evaluate", "needle"}, "ctxcost: evaluate: expected one MODEL behind needle, found 0"},
      {{"evaluate", "needle", "gpt2", "--pairs", "75"}, "ctxcost: --pairs: belongs to `evaluate lost-in-the-middle`\n"},
      {{"evaluate", "needle", "gpt2", "--price", "2"},
       "ctxcost: --price: expected --gpu NAME beside it, found nothing\n"},
      {{"evaluate", "needle", "gpt2", "--seed", "2"}, "ctxcost: --seed: belongs to --plan, which is not given\n"},
      {{"evaluate", "needle", "gpt2", "--plan", "--results", "x"}, "ctxcost: --plan: expected one of"},
      {{"evaluate", "needle", "gpt2", "--plan", "--gpu", "h100-sxm-80gb"},
       "ctxcost: --gpu: has no effect beside --plan, which counts no cost\n"},
      {{"evaluate", "needle", "--results", "x", "--weights", "fp8"},
       "ctxcost: --weights: has no effect beside --results, which counts no cost\n"},
      {{"evaluate", "needle", "bert-base-uncased"}, "ctxcost: --answer-tokens: expected at most 1"},
      {{"evaluate", "needle", "gpt2", "--depths", "150%"}, "ctxcost: --depths: expected a number of depths"},
      {{"evaluate", "needle", "gpt2", "--depths", "12.3456%"},
       "ctxcost: --depths: expected at most three decimals, found \"12.3456%\"\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.error);
    const Run answer = run(row.arguments);
    CHECK(answer.status == 2);
    CHECK(answer.out == "");
    CHECK_MESSAGE(answer.err.starts_with(row.error), answer.err);
  }
}
