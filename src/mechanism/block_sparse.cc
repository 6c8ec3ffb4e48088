// Blocks near the query's own, and every `vertical_stride`-th block before them, shifted from head to head
// (Phi-3-small) [Abdin 2024, arXiv 2404.14219, section 2; microsoft/Phi-3-small-8k-instruct
// triton_flash_blocksparse_attn.py get_sparse_attn_mask].
#include <algorithm>
#include <vector>

#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kBlockSparseKeys[] = {
    {"block", KeyType::count, "", "tokens of a block", 1, {}, true},
    {"local_blocks", KeyType::count, "", "blocks that a query sees up to its own, which is one of them", 1, {}, true},
    {"vertical_stride", KeyType::count, "", "every so many-th block is seen by all later queries", 1, {}, true},
    {"head_step",
     KeyType::count,
     "",
     "blocks by which the pattern of a head is shifted from that of the one before",
     0,
     {},
     true},
};

constexpr Formula kBlockSparseFormulas[] = {
    {"scores",
     "sum(c, q of n by block: heads (tri(c) + c block min(q, local_blocks - 1)) + c block sum(h < heads: (max(0, q + 1 "
     "- local_blocks) + h head_step mod vertical_stride) / vertical_stride))",
     "near blocks, and vertical ones before them; triton_flash_blocksparse_attn.py"},
    {"scores under reach",
     "n sum(h < heads: max(r + block (min(q, local_blocks - 1) + (max(0, q + 1 - local_blocks) + h head_step mod "
     "vertical_stride) / vertical_stride), q > 0 ? block (1 + min(max(0, q - 1), local_blocks - 1) + (max(0, q - "
     "local_blocks) + h head_step mod vertical_stride) / vertical_stride) : 0)) where q = max(0, n - 1) / block, r = n "
     "- "
     "q block",
     "every query charged the most keys of any"},
    {"macs", "scores (d_k + d_v)", "QK^T and PV, docs/cost-model.md section 2.1"},
    {"decode scores",
     "heads (r + block min(q, local_blocks - 1)) + block sum(h < heads: (max(0, q + 1 - local_blocks) + h head_step "
     "mod "
     "vertical_stride) / vertical_stride) where q = max(0, T - 1) / block, r = T - q block",
     "the row of the last query; triton_flash_blocksparse_attn.py"},
    {"cached elements", "n kv_heads (d_k + d_v)", "dense, vllm attention/ops/blocksparse_attention"},
};

/// The reference knows tens of each.
constexpr Count kMostShifts = 4096;

class BlockSparse final : public Mixer {
 public:
  BlockSparse(const MixerShape& shape, Count block, Count local_blocks, Count stride, Count head_step)
      : Mixer("block_sparse", shape),
        block_(block),
        local_(local_blocks),
        stride_(stride),
        head_step_(head_step),
        shifts_(shape.heads.u64()) {
    cache_ = key_value_cache(shape, Span{});
    const Count first = shape.tensor_rank * shape.heads;  // of this rank
    for (std::size_t h = 0; h < shifts_.size(); ++h) shifts_[h] = (first + Count{h}) * head_step % stride;
  }

  std::optional<Work> prefill(Count n, PairRule rule) const override {
    std::vector<Count> pairs;
    pairs.reserve(shifts_.size());
    for (const Count shift : shifts_) pairs.push_back(rule == PairRule::reach ? n * most(n, shift) : exact(n, shift));
    return work(pairs);
  }
  std::optional<Work> decode(Count keys) const override {
    std::vector<Count> pairs;
    pairs.reserve(shifts_.size());
    for (const Count shift : shifts_) pairs.push_back(seen(keys, shift));
    return work(pairs);
  }
  std::optional<std::vector<Tensor>> tensors() const override { return softmax_tensors(shape()); }

  /// The query heads of a key head see the same near blocks and each their own vertical ones.
  Count rows_read(std::size_t, Count keys) const override {
    if (keys == 0) return 0;
    const std::size_t group = (shape().heads / shape().kv_heads).u64();
    const Count near = near_keys(keys);
    const Count before = blocks_before(keys);
    Count rows;
    for (std::size_t head = 0; head < shifts_.size(); head += group) {
      const auto begin = shifts_.begin() + static_cast<std::ptrdiff_t>(head);
      std::vector<Count> own(begin, begin + static_cast<std::ptrdiff_t>(std::min(group, shifts_.size() - head)));
      std::sort(own.begin(), own.end());
      own.erase(std::unique(own.begin(), own.end()), own.end());
      rows += near;
      for (const Count shift : own) rows += block_ * ((before + shift) / stride_);
    }
    return rows;
  }

