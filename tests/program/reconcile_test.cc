// reconcile as its users run it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;

const std::string kLogs = std::string(CTXCOST_SOURCE_DIR) + "/tests/data/logs/";

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("reconcile: 0 where all figures agree, 1 where one differs, in every format") {
  const std::string log = kLogs + "vllm-0.7.log";
  const Run agrees = run({"reconcile", log, "llama-3.2-1b"});
  CHECK(agrees.status == 0);
  CHECK(agrees.err == "");
  for (const char* text :
       {"agrees: 3 of 4 figures have a rule; Llama-3.2-1B beside a log of vllm 0.7.3", "vllm tokens old (release)",
        "context 4096 (line 7)", "| blocks               |    6 |    31,785 |    31,785 |",
        "| concurrency          |    7 |   124.16x |   124.16x |", "beside weights and cache: 2.03 GiB a device",
        "left for fit: --overhead "}) {
    CHECK_MESSAGE(holds(agrees.out, text), text);
  }
  const Run differs = run({"reconcile", log, "llama-3.1-8b"});
  CHECK(differs.status == 1);
  CHECK(holds(differs.out, "differs: "));
  CHECK(run({"reconcile", log, "llama-3.1-8b", "--exit-zero"}).status == 0);
  CHECK(run({"reconcile", log, "llama-3.2-1b", "llama-3.1-8b"}).status == 1);

  const Json json = Json::parse(run({"reconcile", log, "llama-3.2-1b", "--format", "json"}).out);
  CHECK(json["log_engine"] == "vllm");
  CHECK(json["log_release"] == "0.7.3");
  CHECK(json["verdict"] == "agrees");
  const Json& result = json["results"][0];
  CHECK(result["engine"].get<std::string>().starts_with("vllm:tokens=old"));
  const Json& memory = result["figures"][1];
  CHECK(memory["figure"] == "kv_memory");
  CHECK(memory["printed"] == "15.52 GiB");
  CHECK(memory["printed_low"] == 16659104400);
  CHECK(memory["printed_high"] == 16669841817);
  CHECK(memory["ours"] == std::int64_t{31785} * 524288);  // blocks of 16 tokens of 32,768 bytes
  CHECK(memory["difference"] == 0);
  CHECK(result["figures"][3]["figure"] == "concurrency");
  CHECK(result["figures"][3]["printed_low"].is_null());
  CHECK(result["overhead_bytes"].get<std::int64_t>() + result["activation_bytes"].get<std::int64_t>() ==
        result["beside_bytes"].get<std::int64_t>());

  const Run csv = run({"reconcile", log, "llama-3.2-1b", "--format", "csv"});
  CHECK(holds(csv.out, ",blocks,,6,31785,31785,31785,31785,0,agrees,"));
  CHECK(run({"reconcile", log, "llama-3.2-1b", "-q"}).out.find("note") == std::string::npos);
}

TEST_CASE("reconcile: a log from standard input, with settings of a hybrid") {
  const Run answer = run({"reconcile", "-", "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "--engine", "vllm:state=float32"},
                         {.input = read_file(kLogs + "vllm-hybrid.log")});
  CHECK(answer.status == 0);
  for (const char* text :
       {"parallel tp=2 (line 3)", "kv_precision fp8 (line 3)", "|  183,744 |  183,744 |", "|    6.17x |    6.17x |"}) {
    CHECK_MESSAGE(holds(answer.out, text), text);
  }
  const Run local = run({"reconcile", kLogs + "llama-server.log", "llama-3-8b", "--weights", "Q4_K_M"});
  CHECK(local.status == 0);
  CHECK(holds(local.out, "agrees: 3 of 9 figures have a rule"));
  CHECK(holds(local.out, "|     4.58 GiB |     4.58 GiB | 4,912,898,048 |"));
  // ollama runs llama.cpp, where ctxcost knows it by name.
  const Run other = run({"reconcile", kLogs + "llama-server.log", "llama-3-8b", "--kv-precision", "f16"});
  CHECK(other.status == 2);
  CHECK(other.err == "ctxcost: --kv-precision: the log says q8_0 (line 14 of " + kLogs +
                         "llama-server.log), found fp16 (leave it out)\n");
}

TEST_CASE("reconcile: no answer is one line and 2") {
  const TemporaryDirectory folder;
  const std::string file = folder.path("x.log");
  struct Case {
    std::vector<std::string> arguments;
    const char* error;
  };
  const std::string known = kLogs + "vllm-0.7.log";
  const Case cases[] = {
      {{"reconcile"}, "expected a LOG and a MODEL, found neither"},
      {{"reconcile", known}, "expected a MODEL behind the LOG, found nothing"},
      {{"reconcile", folder.path("none"), "gpt2"}, "cannot be read"},
      {{"reconcile", folder.path(""), "gpt2"}, "cannot be read"},
      {{"reconcile", "/dev/null", "gpt2"}, "found no line of one in 0 lines"},
      {{"reconcile", CTXCOST_PROGRAM, "gpt2"}, "found a file that is no text"},
      {{"reconcile", known, "gpt2", "-n", "1K"}, "--context: the log says 4096 (line 7 of "},
      {{"reconcile", known, "gpt2", "-n", "1K,2K"}, "--context: "},
      {{"reconcile", known, "gpt2", "--engine", "llama.cpp"}, "--engine: the log is one of vllm, found \"llama.cpp\""},
      {{"reconcile", known, "no-such-model"}, "no-such-model"},
  };
  for (const Case& one : cases) {
    const Run answer = run(one.arguments);
    CHECK(answer.status == 2);
    CHECK(answer.out == "");
    CHECK_MESSAGE(holds(answer.err, one.error), answer.err);
    CHECK(std::count(answer.err.begin(), answer.err.end(), '\n') == 1);
  }
  // A log of a megabyte, and two engines in one.
  std::string text;
  while (text.size() < (1 << 20)) text += "INFO 03-01 10:30:41 loader.py:1] Loading safetensors checkpoint shards\n";
  write_file(file, text + read_file(known));
  CHECK(run({"reconcile", file, "llama-3.2-1b"}).status == 0);
  write_file(file, read_file(known) + read_file(kLogs + "llama-server.log"));
  const Run mixed = run({"reconcile", file, "llama-3.2-1b"});
  CHECK(mixed.status == 2);
  CHECK(holds(mixed.err, "found lines of vllm (line 2) and of llama.cpp (line 9)"));
}
