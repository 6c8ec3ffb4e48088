// What goes to standard error, and what it means for the exit status.
#pragma once

#include <cstddef>
#include <string_view>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost::cli {

/// One line on standard error, whole even where several processes write to it.
void complain(std::string_view message);
/// A fault or a note; a setting is called as the option is.
void complain(const Diagnostic& diagnostic);

/// One of `questions` cannot be answered. Where it is the only one, its error is thrown again; else its lines are
/// printed, each once, the others are answered, and the program's status is 2 at the end.
void leave_out(const InputError& error, std::size_t questions);
/// Whether something was left out so far.
bool left_out();

}  // namespace ctxcost::cli
