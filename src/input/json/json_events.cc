#include "json_events.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "core/character.h"
#include "core/printable.h"

// Readers work on text in memory and have their own messages.
#define JSON_NO_IO 1
#define JSON_DIAGNOSTICS 0
#include <nlohmann/json.hpp>

namespace ctxcost {
namespace {

/// Whether a byte of a string stands for itself: no control character, quote, backslash or part of a longer character.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

/// The four digits of a \u escape; above 0xFFFF where they are none.
std::uint32_t hexadecimal(const char* digits, const char* end) {
  constexpr std::uint32_t kNone = 0x10000;
  if (end - digits < 4) return kNone;
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = digits[i];
    value <<= 4;
    if (is_digit(c)) {
      value += static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value += static_cast<std::uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      value += static_cast<std::uint32_t>(c - 'A' + 10);
    } else {
      return kNone;
    }
  }
  return value;
}

void append_utf8(std::string& text, std::uint32_t point) {
  const auto byte = [&text](std::uint32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | point >> 6);
    byte(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    byte(0xE0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xF0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3F));
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
}

/// Reads a text token by token, by the grammar of RFC 8259. Where it is not JSON it only says so: nlohmann's reader,
/// which takes ten times as long, says where.
class Reader {
 public:
  Reader(std::string_view text, JsonEvents& events)
      : text_begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), events_(events) {
    if (text.starts_with(kByteOrderMark)) at_ += kByteOrderMark.size();
  }

  enum class End { good, fault, stopped };

  End read() {
    for (;;) {
      End end = value();
      if (end != End::good) return end;
      // Behind a value: lists and objects that end here, then the next value of the one that is still open.
      for (;;) {
        skip_space();
        if (open_.empty()) return at_ == end_ || *at_ == '\0' ? End::good : End::fault;
        if (at_ == end_) return End::fault;
        const char c = *at_;
        if (c == ',') {
          ++at_;
          if (open_.back() == '[') break;
          end = key();
          if (end != End::good) return end;
          break;
        }
        if (c != (open_.back() == '[' ? ']' : '}')) return End::fault;
        bracket();
        open_.pop_back();
        if (!(c == ']' ? events_.end_array() : events_.end_object())) return End::stopped;
      }
    }
  }

