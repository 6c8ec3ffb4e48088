// The rules by which image processors turn pictures into tokens of a model's context.
#pragma once

#include <string>

#include "ctxcost/deployment/images.h"
#include "input/json/json.h"

namespace ctxcost::huggingface {

/// Returns the tokens of images for the model of a config.json. Throws InputError naming `source` if the file does not
/// determine them.
ImageTokens count_image_tokens(const JsonValue& root, const ImageSettings& images, const std::string& source);

}  // namespace ctxcost::huggingface
