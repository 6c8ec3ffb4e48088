// Mechanisms in the place of a model's attention.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/format.h"
#include "input/own_format/own_format_keys.h"
#include "mechanism/written_settings.h"
#include "model/layer_groups.h"
#include "strategy_parts.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kFullEvery{"full_every", KeyType::count, "none", "every Nth layer keeps the mechanism it has"};

/// The keys that a kind takes as a strategy: its own, those of every softmax, and `full_every`.
std::vector<MechanismKey> strategy_settings(const Mechanism& mechanism) {
  std::vector<MechanismKey> keys(mechanism.keys.begin(), mechanism.keys.end());
  if (mechanism.traits.softmax) {
    for (const FileKey& key : kSoftmaxKeys)
      keys.push_back({key.name, KeyType::flag, "as the layer has it", key.meaning});
  }
  keys.push_back(kFullEvery);
  return keys;
}

/// Returns the layer's shape for a mixer of another kind.
MixerShape shape_for(const Mechanism& mechanism, const Mixer& old, const MixerSettings& written) {
  MixerShape shape = old.shape();
  // A value as wide as its kind has it by default becomes as wide as the new kind has it.
  if (shape.d_v == find_mechanism(old.kind())->default_d_v(shape.d_k)) shape.d_v = mechanism.default_d_v(shape.d_k);
  bool* const flags[] = {&shape.gate, &shape.sink_logits, &shape.shares_cache};
  static_assert(std::size(flags) == kSoftmaxKeys.size());
  for (std::size_t i = 0; i < kSoftmaxKeys.size(); ++i) {
    if (!mechanism.traits.softmax) *flags[i] = false;
    if (written.has(kSoftmaxKeys[i].name)) *flags[i] = written.flag(kSoftmaxKeys[i].name);
  }
  if (!mechanism.traits.softmax) shape.shared_kv_projection = false;
  return shape;
}

/// Returns the written settings that are the mechanism's own. A latent kind takes those that are not given from the
/// latent attention that it replaces.
MixerSettings own_settings(const Mechanism& mechanism, const Mixer& old, const MixerSettings& written) {
  const bool inherits = mechanism.traits.softmax && is_latent(old);
  MixerSettings settings;
  for (const MechanismKey& key : mechanism.keys) {
    for (const MixerSettings* from : {&written, inherits ? &old.settings() : nullptr}) {
      if (from == nullptr || !from->has(key.name)) continue;
      const auto value = std::find_if(from->all().begin(), from->all().end(),
                                      [&key](const auto& item) { return item.first == key.name; });
      settings.set(key.name, value->second);
      break;
    }
  }
  return settings;
}

std::shared_ptr<const Mixer> replacement(const StrategyDraft& draft, const StrategyPart& part,
                                         const Mechanism& mechanism, const MixerSettings& written, const Mixer& old) {
  std::shared_ptr<const Mixer> mixer;
  try {
    mixer = make_mixer(mechanism.kind, shape_for(mechanism, old, written), own_settings(mechanism, old, written));
  } catch (const SettingFault& fault) {
    draft.fail(part, fault);
  }
  if (is_latent(old) && mechanism.traits.softmax && !is_latent(*mixer)) {
    draft.fail(part,
               format("the model's attention is \"{}\", which caches one latent for all heads; \"{}\" would cache the "
                      "keys and values of each of its {} heads",
                      old.kind(), mechanism.kind, to_string(old.shape().heads)),
               "indexed_latent:index_heads=N,index_dim=N,top_k=N selects among latents");
  }
  if (strategy_stack(draft.model) == Stack::encoder && mixer->causal()) {
    draft.fail(
        part,
        format("the model is an encoder, whose tokens see both ways; \"{}\" sees earlier tokens alone", mechanism.kind),
        "bidirectional, longformer and bigbird see both ways");
  }
  return mixer;
}

/// Returns whether a layer reads the cache of another.
bool layer_shares_cache(const LayerGroup& group) {
  return std::any_of(group.mixers.begin(), group.mixers.end(),
                     [](const auto& mixer) { return is_replaceable(*mixer) && mixer->shape().shares_cache; });
}

bool has_attention(const LayerGroup& group) {
  return std::any_of(group.mixers.begin(), group.mixers.end(),
                     [](const auto& mixer) { return is_replaceable(*mixer); });
}

