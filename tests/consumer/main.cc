#include <ctxcost/estimate/estimate.h>
#include <ctxcost/input/input.h>

#include <cstdio>

// The article's model at 1,024 tokens: 2 * 32 layers * 32 heads * 128 * 1024 * 2 bytes.
int main() {
  const ctxcost::Model model = ctxcost::load_model("article-7b");
  const ctxcost::Estimator estimator(model, ctxcost::Workload{});
  const auto bytes = estimator.at(1024, 1).count(ctxcost::Metric::kv_cache_bytes);
  std::printf("%s\n", ctxcost::to_string(bytes.value()).c_str());
  return bytes == ctxcost::Count{536870912} ? 0 : 1;
}
