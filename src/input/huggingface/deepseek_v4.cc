// DeepSeek-V4: a window beside compressed rows (CSA with an indexer, HCA without), residual streams mixed by
// hyper-connections, and experts that the first layers choose by token. [DeepSeek-V4-Pro inference/model.py;
// transformers configuration_deepseek_v4.py, modeling_deepseek_v4.py]
#include <algorithm>

#include "checkpoint.h"
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// Compressed rows of four tokens overlap and have an indexer; those of 128 do neither.
constexpr std::uint32_t kIndexedRatio = 4;
constexpr std::uint32_t kHeavyRatio = 128;

/// Tokens behind one compressed row, for each layer and after them each prediction layer that the file lists.
std::vector<Count> compress_ratios(const Config& config, std::uint32_t layers) {
  constexpr std::string_view kKinds[] = {kSlidingLayer, "compressed_sparse_attention", "heavily_compressed_attention"};
  if (config.has("layer_types")) {
    Count rates[] = {0, kIndexedRatio, kHeavyRatio};
    if (const std::optional<Config> named = config.object("compress_rates")) {
      for (const std::size_t kind : {std::size_t{1}, std::size_t{2}}) {
        rates[kind] = named->count(std::string(kKinds[kind]).c_str(), static_cast<std::uint32_t>(rates[kind].u64()));
      }
    }
    std::vector<Count> ratios;
    ratios.reserve(layers);
    for (const std::string_view kind : read_layer_types(config, layers, kKinds)) {
      ratios.push_back(rates[std::find(std::begin(kKinds), std::end(kKinds), kind) - std::begin(kKinds)]);
    }
    return ratios;
  }
  std::vector<Count> ratios = config.counts("compress_ratios").value_or(std::vector<Count>{});
  if (ratios.size() < layers) {
    config.fault("compress_ratios", "expected a list of at least " + std::to_string(layers) + " integers, found " +
                                        std::to_string(ratios.size()));
    ratios.resize(layers, 0);
  }
  for (const Count ratio : ratios) {
    if (ratio == 0 || ratio == Count{kIndexedRatio} || ratio == Count{kHeavyRatio}) continue;
    config.fault("compress_ratios", "expected 0, 4 or 128, found " + to_string(ratio),
                 "which ratios overlap and have an indexer is known for these only");
    break;
  }
  return ratios;
}

/// Mixes the residual streams before and after a mixer or feed-forward: weights to read, to write and to combine.
void append_hyper_connection(std::vector<Tensor>& extras, const std::string_view (&names)[3], Count streams,
                             Count d_model) {
  const Count mixes = (2 + streams) * streams;
  extras.push_back(linear(names[0], streams * d_model, mixes));
  extras.push_back(vector_of(names[1], mixes));
  extras.push_back(vector_of(names[2], 3));
}

/// What brings the streams together in front of a head.
std::vector<Tensor> stream_head(Count streams, Count d_model) {
  return {linear("output_hc_fn", streams * d_model, streams), vector_of("output_hc_base", streams),
          vector_of("output_hc_scale", 1)};
}

/// How the published checkpoints store their weights: experts in blocks of 32 elements with an 8-bit exponent, other
/// linears in fp8 blocks, whose scales are 8-bit exponents beside fp4 experts and fp32 beside fp8 ones.
/// [inference/model.py class Linear; vLLM models/deepseek_v4, expert_dtype]
void set_stored_weights(const Config& config, Model& model) {
  const std::optional<Config> quantization = config.object("quantization_config");
  if (!quantization || !quantization->has("quant_method") || quantization->text("quant_method", "") != "fp8") return;
  StoredWeights stored;
  const std::string type = config.has("expert_dtype") ? config.text("expert_dtype", "") : "";
  const bool four_bits = type == "fp4";
  const bool mixed = quantization->has({"quant_algo", "moe_quant_algo"});
  if (mixed || (!four_bits && type != "fp8")) {
    stored.name = "fp8";
    stored.known = false;
    config.note(mixed
                    ? "quantization_config mixes types, and the scales of the linears that stay fp8 are not known: the "
                      "weights are unknown (weights names a type)"
                    : "expert_dtype says neither \"fp4\" nor \"fp8\": the weights are unknown (weights names a type)");
    model.stored = std::move(stored);
    return;
  }
  const std::vector<Count> block = quantization->counts("weight_block_size").value_or(std::vector<Count>{});
  if (block.size() != 2 || block[0] == 0 || block[1] == 0) {
    quantization->fault("weight_block_size", "expected two positive integers");
    return;
  }
  enum Format : std::size_t { kBlocks, kExperts, kFp32 };
  PackedFormat blocks{"fp8", 8, block[0], block[1]};
  blocks.scale_bits = four_bits ? 8 : 32;
  PackedFormat fp4{"mxfp4", 4, 1, 32};
  fp4.scale_bits = 8;
  stored.name = "fp8, " + to_string(block[0]) + "x" + to_string(block[1]) + " blocks";
  if (four_bits) stored.name += " and mxfp4";
  stored.formats = {blocks, four_bits ? fp4 : blocks, {"fp32", 32}};
  for (const std::string_view name : {"attn_q_a", "attn_q_b", "attn_kv", "attn_output_a", "attn_output_b",
                                      "indexer.attn_q_b", "ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp"}) {
    stored.rules.push_back({name, false, {}, kBlocks});
  }
  for (const std::string_view name : {"ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"}) {
    stored.rules.push_back({name, false, {}, kExperts});
  }
  for (const std::string_view name :
       {"hc_attn_fn", "hc_attn_base", "hc_attn_scale", "hc_ffn_fn", "hc_ffn_base", "hc_ffn_scale", "output_hc_fn",
        "output_hc_base", "output_hc_scale", "attn_sinks", "attn_compressor_ape", "indexer_compressor_ape"}) {
    stored.rules.push_back({name, false, {}, kFp32});
  }
  stored.rules.push_back({"ffn_gate_inp", true, {}, kFp32});
  model.stored = std::move(stored);
}

