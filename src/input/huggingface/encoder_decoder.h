// What models of an encoder and a decoder to the layout of the first Transformer have in common [Vaswani 2017].
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config.h"
#include "ctxcost/model/model.h"

namespace ctxcost::huggingface {

/// Sizes of one stack of layers.
struct StackSizes {
  std::uint32_t layers;
  std::uint32_t heads;
  std::uint32_t d_ff;
};

/// What differs between families.
struct EncoderDecoderForm {
  Count d_model;
  StackSizes encoder, decoder;  ///< class defaults of encoder_layers, encoder_attention_heads, encoder_ffn_dim, …
  bool key_bias = true;
  bool embedding_norm = false;  ///< a norm follows the embedding of each stack
  bool final_norm = false;      ///< a norm ends each stack
  std::optional<Count> source;  ///< the encoder's length, if the class fixes it
};

/// Adds both stacks with their norms: plain feed-forwards and biases everywhere, self-attention as wide as the model,
/// and cross-attention in each layer of the decoder.
void add_encoder_decoder(const Config& config, Model& model, const EncoderDecoderForm& form);

/// Adds a tensor outside the layers that only the encoder uses.
void add_encoder_tensor(Model& model, Place place, Tensor tensor);

}  // namespace ctxcost::huggingface
