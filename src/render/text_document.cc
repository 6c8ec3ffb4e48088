#include "text_document.h"

#include <algorithm>

#include "core/character.h"
#include "core/printable.h"

namespace ctxcost {
namespace {

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

void TextDocument::text(std::string_view text, Accent accent) {
  if (style_ == TextStyle::markdown) {
    const bool bold = accent != Accent::none && accent != Accent::good;
    if (bold) out_->text("**");
    if (bold) line_start_ = false;
    markdown(text);
    if (bold) out_->text("**");
  } else {
    const bool color = color_ && accent != Accent::none;
    if (color) out_->text(color_of(accent));
    plain(text);
    if (color) out_->text(kReset);
  }
  line_start_ = false;
}

void TextDocument::end_line() {
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

void TextDocument::spaces(std::size_t count) {
  static constexpr std::string_view kSpaces = "                                                                ";
  for (; count > kSpaces.size(); count -= kSpaces.size()) out_->text(kSpaces);
  out_->text(kSpaces.substr(0, count));
}

void TextDocument::cell(const Column& column, std::string_view text, Accent accent) {
  out_->text("| ");
  line_start_ = false;
  if (style_ == TextStyle::markdown) {
    this->text(text, accent);
  } else {
    const std::size_t width = printable_width(text);
    const std::size_t padding = column.width > width ? column.width - width : 0;
    if (column.right_aligned) spaces(padding);
    this->text(text, accent);
    if (!column.right_aligned) spaces(padding);
  }
  out_->character(' ');
}

void TextDocument::heads(std::span<const Column> columns) {
  const bool aligned = style_ == TextStyle::plain;
  for (const Column& column : columns) cell(column, column.heading, aligned ? Accent::strong : Accent::none);
  out_->text("|\n");
  for (const Column& column : columns) {
    out_->text(aligned ? "|-" : "|--");
    out_->repeat('-', aligned ? column.width : 1);
    out_->text(column.right_aligned ? ":" : aligned ? "-" : "");
  }
  out_->text("|\n");
  line_start_ = true;
}

void TextDocument::row(std::span<const Column> columns, std::span<const std::string> cells, Accent first) {
  for (std::size_t i = 0; i < columns.size(); ++i) cell(columns[i], cells[i], i == 0 ? first : Accent::none);
  out_->text("|");
  end_line();
}

void TextDocument::table(std::vector<Column> columns, std::span<const std::vector<std::string>> rows,
                         const std::function<Accent(const std::vector<std::string>&)>& accent) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i].width = printable_width(columns[i].heading);
    for (const std::vector<std::string>& cells : rows) {
      columns[i].width = std::max(columns[i].width, printable_width(cells[i]));
    }
  }
  heads(columns);
  for (const std::vector<std::string>& cells : rows) row(columns, cells, accent ? accent(cells) : Accent::none);
}

}  // namespace ctxcost
