// Score pairs of one head, layer and sequence: closed forms over masks (docs/cost-model.md section 3). i is the query,
// j the key, both from 0; "decode" takes T, the keys that a causal query at position T - 1 could see. Every form is an
// exact integer and is tested against a count over its mask.
#pragma once

#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost::pairs {

/// Returns x(x+1)/2, without an intermediate product larger than the result.
constexpr Count triangle(Count x) { return x % 2 == 0 ? (x / 2) * (x + 1) : x * ((x + 1) / 2); }

/// Mask: all j. n^2.
constexpr Count full(Count n) { return n * n; }

/// Mask: j <= i.
constexpr Count causal(Count n) { return triangle(n); }

/// `fresh` new queries after `cached` tokens. Over the chunks of a prefill these add up to causal(n).
constexpr Count extend(Count cached, Count fresh) { return fresh * cached + triangle(fresh); }

/// Mask: i - window < j <= i; at most `window` keys, the query's own included. [transformers masking_utils.py
/// sliding_window_overlay]
constexpr Count sliding(Count n, Count window) {
  const Count x = min(n, window);
  return triangle(x) + (n - x) * window;
}
constexpr Count sliding_decode(Count keys, Count window) { return min(keys, window); }

/// Each of n queries sees all `other` keys, the encoder's in cross-attention.
constexpr Count cross(Count n, Count other) { return n * other; }

/// Mask: |i - j| <= half. Two-sided.
constexpr Count band(Count n, Count half) {
  if (n == 0) return 0;
  const Count m = min(half, n - 1);
  return n * (2 * m + 1) - m * (m + 1);
}

/// Mask: j <= i in the same chunk of `chunk` tokens (Llama 4).
constexpr Count chunked(Count n, Count chunk) { return (n / chunk) * triangle(chunk) + triangle(n % chunk); }
constexpr Count chunked_decode(Count keys, Count chunk) { return keys == 0 ? Count{} : (keys - 1) % chunk + 1; }

/// Mask: j <= i, dilation | (i - j), (i - j) / dilation < window.
constexpr Count dilated(Count n, Count window, Count dilation) {
  const Count q = n / dilation;
  const Count r = n % dilation;
  return r * sliding(q + 1, window) + (dilation - r) * sliding(q, window);
}
constexpr Count dilated_decode(Count keys, Count window, Count dilation) {
  return keys == 0 ? Count{} : min((keys - 1) / dilation + 1, window);
}

/// Longformer: |i - j| <= half, or i < globals, or j < globals (docs/cost-model.md section 7.1).
Count longformer(Count n, Count half, Count globals);

/// BigBird: rows of blocks over ceil(n / block) blocks, or full attention where the library switches to it
/// (docs/cost-model.md section 7.2). [transformers modeling_big_bird.py bigbird_block_sparse_attention]
Count bigbird(Count n, Count block, Count random_blocks);

/// Reformer: keys that each query meets over all hash rounds, given `keys` tokens. In each round these are the chunks
/// it looks at, `width` keys together. The library uses full attention until there is a second chunk. [transformers
/// modeling_reformer.py LSHSelfAttention; docs/cost-model.md section 7.3]
constexpr Count hashed_keys(Count keys, Count hashes, Count chunk, Count width) {
  return keys <= chunk ? keys : hashes * width;
}

/// Routing Transformer: `clusters` clusters of n / clusters tokens, each attending to itself [Roy 2020, section 4].
constexpr Count routed(Count n, Count clusters) { return n * n / clusters; }
constexpr Count routed_decode(Count keys, Count clusters) { return ceil_div(keys, clusters); }

/// Sparse Transformer, strided pattern B: j <= i, stride | (i - j). (Pattern A is sliding(n, stride + 1).)
constexpr Count strided(Count n, Count stride) {
  const Count q = n / stride;
  const Count r = n % stride;
  return stride * triangle(q) + r * (q + 1);
}
constexpr Count strided_decode(Count keys, Count stride) { return keys == 0 ? Count{} : (keys - 1) / stride + 1; }

/// Sparse Transformer, fixed pattern B: j <= i, j mod stride >= stride - summary. (Pattern A is chunked(n, stride).)
constexpr Count fixed(Count n, Count stride, Count summary) {
  const Count q = (n + 1) / stride;
  const Count r = (n + 1) % stride;
  const Count tail = minus_or_zero(minus_or_zero(r, 1), stride - summary);
  // q(q-1)/2 is the triangle of q - 1.
  const Count blocks = q == 0 ? Count{} : triangle(q - 1);
  const Count corner = summary == 0 ? Count{} : triangle(summary - 1);
  return summary * (stride * blocks + q * r) + q * corner + triangle(tail);
}
constexpr Count fixed_decode(Count keys, Count stride, Count summary) {
  return summary * (keys / stride) + minus_or_zero(keys % stride, stride - summary);
}

/// MInference vertical-slash: j <= i and (j in columns or (i - j) in offsets). Either set is a sorted list without
/// repeats, or a count c that stands for {0 .. c-1}. With a count, the running time does not depend on c.
Count vertical_slash(Count n, const std::vector<Count>& columns, const std::vector<Count>& offsets);
Count vertical_slash(Count n, const std::vector<Count>& columns, Count slash);
Count vertical_slash(Count n, Count vertical, Count slash);
/// Columns and offsets play the same part: both bound j + (i - j) <= n - 1.
inline Count vertical_slash(Count n, Count vertical, const std::vector<Count>& offsets) {
  return vertical_slash(n, offsets, vertical);
}
/// The most keys that one of n queries sees under that mask.
Count vertical_slash_most(Count n, const std::vector<Count>& columns, const std::vector<Count>& offsets);
Count vertical_slash_most(Count n, const std::vector<Count>& columns, Count slash);
constexpr Count vertical_slash_most(Count n, Count vertical, Count slash) {
  return vertical >= n || slash >= n ? n : min(n, vertical + slash);
}
inline Count vertical_slash_most(Count n, Count vertical, const std::vector<Count>& offsets) {
  return vertical_slash_most(n, offsets, vertical);
}

/// NSA compression branch: block c of `length` keys, one every `stride`, seen once it lies wholly in the past.
constexpr Count compressed(Count n, Count length, Count stride) {
  if (n < length) return 0;
  const Count q = (n - length + 1) / stride;
  const Count r = (n - length + 1) % stride;
  return stride * triangle(q) + r * (q + 1);
}
constexpr Count compressed_decode(Count keys, Count length, Count stride) {
  return keys < length ? Count{} : (keys - length) / stride + 1;
}

/// NSA selection branch: `count` blocks of `block` keys, the current one among them, causal inside it.
Count selected(Count n, Count block, Count count);
Count selected_decode(Count keys, Count block, Count count);

/// Transformer-XL: segments of `segment`, `memory` cached tokens: max(0, floor(i/N) N - M) <= j <= i.
Count segment_memory(Count n, Count segment, Count memory);
Count segment_memory_decode(Count keys, Count segment, Count memory);

/// What a segment's queries see of earlier segments, min(memory, q segment) tokens, summed over q < count.
Count segment_memory_rows(Count count, Count segment, Count memory);
/// The same for slots of `ratio` tokens that have left the memory,
/// min(slots, floor(max(0, q segment - memory) / ratio)) (Compressive Transformer).
Count compressed_memory_rows(Count count, Count segment, Count memory, Count slots, Count ratio);

}  // namespace ctxcost::pairs
