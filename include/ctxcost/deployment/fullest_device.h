// The bytes of the fullest device of a split model, at any point.
#pragma once

#include <memory>

#include "ctxcost/deployment/deployment.h"
#include "ctxcost/estimate/device_share.h"

namespace ctxcost {

/// Splits a model over the devices of a setup. What its devices hold is what `Deployment` says. Throws InputError if
/// the split is impossible or uneven, or if the engine's settings name a companion: its bytes have no column.
std::shared_ptr<const DeviceShare> fullest_device(Setup setup);

}  // namespace ctxcost
