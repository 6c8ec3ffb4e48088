#include "ctxcost/answer/report.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/solve.h"
#include "ctxcost/model/positions.h"
#include "estimate/window_note.h"
#include "model/most_kinds.h"

namespace ctxcost {
namespace {

/// What `fit` shows but for what takes a search of its own.
constexpr MetricSet kReported = {Metric::context,
                                 Metric::batch,
                                 Metric::scores_per_head,
                                 Metric::attention_flops_per_layer,
                                 Metric::attention_flops,
                                 Metric::kv_cache_bytes,
                                 Metric::kv_bytes_per_token,
                                 Metric::state_bytes,
                                 Metric::parameters,
                                 Metric::active_parameters,
                                 Metric::weights_bytes,
                                 Metric::window_status,
                                 Metric::device_bytes,
                                 Metric::headroom_bytes,
                                 Metric::prefill_seconds,
                                 Metric::decode_seconds_per_token,
                                 Metric::decode_tokens_per_second,
                                 Metric::usd_per_million_prefill_tokens,
                                 Metric::usd_per_million_decode_tokens,
                                 Metric::joules_per_decode_token};

void add_note(std::vector<std::string>& notes, std::string note) {
  if (note.empty() || std::find(notes.begin(), notes.end(), note) != notes.end()) return;
  notes.push_back(std::move(note));
}

std::string message_of(const InputError& error) {
  std::string text;
  for (const Diagnostic& diagnostic : error.diagnostics()) {
    if (!text.empty()) text += "; ";
    text += diagnostic.message;
  }
  return text;
}

/// Series without points: every model as it is, then with every strategy.
std::vector<ReportSeries> series_of(const ReportQuestion& question) {
  std::vector<ReportSeries> all;
  for (const SharedModel& model : question.devices.models) {
    check_kinds(*model, "to report");
    ReportSeries& as_it_is = all.emplace_back();
    as_it_is.name = model->name;
    as_it_is.strategy = apply_strategy(model, "", question.strategies_source);
    for (const std::string& text : question.strategies) {
      ReportSeries& changed = all.emplace_back();
      changed.name = format("{} with {}", model->name, text);
      changed.strategy = apply_strategy(model, text, question.strategies_source);
    }
  }
  return all;
}

/// The contexts in order, each once.
std::vector<Count> report_contexts(const ReportQuestion& question, const std::vector<ReportSeries>& series) {
  constexpr std::uint64_t kLeast = std::uint64_t{1} << 10;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 20;
  std::vector<Count> contexts;
  if (question.devices.contexts.empty()) {
    for (Count context = kLeast; context <= kMost; context *= 2) contexts.push_back(context);
    for (const ReportSeries& one : series) {
      for (const std::optional<Count>& window :
           {one.strategy.model->positions.trained_context, window_of(one.strategy.model->positions)}) {
        if (window && *window > 0) contexts.push_back(*window);
      }
    }
  } else {
    check_points("report", question.devices.contexts.size());
    for (const Count context : question.devices.contexts) contexts.push_back(context);
  }
  std::sort(contexts.begin(), contexts.end());
  contexts.erase(std::unique(contexts.begin(), contexts.end()), contexts.end());
  return contexts;
}

std::vector<Count> report_batches(const ReportQuestion& question) {
  std::vector<Count> batches;
  if (question.devices.batches.empty()) {
    for (Count batch = 1; batch <= 64; batch *= 2) batches.push_back(batch);
    return batches;
  }
  check_points("report", question.devices.batches.size());
  for (const Count batch : question.devices.batches) batches.push_back(batch);
  std::sort(batches.begin(), batches.end());
  batches.erase(std::unique(batches.begin(), batches.end()), batches.end());
  return batches;
}

/// As stored, and the usual types that are narrower than 16 bits.
std::vector<WeightScheme> usual_narrow_weights(const Engine& engine) {
  std::vector<WeightScheme> types = {WeightScheme()};
  for (const std::string_view name : usual_weights(engine).subspan(1)) {
    types.push_back(parse_weight_scheme(name, "weights"));
  }
  return types;
}

/// The model's own type, and one of 8 bits as the engine calls it.
std::vector<std::optional<KvPrecision>> usual_caches(const Engine& engine) {
  const std::string_view narrow = engine.weight_types == WeightTypes::gguf ? "q8_0" : "fp8";
  return {std::nullopt, parse_kv_precision(narrow, "kv_precision")};
}

/// The largest choice of context that is within every window; the first where none is.
std::size_t first_context(const std::vector<Count>& contexts, const std::vector<ReportSeries>& series) {
  std::optional<Count> window;
  for (const ReportSeries& one : series) {
    const std::optional<Count> own = window_of(one.strategy.model->positions);
    if (own && (!window || *own < *window)) window = own;
  }
  if (!window) return 0;
  const auto beyond = std::upper_bound(contexts.begin(), contexts.end(), *window);
  return beyond == contexts.begin() ? 0 : static_cast<std::size_t>(beyond - contexts.begin() - 1);
}

/// Counts one series.
class SeriesCount {
 public:
  SeriesCount(const ReportQuestion& question, ReportAnswer& answer, ReportSeries& series)
      : question_(&question), answer_(&answer), series_(&series) {}

