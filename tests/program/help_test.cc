// What --help shows, and what is said of an option that a command does not have.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "program.h"

namespace {

constexpr const char* kCommands[] = {"scale",       "explain", "compare",  "fit",       "solve", "find", "check",
                                     "diff",        "train",   "evaluate", "reconcile", "list",  "show", "schema",
                                     "completions", "man",     "help",     "init",      "report"};

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
      {"list",
       {"Output:", "--format", "--output", "--explain-columns", "--color", "--width", "--wide", "General:", "--help",
        "--help-all", "--version"}},
      {"show",
       {"Output:", "--format", "--output", "--color", "--width", "--wide", "General:", "--help", "--help-all",
        "--version"}},
      {"schema", {"Output:", "--output", "General:", "--help", "--help-all", "--version"}},
      {"scale", {"What is counted:",  "--context",  "--batch",      "--kv-precision",
                 "--weights",         "--engine",   "--convention", "--logits",
                 "--assume",          "--set",      "--ndjson",     "--keep-going",
                 "Devices:",          "--parallel", "Verdict:",     "--exit-zero",
                 "Output:",           "--format",   "--output",     "--columns",
                 "--explain-columns", "--plot",     "--jobs",       "--units",
                 "--color",           "--width",    "--wide",       "--quiet",
                 "--verbose",         "General:",   "--help",       "--help-all",
                 "--version"}},
      {"check", {"What is counted:", "--assume",          "--set",         "Devices:",  "--gpu",
                 "--parallel",       "--utilization",     "--overhead",    "--margin",  "--kv-memory",
                 "--host-bandwidth", "--beyond-window",   "--activations", "--mfu",     "--mbu",
                 "--price",          "--power",           "Verdict:",      "--fail-on", "--baseline",
                 "--max-increase",   "--exit-zero",       "Output:",       "--format",  "--output",
                 "--save",           "--explain-columns", "--units",       "--color",   "--width",
                 "--wide",           "--quiet",           "General:",      "--help",    "--help-all",
                 "--version"}},
      {"diff", {"What is counted:", "--context",  "--batch",  "--kv-precision", "--weights", "--engine",
                "--convention",     "--logits",   "--assume", "--set",          "Verdict:",  "--fail-if",
                "--exit-zero",      "Output:",    "--format", "--output",       "--columns", "--explain-columns",
                "--units",          "--color",    "--width",  "--wide",         "--quiet",   "General:",
                "--help",           "--help-all", "--version"}},
  };
  for (const auto& row : expected)
    CHECK_MESSAGE(help_rows(run({row.first, "--help-all"}).out) == row.second, row.first);
  for (const char* command : {"fit", "solve"}) {
    const Rows rows = help_rows(run({command, "--help-all"}).out);
    CHECK(std::count(rows.begin(), rows.end(), "--gpu") == 1);
    CHECK(std::count(rows.begin(), rows.end(), "--columns") == 0);
  }
}

TEST_CASE("the whole help of a command has the command's defaults and formats") {
  const auto has = [](const char* command, const char* text) {
    return run({command, "--help-all"}).out.find(text) != std::string::npos;
  };
  CHECK(has("scale", "pairs=reach|exact (article)"));
  CHECK(has("scale", "(1K,4K,16K,64K,128K,1M)"));
  CHECK(has("fit", "(causal)"));
  CHECK(has("check", "table, json, ndjson, csv, markdown, junit,"));
  CHECK(has("show", "table, json, ndjson or markdown;"));
  CHECK(has("fit", "MODEL is a JSON file"));
  CHECK(has("fit", "Exit status: 0 answered, and it fits"));
  CHECK_FALSE(has("list", "MODEL is a JSON file"));
}

