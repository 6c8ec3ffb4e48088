// The list of output formats, in the order in which they are shown. A new one is a file of its own and a line here.
#include "document.h"

#define CTXCOST_OUTPUT_FORMATS(ROW) \
  ROW(kTable)                       \
  ROW(kJson)                        \
  ROW(kNdjson)                      \
  ROW(kCsv)                         \
  ROW(kMarkdown)                    \
  ROW(kJunit)                       \
  ROW(kSarif)                       \
  ROW(kGithub)

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

std::vector<const OutputFormat*> formats_of(const DocumentShape& shape) {
  std::vector<const OutputFormat*> found;
  for (const OutputFormat* format : output_formats()) {
    if ((shape.parts & static_cast<unsigned>(format->needs)) != 0) found.push_back(format);
  }
  return found;
}

const OutputFormat* find_output_format(std::string_view name) {
  for (const OutputFormat* format : output_formats()) {
    if (format->name == name) return format;
  }
  return nullptr;
}

}  // namespace ctxcost
