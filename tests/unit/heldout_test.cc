// Published checkpoints outside the catalogue: parameters to the unit, and all that a checkpoint holds where its total
// is known. heldout.json says of each row whether its figures were read or recalled, and which keys were inferred. Then
// the ways config files say the same thing, and what a packed file occupies.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "accuracy.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/weights/weight_scheme.h"
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
  std::size_t read_in_list = 0;
  for (const JsonValue& row : facts.root.items) {
    const std::string id = row.find("id")->text;
    CAPTURE(id);
    read_in_list += row.find("source")->text.starts_with("AlexsJones/llmfit") ? 1 : 0;
    const Model model = read_huggingface({id, facts.text, *row.find("config")}, LoadOptions{});
    const std::optional<Count> parameters = Estimator(model, Workload{}).at(1024, 1).count(Metric::parameters);
    if (row.find("parameters") != nullptr) CHECK_EQ(digits(parameters), number(row, "parameters"));
    if (row.find("checkpoint") == nullptr || !parameters) continue;
    Count total = *parameters;
    for (const ParameterPart& part : model.parameter_parts) total += part.elements;
    CHECK_EQ(digits(total), number(row, "checkpoint"));
  }
  const std::size_t rows = facts.root.items.size();
  CHECK(test::accuracy_row("published parameters of models outside the catalogue", rows, rows));
  CHECK(test::accuracy_says(std::to_string(read_in_list) + " of these totals were read in a public list"));
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

// DeepSeek-R1-Distill-Qwen-7B's line was read in a public log; the others are as recalled from such logs.
TEST_CASE("file types give the sizes that llama.cpp's logs state") {
  struct Row {
    const char* id;  ///< in heldout.json
    const char* type;
    std::uint64_t unit;
    const char* size;  ///< "model size" of llm_load_print_meta, in that unit
  };
  constexpr std::uint64_t kMiB = 1048576, kGiB = 1073741824;
  constexpr Row kRows[] = {
      {"deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "Q4_K_M", kGiB, "4.36"},
      {"TinyLlama/TinyLlama-1.1B-Chat-v1.0", "Q4_K_M", kMiB, "636.18"},
      {"TinyLlama/TinyLlama-1.1B-Chat-v1.0", "Q4_0", kMiB, "606.53"},
      {"meta-llama/Llama-2-13b-hf", "Q4_K_M", kGiB, "7.33"},
      {"meta-llama/Llama-3.2-3B", "Q4_K_M", kGiB, "1.87"},
      {"mistralai/Mistral-Nemo-Instruct-2407", "Q4_K_M", kGiB, "6.96"},
      {"01-ai/Yi-34B", "Q4_K_M", kGiB, "19.24"},
      {"Qwen/Qwen2.5-0.5B", "Q4_K_M", kMiB, "373.71"},
      {"Qwen/Qwen2.5-0.5B", "Q8_0", kMiB, "500.79"},
      {"Qwen/Qwen2.5-72B", "Q4_K_M", kGiB, "44.15"},
      {"Qwen/Qwen3-4B", "Q4_K_M", kGiB, "2.32"},
      {"Qwen/Qwen3-32B", "Q4_K_M", kGiB, "18.40"},
      {"google/gemma-2-27b-it", "Q4_K_M", kGiB, "15.50"},
      {"google/gemma-3-1b-it", "Q4_K_M", kMiB, "762.49"},
      {"google/gemma-3-270m", "Q8_0", kMiB, "271.81"},
      {"CohereForAI/c4ai-command-r-plus", "Q4_K_M", kGiB, "58.43"},
      {"THUDM/GLM-4-9B-0414", "Q4_K_M", kGiB, "5.73"},
      {"LiquidAI/LFM2-1.2B", "Q4_K_M", kMiB, "694.76"},
  };
  const JsonDocument facts = test::load_facts("heldout.json");
  for (const Row& row : kRows) {
    CAPTURE(row.id);
    CAPTURE(row.type);
    for (const JsonValue& held : facts.root.items) {
      if (held.find("id")->text != row.id) continue;
      Workload workload;
      workload.weights = parse_weight_scheme(row.type, "--weights");
      const Model model = read_huggingface({row.id, facts.text, *held.find("config")}, LoadOptions{});
      const std::optional<Count> bytes = Estimator(model, workload).at(1024, 1).count(Metric::weights_bytes);
      REQUIRE(bytes);
      const std::uint64_t hundredths = ((*bytes * 100 + Count(row.unit) / 2) / Count(row.unit)).u64();
      const std::string cents = std::to_string(hundredths % 100);
      CHECK_EQ(std::to_string(hundredths / 100) + "." + std::string(2 - cents.size(), '0') + cents, row.size);
    }
  }
  CHECK(test::accuracy_row("sizes of files that llama.cpp's logs state", std::size(kRows), std::size(kRows)));
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
