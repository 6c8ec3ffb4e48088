#include "ctxcost/answer/evaluation.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/format.h"
#include "ctxcost/answer/measured_lines.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/estimate/context_walk.h"
#include "ctxcost/mechanism/pairs.h"
#include "estimate/window_note.h"
#include "model/most_kinds.h"

namespace ctxcost {
namespace {

constexpr double kSecondsOfHour = 3600;
constexpr Count kMostDecodeSteps = 10'000'000;

void add_known(std::optional<double>& sum, const std::optional<double>& term) {
  if (term) sum = sum.value_or(0) + *term;
}

/// The prefill of a prompt's first tokens.
struct PrefixWork {
  Count tokens;
  Count pairs;
  std::optional<Count> attention = Count{};
  std::optional<Count> linear = Count{};
};

PrefixWork prefix_work(const Estimator& estimator, Count tokens) {
  PrefixWork work{tokens, pairs::causal(tokens), Count{}, Count{}};
  if (tokens == 0) return work;
  const Estimate values = estimator.at(tokens, 1);
  work.attention = values.count(Metric::attention_flops);
  work.linear = values.count(Metric::linear_flops);
  return work;
}

/// Adds or takes away the work of so many prompts.
void change(EvaluationCost& cost, const PrefixWork& work, Count times, bool reused) {
  const auto one = [&](Count& sum, Count term) { reused ? sum -= times* term : sum += times * term; };
  const auto known = [&](std::optional<Count>& sum, const std::optional<Count>& term) {
    if (!sum || !term) {
      sum.reset();
    } else {
      one(*sum, *term);
    }
  };
  one(cost.prefill_tokens, work.tokens);
  one(cost.causal_pairs, work.pairs);
  known(cost.attention_flops, work.attention);
  known(cost.linear_flops, work.linear);
}

/// Prompts that begin with the same tokens as a deeper one, before the same place.
struct SharedPrefix {
  Count tokens;
  Count prompts;
};

std::vector<SharedPrefix> shared_prefixes(const EvaluationGrid& grid, const EvaluationSet& set) {
  std::vector<SharedPrefix> prefixes;
  for (const std::uint32_t place : set.places) prefixes.push_back({tokens_before(grid, set, place), set.repeats});
  if (prefixes.empty()) return prefixes;
  // One prompt of each haystack is computed whole: all trials share one, each example has its own.
  auto deepest = prefixes.begin();
  for (auto one = prefixes.begin(); one != prefixes.end(); ++one) {
    if (one->tokens > deepest->tokens) deepest = one;
  }
  deepest->prompts -= set.task == EvaluationTask::needle ? min(1, set.repeats) : set.repeats;
  return prefixes;
}

/// Counts the rows of one question.
class EvaluationCounter {
 public:
  explicit EvaluationCounter(EvaluationAnswer& answer)
      : answer_(&answer), asked_(&answer.asked), estimator_(asked_->model, workload()) {
    check();
    if (asked_->settings.gpu) {
      deployment_.emplace(Setup{asked_->model, workload(), ideal_engine(), asked_->settings});
    }
  }

  void count_rows() {
    for (const EvaluationSet& set : asked_->grid.sets) {
      EvaluationRow row;
      count_prompts(set, row);
      count_answers(set, row);
      if (deployment_) time(set, row);
      answer_->rows.push_back(row);
    }
  }

  const Estimator& estimator() const { return estimator_; }
  const std::optional<Deployment>& deployment() const { return deployment_; }

 private:
  Workload workload() const {
    Workload settings;
    settings.convention = asked_->convention;
    settings.kv = asked_->kv;
    settings.weights = asked_->weights;
    return settings;
  }

  Count steps() const { return minus_or_zero(asked_->answer_tokens, 1); }

  void check() const {
    const Model& model = *asked_->model;
    if (asked_->answer_tokens > 1 && !model.decodes()) {
      throw InputError(setting_fault(
          "answer_tokens",
          "expected at most 1, as " + model.name + " does not decode, found " + to_string(asked_->answer_tokens)));
    }
    if (asked_->prefix_reuse && (!model.decodes() || model.has_encoder())) {
      throw InputError(setting_fault(
          "prefix_reuse", "expected off: what an encoder computes of a prefix depends on what follows it, found on"));
    }
    if (steps() > kMostDecodeSteps || steps() * asked_->grid.sets.size() > kMostDecodeSteps) {
      throw InputError(setting_fault(
          "answer_tokens",
          format("expected at most {} tokens of answers over all lengths, found {} for each of {}",
                 with_separators(kMostDecodeSteps), to_string(asked_->answer_tokens), asked_->grid.sets.size())));
    }
  }