TEST_CASE("--help fits a screen of 80 columns, and what it leaves out is in --help-all") {
  // 40 lines at most; 24 where a command has few options.
  const auto check_screen = [](const std::string& screen, std::size_t most) {
    CHECK_MESSAGE(std::count(screen.begin(), screen.end(), '\n') <= static_cast<std::ptrdiff_t>(most), screen);
    std::istringstream lines(screen);
    for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 80, line);
  };
  for (const char* command : kCommands) {
    CAPTURE(command);
    const std::string screen = run({command, "--help"}).out;
    check_screen(screen, 40);
    CHECK(run({"help", command}).out == screen);
    CHECK(run({command, "-h"}).out == screen);
    const std::string all = run({command, "--help-all"}).out;
    CHECK(run({"help", command, "--help-all"}).out == all);
    std::istringstream lines(all);
    for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 80, line);
    std::vector<std::string> of_all = help_rows(all);
    for (const std::string& row : help_rows(screen)) {
      if (row.starts_with("--")) CHECK_MESSAGE(std::count(of_all.begin(), of_all.end(), row) == 1, row);
    }
  }
  for (const char* command : {"list", "show", "schema", "completions", "man", "help"}) {
    check_screen(run({command, "--help"}).out, 24);
  }
  check_screen(run({"--help"}).out, 40);
  // What is asked of a model first is on the screen, what few ask is not.
  const std::vector<std::string> fit = help_rows(run({"fit", "--help"}).out);
  for (const char* option : {"--context", "--batch", "--gpu", "--kv-precision", "--weights", "--engine"}) {
    CHECK_MESSAGE(std::count(fit.begin(), fit.end(), option) == 1, option);
  }
  CHECK(std::count(fit.begin(), fit.end(), "--host-bandwidth") == 0);
}

TEST_CASE("the help of the program has the commands and topics and no option of one command alone") {
  const std::string screen = run({"--help"}).out;
  for (const char* text : {"\n  fit MODEL... ", "\n  schema KIND ", "\n  help [COMMAND|TOPIC]", "\n  exit-status ",
                           "\nExamples:\n  ctxcost article-7b\n", "--help-all"}) {
    CHECK_MESSAGE(screen.find(text) != std::string::npos, text);
  }
  CHECK(run({"help"}).out == screen);
  CHECK(run({}).err == screen);
  const std::string all = run({"--help-all"}).out;
  for (const char* text : {"\n  fit MODEL... ", "MODEL is a JSON file", "  -n, --context LIST", "  -h, --help",
                           "  ctxcost reconcile vllm.log", "Exit status: 0 answered, and it fits"}) {
    CHECK_MESSAGE(all.find(text) != std::string::npos, text);
  }
  CHECK(all.find("--convention NAME") == std::string::npos);
  CHECK(all.find("--max-increase [") == std::string::npos);
}

namespace {

/// The words of a topic, without what stands between them.
std::set<std::string> topic_words(const std::string& topic) {
  const Run help = run({"help", topic});
  CHECK(help.status == 0);
  CHECK(help.out.starts_with(topic + ": "));
  std::istringstream lines(help.out);
  for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 80, line);
  std::set<std::string> words;
  std::istringstream text(help.out);
  for (std::string word; text >> word;) words.insert(word.substr(0, word.find_last_not_of(",;.") + 1));
  return words;
}

nlohmann::json json_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--format", "json"});
  return nlohmann::json::parse(run(arguments).out);
}

}  // namespace

TEST_CASE("a topic has the facts that the program answers by") {
  const std::set<std::string> engines = topic_words("engines");
  std::size_t settings = 0;
  const nlohmann::json listed = json_of({"list", "engines"});
  for (const auto& engine : listed["engines"]) {
    const std::string name = engine["name"];
    CHECK_MESSAGE(engines.count(name) == 1, name);
    const nlohmann::json shown = json_of({"show", name})["entry"];
    if (!shown.contains("settings")) continue;
    for (const auto& item : shown["settings"].items()) {
      const std::string& setting = item.key();
      const nlohmann::json& facts = item.value();
      const std::string fallback = facts["default"].is_null() ? "" : facts["default"].get<std::string>();
      CHECK_MESSAGE(engines.count(setting + (fallback.empty() ? "" : "=") + fallback) == 1, name << ": " << setting);
      ++settings;
    }
  }
  CHECK(settings > 40);
  const std::set<std::string> types = topic_words("precision");
  const nlohmann::json precisions = json_of({"list", "precisions"});
  for (const auto& type : precisions["precisions"]) {
    CHECK_MESSAGE(types.count(type["name"].get<std::string>()) == 1, type);
  }
  for (const char* other : {"half", "e4m3", "Q4_K_M"}) CHECK_MESSAGE(types.count(other) == 1, other);
  const std::set<std::string> budgets = topic_words("budgets");
  const nlohmann::json schema = nlohmann::json::parse(run({"schema", "budget"}).out);
  for (const auto& property : schema["properties"]["budgets"]["items"]["properties"].items()) {
    CHECK_MESSAGE(budgets.count(property.key()) == 1, property.key());
  }
  CHECK(budgets.count(std::to_string(json_of({"list", "metrics"})["metrics"].size())) == 1);
  const std::set<std::string> names = topic_words("names");
  CHECK(names.count(std::to_string(json_of({"list", "models"})["models"].size())) == 1);
  CHECK(names.count(std::to_string(json_of({"list", "gpus"})["gpus"].size())) == 1);
  topic_words("exit-status");
  // 2^40 bytes, 2^20 tokens.
  const std::set<std::string> units = topic_words("units");
  for (const char* value : {"1,099,511,627,776", "1,000,000,000,000", "1,048,576"}) CHECK(units.count(value) == 1);
  topic_words("conventions");
}

