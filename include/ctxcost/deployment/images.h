// Images in the sequences of a model: how many, of which size, and the tokens that they take.
#pragma once

#include <string>
#include <string_view>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// The images of each sequence, as asked for.
struct ImageSettings {
  Count count;
  Count width, height;  ///< in pixels, of each of them; 0 if they were not given
  std::string name;     ///< as given: "20:1024x768"

  bool has_size() const { return width > 0; }
};

/// Reads "20" or "20:1024x768" (width x height). Throws InputError naming `source`.
ImageSettings parse_images(std::string_view text, std::string_view source);

/// The tokens that the images of a sequence are for one model.
struct ImageTokens {
  Count count;           ///< images
  Count each;            ///< tokens of one
  bool crossed = false;  ///< they are no part of the context: cross-attention layers see them
  std::string rule;      ///< how `each` comes about: "mm_tokens_per_image"

  /// Returns the tokens that they add to a context.
  Count in_context() const { return crossed ? Count{} : count * each; }
  /// "20 images of 256 tokens (mm_tokens_per_image) are 5,120 tokens of each context".
  std::string note() const;
};

}  // namespace ctxcost
