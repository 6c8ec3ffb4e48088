#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "program.h"

using Json = nlohmann::json;

TEST_CASE("show tells an entry line by line") {
  const Run gpu = run({"show", "a100-sxm4-80gb"});
  CHECK(gpu.status == 0);
  CHECK(gpu.err == "");
  CHECK(
      gpu.out.starts_with("gpu: a100-sxm4-80gb\nname: NVIDIA A100 SXM4 80GB\nmemory bytes, nominal: 85,899,345,920\n"));
  CHECK(gpu.out.find("\ndense peak FLOP/s, bf16: 312,000,000,000,000\n") != std::string::npos);
  CHECK(run({"show", "sliding_window"}).out ==
        "mechanism: sliding_window\n"
        "sees: the last `window` tokens\n"
        "gives up: tokens before the window: they are reached only through further layers\n"
        "gives up, source: Beltagy 2020, arXiv 2004.05150, section 3.1\n"
        "key window: keys that a token sees, itself included; required\n"
        "further keys: gate, sink_logits, shares_cache (= false)\n");
  const Run model = run({"show", "llama-3.1-8b"});
  CHECK(model.out.find("\nparameters: 8,030,261,248\n") != std::string::npos);
  CHECK(model.out.find("\nlayers 0-31: full, 32 heads, 8 KV heads, d_k 128; feed-forward: gated\n") !=
        std::string::npos);
  // RULER's main table; a model that nobody measured has no such line.
  CHECK(model.out.find("\nmeasured: RULER: 32K effective, 131,072 claimed; good is 85.6 or more; Llama3.1 (8B) ["
                       "NVIDIA/RULER README.md, main table; README main @c3f5e3b (2026-07-22)]\n"
                       "  score by length: 4096 95.5, 8192 93.8, 16384 91.6, 32768 87.4, 65536 84.7, 131072 77.0\n") !=
        std::string::npos);
  CHECK(run({"show", "gpt2"}).out.find("measured") == std::string::npos);
  // What its source does not have is named; a config that was read whole has no such line.
  CHECK(run({"show", "smollm3-3b"}).out.find("\nunverified (not read there): max_position_embeddings, rope_theta\n") !=
        std::string::npos);
  CHECK(model.out.find("unverified") == std::string::npos);
  // The type in a name, with its note.
  const Run packed = run({"show", "Llama-3.1-8B-Instruct-Q8_0"});
  CHECK(packed.out.find("\nweights: Q8_0\n") != std::string::npos);
  CHECK(packed.out.find("\nnote: \"Llama-3.1-8B-Instruct-Q8_0\" is counted as meta-llama/Llama-3.1-8B") !=
        std::string::npos);
}

TEST_CASE("show as JSON: the file of a model or GPU, of others the same facts") {
  const Run file = run({"show", "a100-sxm4-80gb", "--format", "json"});
  CHECK(file.out.starts_with("{\n  \"id\": \"a100-sxm4-80gb\",\n"));
  const Json gpu = Json::parse(file.out);
  CHECK(gpu["memory_bytes"] == 85899345920);
  CHECK(gpu["memory_bandwidth_bytes_per_s"] == 2039000000000);
  CHECK(gpu["peak_dense_flops"]["bf16"] == 312000000000000);
  // The facts as a record are a line.
  const Json line = Json::parse(run({"show", "a100-sxm4-80gb", "--format", "ndjson"}).out);
  CHECK(line["schema_version"] == 1);
  CHECK(line["command"] == "show");
  CHECK(line["kind"] == "gpu");
  CHECK(line["entry"]["name"] == "a100-sxm4-80gb");
  CHECK(line["entry"]["memory_bytes"] == 85899345920);
  const Json engine = Json::parse(run({"show", "vllm", "--format", "json"}).out);
  CHECK(engine["entry"]["settings"]["batches"]["default"] == "2");
  CHECK(engine["entry"]["settings"]["block"]["default"] == nullptr);
  const Json mechanism = Json::parse(run({"show", "infini", "--format", "json"}).out)["entry"];
  CHECK(mechanism["gives_up"] == "exact keys before the segment: all earlier segments share one memory of fixed size");
  CHECK(mechanism["gives_up_source"] == "arXiv 2404.07143, section 2.2");
  CHECK_FALSE(Json::parse(run({"show", "full", "--format", "json"}).out)["entry"].contains("gives_up"));
  const Json metric = Json::parse(run({"show", "kv_cache_bytes", "--format", "json"}).out);
  CHECK(metric["entry"]["meaning"] == "bytes of live KV cache: the maximum over positions up to n");

  // The file counts as the name does.
  const TemporaryDirectory directory;
  CHECK(run({"show", "llama-3.1-8b", "-o", directory.path("llama.json")}).status == 0);
  const auto bytes = [](const std::string& model) {
    return run({"scale", model, "-n", "8K", "--columns", "context,kv_cache_bytes,weights_bytes", "--format", "csv"})
        .out;
  };
  CHECK(bytes(directory.path("llama.json")) == bytes("llama-3.1-8b"));
  CHECK(bytes("llama-3.1-8b").find("8192,1073741824,16060522496") != std::string::npos);
}

