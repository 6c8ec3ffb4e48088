// Decoders of families that few checkpoints have: parameters of public models and 8K caches, hybrids, and language
// models inside others.
#include <doctest/doctest.h>

#include <string>

#include "config_reading.h"
#include "ctxcost/deployment/parallelism.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

constexpr const char* kZambaSmall = R"({"model_type": "zamba2", "hidden_size": 2048, "num_hidden_layers": 38,
  "n_mamba_heads": 64, "mamba_d_state": 128, "num_attention_heads": 32, "num_mem_blocks": 1, "adapter_rank": 128,
  "use_shared_attention_adapter": true, "use_mem_rope": true, "vocab_size": 32000, "layers_block_type": [
  "mamba", "mamba", "mamba", "mamba", "mamba", "hybrid", "mamba", "mamba", "mamba", "mamba", "mamba", "hybrid",
  "mamba", "mamba", "mamba", "mamba", "mamba", "hybrid", "mamba", "mamba", "mamba", "mamba", "mamba", "hybrid",
  "mamba", "mamba", "mamba", "mamba", "mamba", "hybrid", "mamba", "mamba", "mamba", "mamba", "mamba", "hybrid",
  "mamba", "mamba"]})";

}  // namespace

TEST_CASE("parameters and 8K caches of public decoders") {
  struct Row {
    const char* model;
    const char* config;
    Count parameters;
    Count cache;  ///< bf16, 8192 tokens
    const char* source;
  };
  const Row rows[] = {
      {"ibm-ai-platform/Bamba-9B-v2",
       R"({"model_type": "bamba", "vocab_size": 128256, "attn_layer_indices": [9, 18, 27], "mamba_d_state": 128})",
       9780235392, Count{3 * 2 * 8 * 128 * 2} * 8192, "sum from modeling_bamba.py"},
      {"RWKV/rwkv-5-world-1b5", R"({"model_type": "rwkv5", "hidden_size": 2048, "attention_hidden_size": 2048})",
       1577754624, 0, "sum from modeling_rwkv5.py"},
      {"RWKV/v6-Finch-1B6-HF", R"({"model_type": "rwkv6", "hidden_size": 2048})", 1599873024, 0,
       "elements of its checkpoint"},
      {"RWKV/v6-Finch-7B-HF",
       R"({"model_type": "rwkv6", "hidden_size": 4096, "num_hidden_layers": 32, "intermediate_size": 14336})",
       7635746816, 0, "sum from modeling_rwkv6.py, with its wider low ranks"},
      {"Zyphra/Zamba2-1.2B", kZambaSmall, 1215064704, Count{6 * 2 * 4096 * 2} * 8192, "elements of its safetensors"},
      {"Zyphra/Zamba2-2.7B", R"({"model_type": "zamba2", "n_mamba_heads": 80, "num_mem_blocks": 2})", 2662214560,
       Count{9 * 2 * 5120 * 2} * 8192, "sum from modeling_zamba2.py"},
      {"microsoft/bitnet-b1.58-2B-4T-bf16",
       R"({"model_type": "bitnet", "num_hidden_layers": 30, "tie_word_embeddings": true})", 2412820480,
       Count{30 * 2 * 5 * 128 * 2} * 8192, "elements of its safetensors"},
      {"arcee-ai/Trinity-Mini",
       R"({"model_type": "afmoe", "num_attention_heads": 32, "num_key_value_heads": 4, "num_dense_layers": 2,
           "num_experts": 128, "num_experts_per_tok": 8, "num_shared_experts": 1, "moe_intermediate_size": 1024,
           "sliding_window": 2048})",
       26123974400, Count{2 * 4 * 128 * 2} * (8 * 8192 + 24 * 2048), "sum from modeling_afmoe.py"},
      {"allenai/FlexOlmo-7x7B-1T", R"({"model_type": "flex_olmo", "num_hidden_layers": 32})", 33270665216,
       Count{32 * 2 * 4096 * 2} * 8192, "total_parameters of its safetensors index"},
      {"allenai/Olmo-Hybrid-7B", R"({"model_type": "olmo_hybrid", "num_hidden_layers": 32})", 7430870688,
       Count{8 * 2 * 3840 * 2} * 8192, "sum from modular_olmo_hybrid.py"},
      {"mistralai/Mistral-Small-4-119B-2603, text",
       R"({"model_type": "mistral3", "text_config": {"model_type": "mistral4", "vocab_size": 131072}})", 118972826624,
       Count{36 * (256 + 64) * 2} * 8192, "sum from modular_mistral4.py"},
      {"allenai/Molmo-7B-D-0924, text",
       R"({"model_type": "molmo", "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28,
           "num_key_value_heads": 4, "intermediate_size": 37888, "vocab_size": 152064, "embedding_size": 152064,
           "qkv_bias": true})",
       7616075264, Count{28 * 2 * 4 * 128 * 2} * 8192, "sum from modeling_molmo.py"},
      {"allenai/Molmo-7B-O-0924, text",
       R"({"model_type": "molmo", "hidden_size": 4096, "intermediate_size": 22016, "vocab_size": 100278,
           "embedding_size": 100352, "attention_layer_norm": true, "norm_after": true})",
       7299141632, Count{32 * 2 * 4096 * 2} * 8192, "sum from modeling_molmo.py"},
      {"rhymes-ai/Aria, text",
       R"({"model_type": "aria", "text_config": {"model_type": "aria_text", "hidden_size": 2560,
           "num_hidden_layers": 28, "num_attention_heads": 20, "intermediate_size": 1664, "moe_num_experts": 64,
           "moe_topk": 6, "moe_num_shared_experts": 2, "vocab_size": 100352}})",
       24869091840, Count{28 * 2 * 2560 * 2} * 8192, "sum from modeling_aria.py"},
      {"kyutai/helium-1-preview-2b", R"({"model_type": "helium", "num_hidden_layers": 24})", 2172643840,
       Count{24 * 2 * 2560 * 2} * 8192, "sum from modeling_helium.py"},
      {"adept/persimmon-8b-base", R"({"model_type": "persimmon", "num_hidden_layers": 36})", 9397175296,
       Count{36 * 2 * 4096 * 2} * 8192, "sum from modeling_persimmon.py"},
      {"Salesforce/codegen-350M-mono",
       R"({"model_type": "codegen", "n_embd": 1024, "n_layer": 20, "n_head": 16, "vocab_size": 51200})", 356712448,
       Count{20 * 2 * 1024 * 2} * 8192, "sum from modeling_codegen.py"},
      {"openbmb/MiniCPM-V-2_6, text",
       R"({"model_type": "minicpmv", "version": 2.6, "hidden_size": 3584, "num_hidden_layers": 28,
           "num_attention_heads": 28, "num_key_value_heads": 4, "intermediate_size": 18944, "vocab_size": 151666})",
       7612763648, Count{28 * 2 * 4 * 128 * 2} * 8192, "Qwen2-7B's 7615616512 with 151666 rows in place of 152064"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    CAPTURE(row.source);
    const Model model = read(row.config);
    CHECK_EQ(metric(model, Metric::parameters, 8192), to_string(row.parameters));
    CHECK_EQ(metric(model, Metric::kv_cache_bytes, 8192), to_string(row.cache));
  }
}

