// The answer of solve as a value: what is answered fits, the next one does not, and what unlocks more does.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <variant>

#include "ctxcost/answer/solve_answer.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/render/answer_text.h"
#include "ctxcost/render/render.h"

using namespace ctxcost;

namespace {

DeploymentQuestion about(const char* model, const char* gpu, std::uint64_t context = 0) {
  DeploymentQuestion question;
  question.models = {std::make_shared<const Model>(load_model(model))};
  question.placements = {{load_accelerator(gpu), 1, std::nullopt}};
  if (context > 0) question.contexts = LengthList(context);
  return question;
}

SolveAnswer only(Unknown unknown, const DeploymentQuestion& question) {
  SolveAnswers solved = solve(unknown, question);
  REQUIRE(solved.answers.size() == 1);
  return std::move(solved.answers.front());
}

Count number(const std::optional<SolvedValue>& value) { return std::get<Count>(value.value()); }
std::string word(const std::optional<SolvedValue>& value) { return std::get<std::string>(value.value()); }

// Llama 3.1 8B: 8,030,261,248 parameters; 2 * 32 * 8 * 128 elements a token; activations of 2,048 tokens and logits of
// one (COST-MODEL 11).
constexpr std::uint64_t kWeights = 8'030'261'248 * 2;
constexpr std::uint64_t kToken = 2 * 32 * 8 * 128 * 2;
constexpr std::uint64_t kActivations = 2048 * 36864 * 2 + 128256 * 4;
constexpr std::uint64_t kCard = 24564ull << 20;  // what an RTX 4090 reports

}  // namespace

TEST_CASE("the longest context by hand: it fits, one more token does not") {
  const SolveAnswer answer = only(Unknown::context, about("llama-3.1-8b", "rtx-4090-24gb"));
  const std::uint64_t tokens = (kCard - kWeights - kActivations) / kToken;
  const std::uint64_t left = kCard - kWeights - kActivations - tokens * kToken;
  CHECK(number(answer.value) == Count{tokens});
  CHECK(answer.bound == "memory");
  CHECK(answer.in_memory->value == Count{tokens});
  CHECK_FALSE(answer.context);
  CHECK(answer.batch == Count{1});
  CHECK(std::get<Count>(answer.fits->value) == Count{tokens});
  CHECK(answer.fits->limit == "");
  CHECK(answer.fits->device_bytes == Count{kCard - left});
  CHECK(std::get<Count>(answer.fits->headroom) == Count{left});
  CHECK(std::get<Count>(answer.does_not_fit->value) == Count{tokens + 1});
  CHECK(answer.does_not_fit->limit == "kv_cache");
  CHECK(std::get<Negative>(answer.does_not_fit->headroom).magnitude == Count{kToken - left});
}

TEST_CASE("unlocks: narrower types and one more card, each with its own answer") {
  const DeploymentQuestion question = about("llama-3.1-8b", "rtx-4090-24gb");
  const SolveAnswer answer = only(Unknown::context, question);
  std::vector<std::string> settings;
  for (const Unlock& unlock : answer.unlocks) {
    CAPTURE(unlock.change.value);
    settings.push_back(std::string(unlock.change.setting) + " " + unlock.change.value);
    CHECK(unlock.answer.value() > number(answer.value));
    DeploymentQuestion changed = question;
    if (unlock.change.setting == "kv_precision") {
      changed.kv_precisions = {parse_kv_precision(unlock.change.value, "test")};
    } else if (unlock.change.setting == "weights") {
      changed.weights = {parse_weight_scheme(unlock.change.value, "test")};
    } else {
      changed.placements.front().gpus = 2;
    }
    CHECK(number(only(Unknown::context, changed).value) == *unlock.answer);
  }
  const std::vector<std::string> expected = {"kv_precision fp8", "kv_precision q8_0", "kv_precision q4_0",
                                             "weights fp8",      "weights int4",      "gpus 2"};
  CHECK(settings == expected);
}

