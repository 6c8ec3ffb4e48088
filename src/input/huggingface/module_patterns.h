// Lists of module names in `quantization_config`, and the meaning of an entry in each kind of list.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "python_pattern.h"

namespace ctxcost::huggingface {

/// How an entry without "re:" is read. Paths are compared without the parts "model" and "language_model", which text
/// models nested in others have in front.
enum class ModuleNames {
  /// Parts of the path in a row, "*" for any one: "lm_head", "mlp" and "model.layers.*.self_attn" mean the module and
  /// what is in it. [transformers quantizers/quantizers_utils.py, vLLM quantization/utils/quant_utils.py]
  parts,
  /// The whole path, or the class "Linear". [compressed-tensors utils/match.py]
  whole,
  /// The same as `parts` without "*", "?" or "["; with them fnmatch's wildcards for a whole path.
  /// [TensorRT Model Optimizer, exclude_modules; vLLM quantization/modelopt.py]
  wildcards,
};

/// One list, ready to be asked. "re:" and a regular expression is read as Python's `re.match` does, by every kind.
class ModulePatterns {
 public:
  explicit ModulePatterns(ModuleNames names = ModuleNames::parts) : names_(names) {}
  /// Sets the prefixes of "layers." in the model's own paths. Call it before any query.
  void set_roots(std::vector<std::string> roots) { roots_ = std::move(roots); }

  /// Throws PatternFault.
  void add(std::string_view entry);
  bool empty() const { return !any_linear_ && literals_.empty() && expressions_.empty(); }

  /// Whether the module of that name below layer i ("mlp.up_proj") is meant, for i from 0 to `layers` - 1. Throws
  /// PatternFault where the list takes more work than any real one.
  const std::vector<bool>& layers_meant(std::string_view module, std::uint32_t layers);
  /// The same for a module that is in no layer ("lm_head"), or for a whole path without its root.
  bool means(std::string_view path);

 private:
  struct Expression {
    std::optional<PythonPattern> pattern;  ///< none where the literals tell
    bool plain_path;                       ///< is matched against the path without roots
    /// The expression is ".*", one of these, and anything behind. Empty where it is another.
    std::vector<std::string> literals;
    std::optional<bool> in_every_layer;                ///< one of the literals stands before the layers' numbers
    std::map<PythonPattern::State, bool> below_layer;  ///< by what is known of a path from the layer's number on
  };

  void add_literal(std::string literal);
  void add_expression(std::string_view text, bool plain_path);
  /// Whether paths match that begin as the model's own do and go on with `rest`.
  bool has_literal(const Expression& expression, std::string_view rest) const;
  bool match(Expression& expression, PythonPattern::State rest, std::string_view before);
  void check_work() const;

  ModuleNames names_;
  std::vector<std::string> roots_ = {"model."};
  bool any_linear_ = false;
  std::set<std::string, std::less<>> literals_;  ///< without the parts that say nothing
  /// A literal that begins with a layer's number.
  struct Numbered {
    std::uint32_t layer;
    bool below_layers;  ///< "layers." stands before the number
  };
  std::map<std::string, std::vector<Numbered>, std::less<>> numbered_;  ///< by what follows the number
  std::vector<Expression> expressions_;
  std::size_t instructions_ = 0;                                                            ///< of all of them
  std::map<std::string, std::map<std::uint32_t, std::vector<bool>>, std::less<>> answers_;  ///< by module and layers
};

/// The path without the parts "model" and "language_model".
std::string plain_path(std::string_view path);

/// The regular expression that matches what `fnmatch` matches. [Python Lib/fnmatch.py, translate]
std::string expression_of_wildcards(std::string_view text);

}  // namespace ctxcost::huggingface
