#include "ctxcost/engine/engine.h"

#include <algorithm>

#include "core/choices.h"
#include "core/divided.h"
#include "core/named_settings.h"
#include "ctxcost/core/diagnostic.h"

namespace ctxcost {
namespace {

const EngineSetting* find_setting(const Engine& engine, std::string_view name) {
  for (const EngineSetting& setting : engine.settings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

[[noreturn]] void fail(std::string message, std::string hint) {
  throw InputError(setting_fault("engine", std::move(message), std::move(hint)));
}

bool is_number(const EngineSetting& setting, std::string_view value) {
  const std::optional<Count> number = parse_digits(value);
  return number && *number >= Count{setting.minimum} && number->fits_u64();
}

bool are_numbers(const EngineSetting& setting, std::string_view value) {
  for (const std::string_view number : divided(value, '+')) {
    if (!is_number(setting, number)) return false;
  }
  return true;
}

bool is_usable(const EngineSetting& setting, std::string_view value) {
  const auto is_fraction = [&](bool at_most_one) {
    const std::optional<Fraction> fraction = read_fraction(value);
    return fraction && (!at_most_one || fraction->numerator <= fraction->denominator);
  };
  switch (setting.form) {
    case SettingForm::numbers: return are_numbers(setting, value);
    case SettingForm::number_and_choices: return is_number(setting, value) || is_choice(setting.choices, value);
    case SettingForm::share: return is_fraction(true);
    case SettingForm::ratio: return is_fraction(false);
    case SettingForm::draft_model:
    case SettingForm::projector: return !value.empty();
    case SettingForm::number_or_choice: break;
  }
  return setting.choices.empty() ? is_number(setting, value) : is_choice(setting.choices, value);
}

/// What the setting takes in place of `value`: "an integer of at least 1", "one of 0|1".
std::string expected_of(const EngineSetting& setting, std::string_view value) {
  const std::string least = " of at least " + std::to_string(setting.minimum);
  switch (setting.form) {
    case SettingForm::numbers: return "integers" + least + " joined by '+'";
    case SettingForm::number_and_choices: return "an integer" + least + ", or " + std::string(setting.choices);
    case SettingForm::share: return std::string(expected_share(value));
    case SettingForm::ratio: return "a number above 0 with at most six decimals";
    case SettingForm::draft_model:
    case SettingForm::projector: return "a file or the name of a model";
    case SettingForm::number_or_choice: break;
  }
  return setting.choices.empty() ? "an integer" + least : "one of " + std::string(setting.choices);
}

}  // namespace

Count SequenceMix::sequences() const {
  Count sum;
  for (const SequenceGroup& group : groups) sum += group.sequences;
  return sum;
}

Count SequenceMix::tokens() const {
  Count sum;
  for (const SequenceGroup& group : groups) sum += group.sequences * group.tokens;
  return sum;
}

std::string_view Engine::fallback(const EngineSetting& setting) const {
  for (const EnginePreset& preset : presets) {
    if (preset.setting == setting.name) return preset.value;
  }
  return setting.fallback;
}

bool EngineChoice::given(std::string_view setting) const {
  return std::any_of(settings.begin(), settings.end(), [&](const auto& item) { return item.first == setting; });
}

std::string_view EngineChoice::word(std::string_view setting) const {
  for (const auto& [key, value] : settings) {
    if (key == setting) return value;
  }
  return engine->fallback(*find_setting(*engine, setting));
}

Count EngineChoice::number(std::string_view setting) const { return parse_digits(word(setting)).value(); }

Fraction EngineChoice::fraction(std::string_view setting) const { return read_fraction(word(setting)).value(); }

EngineChoice parse_engine(std::string_view text) {
  const NamedSettings named = split_settings(text);
  const std::string_view name = named.name;
  EngineChoice choice;
  std::vector<std::string_view> names;
  for (const Engine* engine : engines()) {
    names.push_back(engine->name);
    if (engine->name == name) choice.engine = engine;
  }
  if (choice.engine == nullptr) {
    std::string hint = did_you_mean(name, names);
    fail("unknown engine \"" + std::string(name) + "\"", hint.empty() ? "`ctxcost list engines` shows all" : hint);
  }
  choice.name = text;

  std::vector<std::string_view> known;
  for (const EngineSetting& setting : choice.engine->settings) known.push_back(setting.name);
  for (const WrittenSetting& written : named.settings) {
    const EngineSetting* setting = find_setting(*choice.engine, written.key);
    if (setting == nullptr) {
      fail("unknown setting \"" + std::string(written.key) + "\" of " + std::string(name),
           did_you_mean(written.key, known));
    }
    const std::string_view value = written.value.value_or("");
    if (choice.given(setting->name)) fail("\"" + std::string(setting->name) + "\" is given twice", "");
    if (!is_usable(*setting, value)) {
      fail(std::string(setting->name) + ": expected " + expected_of(*setting, value) + ", found \"" +
               std::string(value) + "\"",
           "");
    }
    choice.settings.emplace_back(setting->name, std::string(value));
  }
  return choice;
}

}  // namespace ctxcost
