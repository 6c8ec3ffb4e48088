// The parts of the JSON documents (DESIGN section 4) that JSON and NDJSON share.
#pragma once

#include "ctxcost/render/render.h"
#include "json_writer.h"

namespace ctxcost {

/// The members "schema_version", "tool" and "command".
void write_header(JsonWriter& json, const RenderOptions& options);
/// The member "conventions".
void write_conventions(JsonWriter& json, const Convention& convention, Logits logits, const RenderOptions& options);
inline void write_conventions(JsonWriter& json, const Report& report, const RenderOptions& options) {
  write_conventions(json, report.convention(), report.logits(), options);
}
/// The members of one result: what it is about, its metrics, their parts and layer groups, notes. With chosen columns
/// only those metrics, without parts and groups. `engine_notes` replace those of the engine on the whole model.
void write_result(JsonWriter& json, const Row& row, const RenderOptions& options,
                  const std::vector<std::string>* engine_notes = nullptr);

}  // namespace ctxcost
