// Lines that differ only in figures: written once with placeholders in the place of the figures, then copied in runs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "digit_cell.h"
#include "json_writer.h"
#include "text_sink.h"

namespace ctxcost {

class LinePattern : public Placeholders {
 public:
  /// Returns the placeholder of a figure, a count that no model reaches.
  static Count figure(std::size_t index) { return Count::from_raw(~Uint128{0} - index); }

  /// Makes the pattern: `write` writes a line with placeholders, `figures` of them at most. `text`, if it is not empty,
  /// is the text, by its place in memory, that stands for a text that differs from line to line.
  void record(std::size_t figures, std::string_view text, const std::function<void(JsonWriter& json)>& write);

  /// Writes a line. write_figure(out, index, cell) writes a figure, write_text(out) the text; both as JSON.
  template <typename WriteFigure, typename WriteText>
  void write(Writer& out, WriteFigure&& write_figure, WriteText&& write_text) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const Slot& slot = slots_[i];
      out.text(std::string_view(text_.text).substr(slot.begin, slot.size));
      if (slot.figure == kText) {
        write_text(out);
      } else {
        write_figure(out, slot.figure, i);
      }
    }
    out.text(std::string_view(text_.text).substr(rest_));
  }
  /// Writes a count in the place `place` of a line. Its digits are copied if they are those of the line before.
  void write_count(Writer& out, Count value, std::size_t place) { cells_[place].write(out, value); }

  bool take(Count value) override;
  bool take(std::string_view value) override;

 private:
  static constexpr std::size_t kText = ~std::size_t{0};
  /// A figure and the text before it.
  struct Slot {
    std::size_t begin, size;
    std::size_t figure;
  };
  void add(std::size_t figure);

  TextSink text_;
  Writer* out_ = nullptr;  // while it is recorded
  std::vector<Slot> slots_;
  std::vector<DigitCell> cells_;  // one for each slot
  std::size_t rest_ = 0;          // where the text behind the last figure begins
  std::size_t figures_ = 0;
  std::string_view placeholder_;
};

}  // namespace ctxcost
