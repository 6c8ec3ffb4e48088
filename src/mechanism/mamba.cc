// Mamba: a selective state space, one state of `state` numbers for each of `inner` channels
// [Gu & Dao 2023; mamba_ssm modules/mamba_simple.py].
#include "projections.h"
#include "recurrence.h"
#include "row.h"
#include "unsized.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kMambaKeys[] = {
    {"state", KeyType::count, "16", "numbers kept for each channel"},
    {"inner", KeyType::count, "expand * d_model", "channels"},
    {"expand", KeyType::count, "2", "channels for each of d_model"},
    {"conv", KeyType::count, "4", "kernel of the short convolution"},
    {"dt_rank", KeyType::count, "d_model / 16, rounded up", "rank of the step-size projection"},
    {"conv_bias", KeyType::flag, "true", "the convolution has a bias", 1, {}, true},
    {"proj_bias", KeyType::flag, "false", "input and output projections have biases", 1, {}, true},
    {"inner_norms", KeyType::flag, "false", "norms of step size, B and C (Jamba)", 1, {}, true},
};

constexpr Formula kMambaFormulas[] = {
    {"macs", "n (2 w state + w + w conv) where w = given(inner, expand d_model)",
     "mamba_ssm modules/mamba_simple.py, step"},
    {"scalar operations", "n (3 w state + w) where w = given(inner, expand d_model)",
     "discretisation and decay, mamba_ssm modules/mamba_simple.py, step"},
    {"decode macs", "2 w state + w + w conv where w = given(inner, expand d_model)",
     "mamba_ssm modules/mamba_simple.py, step"},
    {"decode scalar operations", "3 w state + w where w = given(inner, expand d_model)",
     "mamba_ssm modules/mamba_simple.py, step"},
    {"state elements", "w state + w (conv - 1) where w = given(inner, expand d_model)",
     "mamba_ssm modules/mamba_simple.py, allocate_inference_cache (which keeps conv columns)"},
};

struct MambaParts {
  Count state;
  Count inner;
  Count conv;
  std::optional<Count> dt_rank;
  bool conv_bias;
  bool proj_bias;
  bool inner_norms;
};

class Mamba final : public Recurrence {
 public:
  Mamba(const MixerShape& shape, const MambaParts& parts) : Recurrence("mamba", shape), parts_(parts) {
    keep(parts.inner * parts.state);
    convolve(parts.inner, parts.conv);
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    if (!shape().d_model) return std::nullopt;
    const Count d_model = *shape().d_model;
    const Count inner = parts_.inner;
    const Count rank = parts_.dt_rank.value_or(ceil_div(d_model, 16));
    const bool biases = shape().output_bias;  // every linear
    std::vector<Tensor> tensors;
    project(tensors, "ssm_in", d_model, 2 * inner, biases || parts_.proj_bias);
    tensors.push_back(convolution_of("ssm_conv1d", inner, parts_.conv));
    if (parts_.conv_bias) tensors.push_back(bias_of("ssm_conv1d", inner));
    project(tensors, "ssm_x", inner, rank + 2 * parts_.state, biases);
    project(tensors, "ssm_dt", rank, inner, true);
    tensors.push_back(table_of("ssm_a", inner, parts_.state));
    tensors.push_back(vector_of("ssm_d", inner));
    if (parts_.inner_norms) {
      tensors.push_back(vector_of("ssm_dt_norm", rank));
      tensors.push_back(vector_of("ssm_b_norm", parts_.state));
      tensors.push_back(vector_of("ssm_c_norm", parts_.state));
    }
    project(tensors, "ssm_out", inner, d_model, biases || parts_.proj_bias);
    return tensors;
  }
  Count activation_width() const override { return 2 * parts_.inner; }
  std::span<const Formula> formulas() const override { return kMambaFormulas; }

 private:
  // Update dx * B + the skip D * x, and the read C * h; then delta * A, exp and decay for each state number.
  Count step_macs() const override { return 2 * parts_.inner * parts_.state + parts_.inner; }
  Count step_operations() const override { return 3 * parts_.inner * parts_.state + parts_.inner; }

  MambaParts parts_;
};

}  // namespace

CTXCOST_MECHANISM(kMamba) = {"mamba",
                             "a selective state space",
                             "exact retrieval: all earlier tokens share one state of fixed size",
                             "Jelassi 2024, arXiv 2402.01032, section 2",
                             kMambaKeys,
                             {.traffic_never_falls = true, .state_in_model_type = true, .states_at_blocks = true},
                             [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
                               const std::optional<Count> inner = inner_width(shape, settings);
                               if (!inner) return std::make_unique<Unsized>("mamba", shape, kMambaFormulas);
                               MambaParts parts{settings.count("state"),     shape.share(*inner),
                                                settings.count("conv"),      std::nullopt,
                                                settings.flag("conv_bias"),  settings.flag("proj_bias"),
                                                settings.flag("inner_norms")};
                               if (settings.has("dt_rank")) parts.dt_rank = settings.count("dt_rank");
                               return std::make_unique<Mamba>(shape, parts);
                             }};

}  // namespace ctxcost
