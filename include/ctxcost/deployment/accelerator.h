// Accelerators: memory, bandwidth, dense peaks and links.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/engine/engine.h"

namespace ctxcost {

/// The narrowest hardware-supported cache type that engines keep on a card. The types before it are included.
enum class NarrowCache { none, fp8, nvfp4 };

/// A public price of one device-hour on demand.
struct ListPrice {
  Fraction usd_per_hour;
  std::string date;    ///< when it was read: "2026-09-20"
  std::string source;  ///< where
};

/// One kind of GPU, as a program sees it.
struct Accelerator {
  std::string id;    ///< "h100-sxm-80gb"
  std::string name;  ///< "H100 SXM5 80GB"
  std::string vendor;
  Count memory_bytes;                        ///< nominal
  std::optional<Count> memory_reported_mib;  ///< what the driver reports, where it is published
  /// For memory shared with the host: the share that a program may take by default. Empty if the card has its own
  /// memory.
  std::optional<Fraction> unified_memory_usable;
  NarrowCache narrow_cache = NarrowCache::none;
  Count bandwidth_bytes_per_s;
  std::vector<std::pair<std::string, Count>> peak_dense_flops;  ///< FLOP/s by type, without sparsity
  std::optional<Count> link_bytes_per_s;  ///< in one direction to its peers, over the fastest known link
  std::string link;                       ///< "NVLink", "PCIe"
  std::optional<Count> tdp_watts;
  std::optional<ListPrice> price;
  std::string source;
  /// Keys of figures that were not read at the source: "tdp_watts", "peak_dense_flops", "peak_dense_flops/fp32".
  std::vector<std::string> unverified;
  std::string notes;
  std::string assumption;  ///< how an ambiguous name was interpreted

  /// Returns the memory in bytes: as the driver reports it, else nominal.
  Count memory() const { return memory_reported_mib ? *memory_reported_mib * Count{1 << 20} : memory_bytes; }
  /// Returns the bytes of memory that a program may take by default.
  Count usable_memory() const { return unified_memory_usable.value_or(Fraction{}).of(memory()); }
  /// Returns whether engines keep a cache in that format on this GPU.
  bool keeps_cache(const Format& format) const;

  struct Peak {
    Count flops_per_s;
    std::string type;     ///< as the catalogue names it: "bf16", "fp4"
    std::string missing;  ///< the requested type, if it has no published peak; empty if it has one
  };
  /// Returns the dense peak (FLOP/s) of a type, named as in the catalogue, else of a 16-bit type, else of fp32.
  Peak peak(std::string_view type) const;
  /// Returns the same of operands in a format; nvfp4 and mxfp4 are the catalogue's fp4.
  Peak peak(const Precision& operands) const;
};

/// Returns what an engine's defaults ask of a card. Empty without one.
std::optional<EngineDevice> engine_device(const std::optional<Accelerator>& gpu);

/// Returns the power of a device in watts: as given, else its board's. Empty without a device, or if its catalogue
/// entry has no power.
std::optional<double> device_watts(const std::optional<double>& given, const std::optional<Accelerator>& gpu);

/// Returns whether any engine keeps a cache in that format, on that card if one is given.
bool engines_keep_cache(const Format& format, const std::optional<Accelerator>& gpu);

}  // namespace ctxcost
