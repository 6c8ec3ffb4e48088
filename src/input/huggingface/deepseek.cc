// DeepSeekMoE (the first, with ordinary heads), DeepSeek-V2, V3 and V3.2, and the families that are one of them with
// other widths: Kimi K2, GLM-5, GLM-4.7-Flash, Mistral 4, Youtu-LLM (without experts).
// [deepseek-ai/deepseek-moe-16b-base configuration_deepseek.py, modeling_deepseek.py; transformers
//  configuration_deepseek_v2.py, configuration_deepseek_v3.py, modular_glm_moe_dsa.py, modular_glm4_moe_lite.py,
//  configuration_mistral4.py, modular_youtu.py; DeepSeek-V3.2-Exp inference/model.py]
#include <algorithm>

#include "checkpoint.h"
#include "family.h"
#include "input/gguf/header.h"
#include "latent.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

struct MoeDefaults {
  std::uint32_t experts, shared, active, d_ff, first_dense;
};

/// Class defaults of a family, and what its checkpoints hold.
struct Line {
  DecoderDefaults decoder;
  LatentDefaults latent;
  MoeDefaults moe;
  std::uint32_t window;               ///< max_position_embeddings
  std::string_view routing;           ///< topk_method
  bool prediction_embedding = false;  ///< a prediction layer has its own embedding and head
};

constexpr Line kV1 = {{.vocab = 102400, .d_model = 4096, .d_ff = 11008, .layers = 30, .heads = 32},
                      {.kv_rank = 0, .q_rank = 0, .nope = 0, .rope = 0, .d_v = 0},  // none: ordinary heads
                      {0, 0, 0, 1407, 0},
                      2048,
                      "greedy"};
constexpr Line kV2 = {{.vocab = 32000, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32},
                      {512, 1536, 128, 64, 128},
                      {64, 2, 0, 1407, 0},
                      2048,
                      "greedy"};
constexpr Line kV3 = {{.vocab = 129280, .d_model = 7168, .d_ff = 18432, .layers = 61, .heads = 128},
                      {512, 1536, 128, 64, 128},
                      {256, 1, 8, 2048, 3},
                      4096,
                      "noaux_tc",
                      true};
constexpr Line kGlm5 = {{.vocab = 154880, .d_model = 6144, .d_ff = 12288, .layers = 78, .heads = 64},
                        {512, 2048, 192, 64, 256},
                        {256, 1, 8, 2048, 3},
                        202752,
                        "noaux_tc"};
constexpr Line kGlmLite = {{.vocab = 154880, .d_model = 2048, .d_ff = 10240, .layers = 47, .heads = 20},
                           {512, 768, 192, 64, 256},
                           {64, 1, 4, 1536, 1},
                           202752,
                           "noaux_tc",
                           true};
constexpr Line kMistral4Line = {{.vocab = 131072, .d_model = 4096, .d_ff = 12288, .layers = 36, .heads = 32},
                                {256, 1024, 64, 64, 128},
                                {128, 1, 4, 2048, 0},
                                1048576,
                                "softmax"};
constexpr Line kYoutuLine = {{.vocab = 128256, .d_model = 2048, .d_ff = 6144, .layers = 32, .heads = 16, .tied = true},
                             {512, 1536, 128, 64, 128},
                             {0, 0, 0, 0, 0},
                             131072,
                             "greedy"};

/// True for the layers whose feed-forward is a mixture of experts.
std::vector<bool> expert_layers(const Config& config, std::uint32_t layers, const MoeDefaults& defaults) {
  if (std::optional<std::vector<bool>> listed = read_expert_layers(config, layers)) return *std::move(listed);
  std::vector<bool> sparse(layers);
  const Count first = config.count("first_k_dense_replace", defaults.first_dense, 0);
  const Count frequency = config.has("moe_layer_freq") ? config.count("moe_layer_freq", 1) : Count{1};
  for (std::uint32_t i = 0; i < layers; ++i) sparse[i] = Count{i} >= first && Count{i} % frequency == 0;
  return sparse;
}

/// True for the layers that reuse the last index instead of computing one [modular_glm_moe_dsa.py GlmMoeDsaConfig].
std::vector<bool> index_sharing(const Config& config, std::uint32_t layers) {
  std::vector<bool> shared(layers);
  if (const auto listed = config.texts_per_layer("indexer_types", layers)) {
    for (std::uint32_t i = 0; i < layers; ++i) {
      shared[i] = (*listed)[i] == "shared";
      if (!shared[i] && (*listed)[i] != "full") {
        config.fault("indexer_types", "unknown kind \"" + (*listed)[i] + "\"; expected \"full\" or \"shared\"");
      }
    }
  } else if (config.has("index_topk_freq")) {
    const Count frequency = max(config.count("index_topk_freq", 1, 0), 1);
    const Count offset = config.count("index_skip_topk_offset", 2, 0);
    for (std::uint32_t i = 0; i < layers; ++i) shared[i] = minus_or_zero(Count{i} + 1, offset) % frequency != 0;
  }
  if (!shared.empty() && shared.front()) config.fault("indexer_types", "expected \"full\" for the first layer");
  return shared;
}

