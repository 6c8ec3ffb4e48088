// Contexts in a store on the host: how many it keeps, and from which length loading one takes less than prefilling it.
#include "ctxcost/deployment/kv_host.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "ctxcost/deployment/deployment.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

Setup on_h100(const Model& model, std::string_view engine = "ideal") {
  Setup setup{model, {}, parse_engine(engine), {}};
  setup.settings.gpu = load_accelerator("h100-sxm-80gb");
  return setup;
}

/// Counts each length in turn: the last one at which loading takes as long as prefilling, or longer, and one more.
std::optional<Count> first_after_last_loss(const Deployment& deployment, Count bandwidth, std::uint64_t longest) {
  std::uint64_t last_loss = 0;
  for (std::uint64_t n = 1; n <= longest; ++n) {
    const DeploymentEstimate estimate = deployment.at(n, 1);
    const double load = estimate.count(Metric::kv_reserved_bytes)->to_double() / bandwidth.to_double();
    if (load >= estimate.prefill->seconds) last_loss = n;
  }
  return last_loss == longest ? std::nullopt : std::optional(Count{last_loss + 1});
}

}  // namespace

TEST_CASE("a store of 512 GiB keeps 4,194,304 tokens of Llama 3.1 8B") {
  const Deployment deployment(on_h100(load_model("llama-3.1-8b")));
  const KvHost host = kv_on_host(deployment, {512 * kGiB, Count{25'000'000'000}}, 8192);
  // 2 x 32 layers x 8 heads x 128 x 2 bytes = 131,072 bytes a token: 1 GiB for 8,192 of them.
  CHECK(host.context_bytes == Count{kGiB});
  CHECK(host.tokens == Count{4'194'304});
  CHECK(host.contexts == Count{512});
  CHECK(*host.load_seconds == doctest::Approx(1'073'741'824 / 25e9).epsilon(1e-12));
  CHECK(*host.prefill_seconds == doctest::Approx(131'944'593'489'920 / 989.5e12).epsilon(1e-12));
  // A token loads in 5.2 µs. It prefills in 16 µs and more, and a short prefill reads 16 GB of weights first.
  CHECK(host.loading_wins_from == Count{1});
  CHECK(host.longest == 131'072);
}

TEST_CASE("a context that is kept whole counts; tokens count in part") {
  const Deployment deployment(on_h100(load_model("llama-3.1-8b")));
  const KvHost host = kv_on_host(deployment, {3 * kGiB / 2, {}}, 8192);
  CHECK(host.contexts == Count{1});
  CHECK(host.tokens == Count{12'288});
}

TEST_CASE("a window keeps as much of a longer context") {
  const Model model = parse_model(R"({"name": "window", "layers": 2, "heads": 2, "d_k": 4, "d_model": 8, "d_ff": 16,
    "vocab": 32, "precision": "bf16", "attention": {"kind": "sliding_window", "window": 64},
    "positions": {"encoding": "rope", "trained_context": 4096}})",
                                  "window.json");
  const Deployment deployment(on_h100(model));
  // 2 layers x 2 x 2 heads x 4 x 2 bytes = 64 bytes a token, of 64 tokens at most.
  for (const std::uint64_t n : {64U, 1000U, 4096U}) {
    CAPTURE(n);
    const KvHost host = kv_on_host(deployment, {1 << 20, {}}, n);
    CHECK(host.context_bytes == Count{64 * 64});
    CHECK(host.contexts == Count{256});
    CHECK(host.tokens == Count{256 * n});
  }
}

TEST_CASE("the length from which loading wins is the one behind the last loss, as counting every length finds it") {
  struct Row {
    const char* model;
    const char* engine;
    std::uint64_t bandwidth;
  };
  bool has_loss = false, has_win = false, has_middle = false;
  for (const Row& row :
       {Row{"gpt2", "ideal", 25'000'000'000}, Row{"gpt2", "ideal", 60'000'000}, Row{"gpt2", "ideal", 75'000'000},
        Row{"gpt2", "ideal", 100'000'000}, Row{"gpt2", "ideal", 150'000'000}, Row{"gpt2", "ideal", 400'000'000},
        Row{"gpt2", "vllm", 120'000'000}, Row{"gpt2", "vllm", 1'000'000'000}, Row{"gpt2", "llama.cpp", 200'000'000}}) {
    CAPTURE(row.engine);
    CAPTURE(row.bandwidth);
    Setup setup = on_h100(load_model(row.model), row.engine);
    // A peak so low that a prefill's work outgrows the reading of its weights within the window.
    setup.settings.gpu->peak_dense_flops = {{"bf16", 600'000'000'000}, {"fp32", 600'000'000'000}};
    const Deployment deployment(setup);
    const KvHost host = kv_on_host(deployment, {kGiB, Count{row.bandwidth}}, 512);
    CHECK(host.longest == 1024);
    const std::optional<Count> expected = first_after_last_loss(deployment, row.bandwidth, 1024);
    CHECK(host.loading_wins_from == expected);
    has_loss = has_loss || !expected;
    has_win = has_win || expected == Count{1};
    has_middle = has_middle || (expected && *expected > 1);
  }
  CHECK(has_loss);
  CHECK(has_win);
  CHECK(has_middle);
}

TEST_CASE("without a bandwidth or a device there are no times, and notes say so") {
  Setup setup = on_h100(load_model("llama-3.1-8b"));
  const Deployment deployment(setup);
  const KvHost silent = kv_on_host(deployment, {kGiB, {}}, 8192);
  CHECK_FALSE(silent.load_seconds);
  CHECK_FALSE(silent.loading_wins_from);
  CHECK(kv_host_notes(deployment, silent).back() ==
        "kv_host: no time to load a context: the store's bandwidth is not given (bandwidth)");
  // The setting of the host's memory stands in for it.
  setup.settings.host_bandwidth = Count{25'000'000'000};
  CHECK(kv_on_host(Deployment(setup), {kGiB, {}}, 8192).load_seconds);
  setup.settings.gpu.reset();
  setup.settings.kv_memory = Count{kGiB};
  const Deployment without(setup);
  const KvHost cardless = kv_on_host(without, {kGiB, {}}, 8192);
  CHECK(cardless.load_seconds);
  CHECK_FALSE(cardless.prefill_seconds);
  CHECK(kv_host_notes(without, cardless).back() ==
        "kv_host: no time to prefill a context again: it needs a GPU, and all bandwidths");
}

TEST_CASE("an encoder keeps no cache") {
  const Deployment deployment(on_h100(load_model("bert-base-uncased")));
  const KvHost host = kv_on_host(deployment, {kGiB, Count{25'000'000'000}}, 512);
  CHECK_FALSE(host.tokens);
  CHECK_FALSE(host.contexts);
  CHECK(kv_host_notes(deployment, host).size() == 1);
}
