// The list of families. A new one is a file of its own and a line here.
#include "readers.h"

namespace ctxcost::huggingface {
namespace {

constexpr Family kFamilies[] = {
    {"llama", "LlamaForCausalLM LLaMAForCausalLM", read_llama},
    {"deepseek_v2", "DeepseekV2ForCausalLM", read_deepseek_v2},
    {"deepseek_v3", "DeepseekV3ForCausalLM", read_deepseek_v3},
    {"deepseek_v32", "DeepseekV32ForCausalLM", read_deepseek_v32},
    {"kimi_k2", "", read_kimi_k2},
    {"glm_moe_dsa", "GlmMoeDsaForCausalLM", read_glm_moe_dsa},
    {"glm4_moe_lite", "Glm4MoeLiteForCausalLM", read_glm4_moe_lite},
    {"kimi_linear kimi_k3", "KimiLinearForCausalLM KimiK3ForConditionalGeneration", read_kimi_linear},
    {"minimax_text_01 minimax_m1", "MiniMaxText01ForCausalLM MiniMaxM1ForCausalLM", read_minimax_text_01},
    {"minimax", "MiniMaxForCausalLM", read_minimax},
    {"qwen3_next", "Qwen3NextForCausalLM", read_qwen3_next},
    {"qwen3_5 qwen3_5_text", "Qwen3_5ForConditionalGeneration Qwen3_5ForCausalLM", read_qwen3_5},
    {"qwen3_5_moe qwen3_5_moe_text", "Qwen3_5MoeForConditionalGeneration Qwen3_5MoeForCausalLM", read_qwen3_5_moe},
    {"mamba falcon_mamba", "MambaForCausalLM FalconMambaForCausalLM", read_mamba},
    {"mamba2", "Mamba2ForCausalLM", read_mamba2},
    {"mamba_ssm", "", read_mamba_original, "ssm_cfg"},
    {"jamba", "JambaForCausalLM", read_jamba},
    {"recurrent_gemma", "RecurrentGemmaForCausalLM", read_recurrent_gemma},
    {"falcon_h1", "FalconH1ForCausalLM", read_falcon_h1},
    {"granitemoehybrid", "GraniteMoeHybridForCausalLM", read_granite_hybrid},
    {"nemotron_h", "NemotronHForCausalLM", read_nemotron_h},
    {"lfm2", "Lfm2ForCausalLM", read_lfm2},
    {"lfm2_moe", "Lfm2MoeForCausalLM", read_lfm2_moe},
};

}  // namespace

std::span<const Family> families() { return kFamilies; }

}  // namespace ctxcost::huggingface
