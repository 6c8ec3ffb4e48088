// Models described by their authors' own keys: params.json of Meta and Mistral, inference/configs of DeepSeek.
#include <doctest/doctest.h>

#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

Model read(const std::string& text) { return parse_model(text, "params.json"); }

std::string metric(const Model& model, Metric metric, Count context = 8192) {
  const std::optional<Count> value = Estimator(model, {}).at(context, 1).count(metric);
  return value ? to_string(*value) : "unknown";
}

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

bool has_note(const Model& model, std::string_view part) {
  for (const std::string& note : model.notes) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

/// deepseek-ai/DeepSeek-V3 inference/configs/config_671B.json without its last brace.
const std::string kDeepseekV3 = R"({"vocab_size": 129280, "dim": 7168, "inter_dim": 18432, "moe_inter_dim": 2048,
    "n_layers": 61, "n_dense_layers": 3, "n_heads": 128, "n_routed_experts": 256, "n_shared_experts": 1,
    "n_activated_experts": 8, "n_expert_groups": 8, "n_limited_groups": 4, "route_scale": 2.5, "score_func": "sigmoid",
    "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128)";

/// What Llama 4's two files have in common. [meta-llama/Llama-4-Scout-17B-16E-Original params.json]
const std::string kLlama4 = R"({"dim": 5120, "n_layers": 48, "n_heads": 40, "n_kv_heads": 8, "head_dim": 128,
    "vocab_size": 202048, "multiple_of": 2048, "ffn_dim_multiplier": 1.2, "ffn_exp": 4.0, "norm_eps": 1e-05,
    "attention_chunk_size": 8192, "rope_theta": 500000.0, "nope_layer_interval": 4, "use_qk_norm": true, )";

}  // namespace

