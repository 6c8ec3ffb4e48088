// What a shell may offer for the word that is being typed, from the table of options and the built-in names.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ctxcost::cli {

/// One word that the shell may offer.
struct Candidate {
  std::string text;     ///< the whole word; ends with ':', '=' or ',' where more follows
  std::string meaning;  ///< one line, may be empty
};

struct Candidates {
  std::vector<Candidate> all;  ///< those that begin with the word, in the order of their tables
  bool files = false;          ///< names of files are offered, too
};

/// Returns what may stand for the last of `words`, which is what is typed of it. They are the words behind the name of
/// the program. Words that the program would refuse offer nothing; this never throws.
Candidates candidates(std::span<const std::string> words);

}  // namespace ctxcost::cli
