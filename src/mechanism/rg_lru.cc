// RG-LRU, the recurrent block of Griffin and RecurrentGemma [De 2024, arXiv 2402.19427;
// transformers modeling_recurrent_gemma.py].
#include "projections.h"
#include "recurrence.h"
#include "row.h"
#include "unsized.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kRgLruKeys[] = {
    {"width", KeyType::count, "d_model", "channels of the recurrence"},
    {"conv", KeyType::count, "4", "kernel of the short convolution"},
    {"blocks", KeyType::count, "heads", "blocks of the block-diagonal gates"},
};

constexpr Formula kRgLruFormulas[] = {
    {"macs", "n (w + w conv) where w = given(width, d_model)",
     "transformers modeling_recurrent_gemma.py class RecurrentGemmaRglru"},
    {"scalar operations", "n given(width, d_model)",
     "transformers modeling_recurrent_gemma.py class RecurrentGemmaRglru"},
    {"decode macs", "w + w conv where w = given(width, d_model)",
     "transformers modeling_recurrent_gemma.py class RecurrentGemmaRglru"},
    {"decode scalar operations", "given(width, d_model)",
     "transformers modeling_recurrent_gemma.py class RecurrentGemmaRglru"},
    {"linear macs", "n (3 w d_model + 2 w w / given(blocks, heads)) where w = given(width, d_model)",
     "projections and block-diagonal gates, arXiv 2402.19427, appendix A"},
    {"state elements", "w + w (conv - 1) where w = given(width, d_model)", "transformers modeling_recurrent_gemma.py"},
};

class RgLru final : public Recurrence {
 public:
  RgLru(const MixerShape& shape, Count width, Count conv, Count block_width)
      : Recurrence("rg_lru", shape), width_(width), conv_(conv), block_width_(block_width) {
    keep(width);
    convolve(width, conv);
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    if (!shape().d_model) return std::nullopt;
    const Count d_model = *shape().d_model;
    // The block always has these biases, regardless of the model's other biases.
    std::vector<Tensor> tensors;
    project(tensors, "rg_lru_x", d_model, width_, true);
    project(tensors, "rg_lru_y", d_model, width_, true);
    tensors.push_back(convolution_of("rg_lru_conv1d", width_, conv_));
    tensors.push_back(bias_of("rg_lru_conv1d", width_));
    // Block-diagonal: each output reads the inputs of its block.
    project(tensors, "rg_lru_input_gate", block_width_, width_, true);
    project(tensors, "rg_lru_recurrent_gate", block_width_, width_, true);
    tensors.push_back(vector_of("rg_lru_a", width_));
    project(tensors, "rg_lru_out", width_, d_model, true);
    return tensors;
  }
  Count activation_width() const override { return 2 * width_; }
  std::span<const Formula> formulas() const override { return kRgLruFormulas; }

 private:
  Count step_macs() const override { return width_; }
  Count step_operations() const override { return width_; }

  Count width_;
  Count conv_;
  Count block_width_;
};

}  // namespace

CTXCOST_MECHANISM(kRgLru) = {
    "rg_lru",
    "a gated linear recurrence (Griffin)",
    "exact retrieval: all earlier tokens share one state of fixed size",
    "De 2024, arXiv 2402.19427, section 6.2",
    kRgLruKeys,
    {.traffic_never_falls = true, .spare_convolution_column = false},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      if (!settings.has("width") && !shape.d_model) return std::make_unique<Unsized>("rg_lru", shape, kRgLruFormulas);
      const Count width = settings.has("width") ? settings.count("width") : *shape.d_model;
      // A rank knows only its own heads, which give its share of the width.
      if (shape.tensor_ranks > 1 && !settings.has("blocks")) {
        const Count share = shape.share(width);
        return std::make_unique<RgLru>(shape, share, settings.count("conv"), share / shape.heads);
      }
      const Count blocks = settings.count_or("blocks", shape.heads);
      if (width % blocks != 0) {
        throw SettingFault{"blocks",
                           "expected a divisor of \"width\" (" + to_string(width) + "), found " + to_string(blocks),
                           settings.has("blocks") ? "" : "\"blocks\" is \"heads\" where it is not given"};
      }
      return std::make_unique<RgLru>(shape, shape.share(blocks) * (width / blocks), settings.count("conv"),
                                     width / blocks);
    }};

}  // namespace ctxcost
