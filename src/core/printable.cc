#include "printable.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace ctxcost {
namespace {

bool plain_ascii(char c) { return c >= 0x20 && c < 0x7f; }

char32_t decode(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  static constexpr unsigned char kLeadBits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  char32_t code_point = lead & kLeadBits[sequence.size()];
  for (const char c : sequence.substr(1)) code_point = code_point << 6 | (static_cast<unsigned char>(c) & 0x3f);
  return code_point;
}

bool is_printable(char32_t code_point) {
  struct Range {
    char32_t first, last;
  };
  // Ascending.
  static constexpr Range kHidden[] = {
      {0x00, 0x1f},        // C0
      {0x7f, 0x9f},        // DEL, C1
      {0xad, 0xad},        // soft hyphen
      {0x34f, 0x34f},      // grapheme joiner
      {0x61c, 0x61c},      // Arabic letter mark
      {0x115f, 0x1160},    // Hangul fillers
      {0x17b4, 0x17b5},    // Khmer inherent vowels
      {0x180e, 0x180e},    // Mongolian vowel separator
      {0x200b, 0x200f},    // without width, bidi marks
      {0x2028, 0x202e},    // line and paragraph separator, embeddings and overrides
      {0x2060, 0x206f},    // word joiner, invisible operators, isolates
      {0x3164, 0x3164},    // Hangul filler
      {0xfdd0, 0xfdef},    // noncharacters
      {0xfeff, 0xfeff},    // byte order mark
      {0xffa0, 0xffa0},    // Hangul filler
      {0xfff0, 0xfffb},    // reserved to be ignored, interlinear annotation
      {0x1bca0, 0x1bca3},  // shorthand controls
      {0x1d173, 0x1d17a},  // musical controls
      {0xe0000, 0xe00ff},  // tags, reserved to be ignored
      {0xe01f0, 0xe0fff},  // reserved to be ignored
  };
  if ((code_point & 0xfffe) == 0xfffe) return false;  // noncharacters of every plane
  const Range* const range = std::partition_point(std::begin(kHidden), std::end(kHidden),
                                                  [code_point](const Range& row) { return row.last < code_point; });
  return range == std::end(kHidden) || code_point < range->first;
}

/// Calls `take` with runs of printable bytes and with escapes.
template <typename Take>
void for_each_piece(std::string_view text, const Take& take) {
  static constexpr char kHex[] = "0123456789abcdef";
  while (!text.empty()) {
    std::size_t end = 0;
    while (end < text.size() && plain_ascii(text[end])) ++end;
    if (end > 0) {
      take(text.substr(0, end));
      text.remove_prefix(end);
      continue;
    }
    const Character character = first_character(text);
    text.remove_prefix(character.bytes.size());
    if (character.printable) {
      take(character.bytes);
      continue;
    }
    const bool byte = !character.valid || character.code_point < 0x80;
    const bool wide = character.code_point > 0xffff;
    char escape[10] = {'\\', byte ? 'x' : wide ? 'U' : 'u'};
    const std::size_t digits = byte ? 2 : wide ? 8 : 4;
    for (std::size_t i = 0; i < digits; ++i) {
      escape[2 + i] = kHex[character.code_point >> 4 * (digits - 1 - i) & 15];
    }
    take(std::string_view(escape, 2 + digits));
  }
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (length < 3) return length;
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  const unsigned char second = byte(1);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
      (lead == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return length;
}

Character first_character(std::string_view text) {
  if (plain_ascii(text[0])) return {text.substr(0, 1), static_cast<char32_t>(text[0]), true, true};
  const std::size_t length = utf8_length(text);
  if (length == 0) return {text.substr(0, 1), static_cast<unsigned char>(text[0]), false, false};
  const char32_t code_point = decode(text.substr(0, length));
  return {text.substr(0, length), code_point, true, is_printable(code_point)};
}

bool is_plain_ascii(std::string_view text) {
  // Eight characters at a time: sums carry into a neighbour only from a character beyond ASCII, which is found anyhow.
  constexpr std::uint64_t kEach = 0x0101'0101'0101'0101;
  std::uint64_t beyond = 0;
  const auto look_at = [&beyond](std::uint64_t characters) {
    const std::uint64_t at_least_space = characters + kEach * (0x80 - ' ');
    const std::uint64_t is_delete = characters + kEach;
    beyond |= characters | ~at_least_space | is_delete;
  };
  constexpr std::size_t kStep = sizeof(std::uint64_t);
  const char* const last = text.data() + text.size();
  std::uint64_t characters = kEach * ' ';
  if (text.size() >= kStep) {
    for (const char* at = text.data(); last - at > static_cast<std::ptrdiff_t>(kStep); at += kStep) {
      std::memcpy(&characters, at, kStep);
      look_at(characters);
    }
    // The last eight, some of which may have been looked at.
    std::memcpy(&characters, last - kStep, kStep);
  } else if (text.size() >= kStep / 2) {
    std::uint32_t halves[2];
    std::memcpy(&halves[0], text.data(), sizeof halves[0]);
    std::memcpy(&halves[1], last - sizeof halves[1], sizeof halves[1]);
    characters = halves[0] | std::uint64_t{halves[1]} << 32;
  } else {
    for (const char c : text) characters = characters << 8 | static_cast<unsigned char>(c);
  }
  look_at(characters);
  return (beyond & kEach * 0x80) == 0;
}

std::string printable(std::string_view text) {
  if (is_plain_ascii(text)) return std::string(text);
  std::string out;
  for_each_piece(text, [&out](std::string_view piece) { out += piece; });
  return out;
}

std::size_t printable_width(std::string_view text) {
  if (is_plain_ascii(text)) return text.size();
  std::size_t width = 0;
  for_each_piece(text, [&width](std::string_view piece) { width += plain_ascii(piece[0]) ? piece.size() : 1; });
  return width;
}

}  // namespace ctxcost
