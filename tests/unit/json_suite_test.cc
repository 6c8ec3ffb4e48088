// JSON texts by RFC 8259, written for this program, against every reader that it has.
#include <doctest/doctest.h>

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/difference.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/budget.h"
#include "ctxcost/input/evaluation_results.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/input/saved_report.h"
#include "ctxcost/input/tensor_file.h"
#include "ctxcost/input/training_schedule.h"
#include "input/json/json.h"
#include "tensor_files.h"

using namespace ctxcost;
using namespace std::string_view_literals;

namespace {

enum class Expected { accepted, refused };

/// The grammar demands these verdicts.
constexpr Expected kYes = Expected::accepted;
constexpr Expected kNo = Expected::refused;

struct JsonRow {
  std::string_view text;
  Expected verdict;
};

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// Section 2: structural characters, white space, literal names.
constexpr JsonRow kStructure[] = {
    {"[]", kYes},
    {"{}", kYes},
    {"null", kYes},
    {"true", kYes},
    {"false", kYes},
    {"0", kYes},
    {"\"\"", kYes},
    {" [] ", kYes},
    {"\t[\n]\r", kYes},
    {"\r\n{\r\n}\r\n", kYes},
    {"[ null , true ,\tfalse\n]", kYes},
    {"[[]]", kYes},
    {"[{}]", kYes},
    {"{\"a\":[]}", kYes},
    {"{\"a\":{}}", kYes},
    {"[[],[[]]]", kYes},
    {"[1,2,3]", kYes},
    {"{\"a\":1,\"b\":2}", kYes},
    {"{ \"a\" : 1 }", kYes},
    {"{\"\":0}", kYes},
    {"{\"a\\u0062\":0}", kYes},
    {"{\"a b\":0}", kYes},
    {"{\"null\":null}", kYes},
    {"[\"\",0,{},[],null]", kYes},
    {"[1\n,2]", kYes},
    {"", kNo},
    {" ", kNo},
    {"\n\n", kNo},
    {"[", kNo},
    {"]", kNo},
    {"{", kNo},
    {"}", kNo},
    {"[}", kNo},
    {"{]", kNo},
    {"[]]", kNo},
    {"{}}", kNo},
    {"[[]", kNo},
    {"[{]}", kNo},
    {"[] []", kNo},
    {"{} {}", kNo},
    {"1 2", kNo},
    {"null null", kNo},
    {"[],", kNo},
    {",", kNo},
    {":", kNo},
    {"[,]", kNo},
    {"[1,]", kNo},
    {"[,1]", kNo},
    {"[1,,2]", kNo},
    {"[1 2]", kNo},
    {"[1:2]", kNo},
    {"[\"a\":1]", kNo},
    {"[\"a\" \"b\"]", kNo},
    {"[1;2]", kNo},
    {"[1", kNo},
    {"[1,", kNo},
    {"[null", kNo},
    {"[[1]", kNo},
    {"{,}", kNo},
    {"{\"a\"}", kNo},
    {"{\"a\":}", kNo},
    {"{\"a\":1,}", kNo},
    {"{,\"a\":1}", kNo},
    {"{\"a\":1,,\"b\":2}", kNo},
    {"{\"a\":1 \"b\":2}", kNo},
    {"{\"a\" 1}", kNo},
    {"{\"a\",1}", kNo},
    {"{\"a\"::1}", kNo},
    {"{\"a\":1:2}", kNo},
    {"{:1}", kNo},
    {"{a:1}", kNo},
    {"{'a':1}", kNo},
    {"{1:1}", kNo},
    {"{null:1}", kNo},
    {"{[]:1}", kNo},
    {"{\"a\":1", kNo},
    {"{\"a\":", kNo},
    {"{\"a\"", kNo},
    {"{\"a", kNo},
    {"{\"a\":1]", kNo},
    {"{\"a\":1}x", kNo},
    {"[1]x", kNo},
    {"x", kNo},
    {"nul", kNo},
    {"nulll", kNo},
    {"Null", kNo},
    {"NULL", kNo},
    {"tru", kNo},
    {"truee", kNo},
    {"True", kNo},
    {"TRUE", kNo},
    {"fals", kNo},
    {"False", kNo},
    {"None", kNo},
    {"undefined", kNo},
    {"[nul]", kNo},
    {"[truefalse]", kNo},
    {"[true false]", kNo},
    {"(1)", kNo},
    {"<null>", kNo},
    {"[1]//", kNo},
    {"[1]/* */", kNo},
    {"/**/[1]", kNo},
    {"[1,//\n2]", kNo},
    {"#\n[1]", kNo},
    {"[1,\n#x\n2]", kNo},
    {"\f[]", kNo},
    {"[\f]", kNo},
    {"[\v1]", kNo},
    {"\xC2\xA0[]", kNo},
    {"\xE2\x80\x83[]", kNo},
    {"[\xE2\x81\xA0]", kNo},
    {"[\xE2\x80\xA8]", kNo},
    {"*", kNo},
    {"[*]", kNo},
    {"{\"a\":*}", kNo},
    {"=", kNo},
    {"a=1", kNo},
    {"[a", kNo},
    {"\\", kNo},
    {"[\\n]", kNo},
    {"`a`", kNo},
    {"[1]\n]", kNo},
    {"...", kNo},
    {"[...]", kNo},
    {"@", kNo},
    {"$", kNo},
};

// Section 6: numbers.
constexpr JsonRow kNumbers[] = {
    {"-0", kYes},
    {"1", kYes},
    {"-1", kYes},
    {"10", kYes},
    {"123456789", kYes},
    {"9007199254740993", kYes},
    {"9223372036854775807", kYes},
    {"9223372036854775808", kYes},
    {"18446744073709551615", kYes},
    {"18446744073709551616", kYes},
    {"-9223372036854775808", kYes},
    {"-9223372036854775809", kYes},
    {"340282366920938463463374607431768211455", kYes},
    {"340282366920938463463374607431768211456", kYes},
    {"100000000000000000000000000000000000000000000000000000000000000000000000000", kYes},
    {"0.0", kYes},
    {"-0.0", kYes},
    {"0.5", kYes},
    {"1.0", kYes},
    {"1.50", kYes},
    {"3.14159265358979323846264338327950288", kYes},
    {"0.000000000000000000000000000000000000000000000000001", kYes},
    {"1e0", kYes},
    {"1E0", kYes},
    {"1e5", kYes},
    {"1e+5", kYes},
    {"1E+5", kYes},
    {"1e-5", kYes},
    {"1E-5", kYes},
    {"0e1", kYes},
    {"0e+1", kYes},
    {"0E0", kYes},
    {"-0e-1", kYes},
    {"1e05", kYes},
    {"1e-00", kYes},
    {"1.5e10", kYes},
    {"-1.5E-10", kYes},
    {"1e308", kYes},
    {"-1e308", kYes},
    {"1e-308", kYes},
    {"5e-324", kYes},
    {"+1", kNo},
    {"++1", kNo},
    {"--1", kNo},
    {"-", kNo},
    {"+", kNo},
    {"- 1", kNo},
    {"-+1", kNo},
    {"+-1", kNo},
    {"00", kNo},
    {"01", kNo},
    {"-01", kNo},
    {"-00", kNo},
    {"007", kNo},
    {"00.5", kNo},
    {".5", kNo},
    {"-.5", kNo},
    {".", kNo},
    {"1.", kNo},
    {"-1.", kNo},
    {"0.", kNo},
    {"1.e5", kNo},
    {".e5", kNo},
    {"1..5", kNo},
    {"1.5.5", kNo},
    {"1.-5", kNo},
    {"1.+5", kNo},
    {"e5", kNo},
    {"E", kNo},
    {"1e", kNo},
    {"1E", kNo},
    {"1e+", kNo},
    {"1e-", kNo},
    {"1e+-5", kNo},
    {"1ee5", kNo},
    {"1eE5", kNo},
    {"1e5.5", kNo},
    {"1e5e5", kNo},
    {"1e 5", kNo},
    {"1 e5", kNo},
    {"1 .5", kNo},
    {"1. 5", kNo},
    {"1 000", kNo},
    {"1_000", kNo},
    {"1'000", kNo},
    {"0x1F", kNo},
    {"0X1", kNo},
    {"0b1", kNo},
    {"0o7", kNo},
    {"1f", kNo},
    {"1.5f", kNo},
    {"1n", kNo},
    {"1L", kNo},
    {"1K", kNo},
    {"1%", kNo},
    {"1a", kNo},
    {"-a", kNo},
    {"1/2", kNo},
    {"1+2", kNo},
    {"1-2", kNo},
    {"2*3", kNo},
    {"\xEF\xBC\x91", kNo},
    {"\xD9\xA1", kNo},
    {"\xE2\x88\x92"
     "1",
     kNo},
    {"inf", kNo},
    {"-inf", kNo},
    {"nan", kNo},
    {"-NaN", kNo},
    {"+Infinity", kNo},
    {"Infinit", kNo},
    {"-Infinit", kNo},
    {"Infinityy", kNo},
    {"NaNs", kNo},
    {"1NaN", kNo},
    {"- Infinity", kNo},
};

// Section 7: strings.
constexpr JsonRow kStrings[] = {
    {"\"a\"", kYes},
    {"\" \"", kYes},
    {"\"'\"", kYes},
    {"\"/\"", kYes},
    {"\"\\/\"", kYes},
    {"\"\\\\\"", kYes},
    {"\"\\\"\"", kYes},
    {"\"\\b\\f\\n\\r\\t\"", kYes},
    {"\"\\\\n\"", kYes},
    {"\"\\\\\\\"\"", kYes},
    {"\"\\u0041\"", kYes},
    {"\"\\u00e9\"", kYes},
    {"\"\\u00E9\"", kYes},
    {"\"\\u20AC\"", kYes},
    {"\"\\u0000\"", kYes},
    {"\"\\u001f\"", kYes},
    {"\"\\u007f\"", kYes},
    {"\"\\u2028\\u2029\"", kYes},
    {"\"\\uFFFE\\uFFFF\"", kYes},
    {"\"\\uFDD0\"", kYes},
    {"\"\\uFEFF\"", kYes},
    {"\"\\uD834\\uDD1E\"", kYes},
    {"\"\\ud800\\udc00\"", kYes},
    {"\"\\uDBFF\\uDFFF\"", kYes},
    {"\"\\u00411\"", kYes},
    {"\"\\\\u0041\"", kYes},
    {"\"\x7F\"", kYes},
    {"\"\xC3\xA9\"", kYes},
    {"\"\xE2\x82\xAC\"", kYes},
    {"\"\xF0\x9D\x84\x9E\"", kYes},
    {"\"\xF4\x8F\xBF\xBF\"", kYes},
    {"\"\xEF\xBF\xBF\"", kYes},
    {"\"\xC2\x80\"", kYes},
    {"\"\xDF\xBF\"", kYes},
    {"\"\xE0\xA0\x80\"", kYes},
    {"\"\xED\x9F\xBF\"", kYes},
    {"\"\xEE\x80\x80\"", kYes},
    {"\"\xF0\x90\x80\x80\"", kYes},
    {"\"\xE2\x80\xA8\"", kYes},
    {"\"[]{}:,\"", kYes},
    {"\"//\"", kYes},
    {"\"NaN\"", kYes},
    {"\"", kNo},
    {"\"a", kNo},
    {"a\"", kNo},
    {"\"\"\"", kNo},
    {"\"a\"b\"", kNo},
    {"\"\\\"", kNo},
    {"\"\\", kNo},
    {"'a'", kNo},
    {"\xE2\x80\x9C"
     "a\xE2\x80\x9D",
     kNo},
    {"\"a\nb\"", kNo},
    {"\"a\rb\"", kNo},
    {"\"a\tb\"", kNo},
    {"\"\x01\"", kNo},
    {"\"\b\"", kNo},
    {"\"\x1B\"", kNo},
    {"\"\x1F\"", kNo},
    {"\"a\0b\""sv, kNo},
    {"\"\\0\"", kNo},
    {"\"\\a\"", kNo},
    {"\"\\v\"", kNo},
    {"\"\\x41\"", kNo},
    {"\"\\'\"", kNo},
    {"\"\\N\"", kNo},
    {"\"\\ \"", kNo},
    {"\"\\\n\"", kNo},
    {"\"\\u\"", kNo},
    {"\"\\u1\"", kNo},
    {"\"\\u12\"", kNo},
    {"\"\\u123\"", kNo},
    {"\"\\u 041\"", kNo},
    {"\"\\u004G\"", kNo},
    {"\"\\u+041\"", kNo},
    {"\"\\u-041\"", kNo},
    {"\"\\U0041\"", kNo},
    {"\"\\u{41}\"", kNo},
    {"\"\\u00", kNo},
    {"\"\\ud834\\u\"", kNo},
    {"\"\\ud834\\u12\"", kNo},
    {"\"\\\xC3\xA9\"", kNo},
};

// Section 8.1: texts that systems exchange are UTF-8. Each of these is not.
constexpr JsonRow kEncodings[] = {
    {"\"\x80\"", kNo},
    {"\"\xBF\"", kNo},
    {"\"\xC3\"", kNo},
    {"\"\xC3\x28\"", kNo},
    {"\"\xC3\xA9\xA9\"", kNo},
    {"\"\xC0\x80\"", kNo},
    {"\"\xC0\xAF\"", kNo},
    {"\"\xC1\xBF\"", kNo},
    {"\"\xE0\x80\x80\"", kNo},
    {"\"\xE0\x9F\xBF\"", kNo},
    {"\"\xE2\x82\"", kNo},
    {"\"\xE2\x28\xA1\"", kNo},
    {"\"\xED\xA0\x80\"", kNo},
    {"\"\xED\xBF\xBF\"", kNo},
    {"\"\xED\xA0\xB4\xED\xB4\x9E\"", kNo},
    {"\"\xF0\x80\x80\x80\"", kNo},
    {"\"\xF0\x8F\xBF\xBF\"", kNo},
    {"\"\xF0\x9D\x84\"", kNo},
    {"\"\xF4\x90\x80\x80\"", kNo},
    {"\"\xF5\x80\x80\x80\"", kNo},
    {"\"\xF8\x88\x80\x80\x80\"", kNo},
    {"\"\xFC\x84\x80\x80\x80\x80\"", kNo},
    {"\"\xFE\"", kNo},
    {"\"\xFF\"", kNo},
    {"\"\xE9\"", kNo},
    {"\xC3\xA9", kNo},
    {"[\xE9]", kNo},
    {"\xFF\xFE[\0]\0"sv, kNo},
    {"\xFE\xFF\0[\0]"sv, kNo},
    {"[\0]\0"sv, kNo},
    {"\0[\0]"sv, kNo},
    {"\xFF\xFE\0\0[\0\0\0]\0\0\0"sv, kNo},
    {"\0"sv, kNo},
    {"[]\0"sv, kNo},
    {"[\0]"sv, kNo},
    {"[1]\x80", kNo},
    {"\xEF\xBB[]", kNo},
    {"\xEF\xBB\xBF", kNo},
    {"[]\xEF\xBB\xBF", kNo},
    {"[\xEF\xBB\xBF]", kNo},
    {"\xEF\xBB\xBF\xEF\xBB\xBF[]", kNo},
    {" \xEF\xBB\xBF[]", kNo},
};

// What the RFC leaves to the reader, and what this one does.
constexpr JsonRow kOpen[] = {
    // Section 8.1: a byte order mark may be ignored.
    {"\xEF\xBB\xBF[]", Expected::accepted},
    {"\xEF\xBB\xBF {\"a\":1}", Expected::accepted},
    // Section 4: names should be unique. The text is read; readers of objects name the repeated key.
    {"{\"a\":1,\"a\":1}", Expected::accepted},
    {"{\"a\":1,\"\\u0061\":2}", Expected::accepted},
    {"{\"\":0,\"\":0}", Expected::accepted},
    // Section 6: the range of numbers. What no double holds is refused, what only rounds is kept as written.
    {"1e309", Expected::refused},
    {"-1e309", Expected::refused},
    {"1e999999999", Expected::refused},
    {"1e-400", Expected::accepted},
    {"1e-999999999", Expected::accepted},
    {"123456789.1234567890123456789", Expected::accepted},
    // Section 8.2: halves of surrogate pairs in escapes.
    {"\"\\ud800\"", Expected::refused},
    {"\"\\udc00\"", Expected::refused},
    {"\"\\ud800a\"", Expected::refused},
    {"\"\\ud800\\n\"", Expected::refused},
    {"\"\\ud800\\ud800\"", Expected::refused},
    {"\"\\udc00\\ud800\"", Expected::refused},
    {"\"\\ud800\\u0041\"", Expected::refused},
    {"{\"\\ud800\":1}", Expected::refused},
    // Section 9: extensions. Python writes these three, and published configs hold them.
    {"NaN", Expected::accepted},
    {"Infinity", Expected::accepted},
    {"-Infinity", Expected::accepted},
    {"[NaN,Infinity,-Infinity]", Expected::accepted},
    {"{\"NaN\":NaN}", Expected::accepted},
};

/// One of the program's readers of JSON.
struct JsonReader {
  std::string_view name;
  std::function<void(std::string_view)> read;
};

const std::vector<JsonReader>& json_readers() {
  static const std::vector<JsonReader> readers = {
      {"model", [](std::string_view text) { static_cast<void>(parse_model(text, "x.json")); }},
      {"budgets", [](std::string_view text) { static_cast<void>(parse_budgets(text, "x.json")); }},
      {"compared", [](std::string_view text) { static_cast<void>(parse_comparand(text, "x.json")); }},
      {"saved report", [](std::string_view text) { static_cast<void>(parse_saved_report(text, "x.json")); }},
      {"accelerator", [](std::string_view text) { static_cast<void>(parse_accelerator(text, "x.json")); }},
      {"schedule", [](std::string_view text) { static_cast<void>(parse_schedule(text, "x.json")); }},
      {"safetensors header",
       [](std::string_view text) {
         static_cast<void>(parse_safetensors(test::safetensors(std::string(text), 0), "x"));
       }},
  };
  return readers;
}

/// "": read; "line:column …" or whatever else InputError says; "another exception" fails the test.
std::string fault_of(const std::function<void(std::string_view)>& read, std::string_view text) {
  try {
    read(text);
  } catch (const InputError& error) {
    return error.diagnostics().empty() ? "an error without a fault" : error.what();
  } catch (const std::exception& error) {
    return std::string("another exception: ") + error.what();
  }
  return {};
}

/// Whether the fault is one of syntax: its place is "line:column" of the file.
bool is_syntax_fault(const std::string& fault) {
  const std::size_t colon = fault.find("x.json:");
  if (colon == std::string::npos) return false;
  const std::string rest = fault.substr(colon + 7);
  return (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') || rest.find("the file is empty") != std::string::npos;
}

template <typename Check>
void for_each_row(const Check& check) {
  for (const JsonRow& row : kStructure) check(row);
  for (const JsonRow& row : kNumbers) check(row);
  for (const JsonRow& row : kStrings) check(row);
  for (const JsonRow& row : kEncodings) check(row);
  for (const JsonRow& row : kOpen) check(row);
}

}  // namespace

TEST_CASE("JSON texts are accepted and refused as RFC 8259 says") {
  std::size_t rows = 0;
  for_each_row([&](const JsonRow& row) {
    const std::string fault = fault_of([](std::string_view text) { parse_json(text, "x.json"); }, row.text);
    INFO("text: ", std::string(row.text));
    INFO("fault: ", fault);
    CHECK(fault.empty() == (row.verdict == Expected::accepted));
    CHECK((fault.empty() || is_syntax_fault(fault)));
    ++rows;
  });
  CHECK(rows >= 300);
}

TEST_CASE("a value that is accepted, or refused, is so as a value of a list and of an object") {
  for_each_row([&](const JsonRow& row) {
    // These are about the text as a whole: its start, its end, what stands behind a value.
    const bool whole = row.text.find('\xEF') == 0 || row.text.find_first_of(",:[]{}") != std::string_view::npos;
    if (whole) return;
    for (const auto& [before, after] : {std::pair{"[", "]"}, std::pair{"[0, ", " ,0]"}, std::pair{"{\"a\":", "}"},
                                        std::pair{"{\"a\":[{\"b\":", "}]}"}}) {
      // White space alone is nothing, but nothing in brackets is an empty list.
      if (row.text.find_first_not_of(" \n") == std::string_view::npos && std::string_view(before) == "[") continue;
      const std::string text = before + std::string(row.text) + after;
      const std::string fault = fault_of([](std::string_view t) { parse_json(t, "x.json"); }, text);
      INFO("text: ", text);
      INFO("fault: ", fault);
      CHECK(fault.empty() == (row.verdict == Expected::accepted));
    }
  });
}

TEST_CASE("every reader refuses what is no JSON, with its place, and none fails in another way") {
  for (const JsonReader& reader : json_readers()) {
    for_each_row([&](const JsonRow& row) {
      const std::string fault = fault_of(reader.read, row.text);
      INFO(std::string(reader.name), ", text: ", std::string(row.text));
      INFO("fault: ", fault);
      CHECK(!fault.starts_with("another exception"));
      const bool has_lines = reader.name != "safetensors header";
      if (row.verdict == Expected::refused) {
        CHECK(!fault.empty());
        if (has_lines) CHECK(is_syntax_fault(fault));
      } else if (has_lines) {
        CHECK(!is_syntax_fault(fault));
      }
    });
  }
}

TEST_CASE("a text in a config's ignored key is accepted or refused as on its own") {
  for_each_row([&](const JsonRow& row) {
    if (row.text.find('\xEF') == 0 || row.text.find_first_of(",:[]{}") != std::string_view::npos) return;
    const std::string config =
        R"({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
            "intermediate_size": 128, "vocab_size": 100, "remark": )" +
        std::string(row.text) + "}";
    const std::string fault = fault_of(json_readers().front().read, config);
    INFO("text: ", std::string(row.text));
    INFO("fault: ", fault);
    CHECK(fault.empty() == (row.verdict == Expected::accepted));
  });
}

