#include "document_parts.h"

#include "document.h"

namespace ctxcost {

void write_header(JsonWriter& json, const RenderOptions& options) { write_envelope(json, options.command); }

}  // namespace ctxcost
