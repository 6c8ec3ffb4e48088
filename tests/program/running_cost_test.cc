// What tokens cost, and contexts on the host, as users of fit, find, solve, check and report see them.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;

Run run_with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(arguments);
}

Json document_of(const std::vector<std::string>& arguments) {
  const Run result = run_with(arguments, {"--format", "json"});
  REQUIRE_MESSAGE(result.status == 0, result.err);
  return Json::parse(result.out);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::vector<std::string> kLlama = {"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "8192"};

}  // namespace

TEST_CASE("fit: what a million tokens cost on one card, where a price is given") {
  const Run priced = run_with(kLlama, {"--price", "2.50"});
  CHECK(priced.status == 0);
  // 4.801 ms a token and 133.3 ms for 8,192: 2.5 / 3600 x 0.0048011 x 10^6, and 2.5 / 3600 x 0.13334 / 8192 x 10^6.
  // 86,400 / 0.004801074 = 17,995,971; 24 x 2.5 = 60; 700 W x 4.801 ms.
  CHECK_MESSAGE(has(priced.out,
                    "\ncost per million tokens: at least 0.0113 USD prefill, 3.334 USD decode (2.5 USD an hour)\n"
                    "tokens a day: at most 17,995,971 decoded, for 60 USD\n"
                    "energy: 3.361 J a decoded token, at 700 W\n"),
                priced.out);
  CHECK(has(priced.out,
            "\nnote: money: 2.5 USD for a device-hour, as given; devices alone, all of them at work without a pause\n"
            "note: energy: 700 W a device, the power of its board\n"));
  const std::string silent = run(kLlama).out;
  for (const char* word : {"USD", "per million", "energy", "a day"}) CHECK_FALSE(has(silent, word));
}

TEST_CASE("fit: the same in JSON, with the rates that were assumed") {
  const Json result = document_of({"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb:2", "-n", "8192", "--parallel",
                                   "dp=2", "--price", "2.50", "--power", "350"})["results"][0];
  // Two replicas: twice the price, twice the tokens.
  CHECK(result["usd_per_million_decode_tokens"].get<double>() == doctest::Approx(3.3340794693).epsilon(1e-8));
  CHECK(result["usd_per_million_prefill_tokens"].get<double>() == doctest::Approx(0.0113037714).epsilon(1e-8));
  CHECK(result["joules_per_decode_token"].get<double>() == doctest::Approx(1.6803760525).epsilon(1e-8));
  CHECK(result["assumptions"]["usd_per_device_hour"] == 2.5);
  CHECK(result["assumptions"]["list_price_source"].is_null());
  CHECK(result["assumptions"]["device_watts"] == 350);
}

TEST_CASE("--price list is the dated price of the catalogue; without one there is a note") {
  const Run listed = run_with(kLlama, {"--price", "list"});
  CHECK(has(listed.out, "USD decode (4.29 USD an hour)\n"));
  CHECK(has(listed.out,
            "note: money: 4.29 USD for a device-hour, the list price of 2026-09-20 at https://lambda.ai/instances"));
  const Run unknown = run({"fit", "llama-3.1-8b", "--gpu", "h200-sxm-141gb", "-n", "8K", "--price", "list"});
  CHECK(unknown.status == 0);
  CHECK(
      has(unknown.out, "note: no list price of h200-sxm-141gb is known: money needs its price for an hour (price)\n"));
  CHECK_FALSE(has(unknown.out, "per million tokens"));
  CHECK(has(run({"show", "h100-sxm-80gb"}).out, "4.29 (2026-09-20, https://lambda.ai/instances"));
}

TEST_CASE("prices that cannot be are refused") {
  const std::vector<std::string> two = {"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb,l4-24gb", "-n", "8K"};
  struct Row {
    std::vector<std::string> more;
    const char* error;
  };
  for (const Row& row :
       {Row{{"--price", "1,2,3"}, "ctxcost: --price: expected one value, or 2 as --gpu, found 3\n"},
        Row{{"--power", "1,2,3"}, "ctxcost: --power: expected one value, or 2 as --gpu, found 3\n"},
        Row{{"--price", "0"}, "ctxcost: --price: expected a number above 0, or \"list\", found \"0\"\n"},
        Row{{"--price", "2,"}, "ctxcost: --price: expected a number above 0, or \"list\", found \"\"\n"},
        Row{{"--price", "0.30000000000000004"},
            "ctxcost: --price: expected at most nine decimals, or \"list\", found \"0.30000000000000004\"\n"},
        Row{{"--price", "1e9"}, "ctxcost: --price: expected a number below 10^9, or \"list\", found \"1e9\"\n"},
        Row{{"--power", "big"}, "ctxcost: --power: expected a number above 0, or \"board\", found \"big\"\n"}}) {
    const Run result = run_with(two, row.more);
    CHECK(result.status == 2);
    CHECK(has(result.err, row.error));
    CHECK(result.out.empty());
  }
  const Run without = run({"fit", "llama-3.1-8b", "--kv-memory", "4GiB", "-n", "8K", "--price", "2"});
  CHECK(without.status == 2);
  CHECK(has(without.err, "ctxcost: --price: expected --gpu NAME beside it, found nothing\n"));
  CHECK(run({"train", "llama-3-8b", "--stage", "1K:1K", "--gpu", "h200-sxm-141gb", "--price", "list"}).status == 2);
}

TEST_CASE("fit: several machines stand by the price of a decoded token; prices are in the order of --gpu") {
  const Json document = document_of(
      {"fit", "llama-3.1-8b", "--gpu", "l4-24gb,a100-sxm4-80gb,h100-sxm-80gb", "-n", "8K", "--price", "0.4,4,3.35"});
  // 16,083,599,360 bytes at 300, 2,039 and 3,350 GB/s.
  const std::pair<const char*, double> rows[] = {
      {"h100-sxm-80gb", 3.35 / 3350}, {"l4-24gb", 0.4 / 300}, {"a100-sxm4-80gb", 4.0 / 2039}};
  REQUIRE(document["results"].size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    const Json& result = document["results"][i];
    CHECK(result["gpu"]["id"] == rows[i].first);
    CHECK(result["usd_per_million_decode_tokens"].get<double>() ==
          doctest::Approx(16.08359936 / 3600 * rows[i].second * 1e6).epsilon(1e-8));
  }
  const Run table = run(
      {"fit", "llama-3.1-8b", "--gpu", "l4-24gb,a100-sxm4-80gb,h100-sxm-80gb", "-n", "8K", "--price", "0.4,4,3.35"});
  CHECK(has(table.out, "\norder: what fits, by the price of decoded tokens\n"));
  for (const char* heading : {"$/hour", "$/M prefill", "$/M decode", "Tokens/day", "J/token"}) {
    CHECK(has(table.out, heading));
  }
}

TEST_CASE("find, solve and report say what tokens cost where a price is given") {
  const std::vector<std::string> find = {"find", "--gpu", "l4-24gb", "-n", "8K", "--family", "llama"};
  CHECK(has(run_with(find, {"--price", "0.8"}).out, "$/M decode"));
  CHECK_FALSE(has(run(find).out, "$/M"));
  const Json found = document_of({"find", "--gpu", "l4-24gb", "-n", "8K", "--family", "llama", "--price", "0.8"});
  for (const Json& model : found["models"]) {
    CHECK(model["usd_per_million_decode_tokens"].get<double>() ==
          doctest::Approx(0.8 / 3600 * model["decode_seconds_per_token"].get<double>() * 1e6).epsilon(1e-9));
  }
  const Run solved = run({"solve", "batch", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "8192", "--price", "2.5"});
  CHECK(has(solved.out, "\n  cost per million tokens: "));
  const Json proof = document_of({"solve", "gpus", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "8192", "--price",
                                  "2.5"})["results"][0]["proof"]["fits"];
  CHECK(proof["usd_per_million_decode_tokens"].get<double>() == doctest::Approx(3.3340794693).epsilon(1e-8));
  const std::vector<std::string> report = {"report", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "8K", "-b", "1"};
  CHECK(has(run_with(report, {"--price", "2.5"}).out, "$ per million decode tokens, at least"));
  CHECK_FALSE(has(run(report).out, "per million"));
}

TEST_CASE("check: limits on money and energy, with the price of the file or of the command line") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("b.json");
  const auto write = [&](const std::string& more, const std::string& limit) {
    write_file(file, R"({"budgets": [{"name": "a", "model": "llama-3.1-8b", "context": 8192, "gpu": "h100-sxm-80gb")" +
                         more + R"(, "limits": )" + limit + "}]}");
  };
  write(R"(, "price": 2.50)", R"({"usd_per_million_decode_tokens": {"max": "3.34 USD"}})");
  CHECK(run({"check", file}).status == 0);
  CHECK(run({"check", file, "--price", "2.51"}).status == 1);
  CHECK(run({"check", file, "--price", "list"}).status == 2);
  CHECK(run({"check", file, "--power", "board"}).status == 2);
  write(R"(, "price": 2.50)", R"({"usd_per_million_decode_tokens": {"max": 3.33}})");
  CHECK(run({"check", file}).status == 1);
  write(R"(, "power": 350)", R"({"joules_per_decode_token": {"max": "1.69 J"}})");
  CHECK(run({"check", file}).status == 0);
  write("", R"({"joules_per_decode_token": {"max": "1.69 J"}})");
  CHECK(run({"check", file}).status == 1);  // 700 W of the board
  write_file(file, R"({"budgets": [{"name": "a", "model": "llama-3.1-8b", "context": 8192, "gpu": "h200-sxm-141gb",
    "limits": {"usd_per_million_decode_tokens": {"max": 1}}}]})");
  const Run unknown = run({"check", file});
  CHECK(unknown.status == 2);
  CHECK(has(unknown.err, "no list price of h200-sxm-141gb is known: give a \"price\""));
  write(R"(, "price": "2.50")", R"({"usd_per_million_decode_tokens": {"max": 1}})");
  CHECK(has(run({"check", file}).err, "price: expected a number above 0, found \"2.50\""));
}