TEST_CASE("parameters and caches of published files are those of the same models elsewhere") {
  struct Row {
    const char* name;
    std::string params;
    std::uint64_t parameters;  // as the model pages state them
    std::uint64_t cache;       // of 8192 tokens: layers x 2 x KV heads x width x 2 bytes
  };
  const Row rows[] = {
      // Meta: the inner width follows from the multiplier and the multiple.
      {"Llama 7B with its tokenizer's size", R"({"dim": 4096, "multiple_of": 256, "n_heads": 32, "n_layers": 32,
          "norm_eps": 1e-06, "vocab_size": 32000})",
       6738415616, 8192ull * 32 * 2 * 32 * 128 * 2},
      {"Llama 2 13B with its tokenizer's size", R"({"dim": 5120, "multiple_of": 256, "n_heads": 40, "n_layers": 40,
          "norm_eps": 1e-05, "vocab_size": 32000})",
       13015864320, 8192ull * 40 * 2 * 40 * 128 * 2},
      {"Llama 3 8B", R"({"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256,
          "multiple_of": 1024, "ffn_dim_multiplier": 1.3, "norm_eps": 1e-05, "rope_theta": 500000.0})",
       8030261248, 1073741824},
      {"Llama 3.1 70B", R"({"dim": 8192, "n_layers": 80, "n_heads": 64, "n_kv_heads": 8, "vocab_size": 128256,
          "multiple_of": 4096, "ffn_dim_multiplier": 1.3, "norm_eps": 1e-05, "rope_theta": 500000.0,
          "use_scaled_rope": true})",
       70553706496, 2684354560},
      {"Llama 3.1 405B", R"({"dim": 16384, "n_layers": 126, "n_heads": 128, "n_kv_heads": 8, "vocab_size": 128256,
          "multiple_of": 4096, "ffn_dim_multiplier": 1.2, "norm_eps": 1e-05, "rope_theta": 500000.0,
          "use_scaled_rope": true})",
       405853388800, 4227858432},
      // Int(4 x 5120 x 2/3 x 1.2) / 2 and not halved, each in whole 2048: experts of 8192, dense layers of 16384.
      {"Llama 4 Scout", kLlama4 + R"("moe_args": {"auto_scale_F": true, "capacity_factor": 1.0,
          "interleave_moe_layer_step": 1, "num_experts": 16, "top_k": 1}, "use_scaled_rope": true})",
       107769861120, 8192ull * 48 * 2 * 8 * 128 * 2},
      {"Llama 4 Maverick", kLlama4 + R"("moe_args": {"interleave_moe_layer_step": 2, "num_experts": 128}})",
       400711848960, 8192ull * 48 * 2 * 8 * 128 * 2},
      // Mistral.
      {"Mistral 7B v0.1: its window of 4096 bounds the cache", R"({"dim": 4096, "n_layers": 32, "head_dim": 128,
          "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8, "norm_eps": 1e-05, "sliding_window": 4096,
          "vocab_size": 32000})",
       7241732096, 4096ull * 32 * 2 * 8 * 128 * 2},
      {"Mixtral 8x7B", R"({"dim": 4096, "n_layers": 32, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32,
          "n_kv_heads": 8, "norm_eps": 1e-05, "vocab_size": 32000, "moe": {"num_experts_per_tok": 2,
          "num_experts": 8}})",
       46702792704, 1073741824},
      {"Mistral Nemo: heads narrower than the model's width", R"({"dim": 5120, "n_layers": 40, "head_dim": 128,
          "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8, "norm_eps": 1e-05, "vocab_size": 131072,
          "rope_theta": 1000000.0, "max_seq_len": 128000})",
       12247782400, 8192ull * 40 * 2 * 8 * 128 * 2},
      {"Codestral Mamba", R"({"dim": 4096, "n_layers": 64, "vocab_size": 32768, "n_groups": 8, "rms_norm": true,
          "residual_in_fp32": true, "fused_add_norm": true, "pad_vocab_size_multiple": 1, "tie_embeddings": false,
          "model_type": "mamba"})",
       7285403648, 0},
      // DeepSeek: a latent of 512 + 64 a layer.
      {"V2-Lite", R"({"vocab_size": 102400, "dim": 2048, "inter_dim": 10944, "moe_inter_dim": 1408, "n_layers": 27,
          "n_dense_layers": 1, "n_heads": 16, "n_routed_experts": 64, "n_shared_experts": 2, "n_activated_experts": 6,
          "route_scale": 1.0, "q_lora_rank": 0, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
          "v_head_dim": 128, "mscale": 0.707})",
       15706484224, 8192ull * 27 * 576 * 2},
      {"V2", R"({"vocab_size": 102400, "dim": 5120, "inter_dim": 12288, "moe_inter_dim": 1536, "n_layers": 60,
          "n_dense_layers": 1, "n_heads": 128, "n_routed_experts": 160, "n_shared_experts": 2, "n_activated_experts": 6,
          "n_expert_groups": 8, "n_limited_groups": 3, "route_scale": 16.0, "q_lora_rank": 1536, "kv_lora_rank": 512,
          "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128})",
       235741434880, 8192ull * 60 * 576 * 2},
      {"V3", kDeepseekV3 + R"(, "dtype": "fp8"})", 671026419200, 575668224},
      // Its indexer: queries from 1536 to 64 x 128, a key of 128 with a layer norm, 64 weights; keys of 132 bytes.
      {"V3.2", kDeepseekV3 + R"(, "dtype": "fp8", "scale_fmt": "ue8m0", "index_n_heads": 64, "index_head_dim": 128,
          "index_topk": 2048})",
       671026419200 + 61 * (1536ull * 64 * 128 + 7168 * 128 + 2 * 128 + 7168 * 64), 575668224 + 8192ull * 61 * 132},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Model model = read(row.params);
    CHECK_EQ(metric(model, Metric::parameters), std::to_string(row.parameters));
    CHECK_EQ(metric(model, Metric::kv_cache_bytes), std::to_string(row.cache));
  }
}

