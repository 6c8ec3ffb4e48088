// Machines whose cards differ: names, places, memory against each card, times of the slowest, the fewest of a stock.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/machine.h"
#include "ctxcost/deployment/solve.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

constexpr Count kMiB = 1 << 20;

Machine machine(std::string_view name, const std::vector<Fraction>& utilizations = {}) {
  return machine_of(parse_machine(name), utilizations, "utilization");
}

Setup setup_on(std::string_view cards, std::string_view model, std::string_view engine, std::string_view parallel,
               std::string_view weights = "", const std::vector<Fraction>& utilizations = {}) {
  Setup setup{load_model(model), {}, parse_engine(engine), {}};
  setup.workload.convention = causal_convention();
  if (!weights.empty()) setup.workload.weights = parse_weight_scheme(weights, "weights");
  set_cards(setup.settings, machine(cards, utilizations));
  setup.settings.parallelism = parse_parallelism(parallel);
  return setup;
}

std::vector<std::string> cards_of(const DeploymentEstimate& estimate) {
  std::vector<std::string> cards;
  for (const DeviceMemory& device : estimate.devices) {
    cards.push_back(to_string(device.stage) + " " + to_string(device.devices) + " " + device.card->gpu.id);
  }
  return cards;
}

std::string fault_of(const Setup& setup) {
  try {
    const Deployment deployment(setup);
    return "";
  } catch (const InputError& error) {
    const Diagnostic& first = error.diagnostics().front();
    return first.message + (first.hint.empty() ? "" : " (" + first.hint + ")");
  }
}

double real(const DeploymentEstimate& estimate, Metric metric) { return std::get<double>(estimate[metric]); }

// Qwen3-32B in Q8_0: a layer has 2*5120*8192 + 2*5120*1024 + 3*5120*25600 elements in blocks of 32, which take 34
// bytes, and 2*5120 + 2*128 norms in F32; a matrix of the vocabulary has 151,936 rows of 5,120. [the model's
// config.json]
constexpr Count kLayerElements = 487'587'840;
constexpr Count kLayer = kLayerElements / 32 * 34 + (2 * 5120 + 2 * 128) * 4;
constexpr Count kVocabulary = Count{151'936} * 5120 / 32 * 34;
// Keys and values of 8 heads of 128 in 2 bytes for 16,384 cells.
constexpr Count kLayerCache = Count{2 * 8 * 128 * 2} * 16'384;

}  // namespace

