#include <doctest/doctest.h>

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

TEST_CASE("show as JSON: a model's file, of others the same facts") {
  const Json gpu = Json::parse(run({"show", "a100-sxm4-80gb", "--format", "json"}).out);
  CHECK(gpu["schema_version"] == 1);
  CHECK(gpu["command"] == "show");
  CHECK(gpu["kind"] == "gpu");
  CHECK(gpu["entry"]["name"] == "a100-sxm4-80gb");
  CHECK(gpu["entry"]["memory_bytes"] == 85899345920);
  CHECK(gpu["entry"]["peak_dense_flops"]["bf16"] == 312000000000000);
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

TEST_CASE("show refuses what it cannot show") {
  const Run nothing = run({"show"});
  CHECK(nothing.status == 2);
  CHECK(nothing.err == "ctxcost: show: expected one NAME (a model, gpu, mechanism, engine, precision or metric)\n");
  const Run unknown = run({"show", "vlm", "--format", "json"});
  CHECK(unknown.status == 2);
  CHECK(unknown.out == "");
  CHECK(unknown.err == "ctxcost: show: nothing built in is called \"vlm\"; did you mean \"vllm\"?\n");
}
