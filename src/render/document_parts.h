// Pieces of documents for commands whose answers are not documents yet.
#pragma once

#include "ctxcost/render/render.h"
#include "json_writer.h"
#include "result_fields.h"

namespace ctxcost {

/// The members "schema_version", "tool" and "command".
void write_header(JsonWriter& json, const RenderOptions& options);
/// The member "conventions".
void write_conventions(JsonWriter& json, const Convention& convention, Logits logits, const RenderOptions& options);
/// The members of one result.
void write_result(JsonWriter& json, const GridPoint& row, const RenderOptions& options,
                  const std::vector<std::string>* engine_notes = nullptr);

}  // namespace ctxcost