  Reach reach(Count n) const override {
    if (head_step_ > 0) return {n, n};  // in some head, the first block is a vertical one
    const Count back = max(min(n, local_ * block_), minus_or_zero(n, (stride_ - 1) * block_));
    return {back, back};
  }
  Visibility visibility(Count n) const override {
    if (head_step_ > 0) {
      return {{mask::Band{n}}, {}, false, "each head sees other blocks: what any of them sees"};
    }
    return {{mask::Segments{block_, (local_ - 1) * block_}, mask::BlockEnds{stride_ * block_, block_}}, {}};
  }
  std::span<const Formula> formulas() const override { return kBlockSparseFormulas; }

 private:
  Work work(const std::vector<Count>& pairs) const {
    Count scores;
    for (const Count of_head : pairs) scores += of_head;
    const bool agree = std::all_of(pairs.begin(), pairs.end(), [&](Count of_head) { return of_head == pairs.front(); });
    return {scores, agree ? std::optional<Count>(pairs.front()) : std::nullopt, scores * (shape().d_k + shape().d_v),
            0};
  }

  /// Of the last of `keys` queries: its own block so far and the whole ones near it.
  Count near_keys(Count keys) const {
    const Count own = (keys - 1) / block_;
    return keys - own * block_ + block_ * min(own, local_ - 1);
  }
  /// Blocks before the near ones of that query.
  Count blocks_before(Count keys) const { return minus_or_zero((keys - 1) / block_ + 1, local_); }
  Count seen(Count keys, Count shift) const {
    return keys == 0 ? keys : near_keys(keys) + block_ * ((blocks_before(keys) + shift) / stride_);
  }
  /// The most keys of any of n queries: of the last one, or of the last in a whole block.
  Count most(Count n, Count shift) const {
    return n == 0 ? n : max(seen(n, shift), seen((n - 1) / block_ * block_, shift));
  }
  /// The sum of floor(y / stride) up to y = x.
  Count floors(Count x) const {
    const Count whole = (x + 1) / stride_;
    return whole == 0 ? whole : stride_ * pairs::triangle(whole - 1) + (x + 1) % stride_ * whole;
  }
  Count exact(Count n, Count shift) const {
    const Count blocks = n / block_;
    const Count rest = n % block_;
    const Count few = min(blocks, local_);  // blocks before which there are fewer than local_blocks - 1
    const Count near =
        few == 0 ? few : pairs::triangle(few - 1) + (blocks - few) * (local_ - 1);  // a sum over whole blocks
    const Count vertical = blocks < local_ ? Count{} : floors(blocks - local_ + shift);
    const Count last = min(blocks, local_ - 1) + (minus_or_zero(blocks + 1, local_) + shift) / stride_;
    return pairs::chunked(n, block_) + block_ * (block_ * (near + vertical) + rest * last);
  }

  Count block_, local_, stride_, head_step_;
  std::vector<Count> shifts_;  ///< of each head
};

}  // namespace

CTXCOST_MECHANISM(kBlockSparse) = {
    .kind = "block_sparse",
    .summary = "near blocks and every `vertical_stride`-th one, shifted from head to head (Phi-3-small)",
    .gives_up = "in each head, most blocks before the near ones; the heads together see all",
    .gives_up_source = "Abdin 2024, arXiv 2404.14219, section 2",
    .keys = kBlockSparseKeys,
    .traits = {.softmax = true},
    .make = [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      const Count stride = settings.count("vertical_stride");
      const Count step = settings.count("head_step");
      if (shape.heads > kMostShifts) {
        throw SettingFault{"heads", "expected at most 4096, found " + to_string(shape.heads), ""};
      }
      // A whole layer; its parts on tensor-parallel ranks may have fewer heads.
      if (shape.tensor_ranks == 1 && step > 0 && (step != 1 || shape.heads < stride)) {
        throw SettingFault{
            "vertical_stride",
            "expected at most as many as heads (" + to_string(shape.heads) + "), found " + to_string(stride), ""};
      }
      return std::make_unique<BlockSparse>(shape, settings.count("block"), settings.count("local_blocks"), stride,
                                           step);
    },
    .reader_only = true,
};

}  // namespace ctxcost
