// Where a model is found: the catalogue, a file, standard input, a directory.
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "changed_keys.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_catalogue.h"
#include "ctxcost/input/tensor_file.h"
#include "formats.h"
#include "input/catalogue/catalogue_record.h"
#include "input/file/text_file.h"
#include "input/gguf/gguf_model.h"
#include "input/huggingface/huggingface.h"
#include "input/json/json.h"
#include "local_stores.h"
#include "mistaken_file.h"
#include "model_files.h"

namespace ctxcost {
namespace {

/// The files of a directory that describe its model, in the order in which they are looked for: HuggingFace's, and
/// Meta's and Mistral's.
constexpr std::string_view kDescriptions[] = {"config.json", "params.json"};

constexpr const char* kChangedWeights = "weights are those of the changed description; the files beside it hold others";

std::string_view last_part(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

/// What to call a model whose file has no name for it: "llama" for llama.json, "llama" for llama/config.json.
std::string name_from(std::string_view origin) {
  if (origin == "-") return "standard input";
  for (const std::string_view file : kDescriptions) {
    if (!origin.ends_with(file) || origin.size() <= file.size() + 1) continue;
    if (origin[origin.size() - file.size() - 1] != '/') continue;
    const std::string_view folder = last_part(origin.substr(0, origin.size() - file.size() - 1));
    if (folder != "." && folder != "..") return std::string(folder);
  }
  std::string_view name = last_part(origin);
  for (const std::string_view extension : {std::string_view(".json"), std::string_view(".gguf")}) {
    if (name.ends_with(extension) && name.size() > extension.size()) name.remove_suffix(extension.size());
  }
  return std::string(name);
}

/// Writes another quantization_config into the config of a record, unless its own is already of that method.
void set_quantization(JsonValue& record, const std::string& quantization_config) {
  const auto config = std::find_if(record.members.begin(), record.members.end(),
                                   [](const JsonMember& member) { return member.key == "config"; });
  if (config == record.members.end()) return;
  std::vector<JsonMember>& members = config->value.members;
  JsonValue wanted = parse_json(quantization_config, "quantization_config").root;
  const auto method = [](const JsonValue& value) {
    const JsonValue* name = value.find("quant_method");
    return name == nullptr ? std::string() : name->text;
  };
  const auto own = std::find_if(members.begin(), members.end(),
                                [](const JsonMember& member) { return member.key == "quantization_config"; });
  if (own == members.end()) {
    members.push_back({"quantization_config", 0, std::move(wanted)});
  } else if (method(own->value) != method(wanted) || method(wanted).empty()) {
    own->value = std::move(wanted);
  }
}

/// Whether the error says that there is no such file, rather than that it cannot be looked at.
bool is_absence(int error) { return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG; }

/// Throws InputError for a file that may be there (a loop of links, a directory that may not be searched).
bool is_file(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0) return !S_ISDIR(status.st_mode);
  if (is_absence(errno)) return false;
  throw_fault(path, std::string("cannot be read: ") + std::strerror(errno));
}

/// Throws InputError for a directory whose names cannot be listed: weights in it would not be seen.
void check_listable(const std::string& folder) {
  DIR* const listing = ::opendir(folder.c_str());
  if (listing == nullptr) throw_fault(folder, std::string("cannot be read: ") + std::strerror(errno));
  ::closedir(listing);
}

/// "" for a file in the working directory.
std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

Model load_gguf(const std::string& path, const LoadOptions& options) {
  if (!options.changes.empty()) {
    throw InputError(setting_fault("set", "the keys of " + path + " are those of its tensors, and cannot be changed",
                                   "change them in a config.json"));
  }
  std::vector<TensorFile> parts = read_gguf_parts(path);
  Model model = model_from_gguf(parts, options);
  model.origin = path;
  if (model.name.empty()) model.name = name_from(path);
  attach_files(model, ModelFiles::Format::gguf, std::move(parts));
  return model;
}

/// The model of a config.json with what ModelOpt says beside it.
Model load_config(const std::string& folder, const LoadOptions& options) {
  const std::string path = folder + "config.json";
  const std::string beside = folder + "hf_quant_config.json";
  const JsonDocument config = parse_json(read_text(path, kModelDescription), path);
  if (!is_file(beside) || !looks_like_huggingface(config.root)) return read_model(config, options);
  const JsonDocument quantization = parse_json(read_text(beside, kModelDescription), beside);
  if (!quantization.root.is(JsonValue::Type::object)) {
    throw_fault(beside, "expected an object, found " + describe(quantization.root));
  }
  const auto read = [&](const JsonDocument& document) { return read_huggingface(document, quantization, options); };
  Model model = options.changes.empty() ? read(config) : read_changed(config, options.changes, read);
  model.origin = path;
  if (model.name.empty()) model.name = name_from(path);
  return model;
}

/// The model of a params.json. The weights beside it have the authors' own names and are not attached.
Model load_params(const std::string& path, const LoadOptions& options) {
  return read_model(parse_json(read_text(path, kModelDescription), path), options);
}

/// The model of a config.json with the weights beside it: safetensors, or a GGUF where there is just one.
Model load_directory(std::string_view directory, const LoadOptions& options) {
  std::string folder(directory);
  if (!folder.ends_with('/')) folder += '/';
  check_listable(folder);
  const std::string config = folder + "config.json";
  const std::vector<std::string> ggufs = gguf_models_in(folder);
  if (!is_file(config)) {
    const std::string params = folder + "params.json";
    if (is_file(params)) return load_params(params, options);
    const std::string adapter = folder + "adapter_config.json";
    if (is_file(adapter)) return read_model(parse_json(read_text(adapter, kModelDescription), adapter), options);
    if (ggufs.size() == 1) return load_gguf(folder + ggufs.front(), options);
    if (ggufs.empty()) throw_fault(directory, "expected a config.json or a .gguf file in this directory, found none");
    throw_fault(directory, "expected a config.json or one .gguf model, found " + std::to_string(ggufs.size()),
                "name one of them: " + folder + ggufs.front());
  }
  Model model = load_config(folder, options);
  if (is_file(folder + "adapter_config.json")) {
    model.notes.emplace_back("the adapter beside the config.json (adapter_config.json) is not counted");
  }
  if (!options.changes.empty()) {
    model.notes.emplace_back(kChangedWeights);
  } else if (std::vector<TensorFile> files = read_checkpoint(folder); !files.empty()) {
    attach_files(model, ModelFiles::Format::safetensors, std::move(files));
  } else if (ggufs.size() == 1) {
    attach_files(model, ModelFiles::Format::gguf, read_gguf_parts(folder + ggufs.front()));
  } else if (ggufs.size() > 1) {
    model.notes.push_back("the directory holds " + std::to_string(ggufs.size()) +
                          " GGUF models: none of them was read; name one to count its weights");
  }
  return model;
}

/// Safetensors hold tensors only: heads, windows and positions are in the config.
Model load_safetensors(const std::string& path, const LoadOptions& options) {
  const std::string folder = folder_of(path);
  const std::string config = folder + "config.json";
  if (!is_file(config)) {
    throw_fault(path, "expected a config.json beside this file, found none",
                "safetensors hold weights but no description");
  }
  // One shard stands for its checkpoint.
  if (is_file(folder + "model.safetensors.index.json")) return load_directory(folder.empty() ? "." : folder, options);
  Model model = load_config(folder, options);
  if (!options.changes.empty()) {
    model.notes.emplace_back(kChangedWeights);
    return model;
  }
  std::vector<TensorFile> files;
  files.push_back(read_safetensors(path));
  attach_files(model, ModelFiles::Format::safetensors, std::move(files));
  return model;
}

[[noreturn]] void fail_unknown(std::string_view name) {
  throw_fault(name, "no such file, and no model of that name in the catalogue", hint_for_model(name));
}

/// A name that is no file: the model that it means all the same, with a note on what was read into it.
Model load_by_loose_name(std::string_view name, const LoadOptions& options) {
  // "models/llama-3.1-8b" is a missing file where there is a folder "models".
  const std::size_t slash = name.find('/');
  struct stat status;
  const bool path = slash != std::string_view::npos && stat(std::string(name.substr(0, slash)).c_str(), &status) == 0;
  const std::optional<CatalogueMatch> match = path ? std::nullopt : match_model(name);
  if (!match) fail_unknown(name);
  return load_model(*match, options);
}

/// A model in a store of another program, by its full name, with a note on the file that was read.
std::optional<Model> load_stored(std::string_view name, const LoadOptions& options) {
  const std::optional<StoredModel> stored = find_stored_model(name);
  if (!stored) return std::nullopt;
  const bool one_file = is_file(stored->path);
  Model model = one_file ? load_gguf(stored->path, options) : load_directory(stored->path, options);
  // A directory of a store is named after a revision.
  if (!one_file) model.name = last_part(name);
  model.notes.push_back(stored->note);
  return model;
}

}  // namespace

Model load_catalogue_model(const CatalogueEntry& entry, const LoadOptions& options) {
  return read_model(entry, parse_json(entry.text, entry.id), options);
}

Model read_model(const CatalogueEntry& entry, const JsonDocument& document, const LoadOptions& options) {
  Model model = read_model(document, options);
  model.id = entry.id;
  model.origin = "catalogue";
  return model;
}

namespace {

/// Reads a description as it stands.
Model read_unchanged(const JsonDocument& document, const LoadOptions& options) {
  const std::string& origin = document.source;
  // No file that is named by mistake has the keys of a record.
  const bool record = looks_like_catalogue_record(document.root);
  if (const std::optional<MistakenFile> mistaken = record ? std::nullopt : mistaken_file(document.root)) {
    throw_fault(origin, "expected a model's description, found " + mistaken->what, mistaken->hint);
  }
  if (!document.root.is(JsonValue::Type::object)) {
    throw_fault(origin, "expected an object that describes a model, found " + describe(document.root));
  }
  const InputFormat* format = input_format_of(document.root);
  if (format == nullptr) {
    throw_fault(
        origin,
        "expected a model: \"layers\", \"heads\" and \"d_k\", or a published config.json with its \"model_type\", "
        "found neither");
  }
  Model model = format->read(document, options);
  model.origin = origin;
  if (model.name.empty()) model.name = name_from(origin);
  return model;
}

}  // namespace

Model read_model(const JsonDocument& document, const LoadOptions& options) {
  if (options.changes.empty()) return read_unchanged(document, options);
  LoadOptions unchanged = options;
  unchanged.changes.clear();
  return read_changed(document, options.changes,
                      [&unchanged](const JsonDocument& changed) { return read_unchanged(changed, unchanged); });
}

Model parse_model(std::string_view text, std::string_view origin, const LoadOptions& options) {
  return read_model(parse_json(text, origin), options);
}

Model load_model(const CatalogueMatch& match, const LoadOptions& options) {
  const CatalogueEntry& entry = *match.entry;
  JsonDocument document = parse_json(entry.text, entry.id);
  if (!match.weights.quantization_config.empty()) set_quantization(document.root, match.weights.quantization_config);
  Model model = read_model(entry, document, options);
  model.named_weights = match.weights.scheme;
  if (match.weights.unknown()) {
    model.stored.emplace();
    model.stored->name = match.weights.words;
    model.stored->known = false;
  }
  if (!match.note.empty()) {
    model.notes.push_back(match.note);
    model.assumptions.push_back(match.note);
  }
  return model;
}

Model load_model(std::string_view name, const LoadOptions& options) {
  if (const CatalogueEntry* entry = find_in_catalogue(name)) {
    // Whoever has the checkpoint of that full name means it.
    if (std::optional<Model> stored = load_stored(name, options)) return *std::move(stored);
    return load_catalogue_model(*entry, options);
  }
  if (name == "-") return parse_model(read_text("-", kModelDescription), "-", options);
  const std::string path(name);
  if (path.find('\0') != std::string::npos || path.empty()) fail_unknown(name);
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    if (is_absence(errno)) {
      if (std::optional<Model> stored = load_stored(name, options)) return *std::move(stored);
      return load_by_loose_name(name, options);
    }
    throw_fault(name, std::string("cannot be read: ") + std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) return load_directory(name, options);
  if (name.ends_with(".gguf")) return load_gguf(path, options);
  if (name.ends_with(".safetensors")) return load_safetensors(path, options);
  if (last_part(path) == "config.json") return load_config(folder_of(path), options);
  if (path.ends_with(".safetensors.index.json") && is_file(folder_of(path) + "config.json")) {
    const std::string folder = folder_of(path);
    return load_directory(folder.empty() ? "." : folder, options);
  }
  return parse_model(read_text(path, kModelDescription), name, options);
}

}  // namespace ctxcost
