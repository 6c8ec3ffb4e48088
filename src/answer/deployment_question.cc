#include "ctxcost/answer/deployment_question.h"

#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/input/companions.h"
#include "ctxcost/input/image_tokens.h"

namespace ctxcost {
namespace {

/// Returns the values of an axis, or one empty value if there are none.
template <typename Value>
std::vector<std::optional<Value>> alternatives(const std::vector<Value>& values) {
  if (values.empty()) return {std::nullopt};
  return {values.begin(), values.end()};
}

DeploymentCase at_place(DeploymentCase point, const std::optional<Placement>& place) {
  if (!place) return point;
  DeploymentSettings& settings = point.setup.settings;
  settings.gpu = place->gpu;
  if (place->machine) set_cards(settings, *place->machine);
  settings.rates = place->rates;
  settings.parallelism = place->split.value_or(Parallelism());
  if (!place->split) settings.parallelism.*spread_degree(*point.setup.engine.engine) = place->gpus;
  point.split_asked = place->split.has_value();
  return point;
}

}  // namespace

Count point_count(const DeploymentQuestion& question, const Model& model) {
  return (question.contexts.empty() ? Count{1} : question.contexts.size()) * batches_of(question, model).size();
}

void check_points(std::string_view what, Count points) {
  if (points <= kMostAnswers) return;
  throw InputError(
      Diagnostic{std::string(what), "",
                 "expected at most " + with_separators(kMostAnswers) + " points, found " + with_separators(points),
                 "`ctxcost scale` writes any number"});
}

std::vector<DeploymentCase> cases(const DeploymentQuestion& question) {
  std::vector<DeploymentCase> all;
  for (const auto& model : question.models) {
    for (const auto& weights : alternatives(question.weights)) {
      for (const auto& kv : alternatives(question.kv_precisions)) {
        for (const auto& engine : alternatives(question.engines)) {
          DeploymentCase point{{model, {}, engine.value_or(ideal_engine()), question.settings}};
          point.setup.companions = load_companions(point.setup.engine);
          if (question.draft) set_draft(point.setup.companions, question.draft);
          if (question.images) set_images(point.setup, *question.images);
          point.setup.workload.weights = weights.value_or(WeightScheme());
          point.setup.workload.kv = kv;
          point.setup.workload.convention = question.convention;
          point.setup.workload.logits = question.logits;
          for (const auto& place : alternatives(question.placements)) all.push_back(at_place(point, place));
        }
      }
    }
  }
  return all;
}

LengthList contexts_of(const DeploymentQuestion& question, const Model& model) {
  if (!question.contexts.empty()) return question.contexts;
  if (model.positions.trained_context) return LengthList(*model.positions.trained_context);
  if (model.positions.hard_limit) return LengthList(*model.positions.hard_limit);
  throw InputError(Diagnostic{model.name, "", "it does not state its trained context", "give a context"});
}

Count tokens_beside(const DeploymentQuestion& question, const Setup& setup) {
  return question.contexts.empty() || !setup.images ? Count{} : setup.images->in_context();
}

LengthList batches_of(const DeploymentQuestion& question, const Model& model) {
  return question.batches.empty() ? LengthList(model.batch) : question.batches;
}

}  // namespace ctxcost
