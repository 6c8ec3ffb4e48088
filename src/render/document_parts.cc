#include "document_parts.h"

#include "document.h"

namespace ctxcost {

void write_header(JsonWriter& json, const RenderOptions& options) { write_envelope(json, options.command); }

void write_conventions(JsonWriter& json, const Convention& convention, Logits logits, const RenderOptions& options) {
  const Conventions conventions = conventions_of(convention, logits, options.units);
  json.key("conventions");
  write_record(json, {&kConventionsFields, &conventions});
}

void write_result(JsonWriter& json, const GridPoint& row, const RenderOptions& options,
                  const std::vector<std::string>* engine_notes) {
  const Result result = result_of(row, options, engine_notes);
  write_members(json, {&kResultFields, &result});
}

}  // namespace ctxcost
