#include "ctxcost/pairs.h"

#include <algorithm>

namespace ctxcost::pairs {
namespace {

/// Pairs of the band that lie in the first `m` rows with j <= i + half, above the diagonal, cut at m rows and m columns.
/// S(m) of COST-MODEL 7.1: sum over i < m of min(i, half).
Count below_diagonal(Count m, Count half) {
  const Count k = min(m, half + 1);
  const Count start = k == 0 ? Count{} : triangle(k - 1);
  return start + (m - k) * half;
}

}  // namespace

Count longformer(Count n, Count half, Count globals) {
  if (n == 0) return 0;
  const Count a = min(half, n - 1);
  const Count g = min(globals, n);
  // Band pairs inside the global rows: they are counted once, with the whole rows.
  const Count in_rows = below_diagonal(g, a) + below_diagonal(n, a) - below_diagonal(n - g, a) + g;
  // Band pairs of the other rows that fall on global columns.
  const Count t = min(n - g, a);
  const Count u = min(t, minus_or_zero(a, g));
  const Count t_part = t == 0 ? Count{} : triangle(t - 1);
  const Count u_part = u == 0 ? Count{} : triangle(u - 1);
  const Count in_columns = u * g + (t - u) * a - (t_part - u_part);
  return g * n + (band(n, a) - in_rows) + (n - g) * g - in_columns;
}

Count bigbird(Count n, Count block, Count random_blocks) {
  if (n <= (5 + 2 * random_blocks) * block) return full(n);
  const Count m = ceil_div(n, block);
  return ((7 + random_blocks) * m - (12 + 2 * random_blocks)) * block * block;
}

Count vertical_slash(Count n, const std::vector<Count>& columns, const std::vector<Count>& offsets) {
  Count sum;
  for (const Count v : columns) sum += minus_or_zero(n, v);
  for (const Count s : offsets) sum += minus_or_zero(n, s);
  // Pairs on both a column and an offset: v + s <= n - 1. Offsets are sorted, so the count of those below a bound
  // is a search.
  for (const Count v : columns) {
    if (v >= n) break;
    sum -= static_cast<std::uint64_t>(std::lower_bound(offsets.begin(), offsets.end(), n - v) - offsets.begin());
  }
  return sum;
}

Count vertical_slash(Count n, Count vertical, Count slash) {
  const Count v = min(vertical, n);
  const Count s = min(slash, n);
  if (v == 0) return sliding(n, max(s, 1)) * (s == 0 ? 0 : 1);
  // Columns: v triangles' worth; offsets: a window; both: |{(c, o): c < v, o < s, c + o < n}|.
  const Count on_columns = v * n - triangle(v - 1);
  const Count on_offsets = s == 0 ? Count{} : s * n - triangle(s - 1);
  // sum over c < v of min(s, n - c): whole while c <= n - s.
  const Count whole = min(v, n - s + 1);
  const Count rest = v - whole;
  // c = whole .. v-1 gives n - c: an arithmetic series.
  const Count series = rest == 0 ? Count{} : triangle(n - whole) - triangle(n - v);
  return on_columns + on_offsets - (whole * s + series);
}

Count selected(Count n, Count block, Count count) {
  const Count all = block * count;
  if (n <= all) return triangle(n);
  const Count q = (n - all) / block;
  const Count r = (n - all) % block;
  return triangle(all) + q * ((count - 1) * block * block + triangle(block)) + r * (count - 1) * block + triangle(r);
}

Count selected_decode(Count keys, Count block, Count count) {
  if (keys == 0) return 0;
  if (keys - 1 < block * count) return keys;
  return (count - 1) * block + (keys - 1) % block + 1;
}

Count segment_memory(Count n, Count segment, Count memory) {
  const Count q = n / segment;
  const Count r = n % segment;
  // The first k segments after the start see less memory than `memory`.
  const Count k = min(q, ceil_div(memory, segment));
  const Count growing = k == 0 ? Count{} : triangle(k - 1);
  Count sum = q * triangle(segment) + segment * (segment * growing + (q - k) * memory);
  if (r > 0) sum += r * min(memory, q * segment) + triangle(r);
  return sum;
}

Count segment_memory_decode(Count keys, Count segment, Count memory) {
  if (keys == 0) return 0;
  const Count before = keys - 1;
  return min(memory, before / segment * segment) + before % segment + 1;
}

}  // namespace ctxcost::pairs