void read_line(const Config& config, Model& model, const Line& line, std::optional<Count> index_heads) {
  const Decoder decoder = read_latent_decoder(config, line.decoder);
  // So have DeepSeek-VL2-Tiny and DeepSeek-OCR, of the second version.
  const bool plain_heads = line.latent.kv_rank == 0 || (config.has("use_mla") && !config.flag("use_mla", true));
  const bool biases = config.flag("attention_bias", false);
  Latent latent;
  if (plain_heads) {
    const Count heads = decoder.shape.heads;
    latent.shape = make_shape(config, decoder.d_model, heads,
                              config.nullable("num_key_value_heads", std::nullopt, 1).value_or(heads),
                              max(decoder.d_model / heads, 1));
    latent.shape.qkv_bias = latent.shape.output_bias = biases;
  } else {
    latent = read_latent(config, decoder.d_model, decoder.shape.heads, line.latent);
  }
  std::vector<Tensor> extras = pre_norms(kRmsNorm, decoder.d_model);
  if (!plain_heads && biases) {
    // On the projections down to the latents and on the output, not on those up from them.
    const Count q_rank = latent.settings.count("q_rank");
    if (q_rank > 0) extras.push_back(bias_of("attn_q_a", q_rank));
    extras.push_back(bias_of("attn_kv_a_mqa", latent.settings.count("kv_rank") + latent.settings.count("rope_dim")));
    extras.push_back(bias_of("attn_output", decoder.d_model));
  }
  std::string_view kind = "latent";
  std::vector<bool> shared_index(decoder.layers);
  if (index_heads && !plain_heads) {
    kind = "indexed_latent";
    latent.settings.set("index_heads", config.count("index_n_heads", *index_heads));
    latent.settings.set("index_dim", config.count("index_head_dim", 128));
    latent.settings.set("top_k", config.count("index_topk", 2048));
    shared_index = index_sharing(config, decoder.layers);
  }

  Experts experts;
  experts.count =
      config.nullable({"n_routed_experts", "num_experts", "num_local_experts"}, line.moe.experts).value_or(0);
  const bool any_experts = experts.count > 0;
  if (any_experts) {
    experts.active = line.moe.active > 0 ? config.count("num_experts_per_tok", line.moe.active)
                                         : config.required("num_experts_per_tok");
    experts.d_ff = config.count("moe_intermediate_size", line.moe.d_ff);
    experts.shared_d_ff = config.nullable("n_shared_experts", line.moe.shared).value_or(0) * experts.d_ff;
    experts.router_bias =
        config.has("topk_method") ? config.text("topk_method", "") == "noaux_tc" : line.routing == "noaux_tc";
    experts = checked(config, experts);
  }
  std::vector<bool> sparse(decoder.layers);
  if (any_experts) sparse = expert_layers(config, decoder.layers, line.moe);

  const auto layer = [&](bool with_experts, bool shares_index) {
    if (plain_heads) {
      return Layer{{attention(kFullLayer, latent.shape, 1)},
                   with_experts ? gated_experts(experts) : gated(decoder.d_ff),
                   extras};
    }
    MixerSettings settings = latent.settings;
    if (shares_index) settings.set("shares_index", true);
    return Layer{{make_mixer(kind, latent.shape, settings)},
                 with_experts ? gated_experts(experts) : gated(decoder.d_ff),
                 extras};
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return std::pair<bool, bool>(sparse[i], shared_index[i]); },
      [&](const std::pair<bool, bool>& variant) { return layer(variant.first, variant.second); });

  PredictionLayers prediction;
  prediction.count = config.nullable("num_nextn_predict_layers").value_or(0);
  prediction.layer = layer(any_experts, false);
  prediction.own_embedding = line.prediction_embedding;
  add_prediction_layers(config, model, prediction,
                        prediction.own_embedding ? "num_nextn_predict_layers, each with its own embedding and head"
                                                 : "num_nextn_predict_layers; embedding and head are the model's");
  read_rope(config, model, line.window);
}

