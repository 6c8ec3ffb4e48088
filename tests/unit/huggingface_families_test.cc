// Families of dense decoders, mixtures and encoders: parameters of public models that the catalogue does not hold,
// layer kinds, windows, class defaults, and what is refused.
#include <doctest/doctest.h>

#include <string>

#include "config_reading.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

/// MiniMaxAI/MiniMax-M3: three dense layers with full attention, 57 with experts that select blocks. `more` comes
/// first.
std::string minimax_m3(std::string_view more = {}) {
  std::string flags = "[0, 0, 0";
  for (unsigned i = 3; i < 60; ++i) flags += ", 1";
  flags += "]";
  std::string text = R"({"model_type": "minimax_m3", )";
  text += more;
  text += R"("hidden_size": 6144, "vocab_size": 200064, "num_hidden_layers": 60, "num_attention_heads": 64,
      "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 3072, "dense_intermediate_size": 12288,
      "shared_intermediate_size": 3072, "n_shared_experts": 1, "num_local_experts": 128, "num_experts_per_tok": 4,
      "qk_norm_type": "per_head", "use_qk_norm": true, "use_routing_bias": true, "num_mtp_modules": 7,
      "tie_word_embeddings": false, "torch_dtype": "bfloat16", "max_position_embeddings": 1048576, "moe_layer_freq": )";
  text += flags;
  if (more.find("sparse_attention_config") == std::string_view::npos) {
    text += R"(, "sparse_attention_config": {"use_sparse_attention": true, "sparse_block_size": 128,
        "sparse_index_dim": 128, "sparse_num_index_heads": 4, "sparse_topk_blocks": 16, "sparse_init_block": 0,
        "sparse_local_block": 1, "sparse_attention_freq": )";
    text += flags;
    text += R"(, "sparse_disable_index_value": )";
    text += flags;
    text += "}";
  }
  return text + "}";
}

}  // namespace

