// Tables and lines in so many columns of text. Every width and drawing here was counted by hand.
#include "render/table_fit.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "render/text_document.h"
#include "render/text_sink.h"

using namespace ctxcost;

namespace {

using Lines = std::vector<std::string>;

Lines wrapped(std::string_view text, std::size_t first, std::size_t later, bool breaks_words = false) {
  Lines lines;
  for (const std::string_view line : wrap(text, first, later, breaks_words)) lines.emplace_back(line);
  return lines;
}

using Indices = std::vector<std::size_t>;

template <typename Write>
std::string page_of(const PageSettings& settings, const Write& write) {
  TextSink sink;
  Writer out(sink);
  TextDocument page(out, TextStyle::plain, settings);
  write(page);
  out.flush();
  return sink.text;
}

}  // namespace

TEST_CASE("a line is broken at spaces, which go; a word that is too long stays whole, but in a cell") {
  CHECK(wrapped("one two three", 13, 13) == Lines{"one two three"});
  CHECK(wrapped("one two three", 12, 12) == Lines{"one two", "three"});
  CHECK(wrapped("one two three", 7, 5) == Lines{"one two", "three"});
  CHECK(wrapped("one two three", 6, 5) == Lines{"one", "two", "three"});
  CHECK(wrapped("  one   two", 6, 6) == Lines{"  one", "two"});
  CHECK(wrapped("onetwothree four", 4, 4) == Lines{"onetwothree", "four"});
  CHECK(wrapped("onetwothree four", 4, 4, true) == Lines{"onet", "woth", "ree", "four"});
  CHECK(wrapped("²²²² ²", 4, 4) == Lines{"²²²²", "²"});  // characters, not bytes
  CHECK(wrapped("²²²²", 3, 3, true) == Lines{"²²²", "²"});
  CHECK(wrapped("", 4, 4) == Lines{""});
  CHECK(wrapped("    ", 2, 2) == Lines{"    "});
  CHECK(longest_word("a bcd ef") == 3);
  CHECK(longest_word("4 ²²²²²") == 5);
  CHECK(longest_word("") == 0);
}

