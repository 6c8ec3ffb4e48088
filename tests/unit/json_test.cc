#include "input/json/json.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ctxcost/core/diagnostic.h"

using namespace ctxcost;
using Type = JsonValue::Type;

namespace {

std::string error_of(std::string_view text) {
  try {
    parse_json(text, "m.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("every value knows its type, its text as written and its place") {
  const JsonDocument document = parse_json(R"({"a": [null, true, "x\"y\u00e9", -1, 1.50e2, -0]})", "m.json");
  const JsonValue& list = document.root.members.at(0).value;
  struct Row {
    Type type;
    std::uint32_t offset;
    const char* text;
  };
  const Row rows[] = {
      {Type::null, 7, ""},       {Type::boolean, 13, ""},    {Type::string, 19, "x\"yé"},
      {Type::integer, 33, "-1"}, {Type::real, 37, "1.50e2"}, {Type::integer, 45, "-0"},
  };
  REQUIRE(list.items.size() == std::size(rows));
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    CHECK(list.items[i].type == rows[i].type);
    CHECK(list.items[i].offset == rows[i].offset);
    CHECK(list.items[i].text == rows[i].text);
  }
  CHECK(document.root.members[0].offset == 1);
}

TEST_CASE("an integer above 64 bits keeps its digits") {
  const JsonDocument document = parse_json("340282366920938463463374607431768211456", "m.json");
  CHECK(document.root.is(Type::integer));
  CHECK(document.root.text == "340282366920938463463374607431768211456");
}

TEST_CASE("bare NaN and Infinity are read, and only there") {
  const JsonDocument document = parse_json(R"([NaN, -Infinity,Infinity,"NaN, Infinity\" NaN",{"NaN":NaN}])", "m.json");
  const auto& items = document.root.items;
  CHECK(items.at(0).is(Type::nonfinite));
  CHECK(items.at(0).text == "NaN");
  CHECK(items.at(1).text == "-Infinity");
  CHECK(items.at(2).text == "Infinity");
  CHECK(items.at(3).is(Type::string));
  CHECK(items.at(3).text == "NaN, Infinity\" NaN");
  CHECK(items.at(4).members.at(0).key == "NaN");
  CHECK(items.at(4).members.at(0).value.is(Type::nonfinite));
}

TEST_CASE("repeated keys are kept, and found at any depth") {
  const JsonDocument document = parse_json(R"({"a":1,"b":[{"c/d":1,"c/d":2,"c/d":3}],"a":2})", "m.json");
  CHECK(document.root.members.size() == 3);
  CHECK(document.root.find("a")->text == "1");
  CHECK(repeated_keys(document.root) == std::vector<std::string>{"/a", "/b/0/c~1d"});
  CHECK(repeated_keys(parse_json(R"({"a":{"b":1},"b":2})", "m.json").root).empty());
}

TEST_CASE("a character that does not stand for itself is seen at every place of a string") {
  struct Row {
    std::string written, read;  ///< `read` is empty where it is a fault
  };
  const Row rows[] = {{"\\\"", "\""}, {"\\\\", "\\"}, {"\\u0041", "A"}, {"é", "é"},   {"\x7F", "\x7F"},
                      {" ", " "},     {"\x1F", ""},   {"\n", ""},       {"\x80", ""}, {"!#[]~", "!#[]~"},
                      {"\x1F\"", ""}, {"é\x1F", ""},  {"\\q", ""}};
  for (std::size_t before = 0; before < 20; ++before) {
    for (std::size_t after = 0; after < 20; ++after) {
      for (const Row& row : rows) {
        CAPTURE(before);
        CAPTURE(after);
        CAPTURE(row.written);
        const std::string front(before, 'a'), back(after, 'b');
        std::string text = "[\"";
        ((text += front) += row.written) += back;
        const std::size_t end = text.size();
        text += "\", 7]";
        if (row.read.empty()) {
          CHECK_THROWS_AS(parse_json(text, "m.json"), InputError);
          continue;
        }
        const JsonDocument document = parse_json(text, "m.json");
        REQUIRE(document.root.items.size() == 2);
        CHECK(document.root.items[0].text == front + row.read + back);
        CHECK(document.root.items[0].offset == 1);
        CHECK(document.root.items[1].offset == end + 3);
      }
    }
  }
}