TEST_CASE("parameters of public models are those that their model pages state") {
  struct Row {
    const char* model;
    const char* config;
    Count parameters;
  };
  const Row rows[] = {
      {"Llama-3.2-3B",
       R"({"model_type": "llama", "hidden_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 24,
           "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 8192, "vocab_size": 128256,
           "tie_word_embeddings": true})",
       3212749824},
      {"TinyLlama-1.1B",
       R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 2048, "num_hidden_layers": 22,
           "num_attention_heads": 32, "num_key_value_heads": 4, "intermediate_size": 5632, "vocab_size": 32000})",
       1100048384},
      {"Mistral-Nemo-Base-2407",
       R"({"model_type": "mistral", "hidden_size": 5120, "num_hidden_layers": 40, "num_attention_heads": 32,
           "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 14336, "vocab_size": 131072})",
       12247782400},
      {"Ministral-8B-Instruct-2410",
       R"({"model_type": "mistral", "hidden_size": 4096, "num_hidden_layers": 36, "num_attention_heads": 32,
           "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 12288, "vocab_size": 131072})",
       8019808256},
      {"Mixtral-8x22B",
       R"({"model_type": "mixtral", "hidden_size": 6144, "num_hidden_layers": 56, "num_attention_heads": 48,
           "num_key_value_heads": 8, "intermediate_size": 16384, "vocab_size": 32000})",
       140620634112},
      {"Qwen-7B",
       R"({"model_type": "qwen", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
           "kv_channels": 128, "intermediate_size": 22016, "vocab_size": 151936, "no_bias": true})",
       7721324544},
      {"Qwen2.5-3B",
       R"({"model_type": "qwen2", "hidden_size": 2048, "num_hidden_layers": 36, "num_attention_heads": 16,
           "num_key_value_heads": 2, "intermediate_size": 11008, "vocab_size": 151936, "tie_word_embeddings": true})",
       3085938688},
      {"Qwen3-4B",
       R"({"model_type": "qwen3", "hidden_size": 2560, "num_hidden_layers": 36, "num_attention_heads": 32,
           "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 9728, "vocab_size": 151936,
           "tie_word_embeddings": true})",
       4022468096},
      {"Qwen3-235B-A22B",
       R"({"model_type": "qwen3_moe", "hidden_size": 4096, "num_hidden_layers": 94, "num_attention_heads": 64,
           "num_key_value_heads": 4, "head_dim": 128, "moe_intermediate_size": 1536, "num_experts": 128,
           "num_experts_per_tok": 8, "vocab_size": 151936})",
       235093634560},
      {"gemma-7b", R"({"model_type": "gemma", "num_hidden_layers": 28})", 8537680896},
      {"gemma-2-27b",
       R"({"model_type": "gemma2", "hidden_size": 4608, "num_hidden_layers": 46, "num_attention_heads": 32,
           "num_key_value_heads": 16, "head_dim": 128, "intermediate_size": 36864})",
       27227128320},
      {"gemma-3-1b-it",
       R"({"model_type": "gemma3_text", "hidden_size": 1152, "num_hidden_layers": 26, "num_attention_heads": 4,
           "num_key_value_heads": 1, "intermediate_size": 6912, "vocab_size": 262144, "sliding_window": 512})",
       999885952},
      {"phi-1_5", R"({"model_type": "phi", "num_hidden_layers": 24})", 1418270720},
      {"Phi-3-medium-4k-instruct",
       R"({"model_type": "phi3", "hidden_size": 5120, "num_hidden_layers": 40, "num_attention_heads": 40,
           "num_key_value_heads": 10, "intermediate_size": 17920, "vocab_size": 32064, "sliding_window": 2047})",
       13960238080},
      {"Phi-4-mini-instruct",
       R"({"model_type": "phi3", "hidden_size": 3072, "num_hidden_layers": 32, "num_attention_heads": 24,
           "num_key_value_heads": 8, "intermediate_size": 8192, "vocab_size": 200064, "tie_word_embeddings": true})",
       3836021760},
      {"c4ai-command-r-plus",
       R"({"model_type": "cohere", "hidden_size": 12288, "num_hidden_layers": 64, "num_attention_heads": 96,
           "num_key_value_heads": 8, "intermediate_size": 33792, "vocab_size": 256000, "use_qk_norm": true})",
       103810674688},
      {"OLMo-2-0425-1B",
       R"({"model_type": "olmo2", "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 16,
           "intermediate_size": 8192, "vocab_size": 100352})",
       1484916736},
      {"stablelm-3b-4e1t", R"({"model_type": "stablelm", "num_hidden_layers": 32})", 2795443200},
      {"stablelm-2-1_6b",
       R"({"model_type": "stablelm", "hidden_size": 2048, "num_hidden_layers": 24, "num_attention_heads": 32,
           "intermediate_size": 5632, "vocab_size": 100352, "use_qkv_bias": true})",
       1644515328},
      {"starcoder2-3b", R"({"model_type": "starcoder2", "sliding_window": 4096})", 3030371328},
      {"starcoder2-15b",
       R"({"model_type": "starcoder2", "hidden_size": 6144, "num_hidden_layers": 40, "num_attention_heads": 48,
           "num_key_value_heads": 4, "intermediate_size": 24576, "tie_word_embeddings": false})",
       15957889024},
      {"GLM-4-9B-0414", R"({"model_type": "glm4", "num_hidden_layers": 40, "attention_bias": true})", 9400279040},
      {"glm-4-9b-chat-hf", R"({"model_type": "glm", "num_hidden_layers": 40, "attention_bias": true})", 9399951360},
      {"Seed-OSS-36B",
       R"({"model_type": "seed_oss", "hidden_size": 5120, "num_hidden_layers": 64, "num_attention_heads": 80,
           "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 27648, "vocab_size": 155136})",
       36151104512},
      {"gpt2-large", R"({"model_type": "gpt2", "n_embd": 1280, "n_layer": 36, "n_head": 20})", 774030080},
      {"starcoder",
       R"({"model_type": "gpt_bigcode", "n_embd": 6144, "n_layer": 40, "n_head": 48, "n_inner": 24576,
           "n_positions": 8192, "vocab_size": 49152, "multi_query": true})",
       15517456384},
      {"opt-350m",
       R"({"model_type": "opt", "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
           "ffn_dim": 4096, "word_embed_proj_dim": 512, "do_layer_norm_before": false})",
       331196416},
      {"bloom-1b1", R"({"model_type": "bloom", "n_embed": 1536, "n_layer": 24, "num_attention_heads": 16})",
       1065314304},
      {"pythia-1.4b",
       R"({"model_type": "gpt_neox", "hidden_size": 2048, "num_hidden_layers": 24, "num_attention_heads": 16,
           "intermediate_size": 8192, "vocab_size": 50304})",
       1414647808},
      {"falcon-40b",
       R"({"model_type": "RefinedWeb", "hidden_size": 8192, "n_layer": 60, "n_head": 128, "n_head_kv": 8,
           "vocab_size": 65024, "bias": false, "parallel_attn": true, "alibi": false})",
       41303293952},
      {"bert-large-uncased",
       R"({"model_type": "bert", "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
           "intermediate_size": 4096})",
       335141888},
      {"roberta-base",
       R"({"model_type": "roberta", "max_position_embeddings": 514, "type_vocab_size": 1, "vocab_size": 50265})",
       124645632},
      {"xlm-roberta-base",
       R"({"model_type": "xlm-roberta", "max_position_embeddings": 514, "type_vocab_size": 1, "vocab_size": 250002})",
       278043648},
      {"t5-large", R"({"model_type": "t5", "d_model": 1024, "d_ff": 4096, "num_layers": 24, "num_heads": 16})",
       737668096},
      {"flan-t5-small",
       R"({"model_type": "t5", "d_model": 512, "d_ff": 1024, "num_layers": 8, "num_decoder_layers": 8, "num_heads": 6,
           "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false})",
       76961152},
      {"mt5-small", R"({"model_type": "mt5", "num_layers": 8})", 300176768},
      // llama.cpp prints 6.87 B for it. Derived: embedding 537395200, per-layer table 2348810240, its projection
      // 18350080 + 256, AltUp 6 x 2048^2, 35 layers of 112484944, final norm 2048.
      {"gemma-3n-E4B (language model)", R"({"model_type": "gemma3n_text", "num_hidden_layers": 35})", 6866696688},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    CHECK_EQ(metric(read(row.config), Metric::parameters), to_string(row.parameters));
  }
}

