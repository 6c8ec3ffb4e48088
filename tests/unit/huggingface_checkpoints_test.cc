// Families of published checkpoints beside the catalogue's: elements of the language model and of what lies beside it,
// to the unit, and the cache of 8K tokens in 16 bits.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "config_reading.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

std::string figure(const Model& model, Metric which) { return metric(model, which, 8192); }

std::string beside(const Model& model) {
  Count sum;
  for (const ParameterPart& part : model.parameter_parts) sum += part.elements;
  return to_string(sum);
}

struct Checkpoint {
  const char* model;
  std::string config;
  Count parameters;  ///< of the language model
  Count beside;      ///< vision tower, prediction layers
  Count cache;       ///< bytes of 8192 tokens
};

void check_rows(const std::vector<Checkpoint>& rows) {
  for (const Checkpoint& row : rows) {
    CAPTURE(row.model);
    const Model model = read(row.config);
    CHECK_EQ(figure(model, Metric::parameters), to_string(row.parameters));
    CHECK_EQ(beside(model), to_string(row.beside));
    CHECK_EQ(figure(model, Metric::kv_cache_bytes), to_string(row.cache));
  }
}

/// Blocks of Llama-3.3-Nemotron-Super-49B, run by run: 0 query heads for each KV head is a block without attention.
std::string super_49b_blocks() {
  struct Run {
    int layers, heads_in_group;
    const char* ffn_mult;
  };
  const Run runs[] = {{1, 8, "2.625"},  {5, 8, "5.25"},   {2, 0, "2.625"},  {3, 8, "5.25"},   {1, 0, "3.28125"},
                      {30, 8, "5.25"},  {1, 0, "1.3125"}, {2, 0, "2.625"},  {1, 0, "1.3125"}, {1, 0, "5.25"},
                      {1, 0, "1.3125"}, {1, 0, "2.625"},  {3, 0, "1.3125"}, {1, 8, "5.25"},   {1, 0, "1.3125"},
                      {2, 0, "1.0"},    {1, 0, "1.3125"}, {3, 0, "1.0"},    {2, 0, "1.3125"}, {2, 0, "0.5"},
                      {2, 0, "1.0"},    {2, 0, "0.5"},    {1, 0, "1.0"},    {2, 0, "0.5"},    {9, 8, "5.25"}};
  std::string text;
  for (const Run& run : runs) {
    const std::string attention = run.heads_in_group == 0
                                      ? R"({"n_heads_in_group": null, "no_op": true})"
                                      : R"({"n_heads_in_group": )" + std::to_string(run.heads_in_group) + "}";
    for (int i = 0; i < run.layers; ++i) {
      text += (text.empty() ? "" : ", ") + std::string(R"({"attention": )");
      text.append(attention).append(R"(, "ffn": {"ffn_mult": )").append(run.ffn_mult).append("}}");
    }
  }
  return text;
}

/// `count` kinds of which each fourth, from the first, is full.
std::string one_full_in_four(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text.append(i == 0 ? "" : ", ").append(i % 4 == 0 ? R"("full_attention")" : R"("sliding_attention")");
  }
  return text;
}

constexpr const char* kMllamaVisionConfig =
    R"("vision_config": {"hidden_size": 1280, "image_size": 560, "intermediate_size": 5120, "max_num_tiles": 4,
        "num_global_layers": 8, "num_hidden_layers": 32, "patch_size": 14, "supported_aspect_ratios":
        [[1, 1], [1, 2], [1, 3], [1, 4], [2, 1], [2, 2], [3, 1], [4, 1]], "vision_output_dim": 7680})";

}  // namespace

TEST_CASE("cross-attention layers cache one image, beside the text of the others") {
  // Totals: 21340441670 / 2 and 177186710646 / 2, total_size of the published indices. Cache: 32 (80) layers of 8192
  // tokens and 8 (20) of 4 tiles of 1601 positions, 4096 bytes each.
  check_rows({
      {"Llama-3.2-11B-Vision",
       R"({"model_type": "mllama", "text_config": {"model_type": "mllama_text_model", "hidden_size": 4096,
           "intermediate_size": 14336, "num_hidden_layers": 40, "num_attention_heads": 32, "num_key_value_heads": 8,
           "cross_attention_layers": [3, 8, 13, 18, 23, 28, 33, 38], "vocab_size": 128256}, )" +
           std::string(kMllamaVisionConfig) + "}",
       9775192080, 10670220835 - 9775192080, 4096ull * (32 * 8192 + 8 * 6404)},
      {"Llama-3.2-90B-Vision",
       R"({"model_type": "mllama", "text_config": {"model_type": "mllama_text_model", "hidden_size": 8192,
           "intermediate_size": 28672, "num_hidden_layers": 100, "num_attention_heads": 64, "num_key_value_heads": 8,
           "cross_attention_layers": [3, 8, 13, 18, 23, 28, 33, 38, 43, 48, 53, 58, 63, 68, 73, 78, 83, 88, 93, 98],
           "vocab_size": 128256}, )" +
           std::string(kMllamaVisionConfig) + "}",
       87666865192, 88593355323 - 87666865192, 4096ull * (80 * 8192 + 20 * 6404)},
  });
  const Model model = read(R"({"model_type": "mllama", )" + std::string(kMllamaVisionConfig) + "}");
  CHECK(has_note(model, "6404 tokens (4 tiles of 1601), whatever the context"));
  CHECK(refusal(R"({"model_type": "mllama_text_model"})").find("/vision_config: expected an object") !=
        std::string::npos);
  CHECK(refusal(R"({"model_type": "mllama", "cross_attention_layers": [40], )" + std::string(kMllamaVisionConfig) + "}")
            .find("expected layers below 40, found 40") != std::string::npos);
}

