// How wide text is: what a terminal, the environment and the options say.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "program.h"

namespace {

/// The columns of the longest line; a terminal ends lines with "\r\n".
std::size_t width_of(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
  std::size_t longest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
    longest = std::max(longest, static_cast<std::size_t>(columns));
  }
  return longest;
}

bool says_left_out(const std::string& text) { return text.find(" left out:") != std::string::npos; }

// Without colours, which have bytes of their own.
const std::string kPlain = "NO_COLOR=1";

}  // namespace

TEST_CASE("a table fits a terminal, and is as wide as it needs elsewhere") {
  const std::string whole = run({"list", "gpus"}).out;
  const std::size_t needed = width_of(whole);
  REQUIRE(needed > 120);

  struct Case {
    std::vector<std::string> options;
    RunOptions where;
    std::size_t most;
  };
  const Case cases[] = {
      {{}, {.environment = {kPlain}, .terminal = true}, 80},  // a terminal that does not know its columns
      {{}, {.environment = {kPlain, "COLUMNS=60"}, .terminal = true}, 60},
      {{}, {.environment = {kPlain, "COLUMNS=60"}, .terminal = true, .terminal_columns = 100}, 100},
      {{}, {.environment = {kPlain, "COLUMNS=sixty"}, .terminal = true}, 80},
      {{}, {.environment = {kPlain, "COLUMNS=0"}, .terminal = true}, 80},
      {{"--width", "70"}, {.environment = {kPlain}, .terminal = true, .terminal_columns = 100}, 70},
      {{}, {.environment = {"COLUMNS=90"}}, 90},  // as `watch` sets it for what it shows
      {{"--width", "50"}, {.environment = {"COLUMNS=90"}}, 50},
      {{}, {.environment = {kPlain}, .terminal = true, .terminal_columns = 5}, 20},
  };
  for (const Case& one : cases) {
    std::vector<std::string> arguments = {"list", "gpus"};
    arguments.insert(arguments.end(), one.options.begin(), one.options.end());
    const Run result = run(arguments, one.where);
    CAPTURE(result.out.substr(0, 300));
    CHECK(result.status == 0);
    CHECK(says_left_out(result.out));
    CHECK(width_of(result.out) <= one.most);
    CHECK(width_of(result.out) > one.most / 2);
  }
  for (const std::vector<std::string>& environment :
       {std::vector<std::string>{}, {"COLUMNS=1000"}, {"COLUMNS="}, {"COLUMNS=x"}}) {
    CHECK(run({"list", "gpus"}, {.environment = environment}).out == whole);
  }
  CHECK(width_of(run({"list", "gpus", "--wide"}, {.environment = {kPlain}, .terminal = true}).out) == needed);
  CHECK(run({"list", "gpus", "--wide"}, {.environment = {"COLUMNS=40"}}).out == whole);
}

TEST_CASE("what a table is for stays in 80 columns") {
  struct Case {
    std::vector<std::string> arguments;
    std::vector<std::string> headings;
  };
  const std::string log = std::string(CTXCOST_SOURCE_DIR) + "/tests/data/logs/vllm-0.7.log";
  const Case cases[] = {
      {{"scale", "llama-3.1-8b", "qwen3-8b", "-b", "1,8"}, {"Model", "Batch", "Context", "Attn", "KV Cache"}},
      {{"fit", "llama-3.1-8b", "-n", "8K", "--gpu", "l4-24gb:4,l4-24gb:8"},
       {"Verdict", "GPU", "Devices", "Split", "Per", "Headroom", "Max"}},
      {{"find", "--gpu", "rtx-3090-24gb", "-n", "32K"}, {"Model", "Weights", "Max"}},
      {{"compare", "gpt2", "--with", "infini:segment=64", "--gpu", "h100-sxm-80gb"},
       {"Context", "Strategy", "Attn", "KV", "Step"}},
      {{"diff", "llama-2-7b", "llama-3.1-8b", "-n", "4K"}, {"Metric", "Context", "New", "Percent"}},
      {{"reconcile", log, "llama-3.1-8b", "--exit-zero"}, {"Figure", "Log", "ctxcost", "Difference", "Verdict"}},
      {{"train", "gpt2", "--stage", "512:100000"}, {"Stage", "Context", "Tokens", "FLOPs"}},
      {{"evaluate", "needle", "gpt2", "--prefix-reuse", "on"}, {"Length", "FLOPs", "KV cache"}},
      {{"list", "models"}, {"Model", "Parameters", "Trained"}},
      {{"list", "gpus"}, {"GPU", "Memory", "Bandwidth"}},
  };
  for (Case one : cases) {
    one.arguments.insert(one.arguments.end(), {"--width", "80"});
    const std::string text = run(one.arguments).out;
    CAPTURE(one.arguments[0] + " " + one.arguments[1]);
    const std::size_t begin = text.starts_with("| ") ? 0 : text.find("\n| ") + 1;
    const std::string head = text.substr(begin, text.find('\n', begin) - begin);
    for (const std::string& heading : one.headings) CHECK_MESSAGE(head.find(" " + heading) != std::string::npos, head);
    CHECK(width_of(text) <= 80);
  }
}

