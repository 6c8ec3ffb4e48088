// Which types can store which caches: a combination that no storage has is an error, never a wrong number.
#include <doctest/doctest.h>

#include <algorithm>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/load_catalogue.h"
#include "estimate/cache_types.h"
#include "parts_model.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

Model one_layer(const MixerPointer& mixer) {
  return model_of("own", 1, [&](std::uint32_t) { return std::vector{mixer}; });
}

Workload with_kv(std::string_view kv) {
  Workload workload;
  workload.kv = parse_kv_precision(kv, "test");
  return workload;
}

/// The message of the error, or "" when there is none.
std::string refusal(const Model& model, std::string_view kv) {
  try {
    const Estimator estimator(model, with_kv(kv));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("latent records hold latents of 512 + 64, KIVI holds heads") {
  const Model heads = one_layer(full(8, 128));
  const Model latents = one_layer(latent(512, 64, 128, 128, 128));
  const Model indexed = one_layer(latent(512, 64, 128, 128, 128, 128));
  const Model narrow = one_layer(latent(256, 32, 16, 64, 64));
  const Model memory =
      one_layer(std::make_shared<PartsMixer>("infini", shape_of(8, 8, 128, 128), keys_and_values(8, 128, 128, {}),
                                             std::vector<StatePart>{{"memory", 1000, StateType::cache}}));
  struct Row {
    const Model& model;
    const char* kv;
    const char* fault;  // part of the message, or "" where the type fits
  };
  const Row rows[] = {
      {heads, "fp8_ds_mla", "it stores one latent of 512 + 64 elements a token, found keys and values of 128"},
      {heads, "bf16/fp8_ds_mla", "found keys and values of 128"},
      {latents, "fp8_ds_mla", ""},
      {indexed, "fp8_ds_mla", ""},
      {narrow, "fp8_ds_mla", "found a latent of 288"},
      {heads, "kivi", ""},
      {heads, "kivi:group=64", ""},
      {one_layer(full(8, 80)), "kivi", "its groups of 32 do not divide a value of 80"},
      {latents, "kivi", "it stores keys and values of heads, found a latent"},
      {memory, "kivi", "a memory is not rows of heads"},
      {memory, "q8_0", ""},
      {latents, "q8_0/q4_0", ""},  // V's type is not used
  };
  for (const Row& row : rows) {
    CAPTURE(row.kv);
    const std::string found = refusal(row.model, row.kv);
    if (*row.fault == '\0') {
      CHECK(found == "");
    } else {
      CHECK_MESSAGE(found.find(row.fault) != std::string::npos, found);
      CHECK(found.starts_with("kv_precision: \""));
    }
  }
}

TEST_CASE("a V type beside latents is not used, and a note says so") {
  const Model model = one_layer(latent(512, 64, 128, 128, 128));
  const Estimator mixed(model, with_kv("q8_0/fp16"));
  const Estimator plain(model, with_kv("q8_0"));
  CHECK(mixed.at(1000, 1).count(Metric::kv_cache_bytes) == Count{1000} * 612);
  CHECK(plain.at(1000, 1).count(Metric::kv_cache_bytes) == Count{1000} * 612);
  const auto notes = [](const Estimator& estimator) { return estimator.details(1000, 1).notes; };
  CHECK(notes(mixed) ==
        std::vector<std::string>{"a latent cache is of the keys' type; that of the values is not used"});
  CHECK(notes(plain).empty());
}

TEST_CASE("one token more never takes a negative number of bytes, though KIVI packs 128 at once") {
  const Model model = one_layer(full(1, 128));
  const Estimator kivi(model, with_kv("kivi"));
  CHECK(kivi.at(4096, 1).count(Metric::kv_cache_bytes) == Count{419840});
  CHECK(kivi.at(4096, 1).count(Metric::kv_bytes_per_token) == Count{256 + 48});
  CHECK(kivi.at(4095, 1).count(Metric::kv_bytes_per_token) == Count{0});
}

TEST_CASE("the cache alone is sized as in an estimate, and refused where that is") {
  int sized = 0, refused = 0;
  for (const std::string_view id : {"llama-3.1-8b", "gemma-3-27b-it", "deepseek-v3.2", "kimi-linear-48b-a3b-instruct",
                                    "gpt-oss-20b", "jamba-v0.1", "t5-small", "deepseek-v4-flash"}) {
    const CatalogueEntry* const entry = find_in_catalogue(id);
    if (entry == nullptr) continue;
    const SharedModel model = load_catalogue_model(*entry);
    for (const char* const name :
         {"bf16", "q8_0", "q4_1", "fp8", "int8_per_token_head", "kivi2", "nvfp4", "bf16/q8_0"}) {
      CAPTURE(id);
      CAPTURE(name);
      std::optional<Workload> workload;
      try {
        workload = with_kv(name);
      } catch (const InputError&) {
        continue;
      }
      for (const std::uint64_t context : {0U, 1U, 31U, 4097U, 200'000U}) {
        const std::optional<Count> bytes = cache_bytes_of_sequence(*model, *workload->kv, context);
        std::optional<Count> expected;
        try {
          expected = Estimator(model, *workload).at(context, 1).count(Metric::kv_cache_bytes);
        } catch (const InputError&) {
          ++refused;
        }
        CHECK(bytes == expected);
        sized += bytes ? 1 : 0;
      }
    }
  }
  CHECK(sized > 100);
  CHECK(refused >= 10);
}
