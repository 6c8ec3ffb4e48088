// The tensors of feed-forwards and mixtures of experts (docs/cost-model.md section 4.1).
#include "ctxcost/model/model.h"

namespace ctxcost {
namespace {

/// Adds the two or three matrices of one feed-forward between `outer` and `inner`. `suffix` selects the GGUF names.
struct Names {
  std::string_view gate, up, down;
};
constexpr Names kDense = {"ffn_gate", "ffn_up", "ffn_down"};
constexpr Names kRouted = {"ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"};
constexpr Names kShared = {"ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp"};

void append(std::vector<Tensor>& tensors, const FeedForward& ffn, const Names& names, Count outer, Count inner,
            Count copies, Count active) {
  const auto add = [&](std::string_view name, Count inputs, Count outputs) {
    Tensor weight = linear(name, inputs, outputs);
    weight.copies = copies;
    weight.active_copies = active;
    tensors.push_back(weight);
    if (ffn.bias) {
      Tensor bias = bias_of(name, outputs);
      bias.copies = copies;
      bias.active_copies = active;
      tensors.push_back(bias);
    }
  };
  if (ffn.kind == FeedForwardKind::gated) add(names.gate, outer, inner);
  add(names.up, outer, inner);
  add(names.down, inner, outer);
}

}  // namespace

std::optional<std::vector<Tensor>> FeedForward::tensors(std::optional<Count> d_model) const {
  if (shares_weights) {
    FeedForward own = *this;
    own.shares_weights = false;
    std::optional<std::vector<Tensor>> shared = own.tensors(d_model);
    if (shared) {
      for (Tensor& tensor : *shared) tensor.stored = false;
    }
    return shared;
  }
  std::vector<Tensor> tensors;
  if (kind == FeedForwardKind::none) return tensors;
  if (!d_model) return std::nullopt;
  if (!experts) {
    if (!d_ff) return std::nullopt;
    tensors.reserve(bias ? 6 : 3);
    append(tensors, *this, kDense, *d_model, *d_ff, 1, 1);
    return tensors;
  }

  const Experts& moe = *experts;
  tensors.push_back(linear("ffn_gate_inp", *d_model, moe.count));
  if (moe.router_bias) tensors.push_back(bias_of("ffn_gate_inp", moe.count));
  Count outer = *d_model;
  if (moe.latent > 0) {
    outer = moe.latent;
    tensors.push_back(linear("ffn_latent_down", *d_model, outer));
    tensors.push_back(linear("ffn_latent_up", outer, *d_model));
    if (moe.latent_norm) tensors.push_back(vector_of("ffn_latent_norm", outer));
  }
  append(tensors, *this, kRouted, outer, moe.d_ff, moe.count, moe.active);
  if (moe.shared_d_ff > 0) append(tensors, *this, kShared, *d_model, moe.shared_d_ff, moe.shared, moe.shared);
  if (moe.shared_gate) tensors.push_back(linear("ffn_gate_inp_shexp", *d_model, 1));
  return tensors;
}

std::optional<Count> FeedForward::activation_width() const {
  if (kind == FeedForwardKind::none) return Count{};
  if (!experts) return d_ff;
  return experts->active * experts->d_ff + experts->shared * experts->shared_d_ff;
}

}  // namespace ctxcost