TEST_CASE("find shows the largest models on a terminal, and says how many it leaves out") {
  const std::vector<std::string> question = {"find", "--gpu", "rtx-3090-24gb", "-n", "8K"};
  const auto models_of = [](const std::string& text) {
    std::vector<std::string> models;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("| ")) models.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
    return models;
  };
  const std::vector<std::string> all = models_of(run(question).out);
  REQUIRE(all.size() > 30);  // the head, and more models than are shown
  std::vector<std::string> wide = question;
  wide.emplace_back("--wide");
  const RunOptions terminal{.environment = {kPlain}, .terminal = true, .terminal_columns = 300};
  CHECK(models_of(run(wide, terminal).out) == all);
  const std::string text = run(question, terminal).out;
  CHECK(models_of(text) == std::vector<std::string>(all.begin(), all.begin() + 21));
  const std::string left = std::to_string(all.size() - 21) + " smaller models left out; --wide shows all";
  CHECK_MESSAGE(text.find(left) != std::string::npos, text);
}

TEST_CASE("a file has every column, unless --width bounds it; documents for programs have no width") {
  const TemporaryDirectory directory;
  const std::string path = directory.path("gpus.txt");
  const RunOptions narrow{.environment = {"COLUMNS=40", kPlain}, .terminal = true, .terminal_columns = 40};
  CHECK(run({"list", "gpus", "-o", path}, narrow).status == 0);
  CHECK(read_file(path) == run({"list", "gpus"}).out);
  CHECK(run({"list", "gpus", "-o", path, "--width", "60"}).status == 0);
  CHECK(width_of(read_file(path)) <= 60);
  for (const char* format : {"json", "ndjson", "csv", "markdown"}) {
    CHECK(run({"list", "gpus", "--format", format, "--width", "40"}).out ==
          run({"list", "gpus", "--format", format}).out);
  }
}

TEST_CASE("what cannot be a width is an error") {
  struct Case {
    std::vector<std::string> arguments;
    const char* error;
  };
  const Case cases[] = {
      {{"list", "gpus", "--width", "19"},
       "ctxcost: --width: expected columns of text, from 20 to 10,000, found \"19\" (--wide shows all columns of "
       "tables)\n"},
      {{"article-7b", "--width", "x"},
       "ctxcost: --width: expected columns of text, from 20 to 10,000, found \"x\" (--wide shows all columns of "
       "tables)\n"},
      {{"article-7b", "--width", "80", "--wide"}, "ctxcost: --width: bounds what --wide does not (keep one of them)\n"},
  };
  for (const Case& one : cases) {
    const Run result = run(one.arguments);
    CHECK(result.status == 2);
    CHECK(result.out == "");
    CHECK(result.err == one.error);
  }
}

