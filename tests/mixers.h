// Short ways to build a mixer and to look at it, for the tests of single mechanisms.
#pragma once

#include <string>
#include <string_view>

#include "ctxcost/mechanism.h"

namespace ctxcost::test {

/// H heads of one width, as many key heads, d_model = H times that width.
inline MixerShape mixer_shape(Count heads, Count head_width) {
  MixerShape shape;
  shape.heads = shape.kv_heads = heads;
  shape.d_k = shape.d_v = head_width;
  shape.d_model = heads * head_width;
  return shape;
}

/// Elements of all learned tensors.
inline Count parameters(const Mixer& mixer) {
  Count sum;
  for (const Tensor& tensor : *mixer.tensors()) sum += tensor.elements();
  return sum;
}

/// "key: message" of the fault that the settings meet, or empty when they are fine.
inline std::string fault_of(std::string_view kind, const MixerShape& shape, const Settings& settings) {
  try {
    make_mixer(kind, shape, settings);
  } catch (const SettingFault& fault) {
    return fault.key + ": " + fault.message;
  }
  return {};
}

}  // namespace ctxcost::test
