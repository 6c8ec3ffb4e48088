// NSA: compressed blocks, selected blocks and a window, mixed by gates [Yuan 2025, arXiv 2502.11089; fla layers/nsa.py,
// ops/nsa/naive.py].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "projections.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kNativeSparseKeys[] = {
    {"compress_block", KeyType::count, "32", "tokens behind one compressed key"},
    {"compress_stride", KeyType::count, "16", "distance in tokens from one compressed key to the next"},
    {"select_block", KeyType::count, "64", "tokens of a selected block"},
    {"select_count", KeyType::count, "16", "selected blocks, the query's own included"},
    {"window", KeyType::count, "512", "keys of the window branch, the query's own included"},
};

constexpr Formula kNativeSparseFormulas[] = {
    {"pairs",
     "compressed + selected + recent where compressed = n < compress_block ? 0 : compress_stride tri(q) + (m mod "
     "compress_stride) (q + 1), m = n - compress_block + 1, q = floor(m / compress_stride), selected = sum(i < n: "
     "min(i + 1, (select_count - 1) select_block + i mod select_block + 1)), recent = tri(x) + (n - x) window, x = "
     "min(n, window)",
     "docs/cost-model.md section 7.7"},
    {"pairs under reach",
     "compressed + n min(n, select_block select_count) + n min(n, window) where compressed = n < compress_block ? 0 : "
     "compress_stride tri(q) + (m mod compress_stride) (q + 1), m = n - compress_block + 1, q = floor(m / "
     "compress_stride)",
     "docs/cost-model.md section 7.7"},
    {"macs", "heads pairs (d_k + d_v)", "selection reuses the compressed branch's scores: additions only"},
    {"decode keys",
     "compressed + min(T, (select_count - 1) select_block + (T - 1) mod select_block + 1) + min(T, window) where "
     "compressed = T < compress_block ? 0 : floor((T - compress_block) / compress_stride) + 1",
     "docs/cost-model.md section 7.7"},
    {"cached elements",
     "(n + compressed) kv_heads (d_k + d_v) where compressed = n < compress_block ? 0 : floor((n - compress_block) / "
     "compress_stride) + 1",
     "docs/cost-model.md section 7.7; the branches share keys and values"},
};

constexpr std::string_view kNativeSparseNotes[] = {
    "native_sparse: the compression of keys and values has no multiply-adds and no parameters here",
};

struct NsaSettings {
  Count compress_block;
  Count compress_stride;
  Count select_block;
  Count select_count;
  Count window;
};

class NativeSparse final : public SoftmaxAttention {
 public:
  NativeSparse(const MixerShape& shape, const NsaSettings& settings)
      : SoftmaxAttention("native_sparse", shape, Span{}), nsa_(settings) {
    std::vector<CachePart> compressed = key_value_cache(
        shape, {.kind = Span::Kind::compressed, .block = nsa_.compress_block, .stride = nsa_.compress_stride});
    compressed[0].name = "compressed keys";
    compressed[1].name = "compressed values";
    cache_.insert(cache_.end(), compressed.begin(), compressed.end());
  }

  /// Reads the shared keys of the selected blocks and of the window, and all compressed keys.
  Count rows_read(std::size_t part, Count keys) const override {
    // Compressed keys are all read, as in the base Mixer. The rule of softmax attention does not apply to them.
    if (part >= 2) return Mixer::rows_read(part, keys);  // NOLINT(bugprone-parent-virtual-call)
    return shape().kv_heads * min(keys, selected_decode(keys) + pairs::sliding_decode(keys, nsa_.window));
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> all = softmax_tensors(shape());
    if (all) project(*all, "attn_branch_gate", *shape().d_model, 3 * shape().heads, shape().output_bias);
    return all;
  }

  Visibility visibility(Count n) const override { return {{mask::Band{n}}, {}, true}; }
  std::span<const Formula> formulas() const override { return kNativeSparseFormulas; }
  std::span<const std::string_view> notes() const override { return kNativeSparseNotes; }

 private:
  Count prefill_pairs(Count n, PairRule rule) const override {
    const Count compressed = pairs::compressed(n, nsa_.compress_block, nsa_.compress_stride);
    if (rule == PairRule::reach) {
      return compressed + n * min(n, nsa_.select_block * nsa_.select_count) + n * min(n, nsa_.window);
    }
    return compressed + pairs::selected(n, nsa_.select_block, nsa_.select_count) + pairs::sliding(n, nsa_.window);
  }
  Count decode_keys(Count keys) const override {
    return pairs::compressed_decode(keys, nsa_.compress_block, nsa_.compress_stride) + selected_decode(keys) +
           pairs::sliding_decode(keys, nsa_.window);
  }
  Count selected_decode(Count keys) const { return pairs::selected_decode(keys, nsa_.select_block, nsa_.select_count); }

  NsaSettings nsa_;
};

}  // namespace

CTXCOST_MECHANISM(kNativeSparse) = {
    "native_sparse",
    "compressed, selected and recent tokens, mixed by a gate (NSA)",
    "exact keys of the blocks that are not selected: those are seen in compressed form",
    "Yuan 2025, arXiv 2502.11089, section 3.3",
    kNativeSparseKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<NativeSparse>(
          shape, NsaSettings{settings.count("compress_block"), settings.count("compress_stride"),
                             settings.count("select_block"), settings.count("select_count"), settings.count("window")});
    }};

}  // namespace ctxcost