TEST_CASE("blocks of a search have KV heads and feed-forwards of their own, or none") {
  // 49867145216: the published total. 49 blocks have attention.
  check_rows({{"Llama-3_3-Nemotron-Super-49B-v1",
               R"({"model_type": "nemotron-nas", "hidden_size": 8192, "num_hidden_layers": 80,
                   "num_attention_heads": 64, "num_key_value_heads": null, "intermediate_size": null,
                   "vocab_size": 128256, "block_configs": [)" +
                   super_49b_blocks() + "]}",
               49867145216, 0, 49 * 8192 * 4096}});
  // A linear of d_model in the place of a half, with its norm: 2 x (512^2 + 512); a norm less where there is nothing.
  const char* const frame = R"({"model_type": "nemotron-nas", "hidden_size": 512, "num_hidden_layers": 2,
      "num_attention_heads": 4, "vocab_size": 1000, "tie_word_embeddings": true, "block_configs": )";
  check_rows(
      {{"linears in place of both halves, and neither",
        std::string(frame) + R"([{"attention": {"replace_with_linear": true}, "ffn": {"replace_with_linear": true}},
                                        {"attention": {"no_op": true}, "ffn": {"no_op": true}}]})",
        512 * 1000 + 512 + 2 * (512 * 512 + 512), 0, 0}});
  // int(2 x 1.3 x 512 / 3) = 443, in whole 256: 512. A window of 1024 with 2 KV heads of 128: 1024 bytes a token.
  check_rows({{"a window",
               std::string(frame) +
                   R"([{"attention": {"n_heads_in_group": 2, "window_length": 1024}, "ffn": {"ffn_mult": 1.3}},
                       {"attention": {"no_op": true}, "ffn": {"no_op": true}}]})",
               512 * 1000 + 512 + 2 * 512 * 512 + 2 * 512 * 256 + 3 * 512 * 512 + 2 * 512, 0, 1024 * 1024}});
  const auto refused = [&](const char* blocks) { return refusal(std::string(frame) + blocks + "}"); };
  CHECK(refused("[]").find("/block_configs: expected a list of 2 blocks, found 0") != std::string::npos);
  CHECK(refused(R"([{"attention": {"n_heads_in_group": 1, "num_sink_tokens": 4}, "ffn": {"ffn_mult": 1}},
                    {"attention": {"no_op": true}, "ffn": {"no_op": true}}])")
            .find("/block_configs/0/attention/num_sink_tokens: expected null") != std::string::npos);
  CHECK(refused(R"([{"attention": {"n_heads_in_group": 1}, "ffn": {}},
                    {"attention": {"no_op": true}, "ffn": {"no_op": true}}])")
            .find("/block_configs/0/ffn/ffn_mult: expected a number above 0, found nothing") != std::string::npos);
}

TEST_CASE("sliding layers may have more heads, and prediction layers heads of their own") {
  const std::string step = R"("hidden_size": 4096, "num_hidden_layers": 45, "num_attention_heads": 64,
      "intermediate_size": 11264, "vocab_size": 128896, "moe_num_experts": 288, "moe_top_k": 8,
      "moe_intermediate_size": 1280, "share_expert_dim": 1280, "sliding_window": 512, "max_position_embeddings": 262144,
      "moe_layers_enum": "3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44",
      "num_nextn_predict_layers": 3, )";
  check_rows({
      // 199384301376: the published total.
      {"Step-3.5-Flash",
       R"({"model_type": "step3p5", "num_attention_groups": 8, "head_dim": 128, "use_head_wise_attn_gate": true,
           "attention_other_setting": {"attention_type": "sliding_attention", "num_attention_heads": 96,
           "num_attention_groups": 8, "head_dim": 128}, )" +
           step + R"("layer_types": [)" + one_full_in_four(48) + "]}",
       196956130368, 199384301376 - 196956130368, 4096 * (12 * 8192 + 33 * 512)},
      // Without gates, 12 x 64 + 33 x 96 rows of 4096 fewer; sliding layers with 64 heads have 2 x 32 x 128 fewer. The
      // same of each sliding prediction layer.
      {"Step-3.7-Flash, as its configuration states it",
       R"({"model_type": "step3p7", "architectures": ["Step3p7FlashForCausalLM"], "num_key_value_heads": 8,
           "head_dim": 128, )" +
           step + R"("layer_types": [)" + one_full_in_four(45) + "]}",
       196956130368 - 33 * 2 * 32 * 128 * 4096ull - (12 * 64 + 33 * 96) * 4096,
       (199384301376 - 196956130368) - 3 * (2 * 32 * 128 + 96) * 4096ull, 4096 * (12 * 8192 + 33 * 512)},
  });
  CHECK(refusal(R"({"model_type": "step3p5", )" + step + R"("layer_types": [)" + one_full_in_four(46) + "]}")
            .find("/layer_types: expected 45 kinds, or so many more as num_nextn_predict_layers says, found 46") !=
        std::string::npos);
}

