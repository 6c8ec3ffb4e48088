// Keys of a model file with a new value, and `flash`.
#include <algorithm>
#include <string>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "input/own_format/own_format_keys.h"
#include "model/layer_groups.h"
#include "strategy_parts.h"

namespace ctxcost {
namespace {

/// The value as a positive integer.
Count positive_value(const StrategyDraft& draft, const StrategyPart& part) {
  Count value;
  try {
    value = parse_length(*part.value, draft.source);
  } catch (const InputError&) {
    // Said below.
  }
  if (value == 0) draft.fail(part, format("expected a positive integer, found \"{}\"", *part.value));
  return value;
}

/// Gives every softmax attention of the model, cross-attention too, the shape that `change` makes of its own. Returns
/// false where there is none.
template <typename Change>
bool change_shapes(StrategyDraft& draft, const StrategyPart& part, Change change) {
  bool any = false;
  for (const Stack stack : {Stack::encoder, Stack::decoder}) {
    change_layers(
        draft.model, stack, [](std::uint32_t) { return true; },
        [&](LayerGroup& group) {
          for (std::shared_ptr<const Mixer>& mixer : group.mixers) {
            if (!mixer->traits().softmax) continue;
            any = true;
            MixerShape shape = mixer->shape();
            change(shape, *mixer);
            if (shape == mixer->shape()) continue;
            try {
              mixer = build_mixer(*find_mechanism(mixer->kind()), shape, mixer->settings());
            } catch (const SettingFault& fault) {
              draft.fail(part, fault);
            }
          }
        });
  }
  return any;
}

[[noreturn]] void fail_without_heads(const StrategyDraft& draft, const StrategyPart& part) {
  draft.fail(part, "expected a model with softmax attention, found none: its mixers have no such heads");
}

void check_divisor(const StrategyDraft& draft, const StrategyPart& part, const MixerShape& shape) {
  if (shape.heads % shape.kv_heads == 0) return;
  const bool of_heads = part.named.name == "heads";
  draft.fail(part, of_heads ? format("expected a multiple of the {} KV heads, found {}", to_string(shape.kv_heads),
                                     to_string(shape.heads))
                            : format("expected a divisor of the {} heads, found {}", to_string(shape.heads),
                                     to_string(shape.kv_heads)));
}

void set_kv_heads(StrategyDraft& draft, const StrategyPart& part) {
  const Count value = positive_value(draft, part);
  bool fewer = false;
  const bool any = change_shapes(draft, part, [&](MixerShape& shape, const Mixer& mixer) {
    if (is_latent(mixer)) {
      draft.fail(part,
                 format("the model's attention is \"{}\": one latent stands for the keys and values of all heads, "
                        "so there are no KV heads",
                        mixer.kind()));
    }
    fewer = fewer || value < shape.kv_heads;
    shape.kv_heads = value;
    check_divisor(draft, part, shape);
  });
  if (!any) fail_without_heads(draft, part);
  draft.remember("kv_heads", value);
  if (fewer) {
    draft.give_up(
        part,
        "more query heads share one head of keys and values: quality lies between that of all heads and that of "
        "one, and a trained model must be trained further",
        "Ainslie 2023, arXiv 2305.13245, sections 2 and 3");
  }
}

void set_heads(StrategyDraft& draft, const StrategyPart& part) {
  const Count value = positive_value(draft, part);
  const bool any = change_shapes(draft, part, [&](MixerShape& shape, const Mixer&) {
    // Where each head has keys and values of its own, so has each of the new ones.
    if (shape.kv_heads == shape.heads) shape.kv_heads = value;
    shape.heads = value;
    check_divisor(draft, part, shape);
  });
  if (!any) fail_without_heads(draft, part);
  draft.remember("heads", value);
}

void set_d_k(StrategyDraft& draft, const StrategyPart& part) {
  const Count value = positive_value(draft, part);
  const bool any = change_shapes(draft, part, [&](MixerShape& shape, const Mixer& mixer) {
    const Mechanism& kind = *find_mechanism(mixer.kind());
    if (shape.d_v == kind.default_d_v(shape.d_k)) shape.d_v = kind.default_d_v(value);
    shape.d_k = value;
  });
  if (!any) fail_without_heads(draft, part);
  if (draft.model.positions.rotary_width) {
    draft.model.positions.rotary_width = min(*draft.model.positions.rotary_width, value);
  }
  draft.remember("d_k", value);
}

void set_d_v(StrategyDraft& draft, const StrategyPart& part) {
  const Count value = positive_value(draft, part);
  const bool any = change_shapes(draft, part, [&](MixerShape& shape, const Mixer&) { shape.d_v = value; });
  if (!any) fail_without_heads(draft, part);
  draft.remember("d_v", value);
}

void set_d_ff(StrategyDraft& draft, const StrategyPart& part) {
  const Count value = positive_value(draft, part);
  bool any = false;
  for (const Stack stack : {Stack::encoder, Stack::decoder}) {
    change_layers(
        draft.model, stack, [](std::uint32_t) { return true; },
        [&](LayerGroup& group) {
          FeedForward& feed_forward = group.feed_forward;
          if (feed_forward.kind == FeedForwardKind::none || feed_forward.experts) return;
          any = true;
          feed_forward.d_ff = value;
        });
  }
  if (!any) draft.fail(part, "expected a model with a dense feed-forward, found experts or none in every layer");
  draft.remember("d_ff", value);
}

/// Returns the shortest run of layers that the stack repeats, or all of them.
std::uint32_t period_of(const std::vector<std::size_t>& group_of) {
  for (std::uint32_t period = 1; period < group_of.size(); ++period) {
    if (std::equal(group_of.begin() + period, group_of.end(), group_of.begin())) return period;
  }
  return static_cast<std::uint32_t>(group_of.size());
}

void set_layers(StrategyDraft& draft, const StrategyPart& part) {
  const Count value = positive_value(draft, part);
  if (value > kMostLayers) {
    draft.fail(part, format("expected at most {}, found {}", kMostLayers, to_string(value)));
  }
  Model& model = draft.model;
  const Stack stack = strategy_stack(model);
  std::vector<std::size_t> group_of;  // of each layer of the stack
  for (std::size_t g = 0; g < model.groups.size(); ++g) {
    if (model.groups[g].stack != stack) continue;
    for (const std::uint32_t layer : model.groups[g].layers) {
      group_of.resize(std::max<std::size_t>(group_of.size(), layer + std::size_t{1}));
      group_of[layer] = g;
    }
  }
  const std::uint32_t period = period_of(group_of);
  if (value > group_of.size() && period == group_of.size() && period > 1) {
    draft.fail(part, format("expected at most {}, found {}: the model's layers are no pattern that goes on", period,
                            to_string(value)));
  }
  for (LayerGroup& group : model.groups) {
    if (group.stack == stack) group.layers.clear();
  }
  const std::vector<bool> replaced = std::exchange(draft.replaced, {});
  for (std::uint32_t layer = 0; value > layer; ++layer) {
    const std::uint32_t like = layer < group_of.size() ? layer : layer % period;
    model.groups[group_of[like]].layers.push_back(layer);
    draft.replaced.push_back(like < replaced.size() && replaced[like]);
  }
  std::erase_if(model.groups, [](const LayerGroup& group) { return group.layers.empty(); });
  if (value > group_of.size() && model.stored) {
    // A rule for some layers says nothing of those that repeat them.
    for (StoredRule& rule : model.stored->rules) {
      if (rule.layers.empty()) continue;
      const std::vector<std::uint32_t> named = rule.layers;
      for (auto layer = static_cast<std::uint32_t>(group_of.size()); value > layer; ++layer) {
        if (std::binary_search(named.begin(), named.end(), layer % period)) rule.layers.push_back(layer);
      }
    }
  }
  draft.remember("layers", value);
}

void set_vocab(StrategyDraft& draft, const StrategyPart& part) {
  const Count value = positive_value(draft, part);
  Model& model = draft.model;
  if (!model.vocab || !model.embedding_known) {
    draft.fail(part, "expected a model whose file gives its vocabulary and its width, found none");
  }
  for (ModelTensor& row : model.tensors) {
    if (row.place != Place::embedding && row.place != Place::head) continue;
    // The bias of a head is one row.
    Count& tokens = row.tensor.is_bias ? row.tensor.columns : row.tensor.rows;
    if (tokens != *model.vocab) {
      draft.fail(part, format("\"{}\" has {} rows for a vocabulary of {}: what it has for another is not known",
                              row.tensor.name, to_string(tokens), to_string(*model.vocab)));
    }
    tokens = value;
  }
  model.vocab = value;
  draft.remember("vocab", value);
}

/// What the part says where a type has fewer bits.
std::string_view precision_loss(const Precision& before, const Precision& after) {
  const auto wider = [](const Precision& a, const Precision& b) {
    constexpr Count kRow = 1024;  // a whole number of blocks of every format
    return a.row_bytes(kRow) > b.row_bytes(kRow);
  };
  return before.valid() && wider(before, after) ? "fewer bits a number: rounding errors grow, and outliers lose most"
                                                : "";
}

constexpr std::string_view kCacheRounding = "KIVI, arXiv 2402.02750, section 3; KVQuant, arXiv 2401.18079, section 3";
constexpr std::string_view kWeightRounding = "Dettmers 2022, arXiv 2208.07339, sections 3 and 4";

void set_precision(StrategyDraft& draft, const StrategyPart& part) {
  const Precision precision = parse_precision(*part.value, draft.source);
  if (!precision.format().weights) {
    draft.fail(part, format("expected a type that stores weights, found \"{}\"", *part.value),
               "kv_precision takes types of the cache alone");
  }
  draft.give_up(part, precision_loss(draft.model.weights, precision), kWeightRounding);
  const KvPrecision kv = draft.model.kv;
  draft.model.set_precision(precision);
  // A type of the cache that was named on its own stays.
  if (draft.result.kv) draft.model.kv = kv;
  if (!draft.result.kv && precision.format().model_type) draft.result.kv = draft.model.kv;
  draft.model.stored.reset();
  draft.model.files.reset();
  draft.result.weights = WeightScheme(precision);
}

void set_kv_precision(StrategyDraft& draft, const StrategyPart& part) {
  const KvPrecision kv = parse_kv_precision(*part.value, draft.source);
  const std::string_view of_keys = precision_loss(draft.model.kv.key, kv.key);
  draft.give_up(part, of_keys.empty() ? precision_loss(draft.model.kv.value, kv.value) : of_keys, kCacheRounding);
  draft.model.kv = kv;
  draft.result.kv = kv;
}

void set_flash(StrategyDraft& draft, const StrategyPart& part) {
  if (*part.value != "on" && *part.value != "off") {
    draft.fail(part, format("expected on or off, found \"{}\"", *part.value));
  }
  draft.result.fused = *part.value == "on";
  if (!draft.result.fused) {
    draft.give_up(part, "the scores of a layer are written to memory and read back: n² of them for each head",
                  "Dao 2022, arXiv 2205.14135, section 3.2, theorem 2");
  }
}

constexpr NamedStrategy kKeyStrategies[] = {
    {"kv_heads", set_kv_heads}, {"heads", set_heads},         {"d_k", set_d_k},
    {"d_v", set_d_v},           {"d_ff", set_d_ff},           {"layers", set_layers},
    {"vocab", set_vocab},       {"precision", set_precision}, {"kv_precision", set_kv_precision},
    {"flash", set_flash},
};

}  // namespace

std::span<const NamedStrategy> key_strategies() { return kKeyStrategies; }

}  // namespace ctxcost
