// Llama 3.2 Vision: some of Llama's layers attend to the tokens of an image in the place of the text.
// [transformers configuration_mllama.py, modeling_mllama.py]
#include <algorithm>

#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// What the vision tower of a file is made of.
struct MllamaVision {
  Count d_model, d_ff, layers, global_layers, width_out, patch, channels, tiles, aspect_ratios;
  Count positions;  ///< of one tile: its patches and a class token
};

MllamaVision read_mllama_vision(const Config& vision) {
  MllamaVision read;
  read.d_model = vision.count("hidden_size", 1280);
  read.d_ff = vision.count("intermediate_size", 5120);
  read.layers = vision.count("num_hidden_layers", 32);
  read.global_layers = vision.count("num_global_layers", 8, 0);
  read.width_out = vision.count("vision_output_dim", 7680);
  read.patch = vision.count("patch_size", 14);
  read.channels = vision.count("num_channels", 3);
  read.tiles = vision.count("max_num_tiles", 4);
  read.positions = (vision.count("image_size", 448) / read.patch) * (vision.count("image_size", 448) / read.patch) + 1;
  read.aspect_ratios = 8;
  const Config::Found ratios = vision.find("supported_aspect_ratios");
  if (ratios && ratios.value->is(JsonValue::Type::array)) read.aspect_ratios = ratios.value->items.size();
  return read;
}

/// MllamaVisionModel, to the element.
Count vision_elements(const MllamaVision& vision) {
  const Count d = vision.d_model;
  // Attention without biases, a feed-forward and two norms with.
  const Count layer = 4 * d * d + (d * vision.d_ff + vision.d_ff) + (vision.d_ff * d + d) + 4 * d;
  // One table entry more than ratios: that of padding. A gate for each table, two for each global layer.
  const Count tables = (vision.aspect_ratios + 1) * vision.tiles * d;
  const Count positions = vision.positions * d + tables * vision.positions + 1;
  return d + vision.channels * vision.patch * vision.patch * d + positions + 2 * (tables + 1) + 2 * 2 * d +
         vision.layers * layer + vision.global_layers * (layer + 2);
}

void read_mllama(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 128256, .d_model = 4096, .d_ff = 14336, .layers = 40, .heads = 32, .kv_heads = 8});
  const std::optional<Config> tower = config.object("vision_config");
  if (!tower) {
    config.fault("vision_config",
                 "expected an object, since its cross-attention layers cache the tokens of an image, found nothing");
    return;
  }
  const MllamaVision vision = read_mllama_vision(*tower);

  std::vector<bool> crosses(decoder.layers);
  const std::vector<Count> listed =
      config.counts("cross_attention_layers").value_or(std::vector<Count>{3, 8, 13, 18, 23, 28, 33, 38});
  if (!config.has("cross_attention_layers")) config.took_default("cross_attention_layers", "3, 8, ... 38");
  for (const Count index : listed) {
    if (index >= Count{decoder.layers}) {
      config.fault("cross_attention_layers",
                   "expected layers below " + std::to_string(decoder.layers) + ", found " + to_string(index));
      return;
    }
    crosses[index.u64()] = true;
  }

  // Eight rows of the input table are reserved for images; the head has none for them.
  const Count d = decoder.d_model;
  model.d_model = d;
  model.vocab = decoder.vocab;
  model.tied_embeddings = false;
  if (decoder.tied) config.fault("tie_word_embeddings", "expected false: the table has 8 more rows than the head");
  add_tensor(model, Place::embedding, lookup("token_embd", d, decoder.vocab + 8));
  add_tensor(model, Place::final_norm, vector_of("output_norm", d));
  add_tensor(model, Place::head, linear("output", d, decoder.vocab));

  const Count tokens = vision.tiles * vision.positions;
  model.cross_tokens = tokens;
  MixerShape cross_shape = decoder.shape;
  cross_shape.qk_norm = QkNorm::head;
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return bool{crosses[i]}; },
      [&](bool cross) {
        std::vector<Tensor> extras = pre_norms(kRmsNorm, d);
        if (!cross) return Layer{{attention(kFullLayer, decoder.shape, 1)}, gated(decoder.d_ff), std::move(extras)};
        extras.push_back(vector_of("cross_attn_attn_gate", 1));
        extras.push_back(vector_of("cross_attn_mlp_gate", 1));
        return Layer{
            {make_mixer("cross_attention", cross_shape, {{"tokens", tokens}})}, gated(decoder.d_ff), std::move(extras)};
      });
  add_part(model, "vision tower", vision_elements(vision), "vision_config [modeling_mllama.py MllamaVisionModel]");
  add_part(model, "vision projector", vision.width_out * d + d, "vision_output_dim to hidden_size, with a bias");
  config.note("the cache holds one image in its " + to_string(Count(std::count(crosses.begin(), crosses.end(), true))) +
              " cross-attention layers: " + to_string(tokens) + " tokens (" + to_string(vision.tiles) + " tiles of " +
              to_string(vision.positions) +
              "), whatever the context; a prompt without images skips these layers and keeps nothing for them");
  read_rope(config, model, 131072);
}

}  // namespace

CTXCOST_FAMILY(kMllama) = {
    .model_types = "mllama mllama_text_model",
    .architectures = "MllamaForConditionalGeneration MllamaForCausalLM",
    .read = read_mllama,
};

}  // namespace ctxcost::huggingface