  void count_prompts(const EvaluationSet& set, EvaluationRow& row) {
    EvaluationCost& cost = row.cost;
    cost.prompts = set.prompts();
    cost.prompt_tokens = cost.prompts * set.length;
    if (set.task == EvaluationTask::needle) {
      cost.haystack_tokens = cost.prompts * minus_or_zero(set.length, asked_->grid.buffer);
    }
    change(cost, prefix_work(estimator_, set.length), cost.prompts, false);
    if (asked_->prefix_reuse) {
      for (const SharedPrefix& prefix : shared_prefixes(asked_->grid, set)) {
        change(cost, prefix_work(estimator_, prefix.tokens), prefix.prompts, true);
      }
    }
    row.peak_tokens = set.length + steps();
    const Estimate peak = estimator_.at(row.peak_tokens, 1);
    row.kv_cache_bytes = peak.count(Metric::kv_cache_bytes);
    if (const auto* status = std::get_if<std::string_view>(&peak[Metric::window_status])) row.window_status = *status;
  }

  void count_answers(const EvaluationSet& set, EvaluationRow& row) {
    EvaluationCost& cost = row.cost;
    cost.answer_tokens = cost.prompts * asked_->answer_tokens;
    if (asked_->answer_tokens == 0) return;
    const std::optional<Count> logits = estimator_.at(set.length, 1).count(Metric::logits_flops);
    cost.logits_flops = logits ? std::optional(cost.prompts * *logits) : std::nullopt;
    std::optional<Count> one = Count{};
    if (row.peak_tokens > set.length) {
      ContextWalk walk(estimator_, 1, {Metric::decode_flops});
      walk.start({.first = set.length + 1, .last = row.peak_tokens, .factor = 1, .step = 1});
      do {
        one = known_sum(one, walk.values().count(Metric::decode_flops));
      } while (one && walk.next());
    }
    cost.decode_flops = one ? std::optional(cost.prompts * *one) : std::nullopt;
  }

  /// Seconds of all devices for a prompt of its batch, times what is asked.
  double device_seconds(double seconds, double prompts) const {
    return seconds * prompts * deployment_->devices().to_double() / asked_->batch.to_double();
  }

  void time(const EvaluationSet& set, EvaluationRow& row) {
    EvaluationCost& cost = row.cost;
    const std::optional<PhaseTime> whole = deployment_->at(set.length, asked_->batch).prefill;
    if (!whole) return;
    cost.prefill_seconds = device_seconds(whole->seconds, cost.prompts.to_double());
    if (asked_->prefix_reuse) {
      for (const SharedPrefix& prefix : shared_prefixes(asked_->grid, set)) {
        if (prefix.tokens == 0) continue;
        const PhaseTime saved = *deployment_->at(prefix.tokens, asked_->batch).prefill;
        const double link = whole->interconnect_seconds.value_or(0) - saved.interconnect_seconds.value_or(0);
        const double left = std::max({whole->compute_seconds - saved.compute_seconds, whole->memory_seconds, link});
        *cost.prefill_seconds -=
            device_seconds(whole->seconds - std::min(left, whole->seconds), prefix.prompts.to_double());
      }
    }
    row.prefill_bound = whole->bound();
    cost.decode_seconds = 0;
    if (steps() > 0) {
      const std::optional<PhaseTime> first = deployment_->at(set.length + 1, asked_->batch).decode;
      const std::optional<PhaseTime> last = deployment_->at(row.peak_tokens, asked_->batch).decode;
      if (!first || !last) return cost.decode_seconds.reset();
      cost.decode_seconds = device_seconds((first->seconds + last->seconds) / 2, (cost.prompts * steps()).to_double());
      row.decode_bound = last->bound();
    }
    cost.device_hours = (*cost.prefill_seconds + *cost.decode_seconds) / kSecondsOfHour;
    if (asked_->usd_per_hour) cost.usd = *cost.device_hours * *asked_->usd_per_hour;
    if (answer_->watts) cost.joules = *cost.device_hours * kSecondsOfHour * *answer_->watts;
  }

