// Longformer: a two-sided band and global tokens that see and are seen by all, through projections of their own
// [Beltagy 2020; transformers models/longformer/modeling_longformer.py]. An encoder: no causal step, no cache.
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kLongformerKeys[] = {
    {"window", KeyType::count, "", "keys of the window on both sides together, without the token itself; even", 2},
    {"global_tokens", KeyType::count, "1", "first tokens, which see every token and which every token sees", 0},
};

constexpr Formula kLongformerFormulas[] = {
    {"pairs",
     "sum(i < n: i < global_tokens ? n : min(i, a) + 1 + min(n - 1 - i, a) + max(0, min(global_tokens, i - a))) "
     "where a = window / 2",
     "each pair once, docs/cost-model.md section 7.1, longformer"},
    {"macs", "heads pairs (d_k + d_v)", "QK^T and PV, docs/cost-model.md section 2.1"},
    {"linear macs",
     "n (linear - attn_q_global - (global_tokens = 0) (attn_k_global + attn_v_global)) "
     "+ min(n, global_tokens) attn_q_global",
     "transformers modeling_longformer.py, query_global, key_global, value_global"},
    {"cached elements", "0", "an encoder"},
};

class Longformer final : public SoftmaxAttention {
 public:
  Longformer(const MixerShape& shape, Count half, Count globals)
      : SoftmaxAttention("longformer", shape), half_(half), globals_(globals) {
    const std::optional<Count> token = Mixer::decode_linear_macs(1);
    if (!token) return;
    Count on_all = *token;
    const std::vector<Tensor> global = global_projections();
    for (const Tensor& projection : global) on_all -= projection.elements();
    if (globals_ > 0) {
      global_linears_ = global[0].elements();
      on_all += global[1].elements() + global[2].elements();
    }
    linears_ = on_all;
  }

  bool causal() const override { return false; }
  std::optional<Work> decode(Count) const override { return std::nullopt; }
  Reach reach(Count n) const override { return {min(n, half_ + 1), min(n, half_ + 1)}; }
  Visibility visibility(Count) const override {
    return {{mask::Band{half_, half_}, mask::Columns{PositionSet({{0, globals_}}), true},
             mask::Rows{PositionSet({{0, globals_}})}},
            {}};
  }
  std::span<const Formula> formulas() const override { return kLongformerFormulas; }

  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> all = softmax_tensors(shape());
    if (!all) return all;
    const std::vector<Tensor> global = global_projections();
    for (const Tensor& projection : global) {
      all->push_back(projection);
      if (shape().qkv_bias) all->push_back(bias_of(projection.name, projection.rows));
    }
    return all;
  }

  bool linears_once_a_token() const override { return false; }
  std::optional<Count> linear_macs(Count n) const override {
    return linears_ ? std::optional(n * *linears_ + min(n, globals_) * global_linears_) : std::nullopt;
  }

 private:
  Count prefill_pairs(Count n, PairRule) const override { return pairs::longformer(n, half_, globals_); }
  Count decode_keys(Count) const override { return 0; }

  /// Q, K and V of the global attention; d_model must be known.
  std::vector<Tensor> global_projections() const {
    const Count d_model = *shape().d_model;
    return {linear("attn_q_global", d_model, shape().heads * shape().d_k),
            linear("attn_k_global", d_model, shape().kv_heads * shape().d_k),
            linear("attn_v_global", d_model, shape().kv_heads * shape().d_v)};
  }

  Count half_;
  Count globals_;
  std::optional<Count> linears_;  // elements that work on every token; empty without d_model
  Count global_linears_;          // and on the global ones alone
};

}  // namespace

CTXCOST_MECHANISM(kLongformer) = {
    "longformer",
    "a window on both sides, and global tokens",
    "tokens outside the window, except through global tokens or further layers",
    "Beltagy 2020, arXiv 2004.05150, section 3.1",
    kLongformerKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      const Count window = settings.count("window");
      if (window % 2 != 0) {
        throw SettingFault{"window", "expected an even number, found " + to_string(window),
                           "it counts both sides together"};
      }
      return std::make_unique<Longformer>(shape, window / 2, settings.count("global_tokens"));
    }};

}  // namespace ctxcost
