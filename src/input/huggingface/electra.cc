// ELECTRA: BERT without a pooler, its embedding narrower than the model in the small sizes. The generator and the
// discriminator have the same form. [transformers configuration_electra.py, modeling_electra.py]
#include "encoder.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_electra(const Config& config, Model& model) {
  const Encoder encoder = read_encoder(config, {.vocab = 30522, .d_model = 256, .d_ff = 1024, .heads = 4});
  const Count rows = config.count("max_position_embeddings", 512);
  add_embeddings(model, encoder,
                 {.positions = rows,
                  .types = config.count("type_vocab_size", 2, 0),
                  .width = config.count("embedding_size", 128)});
  add_layers(model, encoder.layers,
             encoder_layer(make_mixer("bidirectional", encoder.shape), plain(encoder.d_ff, true), encoder.d_model),
             Stack::encoder);
  set_positions(model, PositionEncoding::learned, rows, rows);
}

}  // namespace

CTXCOST_FAMILY(kElectra) = {
    .model_types = "electra",
    .architectures = "ElectraModel ElectraForPreTraining ElectraForMaskedLM",
    .read = read_electra,
};

}  // namespace ctxcost::huggingface
