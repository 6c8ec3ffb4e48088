// What may stand on a terminal or in a log as it is: the one place that decides.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ctxcost {

/// The character at the start of a text.
struct Character {
  std::string_view bytes;  ///< one byte where it is not UTF-8 (RFC 3629)
  char32_t code_point;     ///< the byte itself where it is not UTF-8
  bool valid;              ///< false where it is not UTF-8
  /// False for what moves a cursor, ends a line, turns or hides text: controls (C0, DEL, C1), bidi marks, embeddings,
  /// overrides and isolates, line and paragraph separators, characters that are not seen, noncharacters, and bytes that
  /// are not UTF-8.   [Unicode 15.1: Cc, Zl, Zp, Bidi_Control, and Default_Ignorable_Code_Point but for variation
  /// selectors; "Trojan Source", arXiv 2111.00169]
  bool printable;
};

/// `text` is not empty.
Character first_character(std::string_view text);

/// True where every character is a printable one of ASCII: most texts are, and stay as they are.
bool is_plain_ascii(std::string_view text);

/// The text on one line, with what is not printable as \x0a (a byte), \u202e or \U000e0041 (a code point).
std::string printable(std::string_view text);

/// Characters of `printable(text)`: the columns it takes, but for wide ones.
std::size_t printable_width(std::string_view text);

}  // namespace ctxcost
