// One record for each family of models: how its files name it, what their keys mean, and what is known of it beside.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "config.h"
#include "ctxcost/model/gguf_traits.h"
#include "ctxcost/model/model.h"

/// Defines a Family that families.cc can list by its name (a plain const would be local to its file).
#define CTXCOST_FAMILY(name) \
  extern const Family name;  \
  const Family name

namespace ctxcost::gguf {
class Header;
}

namespace ctxcost::huggingface {

/// Fills groups, tensors, widths and positions of the model. Name, family and types are set already; faults go to the
/// config. `config` shows `text_config` laid over the file where there is one.
using ReadFamily = void (*)(const Config& config, Model& model);

/// Turns the keys of a GGUF into those of the config.json that llama.cpp's converter read.
using ReadGguf = void (*)(gguf::Header& file);

/// Whether the checkpoint holds queries, keys and values as one module "qkv_proj".
enum class FusedQueries { never, sometimes, always };

/// What the modules of a family's checkpoints are called, where others differ [transformers models/*/modeling_*.py].
struct ModuleTraits {
  FusedQueries queries = FusedQueries::never;
  bool fused_gate = false;     ///< gate and up are one module "gate_up_proj"
  std::string_view part = {};  ///< what its feed-forwards or mixers stand in, where that is rare: "feed_forward."
  bool backbone = false;       ///< its layers stand in "backbone.", not in "model."
};

struct Family {
  std::string_view model_types;         ///< separated by spaces
  std::string_view architectures = {};  ///< classes in `architectures`, for files without model_type; also separated
  ReadFamily read;
  std::string_view own_key = {};  ///< a key of the file that marks the family where both names are missing: "ssm_cfg"
  std::string_view gguf_architectures = {};  ///< what llama.cpp calls it, separated by spaces
  ReadGguf read_gguf = nullptr;              ///< of those architectures
  GgufTraits gguf = {};
  ModuleTraits modules = {};
};

/// All families, in the order in which they are listed.
std::span<const Family* const> families();

/// The words of a list, which spaces separate.
std::vector<std::string_view> words(std::string_view list);
/// Whether `word` is one of them.
bool lists(std::string_view list, std::string_view word);

/// The family of that model_type, or null.
const Family* find_family(std::string_view model_type);

}  // namespace ctxcost::huggingface
