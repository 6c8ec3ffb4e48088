#include "ctxcost/answer/find.h"

#include <algorithm>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/solve.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/load_catalogue.h"

namespace ctxcost {
namespace {

template <typename Type>
struct TypeTried {
  Type type;
  Count bytes;
};

/// Sorts widest first and keeps one type of each size. The model's own stays before others of its size.
template <typename Type>
void sort_tried(std::vector<TypeTried<Type>>& types, bool none_wider_than_first) {
  if (none_wider_than_first && !types.empty()) {
    const Count most = types.front().bytes;
    std::erase_if(types, [&](const auto& tried) { return tried.bytes > most; });
  }
  std::stable_sort(types.begin(), types.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  const auto same = [](const auto& a, const auto& b) { return a.bytes == b.bytes; };
  types.erase(std::unique(types.begin(), types.end(), same), types.end());
}

/// Returns the types of weights to try with their bytes in the whole model. A type that cannot store the model's shapes
/// or that the engine refuses is left out; if all are, throws the fault of the first.
std::vector<TypeTried<WeightScheme>> weights_tried(const Setup& base, const std::vector<WeightScheme>& asked) {
  std::vector<WeightScheme> schemes = asked;
  if (asked.empty()) {
    schemes.emplace_back();
    for (const std::string_view name : usual_weights(*base.engine.engine)) {
      schemes.push_back(parse_weight_scheme(name, "weights"));
    }
  }
  std::vector<TypeTried<WeightScheme>> types;
  std::optional<InputError> fault;
  for (const WeightScheme& scheme : schemes) {
    Workload workload = base.workload;
    workload.weights = scheme;
    try {
      const Estimator estimator(base.model, workload);
      const std::optional<Count> bytes = estimator.at(1, 1).count(Metric::weights_bytes);
      if (!bytes) throw_fault(base.model->name, "its file does not determine its weights");
      types.push_back({scheme, *bytes});
    } catch (const InputError& error) {
      if (!fault) fault = error;
      if (asked.empty() && types.empty()) throw;
    }
  }
  if (types.empty()) throw InputError(*fault);
  sort_tried(types, asked.empty());
  return types;
}

/// Returns the types of the cache to try at n tokens, with the bytes of the cache of one sequence.
std::vector<TypeTried<KvPrecision>> caches_tried(const Setup& base, const std::vector<KvPrecision>& asked,
                                                 Count context) {
  std::vector<TypeTried<KvPrecision>> types;
  for (const KvPrecision& kv : asked.empty() ? cache_types(base) : asked) {
    Workload workload = base.workload;
    workload.kv = kv;
    try {
      const std::optional<Count> bytes = Estimator(base.model, workload).at(context, 1).count(Metric::kv_cache_bytes);
      types.push_back({kv, bytes.value_or(0)});
    } catch (const InputError&) {
      // The shapes of this model do not divide into blocks of this type.
      if (types.empty() && asked.empty()) throw;
    }
  }
  sort_tried(types, asked.empty());
  if (!asked.empty()) return types;
  const auto kept = [&](const Precision& type) { return engines_keep_cache(type.format(), base.settings.gpu); };
  std::erase_if(types, [&](const auto& tried) { return !kept(tried.type.key) || !kept(tried.type.value); });
  return types;
}

enum class FindOutcome { found, beyond_window, too_large };

/// The search for one model.
class ModelSearch {
 public:
  ModelSearch(const FindQuestion& question, DeploymentCase asked, Count context, Count batch)
      : question_(question), base_(std::move(asked.setup)), context_(context), batch_(batch) {}

  /// Throws InputError if there is no answer.
  FindOutcome search() {
    if (beyond_window()) return FindOutcome::beyond_window;
    std::vector<TypeTried<KvPrecision>> caches;
    std::optional<InputError> fault;
    bool any = false;
    for (const auto& weights : weights_tried(base_, question_.devices.weights)) {
      if (surely_too_large(weights.bytes)) {
        any = true;
        continue;
      }
      if (caches.empty()) caches = caches_tried(base_, question_.devices.kv_precisions, context_);
      for (const auto& cache : caches) {
        Setup setup = base_;
        setup.workload.weights = weights.type;
        setup.workload.kv = cache.type;
        try {
          deployment_.emplace(std::move(setup));
          any = true;
          if (deployment_->fits(context_, batch_)) return FindOutcome::found;
          // No narrower cache helps where the weights leave no room for one token.
          if (!deployment_->holds(1, 1)) break;
        } catch (const InputError& error) {
          if (!fault) fault = error;
        }
      }
    }
    if (!any && fault) throw InputError(*fault);
    return FindOutcome::too_large;
  }

  const Deployment& deployment() const { return *deployment_; }

 private:
  bool beyond_window() const {
    const Positions& positions = base_.model->positions;
    if (positions.hard_limit && context_ > *positions.hard_limit) return true;
    if (base_.settings.beyond_window || !positions.trained_context) return false;
    return context_ > max(*positions.trained_context, positions.effective_context.value_or(0));
  }

  /// Whether all devices together have less memory than the weights take, which an engine that places layers may keep
  /// in host memory.
  bool surely_too_large(Count weights_bytes) const {
    if (base_.engine.engine->place != nullptr) return false;
    const DeploymentSettings& settings = base_.settings;
    return weights_bytes > settings.gpu->memory() * settings.parallelism.devices();
  }

  const FindQuestion& question_;
  Setup base_;
  Count context_, batch_;
  std::optional<Deployment> deployment_;
};

std::optional<double> real_of(const DeploymentEstimate& estimate, Metric metric) {
  const double* const real = std::get_if<double>(&estimate[metric]);
  return real == nullptr ? std::nullopt : std::optional(*real);
}

FoundModel describe_found(const Deployment& deployment, Count context, Count batch) {
  const Model& model = *deployment.setup().model;
  const DeploymentEstimate estimate = deployment.at(context, batch);
  const LargestFit longest = max_context(deployment, batch);
  FoundModel found;
  found.name = model.name;
  found.id = model.id;
  found.family = model.family;
  found.parameters = estimate.count(Metric::parameters).value_or(0);
  found.active_parameters = estimate.count(Metric::active_parameters);
  found.weights = deployment.estimator().weights().name();
  found.kv_precision = deployment.estimator().kv().name();
  found.context = context;
  found.batch = batch;
  found.tight = estimate.tight;
  found.window_status = window_status(model.positions, context);
  found.device_bytes = estimate.count(Metric::device_bytes).value_or(0);
  found.weights_bytes = estimate.count(Metric::weights_bytes).value_or(0);
  found.device_kv_bytes = estimate.count(Metric::device_kv_bytes).value_or(0);
  found.headroom_bytes = estimate.count(Metric::headroom_bytes);
  found.max_context = longest.value;
  found.bound = bound_of(longest);
  found.decode_seconds_per_token = real_of(estimate, Metric::decode_seconds_per_token);
  found.decode_tokens_per_second = real_of(estimate, Metric::decode_tokens_per_second);
  return found;
}

void keep_common(std::vector<std::string>& common, const std::vector<std::string>& notes, bool first) {
  if (first) {
    common = notes;
    return;
  }
  std::erase_if(common,
                [&](const std::string& note) { return std::find(notes.begin(), notes.end(), note) == notes.end(); });
}

bool has_prefix(std::string_view name, std::string_view beginning) { return name.starts_with(beginning); }

bool has_any_prefix(std::string_view name, const std::vector<std::string>& beginnings) {
  return beginnings.empty() || std::any_of(beginnings.begin(), beginnings.end(),
                                           [&](const std::string& beginning) { return has_prefix(name, beginning); });
}

/// Whether the filter of parameters leaves the model. A model whose parameters are unknown passes no filter.
bool within_parameters(const SharedModel& model, const FindQuestion& question) {
  if (!question.least_parameters && !question.most_parameters) return true;
  const std::optional<Count> parameters = Estimator(model, Workload{}).at(1, 1).count(Metric::parameters);
  return parameters && *parameters >= question.least_parameters.value_or(0) &&
         (!question.most_parameters || *parameters <= *question.most_parameters);
}

void check_families(const std::vector<std::string>& asked, const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  for (const std::string& beginning : asked) {
    if (std::any_of(names.begin(), names.end(), [&](auto name) { return has_prefix(name, beginning); })) continue;
    std::string hint = did_you_mean(beginning, names);
    throw InputError(setting_fault("family", format("no model of the catalogue is of a family \"{}\"", beginning),
                                   hint.empty() ? "`ctxcost list models` shows the families" : std::move(hint)));
  }
}

void try_model(const SharedModel& model, const FindQuestion& question, FindAnswer& answer) {
  DeploymentQuestion one = question.devices;
  one.models = {model};
  one.weights.clear();
  one.kv_precisions.clear();
  const Count context = *contexts_of(one, *model).begin();
  const Count batch = *batches_of(one, *model).begin();
  ModelSearch search(question, cases(one).front(), context, batch);
  switch (search.search()) {
    case FindOutcome::beyond_window: answer.beyond_window += 1; return;
    case FindOutcome::too_large: answer.too_large += 1; return;
    case FindOutcome::found: break;
  }
  FoundModel found = describe_found(search.deployment(), context, batch);
  keep_common(answer.notes, search.deployment().notes(), answer.models.empty());
  answer.models.push_back(std::move(found));
}

}  // namespace

FindAnswer find_models(const FindQuestion& question) {
  const DeploymentQuestion& devices = question.devices;
  if (devices.placements.empty() || !devices.placements.front().gpu) {
    throw InputError(setting_fault("gpu", "expected a GPU, found none", "`ctxcost list gpus` shows all"));
  }
  FindAnswer answer;
  answer.placement = devices.placements.front();
  const Count gpus = answer.placement.split ? answer.placement.split->devices() : answer.placement.gpus;
  answer.place = answer.placement.gpu->id + (gpus == 1 ? "" : ":" + to_string(gpus));
  if (!devices.contexts.empty()) answer.context = *devices.contexts.begin();
  std::vector<std::string> families;
  for (const CatalogueEntry& entry : catalogue()) {
    const std::string name(entry.id.substr(entry.id.rfind('/') + 1));
    try {
      const SharedModel model = load_catalogue_model(entry);
      families.push_back(model->family);
      if (!has_any_prefix(model->family, question.families) || !within_parameters(model, question)) continue;
      answer.tried += 1;
      try_model(model, question, answer);
    } catch (const InputError& error) {
      answer.unanswered.push_back({name, error.diagnostics().front().message});
    }
  }
  check_families(question.families, families);
  std::stable_sort(answer.models.begin(), answer.models.end(),
                   [](const FoundModel& a, const FoundModel& b) { return a.parameters > b.parameters; });
  return answer;
}

}  // namespace ctxcost
