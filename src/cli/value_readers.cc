#include "value_readers.h"

#include <algorithm>
#include <optional>

#include "core/divided.h"
#include "core/format.h"
#include "core/quantity.h"
#include "ctxcost/core/diagnostic.h"

namespace ctxcost::cli {
namespace {

std::vector<std::optional<Fraction>> parse_rates(std::string_view text, std::string_view word,
                                                 std::string_view option) {
  std::vector<std::optional<Fraction>> rates;
  for (const std::string_view item : divided(text, ',')) {
    const std::optional<Fraction> rate = read_rate_text(item);
    if (!rate && item != word) {
      throw_fault(option, format("expected {}, or \"{}\", found \"{}\"", expected_rate(item), word, item));
    }
    rates.push_back(rate);
  }
  return rates;
}

}  // namespace

std::vector<std::string> split_names(std::string_view text, std::string_view option) {
  std::vector<std::string> items;
  bool settings = false;  // the item so far has settings
  for (const std::string_view item : divided(text, ',')) {
    if (item.empty()) {
      throw InputError(
          Diagnostic{std::string(option), "", format("expected a name, found nothing in \"{}\"", text), ""});
    }
    const bool has_colon = item.find(':') != std::string_view::npos;
    if (settings && !has_colon && (item.find('=') != std::string_view::npos || item == "zero")) {
      items.back().append(",").append(item);
    } else {
      items.emplace_back(item);
      settings = has_colon;
    }
  }
  return items;
}

Count parse_size(std::string_view text, std::string_view option) {
  const auto fail = [&](std::string message, std::string hint) {
    throw InputError(Diagnostic{std::string(option), "", std::move(message), std::move(hint)});
  };
  const std::optional<Count> bytes = parse_quantity(text, Unit::bytes, Rounding::down);
  if (!bytes) fail(format("expected bytes, found \"{}\"", text), "write 2GiB, 500MB or an integer");
  if (*bytes > kLargestSize) fail(format("expected at most 8EiB, found \"{}\"", text), "");
  if (lacks_unit(text, *bytes)) {
    fail(format("expected a size with its unit, found \"{}\": bytes?", text),
         format("write {0}GiB, {0}MB or, for bytes, {0}B", text));
  }
  return *bytes;
}

KvHostStore parse_kv_host(std::string_view text, std::string_view option) {
  constexpr std::string_view kBandwidth = "bandwidth=";
  const auto read = [&](std::string_view size) {
    const Count bytes = parse_size(size, option);
    if (bytes == 0) throw_fault(option, "expected a size above 0, found 0");
    return bytes;
  };
  const std::size_t colon = text.find(':');
  KvHostStore store{read(text.substr(0, colon)), std::nullopt};
  if (colon == std::string_view::npos) return store;
  const std::string_view setting = text.substr(colon + 1);
  if (!setting.starts_with(kBandwidth)) {
    throw_fault(option, format("expected bandwidth=SIZE, found \"{}\"", setting), "write 512GiB:bandwidth=25GB");
  }
  store.bandwidth = read(setting.substr(kBandwidth.size()));
  return store;
}

ParameterRange parse_parameters(std::string_view text, std::string_view option) {
  constexpr std::string_view kDots = "..";
  const std::size_t dots = text.find(kDots);
  const std::string_view first = text.substr(0, dots);
  const std::string_view last = dots == std::string_view::npos ? "" : text.substr(dots + kDots.size());
  ParameterRange range;
  if (!first.empty()) range.least = parse_quantity(first, Unit::parameters, Rounding::up);
  if (!last.empty()) range.most = parse_quantity(last, Unit::parameters, Rounding::down);
  const bool read = range.least.has_value() != first.empty() && range.most.has_value() != last.empty();
  if (!read || dots == std::string_view::npos || text == kDots) {
    throw InputError(Diagnostic{std::string(option), "", format("expected a range of parameters, found \"{}\"", text),
                                "write 7B..70B, 7B.. or ..70B"});
  }
  if (range.least && range.most && *range.least > *range.most) {
    throw InputError(Diagnostic{std::string(option), "", format("\"{}\" is an empty range", text), ""});
  }
  return range;
}

Margin parse_margin(std::string_view text, std::string_view option) {
  if (const std::optional<Fraction> share = read_percent(text)) return {.share = *share, .bytes = {}};
  if (parse_quantity(text, Unit::bytes, Rounding::down)) return {.share = {}, .bytes = parse_size(text, option)};
  throw InputError(Diagnostic{std::string(option), "",
                              format("expected {} or a size, found \"{}\"", expected_percent(text), text),
                              "write 5% or 2GiB"});
}

std::vector<std::optional<Fraction>> parse_prices(std::string_view text, std::string_view option) {
  return parse_rates(text, "list", option);
}

std::vector<std::optional<Fraction>> parse_powers(std::string_view text, std::string_view option) {
  return parse_rates(text, "board", option);
}

std::vector<KvPrecision> parse_kv_precisions(std::string_view text, std::string_view option) {
  std::vector<KvPrecision> types;
  for (const std::string& name : split_names(text, option)) types.push_back(parse_kv_precision(name, option));
  return types;
}

std::vector<WeightScheme> parse_weight_schemes(std::string_view text, std::string_view option) {
  std::vector<WeightScheme> types;
  for (const std::string& name : split_names(text, option)) types.push_back(parse_weight_scheme(name, option));
  return types;
}

std::size_t parse_jobs(std::string_view text, std::string_view source) {
  constexpr std::uint32_t kMostJobs = 1024;
  const std::optional<Count> jobs = parse_digits(text);
  if (!jobs || *jobs == 0 || *jobs > kMostJobs) {
    throw InputError(Diagnostic{std::string(source), "",
                                format("expected a number of threads from 1 to 1,024, found \"{}\"", text), ""});
  }
  return static_cast<std::size_t>(jobs->u64());
}

std::size_t parse_width(std::string_view text, std::string_view source) {
  constexpr std::uint32_t kMostWidth = 10'000;
  const std::optional<Count> width = parse_digits(text);
  if (!width || *width < Count{kLeastWidth} || *width > kMostWidth) {
    throw InputError(Diagnostic{std::string(source), "",
                                format("expected columns of text, from {} to 10,000, found \"{}\"", kLeastWidth, text),
                                "--wide shows all columns of tables"});
  }
  return static_cast<std::size_t>(width->u64());
}

KeyChange parse_change(std::string_view text, std::string_view option) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos || equals + 1 == text.size()) {
    throw_fault(option, format("expected KEY=VALUE, found \"{}\"", text), "for instance kv_heads=4");
  }
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

}  // namespace ctxcost::cli
