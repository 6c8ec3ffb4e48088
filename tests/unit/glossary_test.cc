// The glossary: in order, each term found by each of its names, and docs/glossary.md the same table.
#include "cli/glossary.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "core/character.h"

using namespace ctxcost;
using namespace ctxcost::cli;

TEST_CASE("terms stand in the alphabet's order, each once") {
  std::string previous;
  for (const GlossaryTerm& row : glossary()) {
    const std::string term = lower_case(row.term);
    CAPTURE(term);
    CHECK(previous < term);
    previous = term;
    CHECK_FALSE(row.meaning.empty());
    CHECK_FALSE(row.belongs.empty());
  }
}

TEST_CASE("docs/glossary.md has the table (scripts/update-docs writes it)") {
  std::ifstream file(std::string(CTXCOST_SOURCE_DIR) + "/docs/glossary.md", std::ios::binary);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  std::string table = "| term | what it is | in ctxcost |\n|---|---|---|\n";
  for (const GlossaryTerm& row : glossary()) {
    table +=
        "| " + std::string(row.term) + " | " + std::string(row.meaning) + " | " + std::string(row.belongs) + " |\n";
  }
  CHECK(page.find("<!-- begin generated -->\n" + table + "<!-- end generated -->") != std::string::npos);
}

TEST_CASE("a term is found by each of its names, whatever the case and the spaces") {
  const auto found = [](std::string_view name) {
    const GlossaryTerm* const term = find_term(name);
    return term == nullptr ? std::string("none") : std::string(term->term);
  };
  CHECK(found("GQA") == "GQA");
  CHECK(found("gqa") == "GQA");
  CHECK(found("KV-cache") == "KV cache");
  CHECK(found("kv cache") == "KV cache");
  CHECK(found("tpot") == "TPOT, ITL");
  CHECK(found("itl") == "TPOT, ITL");
  CHECK(found("") == "none");
  CHECK(found("tpot,-itl") == "none");
  CHECK(found("gq") == "none");
  CHECK(glossary_entry(*find_term("ttft")) ==
        "  TTFT              time to first token: the prefill, and what a server adds by\n"
        "                    waiting [metric prefill_seconds]\n");
}
