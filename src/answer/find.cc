#include "ctxcost/answer/find.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/solve.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/load_catalogue.h"
#include "estimate/cache_types.h"

namespace ctxcost {
namespace {

template <typename Type>
struct TypeTried {
  Type type;
  Count bytes;
};

using WeightsTried = TypeTried<const WeightScheme*>;

/// Sorts widest first and keeps one type of each size. The model's own stays before others of its size.
template <typename Type>
void sort_tried(std::vector<TypeTried<Type>>& types, bool none_wider_than_first) {
  if (none_wider_than_first && !types.empty()) {
    const Count most = types.front().bytes;
    std::erase_if(types, [&](const auto& tried) { return tried.bytes > most; });
  }
  const auto is_wider = [](const auto& a, const auto& b) { return a.bytes > b.bytes; };
  if (!std::is_sorted(types.begin(), types.end(), is_wider)) std::stable_sort(types.begin(), types.end(), is_wider);
  const auto same = [](const auto& a, const auto& b) { return a.bytes == b.bytes; };
  types.erase(std::unique(types.begin(), types.end(), same), types.end());
}

/// Returns the bytes that a scheme stores of the model. Empty if the file does not determine them.
std::optional<Count> stored_bytes(const WeightScheme& scheme, const Model& model) {
  const std::optional<std::vector<StoredTensor>> tensors = scheme.store(model);
  if (!tensors) return std::nullopt;
  Count bytes;
  for (const StoredTensor& stored : *tensors) bytes += stored.count() * stored.bytes;
  return bytes;
}

/// Returns the types of weights to try, if the model can be stored in them.
std::vector<WeightScheme> weights_asked(const DeploymentQuestion& devices, const Engine& engine) {
  if (!devices.weights.empty()) return devices.weights;
  std::vector<WeightScheme> schemes(1);
  for (const std::string_view name : usual_weights(engine)) schemes.push_back(parse_weight_scheme(name, "weights"));
  return schemes;
}

/// Returns the types of weights to try with their bytes in the whole model. A type that cannot store the model's shapes
/// or that the engine refuses is left out; if all are, throws the fault of the first.
std::vector<WeightsTried> weights_tried(const Setup& base, const std::vector<WeightScheme>& schemes, bool asked) {
  std::vector<WeightsTried> types;
  std::optional<InputError> fault;
  for (const WeightScheme& scheme : schemes) {
    try {
      const std::optional<Count> bytes = stored_bytes(scheme, *base.model);
      if (!bytes) throw_fault(base.model->name, "its file does not determine its weights");
      types.push_back({&scheme, *bytes});
    } catch (const InputError& error) {
      if (!fault) fault = error;
      if (!asked && types.empty()) throw;
    }
  }
  if (types.empty()) throw InputError(*fault);
  sort_tried(types, !asked);
  return types;
}

/// Which of a model's listed bytes are those of a scheme. Empty if none are.
std::optional<std::size_t> listed_index(const WeightScheme& scheme) {
  if (scheme.of_model()) return 0;
  const auto* const named = std::find(std::begin(kListedWeights), std::end(kListedWeights), scheme.name());
  if (named == std::end(kListedWeights)) return std::nullopt;
  return static_cast<std::size_t>(named - std::begin(kListedWeights)) + 1;
}

/// The types of weights to try.
struct WeightsAsked {
  std::vector<WeightScheme> schemes;
  bool asked = false;               ///< by the user
  std::vector<std::size_t> listed;  ///< index of each scheme in a model's listed bytes; empty if one is not listed

  WeightsAsked(const DeploymentQuestion& devices, const Engine& engine)
      : schemes(weights_asked(devices, engine)), asked(!devices.weights.empty()) {
    listed.reserve(schemes.size());
    for (const WeightScheme& scheme : schemes) {
      const std::optional<std::size_t> index = listed_index(scheme);
      if (!index) {
        listed.clear();
        return;
      }
      listed.push_back(*index);
    }
  }

