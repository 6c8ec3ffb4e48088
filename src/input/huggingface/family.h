// One record for each family of models: its names in files, the meaning of its keys, and its other properties.
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
/// config. `config` shows `text_config` laid over the file if there is one.
using ReadFamily = void (*)(const Config& config, Model& model);

/// Turns the keys of a GGUF into those of the config.json that llama.cpp's converter read.
using ReadGguf = void (*)(gguf::Header& file);

/// Returns whether the checkpoint holds queries, keys and values as one module "qkv_proj".
enum class FusedQueries { never, sometimes, always };

/// Module names of a family's checkpoints that differ from the usual ones [transformers models/*/modeling_*.py].
struct ModuleTraits {
  FusedQueries queries = FusedQueries::never;
  bool fused_gate = false;     ///< gate and up are one module "gate_up_proj"
  std::string_view part = {};  ///< unusual parent of its feed-forwards or mixers: "feed_forward."
  bool backbone = false;       ///< its layers are in "backbone." instead of "model."
  bool experts_apart = false;  ///< routed experts in "experts.", beside the dense feed-forward that is their shared one
};

/// What a head over labels is made of.
enum class ScoreForm {
  plain,   ///< one matrix
  biased,  ///< one matrix with bias
  dense,   ///< a square matrix and one to the labels, both with bias
  unknown,
};

/// Heads of a family's classes that do not predict the vocabulary [transformers models/*/modeling_*.py].
struct ClassHeads {
  ScoreForm sequence = ScoreForm::plain;  ///< of ...ForSequenceClassification
  ScoreForm token = ScoreForm::biased;    ///< of ...ForTokenClassification and ...ForQuestionAnswering
  ScoreForm reward = ScoreForm::unknown;  ///< of ...ForRewardModel
  bool sequence_drops_pooler = false;
  bool bare_has_head = false;  ///< its "...Model" holds the head all the same
};

struct Family {
  std::string_view model_types;         ///< separated by spaces
  std::string_view architectures = {};  ///< classes in `architectures`, for files without model_type; also separated
  ReadFamily read;
  std::string_view own_key = {};  ///< a key of the file that marks the family if both names are missing: "ssm_cfg"
  std::string_view gguf_architectures = {};  ///< its names in llama.cpp, separated by spaces
  ReadGguf read_gguf = nullptr;              ///< of those architectures
  GgufTraits gguf = {};
  ModuleTraits modules = {};
  ClassHeads heads = {};
  bool short_names = false;  ///< its config.json has the names of params.json: "dim", "n_layers", "n_heads"
};

/// All families, in the order in which they are listed.
std::span<const Family* const> families();

/// Returns the words of a space-separated list.
std::vector<std::string_view> words(std::string_view list);
/// Returns whether `word` is one of them.
bool lists(std::string_view list, std::string_view word);

/// Returns the family of that model_type, or null.
const Family* find_family(std::string_view model_type);

}  // namespace ctxcost::huggingface
