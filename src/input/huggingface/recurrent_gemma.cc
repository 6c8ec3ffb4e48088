// RecurrentGemma (Griffin): gated linear recurrences with local attention every third layer.
// [transformers configuration_recurrent_gemma.py, modeling_recurrent_gemma.py; De 2024, arXiv 2402.19427]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_recurrent_gemma(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 256000, .d_model = 2560, .d_ff = 7680, .layers = 26, .heads = 10, .tied = true});
  decoder.shape.qkv_bias = config.flag("attention_bias", false);
  decoder.shape.output_bias = true;
  const Count window = config.count("attention_window_size", 2048);
  const Count width = config.nullable("lru_width", std::nullopt, 1).value_or(decoder.d_model);
  const Count kernel = config.count("conv1d_width", 4);
  if (width % decoder.shape.heads != 0) {
    config.fault("lru_width", "expected a multiple of num_attention_heads (" + to_string(decoder.shape.heads) +
                                  "), found " + to_string(width));
  }

  std::vector<std::string> blocks = {"recurrent", "recurrent", "attention"};
  if (const auto listed = config.texts("block_types"); listed && !listed->empty()) {
    blocks = *listed;
  } else {
    config.took_default("block_types", "recurrent, recurrent, attention");
  }
  for (std::string& block : blocks) {
    if (block == "recurrent" || block == "attention") continue;
    if (config.assume_full()) {
      config.assume("layer kind \"" + block + "\" is not known: counted as full attention (assume full)");
      block = kFullLayer;
    } else {
      config.fault("block_types", "unknown layer kind \"" + block + "\"; expected \"recurrent\" or \"attention\"",
                   "with assume full it counts as full attention");
    }
  }

  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return std::string_view(blocks[i % blocks.size()]); },
      [&](std::string_view block) {
        std::shared_ptr<const Mixer> mixer;
        if (block == "recurrent") {
          mixer = make_mixer("rg_lru", decoder.shape,
                             {{"width", width}, {"conv", kernel}, {"blocks", decoder.shape.heads}});
        } else {
          mixer = attention(block == "attention" ? kSlidingLayer : kFullLayer, decoder.shape, window);
        }
        // The class halves intermediate_size: each of the three matrices has that half [RecurrentGemmaMlp].
        return Layer{{std::move(mixer)}, gated(max(decoder.d_ff / 2, 1), true), pre_norms(kRmsNorm, decoder.d_model)};
      });
  read_rope(config, model, std::nullopt);
}

}  // namespace

CTXCOST_FAMILY(kRecurrentGemma) = {
    .model_types = "recurrent_gemma",
    .architectures = "RecurrentGemmaForCausalLM",
    .read = read_recurrent_gemma,
};

}  // namespace ctxcost::huggingface
