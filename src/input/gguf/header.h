// The header of a GGUF file, and the config.json reconstructed from it by inverting llama.cpp's converter. Each family
// maps its keys [llama.cpp conversion/*.py, gguf-py/gguf/constants.py]. Properties without a key (biases, an output
// matrix) are derived from the tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/input/tensor_file.h"
#include "input/json/json.h"

namespace ctxcost::gguf {

/// The metadata of one architecture, the tensors, and the config built from them.
class Header {
 public:
  /// Throws InputError if the number of layers is invalid. The parts must outlive the header.
  explicit Header(const std::vector<TensorFile>& parts);

  /// Throws InputError naming the file, and `place` in it.
  [[noreturn]] void fail(const std::string& place, std::string message, std::string hint = {}) const;

  /// Returns a key under the architecture's name: "llama.block_count".
  std::string key(std::string_view name) const { return prefix_ + std::string(name); }
  const std::string& path() const { return file_.path; }
  std::uint32_t layers() const { return layers_; }
  /// Next-token-prediction layers follow the others and are included in `block_count`.
  void drop_layers(Count count);

  /// Returns a string under "general.". Empty if absent.
  std::string general(std::string_view name) const;
  bool has(std::string_view name) const { return file_.find(key(name)) != nullptr; }

  /// Return values of keys under the architecture's name. Empty if absent. Throw InputError if the type differs.
  std::optional<Count> count(std::string_view name) const;
  Count required(std::string_view name) const;
  /// Returns one value per layer, from a list or from one number for all.
  std::vector<Count> per_layer(std::string_view name) const;
  std::string string(std::string_view name) const;
  std::optional<double> real(std::string_view name) const;

  const FileTensor* tensor(const std::string& name) const;
  bool in_layer(std::uint32_t layer, std::string_view name) const;
  bool in_any_layer(std::string_view name) const;
  /// Returns the rows of that matrix in the first layer that has it. Empty if none has.
  std::optional<Count> rows_in_layers(std::string_view name) const;
  /// The token table gives the number of rows, since some converters cut or pad the vocabulary.
  Count vocabulary() const;
  /// "bfloat16", "float16" or "float32": the widest-used plain type tells what the model computes in.
  std::string_view plain_type() const;

  /// Sets a key of the config. Faults about it name the GGUF key `from`.
  void set(std::string_view name, JsonValue value, std::string from = {});
  void set(std::string_view name, Count value, std::string from = {});
  void set_flag(std::string_view name, bool value);
  void set_text(std::string_view name, std::string value);
  void set_null(std::string_view name) { set(name, JsonValue{}); }
  /// Sets a list of integers, or of strings. Faults about it name the GGUF key `from`.
  void set_counts(std::string_view name, const std::vector<Count>& values, std::string from);
  void set_texts(std::string_view name, const std::vector<std::string>& values, std::string from);
  /// Sets an object of integers, lists of integers, and flags, in that order.
  struct Members {
    std::vector<std::pair<std::string, Count>> counts = {};
    std::vector<std::pair<std::string, std::vector<Count>>> lists = {};
    std::vector<std::pair<std::string, bool>> flags = {};
  };
  void set_object(std::string_view name, const Members& members, std::string from);
  /// Copies an integer. An absent key stays absent.
  void copy(std::string_view name, std::string_view from);
  /// Copies an integer. An absent key is a fault.
  void need(std::string_view name, std::string_view from) { set(name, required(from), key(from)); }

  JsonValue take_config() { return std::move(config_); }
  /// Replaces config keys in faults by the GGUF keys, since the file has only those.
  std::string original_place(const std::string& place) const;

 private:
  Count non_negative(std::string_view name, std::int64_t value) const;
  Count scalar(std::string_view name, const GgufValue& value) const;
  Count same_in_all(std::string_view name, const GgufArray& values) const;

  const TensorFile& file_;
  std::string prefix_;
  std::uint32_t layers_ = 0;
  std::unordered_map<std::string_view, const FileTensor*> tensors_;
  JsonValue config_;
  std::unordered_map<std::string, std::string> origin_;
};

/// Layers, width, vocabulary, types, context and how it was extended: nearly the same in every architecture.
void set_frame(Header& file, std::string_view model_type);
/// Query and KV heads, and their width.
void set_heads(Header& file);
/// Queries, keys and values, and the attention's output, with or without bias.
void set_attention_bias(Header& file);
/// Frame, heads and the feed-forward's width.
void set_decoder(Header& file, std::string_view model_type);
/// Routed experts, and how many of them work for a token.
void set_experts(Header& file, std::string_view count_key);
/// A window, or null for none.
void set_window(Header& file);
/// Layers with the tensor `marker` have kind `with`, the others kind `without`.
void set_layer_types(Header& file, std::string_view marker, std::string_view with, std::string_view without);
/// KV heads of the layers that have a cache, where the others state 0.
void set_hybrid_heads(Header& file);
/// The same with biases and a window.
void plain_decoder(Header& file, std::string_view model_type);
/// Experts with always-on ones beside them, behind the first dense layers: the DeepSeek line and GLM-4.5.
void set_late_experts(Header& file);
/// inner / width, which configs state as a factor.
Count expansion(const Header& file);
/// Heads of a state space.
Count state_heads(const Header& file);
/// What Mamba and Mamba-2 layers have alike, by the keys of configs that have attention layers beside them.
void set_hybrid_mamba(Header& file);

}  // namespace ctxcost::gguf
