#include "list_document.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/printable.h"
#include "ctxcost/core/units.h"

namespace ctxcost {
namespace {

constexpr unsigned kListParts = Part::records | Part::cells | Part::page;

using Row = std::vector<CatalogueValue>;

Field::Type type_of(ListingColumn::Type type) {
  switch (type) {
    case ListingColumn::Type::text: break;
    case ListingColumn::Type::count: return Field::Type::count;
    case ListingColumn::Type::integer: return Field::Type::integer;
  }
  return Field::Type::text;
}

/// A table's cell, as `cell_text` of the same value, which it need not become first.
std::string text_of(const CatalogueValue& value) {
  if (const auto* const text = std::get_if<std::string>(&value)) return *text;
  if (const auto* const count = std::get_if<Count>(&value)) return with_separators(*count);
  return cell_text(to_value(value));
}

std::vector<Field> fields_of(std::span<const ListingColumn> columns) {
  std::vector<Field> fields;
  for (const ListingColumn& column : columns) {
    Field field{column.name, type_of(column.type), column.meaning, column.nullable};
    field.index = fields.size();
    field.value = [](const Field& self, const void* row) {
      return to_value((*static_cast<const Row*>(row))[self.index]);
    };
    fields.push_back(field);
  }
  return fields;
}

/// Each kind's table is made of its columns, and all of them when the first is asked for: they would cost every other
/// command's start.
std::span<const DocumentShape> shapes() {
  struct Tables {
    std::vector<std::vector<Field>> fields;
    std::vector<FieldTable> rows;
    std::vector<DocumentShape> shapes;
  };
  static const Tables tables = [] {
    Tables made;
    const std::span<const ListingKind> kinds = listing_kinds();
    for (const ListingKind& kind : kinds) made.fields.push_back(fields_of(kind.columns));
    for (std::size_t i = 0; i < kinds.size(); ++i) made.rows.push_back({kinds[i].name, made.fields[i]});
    for (const FieldTable& row : made.rows) {
      made.shapes.push_back({.command = "list", .parts = kListParts, .rows = row.name, .row = &row});
    }
    return made;
  }();
  return tables.shapes;
}

}  // namespace

const DocumentShape kListShape = {.command = "list", .parts = kListParts, .kinds = shapes};

const DocumentShape& ListDocument::shape() const {
  return shapes()[static_cast<std::size_t>(listing_->kind - listing_kinds().data())];
}

void ListDocument::for_each_row(const RecordVisitor& visit) const {
  for (const Row& row : listing_->rows) visit({shape().row, &row});
}

std::vector<Field> ListDocument::columns() const {
  const std::span<const Field> fields = shape().row->fields;
  return {fields.begin(), fields.end()};
}

void ListDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for (const Row& row : listing_->rows) visit(&row);
}

void ListDocument::write_page(TextDocument& page) const {
  std::vector<TextDocument::Column> columns;
  for (const ListingColumn& column : listing_->kind->columns) {
    columns.push_back({.heading = std::string(column.heading),
                       .right_aligned = column.type != ListingColumn::Type::text,
                       .rank = column.rank,
                       .about = {column.name, column.unit, column.meaning}});
  }
  for (TextDocument::Column& column : columns) column.width = printable_width(column.heading);
  std::vector<std::string> cells;
  cells.reserve(listing_->rows.size() * columns.size());
  for (const Row& row : listing_->rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i].measure(cells.emplace_back(text_of(row[i])));
  }
  page.heads(columns);
  const std::span<const std::string> all(cells);
  for (std::size_t i = 0; i < all.size(); i += columns.size()) page.row(columns, all.subspan(i, columns.size()));
  page.end_table(columns);
}

}  // namespace ctxcost
