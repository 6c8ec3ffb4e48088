// Writes the rows of a large grid part by part: on several threads (--jobs), and with progress on a terminal.
#pragma once

#include <cstddef>

#include "ctxcost/core/count.h"
#include "ctxcost/core/writer.h"
#include "render/document.h"
#include "render/scale_document.h"

namespace ctxcost::cli {

/// Writes a document of that many rows in a format whose parts join. The bytes do not depend on `jobs`. If `out` is not
/// the terminal that shows it, progress is shown on stderr after a second. Returns false if there is nothing to gain:
/// it then has written nothing.
bool write_in_parts(const ScaleDocument& document, Count rows, const OutputFormat& format, std::size_t jobs,
                    bool to_terminal, Writer& out);

/// "1,200,000 of 10,000,000 points, 800,000 a second, 11 s left".
std::string progress_text(Count done, Count rows, double seconds);

}  // namespace ctxcost::cli
