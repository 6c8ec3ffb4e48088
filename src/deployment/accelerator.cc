#include "ctxcost/deployment/accelerator.h"

#include <algorithm>

namespace ctxcost {

Accelerator::Peak Accelerator::peak(std::string_view wanted) const {
  std::string missing;
  for (const std::string_view type :
       {wanted, std::string_view("bf16"), std::string_view("fp16"), std::string_view("fp32")}) {
    const auto row = std::find_if(peak_dense_flops.begin(), peak_dense_flops.end(),
                                  [type](const auto& peak) { return peak.first == type; });
    if (row != peak_dense_flops.end()) return {row->second, row->first, std::move(missing)};
    missing = wanted;
  }
  return {peak_dense_flops.front().second, peak_dense_flops.front().first, std::move(missing)};
}

Accelerator::Peak Accelerator::peak(const Precision& operands) const {
  const std::string_view type = operands.format().name;
  return peak(type == "nvfp4" || type == "mxfp4" ? std::string_view("fp4") : type);
}

bool Accelerator::keeps_cache(const Format& format) const {
  switch (format.cards) {
    case CacheCards::all: return true;
    case CacheCards::fp8: return narrow_cache >= NarrowCache::fp8;
    case CacheCards::nvfp4: return narrow_cache >= NarrowCache::nvfp4;
    case CacheCards::none: return false;
  }
  return false;
}

std::optional<EngineDevice> engine_device(const std::optional<Accelerator>& gpu) {
  if (!gpu) return std::nullopt;
  // Only data-centre Blackwell keeps an NVFP4 cache.
  return EngineDevice{gpu->memory(), gpu->id.starts_with("a100"), gpu->narrow_cache == NarrowCache::nvfp4};
}

std::optional<double> device_watts(const std::optional<double>& given, const std::optional<Accelerator>& gpu) {
  if (given || !gpu || !gpu->tdp_watts) return given;
  return gpu->tdp_watts->to_double();
}

bool engines_keep_cache(const Format& format, const std::optional<Accelerator>& gpu) {
  return gpu ? gpu->keeps_cache(format) : format.cards != CacheCards::none;
}

}  // namespace ctxcost
