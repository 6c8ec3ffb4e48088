// Devices: entries of configs/accelerators.json and files of one such entry.
#include "ctxcost/input/load_accelerator.h"
#include "core/character.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/input/catalogue.h"

namespace ctxcost {
namespace {

constexpr std::size_t kLongestFile = std::size_t{1} << 20;
constexpr Count kMostCards = 1 << 16;

std::string read_file(const std::string& path) {
  const auto fail = [&path](std::string message) { throw InputError(Diagnostic{path, "", std::move(message), ""}); };
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) fail(std::string("cannot be read: ") + std::strerror(errno));
  std::string text(kLongestFile + 1, '\0');
  errno = 0;
  text.resize(std::fread(text.data(), 1, text.size(), file));
  const int error = std::ferror(file) != 0 ? errno : 0;
  std::fclose(file);
  if (error != 0) fail(std::string("cannot be read: ") + std::strerror(error));
  if (text.size() > kLongestFile) fail("expected a device of at most 1 MiB, found more");
  return text;
}

/// Returns the gigabytes that an id ends with, "80" of "h100-sxm-80gb", or nothing.
std::string_view gigabytes_of(const CatalogueEntry& entry) {
  const std::string_view last = entry.id.substr(entry.id.rfind('-') + 1);
  return last.ends_with("gb") ? last.substr(0, last.size() - 2) : std::string_view();
}

/// Returns the id with its memory, "h100-sxm-80gb (80 GB)".
std::string with_memory(const CatalogueEntry& entry) {
  std::string text(entry.id);
  const std::string_view gigabytes = gigabytes_of(entry);
  if (!gigabytes.empty()) text += " (" + std::string(gigabytes) + " GB)";
  return text;
}

/// Whether the one has less memory: fewer digits, or smaller ones.
bool smaller(const CatalogueEntry* a, const CatalogueEntry* b) {
  const std::string_view of_a = gigabytes_of(*a), of_b = gigabytes_of(*b);
  return of_a.size() != of_b.size() ? of_a.size() < of_b.size() : of_a < of_b;
}

/// Returns the entry that a typed name means. Throws InputError if there is none, or more than one.
AcceleratorMatch find_by_loose_name(std::string_view name) {
  AcceleratorMatch match = match_accelerators(name);
  std::vector<const CatalogueEntry*>& found = match.entries;
  if (found.size() == 1) return match;
  const auto fail = [](std::string message, std::string hint) {
    throw InputError(setting_fault("gpu", std::move(message), std::move(hint)));
  };
  const std::string quoted = "\"" + std::string(name) + "\"";
  if (!found.empty()) {
    std::stable_sort(found.begin(), found.end(), smaller);
    std::string list;
    for (const CatalogueEntry* entry : found) list += (list.empty() ? "" : ", ") + with_memory(*entry);
    fail(quoted + " may be " + list, "");
  }
  const std::string hint = hint_for_accelerator(name);
  fail("unknown GPU " + quoted,
       hint.empty() ? "`ctxcost list gpus` shows all; a file of your own ends in .json" : hint);
  return match;
}

}  // namespace

Accelerator load_accelerator(std::string_view name) {
  constexpr std::string_view kExtension = ".json";
  if (name.ends_with(kExtension) || name.find('/') != std::string_view::npos) {
    Accelerator gpu = parse_accelerator(read_file(std::string(name)), name);
    if (gpu.id.empty()) {
      gpu.id = name.substr(name.rfind('/') + 1);
      if (gpu.id.ends_with(kExtension)) gpu.id.resize(gpu.id.size() - kExtension.size());
    }
    if (gpu.name.empty()) gpu.name = gpu.id;
    return gpu;
  }
  const std::string wanted = lower_case(name);
  for (const CatalogueEntry& entry : accelerator_catalogue()) {
    if (entry.id == wanted) return parse_accelerator(entry.text, entry.id);
  }
  AcceleratorMatch match = find_by_loose_name(name);
  Accelerator gpu = parse_accelerator(match.entries.front()->text, match.entries.front()->id);
  gpu.assumption = std::move(match.note);
  return gpu;
}

namespace {

GpuChoice parse_part(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {load_accelerator(text), std::nullopt};
  const std::string_view digits = text.substr(colon + 1);
  const std::optional<Count> count = parse_digits(digits);
  if (!count || *count == 0 || *count > kMostCards) {
    throw InputError(setting_fault(
        "gpu", "expected a number of devices from 1 to 65536 after \":\", found \"" + std::string(digits) + "\"",
        "write NAME:2"));
  }
  return {load_accelerator(text.substr(0, colon)), count};
}

}  // namespace

GpuChoice parse_gpu(std::string_view text) {
  MachineChoice machine = parse_machine(text);
  if (machine.parts.size() == 1) return std::move(machine.parts.front());
  throw InputError(setting_fault("gpu", "expected one kind of GPU, found \"" + std::string(text) + "\"",
                                 "`fit`, `solve`, `check`, `find` and `report` take machines of unequal cards"));
}

std::vector<std::string_view> machine_parts(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t first = 0;
  for (std::size_t at = text.find('+'); at != std::string_view::npos; at = text.find('+', at + 1)) {
    // "Ryzen AI Max+ 395"
    const bool of_a_name = at > 0 && text[at - 1] != ' ' && at + 1 < text.size() && text[at + 1] == ' ';
    if (of_a_name) continue;
    parts.push_back(text.substr(first, at - first));
    first = at + 1;
  }
  parts.push_back(text.substr(first));
  return parts;
}

MachineChoice parse_machine(std::string_view text) {
  MachineChoice machine{std::string(text), {}};
  const std::vector<std::string_view> parts = machine_parts(text);
  machine.parts.reserve(parts.size());
  try {
    for (const std::string_view part : parts) machine.parts.push_back(parse_part(part));
  } catch (const InputError&) {
    const bool any_empty = std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty(); });
    if (parts.size() == 1 || any_empty) throw;
    try {
      machine.parts.clear();
      machine.parts.push_back(parse_part(text));  // a name or a path with a plus sign
      return machine;
    } catch (const InputError&) {
      // The fault is that of the part.
    }
    throw;
  }
  Count cards;
  for (const GpuChoice& part : machine.parts) cards += part.count.value_or(1);
  if (cards > kMostCards) {
    throw InputError(setting_fault("gpu", "expected at most 65,536 devices, found " + with_separators(cards), ""));
  }
  return machine;
}

Machine machine_of(const MachineChoice& choice, std::span<const Fraction> utilizations, std::string_view source) {
  if (!utilizations.empty() && utilizations.size() != choice.parts.size()) {
    const std::size_t parts = choice.parts.size();
    throw InputError(Diagnostic{std::string(source), "",
                                "expected " + std::to_string(parts) + " share" + (parts == 1 ? "" : "s") +
                                    ", one for each part of the GPU \"" + choice.name + "\", found " +
                                    std::to_string(utilizations.size()),
                                "one share holds for all cards"});
  }
  Machine machine;
  machine.groups.reserve(choice.parts.size());
  for (std::size_t i = 0; i < choice.parts.size(); ++i) {
    const GpuChoice& part = choice.parts[i];
    machine.groups.push_back(
        {part.gpu, part.count.value_or(1), utilizations.empty() ? std::nullopt : std::optional(utilizations[i])});
  }
  return machine;
}

}  // namespace ctxcost
