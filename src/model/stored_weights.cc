#include "ctxcost/model/stored_weights.h"

namespace ctxcost {

namespace {

constexpr Count kFp32Bytes = 4;

Count tile(Count size, Count whole) { return size == 0 ? whole : size; }

}  // namespace

Count PackedFormat::tiles(Count rows, Count columns) const {
  if (rows == 0 || columns == 0) return 0;
  return ceil_div(rows, tile(tile_rows, rows)) * ceil_div(columns, tile(tile_columns, columns));
}

Count PackedFormat::bytes(Count rows, Count columns) const {
  Count sum = ceil_div(rows * columns * bits, 8) + columns * column_bytes + matrix_bytes;
  if (scale_bits == 0) return sum;
  const Count scales = tiles(rows, columns);
  sum += ceil_div(scales * scale_bits, 8) + ceil_div(scales * zero_bits, 8);
  if (scales_per_group > 0) sum += ceil_div(scales, scales_per_group) * kFp32Bytes;
  return sum;
}

}  // namespace ctxcost
