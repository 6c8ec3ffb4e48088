// Image processors by the model_type of a file: what a picture becomes. Tokens that the prompt's template puts around a
// picture are those of the text.
#include "image_tokens.h"

#include <optional>
#include <string_view>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "family.h"

namespace ctxcost::huggingface {
namespace {

/// The file of a model that takes images.
class ImageFile {
 public:
  ImageFile(const JsonValue& root, const ImageSettings& images, const std::string& source)
      : root_(root), vision_(root.find("vision_config")), images_(images), source_(source) {
    if (vision_ != nullptr && !vision_->is(JsonValue::Type::object)) vision_ = nullptr;
  }

  const ImageSettings& images() const { return images_; }

  Count of_root(std::string_view key) const { return required(&root_, "", key); }
  Count of_vision(std::string_view key) const { return required(vision_, "vision_config/", key); }
  std::string_view root_text(std::string_view key) const { return text(&root_, key); }
  std::string_view vision_text(std::string_view key) const { return text(vision_, key); }
  bool root_flag(std::string_view key) const {
    const JsonValue* const value = root_.find(key);
    return value != nullptr && value->is(JsonValue::Type::boolean) && value->boolean;
  }
  /// A number as written; empty if there is none.
  std::string_view root_number(std::string_view key) const {
    const JsonValue* const value = root_.find(key);
    return value != nullptr && value->is(JsonValue::Type::real) ? std::string_view(value->text) : std::string_view();
  }
  /// Requires that the width and the height were given.
  void require_size() const {
    if (images_.has_size()) return;
    fail("how many tokens an image is depends on its size, which was not given",
         "images of 1024 x 768 pixels: " + images_.name + ":1024x768");
  }
  [[noreturn]] void fail(std::string message, std::string hint = "") const {
    throw InputError(Diagnostic{source_, "", std::move(message), std::move(hint)});
  }

  /// The tokens of one image, and how they come about.
  ImageTokens tokens(Count each, std::string rule) const { return {images_.count, each, false, std::move(rule)}; }

 private:
  static std::string_view text(const JsonValue* object, std::string_view key) {
    const JsonValue* const value = object == nullptr ? nullptr : object->find(key);
    return value != nullptr && value->is(JsonValue::Type::string) ? std::string_view(value->text) : std::string_view();
  }

  /// An integer, or the one that both sides of a list are.
  Count required(const JsonValue* object, std::string_view parent, std::string_view key) const {
    const JsonValue* value = object == nullptr ? nullptr : object->find(key);
    if (value != nullptr && value->is(JsonValue::Type::array) && value->items.size() == 2 &&
        value->items[0].text == value->items[1].text) {
      value = &value->items[0];
    }
    const std::optional<Count> number =
        value != nullptr && value->is(JsonValue::Type::integer) ? parse_digits(value->text) : std::nullopt;
    if (number && *number > 0) return *number;
    throw InputError(Diagnostic{source_, '/' + std::string(parent) + std::string(key),
                                "expected a positive integer, by which the tokens of an image are counted, found " +
                                    std::string(value == nullptr ? "nothing" : describe(*value)),
                                ""});
  }

