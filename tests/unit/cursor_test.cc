// What an object's reader asks for, and what nobody does.
#include "input/json/cursor.h"

#include <doctest/doctest.h>

#include <array>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "ctxcost/core/diagnostic.h"

using namespace ctxcost;

namespace {

constexpr std::array kTable = {
    FileKey{"first", ValueType::count, ""},
    FileKey{"second", ValueType::count, "", {}, {.minimum = 2, .maximum = 9}},
    FileKey{"third", ValueType::choice, "", {}, {.choices = "a|b"}},
    FileKey{"fourth", ValueType::flag_or_word, "", {}, {.choices = "w"}},
};

/// The faults of reading an object with `read`.
template <typename Read>
std::string faults_of(std::string_view text, std::span<const FileKey> table, Read read) {
  const JsonDocument document = parse_json(text, "f");
  Faults faults("f");
  ObjectCursor cursor(document.root, "", faults, table);
  read(cursor);
  cursor.finish();
  try {
    faults.throw_if_any();
  } catch (const InputError& error) {
    return error.what();
  }
  return "none";
}

void read_all(ObjectCursor& cursor) {
  for (const FileKey& key : kTable) cursor.find(key.name);
}

}  // namespace

TEST_CASE("a key that is read twice hides no unknown key") {
  const auto twice = [](ObjectCursor& cursor) {
    cursor.find("first");
    cursor.find("first");
  };
  CHECK(faults_of(R"({"first": 1, "other": 2})", {}, twice) == "f: /other: unknown key");
  CHECK(faults_of(R"({"first": 1, "other": 2})", kTable, [&](ObjectCursor& cursor) {
          twice(cursor);
          read_all(cursor);
        }) == "f: /other: unknown key");
  // Nor does a key that is asked for and does not stand there.
  CHECK(faults_of(R"({"other": 2})", kTable, read_all) == "f: /other: unknown key");
  CHECK(faults_of(R"({"first": 1, "fourth": 2})", kTable, read_all) == "none");
}

TEST_CASE("a repeated key is a fault among few keys and among many") {
  constexpr std::string_view kOthers[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
  std::string members = R"("first": 1)";
  for (std::size_t others = 0; others < std::size(kOthers); ++others) {
    const auto read = [&](ObjectCursor& cursor) {
      cursor.find("first");
      for (const std::string_view key : std::span(kOthers).first(others)) cursor.find(key);
    };
    CHECK(faults_of("{" + members + "}", {}, read) == "none");
    const std::string fault = "f: /first: repeated key (keep one of them)";
    CHECK(faults_of("{" + members + R"(, "first": 2})", {}, read) == fault);
    CHECK(faults_of(R"({"first": 2, )" + members + "}", {}, read) == fault);
    ((members += ", \"") += kOthers[others]) += "\": 1";
  }
}

TEST_CASE("keys of a table are read in any order, and each of them is") {
  const auto backwards = [](ObjectCursor& cursor) {
    CHECK(cursor.flag_or_word("fourth") == 2);
    CHECK(cursor.count("first") == Count{7});
    CHECK(cursor.choice("third") == 1);
    CHECK(cursor.required_count("second") == Count{9});
  };
  CHECK(faults_of(R"({"first": 7, "second": 9, "third": "b", "fourth": "w"})", kTable, backwards) == "none");

  const JsonDocument document = parse_json(R"({"first": 1})", "f");
  Faults faults("f");
  for (const FileKey& last : kTable) {
    ObjectCursor cursor(document.root, "", faults, kTable);
    cursor.find(last.name);
    CHECK_THROWS_WITH_AS(cursor.find("fifth"), "the table of keys lacks fifth", std::logic_error);
    CHECK_THROWS_AS(cursor.finish(), std::logic_error);
    for (const FileKey& key : kTable) {
      if (key.name != last.name) cursor.find(key.name);
    }
    CHECK_NOTHROW(cursor.finish());
  }
}

TEST_CASE("the range of a table's key is that of its faults") {
  const auto second = [](ObjectCursor& cursor) {
    read_all(cursor);
    cursor.required_count("second");
  };
  CHECK(faults_of(R"({"second": 2})", kTable, second) == "none");
  CHECK(faults_of(R"({"second": 1})", kTable, second) ==
        "f: /second: expected an integer of at least 2 and at most 9, found 1");
  CHECK(faults_of(R"({"second": 10})", kTable, second) ==
        "f: /second: expected an integer of at least 2 and at most 9, found 10");
  CHECK(faults_of("{}", kTable, second) ==
        "f: /second: expected an integer of at least 2 and at most 9, found nothing");
}

TEST_CASE("a table has no more keys than a cursor can tell apart") {
  const JsonDocument document = parse_json("{}", "f");
  Faults faults("f");
  std::array<FileKey, 65> table{};
  CHECK_NOTHROW(ObjectCursor(document.root, "", faults, std::span(table).first(64)));
  CHECK_THROWS_AS(ObjectCursor(document.root, "", faults, table), std::logic_error);
}