  /// Throws InputError if no case has an answer.
  void count() {
    const ReportAxes& axes = answer_->axes;
    series_->points.resize(axes.size());
    for (ReportChoice at; at.weights < axes.weights.size(); ++at.weights) {
      for (at.kv = 0; at.kv < axes.kv.size(); ++at.kv) count_types(at);
    }
    if (!is_known_) throw InputError(*refusal_);
    for (const std::string& note : series_->strategy.model->notes) add_note(series_->notes, note);
    add_note(series_->notes, window_note(*series_->strategy.model, axes.contexts.back()));
  }

 private:
  void count_types(ReportChoice at) {
    const StrategicModel& strategy = series_->strategy;
    const WeightScheme& weights = answer_->axes.weights[at.weights];
    const std::optional<KvPrecision>& kv = answer_->axes.kv[at.kv];
    DeploymentQuestion question = question_->devices;
    question.models = {strategy.model};
    question.weights = {weights.of_model() && strategy.weights ? *strategy.weights : weights};
    question.kv_precisions.clear();
    if (kv) {
      question.kv_precisions = {*kv};
    } else if (strategy.kv) {
      question.kv_precisions = {*strategy.kv};
    }
    const std::vector<DeploymentCase> places = cases(question);
    for (at.place = 0; at.place < places.size(); ++at.place) count_case(places[at.place], at);
  }

  void count_case(const DeploymentCase& asked, ReportChoice at) {
    std::shared_ptr<const Deployment> deployment;
    std::shared_ptr<const Estimator> alone;
    std::string refusal;
    try {
      if (answer_->places.empty()) {
        alone = std::make_shared<const Estimator>(asked.setup.model, asked.setup.workload, asked.setup.engine);
      } else {
        deployment = std::make_shared<const Deployment>(asked.setup);
      }
    } catch (const InputError& error) {
      refusal = message_of(error);
      if (!refusal_) refusal_ = error;
    }
    if (!deployment && !alone) {
      // What the devices refuse, the model alone may answer.
      try {
        alone = std::make_shared<const Estimator>(asked.setup.model, asked.setup.workload, asked.setup.engine);
      } catch (const InputError&) {
        for_each_point(at, [&](ReportPoint& point, const ReportChoice&) { point.refusal = refusal; });
        return;
      }
    }
    const Estimator& estimator = deployment ? deployment->estimator() : *alone;
    take_notes(deployment, estimator, at);
    std::map<std::size_t, std::optional<Count>> longest;
    std::map<std::size_t, std::optional<Count>> most;
    for_each_point(at, [&](ReportPoint& point, const ReportChoice& here) {
      const Count context = answer_->axes.contexts[here.context];
      const Count batch = answer_->axes.batches[here.batch];
      point.refusal = refusal;
      point.weights = estimator.weights().name();
      point.kv = estimator.kv().name();
      try {
        point.values = estimator.at(context, batch, kReported);
        is_known_ = true;
        point.memory = known_sum(
            known_sum(point.values->count(Metric::weights_bytes), point.values->count(Metric::kv_cache_bytes)),
            point.values->count(Metric::state_bytes));
        if (!deployment) return;
        deployment->fits(context, batch);  // throws where that is unknown
        DeploymentEstimate estimate = deployment->at(context, batch, kReported);
        if (longest.count(here.batch) == 0) longest[here.batch] = max_context(*deployment, batch).value;
        if (most.count(here.context) == 0) most[here.context] = max_batch(*deployment, context).value;
        if (longest[here.batch]) estimate[Metric::max_context] = *longest[here.batch];
        if (most[here.context]) estimate[Metric::max_batch] = *most[here.context];
        point.on_devices = std::move(estimate);
      } catch (const InputError& error) {
        point.refusal = message_of(error);
        if (!refusal_) refusal_ = error;
      }
    });
  }

  template <typename Visit>
  void for_each_point(ReportChoice at, Visit&& visit) {
    for (at.batch = 0; at.batch < answer_->axes.batches.size(); ++at.batch) {
      for (at.context = 0; at.context < answer_->axes.contexts.size(); ++at.context) {
        visit(series_->points[answer_->axes.index(at)], at);
      }
    }
  }

