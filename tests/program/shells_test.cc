// What the shells offer: the candidates, and bash, zsh and fish themselves with the scripts that the program writes.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "program.h"

namespace {

using Words = std::vector<std::string>;

Words lines_of(const std::string& text) {
  Words lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// What may stand for the last of the words: the candidates without their meanings, "files" last.
Words offered(Words words) {
  words.insert(words.begin(), {"completions", "words", "--"});
  const Run result = run(words);
  CHECK(result.status == 0);
  Words all = lines_of(result.out);
  for (std::string& line : all) line = line.substr(0, line.find('\t'));
  return all;
}

bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Runs a shell that finds the program, and nothing of its user's, in a directory with a file.
Run run_shell(const TemporaryDirectory& directory, Words arguments) {
  write_file(directory.path("file-of-mine.json"), "{}");
  const std::string program = CTXCOST_PROGRAM;
  arguments.insert(arguments.begin(),
                   {"PATH=" + program.substr(0, program.rfind('/')) + ":/usr/bin:/bin", "HOME=" + directory.path(),
                    "XDG_DATA_DIRS=" + directory.path("share"), "TERM=dumb"});
  return run(arguments, {.program = "/usr/bin/env", .directory = directory.path()});
}

}  // namespace

TEST_CASE("candidates: commands, options and their values") {
  struct Row {
    Words words;
    Words candidates;
  };
  const Row rows[] = {
      {{"fi"}, {"fit", "find", "files"}},
      {{"help", "so"}, {"solve"}},
      {{"help", "e"}, {"explain", "evaluate", "engines", "exit-status"}},
      {{"solve", ""}, {"context", "batch", "users", "gpus", "kv-precision", "weights"}},
      {{"evaluate", "l"}, {"lost-in-the-middle"}},
      {{"list", ""}, {"models", "gpus", "precisions", "mechanisms", "engines", "metrics"}},
      {{"schema", "b"}, {"budget"}},
      {{"completions", ""}, {"bash", "zsh", "fish"}},
      {{"scale", "--kv"}, {"--kv-precision"}},
      {{"scale", "--units", ""}, {"si", "iec"}},
      {{"scale", "--units=i"}, {"--units=iec"}},
      {{"scale", "--logits", "l"}, {"last"}},
      {{"scale", "--format", ""}, {"table", "json", "ndjson", "csv", "markdown"}},
      {{"scale", "--convention", "c"}, {"causal"}},
      {{"scale", "--kv-precision", "int8,q8"}, {"int8,q8_0"}},
      {{"scale", "--engine", "tr"}, {"transformers"}},
      {{"scale", "--engine", "vllm"}, {"vllm", "vllm:"}},
      {{"scale", "--engine", "vllm:max_b"}, {"vllm:max_batched_tokens="}},
      {{"scale", "--engine", "vllm:block=32,max_b"}, {"vllm:block=32,max_batched_tokens="}},
      {{"fit", "--gpu", "h100-nv"}, {"h100-nvl-94gb", "files"}},
      {{"fit", "llama-3.1-8b", "-g", "h100-nvl-94gb,h100-pc"}, {"h100-nvl-94gb,h100-pcie-80gb", "files"}},
      {{"fit", "--gpu=h100-nv"}, {"--gpu=h100-nvl-94gb", "files"}},
      {{"scale", "--columns", "n,scores_per_l"}, {"n,scores_per_layer"}},
      {{"scale", "qwen3-235b-a22b-i"}, {"qwen3-235b-a22b-instruct-2507", "files"}},
      {{"scale", "Qwen3-235B-A22B-I"}, {"Qwen3-235B-A22B-Instruct-2507", "files"}},
      {{"check", "--gpu", "h100-nv"}, {"h100-nvl-94gb", "files"}},
      {{"check", "x"}, {"files"}},
      {{"scale", "-o", "x"}, {"files"}},
      // Neither an option of the command nor a value.
      {{"list", "--gpu"}, {}},
      {{"scale", "-n", "4"}, {}},
      {{"scale", "--", "--kv"}, {"files"}},
      {{"help", "fit", ""}, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words.back());
    CHECK(offered(row.words) == row.candidates);
  }
  const Words commands = offered({""});
  for (const char* command : {"scale", "fit", "completions", "man", "help"}) CHECK(has(commands, command));
  CHECK_FALSE(has(commands, "files"));
  CHECK(has(offered({"explain", "llama-3.1-8b", "kv_"}), "kv_cache_bytes"));
  CHECK(has(offered({"scale", "-"}), "-n"));
  CHECK(has(offered({"scale", "--"}), "--help"));
  CHECK(has(offered({"show", "lat"}), "latent"));
  CHECK(has(offered({"show", "vl"}), "vllm"));
  CHECK(run({"completions", "words", "--", "scale", "--units", "i"}).out == "iec\t\n");
}

TEST_CASE("whatever the table of options has is offered for each command") {
  for (const char* command : {"scale", "fit", "check", "train"}) {
    const Words options = offered({command, "--"});
    const Words help = lines_of(run({command, "--help-all"}).out);
    for (const std::string& line : help) {
      const std::size_t name = line.find("--");
      if (name != 6 || line.find_first_not_of(' ') > 6) continue;
      const std::string option = line.substr(name, line.find_first_of(" \n", name) - name);
      CHECK_MESSAGE(has(options, option), option);
    }
  }
}

TEST_CASE("a shell that is not known") {
  const Run unknown = run({"completions", "fisch"});
  CHECK(unknown.status == 2);
  CHECK(unknown.err == "ctxcost: completions: expected bash, zsh or fish, found \"fisch\"; did you mean \"fish\"?\n");
  CHECK(run({"completions"}).status == 2);
  CHECK(run({"man", "scale"}).status == 2);
}

namespace {

/// A line up to the cursor, and what it is when the shell has completed it.
struct Typed {
  const char* line;
  const char* completed;
};

constexpr Typed kTyped[] = {
    {"ctxcost fin", "ctxcost find "},
    {"ctxcost scale --kv-", "ctxcost scale --kv-precision "},
    {"ctxcost scale --units=i", "ctxcost scale --units=iec "},
    {"ctxcost scale --engine vllm:max_b", "ctxcost scale --engine vllm:max_batched_tokens="},
    {"ctxcost scale --engine=vllm:block=32,max_b", "ctxcost scale --engine=vllm:block=32,max_batched_tokens="},
    {"ctxcost fit --gpu h100-nv", "ctxcost fit --gpu h100-nvl-94gb "},
    {"ctxcost fit --gpu=h100-nvl-94gb,h100-pc", "ctxcost fit --gpu=h100-nvl-94gb,h100-pcie-80gb "},
    {"ctxcost scale -n 4K --format nd", "ctxcost scale -n 4K --format ndjson "},
    {"ctxcost scale fil", "ctxcost scale file-of-mine.json "},
};

}  // namespace

TEST_CASE("bash, with bash-completion's loader") {
  const TemporaryDirectory directory;
  REQUIRE(run({"-p", directory.path("share/bash-completion/completions")}, {.program = "/bin/mkdir"}).status == 0);
  REQUIRE(run({"completions", "bash", "-o", directory.path("share/bash-completion/completions/ctxcost")}).status == 0);
  for (const Typed& row : kTyped) {
    CAPTURE(row.line);
    // bash replaces what stands behind the last space, ':' or '='.
    const std::string script =
        "source /usr/share/bash-completion/bash_completion\n"
        "_completion_loader ctxcost\n"
        "compopt() { [[ $* == '-o nospace' ]] && end=; }\n"
        "end=' '; COMP_LINE=$1; COMP_POINT=${#1}; _ctxcost ctxcost\n"
        "[[ ${#COMPREPLY[@]} == 1 ]] && printf '%s' \"${1%\"${1##*[ :=]}\"}${COMPREPLY[0]}$end\"\n";
    const Run result = run_shell(directory, {"bash", "--norc", "-c", script, "bash", row.line});
    CHECK_MESSAGE(result.out == row.completed, result.err);
  }
}

TEST_CASE("zsh, typed into a terminal") {
  const TemporaryDirectory directory;
  REQUIRE(run({"completions", "zsh", "-o", directory.path("_ctxcost")}).status == 0);
  // The line is completed, and printed by what is typed before it then.
  write_file(
      directory.path("drive.zsh"),
      "zmodload zsh/zpty\n"
      "zpty shell zsh -f -i\n"
      "zpty -w shell 'PS1=; unsetopt zle_bracketed_paste; fpath=($PWD $fpath); autoload -U compinit; compinit -D -u; "
      "print re\"\"ady'\n"
      "zpty -r -m shell out '*ready*' || exit 3\n"
      "for line in \"$@\"; do\n"
      "  zpty -w -n shell $line$'\\t\\x01print -r -- \"<\\x05>\"\\n'\n"
      "  zpty -r -m shell out $'*\\n<*>*' || exit 4\n"
      "  out=${out##*$'\\n<'}\n"
      "  print -r -- ${out%%>*}\n"
      "done\n"
      "zpty -d shell\n");
  Words arguments = {"zsh", "-f", "drive.zsh"};
  std::string expected;
  for (const Typed& row : kTyped) {
    arguments.push_back(row.line);
    // zsh takes the space back that it adds.
    const std::string completed = row.completed;
    expected += completed.substr(0, completed.find_last_not_of(' ') + 1) + "\n";
  }
  const Run result = run_shell(directory, arguments);
  CHECK_MESSAGE(result.out == expected, result.err);
}

TEST_CASE("fish") {
  const TemporaryDirectory directory;
  REQUIRE(run({"completions", "fish", "-o", directory.path("ctxcost.fish")}).status == 0);
  for (const Typed& row : kTyped) {
    CAPTURE(row.line);
    const Run result = run_shell(
        directory, {"fish", "--no-config", "-c", "source ctxcost.fish; complete --do-complete $argv[1]", row.line});
    const Words candidates = lines_of(result.out);
    REQUIRE_MESSAGE(candidates.size() == 1, result.out << result.err);
    // fish prints the word; what follows it is its own affair.
    const std::string line = row.line, completed = row.completed;
    const std::string word = completed.substr(line.rfind(' ') + 1);
    CHECK(candidates[0].substr(0, candidates[0].find('\t')) == word.substr(0, word.find_last_not_of(' ') + 1));
  }
}

TEST_CASE("the manual page has every command and option once, and nothing that groff warns of") {
  const Run page = run({"man"});
  CHECK(page.status == 0);
  const TemporaryDirectory directory;
  write_file(directory.path("ctxcost.1"), page.out);
  const Run groff = run({"-man", "-ww", "-z", directory.path("ctxcost.1")}, {.program = "/usr/bin/groff"});
  CHECK(groff.status == 0);
  CHECK(groff.err.empty());
  const Run text =
      run({"-man", "-Tascii", "-P-c", "-P-b", "-P-u", directory.path("ctxcost.1")}, {.program = "/usr/bin/groff"});
  const Words lines = lines_of(text.out);
  for (const char* start :
       {"       scale MODEL...", "       -n, --context LIST", "       -g, --gpu NAME", "EXIT STATUS"}) {
    CHECK_MESSAGE(std::count_if(lines.begin(), lines.end(),
                                [start](const std::string& line) { return line.starts_with(start); }) == 1,
                  start);
  }
}
