#include "ctxcost/model/positions.h"

#include <algorithm>
#include <array>

#include "core/character.h"

namespace ctxcost {
namespace {

/// How a type determines the windows, in the columns of docs/cost-model.md section 10 [vllm config/model.py
/// _get_and_verify_max_len].
enum class Rule {
  unchanged,  // the file's window, twice
  multiply,   // max_positions, and that times the factor
  anchored,   // original, and that times the factor
  extended,   // original, and max_positions, which already includes the factor
};

struct ScalingType {
  std::string_view name;
  Rule rule;
};

constexpr ScalingType kTypes[] = {
    {"default", Rule::unchanged},
    {"none", Rule::unchanged},
    {"mrope", Rule::unchanged},         // sections of the head for image axes (Qwen2-VL)
    {"proportional", Rule::unchanged},  // a partial rotary factor (Gemma 4)
    {"linear", Rule::multiply},
    {"dynamic", Rule::multiply},
    {"ntk", Rule::multiply},
    {"yarn", Rule::anchored},
    {"deepseek_yarn", Rule::anchored},
    {"longrope", Rule::extended},
    {"su", Rule::extended},
    {"llama3", Rule::extended},
};

Rule rule_of(std::string_view type) {
  const auto row = std::find_if(std::begin(kTypes), std::end(kTypes),
                                [type](const ScalingType& known) { return known.name == type; });
  return row == std::end(kTypes) ? Rule::unchanged : row->rule;
}

}  // namespace

std::span<const std::string_view> rope_scaling_types() {
  static constexpr auto kNames = [] {
    std::array<std::string_view, std::size(kTypes)> names{};
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = kTypes[i].name;
    return names;
  }();
  return kNames;
}

bool is_rope_scaling_type(std::string_view type) {
  const auto names = rope_scaling_types();
  return std::find(names.begin(), names.end(), type) != names.end();
}

bool extends_max_positions(std::string_view type) { return rule_of(type) == Rule::extended; }

std::optional<Count> scaled_window(Count tokens, std::string_view factor) {
  constexpr int kDigits = 30;
  Count mantissa;
  int exponent = 0;
  int digits = 0;
  bool point = false;
  std::size_t at = 0;
  for (; at < factor.size(); ++at) {
    if (factor[at] == '.' && !point) {
      point = true;
    } else if (is_digit(factor[at]) && ++digits <= kDigits) {
      mantissa = mantissa * 10 + (factor[at] - '0');
      if (point) --exponent;
    } else {
      break;
    }
  }
  if (digits == 0 || digits > kDigits || mantissa == 0) return std::nullopt;
  if (at < factor.size()) {
    if (factor[at] != 'e' && factor[at] != 'E') return std::nullopt;
    const bool negative = ++at < factor.size() && factor[at] == '-';
    if (at < factor.size() && (factor[at] == '-' || factor[at] == '+')) ++at;
    const std::optional<Count> power = parse_digits(factor.substr(at));
    if (!power || *power > 40) return std::nullopt;
    exponent += static_cast<int>(power->u64()) * (negative ? -1 : 1);
  }
  try {
    Count product = tokens * mantissa;
    for (; exponent > 0; --exponent) product *= 10;
    for (; exponent < 0; ++exponent) product = product / 10;
    return product;
  } catch (const CountOverflow&) {
    return std::nullopt;
  }
}

PositionFacts as_published(PositionFacts facts) {
  if (!extends_max_positions(facts.scaling_type)) return facts;
  if (!facts.original) facts.original = facts.max_positions;
  if (facts.original && !facts.scaling_factor.empty() && facts.max_positions.value_or(0) <= *facts.original) {
    facts.max_positions = scaled_window(*facts.original, facts.scaling_factor);
  }
  return facts;
}

Positions positions_from(const PositionFacts& facts) {
  Positions positions;
  positions.encoding = facts.encoding;
  positions.hard_limit = facts.rows;
  const std::optional<Count> longest = facts.max_positions ? facts.max_positions : facts.rows;
  positions.trained_context = positions.effective_context = longest;

  const Rule rule = rule_of(facts.scaling_type);
  if (rule == Rule::unchanged) return positions;
  positions.scaling_type = facts.scaling_type;
  positions.scaling_factor = facts.scaling_factor;
  if (facts.max_is_extended) return positions;
  if (rule != Rule::multiply && facts.original) positions.trained_context = facts.original;
  if (rule == Rule::extended || !positions.trained_context) return positions;
  // Without a factor, yarn scales to the file's window: s = max_positions / original.
  if (const auto reached = scaled_window(*positions.trained_context, facts.scaling_factor)) {
    positions.effective_context = *reached;
  }
  return positions;
}

std::optional<Count> window_of(const Positions& positions) {
  std::optional<Count> window = positions.effective_context ? positions.effective_context : positions.trained_context;
  if (positions.hard_limit && (!window || *positions.hard_limit < *window)) window = positions.hard_limit;
  return window;
}

}  // namespace ctxcost
