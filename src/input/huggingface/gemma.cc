// Gemma 1, 2 and 3: wide heads, tied embeddings; from 2 on alternating windows and norms on both sides of a block.
// [transformers configuration_gemma.py, configuration_gemma2.py, configuration_gemma3.py and their modeling files]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

std::vector<Tensor> four_norms(Count width) {
  return {vector_of("attn_norm", width), vector_of("post_attention_norm", width), vector_of("ffn_norm", width),
          vector_of("post_ffw_norm", width)};
}

/// SigLIP and the projector, as Gemma3ForConditionalGeneration builds them
/// [transformers modeling_siglip.py, modeling_gemma3.py Gemma3MultiModalProjector].
void add_gemma3_vision(const Config& config, Model& model, Count text_width) {
  const std::optional<Config> vision = config.object("vision_config");
  if (!vision) return;
  const Count width = vision->count("hidden_size", 768);
  const Count inner = vision->count("intermediate_size", 3072);
  const Count layers = vision->count("num_hidden_layers", 12);
  const Count channels = vision->count("num_channels", 3);
  const Count patch = vision->count("patch_size", 16);
  const Count side = vision->count("image_size", 224) / patch;
  const Count norm = 2 * width;
  const Count layer = 4 * (width * width + width) + width * inner + inner + inner * width + width + 2 * norm;
  const Count embeddings = channels * patch * patch * width + width + side * side * width;
  const Count projector = width + width * text_width;
  add_part(model, "vision tower and projector", embeddings + layers * layer + norm + projector,
           "vision_config: SigLIP without head, and the multi-modal projector");
}

void read_gemma(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 256000,
                                          .d_model = 3072,
                                          .d_ff = 24576,
                                          .layers = 28,
                                          .heads = 16,
                                          .kv_heads = 16,
                                          .d_k = 256,
                                          .tied = true});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff), pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 8192);
}

void read_gemma2(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 256000,
                                          .d_model = 2304,
                                          .d_ff = 9216,
                                          .layers = 26,
                                          .heads = 8,
                                          .kv_heads = 4,
                                          .d_k = 256,
                                          .tied = true});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  add_frame(model, decoder, kRmsNorm);
  add_layers_of_kinds(config, model, decoder, sliding_pattern(config, decoder.layers, 2),
                      config.nullable("sliding_window", 4096, 1), gated(decoder.d_ff), four_norms(decoder.d_model));
  read_rope(config, model, 8192);
}

/// Layers of EmbeddingGemma: all tokens, or half the window on each side. The class turns a window W into W / 2 + 1 and
/// sees keys nearer than that [configuration_gemma3.py, modeling_gemma3.py _bidirectional_window_overlay].
void add_two_sided_layers(const Config& config, Model& model, const Decoder& decoder,
                          const std::vector<std::string_view>& kinds, std::optional<Count> window) {
  if (!window) config.fault("sliding_window", "expected a positive integer, found null");
  add_layers(
      model, decoder.layers, [&kinds](std::uint32_t i) { return kinds[i] == kFullLayer; },
      [&](bool full) {
        return Layer{{full ? make_mixer("bidirectional", decoder.shape)
                           : make_mixer("bidirectional", decoder.shape, {{"half_window", window.value_or(1) / 2}})},
                     gated(decoder.d_ff),
                     four_norms(decoder.d_model)};
      },
      Stack::encoder);
}

void read_gemma3(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 262208,
                                          .d_model = 2304,
                                          .d_ff = 9216,
                                          .layers = 26,
                                          .heads = 8,
                                          .kv_heads = 4,
                                          .d_k = 256,
                                          .tied = true});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  decoder.shape.qk_norm = QkNorm::head;
  const Count pattern =
      config.has("layer_types") ? Count{6} : config.count({"sliding_window_pattern", "_sliding_window_pattern"}, 6);
  const std::vector<std::string_view> kinds = sliding_pattern(config, decoder.layers, pattern);
  const std::optional<Count> window = config.nullable("sliding_window", 4096, 1);
  add_frame(model, decoder, kRmsNorm);
  if (config.has("use_bidirectional_attention") && config.flag("use_bidirectional_attention", false)) {
    add_two_sided_layers(config, model, decoder, kinds, window);
  } else {
    add_layers_of_kinds(config, model, decoder, kinds, window, gated(decoder.d_ff), four_norms(decoder.d_model));
  }
  read_rope(config, model, 131072, true);
  add_gemma3_vision(config, model, decoder.d_model);
}

// What its GGUF files say.

void read_gemma_gguf(gguf::Header& file) { plain_decoder(file, "gemma"); }

void read_gemma2_gguf(gguf::Header& file) { plain_decoder(file, "gemma2"); }

void read_gemma3_gguf(gguf::Header& file) {
  plain_decoder(file, "gemma3_text");
  const std::optional<Count> pattern = file.count("attention.sliding_window_pattern");
  file.set("sliding_window_pattern", pattern.value_or(6));
  // EmbeddingGemma has an architecture of its own there, and the window as its config.json states it.
  if (file.general("architecture") != "gemma-embedding") return;
  file.set_flag("use_bidirectional_attention", true);
  file.set_texts("architectures", {"Gemma3TextModel"}, "general.architecture");
}

}  // namespace

CTXCOST_FAMILY(kGemma) = {
    .model_types = "gemma",
    .architectures = "GemmaForCausalLM",
    .read = read_gemma,
    .gguf_architectures = "gemma",
    .read_gguf = read_gemma_gguf,
};

CTXCOST_FAMILY(kGemma2) = {
    .model_types = "gemma2",
    .architectures = "Gemma2ForCausalLM",
    .read = read_gemma2,
    .gguf_architectures = "gemma2",
    .read_gguf = read_gemma2_gguf,
    .gguf = {.windows = true},
};

CTXCOST_FAMILY(kGemma3) = {
    .model_types = "gemma3 gemma3_text",
    .architectures = "Gemma3ForConditionalGeneration Gemma3ForCausalLM Gemma3TextModel",
    .read = read_gemma3,
    .gguf_architectures = "gemma3 gemma-embedding",
    .read_gguf = read_gemma3_gguf,
    .gguf = {.token_rows = 262144, .windows = true},
};

}  // namespace ctxcost::huggingface
