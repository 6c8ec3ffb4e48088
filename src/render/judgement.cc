#include "judgement.h"

namespace ctxcost {

std::string place_text(std::string_view file, const TextPlace& place) {
  std::string text(file);
  if (place.line != 0) text += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
  return text;
}

}  // namespace ctxcost
