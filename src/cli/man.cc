// `ctxcost man`: the manual page, from the same tables as the help. [man(7), groff_man(7)]
#include <string>

#include "command.h"
#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/render/render.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

/// Writes what roff would take for its own as it is: backslashes, hyphens, a dot or quote at the start of a line.
std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  bool starts = true;
  for (const char c : text) {
    if (starts && (c == '.' || c == '\'')) out += "\\&";
    starts = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string bold(std::string_view text) { return format("\\fB{}\\fR", escaped(text)); }
std::string italic(std::string_view text) { return format("\\fI{}\\fR", escaped(text)); }

/// An option with all that the help of its commands says of it.
void append_option(std::string& out, const Option& row) {
  out += ".TP\n";
  if (row.letter != 0) out += bold(std::string{'-', row.letter}) + ", ";
  out += bold(row.name);
  if (!row.value.empty()) out += " " + italic(row.value);
  out += format("\n{}", escaped(row.meaning));
  if (!row.syntax.empty()) out += format(": {}", escaped(row.syntax));
  out += ".\n";
  if (row.repeatable) out += "May be repeated.\n";
  if (!row.fallback.empty()) out += format("Default: {}.\n", escaped(row.fallback));
  if (row.group != OptionGroup::general) out += format("Commands: {}.\n", escaped(commands_with(row.id)));
}

/// The lines of examples as they are typed.
void append_lines(std::string& out, std::string_view lines) { out += format(".nf\n{}.fi\n", escaped(lines)); }

std::string page() {
  std::string out = format(
      ".TH CTXCOST 1 \"\" \"ctxcost {0}\" \"User Commands\"\n"
      ".SH NAME\nctxcost \\- what a context length costs a transformer, exactly\n"
      ".SH SYNOPSIS\n{1} {2}... [{3}...]\n.br\n{1} {4} [{5}...]\n",
      version(), bold("ctxcost"), italic("MODEL"), italic("OPTION"), italic("COMMAND"), italic("ARGUMENT"));
  out += format(".SH DESCRIPTION\n{}Without a command, {} is meant.\n", escaped(kModels), bold("scale"));
  out += ".SH COMMANDS\n";
  for (const Command* const command : commands()) {
    out += format(".TP\n{} {}\n{}.\n", bold(command->name), italic(command->arguments), escaped(command->summary));
    if (!command->limits.empty()) out += escaped(command->limits);
  }
  out += ".SH OPTIONS\n";
  std::string_view title;
  for (const Option& row : options()) {
    if (heading(row.group) != title) {
      title = heading(row.group);
      out += format(".SS {}\n", escaped(title));
    }
    append_option(out, row);
  }
  out += ".SH EXAMPLES\n";
  for (const Command* const command : commands()) append_lines(out, command->examples);
  return out + ".SH EXIT STATUS\n" + escaped(exit_status()) + "\n";
}

constexpr OptionId kManOptions[] = {OptionId::output};

Status run_man(const Arguments& arguments) {
  if (!arguments.words().empty()) {
    throw_fault("man", format("takes no argument, found \"{}\"", arguments.words().front()));
  }
  deliver(Target{"", std::string(arguments.value(OptionId::output))}, page());
  return Status::answered;
}

}  // namespace

extern const Command kMan;
const Command kMan = {"man", "", "the manual page, for `man -l`", kManOptions, "  ctxcost man | man -l -\n", run_man};

}  // namespace ctxcost::cli
