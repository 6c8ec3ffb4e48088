// The documents of a run and their targets: pairs of --format and --output.
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

/// Returns the formats that write documents of that shape.
std::vector<TargetFormat> target_formats(const DocumentShape& shape);

/// One document.
struct Target {
  std::string_view format;  ///< the name of a TargetFormat
  std::string path;         ///< as written; "" for standard output
};

/// Reads --format and --output. Without them, the first format is written to standard output.
///
/// An --output pairs with the --format before it. An --output without a --format has the format of its extension (the
/// first format if it has none), and a --format without an --output goes to standard output. If every --output is
/// followed by its own --format, those are the pairs. Throws InputError for unknown formats and extensions, a file
/// named twice, and two documents on standard output.
std::vector<Target> targets(const Arguments& arguments, std::span<const TargetFormat> formats);
/// Does the same with the formats that write documents of that shape.
std::vector<Target> targets(const Arguments& arguments, const DocumentShape& shape);

/// Throws InputError if a file is named twice, or if standard output gets two documents.
void check_distinct(const std::vector<Target>& targets);

/// Writes every document, each completely or not at all. A closed pipe (`| head`) ends its document early and is not an
/// error. Throws OutputError after the other documents are written.
void deliver(const std::vector<Target>& targets,
             const std::function<void(const Target& target, const Output& output, Writer& out)>& render);

/// Writes one answer in every format, without colour and in any width.
void deliver(const std::vector<Target>& targets, const Document& document);
/// Writes one answer in every format, in the colour and width of `page_settings`.
void deliver(const Arguments& arguments, const std::vector<Target>& targets, const Document& document);

/// Writes one text.
void deliver(const Target& target, std::string_view text);

}  // namespace ctxcost::cli
