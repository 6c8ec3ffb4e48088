#include "text_document.h"

#include <algorithm>
#include <cstring>

#include "core/character.h"
#include "core/format.h"
#include "core/printable.h"

namespace ctxcost {
namespace {

/// What stands for nothing in many cells: one character, which is printable.
constexpr std::string_view kNothing = "–";

std::size_t width_of(std::string_view cell) { return cell == kNothing ? 1 : printable_width(cell); }

constexpr std::string_view kReset = "\x1b[0m";

std::string_view color_of(Accent accent) {
  switch (accent) {
    case Accent::none: break;
    case Accent::strong: return "\x1b[1m";
    case Accent::good: return "\x1b[32m";
    case Accent::warning: return "\x1b[33m";
    case Accent::bad: return "\x1b[1;31m";
  }
  return {};
}

bool alphanumeric(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

void TextDocument::plain(std::string_view text) {
  is_plain_ascii(text) ? out_->text(text) : out_->text(printable(text));
}

/// Escapes characters with a meaning in Markdown by backslashes, and those with a meaning in HTML by entities.
/// [CommonMark 0.31.2, sections 2.4 and 2.5; GitHub Flavored Markdown Spec, section 4.10, for `|` in cells]
void TextDocument::markdown(std::string_view text) {
  const std::string shown = printable(text);
  // A line that starts with these would be a heading, a list, a rule or code: "# x", "- x", "==", "1. x", "    x".
  std::size_t block = std::string::npos;
  if (line_start_ && !shown.empty()) {
    block = 0;
    while (block < shown.size() && is_digit(shown[block])) ++block;
    if (block == shown.size() || std::string_view(block == 0 ? "#+-=" : ".)").find(shown[block]) == std::string::npos) {
      block = std::string::npos;
    }
    if (shown[0] == ' ') block = 0;
  }
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const char c = shown[i];
    if (i == block) {
      out_->text(c == ' ' ? "&#32;" : "\\");
      if (c != ' ') out_->character(c);
      continue;
    }
    switch (c) {
      case '&': out_->text("&amp;"); continue;
      case '<': out_->text("&lt;"); continue;
      case '>': out_->text("&gt;"); continue;
      case '\\':
      case '|':
      case '`':
      case '[':
      case ']':
      case '~':
      case '$': out_->character('\\'); break;
      case '_':
        // Within a word it is no emphasis: kv_cache_bytes stays as it is.
        if (i == 0 || i + 1 == shown.size() || !alphanumeric(shown[i - 1]) || !alphanumeric(shown[i + 1])) {
          out_->character('\\');
        }
        break;
      case '*':
        // Nor is it between spaces.
        if (i == 0 || i + 1 == shown.size() || shown[i - 1] != ' ' || shown[i + 1] != ' ') out_->character('\\');
        break;
      default: break;
    }
    out_->character(c);
  }
}

void TextDocument::put(std::string_view text, Accent accent) {
  if (style_ == TextStyle::markdown) {
    const bool bold = accent != Accent::none && accent != Accent::good;
    if (bold) out_->text("**");
    if (bold) line_start_ = false;
    markdown(text);
    if (bold) out_->text("**");
  } else {
    const bool color = settings_.color && accent != Accent::none;
    if (color) out_->text(color_of(accent));
    plain(text);
    if (color) out_->text(kReset);
  }
  line_start_ = false;
}

void TextDocument::text(std::string_view text, Accent accent) {
  if (settings_.width == 0) return put(text, accent);
  line_.push_back({printable(text), accent});
}

/// Writes the pieces of a line, in several lines where they are too long.
void TextDocument::put_wrapped() {
  std::string whole;
  for (const Piece& piece : line_) whole += piece.text;
  const std::size_t width = settings_.width;
  const std::size_t indentation = std::min(whole.find_first_not_of(' '), whole.size()) + 2;
  const std::size_t further = 2 * indentation < width ? indentation : 0;
  bool is_first = true;
  for (const std::string_view line : wrap(whole, width, width - further, false)) {
    if (!is_first) {
      out_->character('\n');
      spaces(further);
    }
    is_first = false;
    const std::size_t begin = static_cast<std::size_t>(line.data() - whole.data());
    const std::size_t end = begin + line.size();
    std::size_t at = 0;  // of the piece in the whole
    for (const Piece& piece : line_) {
      const std::size_t from = std::max(begin, at);
      const std::size_t to = std::min(end, at + piece.text.size());
      if (from < to) put(std::string_view(whole).substr(from, to - from), piece.accent);
      at += piece.text.size();
    }
  }
  line_.clear();
}

void TextDocument::end_line() {
  if (!line_.empty()) put_wrapped();
  out_->character('\n');
  line_start_ = true;
}

void TextDocument::line(std::string_view text, Accent accent) {
  this->text(text, accent);
  end_line();
}

void TextDocument::item() {
  if (style_ == TextStyle::markdown) out_->text("- ");
}

void TextDocument::item(std::string_view text) {
  item();
  line(text);
}

void TextDocument::drawing(std::span<const std::string> lines) {
  const bool markdown = style_ == TextStyle::markdown;
  if (markdown) out_->text("```text\n");
  for (const std::string& line : lines) {
    plain(line);
    out_->character('\n');
  }
  if (markdown) out_->text("```\n");
}

void TextDocument::spaces(std::size_t count) {
  static constexpr std::string_view kSpaces = "                                                                ";
  for (; count > kSpaces.size(); count -= kSpaces.size()) out_->text(kSpaces);
  // Copying all of them is cheaper than counting.
  std::memcpy(out_->room(kSpaces.size()), kSpaces.data(), kSpaces.size());
  out_->advance(count);
}

void TextDocument::Column::measure(std::string_view cell) {
  const std::size_t cell_width = width_of(cell);
  width = std::max(width, cell_width);
  const bool stays_whole = right_aligned || cell_width <= kWholeCell;
  word = std::max(word, stays_whole ? cell_width : std::max(kWholeCell, longest_word(printable(cell))));
}

void TextDocument::cell(const Column& column, std::size_t width, std::string_view text, Accent accent) {
  out_->text("| ");
  line_start_ = false;
  if (style_ == TextStyle::markdown) {
    put(text, accent);
  } else {
    const bool is_nothing = text == kNothing;
    const bool as_it_is = is_nothing || is_plain_ascii(text);
    const std::size_t needed = is_nothing ? 1 : as_it_is ? text.size() : printable_width(text);
    const std::size_t padding = width > needed ? width - needed : 0;
    if (column.right_aligned) spaces(padding);
    as_it_is&& accent == Accent::none ? out_->text(text) : put(text, accent);
    if (!column.right_aligned) spaces(padding);
  }
  out_->character(' ');
}

/// Writes the line below the head of a column.
void TextDocument::rule(const Column& column, std::size_t width) {
  const bool aligned = style_ == TextStyle::plain;
  out_->text(aligned ? "|-" : "|--");
  out_->repeat('-', aligned ? width : 1);
  out_->text(column.right_aligned ? ":" : aligned ? "-" : "");
}

/// Writes the cells of the columns that fit, in as many lines as the longest of them takes.
void TextDocument::fitted_row(std::span<const Column> columns, std::span<const std::string> cells, Accent all,
                              Accent first) {
  const std::size_t count = fitted_.shown.size();
  std::vector<std::string> texts;
  std::vector<std::vector<std::string_view>> lines;
  texts.reserve(count);  // the lines are parts of the texts
  lines.reserve(count);
  std::size_t height = 1;
  for (std::size_t i = 0; i < count; ++i) {
    texts.push_back(printable(cells[fitted_.shown[i]]));
    lines.push_back(wrap(texts.back(), fitted_.widths[i], fitted_.widths[i], true));
    height = std::max(height, lines.back().size());
  }
  for (std::size_t row = 0; row < height; ++row) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view text = row < lines[i].size() ? lines[i][row] : std::string_view("");
      const Accent accent = text.empty() ? Accent::none : fitted_.shown[i] == 0 && first != Accent::none ? first : all;
      cell(columns[fitted_.shown[i]], fitted_.widths[i], text, accent);
    }
    out_->text("|\n");
  }
  line_start_ = true;
}

