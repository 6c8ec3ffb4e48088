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

Count block_scales(const Layer& layer, Count rows, Count columns) {
  Count scales;
  for (const Tensor& tensor : tensors_of(layer)) {
    if (tensor.use != TensorUse::linear || stays_wide(tensor)) continue;
    scales += tensor.copies * ceil_div(tensor.rows, rows) * ceil_div(tensor.columns, columns);
  }
  return scales;
}

}  // namespace

Count elements(const Layer& layer) {
  Count sum;
  for (const Tensor& tensor : tensors_of(layer)) sum += tensor.elements();
  return sum;
}

void add_prediction_layers(Model& model, const PredictionLayers& prediction, std::string source) {
  if (prediction.count == 0) return;
  const Count d_model = *model.d_model;
  Count each = elements(prediction.layer) + 2 * d_model * d_model + 3 * d_model;
  if (prediction.own_embedding) each += 2 * *model.vocab * d_model;
  add_part(model, "multi-token prediction layers", prediction.count * each, std::move(source));
}

void add_block_scales(const Config& config, Model& model, const PredictionLayers& prediction) {
  const std::optional<Config> quantization = config.object("quantization_config");
  if (!quantization || quantization->text("quant_method", "") != "fp8") return;
  const std::optional<std::vector<Count>> block = quantization->counts("weight_block_size");
  if (!block) return;
  if (block->size() != 2 || (*block)[0] == 0 || (*block)[1] == 0) {
    quantization->fault("weight_block_size", "expected two positive integers");
    return;
  }
  Count scales;
  for (const LayerGroup& group : model.groups) {
    scales += group.count() * block_scales({group.mixers, group.feed_forward, group.extras}, (*block)[0], (*block)[1]);
  }
  if (prediction.count > 0) scales += prediction.count * block_scales(prediction.layer, (*block)[0], (*block)[1]);
  add_part(model, "fp8 block scales", scales,
           "one fp32 scale for each block of " + to_string((*block)[0]) + " x " + to_string((*block)[1]) +
               " [quantization_config weight_block_size]");
}

}  // namespace ctxcost::huggingface
