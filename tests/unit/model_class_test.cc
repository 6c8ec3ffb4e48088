// The class that `architectures` names decides which head a model has.
#include <doctest/doctest.h>

#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

Model read(const std::string& text) { return parse_model(text, "config.json"); }

std::string metric(const Model& model, Metric metric) {
  const std::optional<Count> value = Estimator(model, {}).at(128, 1).count(metric);
  return value ? to_string(*value) : "unknown";
}

bool has_note(const Model& model, std::string_view part) {
  for (const std::string& note : model.notes) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

/// meta-llama/Llama-3.1-8B with another class.
std::string llama(const std::string& name, const std::string& more = {}) {
  return R"({"architectures": [")" + name + R"("], "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32,
      "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256)" +
         more + "}";
}

std::string bert(const std::string& type, const std::string& name, const std::string& more = {}) {
  return R"({"architectures": [")" + name + R"("], "model_type": ")" + type + R"(", "hidden_size": 768)" + more + "}";
}

}  // namespace

TEST_CASE("parameters by class, as published or by the matrices of the class") {
  constexpr std::uint64_t kLlama = 8030261248, kHead = 128256ull * 4096;
  struct Row {
    std::string config;
    std::uint64_t parameters;
    const char* source;
  };
  const Row rows[] = {
      {llama("LlamaForCausalLM"), kLlama, "meta-llama/Llama-3.1-8B"},
      {llama("LlamaModel"), kLlama - kHead, "no lm_head"},
      {llama("LlamaModel", R"(, "tie_word_embeddings": true)"), kLlama - kHead, "the embedding stays"},
      {llama("LlamaForSequenceClassification", R"(, "num_labels": 1)"), kLlama - kHead + 4096,
       "Skywork-Reward-Llama-3.1-8B: score without bias"},
      {llama("LlamaForSequenceClassification", R"(, "id2label": {"0": "a", "1": "b", "2": "c"}, "num_labels": 5)"),
       kLlama - kHead + 3 * 4096, "id2label decides"},
      {llama("LlamaForSequenceClassification"), kLlama - kHead + 2 * 4096, "two labels by class default"},
      {llama("LlamaForTokenClassification", R"(, "num_labels": 9)"), kLlama - kHead + 9 * 4096 + 9, "with bias"},
      {llama("LlamaForQuestionAnswering"), kLlama - kHead + 2 * 4096 + 2, "start and end"},
      {bert("bert", "BertModel"), 109482240, "BAAI/bge-base-en v1.5 and its like"},
      {bert("bert", "BertForSequenceClassification"), 109483778, "bert-base-uncased with two labels"},
      {bert("bert", "BertForTokenClassification", R"(, "vocab_size": 28996, "id2label": {"0": "O", "1": "B-MISC",
          "2": "I-MISC", "3": "B-PER", "4": "I-PER", "5": "B-ORG", "6": "I-ORG", "7": "B-LOC", "8": "I-LOC"})"),
       107726601, "dslim/bert-base-NER: no pooler"},
      {R"({"architectures": ["DistilBertForSequenceClassification"], "model_type": "distilbert", "dim": 768})",
       66955010, "distilbert-base-uncased-finetuned-sst-2-english"},
      {bert("roberta", "RobertaForSequenceClassification",
            R"(, "max_position_embeddings": 514, "type_vocab_size": 1, "vocab_size": 50265)"),
       124647170, "roberta-base with two labels: a dense layer for the pooler"},
      {bert("xlm-roberta", "XLMRobertaForSequenceClassification",
            R"(, "max_position_embeddings": 514, "type_vocab_size": 1, "vocab_size": 250002, "num_labels": 1)"),
       278044417, "BAAI/bge-reranker-base"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.config);
    CAPTURE(row.source);
    CHECK_EQ(metric(read(row.config), Metric::parameters), std::to_string(row.parameters));
  }
}

