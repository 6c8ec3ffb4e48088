#include "written_settings.h"

#include <algorithm>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"

namespace ctxcost {
namespace {

Count read_written_count(const MechanismKey& key, std::string_view text) {
  try {
    return parse_length(text, key.name);
  } catch (const InputError&) {
    throw SettingFault{std::string(key.name), "expected " + expectation(key) + ", found \"" + std::string(text) + "\"",
                       "write 4096 or 4K"};
  }
}

SettingValue read_written_value(const MechanismKey& key, std::string_view text) {
  switch (key.type) {
    case KeyType::count:
    case KeyType::count_or_list: return read_written_count(key, text);
    case KeyType::flag:
      if (text == "true") return true;
      if (text == "false") return false;
      throw SettingFault{std::string(key.name),
                         "expected " + expectation(key) + ", found \"" + std::string(text) + "\"", ""};
    case KeyType::text: break;
  }
  return std::string(text);
}

/// Adds an item without a key to the list before it.
void append_written_item(SettingValue& value, Count item) {
  if (const Count* const first = std::get_if<Count>(&value)) value = std::vector<Count>{*first};
  std::get<std::vector<Count>>(value).push_back(item);
}

}  // namespace

MixerSettings read_written_settings(std::string_view of, std::span<const MechanismKey> keys,
                                    std::span<const WrittenSetting> written) {
  std::vector<std::optional<SettingValue>> values(keys.size());
  std::size_t last = keys.size();
  for (const WrittenSetting& setting : written) {
    if (setting.key.empty()) throw SettingFault{"", "expected key=value, found nothing", ""};
    const auto row = std::find_if(keys.begin(), keys.end(), [&setting](const MechanismKey& key) {
      return key.name == setting.key && !key.reader_only;
    });
    if (row == keys.end()) {
      if (!setting.value && last < keys.size() && keys[last].type == KeyType::count_or_list) {
        append_written_item(*values[last], read_written_count(keys[last], setting.key));
        continue;
      }
      std::vector<std::string_view> names;
      for (const MechanismKey& key : keys) {
        if (!key.reader_only) names.push_back(key.name);
      }
      std::string hint = did_you_mean(setting.key, names);
      if (hint.empty() && names.empty()) hint = "it takes none";
      throw SettingFault{std::string(setting.key), "unknown key of \"" + std::string(of) + "\"", std::move(hint)};
    }
    last = static_cast<std::size_t>(row - keys.begin());
    if (values[last]) throw SettingFault{std::string(row->name), "is given twice", ""};
    if (setting.value) {
      values[last] = read_written_value(*row, *setting.value);
    } else if (row->type == KeyType::flag) {
      values[last] = true;
    } else {
      throw SettingFault{std::string(row->name), "expected " + expectation(*row) + ", found nothing",
                         "write " + std::string(row->name) + "=VALUE"};
    }
  }
  MixerSettings settings;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (values[i]) settings.set(keys[i].name, *std::move(values[i]));
  }
  return settings;
}

}  // namespace ctxcost