TEST_CASE("a machine is its parts in order, and a plus sign of a name is none") {
  const MachineChoice choice = parse_machine("3090:2+4090");
  REQUIRE(choice.parts.size() == 2);
  CHECK(choice.parts[0].gpu.id == "rtx-3090-24gb");
  CHECK(choice.parts[0].count == Count{2});
  CHECK(choice.parts[1].gpu.id == "rtx-4090-24gb");
  CHECK_FALSE(choice.parts[1].count);

  const Machine three = machine("3090:2+4090+rtx-3060-12gb:3");
  CHECK(three.name() == "rtx-3090-24gb:2+rtx-4090-24gb+rtx-3060-12gb:3");
  CHECK(three.cards() == 6);
  std::string groups;
  for (Count card = 0; card < 6; card += 1) groups += std::to_string(three.group_of(card));
  CHECK(groups == "001222");
  CHECK(three.memory() == (2 * 24'576 + 24'564 + 3 * 12'288) * kMiB);
  CHECK(machine("4090+3090+4090").kinds().size() == 2);

  CHECK(parse_machine("4090").parts.size() == 1);
  CHECK(parse_machine("Ryzen AI Max+ 395 128GB").parts.size() == 1);
  CHECK(parse_machine("4090+Ryzen AI Max+ 395 128GB").parts.size() == 2);
  CHECK_THROWS_WITH_AS(parse_machine("Ryzen AI Max+ 395"), doctest::Contains("\"Ryzen AI Max+ 395\" may be"),
                       InputError);
  CHECK_THROWS_WITH_AS(parse_machine("3090+4091"), doctest::Contains("unknown GPU \"4091\""), InputError);
  CHECK_THROWS_AS(parse_machine("3090+"), InputError);
  CHECK_THROWS_AS(parse_machine("3090:2+4090:0"), InputError);
  CHECK_THROWS_AS(parse_machine("3090:40000+4090:40000"), InputError);
  // Where one kind is asked for, two are refused.
  CHECK_THROWS_WITH_AS(parse_gpu("3090+4090"), doctest::Contains("expected one kind of GPU, found \"3090+4090\""),
                       InputError);
}

TEST_CASE("cards of one kind are no machine of unequal cards, unless their shares differ") {
  DeploymentSettings settings;
  set_cards(settings, machine("4090+rtx-4090-24gb:2"));
  CHECK(settings.gpu->id == "rtx-4090-24gb");
  CHECK_FALSE(settings.machine);
  set_cards(settings, machine("4090+4090", {{9, 10}, {8, 10}}));
  CHECK_FALSE(settings.gpu);
  CHECK(settings.cards_name() == "rtx-4090-24gb+rtx-4090-24gb");
  set_cards(settings, machine("3090+4090"));
  CHECK(settings.has_cards());
  CHECK(settings.kinds().size() == 2);
  CHECK_THROWS_WITH_AS(machine("3090+4090", {{9, 10}, {8, 10}, {7, 10}}),
                       "utilization: expected 2 shares, one for each part of the GPU \"3090+4090\", found 3 "
                       "(one share holds for all cards)",
                       InputError);
}

// 65 slots (64 layers and the output) over 24,576 and 24,564 MiB: the first device ends at ceil(65 * 24,576 / 49,140) =
// ceil(32.51) = 33 [llama.cpp src/llama-model.cpp load_tensors]. The input embedding stays in host memory.
TEST_CASE("a 3090 and a 4090 under llama.cpp: layers by memory, each card against its own") {
  const Setup setup = setup_on("3090+4090", "qwen3-32b", "llama.cpp", "pp=2", "Q8_0");
  const Deployment deployment(setup);
  const DeploymentEstimate estimate = deployment.at(16'384, 1);
  REQUIRE(cards_of(estimate) == std::vector<std::string>{"0 1 rtx-3090-24gb", "1 1 rtx-4090-24gb"});
  const DeviceMemory& first = estimate.devices[0];
  const DeviceMemory& second = estimate.devices[1];
  CHECK(first.weights == 33 * kLayer);
  CHECK(first.weights == Count{17'097'434'112});
  CHECK(first.kv_reserved == 33 * kLayerCache);
  CHECK(second.weights == 31 * kLayer + kVocabulary + 5120 * 4);
  CHECK(second.weights == Count{16'887'778'304});
  CHECK(second.kv_reserved == 31 * kLayerCache);
  // 512 rows of two widths of 5,120 in F32 are more than 512 rows of a mask of 16,384 in 2 bytes; or the logits.
  CHECK(first.activations == Count{512 * 2 * 5120 * 4});
  CHECK(second.activations == Count{512} * (151'936 + 2 * 5120) * 4);
  CHECK(first.capacity == 24'576 * kMiB);
  CHECK(second.capacity == 24'564 * kMiB);

  // 19,332,998,144 bytes of 25,769,803,776, and 19,300,289,536 of 25,757,220,864: the 3090 has less left.
  CHECK(estimate.largest == 0);
  CHECK(estimate.count(Metric::device_bytes) == Count{19'332'998'144});
  CHECK(estimate.count(Metric::headroom_bytes) == Count{6'436'805'632});
  CHECK(estimate.count(Metric::total_bytes) == Count{19'332'998'144 + 19'300'289'536});
  CHECK(deployment.total_capacity() == 49'140 * kMiB);
  CHECK_FALSE(deployment.capacity());

  // A step reads all weights but the input embedding, and the cache. Stages run one after another.
  const double seconds = (33 * kLayer + 33 * kLayerCache).to_double() / 936e9 +
                         (31 * kLayer + kVocabulary + 5120 * 4 + 31 * kLayerCache).to_double() / 1008e9;
  CHECK(real(estimate, Metric::decode_seconds_per_token) == doctest::Approx(seconds).epsilon(1e-9));
  CHECK(seconds == doctest::Approx(0.039450119));
}

TEST_CASE("llama.cpp's own proportions split a machine, whatever its cards") {
  // 65 slots as 3 to 1: ceil(65 * 3 / 4) = 49 layers, then 15 and the output.
  const Setup setup = setup_on("3090+rtx-3060-12gb", "qwen3-32b", "llama.cpp:split=3+1", "pp=2", "Q8_0");
  const DeploymentEstimate estimate = Deployment(setup).at(512, 1);
  CHECK(estimate.devices[0].weights == 49 * kLayer);
  CHECK(estimate.devices[1].weights == 15 * kLayer + kVocabulary + 5120 * 4);
  // By memory: ceil(65 * 24,576 / 36,864) = 44 of them on the 3090.
  const Setup by_memory = setup_on("3090+rtx-3060-12gb", "qwen3-32b", "llama.cpp", "pp=2", "Q8_0");
  CHECK(Deployment(by_memory).at(512, 1).devices[0].weights == 44 * kLayer);
}

TEST_CASE("tensor ranks hold equal shards: the smallest card binds memory, the slowest times, the slowest link sums") {
  const Setup setup = setup_on("3090+4090", "llama-3.1-8b", "ideal", "tp=2");
  const DeploymentEstimate estimate = Deployment(setup).at(8192, 1);
  REQUIRE(cards_of(estimate) == std::vector<std::string>{"0 1 rtx-3090-24gb", "0 1 rtx-4090-24gb"});
  // Two bytes of each parameter: a half of 8,030,261,248 but for the 65 norms of 4,096, which both hold.
  const Count weights = (Count{8'030'261'248} - 65 * 4096) + 65 * 4096 * 2;
  CHECK(estimate.devices[0].weights == weights);
  CHECK(estimate.devices[1].weights == weights);
  CHECK(estimate.devices[0].bytes() == estimate.devices[1].bytes());
  CHECK(estimate.largest == 1);
  CHECK(estimate.capacity == 24'564 * kMiB);
  CHECK(estimate.count(Metric::headroom_bytes) == 24'564 * kMiB - *estimate.devices[1].bytes());

  // Without the other half of the input embedding, but one row of it; half of 131,072 bytes for each token.
  const Count read = weights - Count{128'256} * 4096 + 4096 + Count{8192} * 65'536;
  CHECK(estimate.decode->memory_seconds == doctest::Approx(read.to_double() / 936e9).epsilon(1e-9));
  // 64 sums of 4,096 elements, of which each device sends two halves of 2 bytes each, at 31.5 GB/s of PCIe.
  CHECK(*estimate.decode->interconnect_seconds == doctest::Approx(64 * 4096 * 2.0 / 31.5e9).epsilon(1e-9));

  // Two devices of either kind alone bound it: it is as slow as the slower pair on each side.
  Setup pair = setup;
  set_cards(pair.settings, machine("3090:2"));
  const DeploymentEstimate slow = Deployment(pair).at(8192, 1);
  CHECK(estimate.prefill->compute_seconds == doctest::Approx(slow.prefill->compute_seconds).epsilon(1e-12));
  CHECK(estimate.count(Metric::critical_batch) == slow.count(Metric::critical_batch));
  set_cards(pair.settings, machine("4090:2"));
  const DeploymentEstimate small = Deployment(pair).at(8192, 1);
  CHECK(estimate.count(Metric::kv_capacity_tokens) == small.count(Metric::kv_capacity_tokens));
  CHECK(real(estimate, Metric::max_concurrency) == real(small, Metric::max_concurrency));
}

TEST_CASE("devices take the cards in order: tensor ranks within stages, stages within replicas") {
  const std::string_view cards = "3090+4090:2+rtx-3060-12gb";
  const Count batch = 1;
  CHECK(cards_of(Deployment(setup_on(cards, "llama-3.2-1b", "ideal", "tp=2,pp=2")).at(512, batch)) ==
        std::vector<std::string>{"0 1 rtx-3090-24gb", "0 1 rtx-4090-24gb", "1 1 rtx-4090-24gb", "1 1 rtx-3060-12gb"});
  CHECK(cards_of(Deployment(setup_on(cards, "llama-3.2-1b", "ideal", "tp=4")).at(512, batch)) ==
        std::vector<std::string>{"0 1 rtx-3090-24gb", "0 2 rtx-4090-24gb", "0 1 rtx-3060-12gb"});
  // Two replicas of two stages: 3090 and 4090, then 4090 and 3060.
  CHECK(cards_of(Deployment(setup_on(cards, "llama-3.2-1b", "ideal", "pp=2,dp=2")).at(512, batch)) ==
        std::vector<std::string>{"0 1 rtx-3090-24gb", "0 1 rtx-4090-24gb", "1 1 rtx-4090-24gb", "1 1 rtx-3060-12gb"});
  CHECK(device_number(parse_parallelism("tp=2,pp=3,dp=2"), 2, 3) == 11);
  CHECK(device_number(parse_parallelism("tp=2,pp=3,dp=2"), 1, 1) == 3);
  CHECK(fault_of(setup_on(cards, "llama-3.2-1b", "ideal", "tp=2")) ==
        "tp=2 has 2 devices, rtx-3090-24gb+rtx-4090-24gb:2+rtx-3060-12gb has 4 cards");
}

TEST_CASE("the card without enough memory is the limit, and the one with too little left makes it tight") {
  // 8.03 GB of weights, 0.09 of activations and 65,536 bytes a token on each rank, of 12.88 GB on the small card.
  const Setup setup = setup_on("3090+rtx-3060-12gb", "llama-3.1-8b", "ideal", "tp=2");
  const Deployment deployment(setup);
  const DeploymentEstimate tight = deployment.at(64'000, 1);
  CHECK(tight.verdict() == "tight");
  CHECK(deployment.margin_note(tight) ==
        "tight: less than 5% of the 12,884,901,888 usable bytes of rtx-3060-12gb stays free (margin)");
  const DeploymentEstimate over = deployment.at(100'000, 1);
  CHECK(over.verdict() == "does not fit");
  CHECK(over.limit == "kv_cache");
  CHECK(over.devices[over.limited].card->gpu.id == "rtx-3060-12gb");
  CHECK(over.largest == over.limited);
  CHECK(std::holds_alternative<Negative>(over[Metric::headroom_bytes]));
  // The longest context is that of two of the small card.
  Setup small = setup;
  set_cards(small.settings, machine("rtx-3060-12gb:2"));
  CHECK(max_context(deployment, 1).value == max_context(Deployment(small), 1).value);
}

TEST_CASE("each part of a machine may have a share of its own") {
  const Setup setup = setup_on("3090+4090", "llama-3.1-8b", "ideal", "tp=2", "", {{9, 10}, {8, 10}});
  const Deployment deployment(setup);
  const DeploymentEstimate estimate = deployment.at(512, 1);
  CHECK(estimate.devices[0].capacity == 24'576 * kMiB * 9 / 10);
  CHECK(estimate.devices[1].capacity == 24'564 * kMiB * 8 / 10);
  CHECK_FALSE(deployment.utilization());
  // Without them all take the engine's.
  const Deployment vllm(setup_on("3090+4090", "llama-3.1-8b", "vllm", "tp=2"));
  CHECK(*vllm.utilization() == Fraction{90, 100});
  CHECK(vllm.at(512, 1).devices[1].capacity == 24'564 * kMiB * 9 / 10);
}

TEST_CASE("notes speak of each kind of card once") {
  // The 3090 has no peak in fp8, the 4090 has.
  const Setup setup = setup_on("3090+4090+3090", "llama-3.2-3b", "ideal", "pp=3", "fp8");
  std::vector<std::string> notes = Deployment(setup).notes();
  const auto speak = [&](std::string_view words) {
    return std::count_if(notes.begin(), notes.end(),
                         [&](const std::string& note) { return note.find(words) != note.npos; });
  };
  CHECK(speak("no peak is published for fp8 on rtx-3090-24gb: that of bf16 is taken") == 1);
  CHECK(speak("rtx-4090-24gb") == 0);
  CHECK(speak("cards differ: each device is judged against its own") == 1);
}

// Of 64 layers of 487,587,840 + 10,496 parameters in bf16; one matrix of the vocabulary at either end.
TEST_CASE("pp=16+48 gives the layers of each stage") {
  const Parallelism given = parse_parallelism("tp=2,pp=16+48");
  CHECK(given.pipeline == 2);
  CHECK(given.devices() == 4);
  CHECK(given.name() == "tp=2,pp=16+48");
  CHECK(parse_parallelism(given.name()) == given);
  CHECK_FALSE(parse_parallelism("pp=2") == parse_parallelism("pp=32+32"));

  const DeploymentEstimate estimate =
      Deployment(setup_on("h100-sxm-80gb:2", "qwen3-32b", "ideal", "pp=16+48")).at(1, 1);
  const Count layer = (kLayerElements + 2 * 5120 + 2 * 128) * 2;
  const Count matrix = Count{151'936} * 5120 * 2;
  CHECK(estimate.devices[0].weights == 16 * layer + matrix);
  CHECK(estimate.devices[1].weights == 48 * layer + matrix + 5120 * 2);

  CHECK(fault_of(setup_on("h100-sxm-80gb:2", "qwen3-32b", "ideal", "pp=16+32")) ==
        "pp=16+32: expected the 64 layers of the model, found 48");
  CHECK(fault_of(setup_on("h100-sxm-80gb:2", "qwen3-32b", "llama.cpp", "pp=16+48")) ==
        "pp=16+48: llama.cpp places layers by a setting of its own (split of the engine, whose last layer is the "
        "output: split=16+33 of 48 layers)");
  // As llama.cpp writes it.
  const DeploymentEstimate same =
      Deployment(setup_on("h100-sxm-80gb:2", "qwen3-32b", "llama.cpp:split=16+49", "pp=2", "Q8_0")).at(512, 1);
  CHECK(same.devices[0].weights == 16 * kLayer);

  for (const char* text : {"pp=16+", "pp=+16", "pp=16+0", "pp=16+x", "tp=2+2", "pp=1+99999"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_parallelism(text), InputError);
  }
}

TEST_CASE("the fewest of a stock: the sets of one size in the order of their memory") {
  const auto fewest = [](std::string_view stock, std::string_view engine = "llama.cpp",
                         const std::vector<Fraction>& shares = {}) {
    Setup setup = setup_on(stock, "qwen3-32b", engine, "pp=1", "Q8_0", shares);
    const FewestGpus found = min_gpus(setup, 16'384, 1);
    return (found.gpus ? to_string(*found.gpus) : "none") + " " + found.cards->name();
  };
  // 34 GB of weights, 4.3 GB of cache.
  CHECK(fewest("3090:2+rtx-6000-ada-48gb+4090") == "1 rtx-6000-ada-48gb");
  CHECK(fewest("4090+3090:2") == "2 rtx-3090-24gb:2");  // 24,576 MiB before 24,564
  CHECK(fewest("rtx-3060-12gb:2+4090") == "3 rtx-3060-12gb:2+rtx-4090-24gb");
  CHECK(fewest("rtx-3060-12gb:2+rtx-4060-8gb") == "none rtx-3060-12gb:2+rtx-4060-8gb");
  // The largest pair does not hold it: a tenth of the large card is less than two thirds of the model.
  CHECK(fewest("rtx-6000-ada-48gb+4090+3090", "llama.cpp", {{1, 10}, {1, 1}, {1, 1}}) ==
        "2 rtx-4090-24gb+rtx-3090-24gb");

  const Machine stock = machine("rtx-3060-12gb:2+4090+rtx-6000-ada-48gb");
  CHECK(largest_cards(stock, 1).name() == "rtx-6000-ada-48gb");
  CHECK(largest_cards(stock, 3).name() == "rtx-3060-12gb+rtx-4090-24gb+rtx-6000-ada-48gb");
  Setup large = setup_on("3090:64+4090:64", "qwen3-32b", "llama.cpp", "pp=128", "Q8_0");
  CHECK_THROWS_WITH_AS(fewest_cards(large, 16'384, 1), doctest::Contains("at most 4,096 sets of cards"), InputError);
}

// DeepSeek-V3 [its config.json]: 61 layers of width 7,168, 128 heads, of which three are dense; 256 experts of 2,048.
TEST_CASE("DeepSeek-V3 with tp 8, dp 8 and experts over all 64 devices") {
  Setup setup{load_model("deepseek-v3"), {}, ideal_engine(), {}};
  setup.workload.convention = causal_convention();
  setup.workload.weights = parse_weight_scheme("bf16", "weights");
  setup.settings.gpu = load_accelerator("h100-sxm-80gb");
  setup.settings.parallelism = parse_parallelism("tp=8,dp=8,ep=64");
  const Deployment deployment(setup);
  CHECK(deployment.devices() == 64);
  const DeploymentEstimate estimate = deployment.at(32'768, 16);
  REQUIRE(estimate.devices.size() == 1);
  CHECK(estimate.devices[0].devices == 64);
  // Down-projections and norms whole on every device, heads over 8.
  const Count attention = Count{7168} * 1536 + 1536 + Count{1536} * 128 * 192 / 8 + Count{7168} * (512 + 64) + 512 +
                          Count{512} * 128 * (128 + 128) / 8 + Count{128} * 128 * 7168 / 8 + 2 * 7168;
  const Count dense = Count{3} * 7168 * 18'432 / 8;
  // Router and its bias whole, 256 / 64 experts whole, an eighth of the shared one.
  const Count mixture = 256 * 7168 + 256 + Count{256 / 64} * 3 * 7168 * 2048 + Count{3} * 7168 * 2048 / 8;
  const Count vocabulary = Count{129'280} * 7168 / 8;
  const Count weights = 2 * (61 * attention + 3 * dense + 58 * mixture + 2 * vocabulary + 7168);
  CHECK(weights == Count{26'518'170'624});
  CHECK(estimate.devices[0].weights == weights);
  // Each replica caches its own 16 sequences: latents of 512 + 64 in two bytes, on each of its eight devices.
  const Count cache = Count{16} * 32'768 * 61 * 576 * 2;
  CHECK(estimate.devices[0].kv_reserved == cache);
  // 8 * 16 tokens that choose 8 experts each read all of the 256, and so all four of a device.
  const Count read = weights - 2 * vocabulary + Count{16} * 7168 * 2 / 8 + cache;
  CHECK(estimate.decode->memory_seconds == doctest::Approx(read.to_double() / 3.35e12).epsilon(1e-9));
  CHECK(estimate.count(Metric::total_bytes) == 64 * *estimate.count(Metric::device_bytes));
}
