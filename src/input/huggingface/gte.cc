// GTE's encoders ("new"): rotary positions and gated feed-forwards whose last matrix alone has a bias.
// [Alibaba-NLP/new-impl modeling.py, configuration.py]
#include <utility>

#include "encoder.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_gte(const Config& config, Model& model) {
  const Encoder encoder = read_encoder(config, {.vocab = 30528});
  const Count types = config.count("type_vocab_size", 1, 0);
  const std::string norm_type = config.text("layer_norm_type", "layer_norm");
  if (norm_type != "layer_norm" && norm_type != "rms_norm") {
    config.fault("layer_norm_type", "expected \"layer_norm\" or \"rms_norm\", found \"" + norm_type + "\"");
  }
  const NormForm norm = norm_type == "rms_norm" ? kRmsNorm : kLayerNorm;
  const std::string positions = config.text("position_embedding_type", "rope");
  if (positions != "rope") {
    config.fault("position_embedding_type", "expected \"rope\", found \"" + positions + "\"");
  }

  add_embeddings(model, encoder, {.types = types, .norm = norm});
  Layer layer = encoder_layer(make_mixer("bidirectional", encoder.shape), gated(encoder.d_ff), encoder.d_model, norm);
  layer.extras.push_back(bias_of("ffn_down", encoder.d_model));
  add_layers(model, encoder.layers, std::move(layer), Stack::encoder);
  read_rope(config, model, 2048);
}

}  // namespace

CTXCOST_FAMILY(kGte) = {
    .model_types = "new",
    .architectures = "NewModel NewForMaskedLM",
    .read = read_gte,
};

}  // namespace ctxcost::huggingface
