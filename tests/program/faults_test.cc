// The system fails: reads, writes, opens and allocations one by one, a file that may not grow, signals, links that lead
// nowhere. The program ends with its documented status, says what failed, and leaves no file behind.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <utility>

#include "program.h"

namespace {

constexpr const char* kModel = R"({"layers": 4, "heads": 8, "kv_heads": 2, "d_k": 64, "d_model": 512, "d_ff": 1024,
  "vocab": 1000, "precision": "bf16"})";
constexpr const char* kOtherModel = R"({"layers": 4, "heads": 8, "kv_heads": 4, "d_k": 64, "d_model": 512,
  "d_ff": 1024, "vocab": 1000, "precision": "bf16"})";
constexpr const char* kBudgets = R"({"budgets": [{"name": "b", "model": "model.json", "context": "4K",
  "limits": {"kv_cache_bytes": {"max": "1KB"}}}]})";
constexpr const char* kConfig = R"({"model_type": "llama", "hidden_size": 8, "intermediate_size": 16,
  "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 4, "max_position_embeddings": 64})";

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void write_inputs(const TemporaryDirectory& directory) {
  write_file(directory.path("model.json"), kModel);
  write_file(directory.path("other.json"), kOtherModel);
  write_file(directory.path("budgets.json"), kBudgets);
  REQUIRE(mkdir(directory.path("checkpoint").c_str(), 0700) == 0);
  write_file(directory.path("checkpoint/config.json"), kConfig);
  const std::string header = R"({"x":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  write_file(directory.path("checkpoint/model.safetensors"), file + header + "12345678");
}

#ifdef CTXCOST_FAULT_SHIM

/// What a run leaves: its results, and every file of the directory beside the inputs.
struct Outcome {
  Run run;
  std::map<std::string, std::string> files;
};

Outcome outcome_of(const std::vector<std::string>& arguments, const RunOptions& options,
                   const TemporaryDirectory& directory) {
  Outcome outcome{run(arguments, options), {}};
  for (const std::string& name : directory.names()) {
    if (name == "model.json" || name == "other.json" || name == "budgets.json" || name == "checkpoint") continue;
    outcome.files[name] = read_file(directory.path(name));
    unlink(directory.path(name).c_str());
  }
  return outcome;
}

/// A kind of call that the shim lets fail, and how the program calls the reason.
struct FaultKind {
  const char* name;
  const char* reason;  ///< empty: no reason to give up
};
constexpr FaultKind kFaultKinds[] = {
    {"open", "Too many open files"}, {"read", "Input/output error"},   {"write", "No space left on device"},
    {"close", "Input/output error"}, {"rename", "Input/output error"}, {"interrupt", ""},
    {"allocation", "out of memory"},
};

/// Lets the Nth call of a kind fail, for every N. Returns how many there were.
int fail_each(const std::vector<std::string>& arguments, const FaultKind& kind, const Outcome& usual,
              const TemporaryDirectory& directory, const std::string& mark) {
  // A program that counts its coverage opens hundreds of files at its end, which are not its own.
  constexpr int kMostIdle = 50;
  int idle = 0;
  for (int n = 1;; ++n) {
    CAPTURE(n);
    const std::string plan = std::string(kind.name) + ":" + std::to_string(n);
    const Outcome found = outcome_of(
        arguments,
        {.environment = {"CTXCOST_FAULT=" + plan, "CTXCOST_FAULT_MARK=" + mark, "LD_PRELOAD=" CTXCOST_FAULT_SHIM},
         .directory = directory.path()},
        directory);
    const bool struck = unlink(mark.c_str()) == 0;
    const bool as_usual =
        found.run.status == usual.run.status && found.run.out == usual.run.out && found.files == usual.files;
    if (!struck) {
      CHECK(as_usual);
      return n - 1;
    }
    // What closes a file that was only read is no reason to give up, nor is a signal during a call.
    idle = as_usual ? idle + 1 : 0;
    if (idle == kMostIdle) return n - kMostIdle;
    if (as_usual) continue;
    INFO(found.run.err);
    CHECK(found.run.status == 2);
    CHECK(found.run.err.starts_with("ctxcost: "));
    CHECK(contains(found.run.err, kind.reason));
    CHECK(kind.reason[0] != '\0');
    // A file is whole or not there; a report of budgets may say what failed.
    for (const auto& [name, text] : found.files) {
      REQUIRE(usual.files.count(name) == 1);
      CHECK((text == usual.files.at(name) || contains(text, kind.reason)));
    }
  }
}

#endif

/// Starts a run that takes long and has begun to write "out.csv". Returns its process.
pid_t start_long_run(const TemporaryDirectory& directory) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (chdir(directory.path().c_str()) != 0) _exit(126);
    execl(CTXCOST_PROGRAM, "ctxcost", "article-7b", "-n", "1..900000000:+1", "-o", "out.csv", nullptr);
    _exit(127);
  }
  // The temporary file is there, with something in it.
  for (;;) {
    const std::vector<std::string> names = directory.names();
    struct stat status {};
    if (!names.empty() && stat(directory.path(names.front()).c_str(), &status) == 0 && status.st_size > 0) return child;
    usleep(1000);
  }
}

