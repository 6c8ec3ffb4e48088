// The list of families. A new one is a file of its own and a line here.
#include "readers.h"

namespace ctxcost::huggingface {
namespace {

constexpr Family kFamilies[] = {
    {"bert", "BertModel BertForMaskedLM BertForPreTraining", read_bert},
    {"big_bird", "BigBirdModel BigBirdForPreTraining BigBirdForMaskedLM", read_big_bird},
    {"bloom", "BloomForCausalLM BloomModel", read_bloom},
    {"cohere", "CohereForCausalLM", read_cohere},
    {"cohere2", "Cohere2ForCausalLM", read_cohere2},
    {"falcon RefinedWeb RefinedWebModel", "FalconForCausalLM RWForCausalLM", read_falcon},
    {"gemma", "GemmaForCausalLM", read_gemma},
    {"gemma2", "Gemma2ForCausalLM", read_gemma2},
    {"gemma3 gemma3_text", "Gemma3ForConditionalGeneration Gemma3ForCausalLM", read_gemma3},
    {"gemma3n gemma3n_text", "Gemma3nForConditionalGeneration Gemma3nForCausalLM", read_gemma3n},
    {"gemma4 gemma4_text", "Gemma4ForConditionalGeneration Gemma4ForCausalLM", read_gemma4},
    {"glm", "GlmForCausalLM", read_glm},
    {"glm4", "Glm4ForCausalLM", read_glm4},
    {"glm4_moe", "Glm4MoeForCausalLM", read_glm4_moe},
    {"gpt2", "GPT2LMHeadModel GPT2Model", read_gpt2},
    {"gpt_bigcode", "GPTBigCodeForCausalLM", read_gpt_bigcode},
    {"gpt_neox", "GPTNeoXForCausalLM", read_gpt_neox},
    {"gpt_oss", "GptOssForCausalLM", read_gpt_oss},
    {"gptj", "GPTJForCausalLM", read_gptj},
    {"granite", "GraniteForCausalLM", read_granite},
    {"granitemoe granitemoeshared", "GraniteMoeForCausalLM GraniteMoeSharedForCausalLM", read_granitemoe},
    {"llama", "LlamaForCausalLM LLaMAForCausalLM", read_llama},
    {"llama4 llama4_text", "Llama4ForConditionalGeneration Llama4ForCausalLM", read_llama4},
    {"longformer", "LongformerModel LongformerForMaskedLM", read_longformer},
    {"mimo_v2_flash", "MiMoV2FlashForCausalLM", read_mimo_v2_flash},
    {"minimax_m2", "MiniMaxM2ForCausalLM", read_minimax_m2},
    {"minimax_m3", "MiniMaxM3ForCausalLM", read_minimax_m3},
    {"ministral3", "Ministral3ForCausalLM", read_ministral3},
    {"mistral ministral", "MistralForCausalLM MinistralForCausalLM", read_mistral},
    {"mixtral", "MixtralForCausalLM", read_mixtral},
    {"mpt", "MPTForCausalLM MptForCausalLM", read_mpt},
    {"olmo", "OlmoForCausalLM", read_olmo},
    {"olmo2", "Olmo2ForCausalLM", read_olmo2},
    {"olmo3", "Olmo3ForCausalLM", read_olmo3},
    {"opt", "OPTForCausalLM OPTModel", read_opt},
    {"phi", "PhiForCausalLM", read_phi},
    {"phi3", "Phi3ForCausalLM", read_phi3},
    {"phimoe", "PhiMoEForCausalLM PhimoeForCausalLM", read_phimoe},
    {"qwen", "QWenLMHeadModel", read_qwen},
    {"qwen2", "Qwen2ForCausalLM", read_qwen2},
    {"qwen2_moe", "Qwen2MoeForCausalLM", read_qwen2_moe},
    {"qwen3", "Qwen3ForCausalLM", read_qwen3},
    {"qwen3_moe", "Qwen3MoeForCausalLM", read_qwen3_moe},
    {"roberta xlm-roberta camembert", "RobertaModel RobertaForMaskedLM XLMRobertaForMaskedLM", read_roberta},
    {"seed_oss", "SeedOssForCausalLM", read_seed_oss},
    {"smollm3", "SmolLM3ForCausalLM", read_smollm3},
    {"stablelm", "StableLmForCausalLM", read_stablelm},
    {"starcoder2", "Starcoder2ForCausalLM", read_starcoder2},
    {"t5 mt5", "T5ForConditionalGeneration T5Model MT5ForConditionalGeneration", read_t5},
};

}  // namespace

std::span<const Family> families() { return kFamilies; }

}  // namespace ctxcost::huggingface
