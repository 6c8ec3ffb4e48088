#include "model_words.h"

namespace ctxcost {

std::string index_ranges(std::span<const std::uint32_t> indices) {
  std::string text;
  for (std::size_t i = 0; i < indices.size();) {
    std::size_t last = i;
    while (last + 1 < indices.size() && indices[last + 1] == indices[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(indices[i]);
    if (last > i) text += '-' + std::to_string(indices[last]);
    i = last + 1;
  }
  return text;
}

std::string_view feed_forward_word(const FeedForward& feed_forward) {
  if (feed_forward.experts) return "experts";
  switch (feed_forward.kind) {
    case FeedForwardKind::none: return "none";
    case FeedForwardKind::plain: return "plain";
    case FeedForwardKind::gated: return "gated";
  }
  return "";
}

}  // namespace ctxcost
