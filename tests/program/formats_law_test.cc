// A law over the whole program: every command answers in every format that it takes, and says the same integers in all.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "program.h"

namespace {

using nlohmann::json;
using Integers = std::set<std::string>;

const std::string kBudgets = std::string(CTXCOST_SOURCE_DIR) + "/configs/budgets/chat.json";

const std::string kLog = std::string(CTXCOST_SOURCE_DIR) + "/tests/data/logs/vllm-0.7.log";

/// Questions with an answer, of every command that has --format. Numbers stay below 2^64, which the parser here holds.
const std::vector<std::vector<std::string>> kQuestions = {
    {"scale", "llama-3.1-8b", "mamba-1.4b-hf", "-n", "4K,3000", "-b", "1,3"},
    {"scale", "deepseek-v3", "--engine", "vllm", "-n", "8K", "--units", "iec"},
    {"scale", "llama-3.1-70b", "qwen3-next-80b-a3b", "-n", "8K", "--parallel", "tp=2,pp=2"},
    {"scale", "llama-3.1-8b", "-n", "4K,256K", "--plot"},
    {"explain", "llama-3.1-8b", "-n", "4K"},
    {"explain", "gemma-3-27b-it", "attention_flops", "linear_flops", "parameters", "decode_bytes", "-n", "4K"},
    {"explain", "llama-3.1-8b", "-n", "8K", "--claim", "166.75 TFLOPs"},
    {"explain", "gemma-3-27b-it", "-n", "8K", "--positions"},
    {"explain", "gemma-3-27b-it", "kv_reserved_bytes", "-n", "4K", "--engine", "vllm", "-v"},
    {"fit", "llama-3.1-8b", "-n", "4K", "--gpu", "h100-sxm-80gb"},
    {"fit", "llama-3.1-70b", "-n", "128K", "--gpu", "h100-sxm-80gb:1,h100-sxm-80gb:8", "--exit-zero"},
    {"fit", "llama-3.1-8b", "-n", "128K", "-b", "8", "--gpu", "l4-24gb:4,l4-24gb:8", "--plot", "--exit-zero"},
    {"solve", "context", "llama-3.1-8b", "--gpu", "h100-sxm-80gb"},
    {"solve", "batch", "llama-3.1-8b", "--gpu", "h100-sxm-80gb", "-n", "8K"},
    {"solve", "gpus", "llama-3.1-70b", "--gpu", "h100-sxm-80gb", "-n", "8K"},
    {"solve", "kv-precision", "llama-3.1-8b", "--gpu", "rtx-4090-24gb", "-n", "32K"},
    {"solve", "weights", "llama-3.1-8b", "--gpu", "rtx-4090-24gb", "-n", "32K"},
    {"find", "--gpu", "rtx-3090-24gb", "-n", "32K", "-b", "2"},
    {"find", "--gpu", "rtx-3090-24gb:2", "--family", "qwen3,gemma3", "--parameters", "..40B"},
    {"check", kBudgets, "--gpu", "l40s-48gb", "--exit-zero"},
    {"diff", "llama-2-7b", "llama-3.1-8b", "-n", "4K"},
    {"train", "gpt2", "--stage", "512:100000", "--stage", "1K:1M", "--gpu", "h100-sxm-80gb:2"},
    {"evaluate", "needle", "gpt2", "--prefix-reuse", "on", "--gpu", "h100-sxm-80gb"},
    {"evaluate", "lost-in-the-middle", "gpt2", "--examples", "10"},
    {"compare", "gpt2", "-n", "512,1K", "--with", "infini:segment=64", "--with", "flash=off", "--gpu", "h100-sxm-80gb"},
    {"reconcile", kLog, "llama-3.2-1b", "llama-3.1-8b", "--exit-zero"},
    {"list", "models"},
    {"list", "gpus"},
    {"list", "precisions"},
    {"list", "mechanisms"},
    {"list", "engines"},
    {"list", "metrics"},
    {"show", "latent"},
    {"show", "vllm"},
    {"show", "q4_0"},
    {"show", "kv_cache_bytes"},
};

std::vector<std::string> with_format(std::vector<std::string> arguments, const std::string& format) {
  arguments.insert(arguments.end(), {"--format", format});
  return arguments;
}

/// The formats that a command takes, as its own error lists them: "expected table, json or csv, found".
std::vector<std::string> formats_of(const std::vector<std::string>& question) {
  const std::string error = run(with_format(question, "nonsense")).err;
  const std::string_view kBegin = "expected ";
  const std::size_t begin = error.find(kBegin);
  const std::size_t end = error.find(", found \"nonsense\"");
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  std::vector<std::string> formats;
  std::string word;
  for (std::size_t i = begin + kBegin.size(); i <= end; ++i) {
    if (i < end && error[i] != ',' && error[i] != ' ') {
      word += error[i];
      continue;
    }
    if (!word.empty() && word != "or") formats.push_back(word);
    word.clear();
  }
  return formats;
}

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool belongs_to_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.'; }

/// Whole numbers of a text that are grouped ("131,072"), or of four digits and more ("131072"). Fractions, parts of
/// names and rounded sizes do not count.
Integers integers_of_text(const std::string& text, bool grouped) {
  Integers found;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i])) continue;
    const std::size_t begin = i;
    while (i < text.size() &&
           (is_digit(text[i]) || (grouped && text[i] == ',' && i + 1 < text.size() && is_digit(text[i + 1])))) {
      ++i;
    }
    const bool joined = (begin > 0 && (belongs_to_word(text[begin - 1]) || text[begin - 1] == '-')) ||
                        (i < text.size() && belongs_to_word(text[i]));
    std::string digits;
    for (std::size_t d = begin; d < i; ++d) {
      if (is_digit(text[d])) digits += text[d];
    }
    const bool counts = grouped ? digits.size() != i - begin : digits.size() >= 4;
    if (counts && !joined) found.insert(digits);
  }
  return found;
}