TEST_CASE("a class that is known decides where the model type is not") {
  check_rows({
      // 16 full and 48 sliding layers of 4096 bytes a token; the prediction layer is one decoder layer, a projection of
      // 2 x 5120 and three norms.
      {"EXAONE-4.5-33B",
       R"({"architectures": ["Exaone4_5_ForConditionalGeneration"], "model_type": "exaone4_5", "text_config":
           {"architectures": ["Exaone4ForCausalLM"], "hidden_size": 5120, "intermediate_size": 27392,
           "sliding_window_pattern": "LLLG", "num_nextn_predict_layers": 1, "mtp_share_layers": true,
           "model_type": "exaone4_5_text", "num_attention_heads": 40, "num_hidden_layers": 64,
           "num_key_value_heads": 8, "sliding_window": 4096, "vocab_size": 153600}, "tie_word_embeddings": false,
           "vision_config": {"depth": 28}})",
       32527504384, (32527504384 - 2 * 153600 * 5120ull - 5120) / 64 + 2 * 5120 * 5120ull + 3 * 5120,
       4096 * (16 * 8192 + 48 * 4096)},
      // Vicuna's 6738415616, and two linears from 1024 to 4096 to 4096.
      {"llava-v1.5-7b",
       R"({"architectures": ["LlavaLlamaForCausalLM"], "model_type": "llava", "hidden_size": 4096,
           "intermediate_size": 11008, "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32,
           "vocab_size": 32000, "mm_hidden_size": 1024, "mm_projector_type": "mlp2x_gelu",
           "mm_vision_tower": "openai/clip-vit-large-patch14-336"})",
       6738415616, 1024 * 4096 + 4096 + 4096 * 4096 + 4096, 4294967296},
      {"a flat LLaVA of Mistral, with one linear",
       R"({"model_type": "llava_mistral", "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32,
           "num_hidden_layers": 32, "num_key_value_heads": 8, "vocab_size": 32000, "sliding_window": null,
           "mm_hidden_size": 1024})",
       7241732096, 1024 * 4096 + 4096, 1073741824},
  });
  const Model exaone =
      read(R"({"model_type": "new_one", "num_hidden_layers": 32, "architectures": ["Exaone4ForCausalLM"]})");
  CHECK(has_note(exaone, "\"new_one\" is counted by its class, Exaone4ForCausalLM"));
  const Model flat = read(
      R"({"model_type": "llava", "architectures": ["LlavaLlamaForCausalLM"], "hidden_size": 4096,
          "mm_projector_type": "resampler", "mm_vision_tower": "tower"})");
  CHECK(has_note(flat, "the vision projector \"resampler\" is not counted"));
  CHECK(has_note(flat, "the vision tower (tower) is not counted"));
  // A file with a text_config stays what that says.
  const Model nested = read(
      R"({"model_type": "llava", "architectures": ["LlavaForConditionalGeneration"],
          "text_config": {"model_type": "mistral", "hidden_size": 4096}})");
  CHECK_EQ(nested.family, "mistral");
  CHECK(refusal(R"({"model_type": "new_one", "architectures": ["NewForCausalLM"]})")
            .find("/model_type: unknown family \"new_one\"") != std::string::npos);
}

TEST_CASE("dense and sparse relatives of Llama and DeepSeek") {
  check_rows({
      // A layer: q 2560 x 768 + 768 + 768 x 3840, kv 2560 x 288 + 256 + 256 x 5120, output 2560 x 2560, feed-forward
      // 3 x 2560 x 6400, norms 5120. Cached: 256 + 32 elements a layer.
      {"MiniCPM3-4B",
       R"({"model_type": "minicpm3", "hidden_size": 2560, "num_hidden_layers": 62, "intermediate_size": 6400,
           "num_attention_heads": 40, "num_key_value_heads": 40, "qk_nope_head_dim": 64, "qk_rope_head_dim": 32,
           "q_lora_rank": 768, "kv_lora_rank": 256, "vocab_size": 73448})",
       62ull * (1966080 + 768 + 2949120 + 737280 + 256 + 1310720 + 6553600 + 49152000 + 5120) + 73448 * 2560 + 2560, 0,
       62 * 288 * 2 * 8192},
      {"XVERSE-7B",
       R"({"model_type": "xverse", "hidden_size": 4096, "intermediate_size": 11008, "num_attention_heads": 32,
           "num_hidden_layers": 32, "vocab_size": 100534})",
       32ull * (4 * 4096 * 4096 + 3 * 4096 * 11008 + 2 * 4096) + 2 * 100534 * 4096ull + 4096, 0, 4294967296},
      {"XVERSE-MoE-A4.2B",
       R"({"model_type": "xverse", "hidden_size": 2560, "intermediate_size": 1728, "num_attention_heads": 32,
           "num_hidden_layers": 28, "vocab_size": 100534, "num_experts": 64, "moe_top_k": 6, "num_shared_experts": 2})",
       28ull * (4 * 2560 * 2560 + 66 * 3 * 2560 * 1728ull + 64 * 2560 + 2 * 2560) + 2 * 100534 * 2560 + 2560ull, 0,
       28 * 2 * 2560 * 2 * 8192ull},
      // 16375728128: the published total.
      {"deepseek-moe-16b-base",
       R"({"model_type": "deepseek", "hidden_size": 2048, "num_hidden_layers": 28, "num_attention_heads": 16,
           "num_key_value_heads": 16, "intermediate_size": 10944, "moe_intermediate_size": 1408,
           "n_routed_experts": 64, "n_shared_experts": 2, "num_experts_per_tok": 6, "first_k_dense_replace": 1,
           "vocab_size": 102400})",
       16375728128, 0, 28 * 2 * 2048 * 2 * 8192ull},
  });
}

