// The answer of fit as a value: its order, its bounds and what would help, from the library alone.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "ctxcost/answer/fit.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

/// One layer with 2 heads of 4; 2 bytes an element. Trained for 10,000 tokens.
constexpr const char* kTiny = R"({"name": "tiny", "layers": 1, "heads": 2, "d_k": 4, "d_model": 8,
  "d_ff": 16, "vocab": 32, "precision": "bf16", "positions": {"encoding": "rope", "trained_context": 10000}})";
/// K and V of one token.
constexpr std::uint64_t kTokenBytes = 2 * 2 * 4 * 2;
/// From here on activations are those of a whole chunk, so that memory grows by the cache alone.
constexpr std::uint64_t kChunk = 2048;

std::shared_ptr<const Model> tiny(const char* text = kTiny) {
  return std::make_shared<const Model>(parse_model(text, "tiny.json"));
}

Accelerator card_of(Count bytes) {
  Accelerator card;
  card.id = "card";
  card.memory_bytes = bytes;
  card.bandwidth_bytes_per_s = 1000;
  card.peak_dense_flops = {{"bf16", 1000}};
  return card;
}

/// One sequence of `context` tokens on a card that holds the model with a cache of `room` tokens and 5 bytes.
DeploymentQuestion on_card_with_room(std::uint64_t room, std::uint64_t context) {
  DeploymentQuestion question;
  question.models = {tiny()};
  const Deployment bare(Setup{question.models.front(), {}, ideal_engine(), {}});
  const Count empty = *bare.at(kChunk, 1).count(Metric::device_bytes) - kChunk * kTokenBytes;
  question.placements = {{card_of(empty + room * kTokenBytes + 5), 1, std::nullopt}};
  question.contexts = LengthList(context);
  return question;
}

