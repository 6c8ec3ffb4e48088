// What a model is asked, and what it is put on: the settings that budget files ("kv_precision") and the command line
// (--kv-precision) share. Name, meaning and default stand here alone.
#pragma once

#include "input/json/file_key.h"

namespace ctxcost::setting {

inline constexpr FileKey kContext{"context", ValueType::length, "tokens of a sequence"};
inline constexpr FileKey kBatch{"batch", ValueType::length, "sequences at once; under dp those of a replica",
                                "the model's own"};
inline constexpr FileKey kKvPrecision{"kv_precision", ValueType::kv_precision, "type of the cache, or keys/values",
                                      "the model's own"};
inline constexpr FileKey kWeights{"weights", ValueType::weights, "type of the weights, or a GGUF file type",
                                  "as the model is stored"};
inline constexpr FileKey kEngine{"engine", ValueType::engine, "what reserves the cache", "ideal"};
inline constexpr FileKey kConvention{"convention", ValueType::convention, "how FLOPs are counted", "causal"};
inline constexpr FileKey kLogits{
    "logits", ValueType::choice, "for which tokens logits are counted", "last", {.choices = "last|all"}};

inline constexpr FileKey kGpu{"gpu", ValueType::text,
                              "the devices: a name of `ctxcost list gpus` or a .json file of your own, with :COUNT for "
                              "several"};
inline constexpr FileKey kParallel{"parallel", ValueType::text,
                                   "how the model is spread over the devices: tp=2,pp=2, also cp, ep, dp",
                                   "tp over all devices; llama.cpp: pp"};
inline constexpr FileKey kUtilization{"utilization", ValueType::fraction,
                                      "share of each device's memory that may be used", "1; vllm: 0.9"};
inline constexpr FileKey kOverhead{
    "overhead", ValueType::size, "bytes of each device that the runtime takes besides", "0", {.minimum = 0}};
inline constexpr FileKey kMargin{"margin",
                                 ValueType::margin,
                                 "of a device's usable memory that must stay free, else the answer is tight; 0: never",
                                 "5%",
                                 {.minimum = 0}};
inline constexpr FileKey kKvMemory{
    "kv_memory", ValueType::size, "bytes of each device for the cache, as a runtime's log prints them", "what is left"};
inline constexpr FileKey kBeyondWindow{"beyond_window", ValueType::flag,
                                       "contexts beyond the model's window count, too: max_context is what memory "
                                       "alone allows",
                                       "false"};
inline constexpr FileKey kMfu{"mfu", ValueType::fraction, "share of the peak FLOPs that is reached, where measured",
                              "1"};
inline constexpr FileKey kMbu{"mbu", ValueType::fraction, "share of the bandwidth that is reached, where measured",
                              "1"};

/// The same setting with another default.
constexpr FileKey with_fallback(FileKey key, std::string_view fallback) {
  key.fallback = fallback;
  return key;
}

}  // namespace ctxcost::setting
