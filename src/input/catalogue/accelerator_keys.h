// The keys of devices, in the catalogue and in users' files.
#pragma once

#include "input/json/file_key.h"

namespace ctxcost {

inline constexpr ValueRules kMayBeUnknown = {.nullable = true};

inline constexpr std::array kPeakKeys = {
    FileKey{"fp32", ValueType::peak, "FLOP/s of fp32", {}, kMayBeUnknown},
    FileKey{"tf32", ValueType::peak, "FLOP/s of tf32", {}, kMayBeUnknown},
    FileKey{"fp16", ValueType::peak, "FLOP/s of fp16", {}, kMayBeUnknown},
    FileKey{"bf16", ValueType::peak, "FLOP/s of bf16", {}, kMayBeUnknown},
    FileKey{"fp8", ValueType::peak, "FLOP/s of fp8", {}, kMayBeUnknown},
    FileKey{"int8", ValueType::peak, "operations a second of int8", {}, kMayBeUnknown},
    FileKey{"fp4", ValueType::peak, "FLOP/s of fp4", {}, kMayBeUnknown},
};
inline constexpr std::array kInterconnectKeys = {
    FileKey{"nvlink_bytes_per_s_per_direction", ValueType::bandwidth, "NVLink, one direction", {}, kMayBeUnknown},
    FileKey{"nvlink_bytes_per_s", ValueType::bandwidth, "NVLink, both directions", {}, kMayBeUnknown},
    FileKey{"infinity_fabric_bytes_per_s", ValueType::bandwidth, "Infinity Fabric, both directions", {}, kMayBeUnknown},
    FileKey{"neuronlink_bytes_per_s", ValueType::bandwidth, "NeuronLink, both directions", {}, kMayBeUnknown},
    FileKey{"ici_bytes_per_s_bidirectional_per_chip", ValueType::bandwidth, "ICI, both directions", {}, kMayBeUnknown},
    FileKey{"roce_bytes_per_s_per_direction", ValueType::bandwidth, "RoCE, one direction", {}, kMayBeUnknown},
    FileKey{"pcie_bytes_per_s_per_direction", ValueType::bandwidth, "PCIe, one direction", {}, kMayBeUnknown},
    FileKey{"pcie", ValueType::any, "generation and lanes"},
    FileKey{"nvlink_generation", ValueType::any, "generation of NVLink"},
    FileKey{"c2c_bytes_per_s", ValueType::any, "to the host's processor"},
    FileKey{"connectx7_bytes_per_s", ValueType::any, "to other machines"},
};
inline constexpr std::array kPriceKeys = {
    FileKey{"usd_per_hour", ValueType::decimal, "US dollars of one device-hour on demand", {}, {.required = true}},
    FileKey{"date", ValueType::text, "the day on which it was read: \"2026-09-20\"", {}, {.required = true}},
    FileKey{"source", ValueType::text, "where it is published", {}, {.required = true}},
};
inline constexpr std::array kAcceleratorKeys = {
    FileKey{"id", ValueType::text, "the name that the setting gpu takes", "the file's name"},
    FileKey{"name", ValueType::text, "the name in tables", "id"},
    FileKey{"vendor", ValueType::text, "who makes it"},
    FileKey{"memory_bytes", ValueType::size, "nominal memory", {}, {.required = true}},
    FileKey{"memory_reported_mib", ValueType::count, "memory in MiB as its driver reports it", "memory_bytes",
            kMayBeUnknown},
    FileKey{"unified_memory_usable", ValueType::ratio,
            "of memory shared with the host: what a program may take by default", "the memory is its own",
            kMayBeUnknown},
    FileKey{"memory_bandwidth_bytes_per_s", ValueType::bandwidth, "bandwidth of its memory", {}, {.required = true}},
    FileKey{"peak_dense_flops",
            ValueType::object,
            "peaks without sparsity; one at least",
            {},
            {.required = true, .members = kPeakKeys}},
    FileKey{"interconnect", ValueType::object, "links to its peers", "none", {.members = kInterconnectKeys}},
    FileKey{"narrow_cache",
            ValueType::choice,
            "the narrowest cache type with the card's help that engines keep there (nvfp4: fp8, too)",
            "fp8 where its peak is known, else none",
            {.choices = "none|fp8|nvfp4"}},
    FileKey{"tdp_watts", ValueType::count, "thermal design power", {}, kMayBeUnknown},
    FileKey{"price",
            ValueType::object,
            "a public list price",
            "none: the setting price gives one",
            {.nullable = true, .members = kPriceKeys}},
    FileKey{"source", ValueType::text, "where the numbers come from"},
    FileKey{"unverified", ValueType::texts, "keys of figures that were not read at the source: \"tdp_watts\"", "none"},
    FileKey{"notes", ValueType::text, "remarks"},
    FileKey{"memory_label_unit", ValueType::text, "unit of the memory on its label"},
    FileKey{"memory_reported_source", ValueType::text, "where the reported memory was seen"},
};

}  // namespace ctxcost
