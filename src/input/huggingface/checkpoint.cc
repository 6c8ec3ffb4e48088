#include "checkpoint.h"

namespace ctxcost::huggingface {
namespace {

std::vector<Tensor> tensors_of(const Layer& layer) {
  std::vector<Tensor> all = layer.extras;
  const auto append = [&](const std::optional<std::vector<Tensor>>& some) {
    if (some) all.insert(all.end(), some->begin(), some->end());
  };
  for (const std::shared_ptr<const Mixer>& mixer : layer.mixers) append(mixer->tensors());
  const std::optional<Count> d_model = layer.mixers.empty() ? std::nullopt : layer.mixers.front()->shape().d_model;
  append(layer.feed_forward.tensors(d_model));
  return all;
}

/// Routers, what scores an index, and the step sizes of delta nets stay in 16 or 32 bits [DeepSeek-V3.2-Exp model.py;
/// modules_to_not_convert of Qwen3-Next's FP8 files].
bool stays_wide(const Tensor& tensor) {
  return tensor.name == "ffn_gate_inp" || tensor.name == "ffn_gate_inp_shexp" || tensor.name == "indexer.proj" ||
         tensor.name == "ssm_ba";
}

struct Block {
  Count rows, columns;
};

/// The block that one scale covers; empty when weights are not stored so.
std::optional<Block> read_block(const Config& config) {
  const std::optional<Config> quantization = config.object("quantization_config");
  if (!quantization || quantization->text({"quant_method", "quant_algo"}, "") != "fp8") return std::nullopt;
  const std::optional<std::vector<Count>> sides = quantization->counts("weight_block_size");
  if (!sides) return std::nullopt;
  if (sides->size() != 2 || (*sides)[0] == 0 || (*sides)[1] == 0) {
    quantization->fault("weight_block_size", "expected two positive integers");
    return std::nullopt;
  }
  return Block{(*sides)[0], (*sides)[1]};
}

Count scales_of(const Layer& layer, const Block& block) {
  Count scales;
  for (const Tensor& tensor : tensors_of(layer)) {
    if (tensor.use != TensorUse::linear || stays_wide(tensor)) continue;
    scales += tensor.copies * ceil_div(tensor.rows, block.rows) * ceil_div(tensor.columns, block.columns);
  }
  return scales;
}

/// Adds to the part of that name.
void add_scales(Model& model, Count scales) {
  constexpr std::string_view kName = "fp8 block scales";
  if (scales == 0) return;
  for (ParameterPart& part : model.parameter_parts) {
    if (part.name == kName) {
      part.elements += scales;
      return;
    }
  }
  add_part(model, std::string(kName), scales, "quantization_config weight_block_size, one fp32 scale a block");
}

}  // namespace

Count elements(const Layer& layer) {
  Count sum;
  for (const Tensor& tensor : tensors_of(layer)) sum += tensor.elements();
  return sum;
}

void add_prediction_layers(const Config& config, Model& model, const PredictionLayers& prediction, std::string source) {
  model.next_token_layers = prediction.count;
  model.next_token_mixers = prediction.layer.mixers;
  model.next_token_embedding = prediction.own_embedding;
  if (prediction.count == 0) return;
  const Count d_model = *model.d_model;
  const Count each = elements(prediction.layer) + 2 * d_model * d_model + (prediction.final_norm ? 3 : 2) * d_model;
  add_part(model, "multi-token prediction layers", prediction.count * each, source);
  if (prediction.own_embedding) {
    add_part(model, "embedding and head of the multi-token prediction layers",
             prediction.count * 2 * *model.vocab * d_model, std::move(source));
  }
  if (model.stored) return;  // the family counts the scales of its own layout
  if (const std::optional<Block> block = read_block(config)) {
    add_scales(model, prediction.count * scales_of(prediction.layer, *block));
  }
}

void add_block_scales(const Config& config, Model& model) {
  if (model.stored) return;
  const std::optional<Block> block = read_block(config);
  if (!block) return;
  Count scales;
  for (const LayerGroup& group : model.groups) {
    scales += group.count() * scales_of({group.mixers, group.feed_forward, group.extras}, *block);
  }
  add_scales(model, scales);
}

}  // namespace ctxcost::huggingface
