// The keys of budget files (DESIGN section 5).
#pragma once

#include "input/json/file_key.h"

namespace ctxcost {

/// What defaults and budgets may both say.
inline constexpr std::array kBudgetSettingKeys = {
    FileKey{"model", ValueType::text, "a catalogue name, or a file or directory beside the budget file",
            "that of the defaults"},
    FileKey{"context", ValueType::length, "tokens of a sequence", "that of the defaults"},
    FileKey{"contexts", ValueType::lengths, "several of them, in place of context"},
    FileKey{"batch", ValueType::length, "sequences at once", "the model's own"},
    FileKey{"batches", ValueType::lengths, "several of them, in place of batch"},
    FileKey{"kv_precision", ValueType::kv_precision, "type of the cache, or keys/values", "the model's own"},
    FileKey{"weights", ValueType::weights, "type of the weights, or a GGUF file type", "as the model is stored"},
    FileKey{"engine", ValueType::engine, "what reserves the cache", "ideal"},
    FileKey{"convention", ValueType::convention, "how FLOPs are counted", "causal"},
    FileKey{"logits", ValueType::choice, "for which tokens logits are counted", "last", {.choices = "last|all"}},
    FileKey{"level", ValueType::choice, "what a breach is", "error", {.choices = "error|warning"}},
    FileKey{"gpu", ValueType::text, "NAME[:COUNT] from the catalogue, or a file beside the budget file", "none"},
    FileKey{"gpus", ValueType::count, "devices", "1, or as many as parallel says"},
    FileKey{"parallel", ValueType::text, "how the model is spread: tp=2,pp=2", "tp over all devices"},
    FileKey{"utilization", ValueType::fraction, "share of each device's memory that may be used", "the engine's own"},
    FileKey{"beyond_window", ValueType::flag, "max_context is what memory alone allows", "false"},
    FileKey{"mfu", ValueType::fraction, "share of the peak FLOPs that is reached", "1"},
    FileKey{"mbu", ValueType::fraction, "share of the bandwidth that is reached", "1"},
    FileKey{"overhead", ValueType::size, "bytes of each device that are taken by other things", "0", {.minimum = 0}},
    FileKey{"margin",
            ValueType::margin,
            "of a device's usable memory that must stay free, else a budget is tight",
            "5%",
            {.minimum = 0}},
    FileKey{"kv_memory", ValueType::size, "bytes of each device for the cache", "what is left"},
};
inline constexpr auto kBudgetKeys = join_keys(
    std::array{FileKey{"name", ValueType::text, "what reports call the budget; each its own", {}, {.required = true}}},
    kBudgetSettingKeys,
    std::array{FileKey{
        "limits", ValueType::limits, "metrics with the least and the most they may be", {}, {.required = true}}});
inline constexpr std::array kBudgetFileKeys = {
    FileKey{"$schema", ValueType::text, "the JSON Schema of this format, for editors"},
    FileKey{"defaults",
            ValueType::object,
            "settings of all budgets that do not say otherwise",
            "none",
            {.members = kBudgetSettingKeys}},
    FileKey{"budgets", ValueType::objects, "the budgets", {}, {.required = true, .members = kBudgetKeys}},
};

}  // namespace ctxcost
