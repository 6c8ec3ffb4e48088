#include "ctxcost/answer/strategy_comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/format.h"
#include "ctxcost/answer/measured_lines.h"
#include "ctxcost/core/diagnostic.h"
#include "estimate/window_note.h"

namespace ctxcost {
namespace {

/// The costs that cross, of one alternative at any context, each context once.
class CrossingCosts {
 public:
  struct At {
    std::optional<Count> attention, feed_forward, linear, memory, weights;
  };

  CrossingCosts(const Estimator& estimator, Count batch) : estimator_(&estimator), batch_(batch) {
    if (!estimator.model().cross_tokens) feed_forward_of_token_ = feed_forward(1);
  }

  const At& at(Count context) {
    const auto known = known_.find(context);
    if (known != known_.end()) return known->second;
    At costs;
    try {
      const Estimate values = estimator_->at(context, batch_);
      costs.attention = values.count(Metric::attention_flops);
      costs.linear = values.count(Metric::linear_flops);
      costs.memory = known_sum(values.count(Metric::kv_cache_bytes), values.count(Metric::state_bytes));
      costs.weights = values.count(Metric::weights_bytes);
      costs.feed_forward = estimator_->model().cross_tokens ? feed_forward(context) : feed_forward_of_token_;
      if (costs.feed_forward && !estimator_->model().cross_tokens) *costs.feed_forward *= context;
    } catch (const OverflowError&) {
      costs = {};
    }
    return known_.emplace(context, costs).first->second;
  }

 private:
  /// The linear work of the feed-forwards.
  std::optional<Count> feed_forward(Count context) const {
    std::optional<Count> sum = Count{};
    for (const Term& term : estimator_->terms(context, batch_)) {
      if (term.metric == Metric::linear_flops && term.owner == "feed_forward") sum = known_sum(sum, term.total());
    }
    return sum;
  }

