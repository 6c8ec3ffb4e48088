// What tests of mixers ask them for.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>

#include "ctxcost/mechanism/mechanism.h"

namespace ctxcost {

inline MixerShape mixer_shape(Count heads, Count d_k, std::optional<Count> d_model = std::nullopt) {
  MixerShape shape{};
  shape.heads = shape.kv_heads = heads;
  shape.d_k = shape.d_v = d_k;
  shape.d_model = d_model;
  return shape;
}

/// d_model = heads * width, as in most models.
inline MixerShape square_shape(Count heads, Count width) { return mixer_shape(heads, width, heads * width); }

inline MixerShape with_d_v(MixerShape shape, Count d_v) {
  shape.d_v = d_v;
  return shape;
}

/// Elements of the tensors that `counts` picks, or of all.
inline Count parameters(const Mixer& mixer, const std::function<bool(const Tensor&)>& counts = {}) {
  Count sum;
  const auto tensors = mixer.tensors();
  REQUIRE(tensors.has_value());
  for (const Tensor& tensor : *tensors) {
    if (!counts || counts(tensor)) sum += tensor.elements();
  }
  return sum;
}
inline Count linear_parameters(const Mixer& mixer) {
  return parameters(mixer, [](const Tensor& tensor) { return tensor.use == TensorUse::linear; });
}

/// Elements of the state parts of that name.
inline Count state_elements(const Mixer& mixer, std::string_view name) {
  Count sum;
  for (const StatePart& part : mixer.state()) {
    if (part.name == name) sum += part.elements;
  }
  return sum;
}

/// Elements cached at n in one layer.
inline Count cached_elements(const Mixer& mixer, Count n) {
  Count sum;
  for (const CachePart& part : mixer.cache()) {
    if (part.owned) sum += part.heads * part.width * part.span.tokens(n);
  }
  return sum;
}

/// Two FLOPs a multiply-add, one a scalar operation.
inline Count flop2(const std::optional<Work>& work) {
  REQUIRE(work.has_value());
  return 2 * work->macs + work->scalar_operations;
}

/// The fault of settings that `make_mixer` refuses, as "key: message".
inline std::string fault_of(std::string_view kind, const MixerShape& shape, MixerSettings settings) {
  try {
    make_mixer(kind, shape, std::move(settings));
  } catch (const SettingFault& fault) {
    return fault.key + ": " + fault.message;
  }
  return "no fault";
}

}  // namespace ctxcost
