#include "listing.h"

#include <utility>

#include "csv_field.h"
#include "ctxcost/core/units.h"
#include "document_parts.h"
#include "field.h"
#include "text_document.h"

namespace ctxcost {
namespace {

std::string shown(const CatalogueValue& cell) {
  if (const auto* count = std::get_if<Count>(&cell)) return with_separators(*count);
  if (const auto* negative = std::get_if<Negative>(&cell)) return "-" + with_separators(negative->magnitude);
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return "–";
}

void render_table(const CatalogueListing& listing, TextDocument out) {
  std::vector<TextDocument::Column> columns;
  for (const ListingColumn& column : listing.columns) {
    columns.push_back({std::string(column.heading), column.type != ListingColumn::Type::text});
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : listing.rows) {
    rows.emplace_back();
    for (const CatalogueValue& cell : row) rows.back().push_back(shown(cell));
  }
  out.table(std::move(columns), rows);
}

void write_object(const CatalogueListing& listing, const std::vector<CatalogueValue>& row, JsonWriter& json) {
  json.begin_object();
  for (std::size_t c = 0; c < row.size(); ++c) {
    json.key(listing.columns[c].name);
    write_value(json, to_value(row[c]));
  }
  json.end_object();
}

void render_json(const CatalogueListing& listing, Writer& out) {
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  RenderOptions options;
  options.command = "list";
  write_header(json, options);
  json.key(listing.kind);
  json.begin_array();
  for (const auto& row : listing.rows) write_object(listing, row, json);
  json.end_array();
  json.end_object();
  out.character('\n');
}

void render_csv(const CatalogueListing& listing, Writer& out) {
  for (std::size_t c = 0; c < listing.columns.size(); ++c) {
    if (c > 0) out.character(',');
    out.text(listing.columns[c].name);
  }
  out.character('\n');
  for (const auto& row : listing.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) out.character(',');
      write_csv_value(out, to_value(row[c]));
    }
    out.character('\n');
  }
}

}  // namespace

void render_listing(const CatalogueListing& listing, std::string_view format, Writer& out) {
  if (format == "json") return render_json(listing, out);
  if (format == "csv") return render_csv(listing, out);
  if (format == "ndjson") {
    for (const auto& row : listing.rows) {
      JsonWriter json(out, JsonWriter::Layout::compact);
      write_object(listing, row, json);
      out.character('\n');
    }
    return;
  }
  render_table(listing, TextDocument(out, format == "table" ? TextStyle::plain : TextStyle::markdown));
}

}  // namespace ctxcost