TEST_CASE("a context that the window ends: memory's answer beside it, and the window is what unlocks more") {
  const SolveAnswer answer = only(Unknown::context, about("llama-2-7b", "h100-sxm-80gb"));  // trained for 4,096
  CHECK(number(answer.value) == Count{4096});
  CHECK(answer.bound == "window");
  CHECK(answer.ends_at_window());
  CHECK(*answer.window_status == "trained");
  REQUIRE(answer.unlocks.size() == 1);
  CHECK(answer.unlocks.front().change == Remedy{"beyond_window", "true"});
  CHECK(answer.unlocks.front().answer == answer.in_memory->value);
  CHECK(answer.notes.back().starts_with("memory alone would allow "));
}

TEST_CASE("a batch whose context is beyond the window: nothing fits, and memory is not why") {
  const SolveAnswer answer = only(Unknown::batch, about("llama-2-7b", "h100-sxm-80gb", 8192));
  CHECK(answer.nothing_fits);
  CHECK_FALSE(answer.value);
  CHECK(answer.bound == "window");
  CHECK(*answer.window_status == "beyond");
  CHECK(answer.unlocks.front().change.setting == "beyond_window");
}

TEST_CASE("the engine's refusal is the proof, and nothing unlocks more") {
  DeploymentQuestion question = about("llama-3.2-1b", "h100-sxm-80gb", 4096);
  question.engines = {parse_engine("llama.cpp")};
  const SolveAnswer answer = only(Unknown::batch, question);
  CHECK(number(answer.value) == Count{256});  // llama.cpp LLAMA_MAX_SEQ
  CHECK(answer.bound == "");
  CHECK(answer.does_not_fit->refusal == "it serves at most 256 sequences, found 257");
  CHECK(answer.does_not_fit->limit == "");
  CHECK(answer.unlocks.empty());
}

