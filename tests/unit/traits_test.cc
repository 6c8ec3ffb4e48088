// What is asked of mechanisms and families is a trait of theirs, never their name.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>

#include "ctxcost/mechanism/mechanism.h"
#include "input/huggingface/family.h"

using namespace ctxcost;

TEST_CASE("no source compares the name of a mechanism or a family outside their own rooms") {
  const std::regex asked(
      R"((kind\(\)|\bkind|\bfamily|engine->name) *[!=]= *"|\bfamily\.starts_with|find_mechanism\(")");
  CHECK(std::regex_search("if (mixer->kind() == \"latent\") return;", asked));
  std::size_t sources = 0;
  const std::filesystem::path root = std::string(CTXCOST_SOURCE_DIR) + "/src";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string path = entry.path().lexically_relative(root).generic_string();
    if (!entry.is_regular_file() || path.starts_with("mechanism/") || path.starts_with("input/huggingface/")) continue;
    ++sources;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) CHECK_MESSAGE(!std::regex_search(line, asked), path, ": ", line);
  }
  CHECK(sources > 100);
}

TEST_CASE("every model type and every architecture of GGUF belongs to one family") {
  std::set<std::string_view> types, architectures;
  for (const huggingface::Family* family : huggingface::families()) {
    for (const std::string_view word : huggingface::words(family->model_types)) {
      CHECK_MESSAGE(types.insert(word).second, word);
      CHECK(huggingface::find_family(word) == family);
    }
    for (const std::string_view word : huggingface::words(family->gguf_architectures)) {
      CHECK_MESSAGE(architectures.insert(word).second, word);
    }
    CHECK_MESSAGE(family->gguf_architectures.empty() == (family->read_gguf == nullptr), family->model_types);
  }
  CHECK(types.size() > 120);
  CHECK(types.size() <= 256);  // half of the rows of find_family's table
  CHECK(architectures.size() == 58);
  for (const std::string_view none : {"", "llam", "llama ", "llama mistral", "LLAMA", "qwen9"}) {
    CHECK_MESSAGE(huggingface::find_family(none) == nullptr, none);
  }
}

TEST_CASE("kinds whose windows, chunks or segments begin anew read less there") {
  for (const std::string_view kind : {"chunked", "compressive", "infini", "native_sparse"}) {
    CHECK_MESSAGE(!find_mechanism(kind)->traits.traffic_never_falls, kind);
  }
  for (const std::string_view kind : {"full", "sliding_window", "latent", "mamba2", "lsh", "routing"}) {
    CHECK_MESSAGE(find_mechanism(kind)->traits.traffic_never_falls, kind);
  }
}