std::optional<std::string> remedy_of(const Fit& fit, std::string_view setting) {
  for (const Remedy& remedy : remedies(fit)) {
    if (remedy.setting == setting) return remedy.value;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("a fit has its bounds on both sides: the tokens of the room, and no GPU more than needed") {
  const FitAnswer answer = fit(on_card_with_room(7'000, 5'000));
  REQUIRE(answer.alternatives.size() == 1);
  CHECK(answer.left_out.empty());
  CHECK(answer.fits());
  const Fit& found = answer.alternatives.front();
  CHECK(found.longest_context.value == Count{7'000});
  CHECK(found.longest_in_memory.value == Count{7'000});
  CHECK(bound_of(found) == "memory");
  CHECK(found.estimate.count(Metric::max_context) == Count{7'000});
  CHECK(found.largest_batch.value == Count{1});
  CHECK(found.fewest_gpus->gpus == Count{1});
  CHECK(remedies(found).empty());
}

TEST_CASE("a question has 10,000 points at most, over all of its alternatives") {
  const auto fault = [](const DeploymentQuestion& question) -> std::string {
    try {
      fit(question);
    } catch (const InputError& error) {
      return error.what();
    }
    return "answered";
  };
  DeploymentQuestion question = on_card_with_room(100, 1);
  question.contexts = parse_lengths("1..5001:+1", "");
  question.batches = parse_lengths("1,2", "");
  CHECK(fault(question) == "fit: expected at most 10,000 points, found 10,002 (`ctxcost scale` writes any number)");
  question.batches = LengthList(1);
  question.models.push_back(question.models.front());
  CHECK(fault(question) == "fit: expected at most 10,000 points, found 10,002 (`ctxcost scale` writes any number)");
  question.contexts = parse_lengths("1..1000000000000000:+1", "");
  CHECK(fault(question).starts_with("fit: expected at most 10,000 points, found 1,000,000,000,000,000"));
  question.contexts = parse_lengths("1..50:+1", "");
  CHECK(fault(question) == "answered");
}

TEST_CASE("beyond the window nothing helps but to ask for it or for less") {
  const FitAnswer answer = fit(on_card_with_room(30'000, 15'000));
  const Fit& found = answer.alternatives.front();
  CHECK_FALSE(answer.fits());
  CHECK(found.estimate.limit == "window");
  CHECK(found.longest_context.value == Count{10'000});
  CHECK(found.longest_in_memory.value == Count{30'000});
  CHECK(bound_of(found) == "window");
  const std::vector<Remedy> both = {{"beyond_window", "true"}, {"context", "10000"}};
  CHECK(remedies(found) == both);
}

TEST_CASE("remedies come in the order of what they cost the user, and each is the nearest") {
  // 9,000 tokens where 6,000 go: in int8 they take the room of 4,500, and so they do on each of two cards.
  const FitAnswer answer = fit(on_card_with_room(6'000, 9'000));
  const Fit& found = answer.alternatives.front();
  CHECK(found.estimate.limit == "kv_cache");
  CHECK(remedy_of(found, "context") == "6000");
  CHECK(remedy_of(found, "kv_precision") == "int8");
  CHECK(remedy_of(found, "weights") == std::nullopt);  // less than the 3,000 tokens that are missing
  CHECK(remedy_of(found, "batch") == std::nullopt);    // of one sequence there is no smaller batch
  CHECK(remedy_of(found, "gpus") == "2");
  CHECK(remedy_of(found, "parallel") == std::nullopt);
  std::vector<std::string_view> order;
  for (const Remedy& remedy : remedies(found)) order.push_back(remedy.setting);
  const std::vector<std::string_view> ranked = {"kv_precision", "weights", "gpus", "batch", "context"};
  CHECK(std::is_sorted(order.begin(), order.end(), [&](std::string_view a, std::string_view b) {
    return std::find(ranked.begin(), ranked.end(), a) < std::find(ranked.begin(), ranked.end(), b);
  }));
}

TEST_CASE("every remedy, taken alone, makes it fit") {
  DeploymentQuestion question;
  question.models = {std::make_shared<const Model>(load_model("llama-3.1-8b"))};
  question.placements = {{load_accelerator("rtx-4090-24gb"), 1, std::nullopt}};
  question.contexts = LengthList(65'536);
  question.batches = LengthList(2);
  const Fit found = fit(question).alternatives.front();
  const std::vector<Remedy> ways = remedies(found);
  CHECK(ways.size() == 5);
  for (const Remedy& way : ways) {
    CAPTURE(way.setting);
    DeploymentQuestion changed = question;
    if (way.setting == "context") changed.contexts = LengthList(parse_length(way.value, "test"));
    if (way.setting == "batch") changed.batches = LengthList(parse_length(way.value, "test"));
    if (way.setting == "kv_precision") changed.kv_precisions = {parse_kv_precision(way.value, "test")};
    if (way.setting == "weights") changed.weights = {parse_weight_scheme(way.value, "test")};
    if (way.setting == "gpus") changed.placements.front().gpus = parse_length(way.value, "test");
    CHECK_FALSE(fit(question).fits());
    CHECK(fit(changed).fits());
  }
}

TEST_CASE("the weights advised: of files the widest type that fits, else the usual type") {
  DeploymentQuestion question;
  question.models = {std::make_shared<const Model>(load_model("llama-3.3-70b-instruct"))};
  question.placements = {{load_accelerator("rtx-4090-24gb"), 2, std::nullopt}};
  question.contexts = LengthList(4096);
  question.engines = {parse_engine("llama.cpp")};
  const Fit files = fit(question).alternatives.front();
  std::string widest;
  for (const auto& choice : weight_choices(files.asked.setup, files.context, files.batch)) {
    if (widest.empty() && choice.fits) widest = choice.type.name();
  }
  // 70.6e9 parameters at 5.7 bits are 49.9 GB of 51.5 GB, 0.7 GB of them the input embedding in host memory.
  CHECK(widest == "Q5_K_M");
  CHECK(remedy_of(files, "weights") == widest);
  question.engines = {};
  CHECK(remedy_of(fit(question).alternatives.front(), "weights") == "int4");  // nf4, at 4.5 bits, would do, too
}

TEST_CASE("where the degrees were asked for, more GPUs are a remedy of the split") {
  DeploymentQuestion question = on_card_with_room(6'000, 9'000);
  question.placements.front().split = Parallelism{};
  const Fit found = fit(question).alternatives.front();
  CHECK(remedy_of(found, "parallel") == "tp=2");
  CHECK(remedy_of(found, "gpus") == std::nullopt);
}

TEST_CASE("alternatives: what fits first, then fewer devices, then less memory") {
  DeploymentQuestion question = on_card_with_room(6'000, 5'000);
  const Accelerator card = *question.placements.front().gpu;
  question.placements = {{card, 2, std::nullopt}, {card, 1, std::nullopt}};
  question.contexts = parse_lengths("9000,5000,1000", "test", 1);
  const FitAnswer answer = fit(question);
  REQUIRE(answer.alternatives.size() == 6);
  const auto context_of = [&](std::size_t i) { return answer.alternatives[i].context; };
  const auto devices_of = [&](std::size_t i) { return answer.alternatives[i].deployment->devices(); };
  // On one card 1,000 and 5,000 tokens fit, on two all three do; 9,000 on one is last.
  CHECK(context_of(0) == Count{1'000});
  CHECK(devices_of(0) == Count{1});
  CHECK(context_of(1) == Count{5'000});
  CHECK(devices_of(1) == Count{1});
  CHECK(devices_of(2) == Count{2});
  CHECK(context_of(4) == Count{9'000});
  CHECK(context_of(5) == Count{9'000});
  CHECK(devices_of(5) == Count{1});
  CHECK_FALSE(answer.alternatives[5].estimate.fits);
}

TEST_CASE("a case without an answer is left out with its reason, the others are answered") {
  DeploymentQuestion question = on_card_with_room(6'000, 5'000);
  question.placements.push_back(question.placements.front());
  question.placements.back().gpus = 3;  // of two heads
  const FitAnswer answer = fit(question);
  CHECK(answer.alternatives.size() == 1);
  REQUIRE(answer.left_out.size() == 1);
  CHECK(answer.left_out.front().diagnostics().front().message.find("query heads") != std::string::npos);

  DeploymentQuestion endless = on_card_with_room(6'000, 5'000);
  endless.models = {tiny(R"({"name": "t", "layers": 1, "heads": 2, "d_k": 4, "d_model": 8, "d_ff": 16, "vocab": 32})")};
  endless.contexts = {};
  const FitAnswer unasked = fit(endless);
  CHECK(unasked.alternatives.empty());
  CHECK(std::string(unasked.left_out.front().what()) == "t: it does not state its trained context (give a context)");
}

TEST_CASE("a fit keeps its model: the question may go") {
  std::optional<Fit> kept;
  {
    DeploymentQuestion question = on_card_with_room(6'000, 5'000);
    kept = fit(question).alternatives.front();
  }
  CHECK(kept->asked.setup.model->name == "tiny");
  CHECK(kept->deployment->fits(6'000, 1));
  CHECK_FALSE(kept->deployment->fits(6'001, 1));
}

TEST_CASE("notes: those of every alternative are common, what is tight is of one") {
  DeploymentQuestion question;
  question.models = {std::make_shared<const Model>(load_model("llama-3.1-8b"))};
  question.placements = {{load_accelerator("rtx-4090-24gb"), 1, std::nullopt}};
  question.contexts = parse_lengths("1024,62999", "test", 1);  // 5 % of the card stays free of 62,998 tokens
  question.engines = {parse_engine("vllm:max_batched_tokens=2048")};
  question.settings.utilization = Fraction{1, 1};
  const FitAnswer answer = fit(question);
  const auto any = [](const std::vector<std::string>& notes, std::string_view words) {
    return std::any_of(notes.begin(), notes.end(),
                       [&](const std::string& note) { return note.find(words) != std::string::npos; });
  };
  CHECK(any(common_notes(answer.alternatives), "not counted"));
  CHECK_FALSE(any(common_notes(answer.alternatives), "tight"));
  CHECK_FALSE(any(device_notes(answer.alternatives[0]), "tight"));
  CHECK(any(device_notes(answer.alternatives[1]), "tight"));
  CHECK(any(notes(answer.alternatives[1]), "relies on llama3 scaling"));
}
