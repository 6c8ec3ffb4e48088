#include "listing.h"

#include <algorithm>

#include "ctxcost/render.h"
#include "ctxcost/units.h"
#include "render/document.h"
#include "render/json_writer.h"
#include "render/layout.h"

namespace ctxcost::cli {
namespace {

std::string shown(const ListingCell& cell) {
  if (const auto* count = std::get_if<Count>(&cell)) return with_separators(*count);
  if (const auto* text = std::get_if<std::string>(&cell)) return printable(*text);
  return "–";
}

bool is_number(const Listing& listing, std::size_t column) {
  return std::any_of(listing.rows.begin(), listing.rows.end(),
                     [column](const auto& row) { return std::holds_alternative<Count>(row[column]); });
}

void render_table(const Listing& listing, bool aligned, Writer& out) {
  std::vector<std::size_t> widths;
  std::vector<bool> right;
  for (std::size_t c = 0; c < listing.columns.size(); ++c) {
    std::size_t width = characters(listing.columns[c].heading);
    for (const auto& row : listing.rows) width = std::max(width, characters(shown(row[c])));
    widths.push_back(aligned ? width : 0);
    right.push_back(is_number(listing, c));
  }
  const auto line = [&](const auto& text_of) {
    for (std::size_t c = 0; c < widths.size(); ++c) {
      const std::string text = text_of(c);
      const std::size_t length = characters(text);
      const std::size_t padding = widths[c] > length ? widths[c] - length : 0;
      out.text("| ");
      if (right[c]) out.repeat(' ', padding);
      out.text(text);
      if (!right[c]) out.repeat(' ', padding);
      out.character(' ');
    }
    out.text("|\n");
  };
  line([&](std::size_t c) { return std::string(listing.columns[c].heading); });
  for (std::size_t c = 0; c < widths.size(); ++c) {
    out.text("|-");
    out.repeat('-', std::max<std::size_t>(widths[c], 1));
    out.character(right[c] ? ':' : '-');
  }
  out.text("|\n");
  for (const auto& row : listing.rows) line([&](std::size_t c) { return shown(row[c]); });
}

void write_object(const Listing& listing, const std::vector<ListingCell>& row, JsonWriter& json) {
  json.begin_object();
  for (std::size_t c = 0; c < row.size(); ++c) {
    json.key(listing.columns[c].key);
    if (const auto* count = std::get_if<Count>(&row[c])) {
      json.count(*count);
    } else if (const auto* text = std::get_if<std::string>(&row[c])) {
      json.string(*text);
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

/// RFC 4180.
void write_field(Writer& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return out.text(text);
  out.character('"');
  for (const char c : text) {
    if (c == '"') out.character('"');
    out.character(c);
  }
  out.character('"');
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
      if (const auto* text = std::get_if<std::string>(&row[c])) write_field(out, *text);
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
  render_table(listing, format == "table", out);
}

}  // namespace ctxcost::cli
