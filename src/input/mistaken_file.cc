// [transformers: file names and keys of tokenizers, processors and generation; PEFT adapter_config.json; AutoGPTQ
//  quantize_config.json; diffusers model_index.json; safetensors index; Megatron and FasterTransformer configs]
#include "mistaken_file.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string_view>

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

bool has_any(const JsonValue& root, std::initializer_list<std::string_view> keys) {
  return std::any_of(keys.begin(), keys.end(), [&root](std::string_view key) { return root.find(key) != nullptr; });
}

std::string text_at(const JsonValue& root, std::string_view key) {
  const JsonValue* value = root.find(key);
  return value != nullptr && value->is(Type::string) ? value->text : std::string();
}

/// A configuration of a model, whatever else stands in it.
bool names_model(const JsonValue& root) {
  return has_any(root, {"model_type", "architectures", "ssm_cfg", "hidden_size", "num_hidden_layers", "n_layer"});
}

std::optional<MistakenFile> adapter(const JsonValue& root) {
  if (!has_any(root, {"peft_type", "base_model_name_or_path", "lora_alpha"})) return std::nullopt;
  const std::string base = text_at(root, "base_model_name_or_path");
  const std::string kind = text_at(root, "peft_type");
  MistakenFile file;
  file.what = "an adapter (" + (kind.empty() ? std::string("LoRA") : kind) + ") of " +
              (base.empty() ? std::string("a base model that it does not name") : "\"" + base + "\"");
  file.hint = "name the base model";
  return file;
}

/// Every token with its number: all numbers differ, and single characters are among the tokens.
bool is_vocabulary(const JsonValue& root) {
  std::set<std::string_view> numbers;
  bool any_character = false;
  for (const JsonMember& member : root.members) {
    if (!member.value.is(Type::integer) || !numbers.insert(member.value.text).second) return false;
    any_character = any_character || member.key.size() == 1;
  }
  return any_character;
}

/// A name for each of several descriptions, or just the descriptions.
std::optional<MistakenFile> list_of_models(const JsonValue& root) {
  const auto describes = [](const JsonValue& value) { return value.is(Type::object) && names_model(value); };
  const bool list = root.is(Type::array);
  const std::size_t size = list ? root.items.size() : root.members.size();
  if (size == 0) return std::nullopt;
  const bool all = list ? std::all_of(root.items.begin(), root.items.end(), describes)
                        : std::all_of(root.members.begin(), root.members.end(),
                                      [&](const JsonMember& member) { return describes(member.value); });
  if (!all) return std::nullopt;
  MistakenFile file;
  file.what = "a list of " + std::to_string(size) + (size == 1 ? " model" : " models");
  file.hint =
      list ? "write one of them in a file of its own"
           : "write one of them, such as \"" + root.members.front().key.substr(0, 100) + "\", in a file of its own";
  return file;
}

constexpr std::string_view kNameConfig = "name its directory, or the config.json in it";

struct Kind {
  std::string_view what;
  bool (*recognises)(const JsonValue& root);
  std::string_view hint = kNameConfig;
};

/// Of files without any key of a model.
constexpr Kind kKinds[] = {
    {"the index of a checkpoint's tensors (model.safetensors.index.json)",
     [](const JsonValue& root) { return has_any(root, {"weight_map"}); }},
    {"how a checkpoint's weights are quantised (hf_quant_config.json)",
     [](const JsonValue& root) {
       const JsonValue* inner = root.find("quantization");
       return inner != nullptr && has_any(*inner, {"quant_algo", "kv_cache_quant_algo"});
     }},
    {"how a checkpoint's weights are quantised (quantize_config.json)",
     [](const JsonValue& root) {
       return has_any(root, {"desc_act", "damp_percent", "w_bit", "q_group_size"});
     }},
    {"a tokenizer (tokenizer.json)",
     [](const JsonValue& root) {
       return has_any(root, {"added_tokens", "pre_tokenizer", "post_processor"});
     }},
    {"the settings of a tokenizer (tokenizer_config.json)",
     [](const JsonValue& root) {
       return has_any(root, {"tokenizer_class", "added_tokens_decoder", "chat_template"});
     }},
    {"the settings of an image or audio processor (preprocessor_config.json)",
     [](const JsonValue& root) {
       return has_any(root, {"image_processor_type", "feature_extractor_type", "processor_class", "image_mean"});
     }},
    {"the settings of generation (generation_config.json)",
     [](const JsonValue& root) {
       return has_any(root, {"_from_model_config", "do_sample", "temperature", "top_p", "max_new_tokens"}) ||
              (has_any(root, {"eos_token_id"}) && has_any(root, {"transformers_version", "bos_token_id"}));
     }},
    {"the names of a tokenizer's special tokens (special_tokens_map.json)",
     [](const JsonValue& root) {
       return has_any(root, {"eos_token", "bos_token", "pad_token", "cls_token"});
     }},
    {"a pipeline of several models (model_index.json)",
     [](const JsonValue& root) {
       return has_any(root, {"_class_name", "_diffusers_version"});
     },
     "name the directory of its text encoder"},
    {"the state of a training run (trainer_state.json)",
     [](const JsonValue& root) { return has_any(root, {"log_history"}); }},
    {"a vocabulary (vocab.json)", is_vocabulary},
};

/// Configurations of Megatron and FasterTransformer, whose widths may be those of one rank.
bool is_megatron(const JsonValue& root) {
  return !has_any(root, {"model_type", "architectures"}) &&
         has_any(root, {"layer_num", "head_num", "inter_size", "num_attention_groups", "ffn_hidden_size"});
}

}  // namespace

std::optional<MistakenFile> mistaken_file(const JsonValue& root) {
  if (root.is(Type::array)) return list_of_models(root);
  if (is_megatron(root)) {
    return MistakenFile{"a config of Megatron or FasterTransformer, which may hold the widths of one rank",
                        "the config.json of the published model has the whole model's"};
  }
  if (names_model(root) || root.find("d_k") != nullptr) return std::nullopt;
  if (std::optional<MistakenFile> file = adapter(root)) return file;
  for (const Kind& kind : kKinds) {
    if (kind.recognises(root)) return MistakenFile{std::string(kind.what), std::string(kind.hint)};
  }
  return list_of_models(root);
}

}  // namespace ctxcost
