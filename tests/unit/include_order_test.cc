// The rooms of src/ and the order between them, held over the #include lines: nothing includes upwards, nothing in a
// circle, and the umbrella header leaves no public header out.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = CTXCOST_SOURCE_DIR;
/// From the ground up.
constexpr std::array<std::string_view, 11> kRooms = {
    "core", "mechanism", "model", "weights", "engine", "estimate", "deployment", "input", "answer", "render", "cli"};
/// Of all rooms, and of none: the umbrella and what is precompiled.
constexpr std::array<std::string_view, 2> kEverything = {"include/ctxcost/ctxcost.h", "src/precompiled.h"};

/// Paths from the root of the project: "src/core/count.cc", "include/ctxcost/core/count.h".
std::vector<std::string> sources(std::initializer_list<const char*> folders) {
  std::vector<std::string> paths;
  for (const char* folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const std::string path = entry.path().lexically_relative(kRoot).generic_string();
      if (!path.ends_with(".h") && !path.ends_with(".cc")) continue;
      if (std::find(kEverything.begin(), kEverything.end(), path) == kEverything.end()) paths.push_back(path);
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// What stands between the quotes of each #include "…".
std::vector<std::string> included(const std::string& path) {
  constexpr std::string_view kStart = "#include \"";
  std::ifstream file(kRoot / path);
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kStart)) names.push_back(line.substr(kStart.size(), line.rfind('"') - kStart.size()));
  }
  return names;
}

/// The file that `name` means in `path`, or empty.
std::string resolved(const std::string& path, const std::string& name) {
  for (const fs::path& candidate :
       {fs::path(path).parent_path() / name, "include" / fs::path(name), "src" / fs::path(name)}) {
    const fs::path normal = candidate.lexically_normal();
    if (fs::exists(kRoot / normal)) return normal.generic_string();
  }
  return {};
}

/// "core" of "src/core/count.cc" and of "include/ctxcost/core/count.h".
std::string room_of(std::string_view path) {
  for (const std::string_view root : {std::string_view("src/"), std::string_view("include/ctxcost/")}) {
    if (path.starts_with(root)) return std::string(path.substr(root.size(), path.find('/', root.size()) - root.size()));
  }
  return {};
}

std::size_t height_of(std::string_view path) {
  const auto found = std::find(kRooms.begin(), kRooms.end(), room_of(path));
  return static_cast<std::size_t>(found - kRooms.begin());
}

/// A header and its source are one: "core/count".
std::string unit_of(const std::string& path) { return room_of(path) + "/" + fs::path(path).stem().string(); }

/// Of each unit, the units that it includes.
using Graph = std::map<std::string, std::set<std::string>>;

Graph include_graph() {
  Graph graph;
  for (const std::string& path : sources({"src", "include"})) {
    std::set<std::string>& below = graph[unit_of(path)];
    for (const std::string& name : included(path)) {
      const std::string target = resolved(path, name);
      if (!target.empty() && unit_of(target) != unit_of(path)) below.insert(unit_of(target));
    }
  }
  return graph;
}

/// Searches depth first for a way back to a unit on the way.
class CircleSearch {
 public:
  explicit CircleSearch(const Graph& graph) : graph_(graph) {}

  /// "a > b > a", or empty.
  std::string find() {
    for (const auto& [unit, below] : graph_) {
      if (visit(unit)) return circle_;
    }
    return {};
  }

 private:
  bool visit(const std::string& unit) {
    if (const auto start = std::find(way_.begin(), way_.end(), unit); start != way_.end()) {
      for (auto step = start; step != way_.end(); ++step) circle_ += *step + " > ";
      circle_ += unit;
      return true;
    }
    if (!done_.insert(unit).second) return false;
    way_.push_back(unit);
    const auto below = graph_.find(unit);
    const bool found = below != graph_.end() && std::any_of(below->second.begin(), below->second.end(),
                                                            [this](const auto& u) { return visit(u); });
    way_.pop_back();
    return found;
  }

  const Graph& graph_;
  std::set<std::string> done_;
  std::vector<std::string> way_;
  std::string circle_;
};

}  // namespace

TEST_CASE("every source stands in a room, and every included file is there") {
  const std::vector<std::string> all = sources({"src", "include"});
  CHECK(all.size() > 200);
  for (const std::string& path : all) {
    CHECK_MESSAGE(height_of(path) < kRooms.size(), path);
    for (const std::string& name : included(path))
      CHECK_MESSAGE(!resolved(path, name).empty(), path, " includes ", name);
  }
}

TEST_CASE("no source includes a file of a room above its own") {
  for (const std::string& path : sources({"src", "include"})) {
    for (const std::string& name : included(path)) {
      const std::string target = resolved(path, name);
      CHECK_MESSAGE(height_of(target) <= height_of(path), path, " includes ", target);
    }
  }
}

TEST_CASE("a public header includes public headers alone") {
  for (const std::string& path : sources({"include"})) {
    for (const std::string& name : included(path))
      CHECK_MESSAGE(name.starts_with("ctxcost/"), path, " includes ", name);
  }
}

TEST_CASE("nothing includes itself, whatever the way around") {
  CHECK(CircleSearch(include_graph()).find() == "");
  // The search itself: a header and its source of another room.
  CHECK(CircleSearch({{"a/x", {"b/y"}}, {"b/y", {"b/z"}}, {"b/z", {"a/x"}}}).find() == "a/x > b/y > b/z > a/x");
  CHECK(CircleSearch({{"a/x", {"b/y", "b/z"}}, {"b/y", {"b/z"}}}).find() == "");
}

TEST_CASE("the umbrella header names every public header") {
  std::vector<std::string> expected;
  for (const std::string& path : sources({"include"}))
    expected.push_back(path.substr(std::string_view("include/").size()));
  const std::vector<std::string> named = included(std::string(kEverything[0]));
  for (const std::string& path : expected) {
    CHECK_MESSAGE(std::find(named.begin(), named.end(), path) != named.end(), path, " is left out");
  }
  CHECK(named.size() == expected.size());
}
