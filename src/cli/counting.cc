#include "counting.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "command.h"
#include "complaints.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"

namespace ctxcost::cli {

/// Items of a comma list of names with settings: in "int4:group=64,zero,q8_0" the commas inside settings do not part.
std::vector<std::string> split_names(const std::vector<std::string>& texts, std::string_view option) {
  std::vector<std::string> items;
  for (const std::string& text : texts) {
    std::size_t start = 0;
    bool settings = false;  // the item so far has settings
    bool fresh = true;
    while (start <= text.size()) {
      const std::size_t comma = std::min(text.find(',', start), text.size());
      const std::string item = text.substr(start, comma - start);
      start = comma + 1;
      if (item.empty()) {
        throw InputError(Diagnostic{std::string(option), "", "expected a name, found nothing in \"" + text + "\"", ""});
      }
      const std::size_t equals = item.find('=');
      const bool continues =
          !fresh && settings && item.find(':') == std::string::npos && (equals != std::string::npos || item == "zero");
      if (continues) {
        items.back() += "," + item;
      } else {
        items.push_back(item);
        settings = item.find(':') != std::string::npos;
      }
      fresh = false;
    }
  }
  return items;
}

namespace {

/// A model by its name; a word in the place of a command gets a hint where it looks like a misspelt one.
Model load(const std::string& word, const LoadOptions& options) {
  try {
    return load_model(word, options);
  } catch (const InputError& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    if (diagnostics.size() != 1 || diagnostics[0].source != word || diagnostics[0].hint.ends_with('?')) throw;
    std::vector<std::string_view> names = {"help"};
    for (const Command* command : commands()) names.push_back(command->name);
    const std::string_view match = near_match(word, names);
    if (match.empty()) throw;
    diagnostics[0].hint = "did you mean the command \"" + std::string(match) + "\"?";
    throw InputError(std::move(diagnostics));
  }
}

}  // namespace

namespace {

/// "8,192": digits alone, three in each item but the first.
bool looks_grouped(std::string_view text) {
  std::size_t item = 0;
  bool first = true;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] >= '0' && text[i] <= '9') {
      ++item;
      continue;
    }
    if (i < text.size() && text[i] != ',') return false;
    if (first ? item < 1 || item > 3 : item != 3) return false;
    if (i == text.size()) return !first;
    first = false;
    item = 0;
  }
  return false;
}

/// Says on stderr that a list is one, where it looks like a number in digit groups.
void tell_of_groups(std::string_view text, std::string_view option) {
  if (!looks_grouped(text)) return;
  std::string items, digits;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    items += (start == 0 ? "" : end == text.size() ? " and " : ", ") + std::string(text.substr(start, end - start));
    digits += text.substr(start, end - start);
    start = end + 1;
  }
  std::fprintf(stderr, "ctxcost: %s: note: \"%s\" is the list %s; the one number is written %s\n",
               std::string(option).c_str(), std::string(text).c_str(), items.c_str(), digits.c_str());
}

}  // namespace

LengthList lengths(const Arguments& arguments, std::string_view option, Count minimum) {
  LengthList list;
  for (const std::string& text : arguments.all(option)) {
    list.append(parse_lengths(text, option, minimum));
    tell_of_groups(text, option);
  }
  return list;
}

bool wants_color(const Arguments& arguments, const Output& output) {
  static constexpr std::string_view kChoices[] = {"auto", "always", "never"};
  const std::string_view choice = arguments.choice("--color", kChoices, "auto");
  if (choice != "auto") return choice == "always";
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return output.is_terminal() && (no_color == nullptr || *no_color == '\0') && !dumb;
}

std::vector<SharedModel> load_models(const Arguments& arguments, const std::vector<std::string>& words) {
  static constexpr std::string_view kAssumptions[] = {"full"};
  LoadOptions options;
  options.assume_full = arguments.choice("--assume", kAssumptions, "full") == "full" && arguments.has("--assume");
  std::vector<SharedModel> models;
  std::vector<InputError> errors;
  for (const std::string& word : words) {
    try {
      models.push_back(load(word, options));
    } catch (const InputError& error) {
      errors.push_back(error);
    }
  }
  if (models.empty()) {
    std::vector<Diagnostic> faults;
    for (const InputError& error : errors) {
      faults.insert(faults.end(), error.diagnostics().begin(), error.diagnostics().end());
    }
    throw InputError(std::move(faults));
  }
  for (const InputError& error : errors) leave_out(error, words.size());
  return models;
}

}  // namespace ctxcost::cli
