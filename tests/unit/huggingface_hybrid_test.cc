// HuggingFace families with latent attention, linear attention and state spaces: parameters to the unit, cache and
// state. Published counts and their sources stand in configs/models/*.json; other totals are derived beside them.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "input/huggingface/huggingface.h"
#include "input/json/json.h"

using namespace ctxcost;

namespace {

/// A published model: its configuration as read, and the file's figures.
struct Published {
  JsonDocument file;

  explicit Published(const std::string& name) {
    const std::string path = std::string(CTXCOST_SOURCE_DIR) + "/configs/models/" + name + ".json";
    std::ifstream stream(path);
    REQUIRE_MESSAGE(stream.good(), path);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    file = parse_json(text, name);
  }
  Model model(LoadOptions options = {}) const {
    return read_huggingface({file.source, file.text, *file.root.find("config")}, options);
  }
  std::optional<Count> figure(std::string_view key) const { return number(file.root.find(key)); }
  std::optional<Count> part(std::string_view key) const {
    const JsonValue* parts = file.root.find("params_computed_parts");
    return parts == nullptr ? std::nullopt : number(parts->find(key));
  }
  static std::optional<Count> number(const JsonValue* value) {
    return value == nullptr || value->is(JsonValue::Type::null) ? std::nullopt : parse_digits(value->text);
  }
};

Model read(std::string_view text, LoadOptions options = {}) {
  return read_huggingface(parse_json(text, "config.json"), options);
}

/// What a reader says of a file it refuses.
std::string refusal(std::string_view text) {
  try {
    read(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

Estimate at(const Model& model, Count context) { return Estimator(model, Workload{}).at(context, 1); }

std::string digits(std::optional<Count> value) { return value ? to_string(*value) : "nothing"; }

std::string parts_of(const Model& model) {
  std::string text;
  for (const ParameterPart& part : model.parameter_parts) {
    text += (text.empty() ? "" : ", ") + part.name + " " + to_string(part.elements);
  }
  return text;
}

std::string named(const std::vector<NamedBytes>& bytes) {
  std::string text;
  for (const NamedBytes& part : bytes) {
    text += (text.empty() ? "" : ", ") + std::string(part.name) + " " + to_string(part.bytes);
  }
  return text;
}

}  // namespace

TEST_CASE("parameters of published models are exact, and what their checkpoints hold beside them is named") {
  struct Row {
    const char* model;
    const char* parts;
    /// Parts that the published total leaves out.
    Count not_in_total = 0;
  };
  const Row rows[] = {
      {"deepseek-v2-lite", ""},
      {"deepseek-v3",
       "multi-token prediction layers 11610068224, embedding and head of the multi-token prediction layers 1853358080, "
       "fp8 block scales 41540496"},
      {"deepseek-v3.2",
       "multi-token prediction layers 11624027648, embedding and head of the multi-token prediction layers 1853358080, "
       "fp8 block scales 41591584"},
      // The present total of Kimi K2 counts no scales, an earlier one did.
      {"kimi-k2-instruct", "rotary inv_freq 3416, fp8 block scales 62495192", 62495192},
      {"glm-5", "multi-token prediction layers 9952920576"},
      {"qwen3-next-80b-a3b-instruct", "multi-token prediction layers 1650471424"},
      {"qwen3.5-27b", "multi-token prediction layers 424699392, vision tower 460730096"},
      {"minimax-text-01", ""},
      {"ai21-jamba-1.5-mini", ""},
      {"mamba-130m-hf", ""},
      {"mamba-790m-hf", ""},
      {"mamba-1.4b-hf", ""},
      {"mamba2-2.7b", ""},
      {"mamba-codestral-7b-v0.1", ""},
      {"recurrentgemma-2b", ""},
      {"falcon-h1-0.5b-base", ""},
      {"granite-4.0-h-tiny", ""},
      {"granite-4.0-h-micro", ""},
      {"nemotron-h-8b-base-8k", ""},
      {"nvidia-nemotron-nano-9b-v2", ""},
      {"nvidia-nemotron-3-nano-30b-a3b-bf16", ""},
      {"nvidia-nemotron-3-super-120b-a12b-fp8", "multi-token prediction layers 2942324736"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const Published published(row.model);
    const Model model = published.model();
    const Estimate estimate = at(model, 1024);
    const std::optional<Count> text = published.part("text");
    CHECK_EQ(digits(estimate.count(Metric::parameters)), digits(text ? text : published.figure("params_computed")));
    if (const auto active = published.part("active_per_token_without_embedding")) {
      CHECK_EQ(digits(estimate.count(Metric::active_parameters_without_embedding)), digits(active));
    }
    CHECK_EQ(parts_of(model), row.parts);
    if (const auto exact = published.figure("params_exact")) {
      Count total = estimate.count(Metric::parameters).value_or(0);
      for (const ParameterPart& part : model.parameter_parts) total += part.elements;
      CHECK_EQ(digits(total), digits(*exact + row.not_in_total));
    }
  }
}

TEST_CASE("parameters of models whose totals follow from their configuration") {
  struct Row {
    const char* model;
    const char* config;
    Count parameters;
    const char* parts;
  };
  const Row rows[] = {
      // d = 5120, H = 128. MLA: 7864320 + 37748736 + 2949120 + 16777216 + 83886080 + 1536 + 512 = 149227520, 60 times.
      // MoE: 819200 + 162 x 23592960 = 3822878720, 59 times; dense 188743680. Norms 60 x 10240 + 5120. Embedding and
      // head 2 x 524288000. llama.cpp prints 235,741 B for it.
      {"DeepSeek-V2.5", R"({"model_type": "deepseek_v2", "num_hidden_layers": 60, "hidden_size": 5120,
          "num_attention_heads": 128, "intermediate_size": 12288, "vocab_size": 102400, "q_lora_rank": 1536,
          "kv_lora_rank": 512, "n_routed_experts": 160, "n_shared_experts": 2, "num_experts_per_tok": 6,
          "moe_intermediate_size": 1536, "first_k_dense_replace": 1, "dtype": "bfloat16"})",
       235741434880, ""},
      // d = 2304, H = 32, d_h = 128. KDA: q, k, v, o 4 x 9437184; three convolutions 49152; decay 294912 + 524288 +
      // 4096 + 32; beta 73728; gate 294912 + 524288; norm 128: 39514272, 20 times. MLA: 14155776 + 1327104 + 512 +
      // 4194304 + 9437184 = 29114880, 7 times. MoE: 589824 + 256 + 257 x 7077888 = 1819607296, 26 times. Dense:
      // 63700992. Norms 27 x 4608 + 2304. Embedding and head 2 x 377487360.
      {"Kimi-Linear-48B-A3B", R"({"model_type": "kimi_linear", "vocab_size": 163840, "hidden_size": 2304,
          "num_hidden_layers": 27, "num_attention_heads": 32, "num_key_value_heads": 32, "head_dim": 72,
          "intermediate_size": 9216, "kv_lora_rank": 512, "q_lora_rank": null, "qk_nope_head_dim": 128,
          "qk_rope_head_dim": 64, "v_head_dim": 128, "mla_use_nope": true, "num_experts": 256,
          "num_experts_per_token": 8, "num_shared_experts": 1, "moe_intermediate_size": 1024,
          "first_k_dense_replace": 1, "moe_layer_freq": 1, "tie_word_embeddings": false, "dtype": "bfloat16",
          "num_nextn_predict_layers": 0, "model_max_length": 1048576,
          "linear_attn_config": {"full_attn_layers": [4, 8, 12, 16, 20, 24, 27], "head_dim": 128,
            "kda_layers": [1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26], "num_heads": 32,
            "short_conv_kernel_size": 4}})",
       49122681728, ""},
      // Class defaults. MLA 1572864 + 768 + 3932160 + 1179648 + 512 + 4587520 + 10485760 = 21759232; MoE 131072 + 64 +
      // 65 x 9437184 = 613548096 in 46 layers, dense 62914560; norms 47 x 4096 + 2048; 2 x 317194240. The prediction
      // layer with 2 x 2048^2 + 3 x 2048, and its own 2 x 317194240.
      {"GLM-4.7-Flash", R"({"model_type": "glm4_moe_lite", "num_nextn_predict_layers": 1, "dtype": "bfloat16"})",
       29943393920,
       "multi-token prediction layers 643706176, embedding and head of the multi-token prediction layers 634388480"},
      // 2 x 12288 / 3 = 8192. Attention 4 x 2048^2 / 2 + 2 x 2048 x 512 + 128 = 10485888, 6 times; convolution
      // 4 x 2048^2 + 3 x 2048 = 16783360, 10 times; feed-forward 50331648; norms 16 x 4096 + 2048; embedding 134217728.
      {"LFM2-1.2B", R"({"model_type": "lfm2", "hidden_size": 2048, "num_hidden_layers": 16, "block_ff_dim": 12288,
          "block_auto_adjust_ff_dim": true, "block_ffn_dim_multiplier": 1.0, "block_multiple_of": 256,
          "full_attn_idxs": [2, 5, 8, 10, 12, 14], "conv_L_cache": 3, "conv_bias": false, "num_attention_heads": 32,
          "num_key_value_heads": 8, "vocab_size": 65536, "tie_embedding": true, "torch_dtype": "bfloat16"})",
       1170340608, ""},
      // The same in 1024 wide: 2 x 6656 / 3 = 4437 in multiples of 256 is 4608. 6 x 3145856, 10 x 4197376, 16 x
      // 14155776.
      {"LFM2-350M", R"({"model_type": "lfm2", "hidden_size": 1024, "num_hidden_layers": 16, "block_ff_dim": 6656,
          "block_auto_adjust_ff_dim": true, "full_attn_idxs": [2, 5, 8, 10, 12, 14], "num_attention_heads": 16,
          "dtype": "bfloat16"})",
       354483968, ""},
      // 2 x 10240 / 3 = 6826 is 6912. 6 x 6291584, 10 x 9441792, 16 x 31850496.
      {"LFM2-700M", R"({"model_type": "lfm2", "hidden_size": 1536, "num_hidden_layers": 16, "block_ff_dim": 10240,
          "full_attn_idxs": [2, 5, 8, 10, 12, 14], "num_attention_heads": 24, "dtype": "bfloat16"})",
       742489344, ""},
      // As written. 8 x 10485888, 22 x 16783360, 30 x 66060288.
      {"LFM2-2.6B", R"({"model_type": "lfm2", "hidden_size": 2048, "num_hidden_layers": 30, "block_ff_dim": 10752,
          "block_auto_adjust_ff_dim": false, "full_attn_idxs": [2, 5, 9, 13, 17, 21, 24, 27], "dtype": "bfloat16"})",
       2569272320, ""},
      // The same mixers, 6 and 18; two dense layers of 44040192; 22 with 65536 + 32 x 11010048 = 352387072; norms
      // 24 x 4096 + 2048.
      {"LFM2-8B-A1B", R"({"model_type": "lfm2_moe", "num_hidden_layers": 24, "layer_types": ["conv", "conv",
          "full_attention", "conv", "conv", "conv", "full_attention", "conv", "conv", "conv", "full_attention", "conv",
          "conv", "conv", "full_attention", "conv", "conv", "conv", "full_attention", "conv", "conv", "full_attention",
          "conv", "conv"], "dtype": "bfloat16"})",
       8339929856, ""},
      // 67108864 + 40960 + 2359296 + 2105344 + 131072 + 8192 + 33554432 + 4096 a layer; 2 x 266338304 + 4096.
      {"Falcon-Mamba-7B", R"({"model_type": "falcon_mamba", "hidden_size": 4096, "intermediate_size": 8192,
          "expand": 16, "num_hidden_layers": 64, "state_size": 16, "conv_kernel": 4, "time_step_rank": 256,
          "use_bias": false, "use_conv_bias": true, "vocab_size": 65024, "tie_word_embeddings": false,
          "torch_dtype": "bfloat16"})",
       7272665088, ""},
      // Class defaults. Delta net 25165824 + 131072 + 32768 + 192 + 8388608 = 33718464, 30 times; attention 16777216 +
      // 2097152 + 8388608 + 512 = 27263488, 10 times; MoE 524288 + 257 x 3145728 + 2048 = 808978432; norms 40 x 4096 +
      // 2048; 2 x 508559360. Prediction layer 27263488 + 808978432 + 4096 + 8388608 + 6144. Vision tower as that of
      // Qwen3.5-27B with (5120 - 2048) x 4609 fewer.
      {"Qwen3.5-35B-A3B", R"({"model_type": "qwen3_5_moe", "text_config": {"model_type": "qwen3_5_moe_text",
          "mtp_num_hidden_layers": 1, "dtype": "bfloat16"}, "vision_config": {"out_hidden_size": 2048}})",
       34660610688, "multi-token prediction layers 844640768, vision tower 446571248"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const Model model = read(row.config);
    CHECK_EQ(digits(at(model, 1024).count(Metric::parameters)), to_string(row.parameters));
    CHECK_EQ(parts_of(model), row.parts);
  }
}

