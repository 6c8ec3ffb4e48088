// Position encodings and rotary scaling in the place of a model's own: they change its window, and the table of learned
// positions.
#include <algorithm>
#include <string>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/model/positions.h"
#include "mechanism/written_settings.h"
#include "strategy_parts.h"

namespace ctxcost {
namespace {

/// What one type of rotary scaling gives up, in our words.
struct ScalingLoss {
  std::string_view type;
  std::string_view gives_up;
  std::string_view source;
};

constexpr ScalingLoss kScalingLosses[] = {
    {"linear",
     "all positions are pressed together by the factor, so that near tokens are told apart less well at every length; "
     "it needs some further training",
     "Chen 2023, arXiv 2306.15595, sections 2.3 and 3.4"},
    {"dynamic",
     "the base follows the length once it passes the trained window, so that keys cached before were rotated by "
     "another "
     "base; without training, quality falls as the factor grows",
     "Peng 2023, arXiv 2309.00071, section 3.3; transformers modeling_rope_utils.py _compute_dynamic_ntk_parameters"},
    {"ntk",
     "slow dimensions are stretched and fast ones hardly, some beyond any angle that was trained; without training, "
     "quality falls as the factor grows",
     "Peng 2023, arXiv 2309.00071, sections 3.1 and 3.3"},
    {"yarn",
     "one factor holds at every length: inputs within the trained window are rotated and sharpened differently, too; "
     "it "
     "needs some further training",
     "Peng 2023, arXiv 2309.00071, sections 3.2 and 3.4"},
    {"longrope",
     "factors are searched for one length: beyond the trained window another set holds, and keys cached before were "
     "rotated by the first",
     "Ding 2024, arXiv 2402.13753; transformers modeling_rope_utils.py _compute_longrope_parameters"},
    {"llama3", "long wavelengths are stretched by the factor, and the model must be trained further at the new length",
     "transformers modeling_rope_utils.py _compute_llama3_parameters; Llama 3, arXiv 2407.21783, section 3.4.2"},
};

/// Types under another name.
std::string_view scaling_loss_name(std::string_view type) {
  if (type == "su") return "longrope";
  if (type == "deepseek_yarn") return "yarn";
  return type;
}

/// The types that scale, as in "one of linear, yarn".
std::string scaling_type_list() {
  std::string list;
  for (const ScalingLoss& row : kScalingLosses) list += (list.empty() ? "" : ", ") + std::string(row.type);
  return list;
}

constexpr MechanismKey kRopeKeys[] = {
    {"type", KeyType::text, "", "kind of scaling"},
    {"factor", KeyType::text, "", "how many times the window is extended"},
    {"original", KeyType::count, "the trained window", "the window that is extended"},
};
constexpr MechanismKey kLearnedKeys[] = {
    {"rows", KeyType::count, "", "positions of the table"},
};

MixerSettings position_settings(const StrategyDraft& draft, const StrategyPart& part,
                                std::span<const MechanismKey> keys) {
  try {
    return read_written_settings(part.named.name, keys, part.named.settings);
  } catch (const SettingFault& fault) {
    draft.fail(part, fault);
  }
}

/// The positive integer of a key, or a fault.
Count positive_setting(const StrategyDraft& draft, const StrategyPart& part, const MixerSettings& settings,
                       std::string_view key) {
  const Count value = settings.count_or(key, 0);
  if (value == 0) {
    draft.fail(part, format("{}: expected a positive integer, found {}", key, settings.has(key) ? "0" : "nothing"));
  }
  return value;
}

/// The word of a key, or empty; and the same as messages say it.
std::string word_setting(const MixerSettings& settings, std::string_view key) {
  return settings.has(key) ? std::string(settings.text(key)) : std::string();
}
std::string found_word(const std::string& word) { return word.empty() ? "nothing" : format("\"{}\"", word); }

/// Positions are told apart in attention, or in what it reads.
void check_attention(const StrategyDraft& draft, const StrategyPart& part) {
  for (const LayerGroup& group : draft.model.groups) {
    for (const auto& mixer : group.mixers) {
      if (mixer->traits().softmax) return;
    }
  }
  draft.fail(part, "expected a model with softmax attention, found none: a recurrence needs no positions");
}

/// An own rotated key is part of latent attention.
void check_no_rotated_key(const StrategyDraft& draft, const StrategyPart& part) {
  for (const LayerGroup& group : draft.model.groups) {
    for (const auto& mixer : group.mixers) {
      if (is_latent(*mixer) && mixer->settings().count("rope_dim") > 0) {
        draft.fail(part, format("the model's attention is \"{}\", which rotates {} dimensions of each key by position",
                                mixer->kind(), to_string(mixer->settings().count("rope_dim"))));
      }
    }
  }
}

std::string_view encoding_word(PositionEncoding encoding) {
  switch (encoding) {
    case PositionEncoding::rope: return "rotary";
    case PositionEncoding::learned: return "learned";
    case PositionEncoding::sinusoidal: return "sinusoidal";
    case PositionEncoding::alibi: return "ALiBi";
    case PositionEncoding::relative_bias: return "relative biases";
    case PositionEncoding::none: break;
  }
  return "none";
}

/// The tables of the old encoding go: rows of learned positions, biases of relative ones.
void drop_position_tables(Model& model) {
  std::erase_if(model.tensors, [](const ModelTensor& row) {
    return row.tensor.name == "position_embd" || row.tensor.name.ends_with("attn_rel_b");
  });
}

/// Gives the model another window, and where the encoding is another, drops the tables of the old one.
void set_model_positions(StrategyDraft& draft, const PositionFacts& facts) {
  const Positions old = std::exchange(draft.model.positions, positions_from(facts));
  Positions& now = draft.model.positions;
  if (old.encoding == now.encoding) {
    now.rotary_width = old.rotary_width;
    return;
  }
  drop_position_tables(draft.model);
  draft.note(format("the model was trained with other positions ({}, not {}): it must be trained anew",
                    encoding_word(old.encoding), encoding_word(now.encoding)));
}

void use_rope(StrategyDraft& draft, const StrategyPart& part) {
  const MixerSettings settings = position_settings(draft, part, kRopeKeys);
  const std::string type = word_setting(settings, "type");
  const std::string factor = word_setting(settings, "factor");
  const auto loss = std::find_if(std::begin(kScalingLosses), std::end(kScalingLosses),
                                 [&type](const ScalingLoss& row) { return row.type == scaling_loss_name(type); });
  if (loss == std::end(kScalingLosses)) {
    std::vector<std::string_view> types;
    for (const ScalingLoss& row : kScalingLosses) types.push_back(row.type);
    draft.fail(part, format("type: expected one of {}, found {}", scaling_type_list(), found_word(type)),
               did_you_mean(type, types));
  }
  constexpr Count kWhole = 1'000'000;
  if (scaled_window(kWhole, factor).value_or(0) < kWhole) {
    draft.fail(part, format("factor: expected a number of at least 1, found {}", found_word(factor)));
  }
  const Positions& old = draft.model.positions;
  std::optional<Count> window = old.trained_context;
  if (settings.has("original")) window = positive_setting(draft, part, settings, "original");
  if (!window) draft.fail(part, "the model's file states no window to extend", "original=N gives it");
  check_attention(draft, part);
  if (!old.scaling_type.empty()) {
    draft.note(format("{} takes the place of the model's own {} scaling: the window before scaling is {} tokens", type,
                      old.scaling_type, with_separators(*window)));
  }
  PositionFacts facts;
  facts.max_positions = facts.original = window;
  facts.scaling_type = type;
  facts.scaling_factor = factor;
  if (!scaled_window(*window, factor)) {
    draft.fail(part, format("expected a window that fits 128 bits, found {} times {}", to_string(*window), factor));
  }
  set_model_positions(draft, as_published(facts));
  draft.give_up(part, loss->gives_up, loss->source);
}

void use_alibi(StrategyDraft& draft, const StrategyPart& part) {
  position_settings(draft, part, {});
  check_attention(draft, part);
  check_no_rotated_key(draft, part);
  PositionFacts facts;
  facts.encoding = PositionEncoding::alibi;
  facts.max_positions = draft.model.positions.trained_context;
  set_model_positions(draft, facts);
  draft.give_up(part,
                "a penalty grows with the distance, so that far tokens weigh little: longer inputs are read without "
                "harm, and with little gain",
                "Press 2021, arXiv 2108.12409, sections 3 and 4");
}

void use_learned(StrategyDraft& draft, const StrategyPart& part) {
  const Count rows = positive_setting(draft, part, position_settings(draft, part, kLearnedKeys), "rows");
  check_attention(draft, part);
  check_no_rotated_key(draft, part);
  const std::optional<Count> trained = draft.model.positions.trained_context;
  PositionFacts facts;
  facts.encoding = PositionEncoding::learned;
  facts.rows = rows;
  // Rows beyond the trained window were never trained.
  facts.max_positions = trained ? min(*trained, rows) : rows;
  set_model_positions(draft, facts);
  drop_position_tables(draft.model);
  if (draft.model.d_model) {
    auto at = std::find_if(draft.model.tensors.begin(), draft.model.tensors.end(),
                           [](const ModelTensor& row) { return row.place != Place::embedding; });
    draft.model.tensors.insert(at, {Place::table, lookup("position_embd", *draft.model.d_model, rows)});
  }
  draft.remember("rows", rows);
  draft.give_up(part, "there is no row beyond the table: a longer input cannot run at all",
                "Radford 2019, transformers modeling_gpt2.py wpe; docs/cost-model.md section 10");
}

constexpr NamedStrategy kPositionStrategies[] = {
    {"rope", use_rope},
    {"alibi", use_alibi},
    {"learned", use_learned},
};

}  // namespace

std::span<const NamedStrategy> position_strategies() { return kPositionStrategies; }

}  // namespace ctxcost
