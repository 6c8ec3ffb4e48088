// Engines whose settings have several values: "vllm:max_batched_tokens=2048,8192" stands for two engines.
#include <string>
#include <string_view>
#include <vector>

#include "core/named_settings.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/engine/engine.h"

namespace ctxcost {
namespace {

constexpr std::size_t kMostAlternatives = 1000;

/// Returns the values that an item stands for: itself, or the points of a range.
std::vector<std::string> values_of(std::string_view item) {
  if (item.find("..") == std::string_view::npos) return {std::string(item)};
  const LengthList points = parse_lengths(item, "engine");
  std::vector<std::string> values;
  for (const Count point : points) {
    values.push_back(to_string(point));
    if (values.size() > kMostAlternatives) break;  // which is refused below
  }
  return values;
}

/// A setting as written, "key=" or a lone word, with its values.
struct Alternatives {
  std::string key;
  std::vector<std::string> values;
};

std::vector<Alternatives> alternatives_of(const NamedSettings& named) {
  std::vector<Alternatives> all;
  for (const WrittenSetting& written : named.settings) {
    std::string_view item = written.value.value_or("");
    if (written.value) {
      all.push_back({std::string(written.key) + '=', {}});
    } else if (all.empty()) {
      all.push_back({std::string(written.key), {}});
    } else {
      item = written.key;  // an item without a key is one more value of the key before it
    }
    for (std::string& value : values_of(item)) all.back().values.push_back(std::move(value));
  }
  return all;
}

}  // namespace

std::vector<EngineChoice> parse_engines(std::string_view text) {
  const NamedSettings named = split_settings(text);
  std::vector<std::string> texts{std::string(named.name)};
  char separator = ':';
  for (const Alternatives& setting : alternatives_of(named)) {
    if (texts.size() * setting.values.size() > kMostAlternatives) {
      throw InputError(setting_fault("engine", "\"" + std::string(text) + "\" stands for more than " +
                                                   std::to_string(kMostAlternatives) + " engines"));
    }
    std::vector<std::string> longer;
    for (const std::string& before : texts) {
      for (const std::string& value : setting.values) {
        std::string& one = longer.emplace_back(before);
        one += separator;
        one += setting.key;
        one += value;
      }
    }
    texts = std::move(longer);
    separator = ',';
  }
  std::vector<EngineChoice> engines;
  engines.reserve(texts.size());
  for (const std::string& one : texts) engines.push_back(parse_engine(one));
  return engines;
}

}  // namespace ctxcost
