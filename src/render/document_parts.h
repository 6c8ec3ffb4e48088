// Pieces of documents for commands whose answers are not documents yet.
#pragma once

#include "ctxcost/render/render.h"
#include "json_writer.h"

namespace ctxcost {

/// The members "schema_version", "tool" and "command".
void write_header(JsonWriter& json, const RenderOptions& options);

}  // namespace ctxcost
