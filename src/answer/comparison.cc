#include "ctxcost/answer/comparison.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <iterator>
#include <utility>

#include "core/decimal.h"
#include "core/quantity.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"

namespace ctxcost {
namespace {

/// Room for the points of a record is made at once up to this many.
constexpr std::uint64_t kMostReservedRows = 1 << 14;

SignedCount signed_count(bool negative, Count magnitude) { return {negative && magnitude != 0, magnitude}; }

std::optional<std::size_t> level_rank(const RecordedValue& value) {
  const std::string* name = std::get_if<std::string>(&value);
  const auto* found =
      name == nullptr ? std::end(kWindowLevels) : std::find(std::begin(kWindowLevels), std::end(kWindowLevels), *name);
  if (found == std::end(kWindowLevels)) return std::nullopt;
  return static_cast<std::size_t>(found - kWindowLevels);
}

/// a/b against c/d, by continued fractions: no product leaves 128 bits. b and d are not 0.
std::strong_ordering compare_fractions(Count a, Count b, Count c, Count d) {
  for (bool turned = false;; turned = !turned) {
    const Count left = a / b;
    const Count right = c / d;
    std::strong_ordering order = left <=> right;
    a = a % b;
    c = c % d;
    if (order == 0 && (a == 0 || c == 0)) {
      if (a == 0 && c == 0) return std::strong_ordering::equal;
      // The side with a remainder is the larger one.
      order = a == 0 ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    if (order != 0) return turned ? 0 <=> order : order;
    // a/b against c/d is d/c against b/a.
    std::swap(a, b);
    std::swap(c, d);
  }
}

/// Returns the value as a double if both are numbers and one of them is real.
std::optional<double> as_real(const RecordedValue& value) {
  if (const double* real = std::get_if<double>(&value)) return *real;
  if (const SignedCount* count = std::get_if<SignedCount>(&value)) {
    return count->negative ? -count->magnitude.to_double() : count->magnitude.to_double();
  }
  return std::nullopt;
}

/// Returns 1000 * change / base, rounded half up on the integers.
std::optional<Percent> percent_of(const SignedCount& change, Count base) {
  if (base == 0) return std::nullopt;
  // 64 bits hold the products of values up to 2^54, and divide several times as fast.
  if (change.magnitude.raw() >> 54 == 0 && base.fits_u64()) {
    const std::uint64_t thousandfold = change.magnitude.u64() * 1000;
    const std::uint64_t rest = thousandfold % base.u64();
    return Percent{change.negative, thousandfold / base.u64() + (rest >= base.u64() - rest ? 1 : 0)};
  }
  Count tenths = change.magnitude / base;
  Count rest = change.magnitude % base;
  for (int digit = 0; digit < 3; ++digit) {
    rest *= 10;
    tenths = tenths * 10 + rest / base;
    rest = rest % base;
  }
  if (rest >= base - rest) tenths += 1;
  return Percent{change.negative, tenths};
}

std::optional<Percent> percent_of(double change, double base) {
  constexpr double kMost = 1e18;
  const double tenths = std::floor(std::fabs(change / base) * 1000 + 0.5);
  if (!(tenths < kMost)) return std::nullopt;
  return Percent{change < 0, static_cast<std::uint64_t>(tenths)};
}

/// Returns whether two series have the same names.
bool same_series(const PointRecord& a, const PointRecord& b) { return a.model == b.model && a.labels == b.labels; }

using Series = std::vector<const PointRecord*>;

std::vector<Series> series_of(const ReportRecord& report) {
  std::vector<Series> all;
  for (const PointRecord& point : report.points) {
    // Points of one series are adjacent.
    if (all.empty() || !same_series(*all.back().front(), point)) {
      const auto known = std::find_if(all.begin(), all.end(),
                                      [&point](const Series& series) { return same_series(*series.front(), point); });
      if (known != all.end()) {
        known->push_back(&point);
        continue;
      }
      all.emplace_back();
    }
    all.back().push_back(&point);
  }
  return all;
}

void check_conventions(const ReportRecord& before, const PointRecord& a, const ReportRecord& after,
                       const PointRecord& b) {
  if (a.convention.counts_like(b.convention)) return;
  const auto words = [](const RecordedConvention& convention) {
    std::string text =
        convention.name + " (flops_per_mac=" + to_string(convention.flops_per_mac) + ",pairs=" + convention.pairs;
    if (!convention.logits.empty()) text += ",logits=" + convention.logits;
    return text + ")";
  };
  throw InputError(Diagnostic{
      after.source, "/conventions",
      "expected the convention of " + before.source + ", " + words(a.convention) + ", found " + words(b.convention),
      "count both by one convention"});
}

template <typename Function>
void for_each_pair(std::vector<Series>& before, std::vector<Series>& after, Function&& join) {
  const auto take = [&](std::size_t i, std::size_t j) {
    join(before[i], after[j]);
    before.erase(before.begin() + static_cast<std::ptrdiff_t>(i));
    after.erase(after.begin() + static_cast<std::ptrdiff_t>(j));
  };
  for (std::size_t i = 0; i < before.size();) {
    const auto same = std::find_if(after.begin(), after.end(), [&](const Series& series) {
      return same_series(*series.front(), *before[i].front());
    });
    if (same == after.end()) {
      ++i;
    } else {
      take(i, static_cast<std::size_t>(same - after.begin()));
    }
  }
  if (before.size() != after.size()) return;
  while (!before.empty()) take(0, 0);
}

/// Compares points one after the other. It keeps what changes of one for as long as it takes to make room for that.
class PointComparer {
 public:
  explicit PointComparer(std::span<const Metric> metrics) : metrics_(metrics) {}

  PointComparison operator()(const PointRecord& before, const PointRecord& after) {
    differ_.clear();
    for (std::size_t i = 0; i < before.values.size(); ++i) {
      const auto& [metric, value] = before.values[i];
      if (!is_compared(metrics_, metric)) continue;
      // Records of one version have the same metrics.
      const bool alike = i < after.values.size() && after.values[i].first == metric;
      const RecordedValue* const other = alike ? &after.values[i].second : after.find(metric);
      if (other == nullptr) continue;
      compared_.add(metric);
      if (value != *other) differ_.push_back({metric, &value, other});
    }
    PointComparison point{&before, &after, {}};
    point.changes.reserve(differ_.size());
    for (const Differing& one : differ_) point.changes.push_back(change_of(one.metric, *one.before, *one.after));
    return point;
  }

  /// The metrics that both sides of a point have, in the order of the enumeration.
  std::vector<Metric> compared() const {
    std::vector<Metric> all;
    for (std::size_t m = 0; m < kMetricCount + kDeviceMetricCount; ++m) {
      if (compared_.has(static_cast<Metric>(m))) all.push_back(static_cast<Metric>(m));
    }
    return all;
  }

 private:
  struct Differing {
    Metric metric;
    const RecordedValue* before;
    const RecordedValue* after;
  };

  std::span<const Metric> metrics_;
  MetricSet compared_;
  std::vector<Differing> differ_;
};

}  // namespace

SignedCount difference(const SignedCount& after, const SignedCount& before) {
  if (after.negative != before.negative) return {after.negative, after.magnitude + before.magnitude};
  const bool grows = after.magnitude >= before.magnitude;
  const Count magnitude = grows ? after.magnitude - before.magnitude : before.magnitude - after.magnitude;
  return signed_count(grows == after.negative, magnitude);
}

std::string to_string(const Percent& percent) {
  const std::string tenths = to_string(percent.tenths);
  const std::size_t whole = std::max<std::size_t>(tenths.size() - 1, 1);
  std::string text(whole + 4, '0');
  text[0] = percent.negative ? '-' : '+';
  tenths.copy(&text[1] + whole - (tenths.size() - 1), tenths.size() - 1);
  text[whole + 1] = '.';
  text[whole + 2] = tenths.back();
  text[whole + 3] = '%';
  return text;
}

bool is_compared(std::span<const Metric> metrics, Metric metric) {
  if (metric == Metric::context || metric == Metric::batch) return false;
  if (metrics.empty()) return info(metric).worse != Worse::neither;
  return std::find(metrics.begin(), metrics.end(), metric) != metrics.end();
}

ReportRecord record(const Report& report, std::string_view source) {
  ReportRecord result{std::string(source), {}};
  const Convention& convention = report.convention();
  if (const Count rows = report.rows(); rows <= Count{kMostReservedRows}) result.points.reserve(rows.u64());
  report.for_each_row([&](const GridPoint& row) {
    const Estimator& estimator = row.estimator;
    PointRecord& point = result.points.emplace_back();
    point.model = estimator.model().name;
    point.labels.reserve(3);
    point.labels.emplace_back("weights", estimator.weights().name());
    point.labels.emplace_back("kv_precision", estimator.kv().name());
    const EngineChoice& engine = estimator.engine();
    point.labels.emplace_back("engine", engine.name.empty() ? engine.engine->name : std::string_view(engine.name));
    point.context = row.context();
    point.batch = row.batch();
    point.convention = {convention.name, convention.flops_per_mac,
                        convention.pairs == PairRule::reach ? "reach" : "exact",
                        report.logits() == Logits::last ? "last" : "all"};
    point.values.resize(kMetricCount);
    for (const MetricInfo& metric : metrics()) {
      auto& [recorded, value] = point.values[static_cast<std::size_t>(metric.metric)];
      recorded = metric.metric;
      if (const Count* count = std::get_if<Count>(&row.values[metric.metric])) {
        value.emplace<SignedCount>(SignedCount{false, *count});
      } else if (const double* real = std::get_if<double>(&row.values[metric.metric])) {
        value.emplace<double>(*real);
      } else if (const auto* level = std::get_if<std::string_view>(&row.values[metric.metric])) {
        value.emplace<std::string>(*level);
      }
    }
  });
  return result;
}

MetricChange change_of(Metric metric, const RecordedValue& before, const RecordedValue& after) {
  MetricChange change{metric, before, after, {}, {}, {}};
  const SignedCount* a = std::get_if<SignedCount>(&before);
  const SignedCount* b = std::get_if<SignedCount>(&after);
  std::optional<bool> grows;
  if (a != nullptr && b != nullptr) {
    const SignedCount by = difference(*b, *a);
    if (by.magnitude != 0) grows = !by.negative;
    change.percent = percent_of(by, a->magnitude);
    change.change = by;
  } else if (const auto x = as_real(before), y = as_real(after); x && y) {
    if (*x != *y) grows = *y > *x;
    if (*x != 0) change.percent = percent_of(*y - *x, std::fabs(*x));
    change.change = *y - *x;
  } else if (const auto i = level_rank(before), j = level_rank(after); i && j) {
    if (*i != *j) grows = *j > *i;
  }
  const Worse worse = info(metric).worse;
  if (grows && worse != Worse::neither) change.worse = *grows == (worse == Worse::higher);
  return change;
}

Comparison compare(const ReportRecord& before, const ReportRecord& after, std::span<const Metric> metrics) {
  Comparison comparison;
  comparison.points.reserve(std::min(before.points.size(), after.points.size()));
  PointComparer compare_points(metrics);
  std::vector<Series> olds = series_of(before);
  std::vector<Series> news = series_of(after);
  for_each_pair(olds, news, [&](const Series& old_series, const Series& new_series) {
    std::vector<bool> used(new_series.size(), false);
    std::size_t next = 0;  // points are usually in the same order
    for (const PointRecord* a : old_series) {
      const auto alike = [&](std::size_t j) {
        return !used[j] && new_series[j]->context == a->context && new_series[j]->batch == a->batch;
      };
      std::size_t j = next;
      if (j >= new_series.size() || !alike(j)) {
        j = 0;
        while (j < new_series.size() && !alike(j)) ++j;
      }
      if (j == new_series.size()) {
        comparison.only_before.push_back(a);
        continue;
      }
      used[j] = true;
      next = j + 1;
      check_conventions(before, *a, after, *new_series[j]);
      comparison.points.push_back(compare_points(*a, *new_series[j]));
    }
    for (std::size_t j = 0; j < new_series.size(); ++j) {
      if (!used[j]) comparison.only_after.push_back(new_series[j]);
    }
  });
  for (const Series& series : olds)
    comparison.only_before.insert(comparison.only_before.end(), series.begin(), series.end());
  for (const Series& series : news)
    comparison.only_after.insert(comparison.only_after.end(), series.begin(), series.end());
  if (comparison.points.empty()) {
    throw InputError(Diagnostic{
        after.source, "",
        "expected a point of the context, batch and series of one in " + before.source + ", found none", ""});
  }
  comparison.compared = compare_points.compared();
  return comparison;
}

Threshold parse_threshold(std::string_view text, std::string_view source) {
  const auto fail = [&](std::string message, std::string hint = {}) {
    throw InputError(
        Diagnostic{std::string(source), "", std::move(message) + " in \"" + std::string(text) + "\"", std::move(hint)});
  };
  const auto trim = [](std::string_view part) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    return part;
  };
  Threshold threshold;
  threshold.text = trim(text);
  threshold.source = source;
  const std::size_t at = text.find_first_of("<>=");
  const std::string_view name = trim(text.substr(0, at));
  const std::optional<Metric> metric = find_metric(name);
  if (!metric) {
    std::vector<std::string_view> names;
    for (const MetricInfo& row : metrics()) names.push_back(row.name);
    for (const MetricInfo& row : device_metrics()) names.push_back(row.name);
    const std::string hint = did_you_mean(name, names);
    fail("expected a metric, found \"" + std::string(name) + "\"",
         hint.empty() ? "`ctxcost list metrics` shows all" : hint);
  }
  threshold.metric = *metric;
  const MetricInfo& of = info(*metric);
  if (of.metric == Metric::context || of.metric == Metric::batch) {
    fail("expected a metric that may change, found \"" + std::string(name) + "\"");
  }
  const bool neither = of.worse == Worse::neither;
  if (at == std::string_view::npos) {
    if (neither) fail("expected a sign: neither direction of this metric costs more", "write METRIC > +5%");
    threshold.of_worsening = true;
    return threshold;
  }

