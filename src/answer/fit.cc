#include "ctxcost/answer/fit.h"

#include <algorithm>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/units.h"
#include "estimate/window_note.h"
#include "remedies.h"

namespace ctxcost {
namespace {

/// Evaluates the requested point and searches for the limits of memory, whether or not the point fits. Throws
/// InputError if it is unknown whether the point fits.
Fit answer(const DeploymentCase& asked, const std::shared_ptr<const Deployment>& deployment, Count context, Count batch,
           const std::optional<KvHostStore>& store) {
  deployment->fits(context, batch);
  Fit fit{asked, deployment, context, batch, deployment->at(context, batch), {}, {}, {}, {}, {}};
  if (store) {
    if (!asked.setup.settings.requests.alike()) {
      throw InputError(setting_fault("kv_host", "expected contexts that are alike and share nothing",
                                     "ask for a store at one context, without lengths and shared_prefix"));
    }
    fit.kv_host = kv_on_host(*deployment, *store, context);
  }
  if (!has_lengths(fit)) {
    fit.longest_in_memory = max_context_memory(*deployment, batch);
    fit.longest_context = within_window(*deployment, fit.longest_in_memory);
  }
  fit.largest_batch = max_batch(*deployment, context);
  const auto set = [&](Metric metric, const std::optional<Count>& value) {
    if (value) fit.estimate[metric] = *value;
  };
  set(Metric::max_context_memory, fit.longest_in_memory.value);
  set(Metric::max_context, fit.longest_context.value);
  set(Metric::max_batch, fit.largest_batch.value);
  if (!asked.setup.settings.has_cards()) return fit;
  fit.fewest_gpus = min_gpus(asked.setup, context, batch);
  set(Metric::min_gpus, fit.fewest_gpus->gpus);
  return fit;
}

/// Returns a note if no context is the longest or the engine limits it. Otherwise empty.
std::string longest_note(const LargestFit& longest) {
  if (longest.unbounded) return "memory binds no context that can be counted";
  if (longest.limit != "engine") return {};
  return format("the engine ends at {} tokens: {}", with_separators(*longest.value), longest.refusal);
}

/// Returns how the requests of its point were counted together, and what is not known of several lengths.
std::vector<std::string> request_notes(const Fit& fit) {
  std::vector<std::string> notes = fit.deployment->mix_notes(fit.context, fit.batch);
  if (has_lengths(fit)) {
    notes.emplace_back(
        "kv_capacity_tokens and max_concurrency are those of the longest request alone; max_context, "
        "max_context_memory and kv_equals_weights_context are of requests that are alike");
  }
  return notes;
}

std::optional<double> usd_of_decoding(const Fit& fit) {
  const double* const usd = std::get_if<double>(&fit.estimate[Metric::usd_per_million_decode_tokens]);
  return usd == nullptr ? std::nullopt : std::optional(*usd);
}

void add(std::vector<std::string>& notes, std::string note) {
  if (!note.empty()) notes.push_back(std::move(note));
}

void add_kv_host_notes(std::vector<std::string>& notes, const Fit& fit) {
  if (!fit.kv_host) return;
  for (std::string& note : kv_host_notes(*fit.deployment, *fit.kv_host)) notes.push_back(std::move(note));
}

}  // namespace

FitAnswer fit(const DeploymentQuestion& question) {
  FitAnswer result;
  std::vector<Fit>& all = result.alternatives;
  Count points;
  for (const DeploymentCase& asked : cases(question)) {
    const Model& model = *asked.setup.model;
    const std::size_t before = all.size();
    points += point_count(question, model);
    check_points("fit", points);
    try {
      const auto deployment = std::make_shared<const Deployment>(asked.setup);
      const Count images = tokens_beside(question, asked.setup);
      for (const Count batch : batches_of(question, model)) {
        for (const Count context : contexts_of(question, model)) {
          all.push_back(answer(asked, deployment, context + images, batch, question.kv_host));
        }
      }
    } catch (const InputError& error) {
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(before), all.end());
      result.left_out.push_back(error);
    }
  }
  std::stable_sort(all.begin(), all.end(), cheaper);
  const auto has_price = [](const Fit& fit) {
    return fit.asked.setup.settings.rates.price_asked && usd_of_decoding(fit).has_value();
  };
  result.by_money = all.size() > 1 && std::all_of(all.begin(), all.end(), has_price);
  if (result.by_money) {
    std::stable_sort(all.begin(), all.end(), [](const Fit& a, const Fit& b) {
      if (a.estimate.fits != b.estimate.fits) return a.estimate.fits;
      return *usd_of_decoding(a) < *usd_of_decoding(b);
    });
  }
  return result;
}

bool cheaper(const Fit& a, const Fit& b) {
  if (a.estimate.fits != b.estimate.fits) return a.estimate.fits;
  if (a.deployment->devices() != b.deployment->devices()) return a.deployment->devices() < b.deployment->devices();
  const auto total = [](const Fit& fit) { return fit.estimate.count(Metric::total_bytes).value_or(0); };
  return total(a) < total(b);
}

std::vector<Remedy> remedies(const Fit& fit) {
  // More memory does not help if the window or a table of positions is the limit.
  static constexpr std::string_view kReach[] = {"beyond_window", "context"};
  static constexpr std::string_view kMemory[] = {"kv_precision", "weights", "gpus", "batch", "context"};
  if (fit.estimate.fits) return {};
  const bool reach = fit.estimate.limit == "window" || fit.estimate.limit == "positions";
  const auto fits = [](const Deployment& deployment, Count context, Count batch) {
    return deployment.fits(context, batch);
  };
  return RemedySearch(*fit.deployment, fit.asked.split_asked)
      .find({fit.context, fit.batch, fits}, reach ? std::span<const std::string_view>(kReach) : kMemory);
}

std::vector<std::string> device_notes(const Fit& fit) {
  std::vector<std::string> all = fit.deployment->notes();
  for (const std::string& note : request_notes(fit)) add(all, note);
  add(all, fit.deployment->margin_note(fit.estimate));
  add(all, longest_note(fit.longest_context));
  add_kv_host_notes(all, fit);
  return all;
}

std::vector<std::string> notes(const Fit& fit) {
  std::vector<std::string> all = fit.deployment->notes();
  for (const std::string& note : request_notes(fit)) add(all, note);
  add(all, fit.deployment->margin_note(fit.estimate));
  for (const std::string& note : fit.deployment->estimator().details(fit.context, fit.batch).notes) add(all, note);
  for (const std::string& note : fit.deployment->engine_notes(fit.context, fit.batch)) add(all, note);
  add(all, window_note(*fit.asked.setup.model, fit.estimate.model, fit.context));
  add(all, longest_note(fit.longest_context));
  add_kv_host_notes(all, fit);
  return all;
}

std::vector<std::string> common_notes(std::span<const Fit> alternatives) {
  if (alternatives.empty()) return {};
  std::vector<std::string> common = alternatives.front().deployment->notes();
  for (const Fit& fit : alternatives.subspan(1)) {
    const std::vector<std::string> notes = fit.deployment->notes();
    std::erase_if(common,
                  [&](const std::string& note) { return std::find(notes.begin(), notes.end(), note) == notes.end(); });
  }
  return common;
}

}  // namespace ctxcost
