#include "core/json_string.h"

#include <cstdint>
#include <cstring>

#include "core/printable.h"

namespace ctxcost {
namespace {

constexpr std::uint64_t kEach = 0x0101'0101'0101'0101;

/// The highest bit of each of eight characters that does not stand for itself in a string: not printable ASCII, a
/// quote, a backslash. Characters above such a one may be taken for another.
std::uint64_t to_escape(std::uint64_t characters) {
  const auto equal = [characters](char c) {
    const std::uint64_t difference = characters ^ (kEach * static_cast<unsigned char>(c));
    return (difference - kEach) & ~difference;
  };
  const std::uint64_t at_least_space = characters + kEach * (0x80 - ' ');
  const std::uint64_t is_delete = characters + kEach;
  return (characters | ~at_least_space | is_delete | equal('"') | equal('\\')) & kEach * 0x80;
}

bool stands_for_itself(std::string_view text) {
  constexpr std::size_t kStep = sizeof(std::uint64_t);
  std::uint64_t characters = kEach * ' ';
  if (text.size() < kStep) {
    if (!text.empty()) std::memcpy(&characters, text.data(), text.size());
    return to_escape(characters) == 0;
  }
  std::uint64_t found = 0;
  for (std::size_t at = 0; at + kStep < text.size(); at += kStep) {
    std::memcpy(&characters, text.data() + at, kStep);
    found |= to_escape(characters);
  }
  // The last eight, some of which may have been looked at.
  std::memcpy(&characters, text.data() + text.size() - kStep, kStep);
  return (found | to_escape(characters)) == 0;
}

/// Returns the bytes at the start of a text that stand for themselves; in eights, but for the last ones.
std::size_t plain_start(std::string_view text) {
  constexpr std::size_t kStep = sizeof(std::uint64_t);
  std::size_t end = 0;
  for (std::uint64_t characters = 0; end + kStep <= text.size(); end += kStep) {
    std::memcpy(&characters, text.data() + end, kStep);
    const std::uint64_t found = to_escape(characters);
    if (found == 0) continue;
    // Those below the first one found are right, whatever the order of bytes: they are looked at again by themselves.
    while (stands_for_itself(text.substr(end, 1))) ++end;
    return end;
  }
  while (end < text.size() && stands_for_itself(text.substr(end, 1))) ++end;
  return end;
}

}  // namespace

void write_json_string(Writer& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto unit = [&out](char32_t code_unit) {
    out.text("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) out.character(kHex[code_unit >> shift & 15]);
  };
  constexpr std::size_t kShort = 256;
  if (text.size() <= kShort && stands_for_itself(text)) {
    char* const to = out.room(kShort + 2);
    *to = '"';
    if (!text.empty()) std::memcpy(to + 1, text.data(), text.size());
    to[text.size() + 1] = '"';
    out.advance(text.size() + 2);
    return;
  }
  out.character('"');
  while (!text.empty()) {
    if (const std::size_t plain = plain_start(text); plain > 0) {
      out.text(text.substr(0, plain));
      text.remove_prefix(plain);
      continue;
    }
    const Character character = first_character(text);
    text.remove_prefix(character.bytes.size());
    const char32_t c = character.code_point;
    if (!character.valid) {
      out.text("\xef\xbf\xbd");  // U+FFFD for a byte that is not UTF-8, as a file name may hold
    } else if (c == '"' || c == '\\') {
      out.character('\\');
      out.text(character.bytes);
    } else if (c == '\n') {
      out.text("\\n");
    } else if (c == '\t') {
      out.text("\\t");
    } else if (character.printable) {
      out.text(character.bytes);
    } else if (c < 0x10000) {
      unit(c);
    } else {
      unit(0xd7c0 + (c >> 10));  // 0xd800 - (0x10000 >> 10)
      unit(0xdc00 + (c & 0x3ff));
    }
  }
  out.character('"');
}

}  // namespace ctxcost