TEST_CASE("64 lists and objects inside one another are read, one more is not, and no depth exhausts the stack") {
  const auto fault = [](const std::string& text) {
    return fault_of([](std::string_view t) { parse_json(t, "x.json"); }, text);
  };
  const std::string message = "expected at most 64 lists and objects inside one another, found more";
  CHECK(fault(repeated("[", 64) + repeated("]", 64)).empty());
  CHECK(fault(repeated("[", 65) + repeated("]", 65)) == "x.json:1:65: " + message);
  CHECK(fault(repeated("{\"a\":", 64) + "0" + repeated("}", 64)).empty());
  CHECK(fault(repeated("{\"a\":", 65) + "0" + repeated("}", 65)) == "x.json:1:321: " + message);
  CHECK(fault(repeated("[{\"a\":", 32) + "0" + repeated("}]", 32)).empty());
  CHECK(fault(repeated("[", 1'000'000)).ends_with(message));
  CHECK(fault(repeated("{\"a\":", 1'000'000)).ends_with(message));
  for (const JsonReader& reader : json_readers()) {
    const std::string found = fault_of(reader.read, repeated("[", 1'000'000));
    CHECK(!found.empty());
    CHECK(!found.starts_with("another exception"));
  }
}

TEST_CASE("long tokens are read whole") {
  const std::string digits = repeated("7", 300);
  CHECK(parse_json(digits, "x.json").root.text == digits);
  const std::string letters = repeated("\\u0041", 100'000);
  CHECK(parse_json("\"" + letters + "\"", "x.json").root.text == repeated("A", 100'000));
  CHECK(parse_json("[" + repeated("0,", 100'000) + "0]", "x.json").root.items.size() == 100'001);
  CHECK(parse_json(repeated(" ", 100'000) + "0" + repeated("\n", 100'000), "x.json").root.text == "0");
}