TEST_CASE("the fewest GPUs: the next fewer over which it can be split is the proof") {
  // 40 query heads over 8 KV heads: 3 do not divide them. 65.5 GB of weights and 8.6 GB of cache are more than two
  // cards of 25.8 GB hold.
  const SolveAnswer answer = only(Unknown::gpus, about("qwen2.5-32b", "rtx-3090-24gb", 32'768));
  CHECK(number(answer.value) == Count{4});
  CHECK(answer.split.name() == "tp=4");
  CHECK(std::get<Count>(answer.does_not_fit->value) == Count{2});
  CHECK(answer.does_not_fit->refusal == "");
  DeploymentQuestion large = about("llama-3.1-405b", "t4-16gb", 131'072);
  large.batches = LengthList(64);
  const SolveAnswer none = only(Unknown::gpus, large);
  CHECK(none.nothing_fits);
  CHECK(none.split.name() == "tp=128");  // as many as it has query heads
  CHECK_FALSE(none.fits);
}

TEST_CASE("types: the widest that fits, every wider one was weighed and does not") {
  for (const Unknown unknown : {Unknown::kv_precision, Unknown::weights}) {
    const SolveAnswer answer = only(unknown, about("llama-3.1-8b", "rtx-4090-24gb", 131'072));
    const auto widest = std::find_if(answer.choices.begin(), answer.choices.end(),
                                     [](const TypeChoice& choice) { return choice.fits; });
    REQUIRE(widest != answer.choices.begin());
    CHECK(answer.choices.front().name == "bf16");
    CHECK(std::is_sorted(answer.choices.begin(), answer.choices.end(),
                         [](const TypeChoice& a, const TypeChoice& b) { return a.bytes > b.bytes; }));
    if (widest == answer.choices.end()) {
      CHECK(answer.nothing_fits);
      CHECK(std::get<std::string>(answer.does_not_fit->value) == answer.choices.back().name);
    } else {
      CHECK(word(answer.value) == widest->name);
      CHECK(std::get<std::string>(answer.does_not_fit->value) == std::prev(widest)->name);
    }
  }
  // 131,072 tokens: in bf16 17.2 GB beside 16.1 GB of weights on 25.8 GB; in q8_0 34 bytes for 32 elements, 9.1 GB.
  CHECK(word(only(Unknown::kv_precision, about("llama-3.1-8b", "rtx-4090-24gb", 131'072)).value) == "q8_0");
}

TEST_CASE("nothing bounds a recurrence's context") {
  const SolveAnswer answer = only(Unknown::context, about("mamba-1.4b-hf", "h100-sxm-80gb"));
  CHECK_FALSE(answer.value);
  CHECK_FALSE(answer.nothing_fits);
  CHECK_FALSE(answer.fits);
  CHECK(answer.unlocks.empty());
}

TEST_CASE("a question has 10,000 points at most; along the unknown it has one") {
  DeploymentQuestion question = about("llama-3.1-8b", "h100-sxm-80gb", 4096);
  question.contexts = parse_lengths("1..10001:+1", "");
  const auto fault = [&](Unknown unknown) -> std::string {
    try {
      solve(unknown, question);
    } catch (const InputError& error) {
      return error.what();
    }
    return "answered";
  };
  CHECK(fault(Unknown::batch) ==
        "solve: expected at most 10,000 points, found 10,001 (`ctxcost scale` writes any number)");
  CHECK(fault(Unknown::context) == "answered");
}

TEST_CASE("what cannot be answered is left out with its reason, without a word of the command line") {
  DeploymentQuestion question = about("llama-3.1-8b", "h100-sxm-80gb", 4096);
  question.placements = {};
  question.settings.kv_memory = Count{std::uint64_t{1} << 30};
  const SolveAnswers solved = solve(Unknown::gpus, question);
  CHECK(solved.answers.empty());
  CHECK_FALSE(solved.any());
  REQUIRE(solved.left_out.size() == 1);
  CHECK(std::string(solved.left_out.front().what()) == "gpus: expected a GPU to count, found none");
}

TEST_CASE("several answers: the best comes first, and each names the type in which it differs") {
  RenderOptions quiet;
  quiet.quiet = true;
  const auto page = [&](Unknown unknown, const DeploymentQuestion& question) {
    return render(solve(unknown, question), "table", quiet);
  };
  DeploymentQuestion question = about("llama-3.1-8b", "t4-16gb", 8192);
  question.weights = {parse_weight_scheme("bf16", "test"), parse_weight_scheme("int4", "test")};
  // 16.06 GB of weights are more than 16 GiB less what the driver keeps; two cards hold them, and one a quarter of it.
  CHECK(page(Unknown::gpus, question) ==
        "gpus: 1 device at least (Llama-3.1-8B, 8,192 tokens x 1 on t4-16gb, weights int4); 2 of 2 fit\n\n"
        "gpus: 2 devices (Llama-3.1-8B, 8,192 tokens x 1 on t4-16gb, weights bf16)\n"
        "gpus: 1 device (Llama-3.1-8B, 8,192 tokens x 1 on t4-16gb, weights int4)\n");
  // Of contexts the longest is the best: an RTX 4090 holds more than an L4.
  question = about("llama-3.1-8b", "l4-24gb");
  question.placements.push_back({load_accelerator("rtx-4090-24gb"), 1, std::nullopt});
  const std::uint64_t tokens = (kCard - kWeights - kActivations) / kToken;
  const std::string best = with_separators(tokens);
  CHECK(page(Unknown::context, question)
            .starts_with("context: " + best +
                         " tokens at most (Llama-3.1-8B x 1 on 1 x rtx-4090-24gb); 2 of 2 fit\n\ncontext: "));
  question.placements.pop_back();
  CHECK(page(Unknown::context, question).starts_with("context: "));
  CHECK(page(Unknown::context, question).find("at most") == std::string::npos);
}