TEST_CASE("kinds of layers follow the keys and class rules of each family") {
  struct Row {
    const char* what;
    const char* config;
    const char* kinds;
  };
  const Row rows[] = {
      {"Mistral slides everywhere by class default", R"({"model_type": "mistral", "num_hidden_layers": 32})",
       "sliding_window 32"},
      {"null is no window", R"({"model_type": "mistral", "num_hidden_layers": 32, "sliding_window": null})", "full 32"},
      {"Qwen2 does not slide without use_sliding_window",
       R"({"model_type": "qwen2", "num_hidden_layers": 32, "sliding_window": 4096})", "full 32"},
      {"and then from max_window_layers on",
       R"({"model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": true, "max_window_layers": 20})",
       "full 20, sliding_window 12"},
      {"Gemma 2 starts with a window", R"({"model_type": "gemma2", "num_hidden_layers": 26})",
       "sliding_window 13, full 13"},
      {"Gemma 3: five to one", R"({"model_type": "gemma3_text", "num_hidden_layers": 34})",
       "sliding_window 29, full 5"},
      {"layer_types wins",
       R"({"model_type": "gemma3_text", "num_hidden_layers": 3, "layer_types": ["full_attention", "full_attention",
           "sliding_attention"]})",
       "full 2, sliding_window 1"},
      {"gpt-oss alternates", R"({"model_type": "gpt_oss", "num_hidden_layers": 36})", "sliding_window 18, full 18"},
      {"Cohere 2: three to one", R"({"model_type": "cohere2", "num_hidden_layers": 40})", "sliding_window 30, full 10"},
      {"OLMo 3: three to one", R"({"model_type": "olmo3", "num_hidden_layers": 32})", "sliding_window 24, full 8"},
      {"Llama 4: three chunked to one full", R"({"model_type": "llama4_text", "num_hidden_layers": 48})",
       "chunked 36, full 12"},
      {"with its own list: 1 = RoPE in chunks",
       R"({"model_type": "llama4_text", "num_hidden_layers": 3, "no_rope_layers": [0, 0, 1]})", "full 2, chunked 1"},
      // Groups differ by feed-forward, too: layers 0, 2 dense, 1 with experts.
      {"Llama 4 Maverick has experts in every second layer",
       R"({"model_type": "llama4_text", "num_hidden_layers": 4, "interleave_moe_layer_step": 2})",
       "chunked 2, chunked 1, full 1"},
      {"SmolLM3 slides only where asked",
       R"({"model_type": "smollm3", "use_sliding_window": true, "sliding_window": 512})", "full 27, sliding_window 9"},
      {"Qwen2-MoE keeps listed layers dense",
       R"({"model_type": "qwen2_moe", "mlp_only_layers": [0], "decoder_sparse_step": 2})", "full 12, full 12"},
      {"Gemma 4's last layer is full", R"({"model_type": "gemma4_text", "num_hidden_layers": 7})",
       "sliding_window 5, full 2"},
      {"Gemma 3n: the last 15 of 35 read earlier caches", R"({"model_type": "gemma3n_text", "num_hidden_layers": 35})",
       "sliding_window 16, full 4, sliding_window 12, full 3"},
      {"T5 decodes beside its encoder", R"({"model_type": "t5", "num_layers": 6})",
       "bidirectional 6, full+cross_attention 6"},
      {"BigBird may be asked for full attention",
       R"({"model_type": "big_bird", "num_hidden_layers": 12, "attention_type": "original_full"})", "bidirectional 12"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK_EQ(kinds(read(row.config)), row.kinds);
  }
}

TEST_CASE("cache per token and in all, by the layers that keep it") {
  // 2 x 64 heads x 128 x 2 B x 40 layers.
  CHECK_EQ(metric(read(R"({"model_type": "cohere", "num_hidden_layers": 40})"), Metric::kv_bytes_per_token), "1310720");
  // docs/cost-model.md sections 6.2 and 6.3, at 131072 in bf16.
  const Model gemma3 = read(R"({"model_type": "gemma3_text", "num_hidden_layers": 62, "num_attention_heads": 32,
      "num_key_value_heads": 16, "head_dim": 128, "hidden_size": 5376, "intermediate_size": 21504,
      "sliding_window": 1024})");
  CHECK_EQ(metric(gemma3, Metric::kv_cache_bytes, 131072), "11173625856");
  CHECK_EQ(metric(read(R"({"model_type": "gpt_oss", "num_hidden_layers": 36})"), Metric::kv_cache_bytes, 131072),
           "4836556800");
  CHECK_EQ(metric(read(R"({"model_type": "llama4_text", "num_hidden_layers": 48})"), Metric::kv_cache_bytes, 131072),
           "7650410496");
  // Falcon 7B: one head of 64 whatever num_kv_heads says; 2 x 64 x 2 B x 32 layers.
  CHECK_EQ(metric(read(R"({"model_type": "falcon", "num_hidden_layers": 32, "num_kv_heads": 71})"),
                  Metric::kv_bytes_per_token),
           "8192");
  // Gemma 3n: 4 full layers of 2 heads of 256 grow, 16 keep 512 tokens; 15 layers keep nothing.
  const Model gemma3n = read(R"({"model_type": "gemma3n_text", "num_hidden_layers": 35})");
  CHECK_EQ(metric(gemma3n, Metric::kv_bytes_per_token, 4096), "8192");
  CHECK_EQ(metric(gemma3n, Metric::kv_cache_bytes, 4096), to_string(Count(2048) * (4 * 4096 + 16 * 512)));
  // T5: own keys and values, and those of the encoder: 2 x 2 x 8 heads x 64 x 2 B x 6 layers.
  CHECK_EQ(metric(read(R"({"model_type": "t5", "num_layers": 6})"), Metric::kv_bytes_per_token), "24576");
  // An encoder keeps nothing.
  CHECK_EQ(metric(read(R"({"model_type": "bert", "num_hidden_layers": 12})"), Metric::kv_cache_bytes, 512), "0");
  // MiniMax M3: 2 x 4 heads x 128 x 2 B x 60 layers, and an index key of 128 x 2 B in 57 of them.
  CHECK_EQ(metric(read(minimax_m3()), Metric::kv_bytes_per_token), to_string(Count(122880 + 57 * 256)));
}