TEST_CASE("Llama 4: chunks but for every fourth layer, and a vision tower") {
  const std::string experts = R"("moe_args": {"num_experts": 16})";
  // 36 layers keep their chunk of 8192, 12 all 32768.
  CHECK_EQ(metric(read(kLlama4 + experts + "}"), Metric::kv_cache_bytes, 32768),
           std::to_string((36ull * 8192 + 12 * 32768) * 2 * 8 * 128 * 2));
  const std::string plain = R"({"dim": 512, "n_layers": 4, "n_heads": 8, "n_kv_heads": 2, "vocab_size": 1000,
      "multiple_of": 64, "ffn_exp": 2, )";
  // 2/3 of 1024 is 682, in whole 64 704; without auto_scale_F it is not shared by the experts and the one beside them.
  // Dense: 2/3 of 2048 is 1365, in whole 64 1408.
  const std::uint64_t layer = 2 * 512 * 512 + 2 * 512 * 128 + 2 * 512;
  const std::uint64_t frame = 2 * 1000 * 512 + 512;
  CHECK_EQ(metric(read(plain + R"("moe_args": {"num_experts": 3, "auto_scale_F": false}})"), Metric::parameters),
           std::to_string(frame + 4 * (layer + 4 * 3 * 512 * 704 + 3 * 512)));
  // 682 / (1.5 + 1) is 272, in whole 64 320.
  CHECK_EQ(metric(read(plain + R"("moe_args": {"num_experts": 3, "capacity_factor": 1.5}})"), Metric::parameters),
           std::to_string(frame + 4 * (layer + 4 * 3 * 512 * 320 + 3 * 512)));
  // Without an interval every layer has its chunk, without a chunk every layer sees all.
  const std::string chunked = plain + R"("attention_chunk_size": 100})";
  CHECK_EQ(metric(read(chunked), Metric::parameters), std::to_string(frame + 4 * (layer + 3 * 512 * 1408)));
  CHECK_EQ(metric(read(chunked), Metric::kv_cache_bytes), std::to_string(4 * 100 * 2 * 2 * 64 * 2));
  CHECK_EQ(metric(read(plain + R"("nope_layer_interval": 2})"), Metric::kv_cache_bytes),
           std::to_string(4 * 8192ull * 2 * 2 * 64 * 2));
  CHECK(refusal(R"({"dim": 512, "n_layers": 4, "n_heads": 8, "vocab_size": 1000, "moe_args": {"num_experts": 3}})")
            .find("/ffn_exp: expected the experts' expansion, found nothing") != std::string::npos);
  CHECK(refusal(kLlama4 + R"("moe_args": {"num_experts": 16, "gate": 1}})").find("/moe_args/gate: unknown key") !=
        std::string::npos);

  // As the tower of Scout's config.json: 871932416 beside the language model.
  const std::string tower = R"(, "vision_args": {"image_size": {"height": 336, "width": 336},
      "patch_size": {"height": 14, "width": 14}, "dim": 1408, "n_layers": 34, "n_heads": 16, "mlp_ratio": 4.0,
      "output_dim": 4096, "pixel_shuffle_ratio": 0.5)";
  const Model seeing = read(kLlama4 + experts + tower + "}}");
  REQUIRE(seeing.parameter_parts.size() == 1);
  CHECK(seeing.parameter_parts.front().elements == Count{871932416});
  CHECK(refusal(kLlama4 + experts + tower + R"(, "image_size": {"height": 336, "width": 224}}})") != "accepted");
  std::string oblong = tower;
  oblong.replace(oblong.find("336"), 3, "224");
  CHECK(refusal(kLlama4 + experts + oblong + "}}").find("/vision_args/image_size: expected a square") !=
        std::string::npos);
}

