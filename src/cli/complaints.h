// Messages on standard error, and their effect on the exit status.
#pragma once

#include <cstddef>
#include <string_view>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost::cli {

/// Writes one line to standard error in a single write, so that lines of several processes do not mix. On a terminal
/// it is wrapped.
void complain(std::string_view message);
/// Writes a fault or a note. Settings are named as options.
void complain(const Diagnostic& diagnostic);

/// Reports that one of `questions` cannot be answered. If it is the only one, its error is thrown again. Otherwise its
/// lines are printed, each once, the other questions are answered, and the exit status is 2.
void leave_out(const InputError& error, std::size_t questions);
/// Reports that one line of many cannot be answered, in one line. The exit status is 2.
void leave_out_line(const InputError& error);
/// Returns whether any question was left out so far.
bool left_out();

}  // namespace ctxcost::cli
