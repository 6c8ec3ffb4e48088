// Published checkpoints outside the catalogue: parameters to the unit, and all that a checkpoint holds where its total
// is public; then the ways config files say the same thing, and what a packed file occupies.
#include <doctest/doctest.h>

#include <string>

#include "ctxcost/diagnostic.h"
#include "ctxcost/estimate.h"
#include "facts.h"
#include "input/huggingface/huggingface.h"

using namespace ctxcost;

namespace {

std::string digits(std::optional<Count> value) { return value ? to_string(*value) : "nothing"; }

std::string number(const JsonValue& row, const char* key) {
  const JsonValue* value = row.find(key);
  return value == nullptr ? std::string{} : value->text;
}

Model read(const std::string& config) {
  const JsonDocument document = parse_json(config, "config.json");
  return read_huggingface(document, LoadOptions{});
}

/// A 1.5B Qwen2 with other keys added.
std::string qwen(const std::string& more = "") {
  return R"({"model_type": "qwen2", "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28,
             "num_attention_heads": 12, "num_key_value_heads": 2, "vocab_size": 151936, "tie_word_embeddings": true,
             "max_position_embeddings": 32768, "torch_dtype": "bfloat16")" +
         more + "}";
}

std::string metric(const Model& model, Metric metric, Count context = 1024) {
  return digits(Estimator(model, Workload{}).at(context, 1).count(metric));
}

}  // namespace

TEST_CASE("checkpoints outside the catalogue have their published parameters") {
  const JsonDocument facts = test::load_facts("heldout.json");
  for (const JsonValue& row : facts.root.items) {
    const std::string id = row.find("id")->text;
    CAPTURE(id);
    const Model model = read_huggingface({id, facts.text, *row.find("config")}, LoadOptions{});
    const std::optional<Count> parameters = Estimator(model, Workload{}).at(1024, 1).count(Metric::parameters);
    if (row.find("parameters") != nullptr) CHECK_EQ(digits(parameters), number(row, "parameters"));
    if (row.find("checkpoint") == nullptr || !parameters) continue;
    Count total = *parameters;
    for (const ParameterPart& part : model.parameter_parts) total += part.elements;
    CHECK_EQ(digits(total), number(row, "checkpoint"));
  }
}

TEST_CASE("a language model is found inside the wrappers of other modalities") {
  // 1,543,714,304: Qwen2.5-1.5B's safetensors total.
  const std::string inner = qwen(R"(, "architectures": ["Qwen2ForCausalLM"])");
  const std::string untyped =
      R"({"architectures": ["Qwen2ForCausalLM"], )" + qwen().substr(qwen().find("\"hidden_size\""));
  const std::string wrappers[] = {
      R"({"model_type": "llava_onevision", "text_config": )" + inner + "}",
      R"({"model_type": "internvl_chat", "llm_config": )" + inner + "}",
      R"({"model_type": "internvl_chat", "llm_config": )" + untyped + "}",
      R"({"model_type": "deepseek_vl_v2", "language_config": )" + inner + "}",
      R"({"model_type": "qwen2_5_omni", "thinker_config": {"model_type": "x", "text_config": )" + inner + "}}",
  };
  for (const std::string& wrapper : wrappers) {
    CAPTURE(wrapper);
    CHECK_EQ(metric(read(wrapper), Metric::parameters), "1543714304");
  }
}

TEST_CASE("what is absent, null or written otherwise counts the same") {
  for (const char* more : {"", R"(, "head_dim": null)", R"(, "sliding_window": 4096, "use_sliding_window": false)",
                           R"(, "use_sliding_window": true, "sliding_window": null)",
                           R"(, "rope_parameters": {"rope_type": "default", "rope_theta": 1e6})"}) {
    CAPTURE(more);
    const Model model = read(qwen(more));
    CHECK_EQ(metric(model, Metric::parameters), "1543714304");
    CHECK_EQ(metric(model, Metric::kv_cache_bytes, 8192), "234881024");  // 2*28*2*128*8192 * 2 bytes
  }
  // 14 full layers and 14 that see 4096: (8192 + 4096) * 14 * 2*2*128 * 2 bytes.
  CHECK_EQ(metric(read(qwen(R"(, "use_sliding_window": true, "sliding_window": 4096, "max_window_layers": 14)")),
                  Metric::kv_cache_bytes, 8192),
           "176160768");
}

TEST_CASE("model_max_length is Cohere's window, whatever max_position_embeddings says") {
  // Command R+: 8192 and 131072. [vLLM config/model.py _get_and_verify_max_len]
  const Model model = read(R"({"model_type": "cohere", "max_position_embeddings": 8192, "model_max_length": 131072})");
  CHECK_EQ(digits(model.positions.trained_context), "131072");
}

TEST_CASE("MLX files hold every matrix in groups with a scale and a bias") {
  // mlx-community/Qwen2.5-1.5B-Instruct-4bit. Linears and embedding: 1,543,714,304 less 28 * (2*1536 norms + 1536 + 512
  // biases) + 1536 = 1,543,569,408; at 4 bits and 32 for each 64: 868,257,792 bytes; the other 144,896 in bf16.
  const char* groups = R"(, "quantization": {"group_size": 64, "bits": 4})";
  CHECK_EQ(metric(read(qwen(groups)), Metric::weights_bytes), "868547584");
}

TEST_CASE("bitsandbytes is known by its keys, too") {
  const std::string keys = R"("load_in_4bit": true, "bnb_4bit_quant_type": "nf4"})";
  CHECK_EQ(metric(read(qwen(R"(, "quantization_config": {)" + keys)), Metric::weights_bytes),
           metric(read(qwen(R"(, "quantization_config": {"quant_method": "bitsandbytes", )" + keys)),
                  Metric::weights_bytes));
}

TEST_CASE("GPT-Neo's attention_types name every layer") {
  const auto neo = [](const std::string& types) {
    return R"({"model_type": "gpt_neo", "num_layers": 4, "num_heads": 4, "hidden_size": 64, "attention_types": )" +
           types + "}";
  };
  // Two global and two local layers of 256: (1024 + 256) * 2 * 2*64 * 2 bytes.
  CHECK_EQ(metric(read(neo(R"([[["global", "local"], 2]])")), Metric::kv_cache_bytes), "655360");
  CHECK_THROWS_AS(read(neo(R"([[["global", "local"], 3]])")), InputError);
  CHECK_THROWS_AS(read(neo(R"([[["global", "lokal"], 2]])")), InputError);
}
