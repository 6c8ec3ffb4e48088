// Sparse latent attention (DSA): a small indexer scores every earlier token, and the main attention reads the best
// `top_k` [DeepSeek-V3.2-Exp inference/model.py classes MLA and Indexer].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "latent.h"
#include "projections.h"
#include "row.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kIndexedLatentKeys[] = {
    {"kv_rank", KeyType::count, "", "width of the latent that keys and values are made of"},
    {"rope_dim", KeyType::count, "", "width of the rotated key that all heads share", 0},
    {"q_rank", KeyType::count, "0", "width of the latent that queries are made of; 0 = none", 0},
    {"index_heads", KeyType::count, "", "query heads of the indexer"},
    {"index_dim", KeyType::count, "", "width of an index key"},
    {"top_k", KeyType::count, "", "tokens that a query attends to"},
    {"shares_index", KeyType::flag, "false", "uses the selection of another layer: no indexer and no index cache here"},
};

constexpr Formula kIndexedLatentFormulas[] = {
    {"pairs", "tri(x) + (n - x) top_k where x = min(n, top_k)",
     "top-k of the causal keys, DeepSeek-V3.2-Exp inference/model.py class Indexer"},
    {"pairs under reach", "n min(n, top_k)", "every query charged top_k keys"},
    {"macs", "heads pairs (2 kv_rank + rope_dim) + (1 - shares_index) index_heads index_dim n (n + 1) / 2",
     "absorbed form and index scores, DeepSeek-V3.2-Exp inference/model.py"},
    {"macs under reach", "heads pairs (2 kv_rank + rope_dim) + (1 - shares_index) index_heads index_dim n n",
     "the indexer, too, charged all n keys"},
    {"decode keys", "min(T, top_k)", "DeepSeek-V3.2-Exp inference/model.py class Indexer"},
    {"decode macs", "heads pairs (2 kv_rank + rope_dim) + (1 - shares_index) index_heads index_dim T",
     "DeepSeek-V3.2-Exp inference/model.py"},
    {"cached elements", "n (kv_rank + rope_dim) + (1 - shares_index) n index_dim",
     "latents, and index keys of one byte and 4 bytes of scale a key, DeepSeek-V3.2-Exp inference/model.py, k_cache "
     "and k_scale_cache"},
};

struct Indexer {
  Count heads;
  Count width;
  Count top_k;
  bool shared;  ///< uses another layer's selection

  /// Multiply-adds of one pair.
  Count macs() const { return shared ? Count{} : heads * width; }
};

class IndexedLatent final : public Mixer {
 public:
  IndexedLatent(const MixerShape& shape, const LatentShape& latent, const Indexer& indexer)
      : Mixer("indexed_latent", shape), latent_(latent), indexer_(indexer) {
    cache_ = {latent_cache(shape, latent)};
    if (!indexer.shared) {
      cache_.push_back({"index keys", CacheRole::index, 1, indexer.width, Span{}, !shape.shares_cache});
    }
  }

  std::optional<Work> prefill(Count n, PairRule rule) const override {
    if (rule == PairRule::reach) return work(n * min(n, indexer_.top_k), pairs::full(n));
    return work(pairs::sliding(n, indexer_.top_k), pairs::causal(n));
  }
  std::optional<Work> decode(Count keys) const override { return work(min(keys, indexer_.top_k), keys); }
  Count rows_read(std::size_t part, Count keys) const override { return part == 0 ? min(keys, indexer_.top_k) : keys; }
  Count polynomial_until(Count n) const override { return until_bound(n, indexer_.top_k); }

  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> tensors = latent_tensors(shape(), latent_);
    if (!tensors || indexer_.shared) return tensors;
    const Count d_model = *shape().d_model;
    const Count query_input = latent_.q_rank == 0 ? d_model : latent_.q_rank;
    const bool bias = shape().qkv_bias;
    project(*tensors, "indexer.attn_q_b", query_input, indexer_.heads * indexer_.width, bias);
    if (!shape().shares_cache) {
      project(*tensors, "indexer.attn_k", d_model, indexer_.width, bias);
      // This is a layer norm, the only norm with a bias in this model.
      tensors->push_back(vector_of("indexer.k_norm", indexer_.width));
      tensors->push_back(bias_of("indexer.k_norm", indexer_.width));
    }
    project(*tensors, "indexer.proj", d_model, indexer_.heads, bias);
    return tensors;
  }
  Visibility visibility(Count n) const override { return {{mask::Band{n}}, {}, true}; }
  std::span<const Formula> formulas() const override { return kIndexedLatentFormulas; }

 private:
  /// `pairs` of the main attention, `scored` pairs of the indexer.
  Work work(Count pairs, Count scored) const {
    const Count heads = shape().heads;
    return {heads * pairs, pairs, heads * pairs * absorbed_macs(latent_) + scored * indexer_.macs(), 0};
  }

  LatentShape latent_;
  Indexer indexer_;
};

}  // namespace

CTXCOST_MECHANISM(kIndexedLatent) = {
    "indexed_latent",
    "the tokens that an indexer selects, with latent attention (DSA)",
    "in a step, all tokens but the best `top_k`: the indexer must find those that matter",
    "DeepSeek-V3.2-Exp inference/model.py class Indexer",
    kIndexedLatentKeys,
    {.softmax = true, .traffic_never_falls = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      const Indexer indexer{settings.count("index_heads"), settings.count("index_dim"), settings.count("top_k"),
                            settings.flag("shares_index")};
      return std::make_unique<IndexedLatent>(shape, read_latent(shape, settings), indexer);
    }};

}  // namespace ctxcost