namespace {

std::vector<std::string> listed(const char* kind) {
  const Json list = Json::parse(run({"list", kind, "--format", "json"}).out);
  std::vector<std::string> names;
  for (const Json& row : list[kind]) names.push_back(row["name"]);
  return names;
}

/// Writes the JSON of each entry to a file of its own, and returns the files' paths.
std::vector<std::string> shown_files(const std::vector<std::string>& names, const TemporaryDirectory& directory) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < names.size(); ++i) {
    paths.push_back(directory.path(std::to_string(i) + ".json"));
    const Run shown = run({"show", names[i], "--format", "json", "-o", paths.back()});
    CHECK_MESSAGE(shown.status == 0, names[i]);
    CHECK_MESSAGE(shown.err == "", names[i]);
    CHECK_MESSAGE(read_file(paths.back()).starts_with("{\n  \""), names[i]);
  }
  return paths;
}

std::vector<std::string> joined(std::vector<std::string> start, const std::vector<std::string>& more) {
  start.insert(start.end(), more.begin(), more.end());
  return start;
}

/// Every CTXCOST_TEST_SAMPLE-th of them.
std::vector<std::string> sample(const std::vector<std::string>& names) {
  std::vector<std::string> some;
  for (std::size_t i = 0; i < names.size(); i += CTXCOST_TEST_SAMPLE) some.push_back(names[i]);
  return some;
}

}  // namespace

TEST_CASE("every model of the catalogue is read back from its JSON with the same figures") {
  const TemporaryDirectory directory;
  const std::vector<std::string> names = sample(listed("models"));
  CHECK(names.size() * CTXCOST_TEST_SAMPLE > 300);
  std::string columns;
  const Json metrics = Json::parse(run({"list", "metrics", "--format", "json"}).out);
  const Json of_scale = Json::parse(run({"scale", "gpt2", "-n", "512", "--format", "json"}).out)["results"][0];
  for (const Json& metric : metrics["metrics"]) {
    const std::string name = metric["name"];
    if (of_scale.contains(name)) columns += (columns.empty() ? "" : ",") + name;
  }
  CHECK(std::count(columns.begin(), columns.end(), ',') > 20);
  const std::vector<std::string> question = {"scale", "-n", "512,1M", "--columns", columns, "--format", "csv"};
  const Run by_name = run(joined(question, names));
  const Run by_file = run(joined(question, shown_files(names, directory)));
  CHECK(by_name.status == 0);
  CHECK(by_file.err == "");
  CHECK(std::count(by_name.out.begin(), by_name.out.end(), '\n') == static_cast<std::ptrdiff_t>(2 * names.size() + 1));
  CHECK(by_file.out == by_name.out);
}

TEST_CASE("every GPU of the catalogue is read back from its JSON with the same figures") {
  const TemporaryDirectory directory;
  const std::vector<std::string> names = sample(listed("gpus"));
  CHECK(names.size() * CTXCOST_TEST_SAMPLE > 200);
  const std::vector<std::string> files = shown_files(names, directory);
  // Memory, times, energy and links; cache types that not every card keeps.
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{}, {"--kv-precision", "nvfp4"}, {"--kv-precision", "fp8"}}) {
    for (const char* count : {"", ":2"}) {
      std::vector<std::string> by_name = {"fit", "llama-3.2-1b", "-n", "4K", "--format", "json", "--exit-zero"};
      by_name.insert(by_name.end(), options.begin(), options.end());
      std::vector<std::string> by_file = by_name;
      for (std::size_t i = 0; i < names.size(); ++i) {
        by_name.insert(by_name.end(), {"--gpu", names[i] + count});
        by_file.insert(by_file.end(), {"--gpu", files[i] + count});
      }
      const Run expected = run(by_name);
      CHECK(expected.status == 0);
      CHECK(std::count(expected.out.begin(), expected.out.end(), '\n') >
            static_cast<std::ptrdiff_t>(20 * names.size()));
      CHECK(run(by_file).out == expected.out);
    }
  }
}