TEST_CASE("a table that is too wide wraps its texts evenly, then leaves columns out by rank and from the last") {
  struct Case {
    const char* what;
    std::vector<ColumnNeed> columns;
    std::size_t width;
    Indices shown, widths, left_out;
  };
  // A table of columns a, b, c is a + b + c + 3 * 3 + 1 wide.
  const Case cases[] = {
      {"it fits", {{4, 4}, {10, 4}}, 21, {}, {}, {}},
      {"one text gives way", {{4, 4}, {10, 4}}, 20, {0, 1}, {4, 9}, {}},
      {"as far as its longest word", {{4, 4}, {10, 4}}, 15, {0, 1}, {4, 4}, {}},
      {"then it is left out", {{4, 4}, {10, 4}}, 14, {0}, {4}, {1}},
      {"two texts come to one width", {{4, 4}, {30, 5}, {20, 5}}, 40, {0, 1, 2}, {4, 13, 13}, {}},
      {"the first has what is over", {{4, 4}, {30, 5}, {20, 5}}, 41, {0, 1, 2}, {4, 14, 13}, {}},
      {"a short text keeps its width", {{4, 4}, {30, 5}, {8, 5}}, 40, {0, 1, 2}, {4, 18, 8}, {}},
      {"the last is left out", {{4, 4}, {4, 4}, {4, 4}}, 21, {0, 1}, {4, 4}, {2}},
      {"before it what has a rank", {{4, 4}, {4, 4, 1}, {4, 4}}, 21, {0, 2}, {4, 4}, {1}},
      {"the higher rank first", {{4, 4, 1}, {4, 4, 2}, {4, 4}}, 14, {2}, {4}, {0, 1}},
      {"one column stays, whatever it takes", {{30, 30}, {4, 4}}, 20, {0}, {16}, {1}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    const FittedTable fitted = fit_table(one.columns, one.width);
    CHECK(fitted.shown == one.shown);
    CHECK(fitted.widths == one.widths);
    CHECK(fitted.left_out == one.left_out);
  }
  CHECK_FALSE(fit_table({}, 20).is_fitted());
}

TEST_CASE("a page of so many columns") {
  const std::vector<std::vector<std::string>> rows = {{"first", "1,000", "several words that are wrapped"},
                                                      {"second", "20", "short"}};
  const auto table = [&](TextDocument& page) {
    page.table({{.heading = "Name"},
                {.heading = "Long number", .right_aligned = true, .rank = 1, .about = {"number", "bytes", "a number"}},
                {.heading = "Text", .about = {"text", {}, "words of it"}}},
               rows);
  };
  // As wide as it needs: 6 + 11 + 30 and ten around them.
  const std::string whole =
      "| Name   | Long number | Text                           |\n"
      "|--------|------------:|--------------------------------|\n"
      "| first  |       1,000 | several words that are wrapped |\n"
      "| second |          20 | short                          |\n";
  CHECK(page_of({}, table) == whole);
  CHECK(page_of({.width = 57}, table) == whole);
  // 40 - 10 leaves 30: 6 for the names, 8 for the numbers, whose heading has two words, and 16 for the texts.
  CHECK(page_of({.width = 40}, table) ==
        "| Name   |     Long | Text             |\n"
        "|        |   number |                  |\n"
        "|--------|---------:|------------------|\n"
        "| first  |    1,000 | several words    |\n"
        "|        |          | that are wrapped |\n"
        "| second |       20 | short            |\n");
  // 36 has no room for 6 + 6 + 16 + 10.
  CHECK(page_of({.width = 36, .advice = "--wide shows all"}, table) ==
        "| Name   | Text                    |\n"
        "|--------|-------------------------|\n"
        "| first  | several words that are  |\n"
        "|        | wrapped                 |\n"
        "| second | short                   |\n"
        "1 column left out: Long number;\n"
        "  --wide shows all\n");
  CHECK(page_of({.explain_columns = true}, table) == whole +
                                                         "\n"
                                                         "Long number = number, in bytes: a number\n"
                                                         "Text = text: words of it\n");
}

TEST_CASE("a line that is too long goes on below, two columns further in") {
  const auto line = [](TextDocument& page) { page.line("  note: one two three four"); };
  CHECK(page_of({}, line) == "  note: one two three four\n");
  CHECK(page_of({.width = 26}, line) == "  note: one two three four\n");
  CHECK(page_of({.width = 20}, line) == "  note: one two\n    three four\n");
  // Colours end with each line.
  const auto colored = [](TextDocument& page) {
    page.text("name: ", Accent::strong);
    page.text("one two three four");
    page.end_line();
  };
  CHECK(page_of({.color = true, .width = 20}, colored) == "\x1b[1mname: \x1b[0mone two three\n  four\n");
  CHECK(page_of({.color = true, .width = 12}, [](TextDocument& page) {
          page.line("one two three four", Accent::bad);
        }) == "\x1b[1;31mone two\x1b[0m\n  \x1b[1;31mthree four\x1b[0m\n");
  // What is unprintable counts as it is shown: 16 columns.
  CHECK(page_of({.width = 12}, [](TextDocument& page) { page.line("one two\nthree"); }) == "one\n  two\\x0athree\n");
}

TEST_CASE("Markdown has no width, and lists what its columns are") {
  TextSink sink;
  Writer out(sink);
  TextDocument page(out, TextStyle::markdown, {.width = 20, .explain_columns = true});
  const std::vector<std::vector<std::string>> rows = {{"a text that is longer than that"}};
  page.table({{.heading = "Text", .about = {"text", {}, "words"}}}, rows);
  out.flush();
  CHECK(sink.text == "| Text |\n|---|\n| a text that is longer than that |\n\n- Text = text: words\n");
}
