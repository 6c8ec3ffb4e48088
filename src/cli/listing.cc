#include "listing.h"

#include <algorithm>
#include <utility>

#include "ctxcost/core/units.h"
#include "ctxcost/render/render.h"
#include "render/csv_field.h"
#include "render/document_parts.h"
#include "render/json_writer.h"
#include "render/text_document.h"

namespace ctxcost::cli {
namespace {

std::string shown(const ListingCell& cell) {
  if (const auto* count = std::get_if<Count>(&cell)) return with_separators(*count);
  if (const auto* negative = std::get_if<Negative>(&cell)) return "-" + with_separators(negative->magnitude);
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return "–";
}

bool is_number(const Listing& listing, std::size_t column) {
  return std::any_of(listing.rows.begin(), listing.rows.end(),
                     [column](const auto& row) { return std::holds_alternative<Count>(row[column]); });
}

void render_table(const Listing& listing, TextDocument out) {
  std::vector<TextDocument::Column> columns;
  for (std::size_t c = 0; c < listing.columns.size(); ++c) {
    columns.push_back({std::string(listing.columns[c].heading), is_number(listing, c)});
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : listing.rows) {
    rows.emplace_back();
    for (const ListingCell& cell : row) rows.back().push_back(shown(cell));
  }
  out.table(std::move(columns), rows);
}

void write_object(const Listing& listing, const std::vector<ListingCell>& row, JsonWriter& json) {
  json.begin_object();
  for (std::size_t c = 0; c < row.size(); ++c) {
    json.key(listing.columns[c].key);
    if (const auto* count = std::get_if<Count>(&row[c])) {
      json.count(*count);
    } else if (const auto* text = std::get_if<std::string>(&row[c])) {
      json.string(*text);
    } else if (const auto* negative = std::get_if<Negative>(&row[c])) {
      json.value(MetricValue(*negative));
    } else {
      json.null();
    }
  }
  json.end_object();
}

void render_json(const Listing& listing, Writer& out) {
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

void render_csv(const Listing& listing, Writer& out) {
  for (std::size_t c = 0; c < listing.columns.size(); ++c) {
    if (c > 0) out.character(',');
    out.text(listing.columns[c].key);
  }
  out.character('\n');
  for (const auto& row : listing.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) out.character(',');
      if (const auto* count = std::get_if<Count>(&row[c])) out.digits(*count);
      if (const auto* negative = std::get_if<Negative>(&row[c])) out.text("-" + to_string(negative->magnitude));
      if (const auto* text = std::get_if<std::string>(&row[c])) out.text(csv_field(*text));
    }
    out.character('\n');
  }
}

}  // namespace

void render_listing(const Listing& listing, std::string_view format, Writer& out) {
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

}  // namespace ctxcost::cli
