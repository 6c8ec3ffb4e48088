// Routing Transformer: tokens are clustered by k-means and attend inside their cluster [Roy 2020].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kRoutingKeys[] = {
    {"clusters", KeyType::count, "", "clusters of equal size"},
};

constexpr Formula kRoutingFormulas[] = {
    {"pairs", "n n / clusters", "Roy 2020, section 4; docs/cost-model.md section 7.4"},
    {"macs", "heads (pairs (d_k + d_v) + n clusters d_k)",
     "attention in clusters, and each token against each centroid"},
    {"decode keys", "ceil(T / clusters)", "the size of one cluster"},
    {"decode macs", "heads (pairs (d_k + d_v) + clusters d_k)",
     "attention in its cluster, and the token against each centroid"},
    {"cached elements", "n kv_heads (d_k + d_v)", "any token may be routed to any later one"},
};

constexpr std::string_view kRoutingNotes[] = {
    "routing: centroids are moving averages, not parameters",
};

class Routing final : public SoftmaxAttention {
 public:
  Routing(const MixerShape& shape, Count clusters) : SoftmaxAttention("routing", shape, Span{}), clusters_(clusters) {}

  std::optional<Work> prefill(Count n, PairRule) const override {
    return with_centroids(n, softmax_work(shape(), pairs::routed(n, clusters_)));
  }
  std::optional<Work> decode(Count keys) const override {
    return with_centroids(1, softmax_work(shape(), decode_keys(keys)));
  }
  Visibility visibility(Count n) const override { return {{mask::Band{n}}, {}, true}; }
  std::span<const Formula> formulas() const override { return kRoutingFormulas; }
  std::span<const std::string_view> notes() const override { return kRoutingNotes; }

 private:
  Count prefill_pairs(Count n, PairRule) const override { return pairs::routed(n, clusters_); }
  Count decode_keys(Count keys) const override { return pairs::routed_decode(keys, clusters_); }

  Work with_centroids(Count queries, Work work) const {
    work.macs += shape().heads * queries * clusters_ * shape().d_k;
    return work;
  }

  Count clusters_;
};

}  // namespace

CTXCOST_MECHANISM(kRouting) = {"routing",
                               "tokens in the same k-means cluster",
                               "tokens of other clusters, however near they are",
                               "Roy 2020, arXiv 2003.05997, section 4",
                               kRoutingKeys,
                               {.softmax = true, .traffic_never_falls = true},
                               [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
                                 return std::make_unique<Routing>(shape, settings.count("clusters"));
                               }};

}  // namespace ctxcost
