// Mamba-2 (SSD): heads of `head_dim` channels share a scalar decay, so that prefill works in chunks of matrix products
// [Dao & Gu 2024; mamba_ssm modules/mamba2.py, ssd_minimal.py].
#include "projections.h"
#include "recurrence.h"
#include "row.h"
#include "unsized.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kMamba2Keys[] = {
    {"state", KeyType::count, "128", "numbers kept for each channel"},
    {"head_dim", KeyType::count, "64", "channels of a head"},
    {"groups", KeyType::count, "1", "groups of heads that share B and C"},
    {"inner", KeyType::count, "expand * d_model", "channels"},
    {"expand", KeyType::count, "2", "channels for each of d_model"},
    {"conv", KeyType::count, "4", "kernel of the short convolution"},
    {"chunk", KeyType::count, "256", "tokens of a prefill chunk"},
    {"conv_bias", KeyType::flag, "true", "the convolution has a bias", 1, {}, true},
    {"proj_bias", KeyType::flag, "false", "input and output projections have biases", 1, {}, true},
    {"gated_norm", KeyType::flag, "true", "a norm before the output projection", 1, {}, true},
};

constexpr Formula kMamba2Formulas[] = {
    {"macs",
     "sum(c of n by chunk: groups c c state + w / head_dim (c c head_dim + 2 c state head_dim) + state w) + n conv (w "
     "+ 2 groups state) where w = given(inner, expand d_model)",
     "mamba_ssm modules/ssd_minimal.py"},
    {"decode macs", "2 state w + conv (w + 2 groups state) where w = given(inner, expand d_model)",
     "mamba_ssm modules/mamba2.py, step"},
    {"decode scalar operations", "state given(inner, expand d_model)",
     "decay of the state, mamba_ssm modules/mamba2.py, step"},
    {"state elements", "state w + (conv - 1) (w + 2 groups state) where w = given(inner, expand d_model)",
     "mamba_ssm modules/mamba2.py, allocate_inference_cache (which keeps conv columns)"},
};

struct Mamba2Parts {
  Count state;
  Count head_dim;
  Count groups;
  Count inner;
  Count conv;
  bool conv_bias;
  bool proj_bias;
  bool gated_norm;

  Count heads() const { return inner / head_dim; }
  /// x, B and C run through the convolution.
  Count channels() const { return inner + 2 * groups * state; }
  /// One projection yields z, x, B, C and the step sizes.
  Count projected() const { return inner + channels() + heads(); }
};

class Mamba2 final : public Recurrence {
 public:
  Mamba2(const MixerShape& shape, const Mamba2Parts& parts, Count chunk)
      : Recurrence("mamba2", shape, chunk), parts_(parts) {
    keep(parts.inner * parts.state);
    convolve(parts.channels(), parts.conv);
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    if (!shape().d_model) return std::nullopt;
    const bool biases = shape().output_bias || parts_.proj_bias;
    std::vector<Tensor> tensors;
    project(tensors, "ssm_in", *shape().d_model, parts_.projected(), biases);
    tensors.push_back(convolution_of("ssm_conv1d", parts_.channels(), parts_.conv));
    if (parts_.conv_bias) tensors.push_back(bias_of("ssm_conv1d", parts_.channels()));
    tensors.push_back(bias_of("ssm_dt", parts_.heads()));
    tensors.push_back(vector_of("ssm_a", parts_.heads()));
    tensors.push_back(vector_of("ssm_d", parts_.heads()));
    if (parts_.gated_norm) tensors.push_back(vector_of("ssm_norm", parts_.inner));
    project(tensors, "ssm_out", parts_.inner, *shape().d_model, biases);
    return tensors;
  }
  std::optional<Count> recurrent_heads() const override { return parts_.heads(); }
  Count activation_width() const override { return parts_.projected(); }
  std::span<const Formula> formulas() const override { return kMamba2Formulas; }

 private:
  Count step_macs() const override { return 2 * parts_.state * parts_.inner; }
  Count step_operations() const override { return parts_.state * parts_.inner; }
  Count chunk_macs(Count c) const override {
    // C B^T for each group; its product with x, the chunk's state and the read of the state before it for each head;
    // and the step of the state from chunk to chunk.
    const Count each = parts_.heads() * (c * c * parts_.head_dim + 2 * c * parts_.state * parts_.head_dim);
    return parts_.groups * c * c * parts_.state + each + parts_.state * parts_.inner;
  }

  Mamba2Parts parts_;
};

}  // namespace

CTXCOST_MECHANISM(kMamba2) = {
    "mamba2",
    "a selective state space with heads, prefilled in chunks",
    "exact retrieval: all earlier tokens share one state of fixed size",
    "Jelassi 2024, arXiv 2402.01032, section 2",
    kMamba2Keys,
    {.traffic_never_falls = true, .state_in_model_type = true, .states_at_blocks = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      const std::optional<Count> inner = inner_width(shape, settings);
      if (!inner) return std::make_unique<Unsized>("mamba2", shape, kMamba2Formulas);
      Mamba2Parts parts{
          settings.count("state"), settings.count("head_dim"), settings.count("groups"),   *inner,
          settings.count("conv"),  settings.flag("conv_bias"), settings.flag("proj_bias"), settings.flag("gated_norm")};
      if (parts.inner % parts.head_dim != 0) {
        throw SettingFault{
            "head_dim",
            "expected a divisor of \"inner\" (" + to_string(parts.inner) + "), found " + to_string(parts.head_dim), ""};
      }
      if (parts.heads() % parts.groups != 0) {
        throw SettingFault{"groups",
                           "expected a divisor of the heads, \"inner\" / \"head_dim\" (" + to_string(parts.heads()) +
                               "), found " + to_string(parts.groups),
                           ""};
      }
      // Ranks split the heads. A group that several ranks need is replicated on each of them.
      parts.inner = shape.share(parts.heads()) * parts.head_dim;
      parts.groups = max(1, shape.share(parts.groups));
      return std::make_unique<Mamba2>(shape, parts, settings.count("chunk"));
    }};

}  // namespace ctxcost
