// BigBird, internal transformer construction: window, global and random blocks [Zaheer 2020; transformers
// models/big_bird/modeling_big_bird.py bigbird_block_sparse_attention]. An encoder: no causal step, no cache.
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kBigBirdKeys[] = {
    {"block", KeyType::count, "64", "tokens per block"},
    {"random_blocks", KeyType::count, "3", "random blocks that a row of blocks sees", 0},
};

constexpr Formula kBigBirdFormulas[] = {
    {"pairs",
     "n <= (5 + 2 random_blocks) block ? n n : ((7 + random_blocks) m - 12 - 2 random_blocks) block block where m = "
     "ceil(n / block)",
     "docs/cost-model.md section 7.2; modeling_big_bird.py switches to original_full"},
    {"macs", "heads pairs (d_k + d_v)", "QK^T and PV, docs/cost-model.md section 2.1"},
    {"cached elements", "0", "an encoder"},
};

class BigBird final : public SoftmaxAttention {
 public:
  BigBird(const MixerShape& shape, Count block, Count random_blocks)
      : SoftmaxAttention("bigbird", shape), block_(block), random_blocks_(random_blocks) {}

  bool causal() const override { return false; }
  std::optional<Work> decode(Count) const override { return std::nullopt; }
  Visibility visibility(Count n) const override {
    // Up to that length the library uses full attention; a random block may be any one.
    const bool sparse = n > (5 + 2 * random_blocks_) * block_;
    if (!sparse || random_blocks_ > 0) return {{mask::Band{n, n}}, {}, sparse};
    const PositionSet ends({{0, block_}, {(n - 1) / block_ * block_, n}});
    return {{mask::NeighbourBlocks{block_}, mask::Columns{ends, true}, mask::Rows{ends}}, {}};
  }
  std::span<const Formula> formulas() const override { return kBigBirdFormulas; }

 private:
  Count prefill_pairs(Count n, PairRule) const override { return pairs::bigbird(n, block_, random_blocks_); }
  Count decode_keys(Count) const override { return 0; }

  Count block_;
  Count random_blocks_;
};

}  // namespace

CTXCOST_MECHANISM(kBigBird) = {
    "bigbird",
    "blocks: its window, global ones and random ones",
    "tokens outside the window and the global and random blocks: some tasks then need many layers",
    "Zaheer 2020, arXiv 2007.14062, section 3.4",
    kBigBirdKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<BigBird>(shape, settings.count("block"), settings.count("random_blocks"));
    }};

}  // namespace ctxcost
