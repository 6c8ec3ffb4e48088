#include "ctxcost/core/diagnostic.h"

#include <algorithm>
#include <utility>

#include "printable.h"

namespace ctxcost {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Edit distance with adjacent transpositions (optimal string alignment), case ignored.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

Diagnostic setting_fault(std::string key, std::string message, std::string hint) {
  return {std::move(key), "", std::move(message), std::move(hint), true};
}

void throw_fault(std::string_view source, std::string message, std::string hint) {
  throw InputError(Diagnostic{std::string(source), "", std::move(message), std::move(hint)});
}

std::string to_string(const Diagnostic& diagnostic) {
  std::string line;
  for (const std::string* part : {&diagnostic.source, &diagnostic.place}) {
    if (part->empty()) continue;
    // This is the form of compilers: "file:12:9: …", but "file: /heads: …".
    const bool digit = part->front() >= '0' && part->front() <= '9';
    const bool line_number = part == &diagnostic.place && digit && !diagnostic.source.empty();
    if (line_number) line.pop_back();
    line += printable(*part);
    line += ": ";
  }
  line += printable(diagnostic.message);
  if (!diagnostic.hint.empty()) {
    // A hint that is a question follows a semicolon. Other hints are in brackets.
    const bool question = diagnostic.hint.back() == '?';
    line += question ? "; " : " (";
    line += printable(diagnostic.hint);
    if (!question) line += ')';
  }
  return line;
}

InputError::InputError(Diagnostic diagnostic) : InputError(std::vector<Diagnostic>{std::move(diagnostic)}) {}

InputError::InputError(std::vector<Diagnostic> diagnostics) : diagnostics_(std::move(diagnostics)) {
  for (const Diagnostic& diagnostic : diagnostics_) {
    if (!text_.empty()) text_ += '\n';
    text_ += to_string(diagnostic);
  }
}

std::string_view near_match(std::string_view word, std::span<const std::string_view> candidates) {
  // A third of the word may be wrong, two letters at least, one of a short word: "kv_head" finds "kv_heads", "gatd"
  // finds "gated", "sink" does not find "kind".
  constexpr std::size_t kLongestWord = 64;
  if (word.size() < 2 || word.size() > kLongestWord) return {};
  std::string_view best;
  const std::size_t allowed = word.size() <= 4 ? 1 : std::max<std::size_t>(2, word.size() / 3);
  std::size_t best_distance = allowed + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < std::max(word.size(), candidate.size())) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view match = near_match(word, candidates);
  if (match.empty()) return {};
  return "did you mean \"" + std::string(match) + "\"?";
}

}  // namespace ctxcost
