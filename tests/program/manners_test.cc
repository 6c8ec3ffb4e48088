#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "program.h"

namespace {

/// Exit status 2, nothing on standard output, one line on standard error.
void check_refused(const Run& result, const std::string& line) {
  CHECK(result.status == 2);
  CHECK(result.out == "");
  CHECK(result.err == "ctxcost: " + line + "\n");
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("usage errors are one line with a hint, and exit status 2") {
  const std::string no_value = R"(expected a value, found nothing (write "--context LIST"))";
  check_refused(run({"article-7b", "--formt", "json"}), R"(--formt: unknown option; did you mean "--format"?)");
  check_refused(run({"article-7b", "--formt=json"}), R"(--formt: unknown option; did you mean "--format"?)");
  check_refused(run({"-x", "article-7b"}), "-x: unknown option (--help lists all)");
  check_refused(run({"article-7b", "-n"}), "--context: " + no_value);
  check_refused(run({"article-7b", "--context="}), "--context: " + no_value);
  check_refused(run({"article-7b", "--quiet=yes"}), R"(--quiet: takes no value (write "--quiet"))");
  check_refused(run({"article-7b", "--format", "jsn"}),
                R"(--format: expected table, json, ndjson, csv or markdown, found "jsn"; did you mean "json"?)");
  check_refused(run({"article-7b", "--columns", "kv_cache_byte"}),
                R"(--columns: unknown column "kv_cache_byte"; did you mean "kv_cache_bytes"?)");
  check_refused(run({"article-7b", "--units", "bytes"}), R"(--units: expected si or iec, found "bytes")");
  check_refused(run({"article-7b", "--logits", "al"}),
                R"(--logits: expected last or all, found "al"; did you mean "all"?)");
  check_refused(run({"article-7b", "-n", "1kb"}), R"(--context: expected a length, found "1kb"; did you mean "1k"?)");
  check_refused(run({"article-7b", "-b", "0"}), R"(--batch: expected an integer of at least 1, found "0")");
  check_refused(run({"article-7b", "--engine", "idael"}), R"(--engine: unknown engine "idael"; did you mean "ideal"?)");
  check_refused(run({"article-7b", "--kv-precision", "q4_k"}),
                R"(--kv-precision: "q4_k" stores weights, not a cache (use q8_0, q4_0, fp8 or bf16))");
  check_refused(run({"article-7b", "--convention", "casual"}),
                R"(--convention: unknown convention "casual"; did you mean "causal"?)");
  check_refused(run({"scale"}),
                "scale: expected a MODEL, found nothing (a JSON file, a directory with a config.json, - for standard "
                "input, or a catalogue name)");
  check_refused(run({"help", "scal"}), R"(help: unknown command or topic "scal"; did you mean "scale"?)");
}

TEST_CASE("a misspelt command gets a hint") {
  const Run result = run({"scal", "article-7b"});
  CHECK(result.status == 2);
  CHECK(contains(result.err, R"(did you mean the command "scale"?)"));
  // Its options would be another command's.
  check_refused(run({"fitt", "llama-3.1-8b", "--gpu", "4090"}),
                R"(fitt: no such command, file or model; did you mean the command "fit"?)");
  check_refused(run({"article-7b", "--gpu", "4090"}),
                "--gpu: is an option of compare, fit, solve, find, check, init, train, evaluate, reconcile, report");
}

TEST_CASE("a word that is no model but something else names the command for it") {
  struct Case {
    const char* word;
    const char* hint;
  };
  const Case cases[] = {
      {"models", "; did you mean `ctxcost list models`?"},
      {"gpus", "; did you mean `ctxcost list gpus`?"},
      {"modles", "; did you mean `ctxcost list models`?"},
      {"engines", "; did you mean `ctxcost list engines`?"},
      {"units", "; did you mean `ctxcost help units`?"},
      {"exit-status", "; did you mean `ctxcost help exit-status`?"},
      {"vllm", "; did you mean `ctxcost show vllm`?"},
      {"4090", "; did you mean `ctxcost show 4090`?"},
      {"kv_cache_bytes", "; did you mean `ctxcost show kv_cache_bytes`?"},
      {"sclae", "; did you mean the command \"scale\"?"},
      {"llama-3.1-9b", "; did you mean \"llama-3.1-8b\"?"},
      {"weather", " (`ctxcost list models` shows the catalogue)"},
  };
  for (const Case& one : cases) {
    check_refused(run({one.word}),
                  std::string(one.word) + ": no such file, and no model of that name in the catalogue" + one.hint);
  }
  // A mechanism, and the beginning of models' names.
  CHECK(contains(run({"mamba"}).err, " (it may be mamba-1.4b-hf, "));
}

TEST_CASE("a GPU that is not known is named by those that begin nearly so") {
  struct Case {
    const char* gpu;
    const char* hint;
  };
  const Case cases[] = {
      {"h200x", " (it may be h200-sxm-141gb, h200-nvl-141gb)"},
      {"rtx4091", " (it may be rtx-4090-24gb, rtx-4090-d-24gb, rtx-4090-laptop-16gb)"},
      {"4091", " (it may be rtx-4090-24gb, rtx-4090-d-24gb, rtx-4090-laptop-16gb)"},
      {"b3000", "; did you mean \"b300-sxm-288gb\"?"},
      {"h100-sxm-80bg", "; did you mean \"h100-sxm-80gb\"?"},
      {"weather", " (`ctxcost list gpus` shows all; a file of your own ends in .json)"},
  };
  for (const Case& one : cases) {
    check_refused(run({"fit", "llama-3.1-8b", "--gpu", one.gpu}),
                  "--gpu: unknown GPU \"" + std::string(one.gpu) + "\"" + one.hint);
  }
  check_refused(run({"show", "h200x"}),
                "show: nothing built in is called \"h200x\" (it may be h200-sxm-141gb, h200-nvl-141gb)");
}

TEST_CASE("a count above 128 bits is an error that names its input, before anything is written") {
  const std::string million = "1000000000000000000000000000000";  // 10^30
  const Run result = run({"article-7b", "-n", "1K," + million, "--format", "csv"});
  check_refused(result,
                "approx. 7B: a count at context " + million + ", batch 1 does not fit 128 bits (product above 2^128)");
  check_refused(run({"article-7b", "-n", "1" + std::string(40, '0')}),
                "--context: the length \"1" + std::string(40, '0') + "\" does not fit 128 bits");
}

TEST_CASE("without arguments the help goes to standard error") {
  const Run result = run({});
  CHECK(result.status == 2);
  CHECK(result.out == "");
  CHECK(contains(result.err, "Usage: ctxcost MODEL..."));
}

TEST_CASE("help and version are answers") {
  const std::string help = run({"--help"}).out;
  CHECK(contains(help, "Examples:\n  ctxcost article-7b\n"));
  CHECK(run({"-h"}).out == help);
  CHECK(run({"article-7b", "--help"}).status == 0);
  const Run version = run({"--version"});
  CHECK(version.status == 0);
  CHECK(version.out.starts_with("ctxcost "));
  CHECK(version.err == "");
}

TEST_CASE("options may stand anywhere, joined to their values, and after -- nothing is an option") {
  const std::string expected = run({"scale", "article-7b", "-q", "-n", "4K", "--format", "csv"}).out;
  CHECK(run({"-qn4K", "--format=csv", "article-7b"}).out == expected);
  CHECK(run({"scale", "-n", "4K", "--", "article-7b"}).status == 0);
  CHECK(run({"--exit-zero", "article-7b", "-q", "-q", "--format", "csv", "-n", "4K"}).out == expected);
  const Run result = run({"--", "--format"});
  CHECK(result.status == 2);
  CHECK(contains(result.err, "ctxcost: --format: no such file"));
}

TEST_CASE("a pipe that is closed ends the run quietly, with the status that was computed") {
  const TemporaryDirectory directory;
  // The cache alone is 68.7 GB of 24 GB; 4,096 tokens have 2.1 GB.
  std::string over = "{\"defaults\": {\"model\": \"article-7b\", \"context\": \"128K\"}, \"budgets\": [";
  for (int i = 0; i < 60; ++i) {
    over += (i == 0 ? "" : ",") + ("{\"name\": \"" + std::to_string(i)) +
            "\", \"limits\": {\"kv_cache_bytes\": {\"max\": \"24GB\"}}}";
  }
  write_file(directory.path("over.json"), over + "]}");
  struct Case {
    std::vector<std::string> arguments;
    int status;
  };
  const Case cases[] = {
      {{"article-7b", "-n", "1..100000:+1"}, 0},
      {{"article-7b", "-n", "1..100000000000:+1", "--format", "csv"}, 0},  // would never end
      {{"article-7b"}, 0},
      {{"article-7b", "--format", "json"}, 0},
      {{"check", "over.json", "--quiet"}, 1},
      {{"check", "over.json", "--quiet", "--format", "json"}, 1},
      {{"check", "over.json", "--quiet", "--format", "junit"}, 1},
      {{"check", "over.json", "--quiet", "--format", "sarif"}, 1},
      {{"check", "over.json", "--quiet", "--format", "github"}, 1},
      {{"check", "over.json", "--quiet", "--format", "markdown"}, 1},
      {{"check", "over.json", "--quiet", "--exit-zero"}, 0},
      {{"check", "absent.json"}, 2},
      {{"fit", "llama-2-7b", "-n", "128K", "--gpu", "l4-24gb"}, 1},
      {{"fit", "llama-2-7b", "-n", "128K", "--gpu", "l4-24gb", "--format", "csv"}, 1},
      {{"solve", "context", "llama-3.3-70b-instruct", "--gpu", "l4-24gb"}, 1},
      {{"solve", "context", "llama-3.3-70b-instruct", "--gpu", "l4-24gb", "--format", "json"}, 1},
      {{"diff", "llama-2-7b", "article-7b", "-n", "1..500:+1", "--fail-if", "kv_cache_bytes >= +0%"}, 1},
      {{"diff", "llama-3.1-8b", "llama-2-7b", "--fail-if", "kv_cache_bytes > 5%", "--format", "json"}, 1},
      {{"list", "models"}, 0},
      {{"show", "article-7b"}, 0},
      {{"schema", "output"}, 0},
      {{"--help"}, 0},
      {{"--version"}, 0},
  };
  for (const Case& one : cases) {
    CAPTURE(one.arguments);
    const Run result = run(one.arguments, {.directory = directory.path(), .closed_pipe = true});
    CHECK(result.status == one.status);
    if (one.status != 2) CHECK(result.err == "");
  }
  const Run saved = run({"check", "over.json", "--quiet", "--save", "saved.json"},
                        {.directory = directory.path(), .closed_pipe = true});
  CHECK(saved.status == 1);
  CHECK(read_file(directory.path("saved.json")) ==
        run({"check", "over.json", "--quiet", "--format", "json"}, {.directory = directory.path()}).out);
}

TEST_CASE("pairs of --format and -o: every document is written") {
  const TemporaryDirectory directory;
  const auto in_directory = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"article-7b", "-n", "4K"});
    return run(arguments, {.directory = directory.path()});
  };
  const std::string table = in_directory({}).out;
  const std::string json = in_directory({"--format", "json"}).out;
  const std::string csv = in_directory({"--format", "csv"}).out;
  struct Case {
    std::vector<std::string> arguments;
    std::string out;
    std::vector<std::pair<std::string, std::string>> files;
  };
  const Case cases[] = {
      {{"--format", "csv", "-o", "a", "--format", "json", "-o", "b", "--format", "table"},
       table,
       {{"a", csv}, {"b", json}}},
      {{"--format", "table", "--format", "csv", "-o", "a"}, table, {{"a", csv}}},
      {{"-o", "a.csv", "-o", "b.json"}, "", {{"a.csv", csv}, {"b.json", json}}},
      {{"-o", "a.csv", "-o", "b.JSON", "--format", "table"}, table, {{"a.csv", csv}, {"b.JSON", json}}},
      {{"-o", "a.csv", "--format", "json", "-o", "b"}, "", {{"a.csv", csv}, {"b", json}}},
      // The other order, as of one pair so of all.
      {{"-o", "a", "--format", "csv"}, "", {{"a", csv}}},
      {{"-o", "a", "--format", "csv", "-o", "b", "--format", "json"}, "", {{"a", csv}, {"b", json}}},
      {{"--format", "csv", "-o", "a", "-o", "-"}, table, {{"a", csv}}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.arguments);
    const Run result = in_directory(one.arguments);
    CHECK(result.status == 0);
    CHECK(result.err == "");
    CHECK(result.out == one.out);
    for (const auto& [name, text] : one.files) CHECK(read_file(directory.path(name)) == text);
  }
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"fit", "llama-3.1-8b", "-n", "4K", "--gpu", "l4-24gb"},
                                             {"solve", "context", "llama-3.1-8b", "--gpu", "l4-24gb"},
                                             {"diff", "article-7b", "llama-2-7b"},
                                             {"list", "models"},
                                             {"show", "article-7b"}}) {
    CAPTURE(command);
    const auto with = [&](std::vector<std::string> more) {
      more.insert(more.begin(), command.begin(), command.end());
      return run(more, {.directory = directory.path()});
    };
    const Run both = with({"--format", "json", "-o", "x.json", "--format", "table"});
    CHECK(both.err == "");
    CHECK(both.out == with({}).out);
    CHECK(read_file(directory.path("x.json")) == with({"--format", "json"}).out);
    CHECK(with({"-o", "y.json"}).out == "");
    CHECK(read_file(directory.path("y.json")) == with({"--format", "json"}).out);
    CHECK(with({"-o", "out.xyz"}).status == 2);
    CHECK(with({"--format", "json", "--format", "table"}).status == 2);
  }
  check_refused(in_directory({"-o", "out.xyz"}),
                "--output: expected one of the extensions .txt, .json, .ndjson, .jsonl, .csv, .md, .markdown, found "
                "\"out.xyz\" (or name the format: --format NAME)");
  check_refused(in_directory({"--format", "json", "--format", "csv"}),
                "--format: standard output takes one document, found two (give each --format an --output behind it)");
  check_refused(in_directory({"-o", "n.csv", "--format", "json", "-o", "./n.csv"}),
                "--output: \"./n.csv\" is named twice (each document needs a file of its own)");
  // What can be written is, where another file cannot.
  const Run half = in_directory({"-o", "/no/such/directory/x.csv", "-o", "half.csv"});
  CHECK(half.status == 2);
  CHECK(read_file(directory.path("half.csv")) == csv);
}

