// The settings that budget files ("kv_precision") and the command line (--kv-precision) share: what is counted, and on
// which devices. Their names, meanings and defaults are defined only here.
#pragma once

#include "input/json/file_key.h"
#include "input/request_lengths.h"

namespace ctxcost::setting {

inline constexpr FileKey kContext{"context", ValueType::length, "tokens of one sequence"};
inline constexpr FileKey kBatch{"batch", ValueType::length, "sequences at once; with dp, per replica",
                                "the model's own"};
inline constexpr FileKey kUsers{"users", ValueType::length,
                                "requests at once, as batch; with lengths, of those lengths", "those of batch"};
inline constexpr FileKey kLengths{"lengths",
                                  ValueType::requests,
                                  "tokens of the requests, in place of context: 4K:32K is every user at the mean and "
                                  "one more request at the maximum; "
                                  "or a file with shares",
                                  "all of the context",
                                  {.members = kRequestLengthKeys}};
inline constexpr FileKey kSharedPrefix{"shared_prefix", ValueType::length,
                                       "tokens that all requests start with, kept once where the engine shares them",
                                       "none"};
inline constexpr FileKey kKvPrecision{"kv_precision", ValueType::kv_precision,
                                      "type of the KV cache, or of keys/values", "the model's own"};
inline constexpr FileKey kWeights{"weights", ValueType::weights, "type of the weights, or a GGUF file type",
                                  "as the model is stored"};
inline constexpr FileKey kEngine{"engine", ValueType::engine, "the runtime that reserves the cache", "ideal"};
inline constexpr FileKey kImages{"images", ValueType::text,
                                 "images in each sequence, whose tokens add to the context: N, or N:WxH in pixels",
                                 "none"};
inline constexpr FileKey kConvention{"convention", ValueType::convention, "how FLOPs are counted", "causal"};
inline constexpr FileKey kLogits{
    "logits", ValueType::choice, "which tokens get logits", "last", {.choices = "last|all"}};

inline constexpr FileKey kGpu{
    "gpu", ValueType::text,
    "the GPU: a name from `ctxcost list gpus` or your own .json file; :COUNT for several devices, A:2+B for a machine "
    "of unequal cards"};
inline constexpr FileKey kParallel{
    "parallel", ValueType::text,
    "how the model is split over the devices: tp=2,pp=2; also cp, dcp, ep and dp; pp=16+32 "
    "gives the layers of each stage",
    "tp over all devices; llama.cpp: pp"};
inline constexpr FileKey kUtilization{"utilization", ValueType::fractions,
                                      "share of a device's memory that may be used", "1; vllm: 0.9"};
inline constexpr FileKey kOverhead{
    "overhead", ValueType::size, "further bytes that the runtime takes on each device", "0", {.minimum = 0}};
inline constexpr FileKey kMargin{
    "margin",
    ValueType::margin,
    "usable memory of a device that should stay free; with less the answer is tight; 0 turns this off",
    "5%",
    {.minimum = 0}};
inline constexpr FileKey kKvMemory{
    "kv_memory", ValueType::size, "bytes for the cache on each device, as a runtime's log prints them", "what is left"};
inline constexpr FileKey kHostBandwidth{
    "host_bandwidth", ValueType::size,
    "bytes per second of host memory, for what an engine keeps there; without it there are no times then", "unknown"};
inline constexpr FileKey kLora{"lora", ValueType::text,
                               "slots for LoRA adapters of one rank on each device: rank=R,count=SLOTS", "none"};
inline constexpr FileKey kDraft{
    "draft", ValueType::text, "a model that drafts tokens, with its weights and its cache on the same devices", "none"};
inline constexpr FileKey kBeyondWindow{"beyond_window", ValueType::flag,
                                       "let contexts go beyond the model's window: max_context is what memory alone "
                                       "allows",
                                       "false"};
inline constexpr FileKey kActivations{"activations", ValueType::text,
                                      "type in which kernels multiply, whose peak bounds times: fp16, fp8, int8, nvfp4",
                                      "that of the weights"};
inline constexpr FileKey kMfu{"mfu", ValueType::fraction, "share of peak FLOP/s that is reached, if you measured it",
                              "1"};
inline constexpr FileKey kMbu{"mbu", ValueType::fraction,
                              "share of memory bandwidth that is reached, if you measured it", "1"};

inline constexpr FileKey kPrice{"price", ValueType::decimal, "US dollars for one device-hour",
                                "the list price, where the catalogue has one"};
inline constexpr FileKey kPower{"power", ValueType::decimal, "power of one device, for the energy", "its board's"};

/// Returns the same setting with another default.
constexpr FileKey with_fallback(FileKey key, std::string_view fallback) {
  key.fallback = fallback;
  return key;
}

}  // namespace ctxcost::setting
