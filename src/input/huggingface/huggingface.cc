#include "huggingface.h"

#include <algorithm>

#include "checkpoint.h"
#include "core/word_list.h"
#include "family.h"
#include "model_class.h"
#include "parts.h"
#include "quantization.h"
#include "types.h"

namespace ctxcost {
namespace huggingface {
namespace {

std::string_view string_at(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  return value != nullptr && value->is(JsonValue::Type::string) ? std::string_view(value->text) : std::string_view{};
}

/// The first name in `architectures`.
std::string_view architecture(const JsonValue& root) {
  const JsonValue* list = root.find("architectures");
  if (list == nullptr || !list->is(JsonValue::Type::array) || list->items.empty()) return {};
  return list->items.front().is(JsonValue::Type::string) ? std::string_view(list->items.front().text)
                                                         : std::string_view{};
}

/// The families that a key of the file marks: few of them.
const std::vector<const Family*>& marked_families() {
  static const std::vector<const Family*> kMarked = [] {
    std::vector<const Family*> marked;
    for (const Family* family : families()) {
      if (!family->own_key.empty()) marked.push_back(family);
    }
    return marked;
  }();
  return kMarked;
}

bool has_own_key(const Family& family, const JsonValue& root) { return root.find(family.own_key) != nullptr; }

/// The language model's part of a file that describes more than one, and where it stands; in the files of models that
/// also speak it is the thinker's (Qwen-Omni).
const JsonValue* text_part(const JsonValue& root, std::string& pointer) {
  for (const std::string_view name : {"text_config", "llm_config", "language_config", "thinker_config"}) {
    const JsonValue* value = root.find(name);
    if (value == nullptr || !value->is(JsonValue::Type::object)) continue;
    pointer = child_pointer(pointer, name);
    const JsonValue* inner = name == "thinker_config" ? text_part(*value, pointer) : nullptr;
    return inner == nullptr ? value : inner;
  }
  return nullptr;
}

const Family* by_architecture(std::string_view name) {
  if (name.empty()) return nullptr;
  for (const Family* family : families()) {
    if (lists(family->architectures, name)) return family;
  }
  return nullptr;
}

/// A family that nobody knows, under `--assume full`: its cache and scores, not its parameters.
void read_unknown(const Config& config, Model& model) {
  const Keys heads_key = {"num_attention_heads", "n_head", "n_heads"};
  const std::uint32_t layers = config.layers({"num_hidden_layers", "n_layer", "n_layers", "num_layers"}, 0);
  if (layers == 0) config.fault("num_hidden_layers", "expected a positive integer, found nothing");
  const Count heads = config.required(heads_key);
  std::optional<Count> d_k = config.nullable("head_dim", std::nullopt, 1);
  if (!d_k) d_k = max(config.required({"hidden_size", "n_embd", "d_model"}) / heads, 1);
  MixerShape shape;
  shape.heads = heads;
  shape.kv_heads = config.nullable({"num_key_value_heads", "n_kv_heads", "num_kv_heads", "n_head_kv"}, std::nullopt, 1)
                       .value_or(heads);
  shape.d_k = shape.d_v = *d_k;
  if (shape.heads % shape.kv_heads != 0) {
    config.fault("num_key_value_heads", "expected a divisor of num_attention_heads (" + to_string(heads) + ")");
  }
  add_layers(model, layers, {{attention(kFullLayer, shape, 0)}, {}, {}});
  model.embedding_known = false;
  read_rope(config, model, std::nullopt);
}

/// The family's row; `name` becomes the model type that it was found by. A model type that no family has is not the
/// end: the classes in `architectures` decide then, as they do in engines [vllm/model_executor/models/registry.py].
const Family* family_of(const JsonValue& root, const Config& config, std::string& name) {
  name = string_at(root, "model_type");
  if (const Family* family = find_family(name)) return family;
  std::string pointer;
  if (const JsonValue* part = text_part(root, pointer)) {
    std::string_view inner = string_at(*part, "model_type");
    const Family* family = find_family(inner);
    if (family == nullptr) {
      family = by_architecture(architecture(*part));
      if (family != nullptr) inner = words(family->model_types).front();
    }
    if (family != nullptr) {
      config.note("\"" + name + "\" is counted as its language model, \"" + std::string(inner) + "\"");
      name = inner;
      return family;
    }
  }
  const Family* family = by_architecture(architecture(root));
  if (family != nullptr && !name.empty()) {
    config.note("\"" + name + "\" is counted by its class, " + std::string(architecture(root)));
  }
  if (family == nullptr && !name.empty()) return nullptr;
  for (const Family* candidate : marked_families()) {
    if (family == nullptr && has_own_key(*candidate, root)) family = candidate;
  }
  if (family != nullptr) {
    name = words(family->model_types).front();
    return family;
  }
  name = architecture(root);
  return nullptr;
}

void unknown_family(const Config& config, const std::string& name) {
  const bool typed = config.has("model_type");
  std::vector<std::string_view> known;
  for (const Family* family : families()) {
    const std::vector<std::string_view> names = words(typed ? family->model_types : family->architectures);
    known.insert(known.end(), names.begin(), names.end());
  }
  std::string hint = did_you_mean(name, known);
  if (!hint.empty()) hint += hint.ends_with('?') ? " " : "; ";
  config.fault(typed ? "model_type" : "architectures", "unknown family \"" + name + "\"",
               hint + "with assume full its cache and scores count as full attention");
}

/// Keys of what a file describes beside its language model, as files of all families have them.
struct TowerKey {
  std::string_view key;
  std::string_view what;
};
constexpr TowerKey kTowerKeys[] = {
    {"vision_config", "vision tower"},
    {"audio_config", "audio tower"},
    {"img_processor", "vision tower"},
    {"audio_processor", "audio tower"},
    {"visual", "vision tower"},
    {"vision_tower", "vision tower"},
    {"mm_vision_tower", "vision tower"},
    {"vision_encoder", "vision tower"},
    {"vit_config", "vision tower"},
    {"visual_tokenizer_config", "vision tower"},
    {"gen_vision_config", "image generator"},
    {"vq_config", "image tokenizer"},
    {"speech_config", "audio tower"},
    {"audio_encoder_config", "audio tower"},
    {"talker_config", "talker"},
    {"token2wav_config", "vocoder"},
    {"code2wav_config", "vocoder"},
    {"vision_lora", "vision adapter"},
    {"speech_lora", "speech adapter"},
    {"tts_config", "speech generator"},
};

bool describes_tower(const JsonValue& value) {
  return value.is(JsonValue::Type::object) || value.is(JsonValue::Type::string);
}

bool is_tower(const JsonMember& member) {
  return describes_tower(member.value) && std::any_of(std::begin(kTowerKeys), std::end(kTowerKeys),
                                                      [&](const TowerKey& tower) { return tower.key == member.key; });
}

/// What a file describes beside its language model and no rule counts.
void note_other_towers(const Config& config, const JsonValue& root, const Model& model) {
  const auto note = [&](const JsonValue* value, const TowerKey& tower) {
    if (value == nullptr || !describes_tower(*value)) return;
    const std::string_view kind = tower.what.substr(0, tower.what.find(' '));
    const bool counted = std::any_of(model.parameter_parts.begin(), model.parameter_parts.end(),
                                     [kind](const ParameterPart& part) { return part.name.starts_with(kind); });
    if (!counted) config.note("the " + std::string(tower.what) + " is not counted");
  };
  const JsonValue* thinker = root.find("thinker_config");
  const JsonValue* layers = root.find("embd_layer");  // where Phi-3.5-vision and Phi-4-multimodal name theirs
  // Most files have none.
  if (thinker == nullptr && layers == nullptr && std::none_of(root.members.begin(), root.members.end(), is_tower))
    return;
  for (const TowerKey& tower : kTowerKeys) {
    note(root.find(tower.key), tower);
    if (thinker != nullptr) note(thinker->find(tower.key), tower);
  }
  if (layers == nullptr) return;
  note(layers->find("image_embd_layer"), {"", "vision tower"});
  note(layers->find("audio_embd_layer"), {"", "audio tower"});
}

/// One meaning under the names of authors' own files, Megatron's and HuggingFace's.
struct ForeignKeys {
  std::string_view foreign;  ///< separated by spaces
  std::string_view usual;
};
constexpr ForeignKeys kForeignKeys[] = {
    {"n_layers n_layer layer_num", "num_hidden_layers"},
    {"dim", "hidden_size"},
    {"n_heads n_head head_num", "num_attention_heads"},
    {"n_kv_heads n_head_kv head_num_kv", "num_key_value_heads"},
    {"hidden_dim inter_dim inter_size ffn_dim_multiplier", "intermediate_size"},
    {"moe_inter_dim", "moe_intermediate_size"},
};

/// A width under another format's name is no extra key that may be passed over: the model has it. One that was read,
/// or that repeats what was read under the usual name, is harmless.
void reject_foreign_keys(const Config& config) {
  std::vector<KeyRead>& keys = config.findings().keys;
  const auto read_as = [&keys](const std::string& place, const std::optional<Count>& value) {
    return std::any_of(keys.begin(), keys.end(), [&](const KeyRead& one) {
      return !one.absent && one.key == std::string_view(place).substr(1) && (!value || one.value == *value);
    });
  };
  for (const ForeignKeys& row : kForeignKeys) {
    for (std::string_view rest = row.foreign; !rest.empty();) {
      const std::string_view name = take_word(rest);
      const Keys key({name});
      const Config::Found found = config.own(key);
      if (!found || found.value->is(JsonValue::Type::null) || read_as(found.place(), std::nullopt)) continue;
      const Config::Found usual = config.find(Keys({row.usual}));
      if (usual && read_as(usual.place(), parse_digits(found.value->text))) continue;
      config.fault(key, "a key of another format, which this family's config.json does not have",
                   "here it is \"" + std::string(row.usual) + "\"");
    }
  }
}

/// A file that states no width and no count would be answered with nothing but class defaults.
void require_shape(const Config& config) {
  const auto is_shape = [](const KeyRead& key) {
    return !key.absent && key.key.find("position") == std::string::npos && key.key.find("seq") == std::string::npos;
  };
  const std::vector<KeyRead>& keys = config.findings().keys;
  if (std::any_of(keys.begin(), keys.end(), is_shape)) return;
  config.findings().faults.push_back({config.findings().source, "",
                                      "expected widths and counts (hidden_size, num_hidden_layers), found none of them",
                                      "a file without them is no description of one model"});
}

/// The last part of _name_or_path, or empty: the file's name is the loader's to give.
std::string model_name(const JsonValue& root) {
  std::string_view named = string_at(root, "_name_or_path");
  while (named.ends_with('/')) named.remove_suffix(1);
  named = named.substr(named.rfind('/') + 1);
  return named == "." || named == ".." ? std::string() : std::string(named);
}

void finish_notes(Findings& findings, Model& model) {
  if (!findings.defaults.empty()) {
    std::string text =
        findings.defaults.size() == 1 ? "absent key, class default taken: " : "absent keys, class defaults taken: ";
    for (std::size_t i = 0; i < findings.defaults.size(); ++i) text += (i == 0 ? "" : ", ") + findings.defaults[i];
    findings.assumptions.insert(findings.assumptions.begin(), text);
    findings.notes.insert(findings.notes.begin(), std::move(text));
  }
  model.notes = std::move(findings.notes);
  model.assumptions = std::move(findings.assumptions);
  model.keys = std::move(findings.keys);
}

}  // namespace
}  // namespace huggingface

bool huggingface_has_dim(const JsonValue& root) {
  using namespace huggingface;
  const Family* family = find_family(string_at(root, "model_type"));
  if (family == nullptr) family = by_architecture(architecture(root));
  return family != nullptr && family->short_names;
}

bool looks_like_huggingface(const JsonValue& root) {
  if (!root.is(JsonValue::Type::object)) return false;
  if (root.find("model_type") != nullptr || root.find("architectures") != nullptr) return true;
  const std::vector<const huggingface::Family*>& marked = huggingface::marked_families();
  return std::any_of(marked.begin(), marked.end(),
                     [&root](const huggingface::Family* family) { return huggingface::has_own_key(*family, root); });
}

namespace {

/// `beside` is null, or the hf_quant_config.json in the same directory.
Model read_config(const JsonValue& root, const std::string& source, const JsonDocument* beside,
                  const LoadOptions& options) {
  using namespace huggingface;
  Findings findings;
  findings.source = source;
  findings.assume_full = options.assume_full;
  findings.keys.reserve(16);
  Config config(root, "", findings);
  if (!root.is(JsonValue::Type::object)) {
    throw InputError(Diagnostic{source, "", "expected an object, found " + describe(root), ""});
  }

  Model model;
  model.origin = source;
  model.name = model_name(root);
  const Family* family = family_of(root, config, model.family);
  std::string text_pointer;
  if (const JsonValue* part = text_part(root, text_pointer)) config = config.over(*part, text_pointer);
  Findings findings_beside;
  std::optional<Config> quantization;
  if (beside != nullptr) {
    findings_beside.source = beside->source;
    const Config whole(beside->root, "", findings_beside);
    quantization = whole.object("quantization");
    if (!quantization && findings_beside.faults.empty()) {
      whole.fault("quantization",
                  "expected an object, found " + std::string(whole.is_null("quantization") ? "null" : "nothing"));
    }
  }
  ReadFamily read = read_unknown;
  if (family != nullptr) {
    read = family->read;
    model.gguf = family->gguf;
  } else if (options.assume_full) {
    config.assume("family \"" + model.family +
                  "\" is not known: counted as full attention, parameters unknown (assume full)");
  } else {
    unknown_family(config, model.family);
    throw InputError(std::move(findings.faults));
  }

  try {
    read_types(config, model);
    read(config, model);
    if (findings.faults.empty()) require_shape(config);
    reject_foreign_keys(config);
    if (findings.faults.empty() && family != nullptr) read_class_head(config, *family, model);
    if (findings.faults.empty()) add_block_scales(config, model);
    if (findings.faults.empty()) read_quantization(config, quantization ? &*quantization : nullptr, model);
  } catch (const CountOverflow& overflow) {
    if (findings.faults.empty()) {
      findings.faults.push_back({source, "", "the widths of this model do not fit 128 bits", overflow.what()});
    }
  } catch (const SettingFault& fault) {
    if (findings.faults.empty()) {
      findings.faults.push_back({source, "", fault.key + ": " + fault.message, fault.hint});
    }
  }
  findings.faults.insert(findings.faults.end(), findings_beside.faults.begin(), findings_beside.faults.end());
  if (!findings.faults.empty()) throw InputError(std::move(findings.faults));
  for (std::string& note : findings_beside.notes) findings.notes.push_back(std::move(note));
  for (std::string& note : findings_beside.assumptions) findings.assumptions.push_back(std::move(note));
  note_other_towers(config, root, model);
  finish_notes(findings, model);
  return model;
}

}  // namespace

Model read_huggingface(const JsonDocument& document, const LoadOptions& options) {
  return read_config(document.root, document.source, nullptr, options);
}

Model read_huggingface(const JsonValue& root, const std::string& source, const LoadOptions& options) {
  return read_config(root, source, nullptr, options);
}

Model read_huggingface(const JsonDocument& document, const JsonDocument& quantization, const LoadOptions& options) {
  return read_config(document.root, document.source, &quantization, options);
}

}  // namespace ctxcost