TEST_CASE("a byte order mark is skipped") {
  const JsonDocument document = parse_json("\xEF\xBB\xBF[1]", "m.json");
  CHECK(document.root.items.at(0).offset == 4);
  CHECK(error_of("\xEF\xBB\xBF[}") == "m.json:1:2: expected a value or ']', found '}'");
}

TEST_CASE("64 levels are read, 65 are an error") {
  const std::string deep = std::string(64, '[') + std::string(64, ']');
  CHECK(parse_json(deep, "m.json").root.items.size() == 1);
  CHECK(error_of("[" + deep + "]") ==
        "m.json:1:65: expected at most 64 lists and objects inside one another, found more");
  CHECK(error_of(std::string(1 << 20, '[')) ==
        "m.json:1:65: expected at most 64 lists and objects inside one another, found more");
}

TEST_CASE("what is not JSON is one line in plain words") {
  using namespace std::string_literals;
  struct Row {
    std::string text;
    const char* error;
  };
  const Row rows[] = {
      {"", "m.json: expected JSON, found nothing: the file is empty"},
      {" \n\t", "m.json: expected JSON, found nothing: the file is empty"},
      {"\xEF\xBB\xBF", "m.json: expected JSON, found nothing: the file is empty"},
      {"hello", "m.json:1:1: expected a JSON value, found hello (put words in double quotes)"},
      {"]", "m.json:1:1: expected a JSON value, found ']'"},
      // Cut short.
      {"{\"a\": 1", "m.json:1:8: expected ',' or '}', found the end of the file"},
      {"{\"a\": 1,\n", "m.json:2:1: expected a key after ',', found the end of the file"},
      {"{\"a\"", "m.json:1:5: expected ':' after a key, found the end of the file"},
      {"{\"a\":", "m.json:1:6: expected a value after ':', found the end of the file"},
      {"{", "m.json:1:2: expected a key or '}', found the end of the file"},
      {"[1", "m.json:1:3: expected ',' or ']', found the end of the file"},
      {"{\"a", "m.json:1:2: expected a closing '\"', found the end of the file"},
      {"[\"\xC3", "m.json:1:2: expected a closing '\"', found the end of the file"},
      // Punctuation.
      {"{\n  \"heads\" 32}", "m.json:2:11: expected ':' after a key, found a number"},
      {"{\"a\":}", "m.json:1:6: expected a value after ':', found '}'"},
      {"{\"a\":1,}", "m.json:1:8: expected a key after ',', found '}' (remove the comma)"},
      {"[1,]", "m.json:1:4: expected a value after ',', found ']' (remove the comma)"},
      {"[1 2]", "m.json:1:4: expected ',' or ']', found a number"},
      {"[1 \"x\"]", "m.json:1:4: expected ',' or ']', found a string"},
      {"{\"a\":[1,2}", "m.json:1:10: expected ',' or ']', found '}'"},
      {"{\"a\":1} x", "m.json:1:9: expected the end of the file, found x"},
      {"{\"a\":1}{", "m.json:1:8: expected the end of the file, found '{'"},
      // Words and numbers.
      {"{\"a\":True}", "m.json:1:6: expected a value after ':', found True; did you mean \"true\"?"},
      {"[tru]", "m.json:1:2: expected a value or ']', found tru; did you mean \"true\"?"},
      {"{heads: 1}", "m.json:1:2: expected a key or '}', found heads (put keys in double quotes)"},
      {"{'a': 1}", "m.json:1:2: expected a key or '}', found ' (use double quotes)"},
      {"{} // x", "m.json:1:4: expected the end of the file, found a comment (JSON has none: remove it)"},
      {"[01]", "m.json:1:2: expected a number, found 01"},
      {"[1.]", "m.json:1:2: expected a number, found 1."},
      {"[-]", "m.json:1:2: expected a number, found -"},
      {"[0x10]", "m.json:1:2: expected a number, found 0x10"},
      {"[1NaN]", "m.json:1:2: expected a number, found 1NaN"},
      {"[1e999]", "m.json:1:2: expected a number below 1.8e308, found 1e999"},
      // Strings and bytes.
      {"[\"a\nb\"]", "m.json:1:2: expected a closing '\"', found the end of the line"},
      {"[\"a\x01\"]", "m.json:1:4: expected a character, found control character 0x01 (write it as \\u0001)"},
      {"[\"a\\x\"]", "m.json:1:4: expected an escape such as \\n or \\u0041, found x"},
      {"[\"\\u12\"]", "m.json:1:3: expected \\u and four hexadecimal digits of a character, found another escape"},
      {"[\"\\ud800\"]", "m.json:1:2: expected surrogate escapes in pairs, such as \\ud83d\\ude00, found half a pair"},
      {"[\"é\xFF\"]", "m.json:1:4: expected UTF-8 text, found byte 0xff"},
      {"\xFF\xFE{", "m.json:1:1: expected UTF-8 text, found UTF-16 (save the file as UTF-8)"},
      {"\x7F"
       "ELF",
       "m.json:1:1: expected a JSON value, found byte 0x7f"},
      {"GGUF\0\0\0\3"s, "m.json:1:5: expected JSON text, found a zero byte; is this a binary file?"},
      {"{\"a\": \"x\0y\"}"s, "m.json:1:9: expected JSON text, found a zero byte; is this a binary file?"},
  };
  for (const Row& row : rows) CHECK(error_of(row.text) == row.error);
}