TEST_CASE("mixtures whose experts differ by version, by layer half, and by kind of token") {
  // A prediction layer of LongCat's checkpoint: embedding, projection, latent attention, feed-forward, five norms.
  const Count latent = 6144 * 1536 + 1536 + 1536 * 64 * 192 + 6144 * 576 + 512 + 512 * 64 * 256 + 64 * 128 * 6144;
  const Count prediction = 131072 * 6144 + 2 * 6144 * 6144 + latent + 3 * 6144 * 12288 + 5 * 6144;
  check_rows({
      // 16801974272 and 16255643392: the published totals.
      {"Ling-lite-1.5",
       R"({"architectures": ["BailingMoeForCausalLM"], "model_type": "bailing_moe", "first_k_dense_replace": 0,
           "hidden_size": 2048, "intermediate_size": 1408, "moe_intermediate_size": 1408, "num_experts": 64,
           "num_shared_experts": 2, "num_attention_heads": 16, "num_experts_per_tok": 6, "num_hidden_layers": 28,
           "num_key_value_heads": 4, "use_bias": false, "use_qkv_bias": false, "vocab_size": 126464})",
       16801974272, 0, 28 * 2 * 4 * 128 * 2 * 8192},
      {"Ling-mini-2.0",
       R"({"architectures": ["BailingMoeV2ForCausalLM"], "model_type": "bailing_moe", "num_hidden_layers": 20,
           "hidden_size": 2048, "intermediate_size": 5120, "first_k_dense_replace": 1, "moe_intermediate_size": 512,
           "moe_shared_expert_intermediate_size": 512, "num_shared_experts": 1, "num_experts": 256,
           "num_experts_per_tok": 8, "moe_router_enable_expert_bias": true, "num_attention_heads": 16,
           "num_key_value_heads": 4, "head_dim": 128, "use_qk_norm": true, "vocab_size": 157184})",
       16255643392, 0, 20 * 2 * 4 * 128 * 2 * 8192},
      // 561862880256: the published total, with the prediction layer. 56 caches of 576 elements.
      {"LongCat-Flash-Chat",
       R"({"model_type": "longcat_flash", "attention_method": "MLA", "zero_expert_type": "identity",
           "hidden_size": 6144, "ffn_hidden_size": 12288, "moe_topk": 12, "expert_ffn_hidden_size": 2048,
           "n_routed_experts": 512, "zero_expert_num": 256, "num_layers": 28, "vocab_size": 131072,
           "num_attention_heads": 64, "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_rope_head_dim": 64,
           "qk_nope_head_dim": 128, "v_head_dim": 128, "attention_bias": false})",
       Count{561862880256} - prediction, 0, 56 * 576 * 2 * 8192},
      // A layer of experts: attention, 64 experts and two always on of 1536, a router with a bias, two norms. Of
      // images, 64 experts of 512, their router and its bias.
      {"ERNIE-4.5-VL-28B-A3B, without its vision tower",
       R"({"model_type": "ernie4_5_moe_vl", "hidden_size": 2560, "num_hidden_layers": 28, "num_attention_heads": 20,
           "num_key_value_heads": 4, "intermediate_size": 12288, "vocab_size": 103424, "moe_num_experts": [64, 64],
           "moe_intermediate_size": [1536, 512], "moe_k": 6, "moe_num_shared_experts": 2,
           "moe_layer_start_index": [1, 1], "moe_layer_end_index": [29, 28], "moe_layer_interval": 1,
           "tie_word_embeddings": true, "vision_config": {"depth": 32}})",
       103424 * 2560 + 2560 + 28 * (2 * 2560 * 2560 + 2 * 2560 * 512 + 2 * 2560) + 3 * 2560 * 12288 +
           27 * (66 * 3 * 2560 * 1536ull + 64 * 2560 + 64),
       27 * 64 * (3 * 2560 * 512ull + 2560 + 1), 28 * 2 * 4 * 128 * 2 * 8192},
  });
  const Model ernie = read(R"({"model_type": "ernie4_5_moe_vl", "hidden_size": 2560, "vision_config": {"depth": 32}})");
  CHECK(has_note(ernie, "the vision tower is not counted"));
  CHECK(refusal(R"({"model_type": "ernie4_5_moe_vl", "moe_num_experts": [64, 64, 64]})")
            .find("/moe_num_experts: expected an integer, or one for text and one for images") != std::string::npos);
  CHECK(refusal(R"({"model_type": "longcat_flash", "num_hidden_layers": 56})")
            .find("/num_layers: expected a positive integer") != std::string::npos);
  // Up to 12 experts of a token: 31.3 G are the most that the report names (arXiv 2509.01322).
  const Model longcat = read(R"({"model_type": "longcat_flash", "num_layers": 28})");
  CHECK_EQ(figure(longcat, Metric::active_parameters),
           to_string(Count{561862880256} - prediction - 28 * 500 * 3 * 6144 * 2048ull));
}

TEST_CASE("block-sparse layers cache all tokens and see a part of them") {
  // 7392272384: the published total. Keys and values of 8 heads of 128 in 32 layers.
  const std::string config = R"({"model_type": "phi3small", "hidden_size": 4096, "num_hidden_layers": 32,
      "num_attention_heads": 32, "num_key_value_heads": 8, "ff_intermediate_size": 14336, "vocab_size": 100352,
      "dense_attention_every_n_layers": 2, "blocksparse_block_size": 64, "blocksparse_num_local_blocks": 16,
      "blocksparse_vert_stride": 8, "blocksparse_triton_kernel_block_size": 64)";
  check_rows({{"Phi-3-small-8k-instruct", config + "}", 7392272384, 0, 32 * 2 * 8 * 128 * 2 * 8192}});
  // 128 blocks. Of head h, a query of block q sees its own, 15 before it and those before them with (j + h + 1) in 8.
  const Model model = read(config + "}");
  const Mixer& sparse = *model.groups.front().mixers.front();
  CHECK_EQ(sparse.kind(), "block_sparse");
  std::uint64_t scores = 0;
  for (unsigned head = 0; head < 32; ++head) {
    for (unsigned q = 0; q < 128; ++q) {
      unsigned blocks = 0;
      for (unsigned j = 0; j < q; ++j) blocks += q - j < 16 || (j + head + 1) % 8 == 0 ? 1 : 0;
      scores += 64 * 65 / 2 + std::uint64_t{64} * 64 * blocks;
    }
  }
  CHECK_EQ(to_string(sparse.prefill(8192, PairRule::exact)->scores), to_string(Count{scores}));
  // A key head is read by four query heads with other vertical blocks each, 14 of the 112 before the near ones.
  CHECK_EQ(to_string(sparse.rows_read(0, 8192)), to_string(Count{8 * 64 * (16 + 4 * 14)}));
  CHECK_EQ(model.groups.back().mixers.front()->kind(), "full");
  CHECK(refusal(config + R"(, "blocksparse_triton_kernel_block_size": 32})").find("kernel_block_size") !=
        std::string::npos);
}