TEST_CASE("fit: a store on the host") {
  const Run page = run_with(kLlama, {"--kv-host", "512GiB:bandwidth=25GB"});
  // 131,072 bytes a token: 2^39 / 2^17 = 4,194,304. 2^30 bytes at 25 GB/s are 42.95 ms.
  CHECK_MESSAGE(has(page.out,
                    "\nKV on the host: 512.00 GiB keep 4,194,304 tokens, 512 contexts of this length (1.00 GiB each)\n"
                    "a context back: 42.95 ms to load at 25.0 GB/s, 133.3 ms to prefill again; loading wins from 1 "
                    "token\n"),
                page.out);
  const Json store = document_of({"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "8192", "--kv-host", "512GiB",
                                  "--host-bandwidth", "25GB"})["results"][0]["kv_host"];
  CHECK(store["size_bytes"] == std::uint64_t{512} << 30);
  CHECK(store["context_bytes"] == std::uint64_t{1} << 30);
  CHECK(store["bandwidth_bytes_per_s"] == 25'000'000'000);
  CHECK(store["tokens"] == 4'194'304);
  CHECK(store["contexts"] == 512);
  CHECK(store["loading_wins_from"] == 1);
  const Json silent = document_of({"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "8192"})["results"][0];
  CHECK_FALSE(silent.contains("kv_host"));
  for (const char* wrong : {"512", "0GiB", "512GiB:speed=1GB", "512GiB:bandwidth=fast", "512GiB:bandwidth=0GB"}) {
    CAPTURE(wrong);
    CHECK(run_with(kLlama, {"--kv-host", wrong}).status == 2);
  }
  CHECK(run({"solve", "batch", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "--kv-host", "512GiB"}).status == 2);
}

TEST_CASE("docs/planning.md: the cheapest of three machines for 10 million tokens a day, by arithmetic") {
  const Json document = document_of({"fit", "llama-3.3-70b-instruct", "--weights", "int4", "-n", "8K", "-b", "4",
                                     "--gpu", "l4-24gb:4,l40s-48gb:2,h100-sxm-80gb", "--price", "0.80,1.90,4.29"});
  // 70,553,706,496 parameters, of which a step reads 4 rows of 8,192 of the embedding's 128,256; 33/64 bytes each with
  // a scale of 2 bytes for 128. Of the cache 4 x 8,192 tokens of 2 x 80 layers x 8 heads x 128 x 2 bytes.
  const double bytes = (70'553'706'496.0 - (128'256 - 4) * 8192.0) * 33 / 64 + 4 * 8192 * 327'680.0;
  struct Row {
    const char* gpu;
    double bandwidth;  ///< of all devices
    double usd_per_hour;
    double usd_per_million;
    double millions_a_day;
    double usd_of_load;  ///< of 10 million tokens
  };
  const Row rows[] = {{"h100-sxm-80gb", 3350e9, 4.29, 4.142, 24.86, 41.42},
                      {"l40s-48gb", 2 * 864e9, 3.80, 7.113, 12.82, 71.13},
                      {"l4-24gb", 4 * 300e9, 3.20, 8.625, 8.90, 86.25}};
  std::size_t i = 0;
  for (const Row& row : rows) {
    CAPTURE(row.gpu);
    const Json& result = document["results"][i++];
    CHECK(result["gpu"]["id"] == row.gpu);
    const double seconds = bytes / row.bandwidth;
    const double usd = result["usd_per_million_decode_tokens"].get<double>();
    // Each device of a split reads the norms, too.
    CHECK(usd == doctest::Approx(row.usd_per_hour / 3600 * seconds / 4 * 1e6).epsilon(1e-4));
    CHECK(usd == doctest::Approx(row.usd_per_million).epsilon(2e-4));
    CHECK(4 * 86'400 / seconds / 1e6 == doctest::Approx(row.millions_a_day).epsilon(1e-3));
    CHECK(10 * usd == doctest::Approx(row.usd_of_load).epsilon(1e-3));
  }
}

TEST_CASE("docs/planning.md: from which length on loading wins, by arithmetic") {
  // Loading takes 131,072 n / 5e9 s. The prefill multiplies all matrices of the layers, 2 x 6,979,321,856 a token, each
  // query with half of the keys on average, 4 x 4,096 x 32 x n (n + 1) / 2, and one row of logits, 2 x 4,096 x 128,256.
  const auto wins = [](double n) {
    const double prefill =
        (2 * 6'979'321'856.0 * n + 4 * 4096 * 32 * n * (n + 1) / 2 + 2 * 4096 * 128'256.0) / 989.5e12;
    return 131'072 * n / 5e9 < prefill;
  };
  CHECK(wins(45'701));
  CHECK_FALSE(wins(45'700));
  const Json store = document_of({"fit", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "64K", "--kv-host",
                                  "4TiB:bandwidth=5GB"})["results"][0]["kv_host"];
  CHECK(store["loading_wins_from"] == 45'701);
}