void read_deepseek(const Config& config, Model& model) { read_line(config, model, kV1, std::nullopt); }
void read_deepseek_v2(const Config& config, Model& model) { read_line(config, model, kV2, std::nullopt); }
void read_deepseek_v3(const Config& config, Model& model) { read_line(config, model, kV3, std::nullopt); }
void read_deepseek_v32(const Config& config, Model& model) { read_line(config, model, kV3, 64); }
void read_glm_moe_dsa(const Config& config, Model& model) { read_line(config, model, kGlm5, 32); }
void read_glm4_moe_lite(const Config& config, Model& model) { read_line(config, model, kGlmLite, std::nullopt); }

void read_youtu(const Config& config, Model& model) { read_line(config, model, kYoutuLine, std::nullopt); }

void read_mistral4(const Config& config, Model& model) { read_line(config, model, kMistral4Line, std::nullopt); }

void read_kimi_k2(const Config& config, Model& model) {
  read_deepseek_v3(config, model);
  // The checkpoints keep the rotary table of each layer, computed for hidden_size / heads [Kimi-K2 model files].
  const Count heads = model.groups.front().mixers.front()->shape().heads;
  const Count table = *model.d_model / heads / 2;
  add_part(model, "rotary inv_freq", model.layers() * table,
           "one buffer a layer of hidden_size / num_attention_heads / 2 = " + to_string(table));
}

// What its GGUF files say.

void set_deepseek(gguf::Header& file, std::string_view model_type) {
  set_frame(file, model_type);
  set_latent(file);
  file.need("intermediate_size", "feed_forward_length");
  set_late_experts(file);
  // The bias that balances the experts tells V3's routing from V2's.
  file.set_text("topk_method", file.in_any_layer("exp_probs_b.bias") ? "noaux_tc" : "greedy");
  if (!file.has("expert_count")) file.set_null("n_routed_experts");
}

void read_deepseek2_gguf(gguf::Header& file) {
  set_deepseek(file, file.in_any_layer("exp_probs_b.bias") ? "deepseek_v3" : "deepseek_v2");
}

void set_indexed(gguf::Header& file, std::string_view model_type) {
  file.drop_layers(file.count("nextn_predict_layers").value_or(0));
  set_deepseek(file, model_type);
  file.need("index_n_heads", "attention.indexer.head_count");
  file.need("index_head_dim", "attention.indexer.key_length");
  file.need("index_topk", "attention.indexer.top_k");
}

void read_deepseek32_gguf(gguf::Header& file) { set_indexed(file, "deepseek_v32"); }

void read_glm_dsa_gguf(gguf::Header& file) { set_indexed(file, "glm_moe_dsa"); }

}  // namespace

CTXCOST_FAMILY(kDeepseek) = {
    .model_types = "deepseek",
    .architectures = "DeepseekForCausalLM",
    .read = read_deepseek,
};

CTXCOST_FAMILY(kDeepseekV2) = {
    .model_types = "deepseek_v2",
    .architectures = "DeepseekV2ForCausalLM",
    .read = read_deepseek_v2,
    .gguf_architectures = "deepseek2",
    .read_gguf = read_deepseek2_gguf,
};

CTXCOST_FAMILY(kDeepseekV3) = {
    .model_types = "deepseek_v3",
    .architectures = "DeepseekV3ForCausalLM",
    .read = read_deepseek_v3,
};

CTXCOST_FAMILY(kDeepseekV32) = {
    .model_types = "deepseek_v32",
    .architectures = "DeepseekV32ForCausalLM",
    .read = read_deepseek_v32,
    .gguf_architectures = "deepseek32",
    .read_gguf = read_deepseek32_gguf,
};

CTXCOST_FAMILY(kGlm4MoeLite) = {
    .model_types = "glm4_moe_lite",
    .architectures = "Glm4MoeLiteForCausalLM",
    .read = read_glm4_moe_lite,
};

CTXCOST_FAMILY(kGlmMoeDsa) = {
    .model_types = "glm_moe_dsa",
    .architectures = "GlmMoeDsaForCausalLM",
    .read = read_glm_moe_dsa,
    .gguf_architectures = "glm-dsa",
    .read_gguf = read_glm_dsa_gguf,
    .gguf = {.next_token_layers = true},
};

CTXCOST_FAMILY(kKimiK2) = {
    .model_types = "kimi_k2",
    .read = read_kimi_k2,
    .modules = {.part = "block_sparse_moe."},
};

CTXCOST_FAMILY(kMistral4) = {
    .model_types = "mistral4",
    .architectures = "Mistral4ForCausalLM",
    .read = read_mistral4,
};

CTXCOST_FAMILY(kYoutu) = {
    .model_types = "youtu youtu_llm",
    .architectures = "YoutuForCausalLM YoutuLLMForCausalLM",
    .read = read_youtu,
};

}  // namespace ctxcost::huggingface
