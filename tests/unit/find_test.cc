// The answer of find: every model that is found fits as `fit` says, in its own types where they fit.
#include "ctxcost/answer/find.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ctxcost/answer/fit.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

FindQuestion on(const char* gpu, std::uint64_t context) {
  FindQuestion question;
  question.devices.placements = {{load_accelerator(gpu), 1, std::nullopt}};
  if (context > 0) question.devices.contexts = LengthList(context);
  return question;
}

const FoundModel* named(const FindAnswer& answer, const std::string& name) {
  const auto row = std::find_if(answer.models.begin(), answer.models.end(),
                                [&](const FoundModel& model) { return model.name == name; });
  return row == answer.models.end() ? nullptr : &*row;
}

/// Whether `fit` says that the model fits in these types; empty types are the model's own.
bool fits(const FindQuestion& asked, const std::string& id, const std::string& weights, const std::string& kv) {
  DeploymentQuestion question = asked.devices;
  question.models = {load_model(id)};
  question.weights.clear();
  question.kv_precisions.clear();
  if (!weights.empty()) question.weights = {parse_weight_scheme(weights, "test")};
  if (!kv.empty()) question.kv_precisions = {parse_kv_precision(kv, "test")};
  return fit(question).fits();
}

std::string own_weights(const std::string& id) { return Estimator(load_model(id), Workload{}).weights().name(); }

