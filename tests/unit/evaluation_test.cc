// Evaluations: the grids of the original runs with their sums (docs/cost-model.md section 16), and counts by loops.
#include "ctxcost/answer/evaluation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>

#include "ctxcost/answer/evaluation_scores.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

EvaluationAnswer evaluated(const char* model, EvaluationGrid grid, Count answer_tokens = 0, bool reuse = false) {
  EvaluationQuestion question;
  question.model = load_model(model);
  question.grid = std::move(grid);
  question.answer_tokens = answer_tokens;
  question.prefix_reuse = reuse;
  return evaluate(std::move(question));
}

std::string digits_of(const std::optional<Count>& count) { return count ? to_string(*count) : "nothing"; }

std::string fault_of(const auto& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

/// A plan of two lengths with three depths.
EvaluationPlan small_plan() {
  EvaluationChoices own;
  own.lengths = parse_lengths("1000,2000", "context");
  own.depths = parse_depths("0,50,100", "depths");
  return EvaluationPlan(evaluation_grid(EvaluationTest::needle, "", own));
}

std::string scored_line(int id, int length, const char* score) {
  return R"({"id": )" + std::to_string(id) + R"(, "task": "needle", "length": )" + std::to_string(length) +
         R"(, "score": )" + score + "}\n";
}

}  // namespace

TEST_CASE("evaluation: needles of the original runs") {
  struct Row {
    const char* grid;
    const char* prompts;
    const char* tokens;
    const char* haystacks;
    const char* pairs;
    const char* flops;  // of Llama 3 8B, whose work is 13,958,643,712 a token and 524,288 a pair
  };
  const Row rows[] = {
      {"package", "1225", "10412500", "10167500", "56418257770", "174923793180917760"},
      {"128k", "225", "14512500", "14467500", "640846639830", ""},
      {"128k-second", "105", "10582500", "10561500", "550569045540", ""},
      {"200k", "1225", "123112500", "122867500", "8326660867770", "6084051897034997760"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.grid);
    const EvaluationAnswer answer = evaluated("llama-3-8b", evaluation_grid(EvaluationTest::needle, row.grid));
    CHECK(to_string(answer.total.prompts) == row.prompts);
    CHECK(to_string(answer.total.prompt_tokens) == row.tokens);
    CHECK(digits_of(answer.total.haystack_tokens) == row.haystacks);
    CHECK(to_string(answer.total.causal_pairs) == row.pairs);
    if (*row.flops != 0) CHECK(digits_of(answer.total.prefill_flops()) == row.flops);
    const Count by_hand = answer.total.prompt_tokens * 13'958'643'712 + answer.total.causal_pairs * 524'288;
    CHECK(answer.total.flops() == by_hand);
  }
}