  const JsonValue& root_;
  const JsonValue* vision_;
  const ImageSettings& images_;
  const std::string& source_;
};

std::string pixels(const ImageSettings& images) { return to_string(images.width) + " x " + to_string(images.height); }

/// [processing_gemma3.py image_seq_length, without pan and scan; configuration_gemma3.py]
ImageTokens gemma3_images(const ImageFile& file) {
  return file.tokens(file.of_root("mm_tokens_per_image"), "mm_tokens_per_image");
}

/// One for each patch [configuration_paligemma.py].
ImageTokens patch_images(const ImageFile& file) {
  const Count side = file.of_vision("image_size") / file.of_vision("patch_size");
  return file.tokens(side * side, "(image_size / patch_size)²");
}

/// A cell is one patch, or several that are merged. Each row of cells ends with a token of its own
/// [image_processing_pixtral.py get_resize_output_image_size, processing_pixtral.py].
ImageTokens rows_of_cells(const ImageFile& file, Count merged) {
  file.require_size();
  const Count cell = merged * file.of_vision("patch_size");
  const Count longest = file.of_vision("image_size");
  const Count side = max(file.images().width, file.images().height);
  const auto cells = [&](Count length) {
    return ceil_div(max(1, side > longest ? length * longest / side : length), cell);
  };
  const Count columns = cells(file.images().width);
  const Count rows = cells(file.images().height);
  return file.tokens(rows * (columns + 1), to_string(rows) + " rows of " + to_string(columns) + " cells of " +
                                               to_string(cell) + " pixels and a break, from " + pixels(file.images()));
}

ImageTokens mistral3_images(const ImageFile& file) { return rows_of_cells(file, file.of_root("spatial_merge_size")); }

/// The class token is dropped unless the file says "full" [processing_llava.py, modeling_llava.py].
ImageTokens llava_images(const ImageFile& file) {
  if (file.vision_text("model_type") == "pixtral") return rows_of_cells(file, 1);
  ImageTokens tokens = patch_images(file);
  if (file.root_text("vision_feature_select_strategy") == "full") {
    tokens.each += 1;
    tokens.rule += " + 1";
  }
  return tokens;
}

/// The nearest whole number, the even one of two [Python's round].
Count round_half_even(Count whole, Count part) {
  const Count quotient = whole / part;
  const Count twice = 2 * (whole % part);
  const bool up = twice > part || (twice == part && quotient % 2 == 1);
  return up ? quotient + 1 : quotient;
}

/// Sides are rounded to whole cells of merged patches. Pictures of fewer or more tokens than the published
/// preprocessor_config.json allows are resized [image_processing_qwen2_vl.py smart_resize].
ImageTokens rounded_cells(const ImageFile& file, Count least, Count most) {
  file.require_size();
  const Count cell = file.of_vision("patch_size") * file.of_vision("spatial_merge_size");
  const Count columns = round_half_even(file.images().width, cell);
  const Count rows = round_half_even(file.images().height, cell);
  if (rows * columns < least || rows * columns > most) {
    file.fail("a picture of " + pixels(file.images()) + " would be " + with_separators(rows * columns) +
                  " tokens, and its processor resizes what is not within " + with_separators(least) + " and " +
                  with_separators(most),
              "give the size that it is resized to");
  }
  return file.tokens(rows * columns, to_string(columns) + " x " + to_string(rows) + " cells of " + to_string(cell) +
                                         " pixels, from " + pixels(file.images()));
}

/// min_pixels 3,136 and max_pixels 12,845,056 in cells of 28 x 28.
ImageTokens qwen2_vl_images(const ImageFile& file) { return rounded_cells(file, 4, 16384); }

/// size: 65,536 to 16,777,216 pixels in cells of 32 x 32.
ImageTokens qwen3_vl_images(const ImageFile& file) { return rounded_cells(file, 64, 16384); }

/// The largest k whose k sides fit in a picture that is scaled to `pixels`: k² · side² · other <= pixels · length.
Count scaled_cells(Count pixels, Count length, Count other, Count side) {
  const Count square = pixels * length / (side * side * other);
  Count k = 0;
  while ((k + 1) * (k + 1) <= square) k += 1;
  return k;
}

/// A picture is scaled until its patches are about as many as pool to vision_soft_tokens_per_image
/// [image_processing_gemma4.py get_aspect_ratio_preserving_size].
ImageTokens gemma4_images(const ImageFile& file) {
  const Count most = file.of_root("vision_soft_tokens_per_image");
  file.require_size();
  const Count side = file.of_vision("pooling_kernel_size") * file.of_vision("patch_size");
  const auto& [count, width, height, name] = file.images();
  const Count columns = scaled_cells(most * side * side, width, height, side);
  const Count rows = scaled_cells(most * side * side, height, width, side);
  if (columns == 0 || rows == 0)
    file.fail("a picture of " + pixels(file.images()) + " is too narrow for its processor");
  return file.tokens(columns * rows, to_string(columns) + " x " + to_string(rows) + " cells of " + to_string(side) +
                                         " pixels, from " + pixels(file.images()) + " scaled to at most " +
                                         to_string(most));
}

/// The grid of at most `most` tiles whose shape is nearest to the picture's: of two that are as near the larger one, if
/// the picture has more than half of its pixels [OpenGVLab/InternVL dynamic_preprocess].
Count nearest_tiles(const ImageSettings& images, Count side, Count least, Count most) {
  Count best, best_gap, best_scale = 1;
  for (Count tiles = least; tiles <= most; tiles += 1) {
    for (Count columns = 1; columns <= tiles; columns += 1) {
      if (tiles % columns != 0) continue;
      const Count rows = tiles / columns;
      // |width / height - columns / rows| = gap / (height · rows)
      const Count across = images.width * rows;
      const Count down = columns * images.height;
      const Count gap = across > down ? across - down : down - across;
      const bool nearer = best == 0 || gap * best_scale < best_gap * rows;
      const bool larger =
          best != 0 && gap * best_scale == best_gap * rows && 2 * images.width * images.height > side * side * tiles;
      if (!nearer && !larger) continue;
      best = tiles;
      best_gap = gap;
      best_scale = rows;
    }
  }
  return best;
}

/// Patches of a tile, of which downsample_ratio leaves a quarter (0.5).
ImageTokens internvl_images(const ImageFile& file) {
  const Count side = file.of_root("force_image_size");
  if (file.root_number("downsample_ratio") != "0.5") file.fail("its downsample_ratio is not 0.5, the only known one");
  const Count patches = side / file.of_vision("patch_size");
  const Count tile = patches * patches / 4;
  const std::string rule = "(" + to_string(side) + " / patch_size)² / 4";
  if (!file.root_flag("dynamic_image_size")) return file.tokens(tile, rule);
  file.require_size();
  const Count tiles =
      nearest_tiles(file.images(), side, file.of_root("min_dynamic_patch"), file.of_root("max_dynamic_patch"));
  const Count all = tiles > 1 && file.root_flag("use_thumbnail") ? tiles + 1 : tiles;
  return file.tokens(all * tile, to_string(all) + " tiles of " + rule + ", from " + pixels(file.images()));
}

/// The tokens of all tiles are cached, also of those that a picture leaves empty [modeling_mllama.py].
ImageTokens mllama_images(const ImageFile& file) {
  const Count side = file.of_vision("image_size") / file.of_vision("patch_size");
  ImageTokens tokens = file.tokens(file.of_vision("max_num_tiles") * (side * side + 1),
                                   "max_num_tiles ((image_size / patch_size)² + 1)");
  tokens.crossed = true;
  return tokens;
}

ImageTokens llama4_images(const ImageFile& file) {
  file.fail(
      "an image is one or more tiles and their separators: how many, preprocessor_config.json says (max_patches)");
}

struct ImageProcessor {
  std::string_view model_types;  ///< of files, separated by spaces
  ImageTokens (*tokens)(const ImageFile& file);
};

constexpr ImageProcessor kImageProcessors[] = {
    {"gemma3", gemma3_images},
    {"gemma4", gemma4_images},
    {"internvl_chat", internvl_images},
    {"llama4", llama4_images},
    {"llava", llava_images},
    {"mistral3", mistral3_images},
    {"mllama", mllama_images},
    {"paligemma", patch_images},
    {"qwen2_vl qwen2_5_vl", qwen2_vl_images},
    {"qwen3_vl qwen3_vl_moe qwen3_5 qwen3_5_moe", qwen3_vl_images},
};

}  // namespace

ImageTokens count_image_tokens(const JsonValue& root, const ImageSettings& images, const std::string& source) {
  const ImageFile file(root, images, source);
  const std::string_view type = file.root_text("model_type");
  for (const ImageProcessor& processor : kImageProcessors) {
    if (!type.empty() && lists(processor.model_types, type)) return processor.tokens(file);
  }
  const bool sees = root.find("vision_config") != nullptr;
  file.fail(sees ? "how many tokens an image is of \"" + std::string(type) + "\" is not known"
                 : "it takes no images, as far as its file says (no vision_config)",
            "add the tokens of the images to the context instead");
}

}  // namespace ctxcost::huggingface
