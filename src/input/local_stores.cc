#include "local_stores.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/divided.h"
#include "ctxcost/core/diagnostic.h"
#include "input/file/text_file.h"
#include "input/json/json.h"

namespace ctxcost {
namespace {

constexpr TextLimit kStoreEntry = {std::size_t{1} << 20, "an entry of a store of models"};

bool is_directory_at(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_regular_at(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// A directory below the user's home; empty if there is no home.
std::string below_home(std::string_view path) {
  const std::string home = environment("HOME");
  return home.empty() ? std::string() : home + "/" + std::string(path);
}

/// Names in a directory that do not begin with a dot, sorted; none if it cannot be read.
std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  DIR* const open = opendir(directory.c_str());
  if (open == nullptr) return names;
  while (const dirent* const entry = readdir(open)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  closedir(open);
  std::sort(names.begin(), names.end());
  return names;
}

/// Splits a name at a character. A part that is empty or begins with a dot makes it no name of a store.
std::vector<std::string> parts_of_name(std::string_view name, char separator) {
  std::vector<std::string> parts;
  for (const std::string_view part : divided(name, separator)) {
    if (part.empty() || part.front() == '.') return {};
    parts.emplace_back(part);
  }
  return parts;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

StoredModel stored(std::string_view name, std::string path, std::string_view store, const std::string& file) {
  return {std::move(path), std::string(name), std::string(store) + " on this machine: " + file + " was read"};
}

/// [huggingface_hub file_download.py: models--org--name/refs/main names a directory of snapshots/]
std::optional<StoredModel> find_in_hub_cache(std::string_view name) {
  const std::vector<std::string> parts = parts_of_name(name, '/');
  if (parts.size() != 2) return std::nullopt;
  std::string cache = environment("HF_HUB_CACHE");
  if (cache.empty() && !environment("HF_HOME").empty()) cache = environment("HF_HOME") + "/hub";
  if (cache.empty()) cache = below_home(".cache/huggingface/hub");
  if (cache.empty()) return std::nullopt;
  const std::string model = cache + "/models--" + parts[0] + "--" + parts[1];
  if (!is_directory_at(model)) return std::nullopt;
  std::vector<std::string> revisions;
  const std::string main = model + "/refs/main";
  if (is_regular_at(main)) {
    revisions.push_back(trimmed(read_text(main, kStoreEntry)));
  } else {
    revisions = names_in(model + "/snapshots");
  }
  // Several revisions without a main one: none of them is the model that the name means.
  if (revisions.size() != 1 || parts_of_name(revisions.front(), '/').size() != 1) return std::nullopt;
  const std::string snapshot = model + "/snapshots/" + revisions.front();
  if (is_regular_at(snapshot + "/config.json")) {
    return stored(name, snapshot, "the HuggingFace cache", snapshot + "/config.json");
  }
  const std::vector<std::string> files = names_in(snapshot);
  const auto is_gguf = [](const std::string& file) { return file.ends_with(".gguf"); };
  if (std::any_of(files.begin(), files.end(), is_gguf)) {
    return stored(name, snapshot, "the HuggingFace cache", snapshot);
  }
  return std::nullopt;
}

/// The layer of a manifest that is a GGUF: "sha256:…". Empty if it has none.
std::string model_layer(const std::string& manifest) {
  const JsonDocument document = parse_json(read_text(manifest, kStoreEntry), manifest);
  const JsonValue* const layers = document.root.find("layers");
  if (layers == nullptr) return {};
  for (const JsonValue& layer : layers->items) {
    const JsonValue* const type = layer.find("mediaType");
    const JsonValue* const digest = layer.find("digest");
    if (type == nullptr || digest == nullptr) continue;
    if (type->text == "application/vnd.ollama.image.model") return digest->text;
  }
  return {};
}

/// [ollama server/modelpath.go: manifests/HOST/NAMESPACE/NAME/TAG; a name without a namespace is in "library"]
std::optional<StoredModel> find_in_ollama(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::vector<std::string> parts = parts_of_name(name.substr(0, colon), '/');
  const std::vector<std::string> tag = parts_of_name(name.substr(colon + 1), '/');
  if (parts.empty() || parts.size() > 2 || tag.size() != 1) return std::nullopt;
  std::string store = environment("OLLAMA_MODELS");
  if (store.empty()) store = below_home(".ollama/models");
  if (store.empty()) return std::nullopt;
  std::string rest = "/";
  rest.append(parts.size() == 1 ? "library" : parts.front()).append("/").append(parts.back()).append("/");
  rest.append(tag.front());
  for (const std::string& host : names_in(store + "/manifests")) {
    std::string manifest = store;
    manifest.append("/manifests/").append(host).append(rest);
    if (!is_regular_at(manifest)) continue;
    std::string digest = model_layer(manifest);
    std::replace(digest.begin(), digest.end(), ':', '-');
    if (parts_of_name(digest, '/').size() != 1) {
      throw_fault(manifest, "expected a layer of the type application/vnd.ollama.image.model, found none");
    }
    std::string blob = store;
    blob.append("/blobs/").append(digest);
    if (!is_regular_at(blob)) throw_fault(manifest, "its model is not in the store: " + blob);
    return stored(name, blob, "Ollama's store", blob);
  }
  return std::nullopt;
}

std::optional<StoredModel> find_in_lm_studio(std::string_view name) {
  const std::vector<std::string> parts = parts_of_name(name, '/');
  if (parts.size() != 2 && !(parts.size() == 3 && parts[2].ends_with(".gguf"))) return std::nullopt;
  for (const char* const folder : {".lmstudio/models", ".cache/lm-studio/models"}) {
    std::string path = below_home(folder);
    if (path.empty()) return std::nullopt;
    for (const std::string& part : parts) path.append("/").append(part);
    if (parts.size() == 3 ? is_regular_at(path) : is_directory_at(path)) {
      return stored(name, path, "LM Studio's store", path);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<StoredModel> find_stored_model(std::string_view name) {
  constexpr std::size_t kLongestStoredName = 256;
  if (name.size() > kLongestStoredName || name.find('\0') != std::string_view::npos) return std::nullopt;
  if (std::optional<StoredModel> model = find_in_hub_cache(name)) return model;
  if (std::optional<StoredModel> model = find_in_ollama(name)) return model;
  return find_in_lm_studio(name);
}

}  // namespace ctxcost