TEST_CASE("a second value of an option that has one is an error, a flag may be repeated") {
  check_refused(run({"article-7b", "--units", "si", "--units", "iec"}),
                "--units: given twice: \"si\" and \"iec\" (keep one of them)");
  check_refused(run({"article-7b", "--convention=causal", "--convention", "causal"}),
                "--convention: given twice: \"causal\" and \"causal\" (keep one of them)");
  for (const std::vector<std::string>& option :
       std::vector<std::vector<std::string>>{{"--logits", "last"}, {"--color", "never"}, {"--assume", "full"}}) {
    CHECK(run({"article-7b", option[0], option[1], option[0], option[1]}).status == 2);
  }
  for (const std::vector<std::string>& option : std::vector<std::vector<std::string>>{{"--utilization", "0.9"},
                                                                                      {"--overhead", "2GiB"},
                                                                                      {"--kv-memory", "2GiB"},
                                                                                      {"--host-bandwidth", "80GB"},
                                                                                      {"--mfu", "0.5"},
                                                                                      {"--mbu", "0.5"}}) {
    CHECK(run({"fit", "llama-3.1-8b", "-n", "4K", "--gpu", "l4-24gb", option[0], option[1], option[0], option[1]})
              .status == 2);
  }
  for (const std::vector<std::string>& option :
       std::vector<std::vector<std::string>>{{"--save", "a"}, {"--baseline", "a"}, {"--fail-on", "error"}}) {
    CHECK(run({"check", "b.json", option[0], option[1], option[0], option[1]}).err.find("given twice") !=
          std::string::npos);
  }
  CHECK(run({"article-7b", "-n", "1K", "-n", "4K", "-q", "-q", "-b", "1", "-b", "2"}).out ==
        run({"article-7b", "-n", "1K,4K", "-q", "-b", "1,2"}).out);
}