TEST_CASE("active parameters of a mixture: the routed experts of a token, everything else in full") {
  // Nemotron 3 Nano: 23 layers x (128 - 6) experts x 2 x 2688 x 1856 stand idle.
  const Estimate nano = at(Published("nvidia-nemotron-3-nano-30b-a3b-bf16").model(), 1024);
  CHECK_EQ(digits(nano.count(Metric::active_parameters)),
           to_string(Count{31577937344} - 23 * 122 * 2 * Count{2688} * 1856));
  // MiniMax-Text-01: 80 layers x 30 experts x 3 x 6144 x 9216.
  const Estimate minimax = at(Published("minimax-text-01").model(), 1024);
  CHECK_EQ(digits(minimax.count(Metric::active_parameters)),
           to_string(Count{456089655296} - 80 * 30 * 3 * Count{6144} * 9216));
  // Nemotron 3 Super: experts of the latent width 1024; the latent projections always work.
  const Estimate super = at(Published("nvidia-nemotron-3-super-120b-a12b-fp8").model(), 1024);
  CHECK_EQ(digits(super.count(Metric::active_parameters)),
           to_string(Count{120668687360} - 40 * (512 - 22) * 2 * Count{1024} * 2688));
}

TEST_CASE("latents are cached, not heads") {
  for (const char* name : {"deepseek-v3", "kimi-k2-instruct"}) {
    CAPTURE(name);
    const Model model = Published(name).model();
    const Estimate estimate = at(model, 131072);
    CHECK_EQ(estimate.count(Metric::kv_bytes_per_token), Count{70272});
    CHECK_EQ(estimate.count(Metric::kv_cache_bytes), Count{9210691584});
    CHECK_EQ(estimate.count(Metric::state_bytes), Count{0});
  }
  // 27 layers x 576 x 2 bytes.
  CHECK_EQ(at(Published("deepseek-v2-lite").model(), 4096).count(Metric::kv_bytes_per_token), Count{31104});
}

