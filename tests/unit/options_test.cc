// The table of options, and the commands that list them.
#include "cli/options.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "cli/arguments.h"
#include "cli/command.h"
#include "ctxcost/core/diagnostic.h"
#include "input/budget/budget_keys.h"

using namespace ctxcost;
using namespace ctxcost::cli;

namespace {

bool lists(const Command& command, OptionId id) {
  return std::find(command.options.begin(), command.options.end(), id) != command.options.end();
}

/// "--batch" of "batch", "--kv-precision" of "kv_precision".
std::string option_name(std::string_view key) {
  std::string name = "--" + std::string(key);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

}  // namespace

TEST_CASE("names and letters of options are their own") {
  std::set<std::string_view> names;
  std::set<char> letters;
  for (const Option& one : options()) {
    CHECK_MESSAGE(names.insert(one.name).second, one.name);
    if (one.letter != 0) CHECK_MESSAGE(letters.insert(one.letter).second, one.name);
    CHECK(find_option(one.name) == &one);
  }
  CHECK(find_option("-b") == &option(OptionId::batch));
  CHECK(find_option("--batches") == nullptr);
  CHECK(find_option("b") == nullptr);
}

TEST_CASE("every option belongs to a command and has help, every command lists an option once") {
  for (const Option& one : options()) {
    CAPTURE(std::string(one.name));
    CHECK_FALSE(one.meaning.empty());
    const bool listed = std::any_of(commands().begin(), commands().end(),
                                    [&one](const Command* command) { return lists(*command, one.id); });
    CHECK(listed == (one.group != OptionGroup::general));  // --help and --version are the program's
  }
  for (const Command* command : commands()) {
    CAPTURE(std::string(command->name));
    std::set<OptionId> own;
    for (const OptionId id : command->options) CHECK(own.insert(id).second);
    CHECK(lists(*command, OptionId::format) == (command->formats != nullptr));
  }
}

TEST_CASE("a default that is a value is one that the option takes") {
  for (const Command* command : commands()) {
    for (const OptionId id : command->options) {
      const Option one = option_of(id, command->name);
      CAPTURE(std::string(one.name));
      const std::vector<std::string_view> words = words_of(one);
      CHECK(words.empty() == (one.completion != Completion::words));
      if (!words.empty() && !one.fallback.empty()) CHECK(choose(one.name, one.fallback, words) == one.fallback);
      // `reconcile` takes what its log says.
      if (one.fallback == "the log's") continue;
      if (id == OptionId::convention || id == OptionId::engine) CHECK_NOTHROW(one.check(one.fallback, one.name));
    }
  }
  CHECK(option_of(OptionId::convention, "scale").fallback == "article");
  CHECK(option_of(OptionId::convention, "fit").fallback == "causal");
  for (const char* command : {"fit", "solve", "check"}) CHECK(option_of(OptionId::units, command).fallback == "iec");
  for (const char* command : {"scale", "compare", "explain", "diff", "train", "evaluate"}) {
    CHECK(option_of(OptionId::units, command).fallback == "si");
  }
}

TEST_CASE("a setting of budget files has the meaning of the option of its name") {
  std::size_t shared = 0;
  for (const FileKey& key : kBudgetSettingKeys) {
    const Option* const same = find_option(option_name(key.name));
    if (same == nullptr) continue;
    CAPTURE(std::string(key.name));
    ++shared;
    CHECK(same->meaning == key.meaning);
    CHECK((same->fallback.empty() || same->fallback == key.fallback));
  }
  CHECK(shared == 26);
}