TEST_CASE("linear attentions keep a state and no cache") {
  // A layer: the projections, the gates, norms, and a feed-forward of 2/3 of 4 x hidden_size in whole 256. State: heads
  // of d_k x d_v in fp32, and three columns of a short convolution in bf16.
  struct Row {
    const char* model;
    const char* config;
    Count parameters, state;
  };
  const Count d = 2048;
  const Count frame = 2 * 32000 * d + d;
  const Count ff = 3 * d * 5632;
  const Row rows[] = {
      {"gla-340M",
       R"({"model_type": "gla", "expand_k": 0.5, "expand_v": 1, "hidden_ratio": 4, "hidden_size": 1024,
           "intermediate_size": null, "num_heads": 4, "num_hidden_layers": 24, "tie_word_embeddings": true,
           "vocab_size": 32000})",
       32000 * 1024 + 1024 +
           24 * (2 * 1024 * 512 + 3 * 1024 * 1024 + 1024 * 16 + 16 * 512 + 512 + 256 + 2 * 1024 + 3 * 1024 * 2816),
       24 * 4 * 128 * 256 * 4},
      {"gla-1.3B",
       R"({"model_type": "gla", "expand_k": 0.5, "expand_v": 1, "hidden_ratio": 4, "hidden_size": 2048,
           "intermediate_size": null, "num_heads": 4, "num_hidden_layers": 24, "vocab_size": 32000})",
       frame + 24 * (2 * d * 1024 + 3 * d * d + d * 16 + 16 * 1024 + 1024 + 512 + 2 * d + ff), 24 * 4 * 256 * 512 * 4},
      {"gla-7B, with a quarter of the key heads and no output gate",
       R"({"model_type": "gla", "expand_k": 1, "expand_v": 1, "hidden_size": 4096, "intermediate_size": 14336,
           "num_heads": 32, "num_kv_heads": 8, "num_hidden_layers": 32, "use_output_gate": false,
           "vocab_size": 32000})",
       2 * 32000 * 4096 + 4096 +
           32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 4096 * 16 + 16 * 1024 + 1024 + 128 + 2 * 4096 +
                 3 * 4096 * Count{14336}),
       32 * 32 * 128 * 128 * 4},
      {"hgrn-1.3B", R"({"model_type": "hgrn", "hidden_size": 2048, "num_hidden_layers": 24, "expand_ratio": 1})",
       frame + 24 * (4 * d * d + d + 2 * d + ff) + 24 * d, 24 * 2048 * 2},
      {"hgrn, wider and without bounds",
       R"({"model_type": "hgrn", "hidden_size": 2048, "num_hidden_layers": 3, "expand_ratio": 1.5,
           "use_lower_bound": false})",
       frame + 3 * (4 * d * 3072 + 3072 + 2 * d + ff), 3 * 3072 * 2},
      {"hgrn2", R"({"model_type": "hgrn2", "hidden_size": 2048, "num_hidden_layers": 24})",
       frame + 24 * (4 * d * d + d + 2 * d + ff) + 24 * d, 24 * 16 * 128 * 128 * 4},
      {"retnet", R"({"model_type": "retnet", "hidden_size": 2048, "num_hidden_layers": 24})",
       frame + 24 * (2 * d * d + 3 * d * 2 * d + 512 + 2 * d + 3 * d * 2816), 24 * 8 * 256 * 512 * 4},
      {"delta_net", R"({"model_type": "delta_net", "hidden_size": 2048, "num_hidden_layers": 24, "num_heads": 16})",
       frame + 24 * (4 * d * d + 16 * d + 3 * d * 4 + 128 + 2 * d + ff), 24 * (16 * 128 * 128 * 4 + 3 * 3 * 2048 * 2)},
      {"gated_deltanet", R"({"model_type": "gated_deltanet", "num_hidden_layers": 21})",
       frame + 21 * (2 * d * 1536 + 2 * d * 3072 + 2 * d * 6 + 6144 * 4 + 2 * 6 + 512 + 3072 * d + 2 * d + ff),
       21 * (6 * 256 * 512 * 4 + 3 * 6144 * 2)},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const Model model = read(row.config);
    CHECK_EQ(figure(model, Metric::parameters), to_string(row.parameters));
    CHECK_EQ(figure(model, Metric::state_bytes), to_string(row.state));
    CHECK_EQ(figure(model, Metric::kv_cache_bytes), "0");
  }
  // One of 24 layers attends, with 8 heads of 128 for the keys: 4096 bytes a token; 2048 tokens under a window.
  const char* const hybrid = R"({"model_type": "gla", "attn": {"layers": [11], "num_heads": 16, "num_kv_heads": 8)";
  CHECK_EQ(figure(read(std::string(hybrid) + "}}"), Metric::kv_cache_bytes), std::to_string(4096 * 8192));
  CHECK_EQ(figure(read(std::string(hybrid) + R"(, "window_size": 2048}})"), Metric::kv_cache_bytes),
           std::to_string(4096 * 2048));
  CHECK(refusal(R"({"model_type": "gla", "attn": {"layers": [24], "num_heads": 16}})")
            .find("/attn/layers: expected layers below 24, found 24") != std::string::npos);
  CHECK(refusal(R"({"model_type": "retnet", "use_short_conv": true})")
            .find("/use_short_conv: expected false: the other form is not counted") != std::string::npos);
}