TEST_CASE("what cannot be written is exit status 2") {
  for (const char* format : {"table", "json", "csv"}) {
    const Run full = run({"article-7b", "--format", format}, {.out_path = "/dev/full"});
    CHECK(full.status == 2);
    CHECK(full.err == "ctxcost: standard output: No space left on device\n");
  }
  CHECK(run({"--help"}, {.out_path = "/dev/full"}).status == 2);
  check_refused(run({"article-7b", "-o", "/dev/full"}), "/dev/full: No space left on device");
  const Run closed = run({"article-7b"}, {.closed_out = true});
  CHECK(closed.status == 2);
  CHECK(closed.err == "ctxcost: standard output: Bad file descriptor\n");
  check_refused(run({"article-7b", "-o", "/no/such/directory/x"}), "/no/such/directory/x: No such file or directory");
  const TemporaryDirectory directory;
  check_refused(run({"article-7b", "-o", directory.path()}), directory.path() + ": Is a directory");
}

TEST_CASE("a file is replaced whole or not at all") {
  const TemporaryDirectory directory;
  const std::string path = directory.path("table.txt");
  write_file(path, "old");
  chmod(path.c_str(), 0640);

  CHECK(run({"article-7b", "-o", path, "-n", "1kb"}).status == 2);
  CHECK(run({"no-such-model", "-o", path}).status == 2);
  CHECK(read_file(path) == "old");

  CHECK(run({"article-7b", "-o", path}).status == 0);
  CHECK(read_file(path) == run({"article-7b"}).out);
  struct stat status;
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0640);

  const std::string link = directory.path("link.txt");
  REQUIRE(symlink("table.txt", link.c_str()) == 0);
  CHECK(run({"article-7b", "-o", link, "-n", "4K"}).status == 0);
  REQUIRE(lstat(link.c_str(), &status) == 0);
  CHECK(S_ISLNK(status.st_mode));
  CHECK(read_file(path) == run({"article-7b", "-n", "4K"}).out);

  CHECK(directory.names() == std::vector<std::string>{"link.txt", "table.txt"});
  CHECK(run({"article-7b", "-o", "-"}).out == run({"article-7b"}).out);
  CHECK(run({"article-7b", "-o", "/dev/stdout"}).out == run({"article-7b"}).out);
}

