// The list of output formats, in the order in which they are shown. A new one is a file of its own and a line here.
#include "ctxcost/render.h"

#define CTXCOST_OUTPUT_FORMATS(ROW) \
  ROW(kTable)                       \
  ROW(kJson)                        \
  ROW(kNdjson)                      \
  ROW(kCsv)                         \
  ROW(kMarkdown)

namespace ctxcost {

#define CTXCOST_DECLARE(name) extern const OutputFormat name;
CTXCOST_OUTPUT_FORMATS(CTXCOST_DECLARE)
#undef CTXCOST_DECLARE

std::span<const OutputFormat* const> output_formats() {
#define CTXCOST_ADDRESS(name) &name,
  static constexpr const OutputFormat* kAll[] = {CTXCOST_OUTPUT_FORMATS(CTXCOST_ADDRESS)};
#undef CTXCOST_ADDRESS
  return kAll;
}

const OutputFormat* find_output_format(std::string_view name) {
  for (const OutputFormat* format : output_formats()) {
    if (format->name == name) return format;
  }
  return nullptr;
}

const OutputFormat* output_format_of(std::string_view path) {
  for (const OutputFormat* format : output_formats()) {
    std::string_view rest = format->extensions;
    while (!rest.empty()) {
      const std::size_t space = rest.find(' ');
      const std::string_view extension = rest.substr(0, space);
      if (path.size() > extension.size() && path.ends_with(extension)) return format;
      rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
    }
  }
  return nullptr;
}

}  // namespace ctxcost
