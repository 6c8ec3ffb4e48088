// ALBERT: all layers are one, or a few in groups: stored once, run as often as there are layers. The embedding is
// narrower than the model. [transformers configuration_albert.py, modeling_albert.py]
#include "encoder.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_albert(const Config& config, Model& model) {
  const Encoder encoder = read_encoder(config, {.vocab = 30000, .d_model = 4096, .d_ff = 16384, .heads = 64});
  const std::uint32_t layers = encoder.layers;
  const Count groups = config.count("num_hidden_groups", 1);
  const std::uint32_t inner = config.has("inner_group_num") ? config.layers("inner_group_num", 1) : 1;
  const Count width = config.count("embedding_size", 128);
  if (groups > layers) {
    config.fault("num_hidden_groups",
                 "expected at most num_hidden_layers (" + std::to_string(layers) + "), found " + to_string(groups));
    return;
  }
  const Count runs = Count{layers} * inner;
  if (runs > 65536) {
    config.fault("inner_group_num", "expected at most 65536 runs of layers, found " + to_string(runs));
    return;
  }
  const Count rows = config.count("max_position_embeddings", 512);
  const Count d = encoder.d_model;
  add_embeddings(model, encoder, {.positions = rows, .types = config.count("type_vocab_size", 2, 0), .width = width});
  if (width == d) add_embedding_projection(model, width, d);  // the class has it whatever the widths are
  add_pooler(model, d);

  // Layer i runs group i * groups / layers; the first run of a group stores its layers.
  const auto group_of = [&](std::uint32_t i) { return Count{i} * groups / layers; };
  add_layers(
      model, layers * inner,
      [&](std::uint32_t run) {
        const std::uint32_t layer = run / inner;
        return layer > 0 && group_of(layer) == group_of(layer - 1);
      },
      [&](bool shares) {
        MixerShape own = encoder.shape;
        own.shares_weights = shares;
        Layer layer = encoder_layer(make_mixer("bidirectional", own), plain(encoder.d_ff, true), d);
        layer.feed_forward.shares_weights = shares;
        for (Tensor& norm : layer.extras) norm.stored = !shares;
        return layer;
      },
      Stack::encoder);
  config.note(to_string(runs) + " layers run " + to_string(groups * inner) +
              " sets of weights: each is counted once as weights, and its work at every run");
  add_part(model, "masked-word head", d * width + width + 2 * width + encoder.vocab,
           "AlbertForMaskedLM: its matrix is the embedding");
  set_positions(model, PositionEncoding::learned, rows, rows);
}

}  // namespace

CTXCOST_FAMILY(kAlbert) = {
    .model_types = "albert",
    .architectures = "AlbertModel AlbertForMaskedLM AlbertForPreTraining",
    .read = read_albert,
};

}  // namespace ctxcost::huggingface
