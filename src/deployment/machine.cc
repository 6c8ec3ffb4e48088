#include "ctxcost/deployment/machine.h"

#include <algorithm>

namespace ctxcost {

Count Machine::cards() const {
  Count sum;
  for (const CardGroup& group : groups) sum += group.count;
  return sum;
}

std::size_t Machine::group_of(Count card) const {
  Count end;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    end += groups[i].count;
    if (card < end) return i;
  }
  return groups.size() - 1;
}

Count Machine::memory() const {
  Count sum;
  for (const CardGroup& group : groups) sum += group.count * group.gpu.memory();
  return sum;
}

std::vector<const Accelerator*> Machine::kinds() const {
  std::vector<const Accelerator*> all;
  for (const CardGroup& group : groups) {
    const auto is_same = [&](const Accelerator* known) { return is_same_card(*known, group.gpu); };
    if (std::none_of(all.begin(), all.end(), is_same)) all.push_back(&group.gpu);
  }
  return all;
}

std::string Machine::name() const {
  std::string text;
  for (const CardGroup& group : groups) {
    text.append(text.empty() ? "" : "+").append(group.gpu.id);
    if (group.count > 1) text.append(":").append(to_string(group.count));
  }
  return text;
}

bool is_same_card(const Accelerator& a, const Accelerator& b) {
  return a.id == b.id && a.memory() == b.memory() && a.unified_memory_usable == b.unified_memory_usable &&
         a.narrow_cache == b.narrow_cache && a.bandwidth_bytes_per_s == b.bandwidth_bytes_per_s &&
         a.peak_dense_flops == b.peak_dense_flops && a.link_bytes_per_s == b.link_bytes_per_s;
}

}  // namespace ctxcost