TEST_CASE("what the topics say of defaults and exit statuses is what the commands do") {
  const auto says = [](const char* topic, const char* text) {
    return run({"help", topic}).out.find(text) != std::string::npos;
  };
  CHECK(says("conventions", "article           flops_per_mac=1, pairs=reach; default of scale, explain,"));
  CHECK(json_of({"scale", "article-7b"})["conventions"]["name"] == "article");
  CHECK(says("conventions", "standard          flops_per_mac=2, pairs=reach\n"));
  CHECK(says("conventions", "causal            flops_per_mac=2, pairs=exact; default of fit, solve, init,"));
  const nlohmann::json fit = json_of({"fit", "gpt2", "--gpu", "l4-24gb"})["conventions"];
  CHECK(fit["name"] == "causal");
  CHECK(fit["flops_per_mac"] == 2);
  CHECK(fit["units"] == "iec");
  CHECK(says("units", "--units iec       default of fit, solve, find, check\n"));
  CHECK(says("exit-status", "\n  0                 answered, and it fits or is within budget\n"));
  CHECK(says("exit-status", "\n  1                 answered, and it does not\n"));
  CHECK(says("exit-status", "\n  2                 no answer: bad usage,"));
  CHECK(run({"help", "exit", "status"}).out == run({"help", "exit-status"}).out);
}

TEST_CASE("help TERM has the glossary's entry, help glossary all of them") {
  const std::string entry = run({"help", "kv", "head"}).out;
  CHECK(entry.starts_with("  KV head           a head of keys and values; "));
  const Run all = run({"help", "glossary"});
  CHECK(all.status == 0);
  CHECK(all.out.find("\n" + entry) != std::string::npos);
  CHECK(all.out.find('`') == all.out.find("`ctxcost help TERM`"));
}

TEST_CASE("a topic or command that is not there is an error with a near name") {
  const auto error = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "help");
    const Run result = run(arguments);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    return result.err;
  };
  CHECK(error({"unit"}) == "ctxcost: help: unknown command or topic \"unit\"; did you mean \"units\"?\n");
  CHECK(error({"sclae"}) == "ctxcost: help: unknown command or topic \"sclae\"; did you mean \"scale\"?\n");
  CHECK(error({"exit-stauts"}) ==
        "ctxcost: help: unknown command or topic \"exit-stauts\"; did you mean \"exit-status\"?\n");
  CHECK(error({"gpus"}) ==
        "ctxcost: help: unknown command or topic \"gpus\" (`ctxcost list gpus` lists them, `ctxcost show NAME` has one "
        "in "
        "full)\n");
  CHECK(error({"TTTF"}) == "ctxcost: help: unknown command or topic \"TTTF\"; did you mean \"TTFT\"?\n");
  CHECK(error({"kv", "cahce"}) == "ctxcost: help: unknown command or topic \"kv-cahce\"; did you mean \"KV-cache\"?\n");
  CHECK(run({"help", "KV-cache"}).status == 0);
  CHECK(error({"weather"}) == "ctxcost: help: unknown command or topic \"weather\" (`ctxcost help` lists all)\n");
}

TEST_CASE("an option of other commands says whose it is") {
  struct Case {
    std::vector<std::string> arguments;
    const char* error;
  };
  const Case cases[] = {
      {{"article-7b", "--gpu", "l4-24gb"},
       "ctxcost: --gpu: is an option of compare, fit, solve, find, check, init, train, evaluate, reconcile, report\n"},
      {{"article-7b", "--gpu=l4-24gb"},
       "ctxcost: --gpu: is an option of compare, fit, solve, find, check, init, train, evaluate, reconcile, report\n"},
      {{"list", "models", "-n", "4K"},
       "ctxcost: --context: is an option of scale, explain, compare, fit, solve, find, init, diff, evaluate, "
       "reconcile, report\n"},
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