TEST_CASE("CLIP's towers, each alone and together") {
  // Both: 151277313 and 427616513, the published counts. A layer of width d and inner width f has
  // 4 (d^2 + d) + 2 d f + f + d + 4 d.
  const auto layer = [](Count d, Count f) { return 4 * (d * d + d) + 2 * d * f + f + d + 4 * d; };
  const Count base = 49408 * 512 + 77 * 512 + 12 * layer(512, 2048) + 2 * 512 + 512 * 512;
  const Count large = 49408 * 768 + 77 * 768 + 12 * layer(768, 3072) + 2 * 768 + 768 * 768;
  check_rows({
      {"clip-vit-base-patch32", R"({"model_type": "clip", "text_config": {"model_type": "clip_text_model"},
                                    "vision_config": {}, "projection_dim": 512})",
       base, 151277313 - base, 12 * 2 * 512 * 2 * 8192},
      {"clip-vit-large-patch14",
       R"({"model_type": "clip", "projection_dim": 768, "text_config": {"model_type": "clip_text_model",
           "hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "projection_dim": 512},
           "vision_config": {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16,
           "num_hidden_layers": 24, "patch_size": 14}})",
       large, 427616513 - large, 12 * 2 * 768 * 2 * 8192},
      {"a text tower without a projection",
       R"({"model_type": "clip_text_model", "vocab_size": 49408, "architectures": ["CLIPTextModel"]})",
       base - 512 * 512, 0, 12 * 2 * 512 * 2 * 8192},
      // 3 x 14 x 14 patches of 224 x 224, 257 positions, a class token, two norms.
      {"CLIP-ViT-H, its vision tower",
       R"({"architectures": ["CLIPVisionModelWithProjection"], "model_type": "clip_vision_model", "hidden_size": 1280,
           "image_size": 224, "intermediate_size": 5120, "num_attention_heads": 16, "num_hidden_layers": 32,
           "patch_size": 14, "projection_dim": 1024})",
       1280 + 588 * 1280 + 257 * 1280 + 4 * 1280 + 32 * layer(1280, 5120) + 1280 * 1024, 0, 0},
  });
  CHECK(has_note(read(R"({"model_type": "clip_vision_model", "hidden_size": 768})"),
                 "the context is an image's: 50 positions"));
}

TEST_CASE("RWKV-7 states the inner widths of its matrices") {
  // Parameters of RWKV-7 World [arXiv 2503.14456, table of model sizes]. State: a matrix of 64 x 64 for each head and
  // two token shifts, in fp32.
  struct Row {
    const char* model;
    const char* config;
    Count parameters, d, layers;
  };
  const Row rows[] = {
      {"RWKV7-World 0.1B",
       R"("hidden_size": 768, "num_hidden_layers": 12, "decay_low_rank_dim": 64, "a_low_rank_dim": 64,
          "v_low_rank_dim": 32, "gate_low_rank_dim": 128)",
       191034624, 768, 12},
      {"RWKV7-World 0.4B",
       R"("hidden_size": 1024, "num_hidden_layers": 24, "decay_low_rank_dim": 64, "a_low_rank_dim": 64,
          "v_low_rank_dim": 32, "gate_low_rank_dim": 128)",
       450767872, 1024, 24},
      {"RWKV7-World 1.5B",
       R"("hidden_size": 2048, "num_hidden_layers": 24, "decay_low_rank_dim": 96, "a_low_rank_dim": 96,
          "v_low_rank_dim": 64, "gate_low_rank_dim": 256)",
       1527404544, 2048, 24},
      {"RWKV7-World 2.9B",
       R"("hidden_size": 2560, "num_hidden_layers": 32, "decay_low_rank_dim": 96, "a_low_rank_dim": 96,
          "v_low_rank_dim": 64, "gate_low_rank_dim": 320)",
       2947735040, 2560, 32},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const Model model =
        read(R"({"model_type": "rwkv7", "vocab_size": 65536, "head_dim": 64, )" + std::string(row.config) + "}");
    CHECK_EQ(figure(model, Metric::parameters), to_string(row.parameters));
    CHECK_EQ(figure(model, Metric::state_bytes), to_string(row.layers * (row.d * 64 + 2 * row.d) * 4));
    CHECK_EQ(figure(model, Metric::kv_cache_bytes), "0");
  }
  CHECK(refusal(R"({"model_type": "rwkv7"})").find("/decay_low_rank_dim") != std::string::npos);
}

