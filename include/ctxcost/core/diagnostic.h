// What is wrong with an input, where, and what to do about it.
#pragma once

#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ctxcost {

/// One fault or warning: always one line when printed.
struct Diagnostic {
  std::string source;   ///< file, "-", catalogue name or setting; empty when there is none
  std::string place;    ///< JSON Pointer ("/heads") or "line:column"; empty for the whole source
  std::string message;  ///< "expected a positive integer, found "32""
  std::string hint;     ///< one thing to try; empty when nothing helps
  /// `source` is the key of a setting ("kv_precision", "engine vllm"): a program says how its users write it.
  bool of_setting = false;

  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

/// What is wrong with a setting of that key.
Diagnostic setting_fault(std::string key, std::string message, std::string hint = "");

/// "model.json: /heads: expected a positive integer, found "32" (remove the quotes)". What is not
/// printable inside the parts is escaped, so that the result is one line.
std::string to_string(const Diagnostic& diagnostic);

/// No answer can be given: every fault that was found, in the order of the input. Exit status 2.
class InputError : public std::exception {
 public:
  explicit InputError(Diagnostic diagnostic);
  explicit InputError(std::vector<Diagnostic> diagnostics);
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }
  /// All faults, one a line.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::vector<Diagnostic> diagnostics_;
  std::string text_;
};

/// Throws the InputError of one fault, in the whole of `source`.
[[noreturn]] void throw_fault(std::string_view source, std::string message, std::string hint = "");

/// A count left 128 bits at a point: no fault of the input where nobody asked for that point, as in a search.
class OverflowError : public InputError {
 public:
  using InputError::InputError;
};

/// The candidate nearest to `word` by edit distance (case ignored), or empty when none is near enough to be a slip.
std::string_view near_match(std::string_view word, std::span<const std::string_view> candidates);

/// `did you mean "kv_heads"?`, or empty when nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace ctxcost
