// A model as the cost formulas see it: groups of identical layers, an embedding and a head. It is valid by
// construction: readers check it, and later code does not.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/mechanism/tensor.h"
#include "ctxcost/model/gguf_traits.h"
#include "ctxcost/model/model_files.h"
#include "ctxcost/model/stored_weights.h"

namespace ctxcost {

/// A mixture of experts.
struct Experts {
  Count count;               ///< E routed experts
  Count active;              ///< k_e, the number of them that a token uses
  Count d_ff;                ///< inner width of one
  Count shared_d_ff;         ///< inner width of one always-on expert (of all, if the checkpoint fuses them); 0 = none
  Count shared = 1;          ///< number of always-on experts of that width
  bool shared_gate = false;  ///< the shared expert has a gate with one output (Qwen2-MoE)
  bool router_bias = false;  ///< the router has a learned bias of E elements
  Count latent = 0;          ///< experts work at this width instead of d_model, between two projections; 0 = at d_model
  bool latent_norm = false;  ///< there is an RMS norm of the latent width

  friend bool operator==(const Experts&, const Experts&) = default;
};

enum class FeedForwardKind { none, plain, gated };

/// The feed-forward of a layer: two matrices (plain) or three (gated), or experts of that form.
struct FeedForward {
  FeedForwardKind kind = FeedForwardKind::none;
  std::optional<Count> d_ff;  ///< if empty, the parameters are unknown unless experts are given
  bool bias = false;
  std::optional<Experts> experts;
  bool shares_weights = false;  ///< its tensors work here, but an earlier layer holds them

  /// Returns the learned tensors. Empty if the widths are unknown.
  std::optional<std::vector<Tensor>> tensors(std::optional<Count> d_model) const;
  /// Returns F of `activation_bytes`: d_ff, or k_e d_ff + shared d_ff. Empty if unknown.
  std::optional<Count> activation_width() const;

  friend bool operator==(const FeedForward&, const FeedForward&) = default;
};

/// The stack that a layer belongs to. A decoder-only model has no encoder layers.
enum class Stack { encoder, decoder };

/// A group of identical layers, counted once.
struct LayerGroup {
  std::vector<std::uint32_t> layers;                 ///< their indices in the stack, from 0, ascending
  std::vector<std::shared_ptr<const Mixer>> mixers;  ///< in parallel, or self- and cross-attention; may be empty
  FeedForward feed_forward;
  std::vector<Tensor> extras;  ///< norms and other tensors of the layer; meaningless if d_model is unknown
  Stack stack = Stack::decoder;

  Count count() const { return layers.size(); }
};

enum class PositionEncoding { rope, learned, sinusoidal, alibi, relative_bias, none };

/// Position encoding and the usable window (docs/cost-model.md section 10).
struct Positions {
  PositionEncoding encoding = PositionEncoding::rope;
  std::optional<Count> hard_limit;         ///< number of tokens that a learned table can address
  std::optional<Count> trained_context;    ///< W_tr
  std::optional<Count> effective_context;  ///< W_eff; equals trained_context without scaling
  std::string scaling_type;                ///< "llama3", "yarn"; empty = none
  std::string scaling_factor;              ///< as written in the file
  std::optional<Count> rotary_width;       ///< dimensions of a head that are rotated; empty if all are
};

/// The place of a tensor outside the layers. Of these, parameters_non_embedding counts only `final_norm`.
enum class Place {
  embedding,  ///< the input token table; with tied embeddings also the head
  table,      ///< positions, token types, per-layer token tables
  final_norm,
  head,   ///< an untied head and its bias
  once,   ///< linears that work once per sequence: an encoder's pooler
  other,  ///< anything else outside the layers (an embedding norm, projections of the embedding)
};

struct ModelTensor {
  Place place;
  Tensor tensor;
};

/// Elements that a checkpoint holds besides the parameters: a vision tower, MTP layers, scales, buffers.
struct ParameterPart {
  std::string name;
  Count elements;
  std::string source;
};

/// An integer of the model's file as its reader took it.
struct KeyRead {
  std::string key;  ///< as the file calls it, from its root: "text_config/num_attention_heads"
  Count value;
  bool absent = false;  ///< it does not stand there: the class default

  friend bool operator==(const KeyRead&, const KeyRead&) = default;
};

/// A language model.
struct Model {
  std::string name;    ///< as shown: "Llama 3.1 8B", or the file's name
  std::string id;      ///< catalogue id, or empty
  std::string family;  ///< HuggingFace model_type or "own"
  std::string origin;  ///< where it was read from: a path, "-", "catalogue"
  std::string source;  ///< the source that the file gives for its figures

  std::vector<LayerGroup> groups;
  std::vector<ModelTensor> tensors;  ///< embedding, positions, final norm, head
  std::optional<Count> d_model;
  std::optional<Count> vocab;
  bool tied_embeddings = false;  ///< the head is the embedding matrix, which is counted once
  bool embedding_known = true;   ///< false: the file does not give the embedding or the head (no vocab or d_model)
  std::vector<ParameterPart> parameter_parts;  ///< elements of a checkpoint besides `parameters`
  std::optional<Count> published_elements;     ///< elements of the published checkpoint, if a record gives them
  Positions positions;
  GgufTraits gguf;  ///< traits of its family

  Precision weights;                    ///< default type of the weights
  std::optional<StoredWeights> stored;  ///< tensors that a checkpoint stores in another type than `weights`
  std::optional<ModelFiles> files;      ///< the tensors of its files, if their headers were read
  std::string named_weights;            ///< type in the name that it was asked by ("Q4_K_M"), as --weights reads it
  Precision activation;                 ///< the 16- or 32-bit type
  KvPrecision kv;                       ///< default type of the cache
  /// Type of recurrent states, if the file names one. Engines with another default honour it.
  std::optional<Precision> recurrent_state;
  /// Number of next-token-prediction layers (MTP, NextN) that a checkpoint holds after the last layer. An ordinary step
  /// does not run them and no metric counts them, but an engine may reserve a cache for them.
  Count next_token_layers = 0;
  std::vector<std::shared_ptr<const Mixer>> next_token_mixers;  ///< of each of them
  bool next_token_embedding = false;  ///< each of them has a copy of the embedding and the head
  std::optional<Count> cross_tokens;  ///< encoder length, if the file fixes it; else it is n
  Count batch = 1;                    ///< default batch of the file
  std::vector<std::string> notes;     ///< assumptions and remarks of the reader, shown with every result
  /// Those of the notes without which a figure would be another, or unknown: class defaults, what a name says.
  std::vector<std::string> assumptions;
  std::vector<KeyRead> keys;  ///< integers that the reader took, each once, in its order

  /// Sets the type of the weights, and with it that of activations (a type of 16 or 32 bits) and of the cache (a type
  /// of weights and cache alike). Under other types, those stay what they are.
  void set_precision(const Precision& precision);
  /// Returns the number of layers in both stacks.
  Count layers() const;
  bool has_encoder() const;
  /// Returns whether some layers work with tensors that an earlier layer holds.
  bool shares_weights() const;
  /// Returns false for an encoder, which has no causal step.
  bool decodes() const;
  /// Returns all tensors that one layer of the group holds. Empty if some are unknown.
  std::optional<std::vector<Tensor>> layer_tensors(const LayerGroup& group) const;
};

}  // namespace ctxcost
