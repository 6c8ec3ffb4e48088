// The two sides of a difference: a saved report is told from a model by its keys.
#include <sys/stat.h>

#include <utility>

#include "ctxcost/answer/difference.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/catalogue.h"
#include "input/formats.h"
#include "input/local_stores.h"
#include "input/model_config.h"
#include "input/saved_report/saved_report.h"

namespace ctxcost {
namespace {

bool is_file(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

/// JSON that may be a model or a report.
bool is_json_file(const std::string& name) {
  return name == "-" || (find_in_catalogue(name) == nullptr && is_file(name) && !name.ends_with(".gguf") &&
                         !name.ends_with(".safetensors"));
}

}  // namespace

Comparand parse_comparand(std::string_view text, std::string_view origin, const LoadOptions& options) {
  auto document = std::make_shared<const JsonDocument>(parse_json(text, origin));
  std::string name(origin);
  if (looks_like_saved_report(document->root)) {
    if (!options.changes.empty()) {
      throw InputError(setting_fault("set", name + " is a saved report, whose figures stand as they are", ""));
    }
    return {std::move(name), read_saved_report(*document)};
  }
  Model model = read_model(*document, options);
  return {std::move(name), ComparedModel{std::move(model), std::move(document)}};
}

Comparand load_comparand(const std::string& name, const LoadOptions& options) {
  // Reads the file only once, since it may be a pipe.
  if (is_json_file(name)) return parse_comparand(read_text(name, kSavedReport), name, options);
  const CatalogueEntry* const entry = find_in_catalogue(name);
  if (entry != nullptr && !find_stored_model(name)) {
    auto document = std::make_shared<const JsonDocument>(parse_json(entry->text, entry->id));
    Model model = read_model(*entry, *document, options);
    return {name, ComparedModel{std::move(model), std::move(document)}};
  }
  ComparedModel compared{load_model(name, options), nullptr};
  if (std::optional<JsonDocument> config = config_of(name)) {
    compared.config = std::make_shared<const JsonDocument>(*std::move(config));
  }
  return {name, std::move(compared)};
}

}  // namespace ctxcost
