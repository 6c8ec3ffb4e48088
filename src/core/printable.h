// Decides which characters may be written to a terminal or a log unchanged.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ctxcost {

/// The character at the start of a text.
struct Character {
  std::string_view bytes;  ///< one byte if it is not UTF-8 (RFC 3629)
  char32_t code_point;     ///< the byte itself if it is not UTF-8
  bool valid;              ///< false if it is not UTF-8
  /// False for characters that move a cursor, end a line, or reverse or hide text: controls (C0, DEL, C1), bidi marks,
  /// embeddings, overrides and isolates, line and paragraph separators, invisible characters, noncharacters, and bytes
  /// that are not UTF-8. [Unicode 15.1: Cc, Zl, Zp, Bidi_Control, and Default_Ignorable_Code_Point but for variation
  /// selectors; "Trojan Source", arXiv 2111.00169]
  bool printable;
};

/// Returns the bytes of the UTF-8 sequence at the start of `text`, which is not empty, or 0 if there is none (RFC
/// 3629).
std::size_t utf8_length(std::string_view text);

/// `text` is not empty.
Character first_character(std::string_view text);

/// Returns whether every character is printable ASCII. Most texts are, and need no escaping.
bool is_plain_ascii(std::string_view text);

/// Returns the text on one line, with unprintable characters as \x0a (a byte), \u202e or \U000e0041 (a code point).
std::string printable(std::string_view text);

/// Returns the number of characters of `printable(text)`: its columns, apart from wide characters.
std::size_t printable_width(std::string_view text);

}  // namespace ctxcost
