// Models and devices by the names that people, hubs and driver tools write.
#include <doctest/doctest.h>

#include <iterator>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

/// As `load_model` does: the exact name first. "" where the name means no model.
std::string model_of(std::string_view name) {
  if (const CatalogueEntry* entry = find_in_catalogue(name)) return std::string(entry->id);
  const std::optional<CatalogueMatch> match = match_model(name);
  return match ? std::string(match->entry->id) : "";
}

std::string gpu_of(std::string_view name) {
  try {
    return parse_gpu(name).gpu.id;
  } catch (const InputError&) {
    return "";
  }
}

struct Row {
  const char* name;
  const char* id;  ///< empty where it means none, or several
};

}  // namespace

TEST_CASE("models by the names that people type") {
  constexpr const char* kLlama = "meta-llama/Llama-3.1-8B";
  const Row rows[] = {
      {"llama-3.1-8b", kLlama},
      {"Llama 3.1 8B", kLlama},
      {"llama3.1 8b", kLlama},
      {"llama_3.1_8b", kLlama},
      {"llama3.1:8b", kLlama},
      {"llama3.1-8b", kLlama},
      {"Llama-3.1-8B-Instruct", kLlama},
      {"meta-llama/Llama-3.1-8B-Instruct", kLlama},
      {"meta-llama/Meta-Llama-3.1-8B-Instruct", kLlama},
      {"llama3.1:8b-instruct-q4_K_M", kLlama},
      {"llama3.1:8b-instruct-q8_0", kLlama},
      {"unsloth/Meta-Llama-3.1-8B-Instruct-bnb-4bit", kLlama},
      {"RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic", kLlama},
      {"RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16", kLlama},
      {"hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4", kLlama},
      {"nvidia/Llama-3.1-8B-Instruct-FP8", kLlama},
      {"bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", kLlama},
      {"llama3:8b", "meta-llama/Meta-Llama-3-8B"},
      {"nomic-embed-text:v1.5", "nomic-ai/nomic-embed-text-v1.5"},
      {"embeddinggemma:300m", "google/embeddinggemma-300m"},
      {"unsloth/embeddinggemma-300m-GGUF", "google/embeddinggemma-300m"},
      {"qwen3.5:0.8b", "Qwen/Qwen3.5-0.8B"},
      {"unsloth/Qwen3.5-4B-GGUF", "Qwen/Qwen3.5-4B"},
      {"granite3.3:8b", "ibm-granite/granite-3.3-8b-instruct"},
      {"granite3.3:2b", "ibm-granite/granite-3.3-2b-instruct"},
      {"bartowski/Ministral-8B-Instruct-2410-GGUF", "mistralai/Ministral-8B-Instruct-2410"},
      {"kimi-k2-thinking", "moonshotai/Kimi-K2-Thinking"},
      {"Hunyuan A13B", "tencent/Hunyuan-A13B-Instruct"},
      {"baidu/ERNIE-4.5-300B-A47B", "baidu/ERNIE-4.5-300B-A47B-PT"},
      {"internlm3-8b-instruct", "internlm/internlm3-8b-instruct"},
      {"Meta-Llama-3-70B-Instruct", "meta-llama/Meta-Llama-3-70B"},
      {"Llama-2-7b-chat-hf", "meta-llama/Llama-2-7b-hf"},
      {"llama2:70b", "meta-llama/Llama-2-70b-hf"},
      {"Llama-3.3-70B", "meta-llama/Llama-3.3-70B-Instruct"},
      {"casperhansen/llama-3.3-70b-instruct-awq", "meta-llama/Llama-3.3-70B-Instruct"},
      {"llama3.2:1b", "meta-llama/Llama-3.2-1B"},
      {"Llama-3.2-1B-Instruct", "meta-llama/Llama-3.2-1B"},
      {"Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B"},
      {"Qwen/Qwen2.5-7B-Instruct-1M", "Qwen/Qwen2.5-7B-Instruct-1M"},
      {"qwen2.5:14b", "Qwen/Qwen2.5-14B"},
      {"Qwen2.5-32B-Instruct-GPTQ-Int4", "Qwen/Qwen2.5-32B"},
      {"Qwen2.5-14B-Instruct-AWQ", "Qwen/Qwen2.5-14B"},
      {"Qwen3-8B-FP8", "Qwen/Qwen3-8B"},
      {"qwen3 8b", "Qwen/Qwen3-8B"},
      {"Qwen3-8B-Base", "Qwen/Qwen3-8B"},
      {"Qwen/Qwen3-30B-A3B-Instruct-2507", "Qwen/Qwen3-30B-A3B-Instruct-2507"},
      {"Qwen3-30B-A3B-Thinking-2507-FP8", "Qwen/Qwen3-30B-A3B-Thinking-2507"},
      {"qwen3:30b-a3b", "Qwen/Qwen3-30B-A3B"},
      {"qwen3:30b", "Qwen/Qwen3-30B-A3B"},
      {"Qwen3-Coder-480B-A35B-Instruct-FP8", "Qwen/Qwen3-Coder-480B-A35B-Instruct"},
      {"Qwen3-Next-80B-A3B-Thinking", "Qwen/Qwen3-Next-80B-A3B-Instruct"},
      {"gemma 3 27b", "google/gemma-3-27b-it"},
      {"gemma3:27b", "google/gemma-3-27b-it"},
      {"google/gemma-3-27b-it-qat-q4_0-gguf", "google/gemma-3-27b-it"},
      {"gemma2:9b", "google/gemma-2-9b-it"},
      {"gpt-oss:20b", "openai/gpt-oss-20b"},
      {"GPT OSS 120B", "openai/gpt-oss-120b"},
      {"unsloth/gpt-oss-20b-GGUF", "openai/gpt-oss-20b"},
      {"Mixtral-8x7B-Instruct-v0.1", "mistralai/Mixtral-8x7B-v0.1"},
      {"mixtral:8x7b", "mistralai/Mixtral-8x7B-v0.1"},
      {"TheBloke/Mistral-7B-Instruct-v0.1-GPTQ", "mistralai/Mistral-7B-v0.1"},
      {"mistral:7b", "mistralai/Mistral-7B-Instruct-v0.3"},
      {"deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-R1"},
      {"DeepSeek-R1-0528", "deepseek-ai/DeepSeek-R1"},
      {"DeepSeek-V3-0324", "deepseek-ai/DeepSeek-V3"},
      {"deepseek-v3:671b", "deepseek-ai/DeepSeek-V3"},
      {"cognitivecomputations/DeepSeek-V3-AWQ", "deepseek-ai/DeepSeek-V3"},
      {"Kimi-K2", "moonshotai/Kimi-K2-Instruct"},
      {"GLM 4.5", "zai-org/GLM-4.5"},
      {"GLM-4.5-FP8", "zai-org/GLM-4.5"},
      {"OLMo-2-1124-7B", ""},  // 1124 is no year and month; see olmo-2-7b
      {"phi3mini", "microsoft/Phi-3-mini-4k-instruct"},
      {"Phi 4", "microsoft/phi-4"},
      {"gptj6b", "EleutherAI/gpt-j-6b"},
      {"Llama-4-Scout-17B-16E", "meta-llama/Llama-4-Scout-17B-16E-Instruct"},
      // Another size, version or model is never a near one.
      {"llama-3.1-7b", ""},
      {"llama-3-1-8b", ""},
      {"llama-3.18b", ""},
      {"llama-31-8b", ""},
      {"llama-3.1", ""},
      {"llama-3.1-8b-instruct-v2", ""},
      {"opt-13b", ""},  // opt-1.3b
      {"pythia-28b", ""},
      {"qwen3-17b", ""},
      {"qwen3-5b", ""},
      {"Qwen3-30B", "Qwen/Qwen3-30B-A3B"},
      {"Mistral-7B-Instruct-v0.4", ""},
      {"mistral-7b-instruct", ""},  // v0.1 has a window, v0.3 has none
      {"Mistral-Small-Instruct-2409", ""},
      {"Mistral-Small-3.3-24B-Instruct-2503", ""},
      {"glm-4.5-airx", ""},
      {"DeepSeek-R1-Distill-Llama-9B", ""},
      {"phi-4-micro-instruct", ""},
      {"flan-t5-base", "google/flan-t5-base"},
      {"flan-t5-large", ""},
      {"bert-base-cased", ""},
      {"t5", ""},
      {"instruct", ""},
      {"8b", ""},
      // Paths are no names.
      {"./llama-3.1-8b-instruct", ""},
      {"models/a/llama-3.1-8b", ""},
      {"/llama-3.1-8b", ""},
      {"llama-3.1-8b-instruct.json", ""},
      {"llama-3.1-8b-instruct.gguf", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(model_of(row.name) == row.id);
  }
  CHECK_FALSE(match_model(std::string(1 << 20, 'x')));
}

TEST_CASE("what is left out of a name stands in a note") {
  CHECK(match_model("Llama 3.1 8B")->note.empty());
  CHECK(match_model("Llama-3.1-8B-Instruct-AWQ")->note ==
        "\"Llama-3.1-8B-Instruct-AWQ\" is counted as meta-llama/Llama-3.1-8B of the catalogue: its shape and window, "
        "whatever \"instruct-awq\" changes; its weights are in AWQ's int4, group 128, as the name says (the setting "
        "weights wins)");
  CHECK(match_model("Llama-3.1-8B-Instruct")->note ==
        "\"Llama-3.1-8B-Instruct\" is counted as meta-llama/Llama-3.1-8B of the catalogue: its shape and window, "
        "whatever \"instruct\" changes; the setting weights names their type");
  CHECK(match_model("Llama-3.1-8B-Instruct-GPTQ")->note ==
        "\"Llama-3.1-8B-Instruct-GPTQ\" is counted as meta-llama/Llama-3.1-8B of the catalogue: its shape and window, "
        "whatever \"instruct-gptq\" changes; of its weights the name does not say enough (GPTQ), so they are unknown: "
        "the setting weights names their type");
  CHECK(match_model("llama3.1:8b-instruct-q4_K_M")->note.find("\"instruct-q4_k_m\"") != std::string::npos);
  CHECK(match_model("unsloth/Llama-3.1-8B")->note ==
        "\"unsloth/Llama-3.1-8B\" is counted as meta-llama/Llama-3.1-8B of the catalogue: its shape and window");
  const Model model = load_model("meta-llama/Llama-3.1-8B-Instruct", {});
  CHECK(model.id == "meta-llama/Llama-3.1-8B");
  REQUIRE_FALSE(model.notes.empty());
  CHECK(model.notes.back().find("\"instruct\"") != std::string::npos);
}

TEST_CASE("names of models as typed in public threads, with what they say of the weights") {
  struct Typed {
    const char* name;
    const char* id;       ///< empty where it is refused
    const char* weights;  ///< empty where the name says nothing
  };
  const Typed rows[] = {
      {"Qwen/Qwen2.5-7B-Instruct-AWQ", "Qwen/Qwen2.5-7B", "AWQ's int4, group 128"},
      {"llama3.1:8b", "meta-llama/Llama-3.1-8B", ""},
      {"llama3.1:70b-instruct-q4_0", "meta-llama/Llama-3.1-70B", "Q4_0"},
      {"meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B", ""},
      {"unsloth/gemma-3-27b-it-GGUF", "google/gemma-3-27b-it", "a GGUF file"},
      {"bartowski/Qwen2.5-Coder-32B-Instruct-GGUF:Q4_K_M", "Qwen/Qwen2.5-Coder-32B-Instruct", "Q4_K_M"},
      {"bartowski/Llama-3.3-70B-Instruct-GGUF:IQ4_XS", "meta-llama/Llama-3.3-70B-Instruct", "IQ4_XS"},
      {"deepseek-r1:32b", "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", ""},
      {"deepseek-r1:7b", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", ""},
      {"deepseek-r1:70b", "deepseek-ai/DeepSeek-R1-Distill-Llama-70B", ""},
      {"deepseek-r1:671b", "deepseek-ai/DeepSeek-R1", ""},
      {"DeepSeek-R1-Distill-Qwen-14B-Q8_0", "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B", "Q8_0"},
      {"gpt-oss:20b", "openai/gpt-oss-20b", ""},
      {"unsloth/gpt-oss-120b-GGUF", "openai/gpt-oss-120b", "a GGUF file"},
      {"mistral-nemo", "mistralai/Mistral-Nemo-Instruct-2407", ""},
      {"mistral-nemo:12b", "mistralai/Mistral-Nemo-Instruct-2407", ""},
      {"qwen3:30b-a3b", "Qwen/Qwen3-30B-A3B", ""},
      {"qwen3:32b", "Qwen/Qwen3-32B", ""},
      {"qwen3:4b", "Qwen/Qwen3-4B", ""},
      {"qwen3-coder:30b", "Qwen/Qwen3-Coder-30B-A3B-Instruct", ""},
      {"unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF:UD-Q4_K_XL", "Qwen/Qwen3-Coder-30B-A3B-Instruct", "q4_k_xl"},
      {"Qwen/Qwen3-235B-A22B-Instruct-2507-FP8", "Qwen/Qwen3-235B-A22B-Instruct-2507", "fp8, scaled by tensor"},
      {"Qwen/Qwen3-4B-AWQ", "Qwen/Qwen3-4B", "AWQ's int4, group 128"},
      {"JunHowie/Qwen3-32B-GPTQ-Int4", "Qwen/Qwen3-32B", "GPTQ's int4, group 128"},
      {"nvidia/Qwen3-32B-NVFP4", "Qwen/Qwen3-32B", "nvfp4"},
      {"lmstudio-community/Qwen3-14B-MLX-4bit", "Qwen/Qwen3-14B", "MLX's int4, group 64"},
      {"mlx-community/Qwen3-8B-8bit", "Qwen/Qwen3-8B", "MLX's int8, group 64"},
      {"TheBloke/Llama-2-13B-chat-GPTQ", "meta-llama/Llama-2-13b-hf", "GPTQ"},
      {"TheBloke/Llama-2-70B-Chat-AWQ", "meta-llama/Llama-2-70b-hf", "AWQ's int4, group 128"},
      {"TheBloke/Mixtral-8x7B-Instruct-v0.1-GGUF", "mistralai/Mixtral-8x7B-v0.1", "a GGUF file"},
      {"turboderp/Llama-3.1-8B-Instruct-exl2", "meta-llama/Llama-3.1-8B", "exl2"},
      {"NousResearch/Meta-Llama-3-8B", "meta-llama/Meta-Llama-3-8B", ""},
      {"unsloth/Meta-Llama-3.1-8B-bnb-4bit", "meta-llama/Llama-3.1-8B", "bitsandbytes' 4 bits"},
      {"casperhansen/llama-3.3-70b-instruct-awq", "meta-llama/Llama-3.3-70B-Instruct", "AWQ's int4, group 128"},
      {"RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic", "meta-llama/Llama-3.3-70B-Instruct", "fp8, scaled by row"},
      {"RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w8a8", "meta-llama/Llama-3.1-8B", "int8, scaled by row"},
      {"llama3.2:3b", "meta-llama/Llama-3.2-3B", ""},
      {"Llama-3.2-3B-Instruct-Q6_K", "meta-llama/Llama-3.2-3B", "Q6_K"},
      {"codellama:34b", "codellama/CodeLlama-34b-hf", ""},
      {"tinyllama", "TinyLlama/TinyLlama-1.1B-Chat-v1.0", ""},
      {"gemma3:1b", "google/gemma-3-1b-it", ""},
      {"gemma2:27b", "google/gemma-2-27b-it", ""},
      {"google/gemma-4-31B-it", "google/gemma-4-31B-it", ""},
      {"QuantTrio/gemma-4-31B-it-AWQ", "google/gemma-4-31B-it", "AWQ's int4, group 128"},
      {"cyankiwi/gemma-4-31B-it-AWQ-8bit", "google/gemma-4-31B-it", "AWQ"},
      {"RedHatAI/gemma-4-31B-it-FP8-block", "google/gemma-4-31B-it", "fp8, 128x128 blocks"},
      {"turboderp/Llama-3.1-8B-Instruct-4.0bpw-h6-exl2", "meta-llama/Llama-3.1-8B", "exl2"},
      {"Qwen3-32B-5.0bpw", "Qwen/Qwen3-32B", "5.0bpw"},
      {"Qwen/Qwen3.6-27B-FP8", "Qwen/Qwen3.6-27B", "fp8, scaled by tensor"},
      {"Qwen3.5-9B", "Qwen/Qwen3.5-9B", ""},
      {"QwQ-32B-AWQ", "Qwen/QwQ-32B", "AWQ's int4, group 128"},
      {"qwen2.5-coder:7b", "Qwen/Qwen2.5-Coder-7B-Instruct", ""},
      {"qwen2.5:72b", "Qwen/Qwen2.5-72B", ""},
      {"mistral-small3.2:24b", "mistralai/Mistral-Small-3.2-24B-Instruct-2506", ""},
      {"mistral-large:123b", "mistralai/Mistral-Large-Instruct-2407", ""},
      {"mixtral:8x22b", "mistralai/Mixtral-8x22B-v0.1", ""},
      {"zai-org/GLM-4.5-Air-FP8", "zai-org/GLM-4.5-Air", "fp8, scaled by tensor"},
      {"GLM-4.6", "zai-org/GLM-4.6", ""},
      {"MiniMaxAI/MiniMax-M2.1", "MiniMaxAI/MiniMax-M2.5", ""},
      {"moonshotai/Kimi-K2.5", "moonshotai/Kimi-K2.5", ""},
      {"Llama-4-Maverick-17B-128E-Instruct-FP8", "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
       "fp8, scaled by tensor"},
      {"phi3:14b", "microsoft/Phi-3-medium-4k-instruct", ""},
      {"microsoft/Phi-4-mini-instruct", "microsoft/Phi-4-mini-instruct", ""},
      {"HuggingFaceTB/SmolLM2-360M-Instruct", "HuggingFaceTB/SmolLM2-360M", ""},
      {"Qwen/Qwen3-Embedding-0.6B", "Qwen/Qwen3-Embedding-0.6B", ""},
      {"solar:10.7b", "upstage/SOLAR-10.7B-Instruct-v1.0", ""},
      // Another shape is never taken.
      {"llama-3.1-9b", "", ""},
      {"deepseek-r1:8b", "", ""},  // a distilled Qwen3
      {"qwen2.5:8b", "", ""},
      {"gemma3:9b-q4_K_M", "", ""},
      {"Qwen3-Coder-32B-GGUF", "", ""},
      {"mixtral:8x8b-AWQ", "", ""},
  };
  CHECK(std::size(rows) >= 60);
  for (const Typed& row : rows) {
    CAPTURE(row.name);
    CHECK(model_of(row.name) == row.id);
    const std::optional<CatalogueMatch> match = match_model(row.name);
    CHECK((match ? match->weights.words : "") == row.weights);
  }
  CHECK(hint_for_model("llama-3.1-9b") == "did you mean \"llama-3.1-8b\"?");
}

TEST_CASE("the type in a name is the type of the weights, unless the user names another") {
  const auto weights_bytes = [](const char* name, const char* asked) {
    Workload workload;
    if (*asked != '\0') workload.weights = parse_weight_scheme(asked, "");
    return Estimator(load_model(name), workload).at(1, 1).count(Metric::weights_bytes);
  };
  // Linears of a layer: 2 * 4,096^2 + 2 * 4,096 * 1,024 + 3 * 4,096 * 14,336 elements in 43,008 rows, 32 times. The
  // embedding, the head and the norms stay in two bytes each.
  constexpr std::uint64_t kLinears = 6'979'321'856;
  constexpr std::uint64_t kRest = 2 * (2ULL * 128'256 * 4'096 + 65 * 4'096);
  // 4 bits, and a scale of 16 bits and a zero point of 4 for each 128.
  CHECK(weights_bytes("Llama-3.1-8B-Instruct-AWQ", "") == Count{kLinears / 2 + kLinears / 128 * 5 / 2 + kRest});
  // 8 bits, and a scale of 16 bits a row.
  CHECK(weights_bytes("RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic", "") ==
        Count{kLinears + 32 * 43'008 * 2 + kRest});
  // 8 bits, and a scale of 16 bits for each 128 x 128: all sides are multiples of that.
  CHECK(weights_bytes("RedHatAI/Llama-3.1-8B-Instruct-FP8-block", "") ==
        Count{kLinears + kLinears / 16'384 * 2 + kRest});
  // 4 bits, and an fp8 scale for each 16; two fp32 scales for each of 224 matrices.
  CHECK(weights_bytes("nvidia/Llama-3.1-8B-Instruct-NVFP4", "") ==
        Count{kLinears / 2 + kLinears / 16 + 224 * 8 + kRest});
  // MLX packs the embedding and the head, too: 4 bits, and a scale and a bias of 16 bits for each 64.
  constexpr std::uint64_t kPacked = kLinears + 2ULL * 128'256 * 4'096;
  CHECK(weights_bytes("mlx-community/Llama-3.1-8B-Instruct-4bit", "") ==
        Count{kPacked / 2 + kPacked / 64 * 4 + 65 * 4'096 * 2});
  CHECK(weights_bytes("llama3.1:8b-instruct-q4_K_M", "") == weights_bytes("llama-3.1-8b", "Q4_K_M"));
  CHECK(weights_bytes("Llama-3.1-8B-Instruct-BF16", "") == Count{2 * 8'030'261'248});
  // What the name does not say is unknown, and what the user says counts.
  for (const char* name : {"Llama-3.1-8B-Instruct-GPTQ", "Llama-3.1-8B-GGUF", "turboderp/Llama-3.1-8B-exl2"}) {
    CHECK_FALSE(weights_bytes(name, ""));
    CHECK(weights_bytes(name, "Q4_K_M") == weights_bytes("llama-3.1-8b", "Q4_K_M"));
  }
  CHECK(weights_bytes("Llama-3.1-8B-Instruct-AWQ", "bf16") == Count{2 * 8'030'261'248});
  // A checkpoint that is published in that type keeps its own blocks.
  CHECK(weights_bytes("DeepSeek-V3-FP8", "") == weights_bytes("deepseek-v3", ""));
  // gpt-oss as published is in MXFP4; its BF16 copies are not.
  CHECK(weights_bytes("unsloth/gpt-oss-20b-BF16", "") == Count{2 * 20'914'757'184});
}

TEST_CASE("a model that nothing names gets what it may be, or a near name without packaging") {
  CHECK(hint_for_model("llama-3.1") ==
        "it may be llama-3.1-405b, llama-3.1-70b, llama-3.1-8b, llama-3.1-nemotron-70b-instruct-hf");
  CHECK(hint_for_model("mistral-7b-instruct") ==
        "it may be mistral-7b-v0.1, mistral-7b-instruct-v0.2, mistral-7b-instruct-v0.3");
  CHECK(hint_for_model("Llama-3.1-9B-Instruct") == "did you mean \"llama-3.1-8b\"?");
  CHECK(hint_for_model("zzz") == "`ctxcost list models` shows the catalogue");
}

TEST_CASE("devices by the names that people type") {
  const Row rows[] = {
      {"4090", "rtx-4090-24gb"},
      {"RTX 4090", "rtx-4090-24gb"},
      {"rtx4090", "rtx-4090-24gb"},
      {"rtx_4090", "rtx-4090-24gb"},
      {"NVIDIA GeForce RTX 4090", "rtx-4090-24gb"},
      {"4090:2", "rtx-4090-24gb"},
      {"RTX 4090 24GB", "rtx-4090-24gb"},
      {"rtx-4090-24g", "rtx-4090-24gb"},
      {"3090", "rtx-3090-24gb"},
      {"GeForce RTX 3090", "rtx-3090-24gb"},
      {"5090", "rtx-5090-32gb"},
      {"H100 SXM", "h100-sxm-80gb"},
      {"h100-sxm", "h100-sxm-80gb"},
      {"h100sxm", "h100-sxm-80gb"},
      {"H100 SXM5", "h100-sxm-80gb"},
      {"h100-sxm5-80gb", "h100-sxm-80gb"},
      {"NVIDIA H100 80GB HBM3", "h100-sxm-80gb"},
      {"H100 PCIe", "h100-pcie-80gb"},
      {"NVIDIA H100 PCIe", "h100-pcie-80gb"},
      {"NVIDIA H100 NVL", "h100-nvl-94gb"},
      {"H100-94GB", "h100-nvl-94gb"},
      {"H200", "h200-sxm-141gb"},
      {"NVIDIA H200", "h200-sxm-141gb"},
      {"h200-141gb", "h200-sxm-141gb"},
      {"H20", ""},
      {"GH200", ""},
      {"B200", "b200-sxm-180gb"},
      {"GB200", "gb200-186gb"},
      {"B300", "b300-sxm-288gb"},
      {"NVIDIA A100-SXM4-80GB", "a100-sxm4-80gb"},
      {"a100 sxm 40gb", "a100-sxm4-40gb"},
      {"NVIDIA A100 80GB PCIe", "a100-pcie-80gb"},
      {"A100 PCIe 40 GB", "a100-pcie-40gb"},
      {"A10", "a10-24gb"},
      {"NVIDIA A10G", "a10g-24gb"},
      {"A30", "a30-24gb"},
      {"A40", "a40-48gb"},
      {"RTX A6000", "rtx-a6000-48gb"},
      {"a6000", "rtx-a6000-48gb"},
      {"L4", "l4-24gb"},
      {"L40", "l40-48gb"},
      {"L40S", "l40s-48gb"},
      {"l40s:8", "l40s-48gb"},
      {"T4", "t4-16gb"},
      {"Tesla T4", "t4-16gb"},
      {"V100 32GB", ""},
      {"Tesla V100-SXM2-32GB", "v100-sxm2-32gb"},
      {"RTX 6000 Ada", "rtx-6000-ada-48gb"},
      {"NVIDIA RTX 6000 Ada Generation", "rtx-6000-ada-48gb"},
      {"RTX PRO 6000", "rtx-pro-6000-blackwell-96gb"},
      {"NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "rtx-pro-6000-blackwell-96gb"},
      {"MI300X", "mi300x-192gb"},
      {"AMD Instinct MI300X", "mi300x-192gb"},
      {"mi 300x", "mi300x-192gb"},
      {"MI355X", "mi355x-288gb"},
      {"7900 XTX", "rx-7900-xtx-24gb"},
      {"Radeon RX 7900 XTX", "rx-7900-xtx-24gb"},
      {"TPU v5e", "tpu-v5e"},
      {"tpuv5p", "tpu-v5p"},
      {"Gaudi 3", "gaudi3-128gb"},
      {"Intel Gaudi2", "gaudi2-96gb"},
      {"Apple M3 Max", ""},
      {"m3 ultra 512gb", "m3-ultra-512gb"},
      {"M2Ultra", ""},
      {"Jetson AGX Orin", ""},
      {"DGX Spark", "dgx-spark-gb10-128gb"},
      {"GB10", "dgx-spark-gb10-128gb"},
      {"Arc Pro B60", "arc-pro-b60-24gb"},
      {"Trainium 2", "trainium2-96gb"},
      // As people write them in threads about local models.
      {"NVIDIA GeForce RTX 3060 12GB", "rtx-3060-12gb"},
      {"3060 12gb", "rtx-3060-12gb"},
      {"3060", ""},
      {"RTX 3060 Ti", "rtx-3060-ti-8gb"},
      {"3070", "rtx-3070-8gb"},
      {"RTX 3080 10GB", "rtx-3080-10gb"},
      {"3080ti", "rtx-3080-ti-12gb"},
      {"3090ti", "rtx-3090-ti-24gb"},
      {"NVIDIA GeForce RTX 3080 Ti Laptop GPU", "rtx-3080-ti-laptop-16gb"},
      {"2080 Ti", "rtx-2080-ti-11gb"},
      {"RTX 2060 12GB", "rtx-2060-12gb"},
      {"4060 Ti 16GB", "rtx-4060-ti-16gb"},
      {"4060ti", ""},
      {"RTX 4060", "rtx-4060-8gb"},
      {"4070 super", "rtx-4070-super-12gb"},
      {"RTX 4070 Ti SUPER", "rtx-4070-ti-super-16gb"},
      {"4070 ti", "rtx-4070-ti-12gb"},
      {"4070", "rtx-4070-12gb"},
      {"rtx4080super", "rtx-4080-super-16gb"},
      {"4090D", "rtx-4090-d-24gb"},
      {"NVIDIA GeForce RTX 4090 Laptop GPU", "rtx-4090-laptop-16gb"},
      {"5060 ti 16gb", "rtx-5060-ti-16gb"},
      {"5070ti", "rtx-5070-ti-16gb"},
      {"RTX 5080", "rtx-5080-16gb"},
      {"NVIDIA GeForce RTX 5090", "rtx-5090-32gb"},
      {"5090 mobile", "rtx-5090-laptop-24gb"},
      {"A4000", "rtx-a4000-16gb"},
      {"RTX A5000", "rtx-a5000-24gb"},
      {"RTX 4000 SFF Ada", "rtx-4000-sff-ada-20gb"},
      {"RTX PRO 6000 Blackwell", "rtx-pro-6000-blackwell-96gb"},
      {"RTX PRO 6000 Blackwell Max-Q Workstation Edition", "rtx-pro-6000-blackwell-max-q-96gb"},
      {"Quadro RTX 8000", "quadro-rtx-8000-48gb"},
      {"Titan RTX", "titan-rtx-24gb"},
      {"Tesla P40", "p40-24gb"},
      {"P100", "p100-pcie-16gb"},
      {"NVIDIA A100-SXM4-40GB", "a100-sxm4-40gb"},
      {"A100-PCIE-40GB", "a100-pcie-40gb"},
      {"NVIDIA H200 NVL", "h200-nvl-141gb"},
      {"H800", "h800-sxm-80gb"},
      {"L20", "l20-48gb"},
      {"MI50 32GB", "mi50-32gb"},
      {"MI50", ""},
      {"mi100", "mi100-32gb"},
      {"MI250", "mi250-128gb"},
      {"MI325X", "mi325x-256gb"},
      {"7900xtx", "rx-7900-xtx-24gb"},
      {"7900 XT", "rx-7900-xt-20gb"},
      {"RX 7900 GRE", "rx-7900-gre-16gb"},
      {"RX 6800 XT", "rx-6800-xt-16gb"},
      {"6800", "rx-6800-16gb"},
      {"9070 XT", "rx-9070-xt-16gb"},
      {"AMD Radeon RX 9070", "rx-9070-16gb"},
      {"R9700", "radeon-ai-pro-r9700-32gb"},
      {"W7900", "radeon-pro-w7900-48gb"},
      {"Strix Halo 128GB", "ryzen-ai-max-395-strix-halo-128gb"},
      {"Strix Halo", ""},
      {"AMD Ryzen AI Max+ 395 128GB", "ryzen-ai-max-395-strix-halo-128gb"},
      {"Arc A770 16GB", "arc-a770-16gb"},
      {"Intel Arc B580", "arc-b580-12gb"},
      {"b60", "arc-pro-b60-24gb"},
      {"mac studio m3 ultra 512gb", "m3-ultra-512gb"},
      {"Mac Studio M3 Ultra", ""},
      {"M2 Ultra 192GB", "m2-ultra-192gb"},
      {"MacBook Pro M3 Max 128GB", "m3-max-128gb"},
      {"MacBook Air M2 16GB", "m2-16gb"},
      {"Mac mini M4 Pro 64GB", "m4-pro-64gb"},
      {"Apple M1 Max 64GB", "m1-max-64gb"},
      {"M4 Max", ""},
      {"M1", ""},
      {"Jetson Orin Nano", "jetson-orin-nano-8gb"},
      {"Jetson Thor", "jetson-agx-thor-128gb"},
      {"NVIDIA DGX Spark", "dgx-spark-gb10-128gb"},
      {"NVIDIA GB10", "dgx-spark-gb10-128gb"},
      {"v5e", "tpu-v5e"},
      {"tpu v5p", "tpu-v5p"},
      {"TPU v6e", "tpu-v6e"},
      {"Ironwood", "tpu-v7x-ironwood"},
      {"gaudi3", "gaudi3-128gb"},
      {"910B", "ascend-910b-64gb"},
      {"Ascend 910C", "ascend-910c-128gb"},
      {"Inferentia2", "inferentia2-32gb"},
      {"trn2", ""},
      // Several, or another card.
      {"h100", ""},
      {"H100 80GB", ""},
      {"a100", ""},
      {"A100 SXM", ""},
      {"v100", ""},
      {"RTX 6000", ""},
      {"rtx", ""},
      {"80gb", ""},
      {"blackwell", ""},
      {"pro", ""},
      {"nvidia", ""},
      {"", ""},
      {"3090 Ti", "rtx-3090-ti-24gb"},
      {"RTX 4090 Laptop", "rtx-4090-laptop-16gb"},
      {"4080", "rtx-4080-16gb"},
      {"409", ""},
      {"A1", ""},
      {"L40SX", ""},
      {"MI300A", "mi300a-128gb"},
      {"H200 NVL", "h200-nvl-141gb"},
      {"4090 48GB", ""},
      {"M3 Max 64GB", "m3-max-64gb"},
      {"4090 4090", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(gpu_of(row.name) == row.id);
  }
  CHECK(parse_gpu("RTX 4090:2").count == Count{2});
  CHECK_THROWS_WITH_AS(parse_gpu("h100"),
                       "gpu: \"h100\" may be h100-sxm-80gb (80 GB), h100-pcie-80gb (80 GB), h100-nvl-94gb (94 GB)",
                       InputError);
  // The smallest memory first.
  CHECK_THROWS_WITH_AS(
      parse_gpu("M3 Max"),
      "gpu: \"M3 Max\" may be m3-max-36gb (36 GB), m3-max-48gb (48 GB), m3-max-64gb (64 GB), m3-max-96gb "
      "(96 GB), m3-max-128gb (128 GB)",
      InputError);
  // One of two that people mean, and the note says so.
  for (const char* name : {"a100-80gb", "A100 80GB", "NVIDIA A100 80GB:2"}) {
    const Accelerator card = parse_gpu(name).gpu;
    CHECK(card.id == "a100-sxm4-80gb");
    CHECK(card.assumption.find("is taken as a100-sxm4-80gb, not a100-pcie-80gb") != std::string::npos);
  }
}