TEST_CASE("MiniMax M3: parameters and work of its full layers and of those that select blocks") {
  // Sums over the classes of transformers modeling_minimax_m3_vl.py: attention 6144*(64 + 2*4)*128 + 64*128*6144 +
  // 2*128; indexer 6144*(4 + 1)*128 + 2*128; experts 129 of 3*6144*3072, router 128*6144 + 128; dense 3*6144*12288.
  const Model model = read(minimax_m3());
  CHECK_EQ(metric(model, Metric::parameters), "426174572928");
  CHECK_EQ(metric(model, Metric::active_parameters), "25962473856");
  CHECK_EQ(metric(model, Metric::kv_cache_bytes, 8192), "1126170624");
  CHECK_EQ(metric(model, Metric::kv_cache_bytes, 131072), "18018729984");
  Workload exact;
  exact.convention = causal_convention();
  CHECK_EQ(to_string(*Estimator(model, exact).at(8192, 1).count(Metric::attention_macs)), "15974981959680");
  CHECK_EQ(to_string(*Estimator(model, exact).at(131072, 1).count(Metric::attention_macs)), "913985985576960");
  CHECK(has_note(model, "prediction layers (mtp) are not counted"));

  // The vision form has the same language model inside.
  const Model vision =
      read(R"({"model_type": "minimax_m3_vl", "vision_config": {"hidden_size": 1280}, "text_config": )" + minimax_m3() +
           "}");
  CHECK_EQ(metric(vision, Metric::parameters), "426174572928");
  CHECK(has_note(vision, "the vision tower is not counted"));

  CHECK(refusal(minimax_m3(R"("sparse_attention_config": {}, )"))
            .find("/sparse_attention_config/sparse_num_index_heads: ") != std::string::npos);
  CHECK(refusal(minimax_m3(R"("attention_output_gate": true, )")).find("/attention_output_gate: expected false") !=
        std::string::npos);
}

TEST_CASE("the usable window follows the kind of positions and their scaling") {
  struct Row {
    const char* what;
    const char* config;
    Count context;
    const char* status;
  };
  const char* llama31 =
      R"({"model_type": "llama", "num_hidden_layers": 32, "max_position_embeddings": 131072, "rope_scaling":
      {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192}})";
  const char* gemma3 =
      R"({"model_type": "gemma3_text", "num_hidden_layers": 26, "rope_scaling": {"rope_type": "linear", "factor": 8.0}})";
  const char* qwen =
      R"({"model_type": "qwen2", "num_hidden_layers": 32, "max_position_embeddings": 32768, "rope_scaling":
      {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}})";
  const char* phi = R"({"model_type": "phi3", "num_hidden_layers": 32, "max_position_embeddings": 131072,
      "original_max_position_embeddings": 4096, "rope_scaling": {"type": "su"}})";
  const char* gemma4 =
      R"({"model_type": "gemma4_text", "num_hidden_layers": 30, "max_position_embeddings": 262144, "rope_parameters":
      {"full_attention": {"rope_type": "proportional"}, "sliding_attention": {"rope_type": "default"}}})";
  const Row rows[] = {
      {"llama3", llama31, 8192, "trained"},
      {"llama3", llama31, 8193, "scaled"},
      {"llama3", llama31, 131072, "scaled"},
      {"llama3", llama31, 131073, "beyond"},
      {"Gemma 3's factor is in its positions already", gemma3, 131072, "trained"},
      {"Gemma 3's factor is in its positions already", gemma3, 131073, "beyond"},
      {"yarn", qwen, 131072, "scaled"},
      {"yarn", qwen, 131073, "beyond"},
      {"longrope under its old name", phi, 4097, "scaled"},
      {"parameters for each kind of layer", gemma4, 262144, "trained"},
      {"a learned table ends", R"({"model_type": "gpt2", "num_hidden_layers": 12})", 1024, "trained"},
      {"a learned table ends", R"({"model_type": "gpt2", "num_hidden_layers": 12})", 1025, "impossible"},
      {"OPT's two extra rows hold no positions", R"({"model_type": "opt", "num_hidden_layers": 12})", 2049,
       "impossible"},
      {"RoBERTa's 514 rows hold 512",
       R"({"model_type": "roberta", "num_hidden_layers": 12, "max_position_embeddings": 514})", 513, "impossible"},
      {"ALiBi does not end", R"({"model_type": "bloom", "num_hidden_layers": 2})", 4096, "beyond"},
      {"T5's length is that of its training", R"({"model_type": "t5", "num_layers": 6})", 1024, "beyond"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CAPTURE(to_string(row.context));
    const MetricValue value = at(read(row.config), row.context)[Metric::window_status];
    REQUIRE(std::holds_alternative<std::string_view>(value));
    CHECK_EQ(std::string(std::get<std::string_view>(value)), row.status);
  }
}