TEST_CASE("evaluation: Lost in the Middle") {
  const EvaluationAnswer answer = evaluated("llama-3-8b", evaluation_grid(EvaluationTest::lost_in_the_middle), 100);
  const int prompts[] = {7965, 13'275, 18'585, 2655, 2655, 2500, 2500, 2500};
  REQUIRE(answer.rows.size() == std::size(prompts));
  for (std::size_t i = 0; i < std::size(prompts); ++i) CHECK(answer.rows[i].cost.prompts == prompts[i]);
  const EvaluationCost& documents = answer.tasks.front().cost;
  CHECK(documents.prompts == 39'825);
  CHECK(documents.prompt_tokens == 180'540'000);
  CHECK(documents.answer_tokens == 3'982'500);
  CHECK(documents.causal_pairs == Count{456'750'270'000});
  CHECK(digits_of(documents.prefill_flops()) == "2759562221322240000");
  using Places = std::vector<std::uint32_t>;
  const std::vector<EvaluationSet>& sets = answer.asked.grid.sets;
  CHECK(sets[0].places == Places{0, 4, 9});
  CHECK(sets[2].places == Places{0, 4, 9, 14, 19, 24, 29});
  CHECK(sets[6].places == Places{0, 34, 69, 104, 139});
}

TEST_CASE("evaluation: depths are those of the package") {
  // numpy.round(numpy.linspace(0, 100, 15))
  const int linear[] = {0, 7, 14, 21, 29, 36, 43, 50, 57, 64, 71, 79, 86, 93, 100};
  const std::vector<Count> steps = even_steps(0, 100, 15);
  REQUIRE(steps.size() == std::size(linear));
  for (std::size_t i = 0; i < steps.size(); ++i) CHECK(steps[i] == linear[i]);
  // Half to even: 0.5, 1.5, 2.5.
  CHECK(even_steps(0, 5, 11) == std::vector<Count>{0, 0, 1, 2, 2, 2, 3, 4, 4, 4, 5});
  const EvaluationGrid sigmoid = evaluation_grid(EvaluationTest::needle, "200k");
  const std::vector<std::uint32_t>& depths = sigmoid.sets.front().places;
  REQUIRE(depths.size() == 35);
  for (std::size_t i = 1; i + 1 < depths.size(); ++i) {
    const double x = 100.0 * static_cast<double>(i) / 34;
    CHECK(depths[i] == std::lround(1000 * 100 / (1 + std::exp(-0.1 * (x - 50)))));
  }
  CHECK(depths.front() == 0);
  CHECK(depths.back() == kFullDepth);
  CHECK(parse_depths("0.896,12.5%,100", "depths") == std::vector<std::uint32_t>{896, 12'500, 100'000});
  CHECK(parse_depths("3", "depths") == std::vector<std::uint32_t>{0, 50'000, 100'000});
  CHECK(depth_text(896) == "0.896");
  CHECK(depth_text(12'500) == "12.5");
}

TEST_CASE("evaluation: answers are decode steps, and reused prefixes are not computed") {
  const SharedModel model = load_model("gemma-2-2b");
  Workload causal;
  causal.convention = causal_convention();
  const Estimator estimator(model, causal);
  const auto prefill = [&](Count n) {
    const Estimate at = estimator.at(n, 1);
    return n == 0 ? Count{} : *at.count(Metric::attention_flops) + *at.count(Metric::linear_flops);
  };
  EvaluationChoices own;
  own.lengths = parse_lengths("5000", "context");
  own.depths = parse_depths("25,100,0", "depths");
  own.trials = 3;
  const EvaluationGrid grid = evaluation_grid(EvaluationTest::needle, "", own);
  const EvaluationAnswer whole = evaluated("gemma-2-2b", grid, 4);
  CHECK(whole.total.prefill_flops() == 9 * prefill(5000));
  Count steps;
  for (const int context : {5001, 5002, 5003}) {
    steps += *estimator.at(context, 1).count(Metric::decode_flops);
  }
  CHECK(whole.total.decode_flops == 9 * steps);
  CHECK(whole.total.logits_flops == 9 * *estimator.at(5000, 1).count(Metric::logits_flops));
  CHECK(whole.rows[0].peak_tokens == 5003);
  CHECK(whole.rows[0].kv_cache_bytes == estimator.at(5003, 1).count(Metric::kv_cache_bytes));

  // 4,800 tokens of haystack: one prompt whole, two begin 4,800 tokens in, three at 1,200.
  const EvaluationAnswer reused = evaluated("gemma-2-2b", grid, 4, true);
  CHECK(reused.total.prompt_tokens == 45'000);
  CHECK(reused.total.prefill_tokens == 45'000 - 2 * 4800 - 3 * 1200);
  CHECK(reused.total.prefill_flops() == 9 * prefill(5000) - 2 * prefill(4800) - 3 * prefill(1200));
  CHECK(reused.total.decode_flops == whole.total.decode_flops);

  EvaluationChoices middle;
  middle.documents = LengthList(10);
  middle.examples = 7;
  const EvaluationAnswer documents =
      evaluated("gemma-2-2b", evaluation_grid(EvaluationTest::lost_in_the_middle, "", middle), 0, true);
  CHECK(documents.total.prefill_tokens == 7 * (3 * 2000 - 4 * 200));
  CHECK(fault_of([&] { evaluated("bert-base-uncased", grid, 0, true); }).find("prefix_reuse") != std::string::npos);
}

TEST_CASE("evaluation: a plan lists every prompt once, with the same seeds everywhere") {
  EvaluationChoices own;
  own.lengths = parse_lengths("1000,3000", "context");
  own.depths = parse_depths("0,100", "depths");
  own.trials = 3;
  own.needles = 4;
  const EvaluationPlan plan(evaluation_grid(EvaluationTest::needle, "", own), 1'234'567);
  CHECK(plan.size() == 12);
  Count id;
  std::set<std::uint32_t> seeds;
  plan.for_each([&](const EvaluationPrompt& prompt) {
    CHECK(prompt.id == id);
    const EvaluationPrompt found = plan.at(id);
    CHECK(found.set == prompt.set);
    CHECK(found.cell == prompt.cell);
    CHECK(found.repeat == prompt.repeat);
    CHECK(found.seed == prompt.seed);
    seeds.insert(prompt.seed);
    id += 1;
  });
  CHECK(id == 12);
  CHECK(seeds.size() == 12);
  // The first outputs of SplitMix64 from 1234567: 6457827717110365317, 3203168211198807973.
  CHECK(prompt_seed(1'234'567, 0) == 6457827717110365317U >> 32);
  CHECK(prompt_seed(1'234'567, 1) == 3203168211198807973U >> 32);
  // Needles of 2,800 tokens of haystack from its start: a quarter behind one another.
  const EvaluationSet& set = plan.grid().sets[1];
  for (int needle = 0; needle < 4; ++needle) CHECK(tokens_before(plan.grid(), set, 0, needle) == 700 * needle);
  CHECK(tokens_before(plan.grid(), set, kFullDepth, 3) == 2800);
}

TEST_CASE("evaluation: scores fill a heatmap and a U-shaped curve") {
  const std::string lines = scored_line(0, 1000, "1.0") + scored_line(1, 1000, "false") + scored_line(2, 1000, "0.5") +
                            "\n" + scored_line(3, 2000, "0.7") + scored_line(4, 2000, "1e-1");
  const EvaluationScores scores = score(small_plan(), parse_evaluation_results(lines, "lines"));
  CHECK(scores.planned == 6);
  CHECK(scores.missing() == 1);
  CHECK(scores.notes.size() == 1);
  CHECK(scores.total.sum == Count{kFullScore} / 10 * 23);
  CHECK(scores.total.mean() == 0.46);
  CHECK(scores.sets[0].mean() == 0.5);
  CHECK_FALSE(scores.cells[1][2].mean());
  REQUIRE(scores.curves.size() == 3);
  const ScoreCurve& curve = scores.curves[0];
  CHECK(curve.points[0].score.mean() == 0.85);
  CHECK(curve.worst == 1U);
  CHECK(curve.best == 0U);
  CHECK(curve.middle.mean() == 0.05);
  CHECK(curve.drop() == doctest::Approx(0.8));
  CHECK(curve.primacy() == doctest::Approx(0.8));
  CHECK(curve.recency() == doctest::Approx(0.45));
  CHECK(curve.u_shaped() == true);
  CHECK_FALSE(scores.curves[2].u_shaped().has_value());

  // Falling from the first place to the last is no U.
  const std::string falling = scored_line(0, 1000, "1") + scored_line(1, 1000, "0.5") + scored_line(2, 1000, "0");
  const ScoreCurve slope = score(small_plan(), parse_evaluation_results(falling, "lines")).curves[0];
  CHECK(slope.u_shaped() == false);
  CHECK(slope.worst == 2U);
  CHECK(slope.recency() == doctest::Approx(-0.5));
}

TEST_CASE("evaluation: results that are not those of the plan are refused at their place") {
  struct Row {
    std::string lines;
    const char* fault;
  };
  const Row rows[] = {
      {"", "lines: expected a line of JSON for each prompt with its score, found none"},
      {scored_line(0, 1000, "85"),
       "lines: line 1: /score: expected a number from 0 to 1, true or false, found 85 (divide a percentage by 100)"},
      {scored_line(0, 1000, "-1"), "lines: line 1: /score: expected a number from 0 to 1, true or false, found -1"},
      {scored_line(0, 1000, "1.0000000000000000001"), "line 1: /score: expected"},
      {scored_line(0, 1000, "\"1\""), "line 1: /score: expected a number from 0 to 1, true or false, found \"1\""},
      {scored_line(0, 1000, "null"), "line 1: /score: expected a number from 0 to 1, true or false, found null"},
      {"{\"id\": 0}", "lines: line 1: /score: expected a number from 0 to 1, true or false, found nothing"},
      {scored_line(0, 1000, "1") + "[1]", "lines: line 2: expected an object with \"id\" and \"score\", found"},
      {scored_line(6, 1000, "1"), "lines: line 1: /id: expected a prompt of the plan, from 0 to 5, found 6"},
      {scored_line(1, 2000, "1"), "lines: line 1: /length: expected 1000 of prompt 1 in the plan, found 2000"},
      {"{\"id\": 1, \"task\": \"needle\", \"length\": 1000, \"depth\": 12.5, \"score\": 1}",
       "line 1: /depth: expected 50 of prompt 1 in the plan, found 12.5"},
      {"{\"id\": 1, \"task\": \"oracle\", \"length\": 1000, \"score\": 1}",
       "line 1: /task: expected \"needle\" of prompt 1 in the plan, found \"oracle\""},
      {scored_line(0, 1000, "1") + scored_line(0, 1000, "1"),
       "lines: line 2: /id: expected each prompt once, found 0 in line 1 before"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.lines);
    const std::string fault = fault_of([&] { score(small_plan(), parse_evaluation_results(row.lines, "lines")); });
    CHECK_MESSAGE(fault.find(row.fault) != std::string::npos, fault);
  }
}

TEST_CASE("evaluation: parts of a grid that cannot be are refused") {
  using enum EvaluationTest;
  const auto refused = [](EvaluationTest test, const char* preset, const EvaluationChoices& own) {
    return fault_of([&] { evaluation_grid(test, preset, own); });
  };
  EvaluationChoices own;
  own.documents = LengthList(10);
  CHECK(refused(needle, "", own).find("belongs to `evaluate lost-in-the-middle`") != std::string::npos);
  own.gold_positions = LengthList(10);
  CHECK(refused(lost_in_the_middle, "", own).find("expected positions from 0 to 9 of 10 documents, found 10") !=
        std::string::npos);
  CHECK(refused(needle, "packag", {}).find("did you mean \"package\"?") != std::string::npos);
  own = {};
  own.depths = {5000, 5000};
  CHECK(refused(needle, "", own).find("5% stands twice") != std::string::npos);
  own.depths.clear();
  own.lengths = parse_lengths("1..1000000:+1", "context");
  CHECK(refused(needle, "", own).find("expected at most 100,000 values") != std::string::npos);
  for (const char* depths : {"0", "102", "101%", "1.2345", "a", "50,", "-1"}) {
    CHECK_THROWS_AS(parse_depths(depths, "depths"), InputError);
  }
}
