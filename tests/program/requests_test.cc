// Requests as they come, as users ask for them: --users, --lengths, --shared-prefix, `solve users`, and their budget
// keys.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;

/// 8 H100 with a 70B: a device has one KV head of each of 80 layers, 80 * 2 * 128 * 2 = 40,960 bytes a token.
const std::vector<std::string> kFit = {"fit", "llama-3.3-70b-instruct", "--gpu", "h100-sxm-80gb:8", "--engine", "vllm"};

Run with(std::vector<std::string> arguments, const std::vector<std::string>& more, const RunOptions& options = {}) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(arguments, options);
}

Json json_of(std::vector<std::string> arguments, const std::vector<std::string>& more, const RunOptions& options = {}) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  arguments.insert(arguments.end(), {"--format", "json"});
  const Run result = run(arguments, options);
  REQUIRE_MESSAGE(result.status < 2, result.err);
  return Json::parse(result.out)["results"][0];
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

TEST_CASE("--users alone is --batch") {
  CHECK(with(kFit, {"-n", "4K", "--users", "64"}).out == with(kFit, {"-n", "4K", "-b", "64"}).out);
  CHECK_FALSE(json_of(kFit, {"-n", "4K", "--users", "64"}).contains("requests"));
}

TEST_CASE("64 users of 4K and one of 32K share a prefix of 2K") {
  const std::vector<std::string> load = {"--users", "64", "--lengths", "4K:32K", "--shared-prefix", "2K"};
  const Json fit = json_of(kFit, load);
  // 64 * 4,096 + 32,768 - 64 * 2,048 = 163,840 tokens.
  CHECK(fit["device_kv_bytes"] == 163'840ull * 40'960);
  CHECK(fit["kv_reserved_bytes"] == 163'840ull * 40'960 * 8);
  CHECK(fit["devices"][0]["kv_parts"]["attention blocks"] == 163'840ull * 40'960);
  CHECK(fit["reserved_parts"]["attention blocks"] == 163'840ull * 40'960 * 8);
  CHECK(fit["context"] == 32768);
  CHECK(fit["batch"] == 65);
  CHECK(fit["requests"] == Json::parse(R"({"users": 64, "shared_prefix": 2048,
                                          "lengths": [{"tokens": 32768, "users": 1}, {"tokens": 4096, "users": 64}]})"));
  CHECK(fit["max_context"].is_null());
  CHECK(fit["kv_equals_weights_context"].is_null());
  // A step yields a token of each request.
  const double seconds = fit["decode_seconds_per_token"];
  CHECK(fit["decode_tokens_per_second"].get<double>() == doctest::Approx(65 / seconds));
  const Run page = with(kFit, load);
  CHECK(first_line(page.out).starts_with(
      "fits: Llama-3.3-70B-Instruct, 64 users of 4,096 tokens and a request of 32,768, "
      "2,048 of them shared on 8 x h100-sxm-80gb (tp=8): "));
  for (const char* text : {"\nnote: requests: 1 of 32,768 tokens, 64 of 4,096 tokens\n",
                           "\nnote: shared prefix: vllm keeps 2,048 of 2,048 tokens once; full blocks are kept once, "
                           "with prefix_cache=1; ",
                           "\nbinds first as users are added: KV cache, above "}) {
    CHECK_MESSAGE(page.out.find(text) != std::string::npos, page.out);
  }
  CHECK(page.out.find("as the context grows") == std::string::npos);
}

