#include "ctxcost/input/model_lines.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "ctxcost/core/diagnostic.h"

using namespace ctxcost;

namespace {

/// A file that is gone with it.
class LinesFile {
 public:
  explicit LinesFile(std::string_view text) {
    const int file = mkstemp(path_);
    REQUIRE(file >= 0);
    REQUIRE(write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    close(file);
  }
  ~LinesFile() { unlink(path_); }
  LinesFile(const LinesFile&) = delete;
  LinesFile& operator=(const LinesFile&) = delete;
  const char* path() const { return path_; }

 private:
  char path_[32] = "/tmp/ctxcost-lines-XXXXXX";
};

/// Of each line its layers, or its error without the path.
std::vector<std::string> read_all(std::string_view text) {
  const LinesFile file(text);
  ModelLines lines(file.path());
  std::vector<std::string> found;
  for (;;) {
    try {
      const std::optional<Model> model = lines.next();
      if (!model) return found;
      CHECK(model->origin.starts_with(file.path()));
      found.push_back(model->origin.substr(std::string(file.path()).size()) + " " + to_string(model->layers()));
    } catch (const InputError& error) {
      found.push_back(std::string(error.what()).substr(std::string(file.path()).size()));
    }
  }
}

std::string model_of(int layers, std::size_t padding = 0) {
  return R"({"layers": )" + std::to_string(layers) + R"(, "heads": 1, "d_k": 1)" + std::string(padding, ' ') + "}";
}

}  // namespace

TEST_CASE("models are read line by line, each under its line's number") {
  CHECK(read_all("").empty());
  CHECK(read_all("\n \t\r\n").empty());
  const std::vector<std::string> two = {":1 3", ":3 4"};
  CHECK(read_all(model_of(3) + "\n\n" + model_of(4) + "\n") == two);
  CHECK(read_all(model_of(3) + "\r\n\r\n" + model_of(4)) == two);  // no line end behind the last
}

TEST_CASE("lines may be longer than the pieces in which a file is read") {
  // Pieces are of 64 KiB: lines end before, on and behind their border.
  for (const std::size_t padding : {65'400UL, 65'499UL, 65'500UL, 65'501UL, 65'600UL, 131'072UL, 1'000'000UL}) {
    const std::string text = model_of(1, padding) + "\n" + model_of(2) + "\n" + model_of(3, padding);
    CHECK(read_all(text) == std::vector<std::string>{":1 1", ":2 2", ":3 3"});
  }
}

TEST_CASE("a line that is no model is an error, and the next is read") {
  const std::vector<std::string> found = read_all("{\n" + model_of(2) + "\n[1]\nx\n" + model_of(5));
  REQUIRE(found.size() == 5);
  CHECK(found[0] == ":1: expected a whole model description on one line, found \"{\" (`jq -c .` writes one a line)");
  CHECK(found[1] == ":2 2");
  CHECK(found[2].starts_with(":3: expected "));
  CHECK(found[3].starts_with(":4"));
  CHECK(found[4] == ":5 5");
}

TEST_CASE("a line of more than 16 MiB is refused and skipped") {
  const std::size_t limit = std::size_t{16} << 20;
  const std::string fits = model_of(1, limit - model_of(1).size());
  REQUIRE(fits.size() == limit);
  const std::vector<std::string> found =
      read_all(fits + "\n" + fits + " \n" + model_of(2) + "\n" + fits + fits + "\n" + model_of(3) + "\n" + fits + fits);
  const std::string refusal = ": expected a model description of at most 16 MiB, found more";
  CHECK(found == std::vector<std::string>{":1 1", ":2" + refusal, ":3 2", ":4" + refusal, ":5 3", ":6" + refusal});
}

TEST_CASE("a file that cannot be read ends the lines") {
  CHECK_THROWS_WITH_AS(ModelLines("/nowhere/models.ndjson"),
                       "/nowhere/models.ndjson: cannot be read: No such file or directory", InputError);
  ModelLines lines("/tmp");
  CHECK_THROWS_WITH_AS(lines.next(), "/tmp: cannot be read: Is a directory", InputError);
  CHECK_FALSE(lines.next().has_value());
}
