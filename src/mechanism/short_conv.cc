// A gated short convolution, the mixer of most LFM2 layers [transformers modeling_lfm2.py].
#include "ctxcost/mechanism/visibility.h"
#include "projections.h"
#include "recurrence.h"
#include "row.h"
#include "unsized.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kShortConvKeys[] = {
    {"conv", KeyType::count, "3", "kernel of the convolution"},
    {"conv_bias", KeyType::flag, "false", "convolution and projections have biases", 1, {}, true},
};

constexpr Formula kShortConvFormulas[] = {
    {"macs", "n conv d_model", "transformers modeling_lfm2.py class Lfm2ShortConv"},
    {"decode macs", "conv d_model", "transformers modeling_lfm2.py class Lfm2ShortConv"},
    {"state elements", "(conv - 1) d_model", "llama.cpp src/llama-hparams.cpp n_embd_r"},
};

class ShortConv final : public Recurrence {
 public:
  ShortConv(const MixerShape& shape, Count d_model, Count conv, bool bias)
      : Recurrence("short_conv", shape), d_model_(d_model), channels_(shape.share(d_model)), conv_(conv), bias_(bias) {
    convolve(channels_, conv);
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    const bool biases = shape().output_bias || bias_;
    std::vector<Tensor> tensors;
    // The input and its two gates.
    project(tensors, "shortconv.in_proj", d_model_, 3 * channels_, biases);
    tensors.push_back(convolution_of("shortconv.conv", channels_, conv_));
    if (bias_) tensors.push_back(bias_of("shortconv.conv", channels_));
    project(tensors, "shortconv.out_proj", channels_, d_model_, biases);
    return tensors;
  }
  Count activation_width() const override { return 3 * channels_; }
  /// Each of the kernel's tokens by a weight of its own.
  Reach reach(Count n) const override { return {min(n, conv_), min(n, conv_)}; }
  Visibility visibility(Count) const override { return {{mask::Band{conv_ - 1}}, {}}; }
  std::span<const Formula> formulas() const override { return kShortConvFormulas; }

 private:
  Count d_model_;
  Count channels_;
  Count conv_;
  bool bias_;
};

}  // namespace

CTXCOST_MECHANISM(kShortConv) = {
    "short_conv",
    "a gated short convolution",
    "tokens before the kernel: they are reached only through further layers",
    "transformers modeling_lfm2.py class Lfm2ShortConv",
    kShortConvKeys,
    {.traffic_never_falls = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      if (!shape.d_model)
        return std::make_unique<Unsized>("short_conv", shape, kShortConvFormulas, settings.count("conv"));
      return std::make_unique<ShortConv>(shape, *shape.d_model, settings.count("conv"), settings.flag("conv_bias"));
    }};

}  // namespace ctxcost