int status_of(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("each read, write, open, close, rename and allocation fails in turn, over six commands") {
#ifdef CTXCOST_FAULT_SHIM
  const TemporaryDirectory directory;
  const TemporaryDirectory marks;
  write_inputs(directory);
  const std::vector<std::vector<std::string>> commands = {
      {"model.json", "-n", "1K", "-o", "out.csv"},
      {"check", "budgets.json", "--save", "out.json"},
      {"diff", "model.json", "other.json", "-n", "1K"},
      {"fit", "model.json", "--gpu", "l4-24gb", "-n", "1K"},
      {"explain", "model.json", "kv_cache_bytes", "-n", "1K", "-o", "out.txt", "--format", "json", "-o", "out.json"},
      {"checkpoint", "-n", "1K"},
  };
  for (const std::vector<std::string>& arguments : commands) {
    CAPTURE(arguments[0]);
    const Outcome usual = outcome_of(arguments, {.directory = directory.path()}, directory);
    REQUIRE(usual.run.status < 2);
    for (const FaultKind& kind : kFaultKinds) {
      CAPTURE(kind.name);
      const int struck = fail_each(arguments, kind, usual, directory, marks.path("mark"));
      const bool renames = std::string_view(kind.name) == "rename";
      CHECK((struck > 0 || (renames && usual.files.empty())));
    }
  }
#else
  MESSAGE("the shim is made for programs that are linked dynamically, without sanitizers or counters");
#endif
}

TEST_CASE("a signal that ends the program leaves no file, and the status is that of the signal") {
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU, SIGPROF, SIGVTALRM}) {
    CAPTURE(number);
    const TemporaryDirectory directory;
    const pid_t child = start_long_run(directory);
    REQUIRE(kill(child, number) == 0);
    CHECK(status_of(child) == 128 + number);
    CHECK(directory.names().empty());
  }
}

TEST_CASE("a file that may not grow is a fault of the write") {
  const TemporaryDirectory directory;
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit small{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &small);
    const int err = open(directory.path("err").c_str(), O_WRONLY | O_CREAT, 0600);
    dup2(err, STDERR_FILENO);
    if (chdir(directory.path().c_str()) != 0) _exit(126);
    execl(CTXCOST_PROGRAM, "ctxcost", "article-7b", "-n", "1..10000:+1", "-o", "out.csv", nullptr);
    _exit(127);
  }
  CHECK(status_of(child) == 2);
  CHECK(contains(read_file(directory.path("err")), "out.csv: File too large"));
  CHECK(directory.names() == std::vector<std::string>{"err"});
}

TEST_CASE("-o through a link that leads to no file yet writes what the link names") {
  const TemporaryDirectory directory;
  const std::string expected = run({"article-7b"}).out;
  REQUIRE(mkdir(directory.path("there").c_str(), 0700) == 0);
  REQUIRE(symlink("there/table.txt", directory.path("link.txt").c_str()) == 0);
  REQUIRE(symlink("link.txt", directory.path("second.txt").c_str()) == 0);
  CHECK(run({"article-7b", "-o", "second.txt"}, {.directory = directory.path()}).status == 0);
  CHECK(read_file(directory.path("there/table.txt")) == expected);
  struct stat status {};
  REQUIRE(lstat(directory.path("second.txt").c_str(), &status) == 0);
  CHECK(S_ISLNK(status.st_mode));
  CHECK(directory.names() == std::vector<std::string>{"link.txt", "second.txt", "there"});

  // Both name one file.
  REQUIRE(unlink(directory.path("there/table.txt").c_str()) == 0);
  const Run twice = run({"article-7b", "-o", "link.txt", "-o", "there/table.txt"}, {.directory = directory.path()});
  CHECK(twice.status == 2);
  CHECK(contains(twice.err, "\"there/table.txt\" is named twice"));

  REQUIRE(symlink("/no/such/place/table.txt", directory.path("far.txt").c_str()) == 0);
  const Run far = run({"article-7b", "-o", "far.txt"}, {.directory = directory.path()});
  CHECK(far.status == 2);
  CHECK(far.err == "ctxcost: /no/such/place/table.txt: No such file or directory\n");
}

TEST_CASE("a loop of links is named, to be read or to be written") {
  const TemporaryDirectory directory;
  REQUIRE(symlink("b.json", directory.path("a.json").c_str()) == 0);
  REQUIRE(symlink("a.json", directory.path("b.json").c_str()) == 0);
  const RunOptions there{.directory = directory.path()};
  CHECK(run({"article-7b", "-o", "a.json"}, there).err == "ctxcost: a.json: Too many levels of symbolic links\n");
  CHECK(run({"a.json"}, there).err == "ctxcost: a.json: cannot be read: Too many levels of symbolic links\n");
  write_file(directory.path("budgets.json"), R"({"budgets": [{"name": "b", "model": "a.json", "context": "4K",
    "limits": {"kv_cache_bytes": {"max": "1KB"}}}]})");
  CHECK(contains(run({"check", "budgets.json"}, there).err, "Too many levels of symbolic links"));
  REQUIRE(mkdir(directory.path("model").c_str(), 0700) == 0);
  REQUIRE(symlink("../a.json", directory.path("model/config.json").c_str()) == 0);
  CHECK(run({"model"}, there).err == "ctxcost: model/config.json: cannot be read: Too many levels of symbolic links\n");
  struct stat status {};
  REQUIRE(lstat(directory.path("a.json").c_str(), &status) == 0);
  CHECK(S_ISLNK(status.st_mode));
}

TEST_CASE("a directory that cannot be listed says so") {
  // Whoever may read everything does not notice.
  if (geteuid() == 0) return;
  const TemporaryDirectory directory;
  write_inputs(directory);
  REQUIRE(chmod(directory.path("checkpoint").c_str(), 0100) == 0);
  const Run found = run({"checkpoint"}, {.directory = directory.path()});
  chmod(directory.path("checkpoint").c_str(), 0700);
  CHECK(found.status == 2);
  CHECK(found.err == "ctxcost: checkpoint/: cannot be read: Permission denied\n");
}
