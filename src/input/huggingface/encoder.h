// What encoders are built from: widths and heads, tables and norm of the embeddings, pooler, norms after each part.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "config.h"
#include "ctxcost/model/model.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {

/// Class defaults of an encoder's keys [transformers configuration_<family>.py].
struct EncoderDefaults {
  std::uint32_t vocab;
  std::uint32_t d_model = 768, d_ff = 3072, layers = 12, heads = 12;
};

/// Names of those keys. The first of each is the one that messages use.
struct EncoderKeys {
  Keys layers = "num_hidden_layers";
  Keys d_model = "hidden_size";
  Keys d_ff = "intermediate_size";
  Keys heads = "num_attention_heads";
};

struct Encoder {
  std::uint32_t layers = 0;
  MixerShape shape;  ///< projections with biases, as most encoders have them
  Count d_model, d_ff, vocab;
};

/// Reads the widths; a fault where the heads do not divide the width.
Encoder read_encoder(const Config& config, const EncoderDefaults& defaults, const EncoderKeys& keys = {});

/// Tables of the embedding beside the one of tokens.
struct EncoderTables {
  Count positions = {};  ///< rows of learned positions; 0: none
  Count types = {};      ///< rows of token types; 0: none
  Count width = {};      ///< where the embedding is narrower than the model; 0: as wide
  NormForm norm = kLayerNorm;
};

/// Adds the tables, their norm, and the projection to the model's width if they have another; sets d_model and vocab.
void add_embeddings(Model& model, const Encoder& encoder, const EncoderTables& tables);
/// Adds the projection of the embedding to the model's width.
void add_embedding_projection(Model& model, Count width, Count d_model);
/// Adds a square matrix with bias, which works once a sequence.
void add_pooler(Model& model, Count d_model);

/// Sets type_vocab_size to the rows of a GGUF file's table of token types, which a single row has as a vector.
void set_token_types(gguf::Header& file);

/// The two norms of a post-norm layer: attn_output_norm and layer_output_norm.
std::vector<Tensor> encoder_norms(NormForm form, Count width);
/// A post-norm layer.
Layer encoder_layer(std::shared_ptr<const Mixer> mixer, const FeedForward& feed_forward, Count d_model,
                    NormForm norm = kLayerNorm);

}  // namespace ctxcost::huggingface
