// Cross-attention of a decoder to an encoder's tokens [Vaswani 2017, section 3.2.3]: keys and values are projected and
// cached once, in prefill. Readers build it beside a self-attention. Model files cannot name it.
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kCrossAttentionKeys[] = {
    {"tokens", KeyType::count, "the context", "the encoder's length", 1, {}, true},
};

constexpr Formula kCrossAttentionFormulas[] = {
    {"pairs", "n tokens where tokens = given(tokens, n)", "docs/cost-model.md section 3, cross"},
    {"macs", "heads pairs (d_k + d_v)", "QK^T and PV, docs/cost-model.md section 2.1"},
    {"decode keys", "given(tokens, T)", "docs/cost-model.md section 3, cross"},
    {"linear macs", "n (cross_attn_q + cross_attn_o) + given(tokens, n) (cross_attn_k + cross_attn_v)",
     "docs/cost-model.md section 4.3: keys and values of the encoder, once"},
    {"decode linear macs", "cross_attn_q + cross_attn_o", "docs/cost-model.md section 4.3"},
    {"cached elements", "given(tokens, n) kv_heads (d_k + d_v)", "docs/cost-model.md section 4.3"},
};

/// Returns the name of a projection's tensor, distinct from those of the self-attention. [llama.cpp src/llama-arch.cpp,
/// DEC_CROSS_ATTN]
std::string_view cross_name(std::string_view name) {
  if (name == "attn_q") return "cross_attn_q";
  if (name == "attn_k") return "cross_attn_k";
  if (name == "attn_v") return "cross_attn_v";
  if (name == "attn_output") return "cross_attn_o";
  if (name == "attn_q_norm") return "cross_attn_q_norm";
  if (name == "attn_k_norm") return "cross_attn_k_norm";
  return name;
}

class CrossAttention final : public SoftmaxAttention {
 public:
  CrossAttention(const MixerShape& shape, std::optional<Count> tokens)
      : SoftmaxAttention("cross_attention", shape, {.kind = Span::Kind::cross}), tokens_(tokens) {
    cache_[0].name = "cross keys";
    cache_[1].name = "cross values";
    if (const std::optional<std::vector<Tensor>> all = CrossAttention::tensors()) {
      own_linears_ = linear_elements(*all, false);
      encoder_linears_ = linear_elements(*all, true);
    }
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> all = softmax_tensors(shape());
    if (!all) return all;
    for (Tensor& tensor : *all) {
      tensor.name = cross_name(tensor.name);
      tensor.in_decode = !of_encoder(tensor);
    }
    return all;
  }

  bool linears_once_a_token() const override { return false; }
  std::optional<Count> linear_macs(Count n) const override {
    if (!own_linears_) return std::nullopt;
    return n * *own_linears_ + encoder_tokens(n) * encoder_linears_;
  }
  std::optional<Count> decode_linear_macs(Count) const override { return own_linears_; }
  Count polynomial_until(Count n) const override { return n == 0 ? n : kEndless; }

  /// None of the decoder's own tokens.
  Reach reach(Count) const override { return {}; }
  Visibility visibility(Count) const override {
    return {{}, {}, false, "the encoder's tokens have positions of their own"};
  }
  std::span<const Formula> formulas() const override { return kCrossAttentionFormulas; }

 private:
  Count prefill_pairs(Count n, PairRule) const override { return pairs::cross(n, encoder_tokens(n)); }
  Count decode_keys(Count keys) const override { return encoder_tokens(keys); }

  /// At a context of 0 nothing runs, not even the encoder.
  Count encoder_tokens(Count n) const { return n == 0 ? n : tokens_.value_or(n); }

  /// Returns whether a linear works on the encoder's tokens, and hence never in a decode step.
  static bool of_encoder(const Tensor& tensor) {
    return tensor.name == "cross_attn_k" || tensor.name == "cross_attn_v" || tensor.name == "cross_attn_k_norm";
  }
  static Count linear_elements(const std::vector<Tensor>& tensors, bool of_encoder_tokens) {
    Count sum;
    for (const Tensor& tensor : tensors) {
      if (tensor.use == TensorUse::linear && of_encoder(tensor) == of_encoder_tokens) sum += tensor.elements();
    }
    return sum;
  }

  std::optional<Count> tokens_;
  std::optional<Count> own_linears_;  // elements that work on the decoder's tokens; empty without d_model
  Count encoder_linears_;             // and on the encoder's
};

}  // namespace

CTXCOST_MECHANISM(kCrossAttention) = {
    "cross_attention",
    "every token of an encoder",
    "",
    "",
    kCrossAttentionKeys,
    {.softmax = true, .traffic_never_falls = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      std::optional<Count> tokens;
      if (settings.has("tokens")) tokens = settings.count("tokens");
      return std::make_unique<CrossAttention>(shape, tokens);
    },
    true};

}  // namespace ctxcost
