// The JSON Schema of documents, built from the tables of fields that write them.
#pragma once

#include "ctxcost/core/writer.h"

namespace ctxcost {

void write_output_schema(Writer& out);

}  // namespace ctxcost
