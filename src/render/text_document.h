// What people read: plain text for terminals and logs, or Markdown. Whatever is given is text, never markup or a
// command to a terminal: it is escaped here, whoever gives it.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/writer.h"

namespace ctxcost {

enum class TextStyle { plain, markdown };

/// How a text stands out: in colour if the output has colour, else plain. In Markdown everything but `good` is bold.
enum class Accent { none, strong, good, warning, bad };

class TextDocument {
 public:
  explicit TextDocument(Writer& out, TextStyle style = TextStyle::plain, bool color = false)
      : out_(&out), style_(style), color_(color) {}

  TextStyle style() const { return style_; }

  /// A piece of the line.
  void text(std::string_view text, Accent accent = Accent::none);
  void end_line();
  /// Writes a whole line.
  void line(std::string_view text, Accent accent = Accent::none);
  /// Starts a line that is one of several: a list in Markdown.
  void item();
  void item(std::string_view text);
  void blank() { out_->character('\n'); }

  /// A column of a table.
  struct Column {
    std::string heading;
    bool right_aligned = false;
    std::size_t width = 0;  ///< printable_width of its widest cell, the heading among them; Markdown needs none
  };
  /// Writes the head of a table and the line below it.
  void heads(std::span<const Column> columns);
  /// Writes a row, with one cell per column.
  void row(std::span<const Column> columns, std::span<const std::string> cells, Accent first = Accent::none);
  /// A whole table, as wide as it needs. `accent`, where given, is of a row's first cell.
  void table(std::vector<Column> columns, std::span<const std::vector<std::string>> rows,
             const std::function<Accent(const std::vector<std::string>&)>& accent = {});

 private:
  void cell(const Column& column, std::string_view text, Accent accent);
  void plain(std::string_view text);
  void spaces(std::size_t count);
  void markdown(std::string_view text);

  Writer* out_;
  TextStyle style_;
  bool color_;
  bool line_start_ = true;
};

}  // namespace ctxcost