TEST_CASE("absent keys take class defaults, and a note lists them") {
  // Gemma 3 4B as published: everything else is the class's.
  const Model sparse = read(R"({"model_type": "gemma3", "torch_dtype": "bfloat16", "text_config": {"hidden_size": 2560,
      "intermediate_size": 10240, "model_type": "gemma3_text", "num_hidden_layers": 34,
      "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024}})");
  CHECK_EQ(metric(sparse, Metric::parameters), "3880263168");
  CHECK(has_note(sparse, "num_attention_heads 8"));
  CHECK(has_note(sparse, "head_dim 256"));
  CHECK(has_note(read(R"({"model_type": "llama", "num_hidden_layers": 32})"), "counted in bf16"));
  CHECK_FALSE(has_note(sparse, "counted in bf16"));
}

TEST_CASE("a language model inside another kind is read, and said so") {
  const Model model = read(R"({"model_type": "llava_next", "vision_config": {"hidden_size": 1024}, "text_config":
      {"model_type": "mistral", "num_hidden_layers": 32, "sliding_window": null}})");
  CHECK_EQ(model.family, "mistral");
  CHECK_EQ(kinds(model), "full 32");
  CHECK(has_note(model, "\"llava_next\" is counted as its language model, \"mistral\""));
  CHECK(has_note(model, "the vision tower is not counted"));
}

TEST_CASE("what nobody reads may be anything; what is read may not") {
  CHECK_EQ(refusal(R"({"model_type": "llama", "num_hidden_layers": 32, "spare": NaN, "other": [1, {"x": Infinity}]})"),
           "accepted");
  struct Row {
    const char* config;
    const char* message;
  };
  const Row rows[] = {
      {R"({"model_type": "llama", "num_hidden_layers": "32"})",
       R"(config.json: /num_hidden_layers: expected a positive integer, found "32" (remove the quotes))"},
      {R"({"model_type": "llama", "hidden_size": NaN})",
       "config.json: /hidden_size: expected a positive integer, found NaN"},
      {R"({"model_type": "llama", "hidden_size": 4096.5})",
       "config.json: /hidden_size: expected a positive integer, found 4096.5"},
      {R"({"model_type": "llama", "num_attention_heads": 0})",
       "config.json: /num_attention_heads: expected a positive integer, found 0"},
      {R"({"model_type": "llama", "num_key_value_heads": 7})",
       "config.json: /num_key_value_heads: expected a divisor of num_attention_heads (32), found 7"},
      {R"({"model_type": "llama", "tie_word_embeddings": 1})",
       "config.json: /tie_word_embeddings: expected true or false, found 1"},
      {R"({"model_type": "llama", "hidden_size": 4096, "hidden_size": 5120})",
       "config.json: /hidden_size: expected one value, found the key 2 times"},
      {R"({"model_type": "gemma3", "text_config": {"hidden_size": true}})",
       "config.json: /text_config/hidden_size: expected a positive integer, found true"},
      {R"({"model_type": "mixtral", "num_experts_per_tok": 9})",
       "config.json: /num_experts_per_tok: expected at most the number of experts (8), found 9"},
      {R"({"model_type": "qwen3", "num_hidden_layers": 2, "layer_types": ["full_attention"]})",
       "config.json: /layer_types: expected one entry a layer (2), found 1"},
      {R"({"model_type": "qwen3", "num_hidden_layers": 1, "layer_types": ["slidng_attention"]})",
       R"(config.json: /layer_types/0: unknown layer kind "slidng_attention"; did you mean "sliding_attention"?)"},
      {R"({"model_type": "lama"})",
       R"(config.json: /model_type: unknown family "lama" (did you mean "llama"? with assume full its cache and )"
       "scores count as full attention)"},
  };
  for (const Row& row : rows) CHECK_EQ(refusal(row.config), row.message);
  // All faults at once.
  CHECK_EQ(refusal(R"({"model_type": "llama", "vocab_size": -1, "hidden_size": "x"})"),
           "config.json: /vocab_size: expected a positive integer, found -1\n"
           R"(config.json: /hidden_size: expected a positive integer, found "x")");
  CHECK(refusal(R"({"model_type": "llama", "num_hidden_layers": 1000000000000000000000000000000})") != "accepted");
}

TEST_CASE("assume full goes on where a family or a layer kind is not known, and says so") {
  const Model family = read(R"({"model_type": "newcomer", "num_hidden_layers": 10, "num_attention_heads": 8,
      "num_key_value_heads": 2, "hidden_size": 1024})",
                            true);
  CHECK_EQ(kinds(family), "full 10");
  CHECK_EQ(metric(family, Metric::kv_bytes_per_token), to_string(Count(2) * 2 * 128 * 2 * 10));
  CHECK_EQ(metric(family, Metric::parameters), "nothing");
  CHECK(has_note(family, "newcomer"));
  const Model kind = read(R"({"model_type": "qwen3", "num_hidden_layers": 2, "layer_types": ["full_attention",
      "spiral_attention"]})",
                          true);
  CHECK_EQ(kinds(kind), "full 2");
  CHECK(has_note(kind, "spiral_attention"));
}

