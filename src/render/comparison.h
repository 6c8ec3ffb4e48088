// A difference as table, Markdown, JSON, NDJSON and CSV.
#pragma once

#include <string_view>

#include "ctxcost/answer/difference.h"
#include "ctxcost/core/writer.h"
#include "ctxcost/render/render.h"
#include "input/json/config_changes.h"

namespace ctxcost {

/// Writes the answer as table, json, ndjson, csv or markdown.
void render_difference(const Difference& difference, std::string_view format, const RenderOptions& options,
                       Writer& out);

}  // namespace ctxcost
