// Whole error texts beside bad inputs: one line a fault, exit status 2, nothing on standard output.
#include <doctest/doctest.h>

#include <algorithm>

#include "program.h"

namespace {

struct BadFile {
  const char* name;
  std::string text;
  const char* lines;
};

}  // namespace

TEST_CASE("each fault of a model file is one line that names file, place, and what to do") {
  const BadFile files[] = {
      {"typo.json", R"({"layers": 32, "heads": 32, "d_k": 128, "kv_head": 8})",
       "ctxcost: typo.json: /kv_head: unknown key; did you mean \"kv_heads\"?\n"},
      {"text.json", R"({"layers": 32, "heads": "32", "d_k": 128})",
       "ctxcost: text.json: /heads: expected a positive integer, found \"32\" (remove the quotes)\n"},
      {"zero.json", R"({"layers": 32, "heads": 0, "d_k": 128})",
       "ctxcost: zero.json: /heads: expected a positive integer, found 0\n"},
      {"divisor.json", R"({"layers": 32, "heads": 32, "kv_heads": 7, "d_k": 128})",
       "ctxcost: divisor.json: /kv_heads: expected a divisor of \"heads\" (32), found 7\n"},
      {"repeated.json", R"({"layers": 32, "heads": 32, "d_k": 128, "heads": 16})",
       "ctxcost: repeated.json: /heads: repeated key (keep one of them)\n"},
      {"truncated.json", R"({"layers":32,"heads":)",
       "ctxcost: truncated.json:1:22: expected a value after ':', found the end of the file\n"},
      {"empty.json", "", "ctxcost: empty.json: expected JSON, found nothing: the file is empty\n"},
      {"nan.json", R"({"layers": NaN, "heads": 32, "d_k": 128})",
       "ctxcost: nan.json: /layers: expected a positive integer of at most 1000000, found NaN\n"},
      {"binary.json",
       std::string("\x7f"
                   "ELF\x02\x01\x01\0\0\0",
                   10),
       "ctxcost: binary.json:1:8: expected JSON text, found a zero byte; is this a binary file?\n"},
      {"family.json", R"({"model_type": "zzz"})",
       "ctxcost: family.json: /model_type: unknown family \"zzz\" (with assume full its cache and scores count as full "
       "attention)\n"},
      {"several.json", R"({"layers": 0, "heads": "x", "d_k": -1, "precison": "fp16"})",
       "ctxcost: several.json: /layers: expected a positive integer of at most 1000000, found 0\n"
       "ctxcost: several.json: /heads: expected a positive integer, found \"x\"\n"
       "ctxcost: several.json: /d_k: expected a positive integer, found -1\n"
       "ctxcost: several.json: /precison: unknown key; did you mean \"precision\"?\n"},
  };
  const TemporaryDirectory directory;
  for (const BadFile& file : files) {
    CAPTURE(file.name);
    write_file(directory.path(file.name), file.text);
    const Run result = run({file.name, "--format", "json"}, {.directory = directory.path()});
    CHECK(result.status == 2);
    CHECK(result.out == "");
    CHECK(result.err == file.lines);
  }
}

TEST_CASE("of several models those that cannot be read are a line each, the others are answered, the status is 2") {
  const TemporaryDirectory directory;
  write_file(directory.path("a.json"), R"({"layers": 32, "heads": 0, "d_k": 128})");
  const std::string lines =
      "ctxcost: a.json: /heads: expected a positive integer, found 0\n"
      "ctxcost: .: expected a config.json or a .gguf file in this directory, found none\n";
  const RunOptions there = {.directory = directory.path()};
  // What is answered is what would be answered without the others.
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"scale", "--format", "json"},
           {"scale", "--format", "csv"},
           {"fit", "--gpu", "h100-sxm-80gb", "-n", "1K", "--format", "json"},
           {"solve", "context", "--gpu", "h100-sxm-80gb", "--format", "json"},
       }) {
    CAPTURE(command.front());
    std::vector<std::string> good = command, mixed = command, bad = command;
    good.insert(good.end(), {"llama-3.1-8b"});
    mixed.insert(mixed.end(), {"a.json", "llama-3.1-8b", "."});
    bad.insert(bad.end(), {"a.json", "."});
    const Run alone = run(good, there);
    CHECK(alone.status == 0);
    const Run result = run(mixed, there);
    CHECK(result.status == 2);
    CHECK(result.out == alone.out);
    CHECK(result.err == lines);
    const Run none = run(bad, there);
    CHECK(none.status == 2);
    CHECK(none.out == "");
    CHECK(none.err == lines);
  }
}

TEST_CASE("of several models those that an engine or a type refuses are left out, too") {
  // llama.cpp has no smaller block than 32 for Q8_0, and dt_rank is 48.
  const std::vector<std::string> command = {"scale", "-n", "1K", "--weights", "Q8_0", "--format", "csv"};
  std::vector<std::string> good = command, mixed = command;
  good.push_back("llama-3.1-8b");
  mixed.insert(mixed.end(), {"mamba-130m-hf", "llama-3.1-8b"});
  const Run result = run(mixed);
  CHECK(result.status == 2);
  CHECK(result.out == run(good).out);
  CHECK(result.err.starts_with("ctxcost: "));
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
}

TEST_CASE("DeepSeek-V4 of the catalogue has the figures that were summed from its reference code") {
  // 284B by its card; compressed rows, windows and index keys of 128K tokens in bf16.
  const Run list = run({"list", "models", "--format", "csv"});
  CHECK(list.status == 0);
  CHECK(list.out.find("DeepSeek-V4-Flash,deepseek_v4,284332240471,") != std::string::npos);
  const Run cache = run({"deepseek-v4-flash", "-n", "128K", "--kv-precision", "bf16", "--format", "json"});
  CHECK(cache.status == 0);
  CHECK(cache.out.find("\"kv_cache_bytes\": 822083584") != std::string::npos);
}

TEST_CASE("a name that is nowhere gets a near match or the way to the list") {
  CHECK(run({"llama-3.1-8"}).err ==
        "ctxcost: llama-3.1-8: no such file, and no model of that name in the catalogue; did you mean "
        "\"llama-3.1-8b\"?\n");
  CHECK(run({"nowhere.json"}).err ==
        "ctxcost: nowhere.json: no such file, and no model of that name in the catalogue (`ctxcost list models` shows "
        "the catalogue)\n");
  // A line end in a name cannot make a second line.
  CHECK(run({"a\nb"}).err.starts_with("ctxcost: a\\x0ab: no such file"));
}

TEST_CASE("standard input may be empty") {
  const Run result = run({"-"});
  CHECK(result.status == 2);
  CHECK(result.err == "ctxcost: -: expected JSON, found nothing: the file is empty\n");
}

TEST_CASE("a list that looks like one number in digit groups gets a note, and stays a list") {
  const Run grouped = run({"llama-3.1-8b", "-n", "8,192", "--format", "csv", "--columns", "context"});
  CHECK(grouped.status == 0);
  CHECK(grouped.out == "context\n8\n192\n");
  CHECK(grouped.err == "ctxcost: --context: note: \"8,192\" is the list 8 and 192; the one number is written 8192\n");
  for (const char* list : {"8,19", "8,1K", "8K,192", "8", "1000,192"}) {
    CAPTURE(std::string(list));
    CHECK(run({"llama-3.1-8b", "-n", list, "-q"}).err == "");
  }
  CHECK(run({"llama-3.1-8b", "-n", "1K", "-b", "1,124", "-q"}).err.find("is the list 1 and 124") != std::string::npos);
}