void TextDocument::heads(std::span<const Column> columns) {
  fitted_ = {};
  if (settings_.width > 0) {
    std::vector<ColumnNeed> needs;
    needs.reserve(columns.size());
    for (const Column& column : columns) {
      needs.push_back({column.width, std::max(column.word, longest_word(printable(column.heading))), column.rank});
    }
    fitted_ = fit_table(needs, settings_.width);
  }
  if (fitted_.is_fitted()) {
    std::vector<std::string> headings;
    headings.reserve(columns.size());
    for (const Column& column : columns) headings.push_back(column.heading);
    fitted_row(columns, headings, Accent::strong, Accent::none);
    for (std::size_t i = 0; i < fitted_.shown.size(); ++i) rule(columns[fitted_.shown[i]], fitted_.widths[i]);
  } else {
    const Accent accent = style_ == TextStyle::plain ? Accent::strong : Accent::none;
    for (const Column& column : columns) cell(column, column.width, column.heading, accent);
    out_->text("|\n");
    for (const Column& column : columns) rule(column, column.width);
  }
  out_->text("|\n");
  line_start_ = true;
}

void TextDocument::row(std::span<const Column> columns, std::span<const std::string> cells, Accent first) {
  if (fitted_.is_fitted()) return fitted_row(columns, cells, Accent::none, first);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    cell(columns[i], columns[i].width, cells[i], i == 0 ? first : Accent::none);
  }
  out_->text("|\n");
  line_start_ = true;
}

void TextDocument::end_table(std::span<const Column> columns) {
  if (!fitted_.left_out.empty()) {
    std::string names;
    for (const std::size_t i : fitted_.left_out) {
      if (!names.empty()) names += ", ";
      names += columns[i].heading;
    }
    const std::size_t count = fitted_.left_out.size();
    line(format("{} column{} left out: {}{}{}", count, count == 1 ? "" : "s", names,
                settings_.advice.empty() ? "" : "; ", settings_.advice));
  }
  fitted_ = {};
  if (!settings_.explain_columns) return;
  blank();
  for (const Column& column : columns) {
    const Column::About& about = column.about;
    if (about.meaning.empty()) continue;
    item(format("{} = {}{}{}: {}", column.heading, about.name, about.unit.empty() ? "" : ", in ", about.unit,
                about.meaning));
  }
}

void TextDocument::table(std::vector<Column> columns, std::span<const std::vector<std::string>> rows,
                         const std::function<Accent(const std::vector<std::string>&)>& accent) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i].width = printable_width(columns[i].heading);
    for (const std::vector<std::string>& cells : rows) columns[i].measure(cells[i]);
  }
  heads(columns);
  for (const std::vector<std::string>& cells : rows) row(columns, cells, accent ? accent(cells) : Accent::none);
  end_table(columns);
}

}  // namespace ctxcost
