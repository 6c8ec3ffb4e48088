#include "line_pattern.h"

namespace ctxcost {

void LinePattern::record(std::size_t figures, std::string_view text,
                         const std::function<void(JsonWriter& json)>& write) {
  text_.text.clear();
  slots_.clear();
  rest_ = 0;
  figures_ = figures;
  placeholder_ = text;
  Writer out(text_);
  out_ = &out;
  JsonWriter json(out, JsonWriter::Layout::compact, this);
  write(json);
  out.flush();
  out_ = nullptr;
  cells_.assign(slots_.size(), {});
}

void LinePattern::add(std::size_t figure) {
  out_->flush();
  slots_.push_back({rest_, text_.text.size() - rest_, figure});
  rest_ = text_.text.size();
}

bool LinePattern::take(Count value) {
  const Uint128 index = ~value.raw();
  if (index >= figures_) return false;
  add(static_cast<std::size_t>(index));
  return true;
}

bool LinePattern::take(std::string_view value) {
  if (placeholder_.empty() || value.data() != placeholder_.data()) return false;
  add(kText);
  return true;
}

}  // namespace ctxcost