TEST_CASE("biases of latent attention stand on the way down to the latents and on the output") {
  const std::string head = R"({"model_type": "deepseek_v3", "num_hidden_layers": 61, "attention_bias": )";
  const std::optional<Count> without = at(read(head + "false}"), 1).count(Metric::parameters);
  // 61 layers of 1536 + (512 + 64) + 7168.
  CHECK_EQ(digits(at(read(head + "true}"), 1).count(Metric::parameters)), digits(*without + 61 * 9280));
}

TEST_CASE("index keys are cached beside the latents, unless a layer shares another's index") {
  const Model v32 = Published("deepseek-v3.2").model();
  const Estimator estimator(v32, Workload{});
  CHECK_EQ(named(estimator.details(131072, 1).cache_parts), "latents 9210691584, index keys 1055391744");

  // GLM-5.2: 21 of 78 layers have an indexer of 2048 x 4096 + 6144 x 128 + 256 + 6144 x 32 = 9371904 parameters.
  const Model glm = Published("glm-5.2").model();
  CHECK_EQ(glm.groups.size(), 3);
  CHECK_EQ(digits(at(glm, 1024).count(Metric::parameters)), to_string(Count{743911218432} - 57 * Count{9371904}));
  CHECK_EQ(named(Estimator(glm, Workload{}).details(1000, 1).cache_parts),
           "latents " + to_string(Count{78} * 576 * 2 * 1000) + ", index keys " + to_string(Count{21} * 132 * 1000));
}

TEST_CASE("the indexer's types are listed or follow from frequency and offset") {
  // [transformers modular_glm_moe_dsa.py]: full where max(i - offset + 1, 0) is a multiple of the frequency.
  const std::string head = R"({"model_type": "glm_moe_dsa", "num_hidden_layers": 8, "dtype": "bfloat16")";
  const auto index_bytes = [&](const std::string& keys) {
    const Model model = read(head + keys + "}");
    const std::vector<NamedBytes> parts = Estimator(model, Workload{}).details(1, 1).cache_parts;
    return parts.size() == 2 ? parts[1].bytes : Count{};
  };
  CHECK_EQ(index_bytes(""), Count{8 * 132});
  CHECK_EQ(index_bytes(R"(, "index_topk_freq": 4, "index_skip_topk_offset": 3)"), Count{4 * 132});  // 0 1 2 6
  CHECK_EQ(index_bytes(R"(, "indexer_types": ["full", "shared", "shared", "full", "shared", "full", "full", "full"])"),
           Count{5 * 132});
  CHECK_NE(refusal(head + R"(, "indexer_types": ["full", "half", "full", "full", "full", "full", "full", "full"]})")
               .find("/indexer_types: unknown kind \"half\""),
           std::string::npos);
}

