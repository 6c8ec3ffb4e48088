// ALBERT: all layers are one, or a few in groups: stored once, run as often as there are layers. The embedding is
// narrower than the model. [transformers configuration_albert.py, modeling_albert.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_albert(const Config& config, Model& model) {
  const std::uint32_t layers = config.layers("num_hidden_layers", 12);
  const Count groups = config.count("num_hidden_groups", 1);
  const std::uint32_t inner = config.has("inner_group_num") ? config.layers("inner_group_num", 1) : 1;
  const Count d = config.count("hidden_size", 4096);
  const Count width = config.count("embedding_size", 128);
  const Count d_ff = config.count("intermediate_size", 16384);
  const Count heads = config.count("num_attention_heads", 64);
  if (d % heads != 0) {
    config.fault("num_attention_heads",
                 "expected a divisor of hidden_size (" + to_string(d) + "), found " + to_string(heads));
  }
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
  MixerShape shape = make_shape(config, d, heads, heads, max(d / heads, 1));
  shape.qkv_bias = shape.output_bias = true;

  const Count vocab = config.count("vocab_size", 30000);
  const Count rows = config.count("max_position_embeddings", 512);
  const Count types = config.count("type_vocab_size", 2, 0);
  model.d_model = d;
  model.vocab = vocab;
  add_tensor(model, Place::embedding, lookup("token_embd", width, vocab));
  add_tensor(model, Place::table, lookup("position_embd", width, rows));
  if (types > 0) add_tensor(model, Place::table, lookup("token_types", width, types));
  std::vector<Tensor> norms;
  append_norm(norms, "token_embd_norm", kLayerNorm, width);
  for (const Tensor& tensor : norms) add_tensor(model, Place::other, tensor);
  add_tensor(model, Place::other, linear("token_embd_up", width, d));
  add_tensor(model, Place::other, bias_of("token_embd_up", d));
  add_tensor(model, Place::once, linear("pooler", d, d));
  add_tensor(model, Place::once, bias_of("pooler", d));

  norms.clear();
  append_norm(norms, "attn_output_norm", kLayerNorm, d);
  append_norm(norms, "layer_output_norm", kLayerNorm, d);
  // Layer i runs group i * groups / layers; the first run of a group stores its layers.
  const auto group_of = [&](std::uint32_t i) { return Count{i} * groups / layers; };
  add_layers(
      model, layers * inner,
      [&](std::uint32_t run) {
        const std::uint32_t layer = run / inner;
        return layer > 0 && group_of(layer) == group_of(layer - 1);
      },
      [&](bool shares) {
        Layer layer{{}, plain(d_ff, true), norms};
        MixerShape own = shape;
        own.shares_weights = layer.feed_forward.shares_weights = shares;
        for (Tensor& norm : layer.extras) norm.stored = !shares;
        layer.mixers = {make_mixer("bidirectional", own)};
        return layer;
      },
      Stack::encoder);
  config.note(to_string(runs) + " layers run " + to_string(groups * inner) +
              " sets of weights: each is counted once as weights, and its work at every run");
  add_part(model, "masked-word head", d * width + width + 2 * width + vocab,
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
