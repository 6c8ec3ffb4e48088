// A built-in entry as lines for people, and as JSON.
#pragma once

#include <string_view>

#include "ctxcost/answer/show.h"
#include "ctxcost/core/writer.h"
#include "ctxcost/render/render.h"

namespace ctxcost {

/// Writes the entry as table or json; of a model the JSON is its catalogue file.
void render_entry(const EntryDescription& entry, std::string_view format, const RenderOptions& options, Writer& out);

}  // namespace ctxcost
