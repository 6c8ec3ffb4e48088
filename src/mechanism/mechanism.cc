#include "ctxcost/mechanism/mechanism.h"
#include "core/choices.h"
#include "ctxcost/mechanism/visibility.h"

#include <algorithm>
#include <stdexcept>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost {

Visibility Mixer::visibility(Count n) const { return {{mask::Band{n}}, {}}; }

Count Mixer::rows_read(std::size_t part, Count keys) const {
  const CachePart& row = cache_[part];
  return row.heads * row.span.tokens(keys);
}

std::optional<Count> Mixer::linear_macs(Count n) const {
  const std::optional<Count> token = decode_linear_macs(n);
  return token ? std::optional<Count>(*token * n) : std::nullopt;
}

std::optional<Count> Mixer::decode_linear_macs(Count) const {
  const std::optional<std::vector<Tensor>> all = tensors();
  if (!all) return std::nullopt;
  Count macs;
  for (const Tensor& tensor : *all) {
    if (tensor.use == TensorUse::linear) macs += tensor.active_elements();
  }
  return macs;
}

MixerSettings::MixerSettings(std::initializer_list<std::pair<std::string_view, SettingValue>> values) {
  for (const auto& [name, value] : values) set(name, value);
}

void MixerSettings::set(std::string_view name, SettingValue value) {
  for (auto& [known, old] : values_) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  values_.emplace_back(std::string(name), std::move(value));
}

const SettingValue* MixerSettings::find(std::string_view name) const {
  for (const auto& [known, value] : values_) {
    if (known == name) return &value;
  }
  return nullptr;
}

const MechanismKey* MixerSettings::key(std::string_view name) const {
  for (const MechanismKey& row : table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

Count MixerSettings::count(std::string_view name) const {
  if (const SettingValue* value = find(name)) return std::get<Count>(*value);
  const MechanismKey* row = key(name);
  const std::optional<Count> fallback = row == nullptr ? std::nullopt : parse_digits(row->fallback);
  if (!fallback) throw std::logic_error("no value for key " + std::string(name));
  return *fallback;
}

Count MixerSettings::count_or(std::string_view name, Count otherwise) const {
  const SettingValue* value = find(name);
  return value == nullptr ? otherwise : std::get<Count>(*value);
}

bool MixerSettings::flag(std::string_view name) const {
  if (const SettingValue* value = find(name)) return std::get<bool>(*value);
  const MechanismKey* row = key(name);
  return row != nullptr && row->fallback == "true";
}

std::string_view MixerSettings::text(std::string_view name) const {
  if (const SettingValue* value = find(name)) return std::get<std::string>(*value);
  const MechanismKey* row = key(name);
  if (row == nullptr) throw std::logic_error("no value for key " + std::string(name));
  return row->fallback;
}

std::optional<std::vector<Count>> MixerSettings::list(std::string_view name) const {
  const SettingValue* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto* list = std::get_if<std::vector<Count>>(value);
  return list == nullptr ? std::nullopt : std::optional(*list);
}

const Mechanism* find_mechanism(std::string_view kind) {
  for (const Mechanism* mechanism : mechanisms()) {
    if (mechanism->kind == kind) return mechanism;
  }
  return nullptr;
}

namespace {

std::string describe(const SettingValue& value) {
  if (const auto* number = std::get_if<Count>(&value)) return to_string(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return '"' + *text + '"';
  return "a list";
}

bool fits(const MechanismKey& key, const SettingValue& value) {
  switch (key.type) {
    case KeyType::count: return std::holds_alternative<Count>(value) && std::get<Count>(value) >= Count{key.minimum};
    case KeyType::count_or_list:
      if (std::holds_alternative<Count>(value)) return std::get<Count>(value) >= Count{key.minimum};
      return std::holds_alternative<std::vector<Count>>(value);
    case KeyType::flag: return std::holds_alternative<bool>(value);
    case KeyType::text:
      return std::holds_alternative<std::string>(value) && is_choice(key.choices, std::get<std::string>(value));
  }
  return false;
}

}  // namespace

const MechanismTraits& Mixer::traits() const {
  static constexpr MechanismTraits kNoTraits;  // for a mixer whose kind is not in the list
  const Mechanism* const mechanism = find_mechanism(kind_);
  return mechanism == nullptr ? kNoTraits : mechanism->traits;
}

std::string expectation(const MechanismKey& key) {
  switch (key.type) {
    case KeyType::count:
    case KeyType::count_or_list: {
      std::string text = key.minimum == 0   ? "a non-negative integer"
                         : key.minimum == 1 ? "a positive integer"
                                            : "an integer of at least " + std::to_string(key.minimum);
      if (key.type == KeyType::count_or_list) text += " or a list of them";
      return text;
    }
    case KeyType::flag: return "true or false";
    case KeyType::text: return "one of " + std::string(key.choices);
  }
  return {};
}

std::vector<SettingFault> check_settings(const Mechanism& mechanism, const MixerSettings& settings) {
  std::vector<SettingFault> faults;
  for (const auto& [name, value] : settings.all()) {
    const auto key = std::find_if(mechanism.keys.begin(), mechanism.keys.end(),
                                  [&name = name](const MechanismKey& row) { return row.name == name; });
    if (key == mechanism.keys.end()) {
      std::vector<std::string_view> names;
      for (const MechanismKey& row : mechanism.keys) {
        if (!row.reader_only) names.push_back(row.name);
      }
      faults.push_back({name, "unknown key of \"" + std::string(mechanism.kind) + "\"", did_you_mean(name, names)});
    } else if (!fits(*key, value)) {
      faults.push_back({name, "expected " + expectation(*key) + ", found " + describe(value), ""});
    }
  }
  for (const MechanismKey& key : mechanism.keys) {
    if (key.fallback.empty() && !settings.has(key.name)) {
      faults.push_back(
          {std::string(key.name), "missing; \"" + std::string(mechanism.kind) + "\" needs " + expectation(key), ""});
    }
  }
  return faults;
}

std::shared_ptr<const Mixer> build_mixer(const Mechanism& mechanism, const MixerShape& shape,
                                         const MixerSettings& settings) {
  MixerSettings complete = settings;
  complete.table = mechanism.keys;
  std::shared_ptr<Mixer> mixer = mechanism.make(shape, complete);
  mixer->settings_ = std::move(complete);
  return mixer;
}

std::shared_ptr<const Mixer> shard_mixer(const Mixer& mixer, Count ranks, Count rank) {
  MixerShape shape = mixer.shape();
  shape.tensor_ranks = ranks;
  shape.tensor_rank = rank;
  if (shape.kv_heads >= ranks) {
    const Count group = shape.heads / shape.kv_heads;
    shape.kv_heads = shape.share(shape.kv_heads);
    shape.heads = shape.kv_heads * group;
  } else {
    shape.kv_heads = 1;
    shape.heads = shape.share(shape.heads);
  }
  return build_mixer(*find_mechanism(mixer.kind()), shape, mixer.settings());
}

std::shared_ptr<const Mixer> make_mixer(std::string_view kind, const MixerShape& shape, const MixerSettings& settings) {
  const Mechanism* mechanism = find_mechanism(kind);
  if (mechanism == nullptr) throw std::logic_error("no mechanism " + std::string(kind));
  const std::vector<SettingFault> faults = check_settings(*mechanism, settings);
  if (!faults.empty()) throw SettingFault(faults.front());
  return build_mixer(*mechanism, shape, settings);
}

}  // namespace ctxcost
