#include "core/printable.h"

#include <doctest/doctest.h>

#include "render/csv_field.h"
#include "render/json_writer.h"
#include "render/text_document.h"

using namespace ctxcost;

namespace {

class Text : public Sink {
 public:
  void write(std::string_view bytes) override { text += bytes; }
  std::string text;
};

template <typename Write>
std::string written(const Write& write) {
  Text text;
  Writer writer(text);
  write(writer);
  writer.flush();
  return text.text;
}

std::string markdown(std::string_view text) {
  return written([&](Writer& out) { TextDocument(out, TextStyle::markdown).text(text); });
}

std::string json(std::string_view text) {
  return written([&](Writer& out) { JsonWriter(out, JsonWriter::Layout::compact).string(text); });
}

}  // namespace

TEST_CASE("what a terminal would obey or hide is escaped, in text and in JSON") {
  struct Row {
    std::string_view raw;
    const char* text;
    const char* json;  ///< without quotes
  };
  using namespace std::string_view_literals;
  const Row rows[] = {
      {"a\nb", "a\\x0ab", "a\\nb"},
      {"a\tb", "a\\x09b", "a\\tb"},
      {"\0"sv, "\\x00", "\\u0000"},
      {"\r\x1b[31m", "\\x0d\\x1b[31m", "\\u000d\\u001b[31m"},
      {"\x7f", "\\x7f", "\\u007f"},
      {"\xc2\x80\xc2\x9b", "\\u0080\\u009b", "\\u0080\\u009b"},          // C1: CSI as one character
      {"\xc2\xad", "\\u00ad", "\\u00ad"},                                // soft hyphen
      {"\xd8\x9c", "\\u061c", "\\u061c"},                                // Arabic letter mark
      {"\xe2\x80\x8b\xe2\x80\x8f", "\\u200b\\u200f", "\\u200b\\u200f"},  // zero width space, right-to-left mark
      {"\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029", "\\u2028\\u2029"},  // line and paragraph separator
      {"a\xe2\x80\xae"
       "b",
       "a\\u202eb", "a\\u202eb"},                                        // right-to-left override
      {"\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069", "\\u2066\\u2069"},  // isolates
      {"\xef\xbb\xbf", "\\ufeff", "\\ufeff"},                            // byte order mark
      {"\xef\xbf\xbf", "\\uffff", "\\uffff"},                            // noncharacter
      {"\xe3\x85\xa4", "\\u3164", "\\u3164"},                            // Hangul filler
      {"\xf3\xa0\x81\x81", "\\U000e0041", "\\udb40\\udc41"},             // tag letter
      {"\xff", "\\xff", "\xef\xbf\xbd"},
      {"\xc3", "\\xc3", "\xef\xbf\xbd"},                                                                 // cut off
      {"\xc0\xaf", "\\xc0\\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                                            // overlong
      {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                       // a surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},  // U+110000
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(printable(row.raw) == row.text);
    CHECK(printable(row.text) == row.text);
    CHECK(printable_width(row.raw) == std::string(row.text).size());
    CHECK(json(row.raw) == "\"" + std::string(row.json) + "\"");
    CHECK(csv_field(row.raw) == row.text);
    CHECK(first_character(row.raw.substr(row.raw[0] == 'a' ? 1 : 0)).printable == false);
  }
}

TEST_CASE("plain ASCII is the bytes from 0x20 to 0x7e, wherever in the text") {
  CHECK(is_plain_ascii({}));
  std::string wrong;
  for (std::size_t length = 1; length <= 17; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, '~');
        text[at] = static_cast<char>(byte);
        if (is_plain_ascii(text) != (byte >= 0x20 && byte <= 0x7e)) {
          wrong += std::to_string(byte) + " at " + std::to_string(at) + " of " + std::to_string(length) + "; ";
        }
      }
    }
  }
  CHECK(wrong == "");
}

TEST_CASE("words of any script are printable") {
  for (const char* text :
       {"", "approx. 7B", "n² → 1K", "Größe", "模型", "модель", "نموذج", "🤗", "a\\x0a", "\xc2\xa0"}) {
    CAPTURE(text);
    CHECK(printable(text) == text);
    CHECK(json(text) == (std::string(text) == "a\\x0a" ? R"("a\\x0a")" : "\"" + std::string(text) + "\""));
  }
  CHECK(printable_width("n² → 1K") == 7);
}

TEST_CASE("text is no markup in Markdown") {
  struct Row {
    const char* text;
    const char* markdown;
  };
  const Row rows[] = {
      {"a|b", "a\\|b"},
      {"a\\|b", "a\\\\\\|b"},
      {"<script>&amp;", "&lt;script&gt;&amp;amp;"},
      {"`x` *y* [z](u) ~~s~~ $m$", "\\`x\\` \\*y\\* \\[z\\](u) \\~\\~s\\~\\~ \\$m\\$"},
      {"kv_cache_bytes _x_", "kv_cache_bytes \\_x\\_"},
      {"a * b", "a * b"},
      {"# x", "\\# x"},
      {"- x", "\\- x"},
      {"12. x", "12\\. x"},
      {"12.5 x", "12\\.5 x"},
      {"12 x. 3) y", "12 x. 3) y"},
      {"    x", "&#32;   x"},
      {"7", "7"},
      {"", ""},
      {"a\nb", "a\\\\x0ab"},  // reads \x0a
      {"a - b # c = d + e", "a - b # c = d + e"},
  };
  for (const Row& row : rows) CHECK(markdown(row.text) == row.markdown);
}

TEST_CASE("a field of CSV is one field on one line") {
  CHECK(csv_field("a,b") == "\"a,b\"");
  CHECK(csv_field("a\"b") == "\"a\"\"b\"");
  CHECK(csv_field("a\r\nb") == "a\\x0d\\x0ab");
  CHECK(csv_field("") == "");
}

TEST_CASE("a table for a terminal is aligned by what is shown; colours stand around words, not within the padding") {
  const std::string table = written([](Writer& out) {
    const std::vector<std::vector<std::string>> rows = {{"a\nb", "1"}, {"²", "22|"}};
    TextDocument(out, TextStyle::plain, {.color = true})
        .table({{"H"}, {"N", true}}, rows,
               [](const std::vector<std::string>& row) { return row.front() == "²" ? Accent::bad : Accent::none; });
  });
  CHECK(table ==
        "| \x1b[1mH\x1b[0m      |   \x1b[1mN\x1b[0m |\n"
        "|--------|----:|\n"
        "| a\\x0ab |   1 |\n"
        "| \x1b[1;31m²\x1b[0m      | 22| |\n");
}
