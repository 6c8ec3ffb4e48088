// The contents of a published checkpoint besides the parameters of its language model, by the rules of each family.
#pragma once

#include <string>

#include "config.h"
#include "ctxcost/model/model.h"
#include "parts.h"

namespace ctxcost::huggingface {

/// Elements of all tensors of one layer; without its mixers' when they do not know theirs.
Count elements(const Layer& layer);

/// Layers that predict one more token each [DeepSeek-V3 report, section 2.2].
struct PredictionLayers {
  Count count;                 ///< of them
  Layer layer;                 ///< the decoder layer that each is
  bool own_embedding = false;  ///< each has a copy of the embedding and the head
  bool final_norm = true;      ///< each has a norm before the head
};

/// Multi-token-prediction layers: the decoder layer, a projection of hidden state and embedding (2 d_model to d_model),
/// a norm of each and perhaps one before the head; and their block scales.
void add_prediction_layers(const Config& config, Model& model, const PredictionLayers& prediction, std::string source);

/// One fp32 scale for every block of a weight that `quantization_config` stores in fp8 with `weight_block_size`: the
/// linears of mixers and feed-forwards in all layers of the model, not routers and other small scorers.
void add_block_scales(const Config& config, Model& model);

}  // namespace ctxcost::huggingface