std::string error_of(const FindQuestion& question) {
  try {
    find_models(question);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

// Llama 3.1 8B: 8,030,261,248 parameters; 2 * 32 * 8 * 128 elements a token; activations of 2,048 tokens and logits of
// one (docs/cost-model.md section 11).
constexpr std::uint64_t kParameters = 8'030'261'248;
constexpr std::uint64_t kToken = 2 * 32 * 8 * 128 * 2;
constexpr std::uint64_t kActivations = 2048 * 36864 * 2 + 128256 * 4;
constexpr std::uint64_t kCard = 24576ull << 20;  // what an RTX 3090 reports

}  // namespace

TEST_CASE("Llama 3.1 8B on an RTX 3090 by hand") {
  FindQuestion question = on("rtx-3090-24gb", 32768);
  question.families = {"llama"};
  const FindAnswer answer = find_models(question);
  const FoundModel* const model = named(answer, "Llama-3.1-8B");
  REQUIRE(model != nullptr);
  CHECK(model->parameters == Count{kParameters});
  CHECK(model->active_parameters == Count{kParameters});
  CHECK(model->weights == "bf16");
  CHECK(model->kv_precision == "bf16");
  CHECK(model->weights_bytes == Count{kParameters * 2});
  CHECK(model->device_kv_bytes == Count{kToken * 32768});
  CHECK(model->device_bytes == Count{kParameters * 2 + kToken * 32768 + kActivations});
  CHECK(model->headroom_bytes == Count{kCard} - model->device_bytes);
  CHECK(model->max_context == Count{(kCard - kParameters * 2 - kActivations) / kToken});
  CHECK(model->bound == "memory");
  CHECK(model->verdict() == "fits");
}

TEST_CASE("five sequences take five caches") {
  FindQuestion question = on("rtx-3090-24gb", 16384);
  question.families = {"llama"};
  question.devices.batches = LengthList(5);
  const FindAnswer answer = find_models(question);
  const FoundModel* const model = named(answer, "Llama-3.1-8B");
  REQUIRE(model != nullptr);
  // The weights leave room for 9.6 GB; a bf16 cache takes 10.7 GB.
  CHECK(model->weights == "bf16");
  CHECK(model->kv_precision != "bf16");
  CHECK(model->device_kv_bytes < Count{kToken * 16384 * 5});
  CHECK(model->batch == Count{5});
}

TEST_CASE("every model that is found fits as fit says, and in wider types of its own it does not") {
  for (const char* gpu : {"rtx-3090-24gb", "t4-16gb", "h100-sxm-80gb"}) {
    const FindQuestion question = on(gpu, 32768);
    const FindAnswer answer = find_models(question);
    CAPTURE(gpu);
    CHECK(answer.models.size() > 10);
    for (const FoundModel& model : answer.models) {
      CAPTURE(model.name);
      CHECK(fits(question, model.id, model.weights == own_weights(model.id) ? "" : model.weights, model.kv_precision));
      if (model.weights != own_weights(model.id)) CHECK_FALSE(fits(question, model.id, "", ""));
      if (model.max_context && model.bound == "memory") CHECK(*model.max_context >= model.context);
    }
    CHECK(std::is_sorted(answer.models.begin(), answer.models.end(),
                         [](const FoundModel& a, const FoundModel& b) { return a.parameters > b.parameters; }));
    CHECK(answer.tried == Count{catalogue().size()});
    CHECK(answer.tried ==
          Count{answer.models.size()} + answer.beyond_window + answer.too_large + Count{answer.unanswered.size()});
  }
}

TEST_CASE("a model that is not found is beyond its window or does not fit in the narrowest type tried") {
  const FindQuestion question = on("rtx-3090-24gb", 32768);
  const FindAnswer answer = find_models(question);
  Count too_large;
  for (const CatalogueEntry& entry : catalogue()) {
    const std::string name(entry.id.substr(entry.id.rfind('/') + 1));
    if (named(answer, name) != nullptr || name == "article-7b") continue;
    CAPTURE(name);
    const Positions positions = load_model(name).positions;
    const std::optional<Count> window = positions.effective_context;
    if (window && max(*window, positions.trained_context.value()) < Count{32768}) continue;
    too_large += 1;
    CHECK_FALSE(fits(question, std::string(entry.id), "int4", ""));
  }
  CHECK(answer.too_large == too_large);
}

TEST_CASE("types that are asked for are the only ones tried, the widest first") {
  FindQuestion question = on("rtx-3090-24gb", 8192);
  question.families = {"llama"};
  question.devices.weights = {parse_weight_scheme("int4", "test"), parse_weight_scheme("fp8", "test")};
  question.devices.kv_precisions = {parse_kv_precision("fp8", "test")};
  const FindAnswer answer = find_models(question);
  const FoundModel* const small = named(answer, "Llama-3.1-8B");
  REQUIRE(small != nullptr);
  CHECK(small->weights == "fp8");
  CHECK(small->kv_precision == "fp8");
  // 70 billion parameters are 35 GB in 4 bits.
  CHECK(named(answer, "Llama-3.3-70B-Instruct") == nullptr);
}

TEST_CASE("filters: the beginning of a family, and a range of parameters with its ends") {
  FindQuestion question = on("h100-sxm-80gb", 4096);
  question.families = {"qwen3"};
  const FindAnswer qwen = find_models(question);
  CHECK_FALSE(qwen.models.empty());
  for (const FoundModel& model : qwen.models) CHECK(model.family.starts_with("qwen3"));

  question.families.clear();
  question.least_parameters = Count{kParameters};
  question.most_parameters = Count{kParameters};
  CHECK(named(find_models(question), "Llama-3.1-8B") != nullptr);
  question.most_parameters = Count{kParameters - 1};
  question.least_parameters.reset();
  CHECK(named(find_models(question), "Llama-3.1-8B") == nullptr);

  question.families = {"lama"};
  CHECK(error_of(question) == "family: no model of the catalogue is of a family \"lama\"; did you mean \"llama\"?");
}

TEST_CASE("without a context each model is asked for its own; a GPU is needed") {
  const FindAnswer answer = find_models(on("h100-sxm-80gb", 0));
  const FoundModel* const model = named(answer, "Llama-3.1-8B");
  REQUIRE(model != nullptr);
  CHECK_FALSE(answer.context);
  CHECK(answer.beyond_window == Count{0});
  CHECK(model->context == load_model("llama-3.1-8b").positions.trained_context);
  CHECK(error_of(FindQuestion{}) == "gpu: expected a GPU, found none (`ctxcost list gpus` shows all)");
}

TEST_CASE("find says which models take class defaults, four by name, and which are beyond their window") {
  // The configs of gpt_neox leave out attention_bias, and were trained on 2,048 tokens.
  FindQuestion question = on("l4-24gb", 2048);
  question.families = {"gpt_neox"};
  const FindAnswer answer = find_models(question);
  std::vector<std::string> with_defaults;
  for (const FoundModel& model : answer.models) {
    if (!load_model(model.id).assumptions.empty()) with_defaults.push_back(model.name);
  }
  REQUIRE(with_defaults.size() > 5);
  CHECK(with_defaults[0] == "gpt-neox-20b");
  CHECK(with_defaults[1] == "pythia-12b");
  const std::string names = with_defaults[0] + ", " + with_defaults[1] + ", " + with_defaults[2] + ", " +
                            with_defaults[3] + " and " + std::to_string(with_defaults.size() - 4) + " more";
  const std::string defaults = "counted with class defaults for absent keys (`ctxcost show NAME` says which): " + names;
  CHECK(answer.assumptions == std::vector<std::string>{defaults});
  question.devices.contexts = LengthList(2049);
  CHECK(find_models(question).assumptions.empty());  // none is found
  question.devices.settings.beyond_window = true;
  CHECK(find_models(question).assumptions ==
        std::vector<std::string>{defaults, "the context is beyond the window: " + names});
}