  EvaluationAnswer* answer_;
  const EvaluationQuestion* asked_;
  Estimator estimator_;
  std::optional<Deployment> deployment_;
};

/// Lengths that the model's window does not hold.
std::string beyond_window_note(const EvaluationAnswer& answer, const Estimator& estimator) {
  const std::size_t outside =
      static_cast<std::size_t>(std::count_if(answer.rows.begin(), answer.rows.end(), [](const EvaluationRow& row) {
        return !row.window_status.empty() && row.window_status != "trained";
      }));
  if (outside == 0) return {};
  const Count peak = answer.rows[answer.longest].peak_tokens;
  const std::string note = window_note(*answer.asked.model, estimator.at(peak, 1), peak);
  return answer.rows.size() == 1
             ? note
             : format("{} of {} lengths are outside of the trained context: {}", outside, answer.rows.size(), note);
}

/// What the prompts are taken to be.
void add_prompt_notes(const EvaluationAnswer& answer, const std::function<void(std::string)>& add) {
  const EvaluationGrid& grid = answer.asked.grid;
  if (grid.test == EvaluationTest::needle) {
    add(format("a prompt is {} tokens of system message, question and answer, and haystack up to its length",
               to_string(grid.buffer)));
    add("a judge's calls are not counted");
    if (grid.needles > 1) {
      add(format("{} needles in each haystack: the first at its depth, the others evenly behind it",
                 to_string(grid.needles)));
    }
  } else {
    add("tokens of a prompt are about those of the paper; that a question alone takes 20 is an assumption");
  }
  if (answer.asked.prefix_reuse) {
    add(grid.test == EvaluationTest::needle
            ? "reused: what stands before a needle, of one haystack for each length"
            : "reused: what stands before the gold document or pair, which moves within each example");
  }
}

void add_device_notes(const EvaluationAnswer& answer, const Deployment& deployment,
                      const std::function<void(std::string)>& add) {
  const EvaluationQuestion& asked = answer.asked;
  add(format(
      "device-hours: bounds for {} prompt{} at a time, prefill and decode one after the other, by the causal count",
      to_string(asked.batch), asked.batch == 1 ? "" : "s"));
  for (const std::string& note : deployment.notes()) add(note);
  if (!answer.watts) add(format("the board power of {} is not in the catalogue: no energy", asked.settings.gpu->id));
  const DeploymentEstimate at = deployment.at(answer.rows[answer.longest].peak_tokens, asked.batch);
  const std::optional<Count> bytes = at.count(Metric::device_bytes);
  if (bytes && at.capacity && *bytes > *at.capacity) {
    add(format("{} tokens do not fit the memory of {}: {} of {}",
               with_separators(answer.rows[answer.longest].peak_tokens), asked.settings.gpu->id,
               short_bytes(*bytes, UnitSystem::si), short_bytes(*at.capacity, UnitSystem::si)));
  }
}

void set_notes(EvaluationAnswer& answer, const EvaluationCounter& counter) {
  const auto add = [&answer](std::string note) {
    auto& all = answer.notes;
    if (!note.empty() && std::find(all.begin(), all.end(), note) == all.end()) all.push_back(std::move(note));
  };
  add(beyond_window_note(answer, counter.estimator()));
  add_prompt_notes(answer, add);
  if (counter.deployment()) add_device_notes(answer, *counter.deployment(), add);
  for (const std::string& note : counter.estimator().details(answer.rows[answer.longest].peak_tokens, 1).notes)
    add(note);
  // What others measured stands beside what measuring costs.
  for (std::string& note : measured_notes(*answer.asked.model)) add(std::move(note));
}

void sum_rows(EvaluationAnswer& answer) {
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    const EvaluationRow& row = answer.rows[i];
    if (row.peak_tokens > answer.rows[answer.longest].peak_tokens) answer.longest = i;
    // Sets of a task stand together.
    const EvaluationTask task = answer.asked.grid.sets[i].task;
    if (answer.tasks.empty() || answer.tasks.back().task != task) answer.tasks.push_back({task, {}});
    EvaluationTaskSum& sum = answer.tasks.back();
    sum.cost.add(row.cost);
    answer.total.add(row.cost);
  }
}

}  // namespace

void EvaluationCost::add(const EvaluationCost& other) {
  prompts += other.prompts;
  prompt_tokens += other.prompt_tokens;
  if (other.haystack_tokens) haystack_tokens = haystack_tokens.value_or(0) + *other.haystack_tokens;
  prefill_tokens += other.prefill_tokens;
  answer_tokens += other.answer_tokens;
  causal_pairs += other.causal_pairs;
  attention_flops = known_sum(attention_flops, other.attention_flops);
  linear_flops = known_sum(linear_flops, other.linear_flops);
  logits_flops = known_sum(logits_flops, other.logits_flops);
  decode_flops = known_sum(decode_flops, other.decode_flops);
  add_known(prefill_seconds, other.prefill_seconds);
  add_known(decode_seconds, other.decode_seconds);
  add_known(device_hours, other.device_hours);
  add_known(usd, other.usd);
  add_known(joules, other.joules);
}

EvaluationAnswer evaluate(EvaluationQuestion question) {
  EvaluationAnswer answer;
  answer.asked = std::move(question);
  const EvaluationQuestion& asked = answer.asked;
  check_kinds(*asked.model, "to evaluate");
  answer.watts = device_watts(asked.watts, asked.settings.gpu);
  try {
    EvaluationCounter counter(answer);
    counter.count_rows();
    sum_rows(answer);
    set_notes(answer, counter);
  } catch (const CountOverflow& overflow) {
    throw OverflowError(
        Diagnostic{asked.model->name, "", "the prompts of the evaluation do not fit 128 bits", overflow.what()});
  }
  return answer;
}

}  // namespace ctxcost