/// Scales of one layer in that layout.
Count block_scales(const Model& model, const LayerGroup& group) {
  Count scales;
  for (const Tensor& tensor : model.layer_tensors(group).value_or(std::vector<Tensor>{})) {
    for (const StoredRule& rule : model.stored->rules) {
      const PackedFormat& format = model.stored->formats[rule.format];
      if (rule.tensor != tensor.name || rule.bias != tensor.is_bias || format.scale_bits == 0) continue;
      scales += tensor.copies * format.tiles(tensor.rows, tensor.columns);
    }
  }
  return scales;
}

/// Counts the scales of all layers and prediction layers, which have two projections of their own.
void add_scales_of_blocks(Model& model, const PredictionLayers& prediction) {
  if (!model.stored || !model.stored->known) return;
  Count scales;
  for (const LayerGroup& group : model.groups) scales += group.count() * block_scales(model, group);
  const Layer& layer = prediction.layer;
  const PackedFormat& blocks = model.stored->formats.front();
  scales += prediction.count * (block_scales(model, {{}, layer.mixers, layer.feed_forward, layer.extras}) +
                                2 * blocks.tiles(*model.d_model, *model.d_model));
  add_part(model, "block scales", scales, "quantization_config weight_block_size, and one for 32 elements of fp4");
}