TEST_CASE("every prefix of a document is one error of one line") {
  const std::string text = "{\"a\": [1, -2.5e3, \"\\u00e9\\n\", true, {\"b\": null}], \"c\": {}}";
  for (std::size_t n = 0; n < text.size(); ++n) {
    const std::string error = error_of(text.substr(0, n));
    CHECK(error != "no error");
    CHECK(error.find('\n') == std::string::npos);
  }
  CHECK(error_of(text) == "no error");
}

TEST_CASE("columns count characters") {
  CHECK(line_and_column("aé\nßx", 4) == "2:1");
  CHECK(line_and_column("aé\nßx", 6) == "2:2");
  CHECK(line_and_column("aéb", 3) == "1:3");
}

TEST_CASE("pointers escape, descriptions cut") {
  CHECK(child_pointer("/a", "b/c~d") == "/a/b~1c~0d");
  CHECK(child_pointer("/a", 3) == "/a/3");
  CHECK(describe(parse_json("\"" + std::string(39, 'x') + "éé\"", "").root) == "\"" + std::string(39, 'x') + "…\"");
  CHECK(describe(parse_json("[]", "").root) == "an empty list");
  CHECK(describe(parse_json("{}", "").root) == "an object");
}

TEST_CASE("numbers are told apart at the limits of 64 bits, and above all doubles are none") {
  struct Row {
    std::string_view text;
    Type type;
  };
  const Row rows[] = {
      {"18446744073709551615", Type::integer},
      {"18446744073709551616", Type::integer},
      {"-9223372036854775808", Type::integer},
      {"-9223372036854775809", Type::integer},
      {"99999999999999999999", Type::integer},
      {"0.0", Type::real},
      {"1e308", Type::real},
      {"1e-999", Type::real},
      {"-1E+2", Type::real},
  };
  for (const Row& row : rows) {
    const JsonDocument document = parse_json(row.text, "m.json");
    CHECK(document.root.type == row.type);
    CHECK(document.root.text == row.text);
  }
  CHECK(parse_json("1" + std::string(308, '0'), "m.json").root.is(Type::integer));
  for (const std::string& text :
       {std::string("1e309"), std::string("-1e400"), "2" + std::string(308, '0'), std::string(400, '9')}) {
    CHECK(error_of(text).find("expected a number") != std::string::npos);
  }
}

TEST_CASE("escapes give characters in UTF-8, and every form of UTF-8 that is not well-formed is refused") {
  CHECK(parse_json(R"("\u0041\u00e9\u20AC\ud83d\uDE00\/\b\f\n\r\t\\\"")", "m.json").root.text ==
        "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80/\b\f\n\r\t\\\"");
  // [Unicode, table 3-7: the first and last of each row]
  for (const std::string_view good :
       {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xE1\x80\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80", "\xF3\xBF\xBF\xBF", "\xF4\x8F\xBF\xBF"}) {
    CHECK(parse_json('"' + std::string(good) + '"', "m.json").root.text == good);
  }
  for (const std::string_view bad : {"\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE1\x80",
                                     "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF1\x80\x80"}) {
    CHECK(error_of('"' + std::string(bad) + '"') != "no error");
  }
  for (const std::string_view bad :
       {R"("\ud800")", R"("\udc00")", R"("\ud800\u0041")", R"("\ud800x")", R"("\u12")", R"("\x")"}) {
    CHECK(error_of(bad) != "no error");
  }
}
