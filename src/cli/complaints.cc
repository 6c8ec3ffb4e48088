#include "complaints.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/format.h"
#include "core/printable.h"
#include "options.h"
#include "output.h"
#include "render/table_fit.h"
#include "terminal.h"

namespace ctxcost::cli {
namespace {

/// This is global, since one process answers one command line.
std::vector<std::string>& lines_of_what_was_left_out() {
  static std::vector<std::string> lines;
  return lines;
}

bool& line_was_left_out() {
  static bool left_out = false;
  return left_out;
}

/// Returns "--kv-precision" for "kv_precision", "--engine vllm" for "engine vllm".
std::string to_option(std::string_view setting) {
  const std::size_t end = std::min(setting.find(' '), setting.size());
  return std::string(OptionName(setting.substr(0, end))) + std::string(setting.substr(end));
}

std::string to_line(Diagnostic diagnostic) {
  if (diagnostic.of_setting) diagnostic.source = to_option(diagnostic.source);
  return to_string(diagnostic);
}

/// The line in as many as it takes; those that go on are indented.
std::string wrapped(std::string_view line, std::size_t columns) {
  constexpr std::string_view kGoesOn = "\n  ";
  std::string text;
  for (const std::string_view part : wrap(line, columns, columns - (kGoesOn.size() - 1), false)) {
    if (!text.empty()) text += kGoesOn;
    text += part;
  }
  return text;
}

}  // namespace

void complain(std::string_view message) {
  std::string line = "ctxcost: " + printable(message);
  if (isatty(STDERR_FILENO) == 1) line = wrapped(line, terminal_columns(STDERR_FILENO));
  write_all(STDERR_FILENO, line + "\n");
}

void complain(const Diagnostic& diagnostic) { complain(to_line(diagnostic)); }

void leave_out(const InputError& error, std::size_t questions) {
  if (questions <= 1) throw error;
  std::vector<std::string>& lines = lines_of_what_was_left_out();
  for (const Diagnostic& diagnostic : error.diagnostics()) {
    std::string line = to_line(diagnostic);
    if (std::find(lines.begin(), lines.end(), line) != lines.end()) continue;
    complain(line);
    lines.push_back(std::move(line));
  }
}

void leave_out_line(const InputError& error) {
  const std::vector<Diagnostic>& faults = error.diagnostics();
  Diagnostic first = faults.front();
  if (faults.size() > 1) first.message += format(" (and {} more)", faults.size() - 1);
  complain(first);
  line_was_left_out() = true;
}

bool left_out() { return line_was_left_out() || !lines_of_what_was_left_out().empty(); }

}  // namespace ctxcost::cli