TEST_CASE("decoders of 2026: experts after the first layers, and windows, heads and gates of each layer") {
  // Sums of the modules' shapes in the files that each reader names; the cards say 33B and 3B active (XS.2), 237.1B
  // with the prediction layer (K-EXAONE), 295B and 3.8B (Hy3), 102.6B (Solar), 30B (North) and 1.96B (Youtu).
  const auto heads_of = [](int layers, const char* full, const char* sliding) {
    std::string list;
    for (int i = 0; i < layers; ++i) list.append(i == 0 ? "" : ", ").append(i % 4 == 0 ? full : sliding);
    return list;
  };
  check_rows({
      {"poolside/Laguna-XS.2",
       R"({"model_type": "laguna", "num_hidden_layers": 40, "gating": "per-head", "mlp_only_layers": [0],
           "layer_types": [)" +
           one_full_in_four(40) + R"(], "num_attention_heads_per_layer": [)" + heads_of(40, "48", "64") + "]}",
       33442617088, 0, 4096ull * (10 * 8192 + 30 * 512)},
      {"poolside/Laguna-S-2.1",
       R"({"model_type": "laguna", "hidden_size": 3072, "intermediate_size": 12288, "num_hidden_layers": 48,
           "num_experts_per_tok": 10, "moe_intermediate_size": 1024, "shared_expert_intermediate_size": 1024,
           "layer_types": [)" +
           one_full_in_four(48) + R"(], "num_attention_heads_per_layer": [)" + heads_of(48, "48", "72") + "]}",
       117561977600, 0, 4096ull * (12 * 8192 + 36 * 512)},
      {"LGAI-EXAONE/K-EXAONE-236B-A23B",
       R"({"model_type": "exaone_moe", "hidden_size": 6144, "intermediate_size": 18432, "num_hidden_layers": 48,
           "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 153600,
           "num_experts": 128, "moe_intermediate_size": 2048, "sliding_window": 128, "sliding_window_pattern": "LLLG",
           "first_last_k_dense_replace": 1, "num_nextn_predict_layers": 1})",
       236571156352, 528513280, 4096ull * (12 * 8192 + 36 * 128)},
      {"tencent/Hy3-preview",
       R"({"model_type": "hy_v3", "num_hidden_layers": 80, "expert_hidden_dim": 1536, "qk_norm": true,
           "num_nextn_predict_layers": 1})",
       295033543488, 3752612288, 4096ull * 80 * 8192},
      {"upstage/Solar-Open-100B",
       R"({"model_type": "solar_open", "hidden_size": 4096, "num_hidden_layers": 48, "intermediate_size": 10240,
           "first_k_dense_replace": 0})",
       102651799552, 0, 4096ull * 48 * 8192},
      {"CohereLabs/North-Mini-Code-1.0",
       R"({"model_type": "cohere2_moe", "hidden_size": 2048, "intermediate_size": 768, "num_hidden_layers": 49,
           "num_attention_heads": 32, "num_key_value_heads": 4, "vocab_size": 262144, "num_experts": 128,
           "num_experts_per_tok": 8, "first_k_dense_replace": 1, "prefix_dense_intermediate_size": 3072,
           "rms_norm_eps": 1e-06, "tie_word_embeddings": null})",
       30484303872, 0, 2048ull * (13 * 8192 + 36 * 4096)},
      {"tencent/Youtu-LLM-2B", R"({"model_type": "youtu_llm", "hidden_size": 2048, "num_hidden_layers": 32})",
       1961560064, 0, 2ull * 576 * 32 * 8192},
  });
}

TEST_CASE("K-EXAONE 2: windows of their own, and one prediction layer for several tokens") {
  const std::string widths =
      R"({"model_type": "exaone_moe", "hidden_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 8,
          "num_key_value_heads": 2, "vocab_size": 1000, "layer_types": ["full_attention", "sliding_attention",
          "sliding_attention", "full_attention"], "mlp_layer_types": ["dense", "dense", "sparse", "sparse"])";
  const Model model = read(widths + R"(, "sliding_windows": [0, 4096, 128, 0], "num_nextn_predict_layers": 3,
          "mtp_layer_types": ["sliding_attention"], "mtp_sliding_windows": [128]})");
  CHECK_EQ(figure(model, Metric::kv_cache_bytes), to_string(Count{2 * 2 * 128 * 2} * (2 * 8192 + 4096 + 128)));
  CHECK(model.next_token_layers == Count{1});
  REQUIRE(model.next_token_mixers.size() == 1);
  CHECK(model.next_token_mixers.front()->kind() == "sliding_window");
  CHECK(refusal(widths + R"(, "sliding_windows": [0, 4096, 0, 0]})")
            .find("/sliding_windows: expected the window of layer 2, which slides, found 0") != std::string::npos);
}

TEST_CASE("Laguna: one gate for each head, for each element, or none") {
  const auto parameters = [](const std::string& keys) {
    return figure(read(R"({"model_type": "laguna", "hidden_size": 2048, "num_hidden_layers": 2)" + keys + "}"),
                  Metric::parameters);
  };
  // Two embeddings, a dense and a sparse layer of 48 and 8 heads, norms.
  const Count without = Count{2 * 100352 * 2048} + 2 * (2048 * 128 * (2 * 48 + 2 * 8) + 2 * 128 + 2 * 2048) + 2048 +
                        3 * 2048 * 8192 + Count{3 * 2048 * 512} * 257 + 2048 * 256 + 256;
  CHECK_EQ(parameters(R"(, "gating": false)"), to_string(without));
  for (const char* gating : {"", R"(, "gating": true)", R"(, "gating": "per-head")"}) {
    CHECK_EQ(parameters(gating), to_string(without + 2 * 2048 * 48));
  }
  CHECK_EQ(parameters(R"(, "gating": "per-element")"), to_string(without + 2 * 2048 * 48 * 128));
  CHECK_EQ(parameters(R"(, "gating": false, "mlp_only_layers": [])"),
           to_string(without - 3 * 2048 * 8192 + Count{3 * 2048 * 512} * 257 + 2048 * 256 + 256));
  const auto faults = [](const std::string& keys) {
    return refusal(R"({"model_type": "laguna", "hidden_size": 2048, "num_hidden_layers": 2)" + keys + "}");
  };
  CHECK(faults(R"(, "gating": "maybe")").find("/gating: expected \"per-head\", \"per-element\"") != std::string::npos);
  CHECK(faults(R"(, "mlp_only_layers": [2])").find("/mlp_only_layers: expected layers below 2, found 2") !=
        std::string::npos);
  CHECK(faults(R"(, "mlp_layer_types": ["dense", "spare"])").find("unknown kind \"spare\"") != std::string::npos);
  CHECK(faults(R"(, "sliding_window": null, "layer_types": ["full_attention", "sliding_attention"])")
            .find("/sliding_window: expected a positive integer") != std::string::npos);
}