TEST_CASE("a GPU file of one's own: exponents and units") {
  const TemporaryDirectory directory;
  CHECK(run({"show", "m3-max-128gb", "--format", "json", "-o", directory.path("mine.json")}).status == 0);
  const auto fit = [&](const std::string& gpu) {
    const Run result =
        run({"fit", "llama-3.1-8b", "-n", "8K", "--gpu", gpu, "--format", "csv"}, {.directory = directory.path()});
    CHECK_MESSAGE(result.err == "", gpu);
    return result.out;
  };
  CHECK(fit("./mine.json") == fit("m3-max-128gb"));
  const auto written = [&](const char* memory, const char* bandwidth, const char* peak, const char* link) {
    const std::string name = "card.json";
    write_file(directory.path(name), std::string("{\"id\": \"card\", \"memory_bytes\": ") + memory +
                                         ", \"memory_bandwidth_bytes_per_s\": " + bandwidth +
                                         ", \"peak_dense_flops\": {\"bf16\": " + peak +
                                         "}, \"interconnect\": {\"pcie_bytes_per_s_per_direction\": " + link + "}}");
    return run({"fit", "llama-3.1-8b", "-n", "8K", "--gpu", "card.json:2", "--format", "json"},
               {.directory = directory.path()});
  };
  // 64 * 2^30, 400 * 10^9, 312 * 10^12, 31.5 * 10^9
  const Run digits = written("68719476736", "400000000000", "312000000000000", "31500000000");
  CHECK(digits.status == 0);
  CHECK(written("\"64 GiB\"", "\"400 GB/s\"", "\"312 TFLOP/s\"", "\"31.5 GB/s\"").out == digits.out);
  CHECK(written("\"64GiB\"", "4e11", "3.12e14", "3.15E10").out == digits.out);
  CHECK(written("6.8719476736e10", "\"0.4TB/s\"", "\"0.312 PFLOPs\"", "\"31500 MB/s\"").out == digits.out);
  struct Case {
    const char* memory;
    const char* bandwidth;
    const char* peak;
    const char* error;
  };
  const Case cases[] = {
      {"\"64 GiX\"", "1", "1",
       "/memory_bytes: expected a positive integer or a text such as \"64 GiB\", found \"64 GiX\""},
      {"\"64 GB/s\"", "1", "1",
       "/memory_bytes: expected a positive integer or a text such as \"64 GiB\", found \"64 GB/s\""},
      {"1.5", "1", "1", "/memory_bytes: expected a positive integer, found 1.5"},
      {"\"1.5 B\"", "1", "1",
       "/memory_bytes: expected a positive integer or a text such as \"64 GiB\", found \"1.5 B\""},
      {"\"64\"", "1", "1", "/memory_bytes: expected a positive integer, found \"64\" (remove the quotes)"},
      {"\"1e12\"", "1", "1", "/memory_bytes: expected a positive integer or a text such as \"64 GiB\", found \"1e12\""},
      {"1", "\"400 GB\"", "1",
       "/memory_bandwidth_bytes_per_s: expected a positive integer or a text such as \"400 GB/s\", found \"400 GB\""},
      {"1", "1", "\"312 TB/s\"",
       "/peak_dense_flops/bf16: expected a positive integer or a text such as \"312 TFLOP/s\", found \"312 TB/s\""},
      {"1", "1", "0e3", "/peak_dense_flops/bf16: expected a positive integer, found 0e3"},
      {"1", "1", "1e-3", "/peak_dense_flops/bf16: expected a positive integer, found 1e-3"},
  };
  for (const Case& one : cases) {
    const Run refused = written(one.memory, one.bandwidth, one.peak, "1");
    CHECK(refused.status == 2);
    CHECK(refused.err == "ctxcost: card.json: " + std::string(one.error) + "\n");
  }
}

TEST_CASE("a name that says more than the file that is shown: that is on standard error") {
  const Run packed = run({"show", "Llama-3.1-8B-Instruct-Q8_0", "--format", "json"});
  CHECK(packed.status == 0);
  CHECK(Json::parse(packed.out)["id"] == "meta-llama/Llama-3.1-8B");
  CHECK(
      packed.err.starts_with("ctxcost: \"Llama-3.1-8B-Instruct-Q8_0\" is counted as meta-llama/Llama-3.1-8B of the "
                             "catalogue: its shape and window"));
  for (const char* format : {"table", "json"}) {
    CHECK(run({"show", "h200", "--format", format}).err ==
          "ctxcost: \"h200\" is taken as h200-sxm-141gb, not h200-nvl-141gb\n");
  }
}

TEST_CASE("show refuses what it cannot show") {
  const Run nothing = run({"show"});
  CHECK(nothing.status == 2);
  CHECK(nothing.err == "ctxcost: show: expected one NAME (a model, gpu, mechanism, engine, precision or metric)\n");
  const Run unknown = run({"show", "vlm", "--format", "json"});
  CHECK(unknown.status == 2);
  CHECK(unknown.out == "");
  CHECK(unknown.err == "ctxcost: show: nothing built in is called \"vlm\"; did you mean \"vllm\"?\n");
}
