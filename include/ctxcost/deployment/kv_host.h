// Contexts kept in a store on the host, in its memory or on a disk: how many it holds, and when it pays to load one
// instead of prefilling it again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

class Deployment;

/// A store of caches outside the devices.
struct KvHostStore {
  Count bytes;
  /// Bytes per second from the store to all devices together; by default the setting `host_bandwidth`.
  std::optional<Count> bandwidth;
};

/// What a store does for contexts of one length. What is not known is empty.
struct KvHost {
  KvHostStore store;                      ///< with the bandwidth in use
  std::optional<Count> context_bytes;     ///< cache and state of one context, as the engine lays them out, in one copy
  std::optional<Count> tokens;            ///< bytes · n / context_bytes
  std::optional<Count> contexts;          ///< kept whole
  std::optional<double> load_seconds;     ///< context_bytes / bandwidth
  std::optional<double> prefill_seconds;  ///< the bound of prefilling the one context
  /// The length from which on, up to `longest`, loading takes less time than prefilling. Empty if it does not at
  /// `longest`, or if a time is not known.
  std::optional<Count> loading_wins_from;
  Count longest;  ///< the lengths that were compared end here
};

/// Returns what the store does for contexts of n tokens. Throws InputError if the engine refuses the length.
KvHost kv_on_host(const Deployment& deployment, const KvHostStore& store, Count context);

/// Returns what the numbers mean, and why some are missing.
std::vector<std::string> kv_host_notes(const Deployment& deployment, const KvHost& host);

}  // namespace ctxcost
