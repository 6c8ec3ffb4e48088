// Figures that articles and tools printed, and the ways of counting that give them (docs/cost-model.md section 16).
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ctxcost/answer/claim.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/input/input.h"

namespace ctxcost {
namespace {

ClaimAnswer readings(const Model& model, const char* context, const char* claim) {
  return find_readings({SharedModel(model), parse_claim(claim, "claim"), parse_length(context, "context"), 1, {}});
}

TEST_CASE("a figure is its digits, its unit, and what it counts") {
  struct Row {
    const char* text;
    ClaimedQuantity quantity;
    Count digits;
    std::uint32_t decimals;
    Count unit;
  };
  const Count tera = 1'000'000'000'000;
  const Row rows[] = {
      {"268 TFLOPs", ClaimedQuantity::flops, 268, 0, tera},
      {"268 TeraFLOPs", ClaimedQuantity::flops, 268, 0, tera},
      {"158.14TFLOP", ClaimedQuantity::flops, 15814, 2, tera},
      {"1.5 GMACs", ClaimedQuantity::macs, 15, 1, 1'000'000'000},
      {"40 GB", ClaimedQuantity::bytes, 40, 0, 1'000'000'000},
      {"40 GiB", ClaimedQuantity::bytes, 40, 0, 1'073'741'824},
      {"1,024 bytes", ClaimedQuantity::bytes, 1024, 0, 1},
      {"16.4 billion scores", ClaimedQuantity::scores, 164, 1, 1'000'000'000},
      {"16.4B", ClaimedQuantity::count, 164, 1, 1'000'000'000},
      {"8.03B parameters", ClaimedQuantity::parameters, 803, 2, 1'000'000'000},
      {"1.0M", ClaimedQuantity::count, 10, 1, 1'000'000},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Claim claim = parse_claim(row.text, "claim");
    CHECK(claim.quantity == row.quantity);
    CHECK(claim.digits == row.digits);
    CHECK(claim.decimals == row.decimals);
    CHECK(claim.unit == row.unit);
  }
  for (const char* text : {"", "GB", "1.2.3 GB", "40 XB", "40 Gi", "40 gigs", "-1 GB", "40 GB of cache"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_claim(text, "claim"), InputError);
  }
}

TEST_CASE("a figure states what rounds to it, half up, and nothing else") {
  const Claim claim = parse_claim("16.4 billion", "claim");
  CHECK(claim.states(16'350'000'000));
  CHECK_FALSE(claim.states(16'349'999'999));
  CHECK(claim.states(16'449'999'999));
  CHECK_FALSE(claim.states(16'450'000'000));
  CHECK(parse_claim("0 bytes", "claim").states(0));
  CHECK_FALSE(parse_claim("0 bytes", "claim").states(1));
}

TEST_CASE("the article's sentences: the first reading is the right one") {
  struct Row {
    const char* model;
    const char* context;
    const char* claim;
    Count value;
    std::vector<std::string> changes;
  };
  const std::string seventy = R"({"layers": 80, "heads": 64, "d_k": 128, "precision": "fp16"})";
  const std::string gib = "powers of 1024 (GiB) called by the decimal name";
  const std::string fewer_tokens = "128,000 tokens rather than 131,072";
  const Row rows[] = {
      {"article-7b", "128K", "16.4 billion scores", 16'384'000'000, {fewer_tokens}},
      {"article-7b", "128K", "17.2B scores", 17'179'869'184, {}},
      {"article-7b",
       "128K",
       "268 TeraFLOPs",
       Count{268'435'456} * 1'000'000,
       {fewer_tokens, "2 FLOPs per multiply-add rather than 1", "one layer rather than all 32"}},
      {"article-7b", "128K", "140.7 TeraFLOPs", 140'737'488'355'328, {"one layer rather than all 32"}},
      {"article-7b", "1M", "512 GB", 549'755'813'888, {gib}},
      {"article-7b", "1M", "549.8 GB", 549'755'813'888, {}},
      {"70b", "128K", "40 GB", 42'949'672'960, {"8 KV heads (grouped-query attention) rather than 64", gib}},
      {"llama-3.3-70b-instruct", "128K", "40 GB", 42'949'672'960, {gib}},
      {"llama-3.3-70b-instruct", "128K", "344 GB", 343'597'383'680, {"the 64 query heads rather than the 8 KV heads"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.claim);
    const Model model = row.model == std::string("70b") ? parse_model(seventy, "70b.json") : load_model(row.model);
    const ClaimAnswer answer = readings(model, row.context, row.claim);
    REQUIRE(!answer.readings.empty());
    CHECK(answer.readings.front().value == row.value);
    CHECK(answer.readings.front().changes == row.changes);
  }
}

TEST_CASE("a figure of another context is found there, where its reading is the plainest") {
  const SharedModel model(load_model("llama-3.1-8b"));
  const auto contexts = [&](const char* context, const char* claim) {
    return contexts_that_give({model, parse_claim(claim, "claim"), parse_length(context, "context"), 1, {}});
  };
  // The cache is 2 * 32 layers * 8 heads * 128 * 2 bytes = 128 KiB a token: 17,179,869,184 bytes at 128K as it is. At
  // 32K it is as large with all 32 heads, which is a change.
  CHECK(contexts("8K", "17.2 GB") == std::vector<Count>{131'072});
  CHECK(contexts("8K", "137.4 GB") == std::vector<Count>{1'048'576});
  // 268,435,456 bytes at 2K by the default reading. The context that was asked about is not among them.
  CHECK(contexts("8K", "268.4 MB") == std::vector<Count>{2048});
  CHECK(contexts("2K", "268.4 MB") != std::vector<Count>{2048});
  CHECK(contexts("8K", "0.7777 GB").empty());
}

TEST_CASE("four tools on one prefill of Llama 3.1 8B at 8,192 tokens") {
  // 2 FLOPs per multiply-add; linear layers 114,349,209,288,704, attention over all pairs 35,184,372,088,832 or over
  // the unmasked ones 17,594,333,528,064, a product with the head or the embedding for each token 8,607,114,461,184
  // (docs/cost-model.md section 4.4).
  const Count linear = 114'349'209'288'704, all_pairs = 35'184'372'088'832, unmasked = 17'594'333'528'064;
  const Count head = 8'607'114'461'184;
  const Model model = load_model("llama-3.1-8b");
  const auto first = [&](const char* claim) {
    const ClaimAnswer answer = readings(model, "8K", claim);
    REQUIRE(!answer.readings.empty());
    return answer.readings.front();
  };
  CHECK(first("158.14 TFLOPs").value == linear + all_pairs + head);
  CHECK(first("166.75 TFLOPs").value == linear + all_pairs + 2 * head);
  CHECK(first("140.55 TFLOPs").value == linear + unmasked + head);
  CHECK(first("140.55 TFLOPs").changes ==
        std::vector<std::string>{"2 FLOPs per multiply-add rather than 1", "causal: unmasked pairs only",
                                 "with the linear layers", "with logits of every token"});
  // Elementwise work is in the one, a feed-forward of another width in the other.
  CHECK(readings(model, "8K", "149.90 TFLOPs").readings.empty());
  CHECK(readings(model, "8K", "171.33 TFLOPs").readings.empty());
}

TEST_CASE("the scores alone, where keys and values differ in width") {
  // 2 layers of 4 heads over 1,024 x 1,024 pairs, 96 multiply-adds a pair for Q K^T and 64 for the values.
  const Count scores = Count{2} * 4 * 1024 * 1024 * 96;
  const Model model = parse_model(R"({"layers": 2, "heads": 4, "d_k": 96, "d_v": 64})", "model.json");
  const auto first = [&](const char* claim) {
    const ClaimAnswer answer = readings(model, "1K", claim);
    REQUIRE(!answer.readings.empty());
    return answer.readings.front();
  };
  const Reading macs = first("805306368 MACs");
  CHECK(macs.value == scores);
  CHECK(macs.changes == std::vector<std::string>{"Q K^T alone, without the values"});
  const Reading flops = first("1610612736 FLOPs");
  CHECK(flops.value == 2 * scores);
  CHECK(flops.changes ==
        std::vector<std::string>{"2 FLOPs per multiply-add rather than 1", "Q K^T alone, without the values"});
}

TEST_CASE("no reading is outside the printed precision, or has a change that changes nothing") {
  const Model model = load_model("llama-3.1-8b");
  for (const char* text : {"1.1 GB", "8.0B parameters", "17 TFLOPs", "4 GB", "67M scores", "2 B scores"}) {
    CAPTURE(text);
    const Claim claim = parse_claim(text, "claim");
    const ClaimAnswer answer = readings(model, "8K", text);
    for (const Reading& reading : answer.readings) {
      CHECK(claim.states(reading.value, reading.unit_meant));
    }
    CHECK(answer.tried > answer.readings.size());
  }
  const ClaimAnswer dense = readings(model, "8K", "8.03B parameters");
  CHECK(dense.readings.size() == 1);
  CHECK(dense.readings.front().changes.empty());
}

}  // namespace
}  // namespace ctxcost
