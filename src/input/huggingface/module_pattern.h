// Patterns by which `quantization_config` names modules: parts of a dotted path, or "re:" and a regular expression.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ctxcost::huggingface {

/// A pattern of `modules_to_not_convert` or `ignore`, ready to be matched.
class ModulePattern {
 public:
  /// "lm_head", "model.layers.*.self_attn", "re:.*self_attn.*". Never throws: what is not understood matches nothing.
  explicit ModulePattern(std::string_view text);

  /// False for a regular expression outside the subset: literals, `.`, `\d`, character sets, groups of alternatives,
  /// the quantifiers `*`, `+`, `?`, and anchors.
  bool understood() const { return understood_; }
  /// Whether the module, or one around it, is meant: "lm_head" means "lm_head", "mlp" means
  /// "model.layers.0.mlp.up_proj".
  bool matches(std::string_view module) const;

 private:
  struct Atom {
    enum class Kind { set, group, end } kind = Kind::set;
    std::string characters;  ///< of a set; empty = any
    bool negated = false;
    std::vector<std::vector<Atom>> branches;  ///< of a group
    bool optional = false;
    bool repeated = false;
  };
  using Sequence = std::vector<Atom>;
  struct Matcher;

  bool parse(std::string_view text, std::size_t& at, std::vector<Sequence>& branches, int depth) const;

  bool is_regex_ = false;
  bool understood_ = true;
  std::vector<std::string> parts_;
  std::vector<Sequence> branches_;
};

}  // namespace ctxcost::huggingface