  const Estimator* estimator_;
  Count batch_;
  std::optional<Count> feed_forward_of_token_;
  std::map<Count, At> known_;
};

/// The smallest context from which on `above(n)` is more than `below(n)`.
template <typename Above, typename Below>
Crossover crossing(Above above, Below below) {
  const auto holds = [&](Count context) -> std::optional<bool> {
    const std::optional<Count> a = above(context);
    const std::optional<Count> b = below(context);
    return a && b ? std::optional(*a > *b) : std::nullopt;
  };
  const std::optional<bool> last = holds(kLongestSearched);
  if (!last) return {Crossover::Kind::unknown};
  if (!*last) return {Crossover::Kind::never};
  Count high = kLongestSearched;
  while (high > 1 && holds(high / 2) == true) high = high / 2;
  if (high == 1) return {Crossover::Kind::from, 1};
  Count low = high / 2;  // does not hold there
  while (high - low > 1) {
    const Count middle = low + (high - low) / 2;
    (holds(middle) == true ? high : low) = middle;
  }
  return {Crossover::Kind::from, high};
}

Crossovers find_crossovers(CrossingCosts& costs, CrossingCosts* first) {
  using At = CrossingCosts::At;
  const auto of = [](CrossingCosts& from, std::optional<Count> At::*cost) {
    return [&from, cost](Count context) { return from.at(context).*cost; };
  };
  Crossovers found;
  if (first != nullptr) {
    found.fewer_flops = crossing(of(*first, &At::attention), of(costs, &At::attention));
    found.fewer_bytes = crossing(of(*first, &At::memory), of(costs, &At::memory));
  }
  found.passes_feed_forward = crossing(of(costs, &At::attention), of(costs, &At::feed_forward));
  found.passes_linear = crossing(of(costs, &At::attention), of(costs, &At::linear));
  found.cache_passes_weights = crossing(of(costs, &At::memory), of(costs, &At::weights));
  return found;
}

std::optional<double> growth_at(const Estimator& estimator, Count context, Count batch, const Estimate& values) {
  const std::optional<Count> here = values.count(Metric::attention_macs);
  if (!here || *here == 0) return std::nullopt;
  try {
    const std::optional<Count> twice = estimator.at(2 * context, batch).count(Metric::attention_macs);
    return twice ? std::optional(twice->to_double() / here->to_double()) : std::nullopt;
  } catch (const OverflowError&) {
    return std::nullopt;
  }
}

bool sorts_queries(const Model& model) {
  return std::any_of(model.groups.begin(), model.groups.end(), [](const LayerGroup& group) {
    return std::any_of(group.mixers.begin(), group.mixers.end(),
                       [](const auto& mixer) { return mixer->traits().sorts_queries; });
  });
}

/// The growth where every lower power has vanished.
void find_order(StrategyAlternative& alternative, Count batch) {
  constexpr Count kFar(std::uint64_t{1} << 38);
  constexpr double kNear = 0.01;
  try {
    const Estimate values = alternative.estimator->at(kFar, batch);
    const std::optional<double> ratio = growth_at(*alternative.estimator, kFar, batch, values);
    if (!ratio) return;
    alternative.order_ratio = *ratio;
    if (std::abs(*ratio - 4) < kNear) {
      alternative.order = GrowthOrder::quadratic;
    } else if (std::abs(*ratio - 2) >= kNear) {
      alternative.order = GrowthOrder::between;
    } else if (sorts_queries(*alternative.strategy.model)) {
      alternative.order = GrowthOrder::sorted;
    } else {
      const bool pairs = values.count(Metric::scores) != Count{};
      alternative.order = pairs ? GrowthOrder::bounded : GrowthOrder::linear;
    }
  } catch (const OverflowError&) {
    // Nothing can be said of lengths that cannot be counted.
  }
}

StrategyPoint point_at(const StrategyAlternative& alternative, const Deployment* deployment, Count context,
                       Count batch) {
  const Estimator& estimator = *alternative.estimator;
  StrategyPoint point;
  point.context = context;
  point.values = estimator.at(context, batch);
  point.growth = growth_at(estimator, context, batch, point.values);
  point.memory = known_sum(point.values.count(Metric::kv_cache_bytes), point.values.count(Metric::state_bytes));
  point.score_memory =
      point.values.count(alternative.strategy.fused ? Metric::flash_workspace_bytes : Metric::score_matrix_bytes);
  if (estimator.model().decodes() && context > 0) {
    const DecodeStep step = estimator.decode_step(context, batch);
    point.decode_cache_bytes = step.cache_bytes + step.state_bytes;
  }
  point.reach = reach_of(estimator.model(), context);
  if (deployment != nullptr) {
    const DeploymentEstimate bounds = deployment->at(context, batch);
    point.prefill_seconds = bounds[Metric::prefill_seconds];
    point.decode_seconds = bounds[Metric::decode_seconds_per_token];
  }
  return point;
}

void add_new(std::vector<std::string>& all, const std::vector<std::string>& more,
             const std::vector<std::string>& known = {}) {
  for (const std::string& note : more) {
    if (note.empty() || std::find(all.begin(), all.end(), note) != all.end()) continue;
    if (std::find(known.begin(), known.end(), note) == known.end()) all.push_back(note);
  }
}

/// Notes of the numbers, and of contexts beyond the window.
std::vector<std::string> notes_of(const StrategyAlternative& alternative, const Deployment* deployment, Count batch) {
  std::vector<std::string> notes;
  for (const StrategyPoint& point : alternative.points) {
    const EstimateDetails details = alternative.estimator->details(point.context, batch);
    add_new(notes, details.notes);
    add_new(notes, details.engine_notes);
  }
  for (const StrategyPoint& point : alternative.points) {
    add_new(notes, {window_note(*alternative.strategy.model, point.values, point.context)});
  }
  if (deployment != nullptr) add_new(notes, deployment->notes());
  return notes;
}

StrategyAlternative evaluate(StrategicModel strategy, const StrategyQuestion& question,
                             const StrategyComparison& answer) {
  StrategyAlternative result;
  result.strategy = std::move(strategy);
  Workload workload = question.workload;
  if (result.strategy.kv) workload.kv = result.strategy.kv;
  if (result.strategy.weights) workload.weights = *result.strategy.weights;
  const SharedModel& model = result.strategy.model;
  result.estimator = std::make_shared<const Estimator>(model, workload, question.engine);
  std::optional<Deployment> deployment;
  if (question.devices) deployment.emplace(Setup{model, workload, question.engine, *question.devices});
  const Deployment* const devices = deployment ? &*deployment : nullptr;
  for (const Count context : answer.contexts) {
    result.points.push_back(point_at(result, devices, context, answer.batch));
  }
  find_order(result, answer.batch);
  result.notes = notes_of(result, devices, answer.batch);
  return result;
}

}  // namespace

LengthList default_compared_contexts() {
  LengthList contexts(Count{8192});
  contexts.append(LengthList(Count{131072}));
  contexts.append(LengthList(Count{1048576}));
  return contexts;
}

std::string order_text(GrowthOrder order, double ratio) {
  switch (order) {
    case GrowthOrder::quadratic: return "O(n²)";
    case GrowthOrder::bounded: return "O(n·w)";
    case GrowthOrder::sorted: return "O(n log n)";
    case GrowthOrder::linear: return "O(n)";
    case GrowthOrder::between: return format("O(n^{:.2f})", std::log2(ratio));
    case GrowthOrder::none: break;
  }
  return {};
}

ModelReach reach_of(const Model& model, Count context) {
  const Stack stack = model.decodes() || !model.has_encoder() ? Stack::decoder : Stack::encoder;
  ModelReach reach;
  Count exact, any;  // beyond the token itself
  for (const LayerGroup& group : model.groups) {
    Reach widest{};
    for (const auto& mixer : group.mixers) {
      const Reach one = mixer->reach(context);
      widest = {max(widest.exact, one.exact), max(widest.compressed, one.compressed)};
    }
    if (group.stack != stack || widest.compressed == 0) continue;
    reach.layers += group.count();
    reach.layer = {max(reach.layer.exact, widest.exact), max(reach.layer.compressed, widest.compressed)};
    if (widest.exact > 0) exact += group.count() * (widest.exact - 1);
    any += group.count() * (widest.compressed - 1);
  }
  if (reach.layers > 0) reach.all = {min(context, exact + 1), min(context, any + 1)};
  return reach;
}

StrategyComparison compare_strategies(const StrategyQuestion& question) {
  StrategyComparison answer;
  answer.workload = question.workload;
  answer.timed = question.devices.has_value();
  answer.batch = question.batch.value_or(question.models.front()->batch);
  const LengthList contexts = question.contexts.empty() ? default_compared_contexts() : question.contexts;
  for (const Count context : contexts) answer.contexts.push_back(context);

  for (const SharedModel& model : question.models) {
    answer.alternatives.push_back(evaluate(apply_strategy(model, "", ""), question, answer));
    for (const std::string& strategy : question.strategies) {
      StrategicModel changed = apply_strategy(model, strategy, question.strategies_source);
      answer.alternatives.push_back(evaluate(std::move(changed), question, answer));
    }
    add_new(answer.notes, measured_notes(*model));
  }

  std::vector<CrossingCosts> costs;
  costs.reserve(answer.alternatives.size());
  for (StrategyAlternative& alternative : answer.alternatives) {
    const bool others = !costs.empty();
    costs.emplace_back(*alternative.estimator, answer.batch);
    alternative.crossovers = find_crossovers(costs.back(), others ? &costs.front() : nullptr);
  }
  const std::vector<std::string> common = answer.alternatives.front().notes;
  for (std::size_t i = 1; i < answer.alternatives.size(); ++i) {
    std::vector<std::string> own;
    add_new(own, answer.alternatives[i].notes, common);
    answer.alternatives[i].notes = std::move(own);
  }
  return answer;
}

}  // namespace ctxcost
