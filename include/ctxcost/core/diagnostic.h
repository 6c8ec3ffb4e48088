// What is wrong with an input, where, and what to do about it.
#pragma once

#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ctxcost {

/// One fault or warning. It prints as one line.
struct Diagnostic {
  std::string source;   ///< file, "-", catalogue name or setting; empty if there is none
  std::string place;    ///< JSON Pointer ("/heads") or "line:column"; empty for the whole source
  std::string message;  ///< "expected a positive integer, found "32""
  std::string hint;     ///< one thing to try; empty if nothing helps
  /// True if `source` is the key of a setting ("kv_precision", "engine vllm"). A program shows the key as its users
  /// write it.
  bool of_setting = false;

  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

/// Returns a fault of the setting with that key.
Diagnostic setting_fault(std::string key, std::string message, std::string hint = "");

/// "model.json: /heads: expected a positive integer, found "32" (remove the quotes)". Unprintable characters in the
/// parts are escaped, so that the result is one line.
std::string to_string(const Diagnostic& diagnostic);

/// Thrown when no answer can be given. Holds every fault found, in the order of the input. Exit status 2.
class InputError : public std::exception {
 public:
  explicit InputError(Diagnostic diagnostic);
  explicit InputError(std::vector<Diagnostic> diagnostics);
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }
  /// Returns all faults, one per line.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::vector<Diagnostic> diagnostics_;
  std::string text_;
};

/// Throws an InputError with one fault that concerns the whole of `source`.
[[noreturn]] void throw_fault(std::string_view source, std::string message, std::string hint = "");

/// Thrown when a count exceeds 128 bits at a point. If the user did not ask for that point, as in a search, the input
/// is not at fault.
class OverflowError : public InputError {
 public:
  using InputError::InputError;
};

/// Returns the candidate nearest to `word` by edit distance, ignoring case. Empty if none is near enough to be a typing
/// error.
std::string_view near_match(std::string_view word, std::span<const std::string_view> candidates);

/// Returns `did you mean "a"?` for one name, `it may be a, b, c` for several (eight at most), empty for none.
std::string may_be_one_of(std::span<const std::string> names);

/// Returns what `word` may have stood for: the candidate that is near as a typing error, or else those whose first
/// words it is ("kv_cache" of "kv_cache_bytes"). Empty if there are none.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace ctxcost