void read_deepseek_v4(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 129280, .d_model = 4096, .d_ff = 0, .layers = 43, .heads = 64, .kv_heads = 1, .d_k = 512});
  if (decoder.shape.kv_heads != 1) {
    config.fault("num_key_value_heads",
                 "expected 1 (one row serves all heads), found " + to_string(decoder.shape.kv_heads));
  }
  if (config.flag("attention_bias", false)) {
    config.fault("attention_bias", "expected false, found true", "no published checkpoint has these biases");
  }
  decoder.shape.sink_logits = true;
  MixerSettings settings;
  settings.set("window", config.count("sliding_window", 128));
  settings.set("q_rank", config.count("q_lora_rank", 1024));
  settings.set("output_rank", config.count("o_lora_rank", 1024));
  settings.set("output_groups", config.count("o_groups", 8));
  const Count index_heads = config.count("index_n_heads", 64);
  const Count index_dim = config.count("index_head_dim", 128);
  const Count top_k = config.count("index_topk", 512);
  const auto mixer = [&](Count ratio) {
    MixerSettings own = settings;
    own.set("compress_ratio", ratio);
    if (ratio == Count{kIndexedRatio}) {
      own.set("overlap", true);
      own.set("index_heads", index_heads);
      own.set("index_dim", index_dim);
      own.set("top_k", top_k);
    }
    return make_mixer("compressed_sparse", decoder.shape, own);
  };

  Experts experts;
  experts.count = config.count("n_routed_experts", 256);
  experts.active = config.count("num_experts_per_tok", 6);
  experts.d_ff = config.count("moe_intermediate_size", 2048);
  experts.shared_d_ff = config.count("n_shared_experts", 1, 0) * experts.d_ff;
  experts = checked(config, experts);
  // The first layers look their experts up by token; the others have a bias that balances them.
  std::vector<bool> hashed(decoder.layers);
  if (const auto listed = config.texts_per_layer("mlp_layer_types", decoder.layers)) {
    for (std::uint32_t i = 0; i < decoder.layers; ++i) {
      hashed[i] = (*listed)[i] == "hash_moe";
      if (!hashed[i] && (*listed)[i] != "moe") {
        config.fault("mlp_layer_types", "unknown kind \"" + (*listed)[i] + "\"; expected \"hash_moe\" or \"moe\"");
      }
    }
  } else {
    const Count first = config.count("num_hash_layers", 3, 0);
    for (std::uint32_t i = 0; i < decoder.layers; ++i) hashed[i] = Count{i} < first;
  }

  const Count streams = config.count("hc_mult", 4);
  std::vector<Tensor> extras = pre_norms(kRmsNorm, decoder.d_model);
  append_hyper_connection(extras, {"hc_attn_fn", "hc_attn_base", "hc_attn_scale"}, streams, decoder.d_model);
  append_hyper_connection(extras, {"hc_ffn_fn", "hc_ffn_base", "hc_ffn_scale"}, streams, decoder.d_model);
  const auto layer = [&](Count ratio, bool by_token) {
    Experts own = experts;
    own.router_bias = !by_token;
    return Layer{{mixer(ratio)}, gated_experts(own), extras};
  };

  const std::vector<Count> ratios = compress_ratios(config, decoder.layers);
  add_frame(model, decoder, kRmsNorm);
  for (const Tensor& tensor : stream_head(streams, decoder.d_model)) add_tensor(model, Place::final_norm, tensor);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return std::pair<Count, bool>(ratios[i], hashed[i]); },
      [&](const std::pair<Count, bool>& variant) { return layer(variant.first, variant.second); });
  const Count tables = static_cast<std::uint64_t>(std::count(hashed.begin(), hashed.end(), true));
  if (tables > 0) {
    add_part(model, "expert tables", tables * decoder.vocab * experts.active,
             "vocab_size x num_experts_per_tok expert numbers in each layer that chooses experts by token");
  }

  set_stored_weights(config, model);
  PredictionLayers prediction;
  prediction.count = config.nullable("num_nextn_predict_layers").value_or(0);
  // The file may list the ratios of the prediction layers behind those of the layers. They are windows elsewhere.
  prediction.layer = layer(ratios.size() > decoder.layers ? ratios[decoder.layers] : Count{}, false);
  for (const Tensor& tensor : stream_head(streams, decoder.d_model)) prediction.layer.extras.push_back(tensor);
  add_prediction_layers(config, model, prediction, "num_nextn_predict_layers; embedding and head are the model's");
  add_scales_of_blocks(model, prediction);
  config.note("DeepSeek-V4: the elementwise mixing of " + to_string(streams) + " residual streams is not counted");
  read_rope(config, model, 1048576);
}

// What its GGUF files say.

void read_deepseek4_gguf(gguf::Header& file) {
  // Files may state prediction layers that they do not hold.
  const Count prediction = file.count("nextn_predict_layers").value_or(0);
  if (prediction > 0 && file.in_any_layer("nextn.eh_proj.weight")) file.drop_layers(prediction);
  set_frame(file, "deepseek_v4");
  file.need("num_attention_heads", "attention.head_count");
  file.copy("num_key_value_heads", "attention.head_count_kv");
  file.need("head_dim", "attention.key_length");
  file.need("sliding_window", "attention.sliding_window");
  file.need("q_lora_rank", "attention.q_lora_rank");
  file.need("o_lora_rank", "attention.output_lora_rank");
  file.need("o_groups", "attention.output_group_count");
  file.need("index_n_heads", "attention.indexer.head_count");
  file.need("index_head_dim", "attention.indexer.key_length");
  file.need("index_topk", "attention.indexer.top_k");
  file.set_counts("compress_ratios", file.per_layer("attention.compress_ratios"),
                  file.key("attention.compress_ratios"));
  set_experts(file, "n_routed_experts");
  file.need("moe_intermediate_size", "expert_feed_forward_length");
  file.need("n_shared_experts", "expert_shared_count");
  file.need("num_hash_layers", "hash_layer_count");
  file.need("hc_mult", "hyper_connection.count");
}

}  // namespace

CTXCOST_FAMILY(kDeepseekV4) = {
    .model_types = "deepseek_v4 deepseek_ref",
    .architectures = "DeepseekV4ForCausalLM",
    .read = read_deepseek_v4,
    .gguf_architectures = "deepseek4",
    .read_gguf = read_deepseek4_gguf,
};

}  // namespace ctxcost::huggingface