  std::string_view rest = text.substr(at);
  constexpr std::pair<std::string_view, Threshold::Operator> kOperators[] = {{">=", Threshold::Operator::at_least},
                                                                             {"<=", Threshold::Operator::at_most},
                                                                             {">", Threshold::Operator::greater},
                                                                             {"<", Threshold::Operator::less}};
  const auto* op = std::find_if(std::begin(kOperators), std::end(kOperators),
                                [&](const auto& row) { return rest.starts_with(row.first); });
  if (op == std::end(kOperators)) fail("expected >, >=, < or <=");
  threshold.comparison = op->second;
  rest = trim(rest.substr(op->first.size()));

  const bool has_sign = rest.starts_with('+') || rest.starts_with('-');
  threshold.negative = rest.starts_with('-');
  if (has_sign) rest = trim(rest.substr(1));
  std::string_view suffix = rest;
  const std::optional<Decimal> decimal = read_decimal(suffix);
  if (!decimal) fail("expected a change such as +5%", "write METRIC > +5%");
  const bool upwards =
      threshold.comparison == Threshold::Operator::greater || threshold.comparison == Threshold::Operator::at_least;
  if (of.unit == Unit::level) fail("expected \"" + std::string(name) + "\" alone: a level has no size");
  if (trim(suffix) == "%") {
    threshold.amount = Threshold::Amount::percent;
    threshold.digits = decimal->digits;
    threshold.decimals = decimal->decimals;
    threshold.of_worsening = !has_sign;
    if (has_sign) return threshold;
    if (neither) fail("expected a sign: neither direction of this metric costs more", "write METRIC > +5%");
    if (!upwards) fail("expected a sign after < and <=", "write METRIC < -5%");
    return threshold;
  }
  if (!has_sign) {
    fail("expected the sign of a change",
         "write +" + std::string(rest) + "; the value itself is limited by a budget of `check`");
  }
  threshold.amount = Threshold::Amount::absolute;
  // Rounds to an equivalent integer: a change above 1.5 bytes is a change above 1.
  const bool down = (threshold.comparison == Threshold::Operator::greater ||
                     threshold.comparison == Threshold::Operator::at_most) != threshold.negative;
  const std::optional<Count> whole_units = parse_quantity(rest, of.unit, down ? Rounding::down : Rounding::up);
  const std::optional<double> real = whole_units ? std::nullopt : parse_real(rest, of.unit);
  if (!whole_units && (!real || is_whole(of.unit))) {
    fail("expected a percentage or " + std::string(expected_quantity(of.unit)));
  }
  if (of.unit == Unit::bytes && whole_units && lacks_unit(rest, *whole_units)) {
    fail("expected a size with its unit: bytes?",
         "write " + std::string(rest) + "MB or, for bytes, " + std::string(rest) + "B");
  }
  threshold.digits = whole_units.value_or(Count{});
  threshold.real = whole_units ? whole_units->to_double() : *real;
  return threshold;
}

std::optional<bool> holds(const Threshold& threshold, const RecordedValue& before, const RecordedValue& after) {
  const MetricChange change = change_of(threshold.metric, before, after);
  if (threshold.amount == Threshold::Amount::any) {
    if (std::holds_alternative<std::monostate>(before) || std::holds_alternative<std::monostate>(after)) {
      return std::nullopt;
    }
    return change.worse.value_or(false);
  }
  std::partial_ordering order = std::partial_ordering::equivalent;  // between the change and the amount
  const bool turn = threshold.of_worsening && info(threshold.metric).worse == Worse::lower;
  if (const SignedCount* by = std::get_if<SignedCount>(&change.change)) {
    const bool falls = by->negative != (turn && by->magnitude != 0);
    const bool below_zero = threshold.negative && threshold.digits != 0;
    if (falls != below_zero) {
      order = falls ? std::partial_ordering::less : std::partial_ordering::greater;
    } else {
      std::strong_ordering size = std::strong_ordering::equal;
      if (threshold.amount == Threshold::Amount::absolute) {
        size = by->magnitude <=> threshold.digits;
      } else if (const Count base = std::get<SignedCount>(before).magnitude; base != 0) {
        Count scale = 100;
        for (std::uint32_t i = 0; i < threshold.decimals; ++i) scale *= 10;
        size = compare_fractions(by->magnitude, base, threshold.digits, scale);
      } else if (by->magnitude != 0) {
        size = std::strong_ordering::greater;  // a change from 0 is above any percentage
      } else {
        size = Count{} <=> threshold.digits;
      }
      order = falls ? 0 <=> size : size;
    }
  } else if (const double* real = std::get_if<double>(&change.change)) {
    const double base = std::fabs(*as_real(before));
    const double by_real = turn ? -*real : *real;
    double amount = threshold.real;
    if (threshold.amount == Threshold::Amount::percent) {
      amount = Decimal{threshold.digits, threshold.decimals}.to_double() / 100 * base;
    }
    order = by_real <=> (threshold.negative ? -amount : amount);
  } else {
    return std::nullopt;
  }
  switch (threshold.comparison) {
    case Threshold::Operator::greater: return order > 0;
    case Threshold::Operator::at_least: return order >= 0;
    case Threshold::Operator::less: return order < 0;
    case Threshold::Operator::at_most: return order <= 0;
  }
  return std::nullopt;
}

}  // namespace ctxcost
