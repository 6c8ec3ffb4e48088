#include "render/json_writer.h"

#include <doctest/doctest.h>

#include <string>

#include "input/json/json.h"

using namespace ctxcost;

namespace {

/// What `write` writes into a list of three lists.
template <typename Write>
std::string written(const Write& write) {
  struct Text : Sink {
    void write(std::string_view bytes) override { text += bytes; }
    std::string text;
  } text;
  Writer out(text);
  JsonWriter json(out, JsonWriter::Layout::compact);
  for (int i = 0; i < 3; ++i) json.begin_array();
  write(json);
  for (int i = 0; i < 3; ++i) json.end_array();
  out.flush();
  return text.text;
}

}  // namespace

TEST_CASE("a value that was read is written with its own digits") {
  const JsonDocument document = parse_json(
      R"( {"a": [1.50e2, -0, 340282366920938463463374607431768211456], "b\n": NaN, "c": {}, "d": [true, "é"]} )",
      "m.json");
  CHECK(written([&](JsonWriter& json) { json.value(document.root); }) ==
        R"([[[{"a":[1.50e2,-0,340282366920938463463374607431768211456],"b\n":null,"c":{},"d":[true,"é"]}]]])");
}

TEST_CASE("what is as deep as a text may be can stand in a document") {
  constexpr std::size_t kDeepestText = 64;
  const std::string deep = std::string(kDeepestText, '[') + std::string(kDeepestText, ']');
  const JsonDocument document = parse_json(deep, "m.json");
  CHECK(written([&](JsonWriter& json) {
          json.count(1);
          json.value(document.root);
          json.count(2);
        }) == "[[[1," + deep + ",2]]]");
}

TEST_CASE("strings are escaped wherever the character stands, in short texts and in long ones") {
  struct Escaped {
    const char* text;
    const char* json;
  };
  const Escaped rows[] = {{"\"", "\\\""},
                          {"\\", "\\\\"},
                          {"\n", "\\n"},
                          {"\t", "\\t"},
                          {"é", "é"},
                          {"\x7f", "\\u007f"},
                          {"\x1f", "\\u001f"},
                          {"\xff", "\xef\xbf\xbd"},
                          {"\xe2\x80\x8b", "\\u200b"}};
  for (const std::size_t length : {0U, 1U, 7U, 8U, 9U, 16U, 23U, 255U, 256U, 257U, 600U}) {
    CHECK(json_string_text(std::string(length, 'x')) == '"' + std::string(length, 'x') + '"');
    for (const Escaped& row : rows) {
      for (std::size_t at = 0; at <= length; at += at < 20 ? 1 : 97) {
        const std::string before(at, 'x'), after(length - at, 'y');
        CHECK(json_string_text(before + row.text + after) == '"' + before + row.json + after + '"');
        CHECK(json_string_text(before + row.text + row.text + after) ==
              '"' + before + row.json + row.json + after + '"');
      }
    }
  }
}
