#include "format_words.h"

namespace ctxcost {

std::string_view stores_words(const Format& format) {
  if (format.weights && format.cache) return "weights, cache";
  return format.weights ? "weights" : "cache";
}

std::string_view settings_words(const Format& format) {
  if (format.name == "int4") return "int4:group=G[,zero] (G = 128, even)";
  if (format.name == "kivi") return "kivi:bits=2|4,group=G,residual=N (2, 32, 128)";
  return {};
}

}  // namespace ctxcost
