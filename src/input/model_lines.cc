#include "ctxcost/input/model_lines.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "file/line_reader.h"

namespace ctxcost {
namespace {

constexpr std::string_view kBlank = " \t\r";

/// Returns whether a line can only be the beginning of a description that goes on in the next.
bool is_first_of_several(std::string_view line) {
  const std::size_t first = line.find_first_not_of(kBlank);
  const std::size_t last = line.find_last_not_of(kBlank);
  return first == last && (line[first] == '{' || line[first] == '[');
}

}  // namespace

ModelLines::ModelLines(std::string path, const LoadOptions& options)
    : lines_(std::make_unique<LineReader>(std::move(path), kModelDescription)), options_(options) {}

ModelLines::~ModelLines() = default;

std::optional<Model> ModelLines::next() {
  for (;;) {
    const std::optional<std::string_view> line = lines_->next();
    if (!line) return std::nullopt;
    if (line->find_first_not_of(kBlank) == std::string_view::npos) continue;
    const std::string origin = lines_->path() + ":" + std::to_string(lines_->number());
    if (is_first_of_several(*line)) {
      throw_fault(origin, "expected a whole model description on one line, found \"" + std::string(*line) + "\"",
                  "`jq -c .` writes one a line");
    }
    return parse_model(*line, origin, options_);
  }
}

}  // namespace ctxcost
