// find as its users run it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;

std::string head_of(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

TEST_CASE("find: how many fit in the first line, a table of them, and what the rest is") {
  const Run result = run({"find", "--gpu", "3090", "-n", "32K"});
  CHECK(result.status == 0);
  CHECK(result.err == "");
  const Json json = Json::parse(run({"find", "--gpu", "3090", "-n", "32K", "--format", "json"}).out);
  CHECK(json["gpu"] == "rtx-3090-24gb");
  CHECK(json["context"] == 32768);
  const std::size_t found = json["models"].size();
  CHECK(head_of(result.out) == std::to_string(found) + " of " + std::to_string(json["tried"].get<int>()) +
                                   " models fit rtx-3090-24gb at 32,768 tokens");
  for (const Json& model : json["models"]) {
    CHECK(result.out.find("| " + model["model"].get<std::string>() + " ") != std::string::npos);
  }
  CHECK(result.out.find("\nmemory: IEC units, 1 GiB = 2^30 bytes; tokens/s: ") != std::string::npos);
  const std::string quiet = run({"find", "--gpu", "3090", "-n", "32K", "-q"}).out;
  CHECK(result.out.starts_with(quiet));
}

TEST_CASE("find: nothing fits is exit status 1") {
  const std::vector<std::string> none = {"find", "--gpu", "t4-16gb", "-n", "4K", "--parameters", "300B.."};
  const Run result = run(none);
  CHECK(result.status == 1);
  CHECK(head_of(result.out).starts_with("0 of "));
  std::vector<std::string> anyway = none;
  anyway.emplace_back("--exit-zero");
  CHECK(run(anyway).status == 0);
}

TEST_CASE("find: faults") {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"find", "-n", "4K"},
       "ctxcost: find: expected --gpu NAME, found none (`ctxcost list gpus` shows the devices)\n"},
      {{"find", "llama-3.1-8b", "--gpu", "l4-24gb"},
       "ctxcost: find: takes no MODEL, found \"llama-3.1-8b\" (--family and --parameters choose models)\n"},
      {{"find", "--gpu", "l4-24gb", "--parameters", "7B"},
       "ctxcost: --parameters: expected a range of parameters, found \"7B\" (write 7B..70B, 7B.. or ..70B)\n"},
      {{"find", "--gpu", "l4-24gb", "--parameters", "7B..x"},
       "ctxcost: --parameters: expected a range of parameters, found \"7B..x\" (write 7B..70B, 7B.. or ..70B)\n"},
      {{"find", "--gpu", "l4-24gb", "--parameters", "70B..7B"},
       "ctxcost: --parameters: \"70B..7B\" is an empty range\n"},
      {{"find", "--gpu", "l4-24gb", "--family", "lama"},
       "ctxcost: --family: no model of the catalogue is of a family \"lama\"; did you mean \"llama\"?\n"},
  };
  for (const auto& [arguments, error] : cases) {
    const Run result = run(arguments);
    CHECK(result.status == 2);
    CHECK(result.err == error);
  }
  CHECK(run({"find", "--gpu", "l4-24gb,t4-16gb"}).status == 2);
  CHECK(run({"find", "--gpu", "l4-24gb", "-n", "1K,2K"}).status == 2);
  CHECK(run({"find", "--gpu", "l4-24gb", "-b", "1,2"}).status == 2);
}
