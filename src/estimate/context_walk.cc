#include "ctxcost/estimate/context_walk.h"

#include <algorithm>
#include <utility>

#include "estimate.h"

namespace ctxcost {
namespace {

/// Fewer points than this are evaluated one by one: the differences take four.
constexpr std::uint32_t kFewPoints = 8;
constexpr std::size_t kSamples = 4;

std::array<Uint128, 3> forward_differences(std::array<Uint128, kSamples> values) {
  std::array<Uint128, 3> differences;
  for (std::size_t order = 0; order < differences.size(); ++order) {
    for (std::size_t i = 0; i + order + 1 < kSamples; ++i) values[i] = values[i + 1] - values[i];
    differences[order] = values[0];
  }
  return differences;
}

}  // namespace

ContextWalk::ContextWalk(const Estimator& estimator, Count batch, MetricSet wanted, bool detailed)
    : estimator_(&estimator),
      batch_(batch),
      wanted_(detailed ? MetricSet::all() : wanted),
      layers_(estimator.model().layers()),
      detailed_(detailed) {
  for (const auto& [quotient, sum] : kPerLayerOf) {
    if (wanted_.has(quotient)) wanted_.add(sum);
  }
}

void ContextWalk::start(const LengthList::Range& range) {
  range_ = range;
  context_ = range.first;
  begin_piece();
}

bool ContextWalk::next() {
  if (context_ == range_.last) return false;
  if (steps_left_ > 0) {
    steps_left_ -= 1;
    context_ += range_.step;
    std::get<Count>(values_[Metric::context]) = context_;
    step_sums();
    return true;
  }
  context_ = range_.step == 0 ? context_ * range_.factor : context_ + range_.step;
  begin_piece();
  return true;
}

void ContextWalk::begin_piece() {
  steps_left_ = 0;
  values_ = estimator_->at(context_, batch_, wanted_);
  pieces_ += 1;
  if (detailed_) {
    details_ = estimator_->details(context_, batch_);
    detail_counts_ = counts_of(details_);
  }
  if (range_.step == 0) return;
  const Count until = min(estimator_->polynomial_until(context_, wanted_), range_.last);
  const Count steps = (until - context_) / range_.step;
  if (steps < kFewPoints) return;
  std::array<Estimate, kSamples> samples;
  std::array<Count, kSamples> contexts;
  for (std::size_t i = 0; i < kSamples; ++i) {
    contexts[i] = context_ + range_.step * i;
    samples[i] = i == 0 ? values_ : estimator_->at(contexts[i], batch_, wanted_);
  }
  if (add_differences(samples) && add_heads(contexts) && add_details(contexts)) steps_left_ = steps;
}

/// Returns false if a metric is known at some of the samples only.
bool ContextWalk::add_differences(const std::array<Estimate, kSamples>& samples) {
  sums_.clear();
  divided_.clear();
  for (std::size_t m = 0; m < kMetricCount; ++m) {
    const auto metric = static_cast<Metric>(m);
    if (!wanted_.has(metric) || metric == Metric::context || metric == Metric::batch) continue;
    std::array<Uint128, kSamples> values{};
    std::size_t known = 0;
    for (const Estimate& sample : samples) {
      if (const Count* const count = std::get_if<Count>(&sample.values[m])) values[known++] = count->raw();
    }
    const auto* const quotient = std::find_if(std::begin(kPerLayerOf), std::end(kPerLayerOf),
                                              [metric](const auto& row) { return row.first == metric; });
    // Four whole quotients of a polynomial are those of one: its differences, too, are then multiples of the layers.
    if (quotient != std::end(kPerLayerOf) && known < kSamples) {
      const bool divides = wanted_.has(metric) && samples[0].count(quotient->second) && layers_ > 0;
      if (divides) divided_.push_back({quotient->first, quotient->second});
      continue;
    }
    if (metric == Metric::scores_per_head && known < kSamples) continue;  // add_heads
    if (known == 0) continue;
    if (known < kSamples) return false;
    const Sum sum{m, values[0], forward_differences(values)};
    if (std::any_of(sum.differences.begin(), sum.differences.end(), [](Uint128 d) { return d != 0; })) {
      sums_.push_back(sum);
    }
  }
  const auto degree = [](const Sum& sum) { return sum.differences[2] != 0 ? 3 : sum.differences[1] != 0 ? 2 : 1; };
  std::stable_sort(sums_.begin(), sums_.end(), [&](const Sum& a, const Sum& b) { return degree(a) > degree(b); });
  const auto at_least = [&](int least) {
    return static_cast<std::size_t>(
        std::count_if(sums_.begin(), sums_.end(), [&](const Sum& sum) { return degree(sum) >= least; }));
  };
  cubic_ = at_least(3);
  quadratic_ = at_least(2);
  return true;
}

/// Kinds of mixers whose scores per head differ at one context may agree at another.
bool ContextWalk::add_heads(const std::array<Count, kSamples>& contexts) {
  heads_.clear();
  if (!wanted_.has(Metric::scores_per_head)) return true;
  std::vector<std::optional<Count>> samples[kSamples];
  for (std::size_t i = 0; i < kSamples; ++i) samples[i] = estimator_->scores_per_head(contexts[i]);
  for (std::size_t mixer = 0; mixer < samples[0].size(); ++mixer) {
    std::array<Uint128, kSamples> values{};
    std::size_t known = 0;
    for (const auto& sample : samples) {
      if (sample[mixer]) values[known++] = sample[mixer]->raw();
    }
    if (known == 0) {
      heads_.clear();  // null throughout
      return true;
    }
    if (known < kSamples) return false;
    const Sum sum{mixer, values[0], forward_differences(values)};
    const bool alike = std::any_of(heads_.begin(), heads_.end(), [&](const Sum& other) {
      return other.value == sum.value && other.differences == sum.differences;
    });
    if (!alike) heads_.push_back(sum);
  }
  if (heads_.size() <= 1) {
    heads_.clear();  // one polynomial: among the sums
    return true;
  }
  // They are not one polynomial, even if they agree here.
  std::erase_if(sums_, [](const Sum& sum) { return sum.metric == static_cast<std::size_t>(Metric::scores_per_head); });
  return true;
}

/// Returns false if the details do not have the same counts at each sample.
bool ContextWalk::add_details(const std::array<Count, kSamples>& contexts) {
  moving_details_.clear();
  if (!detailed_) return true;
  std::array<EstimateDetails, kSamples> samples;
  std::array<std::vector<Count*>, kSamples> counts;
  for (std::size_t i = 0; i < kSamples; ++i) {
    if (i > 0) samples[i] = estimator_->details(contexts[i], batch_);
    counts[i] = i == 0 ? detail_counts_ : counts_of(samples[i]);
    if (counts[i].size() != counts[0].size()) return false;
  }
  for (std::size_t c = 0; c < counts[0].size(); ++c) {
    std::array<Uint128, kSamples> values{};
    for (std::size_t i = 0; i < kSamples; ++i) {
      if ((counts[i][c] == nullptr) != (counts[0][c] == nullptr)) return false;
      if (counts[i][c] != nullptr) values[i] = counts[i][c]->raw();
    }
    const Detail detail{counts[0][c], values[0], forward_differences(values)};
    if (std::any_of(detail.differences.begin(), detail.differences.end(), [](Uint128 d) { return d != 0; })) {
      moving_details_.push_back(detail);
    }
  }
  return true;
}

void ContextWalk::step_sums() {
  const auto put = [this](const Sum& sum) { std::get<Count>(values_.values[sum.metric]) = Count::from_raw(sum.value); };
  std::size_t i = 0;
  for (; i < cubic_; ++i) {
    Sum& sum = sums_[i];
    sum.value += sum.differences[0];
    sum.differences[0] += sum.differences[1];
    sum.differences[1] += sum.differences[2];
    put(sum);
  }
  for (; i < quadratic_; ++i) {
    Sum& sum = sums_[i];
    sum.value += sum.differences[0];
    sum.differences[0] += sum.differences[1];
    put(sum);
  }
  for (; i < sums_.size(); ++i) {
    sums_[i].value += sums_[i].differences[0];
    put(sums_[i]);
  }
  for (const Quotient& row : divided_) {
    values_[row.quotient] = per_layer(std::get<Count>(values_[row.sum]), layers_);
  }
  for (Detail& detail : moving_details_) {
    detail.value += detail.differences[0];
    detail.differences[0] += detail.differences[1];
    detail.differences[1] += detail.differences[2];
    *detail.count = Count::from_raw(detail.value);
  }
  if (!heads_.empty()) step_heads();
}

void ContextWalk::step_heads() {
  bool agree = true;
  for (Sum& head : heads_) {
    head.value += head.differences[0];
    head.differences[0] += head.differences[1];
    head.differences[1] += head.differences[2];
    agree = agree && head.value == heads_.front().value;
  }
  values_[Metric::scores_per_head] = agree ? MetricValue(Count::from_raw(heads_.front().value)) : MetricValue();
}

}  // namespace ctxcost
