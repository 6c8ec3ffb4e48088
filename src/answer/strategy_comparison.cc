#include "ctxcost/answer/strategy_comparison.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "core/format.h"
#include "ctxcost/answer/measured_lines.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/companions.h"
#include "estimate/window_note.h"
#include "model/most_kinds.h"

namespace ctxcost {
namespace {

/// A crossover is searched around the block of every kind of layer.
constexpr std::size_t kMostComparedKinds = 256;

/// KV cache and state; empty for a model without a decode step, which needs neither.
std::optional<Count> memory_of(const Model& model, const Estimate& values) {
  if (!model.decodes()) return std::nullopt;
  return known_sum(values.count(Metric::kv_cache_bytes), values.count(Metric::state_bytes));
}

/// The value of a key, its default where the settings do not have it; 0 where that depends on the shape.
Count length_of(const Mixer& mixer, const MechanismKey& key) {
  if (mixer.settings().has(key.name)) return mixer.settings().count(key.name);
  return parse_digits(key.fallback).value_or(Count{});
}

/// The lengths at which costs of a model step: its mixers' blocks, chunks and segments.
std::set<Count> block_lengths(const Model& model) {
  constexpr std::string_view kLengths[] = {"block",   "chunk",          "segment",         "stride",
                                           "summary", "compress_block", "compress_stride", "select_block"};
  std::set<Count> lengths;
  for (const LayerGroup& group : model.groups) {
    for (const auto& mixer : group.mixers) {
      for (const MechanismKey& key : find_mechanism(mixer->kind())->keys) {
        if (key.type != KeyType::count ||
            std::find(std::begin(kLengths), std::end(kLengths), key.name) == std::end(kLengths))
          continue;
        const Count length = length_of(*mixer, key);
        if (length > 1) lengths.insert(length);
      }
    }
  }
  return lengths;
}

/// The costs that cross, of one alternative at any context, each context once.
class CrossingCosts {
 public:
  struct At {
    std::optional<Count> attention, feed_forward, linear, forward, memory, weights;
  };

  CrossingCosts(const Estimator& estimator, Count batch)
      : estimator_(&estimator), batch_(batch), blocks_(block_lengths(estimator.model())) {
    if (!estimator.model().cross_tokens) feed_forward_of_token_ = feed_forward(1);
  }

  const std::set<Count>& blocks() const { return blocks_; }

  const At& at(Count context) {
    const auto known = known_.find(context);
    if (known != known_.end()) return known->second;
    At costs;
    try {
      const Estimate values = estimator_->at(context, batch_);
      costs.attention = values.count(Metric::attention_flops);
      costs.linear = values.count(Metric::linear_flops);
      costs.forward = values.count(Metric::forward_flops);
      costs.memory = memory_of(estimator_->model(), values);
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
    for (const Term& term : estimator_->terms(context, batch_, {Metric::linear_flops})) {
      if (term.owner == "feed_forward") sum = known_sum(sum, term.total());
    }
    return sum;
  }

  const Estimator* estimator_;
  Count batch_;
  std::set<Count> blocks_;
  std::optional<Count> feed_forward_of_token_;
  std::map<Count, At> known_;
};

/// Searches contexts at which something holds from there on.
class CrossoverSearch {
 public:
  using Holds = std::function<std::optional<bool>(Count context)>;

  CrossoverSearch(Holds holds, const std::set<Count>& blocks) : holds_(std::move(holds)), blocks_(&blocks) {}

  Crossover find() const {
    const std::optional<bool> last = holds_(kLongestSearched);
    if (!last) return {Crossover::Kind::unknown, {}};
    if (!*last) return {Crossover::Kind::never, {}};
    Count high = bisect();
    for (int round = 0; round < kMostRounds; ++round) {
      const std::optional<Count> failing = last_failing_behind(high);
      if (!failing) break;
      high = *failing + 1;
    }
    return {Crossover::Kind::from, high};
  }

 private:
  static constexpr int kMostRounds = 64;
  static constexpr std::uint64_t kBlocksBehind = 16, kParts = 8;

  bool holds(Count context) const { return holds_(context) == true; }

  /// The grid from the longest context down to the first point that fails, then bisection between it and the one
  /// before.
  Count bisect() const {
    std::set<Count> grid;
    for (Count point = 1; point <= kLongestSearched; point = 2 * point) grid.insert(point);
    for (const Count block : *blocks_) {
      for (Count point = block; point <= kLongestSearched; point = 2 * point) grid.insert(point);
    }
    Count high = kLongestSearched;
    Count low = 0;
    for (auto point = grid.rbegin(); point != grid.rend(); ++point) {
      if (!holds(*point)) {
        low = *point;
        break;
      }
      high = *point;
    }
    while (high - low > 1) {
      const Count middle = low + (high - low) / 2;
      (holds(middle) ? high : low) = middle;
    }
    return high;
  }

  /// The last context that fails among samples of the blocks behind `start`.
  std::optional<Count> last_failing_behind(Count start) const {
    std::optional<Count> last;
    for (const Count block : *blocks_) {
      std::set<Count> samples;
      for (std::uint64_t i = 0; i <= kBlocksBehind; ++i) {
        const Count border = (start / block + i) * block;
        for (std::uint64_t part = 0; part < kParts; ++part) samples.insert(border + block * part / kParts);
        samples.insert(border + 1);
        if (border > 0) samples.insert(border - 1);
      }
      Count after = *samples.rbegin() + 1;
      for (auto sample = samples.rbegin(); sample != samples.rend() && *sample >= start; ++sample) {
        if (!holds(*sample)) {
          const Count failing = last_failing_between(*sample, after);
          if (!last || failing > *last) last = failing;
          break;
        }
        after = *sample;
      }
    }
    return last;
  }

