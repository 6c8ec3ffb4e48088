// Multi-head latent attention, with and without an indexer: widths and tensors.
#pragma once

#include "ctxcost/mechanism/mechanism.h"

namespace ctxcost {

/// The widths of the latents beside a MixerShape, whose d_k is nope + rope.
struct LatentShape {
  Count kv_rank;   ///< d_c, kv_lora_rank
  Count rope_dim;  ///< d_r, qk_rope_head_dim
  Count q_rank;    ///< d_q, q_lora_rank; 0 = one matrix for the queries

  /// One cached row: the latent and the rotated key that all heads share.
  Count width() const { return kv_rank + rope_dim; }
};

/// Reads the keys of LatentShape; throws SettingFault where rope_dim leaves no part of d_k without rotation.
LatentShape read_latent(const MixerShape& shape, const MixerSettings& settings);

/// The latents of all tokens: one shared head [DeepSeek-V3.2-Exp inference/model.py, kv_cache and pe_cache].
CachePart latent_cache(const MixerShape& shape, const LatentShape& latent);

/// Multiply-adds of one pair of one head in the absorbed form: d_c + d_r for the score, d_c for the value.
inline Count absorbed_macs(const LatentShape& latent) { return 2 * latent.kv_rank + latent.rope_dim; }

/// Projections and norms; empty without d_model. [DeepSeek-V3.2-Exp inference/model.py class MLA]
/// The key-value up-projection is a linear in both forms: naive applies it to each token's latent, absorbed applies its
/// two halves to the query and to the output, with as many multiply-adds.
std::optional<std::vector<Tensor>> latent_tensors(const MixerShape& shape, const LatentShape& latent);

}  // namespace ctxcost
