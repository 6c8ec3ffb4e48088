// The readers that families.cc lists; each is defined in the file named after its family or the family it resembles.
#pragma once

#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {

void read_apertus(const Config& config, Model& model);
void read_arcee(const Config& config, Model& model);
void read_baichuan(const Config& config, Model& model);
void read_bert(const Config& config, Model& model);
void read_big_bird(const Config& config, Model& model);
void read_bloom(const Config& config, Model& model);
void read_chatglm(const Config& config, Model& model);
void read_cohere(const Config& config, Model& model);
void read_cohere2(const Config& config, Model& model);
void read_dbrx(const Config& config, Model& model);
void read_deepseek_v2(const Config& config, Model& model);
void read_deepseek_v3(const Config& config, Model& model);
void read_deepseek_v32(const Config& config, Model& model);
void read_distilbert(const Config& config, Model& model);
void read_dots1(const Config& config, Model& model);
void read_ernie4_5(const Config& config, Model& model);
void read_ernie4_5_moe(const Config& config, Model& model);
void read_exaone(const Config& config, Model& model);
void read_exaone4(const Config& config, Model& model);
void read_falcon(const Config& config, Model& model);
void read_falcon_h1(const Config& config, Model& model);
void read_gemma(const Config& config, Model& model);
void read_gemma2(const Config& config, Model& model);
void read_gemma3(const Config& config, Model& model);
void read_gemma3n(const Config& config, Model& model);
void read_gemma4(const Config& config, Model& model);
void read_glm(const Config& config, Model& model);
void read_glm4(const Config& config, Model& model);
void read_glm4_moe(const Config& config, Model& model);
void read_glm4_moe_lite(const Config& config, Model& model);
void read_glm_moe_dsa(const Config& config, Model& model);
void read_gpt2(const Config& config, Model& model);
void read_gpt_bigcode(const Config& config, Model& model);
void read_gpt_neo(const Config& config, Model& model);
void read_gpt_neox(const Config& config, Model& model);
void read_gpt_oss(const Config& config, Model& model);
void read_gptj(const Config& config, Model& model);
void read_granite(const Config& config, Model& model);
void read_granite_hybrid(const Config& config, Model& model);
void read_granitemoe(const Config& config, Model& model);
void read_hunyuan_dense(const Config& config, Model& model);
void read_hunyuan_moe(const Config& config, Model& model);
void read_internlm(const Config& config, Model& model);
void read_internlm3(const Config& config, Model& model);
void read_jamba(const Config& config, Model& model);
void read_kimi_k2(const Config& config, Model& model);
void read_kimi_linear(const Config& config, Model& model);
void read_lfm2(const Config& config, Model& model);
void read_lfm2_moe(const Config& config, Model& model);
void read_llama(const Config& config, Model& model);
void read_llama4(const Config& config, Model& model);
void read_longformer(const Config& config, Model& model);
void read_mamba(const Config& config, Model& model);
void read_mamba2(const Config& config, Model& model);
void read_mamba_original(const Config& config, Model& model);
void read_mimo(const Config& config, Model& model);
void read_mimo_v2_flash(const Config& config, Model& model);
void read_minicpm(const Config& config, Model& model);
void read_minimax(const Config& config, Model& model);
void read_minimax_m2(const Config& config, Model& model);
void read_minimax_m3(const Config& config, Model& model);
void read_minimax_text_01(const Config& config, Model& model);
void read_ministral3(const Config& config, Model& model);
void read_mistral(const Config& config, Model& model);
void read_mixtral(const Config& config, Model& model);
void read_mpt(const Config& config, Model& model);
void read_nemotron(const Config& config, Model& model);
void read_nemotron_h(const Config& config, Model& model);
void read_olmo(const Config& config, Model& model);
void read_olmo2(const Config& config, Model& model);
void read_olmo3(const Config& config, Model& model);
void read_olmoe(const Config& config, Model& model);
void read_opt(const Config& config, Model& model);
void read_phi(const Config& config, Model& model);
void read_phi3(const Config& config, Model& model);
void read_phimoe(const Config& config, Model& model);
void read_qwen(const Config& config, Model& model);
void read_qwen2(const Config& config, Model& model);
void read_qwen2_moe(const Config& config, Model& model);
void read_qwen3(const Config& config, Model& model);
void read_qwen3_5(const Config& config, Model& model);
void read_qwen3_5_moe(const Config& config, Model& model);
void read_qwen3_moe(const Config& config, Model& model);
void read_qwen3_next(const Config& config, Model& model);
void read_recurrent_gemma(const Config& config, Model& model);
void read_roberta(const Config& config, Model& model);
void read_seed_oss(const Config& config, Model& model);
void read_smollm3(const Config& config, Model& model);
void read_stablelm(const Config& config, Model& model);
void read_starcoder2(const Config& config, Model& model);
void read_t5(const Config& config, Model& model);

}  // namespace ctxcost::huggingface
