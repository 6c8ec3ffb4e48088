#include "targets.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <optional>

#include "core/character.h"
#include "core/word_list.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/render/render.h"
#include "option_values.h"

namespace ctxcost::cli {
namespace {

/// Returns ".csv" for "costs/all.csv", in lower case. Empty if the name has no extension.
std::string extension_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) return {};
  return lower_case(name.substr(dot));
}

/// Calls `take` with each extension of a format.
template <typename Take>
void each_extension(const TargetFormat& format, Take take) {
  std::string_view rest = format.extensions;
  while (!rest.empty()) {
    take(take_word(rest));
  }
}

std::string_view format_of(const std::string& path, std::span<const TargetFormat> formats) {
  const std::string extension = extension_of(path);
  // Users do not choose the names of devices and pipes: /dev/fd/63, /proc/self/fd/1.
  if (extension.empty()) return formats.front().name;
  std::string known;
  std::string_view found;
  for (const TargetFormat& format : formats) {
    each_extension(format, [&](std::string_view one) {
      if (one == extension) found = format.name;
      known += (known.empty() ? "" : ", ") + std::string(one);
    });
  }
  if (!found.empty()) return found;
  throw InputError(Diagnostic{"--output", "", "expected one of the extensions " + known + ", found \"" + path + "\"",
                              "or name the format: --format NAME"});
}

/// Identifies the file of a path, whether or not it exists yet.
std::string identity(const std::string& name_given) {
  struct stat status;
  if (stat(name_given.c_str(), &status) == 0) {
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  }
  std::string path = follow_links(name_given);
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (stat(folder.c_str(), &status) != 0) return path;
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) + "/" + name;
}

std::vector<TargetFormat> named(std::span<const OutputFormat* const> formats) {
  std::vector<TargetFormat> names;
  for (const OutputFormat* format : formats) names.push_back({format->name, format->extensions});
  return names;
}

}  // namespace

std::vector<TargetFormat> target_formats(const DocumentShape& shape) { return named(formats_of(shape)); }

std::vector<Target> targets(const Arguments& arguments, const DocumentShape& shape) {
  return targets(arguments, target_formats(shape));
}

std::vector<Target> targets(const Arguments& arguments, std::span<const TargetFormat> formats) {
  std::vector<std::string_view> names;
  for (const TargetFormat& format : formats) names.push_back(format.name);
  std::vector<Arguments::Occurrence> given;
  for (const Arguments::Occurrence& one : arguments.occurrences()) {
    if (one.id == OptionId::format || one.id == OptionId::output) given.push_back(one);
  }
  bool output_first = !given.empty() && given.size() % 2 == 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    output_first = output_first && (given[i].id == OptionId::output) == (i % 2 == 0);
  }

  std::vector<Target> found;
  std::optional<std::string_view> open;  // a format without a file so far
  const auto path_of = [](std::string_view text) { return text == "-" ? std::string() : std::string(text); };
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (output_first) {
      found.push_back({choose("--format", given[i + 1].value, names), path_of(given[i].value)});
      ++i;
    } else if (given[i].id == OptionId::format) {
      if (open) found.push_back({*open, ""});
      open = choose("--format", given[i].value, names);
    } else {
      const std::string path = path_of(given[i].value);
      found.push_back({open ? *open : format_of(path, formats), path});
      open.reset();
    }
  }
  if (open) found.push_back({*open, ""});
  if (found.empty()) found.push_back({formats.front().name, ""});
  check_distinct(found);
  return found;
}

void check_distinct(const std::vector<Target>& targets) {
  std::vector<std::string> seen;
  for (const Target& target : targets) {
    std::string name = target.path.empty() ? std::string() : identity(target.path);
    if (std::find(seen.begin(), seen.end(), name) == seen.end()) {
      seen.push_back(std::move(name));
      continue;
    }
    if (target.path.empty()) {
      throw InputError(Diagnostic{"--format", "", "standard output takes one document, found two",
                                  "give each --format an --output behind it"});
    }
    throw InputError(
        Diagnostic{"--output", "", "\"" + target.path + "\" is named twice", "each document needs a file of its own"});
  }
}

void deliver(const std::vector<Target>& targets,
             const std::function<void(const Target& target, const Output& output, Writer& out)>& render) {
  std::exception_ptr failure;
  for (const Target& target : targets) {
    try {
      Output output(target.path);
      Writer out(output);
      render(target, output, out);
      out.flush();
      output.commit();
    } catch (const OutputError& error) {
      // The reader has closed the pipe.
      if (error.error() != EPIPE && !failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

void deliver(const std::vector<Target>& targets, const Document& document) {
  deliver(targets, [&](const Target& target, const Output&, Writer& out) {
    find_output_format(target.format)->write(document, {}, out);
  });
}

void deliver(const Arguments& arguments, const std::vector<Target>& targets, const Document& document) {
  deliver(targets, [&](const Target& target, const Output& output, Writer& out) {
    find_output_format(target.format)->write(document, page_settings(arguments, output), out);
  });
}

void deliver(const Target& target, std::string_view text) {
  deliver({target}, [text](const Target&, const Output&, Writer& out) { out.text(text); });
}

}  // namespace ctxcost::cli
