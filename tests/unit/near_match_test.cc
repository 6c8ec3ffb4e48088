// Suggestions of near names: which candidate is meant, and that none is missed for speed.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/diagnostic.h"

using namespace ctxcost;

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Optimal string alignment by its definition, every cell of the table filled.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cells(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      std::size_t& cell = cells[i][j];
      if (i == 0 || j == 0) {
        cell = i + j;
        continue;
      }
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      cell = std::min({cells[i - 1][j] + 1, cells[i][j - 1] + 1, cells[i - 1][j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) cell = std::min(cell, cells[i - 2][j - 2] + 1);
    }
  }
  return cells[a.size()][b.size()];
}

/// The first of the nearest candidates within a third of the word (two letters at least, one of a short word).
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::size_t allowed = word.size() <= 4 ? 1 : std::max<std::size_t>(2, word.size() / 3);
  std::string_view best;
  std::size_t least = allowed + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t edits = distance(word, candidate);
    if (edits < least && edits < std::max(word.size(), candidate.size())) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

}  // namespace

TEST_CASE("a near name is suggested, a far one is not") {
  struct Row {
    std::string_view word;
    std::vector<std::string_view> candidates;
    std::string_view match;
  };
  const Row rows[] = {
      {"kv_head", {"heads", "kv_heads"}, "kv_heads"},
      {"gatd", {"gated"}, "gated"},
      {"sink", {"kind"}, ""},
      {"LLAMA-3.1-8b", {"llama-3.2-1b", "llama-3.1-8b"}, "llama-3.1-8b"},
      {"lalma", {"llama"}, "llama"},  // one swap
      {"abcdefghi", {"abcdefg", "abcdefgh"}, "abcdefgh"},
      {"ab", {"ba", "b"}, "ba"},  // the first of two that are as near
      {"x", {"y", "x"}, ""},      // too short to mean another
      {std::string_view("cab"), {std::string_view("abc")}, ""},
  };
  for (const Row& row : rows) CHECK(near_match(row.word, row.candidates) == row.match);
  const std::string longest(64, 'a'), longer(65, 'a'), grown(85, 'a'), too_long(86, 'a');
  CHECK(near_match(longest, std::vector<std::string_view>{longer}) == longer);
  CHECK(near_match(longest, std::vector<std::string_view>{grown}) == grown);
  CHECK(near_match(longest, std::vector<std::string_view>{too_long}).empty());
  CHECK(near_match(longer, std::vector<std::string_view>{longest}).empty());
}

TEST_CASE("a word that names go on with suggests them all") {
  struct Row {
    std::string_view word;
    std::vector<std::string_view> candidates;
    std::string hint;
  };
  const Row rows[] = {
      {"kv_cache", {"kv_bytes_per_token", "kv_cache_bytes", "kv_cached"}, "did you mean \"kv_cached\"?"},  // one letter
      {"kv_cache", {"kv_bytes_per_token", "kv_cache_bytes", "kv_caching_is"}, "did you mean \"kv_cache_bytes\"?"},
      {"--KV", {"--context", "--kv-precision"}, "did you mean \"--kv-precision\"?"},
      {"attention",
       {"attention_macs", "linear_attention", "attention_flops", "attention_macs"},
       "it may be attention_macs, attention_flops"},
      {"abc",
       {"abc-001", "abc-002", "abc-003", "abc-004", "abc-005", "abc-006", "abc-007", "abc-008"},
       "it may be abc-001, abc-002, abc-003, abc-004, abc-005, abc-006, abc-007, abc-008"},
      {"abc",
       {"abc-001", "abc-002", "abc-003", "abc-004", "abc-005", "abc-006", "abc-007", "abc-008", "abc-009"},
       "it may be abc-001, abc-002, abc-003, abc-004, abc-005, abc-006, abc-007, abc-008 …"},
      {"a", {"a_longer_name"}, ""},  // too short to mean another
      {"", {"_"}, ""},
      {"flops", {"attention_flops"}, ""},
  };
  for (const Row& row : rows) CHECK(did_you_mean(row.word, row.candidates) == row.hint);
}

TEST_CASE("the suggestion is the nearest by the full table of distances") {
  std::uint32_t state = 1;
  const auto next = [&state](std::uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  const auto word_of = [&next](std::uint32_t length) {
    std::string word(length, ' ');
    for (char& c : word) c = "abCd-1"[next(6)];
    return word;
  };
  int found = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string word = word_of(2 + next(round % 4 == 0 ? 62 : 14));
    std::vector<std::string> names;
    for (std::uint32_t i = next(6) + 1; i > 0; --i) {
      std::string name = next(4) == 0 ? word_of(next(90)) : word;
      for (std::uint32_t edits = next(4 + static_cast<std::uint32_t>(word.size()) / 3); edits > 0; --edits) {
        const std::size_t at = name.empty() ? 0 : next(static_cast<std::uint32_t>(name.size()));
        switch (next(4)) {
          case 0: name.insert(at, 1, 'b'); break;
          case 1: name.erase(at, 1); break;
          case 2: name.replace(at, 1, "z"); break;
          default:
            if (at + 1 < name.size()) std::swap(name[at], name[at + 1]);
        }
      }
      names.push_back(std::move(name));
    }
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const std::string_view match = near_match(word, candidates);
    CAPTURE(word);
    REQUIRE(match == nearest(word, candidates));
    found += match.empty() ? 0 : 1;
  }
  CHECK(found > 1000);
  CHECK(found < 3000);
}
