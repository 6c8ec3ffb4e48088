#include "model_config.h"

#include <sys/stat.h>

#include "ctxcost/input/catalogue.h"
#include "formats.h"
#include "input/file/text_file.h"
#include "input/saved_report/saved_report.h"

namespace ctxcost {
namespace {

bool is_directory(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// A pipe can be read only once, and the reader of the model does that.
bool is_regular_file(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

std::optional<JsonDocument> config_of(const std::string& word) {
  if (const CatalogueEntry* entry = find_in_catalogue(word)) return parse_json(entry->text, entry->id);
  std::string path = word;
  if (is_directory(path)) {
    path += (path.ends_with('/') ? "" : "/") + std::string("config.json");
  } else if (path.ends_with(".safetensors")) {
    path = path.substr(0, path.rfind('/') + 1) + "config.json";
  }
  if (path.ends_with(".gguf") || !is_regular_file(path)) {
    const std::optional<CatalogueMatch> match = match_model(word);
    if (!match || is_regular_file(path)) return std::nullopt;
    return parse_json(match->entry->text, match->entry->id);
  }
  return parse_json(read_text(path, kSavedReport), path);
}

const JsonValue& config_root(const JsonDocument& document) { return config_root(document.root); }

const JsonValue& config_root(const JsonValue& root) {
  const InputFormat* format = input_format_of(root);
  const bool record = format != nullptr && format->name == "catalogue record";
  return record ? *root.find("config") : root;
}

}  // namespace ctxcost
