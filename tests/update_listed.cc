// Writes the line `listed` of entries of the catalogue anew, counted from their configs. Run by
// scripts/update-catalogue.
//
//   update_listed FILE...

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>

#include "ctxcost/core/diagnostic.h"
#include "listed_model.h"

namespace ctxcost {
namespace {

std::string number(const std::optional<Count>& count) { return count ? to_string(*count) : "null"; }

std::string listed_line(const Model& model) {
  const test::ListedFigures figures = test::listed_figures(model);
  std::string bytes = R"({"own": )" + number(figures.weights_bytes[0]);
  for (std::size_t i = 0; i < std::size(kListedWeights); ++i) {
    ((((bytes += ", \"") += kListedWeights[i]) += "\": ") += number(figures.weights_bytes[i + 1]));
  }
  return R"(  "listed": {"family": ")" + figures.family + R"(", "parameters": )" + number(figures.parameters) +
         R"(, "active_parameters": )" + number(figures.active_parameters) + R"(, "checkpoint_parts": )" +
         to_string(figures.checkpoint_parts) + R"(, "trained_context": )" + number(figures.trained_context) +
         R"(, "effective_context": )" + number(figures.effective_context) + R"(, "weights_bytes": )" + bytes + "}}\n";
}

/// The entry with another line in place of its last one, or after it.
std::string with_line(std::string text, const std::string& line) {
  const std::size_t old = text.find("  \"listed\": ");
  std::size_t end = text.rfind('}');
  if (old != std::string::npos) {
    const std::size_t next = text.find('\n', old) + 1;
    if (text.find_first_not_of(" \n", next) != end)
      throw InputError(Diagnostic{"", "/listed", "expected to be last", ""});
    end = old;
  }
  text.erase(end);
  text.erase(text.find_last_not_of(" \n") + 1);
  if (!text.ends_with(',')) text += ',';
  return text + '\n' + line + "}\n";
}

int update(const std::string& path) {
  try {
    std::ifstream in(path);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const Model model = load_model(path);
    // A file of the own format has no such line.
    if (model.family == "own") return 0;
    const std::string written = with_line(text, listed_line(model));
    if (written != text) std::ofstream(path) << written;
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), error.what());
    return 1;
  }
}

}  // namespace
}  // namespace ctxcost

int main(int argc, char** argv) {
  int failed = 0;
  for (int i = 1; i < argc; ++i) failed |= ctxcost::update(argv[i]);
  return failed;
}