TEST_CASE("--explain-columns says what each column is, those that are left out included") {
  const std::string scale = run({"article-7b", "-n", "4K", "-q", "--explain-columns"}).out;
  CHECK(
      scale ==
      "| Context | Tokens (n) | Attn Scores (n²) | Attn FLOPs/layer | KV Cache (FP16) |\n"
      "|---------|-----------:|-----------------:|-----------------:|----------------:|\n"
      "| 4K      |      4,096 |            16.8M |  137.4 GigaFLOPs |          2.1 GB |\n"
      "\n"
      "Context = context, in tokens: tokens of one sequence\n"
      "Tokens (n) = context, in tokens: tokens of one sequence\n"
      "Attn Scores (n²) = scores_per_head, in query-key pairs: query-key pairs of one head of one sequence; null "
      "unless "
      "all layers agree\n"
      "Attn FLOPs/layer = attention_flops_per_layer, in FLOPs: attention_flops / layers; null where layers differ and "
      "the quotient is not whole\n"
      "KV Cache (FP16) = kv_cache_bytes, in bytes: bytes of live KV cache: the maximum over positions up to n\n");

  // Every heading of a table is explained, in each command that explains them.
  const std::string source = CTXCOST_SOURCE_DIR;
  const std::string log = source + "/tests/data/logs/vllm-0.7.log";
  const std::string budgets = source + "/configs/budgets/chat.json";
  const std::vector<std::vector<std::string>> questions = {
      {"scale", "llama-3.1-8b", "mamba-1.4b-hf", "-b", "1,2", "--kv-precision", "bf16,q8_0", "--engine", "ideal",
       "--engine", "vllm", "--weights", "bf16,fp8", "-n", "4K", "--units", "iec"},
      {"scale", "gpt2", "-n", "1K", "--columns", "model,convention,window_status,growth_kv_cache"},
      {"fit", "llama-3.1-8b", "-n", "4K", "--gpu", "l4-24gb"},
      {"fit", "llama-3.1-8b", "gpt2", "-n", "512,1K", "-b", "1,2", "--gpu", "l4-24gb:1,l4-24gb:2", "--kv-precision",
       "bf16,q8_0", "--weights", "bf16,fp8", "--engine", "ideal", "--engine", "llama.cpp"},
      {"find", "--gpu", "rtx-3090-24gb", "--family", "gpt2,gemma2"},
      {"compare", "gpt2", "-n", "512", "--with", "flash=off", "--gpu", "h100-sxm-80gb", "-v"},
      {"explain", "gpt-oss-20b", "parameters", "-n", "1K"},
      {"explain", "gpt-oss-20b", "--positions", "-n", "1K"},
      {"check", budgets},
      {"diff", "llama-2-7b", "llama-3.1-8b", "-n", "4K", "-b", "1,2", "--weights", "bf16,fp8", "--columns",
       "kv_cache_bytes,weights_bytes"},
      {"train", "gpt2", "--stage", "512:100000"},
      {"evaluate", "needle", "gpt2", "-n", "512", "--depths", "2", "--prefix-reuse", "on", "--gpu", "l4-24gb",
       "--price", "1"},
      {"evaluate", "lost-in-the-middle", "llama-3-8b", "--grid", "qa"},
      {"reconcile", log, "llama-3.2-1b"},
      {"list", "models"},
      {"list", "engines"},
  };
  for (std::vector<std::string> arguments : questions) {
    CAPTURE(arguments[0] + " " + arguments[1]);
    arguments.insert(arguments.end(), {"--explain-columns", "--width", "60"});
    const std::string narrow = run(arguments).out;
    arguments.back() = "10000";
    const std::string wide = run(arguments).out;
    const std::size_t begin = wide.starts_with("| ") ? 0 : wide.find("\n| ") + 1;
    std::string head = wide.substr(begin, wide.find('\n', begin) - begin);
    std::size_t columns = 0;
    for (std::size_t at = 0; at + 1 < head.size(); ++columns) {
      const std::size_t end = head.find('|', at + 1);
      std::string heading = head.substr(at + 1, end - at - 1);
      heading.erase(0, heading.find_first_not_of(' '));
      heading.erase(heading.find_last_not_of(' ') + 1);
      CHECK_MESSAGE(wide.find("\n" + heading + " = ") != std::string::npos, heading);
      CHECK_MESSAGE(narrow.find("\n" + heading + " = ") != std::string::npos, heading);
      at = end;
    }
    CHECK(columns > 2);
  }
}

