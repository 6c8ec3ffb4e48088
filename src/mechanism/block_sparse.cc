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
      : Mixer("block_sparse", shape), block_(block), local_(local_blocks), stride_(stride), head_step_(head_step) {
    cache_ = key_value_cache(shape, Span{});
    const Count first = shape.tensor_rank * shape.heads;  // of this rank
    const Count group = shape.heads / shape.kv_heads;
    std::uint64_t period = 0;  // of the heads' shifts; 0: not known yet
    for (std::uint64_t head = 0; head < shape.heads; ++head) {
      const Count shift = (first + head) * head_step % stride;
      const Count key_head = head / group;
      if (period == 0 && head > 0 && shift == shifts_[0].blocks) period = head;
      if (period == 0) {
        shifts_.push_back({shift, 1, 1, key_head});
        continue;
      }
      Shift& same = shifts_[head % period];
      same.heads += 1;
      if (same.last_key_head != key_head) same.key_heads += 1;
      same.last_key_head = key_head;
    }
    for (const Shift& shift : shifts_) pairs_of_heads_ += shift.key_heads;
    if (head_step == 0) return;
    // Of each remainder below the stride: the heads whose shift makes up for the rest of it.
    further_.resize(stride.u64());
    for (const Shift& shift : shifts_) {
      if (shift.blocks > 0) further_[(stride - shift.blocks).u64()] = {shift.heads, shift.key_heads};
    }
    for (std::size_t remainder = 1; remainder < further_.size(); ++remainder) {
      further_[remainder].heads += further_[remainder - 1].heads;
      further_[remainder].key_heads += further_[remainder - 1].key_heads;
    }
  }

  std::optional<Work> prefill(Count n, PairRule rule) const override {
    if (n == 0) return Work{0, Count{}, 0, 0};
    Sum sum;
    if (rule == PairRule::exact) {
      const Count near = near_rows(n);
      const Blocks before = divided(minus_or_zero(n / block_ + 1, local_));
      for (const Shift& shift : shifts_) {
        sum.add(shift.heads, near + block_ * vertical_rows(n % block_, before, shift.blocks));
      }
      return work(sum);
    }
    // Every query is charged the most keys of any: of the last one, or of the last in a whole block.
    const Count whole = (n - 1) / block_ * block_;
    const Row last = row_of(n), earlier = whole == 0 ? last : row_of(whole);
    const Count one_more = max(last.further.heads, earlier.further.heads);
    const Count both = min(last.further.heads, earlier.further.heads);
    const auto most = [&](bool of_last, bool of_earlier) {
      return n * max(last.keys + (of_last ? block_ : Count{}), earlier.keys + (of_earlier ? block_ : Count{}));
    };
    sum.add(both, most(true, true));
    sum.add(one_more - both, most(last.further.heads == one_more, earlier.further.heads == one_more));
    sum.add(shape().heads - one_more, most(false, false));
    return work(sum);
  }
  std::optional<Work> decode(Count keys) const override {
    if (keys == 0) return Work{0, Count{}, 0, 0};
    const Row row = row_of(keys);
    Sum sum;
    sum.add(row.further.heads, row.keys + block_);
    sum.add(shape().heads - row.further.heads, row.keys);
    return work(sum);
  }
  std::optional<std::vector<Tensor>> tensors() const override { return softmax_tensors(shape()); }

  /// The query heads of a key head see the same near blocks and each their own vertical ones.
  Count rows_read(std::size_t, Count keys) const override {
    if (keys == 0) return 0;
    const Row row = row_of(keys);
    return shape().kv_heads * row.near + block_ * (pairs_of_heads_ * row.vertical + row.further.key_heads);
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
  /// Heads whose vertical blocks are the same.
  struct Shift {
    Count blocks;
    Count heads;
    Count key_heads;      ///< key heads that any of them belongs to
    Count last_key_head;  ///< of these
  };

  /// Heads that see one vertical block more than the others.
  struct Further {
    Count heads, key_heads;
  };
  /// What the last of some queries sees in each head, and the heads that see a block more.
  struct Row {
    Count keys;      ///< near and vertical ones
    Count near;      ///< of them
    Count vertical;  ///< blocks
    Further further;
  };
  Row row_of(Count keys) const {
    const Count own = (keys - 1) / block_;
    const Count near = keys - own * block_ + block_ * min(own, local_ - 1);
    const Count before = minus_or_zero(own + 1, local_);
    const Count vertical = before / stride_;
    const Further further = further_.empty() ? Further{} : further_[(before - vertical * stride_).u64()];
    return {near + block_ * vertical, near, vertical, further};
  }

  /// Pairs of heads that may differ in them.
  struct Sum {
    Count scores;
    std::optional<Count> one;
    bool agree = true;
    void add(Count heads, Count pairs) {
      if (heads == 0) return;
      scores += heads * pairs;
      agree = agree && (!one || one == pairs);
      one = pairs;
    }
  };
  Work work(const Sum& sum) const {
    return {sum.scores, sum.agree ? sum.one : std::nullopt, sum.scores * (shape().d_k + shape().d_v), 0};
  }

  /// Blocks before the near ones of a query, by the stride.
  struct Blocks {
    Count quotient, remainder;
  };
  Blocks divided(Count blocks) const { return {blocks / stride_, blocks % stride_}; }
  /// Those of them that heads with that shift see: (blocks + shift) / stride. A shift is below the stride.
  Count vertical(const Blocks& before, Count shift) const {
    return before.quotient + (before.remainder + shift >= stride_ ? 1 : 0);
  }
  /// Pairs with the query's own block and the near ones.
  Count near_rows(Count n) const {
    const Count blocks = n / block_;
    const Count few = min(blocks, local_);  // blocks before which there are fewer than local_blocks - 1
    const Count near =
        few == 0 ? few : pairs::triangle(few - 1) + (blocks - few) * (local_ - 1);  // a sum over whole blocks
    return pairs::chunked(n, block_) + block_ * (block_ * near + n % block_ * min(blocks, local_ - 1));
  }
  /// Vertical blocks summed over queries: of whole blocks of them, which have none before there are local_blocks, then
  /// 1, 2, ... up to those `before` the last of `rest` queries; each sees (blocks + shift) / stride of them.
  Count vertical_rows(Count rest, const Blocks& before, Count shift) const {
    const Count most = vertical(before, shift);
    const Count remainder = before.remainder + shift - (most - before.quotient) * stride_;
    const Count whole = most == 0 ? most : stride_ * pairs::triangle(most - 1) + remainder * most;
    return block_ * whole + rest * most;
  }

  Count block_, local_, stride_, head_step_;
  std::vector<Shift> shifts_;
  std::vector<Further> further_;  ///< by the remainder of the vertical blocks; empty: none
  Count pairs_of_heads_;          ///< of a key head and a shift that one of its heads has
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
