#include "strategy_parts.h"

#include <algorithm>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "input/own_format/own_format_keys.h"

namespace ctxcost {

bool StrategyDraft::given(std::string_view key) const {
  return std::find(keys_given.begin(), keys_given.end(), key) != keys_given.end();
}

void StrategyDraft::give_up(const StrategyPart& part, std::string_view what, std::string_view source_of_it) {
  if (what.empty()) return;
  result.trade_offs.push_back({std::string(part.text), std::string(what), std::string(source_of_it)});
}

void StrategyDraft::remember(std::string key, Count value) {
  model.keys.insert(model.keys.begin(), {std::move(key), value});
}

void StrategyDraft::fail(const StrategyPart& part, std::string message, std::string hint) const {
  throw InputError(
      Diagnostic{std::string(source), "", format("{}: {}", part.named.name, std::move(message)), std::move(hint)});
}

void StrategyDraft::fail(const StrategyPart& part, const SettingFault& fault) const {
  fail(part, fault.key.empty() ? fault.message : format("{}: {}", fault.key, fault.message), fault.hint);
}

Stack strategy_stack(const Model& model) {
  const bool decoder = std::any_of(model.groups.begin(), model.groups.end(),
                                   [](const LayerGroup& group) { return group.stack == Stack::decoder; });
  return decoder ? Stack::decoder : Stack::encoder;
}

bool is_replaceable(const Mixer& mixer) {
  const Mechanism* const kind = find_mechanism(mixer.kind());
  return kind != nullptr && kind->traits.softmax && !kind->reader_only;
}

bool is_latent(const Mixer& mixer) {
  return std::any_of(mixer.cache().begin(), mixer.cache().end(),
                     [](const CachePart& part) { return part.role == CacheRole::latent; });
}

namespace {

/// Splits at the `+` between parts.
std::vector<StrategyPart> split_strategy(std::string_view text, std::string_view source) {
  std::vector<StrategyPart> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('+', start), text.size());
    StrategyPart part{text.substr(start, end - start), {}, {}};
    if (part.text.empty()) {
      throw_fault(source, format("expected a part of a strategy, found nothing in \"{}\"", text),
                  "sliding_window:window=4096+flash=on");
    }
    const std::size_t equals = part.text.find('=');
    if (equals < part.text.find(':')) {
      part.named.name = part.text.substr(0, equals);
      part.value = part.text.substr(equals + 1);
    } else {
      part.named = split_settings(part.text);
    }
    parts.push_back(std::move(part));
    start = end + 1;
  }
  return parts;
}

const NamedStrategy* find_strategy(std::span<const NamedStrategy> strategies, std::string_view name) {
  const auto row = std::find_if(strategies.begin(), strategies.end(),
                                [name](const NamedStrategy& strategy) { return strategy.name == name; });
  return row == strategies.end() ? nullptr : &*row;
}

/// "kv_heads, heads, …": the keys that a strategy may set.
std::string strategy_key_list() {
  std::string list;
  for (const NamedStrategy& key : key_strategies()) list += (list.empty() ? "" : ", ") + std::string(key.name);
  return list;
}

[[noreturn]] void fail_unknown_strategy(const StrategyPart& part, std::string_view source) {
  const std::string_view name = part.named.name;
  const bool own_key = std::any_of(kOwnFormatKeys.begin(), kOwnFormatKeys.end(),
                                   [name](const FileKey& key) { return key.name == name; });
  if (own_key) {
    throw_fault(source, format("{}: this key of a model file cannot be set here", name),
                format("these can: {}", strategy_key_list()));
  }
  std::vector<std::string_view> names;
  for (const NamedStrategy& key : key_strategies()) names.push_back(key.name);
  if (!part.value) {
    for (const NamedStrategy& strategy : position_strategies()) names.push_back(strategy.name);
    for (const Mechanism* mechanism : mechanisms()) {
      if (!mechanism->reader_only) names.push_back(mechanism->kind);
    }
  }
  std::string hint = did_you_mean(name, names);
  if (hint.empty()) {
    hint = part.value ? format("these keys can be set: {}", strategy_key_list())
                      : "`ctxcost list mechanisms` shows the mechanisms; there are also rope, alibi and learned";
  }
  throw_fault(source, format("unknown {} \"{}\"", part.value ? "key" : "strategy", name), std::move(hint));
}

