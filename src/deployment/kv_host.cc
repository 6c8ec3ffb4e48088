#include "ctxcost/deployment/kv_host.h"

#include <algorithm>

#include "core/format.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/deployment.h"

namespace ctxcost {
namespace {

/// Where nothing ends the lengths, they are compared up to here.
constexpr Count kLongestCompared = 1 << 20;
/// Engines lay caches out in blocks of no more tokens: within so many, a longer context may take no more.
constexpr std::uint64_t kLongestBlock = 256;
/// Lengths are tried in steps of an eighth of an octave.
constexpr std::uint32_t kStepNumerator = 11, kStepDenominator = 12;

/// Of one sequence and the whole model.
std::optional<Count> stored_bytes_at(const Deployment& deployment, Count context) {
  const MetricValue value = deployment.metric(Metric::kv_reserved_bytes, context, 1);
  const Count* const bytes = std::get_if<Count>(&value);
  return bytes != nullptr && *bytes > 0 ? std::optional(*bytes) : std::nullopt;
}

std::optional<double> prefill_alone(const Deployment& deployment, Count context) {
  const MetricValue value = deployment.metric(Metric::prefill_seconds, context, 1);
  const double* const seconds = std::get_if<double>(&value);
  return seconds == nullptr ? std::nullopt : std::optional(*seconds);
}

/// The longest context of the model, else the one asked about or a million tokens.
Count longest_compared(const Deployment& deployment, Count context) {
  const std::optional<Count>& end = deployment.setup().model->positions.hard_limit;
  const std::optional<Count> window = deployment.window();
  if (window) return max(context, end ? min(*window, *end) : *window);
  return max(context, end.value_or(kLongestCompared));
}

/// Whether loading takes less time than prefilling, at each length.
class Loading {
 public:
  Loading(const Deployment& deployment, Count bandwidth) : deployment_(deployment), bandwidth_(bandwidth) {}

  bool wins(Count context) const {
    const std::optional<Count> bytes = stored_bytes_at(deployment_, context);
    const std::optional<double> prefill = prefill_alone(deployment_, context);
    return bytes && prefill && bytes->to_double() / bandwidth_.to_double() < *prefill;
  }

  /// A prefill takes at least the time to read the weights, then grows with the tokens and in the end with their
  /// square; a cache grows with the tokens. So loading may win for short contexts, lose, and win for long ones: the
  /// last loss is looked for from the end.
  std::optional<Count> from(Count longest) const {
    if (!wins(longest)) return std::nullopt;
    Count winning = longest;
    Count losing;
    while (winning > 1 && losing == 0) {
      const Count next = min(winning - 1, max(1, winning * kStepNumerator / kStepDenominator));
      (wins(next) ? winning : losing) = next;
    }
    if (losing == 0) return Count{1};
    while (losing + 1 < winning) {
      const Count middle = (losing + winning) / 2;
      (wins(middle) ? winning : losing) = middle;
    }
    // A block that begins may cost more than its first tokens take to prefill.
    for (std::uint64_t ahead = 1; ahead <= kLongestBlock && winning + ahead <= longest; ++ahead) {
      if (wins(winning + ahead)) continue;
      winning = winning + ahead + 1;
      ahead = 0;
    }
    return winning <= longest ? std::optional(winning) : std::nullopt;
  }

 private:
  const Deployment& deployment_;
  Count bandwidth_;
};

}  // namespace

KvHost kv_on_host(const Deployment& deployment, const KvHostStore& store, Count context) {
  KvHost host;
  host.store = store;
  if (!host.store.bandwidth) host.store.bandwidth = deployment.setup().settings.host_bandwidth;
  host.longest = longest_compared(deployment, context);
  host.context_bytes = stored_bytes_at(deployment, context);
  if (!host.context_bytes) return host;
  try {
    host.tokens = store.bytes * context / *host.context_bytes;
  } catch (const CountOverflow&) {  // more than any store has
  }
  host.contexts = store.bytes / *host.context_bytes;
  host.prefill_seconds = prefill_alone(deployment, context);
  if (!host.store.bandwidth) return host;
  host.load_seconds = host.context_bytes->to_double() / host.store.bandwidth->to_double();
  if (host.prefill_seconds) host.loading_wins_from = Loading(deployment, *host.store.bandwidth).from(host.longest);
  return host;
}

std::vector<std::string> kv_host_notes(const Deployment& deployment, const KvHost& host) {
  if (!host.context_bytes) {
    return {
        format("kv_host: {} has no cache, or its file does not say how large it is", deployment.setup().model->name)};
  }
  std::vector<std::string> notes = {
      "kv_host: a context is stored in one copy of the whole model's cache and state, as the engine lays them out; "
      "tokens are size x context / context's bytes"};
  if (!host.store.bandwidth) {
    notes.emplace_back("kv_host: no time to load a context: the store's bandwidth is not given (bandwidth)");
    return notes;
  }
  notes.emplace_back(
      "kv_host: the bandwidth is that of the store to all devices together; the prefill is the bound of one sequence "
      "alone");
  if (!host.prefill_seconds) {
    notes.emplace_back("kv_host: no time to prefill a context again: it needs a GPU, and all bandwidths");
  } else if (!host.loading_wins_from) {
    notes.push_back(format("kv_host: at {} tokens, the longest compared, prefilling again takes no longer than loading",
                           with_separators(host.longest)));
  } else {
    notes.push_back(format("kv_host: lengths up to {} tokens are compared", with_separators(host.longest)));
  }
  return notes;
}

}  // namespace ctxcost
