// What a decode step reads and writes, against sums by hand.
#include <doctest/doctest.h>

#include <string>

#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

Count decode_bytes(const Model& model, Count context, Count batch) {
  const Estimate estimate = Estimator(model, {}, ideal_engine()).at(context, batch);
  return std::get<Count>(estimate[Metric::decode_bytes]);
}

}  // namespace

TEST_CASE("a decode step reads a recurrent state and writes it") {
  // Two layers of 4 heads with an 8 x 8 state in fp32; tables and matrices in fp16.
  const Model model = parse_model(R"({"layers": 2, "heads": 4, "d_k": 8, "d_model": 32, "vocab": 100, "d_ff": 64,
                                      "attention": {"kind": "lightning"}})",
                                  "m.json");
  const Count state = 2 * 4 * 8 * 8 * 4;
  const Count embedding_row = 32 * 2;
  // The weights are read once for all sequences.
  CHECK(decode_bytes(model, 100, 3) - decode_bytes(model, 100, 2) == 2 * state + embedding_row);
  // A state does not grow.
  CHECK(decode_bytes(model, 100, 1) == decode_bytes(model, 5000, 1));
}

TEST_CASE("a decode step reads each key and value once, and no expert twice") {
  const Model model = parse_model(R"({"layers": 3, "heads": 4, "kv_heads": 2, "d_k": 8, "d_model": 32, "vocab": 100,
                                      "experts": {"count": 4, "active": 2, "d_ff": 16}, "ffn": "gated"})",
                                  "m.json");
  const Count token = 3 * 2 * (8 + 8) * 2;
  CHECK(decode_bytes(model, 101, 1) - decode_bytes(model, 100, 1) == token);
  const Count expert = 3 * 3 * 32 * 16 * 2;  // three matrices in each layer
  const Count sequence = 100 * token + 32 * 2;
  CHECK(decode_bytes(model, 100, 2) - decode_bytes(model, 100, 1) == sequence + 2 * expert);
  // Two sequences may choose all four.
  CHECK(decode_bytes(model, 100, 3) - decode_bytes(model, 100, 2) == sequence);
}

TEST_CASE("the logits of prefill are held in fp32") {
  const auto activations = [](const std::string& vocab) {
    const Model model = parse_model(
        R"({"layers": 2, "heads": 4, "d_k": 8, "d_model": 32, "d_ff": 64, "vocab": )" + vocab + "}", "m.json");
    const Estimate estimate = Estimator(model, {}, ideal_engine()).at(100, 3);
    return std::get<Count>(estimate[Metric::activation_bytes]);
  };
  CHECK(activations("150") - activations("100") == Count{3 * 50 * 4});
}
