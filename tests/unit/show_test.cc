#include "ctxcost/answer/show.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "render/show_document.h"

using namespace ctxcost;
using Json = nlohmann::json;

namespace {

std::string shown(const BuiltIn& found, std::string_view format = "table") {
  return to_string(ShowDocument(found), *find_output_format(format));
}

/// The facts of an entry as a record.
Json entry(const BuiltIn& found) {
  const Json document = Json::parse(shown(found, "ndjson"));
  CHECK(document["kind"] == kind_of(found));
  return document["entry"];
}

bool has_line(const std::string& sheet, const std::string& line) {
  return ("\n" + sheet).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a model is described by its counts and its layers") {
  const BuiltIn found = find_built_in("gemma-2-2b", "");
  CHECK(kind_of(found) == "model");
  const BuiltInModel& model = std::get<BuiltInModel>(found);
  CHECK(model.entry->id == "google/gemma-2-2b-it");
  const std::string sheet = shown(found);
  CHECK(sheet.starts_with("model: google/gemma-2-2b-it\nfamily: gemma2\n"));
  // 26 layers, 4 KV heads of 256: 2 * 26 * 4 * 256 elements of two bytes.
  CHECK(has_line(sheet, "KV bytes of the first token, BF16: 106,496"));
  CHECK(has_line(sheet, "trained context: 8,192"));
  CHECK(sheet.find("effective context") == std::string::npos);  // no other than the trained one
  CHECK(has_line(sheet,
                 "layers 0,2,4,6,8,10,12,14,16,18,20,22,24: sliding_window window=4096, 8 heads, 4 KV heads, d_k 256; "
                 "feed-forward: gated"));
  // In JSON it is its file, which can be read again; indented, and in NDJSON on one line.
  CHECK(shown(found, "ndjson") == std::string(model.entry->text) + "\n");
  CHECK(Json::parse(shown(found, "json")) == Json::parse(model.entry->text));
  CHECK(shown(found, "json").starts_with("{\n  \"id\": \"google/gemma-2-2b-it\",\n  \"config\": {\n    \""));
  CHECK(parse_model(shown(found, "json"), "file").name != "");
}

TEST_CASE("a name as people write it is described with a note") {
  const BuiltIn exact = find_built_in("llama-3.1-8b", "");
  const BuiltIn loose = find_built_in("unsloth/Llama-3.1-8B-Instruct", "");
  CHECK(std::get<BuiltInModel>(loose).entry == std::get<BuiltInModel>(exact).entry);
  const std::string note = match_model("unsloth/Llama-3.1-8B-Instruct")->note;
  CHECK(note != "");
  CHECK(shown(loose) == shown(exact) + "note: " + note + "\n");
}

TEST_CASE("a device is described by its sheet") {
  const BuiltIn found = find_built_in("m3-max-128gb", "");
  CHECK(kind_of(found) == "gpu");
  const Json gpu = entry(found);
  CHECK(gpu["memory_bytes"] == std::uint64_t{128} << 30);
  CHECK(!gpu.contains("memory_reported_mib"));
  CHECK(gpu["peak_dense_flops"]["fp16"] == 14'200'000'000'000);
  // Three quarters of 128 GiB.
  CHECK(gpu["unified_memory"] == Json{{"usable_share", 0.75}, {"usable_bytes", std::uint64_t{96} << 30}});
  const std::string sheet = shown(found);
  CHECK(has_line(sheet, "unified memory, usable by default: 75%, 103,079,215,104 bytes"));
  CHECK(has_line(sheet, "dense peak FLOP/s, fp16: 14,200,000,000,000"));
  CHECK(sheet.find("as reported") == std::string::npos);
  CHECK(std::get<Accelerator>(find_built_in("4090", "")).id == "rtx-4090-24gb");
  // In JSON it is its file, too.
  const Json file = Json::parse(shown(found, "json"));
  CHECK(file["id"] == "m3-max-128gb");
  CHECK(parse_accelerator(shown(found, "json"), "file").memory_bytes == Count{std::uint64_t{128} << 30});
}

TEST_CASE("mechanisms, engines, types and metrics are described by their tables") {
  const BuiltIn window = find_built_in("sliding_window", "");
  CHECK(kind_of(window) == "mechanism");
  CHECK(entry(window)["keys"] ==
        Json{{"window", {{"meaning", "keys that a token sees, itself included"}, {"default", nullptr}}}});
  CHECK(has_line(shown(window), "key window: keys that a token sees, itself included; required"));
  CHECK(!entry(find_built_in("full", "")).contains("keys"));

  const BuiltIn engine = find_built_in("vllm", "");
  CHECK(entry(engine)["settings"]["batches"]["default"] == "2");
  // The engine decides: no default, and nothing is said of one.
  CHECK(entry(engine)["settings"]["block"]["default"] == nullptr);
  CHECK(shown(engine).find("required") == std::string::npos);

  CHECK(entry(find_built_in("q8_0", ""))["block_bytes"] == 34);
  const BuiltIn metric = find_built_in("decode_flops", "");
  CHECK(kind_of(metric) == "metric");
  CHECK(shown(metric) == "decode_flops: " + entry(metric)["meaning"].get<std::string>() + "\n");
}

TEST_CASE("an entry as Markdown is a list, and one line of NDJSON") {
  const BuiltIn found = find_built_in("q8_0", "");
  // 32 bytes and a scale of two.
  CHECK(shown(found, "markdown") ==
        "- precision: q8_0\n- block: 32\n- bytes of a block: 34\n- stores: weights, cache\n");
  const std::string line = shown(found, "ndjson");
  CHECK(line.find('\n') + 1 == line.size());
  CHECK(Json::parse(line) == Json::parse(shown(found, "json")));
}

TEST_CASE("what is not built in is refused by the name that the caller gives") {
  CHECK_THROWS_WITH_AS(find_built_in("kv_cache_byte", "the name"),
                       "the name: nothing built in is called \"kv_cache_byte\"; did you mean \"kv_cache_bytes\"?",
                       InputError);
  CHECK_THROWS_WITH_AS(
      find_built_in("qqqqqqqqqqq", "the name"),
      "the name: nothing built in is called \"qqqqqqqqqqq\" (`ctxcost list models` and its like show all names)",
      InputError);
}
