// Keys of a model's description that are changed before it is read.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

constexpr const char* kConfig = R"({"model_type": "llama", "hidden_size": 1024, "intermediate_size": 2048,
    "num_hidden_layers": 4, "num_attention_heads": 16, "vocab_size": 1000, "use_cache": true})";

Model changed(const char* text, std::vector<KeyChange> changes) {
  return parse_model(text, "m.json", {.changes = std::move(changes)});
}

/// At 1,024 tokens, in bytes.
Count cache(const Model& model) { return *Estimator(model, {}).at(1024, 1).count(Metric::kv_cache_bytes); }

std::string fault(const char* text, std::vector<KeyChange> changes) {
  try {
    static_cast<void>(changed(text, std::move(changes)));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a key of the file, a path to one and a word of our own format change the model") {
  struct Row {
    const char* config;
    std::vector<KeyChange> changes;
    Count cache;  ///< layers x 2 x KV heads x head dim x 1,024 tokens x 2 bytes
    const char* note;
  };
  const char* const nested =
      R"({"model_type": "gemma3", "text_config": {"num_hidden_layers": 6, "sliding_window": 512}})";
  const char* const own = R"({"layers": 2, "heads": 4, "d_k": 16})";
  const Row rows[] = {
      {kConfig,
       {{"num_hidden_layers", "3"}},
       Count{3} * 2 * 16 * 64 * 1024 * 2,
       "set num_hidden_layers=3: num_hidden_layers is 3 rather than 4"},
      {kConfig,
       {{"layers", "3"}},
       Count{3} * 2 * 16 * 64 * 1024 * 2,
       "set layers=3: num_hidden_layers is 3 rather than 4"},
      {kConfig, {{"kv_heads", "2"}}, Count{4} * 2 * 2 * 64 * 1024 * 2, "num_key_value_heads is 2"},
      {kConfig, {{"layers", "1"}, {"kv_heads", "2"}}, Count{2} * 2 * 64 * 1024 * 2, "num_key_value_heads is 2"},
      // One full layer of six; the others see 512.
      {nested,
       {{"text_config.sliding_window", "256"}},
       (Count{1024} + 5 * 256) * 2 * 4 * 256 * 2,
       "text_config.sliding_window is 256 rather than 512"},
      // The class default of an absent key is changed, too.
      {nested,
       {{"kv_heads", "2"}},
       (Count{1024} + 5 * 512) * 2 * 2 * 256 * 2,
       "set kv_heads=2: num_key_value_heads is 2 rather than the class default 4"},
      {own, {{"layers", "5"}}, Count{5} * 2 * 4 * 16 * 1024 * 2, "set layers=5: layers is 5 rather than 2"},
      {own, {{"precision", "int8"}}, Count{2} * 2 * 4 * 16 * 1024, "precision is int8"},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.note));
    const Model model = changed(row.config, row.changes);
    CHECK_EQ(cache(model), row.cache);
    CHECK(std::any_of(model.notes.begin(), model.notes.end(),
                      [&](const std::string& note) { return note.find(row.note) != std::string::npos; }));
  }
}

TEST_CASE("a change on which nothing depends, or that could be several keys, is a fault") {
  CHECK(fault(kConfig, {{"use_cache", "false"}}).find("use_cache: no figure of m.json depends on a key of that name") !=
        std::string::npos);
  CHECK(fault(kConfig, {{"num_hidden_layer", "3"}}).find("did you mean \"num_hidden_layers\"") != std::string::npos);
  CHECK(fault(kConfig, {{"text_config.layers", "3"}}).find("expected a path to a key, found no text_config") !=
        std::string::npos);
  CHECK(fault(kConfig, {{"num_hidden_layers", "0"}}).find("/num_hidden_layers: expected a positive integer, found 0") !=
        std::string::npos);
}
