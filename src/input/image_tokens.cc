#include "ctxcost/input/image_tokens.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "input/huggingface/image_tokens.h"
#include "input/model_config.h"

namespace ctxcost {
namespace {

bool sees_encoder(const Mixer& mixer) {
  return std::any_of(mixer.cache().begin(), mixer.cache().end(),
                     [](const CachePart& part) { return part.span.kind == Span::Kind::cross; });
}

/// The model with as many tokens in its cross-attention layers.
Model with_cross_tokens(const Model& model, Count tokens) {
  Model changed = model;
  changed.cross_tokens = tokens;
  for (LayerGroup& group : changed.groups) {
    for (auto& mixer : group.mixers) {
      if (!sees_encoder(*mixer)) continue;
      MixerSettings settings = mixer->settings();
      settings.set("tokens", tokens);
      mixer = make_mixer(mixer->kind(), mixer->shape(), settings);
    }
  }
  return changed;
}

}  // namespace

ImageTokens image_tokens(const Model& model, const ImageSettings& images) {
  std::optional<JsonDocument> config;
  if (!model.id.empty()) {
    config = config_of(model.id);
  } else if (model.origin != "-") {
    config = config_of(model.origin);
  }
  if (!config) {
    throw InputError(Diagnostic{model.name, "", "only a config.json says how many tokens an image is",
                                "name its directory or file, or a model of the catalogue"});
  }
  return huggingface::count_image_tokens(config_root(*config), images, model.name);
}

void set_images(Setup& setup, const ImageSettings& images) {
  setup.images = image_tokens(*setup.model, images);
  const ImageTokens& tokens = *setup.images;
  if (tokens.crossed && tokens.count > 1) setup.model = with_cross_tokens(*setup.model, tokens.count * tokens.each);
}

}  // namespace ctxcost
