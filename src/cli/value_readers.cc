#include "value_readers.h"

#include <algorithm>
#include <optional>

#include "core/format.h"
#include "core/quantity.h"
#include "ctxcost/core/diagnostic.h"

namespace ctxcost::cli {

std::vector<std::string> split_names(std::string_view text, std::string_view option) {
  std::vector<std::string> items;
  std::size_t start = 0;
  bool settings = false;  // the item so far has settings
  while (start <= text.size()) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    const std::string item(text.substr(start, comma - start));
    start = comma + 1;
    if (item.empty()) {
      throw InputError(
          Diagnostic{std::string(option), "", format("expected a name, found nothing in \"{}\"", text), ""});
    }
    const bool has_colon = item.find(':') != std::string::npos;
    if (settings && !has_colon && (item.find('=') != std::string::npos || item == "zero")) {
      items.back() += "," + item;
    } else {
      items.push_back(item);
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
  if (lacks_unit(text, *bytes)) {
    fail(format("expected a size with its unit, found \"{}\": bytes?", text),
         format("write {0}GiB, {0}MB or, for bytes, {0}B", text));
  }
  return *bytes;
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
                              format("expected a percentage up to 100% or a size, found \"{}\"", text),
                              "write 5% or 2GiB"});
}

double parse_positive(std::string_view text, std::string_view option) {
  std::string_view rest = text;
  const std::optional<Decimal> decimal = read_decimal(rest);
  if (!decimal || !rest.empty() || decimal->digits == 0) {
    throw InputError(Diagnostic{std::string(option), "", format("expected a number above 0, found \"{}\"", text), ""});
  }
  return decimal->to_double();
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
