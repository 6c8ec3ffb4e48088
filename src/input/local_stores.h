// Models that other programs have stored on this machine: the cache of HuggingFace's hub, the stores of Ollama and LM
// Studio. Nothing is written, and nothing is asked of a network.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ctxcost {

/// A stored model.
struct StoredModel {
  std::string path;  ///< of its directory or GGUF file
  std::string name;  ///< as it was asked for
  std::string note;  ///< which store it was found in, and the file that is read
};

/// Finds a model by its full name: "org/name" in the hub's cache (HF_HUB_CACHE, else HF_HOME/hub, else
/// ~/.cache/huggingface/hub), "name:tag" in Ollama's store (OLLAMA_MODELS, else ~/.ollama/models), and
/// "publisher/repo" or "publisher/repo/file.gguf" in LM Studio's (~/.lmstudio/models, ~/.cache/lm-studio/models). Empty
/// if there is none. Throws InputError for an entry of a store that cannot be followed.
std::optional<StoredModel> find_stored_model(std::string_view name);

}  // namespace ctxcost
