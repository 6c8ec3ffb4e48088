// MiniMax Sparse Attention (MSA): index heads score every earlier token, a block scores as its best token, and the
// heads of a KV group read the best `top_k` blocks, the query's own always among them. [transformers
// modeling_minimax_m3_vl.py MiniMaxM3VLIndexer; sglang models/minimax_m3.py, whose kernels rank the own block first]
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "projections.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kIndexedBlocksKeys[] = {
    {"index_heads", KeyType::count, "", "query heads of the indexer"},
    {"index_dim", KeyType::count, "", "width of an index key"},
    {"block", KeyType::count, "", "tokens of a block"},
    {"top_k", KeyType::count, "", "blocks that a query reads, its own included"},
};

constexpr Formula kIndexedBlocksFormulas[] = {
    {"pairs", "sum(i < n: min(i + 1, (top_k - 1) block + i mod block + 1))",
     "the best blocks and the query's own up to itself, transformers modeling_minimax_m3_vl.py MiniMaxM3VLIndexer"},
    {"pairs under reach", "n min(n, block top_k)", "every query charged top_k whole blocks"},
    {"macs", "heads pairs (d_k + d_v) + index_heads index_dim n (n + 1) / 2",
     "the indexer scores every token, transformers modeling_minimax_m3_vl.py MiniMaxM3VLIndexer"},
    {"macs under reach", "heads pairs (d_k + d_v) + index_heads index_dim n n", "the indexer, too, charged all n keys"},
    {"decode keys", "min(T, (top_k - 1) block + (T - 1) mod block + 1)",
     "transformers modeling_minimax_m3_vl.py MiniMaxM3VLIndexer"},
    {"decode macs", "heads pairs (d_k + d_v) + index_heads index_dim T",
     "transformers modeling_minimax_m3_vl.py MiniMaxM3VLIndexer"},
    {"cached elements", "n kv_heads (d_k + d_v) + n index_dim",
     "transformers modeling_minimax_m3_vl.py MiniMaxM3VLSparseCacheLayer"},
};

struct BlockIndexer {
  Count heads;
  Count width;
  Count block;
  Count top_k;
};

class IndexedBlocks final : public SoftmaxAttention {
 public:
  IndexedBlocks(const MixerShape& shape, const BlockIndexer& indexer)
      : SoftmaxAttention("indexed_blocks", shape, Span{}), indexer_(indexer) {
    // Index heads go with the KV heads that they choose for. The one index key is the same for all.
    indexer_.heads = max(shape.share(indexer.heads), 1);
    // It is kept in the type of the other keys.
    cache_.push_back({"index keys", CacheRole::key, 1, indexer.width, Span{}, !shape.shares_cache});
  }

  std::optional<Work> prefill(Count n, PairRule rule) const override {
    return with_index(softmax_work(shape(), prefill_pairs(n, rule)),
                      rule == PairRule::reach ? pairs::full(n) : pairs::causal(n));
  }
  std::optional<Work> decode(Count keys) const override {
    return with_index(softmax_work(shape(), decode_keys(keys)), keys);
  }
  Count rows_read(std::size_t part, Count keys) const override {
    return part < 2 ? shape().kv_heads * decode_keys(keys) : keys;
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> all = softmax_tensors(shape());
    if (!all) return all;
    const Count d_model = *shape().d_model;
    const bool normed = shape().qk_norm != QkNorm::none;
    project(*all, "indexer.q_proj", d_model, indexer_.heads * indexer_.width);
    if (normed) all->push_back(vector_of("indexer.q_norm", indexer_.width));
    if (shape().shares_cache) return all;
    project(*all, "indexer.k_proj", d_model, indexer_.width);
    if (normed) all->push_back(vector_of("indexer.k_norm", indexer_.width));
    return all;
  }

  Visibility visibility(Count n) const override { return {{mask::Band{n}}, {}, true}; }
  std::span<const Formula> formulas() const override { return kIndexedBlocksFormulas; }

 private:
  Count prefill_pairs(Count n, PairRule rule) const override {
    if (rule == PairRule::reach) return n * min(n, indexer_.block * indexer_.top_k);
    return pairs::selected(n, indexer_.block, indexer_.top_k);
  }
  Count decode_keys(Count keys) const override { return pairs::selected_decode(keys, indexer_.block, indexer_.top_k); }

  Work with_index(Work work, Count scored) const {
    work.macs += scored * indexer_.heads * indexer_.width;
    return work;
  }

  BlockIndexer indexer_;
};

}  // namespace

CTXCOST_MECHANISM(kIndexedBlocks) = {
    "indexed_blocks",
    "the blocks that an indexer selects, the query's own among them (MSA)",
    "in a step, all blocks but the best `top_k`: the indexer must find those that matter",
    "transformers modeling_minimax_m3_vl.py MiniMaxM3VLIndexer",
    kIndexedBlocksKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<IndexedBlocks>(
          shape, BlockIndexer{settings.count("index_heads"), settings.count("index_dim"), settings.count("block"),
                              settings.count("top_k")});
    }};

}  // namespace ctxcost