TEST_CASE("experts behind latent attention, as in Mistral Large 3, with every key of their own") {
  const Model model =
      read(R"({"dim": 64, "n_layers": 3, "head_dim": 16, "hidden_dim": 96, "n_heads": 4, "n_kv_heads": 4,
      "norm_eps": 1e-06, "vocab_size": 100, "tied_embeddings": false, "max_position_embeddings": 262144,
      "q_lora_rank": 24, "kv_lora_rank": 32, "qk_rope_head_dim": 8, "qk_nope_head_dim": 16, "v_head_dim": 16,
      "moe": {"expert_parallel": 1, "expert_model_parallel": 1, "route_every_n": 1, "first_k_dense_replace": 1,
      "num_experts": 4, "num_experts_per_tok": 2, "num_expert_groups": 1, "num_expert_groups_per_tok": 1,
      "routed_scale": 1.0, "expert_hidden_dim": 32, "num_shared_experts": 1},
      "yarn": {"factor": 16.0, "original_max_position_embeddings": 16384, "beta": 32.0, "alpha": 1.0},
      "llama_4_scaling": {"beta": 0.1, "original_max_position_embeddings": 8192},
      "vision_encoder": {"hidden_size": 64, "num_hidden_layers": 2}})");
  const std::uint64_t attention = 64 * 24 + 24 + 24 * 4 * 24 + 64 * (32 + 8) + 32 + 32 * 4 * (16 + 16) + 4 * 16 * 64;
  const std::uint64_t sparse = 4 * 64 + (4 + 1) * 3 * 64 * 32;
  CHECK_EQ(metric(model, Metric::parameters),
           std::to_string(2 * 100 * 64 + 64 + 3 * (attention + 2 * 64) + 3 * 64 * 96 + 2 * sparse));
  CHECK(has_note(model, "the vision tower is not counted"));
  REQUIRE(model.positions.effective_context);
  CHECK_EQ(to_string(*model.positions.effective_context), "262144");
}

TEST_CASE("windows of all layers, of some, and of none") {
  const std::string start =
      R"({"dim": 64, "n_layers": 4, "head_dim": 16, "hidden_dim": 96, "n_heads": 4, "n_kv_heads": 4,
      "norm_eps": 1e-05, "vocab_size": 100, "sliding_window": )";
  const auto cache = [&start](const std::string& window) {
    return metric(read(start + window + "}"), Metric::kv_cache_bytes, 1000);
  };
  // 2 x 4 heads x 16 x 2 bytes a token and layer.
  CHECK_EQ(cache("null"), std::to_string(256 * 4 * 1000));
  CHECK_EQ(cache("100"), std::to_string(256 * 4 * 100));
  CHECK_EQ(cache("[null, 100]"), std::to_string(256 * (2 * 1000 + 2 * 100)));
  CHECK_EQ(refusal(start + "[null, 100, 200, 100]}"),
           "params.json: /sliding_window: expected one width of all windows");
  CHECK_EQ(refusal(start + "[null, 100, 100]}"),
           "params.json: /sliding_window: expected a list whose length divides n_layers");
  CHECK_EQ(refusal(start + "[]}"), "params.json: /sliding_window: expected a list whose length divides n_layers");
  CHECK_EQ(refusal(start + "\"wide\"}"), "params.json: /sliding_window: expected a positive integer, found \"wide\"");
}

TEST_CASE("types: fp8 with one scale or blocks as the reference code stores them") {
  const std::string mistral = R"({"dim": 64, "n_layers": 1, "head_dim": 16, "hidden_dim": 96, "n_heads": 4,
      "n_kv_heads": 4, "norm_eps": 1e-05, "vocab_size": 100)";
  const std::uint64_t linear = 4 * 64 * 64 + 3 * 64 * 96, rest = 2 * 100 * 64 + 3 * 64;
  CHECK_EQ(metric(read(mistral + "}"), Metric::weights_bytes), std::to_string(2 * (linear + rest)));
  // Seven matrices, each with a scale of its own and one of its inputs.
  CHECK_EQ(metric(read(mistral + R"(, "quantization": {"qformat_weight": "fp8_e4m3", "qscheme_act": "TENSOR"}})"),
                  Metric::weights_bytes),
           std::to_string(linear + 7 * 8 + 2 * rest));
  CHECK_EQ(metric(read(mistral + R"(, "quantization": {"qformat_weight": "fp8_e4m3", "qscheme_act": "NO_SCALES"}})"),
                  Metric::weights_bytes),
           std::to_string(linear + 7 * 4 + 2 * rest));
  CHECK_EQ(metric(read(mistral + R"(, "quantization": {"qformat_weight": "int3"}})"), Metric::weights_bytes),
           "unknown");
  // DeepSeek-V3 in bf16, and in fp8 as its config.json says it.
  CHECK_EQ(metric(read(kDeepseekV3 + "}"), Metric::weights_bytes), std::to_string(2 * 671026419200));
  CHECK_EQ(metric(read(kDeepseekV3 + R"(, "dtype": "fp8"})"), Metric::weights_bytes),
           metric(load_model("deepseek-ai/DeepSeek-V3"), Metric::weights_bytes));
}

