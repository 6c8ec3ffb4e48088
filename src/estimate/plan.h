// What `Estimator::at` adds up at each point: the terms of the walk (estimate.h), with everything that does not depend
// on the point summed once, and layers and cache parts that are alike taken together.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "ctxcost/mechanism/mechanism.h"

namespace ctxcost {

struct EstimatePlan {
  /// Mixers that are alike.
  struct MixerRow {
    const Mixer* mixer;
    Count layers;
    bool encoder;
    bool linears_apart;  ///< its projections do not work once a token
  };
  /// Cache parts that keep the same tokens.
  struct KeptRows {
    const CachePart* part;  ///< one of them
    Count bytes;            ///< of one token, of all layers
  };
  /// A cache part whose bytes are not so many a token: KIVI's, or tokens that several devices share.
  struct KeptPart {
    const CachePart* part;
    Count layers;
  };
  /// A cache part that a decode step reads.
  struct ReadPart {
    std::size_t mixer;  ///< in `mixers`
    std::size_t part;   ///< of its cache
    Count bytes;        ///< of one row, of all layers; 0: it is counted by itself
  };
  /// Experts of all layers of a group. min(copies, batch active) are read.
  struct ReadExperts {
    Count bytes, copies, active;
  };

  std::vector<MixerRow> mixers;
  std::vector<KeptRows> kept_rows;
  std::vector<KeptPart> kept_parts;
  std::vector<ReadPart> read_parts;
  std::vector<ReadExperts> read_experts;

  // Of one sequence. FLOPs are those of the convention.
  std::optional<Count> state_bytes = Count{};
  Count known_state_bytes;                          ///< without states of unknown size
  std::optional<Count> decoder_flops = Count{};     ///< linear work of a token in the decoder and outside the layers
  std::optional<Count> encoder_flops = Count{};     ///< and in the encoder
  Count once_flops;                                 ///< linear work of a sequence
  std::optional<Count> row_logits_flops = Count{};  ///< of one row of logits
  std::optional<Count> step_flops = Count{};        ///< of a decode step: linear work, and one row of logits
  Count step_weights_bytes;                         ///< weights that every decode step reads
  Count step_row_bytes;                             ///< and rows of tables for each sequence
  /// All queries and keys are the decoder's own tokens: the largest layer is the same at every context, and the figures
  /// below are known.
  bool one_length = false;
  std::optional<Count> pair_bytes, row_bytes;     ///< of the scores of one pair, and of the log-sum-exp of one row
  std::optional<Count> live_token_bytes;          ///< live activations of a token
  std::optional<Count> live_row_bytes = Count{};  ///< of one row of logits
};

}  // namespace ctxcost