TEST_CASE("constant state stands apart from the cache that grows") {
  struct Row {
    const char* model;
    Count context, bytes_per_token, cache;
    const char* state;
  };
  const Row rows[] = {
      // docs/cost-model.md section 8: 36 x 524288 x 4 + 36 x 24576 x 2 = 77266944.
      {"qwen3-next-80b-a3b-instruct", 262144, 24576, 6442450944, "recurrent 75497472, convolution 1769472"},
      // docs/cost-model.md section 8: 70 x 1048576 x 4.
      {"minimax-text-01", 1048576, 40960, 42949672960, "recurrent 293601280"},
      // docs/cost-model.md section 8 with K - 1 columns and an fp32 state: 64 x 655360 x 4, 64 x 3 x 5376 x 2.
      {"mamba2-2.7b", 65536, 0, 0, "recurrent 167772160, convolution 2064384"},
      // docs/cost-model.md section 8: 18 x 2560 x 4 + 18 x 3 x 2560 x 2 = 460800; 8 windows of 2048 x 2 x 256 x 2.
      {"recurrentgemma-2b", 8192, 0, 16777216, "recurrent 184320, convolution 276480"},
      // 24 layers in fp32: 1536 x 16 x 4 and 3 x 1536 x 4.
      {"mamba-130m-hf", 2048, 0, 0, "recurrent 2359296, convolution 442368"},
      // 4 of 32 layers with 2 x 8 x 128 x 2; 28 with 8192 x 16 x 4 and 3 x 8192 x 2.
      {"ai21-jamba-1.5-mini", 1024, 16384, 16777216, "recurrent 14680064, convolution 1376256"},
      // Both in each of 36 layers: 2 x 2 x 64 x 2; 24 x 64 x 128 x 4; 3 x (1536 + 256) x 2.
      {"falcon-h1-0.5b-base", 1024, 18432, 18874368, "recurrent 28311552, convolution 387072"},
      // 4 of 40: 2 x 4 x 128 x 2; 36: 48 x 64 x 128 x 4 and 3 x 3328 x 2.
      {"granite-4.0-h-tiny", 1024, 8192, 8388608, "recurrent 56623104, convolution 718848"},
      // 6 of 52: 2 x 2 x 128 x 2; 23: 64 x 64 x 128 x 4 and 3 x (4096 + 2048) x 2.
      {"nvidia-nemotron-3-nano-30b-a3b-bf16", 1024, 6144, 6291456, "recurrent 48234496, convolution 847872"},
      // 24 MLA layers x 576 x 2; 69 KDA layers: 96 x 128 x 128 x 4 and 3 x 36864 x 2.
      {"kimi-k3", 1024, 27648, 28311552, "recurrent 434110464, convolution 15261696"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const Model model = Published(row.model).model();
    const Estimator estimator(model, Workload{});
    const Estimate estimate = estimator.at(row.context, 1);
    CHECK_EQ(digits(estimate.count(Metric::kv_bytes_per_token)), to_string(row.bytes_per_token));
    CHECK_EQ(digits(estimate.count(Metric::kv_cache_bytes)), to_string(row.cache));
    CHECK_EQ(named(estimator.details(row.context, 1).state_parts), row.state);
  }
}

TEST_CASE("Mamba and Mamba-2 of docs/cost-model.md section 8 in the original layout") {
  // No layer: Mamba1. d = 2560: 5120 x 16 x 4 and 3 x 5120 x 2 a layer.
  const Model first = read(R"({"d_model": 2560, "n_layer": 64, "vocab_size": 50277, "ssm_cfg": {},
                               "rms_norm": true, "pad_vocab_size_multiple": 8})");
  CHECK_EQ(first.vocab, Count{50280});
  CHECK_EQ(named(Estimator(first, Workload{}).details(1, 1).state_parts), "recurrent 20971520, convolution 1966080");
  // A layer: 2560 x 10240 + 5120 x 4 + 5120 + 5120 x 192 + 160 x 5120 + 5120 + 5120 x 16 + 5120 + 5120 x 2560 + 2560.
  CHECK_EQ(digits(at(first, 1).count(Metric::parameters)),
           to_string(Count{50280} * 2560 + 2560 + 64 * Count{41244160}));
  // Projections of docs/cost-model.md section 8: 82,247,680 FLOPs a token and layer.
  Workload causal;
  causal.convention = causal_convention();
  CHECK_EQ(digits(Estimator(first, causal).at(1, 1).count(Metric::linear_flops)), to_string(64 * Count{82247680}));
  // docs/cost-model.md section 8: 80,363,520.
  const Model second = Published("mamba2-2.7b").model();
  CHECK_EQ(digits(Estimator(second, causal).at(1, 1).count(Metric::linear_flops)), to_string(64 * Count{80363520}));
}

TEST_CASE("layers that are only a feed-forward mix nothing") {
  const Model model = Published("nemotron-h-8b-base-8k").model();
  CHECK_EQ(model.layers(), Count{52});
  REQUIRE_EQ(model.groups.size(), 3);
  CHECK_EQ(model.groups[0].mixers.front()->kind(), "mamba2");
  CHECK_EQ(model.groups[1].mixers.front()->kind(), "none");
  CHECK_EQ(model.groups[2].mixers.front()->kind(), "full");
  CHECK_EQ(model.groups[0].count(), Count{24});
  CHECK_EQ(model.groups[1].count(), Count{24});
  CHECK_EQ(model.groups[2].layers, std::vector<std::uint32_t>{7, 18, 29, 40});
  CHECK_EQ(model.positions.encoding, PositionEncoding::none);
}

TEST_CASE("Kimi K3: delta and latent layers at listed places, latent experts, attention over the depth") {
  const Model model = Published("kimi-k3").model();
  REQUIRE_EQ(model.groups.size(), 3);  // delta with a dense feed-forward, delta and latent with experts
  CHECK_EQ(model.groups[0].layers, std::vector<std::uint32_t>{0});
  CHECK_EQ(model.groups[1].count(), Count{68});
  CHECK_EQ(model.groups[2].count(), Count{24});
  CHECK_EQ(model.groups[2].layers.back(), 92);
  CHECK_EQ(model.groups[2].layers[22], 91);
  // Tensors of the checkpoint [Kimi-K3 modeling_kimi_linear.py]; d = 7168, 96 heads of 128 = 12288.
  const Count d = 7168, wide = 12288;
  const Count delta =
      3 * d * wide + 3 * 4 * wide + (d * 128 + 128 * wide + wide + 96) + d * 96 + d * wide + 128 + wide * d;
  const Count latent =
      d * 1536 + 1536 + 1536 * Count{96 * 192} + d * 576 + 512 + 512 * Count{96 * 256} + d * wide + wide * d;
  const Count experts = d * 896 + 896 + 2 * d * 3584 + 3584 + 896 * 3 * Count{3584} * 3072 + 3 * d * 6144;
  const Count layer = 6 * d;  // two norms, and a norm and a row of scores before each of the two parts
  const Count total = 2 * 163840 * d + d + 2 * d + 69 * delta + 24 * latent + 93 * layer + 3 * d * 33792 + 92 * experts;
  CHECK_EQ(digits(at(model, 1).count(Metric::parameters)), to_string(total));
}

