#include "ctxcost/core/diagnostic.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>

#include "printable.h"

namespace ctxcost {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The longest word that has a near match, and the longest candidate: a third of the word may be wrong.
constexpr std::size_t kLongestWord = 64;
constexpr std::size_t kLongestCandidate = kLongestWord + kLongestWord / 3;

/// The set of a word's characters, case ignored; characters may share a bit.
std::uint64_t characters_of(std::string_view word) {
  std::uint64_t set = 0;
  for (const char c : word) set |= std::uint64_t{1} << (static_cast<unsigned char>(lower(c)) & 63U);
  return set;
}

/// Edit distance with adjacent transpositions (optimal string alignment), case ignored. Only distances below `limit`
/// are told apart, so that only cells within `limit` of the diagonal are filled.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  using Row = std::array<std::uint8_t, kLongestCandidate + 2>;
  if (a.size() > kLongestCandidate || b.size() > kLongestCandidate) return limit;
  const std::size_t most = std::min(limit, kLongestCandidate);
  const auto capped = [most](std::size_t distance) { return static_cast<std::uint8_t>(std::min(distance, most)); };
  std::array<Row, 3> rows;
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = capped(j);
  std::size_t least_before = 0;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    const Row& last = rows[(i + 2) % 3];
    const Row& before = rows[(i + 1) % 3];
    Row& row = rows[i % 3];
    const std::size_t first = i > most ? i - most : 1;
    const std::size_t end = std::min(b.size(), i + most);
    row[first - 1] = first == 1 ? capped(i) : capped(most);
    std::size_t least = row[first - 1];
    const char here = lower(a[i - 1]);
    for (std::size_t j = first; j <= end; ++j) {
      const char there = lower(b[j - 1]);
      std::size_t distance = last[j - 1] + (here == there ? 0U : 1U);
      distance = std::min({distance, last[j] + std::size_t{1}, row[j - 1] + std::size_t{1}});
      if (i > 1 && j > 1 && here == lower(b[j - 2]) && lower(a[i - 2]) == there) {
        distance = std::min(distance, before[j - 2] + std::size_t{1});
      }
      row[j] = capped(distance);
      least = std::min<std::size_t>(least, row[j]);
    }
    // The next row starts from the cell behind this one's last.
    if (end < b.size()) row[end + 1] = capped(most);
    if (least >= most && least_before >= most) return limit;
    least_before = least;
  }
  const std::size_t distance = rows[a.size() % 3][b.size()];
  return distance < most ? distance : limit;
}

/// Returns whether two words may differ by fewer than `limit` edits: each changes the length by one at most, and puts
/// in or takes out one character.
bool may_be_near(std::string_view a, std::uint64_t characters, std::string_view b, std::size_t limit) {
  if (a.size() + limit <= b.size() || b.size() + limit <= a.size()) return false;
  const std::uint64_t others = characters_of(b);
  const auto missing = [](std::uint64_t here, std::uint64_t there) {
    return static_cast<std::size_t>(std::popcount(here & ~there));
  };
  return missing(characters, others) < limit && missing(others, characters) < limit;
}

/// Returns whether `name` is `word` and further words behind it, case ignored: "kv_cache_bytes" goes on "kv_cache".
bool goes_on(std::string_view name, std::string_view word) {
  if (word.size() < 2 || name.size() <= word.size() || (name[word.size()] != '_' && name[word.size()] != '-')) {
    return false;
  }
  return std::equal(word.begin(), word.end(), name.begin(), [](char a, char b) { return lower(a) == lower(b); });
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
  const std::uint64_t characters = characters_of(word);
  for (const std::string_view candidate : candidates) {
    if (!may_be_near(word, characters, candidate, best_distance)) continue;
    const std::size_t distance = edit_distance(word, candidate, best_distance);
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
