// What --help shows, and what is said of an option that a command does not have.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "program.h"

namespace {

/// The options in the help of a command, in its order, by their long names; "Devices:" and its like between them.
std::vector<std::string> help_rows(const std::string& help) {
  std::vector<std::string> rows;
  std::istringstream lines(help);
  std::string line;
  while (std::getline(lines, line) && line != "Examples:") {
    if (!line.empty() && line[0] != ' ' && line.back() == ':') rows.push_back(line);
    const std::size_t name = line.find("--");
    if (name != 6 || (!line.starts_with("      ") && !line.starts_with("  -"))) continue;
    rows.push_back(line.substr(name, line.find_first_of(" \n", name) - name));
  }
  return rows;
}

}  // namespace

TEST_CASE("the help of a command shows its own options once, by groups") {
  using Rows = std::vector<std::string>;
  const std::vector<std::pair<const char*, Rows>> expected = {
      {"list", {"Output:", "--format", "--output", "General:", "--help", "--version"}},
      {"show", {"Output:", "--format", "--output", "General:", "--help", "--version"}},
      {"schema", {"Output:", "--output", "General:", "--help", "--version"}},
      {"scale",
       {"What is counted:", "--context",   "--batch", "--kv-precision", "--weights",    "--engine",  "--convention",
        "--logits",         "--assume",    "--set",   "--ndjson",       "--keep-going", "Devices:",  "--parallel",
        "Verdict:",         "--exit-zero", "Output:", "--format",       "--output",     "--columns", "--jobs",
        "--units",          "--color",     "--quiet", "--verbose",      "General:",     "--help",    "--version"}},
      {"check", {"What is counted:", "--assume",        "--set",         "Devices:",       "--gpu",
                 "--parallel",       "--utilization",   "--overhead",    "--margin",       "--kv-memory",
                 "--host-bandwidth", "--beyond-window", "--activations", "--mfu",          "--mbu",
                 "Verdict:",         "--fail-on",       "--baseline",    "--max-increase", "--exit-zero",
                 "Output:",          "--format",        "--output",      "--save",         "--units",
                 "--color",          "--quiet",         "General:",      "--help",         "--version"}},
      {"diff", {"What is counted:", "--context", "--batch",  "--kv-precision", "--weights", "--engine",
                "--convention",     "--logits",  "--assume", "--set",          "Verdict:",  "--fail-if",
                "--exit-zero",      "Output:",   "--format", "--output",       "--columns", "--units",
                "--quiet",          "General:",  "--help",   "--version"}},
  };
  for (const auto& row : expected) CHECK_MESSAGE(help_rows(run({"help", row.first}).out) == row.second, row.first);
  for (const char* command : {"fit", "solve"}) {
    const Rows rows = help_rows(run({command, "--help"}).out);
    CHECK(std::count(rows.begin(), rows.end(), "--gpu") == 1);
    CHECK(std::count(rows.begin(), rows.end(), "--columns") == 0);
  }
}

TEST_CASE("the help of a command fits 80 columns and has the command's defaults and formats") {
  for (const char* command : {"scale", "explain", "fit", "solve", "find", "check", "diff", "train", "evaluate",
                              "compare", "reconcile", "init", "list", "show", "schema", "completions", "man"}) {
    std::istringstream lines(run({"help", command}).out);
    for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 80, line);
  }
  const auto has = [](const char* command, const char* text) {
    return run({"help", command}).out.find(text) != std::string::npos;
  };
  CHECK(has("scale", "pairs=reach|exact (article)"));
  CHECK(has("scale", "(1K,4K,16K,64K,128K,1M)"));
  CHECK(has("fit", "(causal)"));
  CHECK(has("check", "table, json, ndjson, csv, markdown, junit,"));
  CHECK(has("show", "table, json, ndjson or markdown;"));
  CHECK(has("fit", "MODEL is a JSON file"));
  CHECK_FALSE(has("list", "MODEL is a JSON file"));
}

TEST_CASE("the help of the program has the commands and no option of one command alone") {
  const std::string help = run({"--help"}).out;
  for (const char* text : {"\n  fit MODEL... ", "\n  schema KIND ", "MODEL is a JSON file", "ctxcost COMMAND --help",
                           "  -n, --context LIST", "  -h, --help"}) {
    CHECK_MESSAGE(help.find(text) != std::string::npos, text);
  }
  CHECK(help.find("--convention NAME") == std::string::npos);
  CHECK(help.find("--max-increase [") == std::string::npos);
}

TEST_CASE("an option of other commands says whose it is") {
  struct Case {
    std::vector<std::string> arguments;
    const char* error;
  };
  const Case cases[] = {
      {{"article-7b", "--gpu", "l4-24gb"},
       "ctxcost: --gpu: is an option of compare, fit, solve, find, check, init, train, evaluate, reconcile\n"},
      {{"article-7b", "--gpu=l4-24gb"},
       "ctxcost: --gpu: is an option of compare, fit, solve, find, check, init, train, evaluate, reconcile\n"},
      {{"list", "models", "-n", "4K"},
       "ctxcost: --context: is an option of scale, explain, compare, fit, solve, find, init, diff, evaluate, "
       "reconcile\n"},
      {{"diff", "a", "b", "--max-increase", "5%"}, "ctxcost: --max-increase: is an option of check\n"},
      {{"schema", "model", "-q"},
       "ctxcost: --quiet: is an option of scale, explain, compare, fit, solve, find, check, init, diff, train, "
       "evaluate, "
       "reconcile\n"},
      {{"solve", "context", "article-7b", "-v"}, "ctxcost: --verbose: is an option of scale, explain, compare, fit\n"},
      {{"article-7b", "--help=yes"}, "ctxcost: --help: takes no value (write \"--help\")\n"},
  };
  for (const Case& one : cases) {
    const Run result = run(one.arguments);
    CHECK(result.status == 2);
    CHECK(result.err == one.error);
  }
}

TEST_CASE("a value that an option refuses is an error, whether or not the command comes to use it") {
  CHECK(run({"solve", "context", "llama-3.1-8b", "--gpu", "l4-24gb", "--color", "alway"}).err ==
        "ctxcost: --color: expected auto, always or never, found \"alway\"; did you mean \"always\"?\n");
  CHECK(run({"list", "models", "-o"}).err ==
        "ctxcost: --output: expected a value, found nothing (write \"--output FILE\")\n");
}