/// Every integer in a document, those of its strings included.
void add_integers(const json& value, Integers& found) {
  if (value.is_number_integer()) {
    std::string digits = value.dump();
    if (digits.front() == '-') digits.erase(0, 1);
    found.insert(digits);
  } else if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    std::string digits;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (i < text.size() && is_digit(text[i])) {
        digits += text[i];
      } else if (i == text.size() || text[i] != ',') {
        if (!digits.empty()) found.insert(digits);
        digits.clear();
      }
    }
  } else if (value.is_structured()) {
    for (const json& inner : value) add_integers(inner, found);
  }
}

Integers integers_of_lines(const std::string& text) {
  Integers found;
  std::size_t lines = 0;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    add_integers(json::parse(text.substr(begin, end - begin)), found);
    ++lines;
  }
  CHECK(lines > 0);
  return found;
}

/// What JSON states, or by how much a value of a budget is beyond its limit: JSON has the two, text the difference.
bool is_stated(const Integers& all, const std::string& integer, bool differences) {
  if (all.count(integer) == 1) return true;
  if (!differences) return false;
  const unsigned long long difference = std::stoull(integer);
  return std::any_of(all.begin(), all.end(), [&](const std::string& stated) {
    return stated.size() < 19 && all.count(std::to_string(std::stoull(stated) + difference)) == 1;
  });
}

}  // namespace

TEST_CASE("every command answers in every format that it takes, with the same integers in all") {
  std::size_t compared = 0;
  for (const std::vector<std::string>& question : kQuestions) {
    std::map<std::string, std::string> answers;
    for (const std::string& format : formats_of(question)) {
      const Run answer = run(with_format(question, format));
      CAPTURE(question[0] + " " + question[1]);
      CAPTURE(format);
      CAPTURE(answer.err);
      CHECK(answer.status == 0);
      CHECK(!answer.out.empty());
      answers[format] = answer.out;
    }
    // JSON says most.
    REQUIRE(answers.count("json") == 1);
    Integers all;
    add_integers(json::parse(answers.at("json")), all);
    for (const auto& written : answers) {
      const auto& [format, text] = written;
      if (format == "json") continue;
      const Integers said = format == "ndjson" ? integers_of_lines(text)
                            : format == "csv"  ? integers_of_text(text, false)
                                               : integers_of_text(text, true);
      for (const std::string& integer : said) {
        CAPTURE(question[0] + " " + question[1]);
        CAPTURE(written.first);
        CAPTURE(integer);
        CHECK(is_stated(all, integer, question[0] == "check"));
        ++compared;
      }
    }
  }
  // Not empty by a change of the formats.
  CHECK(compared > 1500);
}

TEST_CASE("every page fits the columns of text that it is given, and says no other integers than the whole page") {
  constexpr std::size_t kColumns = 80;
  for (const std::vector<std::string>& question : kQuestions) {
    CAPTURE(question[0] + " " + question[1]);
    std::vector<std::string> fitted = question;
    fitted.insert(fitted.end(), {"--width", std::to_string(kColumns)});
    const Run answer = run(fitted);
    CHECK(answer.status == 0);
    const Integers whole = integers_of_text(run(question).out, true);
    for (const std::string& integer : integers_of_text(answer.out, true))
      CHECK_MESSAGE(whole.count(integer) == 1, integer);
    std::istringstream lines(answer.out);
    for (std::string line; std::getline(lines, line);) {
      const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
      CHECK_MESSAGE(static_cast<std::size_t>(columns) <= kColumns, line);
    }
  }
}

TEST_CASE("check is written in every format, scale in those that are no list of judgements") {
  const std::vector<std::string> rows = {"table", "json", "ndjson", "csv", "markdown"};
  std::vector<std::string> all = rows;
  all.insert(all.end(), {"junit", "sarif", "github"});
  CHECK(formats_of({"check", kBudgets}) == all);
  CHECK(formats_of({"scale", "article-7b"}) == rows);
}

TEST_CASE("the law asks every command") {
  std::set<std::string> asked = {"schema", "completions", "man", "help", "init", "report"};  // of one form each
  for (const std::vector<std::string>& question : kQuestions) asked.insert(question[0]);
  const std::string help = run({"--help"}).out;
  const std::size_t begin = help.find("Commands:\n");
  REQUIRE(begin != std::string::npos);
  std::size_t commands = 0;
  // "  name ARGUMENTS   what it does", up to the first empty line.
  for (std::size_t line = help.find('\n', begin) + 1; help[line] == ' '; line = help.find('\n', line) + 1) {
    const std::string name = help.substr(line + 2, help.find(' ', line + 2) - line - 2);
    CAPTURE(name);
    CHECK(asked.count(name) == 1);
    ++commands;
  }
  CHECK(commands == asked.size());
}

TEST_CASE("show answers for one name of every kind") {
  struct Row {
    const char* name;
    const char* says;
  };
  const Row rows[] = {
      {"llama-3.1-8b", "8,030,261,248"},
      {"h100-sxm-80gb", "H100 SXM5 80GB"},
      {"latent", "kv_rank"},
      {"vllm", "max_batched_tokens"},
      {"q4_0", "18"},
      {"kv_cache_bytes", "bytes of live KV cache"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Run answer = run({"show", row.name});
    CHECK(answer.status == 0);
    CHECK(answer.out.find(row.says) != std::string::npos);
  }
}
