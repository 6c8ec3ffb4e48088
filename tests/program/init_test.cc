// init as its users run it.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;

}  // namespace

TEST_CASE("init: a budget file that passes, with every option, and what to do with it") {
  const std::vector<std::vector<std::string>> asked = {
      {"llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "32K", "-b", "8"},
      {"qwen3-8b", "--gpu", "4090", "-n", "16K", "--weights", "Q4_K_M", "--engine", "llama.cpp"},
      {"llama-3.1-8b", "-n", "9000"},
      {"gpt2", "-n", "4K"},  // beyond its position table
      {"llama-3.1-70b",
       "--gpu",
       "h100-sxm-80gb:4",
       "-n",
       "8K",
       "--parallel",
       "tp=2,pp=2",
       "--engine",
       "vllm:block=32",
       "--kv-precision",
       "fp8",
       "--utilization",
       "0.95",
       "--mfu",
       "0.5",
       "--mbu",
       "0.8",
       "--overhead",
       "1GiB",
       "--margin",
       "1%",
       "--convention",
       "standard",
       "--logits",
       "all",
       "--activations",
       "fp8",
       "--host-bandwidth",
       "64G"},
      {"llama-3.1-8b", "--kv-memory", "2147483648", "-n", "8K"},
      {"llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "200K", "--beyond-window"},
  };
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/budgets.json";
  for (std::vector<std::string> arguments : asked) {
    CAPTURE(arguments.back());
    arguments.insert(arguments.begin(), "init");
    const Run printed = run(arguments);
    CHECK(printed.status == 0);
    CHECK(printed.err.find("`ctxcost check FILE` judges it") != std::string::npos);
    arguments.insert(arguments.end(), {"-o", file, "-q"});
    const Run written = run(arguments);
    CHECK(written.status == 0);
    CHECK(written.out.empty());
    CHECK(written.err.find("judges it") == std::string::npos);
    CHECK(read_file(file) == printed.out);
    const Run judged = run({"check", file});
    CAPTURE(judged.out + judged.err);
    CHECK(judged.status == 0);
  }
}

TEST_CASE("init: what is assumed is said, with -q too") {
  const std::vector<std::string> beyond = {"init", "llama-3.1-8b", "--gpu",          "h100-sxm-80gb",
                                           "-n",   "200K",         "--beyond-window"};
  CHECK(run(beyond).err.find("note: 200K is beyond llama3 scaling") != std::string::npos);
  std::vector<std::string> quiet = beyond;
  quiet.emplace_back("-q");
  CHECK(run(quiet).err.find("note: 200K is beyond llama3 scaling") != std::string::npos);
  CHECK(run({"init", "llama-3.1-8b", "-n", "8K", "-q"}).err.empty());
}

TEST_CASE("init: a model's file is named from where the budget file stands") {
  const TemporaryDirectory directory;
  const std::string folder = directory.path() + "/ci";
  std::filesystem::create_directory(folder);
  write_file(directory.path() + "/m.json", R"({"layers": 2, "heads": 4, "d_k": 16})");
  CHECK(run({"init", "m.json", "-n", "1K", "-o", "ci/b.json", "-q"}, {.directory = directory.path()}).status == 0);
  CHECK(Json::parse(read_file(folder + "/b.json"))["budgets"][0]["model"] == "../m.json");
  CHECK(run({"check", folder + "/b.json"}).status == 0);
}

TEST_CASE("init: what does not fit is exit status 1 and no file; several of anything is a fault") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/budgets.json";
  const Run large = run({"init", "llama-3.1-70b", "--gpu", "rtx-4090-24gb", "-n", "8K", "-o", file});
  CHECK(large.status == 1);
  CHECK(large.err ==
        "ctxcost: Llama-3.1-70B: does not fit with 8192 tokens and a batch of 1: weights; no budget is written "
        "(`ctxcost fit` with the same options names what would)\n");
  CHECK_FALSE(std::filesystem::exists(file));
  const Run beyond = run({"init", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "256K"});
  CHECK(beyond.status == 1);
  CHECK(beyond.err.find(": window; no budget is written") != std::string::npos);

  struct Row {
    std::vector<std::string> arguments;
    const char* part;
  };
  const Row rows[] = {
      {{"init"}, "ctxcost: init: expected one MODEL, found 0"},
      {{"init", "llama-3.1-8b", "qwen3-8b"}, "ctxcost: init: expected one MODEL, found 2"},
      {{"init", "-"}, "ctxcost: init: expected a name or a file, found standard input"},
      {{"init", "llama-3.1-8b", "-n", "1K,2K"}, "ctxcost: --context: expected one value, found 2"},
      {{"init", "llama-3.1-8b", "--weights", "fp8,int4"}, "ctxcost: --weights: expected one value, found 2"},
      {{"init", "llama-3.1-8b", "--gpu", "l4-24gb,t4-16gb"}, "ctxcost: --gpu: expected one value, found 2"},
      {{"init", "llama-3.1-8b", "--mfu", "0.5"}, "ctxcost: --mfu: expected --gpu NAME beside it"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.part);
    const Run refused = run(row.arguments);
    CHECK(refused.status == 2);
    CHECK(refused.err.starts_with(row.part));
  }
}