 private:
  void skip_space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }

  /// The next call is of what stands from `begin` up to here.
  void told_of(const char* begin) {
    events_.token = {static_cast<std::size_t>(begin - text_begin_), static_cast<std::size_t>(at_ - text_begin_)};
  }

  void bracket() {
    ++at_;
    told_of(at_ - 1);
  }

  static End told(bool goes_on) { return goes_on ? End::good : End::stopped; }

  bool word(std::string_view literal) {
    if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, literal.size()) != literal) return false;
    const char* const begin = at_;
    at_ += literal.size();
    told_of(begin);
    return true;
  }

  /// Reads a value, or the beginning of a list or object up to its first value.
  End value() {
    for (;;) {
      skip_space();
      if (at_ == end_) return End::fault;
      switch (*at_) {
        case '"': return string() ? told(events_.string(text_)) : End::fault;
        case 'n': return word("null") ? told(events_.null()) : End::fault;
        case 't': return word("true") ? told(events_.boolean(true)) : End::fault;
        case 'f': return word("false") ? told(events_.boolean(false)) : End::fault;
        case '[':
          bracket();
          if (!events_.start_array()) return End::stopped;
          skip_space();
          if (at_ < end_ && *at_ == ']') {
            bracket();
            return told(events_.end_array());
          }
          open_.push_back('[');
          continue;
        case '{': {
          bracket();
          if (!events_.start_object()) return End::stopped;
          skip_space();
          if (at_ < end_ && *at_ == '}') {
            bracket();
            return told(events_.end_object());
          }
          open_.push_back('{');
          const End end = key();
          if (end != End::good) return end;
          continue;
        }
        default: return number();
      }
    }
  }

  /// Reads a key and the colon behind it.
  End key() {
    skip_space();
    if (at_ == end_ || *at_ != '"' || !string()) return End::fault;
    if (!events_.key(text_)) return End::stopped;
    skip_space();
    if (at_ == end_ || *at_ != ':') return End::fault;
    ++at_;
    return End::good;
  }

  /// Reads the string that starts here into `text_`.
  bool string() {
    const char* const quote = at_;
    at_ = plain_end(quote + 1);
    text_.assign(quote + 1, at_);
    if (at_ < end_ && *at_ != '"' && !rest_of_string()) return false;
    if (at_ == end_) return false;
    ++at_;
    told_of(quote);
    return true;
  }

  /// Reads on from a character that does not stand for itself, up to the closing quote or the end of the text.
  bool rest_of_string() {
    const char* from = at_;
    for (;;) {
      at_ = plain_end(at_);
      if (at_ == end_ || *at_ == '"') {
        text_.append(from, at_);
        return true;
      }
      if (*at_ == '\\') {
        text_.append(from, at_);
        if (!escape()) return false;
        from = at_;
      } else {
        const bool control = static_cast<unsigned char>(*at_) < 0x20;
        const std::size_t length = utf8_length({at_, static_cast<std::size_t>(end_ - at_)});
        if (control || length == 0) return false;
        at_ += length;
      }
    }
  }

  /// The first byte from `at` on that does not stand for itself.
  const char* plain_end(const char* at) const {
    // Eight bytes at a time: the high bit of each byte says whether it is a quote, a backslash, below 0x20 or above
    // 0x7F. A borrow from such a byte reaches later bytes alone.
    constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = 0x80 * kOnes;
    for (; std::endian::native == std::endian::little && end_ - at >= 8; at += 8) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, at, sizeof bytes);
      const std::uint64_t quotes = bytes ^ ('"' * kOnes), slashes = bytes ^ ('\\' * kOnes);
      const std::uint64_t found =
          (((quotes - kOnes) & ~quotes) | ((slashes - kOnes) & ~slashes) | ((bytes - 0x20 * kOnes) & ~bytes) | bytes) &
          kHigh;
      if (found != 0) return at + std::countr_zero(found) / 8;
    }
    while (at < end_ && kPlain[static_cast<unsigned char>(*at)]) ++at;
    return at;
  }

  bool escape() {
    constexpr std::string_view kNames = "\"\\/bfnrt", kCharacters = "\"\\/\b\f\n\r\t";
    ++at_;
    if (at_ == end_) return false;
    const char name = *at_++;
    if (name != 'u') {
      const std::size_t index = kNames.find(name);
      if (index == std::string_view::npos) return false;
      text_ += kCharacters[index];
      return true;
    }
    std::uint32_t point = hexadecimal(at_, end_);
    if (point > 0xFFFF || (point >= 0xDC00 && point <= 0xDFFF)) return false;
    at_ += 4;
    if (point >= 0xD800 && point <= 0xDBFF) {
      if (!word("\\u")) return false;
      const std::uint32_t low = hexadecimal(at_, end_);
      if (low < 0xDC00 || low > 0xDFFF) return false;
      at_ += 4;
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(text_, point);
    return true;
  }

  bool digits() {
    const char* const from = at_;
    while (at_ < end_ && is_digit(*at_)) ++at_;
    return at_ > from;
  }

  End number() {
    const char* const from = at_;
    const bool negative = *at_ == '-';
    if (negative) ++at_;
    const char* const first = at_;
    if (at_ < end_ && *at_ == '0') {
      ++at_;
    } else if (!digits()) {
      return End::fault;
    }
    const char* const last = at_;
    bool real = false, scaled = false;
    if (at_ < end_ && *at_ == '.') {
      ++at_;
      if (!digits()) return End::fault;
      real = true;
    }
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!digits()) return End::fault;
      real = scaled = true;
    }
    const std::string_view written(from, static_cast<std::size_t>(at_ - from));
    told_of(from);
    // 2^63 has 19 digits.
    if (!real && last - first <= 19) {
      std::uint64_t magnitude = 0;
      for (const char* c = first; c < last; ++c) magnitude = magnitude * 10 + static_cast<std::uint64_t>(*c - '0');
      constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      if (!negative) return told(events_.number(magnitude));
      if (magnitude <= kMost) return told(events_.number(-static_cast<std::int64_t>(magnitude)));
      if (magnitude == kMost + 1) return told(events_.number(std::numeric_limits<std::int64_t>::min()));
    }
    if (!real && !negative && last - first == 20) {
      std::uint64_t head = 0;
      for (const char* c = first; c < last - 1; ++c) head = head * 10 + static_cast<std::uint64_t>(*c - '0');
      constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
      const auto unit = static_cast<std::uint64_t>(last[-1] - '0');
      if (head < kMost / 10 || (head == kMost / 10 && unit <= kMost % 10))
        return told(events_.number(head * 10 + unit));
    }
    // Above all doubles is no number. Without an exponent that takes 309 digits.
    constexpr std::size_t kSurelyFinite = 300;
    if ((scaled || written.size() > kSurelyFinite) &&
        !std::isfinite(std::strtod(std::string(written).c_str(), nullptr)))
      return End::fault;
    return told(events_.number(written));
  }

  const char* const text_begin_;
  const char* at_;
  const char* end_;
  JsonEvents& events_;
  std::string text_;
  std::vector<char> open_;  ///< '[' and '{' of the lists and objects around
};

/// Finds what is no JSON: nothing is done at the tokens.
class FaultFinder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    read_ = position;
    return false;
  }
  std::size_t read() const { return read_; }

 private:
  std::size_t read_ = 0;
};

}  // namespace

bool read_json_events(std::string_view text, JsonEvents& events) {
  const Reader::End end = Reader(text, events).read();
  if (end == Reader::End::fault) {
    FaultFinder finder;
    static_cast<void>(nlohmann::json::sax_parse(text.data(), text.data() + text.size(), &finder));
    events.fault(finder.read());
  }
  return end == Reader::End::good;
}

}  // namespace ctxcost