  /// Returns what `weights_tried` does, from what is listed of the model. Empty if that does not tell.
  std::vector<WeightsTried> of(const ListedModel& model) const {
    std::vector<WeightsTried> types;
    if (listed.empty() || !model.weights_bytes.front()) return types;
    types.reserve(schemes.size());
    for (std::size_t i = 0; i < schemes.size(); ++i) {
      if (const auto& bytes = model.weights_bytes[listed[i]]) types.push_back({&schemes[i], *bytes});
    }
    sort_tried(types, !asked);
    return types;
  }
};

/// Whether all devices together have less memory than the weights take, which an engine that places layers may keep in
/// host memory.
bool surely_too_large(Count weights_bytes, const Engine& engine, Count memory) {
  return engine.place == nullptr && weights_bytes > memory;
}

/// Whether engines keep a cache in those types on those cards.
bool is_kept(const KvPrecision& kv, const DeploymentSettings& settings) {
  return engines_keep_cache(kv.key.format(), settings) && engines_keep_cache(kv.value.format(), settings);
}

/// The bytes of memory of all devices together.
Count memory_of(const DeploymentSettings& settings, Count devices) {
  return settings.machine ? settings.machine->memory() : settings.gpu->memory() * devices;
}

/// Returns the bytes of the cache of one sequence of n tokens. Empty if the type cannot store it.
std::optional<Count> cache_bytes_under(const Setup& base, const KvPrecision& kv, Count context) {
  // Up to here no count of a point comes near 128 bits.
  constexpr Count kSurelyCounted = std::uint64_t{1} << 32;
  if (context <= kSurelyCounted) return cache_bytes_of_sequence(*base.model, kv, context);
  Workload workload = base.workload;
  workload.kv = kv;
  try {
    return Estimator(base.model, workload).at(context, 1).count(Metric::kv_cache_bytes).value_or(0);
  } catch (const InputError&) {
    return std::nullopt;
  }
}

/// Returns the types of the cache to try at n tokens, with the bytes of the cache of one sequence.
std::vector<TypeTried<KvPrecision>> caches_tried(const Setup& base, const std::vector<KvPrecision>& asked,
                                                 Count context) {
  std::vector<TypeTried<KvPrecision>> types;
  for (const KvPrecision& kv : asked.empty() ? cache_types(base) : asked) {
    // The shapes of this model may not divide into blocks of this type.
    if (const std::optional<Count> bytes = cache_bytes_under(base, kv, context)) {
      types.push_back({kv, *bytes});
    } else if (types.empty() && asked.empty()) {
      Workload workload = base.workload;
      workload.kv = kv;
      static_cast<void>(Estimator(base.model, workload).at(context, 1));  // says why
    }
  }
  sort_tried(types, asked.empty());
  if (!asked.empty()) return types;
  std::erase_if(types, [&](const auto& tried) { return !is_kept(tried.type, base.settings); });
  return types;
}

enum class FindOutcome { found, beyond_window, too_large };

/// The search for one model.
class ModelSearch {
 public:
  ModelSearch(const FindQuestion& question, const Setup& base, Count context, Count batch)
      : question_(question), base_(base), context_(context), batch_(batch) {}

  /// Throws InputError if there is no answer.
  FindOutcome search(const ListedModel& listed, const WeightsAsked& asked) {
    if (beyond_window()) return FindOutcome::beyond_window;
    std::vector<WeightsTried> types = asked.of(listed);
    if (types.empty()) types = weights_tried(base_, asked.schemes, asked.asked);
    const DeploymentSettings& settings = base_.settings;
    for (const auto& weights : types) {
      if (surely_too_large(weights.bytes, *base_.engine.engine, memory_of(settings, settings.parallelism.devices()))) {
        any_ = true;
      } else if (fits_in(weights)) {
        return FindOutcome::found;
      }
    }
    if (!any_ && fault_) throw InputError(*fault_);
    return FindOutcome::too_large;
  }

  const Deployment& deployment() const { return *deployment_; }

 private:
  enum class Try { found, too_large, no_room, refused };

