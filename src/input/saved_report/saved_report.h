// JSON documents that `scale`, `fit` or `check` wrote, read back.
#pragma once

#include <string_view>

#include "ctxcost/answer/comparison.h"
#include "input/json/json.h"
#include "input/text_file.h"

namespace ctxcost {

/// A hundred thousand results have about 60 MiB with few columns.
inline constexpr TextLimit kSavedReport = {std::size_t{64} << 20, "a saved report"};

/// Has "schema_version" and "results".
bool looks_like_saved_report(const JsonValue& root);

/// Every result. Keys that are no metric and no name are left out. Throws InputError with every fault found.
ReportRecord read_saved_report(const JsonDocument& document);

/// The same from a file, or from standard input where `path` is "-".
ReportRecord load_saved_report(std::string_view path);

}  // namespace ctxcost
