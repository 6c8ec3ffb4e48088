// [transformers modeling_layers.py GenericForSequenceClassification, GenericForTokenClassification,
//  GenericForQuestionAnswering; modeling_<family>.py of the others; configuration_utils.py num_labels]
#include "model_class.h"

#include <algorithm>

#include "parts.h"

namespace ctxcost::huggingface {
namespace {

enum class Task { none, sequence, token, answer, reward };

struct ClassEnding {
  std::string_view ending;
  Task task;
  Count labels;  ///< fixed number of outputs; 0 = num_labels
};

constexpr ClassEnding kEndings[] = {
    {"ForSequenceClassification", Task::sequence, 0},
    {"ForTokenClassification", Task::token, 0},
    {"ForQuestionAnswering", Task::answer, 2},
    {"ForProcessRewardModel", Task::reward, 2},
    {"ForRewardModel", Task::reward, 1},
};

/// Endings of the classes with a head over the vocabulary.
constexpr std::string_view kVocabularyHeads[] = {
    "ForCausalLM", "ForConditionalGeneration", "LMHeadModel",   "HeadsModel",
    "ForMaskedLM", "ForPreTraining",           "ForGeneration", "WithLMHead"};

/// PretrainedConfig: the names of the labels decide, and two are the class default.
Count labels_of(const Config& config) {
  const Config::Found names = config.find("id2label");
  if (names && names.value->is(JsonValue::Type::object)) return Count{names.value->members.size()};
  return config.count("num_labels", 2);
}

void remove_head(Model& model) {
  std::erase_if(model.tensors, [](const ModelTensor& row) { return row.place == Place::head; });
  model.tied_embeddings = false;
}

void remove_pooler(Model& model) {
  std::erase_if(model.tensors, [](const ModelTensor& row) { return row.place == Place::once; });
}

std::string count_name(Count count, std::string_view what) {
  return to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

}  // namespace

std::string class_of(const Config& config) {
  const Config::Found list = config.own("architectures");
  if (!list || !list.value->is(JsonValue::Type::array) || list.value->items.empty()) return {};
  const JsonValue& first = list.value->items.front();
  return first.is(JsonValue::Type::string) ? first.text : std::string();
}

bool is_bare_class(std::string_view name) {
  return name.ends_with("Model") && !name.ends_with("HeadModel") && !name.ends_with("HeadsModel") &&
         !name.ends_with("RewardModel");
}

void read_class_head(const Config& config, const Family& family, Model& model) {
  const std::string name = class_of(config);
  if (name.empty()) return;
  const bool had_head =
      model.tied_embeddings || std::any_of(model.tensors.begin(), model.tensors.end(),
                                           [](const ModelTensor& row) { return row.place == Place::head; });
  if (is_bare_class(name)) {
    if (family.heads.bare_has_head || !had_head) return;
    remove_head(model);
    config.note(name + " has no head over the vocabulary: none is counted");
    return;
  }
  const auto* const row = std::find_if(std::begin(kEndings), std::end(kEndings),
                                       [&name](const ClassEnding& one) { return name.ends_with(one.ending); });
  if (row == std::end(kEndings)) {
    const bool known = std::any_of(std::begin(kVocabularyHeads), std::end(kVocabularyHeads),
                                   [&name](std::string_view ending) { return name.ends_with(ending); });
    if (!known && had_head && !lists(family.architectures, name)) {
      config.assume("the head of " + name + " is not known: counted as one over the vocabulary");
    }
    return;
  }

  const Count labels = row->labels > 0 ? row->labels : labels_of(config);
  const ClassHeads& heads = family.heads;
  const ScoreForm form = row->task == Task::sequence ? heads.sequence
                         : row->task == Task::reward ? heads.reward
                                                     : heads.token;
  remove_head(model);
  if (!model.d_model || form == ScoreForm::unknown) {
    model.embedding_known = false;
    config.note("the head of " + name + " is not known: neither are the parameters");
    return;
  }
  const bool each_token = row->task == Task::token || row->task == Task::answer;
  if (each_token || heads.sequence_drops_pooler) remove_pooler(model);
  const Place place = each_token ? Place::other : Place::once;
  const Count width = *model.d_model;
  if (form == ScoreForm::dense) {
    add_tensor(model, place, linear("cls", width, width));
    add_tensor(model, place, bias_of("cls", width));
  }
  add_tensor(model, place, linear("cls.output", width, labels));
  if (form != ScoreForm::plain) add_tensor(model, place, bias_of("cls.output", labels));
  config.note(name + ": a score of " + count_name(labels, "label") + (each_token ? " a token" : "") +
              " stands for the head over the vocabulary");
}

}  // namespace ctxcost::huggingface