/// "mamba", "mamba and none": the kinds of a stack.
std::string kinds_of(const Model& model, Stack stack) {
  std::set<std::string_view> kinds;
  for (const LayerGroup& group : model.groups) {
    if (group.stack != stack) continue;
    for (const auto& mixer : group.mixers) kinds.insert(mixer->kind());
  }
  std::string list;
  for (const std::string_view kind : kinds) list += (list.empty() ? "" : ", ") + std::string(kind);
  return list.empty() ? "none" : list;
}

/// The context of the part's keys, for `explain`: "sliding_window/window".
void remember_settings(StrategyDraft& draft, const Mechanism& mechanism, const MixerSettings& written) {
  for (const auto& [key, value] : written.all()) {
    if (const Count* const count = std::get_if<Count>(&value)) {
      draft.remember(format("{}/{}", mechanism.kind, key), *count);
    }
  }
}

}  // namespace

void apply_mechanism(StrategyDraft& draft, const StrategyPart& part, const Mechanism& mechanism) {
  const std::vector<MechanismKey> keys = strategy_settings(mechanism);
  MixerSettings written;
  try {
    written = read_written_settings(mechanism.kind, keys, part.named.settings);
  } catch (const SettingFault& fault) {
    draft.fail(part, fault);
  }
  const Count every = written.count_or(kFullEvery.name, 0);
  if (every == 0 && written.has(kFullEvery.name)) {
    draft.fail(part, format("{}: expected {}, found 0", kFullEvery.name, expectation(kFullEvery)));
  }

  // Which layers: with attention, not chosen by an earlier part, not left by `full_every`.
  const Stack stack = strategy_stack(draft.model);
  bool attention = false, open = false;
  bool owner_goes = false, sharer_stays = false;
  std::set<std::uint32_t> chosen;
  for (const LayerGroup& group : draft.model.groups) {
    if (group.stack != stack || !has_attention(group)) continue;
    attention = true;
    for (const std::uint32_t layer : group.layers) {
      if (layer < draft.replaced.size() && draft.replaced[layer]) continue;
      open = true;
      const bool goes = every == 0 || (Count{layer} + 1) % every != 0;
      if (goes) chosen.insert(layer);
      owner_goes = owner_goes || (goes && !layer_shares_cache(group));
      sharer_stays = sharer_stays || (!goes && layer_shares_cache(group));
    }
  }
  const bool first = std::find(draft.replaced.begin(), draft.replaced.end(), true) == draft.replaced.end();
  if (!attention && first) {
    draft.fail(part, format("expected a model with softmax attention to replace, found layers of {}",
                            kinds_of(draft.model, stack)));
  }
  if (!open) {
    draft.fail(part, "an earlier part has chosen the mechanism of every layer",
               "with full_every=N a part leaves every Nth layer to those behind it");
  }
  if (chosen.empty()) {
    draft.fail(part, format("full_every={} leaves every layer with attention as it is", to_string(every)));
  }

  if (owner_goes && sharer_stays) {
    draft.fail(part, "layers that full_every leaves read the cache of other layers, which this part replaces",
               "without full_every all of them change");
  }

  const bool decoded = draft.model.decodes();
  change_layers(
      draft.model, stack, [&chosen](std::uint32_t layer) { return chosen.count(layer) != 0; },
      [&](LayerGroup& group) {
        for (std::shared_ptr<const Mixer>& mixer : group.mixers) {
          if (is_replaceable(*mixer)) mixer = replacement(draft, part, mechanism, written, *mixer);
        }
      });
  draft.replaced.resize(std::max<std::size_t>(draft.replaced.size(), *chosen.rbegin() + std::size_t{1}));
  for (const std::uint32_t layer : chosen) draft.replaced[layer] = true;
  // No family has these layers: what llama.cpp does with the family's own windows says nothing of them.
  draft.model.gguf.windows = true;
  draft.model.gguf.windowed_layers = draft.model.gguf.window = 0;

  remember_settings(draft, mechanism, written);
  draft.give_up(part, mechanism.gives_up, mechanism.gives_up_source);
  if (decoded && !draft.model.decodes()) {
    draft.note(
        format("\"{}\" sees both ways, as published: there is no causal step, so nothing is cached and no decode "
               "step is counted",
               mechanism.kind));
  }
}

}  // namespace ctxcost