TEST_CASE("RWKV-5 and 6 keep a matrix for each head and two last tokens, in fp32") {
  // 24 layers of 2048 x 64 and 2 x 2048, four bytes each.
  const Count state = 24 * (2048 * 64 + 2 * 2048) * Count{4};
  for (const char* type : {"rwkv5", "rwkv6"}) {
    CAPTURE(type);
    const Model model = read(R"({"hidden_size": 2048, "model_type": ")" + std::string(type) + "\"}");
    CHECK_EQ(metric(model, Metric::state_bytes, 100), to_string(state));
    CHECK_EQ(metric(model, Metric::state_bytes, 100000), to_string(state));
    CHECK(!model.positions.trained_context);
  }
  CHECK(refusal(R"({"model_type": "rwkv5", "hidden_size": 2048, "attention_hidden_size": 1024})")
            .find("/attention_hidden_size: expected hidden_size (2048), found 1024") != std::string::npos);
}

TEST_CASE("RWKV-6 of flash-linear-attention has widths of keys and values of its own, under the same type") {
  // A layer [fla/layers/rwkv6.py, fla/models/rwkv6/modeling_rwkv6.py]: the first mix's vector and two matrices, five
  // mixes; receptance and keys, values, gate and output; the decay's two matrices and bias, the bonus, a group norm;
  // the channel mix; two norms. The first layer has a norm more.
  const auto layer = [](Count d, Count keys, Count values, Count d_ff) {
    const Count mixes = 6 * d + 2 * d * 5 * 32;
    const Count time = 2 * d * keys + 3 * d * values + d * 64 + 64 * keys + keys + keys + 2 * values;
    return mixes + time + 2 * d + 2 * d * d_ff + d * d + 4 * d;
  };
  struct Row {
    const char* model;
    std::string config;
    Count parameters, state;
  };
  const Count d = 2048;
  // Widths as the authors': their checkpoint's 1599873024 parameters, and their state.
  const Row rows[] = {
      {"as Finch 1B6",
       R"({"model_type": "rwkv6", "hidden_size": 2048, "num_heads": 32, "expand_k": 1.0, "expand_v": 1.0,
           "vocab_size": 65536})",
       1599873024, 24 * (2048 * 64 + 2 * 2048) * Count{4}},
      {"the class's widths", R"({"model_type": "rwkv6", "hidden_size": 2048, "num_heads": 4})",
       2 * 32000 * d + 2 * d + 2 * d + 24 * layer(d, 1024, 2048, 7168), 24 * (4 * 256 * 512 + 2 * 2048) * Count{4}},
      {"known by its class", R"({"model_type": "rwkv6", "hidden_size": 2048, "architectures": ["RWKV6ForCausalLM"]})",
       2 * 32000 * d + 2 * d + 2 * d + 24 * layer(d, 1024, 2048, 7168), 24 * (4 * 256 * 512 + 2 * 2048) * Count{4}},
      {"wide values, another ratio",
       R"({"model_type": "rwkv6", "hidden_size": 1000, "num_hidden_layers": 2, "num_heads": 5, "expand_k": 0.25,
           "expand_v": 2, "hidden_ratio": 3.3, "norm_first": false, "tie_word_embeddings": true})",
       32000 * 1000 + 2 * 1000 + 2 * layer(1000, 250, 2000, 3328), 2 * (5 * 50 * 400 + 2 * 1000) * Count{4}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const Model model = read(row.config.c_str());
    CHECK_EQ(metric(model, Metric::parameters, 8192), to_string(row.parameters));
    CHECK_EQ(metric(model, Metric::state_bytes, 8192), to_string(row.state));
    CHECK_EQ(metric(model, Metric::kv_cache_bytes, 8192), "0");
  }
  CHECK(refusal(R"({"model_type": "rwkv6", "hidden_size": 2048, "num_heads": 3})")
            .find("/expand_k: expected a ratio of hidden_size (2048) that the heads (3) divide, found 0.5") !=
        std::string::npos);
  CHECK(refusal(R"({"model_type": "rwkv6", "hidden_size": 2048, "num_heads": 4, "head_size": 64})")
            .find("/head_size: expected no key") != std::string::npos);
  CHECK(refusal(
            R"({"model_type": "rwkv6", "hidden_size": 2048, "num_heads": 4, "attn": {"layers": [1], "num_heads": 4}})")
            .find("/attn: expected null") != std::string::npos);
}

