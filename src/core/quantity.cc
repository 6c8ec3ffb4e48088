#include "quantity.h"

#include <span>

#include "character.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"

namespace ctxcost {
namespace {

struct Suffix {
  std::string_view text;
  std::uint64_t factor;
};

constexpr std::uint64_t kKilo = 1000;
constexpr std::uint64_t kMega = kKilo * 1000;
constexpr std::uint64_t kGiga = kMega * 1000;
constexpr std::uint64_t kTera = kGiga * 1000;
constexpr std::uint64_t kPeta = kTera * 1000;
constexpr std::uint64_t kExa = kPeta * 1000;

// The letters of a size, in any case: 10^3 for K, 2^10 for Ki, with or without the B.
constexpr Suffix kDecimalSizes[] = {{"", 1},      {"k", kKilo}, {"m", kMega}, {"g", kGiga},
                                    {"t", kTera}, {"p", kPeta}, {"e", kExa}};
constexpr Suffix kBinarySizes[] = {{"ki", 1ULL << 10}, {"mi", 1ULL << 20}, {"gi", 1ULL << 30},
                                   {"ti", 1ULL << 40}, {"pi", 1ULL << 50}, {"ei", 1ULL << 60}};

// Before "FLOPs" and "MACs", short as in papers and long as in our tables; the letters stand alone, too.
constexpr Suffix kPrefixes[] = {
    {"", 1},     {"K", kKilo},    {"k", kKilo},    {"M", kMega},    {"G", kGiga},    {"T", kTera},    {"P", kPeta},
    {"E", kExa}, {"Kilo", kKilo}, {"Mega", kMega}, {"Giga", kGiga}, {"Tera", kTera}, {"Peta", kPeta}, {"Exa", kExa},
};

// As our tables show pairs and parameters, where a billion is B.
constexpr Suffix kCounts[] = {
    {"K", kKilo}, {"k", kKilo}, {"M", kMega}, {"B", kGiga}, {"G", kGiga}, {"T", kTera}, {"P", kPeta}, {"E", kExa},
};

struct Time {
  std::string_view text;
  double seconds;
};
constexpr Time kTimes[] = {{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"µs", 1e-6}, {"ns", 1e-9}, {"min", 60}, {"h", 3600}};

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

std::optional<Count> factor_of(std::string_view suffix, std::span<const Suffix> table) {
  for (const Suffix& row : table) {
    if (row.text == suffix) return Count{row.factor};
  }
  return std::nullopt;
}

/// "G", "gb", "GiB": the case of a size never matters.
std::optional<Count> size_factor(std::string_view suffix) {
  std::string prefix;
  for (const char c : suffix) prefix += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (prefix.ends_with('b')) prefix.pop_back();
  if (const std::optional<Count> factor = factor_of(prefix, kDecimalSizes)) return factor;
  return factor_of(prefix, kBinarySizes);
}

std::optional<Count> work_factor(std::string_view suffix, Unit unit) {
  const bool flops = unit == Unit::flops;
  for (const std::string_view noun : {flops ? "FLOPs" : "MACs", flops ? "FLOP" : "MAC"}) {
    if (suffix.ends_with(noun)) return factor_of(suffix.substr(0, suffix.size() - noun.size()), kPrefixes);
  }
  return suffix.size() == 1 ? factor_of(suffix, kPrefixes) : std::nullopt;
}

}  // namespace

std::optional<Count> whole(const Decimal& decimal, Count factor, Rounding rounding) {
  try {
    const Count scaled = decimal.digits * factor;
    Count unit = 1;
    for (std::uint32_t i = 0; i < decimal.decimals; ++i) unit *= 10;
    return rounding == Rounding::up ? ceil_div(scaled, unit) : scaled / unit;
  } catch (const CountOverflow&) {
    return std::nullopt;
  }
}

std::optional<Count> parse_quantity(std::string_view text, Unit unit, Rounding rounding) {
  std::string_view suffix = text;
  const std::optional<Decimal> decimal = read_decimal(suffix);
  if (!decimal) return std::nullopt;
  if (suffix.empty()) return decimal->decimals == 0 ? whole(*decimal, 1, rounding) : std::nullopt;
  suffix = without_spaces(suffix);
  std::optional<Count> factor;
  switch (unit) {
    case Unit::bytes: factor = size_factor(suffix); break;
    case Unit::flops:
    case Unit::macs: factor = work_factor(suffix, unit); break;
    case Unit::pairs:
    case Unit::parameters: factor = factor_of(suffix, kCounts); break;
    case Unit::tokens:
      // Lengths have their own rule: K is 1,024 and k is 1,000.
      try {
        return parse_length(text, "");
      } catch (const InputError&) {
        return std::nullopt;
      }
    default: break;
  }
  return factor ? whole(*decimal, *factor, rounding) : std::nullopt;
}

bool lacks_unit(std::string_view text, Count bytes) {
  constexpr Count kLargestDoubtful = 1 << 20;
  return !text.empty() && is_digit(text.back()) && bytes > 0 && bytes < kLargestDoubtful;
}

std::optional<double> parse_real(std::string_view text, Unit unit) {
  const std::optional<Decimal> decimal = read_decimal(text);
  if (!decimal) return std::nullopt;
  const double value = decimal->to_double();
  if (text.empty()) return value;
  text = without_spaces(text);
  if (unit == Unit::ratio) return text == "x" ? std::optional<double>(value) : std::nullopt;
  if (unit == Unit::rate) return text == "tokens/s" ? std::optional<double>(value) : std::nullopt;
  if (unit == Unit::usd) return text == "USD" ? std::optional<double>(value) : std::nullopt;
  if (unit == Unit::joules) return text == "J" ? std::optional<double>(value) : std::nullopt;
  for (const Time& time : kTimes) {
    // Divided rather than multiplied where that is exact: 20 / 1000 is the nearest double to 0.02, 20 * 0.001 is not.
    if (time.text == text) return time.seconds < 1 ? value / (1 / time.seconds) : value * time.seconds;
  }
  return std::nullopt;
}

std::string quantity_pattern(Unit unit) {
  const auto any_of = [](const auto& table) {
    std::string text;
    for (const auto& row : table) {
      if (!row.text.empty()) text += (text.empty() ? "" : "|") + std::string(row.text);
    }
    return text;
  };
  std::string suffix;
  switch (unit) {
    case Unit::tokens: return "^[0-9]+[KMkm]$";
    case Unit::bytes: suffix = "[KkMmGgTtPpEe][Ii]?[Bb]?|[Bb]"; break;
    case Unit::flops: suffix = "(" + any_of(kPrefixes) + ")?FLOPs?|[KkMGTPE]"; break;
    case Unit::macs: suffix = "(" + any_of(kPrefixes) + ")?MACs?|[KkMGTPE]"; break;
    case Unit::pairs:
    case Unit::parameters: suffix = any_of(kCounts); break;
    case Unit::seconds: suffix = any_of(kTimes); break;
    case Unit::ratio: suffix = "x"; break;
    case Unit::rate: suffix = "tokens/s"; break;
    case Unit::usd: suffix = "USD"; break;
    case Unit::joules: suffix = "J"; break;
    default: return {};
  }
  return "^[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)? *(" + suffix + ")$";
}

std::string_view expected_quantity(Unit unit) {
  switch (unit) {
    case Unit::tokens: return "tokens (\"64K\" or an integer)";
    case Unit::sequences:
    case Unit::devices: return "an integer";
    case Unit::pairs: return "a count (\"17.2B\" or an integer)";
    case Unit::parameters: return "a count (\"8B\" or an integer)";
    case Unit::macs: return "multiply-adds (\"1.5 PMACs\", \"2T\" or an integer)";
    case Unit::flops: return "FLOPs (\"1.5 PFLOPs\", \"2T\" or an integer)";
    case Unit::bytes: return "bytes (\"72GiB\", \"24 GB\", \"90% of gpu\" or an integer)";
    case Unit::level: return "\"trained\", \"scaled\", \"beyond\" or \"impossible\"";
    case Unit::ratio: return "a ratio (\"4x\" or a number)";
    case Unit::seconds: return "seconds (\"20ms\", \"1.5 s\" or a number)";
    case Unit::rate: return "tokens a second (a number)";
    case Unit::usd: return "US dollars (\"0.25 USD\" or a number)";
    case Unit::joules: return "joules (\"1.5 J\" or a number)";
  }
  return "a number";
}

}  // namespace ctxcost
