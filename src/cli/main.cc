// ctxcost: from the command line to a document and an exit status.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "command.h"
#include "complaints.h"
#include "core/printable.h"
#include "ctxcost/core/count.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/render/render.h"
#include "output.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

/// Opens stand-ins for standard streams that the parent process closed. Otherwise a file could get the number of such a
/// stream and be written to by mistake. The stand-ins fail like closed streams.
void occupy_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF) {
      static_cast<void>(open("/dev/null", descriptor == STDOUT_FILENO ? O_RDONLY : O_WRONLY));
    }
  }
}

Status print(const std::string& text) {
  deliver(Target{}, text);
  return Status::answered;
}

constexpr std::pair<OptionId, HelpLength> kHelps[] = {{OptionId::help_all, HelpLength::all},
                                                      {OptionId::help, HelpLength::screen}};

/// `ctxcost MODEL...`. Options of another command follow a misspelt one: then that is what is said.
Status run_without_command(std::span<const char* const> tokens) {
  const Command& scale = *find_command("scale");
  std::optional<Arguments> arguments;
  try {
    arguments = parse_arguments(scale.name, scale.options, tokens, commands_with);
  } catch (const InputError&) {
    const std::string word = tokens.front();
    const std::string_view match = word.starts_with('-') ? std::string_view() : near_command(word);
    if (match.empty() || access(word.c_str(), F_OK) == 0 || match_model(word)) throw;
    throw_fault(word, "no such command, file or model", "did you mean the command \"" + std::string(match) + "\"?");
  }
  return scale.run(*arguments);
}

Status run(std::span<const char* const> tokens) {
  if (tokens.empty()) {
    write_all(STDERR_FILENO, program_help(HelpLength::screen));
    return Status::no_answer;
  }
  if (asks_for(OptionId::version, tokens)) return print("ctxcost " + std::string(version()) + "\n");
  const Command* command = find_command(tokens[0]);
  for (const auto& [flag, length] : kHelps) {
    if (!asks_for(flag, tokens)) continue;
    // `help fit --help-all` is about fit.
    const bool of_help = command != nullptr && command == find_command("help") && tokens.size() > 1;
    const Command* const asked = of_help ? find_command(tokens[1]) : nullptr;
    if (asked != nullptr) command = asked;
    return print(command == nullptr ? program_help(length) : command_help(*command, length));
  }
  if (command == nullptr) return run_without_command(tokens);
  return command->run(parse_arguments(command->name, command->options, tokens.subspan(1), commands_with));
}

Status run_or_complain(std::span<const char* const> tokens) {
  try {
    return run(tokens);
  } catch (const InputError& error) {
    for (const Diagnostic& diagnostic : error.diagnostics()) complain(diagnostic);
  } catch (const OutputError& error) {
    complain(to_string(Diagnostic{error.target(), "", std::strerror(error.error()), ""}));
  } catch (const CountOverflow& error) {
    complain(std::string("a count does not fit 128 bits (") + error.what() + ")");
  } catch (const std::bad_alloc&) {
    complain("out of memory");
  } catch (const std::exception& error) {
    complain(std::string("internal error: ") + error.what());
  }
  return Status::no_answer;
}

/// Ends where an exception finds nobody: the tables of the library are made before `main`, and also then memory may be
/// out.
[[noreturn]] void end_out_of_memory() {
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    remove_pending_file();
    write_all(STDERR_FILENO, "ctxcost: out of memory\n");
    _exit(static_cast<int>(Status::no_answer));
  } catch (...) {
    // A fault of the program: its core says more.
  }
  std::abort();
}

struct TerminateHandler {
  TerminateHandler() noexcept { std::set_terminate(end_out_of_memory); }
};
// Before all other objects.
__attribute__((init_priority(101))) const TerminateHandler kTerminateHandler;

}  // namespace
}  // namespace ctxcost::cli

int main(int argc, char** argv) {
  using namespace ctxcost::cli;
  occupy_standard_streams();
  // A reader that has gone, and a file that may not grow, are faults of a write.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const std::size_t count = argc > 0 ? static_cast<std::size_t>(argc - 1) : 0;
  const Status status = run_or_complain({argv + 1, count});
  return static_cast<int>(left_out() ? Status::no_answer : status);
}