TEST_CASE("Kimi Linear: one list of layers is the other's complement") {
  const auto layers_of = [](const std::string& lists, std::string_view kind) {
    const Model model = parse_model(R"({"model_type": "kimi_linear", "num_hidden_layers": 8, "linear_attn_config": {)" +
                                        lists + R"("num_heads": 1, "head_dim": 8}})",
                                    "config.json");
    Count count;
    for (const LayerGroup& group : model.groups) {
      if (group.mixers.front()->kind() == kind) count += group.count();
    }
    bool noted = false;
    for (const std::string& note : model.notes)
      noted = noted || note.find("the layers that are not in") != std::string::npos;
    CHECK(noted);
    return count;
  };
  CHECK_EQ(layers_of(R"("full_attn_layers": [4, 8], )", "kimi_delta"), Count{6});
  CHECK_EQ(layers_of(R"("kda_layers": [1, 2, 3, 5], )", "latent"), Count{4});
  CHECK_NE(refusal(R"({"model_type": "kimi_linear", "linear_attn_config": {"num_heads": 1, "head_dim": 8}})")
               .find("/linear_attn_config/kda_layers: expected a list of layers, or full_attn_layers, found neither"),
           std::string::npos);
}

TEST_CASE("what is not known is an error that names it") {
  CHECK_EQ(
      refusal(R"({"model_type": "deepseek_v9", "num_hidden_layers": 43})"),
      "config.json: /model_type: unknown family \"deepseek_v9\" (did you mean \"deepseek_v2\"? with assume full its "
      "cache and scores count as full attention)");
  const Model assumed = parse_model(
      R"({"model_type": "deepseek_v9", "num_hidden_layers": 43, "num_attention_heads": 64, "hidden_size": 4096})",
      "config.json", {.assume_full = true});
  CHECK_EQ(assumed.layers(), Count{43});

  CHECK_EQ(
      refusal(R"({"model_type": "nemotron_h", "hybrid_override_pattern": "MX", "num_hidden_layers": 2})"),
      "config.json: /hybrid_override_pattern: unknown layer kind \"X\"; expected M, -, * or E (with assume full it "
      "counts as full attention)");
  CHECK_NE(refusal(R"({"model_type": "nemotron_h", "hybrid_override_pattern": "M-", "num_hidden_layers": 3})")
               .find("expected one letter a layer (3), found 2"),
           std::string::npos);
  CHECK_NE(refusal(R"({"model_type": "qwen3_next", "num_hidden_layers": 2,
                       "layer_types": ["linear_attention", "sparse_attention"]})")
               .find("/layer_types/1: unknown layer kind \"sparse_attention\""),
           std::string::npos);
  CHECK_NE(
      refusal(R"({"model_type": "minimax_text_01", "num_hidden_layers": 2})").find("/attn_type_list: expected a list"),
      std::string::npos);
  CHECK_NE(
      refusal(R"({"model_type": "recurrent_gemma", "num_hidden_layers": 26, "block_types": ["recurrent", "global"]})")
          .find("unknown layer kind \"global\""),
      std::string::npos);
  CHECK_NE(refusal(R"({"model_type": "falcon_h1", "mamba_d_ssm": 1536, "mamba_n_heads": 25, "mamba_d_head": 64})")
               .find("/mamba_n_heads: expected mamba_n_heads * mamba_d_head = 1536 (mamba_d_ssm), found 1600"),
           std::string::npos);
  CHECK_NE(refusal(R"({"model_type": "kimi_linear", "linear_attn_config": {"kda_layers": [1, 40], "num_heads": 1,
                       "head_dim": 8}})")
               .find("/linear_attn_config/kda_layers: expected layers from 1 to 32, found 40"),
           std::string::npos);
  CHECK_NE(refusal(R"({"d_model": 64, "n_layer": 2, "ssm_cfg": {"layer": "Mamba3"}})").find("/ssm_cfg/layer"),
           std::string::npos);
}