  /// Whether the model fits in these weights and the widest type of the cache for which that is so.
  bool fits_in(const WeightsTried& weights) {
    const std::vector<KvPrecision>& asked = question_.devices.kv_precisions;
    const KvPrecision& own = base_.model->kv;
    // Without a question the model's own type comes first: none of those tried is wider.
    const bool own_first = asked.empty() && is_kept(own, base_.settings);
    if (own_first) {
      const Try tried = try_types(weights, own);
      if (tried == Try::found || tried == Try::no_room) return tried == Try::found;
    }
    if (!caches_) caches_ = caches_tried(base_, asked, context_);
    for (std::size_t i = own_first ? 1 : 0; i < caches_->size(); ++i) {
      const Try tried = try_types(weights, (*caches_)[i].type);
      if (tried == Try::found || tried == Try::no_room) return tried == Try::found;
    }
    return false;
  }

  Try try_types(const WeightsTried& weights, const KvPrecision& kv) {
    if (surely_too_large_with(weights.bytes, kv)) {
      any_ = true;
      return Try::too_large;
    }
    Setup setup = base_;
    setup.workload.weights = *weights.type;
    setup.workload.kv = kv;
    try {
      deployment_.emplace(std::move(setup));
      any_ = true;
      if (deployment_->fits(context_, batch_)) return Try::found;
      // No narrower cache helps where the weights leave no room for one token.
      return deployment_->holds(1, 1) ? Try::too_large : Try::no_room;
    } catch (const InputError& error) {
      if (!fault_) fault_ = error;
      return Try::refused;
    }
  }

  bool beyond_window() const {
    const Positions& positions = base_.model->positions;
    if (positions.hard_limit && context_ > *positions.hard_limit) return true;
    if (base_.settings.beyond_window || !positions.trained_context) return false;
    return context_ > max(*positions.trained_context, positions.effective_context.value_or(0));
  }

  /// Whether one device has less memory than weights and cache take together. Of engines only one that reserves the
  /// live minimum surely takes as much.
  bool surely_too_large_with(Count weights_bytes, const KvPrecision& kv) const {
    const DeploymentSettings& settings = base_.settings;
    if (!base_.engine.engine->live_need || settings.parallelism.devices() != 1) return false;
    const std::optional<Count> cache = cache_bytes_under(base_, kv, context_);
    return cache && weights_bytes + batch_ * *cache > settings.gpu->memory();
  }

