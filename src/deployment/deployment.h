// The private half of ctxcost/deployment/deployment.h: what its sources share.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "ctxcost/deployment/deployment.h"
#include "rank_weights.h"

namespace ctxcost {

/// Returns the name of a stored type's format: "int4" of "int4:group=32".
inline std::string_view format_name(std::string_view stored) { return stored.substr(0, stored.find(':')); }

/// One kind of device with its part of the model.
struct Deployment::Device {
  const Rank* rank;
  std::shared_ptr<const Estimator> estimator;
  std::optional<RankWeights> weights;
  FeedForwardWork feed_forward;
  std::optional<DeviceAdapters> adapters;
};

/// Where the cache's traffic reaches that of the weights, by batch. The search for it costs more than everything else
/// at a point, and does not depend on the context.
struct Deployment::Crossings {
  std::mutex mutex;
  std::map<Count, std::optional<Count>> by_batch;
};

/// Work and traffic of one device in one phase.
struct Deployment::Load {
  Count flops;
  Count bytes;
  Count host_bytes;  ///< read in host memory instead: its experts, and its cache
};

}  // namespace ctxcost
