// Whatever counts with a model keeps it: nothing has to outlive anything.
#include "ctxcost/model/shared_model.h"

#include <doctest/doctest.h>

#include <optional>

#include "ctxcost/deployment/deployment.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

// 2 (K and V) * 32 layers * 8 KV heads * 128 * 2 bytes for each of 8,192 tokens.
constexpr Count kCache = 1073741824;

}  // namespace

TEST_CASE("an estimator may be made from a model that nobody else keeps") {
  const Estimator estimator(load_model("llama-3.1-8b"), Workload{});
  CHECK(estimator.at(8192, 1).count(Metric::kv_cache_bytes) == kCache);
  CHECK(estimator.model().layers() == Count{32});
}

TEST_CASE("a deployment outlives the setup that it was made from") {
  std::optional<Deployment> deployment;
  {
    const Setup setup{load_model("llama-3.1-8b"), {}, ideal_engine(), {}};
    deployment.emplace(setup);
  }
  CHECK(deployment->at(8192, 1).count(Metric::kv_cache_bytes) == kCache);
}

TEST_CASE("a copy of a report outlives the report") {
  std::optional<Report> copy;
  {
    Grid grid;
    grid.models.emplace_back(load_model("llama-3.1-8b"));
    grid.contexts = LengthList(8192);
    const Report report(std::move(grid), Workload{});
    copy.emplace(report);
  }
  std::size_t rows = 0;
  copy->for_each_row([&](const auto& row) {
    ++rows;
    CHECK(row.values.count(Metric::kv_cache_bytes) == kCache);
  });
  CHECK(rows == 1);
}

TEST_CASE("a model that is shared is not copied") {
  const SharedModel model(load_model("llama-3.1-8b"));
  const Estimator estimator(model, Workload{});
  CHECK(&estimator.model() == &*model);
  CHECK(!SharedModel());
}