  const FindQuestion& question_;
  const Setup& base_;
  Count context_, batch_;
  std::optional<Deployment> deployment_;
  std::optional<std::vector<TypeTried<KvPrecision>>> caches_;
  std::optional<InputError> fault_;  ///< the first
  bool any_ = false;                 ///< of the types could be tried
};

std::optional<double> real_of(const DeploymentEstimate& estimate, Metric metric) {
  const double* const real = std::get_if<double>(&estimate[metric]);
  return real == nullptr ? std::nullopt : std::optional(*real);
}

/// The metrics that a row has.
constexpr MetricSet kFound = {Metric::parameters,
                              Metric::active_parameters,
                              Metric::weights_bytes,
                              Metric::device_bytes,
                              Metric::device_kv_bytes,
                              Metric::headroom_bytes,
                              Metric::decode_seconds_per_token,
                              Metric::decode_tokens_per_second,
                              Metric::usd_per_million_prefill_tokens,
                              Metric::usd_per_million_decode_tokens,
                              Metric::joules_per_decode_token};

FoundModel describe_found(const Deployment& deployment, Count context, Count batch) {
  const Model& model = *deployment.setup().model;
  const DeploymentEstimate estimate = deployment.at(context, batch, kFound);
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
  found.takes_defaults = !model.assumptions.empty();
  found.window_status = window_status(model.positions, context);
  found.device_bytes = estimate.count(Metric::device_bytes).value_or(0);
  found.weights_bytes = estimate.count(Metric::weights_bytes).value_or(0);
  found.device_kv_bytes = estimate.count(Metric::device_kv_bytes).value_or(0);
  found.headroom_bytes = estimate.count(Metric::headroom_bytes);
  found.max_context = longest.value;
  found.bound = bound_of(longest);
  found.decode_seconds_per_token = real_of(estimate, Metric::decode_seconds_per_token);
  found.decode_tokens_per_second = real_of(estimate, Metric::decode_tokens_per_second);
  found.usd_per_million_prefill_tokens = real_of(estimate, Metric::usd_per_million_prefill_tokens);
  found.usd_per_million_decode_tokens = real_of(estimate, Metric::usd_per_million_decode_tokens);
  found.joules_per_decode_token = real_of(estimate, Metric::joules_per_decode_token);
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

std::optional<Count> count_of(const std::optional<std::uint64_t>& listed) {
  return listed ? std::optional(Count{*listed}) : std::nullopt;
}

/// Whether the filters leave the model. A model whose parameters are unknown passes no filter of them.
bool is_asked_for(const ListedModel& model, const FindQuestion& question) {
  if (!has_any_prefix(model.family, question.families)) return false;
  if (!question.least_parameters && !question.most_parameters) return true;
  const std::optional<Count> parameters = count_of(model.parameters);
  return parameters && *parameters >= question.least_parameters.value_or(0) &&
         (!question.most_parameters || *parameters <= *question.most_parameters);
}

/// Whether the list of models decides what has no answer at that context: nothing else may be at fault first, as
/// companions of an engine or a table of positions that ends.
bool list_decides(const DeploymentQuestion& devices) {
  if (devices.settings.beyond_window || devices.contexts.empty()) return false;
  return devices.engines.empty() || devices.engines.front().settings.empty();
}

/// Whether the list of models says that the context is beyond the window.
bool surely_beyond_window(const ListedModel& model, const DeploymentQuestion& devices) {
  if (!model.trained_context) return false;
  return *devices.contexts.begin() > Count{std::max(*model.trained_context, model.effective_context.value_or(0))};
}

void check_families(const std::vector<std::string>& asked) {
  if (asked.empty()) return;
  std::vector<std::string_view> names;
  names.reserve(listed_models().size());
  for (const ListedModel& model : listed_models()) names.push_back(model.family);
  for (const std::string& beginning : asked) {
    if (std::any_of(names.begin(), names.end(), [&](auto name) { return has_prefix(name, beginning); })) continue;
    std::string hint = did_you_mean(beginning, names);
    throw InputError(setting_fault("family", format("no model of the catalogue is of a family \"{}\"", beginning),
                                   hint.empty() ? "`ctxcost list models` shows the families" : std::move(hint)));
  }
}

/// Tries model after model.
class CatalogueSearch {
 public:
  CatalogueSearch(const FindQuestion& question, const EngineChoice& engine, FindAnswer& answer)
      : question_(question),
        engine_(*engine.engine),
        weights_(question.devices, *engine.engine),
        decided_(list_decides(question.devices)),
        answer_(answer) {}

  /// `memory`: of all devices together.
  void add(const CatalogueEntry& entry, const ListedModel& listed, Count memory) {
    if (!is_asked_for(listed, question_)) return;
    answer_.tried += 1;
    if (decided_ && surely_beyond_window(listed, question_.devices)) {
      answer_.beyond_window += 1;
      return;
    }
    if (decided_) {
      const std::vector<WeightsTried> types = weights_.of(listed);
      if (!types.empty() && surely_too_large(types.back().bytes, engine_, memory)) {
        answer_.too_large += 1;
        return;
      }
    }
    try {
      add_model(load_catalogue_model(entry), listed);
    } catch (const InputError& error) {
      answer_.unanswered.push_back(
          {std::string(entry.id.substr(entry.id.rfind('/') + 1)), error.diagnostics().front().message});
    }
  }

 private:
  void add_model(SharedModel model, const ListedModel& listed) {
    const DeploymentQuestion& devices = question_.devices;
    const Count context = *contexts_of(devices, *model).begin();
    const Count batch = *batches_of(devices, *model).begin();
    Setup& setup = setup_of(std::move(model));
    ModelSearch search(question_, setup, context, batch);
    switch (search.search(listed, weights_)) {
      case FindOutcome::beyond_window: answer_.beyond_window += 1; return;
      case FindOutcome::too_large: answer_.too_large += 1; return;
      case FindOutcome::found: break;
    }
    FoundModel found = describe_found(search.deployment(), context, batch);
    keep_common(answer_.notes, search.deployment().notes(), answer_.models.empty());
    answer_.models.push_back(std::move(found));
  }

  /// Only the model differs from setup to setup.
  Setup& setup_of(SharedModel model) {
    if (setup_) {
      setup_->model = std::move(model);
    } else {
      DeploymentQuestion one = question_.devices;
      one.models = {std::move(model)};
      one.weights.clear();
      one.kv_precisions.clear();
      setup_ = std::move(cases(one).front().setup);
    }
    return *setup_;
  }

  const FindQuestion& question_;
  const Engine& engine_;
  WeightsAsked weights_;
  bool decided_;
  FindAnswer& answer_;
  std::optional<Setup> setup_;
};

/// Sorts by parameters, most first. The rows are large: they move once.
std::vector<FoundModel> sorted(std::vector<FoundModel> models) {
  std::vector<std::size_t> order(models.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return models[a].parameters > models[b].parameters; });
  std::vector<FoundModel> result;
  result.reserve(models.size());
  for (const std::size_t i : order) result.push_back(std::move(models[i]));
  return result;
}

/// "WHAT: a, b, c, d and 1 more", the models that the test finds. Empty where there are none.
template <typename Test>
std::string note_on(const std::vector<FoundModel>& models, std::string_view what, const Test& test) {
  constexpr std::size_t kNamed = 4;
  std::size_t count = 0;
  std::string names;
  for (const FoundModel& model : models) {
    if (!test(model)) continue;
    if (++count > kNamed) continue;
    if (count > 1) names += ", ";
    names += model.name;
  }
  if (count == 0) return {};
  if (count > kNamed) names += format(" and {} more", count - kNamed);
  return format("{}: {}", what, names);
}

std::vector<std::string> assumptions_of(const std::vector<FoundModel>& models) {
  std::vector<std::string> notes;
  for (std::string& note :
       std::array{note_on(models, "counted with class defaults for absent keys (`ctxcost show NAME` says which)",
                          [](const FoundModel& model) { return model.takes_defaults; }),
                  note_on(models, "the context is beyond the window",
                          [](const FoundModel& model) { return model.window_status == "beyond"; })}) {
    if (!note.empty()) notes.push_back(std::move(note));
  }
  return notes;
}

}  // namespace

FindAnswer find_models(const FindQuestion& question) {
  const DeploymentQuestion& devices = question.devices;
  DeploymentSettings cards;
  if (!devices.placements.empty()) {
    cards.gpu = devices.placements.front().gpu;
    if (devices.placements.front().machine) set_cards(cards, *devices.placements.front().machine);
  }
  if (!cards.has_cards()) {
    throw InputError(setting_fault("gpu", "expected a GPU, found none", "`ctxcost list gpus` shows all"));
  }
  FindAnswer answer;
  answer.placement = devices.placements.front();
  const Count gpus = answer.placement.split ? answer.placement.split->devices() : answer.placement.gpus;
  answer.gpu = cards.cards_name();
  answer.place = answer.gpu + (gpus == 1 || cards.machine ? "" : ":" + to_string(gpus));
  if (!devices.contexts.empty()) answer.context = *devices.contexts.begin();
  check_families(question.families);
  const EngineChoice engine = devices.engines.empty() ? ideal_engine() : devices.engines.front();
  CatalogueSearch search(question, engine, answer);
  const Count memory = memory_of(cards, gpus);
  const std::span<const CatalogueEntry> entries = catalogue();
  for (std::size_t i = 0; i < entries.size(); ++i) search.add(entries[i], listed_models()[i], memory);
  answer.models = sorted(std::move(answer.models));
  answer.assumptions = assumptions_of(answer.models);
  return answer;
}

}  // namespace ctxcost