TEST_CASE("reward models have their family's head, where it is known") {
  const std::string qwen = R"(, "model_type": "qwen2", "hidden_size": 64, "num_hidden_layers": 1,
      "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 4, "vocab_size": 100})";
  const auto parameters = [&qwen](const std::string& name) {
    return metric(read(R"({"architectures": [")" + name + R"("])" + qwen), Metric::parameters);
  };
  const std::uint64_t bare = 100 * 64 + 4 * 64 * 64 + 3 * 64 + 3 * 64 * 96 + 3 * 64;
  CHECK_EQ(parameters("Qwen2Model"), std::to_string(bare));
  CHECK_EQ(parameters("Qwen2ForRewardModel"), std::to_string(bare + 64 * 64 + 64 + 64 + 1));
  CHECK_EQ(parameters("Qwen2ForProcessRewardModel"), std::to_string(bare + 64 * 64 + 64 + 2 * 64 + 2));
  const Model unknown = read(llama("LlamaForRewardModel"));
  CHECK_EQ(metric(unknown, Metric::parameters), "unknown");
  CHECK_EQ(metric(unknown, Metric::kv_cache_bytes), std::to_string(128 * 131072));
  CHECK(has_note(unknown, "the head of LlamaForRewardModel is not known"));
}

TEST_CASE("a head over labels does no work over the vocabulary") {
  CHECK_EQ(metric(read(llama("LlamaForCausalLM")), Metric::logits_flops), std::to_string(128256ull * 4096));
  CHECK_EQ(metric(read(llama("LlamaModel")), Metric::logits_flops), "0");
  CHECK_EQ(metric(read(llama("LlamaForSequenceClassification")), Metric::logits_flops), "0");
}

TEST_CASE("a note says what stands for the vocabulary's head") {
  CHECK(has_note(read(llama("LlamaModel")), "LlamaModel has no head over the vocabulary: none is counted"));
  CHECK(has_note(read(llama("LlamaForSequenceClassification", R"(, "num_labels": 1)")),
                 "LlamaForSequenceClassification: a score of 1 label stands for the head over the vocabulary"));
  CHECK(has_note(read(llama("LlamaForTokenClassification")), "a score of 2 labels a token stands for"));
  CHECK(has_note(read(llama("LlamaForCausalLMEagle")), "the head of LlamaForCausalLMEagle is not known"));
  // ChatGLM's bare class holds its head, and a wrapper's class says nothing of the language model in it.
  const Model glm = read(R"({"architectures": ["ChatGLMModel"], "model_type": "chatglm", "num_layers": 28,
      "multi_query_attention": true, "multi_query_group_num": 2, "add_qkv_bias": true})");
  CHECK_EQ(metric(glm, Metric::parameters), "6243584000");  // THUDM/chatglm3-6b
  const Model omni = read(R"({"architectures": ["Qwen2_5OmniModel"], "model_type": "qwen2_5_omni", "thinker_config": {
      "text_config": {"model_type": "qwen2_5_omni_text", "num_hidden_layers": 28}}})");
  CHECK_FALSE(has_note(omni, "has no head"));
}

TEST_CASE("towers beside the language model are counted or named") {
  struct Row {
    const char* config;
    const char* note;
  };
  const Row rows[] = {
      {R"({"model_type": "phi3_v", "num_hidden_layers": 32, "img_processor": {"name": "clip_vision_model"},
          "embd_layer": {"image_embd_layer": {"embd_layer": "clip_vision_model"}}})",
       "the vision tower is not counted"},
      {R"({"model_type": "phi4mm", "num_hidden_layers": 32, "embd_layer": {"image_embd_layer": {"crop_size": 448}}})",
       "the vision tower is not counted"},
      {R"({"model_type": "phi4mm", "num_hidden_layers": 32, "audio_processor": {"name": "cascades"}})",
       "the audio tower is not counted"},
      {R"({"model_type": "phi4mm", "num_hidden_layers": 32, "vision_lora": {"r": 256}})",
       "the vision adapter is not counted"},
      {R"({"model_type": "qwen", "num_hidden_layers": 32, "visual": {"layers": 48, "width": 1664}})",
       "the vision tower is not counted"},
      {R"({"model_type": "llama", "num_hidden_layers": 32, "mm_vision_tower": "openai/clip-vit-large-patch14-336"})",
       "the vision tower is not counted"},
      {R"({"model_type": "omni", "thinker_config": {"text_config": {"model_type": "qwen2", "num_hidden_layers": 28},
          "audio_config": {"d_model": 1280}}, "talker_config": {"hidden_size": 896}})",
       "the audio tower is not counted"},
      {R"({"model_type": "omni", "thinker_config": {"text_config": {"model_type": "qwen2", "num_hidden_layers": 28}},
          "talker_config": {"hidden_size": 896}})",
       "the talker is not counted"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.config);
    CHECK(has_note(read(row.config), row.note));
  }
  CHECK_FALSE(has_note(read(R"({"model_type": "phi3_v", "num_hidden_layers": 32, "img_processor": null})"), "tower"));
}