void apply_part(StrategyDraft& draft, const StrategyPart& part) {
  const std::string_view name = part.named.name;
  if (const NamedStrategy* const key = find_strategy(key_strategies(), name)) {
    if (!part.value) draft.fail(part, "expected a value, found nothing", format("write {}=VALUE", name));
    if (draft.given(name)) draft.fail(part, "is given twice");
    draft.keys_given.push_back(name);
    key->apply(draft, part);
    return;
  }
  const NamedStrategy* const positions = find_strategy(position_strategies(), name);
  const Mechanism* const mechanism = find_mechanism(name);
  const bool named = positions != nullptr || (mechanism != nullptr && !mechanism->reader_only);
  if (!named) fail_unknown_strategy(part, draft.source);
  if (part.value) {
    draft.fail(part, format("expected settings behind a colon, found \"={}\"", *part.value),
               format("write {}:key=value", name));
  }
  if (positions == nullptr) {
    apply_mechanism(draft, part, *mechanism);
    return;
  }
  if (!draft.positions.empty()) {
    draft.fail(part, format("the positions are changed already by \"{}\"", draft.positions), "one of the two");
  }
  draft.positions = part.text;
  positions->apply(draft, part);
}

/// Returns whether every layer and everything outside the layers has the tensors that it had.
bool has_same_tensors(const Model& a, const Model& b) {
  const auto same_outside =
      std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(),
                 [](const ModelTensor& x, const ModelTensor& y) { return x.place == y.place && x.tensor == y.tensor; });
  if (!same_outside) return false;
  if (a.layers() != b.layers()) return false;
  for (const LayerGroup& changed : b.groups) {
    const std::optional<std::vector<Tensor>> tensors = b.layer_tensors(changed);
    for (const LayerGroup& before : a.groups) {
      if (before.stack != changed.stack) continue;
      const bool shares = std::find_first_of(before.layers.begin(), before.layers.end(), changed.layers.begin(),
                                             changed.layers.end()) != before.layers.end();
      if (shares && a.layer_tensors(before) != tensors) return false;
    }
  }
  return true;
}

/// Forgets what was read from a checkpoint of the unchanged model, where the tensors are no longer its own.
void forget_checkpoint(const Model& before, Model& model) {
  if (has_same_tensors(before, model)) return;
  model.published_elements.reset();
  model.parameter_parts.clear();
  if (model.stored) {
    model.notes.push_back(
        format("the strategy changes tensors: those that quantization_config does not name are "
               "counted in {}",
               model.activation.name()));
  }
  if (!model.files) return;
  const std::string type = model.stored ? model.stored->name : model.weights.name();
  model.notes.push_back(
      format("the files ({}) hold the model without the strategy: weights are counted in {} unless a "
             "type is asked for",
             model.files->name, type));
  model.files.reset();
}

}  // namespace

StrategicModel apply_strategy(const SharedModel& model, std::string_view text, std::string_view source) {
  StrategyDraft draft{*model, {}, source, {}, {}, {}};
  draft.result.text = text;
  if (text.empty()) {
    draft.result.model = model;
    return std::move(draft.result);
  }
  try {
    for (const StrategyPart& part : split_strategy(text, source)) apply_part(draft, part);
  } catch (const CountOverflow&) {
    throw_fault(source, format("\"{}\": expected widths whose products fit 128 bits, found larger ones", text));
  }
  forget_checkpoint(*model, draft.model);
  draft.result.model = SharedModel(std::move(draft.model));
  return std::move(draft.result);
}

}  // namespace ctxcost
