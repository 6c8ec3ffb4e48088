#include "position.h"

#include "ctxcost/model/positions.h"

namespace ctxcost::huggingface {
namespace {

constexpr const char* kLengthKeys[] = {"max_position_embeddings", "n_positions",         "max_seq_len",    "seq_length",
                                       "model_max_length",        "max_sequence_length", "max_seq_length", "seq_len",
                                       "max_target_positions"};
/// vLLM's answer where a file states no length at all.
constexpr Count kUnstatedLength = 2048;

/// rope_scaling or rope_parameters; where kinds of layers have their own, those of full attention.
std::optional<Config> rope_dictionary(const Config& config) {
  std::optional<Config> rope = config.object("rope_scaling");
  if (!rope) rope = config.object("rope_parameters");
  if (!rope) return rope;
  const Config::Found full = rope->find("full_attention");
  return full && full.value->is(JsonValue::Type::object) ? rope->object("full_attention") : rope;
}

}  // namespace

std::optional<Count> longest_sequence(const Config& config, std::optional<Count> class_default) {
  std::optional<Count> longest;
  for (const char* key : kLengthKeys) {
    const std::optional<Count> stated = config.nullable(key, std::nullopt, 1);
    if (stated && (!longest || *stated < *longest)) longest = stated;
  }
  if (longest) return longest;
  if (class_default) config.took_default(kLengthKeys[0], to_string(*class_default));
  return class_default;
}

void set_positions(Model& model, PositionEncoding encoding, std::optional<Count> trained,
                   std::optional<Count> hard_limit) {
  PositionFacts facts;
  facts.encoding = encoding;
  facts.max_positions = trained;
  facts.rows = hard_limit;
  model.positions = positions_from(facts);
}

void read_rope(const Config& config, Model& model, std::optional<Count> class_default, bool extended) {
  PositionFacts facts;
  facts.max_is_extended = extended;
  facts.max_positions = longest_sequence(config, class_default);
  if (!facts.max_positions) {
    config.assume("no key states the longest sequence: 2048 is taken, as vLLM does");
    facts.max_positions = kUnstatedLength;
  }
  std::string type, factor;
  if (const std::optional<Config> rope = rope_dictionary(config)) {
    const Keys original_key = "original_max_position_embeddings";
    type = rope->text({"rope_type", "type"}, "");
    factor = rope->number("factor");
    facts.original = rope->nullable(original_key, std::nullopt, 1);
    // Phi-3 keeps it beside the dictionary.
    if (!facts.original) facts.original = config.nullable(original_key, std::nullopt, 1);
    if (!factor.empty() && !scaled_window(*facts.max_positions, factor)) {
      rope->fault("factor", "expected a positive number, found " + factor);
    }
    if (!type.empty() && !is_rope_scaling_type(type)) {
      config.assume("rope type \"" + type + "\" is not known: the window is the file's longest sequence");
    }
  }
  facts.scaling_type = type;
  facts.scaling_factor = factor;
  model.positions = positions_from(facts);
}

}  // namespace ctxcost::huggingface