TEST_CASE("--explain-columns names what JSON has, and commands without a table refuse it") {
  const std::string log = std::string(CTXCOST_SOURCE_DIR) + "/tests/data/logs/vllm-0.7.log";
  const std::vector<std::vector<std::string>> questions = {
      {"diff", "llama-2-7b", "llama-3.1-8b", "-n", "4K", "-b", "1,2"},
      {"train", "gpt2", "--stage", "512:100000"},
      {"evaluate", "needle", "gpt2", "-n", "512", "--depths", "2", "--prefix-reuse", "on"},
      {"reconcile", log, "llama-3.2-1b"},
      {"explain", "gpt-oss-20b", "--positions", "-n", "1K"},
  };
  for (std::vector<std::string> arguments : questions) {
    CAPTURE(arguments[0]);
    arguments.insert(arguments.end(), {"--explain-columns", "-q"});
    std::istringstream page(run(arguments).out);
    arguments.insert(arguments.end(), {"--format", "json"});
    const std::string json = run(arguments).out;
    std::size_t explained = 0;
    for (std::string line; std::getline(page, line);) {
      const std::size_t equals = line.find(" = ");
      if (equals == std::string::npos || line.starts_with(" ") || line.starts_with("note: ")) continue;
      const std::size_t begin = equals + 3;
      const std::string name = line.substr(begin, line.find_first_of(":,", begin) - begin);
      CHECK_MESSAGE(json.find("\"" + name + "\":") != std::string::npos, name);
      ++explained;
    }
    CHECK(explained > 2);
  }
  const Run solve = run({"solve", "context", "gpt2", "--gpu", "l4-24gb", "--explain-columns"});
  CHECK(solve.status == 2);
  CHECK(solve.err.starts_with("ctxcost: --explain-columns: is an option of scale, explain, "));
}

TEST_CASE("messages are wrapped on a terminal, and stay one line elsewhere") {
  const std::vector<std::string> faulty = {"llama-3.1-9b", "-n", "4K"};
  const Run piped = run(faulty, {.environment = {"COLUMNS=40"}});
  CHECK(piped.status == 2);
  CHECK(std::count(piped.err.begin(), piped.err.end(), '\n') == 1);
  REQUIRE(piped.err.size() > 60);
  for (const auto columns : std::initializer_list<unsigned short>{40, 60}) {
    const Run shown = run(faulty, {.terminal_columns = columns, .error_terminal = true});
    CHECK(shown.status == 2);
    CHECK(width_of(shown.err) <= columns);
    std::string joined = shown.err;
    joined.erase(std::remove(joined.begin(), joined.end(), '\r'), joined.end());
    for (std::size_t at = 0; (at = joined.find("\n  ", at)) != std::string::npos;) joined.replace(at, 3, " ");
    CHECK(joined == piped.err);
  }
}

TEST_CASE("the strip of explain --positions follows the width: its cells are joined by twos, exactly") {
  const auto strip = [](const std::string& width) {
    const std::string out = run({"explain", "llama-3.1-8b", "--positions", "-n", "64K", "--width", width}).out;
    CHECK(width_of(out) <= std::stoul(width));
    const std::size_t begin = out.find("one layer     |") + 15;
    std::string cells = out.substr(begin, out.find('|', begin) - begin);
    CHECK(out.find("a cell is 1/" + std::to_string(cells.size()) + " of") != std::string::npos);
    return cells;
  };
  const std::string whole = strip("100");
  CHECK(whole.size() == 64);
  // 2 + 13 (the longer label, "all 32 layers") + 3 columns beside the cells: 40 hold 16 of them, 60 hold 32.
  for (const auto& [width, cells] : {std::pair("60", 32U), std::pair("40", 16U)}) {
    std::string joined;
    for (std::size_t i = 0; i < whole.size(); i += whole.size() / cells) joined += whole[i];
    CHECK(strip(width) == joined);
  }
}