  /// `low` fails and `high` holds.
  Count last_failing_between(Count low, Count high) const {
    while (high - low > 1) {
      const Count middle = low + (high - low) / 2;
      (holds(middle) ? high : low) = middle;
    }
    return low;
  }

  Holds holds_;
  const std::set<Count>* blocks_;
};

Crossovers find_crossovers(CrossingCosts& costs, CrossingCosts& first) {
  using At = CrossingCosts::At;
  using Cost = std::optional<Count> At::*;
  std::set<Count> blocks = costs.blocks();
  blocks.insert(first.blocks().begin(), first.blocks().end());
  const auto more = [&blocks](CrossingCosts& above, Cost larger, CrossingCosts& below, Cost smaller) {
    const auto holds = [&](Count context) -> std::optional<bool> {
      const std::optional<Count> a = above.at(context).*larger;
      const std::optional<Count> b = below.at(context).*smaller;
      return a && b ? std::optional(*a > *b) : std::nullopt;
    };
    return CrossoverSearch(holds, blocks).find();
  };
  Crossovers found;
  if (&first != &costs) {
    found.fewer_flops = more(first, &At::attention, costs, &At::attention);
    found.fewer_forward_flops = more(first, &At::forward, costs, &At::forward);
    found.fewer_bytes = more(first, &At::memory, costs, &At::memory);
  }
  found.passes_feed_forward = more(costs, &At::attention, costs, &At::feed_forward);
  found.passes_linear = more(costs, &At::attention, costs, &At::linear);
  found.cache_passes_weights = more(costs, &At::memory, costs, &At::weights);
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
  point.memory = memory_of(estimator.model(), point.values);
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

/// Notes, each once, in their order; none of `known`.
class NoteList {
 public:
  explicit NoteList(const std::vector<std::string>& known = {}) : seen_(known.begin(), known.end()) {}
  void add(const std::string& note) {
    if (!note.empty() && seen_.insert(note).second) notes_.push_back(note);
  }
  void add(const std::vector<std::string>& notes) {
    for (const std::string& note : notes) add(note);
  }
  std::vector<std::string> take() { return std::move(notes_); }

 private:
  std::set<std::string> seen_;
  std::vector<std::string> notes_;
};

/// Notes of the numbers, and of the first context in each state of the window.
std::vector<std::string> notes_of(const StrategyAlternative& alternative, const Deployment* deployment, Count batch) {
  NoteList notes;
  for (const StrategyPoint& point : alternative.points) {
    const EstimateDetails details = alternative.estimator->details(point.context, batch);
    notes.add(details.notes);
    notes.add(details.engine_notes);
  }
  std::set<std::string_view> levels;
  for (const StrategyPoint& point : alternative.points) {
    const auto* const level = std::get_if<std::string_view>(&point.values[Metric::window_status]);
    if (level != nullptr && levels.insert(*level).second) {
      notes.add(window_note(*alternative.strategy.model, point.values, point.context));
    }
  }
  if (deployment != nullptr) notes.add(deployment->notes());
  return notes.take();
}

/// Names of models; with their origin where two have one name.
std::string model_label(const Model& model, const std::vector<SharedModel>& models) {
  const auto alike = std::count_if(models.begin(), models.end(),
                                   [&model](const SharedModel& other) { return other->name == model.name; });
  return alike > 1 ? format("{} ({})", model.name, model.origin) : model.name;
}

std::string alternative_label(const Model& model, std::string_view strategy, const std::vector<SharedModel>& models) {
  if (models.size() == 1) return strategy.empty() ? "as it is" : std::string(strategy);
  const std::string name = model_label(model, models);
  return strategy.empty() ? name : format("{}, {}", name, strategy);
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
  if (question.devices) {
    deployment.emplace(Setup{model, workload, question.engine, *question.devices, load_companions(question.engine)});
  }
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
  if (contexts.size() > kMostComparedContexts) {
    throw InputError(setting_fault("context", format("expected at most {} contexts, found {}", kMostComparedContexts,
                                                     to_string(contexts.size()))));
  }
  for (const Count context : contexts) answer.contexts.push_back(context);

  NoteList measured;
  for (const SharedModel& model : question.models) {
    check_kinds(*model, "to compare", kMostComparedKinds);
    const auto add = [&](std::string_view strategy) {
      StrategyAlternative alternative =
          evaluate(apply_strategy(model, strategy, question.strategies_source), question, answer);
      alternative.label = alternative_label(*model, strategy, question.models);
      answer.alternatives.push_back(std::move(alternative));
    };
    add("");
    for (const std::string& strategy : question.strategies) add(strategy);
    measured.add(measured_notes(*model));
  }
  answer.notes = measured.take();

  std::vector<CrossingCosts> costs;
  costs.reserve(answer.alternatives.size());
  for (StrategyAlternative& alternative : answer.alternatives) {
    costs.emplace_back(*alternative.estimator, answer.batch);
    alternative.crossovers = find_crossovers(costs.back(), costs.front());
  }
  const std::vector<std::string> common = answer.alternatives.front().notes;
  for (std::size_t i = 1; i < answer.alternatives.size(); ++i) {
    NoteList own(common);
    own.add(answer.alternatives[i].notes);
    answer.alternatives[i].notes = own.take();
  }
  return answer;
}

}  // namespace ctxcost
