#include "convention_note.h"

#include "core/format.h"

namespace ctxcost {
namespace {

/// The article counts attention alone: these are beyond it.
constexpr Metric kWholeModel[] = {Metric::linear_flops, Metric::logits_flops, Metric::forward_flops,
                                  Metric::decode_flops};

}  // namespace

std::string convention_note(const Convention& convention, const RenderOptions& options, MetricSet shown) {
  if (options.convention_asked || convention.flops_per_mac != 1) return {};
  std::string names;
  std::size_t count = 0;
  for (const Metric metric : kWholeModel) {
    if (!shown.has(metric)) continue;
    names += (names.empty() ? "" : ", ") + std::string(info(metric).name);
    ++count;
  }
  if (names.empty()) return {};
  return format(
      "{} {} 1 FLOP per multiply-add, as the {} convention does; `fit` and its times count 2, as most publications do "
      "(convention standard or causal)",
      names, count == 1 ? "counts" : "count", convention.name);
}

}  // namespace ctxcost
