// The first budget of a model: limits a little beyond what it takes today, which the model keeps.
#include "ctxcost/answer/first_budget.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ctxcost/answer/deployment_question.h"
#include "ctxcost/answer/judge.h"
#include "ctxcost/deployment/solve.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "render/budget_file.h"
#include "render/text_sink.h"

using namespace ctxcost;

namespace {

/// Of a catalogue name, on a GPU where one is named.
Setup setup_of(std::string_view model, const std::string& gpu) {
  DeploymentQuestion question;
  question.models.push_back(SharedModel(load_model(model)));
  if (!gpu.empty()) question.placements.push_back({load_accelerator(gpu), 1, std::nullopt});
  return cases(question).front().setup;
}

std::string text_of(const FirstBudget& budget) {
  TextSink sink;
  Writer out(sink);
  write_budget_file(budget, out);
  out.flush();
  return sink.text;
}

/// The file's verdict with a batch of `batch`.
Verdict verdict(FirstBudget budget, Count context, Count batch) {
  budget.settings.push_back({"context", to_string(context)});
  budget.settings.push_back({"batch", to_string(batch)});
  BudgetFiles files;
  files.budgets = parse_budgets(text_of(budget), "budgets.json");
  const BudgetReport report = judge(std::move(files));
  CHECK(report.faults.empty());
  return report.verdict;
}

}  // namespace

TEST_CASE("limits are a twentieth beyond today's figures, rounded away from them") {
  // Llama-3.1-8B at 8 x 32K: 16060522496 bytes of weights, 32 GiB of cache; with a twentieth 15.71 and 33.6 GiB. On an
  // H100 of 80 GiB 60K is the most that fits, less a twentieth and in whole 1024.
  const Deployment on_gpu(setup_of("llama-3.1-8b", "h100-sxm-80gb"));
  std::string all;
  for (const FirstLimit& limit : first_limits(on_gpu, 32768, 8)) {
    if (limit.metric == Metric::prefill_seconds || limit.metric == Metric::decode_seconds_per_token) continue;
    all += std::string(info(limit.metric).name) + (limit.side == LimitSide::max ? " <= " : " >= ") + limit.text + "\n";
  }
  const Count longest = *max_context(on_gpu, 8).value * 95 / 100 / 1024;
  CHECK_EQ(all, "device_bytes <= 50.5 GiB\nweights_bytes <= 15.8 GiB\nkv_reserved_bytes <= 33.6 GiB\nmax_context >= " +
                    to_string(longest) + "K\nwindow_status <= scaled\n");

  // Without a GPU there is neither time nor a longest context.
  const std::vector<FirstLimit> alone = first_limits(Deployment(setup_of("llama-3.1-8b", "")), 8192, 1);
  REQUIRE(alone.size() == 3);
  CHECK(alone[1].text == "1.1 GiB");  // 1 GiB and a twentieth
  CHECK(alone[2].text == "trained");

  // A state of fixed size in place of a cache.
  const std::vector<FirstLimit> recurrent = first_limits(Deployment(setup_of("mamba-130m", "")), 8192, 1);
  CHECK(std::any_of(recurrent.begin(), recurrent.end(),
                    [](const FirstLimit& limit) { return limit.metric == Metric::state_bytes; }));
}

TEST_CASE("a limit of memory is never above what may be used, and never below what is") {
  // Llama-3.1-8B in bf16 and 128 tokens of cache leave less than a twentieth of 16 GB free.
  Setup setup = setup_of("llama-3.1-8b", "rtx-4090-24gb");
  const Deployment probe(setup);
  const Count context = *max_context_memory(probe, 1).value;
  setup.settings.beyond_window = true;
  const Deployment full(setup);
  const std::vector<FirstLimit> limits = first_limits(full, context, 1);
  REQUIRE(limits.front().metric == Metric::device_bytes);
  const auto longest = std::find_if(limits.begin(), limits.end(),
                                    [](const FirstLimit& limit) { return limit.metric == Metric::max_context; });
  REQUIRE(longest != limits.end());
  CHECK(longest->text == (context % 1024 == 0 ? to_string(context / 1024) + "K" : to_string(context)));
  FirstBudget budget{
      "full", {{"model", "llama-3.1-8b", true}, {"gpu", "rtx-4090-24gb", true}, {"beyond_window", "true"}}, limits};
  CHECK(verdict(budget, context, 1) == Verdict::pass);
  // One token more does not fit, and breaches.
  CHECK(verdict(budget, context + 1, 1) == Verdict::fail);
}

TEST_CASE("whatever a model of the catalogue takes, it keeps its first budget, and twice the batch does not") {
  const std::span<const CatalogueEntry> entries = catalogue();
  std::size_t judged = 0;
  for (std::size_t i = 0; i < entries.size(); i += 7) {
    const std::string id(entries[i].id);
    if (id == "article-7b") continue;  // it has no weights to be on a device
    for (const std::string gpu : {"", "h100-sxm-80gb"}) {
      CAPTURE(id);
      CAPTURE(gpu);
      FirstBudget budget{"first", {{"model", id, true}}, {}};
      if (!gpu.empty()) budget.settings.push_back({"gpu", gpu, true});
      const Deployment deployment(setup_of(id, gpu));
      const Count context = 512;
      if (!gpu.empty() && !deployment.fits(context, 2)) continue;
      budget.limits = first_limits(deployment, context, 2);
      REQUIRE_FALSE(budget.limits.empty());
      ++judged;
      CHECK(verdict(budget, context, 2) == Verdict::pass);
      const DeploymentEstimate today = deployment.at(context, 2);
      if (today.count(Metric::kv_reserved_bytes).value_or(0) > 0) CHECK(verdict(budget, context, 4) == Verdict::fail);
    }
  }
  CHECK(judged > 50);
}

TEST_CASE("the file has names in quotes and numbers without") {
  CHECK_EQ(
      text_of({"a",
               {{"gpu", "4090", true},
                {"batch", "8"},
                {"utilization", "0.9"},
                {"margin", "5%"},
                {"overhead", "0"},
                {"beyond_window", "true"},
                {"kv_memory", "08"}},
               {{Metric::device_bytes, LimitSide::max, "85899345920"}, {Metric::max_context, LimitSide::min, "4K"}}}),
      "{\n  \"budgets\": [\n    {\n      \"name\": \"a\",\n      \"gpu\": \"4090\",\n      \"batch\": 8,\n"
      "      \"utilization\": 0.9,\n      \"margin\": \"5%\",\n      \"overhead\": 0,\n      \"beyond_window\": true,\n"
      "      \"kv_memory\": \"08\",\n      \"limits\": {\n        \"device_bytes\": {\n          \"max\": 85899345920\n"
      "        },\n        \"max_context\": {\n          \"min\": \"4K\"\n        }\n      }\n    }\n  ]\n}\n");
}
