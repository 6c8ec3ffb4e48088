// Chunked attention: causal inside chunks with fixed borders (Llama 4's local layers) [transformers
// models/llama4/configuration_llama4.py, masking_utils.py chunked_overlay].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kChunkedKeys[] = {
    {"chunk", KeyType::count, "", "tokens per chunk; a token sees the earlier tokens of its own chunk"},
};

constexpr Formula kChunkedFormulas[] = {
    {"pairs", "sum(c of n by chunk: tri(c))", "docs/cost-model.md section 3, chunked"},
    {"pairs under reach", "n min(n, chunk)", "every query charged a whole chunk"},
    {"macs", "heads pairs (d_k + d_v)", "QK^T and PV, docs/cost-model.md section 2.1"},
    {"decode keys", "(T - 1) mod chunk + 1", "docs/cost-model.md section 3, chunked"},
    {"cached elements", "min(n, chunk) kv_heads (d_k + d_v)",
     "the most at any position up to n, docs/cost-model.md section 6.3"},
};

class Chunked final : public SoftmaxAttention {
 public:
  Chunked(const MixerShape& shape, Count chunk)
      : SoftmaxAttention("chunked", shape, {.kind = Span::Kind::chunk, .limit = chunk}), chunk_(chunk) {}

  /// Up to the end of the chunk.
  Count polynomial_until(Count n) const override { return round_up(n, chunk_); }
  Reach reach(Count n) const override { return {min(n, chunk_), min(n, chunk_)}; }
  Visibility visibility(Count) const override { return {{mask::Segments{chunk_}}, {}}; }
  std::span<const Formula> formulas() const override { return kChunkedFormulas; }

 private:
  Count prefill_pairs(Count n, PairRule rule) const override {
    return rule == PairRule::reach ? n * min(n, chunk_) : pairs::chunked(n, chunk_);
  }
  Count decode_keys(Count keys) const override { return pairs::chunked_decode(keys, chunk_); }

  Count chunk_;
};

}  // namespace

CTXCOST_MECHANISM(kChunked) = {"chunked",
                               "the earlier tokens of the same chunk",
                               "tokens before the chunk, even the one just before its border",
                               "transformers masking_utils.py chunked_overlay",
                               kChunkedKeys,
                               {.softmax = true},
                               [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
                                 return std::make_unique<Chunked>(shape, settings.count("chunk"));
                               }};

}  // namespace ctxcost
