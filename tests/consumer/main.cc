#include <ctxcost/ctxcost.h>

#include <cstdio>

// The article's model at 1,024 tokens: 2 * 32 layers * 32 heads * 128 * 1024 * 2 bytes.
int main() {
  // The estimator takes the model over.
  const ctxcost::Estimator estimator(ctxcost::load_model("article-7b"), ctxcost::Workload{});
  const auto bytes = estimator.at(1024, 1).count(ctxcost::Metric::kv_cache_bytes);
  std::printf("%s\n", ctxcost::to_string(bytes.value()).c_str());
  return bytes == ctxcost::Count{536870912} ? 0 : 1;
}
