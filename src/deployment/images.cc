#include "ctxcost/deployment/images.h"

#include <optional>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"

namespace ctxcost {
namespace {

/// More than any prompt has, and more than any picture has on a side.
constexpr Count kMostImages = 1 << 20;
constexpr Count kMostPixels = 1 << 20;

std::optional<Count> read_positive(std::string_view digits, Count most) {
  const std::optional<Count> number = parse_digits(digits);
  return number && *number > 0 && *number <= most ? number : std::nullopt;
}

}  // namespace

ImageSettings parse_images(std::string_view text, std::string_view source) {
  const std::size_t colon = text.find(':');
  const std::optional<Count> count = read_positive(text.substr(0, colon), kMostImages);
  if (!count)
    throw_fault(source, "expected a number of images, found \"" + std::string(text) + '"', "20 or 20:1024x768");
  ImageSettings images{*count, {}, {}, std::string(text)};
  if (colon == std::string_view::npos) return images;
  const std::string_view size = text.substr(colon + 1);
  const std::size_t cross = size.find('x');
  const std::optional<Count> width = read_positive(size.substr(0, cross), kMostPixels);
  const std::optional<Count> height =
      cross == std::string_view::npos ? std::nullopt : read_positive(size.substr(cross + 1), kMostPixels);
  if (!width || !height) {
    throw_fault(source, "expected a size in pixels behind the colon, found \"" + std::string(size) + '"',
                "20:1024x768 is 20 pictures of width 1024");
  }
  images.width = *width;
  images.height = *height;
  return images;
}

std::string ImageTokens::note() const {
  const std::string images = with_separators(count) + (count == 1 ? " image" : " images");
  const std::string sum =
      images + " x " + with_separators(each) + " tokens (" + rule + ") = " + with_separators(count * each);
  return crossed ? sum + ", in the cache of the cross-attention layers" : sum + " tokens of each context";
}

}  // namespace ctxcost