TEST_CASE("a value that a family cannot have is an error at its key, with what would do") {
  struct Row {
    const char* config;
    const char* message;  // behind "config.json: "
  };
  const Row rows[] = {
      // Widths that must agree.
      {R"({"model_type": "mamba2", "num_heads": 120})",
       "/num_heads: expected num_heads * head_dim = expand * hidden_size (8192), found 7680"},
      {R"({"model_type": "mamba2", "n_groups": 3})", "/n_groups: expected a divisor of the 128 heads, found 3"},
      {R"({"model_type": "mamba2", "num_heads": 127, "head_dim": 64})",
       "/num_heads: expected num_heads * head_dim = expand * hidden_size (8192), found 8128\n"
       "config.json: /n_groups: expected a divisor of the 127 heads, found 8"},
      {R"({"model_type": "nemotron_h", "hybrid_override_pattern": "M", "mamba_num_heads": 12, "head_dim": 32})",
       "/n_groups: expected a divisor of the 12 heads, found 8"},
      {R"({"d_model": 100, "n_layer": 2, "ssm_cfg": {"layer": "Mamba2"}})",
       "/ssm_cfg/headdim: expected a divisor of the inner width 200, found 64"},
      {R"({"model_type": "granitemoehybrid", "mamba_n_heads": 64, "mamba_d_head": 64})",
       "/mamba_n_heads: expected mamba_n_heads * mamba_d_head = mamba_expand * hidden_size (8192), found 4096"},
      {R"({"model_type": "qwen3_next", "linear_num_key_heads": 5})",
       "/linear_num_key_heads: expected a divisor of linear_num_value_heads (32), found 5"},
      {R"({"model_type": "recurrent_gemma", "lru_width": 2555})",
       "/lru_width: expected a multiple of num_attention_heads (10), found 2555"},
      // Positions of layers.
      {R"({"model_type": "jamba", "attn_layer_period": 4})",
       "/attn_layer_offset: expected less than attn_layer_period (4), found 4"},
      {R"({"model_type": "jamba", "expert_layer_offset": 2})",
       "/expert_layer_offset: expected less than expert_layer_period (2), found 2"},
      {R"({"model_type": "minimax_text_01", "num_hidden_layers": 2, "attn_type_list": [0, 2]})",
       "/attn_type_list: expected 0 (lightning) or 1 (full attention), found 2"},
      {R"({"model_type": "kimi_linear", "num_hidden_layers": 4, "linear_attn_config": {"kda_layers": [1, 2],
           "full_attn_layers": [2], "num_heads": 1, "head_dim": 8}})",
       "/linear_attn_config/full_attn_layers: layer 2 is listed twice"},
      {R"({"model_type": "kimi_linear", "num_hidden_layers": 4, "linear_attn_config": {"kda_layers": [0],
           "full_attn_layers": [2], "num_heads": 1, "head_dim": 8}})",
       "/linear_attn_config/kda_layers: expected layers from 1 to 4, found 0"},
      {R"({"model_type": "glm_moe_dsa", "num_hidden_layers": 2, "indexer_types": ["shared", "full"]})",
       R"(/indexer_types: expected "full" for the first layer)"},
      {R"({"model_type": "glm_moe_dsa", "num_hidden_layers": 2, "mlp_layer_types": ["dense", "spars"]})",
       R"(/mlp_layer_types: unknown kind "spars"; expected "dense" or "sparse")"},
      {R"({"d_model": 64, "n_layer": 2, "ssm_cfg": {}, "attn_layer_idx": [1]})",
       "/attn_layer_idx: attention layers with a convolution (mamba2attn) are not supported"},
      {R"({"model_type": "nemotron_h"})",
       "/hybrid_override_pattern: expected a pattern of M, -, * and E, found nothing"},
      // What has no default.
      {R"({"model_type": "deepseek_v2"})", "/num_experts_per_tok: expected a positive integer, found nothing"},
      {R"({"model_type": "deepseek_v3", "first_k_dense_replace": -1})",
       "/first_k_dense_replace: expected a non-negative integer, found -1"},
      {R"({"model_type": "deepseek_v3", "num_experts_per_tok": 257})",
       "/num_experts_per_tok: expected at most the number of experts (256), found 257"},
      {R"({"model_type": "kimi_linear", "num_experts": 4})",
       "/num_experts_per_token: expected a positive integer, found nothing\n"
       "config.json: /moe_intermediate_size: expected a positive integer, found nothing"},
      // "auto" is the one word beside numbers.
      {R"({"model_type": "mamba", "time_step_rank": "48"})",
       R"(/time_step_rank: expected a positive integer, found "48" (remove the quotes))"},
      {R"({"model_type": "jamba", "mamba_dt_rank": 48.5})", "/mamba_dt_rank: expected a positive integer, found 48.5"},
      {R"({"d_model": 64, "n_layer": 2, "ssm_cfg": {"dt_rank": "4"}})",
       R"(/ssm_cfg/dt_rank: expected a positive integer, found "4" (remove the quotes))"},
      {R"({"model_type": "falcon_h1", "mamba_d_head": "auto", "mamba_n_groups": 3})",
       "/mamba_n_groups: expected a divisor of the 128 heads, found 3"},
      {R"({"model_type": "falcon_h1", "mamba_d_ssm": 8192, "mamba_d_head": 64.5})",
       "/mamba_d_head: expected a positive integer, found 64.5"},
      {R"({"model_type": "granitemoehybrid", "mamba_d_head": "64"})",
       R"(/mamba_d_head: expected a positive integer, found "64" (remove the quotes))"},
      {R"({"model_type": "recurrent_gemma", "lru_width": 0})", "/lru_width: expected a positive integer, found 0"},
  };
  for (const Row& row : rows) CHECK_EQ(refusal(row.config), std::string("config.json: ") + row.message);
}

TEST_CASE("assume full takes a layer kind that a pattern or a list names for full attention, and says so") {
  struct Row {
    const char* config;
    const char* kind;
    Count full;
  };
  const Row rows[] = {
      {R"({"model_type": "nemotron_h", "vocab_size": 131072, "hybrid_override_pattern": "MX-X"})", "X", 2},
      {R"({"model_type": "nemotron_h", "vocab_size": 131072, "layers_block_type": ["mamba", "spiral"]})", "spiral", 1},
      {R"({"model_type": "recurrent_gemma", "num_hidden_layers": 5, "block_types": ["recurrent", "global"]})", "global",
       2},
  };
  for (const Row& row : rows) {
    CAPTURE(row.config);
    const Model model = read(row.config, {.assume_full = true});
    Count full;
    for (const LayerGroup& group : model.groups) {
      if (group.mixers.front()->kind() == "full") full += group.count();
    }
    CHECK_EQ(full, row.full);
    const std::string note =
        "layer kind \"" + std::string(row.kind) + "\" is not known: counted as full attention (assume full)";
    CHECK_EQ(std::count(model.notes.begin(), model.notes.end(), note), 1);
  }
}

