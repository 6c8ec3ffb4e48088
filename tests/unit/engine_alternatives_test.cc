// Settings of an engine with several values: each combination is an engine of its own.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/engine/engine.h"

namespace ctxcost {
namespace {

std::string names(std::string_view text) {
  std::string all;
  for (const EngineChoice& choice : parse_engines(text)) all += choice.name + ' ';
  return all;
}

TEST_CASE("a list or a range of a setting is one engine for each value, the last setting fastest") {
  CHECK(names("vllm") == "vllm ");
  CHECK(names("vllm:block=32,tokens=old") == "vllm:block=32,tokens=old ");
  CHECK(names("vllm:max_batched_tokens=2048,8192") == "vllm:max_batched_tokens=2048 vllm:max_batched_tokens=8192 ");
  CHECK(names("vllm:block=16..64") == "vllm:block=16 vllm:block=32 vllm:block=64 ");
  CHECK(names("vllm:block=16..32,tokens=new,old") ==
        "vllm:block=16,tokens=new vllm:block=16,tokens=old vllm:block=32,tokens=new vllm:block=32,tokens=old ");
  CHECK(names("transformers:cache=dynamic,static") == "transformers:cache=dynamic transformers:cache=static ");
  CHECK(parse_engines("vllm:block=16,100..300:+100").back().number("block") == Count(300));
}

TEST_CASE("several values are checked like one, and their combinations are few") {
  CHECK_THROWS_WITH_AS(parse_engines("vllm:tokens=new,odl"), doctest::Contains("found \"odl\""), InputError);
  CHECK_THROWS_WITH_AS(parse_engines("vllm:foo"), doctest::Contains("unknown setting \"foo\""), InputError);
  CHECK_THROWS_WITH_AS(parse_engines("vllm:,"), doctest::Contains("unknown setting \"\""), InputError);
  CHECK(parse_engines("vllm:block=1..1000:+1").size() == 1000);
  CHECK_THROWS_WITH_AS(parse_engines("vllm:block=1..1001:+1"), doctest::Contains("more than 1000 engines"), InputError);
  CHECK_THROWS_WITH_AS(parse_engines("vllm:block=1..1000000000000:+1"), doctest::Contains("more than 1000 engines"),
                       InputError);
  CHECK_THROWS_WITH_AS(parse_engines("vllm:block=1..40:+1,max_batched_tokens=1..40:+1"),
                       doctest::Contains("more than 1000 engines"), InputError);
}

}  // namespace
}  // namespace ctxcost
