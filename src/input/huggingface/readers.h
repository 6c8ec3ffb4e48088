// The readers that families.cc lists; each is defined in the file named after its family.
#pragma once

#include "family.h"

namespace ctxcost::huggingface {

void read_llama(const Config& config, Model& model);
void read_deepseek_v2(const Config& config, Model& model);
void read_deepseek_v3(const Config& config, Model& model);
void read_deepseek_v32(const Config& config, Model& model);
void read_kimi_k2(const Config& config, Model& model);
void read_glm_moe_dsa(const Config& config, Model& model);
void read_glm4_moe_lite(const Config& config, Model& model);
void read_kimi_linear(const Config& config, Model& model);
void read_minimax_text_01(const Config& config, Model& model);
void read_minimax(const Config& config, Model& model);
void read_qwen3_next(const Config& config, Model& model);
void read_qwen3_5(const Config& config, Model& model);
void read_qwen3_5_moe(const Config& config, Model& model);
void read_mamba(const Config& config, Model& model);
void read_mamba2(const Config& config, Model& model);
void read_mamba_original(const Config& config, Model& model);
void read_jamba(const Config& config, Model& model);
void read_recurrent_gemma(const Config& config, Model& model);
void read_falcon_h1(const Config& config, Model& model);
void read_granite_hybrid(const Config& config, Model& model);
void read_nemotron_h(const Config& config, Model& model);
void read_lfm2(const Config& config, Model& model);
void read_lfm2_moe(const Config& config, Model& model);

}  // namespace ctxcost::huggingface