TEST_CASE("a value that a family cannot have is an error at its key") {
  struct Row {
    const char* config;
    const char* message;  // behind "config.json: "
  };
  const Row rows[] = {
      // Kinds of values.
      {R"({"model_type": "qwen3", "layer_types": "full_attention"})",
       R"(/layer_types: expected a list of strings, found "full_attention")"},
      {R"({"model_type": "mpt", "attn_config": 3})", "/attn_config: expected an object, found 3"},
      {R"({"model_type": "mimo_v2_flash", "num_hidden_layers": 2, "hybrid_layer_pattern": 3, "moe_layer_freq": [1, 1]})",
       "/hybrid_layer_pattern: expected a list of integers, found 3\n"
       "config.json: /hybrid_layer_pattern: expected a list with 1 for each sliding layer, found nothing"},
      {R"({"model_type": "mimo_v2_flash", "num_hidden_layers": 2, "hybrid_layer_pattern": [0, -1],
           "moe_layer_freq": [1, 1]})",
       "/hybrid_layer_pattern/1: expected a non-negative integer, found -1"},
      {R"({"model_type": "mimo_v2_flash", "num_hidden_layers": 2, "hybrid_layer_pattern": [0, 1],
           "moe_layer_freq": [1]})",
       "/moe_layer_freq: expected one entry a layer (2), found 1"},
      {R"({"model_type": "mimo_v2_flash", "num_hidden_layers": 2, "hybrid_layer_pattern": [0, 1]})",
       "/moe_layer_freq: expected a list with 1 for each layer of experts, found nothing"},
      {R"({"model_type": "dots1", "n_routed_experts": 8})",
       "/num_experts_per_tok: expected a positive integer, found nothing"},
      {R"({"model_type": "dots1", "n_routed_experts": 8, "num_experts_per_tok": "2"})",
       R"(/num_experts_per_tok: expected a positive integer, found "2" (remove the quotes))"},
      {R"({"model_type": "lfm2", "block_ffn_dim_multiplier": true})",
       "/block_ffn_dim_multiplier: expected a number, found true"},
      {R"({"model_type": "lfm2", "block_ffn_dim_multiplier": 1e3})",
       "/block_ffn_dim_multiplier: expected a decimal number, found 1e3"},
      {R"({"model_type": "lfm2", "block_ffn_dim_multiplier": 1.0000000000001})",
       "/block_ffn_dim_multiplier: expected a decimal number, found 1.0000000000001"},
      {R"({"model_type": "llama", "torch_dtype": "int8"})",
       R"(/torch_dtype: unknown type "int8" (float32, float16 and bfloat16 are known))"},
      {R"({"model_type": "mamba2", "mamba_ssm_dtype": "float64"})",
       R"(/mamba_ssm_dtype: unknown type "float64" (float32, float16 and bfloat16 are known))"},
      // Widths that must divide.
      {R"({"model_type": "llama", "num_attention_heads": 3})",
       "/num_attention_heads: expected a divisor of hidden_size (4096), found 3 (give head_dim where they are "
       "independent)"},
      {R"({"model_type": "gpt_neo", "num_heads": 3})", "/num_heads: expected a divisor of hidden_size (2048), found 3"},
      {R"({"model_type": "bert", "num_attention_heads": 7})",
       "/num_attention_heads: expected a divisor of hidden_size (768), found 7"},
      {R"({"model_type": "distilbert", "n_heads": 7})", "/n_heads: expected a divisor of dim (768), found 7"},
      {R"({"model_type": "longformer", "attention_window": 511})",
       "window: expected an even number, found 511 (it counts both sides together)"},
      // Words.
      {R"({"model_type": "big_bird", "attention_type": "sparse"})",
       R"(/attention_type: expected "block_sparse" or "original_full", found "sparse")"},
      {R"({"model_type": "gpt_neo", "num_layers": 2, "attention_layers": ["global", "lokal"]})",
       R"(/attention_types: unknown layer kind "lokal"; expected "global" or "local")"},
      {R"({"model_type": "gpt_neo", "attention_types": "global"})",
       R"(/attention_types: expected entries such as [["global", "local"], 12])"},
      {R"({"model_type": "gpt_neo", "attention_types": ["global"]})",
       R"(/attention_types: expected entries such as [["global", "local"], 12])"},
      {R"({"model_type": "gpt_neo", "attention_types": [[["global", "local"]]]})",
       R"(/attention_types: expected entries such as [["global", "local"], 12])"},
      {R"({"model_type": "gpt_neo", "attention_types": [["global", 24]]})",
       R"(/attention_types: expected entries such as [["global", "local"], 12])"},
      {R"({"model_type": "gpt_neo", "attention_types": [[["global", "local"], "12"]]})",
       R"(/attention_types: expected entries such as [["global", "local"], 12])"},
      {R"({"model_type": "gpt_neo", "num_layers": 3, "attention_types": [[["global", "local"], 1000000000]]})",
       "/attention_types: expected 3 layers in all, one for each of num_layers, found 4"},
      // Windows that layers need.
      {R"({"model_type": "exaone4", "num_hidden_layers": 2, "sliding_window": null,
           "layer_types": ["full_attention", "sliding_attention"]})",
       R"(/sliding_window: expected a positive integer, since layer_types names "sliding_attention", found nothing)"},
      // Lists with a value for each layer.
      {R"({"model_type": "hunyuan_v1_moe", "num_hidden_layers": 2, "num_experts": [4, 0]})",
       "/num_experts: expected positive integers, found 0"},
      // Widths whose products do not fit.
      {R"({"model_type": "gpt_neo", "num_heads": 1, "hidden_size": 100000000000000000000000000000000000000})",
       "the widths of this model do not fit 128 bits (product above 2^128)"},
      // Files that describe no model.
      {R"([1])", "expected an object, found a list"},
      {R"({"architectures": ["LamaForCausalLM"]})",
       R"(/architectures: unknown family "LamaForCausalLM" (did you mean "LlamaForCausalLM"? with assume full its )"
       "cache and scores count as full attention)"},
      {R"({"architectures": []})",
       R"(/architectures: unknown family "" (with assume full its cache and scores count as full attention))"},
      {R"({"architectures": [4]})",
       R"(/architectures: unknown family "" (with assume full its cache and scores count as full attention))"},
      {R"({"architectures": "LlamaForCausalLM"})",
       R"(/architectures: unknown family "" (with assume full its cache and scores count as full attention))"},
      {R"({"model_type": 7})",
       R"(/model_type: unknown family "" (with assume full its cache and scores count as full attention))"},
      {R"({"model_type": "newcomer", "text_config": {"model_type": "newcomer_text"}})",
       R"(/text_config/model_type: unknown family "newcomer" (with assume full its cache and scores count as full )"
       "attention)"},
  };
  for (const Row& row : rows) CHECK_EQ(refusal(row.config), std::string("config.json: ") + row.message);
}

