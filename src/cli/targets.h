// Which documents a run writes, and where to: pairs of --format and --output.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "ctxcost/core/writer.h"
#include "output.h"
#include "render/document.h"

namespace ctxcost::cli {

/// A format that a command writes.
struct TargetFormat {
  std::string_view name;        ///< "csv"
  std::string_view extensions;  ///< ".csv"; separated by spaces
};

/// The formats that write documents of that shape.
std::vector<TargetFormat> target_formats(const DocumentShape& shape);

/// One document.
struct Target {
  std::string_view format;  ///< the name of a TargetFormat
  std::string path;         ///< as written; "" for standard output
};

/// What --format and --output say; the first format on standard output where they say nothing.
///
/// An --output closes the pair that the --format before it opened. Alone it has the format of its extension (the first
/// where it has none), and a --format alone goes to standard output. Where every --output is followed by a --format of
/// its own, those are the pairs.
/// Throws InputError for unknown formats and extensions, a file named twice, and two documents on standard output.
std::vector<Target> targets(const Arguments& arguments, std::span<const TargetFormat> formats);
/// The same of the formats that write documents of that shape.
std::vector<Target> targets(const Arguments& arguments, const DocumentShape& shape);

/// Throws InputError where one file is named twice, or standard output gets two documents.
void check_distinct(const std::vector<Target>& targets);

/// Writes every document, each whole or not at all. A reader that has gone (`| head`) ends its document early and is no
/// failure. Throws OutputError, after the others are written.
void deliver(const std::vector<Target>& targets,
             const std::function<void(const Target& target, const Output& output, Writer& out)>& render);

/// The same of one answer in every format; `colored` says whether a target takes colour, none where it is empty.
void deliver(const std::vector<Target>& targets, const Document& document,
             const std::function<bool(const Output& output)>& colored = {});

/// The same of one text.
void deliver(const Target& target, std::string_view text);

}  // namespace ctxcost::cli
