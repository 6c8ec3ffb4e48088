// Options that several commands take together.
#pragma once

#include <array>

#include "core/joined.h"
#include "options.h"

namespace ctxcost::cli {

/// What is counted: the load, the types, the engine and the convention, and changes of the model.
inline constexpr std::array kEstimateOptions = {OptionId::context, OptionId::batch,  OptionId::kv_precision,
                                                OptionId::weights, OptionId::engine, OptionId::convention,
                                                OptionId::logits,  OptionId::assume, OptionId::set};

/// The devices, what each keeps free, how fast it runs and what it costs.
inline constexpr std::array kDeviceOptions = {
    OptionId::gpu,       OptionId::parallel,       OptionId::utilization,   OptionId::overhead,    OptionId::margin,
    OptionId::kv_memory, OptionId::host_bandwidth, OptionId::beyond_window, OptionId::activations, OptionId::mfu,
    OptionId::mbu,       OptionId::price,          OptionId::power};

/// How a page looks.
inline constexpr std::array kPageOptions = {OptionId::explain_columns, OptionId::units, OptionId::color,
                                            OptionId::width,           OptionId::wide,  OptionId::quiet};

}  // namespace ctxcost::cli
