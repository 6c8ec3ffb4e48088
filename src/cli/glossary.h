// The glossary. A new term is a row of the table in glossary.cc, where it stands in the alphabet's order.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ctxcost::cli {

struct GlossaryTerm {
  std::string_view term;     ///< "GQA"; several names of one thing are separated by commas
  std::string_view meaning;  ///< what it is; names of types stand between backticks
  std::string_view belongs;  ///< what it belongs to here: "metric `max_batch`, option `--batch`"
};

/// The terms in the alphabet's order.
std::span<const GlossaryTerm> glossary();
/// Returns the term of that name, whatever its case, with hyphens for spaces ("kv-cache"); null if there is none.
const GlossaryTerm* find_term(std::string_view name);
/// Returns every name of every term as `help` takes it in one word: "TTFT", "KV-cache".
std::vector<std::string> glossary_names();
/// Returns the lines of a term in the help.
std::string glossary_entry(const GlossaryTerm& term);

}  // namespace ctxcost::cli