TEST_CASE("the same bytes in every locale and time zone") {
  const std::string expected = run({"article-7b"}).out;
  for (const char* locale : {"LC_ALL=C", "LC_ALL=de_DE.UTF-8", "LC_ALL=C.UTF-8", "LC_ALL=nonsense"}) {
    CHECK(run({"article-7b"}, {.environment = {locale, "LANG=de_DE.UTF-8", "TZ=Asia/Tokyo"}}).out == expected);
  }
}

TEST_CASE("colour is for terminals, and NO_COLOR and --color are obeyed") {
  const std::string plain = run({"article-7b"}).out;
  CHECK(!contains(plain, "\x1b["));
  CHECK(contains(run({"article-7b", "--color", "always"}).out, "\x1b[1m"));
  CHECK(contains(run({"article-7b", "--color=always"}, {.environment = {"NO_COLOR=1"}}).out, "\x1b[1m"));
  CHECK(contains(run({"article-7b"}, {.terminal = true}).out, "\x1b[1m"));
  CHECK(!contains(run({"article-7b"}, {.environment = {"NO_COLOR=1"}, .terminal = true}).out, "\x1b["));
  CHECK(contains(run({"article-7b"}, {.environment = {"NO_COLOR="}, .terminal = true}).out, "\x1b[1m"));
  CHECK(!contains(run({"article-7b"}, {.environment = {"TERM=dumb"}, .terminal = true}).out, "\x1b["));
  CHECK(!contains(run({"article-7b", "--color=never"}, {.terminal = true}).out, "\x1b["));
  CHECK(!contains(run({"article-7b", "--color=always", "--format", "csv"}).out, "\x1b["));
}