TEST_CASE("kinds of layers under each of their names, and where no key names them") {
  struct Row {
    const char* what;
    const char* config;
    const char* layers;  // "kind: first, second; kind: ..."
  };
  const Row rows[] = {
      {"Nemotron-H by words",
       R"({"model_type": "nemotron_h", "vocab_size": 131072, "layers_block_type": ["mamba", "moe", "attention", "mlp", "linear_attention",
           "full_attention"]})",
       "mamba2 0 4, none 1, full 2 5, none 3"},
      {"MiniMax alternates, full attention first", R"({"model_type": "minimax", "num_hidden_layers": 4})",
       "full 0 2, lightning 1 3"},
      {"unless layer_types says more",
       R"({"model_type": "minimax", "num_hidden_layers": 3, "layer_types": ["linear_attention", "linear_attention",
           "full_attention"]})",
       "lightning 0 1, full 2"},
      {"MiniMax-Text-01 by layer_types",
       R"({"model_type": "minimax_text_01", "num_hidden_layers": 2, "layer_types": ["full_attention",
           "linear_attention"]})",
       "full 0, lightning 1"},
      {"by true and false",
       R"({"model_type": "minimax_text_01", "num_hidden_layers": 2, "decoder_attention_types": [false, true]})",
       "lightning 0, full 1"},
      {"Granite 4 is Mamba-2 everywhere by class default",
       R"({"model_type": "granitemoehybrid", "num_hidden_layers": 2})", "mamba2 0 1"},
      {"Granite 4 under the later names",
       R"({"model_type": "granitemoehybrid", "num_hidden_layers": 2, "layer_types": ["full_attention",
           "linear_attention"]})",
       "full 0, mamba2 1"},
      {"LFM2 has full attention everywhere by class default", R"({"model_type": "lfm2", "num_hidden_layers": 2})",
       "full 0 1"},
      {"DeepSeek with ordinary heads, experts from the second layer on",
       R"({"model_type": "deepseek_v2", "num_hidden_layers": 3, "use_mla": false, "first_k_dense_replace": 1,
           "num_experts_per_tok": 6})",
       "full 0, full 1 2"},
      {"DeepSeek with experts in every second layer",
       R"({"model_type": "deepseek_v3", "num_hidden_layers": 6, "moe_layer_freq": 2})", "latent 0 1 2 3 5, latent 4"},
      {"DeepSeek with a list", R"({"model_type": "deepseek_v3", "num_hidden_layers": 3, "mlp_layer_types":
          ["sparse", "dense", "sparse"]})",
       "latent 0 2, latent 1"},
      {"DeepSeek without experts", R"({"model_type": "deepseek_v3", "num_hidden_layers": 6, "n_routed_experts": null})",
       "latent 0 1 2 3 4 5"},
      {"ordinary heads have no index", R"({"model_type": "deepseek_v32", "num_hidden_layers": 1, "use_mla": false})",
       "full 0"},
      {"Jamba with one expert is dense: only attention tells layers apart",
       R"({"model_type": "jamba", "num_hidden_layers": 6, "num_experts": 1, "num_experts_per_tok": 1})",
       "mamba 0 1 2 3 5, full 4"},
      {"Qwen3-Next keeps listed layers dense",
       R"({"model_type": "qwen3_next", "num_hidden_layers": 4, "mlp_only_layers": [0], "decoder_sparse_step": 1})",
       "gated_delta 0, gated_delta 1 2, full 3"},
      {"RecurrentGemma with an empty list keeps its default",
       R"({"model_type": "recurrent_gemma", "num_hidden_layers": 3, "block_types": []})",
       "rg_lru 0 1, sliding_window 2"},
      {"Kimi Linear without delta attention", R"({"model_type": "kimi_linear", "num_hidden_layers": 2})", "latent 0 1"},
      {"Kimi Linear with experts in every second layer",
       R"({"model_type": "kimi_linear", "num_hidden_layers": 4, "num_experts": 4, "num_experts_per_tok": 2,
           "moe_intermediate_size": 64, "moe_layer_freq": 2, "first_k_dense_replace": 1})",
       "latent 0 1 3, latent 2"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    std::string text;
    for (const LayerGroup& group : read(row.config).groups) {
      text += (text.empty() ? "" : ", ") + std::string(group.mixers.front()->kind());
      for (const std::uint32_t layer : group.layers) text += " " + std::to_string(layer);
    }
    CHECK_EQ(text, row.layers);
  }
}