  void take_notes(const std::shared_ptr<const Deployment>& deployment, const Estimator& estimator,
                  const ReportChoice& at) {
    for (const std::string& note : estimator.notes()) add_note(series_->notes, note);
    if (!deployment) return;
    for (const std::string& note : deployment->notes()) add_note(series_->notes, note);
    ReportPlace& place = answer_->places[at.place];
    if (place.deployment) return;
    place.deployment = deployment;
    place.capacity = deployment->capacity();
    place.memory = deployment->total_capacity();
  }

  const ReportQuestion* question_;
  ReportAnswer* answer_;
  ReportSeries* series_;
  bool is_known_ = false;
  std::optional<InputError> refusal_;
};

/// Whether any series has an answer under a value of an axis.
bool is_answered(const ReportAnswer& answer, std::size_t ReportChoice::*axis, std::size_t value) {
  const ReportAxes& axes = answer.axes;
  for (const ReportSeries& series : answer.series) {
    ReportChoice at;
    for (at.weights = 0; at.weights < axes.weights.size(); ++at.weights) {
      for (at.kv = 0; at.kv < axes.kv.size(); ++at.kv) {
        for (at.place = 0; at.place < axes.places; ++at.place) {
          if (at.*axis == value && series.points[axes.index(at)].values) return true;
        }
      }
    }
  }
  return false;
}

/// Leaves out a value of an axis, which is one of the answer's.
template <typename Value>
void drop(ReportAnswer& answer, std::vector<Value>& values, std::size_t ReportChoice::*axis, std::size_t value) {
  const ReportAxes before = answer.axes;
  values.erase(values.begin() + static_cast<std::ptrdiff_t>(value));  // it is of the answer's
  for (ReportSeries& series : answer.series) {
    std::vector<ReportPoint> kept;
    kept.reserve(answer.axes.size());
    ReportChoice at;
    for (at.weights = 0; at.weights < before.weights.size(); ++at.weights) {
      for (at.kv = 0; at.kv < before.kv.size(); ++at.kv) {
        if (at.*axis == value) continue;
        const std::size_t begin = before.index(at);
        const std::size_t size = before.places * before.batches.size() * before.contexts.size();
        for (std::size_t i = begin; i < begin + size; ++i) kept.push_back(std::move(series.points[i]));
      }
    }
    series.points = std::move(kept);
  }
}

}  // namespace

ReportAnswer report(const ReportQuestion& question) {
  const DeploymentQuestion& devices = question.devices;
  ReportAnswer answer;
  answer.convention = devices.convention;
  answer.logits = devices.logits;
  const EngineChoice engine = devices.engines.empty() ? ideal_engine() : devices.engines.front();
  answer.engine = engine.name;
  answer.series = series_of(question);
  ReportAxes& axes = answer.axes;
  axes.contexts = report_contexts(question, answer.series);
  axes.batches = report_batches(question);
  axes.weights = devices.weights.empty() ? usual_narrow_weights(*engine.engine) : devices.weights;
  if (devices.kv_precisions.empty()) {
    axes.kv = usual_caches(*engine.engine);
  } else {
    axes.kv.assign(devices.kv_precisions.begin(), devices.kv_precisions.end());
  }
  const bool on_devices = !devices.placements.empty() || devices.settings.kv_memory;
  if (on_devices) answer.places.resize(std::max<std::size_t>(devices.placements.size(), 1));
  axes.places = std::max<std::size_t>(answer.places.size(), 1);
  check_points("report", Count{axes.size()} * answer.series.size());

  std::vector<ReportSeries> counted;
  counted.reserve(answer.series.size());
  for (ReportSeries& series : answer.series) {
    try {
      SeriesCount(question, answer, series).count();
      counted.push_back(std::move(series));
    } catch (const InputError& error) {
      answer.left_out.push_back(error);
    }
  }
  answer.series = std::move(counted);
  if (answer.series.empty()) return answer;
  // The defaults of an axis that no model takes; the first value of each is the model's own.
  for (std::size_t i = axes.weights.size(); devices.weights.empty() && i-- > 1;) {
    if (!is_answered(answer, &ReportChoice::weights, i)) drop(answer, axes.weights, &ReportChoice::weights, i);
  }
  for (std::size_t i = axes.kv.size(); devices.kv_precisions.empty() && i-- > 1;) {
    if (!is_answered(answer, &ReportChoice::kv, i)) drop(answer, axes.kv, &ReportChoice::kv, i);
  }
  answer.first.context = first_context(axes.contexts, answer.series);
  return answer;
}

}  // namespace ctxcost