TEST_CASE("lengths from a file, and what an engine does with them") {
  const TemporaryDirectory folder;
  write_file(folder.path("lengths.json"), R"([{"tokens": "1k", "share": 0.75}, {"tokens": 3000, "share": 0.25}])");
  const RunOptions there{.directory = folder.path()};
  const std::vector<std::string> load = {"--users", "4", "--lengths", "lengths.json"};
  // 3 of 1,000 and one of 3,000: 3 * 63 + 188 = 377 blocks of 16.
  CHECK(json_of(kFit, load, there)["device_kv_bytes"] == 377ull * 16 * 40'960);
  // Streams of 3,072 cells, of 327,680 bytes on one device.
  const Json cells =
      json_of({"fit", "llama-3.3-70b-instruct", "--kv-memory", "1TB", "--engine", "llama.cpp"}, load, there);
  CHECK(cells["kv_reserved_bytes"] == 4ull * 3'072 * 327'680);
  CHECK(cells["notes"].dump().find("each sequence has a stream of as many cells as the longest one") !=
        std::string::npos);
}

TEST_CASE("solve users: the most that fit, with proof") {
  // 200,000,000,000 bytes hold 610,351 tokens of 327,680 bytes: 20,000 of the longest and N * 3,000 more, of which the
  // first request keeps 1,000 for all: 20,000 + N (3,000 - 1,000) <= 610,351.
  const std::vector<std::string> solve = {"solve",     "users",      "llama-3.3-70b-instruct", "--kv-memory", "200GB",
                                          "--lengths", "3000:20000", "--shared-prefix",        "1000"};
  const Json answer = json_of(solve, {});
  CHECK(answer["answer"] == 295);
  CHECK(answer["max_users"] == 295);
  CHECK(answer["proof"]["fits"]["value"] == 295);
  CHECK(answer["proof"]["does_not_fit"]["value"] == 296);
  const Run page = with(solve, {});
  CHECK(first_line(page.out) ==
        "users: 295 users (Llama-3.3-70B-Instruct, users of 3,000 tokens and a request of 20,000, 1,000 of them shared "
        "on "
        "1 device)");
}

TEST_CASE("more requests than fit: the remedy is fewer users") {
  const Json fit = json_of({"fit", "llama-3.3-70b-instruct", "--kv-memory", "200GB"},
                           {"--lengths", "3000:20000", "--shared-prefix", "1000", "--users", "300"});
  CHECK(fit["verdict"] == "does not fit");
  CHECK(fit["fixes"].dump().find(R"({"option":"--users","value":"295"})") != std::string::npos);
  CHECK(fit["fixes"].dump().find("--context") == std::string::npos);
}

TEST_CASE("requests that cannot be asked for") {
  struct Row {
    std::vector<std::string> arguments;
    const char* fault;
  };
  const Row rows[] = {
      {{"fit", "--lengths", "4K:32K"},
       "--lengths: expected --users N beside it, found nothing (`ctxcost solve users` finds the most)"},
      {{"fit", "--lengths", "4K:32K", "--users", "2", "-n", "4K"},
       "--lengths: stands beside --context: both are the tokens of a request (keep one of them)"},
      {{"fit", "--lengths", "4K:32K", "--users", "2", "--images", "2"},
       "--lengths: stands beside --images: lengths hold all tokens of a request (keep one of them)"},
      {{"fit", "--users", "2", "-b", "2", "-n", "4K"},
       "--users: stands beside --batch: both are the number of requests at once (keep one of them)"},
      {{"fit", "--shared-prefix", "5K", "-n", "4K"},
       "--shared-prefix: expected at most the 4,096 tokens of the shortest request, found 5,120 (a request is its "
       "prefix, "
       "the rest of its prompt and its answer)"},
      {{"fit", "--shared-prefix", "0", "-n", "4K"}, "--shared-prefix: expected a length of at least 1, found 0"},
      {{"fit", "--lengths", "32K:4K", "--users", "2"},
       "--lengths: expected MEAN:MAX, a mean of at least 1 and a maximum of at least the mean, found \"32K:4K\""},
      {{"fit", "--lengths", "4K", "--users", "2"},
       "--lengths: expected MEAN:MAX or a file, found \"4K\" (write 4K:32K; where all requests are as long, that is a "
       "context)"},
      {{"fit", "--lengths", "4K,8K", "--users", "2"}, "--lengths: expected MEAN:MAX or a file, found \"4K,8K\""},
      {{"fit", "--lengths", "./4K", "--users", "2"}, "./4K: cannot be read: No such file or directory"},
      {{"fit", "--lengths", "MK", "--users", "2"}, "MK: cannot be read: No such file or directory"},
      {{"solve", "context", "--lengths", "4K:32K", "--users", "2"},
       "--lengths: `solve context` looks for one length of all requests (leave the option out, or ask `solve users`)"},
      {{"solve", "users", "--lengths", "4K:32K", "--users", "2"},
       "--users: `solve users` looks for this value (leave the option out)"},
      {{"solve", "users", "-n", "4K", "-b", "2"}, "--batch: `solve users` looks for this value (leave the option out)"},
      {{"solve", "batch", "-n", "4K", "--users", "2"},
       "--users: `solve batch` looks for this value (leave the option out)"},
      {{"solve", "gpus", "--gpu", "h100-sxm-80gb", "--lengths", "4K:32K"},
       "--lengths: expected --users N beside it, found nothing"},
  };
  for (const Row& row : rows) {
    std::vector<std::string> arguments = row.arguments;
    const bool solves = arguments[0] == "solve";
    arguments.insert(arguments.begin() + (solves ? 2 : 1), "llama-3.1-8b");
    if (arguments[1] != "gpus") arguments.insert(arguments.end(), {"--kv-memory", "10GB"});
    CAPTURE(arguments);
    const Run result = run(arguments);
    CHECK(result.status == 2);
    CHECK_MESSAGE(result.err.find(row.fault) != std::string::npos, result.err);
  }
}

TEST_CASE("budgets of requests") {
  const TemporaryDirectory folder;
  write_file(folder.path("lengths.json"), R"([{"tokens": 1000, "share": 0.75}, {"tokens": 3000, "share": 0.25}])");
  const auto check = [&](const std::string& keys, const std::string& defaults = {}) {
    write_file(folder.path("b.json"), R"({"defaults": {)" + defaults + R"(}, "budgets": [{"name": "chat",
      "model": "llama-3.1-8b", "engine": "vllm", )" +
                                          keys + R"(, "limits": {"kv_reserved_bytes": {"max": 1}}}]})");
    return run({"check", "b.json", "--format", "json", "-q"}, {.directory = folder.path()});
  };
  // 131,072 bytes a token; blocks of 16.
  struct Row {
    const char* keys;
    const char* defaults;
    std::uint64_t tokens;
  };
  const Row rows[] = {
      {R"("users": 3, "lengths": "1000:3000", "shared_prefix": 500)", "", (3 * 63 + 188 - 3 * 31) * 16},
      {R"("users": 4, "lengths": "lengths.json")", "", (3 * 63 + 188) * 16},
      {R"("users": 4, "lengths": [{"tokens": "1k", "share": 0.75}, {"tokens": 3000, "share": 0.25}])", "",
       (3 * 63 + 188) * 16},
      {R"("users": 4, "context": 1000)", "", 4 * 63 * 16},
      {R"("users": 4, "context": 1000)", R"("lengths": "lengths.json", "batch": 7)", 4 * 63 * 16},
      {R"("batch": 4)", R"("lengths": "lengths.json")", (3 * 63 + 188) * 16},
      {R"("lengths": "1000:3000")", R"("users": 3, "context": 77, "shared_prefix": 500)", (3 * 63 + 188 - 3 * 31) * 16},
  };
  for (const Row& row : rows) {
    CAPTURE(row.keys);
    const Run result = check(row.keys, row.defaults);
    REQUIRE_MESSAGE(result.status == 1, result.err);
    const Json budget = Json::parse(result.out)["budgets"][0];
    CHECK(budget["limits"][0]["actual"] == row.tokens * 131'072);
  }
  struct Fault {
    const char* keys;
    const char* fault;
  };
  const Fault faults[] = {
      {R"("users": 3, "lengths": "1000:3000", "context": 1000)", "/budgets/0/lengths: stands beside \"context\""},
      {R"("users": 3, "batch": 3, "context": 1000)", "/budgets/0/users: stands beside \"batch\""},
      {R"("lengths": "1000:3000")", "/budgets/0/users: expected the number of requests, found nothing"},
      {R"("users": 0, "context": 1000)", "/budgets/0/users: expected a positive integer, found 0"},
      {R"("users": 3, "lengths": "3000:1000")", "/budgets/0/lengths: expected MEAN:MAX"},
      {R"("users": 3, "lengths": "4K")", "/budgets/0/lengths: expected MEAN:MAX or a file, found \"4K\""},
      {R"("users": 3, "lengths": [{"tokens": 5, "share": 0.5}])",
       "/budgets/0/lengths: expected shares that add up to 1, found 1/2 (50%)"},
      {R"("users": 3, "lengths": "none.json")", "none.json"},
      {R"("users": 3, "context": 100, "shared_prefix": 101)",
       "expected at most the 100 tokens of the shortest request"},
  };
  for (const Fault& fault : faults) {
    CAPTURE(fault.keys);
    const Run result = check(fault.keys);
    CHECK(result.status == 2);
    CHECK_MESSAGE(result.err.find(fault.fault) != std::string::npos, result.err);
  }
}
