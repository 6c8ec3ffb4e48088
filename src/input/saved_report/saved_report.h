// Saved reports that are JSON documents already.
#pragma once

#include "ctxcost/input/saved_report.h"
#include "input/file/text_file.h"
#include "input/json/json.h"

namespace ctxcost {

/// A hundred thousand results have about 60 MiB with few columns.
inline constexpr TextLimit kSavedReport = {std::size_t{64} << 20, "a saved report"};

/// Has "schema_version" and "results".
bool looks_like_saved_report(const JsonValue& root);

/// Every result. Throws InputError with every fault found.
ReportRecord read_saved_report(const JsonDocument& document);

}  // namespace ctxcost
