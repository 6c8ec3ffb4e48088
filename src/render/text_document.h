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
#include "table_fit.h"

namespace ctxcost {

enum class TextStyle { plain, markdown };

/// How a text stands out: in colour if the output has colour, else plain. In Markdown everything but `good` is bold.
enum class Accent { none, strong, good, warning, bad };

/// What a page is written on.
struct PageSettings {
  bool color = false;            ///< a terminal that shows it
  std::size_t width = 0;         ///< columns of plain text, in which lines and tables fit; 0: as many as they need
  bool unicode = true;           ///< what is drawn may be other than ASCII
  bool explain_columns = false;  ///< below each table stands what its columns are
  /// What a table that leaves columns out says of them: how the user sees all.
  std::string_view advice = {};
};

class TextDocument {
 public:
  explicit TextDocument(Writer& out, TextStyle style = TextStyle::plain, const PageSettings& settings = {})
      : out_(&out), style_(style), settings_(settings) {
    if (style != TextStyle::plain) settings_.width = 0;
  }

  TextStyle style() const { return style_; }
  const PageSettings& settings() const { return settings_; }

  /// A piece of the line. A line that is too long for the page goes on below, indented.
  void text(std::string_view text, Accent accent = Accent::none);
  void end_line();
  /// Writes a whole line.
  void line(std::string_view text, Accent accent = Accent::none);
  /// Starts a line that is one of several: a list in Markdown.
  void item();
  void item(std::string_view text);
  void blank() { out_->character('\n'); }
  /// Writes lines as they stand: a chart. In Markdown they are a block of code.
  void drawing(std::span<const std::string> lines);

  /// A column of a table.
  struct Column {
    std::string heading;
    bool right_aligned = false;
    std::size_t width = 0;  ///< printable_width of its widest cell, the heading among them; Markdown needs none
    std::size_t word = 0;   ///< that of the longest word of its cells that may be wrapped: see `measure`
    unsigned rank = 0;      ///< where a table is too wide, columns of higher ranks are left out first, then the last
    /// What it is: name in documents, unit, sentence.
    struct About {
      std::string_view name = {};
      std::string_view unit = {};
      std::string_view meaning = {};
    } about = {};
    /// Takes a cell into `width` and `word`.
    void measure(std::string_view cell);
  };
  /// Writes the head of a table and the line below it.
  void heads(std::span<const Column> columns);
  /// Writes a row, with one cell per column.
  void row(std::span<const Column> columns, std::span<const std::string> cells, Accent first = Accent::none);
  /// Ends a table: says which columns do not fit and what the columns are, where that was asked.
  void end_table(std::span<const Column> columns);
  /// A whole table, as wide as it needs. `accent`, where given, is of a row's first cell.
  void table(std::vector<Column> columns, std::span<const std::vector<std::string>> rows,
             const std::function<Accent(const std::vector<std::string>&)>& accent = {});

 private:
  /// A piece of a line that is not written yet, as it is printed.
  struct Piece {
    std::string text;
    Accent accent;
  };
  void put(std::string_view text, Accent accent);
  void put_wrapped();
  void cell(const Column& column, std::size_t width, std::string_view text, Accent accent);
  void rule(const Column& column, std::size_t width);
  void fitted_row(std::span<const Column> columns, std::span<const std::string> cells, Accent all, Accent first);
  void plain(std::string_view text);
  void spaces(std::size_t count);
  void markdown(std::string_view text);

  Writer* out_;
  TextStyle style_;
  PageSettings settings_;
  bool line_start_ = true;
  std::vector<Piece> line_;  // of a page that has a width
  FittedTable fitted_;       // the table that is being written
};

}  // namespace ctxcost
