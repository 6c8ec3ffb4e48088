// How many tokens an image is for a model, as its config.json says.
#pragma once

#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/images.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// Reads the file of the model again for its image processor's rule. Throws InputError if that file does not determine
/// the tokens: it is no config.json, its family takes no images or none whose rule is known, or the rule needs the size
/// of the pictures.
ImageTokens image_tokens(const Model& model, const ImageSettings& images);

/// Sets the images of a setup. Where cross-attention layers see them, the setup's model gets as many encoder tokens.
/// Throws InputError as `image_tokens`.
void set_images(Setup& setup, const ImageSettings& images);

}  // namespace ctxcost
