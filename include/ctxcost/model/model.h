// A model as the cost formulas see it: groups of identical layers, an embedding and a head. Valid by construction:
// readers check, nothing after them does.
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
  Count active;              ///< k_e of them for a token
  Count d_ff;                ///< inner width of one
  Count shared_d_ff;         ///< inner width of one always-on expert (of all, where a checkpoint fuses them); 0 = none
  Count shared = 1;          ///< always-on experts of that width
  bool shared_gate = false;  ///< a gate of one output on the shared expert (Qwen2-MoE)
  bool router_bias = false;  ///< a learned bias of E on the router
  Count latent = 0;          ///< experts work at this width instead of d_model, behind two projections; 0 = no
  bool latent_norm = false;  ///< an RMS norm of the latent width
};

enum class FeedForwardKind { none, plain, gated };

/// The feed-forward of a layer: two matrices (plain) or three (gated), or experts of that form.
struct FeedForward {
  FeedForwardKind kind = FeedForwardKind::none;
  std::optional<Count> d_ff;  ///< without it the parameters are unknown (unless experts are given)
  bool bias = false;
  std::optional<Experts> experts;

  /// Learned tensors; empty when the widths are unknown.
  std::optional<std::vector<Tensor>> tensors(std::optional<Count> d_model) const;
  /// F of `activation_bytes`: d_ff, or k_e d_ff + shared d_ff; empty when unknown.
  std::optional<Count> activation_width() const;
};

/// Which of two stacks a layer belongs to; a decoder-only model has none of the first.
enum class Stack { encoder, decoder };

/// Layers that are alike, counted once.
struct LayerGroup {
  std::vector<std::uint32_t> layers;                 ///< where they stand in their stack, from 0, ascending
  std::vector<std::shared_ptr<const Mixer>> mixers;  ///< side by side, or self- and cross-attention; may be empty
  FeedForward feed_forward;
  std::vector<Tensor> extras;  ///< norms and what else a layer has; meaningless while d_model is unknown
  Stack stack = Stack::decoder;

  Count count() const { return layers.size(); }
};

enum class PositionEncoding { rope, learned, sinusoidal, alibi, relative_bias, none };

/// Positions and the usable window (docs/cost-model.md section 10).
struct Positions {
  PositionEncoding encoding = PositionEncoding::rope;
  std::optional<Count> hard_limit;         ///< tokens a learned table can address
  std::optional<Count> trained_context;    ///< W_tr
  std::optional<Count> effective_context;  ///< W_eff, trained_context when nothing scales
  std::string scaling_type;                ///< "llama3", "yarn"; empty = none
  std::string scaling_factor;              ///< as written in the file
  std::optional<Count> rotary_width;       ///< dimensions of a head that are rotated, where not all are
};

/// Where a tensor outside the layers belongs: parameters_non_embedding counts only `final_norm`.
enum class Place {
  embedding,  ///< the input token table; with tied embeddings it is the head, too
  table,      ///< positions, token types, per-layer token tables
  final_norm,
  head,   ///< an untied head and its bias
  once,   ///< linears that work once a sequence: an encoder's pooler
  other,  ///< anything else outside the layers (an embedding norm, projections of the embedding)
};

struct ModelTensor {
  Place place;
  Tensor tensor;
};

/// Elements that a checkpoint holds beside the parameters: a vision tower, MTP layers, scales, buffers.
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
  std::string origin;  ///< where it was read: a path, "-", "catalogue"
  std::string source;  ///< the file's own word on where its figures come from

  std::vector<LayerGroup> groups;
  std::vector<ModelTensor> tensors;  ///< embedding, positions, final norm, head
  std::optional<Count> d_model;
  std::optional<Count> vocab;
  bool tied_embeddings = false;                ///< the head is the embedding matrix: counted once
  bool embedding_known = true;                 ///< false: embedding or head are not in the file (no vocab or d_model)
  std::vector<ParameterPart> parameter_parts;  ///< what a checkpoint holds beside `parameters`
  std::optional<Count> published_elements;     ///< what the published checkpoint holds, where a record says so
  Positions positions;
  GgufTraits gguf;  ///< of its family

  Precision weights;                    ///< type of the weights when no other is asked for
  std::optional<StoredWeights> stored;  ///< what a checkpoint stores in another type than `weights`
  std::optional<ModelFiles> files;      ///< the tensors of its files, where their headers were read
  Precision activation;                 ///< the 16- or 32-bit type
  KvPrecision kv;                       ///< type of the cache when no other is asked for
  /// Type of recurrent states where the file names one; engines that keep them otherwise by default look at it.
  std::optional<Precision> recurrent_state;
  /// Layers for next-token prediction (MTP, NextN) that a checkpoint holds after the last one. No plain step runs them
  /// and nothing counts them, but an engine may reserve a cache for them.
  Count next_token_layers = 0;
  bool next_token_embedding = false;  ///< each of them with a copy of the embedding and the head
  std::optional<Count> cross_tokens;  ///< encoder length when the file fixes it; else it is n
  Count batch = 1;                    ///< the file's default
  std::vector<std::string> notes;     ///< assumptions and remarks of the reader, shown with every result
  std::vector<KeyRead> keys;          ///< integers that the reader took, each once, in its order

  /// Layers of both stacks.
  Count layers() const;
  bool has_encoder() const;
  /// False for an encoder: there is no causal step.
  bool decodes() const;
  /// All tensors of one layer of the group; empty where some are unknown.
  std::optional<std::vector<Tensor>> layer_tensors(const LayerGroup& group) const;
};

}  // namespace ctxcost
