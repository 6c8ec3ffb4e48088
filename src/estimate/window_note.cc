#include "window_note.h"

#include "ctxcost/core/lengths.h"
#include "ctxcost/core/units.h"

namespace ctxcost {

namespace {

std::string behind_label(const Model& model, std::string_view status) {
  if (status == "trained") return {};
  const Positions& positions = model.positions;
  if (status == "impossible") {
    return " is impossible: the position table ends at " + with_separators(*positions.hard_limit) + " tokens";
  }
  const Count trained = *positions.trained_context;
  const Count effective = positions.effective_context.value_or(trained);
  std::string text = status == "scaled" ? " relies on " : " is beyond ";
  if (effective == trained) return text + "the trained context of " + with_separators(trained) + " tokens";
  text += positions.scaling_type.empty() ? "scaled positions" : positions.scaling_type + " scaling";
  return text + " (trained " + with_separators(trained) + " tokens, scaled to " + with_separators(effective) + ")";
}

std::string with_label(Count context, const std::string& text) {
  return text.empty() ? text : length_label(context) + text;
}

}  // namespace

std::string window_note_behind_label(const Model& model, const Estimate& values) {
  const std::string_view* const status = std::get_if<std::string_view>(&values[Metric::window_status]);
  return status == nullptr ? std::string() : behind_label(model, *status);
}

std::string window_note(const Model& model, const Estimate& values, Count context) {
  return with_label(context, window_note_behind_label(model, values));
}

std::string window_note(const Model& model, Count context) {
  const std::optional<std::string_view> status = window_status(model.positions, context);
  return status ? with_label(context, behind_label(model, *status)) : std::string();
}

}  // namespace ctxcost
