// What tokens cost in money and energy: exact rates, and the metrics that they and the bounds on times give.
#include "ctxcost/deployment/running_cost.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "ctxcost/answer/fit.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/input/budget.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

Setup llama_on_h100(std::string_view parallel = "tp=1") {
  Setup setup{load_model("llama-3.1-8b"), {}, ideal_engine(), {}};
  setup.settings.gpu = load_accelerator("h100-sxm-80gb");
  setup.settings.gpu->price.reset();
  setup.settings.parallelism = parse_parallelism(parallel);
  return setup;
}

double real(const DeploymentEstimate& estimate, Metric metric) { return std::get<double>(estimate[metric]); }
bool is_unknown(const DeploymentEstimate& estimate, Metric metric) {
  return std::holds_alternative<std::monostate>(estimate[metric]);
}

}  // namespace

TEST_CASE("a rate is read exactly") {
  struct Row {
    const char* text;
    std::uint64_t numerator, denominator;
    const char* shown;
  };
  for (const Row& row : {Row{"2.50", 25, 10, "2.5"}, Row{"0.1", 1, 10, "0.1"}, Row{"700", 700, 1, "700"},
                         Row{"0.000000001", 1, 1'000'000'000, "0.000000001"}, Row{"12.05", 1205, 100, "12.05"},
                         Row{"999999999.9", 9'999'999'999, 10, "999999999.9"}}) {
    CAPTURE(row.text);
    const std::optional<Fraction> rate = read_rate_text(row.text);
    REQUIRE(rate);
    CHECK(*rate == Fraction{row.numerator, row.denominator});
    CHECK(rate_text(*rate) == row.shown);
  }
  for (const char* text : {"", "0", "0.00", "-1", "free", "2.5 USD", "2,5", "0.0000000001", "1e9"}) {
    CAPTURE(text);
    CHECK_FALSE(read_rate_text(text));
  }
}

TEST_CASE("the rate of a machine is that of all its devices, without rounding") {
  Setup setup = llama_on_h100("tp=3");
  setup.settings.rates.usd_per_hour = read_rate_text("0.1");
  const RunningRate rate = running_rate(setup);
  // 3 x 0.1 is no double.
  CHECK(rate_text(*rate.usd_per_hour) == "0.3");
  CHECK(rate_text(*rate.watts) == "2100");  // 3 boards of 700 W
  CHECK(rate_text(of_a_day(*rate.usd_per_hour)) == "7.2");
}

TEST_CASE("Llama 3.1 8B on an H100 for 2.50 USD an hour: the bounds of docs/cost-model.md times the rates") {
  Setup setup = llama_on_h100();
  setup.settings.rates.usd_per_hour = read_rate_text("2.50");
  const DeploymentEstimate estimate = Deployment(setup).at(8192, 1);
  // 131,944,593,489,920 FLOPs at 989.5 TFLOP/s are 0.13334 s for 8,192 tokens: 2.5 / 3600 x 0.13334 / 8192 x 10^6.
  CHECK(real(estimate, Metric::usd_per_million_prefill_tokens) ==
        doctest::Approx(2.5 * 131'944'593'489'920 / 989.5e12 / 3600 / 8192 * 1e6).epsilon(1e-12));
  CHECK(real(estimate, Metric::usd_per_million_prefill_tokens) == doctest::Approx(0.0113037714).epsilon(1e-8));
  // 16,083,599,360 bytes at 3.35 TB/s are 4.8011 ms a token: 2.5 / 3600 x 0.0048011 x 10^6, and 700 W x 0.0048011 s.
  CHECK(real(estimate, Metric::usd_per_million_decode_tokens) == doctest::Approx(3.3340794693).epsilon(1e-8));
  CHECK(real(estimate, Metric::joules_per_decode_token) == doctest::Approx(3.3607521051).epsilon(1e-8));
  // 86,400 s / 0.0048011 s = 17,995,971.77
  CHECK(decoded_tokens_per_day(setup, 1, estimate) == Count{17'995'971});
}

TEST_CASE("replicas share nothing: a token costs the same on two of them, and a day has twice as many") {
  Setup one = llama_on_h100();
  Setup two = llama_on_h100("dp=2");
  for (Setup* setup : {&one, &two}) setup->settings.rates.usd_per_hour = read_rate_text("2.50");
  const DeploymentEstimate alone = Deployment(one).at(8192, 4);
  const DeploymentEstimate both = Deployment(two).at(8192, 4);
  for (const Metric metric : {Metric::usd_per_million_prefill_tokens, Metric::usd_per_million_decode_tokens,
                              Metric::joules_per_decode_token}) {
    CHECK(real(both, metric) == doctest::Approx(real(alone, metric)).epsilon(1e-12));
  }
  const double day = 4 * 86'400 / alone.decode->seconds;
  CHECK(decoded_tokens_per_day(one, 4, alone)->to_double() == doctest::Approx(day).epsilon(1e-6));
  CHECK(decoded_tokens_per_day(two, 4, both)->to_double() == doctest::Approx(2 * day).epsilon(1e-6));
}

TEST_CASE("the share of the bandwidth that is reached makes tokens dearer") {
  Setup setup = llama_on_h100();
  setup.settings.rates.usd_per_hour = read_rate_text("2.50");
  setup.settings.mbu = parse_fraction("0.5", "mbu");
  const DeploymentEstimate estimate = Deployment(setup).at(8192, 1);
  CHECK(real(estimate, Metric::usd_per_million_decode_tokens) == doctest::Approx(2 * 3.3340794693).epsilon(1e-8));
}

TEST_CASE("a price that is given replaces the list price, and a power that of the board") {
  Setup setup = llama_on_h100();
  setup.settings.gpu->price = ListPrice{*read_rate_text("4.29"), "2026-09-20", "a list"};
  const Deployment listed(setup);
  CHECK(rate_text(*running_rate(setup).usd_per_hour) == "4.29");
  CHECK(real(listed.at(8192, 1), Metric::usd_per_million_decode_tokens) ==
        doctest::Approx(3.3340794693 * 4.29 / 2.5).epsilon(1e-8));
  setup.settings.rates = {read_rate_text("2.5"), read_rate_text("350"), true, true};
  CHECK(rate_text(*running_rate(setup).usd_per_hour) == "2.5");
  CHECK(rate_text(*running_rate(setup).watts) == "350");
  CHECK(real(Deployment(setup).at(8192, 1), Metric::joules_per_decode_token) ==
        doctest::Approx(3.3607521051 / 2).epsilon(1e-8));
}

TEST_CASE("a machine of unequal cards costs what its cards do") {
  const auto card = [](const char* gpu, Count count, const char* usd) {
    CardGroup group{load_accelerator(gpu), count, {}};
    group.gpu.price = ListPrice{*read_rate_text(usd), "2026-09-20", "a list"};
    return group;
  };
  Setup setup = llama_on_h100();
  Machine machine{{card("h100-sxm-80gb", 2, "4"), card("l4-24gb", 1, "0.55")}};
  set_cards(setup.settings, machine);
  CHECK(rate_text(*running_rate(setup).usd_per_hour) == "8.55");  // 2 x 4 + 0.55
  CHECK(rate_text(*running_rate(setup).watts) == "1472");         // 2 x 700 + 72
  setup.settings.rates.usd_per_hour = read_rate_text("1.5");
  CHECK(rate_text(*running_rate(setup).usd_per_hour) == "4.5");
  setup.settings.rates = {};
  machine.groups[1].gpu.price.reset();
  set_cards(setup.settings, machine);
  CHECK_FALSE(running_rate(setup).usd_per_hour);
}

TEST_CASE("what is not known is empty") {
  SUBCASE("no list price") {
    const DeploymentEstimate estimate = Deployment(llama_on_h100()).at(8192, 1);
    CHECK(is_unknown(estimate, Metric::usd_per_million_prefill_tokens));
    CHECK(is_unknown(estimate, Metric::usd_per_million_decode_tokens));
    CHECK(real(estimate, Metric::joules_per_decode_token) > 0);
  }
  SUBCASE("no power of the board") {
    Setup setup = llama_on_h100();
    setup.settings.gpu->tdp_watts.reset();
    CHECK(is_unknown(Deployment(setup).at(8192, 1), Metric::joules_per_decode_token));
  }
  SUBCASE("no devices") {
    Setup setup = llama_on_h100();
    setup.settings.gpu.reset();
    setup.settings.kv_memory = Count{1 << 30};
    setup.settings.rates.usd_per_hour = read_rate_text("2.50");
    CHECK(is_unknown(Deployment(setup).at(8192, 1), Metric::usd_per_million_decode_tokens));
  }
}

TEST_CASE("notes say how money and energy are counted, where they are asked for") {
  Setup setup = llama_on_h100("tp=2");
  CHECK(running_cost_notes(setup).empty());
  setup.settings.rates = {read_rate_text("2.5"), {}, true, false};
  CHECK(running_cost_notes(setup) ==
        std::vector<std::string>{
            "money: 2.5 USD for a device-hour, as given; devices alone, all of them at work without a pause",
            "energy: 700 W a device, the power of its board"});
  setup.settings.rates = {{}, read_rate_text("350"), true, true};
  CHECK(running_cost_notes(setup) ==
        std::vector<std::string>{"no list price of h100-sxm-80gb is known: money needs its price for an hour (price)",
                                 "energy: 350 W a device, as given"});
  setup.settings.gpu->price = ListPrice{*read_rate_text("4.29"), "2026-09-20", "a list"};
  setup.settings.gpu->tdp_watts.reset();
  setup.settings.rates = {{}, {}, true, true};
  CHECK(running_cost_notes(setup) ==
        std::vector<std::string>{
            "money: 4.29 USD for a device-hour, the list price of 2026-09-20 at a list; devices alone, "
            "all of them at work without a pause",
            "the board power of h100-sxm-80gb is not in the catalogue: no energy (power)"});
}

TEST_CASE("alternatives stand by the price of a token where all have one") {
  DeploymentQuestion question;
  question.models = {load_model("llama-3.1-8b")};
  question.contexts = LengthList(8192);
  const auto place = [&](const char* gpu, const char* usd) {
    Placement placement{load_accelerator(gpu), 1, {}};
    placement.gpu->price.reset();
    if (usd != nullptr) placement.rates.usd_per_hour = read_rate_text(usd);
    placement.rates.price_asked = true;
    question.placements.push_back(placement);
  };
  const auto order = [&] {
    std::string names;
    for (const Fit& one : fit(question).alternatives) names += one.asked.setup.settings.gpu->id + " ";
    return names;
  };
  // Bandwidths of 3,350, 2,039 and 300 GB/s: an hour of 3.35, 4 and 0.4 USD reads 1,000, 510 and 750 GB/s for a dollar.
  place("l4-24gb", "0.4");
  place("a100-sxm4-80gb", "4");
  place("h100-sxm-80gb", "3.35");
  CHECK(fit(question).by_money);
  CHECK(order() == "h100-sxm-80gb l4-24gb a100-sxm4-80gb ");
  // Without one of the prices the order is that of devices and bytes: all take as many.
  question.placements[1].rates.usd_per_hour.reset();
  CHECK_FALSE(fit(question).by_money);
  CHECK(order() == "l4-24gb a100-sxm4-80gb h100-sxm-80gb ");
  // What does not fit stands behind, however cheap.
  question.placements[1].rates.usd_per_hour = read_rate_text("4");
  question.placements[0].rates.usd_per_hour = read_rate_text("0.001");
  question.batches = LengthList(32);
  CHECK(order() == "h100-sxm-80gb a100-sxm4-80gb l4-24gb ");
}
