// Weights as llama.cpp stores them: sizes of real files, from tests/data/llamacpp.json (each row names its commit).
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "ctxcost/estimate.h"
#include "input/huggingface/family.h"
#include "input/huggingface/huggingface.h"
#include "input/json.h"

using namespace ctxcost;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Count number(const JsonValue& object, std::string_view key, Count otherwise = 0) {
  const JsonValue* value = object.find(key);
  return value != nullptr && value->is(JsonValue::Type::integer) ? parse_digits(value->text).value() : otherwise;
}
std::string text(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  return value == nullptr ? "" : value->text;
}
bool flag(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  return value != nullptr && value->boolean;
}

/// A decoder of equal layers from a row's hyperparameters: what these families add to it is spelled out here.
Model decoder_of(const JsonValue& h) {
  Model model;
  model.family = text(h, "model_type");
  model.name = model.family;
  model.d_model = number(h, "hidden_size");
  model.vocab = number(h, "vocab_size");
  model.tied_embeddings = flag(h, "tie_word_embeddings");
  model.weights = parse_precision("bf16", "");
  model.activation = model.weights;
  model.kv = parse_kv_precision("bf16", "");
  const bool gemma = model.family == "gemma2" || model.family == "gemma3_text";
  const bool gpt_oss = model.family == "gpt_oss";

  MixerShape shape;
  shape.heads = number(h, "num_attention_heads");
  shape.kv_heads = number(h, "num_key_value_heads");
  shape.d_k = shape.d_v = number(h, "head_dim");
  shape.d_model = model.d_model;
  shape.qkv_bias = shape.output_bias = shape.sink_logits = gpt_oss;
  if (model.family == "qwen3" || model.family == "gemma3_text") shape.qk_norm = QkNorm::head;

  LayerGroup group;
  for (std::uint32_t i = 0; i < number(h, "num_hidden_layers").u64(); ++i) group.layers.push_back(i);
  group.mixers.push_back(make_mixer("full", shape));
  group.feed_forward.kind = FeedForwardKind::gated;
  group.feed_forward.d_ff = number(h, "intermediate_size");
  if (gpt_oss) {
    Experts experts;
    experts.count = number(h, "num_local_experts");
    experts.active = number(h, "num_experts_per_tok");
    experts.d_ff = number(h, "intermediate_size");
    experts.router_bias = true;
    group.feed_forward.experts = experts;
    group.feed_forward.bias = true;
  }
  group.extras = {vector_of("attn_norm", *model.d_model), vector_of("ffn_norm", *model.d_model)};
  if (gemma) {
    group.extras.push_back(vector_of("post_attention_norm", *model.d_model));
    group.extras.push_back(vector_of("post_ffw_norm", *model.d_model));
  }
  model.groups.push_back(std::move(group));

  model.tensors.push_back({Place::embedding, lookup("token_embd", *model.d_model, *model.vocab)});
  model.tensors.push_back({Place::final_norm, vector_of("output_norm", *model.d_model)});
  if (!model.tied_embeddings) model.tensors.push_back({Place::head, linear("output", *model.d_model, *model.vocab)});
  return model;
}

bool has_reader(std::string_view model_type) {
  for (const huggingface::Family& family : huggingface::families()) {
    const std::string names = " " + std::string(family.model_types) + " ";
    if (names.find(" " + std::string(model_type) + " ") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("file types give the bytes, types and tensor counts that llama.cpp reports") {
  const JsonDocument facts = parse_json(read_file(CTXCOST_SOURCE_DIR "/tests/data/llamacpp.json"), "llamacpp.json");
  int checked = 0;
  for (const JsonValue& row : facts.root.items) {
    const JsonValue& hyperparameters = *row.find("hyperparameters");
    const bool by_reader = has_reader(text(hyperparameters, "model_type"));
    if (!by_reader && number(hyperparameters, "head_dim") == 0) continue;
    const std::string id = text(row, "id");
    CAPTURE(id);
    JsonDocument config;
    config.source = id;
    config.root = hyperparameters;
    Model model = by_reader ? read_huggingface(config, {}) : decoder_of(hyperparameters);
    // Llama 3.2 scales its rotary frequencies, which the row leaves out.
    if (text(row, "model") == "llama-3.2-1b") model.positions.scaling_type = "llama3";

    const JsonValue& conditions = *row.find("conditions");
    std::string scheme = text(conditions, "ftype");
    if (scheme.empty()) scheme = text(conditions, "weights_type");
    if (scheme == "MXFP4 experts, F16 rest") scheme = "F16:experts=mxfp4";

    Workload workload;
    workload.weights = parse_weight_scheme(scheme, "--weights");
    const Estimator estimator(model, workload);
    REQUIRE(estimator.stored_tensors());
    Count tensors, elements, bytes;
    std::map<std::string, StoredType> by_type;
    for (const StoredType& type : sum_by_type(*estimator.stored_tensors())) {
      tensors += type.tensors;
      elements += type.elements;
      bytes += type.bytes;
      by_type[type.type] = type;
    }
    const JsonValue& reported = *row.find("reported");
    CHECK(to_string(bytes) == to_string(number(reported, "weights_bytes")));
    CHECK(estimator.at(1, 1).count(Metric::weights_bytes) == bytes);
    CHECK(to_string(elements) == to_string(number(reported, "n_params")));
    if (reported.find("n_tensors") != nullptr && number(reported, "n_tensors") > 0) {
      CHECK(to_string(tensors) == to_string(number(reported, "n_tensors")));
    }
    if (const JsonValue* types = reported.find("tensor_types")) {
      CHECK(by_type.size() == types->members.size());
      for (const JsonMember& member : types->members) {
        CAPTURE(member.key);
        const std::string name = member.key == "f32" ? "fp32" : member.key == "f16" ? "fp16" : member.key;
        CHECK(to_string(by_type[name].tensors) == to_string(number(member.value, "count")));
        CHECK(to_string(by_type[name].bytes) == to_string(number(member.value, "bytes")));
      }
    }
    ++checked;
  }
  MESSAGE(checked, " rows");
  CHECK(checked > 0);
}