TEST_CASE("num_key_value_heads by default is noted where the class has it") {
  CHECK(has_note(read(R"({"model_type": "llama", "num_attention_heads": 40, "hidden_size": 5120})"),
                 "num_key_value_heads 40"));
  CHECK_FALSE(has_note(read(R"({"model_type": "gpt2", "n_head": 12})"), "num_key_value_heads"));
}

TEST_CASE("a file without any width, or with one of another format, is refused") {
  constexpr const char* kNoShape =
      "config.json: expected widths and counts (hidden_size, num_hidden_layers), found none of them (a file without "
      "them is no description of one model)";
  struct Row {
    const char* config;
    const char* message;
  };
  const Row rows[] = {
      {R"({"model_type": "llama"})", kNoShape},
      {R"({"model_type": "llama", "torch_dtype": "bfloat16", "max_position_embeddings": 4096})", kNoShape},
      {R"({"architectures": ["LlamaForCausalLM"], "hidden_size": null})", kNoShape},
      {R"({"model_type": "llama", "hidden_size": 4096, "n_kv_heads": 8})",
       R"(config.json: /n_kv_heads: a key of another format, which this family's config.json does not have (here it is "num_key_value_heads"))"},
      {R"({"model_type": "llama", "hidden_size": 2560, "dim": 4096})",
       R"(config.json: /dim: a key of another format, which this family's config.json does not have (here it is "hidden_size"))"},
      {R"({"model_type": "llama", "hidden_size": 4096, "inter_size": 11008})",
       R"(config.json: /inter_size: a key of another format, which this family's config.json does not have (here it is "intermediate_size"))"},
      // The same value twice, and names that the family has.
      {R"({"model_type": "llama", "hidden_size": 4096, "dim": 4096})", "accepted"},
      {R"({"model_type": "distilbert", "dim": 768, "n_layers": 6, "n_heads": 12, "hidden_dim": 3072})", "accepted"},
      {R"({"model_type": "mpt", "d_model": 4096, "n_heads": 32, "n_layers": 32})", "accepted"},
      // What a tool wrote as a real number is an integer; a fraction is not.
      {R"({"model_type": "llama", "hidden_size": 4096.0, "num_hidden_layers": 32.00})", "accepted"},
      {R"({"model_type": "llama", "hidden_size": 4096.5})",
       "config.json: /hidden_size: expected a positive integer, found 4096.5"},
      {R"({"model_type": "llama", "hidden_size": 4.096e3})",
       "config.json: /hidden_size: expected a positive integer, found 4.096e3"},
      {R"({"model_type": "llama", "hidden_size": -4096.0})",
       "config.json: /hidden_size: expected a positive integer, found -4096.0"},
  };
  for (const Row& row : rows) CHECK_EQ(refusal(row.config), std::string(row.message));
  CHECK_EQ(metric(read(R"({"model_type": "llama", "hidden_size": 4096.0})"), Metric::parameters),
           metric(read(R"({"model_type": "llama", "hidden_size": 4096})"), Metric::parameters));
}
