// Of deployment.h: what an answer says in words.
#include "ctxcost/deployment/deployment.h"

#include <utility>

#include "core/word_list.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/running_cost.h"
#include "deployment.h"

namespace ctxcost {

std::vector<std::string> Deployment::engine_notes(Count context, Count batch) const {
  Reserve largest;
  const Point point = this->point(context, batch);
  for (const Device& device : devices_) {
    Reserve reserve = setup_.engine.engine->reserve(request(*device.estimator, point));
    if (&device == devices_.data() || reserve.bytes > largest.bytes) largest = std::move(reserve);
  }
  return std::move(largest.notes);
}

std::vector<std::string> Deployment::mix_notes(Count context, Count batch) const {
  std::vector<std::string> notes;
  const std::optional<SequenceMix> together = mix(context, batch);
  if (!together) return notes;
  const RequestMix& requests = setup_.settings.requests;
  const Engine& engine = *setup_.engine.engine;
  if (!requests.lengths.empty()) {
    std::string text = "requests: ";
    for (const SequenceGroup& group : together->groups) {
      if (&group != together->groups.data()) text += ", ";
      text += with_separators(group.sequences) + " of " + with_separators(group.tokens) + " tokens";
    }
    notes.push_back(std::move(text));
  }
  if (requests.shared_prefix == 0) return notes;
  const Count shared = shared_tokens(*together);
  std::string text = "shared prefix: " + std::string(engine.name) + " keeps " + with_separators(shared) + " of " +
                     with_separators(requests.shared_prefix) + " tokens once";
  if (shared == 0) text = "shared prefix: " + std::string(engine.name) + " keeps it for each request";
  if (together->prefix == 0) {
    text += ", since requests have no prefix in common where tokens see later ones or those of an encoder";
  } else {
    text += "; " + std::string(engine.prefix_rule);
  }
  notes.push_back(std::move(text));
  if (shared > 0) {
    notes.emplace_back("a prefill computes the shared tokens once; a decode step reads them for each request");
  }
  return notes;
}

std::vector<std::string> split_notes(const Setup& setup) {
  std::vector<std::string> notes;
  const Parallelism& parallelism = setup.settings.parallelism;
  if (parallelism.tensor > 1) {
    for (const LayerGroup& group : setup.model->groups) {
      const auto replicated = std::find_if(group.mixers.begin(), group.mixers.end(), [&](const auto& mixer) {
        return std::any_of(mixer->cache().begin(), mixer->cache().end(), [&](const CachePart& part) {
          return part.role == CacheRole::latent || (part.role == CacheRole::key && part.heads < parallelism.tensor);
        });
      });
      if (replicated == group.mixers.end()) continue;
      notes.push_back("tp=" + to_string(parallelism.tensor) +
                      ": several devices hold copies of latent caches and of caches with fewer KV heads than devices");
      break;
    }
  }
  if (parallelism.data > 1) notes.push_back("dp=" + to_string(parallelism.data) + ": the batch is per replica");
  return notes;
}

std::vector<std::string> Deployment::notes() const {
  std::vector<std::string> notes;
  const DeploymentSettings& settings = setup_.settings;
  const auto add = [&notes](std::string note) {
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(std::move(note));
  };
  for (std::size_t i = 0; settings.has_cards() && i < cards_.size(); ++i) {
    const Accelerator& gpu = *accelerator(i);
    const Accelerator::Peak& peak = *cards_[i].peak;
    if (!gpu.assumption.empty()) add(gpu.assumption);
    if (!peak.missing.empty()) {
      add("no peak is published for " + peak.missing + " on " + gpu.id + ": that of " + peak.type + " is taken");
    }
    if (!gpu.memory_reported_mib) {
      add("what " + gpu.id + " reports as its memory is not published: the nominal size is taken");
    }
    const bool asked = settings.utilization || (settings.machine && settings.machine->groups[i].utilization);
    if (gpu.unified_memory_usable && !asked) {
      add("the memory of " + gpu.id + " is unified: a program may take " + percent_text(*gpu.unified_memory_usable) +
          " of it (change this with utilization)");
    }
  }
  const std::vector<const Accelerator*> kinds = settings.kinds();
  for (const Accelerator* const kind : kinds) {
    const KvPrecision& kv = whole_->kv();
    for (const Precision* type : {&kv.key, &kv.value}) {
      if (kind->keeps_cache(type->format()) || (type == &kv.value && kv.key == kv.value)) continue;
      if (holds_word(setup_.engine.engine->own_cache_formats, type->format().name)) continue;
      add(type->format().cards == CacheCards::none
              ? "no engine keeps a cache in " + type->name()
              : "engines do not keep a cache in " + type->name() + " on " + kind->id);
    }
  }
  if (settings.machine) {
    notes.emplace_back(
        "cards differ: each device is judged against its own; headroom and capacity are of the one with least "
        "headroom");
  }
  const std::string_view padded = setup_.engine.engine->padded_format;
  const auto is_padded = [&](const StoredTensor& tensor) { return format_name(tensor.type) == padded; };
  const auto& stored = whole_->stored_tensors();
  if (!padded.empty() && stored && std::any_of(stored->begin(), stored->end(), is_padded)) {
    notes.emplace_back(setup_.engine.engine->padded_note);
  }
  if (setup_.images) notes.push_back(setup_.images->note());
  if (settings.adapters) {
    notes.push_back(adapters_note());
    if (const std::string_view more = setup_.engine.engine->adapters_not_counted; !more.empty())
      notes.emplace_back(more);
  }
  const std::string_view not_counted = setup_.engine.engine->not_counted;
  if (settings.has_cards() && draft_) {
    notes.push_back("times are those of the model alone, without its draft " + setup_.companions.draft->name);
  }
  if (draft_ && setup_.companions.draft_asked) {
    notes.push_back("weights and KV cache are those of the model and of its draft " + setup_.companions.draft->name +
                    ", whose cache is in " + draft_->estimator().kv().name() + "; its activations are not counted");
  }
  if (settings.has_cards() && host_works() && !settings.host_bandwidth) {
    notes.push_back(
        "no times: host memory holds a part of the model or of its cache, and its bandwidth is not given "
        "(host_bandwidth)");
  }
  for (const Accelerator* const kind : kinds) {
    if (!kind->unified_memory_usable || !placement_) continue;
    notes.push_back("what stays in host memory takes the same memory of " + kind->id + " (host_bytes)");
  }
  if (!not_counted.empty() && !settings.overhead) {
    notes.push_back("not counted (overhead): " + std::string(not_counted));
  }
  for (std::string& note : split_notes(setup_)) notes.push_back(std::move(note));
  for (std::string& note : running_cost_notes(setup_)) notes.push_back(std::move(note));
  return notes;
}

/// How the bytes of the adapters come about, on the device that has most of them.
std::string Deployment::adapters_note() const {
  const AdapterSettings& settings = *setup_.settings.adapters;
  const DeviceAdapters* most = nullptr;
  for (const Device& device : devices_) {
    if (!device.adapters) return "adapters: unknown, as the widths of the model are";
    if (most == nullptr || device.adapters->slot_bytes > most->slot_bytes) most = &*device.adapters;
  }
  constexpr std::string_view kLinears[] = {"mixers and feed-forwards", "mixers", "feed-forwards"};
  std::string note = "adapters: " + with_separators(most->slots) + " x " + with_separators(most->slot_bytes) +
                     " bytes a device: rank " + to_string(most->rank) + " in " +
                     settings.type.value_or(setup_.model->activation).name() +
                     ", times inputs and outputs of each linear of " +
                     std::string(kLinears[static_cast<std::size_t>(settings.targets)]);
  if (most->rank != settings.rank) {
    note += "; " + std::string(setup_.engine.engine->name) + " has no slots of rank " + to_string(settings.rank);
  }
  return note;
}

std::string Deployment::margin_note(const DeploymentEstimate& estimate) const {
  if (!estimate.tight) return {};
  const DeploymentSettings& settings = setup_.settings;
  const Accelerator* gpu = settings.gpu ? &*settings.gpu : nullptr;
  for (const DeviceMemory& device : estimate.devices) {
    if (gpu != nullptr || !settings.margin.missed(device.card->gpu.usable_memory(), *device.bytes())) continue;
    gpu = &device.card->gpu;
  }
  return "tight: less than " + settings.margin.name() + " of the " + with_separators(gpu->usable_memory()) +
         " usable bytes of " + gpu->id + " stays free (margin)";
}

}  // namespace ctxcost
