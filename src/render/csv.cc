// CSV (RFC 4180, with LF line ends): one header, scalars only, and empty fields for unknown values.
#include <algorithm>
#include <string>

#include "csv_field.h"
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

/// The integers of one column. In a grid most integers of a row are also in the row above or a few columns before
/// (those that do not depend on the context, FLOPs that equal multiply-adds). Their digits are copied.
struct IntegerCell {
  Count value;
  char digits[40] = {};
  std::size_t size = 0;  // 0 until there is a value
};
static_assert(sizeof(IntegerCell::digits) >= kMostDigits);

/// How many columns back to look for an equal value: the distance from attention_macs to attention_flops.
constexpr std::size_t kLookBack = 2;

void write_integer(Writer& out, Count value, std::vector<IntegerCell>& cells, std::size_t column) {
  IntegerCell& cell = cells[column];
  if (cell.size == 0 || value != cell.value) {
    const IntegerCell* equal = nullptr;
    for (std::size_t back = 1; back <= kLookBack && back <= column; ++back) {
      const IntegerCell& before = cells[column - back];
      if (before.size != 0 && before.value == value) equal = &before;
    }
    if (equal != nullptr) {
      cell = *equal;
    } else {
      cell.value = value;
      cell.size = static_cast<std::size_t>(write_digits(cell.digits, value) - cell.digits);
    }
  }
  std::memcpy(out.room(sizeof cell.digits), cell.digits, sizeof cell.digits);
  out.advance(cell.size);
}

void write_csv(const Document& document, bool, Writer& out) {
  const std::vector<Field> columns = document.columns();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out.character(',');
    out.text(columns[i].name);
  }
  out.character('\n');
  std::vector<IntegerCell> integers(columns.size());
  document.for_each_cells([&](const void* subject) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out.character(',');
      const Value value = columns[i].value(columns[i], subject);
      if (const Count* count = std::get_if<Count>(&value)) {
        write_integer(out, *count, integers, i);
      } else {
        write_csv_value(out, value);
      }
    }
    out.character('\n');
  });
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kCsv) = {"csv", ".csv", "a header and one line a result, scalars only", Part::cells, write_csv};

}  // namespace ctxcost
