// The work and memory of training: the figures of docs/cost-model.md section 15, published ones, and counts by loops.
#include "ctxcost/answer/training.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/training_schedule.h"

using namespace ctxcost;

namespace {

constexpr const char* kGpt3 = R"({"name": "GPT-3 shape", "layers": 96, "heads": 96, "d_k": 128, "d_model": 12288,
  "d_ff": 49152, "ffn": "plain", "vocab": 51200, "tied_embeddings": true, "precision": "bf16"})";

Estimator estimator_of(const SharedModel& model, const char* convention) {
  Workload settings;
  settings.convention = parse_convention(convention);
  return Estimator(model, settings);
}

Count digits(const char* text) { return *parse_digits(text); }

std::string message_of(const auto& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

/// One rank's first group, spread as asked.
Count layer_bytes(const SharedModel& model, Count context, const TrainingMethod& method,
                  const TrainingPlacement& placement) {
  const std::vector<Rank> ranks = split(*model, placement.parallelism);
  return layer_activation_bytes(*ranks[0].model, ranks[0].model->groups[0], context, 1, method, placement).value();
}

}  // namespace

TEST_CASE("training: Llama-3-8B to 1048K in the four stages of its card") {
  // N = 8,030,261,248, 32 layers of 32 heads of 128: Σ tokens (6 N + 12·32·4096·n), or n + 1 for n and half of it.
  const SharedModel model = load_model("llama-3-8b");
  struct Row {
    TrainingStage stage;
    const char* standard;
  };
  const Row rows[] = {{{65'536, 62'914'560}, "9516505582031339520"},
                      {{262'144, 100'663'296}, "46355289555635011584"},
                      {{524'288, 419'430'400}, "366085265506172928000"},
                      {{1'048'576, 838'860'800}, "1423923433776454041600"}};
  const Estimator standard = estimator_of(model, "standard");
  TrainingQuestion question;
  question.model = model;
  for (const Row& row : rows) {
    CHECK(training_work(standard, row.stage, {}).flops() == digits(row.standard));
    question.stages.push_back(row.stage);
  }
  const TrainingAnswer causal = train(question);
  CHECK(causal.total.flops() == digits("957195305353853534208"));
  CHECK(causal.tokens == Count{1'421'869'056});
  CHECK(causal.total.sequences == Count{960 + 384 + 800 + 800});

  question.convention = parse_convention("standard");
  const TrainingAnswer all = train(question);
  CHECK(all.total.flops() == digits("1845880494420293320704"));
  CHECK(all.total.parameter_flops == digits("68507879880762851328"));  // 6 · 8,030,261,248 · 1,421,869,056
  CHECK(all.baseline.context == Count{8192});
  CHECK(all.baseline.flops == digits("86828523164906029056"));
  // 1,421,869,056 (6 N + 12·32·4096·1,048,576)
  CHECK(all.from_start.flops == digits("2413550220251089600512"));

  // One FLOP a multiply-add halves everything.
  question.convention = parse_convention("article");
  CHECK(train(question).total.flops() == digits("922940247210146660352"));
}

TEST_CASE("training: attention of a token of Llama 3.1 405B") {
  // 12 L H d_k n, L = 126, H d_k = 16,384.
  const Estimator estimator = estimator_of(load_model("llama-3.1-405b"), "standard");
  CHECK(training_work(estimator, {8192, 8192}, {}).attention_flops == Count{202'937'204'736} * 8192);
  CHECK(training_work(estimator, {131'072, 131'072}, {}).attention_flops == Count{3'246'995'275'776} * 131'072);
  const Count parameters = *estimator.at(1, 1).count(Metric::parameters);
  CHECK(training_work(estimator, {8192, 8192}, {}).parameter_flops == 6 * parameters * 8192);
}

TEST_CASE("training: the FLOPs of a GPT-3 step as Megatron counts them, and recomputing") {
  const Estimator estimator = estimator_of(parse_model(kGpt3, "gpt3.json"), "standard");
  const TrainingStage step{2048, 2048};
  // 72 b L s h² (1 + s / (6 h) + V / (12 h L)), which leaves out the norms: 2 L + 1 of h parameters.
  const Count norms = Count{6} * (2 * 96 + 1) * 12288 * 2048;
  const TrainingWork plain = training_work(estimator, step, {.flash = false});
  CHECK(*plain.flops() - norms == Count{2'204'555'173'429'248});
  CHECK(plain.hardware_flops() == plain.flops());

  const Count forward_attention = Count{4} * 96 * 12288 * 2048 * 2048;
  CHECK(plain.attention_flops == 3 * forward_attention);
  const Count forward = *plain.flops() / 3;
  struct Row {
    Recompute recompute;
    bool flash;
    Count again;
  };
  // Flash: 2.5 forward passes backward instead of 2, whatever is recomputed besides.
  const Row rows[] = {{Recompute::none, false, 0},
                      {Recompute::selective, false, forward_attention},
                      {Recompute::full, false, forward},
                      {Recompute::none, true, forward_attention / 2},
                      {Recompute::selective, true, forward_attention / 2},
                      {Recompute::full, true, forward + forward_attention / 2}};
  for (const Row& row : rows) {
    CAPTURE(static_cast<int>(row.recompute));
    CAPTURE(row.flash);
    const TrainingWork work = training_work(estimator, step, {.recompute = row.recompute, .flash = row.flash});
    CHECK(work.recomputed_flops == row.again);
    CHECK(work.flops() == plain.flops());
    CHECK(*work.hardware_flops() == *work.flops() + row.again);
  }
}

TEST_CASE("training: tokens that are no whole number of sequences, by a loop over the mask") {
  const SharedModel model = parse_model(R"({"layers": 3, "heads": 2, "d_k": 4, "d_model": 8, "d_ff": 16, "vocab": 32,
      "attention": {"kind": "sliding_window", "window": 3}})",
                                        "tiny.json");
  const Estimator estimator = estimator_of(model, "causal");
  for (std::uint64_t tokens = 1; tokens <= 30; ++tokens) {
    std::uint64_t pairs = 0;
    for (std::uint64_t token = 0; token < tokens; ++token) {
      for (std::uint64_t key = 0; key <= token % 7; ++key) pairs += token % 7 - key < 3 ? 1 : 0;
    }
    const TrainingWork work = training_work(estimator, {7, tokens}, {});
    CAPTURE(tokens);
    CHECK(work.attention_flops == Count{3 * 3 * 2 * 2 * (4 + 4)} * pairs);
    CHECK(work.sequences == Count{(tokens + 6) / 7});
    CHECK(work.last_sequence == Count{tokens % 7});
  }
}

TEST_CASE("training: parameters of experts count where they work") {
  const SharedModel model = parse_model(R"({"layers": 1, "heads": 2, "d_k": 4, "d_model": 8, "vocab": 32,
      "experts": {"count": 4, "active": 1, "d_ff": 16}})",
                                        "experts.json");
  // Attention 4·8·8, router 8·4, one expert 3·8·16, two norms and a final one of 8, embedding and head 32·8 each.
  const Count active = 256 + 32 + 384 + 24 + 512;
  const TrainingWork work = training_work(estimator_of(model, "causal"), {10, 100}, {});
  CHECK(work.parameter_flops == 6 * active * 100);
  CHECK(training_work(estimator_of(model, "article"), {10, 100}, {}).parameter_flops == 3 * active * 100);
}

TEST_CASE("training: three times the mixing of a forward pass, whatever the mixers") {
  for (const char* name : {"gemma-2-9b-it", "mamba-1.4b-hf", "deepseek-v3", "bert-base-uncased", "mixtral-8x7b-v0.1"}) {
    CAPTURE(name);
    const Estimator estimator = estimator_of(load_model(name), "causal");
    const Count forward = *estimator.at(512, 1).count(Metric::attention_flops);
    const Count rest = *estimator.at(100, 1).count(Metric::attention_flops);
    const TrainingWork work = training_work(estimator, {512, 3 * 512 + 100}, {});
    CHECK(work.attention_flops == 3 * (3 * forward + rest));
    CHECK(*work.hardware_flops() >= *work.flops());
  }
  // A recurrence has no scores that are computed again.
  const Estimator mamba = estimator_of(load_model("mamba-1.4b-hf"), "causal");
  CHECK(training_work(mamba, {512, 512}, {}).recomputed_flops == Count{});
}

TEST_CASE("training: what is unknown stays unknown, what leaves 128 bits is an error") {
  const Estimator estimator = estimator_of(load_model("article-7b"), "causal");
  const TrainingWork work = training_work(estimator, {4096, 4096}, {});
  CHECK_FALSE(work.parameter_flops);
  CHECK_FALSE(work.flops());
  CHECK(work.attention_flops == Count{3} * 2 * 2 * 32 * 32 * 128 * (4096 * 4097 / 2));
  const Count huge = digits("100000000000000000000000000000000000000");
  CHECK_THROWS_AS(training_work(estimator_of(load_model("llama-3-8b"), "causal"), {8, huge}, {}), OverflowError);
}

TEST_CASE("activations: the table of Korthikanti 2022 for GPT-3, s = 2048, b = 1, h = 12288, a = 96") {
  const SharedModel model = parse_model(kGpt3, "gpt3.json");
  struct Row {
    Count tensor;
    bool sequence;
    Recompute recompute;
    bool flash;
    std::uint64_t bytes;
  };
  // sbh = 25,165,824; 5 a s / h = 80.
  const Row rows[] = {
      {1, false, Recompute::none, false, 2'868'903'936},      // sbh (34 + 80)
      {8, false, Recompute::none, false, 578'813'952},        // sbh (10 + 24/8 + 80/8)
      {8, true, Recompute::none, false, 358'612'992},         // sbh (34/8 + 80/8)
      {8, true, Recompute::selective, false, 106'954'752},    // 34 sbh / 8
      {8, false, Recompute::selective, false, 327'155'712},   // sbh (10 + 24/8)
      {1, false, Recompute::full, false, 50'331'648},         // 2 sbh
      {8, false, Recompute::full, false, 50'331'648},         // the same, whatever tensor ranks there are
      {8, true, Recompute::none, true, 106'954'752 + 98'304}  // and 4 bytes for each of 12 heads' queries
  };
  for (const Row& row : rows) {
    CAPTURE(to_string(row.bytes));
    TrainingPlacement placement;
    placement.parallelism.tensor = row.tensor;
    placement.sequence_parallel = row.sequence;
    CHECK(layer_bytes(model, 2048, {.recompute = row.recompute, .flash = row.flash, .dropout = true}, placement) ==
          Count{row.bytes});
  }
}

TEST_CASE("activations: a Llama layer under flash attention keeps 168,064 bytes a token") {
  const SharedModel model = load_model("llama-3-8b");
  CHECK(layer_bytes(model, 1, {}, {}) == Count{168'064});
  CHECK(layer_bytes(model, 8192, {}, {}) == Count{1'376'780'288});
  TrainingPlacement cp;
  cp.parallelism.context = 4;
  CHECK(layer_bytes(model, 8192, {}, cp) == Count{1'376'780'288 / 4});
  // Without it 2 bytes a score in place of 4 a query and head.
  CHECK(layer_bytes(model, 8192, {.flash = false}, {}) ==
        Count{1'376'780'288} - 4 * 32 * 8192 + Count{2} * 32 * 8192 * 8192);
}

TEST_CASE("activations: norms and sublayers as the model has them") {
  struct Row {
    const char* layer;
    Count elements;  ///< of a token, 2 bytes each, but for 2 heads' 4 bytes
  };
  // d = 8; Q, K, V and output 4·8; a gated feed-forward 4·16, a plain one 2·16; norms' and sublayers' inputs 8 each.
  const Row rows[] = {{R"("d_ff": 16)", 32 + 64 + 4 * 8},
                      {R"("d_ff": 16, "ffn": "plain")", 32 + 32 + 4 * 8},
                      {R"("d_ff": 16, "norms_per_layer": 4)", 32 + 64 + 6 * 8},
                      {R"("d_ff": 16, "norms_per_layer": 1)", 32 + 64 + 2 * 8},  // parallel: one input of both
                      {R"("ffn": "none", "norms_per_layer": 1)", 32 + 2 * 8},
                      {R"("d_ff": 16, "kv_heads": 1)", 24 + 64 + 4 * 8},
                      {R"("d_ff": 16, "attention": {"kind": "full", "gate": true})", 32 + 16 + 64 + 4 * 8},
                      {R"("experts": {"count": 8, "active": 2, "shared": 1, "d_ff": 16})", 32 + 4 * 48 + 4 * 8}};
  for (const Row& row : rows) {
    CAPTURE(row.layer);
    const SharedModel model = parse_model(
        std::string(R"({"layers": 1, "heads": 2, "d_k": 4, "d_model": 8, "vocab": 32, )") + row.layer + "}", "m.json");
    CHECK(layer_bytes(model, 1, {}, {}) == 2 * row.elements + 2 * 4);
  }
}

TEST_CASE("memory: 16 bytes a parameter, which ZeRO divides") {
  const SharedModel model = load_model("llama-3-8b");
  const Count n = 8'030'261'248;
  const auto state = [&](Count zero, Count data, bool fp32 = false) {
    TrainingPlacement placement;
    placement.zero_stage = zero;
    placement.parallelism.data = data;
    placement.fp32_gradients = fp32;
    const std::vector<TrainingDevice> devices = training_memory(model, {}, placement, 8192, 1);
    REQUIRE(devices.size() == 1);
    CHECK(devices[0].devices == data);
    CHECK(devices[0].parameters == n);
    CHECK(devices[0].activations == Count{32} * 1'376'780'288);
    CHECK(devices[0].logits == Count{4'202'692'608});
    CHECK(devices[0].logits_gradient == Count{4'202'692'608});
    return *devices[0].weights + *devices[0].gradients + *devices[0].optimizer;
  };
  CHECK(state(0, 1) == Count{128'484'179'968});
  CHECK(state(0, 1, true) == 18 * n);
  CHECK(state(0, 8) == 16 * n);
  CHECK(state(1, 8) == 4 * n + 12 * n / 8);
  CHECK(state(2, 8) == 2 * n + 14 * n / 8);
  CHECK(state(3, 8) == 2 * n);
  CHECK(state(3, 1) == 16 * n);
  // 2 N, 2 N and 12 N by 3: 16,060,522,496 leaves 2, so that each is rounded up.
  CHECK(state(3, 3) == 2 * ceil_div(2 * n, 3) + 4 * n);
}

TEST_CASE("memory: stages of a pipeline, tensor ranks, experts") {
  const auto memory = [](const char* model, const char* parallel, Count zero) {
    TrainingPlacement placement;
    placement.parallelism = parse_parallelism(parallel);
    placement.zero_stage = zero;
    return training_memory(load_model(model), {}, placement, 8192, 1);
  };
  // Stage s of 4 keeps 4 - s micro-batches of its 8 layers; the last alone has logits.
  const std::vector<TrainingDevice> stages = memory("llama-3-8b", "pp=4", 0);
  REQUIRE(stages.size() == 4);
  Count parameters;
  for (std::size_t s = 0; s < 4; ++s) {
    CHECK(stages[s].activations == Count{4 - s} * 8 * 1'376'780'288);
    CHECK(stages[s].logits == (s == 3 ? Count{4'202'692'608} : Count{}));
    parameters += *stages[s].parameters;
  }
  CHECK(parameters == Count{8'030'261'248});

  // Norms are whole on each of 8 tensor ranks: 65 of 4,096.
  const std::vector<TrainingDevice> tensor = memory("llama-3-8b", "tp=8", 0);
  REQUIRE(tensor.size() == 1);
  CHECK(tensor[0].parameters == (8'030'261'248 - Count{65 * 4096}) / 8 + 65 * 4096);
  CHECK(tensor[0].activations == Count{32} * 1'376'780'288 / 8);
  CHECK(tensor[0].logits == Count{4'202'692'608 / 8});

  // 8 experts on 8 data-parallel devices: each of one device alone, so that nothing of it can be divided; what is dense
  // is on all 8. Context ranks hold the same parameters, too.
  const Count experts = Count{32} * 8 * 3 * 4096 * 14336;
  const Count dense = 46'702'792'704 - experts;
  const std::vector<TrainingDevice> spread = memory("mixtral-8x7b-v0.1", "dp=8,ep=8", 1);
  REQUIRE(spread.size() == 1);
  CHECK(spread[0].parameters == dense + experts / 8);
  CHECK(spread[0].optimizer == 12 * dense / 8 + 12 * experts / 8);
  CHECK(memory("mixtral-8x7b-v0.1", "dp=4", 1)[0].optimizer == 12 * (dense + experts) / 4);
  CHECK(memory("mixtral-8x7b-v0.1", "dp=2,cp=2", 1)[0].optimizer == 12 * (dense + experts) / 4);
}

TEST_CASE("memory: full recompute keeps inputs, and the layer that is computed again") {
  const TrainingMethod full{.recompute = Recompute::full};
  const std::vector<TrainingDevice> devices = training_memory(load_model("llama-3-8b"), full, {}, 8192, 2);
  CHECK(devices[0].activations == 2 * (Count{32} * 2 * 8192 * 4096 + 1'376'780'288));
}

TEST_CASE("a warm-up spreads its tokens evenly, the remainder on the last context") {
  const std::vector<TrainingStage> stages = warm_up_stages(parse_lengths("4K..64K", "x"), 1003);
  REQUIRE(stages.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(stages[i].context == Count{4096u << i});
    CHECK(stages[i].tokens == Count{i == 4 ? 203u : 200u});
  }
  CHECK(warm_up_stages(parse_lengths("1,2,3", "x"), 3).size() == 3);
  CHECK_THROWS_AS(warm_up_stages(parse_lengths("1,2,3", "x"), 2), InputError);
  CHECK_THROWS_AS(warm_up_stages(parse_lengths("1..1000000000:+1", "x"), 2'000'000'000), InputError);
}

TEST_CASE("stages and schedules are read strictly") {
  const TrainingStage stage = parse_stage("64K:62914560", "--stage");
  CHECK(stage.context == Count{65'536});
  CHECK(stage.tokens == Count{62'914'560});
  CHECK(parse_stage("1:800000m", "--stage").tokens == Count{800'000'000'000});
  for (const char* text : {"", "64K", "64K:", ":1", "0:1", "1:0", "64K:1:2", "64K:1.5", "a:b"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_stage(text, "--stage"), InputError);
  }

  const std::vector<TrainingStage> stages = parse_schedule(
      R"({"stages": [{"context": "64K", "tokens": 62914560}, {"context": 7, "tokens": "1M"}]})", "s.json");
  REQUIRE(stages.size() == 2);
  CHECK(stages[0].tokens == Count{62'914'560});
  CHECK(stages[1].context == Count{7});
  CHECK(stages[1].tokens == Count{1'048'576});
  struct Row {
    const char* text;
    const char* error;
  };
  const Row rows[] = {
      {"[]", "s.json: expected an object with \"stages\", found an empty list"},
      {"{}", "s.json: /stages: expected a list of stages, found nothing"},
      {R"({"stages": []})", "s.json: /stages: expected a list of at least one stage, found an empty list"},
      {R"({"stages": [3]})", "s.json: /stages/0: expected a stage, found 3"},
      {R"({"stages": [{"context": 1, "token": 2}]})",
       "s.json: /stages/0/token: unknown key of a stage; did you mean \"tokens\"?"},
      {R"({"stages": [{"context": 0, "tokens": 2}]})",
       "s.json: /stages/0/context: expected a positive integer, found 0"},
      {R"({"stages": [{"context": "0K", "tokens": 2}]})",
       "s.json: /stages/0/context: expected a positive integer, found \"0K\""},
      {R"({"stages": [{"context": 8, "tokens": 2}], "stage": 1})",
       "s.json: /stage: unknown key of a schedule; did you mean \"stages\"?"},
  };
  for (const Row& row : rows) CHECK(message_of([&] { parse_schedule(row.text, "s.json"); }) == row.error);
}

TEST_CASE("train: times, money and energy of the causal count") {
  TrainingQuestion question;
  question.model = load_model("llama-3-8b");
  question.stages = {{8192, 8192}};
  Accelerator card;
  card.id = "card";
  card.memory_bytes = std::uint64_t{1} << 40;
  card.peak_dense_flops = {{"bf16", 1'000'000'000'000}};
  question.gpu = card;
  const TrainingAnswer bound = train(question);
  const double flops = bound.total.flops()->to_double();
  CHECK(*bound.device_hours == doctest::Approx(flops / 1e12 / 3600).epsilon(1e-12));
  CHECK_FALSE(bound.usd);
  CHECK_FALSE(bound.joules);

  question.mfu = Fraction{2, 5};
  question.usd_per_hour = 2.5;
  question.gpu->tdp_watts = 700;
  question.placement.parallelism.data = 4;
  // Times are those of the pairs that devices compute, however FLOPs are counted.
  question.convention = parse_convention("article");
  const TrainingAnswer timed = train(question);
  CHECK(*timed.device_hours == doctest::Approx(*bound.device_hours * 2.5).epsilon(1e-12));
  CHECK(*timed.hours == doctest::Approx(*timed.device_hours / 4).epsilon(1e-12));
  CHECK(*timed.usd == doctest::Approx(*timed.device_hours * 2.5).epsilon(1e-12));
  CHECK(*timed.joules == doctest::Approx(*timed.device_hours * 3600 * 700).epsilon(1e-12));
  question.watts = 350;
  CHECK(*train(question).joules == doctest::Approx(*timed.joules / 2).epsilon(1e-12));
}

TEST_CASE("train: the verdict turns at the last byte") {
  TrainingQuestion question;
  question.model = load_model("llama-3-8b");
  question.stages = {{8192, 8192}, {1024, 8192}};
  CHECK(train(question).verdict() == "");
  const Count bytes = *train(question).device_bytes();
  CHECK(bytes == Count{128'484'179'968} + Count{32} * 1'376'780'288 + 2 * Count{4'202'692'608});
  Accelerator card;
  card.peak_dense_flops = {{"bf16", 1}};
  card.memory_bytes = bytes;
  question.gpu = card;
  question.margin = {.share = {0, 1}, .bytes = {}};
  CHECK(train(question).verdict() == "fits");
  CHECK(std::get<Count>(train(question).headroom()) == Count{});
  question.margin = {};
  CHECK(train(question).verdict() == "tight");
  question.gpu->memory_bytes = bytes - 1;
  const TrainingAnswer answer = train(question);
  CHECK(answer.verdict() == "does not fit");
  CHECK_FALSE(answer.fits);
  CHECK(std::get<Negative>(answer.headroom()).magnitude == Count{1});
}
