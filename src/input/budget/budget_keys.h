// The keys of budget files (docs/budgets.md).
#pragma once

#include "core/joined.h"
#include "input/json/file_key.h"
#include "input/setting_keys.h"

namespace ctxcost {

/// The keys that defaults and budgets share.
inline constexpr std::array kBudgetSettingKeys = {
    FileKey{"model", ValueType::text, "a catalogue name, or a file or directory beside the budget file",
            "that of the defaults"},
    setting::with_fallback(setting::kContext, "that of the defaults"),
    FileKey{"contexts", ValueType::lengths, "several of them, in place of context"},
    setting::kBatch,
    FileKey{"batches", ValueType::lengths, "several of them, in place of batch"},
    setting::kUsers,
    setting::kLengths,
    setting::kSharedPrefix,
    setting::kKvPrecision,
    setting::kWeights,
    setting::kEngine,
    setting::kImages,
    setting::kConvention,
    setting::kLogits,
    FileKey{"level", ValueType::choice, "what a breach is", "error", {.choices = "error|warning"}},
    setting::with_fallback(setting::kGpu, "none"),
    FileKey{"gpus", ValueType::count, "devices", "1, or as many as parallel says"},
    setting::kParallel,
    setting::kUtilization,
    setting::kBeyondWindow,
    setting::kActivations,
    setting::kMfu,
    setting::kMbu,
    setting::kOverhead,
    setting::kMargin,
    setting::kKvMemory,
    setting::kHostBandwidth,
    setting::kLora,
    setting::kDraft,
    setting::kPrice,
    setting::kPower,
};
inline constexpr auto kBudgetKeys = joined(
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
