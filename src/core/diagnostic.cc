#include "ctxcost/core/diagnostic.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "character.h"
#include "printable.h"

namespace ctxcost {
namespace {

/// The longest word that has a near match.
constexpr std::size_t kLongestWord = 64;

/// The edit distance of a word of at most 64 characters to others, with adjacent transpositions (optimal string
/// alignment), case ignored: a column of the table of distances is two words of bits, its steps up and its steps down
/// [Hyyrö 2003, A bit-vector algorithm for computing Levenshtein and Damerau edit distances].
class EditDistance {
 public:
  explicit EditDistance(std::string_view word) : size_(word.size()), last_(std::uint64_t{1} << (word.size() - 1)) {
    std::uint64_t place = 1;
    for (const char c : word) {
      places_[static_cast<unsigned char>(lower_case(c))] |= place;
      places_[static_cast<unsigned char>(upper_case(c))] |= place;
      place <<= 1U;
    }
  }

  /// Returns the distance, or `limit` where it is no less.
  std::size_t to(std::string_view other, std::size_t limit) const {
    // Each character that the word has not is an edit of its own.
    std::size_t strange = 0;
    for (const char c : other) {
      if (places_[static_cast<unsigned char>(c)] == 0 && ++strange >= limit) return limit;
    }
    std::uint64_t up = ~std::uint64_t{0}, down = 0, diagonal = 0, places_before = 0;
    std::size_t distance = size_;
    for (std::size_t left = other.size(); left > 0; --left) {
      const std::uint64_t places = places_[static_cast<unsigned char>(other[other.size() - left])];
      const std::uint64_t swapped = ((~diagonal & places) << 1U) & places_before;
      diagonal = (((places & up) + up) ^ up) | places | down | swapped;
      std::uint64_t right = down | ~(diagonal | up);
      const std::uint64_t back = diagonal & up;
      if ((right & last_) != 0) ++distance;
      if ((back & last_) != 0) --distance;
      // Each character behind this one takes away one at most.
      if (distance + 1 >= limit + left) return limit;
      right = (right << 1U) | 1U;
      up = (back << 1U) | ~(diagonal | right);
      down = right & diagonal;
      places_before = places;
    }
    return std::min(distance, limit);
  }

 private:
  std::array<std::uint64_t, 256> places_{};  ///< of each character in the word
  std::size_t size_;
  std::uint64_t last_;
};

/// Returns whether `name` is `word` and further words behind it, case ignored: "kv_cache_bytes" goes on "kv_cache".
bool goes_on(std::string_view name, std::string_view word) {
  if (word.size() < 2 || name.size() <= word.size() || (name[word.size()] != '_' && name[word.size()] != '-')) {
    return false;
  }
  return std::equal(word.begin(), word.end(), name.begin(),
                    [](char a, char b) { return lower_case(a) == lower_case(b); });
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
  if (word.size() < 2 || word.size() > kLongestWord) return {};
  std::string_view best;
  const std::size_t allowed = word.size() <= 4 ? 1 : std::max<std::size_t>(2, word.size() / 3);
  std::size_t best_distance = allowed + 1;
  const EditDistance distance_from(word);
  for (const std::string_view candidate : candidates) {
    // Each edit changes the length by one at most.
    if (candidate.size() + best_distance <= word.size() || word.size() + best_distance <= candidate.size()) continue;
    const std::size_t distance = distance_from.to(candidate, best_distance);
    if (distance < best_distance && distance < std::max(word.size(), candidate.size())) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string may_be_one_of(std::span<const std::string> names) {
  if (names.empty()) return {};
  if (names.size() == 1) return "did you mean \"" + names.front() + "\"?";
  constexpr std::size_t kMost = 8;
  std::string list = "it may be ";
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    if (i > 0) list += ", ";
    list += names[i];
  }
  return names.size() > kMost ? list + " …" : list;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  std::vector<std::string> names;
  if (const std::string_view match = near_match(word, candidates); !match.empty()) {
    names.emplace_back(match);
    return may_be_one_of(names);
  }
  for (const std::string_view candidate : candidates) {
    const bool known = std::find(names.begin(), names.end(), candidate) != names.end();
    if (!known && goes_on(candidate, word)) names.emplace_back(candidate);
  }
  return may_be_one_of(names);
}

}  // namespace ctxcost
