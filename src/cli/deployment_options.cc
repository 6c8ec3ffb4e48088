#include "deployment_options.h"

#include <iterator>
#include <optional>
#include <utility>

#include "complaints.h"
#include "core/format.h"
#include "counting.h"
#include "ctxcost/core/diagnostic.h"
#include "option_values.h"
#include "request_options.h"

namespace ctxcost::cli {
namespace {

constexpr OptionId kDeploymentOptions[] = {OptionId::context,       OptionId::batch,
                                           OptionId::users,         OptionId::lengths,
                                           OptionId::shared_prefix, OptionId::kv_precision,
                                           OptionId::weights,       OptionId::engine,
                                           OptionId::images,        OptionId::convention,
                                           OptionId::logits,        OptionId::assume,
                                           OptionId::set,           OptionId::gpu,
                                           OptionId::parallel,      OptionId::utilization,
                                           OptionId::overhead,      OptionId::margin,
                                           OptionId::kv_memory,     OptionId::host_bandwidth,
                                           OptionId::lora,          OptionId::draft,
                                           OptionId::beyond_window, OptionId::activations,
                                           OptionId::mfu,           OptionId::mbu,
                                           OptionId::price,         OptionId::power,
                                           OptionId::exit_zero,     OptionId::format,
                                           OptionId::output,        OptionId::units,
                                           OptionId::color,         OptionId::width,
                                           OptionId::wide,          OptionId::quiet,
                                           OptionId::verbose,       OptionId::explain_columns,
                                           OptionId::plot,          OptionId::kv_host};

/// What only `fit` shows: the last of them.
constexpr std::size_t kOfFitAlone = 4;

}  // namespace

std::span<const OptionId> deployment_options() { return kDeploymentOptions; }

std::span<const OptionId> deployment_options_without_verbose() {
  constexpr std::size_t kShared = std::size(kDeploymentOptions) - kOfFitAlone;
  static_assert(kDeploymentOptions[kShared] == OptionId::verbose);
  return std::span(kDeploymentOptions).first(kShared);
}

std::vector<Placement> placements(const std::vector<GpuChoice>& gpus, const std::vector<Parallelism>& splits) {
  std::vector<Placement> all;
  if (gpus.empty()) {
    for (const Parallelism& split : splits) all.push_back({std::nullopt, 1, split});
  }
  for (const auto& [gpu, count] : gpus) {
    if (splits.empty()) all.push_back({gpu, count.value_or(1), std::nullopt});
    for (const Parallelism& split : splits) {
      if (count && split.devices() != *count) {
        throw InputError(Diagnostic{"--parallel", "",
                                    format("{} has {} devices, --gpu {}:{} has {}", split.name(),
                                           to_string(split.devices()), gpu.id, to_string(*count), to_string(*count)),
                                    "leave out the count in --gpu"});
      }
      all.push_back({gpu, 1, split});
    }
  }
  return all;
}

std::vector<Placement> placements(const std::vector<MachineChoice>& machines, const std::vector<Parallelism>& splits,
                                  const std::vector<Fraction>& utilizations) {
  const std::vector<Fraction> none;
  const std::vector<Fraction>& shares = utilizations.size() > 1 ? utilizations : none;
  if (machines.empty()) return placements(std::vector<GpuChoice>(), splits);
  std::vector<Placement> all;
  for (const MachineChoice& choice : machines) {
    const Machine machine = machine_of(choice, shares, option(OptionId::utilization).name);
    if (choice.parts.size() == 1) {
      for (Placement& place : placements(choice.parts, splits)) all.push_back(std::move(place));
      continue;
    }
    if (splits.empty()) all.push_back({std::nullopt, machine.cards(), std::nullopt, machine});
    for (const Parallelism& split : splits) {
      if (split.devices() != machine.cards()) {
        throw InputError(Diagnostic{"--parallel", "",
                                    format("{} has {} devices, --gpu {} has {}", split.name(),
                                           to_string(split.devices()), machine.name(), to_string(machine.cards())),
                                    ""});
      }
      all.push_back({std::nullopt, machine.cards(), split, machine});
    }
  }
  return all;
}

void require_gpu(const Arguments& arguments, std::initializer_list<OptionId> ids) {
  if (arguments.has(OptionId::gpu)) return;
  for (const OptionId id : ids) {
    if (arguments.has(id)) throw_fault(option(id).name, "expected --gpu NAME beside it, found nothing");
  }
}

DeploymentQuestion read_devices(const Arguments& arguments) {
  DeploymentQuestion question;
  question.convention = convention(arguments);
  question.logits = logits(arguments);
  DeploymentSettings& settings = question.settings;
  const std::vector<Fraction> shares = utilizations(arguments);
  if (shares.size() == 1) settings.utilization = shares.front();
  settings.beyond_window = arguments.has(OptionId::beyond_window);
  settings.activations = activations(arguments);
  settings.mfu = fraction(arguments, OptionId::mfu).value_or(settings.mfu);
  settings.mbu = fraction(arguments, OptionId::mbu).value_or(settings.mbu);
  settings.overhead = size(arguments, OptionId::overhead);
  settings.margin = margin(arguments).value_or(settings.margin);
  settings.kv_memory = size(arguments, OptionId::kv_memory);
  settings.host_bandwidth = size(arguments, OptionId::host_bandwidth);
  settings.adapters = adapters(arguments);

  question.contexts = lengths(arguments, OptionId::context, 1);
  question.batches = lengths(arguments, OptionId::batch, 1);
  read_requests(arguments, question);
  question.kv_precisions = kv_precisions(arguments);
  question.weights = weight_schemes(arguments);
  question.engines = engine_choices(arguments);
  if (arguments.has(OptionId::kv_host)) {
    question.kv_host = parse_kv_host(arguments.value(OptionId::kv_host), option(OptionId::kv_host).name);
  }
  const std::vector<MachineChoice> machines = machine_choices(arguments);
  question.placements = placements(machines, parallelisms(arguments), shares);
  require_gpu(arguments, {OptionId::price, OptionId::power});
  // Each machine stands with every split in turn.
  if (const std::vector<DeviceRates> rates = device_rates(arguments, machines.size()); !rates.empty()) {
    for (std::size_t i = 0; i < question.placements.size(); ++i) {
      question.placements[i].rates = rates[i * machines.size() / question.placements.size()];
    }
  }
  return question;
}

void require_one_case(const DeploymentQuestion& question) {
  const std::pair<OptionId, Count> found[] = {{OptionId::gpu, question.placements.size()},
                                              {OptionId::engine, question.engines.size()},
                                              {OptionId::context, question.contexts.size()},
                                              {OptionId::batch, question.batches.size()}};
  for (const auto& [id, count] : found) {
    if (count > 1) throw_several(id, count, "");
  }
}

DeploymentQuestion read_question(std::string_view command, const Arguments& arguments,
                                 const std::vector<std::string>& words) {
  DeploymentQuestion question = read_devices(arguments);
  if (!arguments.has(OptionId::gpu) && !question.settings.kv_memory) {
    throw InputError(Diagnostic{std::string(command), "", "expected --gpu NAME or --kv-memory SIZE, found neither",
                                "`ctxcost list gpus` shows the devices"});
  }
  require_model(command, words);
  question.models = load_models(arguments, words);
  if (arguments.has(OptionId::images)) {
    question.images = parse_images(arguments.value(OptionId::images), option(OptionId::images).name);
  }
  if (arguments.has(OptionId::draft)) {
    question.draft =
        load_model(std::string(arguments.value(OptionId::draft)), {.assume_full = arguments.has(OptionId::assume)});
  }
  return question;
}

void leave_out_without_context(DeploymentQuestion& question) {
  if (!question.contexts.empty()) return;
  const std::size_t asked = question.models.size();
  std::erase_if(question.models, [&](const SharedModel& model) {
    const Positions& positions = model->positions;
    if (positions.trained_context || positions.hard_limit) return false;
    const std::string message = format("expected a context: {} does not state its trained context", model->name);
    leave_out(InputError(Diagnostic{"--context", "", message, "write -n 8K"}), asked);
    return true;
  });
}

}  // namespace ctxcost::cli
