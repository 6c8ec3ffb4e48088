// Multi-head latent attention as the DeepSeek line and its descendants configure it.
#pragma once

#include "config.h"
#include "ctxcost/model/model.h"
#include "parts.h"

namespace ctxcost::gguf {
class Header;
}

namespace ctxcost::huggingface {

/// Class defaults of the latent ranks and widths.
struct LatentDefaults {
  std::uint32_t kv_rank, q_rank;  ///< q_rank 0: queries are not compressed
  std::uint32_t nope, rope, d_v;
};

struct Latent {
  MixerShape shape;        ///< d_k = qk_nope_head_dim + qk_rope_head_dim
  MixerSettings settings;  ///< kv_rank, q_rank, rope_dim
};

Latent read_latent(const Config& config, Count d_model, Count heads, const LatentDefaults& defaults);

/// As `read_decoder`, for families whose head_dim is not the width of a head: shape holds the heads only.
Decoder read_latent_decoder(const Config& config, const DecoderDefaults& defaults);

/// Widths of latent attention. Newer files state those of the compressed form as key_length, and the heads' own as
/// key_length_mla; older ones state the heads' own as key_length.
void set_latent(gguf::Header& file);

}  // namespace ctxcost::huggingface
