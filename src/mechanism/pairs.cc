#include "ctxcost/mechanism/pairs.h"

#include <algorithm>
#include <utility>

namespace ctxcost::pairs {
namespace {

/// Band pairs in the first `m` rows with j <= i + half, above the diagonal, cut at m rows and m columns. S(m) of
/// docs/cost-model.md section 7.1: sum over i < m of min(i, half).
Count below_diagonal(Count m, Count half) {
  const Count k = min(m, half + 1);
  const Count start = k == 0 ? Count{} : triangle(k - 1);
  return start + (m - k) * half;
}

/// Returns the sum over i < count of floor((step i + start) / divisor), in a logarithmic number of divisions.
Count floor_sum(Count count, Count step, Count start, Count divisor) {
  Count sum;
  while (count > 0) {
    sum += triangle(count - 1) * (step / divisor) + count * (start / divisor);
    step = step % divisor;
    start = start % divisor;
    // The rest counts lattice points under a line with a slope below one, so swap the axes.
    const Count top = step * count + start;
    count = top / divisor;
    start = top % divisor;
    std::swap(step, divisor);
  }
  return sum;
}

}  // namespace

Count longformer(Count n, Count half, Count globals) {
  if (n == 0) return 0;
  const Count a = min(half, n - 1);
  const Count g = min(globals, n);
  // Band pairs inside the global rows. They are already counted with those rows.
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

Count vertical_slash(Count n, const std::vector<Count>& columns, Count slash) {
  const Count s = min(slash, n);
  Count sum = s == 0 ? Count{} : s * n - triangle(s - 1);
  for (const Count v : columns) {
    if (v >= n) break;
    sum += (n - v) - min(s, n - v);
  }
  return sum;
}

Count vertical_slash(Count n, Count vertical, Count slash) {
  // Query i sees min(i + 1, vertical + slash) keys, as with sinks and a window.
  return sliding(n, vertical_slash_most(n, vertical, slash));
}

Count vertical_slash_most(Count n, const std::vector<Count>& columns, const std::vector<Count>& offsets) {
  const std::vector<Count>& shorter = columns.size() <= offsets.size() ? columns : offsets;
  const std::vector<Count>& longer = columns.size() <= offsets.size() ? offsets : columns;
  const auto up_to = [](const std::vector<Count>& sorted, Count i) {
    return Count{static_cast<std::uint64_t>(std::upper_bound(sorted.begin(), sorted.end(), i) - sorted.begin())};
  };
  // Search from the last query down. A query sees at most itself and the earlier tokens, and at most the columns and
  // offsets up to it. Both bounds fall on the way, so the search ends at the first query whose bound does not exceed
  // the best so far.
  Count most;
  for (Count queries = n; queries > 0; queries -= 1) {
    const Count i = queries - 1;
    const Count listed = up_to(columns, i) + up_to(offsets, i);
    if (min(queries, listed) <= most) break;
    Count both;
    for (const Count x : shorter) {
      if (x > i) break;
      if (std::binary_search(longer.begin(), longer.end(), i - x)) both += 1;
    }
    most = max(most, listed - both);
  }
  return most;
}

Count vertical_slash_most(Count n, const std::vector<Count>& columns, Count slash) {
  // Columns inside the offsets' reach are counted there, so the last query sees most.
  const Count s = min(slash, n);
  const auto beyond = std::lower_bound(columns.begin(), columns.end(), n - s) - columns.begin();
  return s + static_cast<std::uint64_t>(beyond);
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

Count segment_memory_rows(Count count, Count segment, Count memory) {
  const Count k = min(count, ceil_div(memory, segment));
  return (k == 0 ? Count{} : segment * triangle(k - 1)) + (count - k) * memory;
}

Count compressed_memory_rows(Count count, Count segment, Count memory, Count slots, Count ratio) {
  // From segment `first` on tokens leave the memory; from `full` on every slot is taken.
  const Count first = ceil_div(memory, segment);
  const Count full = max(first, ceil_div(memory + slots * ratio, segment));
  const Count growing = minus_or_zero(min(count, full), first);
  return floor_sum(growing, segment, first * segment - memory, ratio) + minus_or_zero(count, full) * slots;
}

Count segment_memory_decode(Count keys, Count segment, Count memory) {
  if (keys == 0) return 0;
  const Count before = keys - 1;
  return min(memory, before / segment * segment) + before % segment + 1;
}

}  // namespace ctxcost::pairs