TEST_CASE("what such a file does not say is noted, not guessed") {
  const Model llama = read(R"({"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256,
      "multiple_of": 1024, "ffn_dim_multiplier": 1.3, "norm_eps": 1e-05})");
  CHECK(has_note(llama, "read as Meta's params.json"));
  CHECK(has_note(llama, "the window is unknown"));
  CHECK(has_note(llama, "does not say whether the head is the embedding's matrix"));
  CHECK_FALSE(llama.positions.trained_context);
  // Places are those of the file.
  bool named = false;
  for (const KeyRead& key : llama.keys) named = named || key == KeyRead{"n_kv_heads", 8, false};
  CHECK(named);
}

TEST_CASE("a key that its layout does not know is an error, and so is a family of its own") {
  struct Row {
    const char* params;
    const char* message;
  };
  const Row rows[] = {
      // AFM-4.5B: Meta's names around another feed-forward.
      {R"({"dim": 2560, "n_layers": 36, "n_heads": 20, "n_kv_heads": 4, "vocab_size": 128004, "multiple_of": 1024,
          "ffn_dim_multiplier": 1.3, "mlp_structure": "2_projection", "model_type": "arcee"})",
       R"(/model_type: expected "llama", found "arcee")"},
      {R"({"dim": 2560, "n_layers": 36, "n_heads": 20, "vocab_size": 128004, "mlp_structure": "2_projection"})",
       "/mlp_structure: unknown key of Meta's params.json"},
      {R"({"dim": 4096, "n_layers": 40, "n_heads": 32, "vocab_size": 128256, "vision_num_cross_attention_layers": 8})",
       "/vision_num_cross_attention_layers: unknown key of Meta's params.json"},
      {R"({"dim": 4096, "n_layers": 32, "n_heads": 32, "vocab_size": -1})",
       "/vocab_size: expected a positive integer, found -1 (-1 stands for the tokenizer's size: 32000 for Llama 1 and "
       "2)"},
      {R"({"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 5, "vocab_size": 32000})",
       "/n_kv_heads: expected a divisor of num_attention_heads (32), found 5"},
      {R"({"dim": 4096, "n_layers": 32, "n_heads": 32, "vocab_size": 32000, "ffn_dim_multiplier": "1.3"})",
       R"(/ffn_dim_multiplier: expected a positive number of at most 1024, found "1.3")"},
      {R"({"dim": 64, "n_layers": 1, "head_dim": 16, "hidden_dim": 96, "n_heads": 4, "n_kv_heads": 4, "vocab_size": 100,
          "moe": {"num_experts": 4, "num_experts_per_tok": 2, "num_shared_experts": 1}})",
       "/moe/num_shared_experts: unknown key of Mistral's params.json"},
      {R"({"dim": 64, "n_layers": 1, "head_dim": 16, "hidden_dim": 96, "n_heads": 4, "n_kv_heads": 4, "vocab_size": 100,
          "moe": {"num_experts": 4, "num_experts_per_tok": 5}})",
       "/moe/num_experts_per_tok: expected at most the number of experts (4), found 5"},
      {R"({"vocab_size": 129280, "dim": 4096, "moe_inter_dim": 2048, "n_layers": 43, "compress_ratios": [0, 0, 4]})",
       "/compress_ratios: DeepSeek-V4's own layout is not read (the config.json of its release describes the same "
       "model)"},
      {R"({"vocab_size": 100, "dim": 64, "inter_dim": 96, "moe_inter_dim": 32, "n_layers": 2, "n_heads": 4,
          "dtype": "fp6"})",
       R"(/dtype: expected "bf16" or "fp8", found "fp6"; did you mean "fp8"?)"},
  };
  for (const Row& row : rows) CHECK_EQ(refusal(row.params), std::string("params.json: ") + row.message);
}
