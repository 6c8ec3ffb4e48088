// Names with settings, as options and budgets write them: NAME[:key=value,…].
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/divided.h"

namespace ctxcost {

/// One setting as written. A flag may stand without a value: "zero" in "int4:group=64,zero".
struct WrittenSetting {
  std::string_view key;
  std::optional<std::string_view> value;
};

struct NamedSettings {
  std::string_view name;
  std::vector<WrittenSetting> settings;
};

/// Splits NAME[:key=value,…]. An item that is empty stays as an empty key, which no table has.
inline NamedSettings split_settings(std::string_view text) {
  const std::size_t colon = text.find(':');
  NamedSettings named{text.substr(0, colon), {}};
  if (colon == std::string_view::npos) return named;
  for (const std::string_view item : divided(text.substr(colon + 1), ',')) {
    const std::size_t equals = item.find('=');
    WrittenSetting setting{item.substr(0, equals), {}};
    if (equals != std::string_view::npos) setting.value = item.substr(equals + 1);
    named.settings.push_back(setting);
  }
  return named;
}

}  // namespace ctxcost
