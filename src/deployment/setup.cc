#include "ctxcost/deployment/setup.h"

#include <algorithm>

#include "ctxcost/core/units.h"

namespace ctxcost {

bool Margin::missed(Count usable, Count used) const {
  // A margin of 0 is off, even if more is used than a program may take by default.
  if (bytes ? *bytes == 0 : share.numerator == 0) return false;
  const Count free = minus_or_zero(usable, used);
  if (bytes) return free < *bytes;
  // This is not rounded, because the difference may be less than a byte.
  return free * share.denominator < usable * share.numerator;
}

std::string Margin::name() const { return bytes ? with_separators(*bytes) + " bytes" : percent_text(share); }

std::vector<const Accelerator*> DeploymentSettings::kinds() const {
  if (machine) return machine->kinds();
  return gpu ? std::vector<const Accelerator*>{&*gpu} : std::vector<const Accelerator*>{};
}

std::string DeploymentSettings::cards_name() const {
  if (machine) return machine->name();
  return gpu ? gpu->id : std::string();
}

void set_cards(DeploymentSettings& settings, const Machine& machine) {
  const CardGroup& first = machine.groups.front();
  const bool alike = std::all_of(machine.groups.begin(), machine.groups.end(), [&](const CardGroup& group) {
    return is_same_card(group.gpu, first.gpu) && group.utilization == first.utilization;
  });
  settings.gpu.reset();
  settings.machine.reset();
  if (!alike) {
    settings.machine = std::make_shared<const Machine>(machine);
    return;
  }
  settings.gpu = first.gpu;
  if (first.utilization) settings.utilization = first.utilization;
}

bool engines_keep_cache(const Format& format, const DeploymentSettings& settings) {
  if (!settings.machine) return engines_keep_cache(format, settings.gpu);
  return std::all_of(settings.machine->groups.begin(), settings.machine->groups.end(),
                     [&](const CardGroup& group) { return group.gpu.keeps_cache(format); });
}

}  // namespace ctxcost
