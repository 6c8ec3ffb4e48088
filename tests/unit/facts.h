// Reads the public figures in tests/data.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "input/json/json.h"

namespace ctxcost::test {

inline JsonDocument load_facts(const std::string& name) {
  std::ifstream file(std::string(CTXCOST_SOURCE_DIR) + "/tests/data/" + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse_json(text, "tests/data/" + name);
}

}  // namespace ctxcost::test