TEST_CASE("a family is found by its model type, its architecture, or those of its language model") {
  struct Row {
    const char* config;
    const char* family;
    const char* name;
  };
  const Row rows[] = {
      {R"({"model_type": "llama", "num_hidden_layers": 32, "_name_or_path": "meta/Llama-X//"})", "llama", "Llama-X"},
      {R"({"architectures": ["Qwen2ForCausalLM"], "num_hidden_layers": 32, "_name_or_path": ".."})", "qwen2", ""},
      {R"({"architectures": ["MistralForCausalLM"], "num_hidden_layers": 32, "model_type": null, "_name_or_path": "."})",
       "mistral", ""},
      {R"({"text_config": {"architectures": ["MistralForCausalLM"], "num_hidden_layers": 32}})", "mistral", ""},
      {R"({"model_type": "speaks", "thinker_config": {"text_config": {"model_type": "qwen2", "num_hidden_layers": 32}}})",
       "qwen2", ""},
      {R"({"model_type": "speaks", "thinker_config": {"model_type": "qwen2", "num_hidden_layers": 32}})", "qwen2", ""},
      {R"({"model_type": "sees", "text_config": null, "llm_config": {"model_type": "qwen2", "num_hidden_layers": 32}})",
       "qwen2", ""},
      {R"({"model_type": "gpt2", "num_hidden_layers": 12, "text_config": 1, "vision_config": 2})", "gpt2", ""},
      {R"({"ssm_cfg": {}, "d_model": 64, "n_layer": 2})", "mamba_ssm", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.config);
    const Model model = read(row.config);
    CHECK_EQ(model.family, row.family);
    CHECK_EQ(model.name, row.name);
  }
  CHECK(looks_like_huggingface(parse_json(R"({"ssm_cfg": {}})", "").root));
  CHECK_FALSE(looks_like_huggingface(parse_json(R"({"heads": 4})", "").root));
  CHECK_FALSE(looks_like_huggingface(parse_json("[]", "").root));
}

TEST_CASE("a family that nobody knows needs layers, heads and a width") {
  const auto refused = [](const char* config) -> std::string {
    try {
      read(config, true);
    } catch (const InputError& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK_EQ(refused(R"({"model_type": "newcomer"})"),
           "config.json: /num_hidden_layers: expected a positive integer, found nothing\n"
           "config.json: /num_attention_heads: expected a positive integer, found nothing\n"
           "config.json: /hidden_size: expected a positive integer, found nothing");
  CHECK_EQ(refused(R"({"model_type": "newcomer", "n_layer": 2, "n_head": 4, "n_embd": 64, "num_key_value_heads": 3})"),
           "config.json: /num_key_value_heads: expected a divisor of num_attention_heads (4)");
  // 2 (K and V) x 2 bytes x 4 heads x 24 x 2 layers.
  const Model own_width = read(R"({"model_type": "newcomer", "num_layers": 2, "n_heads": 4, "head_dim": 24})", true);
  CHECK_EQ(metric(own_width, Metric::kv_bytes_per_token), "768");
}

TEST_CASE("what a key adds to the class default or takes from it, in parameters") {
  struct Row {
    const char* what;
    const char* with;
    const char* without;
    Count difference;
  };
  const Row rows[] = {
      {"BERT's two token types of 768", R"({"model_type": "bert", "num_hidden_layers": 12})",
       R"({"model_type": "bert", "type_vocab_size": 0})", 2 * 768},
      {"HunYuan's norms of queries and keys, 32 layers of 2 x 128",
       R"({"model_type": "hunyuan_v1_dense", "num_hidden_layers": 32})",
       R"({"model_type": "hunyuan_v1_dense", "num_hidden_layers": 32, "use_qk_norm": false})", 32 * 2 * 128},
      {"dots.llm1 without experts is dense: 3 x 4608 x 10944 in 62 layers",
       R"({"model_type": "dots1", "intermediate_size": 10945})", R"({"model_type": "dots1", "num_hidden_layers": 62})",
       62 * 3 * 4608},
      {"and a shared expert is as wide as a routed one", R"({"model_type": "dots1", "n_routed_experts": 4,
          "num_experts_per_tok": 2, "n_shared_experts": 1, "moe_intermediate_size": 100})",
       R"({"model_type": "dots1", "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 100})",
       62 * 3 * 4608 * 100},
      {"MPT with biases: 3 x 2048 + 2048 + 8192 + 2048 a layer and 2048 a norm, 49 norms",
       R"({"model_type": "mpt", "num_hidden_layers": 24, "no_bias": false})",
       R"({"model_type": "mpt", "num_hidden_layers": 24})", 24 * (3 * 2048 + 2048 + 8192 + 2048) + 49 * 2048},
      {"MPT without ALiBi has a table of 2048 positions",
       R"({"model_type": "mpt", "num_hidden_layers": 24, "attn_config": {"alibi": false}})",
       R"({"model_type": "mpt", "num_hidden_layers": 24})", 2048 * 2048},
      {"unless it learns none",
       R"({"model_type": "mpt", "num_hidden_layers": 24, "attn_config": {"alibi": false}, "learned_pos_emb": false})",
       R"({"model_type": "mpt", "num_hidden_layers": 24})", 0},
      {"MPT's 16 KV heads of 128, or 4", R"({"model_type": "mpt", "num_hidden_layers": 24})",
       R"({"model_type": "mpt", "attn_config": {"kv_n_heads": 4}})", 24 * 2 * 2048 * 12 * 128},
      {"or one", R"({"model_type": "mpt", "num_hidden_layers": 24})",
       R"({"model_type": "mpt", "num_hidden_layers": 24, "attn_config": {"attn_type": "multiquery_attention"}})",
       24 * 2 * 2048 * 15 * 128},
      {"MPT normalises whole queries and keys",
       R"({"model_type": "mpt", "num_hidden_layers": 24, "attn_config": {"qk_ln": true}})",
       R"({"model_type": "mpt", "num_hidden_layers": 24})", 24 * 2 * 2048},
      {"GPT-Neo's width of the feed-forward is four times the model's",
       R"({"model_type": "gpt_neo", "num_layers": 24})", R"({"model_type": "gpt_neo", "intermediate_size": 8191})",
       24 * (2 * 2048 + 1)},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const std::optional<Count> with = at(read(row.with), 64).count(Metric::parameters);
    const std::optional<Count> without = at(read(row.without), 64).count(Metric::parameters);
    REQUIRE(with);
    REQUIRE(without);
    CHECK_EQ(to_string(*with), to_string(*without + row.difference));
  }
  // Without a list, GPT-Neo's layers alternate.
  CHECK_EQ(kinds(read(R"({"model_type": "gpt_neo", "num_layers": 5})")), "full 3, sliding_window 2");
  CHECK_EQ(
      kinds(read(R"({"model_type": "gpt_neo", "num_layers": 3, "attention_layers": ["local", "local", "global"]})")),
      "sliding_window 2, full 1");
  // EXAONE 4's pattern is a word, a number, or none.
  CHECK_EQ(kinds(read(R"({"model_type": "exaone4", "num_hidden_layers": 4, "sliding_window_pattern": "LLLG"})")),
           "sliding_window 3, full 1");
  CHECK_EQ(kinds(read(R"({"model_type": "exaone4", "num_hidden_layers": 4, "sliding_window_pattern": 2})")),
           "sliding_window 2, full 2");
  CHECK_EQ(kinds(read(R"({"model_type": "exaone4", "num_hidden_layers": 4, "sliding_window_pattern": null})")),
           "full 4");
  CHECK_EQ(kinds(read(R"({"model_type": "dots1", "num_hidden_layers": 4, "sliding_window": 64,
      "max_window_layers": 3})")),
           "full 3, sliding_window 1");
  // HunYuan's numbers for each layer: the first is dense, the others hold 4 experts of 100 or 200 and a shared one.
  const Model hunyuan = read(R"({"model_type": "hunyuan_v1_moe", "num_hidden_layers": 3, "num_experts": [1, 4, 4],
      "moe_topk": [1, 2, 2], "moe_intermediate_size": [1, 100, 200], "num_shared_expert": [1, 1, 1]})");
  CHECK_EQ(kinds(hunyuan), "full 1, full 1, full 1");
  const Model narrower = read(R"({"model_type": "hunyuan_v1_moe", "num_hidden_layers": 3, "num_experts": [1, 4, 4],
      "moe_topk": [1, 2, 2], "moe_intermediate_size": [1, 100, 199], "use_mixed_mlp_moe": false, "use_cla": true})");
  CHECK_EQ(to_string(*at(hunyuan, 1).count(Metric::parameters)),
           to_string(*at(narrower, 1).count(Metric::parameters) + 4 * 3 * 4096 + 2 * 3 * Count{4096} * 11008));
  CHECK(has_note(narrower, "layers that share keys and values (use_cla) are counted each with its own"));
}