TEST_CASE("parameters that a key adds or takes away") {
  struct Row {
    const char* what;
    const char* with;
    const char* without;
    Count difference;
  };
  const Row rows[] = {
      {"Mamba's feed-forward of 100 is 128 wide: 3 x 64 x 128 and a norm of 64, 2 layers",
       R"({"d_model": 64, "n_layer": 2, "ssm_cfg": {}, "d_intermediate": 100})",
       R"({"d_model": 64, "n_layer": 2, "ssm_cfg": {}, "d_intermediate": 0})", 2 * (3 * 64 * 128 + 64)},
      {"Mamba with layer norms: a bias of 64 each, 3 norms",
       R"({"d_model": 64, "n_layer": 2, "ssm_cfg": {}, "rms_norm": false})",
       R"({"d_model": 64, "n_layer": 2, "ssm_cfg": {}, "attn_layer_idx": []})", 3 * 64},
      {"a step of rank 5 instead of 64 / 16: 128 columns in, 128 rows out, 2 layers",
       R"({"d_model": 64, "n_layer": 2, "ssm_cfg": {"dt_rank": 5, "layer": "Mamba1"}})",
       R"({"d_model": 64, "n_layer": 2, "ssm_cfg": {"dt_rank": "auto"}})", 2 * 2 * 128},
      {"Mamba's own width: each of 8 more columns has 2 x 768 + 768 + 4 + 1 + 48 + 32 + 48 + 1 + 16 + 1",
       R"({"model_type": "mamba", "num_hidden_layers": 1, "intermediate_size": 1544, "time_step_rank": "auto"})",
       R"({"model_type": "mamba", "num_hidden_layers": 1})", 8 * (3 * 768 + 4 + 1 + 48 + 32 + 48 + 1 + 16 + 1)},
      {"Jamba's step: 4096 / 16 = 256 or one more, 8192 columns, rows and a norm",
       R"({"model_type": "jamba", "num_hidden_layers": 1, "mamba_dt_rank": 257})",
       R"({"model_type": "jamba", "num_hidden_layers": 1, "mamba_dt_rank": "auto"})", 2 * 8192 + 1},
      {"the same by class default", R"({"model_type": "jamba", "num_hidden_layers": 1, "mamba_dt_rank": 257})",
       R"({"model_type": "jamba", "num_hidden_layers": 1})", 2 * 8192 + 1},
      {"Qwen3-Next's output gate: 2048 x 16 x 256 in its one full layer of four",
       R"({"model_type": "qwen3_next", "num_hidden_layers": 4})",
       R"({"model_type": "qwen3_next", "num_hidden_layers": 4, "attn_output_gate": false})", 2048 * 16 * 256},
      {"MiniMax's shared expert of 100: 3 x 4096 x 100 and a gate of 4096, 2 layers",
       R"({"model_type": "minimax", "num_hidden_layers": 2, "shared_intermediate_size": 100})",
       R"({"model_type": "minimax", "num_hidden_layers": 2, "block_size": 128})", 2 * (3 * 4096 * 100 + 4096)},
      {"Granite without experts has its shared feed-forward alone: a router of 8 and 8 x 3 x 11008 fewer",
       R"({"model_type": "granitemoehybrid", "num_hidden_layers": 1, "mamba_d_head": "auto"})",
       R"({"model_type": "granitemoehybrid", "num_hidden_layers": 1, "num_local_experts": 0, "mamba_d_head": 64})",
       Count{4096} * (8 + 8 * 3 * 11008)},
      {"Nemotron-H's shared expert: 2 x 4096 x 7688",
       R"({"model_type": "nemotron_h", "vocab_size": 131072, "hybrid_override_pattern": "E"})",
       R"({"model_type": "nemotron_h", "hybrid_override_pattern": "E", "n_shared_experts": 0})", 2 * 4096 * 7688},
      {"DeepSeek's routing by bias, one for each of 256 experts in 2 of 5 layers",
       R"({"model_type": "deepseek_v3", "num_hidden_layers": 5, "topk_method": "noaux_tc"})",
       R"({"model_type": "deepseek_v3", "num_hidden_layers": 5, "topk_method": "greedy"})", 2 * 256},
      {"DeepSeek's shared expert: 3 x 7168 x 2048 in 2 of 5 layers",
       R"({"model_type": "deepseek_v3", "num_hidden_layers": 5})",
       R"({"model_type": "deepseek_v3", "num_hidden_layers": 5, "n_shared_experts": null})", 2 * 3 * 7168 * 2048},
      {"biases without a latent of the queries: 512 + 64 and 7168 in one layer",
       R"({"model_type": "deepseek_v3", "num_hidden_layers": 1, "q_lora_rank": null, "attention_bias": true})",
       R"({"model_type": "deepseek_v3", "num_hidden_layers": 1, "q_lora_rank": null})", 512 + 64 + 7168},
      {"ordinary heads of DeepSeek: 4 x 7168^2, with 64 KV heads 2 x 7168 x 64 x 56 fewer",
       R"({"model_type": "deepseek_v3", "num_hidden_layers": 1, "use_mla": false})",
       R"({"model_type": "deepseek_v3", "num_hidden_layers": 1, "use_mla": false, "num_key_value_heads": 64})",
       2 * Count{7168} * 64 * 56},
      {"LFM2: 2 x 12288 / 3 = 8192 as written 12288: 3 x 2560 x 4096 more",
       R"({"model_type": "lfm2", "num_hidden_layers": 1, "block_auto_adjust_ff_dim": false})",
       R"({"model_type": "lfm2", "num_hidden_layers": 1})", 3 * 2560 * 4096},
      {"and times 2: 16384", R"({"model_type": "lfm2", "num_hidden_layers": 1, "block_ffn_dim_multiplier": 2})",
       R"({"model_type": "lfm2", "num_hidden_layers": 1})", 3 * 2560 * 8192},
      {"and times 1.01: 8273 in multiples of 256 is 8448",
       R"({"model_type": "lfm2", "num_hidden_layers": 1, "block_ffn_dim_multiplier": 1.01})",
       R"({"model_type": "lfm2", "num_hidden_layers": 1})", 3 * 2560 * 256},
      {"and times nothing: 2 x 13000 / 3 = 8666 as it is, where times 1 makes 8704 of it",
       R"({"model_type": "lfm2", "num_hidden_layers": 1, "block_ff_dim": 13000})",
       R"({"model_type": "lfm2", "num_hidden_layers": 1, "block_ff_dim": 13000, "block_ffn_dim_multiplier": null})",
       3 * 2560 * (8704 - 8666)},
      {"Kimi's gate of the output in latent layers: 4096 x 32 x 128 in one layer",
       R"({"model_type": "kimi_linear", "num_hidden_layers": 1, "mla_use_output_gate": true})",
       R"({"model_type": "kimi_linear", "num_hidden_layers": 1, "mla_use_output_gate": false})", 4096 * 32 * 128},
      {"Kimi's latent experts with a norm of 512", R"({"model_type": "kimi_linear", "num_hidden_layers": 1,
          "num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 64, "routed_expert_hidden_size": 512,
          "latent_moe_use_norm": true})",
       R"({"model_type": "kimi_linear", "num_hidden_layers": 1, "num_experts": 2, "num_experts_per_tok": 1,
           "moe_intermediate_size": 64, "routed_expert_hidden_size": 512})",
       512},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const std::optional<Count> with = at(read(row.with), 64).count(Metric::parameters);
    const std::optional<Count> without = at(read(row.without), 64).count(Metric::parameters);
    REQUIRE(with);
    REQUIRE(without);
    CHECK_EQ(to_string(*with), to_string(*without + row.difference));
  }
  // A full-rank gate of the delta net is d_model x heads x head_dim instead of two of rank head_dim.
  const std::string delta =
      R"({"model_type": "kimi_linear", "num_hidden_layers": 1, "linear_attn_config": {"kda_layers":
      [1], "full_attn_layers": [], "num_heads": 4, "head_dim": 16, "use_full_rank_gate": )";
  CHECK_EQ(to_string(*at(read(delta + "true}}"), 1).count(Metric::parameters) + 16 * (4096 + 64)),
           to_string(*at(read(delta + "false}}"), 1).count(Metric::parameters) + 4096 * 64));
  // Nemotron-H's prediction layers are "*E" where no pattern says: what a layer of each adds, 2 d^2 and 3 norms of d.
  const std::string nemotron = R"({"model_type": "nemotron_h", "vocab_size": 131072, "hybrid_override_pattern": )";
  const Count width = 4096;
  const Count one = *at(read(nemotron + R"("M"})"), 1).count(Metric::parameters);
  const Count three = *at(read(nemotron + R"("M*E"})"), 1).count(Metric::parameters);
  CHECK_EQ(parts_of(read(nemotron + R"("M", "num_nextn_predict_layers": 1})")),
           "multi-token prediction layers " + to_string(three - one + 2 * width * width + 3 * width));
  CHECK_EQ(parts_of(read(nemotron + R"("M", "num_nextn_predict_layers": 1, "mtp_hybrid_override_pattern": "M"})")),
           "multi-token prediction layers " + to_string(*at(read(nemotron + R"("MM"})"), 1).count(Metric::parameters) -
                                                        one + 2 * width * width + 3 * width));
  // Granite's positions are those of RoPE only where it says so.
  CHECK_EQ(read(R"({"model_type": "granitemoehybrid", "num_hidden_layers": 32, "position_embedding_type": "rope"})")
               .positions.encoding,
           PositionEncoding::rope);
  CHECK_EQ(read(R"({"model_type": "granitemoehybrid", "num_hidden_layers": 32, "position_embedding_type": "nope"})")
               .positions.encoding,
           PositionEncoding::none);
  CHECK_EQ(read(R"({"model_type": "kimi_linear", "num_hidden_layers": 32, "mla_use_nope": false})").positions.encoding,
           PositionEncoding::rope);
}
