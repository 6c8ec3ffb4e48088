// A listing of the catalogue: the same content in every format.
#pragma once

#include <string_view>

#include "ctxcost/answer/listing.h"
#include "ctxcost/core/writer.h"

namespace ctxcost {

/// Writes a listing as table, markdown, csv, json or ndjson.
void render_listing(const CatalogueListing& listing, std::string_view format, Writer& out);

}  // namespace ctxcost
