#include "ctxcost/answer/show.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

CatalogueValue value(const EntryDescription& entry, std::string_view field) {
  const EntryField* const found = entry.find(field);
  REQUIRE(found != nullptr);
  return found->value;
}

const EntryField& item(const EntryDescription& entry, std::string_view name, std::string_view of) {
  const auto found = std::find_if(entry.fields.begin(), entry.fields.end(),
                                  [&](const EntryField& field) { return field.name == name && field.item == of; });
  REQUIRE(found != entry.fields.end());
  return *found;
}

CatalogueValue words(const char* text) { return std::string(text); }

}  // namespace

TEST_CASE("a model is described by its counts and its layers") {
  const EntryDescription entry = describe_entry("gemma-2-2b", "");
  CHECK(entry.kind == EntryKind::model);
  CHECK(value(entry, "name") == words("google/gemma-2-2b-it"));
  // 26 layers, 4 KV heads of 256: 2 * 26 * 4 * 256 elements of two bytes.
  CHECK(value(entry, "kv_cache_bytes") == CatalogueValue(Count{106'496}));
  CHECK(entry.find("kv_cache_bytes")->unit == "bytes");
  CHECK(value(entry, "trained_context") == CatalogueValue(Count{8192}));
  CHECK(entry.find("effective_context") == nullptr);  // no other than the trained one
  CHECK(item(entry, "layers", "layers 0,2,4,6,8,10,12,14,16,18,20,22,24").value ==
        words("sliding_window window=4096, 8 heads, 4 KV heads, d_k 256; feed-forward: gated"));
  // Its file is one that can be read again.
  CHECK(parse_model(entry.model_file, "file").name != "");
}

TEST_CASE("a name as people write it is described with a note") {
  const EntryDescription exact = describe_entry("llama-3.1-8b", "");
  const EntryDescription loose = describe_entry("unsloth/Llama-3.1-8B-Instruct", "");
  CHECK(loose.name == exact.name);
  CHECK(loose.fields.size() == exact.fields.size() + 1);
  CHECK(loose.fields.back().name == "notes");
}

TEST_CASE("a device is described by its sheet") {
  const EntryDescription entry = describe_entry("m3-max-128gb", "");
  CHECK(entry.kind == EntryKind::gpu);
  CHECK(entry.model_file == "");
  CHECK(value(entry, "memory_bytes") == CatalogueValue(Count{128} * Count{1 << 30}));
  CHECK(entry.find("memory_reported_mib") == nullptr);
  CHECK(item(entry, "peak_dense_flops", "fp16").value == CatalogueValue(Count{14'200'000'000'000}));
  CHECK(item(entry, "peak_dense_flops", "fp16").unit == "FLOP/s");
  // Three quarters of 128 GiB.
  const EntryField& unified = *entry.find("unified_memory");
  CHECK(unified.value == words("75%, 103,079,215,104 bytes"));
  REQUIRE(unified.members.size() == 2);
  CHECK(unified.members[0].value == CatalogueValue(0.75));
  CHECK(unified.members[1].value == CatalogueValue(Count{96} * Count{1 << 30}));
  CHECK(describe_entry("4090", "").name == "rtx-4090-24gb");
}

TEST_CASE("mechanisms, engines, types and metrics are described by their tables") {
  const EntryDescription window = describe_entry("sliding_window", "");
  CHECK(name(window.kind) == "mechanism");
  const EntryField& key = item(window, "keys", "window");
  CHECK(key.label == "key window");
  CHECK(key.value == words("keys a token sees, itself among them; required"));
  CHECK(key.members.at(0).value == words("keys a token sees, itself among them"));
  CHECK(key.members.at(1).value == CatalogueValue());  // no default

  const EntryDescription engine = describe_entry("vllm", "");
  CHECK(item(engine, "settings", "max_batched_tokens").members.at(1).value == words("2048"));
  // The engine decides: no default, and nothing is said of one.
  CHECK(std::get<std::string>(item(engine, "settings", "block").value).find("required") == std::string::npos);

  CHECK(value(describe_entry("q8_0", ""), "block_bytes") == CatalogueValue(Count{34}));
  const EntryDescription metric = describe_entry("decode_flops", "");
  CHECK(metric.kind == EntryKind::metric);
  CHECK(metric.find("meaning")->label == "decode_flops");
}

TEST_CASE("what is not built in is refused by the name that the caller gives") {
  CHECK_THROWS_WITH_AS(describe_entry("kv_cache_byte", "the name"),
                       "the name: nothing built in is called \"kv_cache_byte\"; did you mean \"kv_cache_bytes\"?",
                       InputError);
  CHECK_THROWS_WITH_AS(
      describe_entry("qqqqqqqqqqq", "the name"),
      "the name: nothing built in is called \"qqqqqqqqqqq\" (`ctxcost list models` and its like show all names)",
      InputError);
}
