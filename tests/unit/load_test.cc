#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "ctxcost/diagnostic.h"
#include "ctxcost/input.h"

using namespace ctxcost;

namespace {

constexpr const char* kTiny = R"({"layers": 1, "heads": 1, "d_k": 1})";

/// A directory of its own, and the working directory while it lives.
class Workplace {
 public:
  Workplace() {
    char name[] = "/tmp/ctxcost-load-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
    REQUIRE(getcwd(before_, sizeof before_) != nullptr);
    REQUIRE(chdir(name) == 0);
  }
  ~Workplace() {
    CHECK(chdir(before_) == 0);
    const std::string command = "rm -r '" + path_ + "'";
    CHECK(std::system(command.c_str()) == 0);
  }
  void write(const char* name, std::string_view text) const {
    std::FILE* file = std::fopen(name, "wb");
    REQUIRE(file != nullptr);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }

 private:
  std::string path_;
  char before_[4096];
};

std::string error_of(const std::string& name) {
  try {
    load_model(name);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a file, a directory and a catalogue name") {
  const Workplace here;
  here.write("tiny.json", kTiny);
  mkdir("folder", 0700);
  here.write("folder/config.json", kTiny);
  CHECK(load_model("tiny.json").name == "tiny");
  CHECK(load_model("tiny.json").origin == "tiny.json");
  CHECK(load_model("folder").name == "folder");
  CHECK(load_model("folder/").origin == "folder/config.json");
  CHECK(load_model("article-7b").name == "approx. 7B");
}

TEST_CASE("a catalogue name wins over a file of that name, ./ means the file") {
  const Workplace here;
  here.write("article-7b", kTiny);
  CHECK(load_model("article-7b").layers() == Count{32});
  CHECK(load_model("Article-7B").layers() == Count{32});
  CHECK(load_model("./article-7b").layers() == Count{1});
}

TEST_CASE("standard input is read to its end") {
  const Workplace here;
  here.write("tiny.json", std::string(100'000, ' ') + kTiny);
  const int before = dup(STDIN_FILENO);
  REQUIRE(std::freopen("tiny.json", "rb", stdin) != nullptr);
  const Model model = load_model("-");
  CHECK(model.origin == "-");
  CHECK(model.name == "standard input");
  dup2(before, STDIN_FILENO);
  close(before);
}

TEST_CASE("what cannot be loaded is one line") {
  const Workplace here;
  mkdir("empty", 0700);
  mkdir("odd", 0700);
  mkdir("odd/config.json", 0700);
  here.write("empty.json", "");
  here.write("cut.json", R"({"layers": 1, "heads")");
  here.write("binary", std::string_view("\x7F"
                                        "ELF\0\0",
                                        6));
  here.write("list.json", "[]");
  CHECK(error_of("nothing.json") ==
        "nothing.json: no such file, and no model of that name in the catalogue (`ctxcost list models` shows the "
        "catalogue)");
  CHECK(error_of("lama-3.1-8b") ==
        "lama-3.1-8b: no such file, and no model of that name in the catalogue; did you mean \"llama-3.1-8b\"?");
  CHECK(
      error_of("").ends_with("no such file, and no model of that name in the catalogue (`ctxcost list models` shows "
                             "the catalogue)"));
  CHECK(error_of("cut.json/deeper").starts_with("cut.json/deeper: no such file"));
  CHECK(error_of(std::string(5000, 'x')).ends_with("(`ctxcost list models` shows the catalogue)"));
  CHECK(error_of("empty") == "empty: expected a config.json or a .gguf file in this directory, found none");
  CHECK(error_of("odd") == "odd: expected a config.json or a .gguf file in this directory, found none");
  CHECK(error_of("empty.json") == "empty.json: expected JSON, found nothing: the file is empty");
  CHECK(error_of("/dev/null") == "/dev/null: expected JSON, found nothing: the file is empty");
  CHECK(error_of("cut.json") == "cut.json:1:22: expected ':' after a key, found the end of the file");
  CHECK(error_of("binary") == "binary:1:5: expected JSON text, found a zero byte; is this a binary file?");
  CHECK(error_of("list.json") == "list.json: expected an object that describes a model, found an empty list");
  CHECK(error_of("/dev/zero") == "/dev/zero: expected a model description of at most 16 MiB, found more");
  if (geteuid() != 0) {
    here.write("secret.json", kTiny);
    chmod("secret.json", 0);
    CHECK(error_of("secret.json") == "secret.json: cannot be read: Permission denied");
  }
}