TEST_CASE("Zamba2 works with its block at every use and stores it once") {
  const Model model = read(kZambaSmall);
  const Count d = 2048;
  const Count inner = 4096;
  // In each of 38 layers Mamba-2's two projections; in 6 of them the block (attention of 4096 in and out but for its
  // output, three matrices of 8192), its adapters of rank 128 and a projection.
  const Count mamba = d * (2 * inner + 2 * 128 + 64) + inner * d;
  const Count block = 3 * inner * inner + inner * d + 3 * d * 8192;
  const Count own = 3 * 2 * inner * 128 + d * 128 + Count{128} * 2 * 8192 + d * d;
  CHECK_EQ(metric(model, Metric::linear_flops, 1), to_string(38 * mamba + 6 * (block + own)));
  CHECK_EQ(metric(model, Metric::weights_bytes, 1), to_string(Count{1215064704} * 2));
  CHECK_THROWS_WITH_AS(split(model, parse_parallelism("pp=2")),
                       "parallel: pp of a model whose layers share weights is not modelled (use tp)", InputError);
}

TEST_CASE("MiniCPM-V is the language model that its version says") {
  const auto family = [](const char* config) { return read(config).family; };
  CHECK_EQ(family(R"({"model_type": "minicpmv", "hidden_size": 2304, "query_num": 64})"), "minicpm");
  CHECK_EQ(family(R"({"model_type": "minicpmv", "hidden_size": 4096, "query_num": 96})"), "llama");
  CHECK_EQ(family(R"({"model_type": "minicpmo", "vocab_size": 151700, "version": "2.6"})"), "qwen2");
  CHECK_EQ(family(R"({"model_type": "minicpmv", "vocab_size": 73448, "version": 4.0})"), "llama");
  CHECK_EQ(family(R"({"model_type": "minicpmv", "vocab_size": 151748, "version": 4.5})"), "qwen3");
  CHECK(refusal(R"({"model_type": "minicpmv", "version": 9.5})").find("/version: unknown version \"9.5\"") !=
        std::string::npos);
}

TEST_CASE("hybrids state which layers attend, or are refused") {
  CHECK(refusal(R"({"model_type": "bamba", "attn_layer_indices": [32]})").find("expected layers below 32") !=
        std::string::npos);
  CHECK(refusal(R"({"model_type": "zamba2", "n_mamba_heads": 80, "num_hidden_layers": 38})")
            .find("/layers_block_type: expected one kind a layer (38)") != std::string::npos);
  CHECK(refusal(R"({"model_type": "zamba2", "num_hidden_layers": 1, "layers_block_type": ["moe"]})")
            .find("unknown layer kind \"moe\"") != std::string::npos);
  CHECK(refusal(R"({"model_type": "olmo_hybrid", "layer_types": ["full_attention"]})").find("/layer_types") !=
        std::string::npos);
}