TEST_CASE("the first dense layers of Command A+ slide in a pattern of their own") {
  // Two dense layers of which the second is full, then one full layer in four from the first sparse one on.
  const Model model = read(
      R"({"model_type": "cohere2_moe", "hidden_size": 2048, "num_hidden_layers": 10, "num_attention_heads": 16,
          "first_k_dense_replace": 2, "prefix_dense_sliding_window_pattern": 2})");
  std::string full;
  for (const LayerGroup& group : model.groups) {
    if (group.mixers.front()->kind() != "full") continue;
    for (const std::uint32_t layer : group.layers) full += std::to_string(layer) + " ";
  }
  CHECK_EQ(full, "1 5 9 ");
}

TEST_CASE("Ling and Ring with linear attention: the last layer of each group has grouped-query or latent attention") {
  // Sums of the modules' shapes in mlx-lm's bailing_moe_linear.py, bailing_hybrid.py and bailing_moe_v3.py; the cards
  // say 16.4B (Ring-mini-linear-2.0) and 1T (Ling-2.5-1T), llama.cpp's bailingmoe3.cpp 7.9B and 124B (Ling 3).
  struct Row {
    const char* model;
    const char* config;
    Count parameters, beside, cache, state;
  };
  const Row rows[] = {
      {"inclusionAI/Ring-mini-linear-2.0",
       R"({"model_type": "bailing_moe_linear", "architectures": ["BailingMoeLinearV2ForCausalLM"], "hidden_size": 2048,
           "num_hidden_layers": 20, "head_dim": 128, "layer_group_size": 5, "first_k_dense_replace": 1,
           "moe_intermediate_size": 512, "moe_shared_expert_intermediate_size": 512})",
       16423448320, 0, 2ull * 2 * 4 * 128 * 4 * 8192, 4ull * 16 * 16 * 128 * 128},
      {"inclusionAI/Ling-2.5-1T", R"({"model_type": "bailing_hybrid", "hidden_size": 8192, "num_hidden_layers": 80})",
       1012231160320, 0, 2ull * 576 * 10 * 8192, 4ull * 70 * 64 * 128 * 128},
      {"inclusionAI/Ling-3.0-tiny",
       R"({"model_type": "bailing_hybrid", "architectures": ["BailingMoeV3ForCausalLM"], "hidden_size": 1536,
           "intermediate_size": 4608, "num_hidden_layers": 24, "num_attention_heads": 16, "head_dim": 128,
           "first_k_dense_replace": 1, "layer_group_size": 4, "q_lora_rank": 256, "moe_intermediate_size": 512,
           "moe_shared_expert_intermediate_size": 512, "num_experts": 128, "no_kda_lora": true,
           "num_kv_heads_for_linear_attn": 0, "gated_attention_proj_granularity_type": "head_wise"})",
       7893392800, 0, 2ull * 576 * 6 * 8192, 18ull * (4 * 16 * 128 * 128 + 2 * 3 * 16 * 3 * 128)},
      {"inclusionAI/Ling-3.0-flash",
       R"({"model_type": "bailing_hybrid", "hidden_size": 2560, "intermediate_size": 6144, "num_hidden_layers": 42,
           "num_attention_heads": 32, "head_dim": 128, "first_k_dense_replace": 2, "layer_group_size": 6,
           "q_lora_rank": null, "moe_intermediate_size": 768, "num_experts": 512, "short_conv_kernel_size": 4,
           "num_nextn_predict_layers": 1})",
       124414211552, 3072194048, 2ull * 576 * 7 * 8192, 35ull * (4 * 32 * 128 * 128 + 2 * 3 * 32 * 3 * 128)},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const Model model = read(row.config);
    CHECK_EQ(figure(model, Metric::parameters), to_string(row.parameters));
    CHECK_EQ(beside(model), to_string(row.beside));
    CHECK_EQ(figure(model, Metric::kv_cache_bytes), to_string(row.cache));
    CHECK_EQ(figure(model, Metric::state_bytes), to_string(row.state));
  }
  // Eight layers in groups of three: 2, 5, and what is behind the last whole group.
  const Model model =
      read(R"({"model_type": "bailing_hybrid", "hidden_size": 8192, "num_hidden_layers": 8, "layer_group_size": 3})");
  std::string latent;
  for (const LayerGroup& group : model.groups) {
    if (group.mixers.front()->kind() != "latent") continue;
    for (const std::uint32_t layer : group.layers) latent += std::to_string(layer) + " ";
  }
  CHECK_EQ(latent, "2 5 6 7 ");
  const auto faults = [](const std::string& keys) {
    return refusal(R"({"model_type": "bailing_hybrid", "hidden_size": 8192, "num_hidden_layers": 8)" + keys + "}");
  };
  CHECK(faults(R"(, "num_kv_heads_for_linear_attn": 8)")
            .find("/num_kv_heads_for_linear_attn: expected 0 or as many as query heads (64), found 8") !=
        std::string::npos);
  CHECK(faults(R"(, "use_qkv_bias": true)").find("/use_qkv_bias: expected false, found true") != std::string::npos);
  CHECK(faults(R"(, "short_conv_kernel_size": 4, "gated_attention_proj_granularity_type": "element_wise")")
            .find("expected \"head_wise\", found \"element_wise\"") != std::string::npos);
}
