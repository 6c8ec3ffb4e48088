// The Mamba and Mamba-2 mixers as the families configure them.
#pragma once

#include <memory>
#include <optional>

#include "config.h"
#include "ctxcost/mechanism/mechanism.h"

namespace ctxcost::huggingface {

struct MambaForm {
  Count d_model, inner, state = 16, conv = 4, dt_rank;
  bool conv_bias = true;
  bool proj_bias = false;    ///< of the input and output projections
  bool inner_norms = false;  ///< RMS norms of dt, B and C (Jamba)
};

struct Mamba2Form {
  Count d_model, head_dim = 64, heads = 0, state = 128, groups = 1, conv = 4, chunk = 256;
  std::optional<Count> inner;  ///< heads * head_dim where it is empty
  bool conv_bias = true;
  bool proj_bias = false;
  Keys head_dim_key = "mamba_d_head", groups_key = "mamba_n_groups";  ///< the layout's names of them, for faults
  bool gated_norm = true;  ///< an RMS norm of the inner width before the output projection
};

/// Whether the key holds "auto": the class computes the value.
bool is_auto(const Config& config, const Keys& keys);
/// "auto" (and the class default) is a sixteenth of the width.
Count read_dt_rank(const Config& config, const Keys& keys, Count d_model);

/// Reads the widths of Mamba-2 as Bamba's class names and checks them; a fault is recorded where they contradict each
/// other [transformers configuration_bamba.py].
Mamba2Form read_mamba2(const Config& config, Count d_model);
/// The same where the inner width is known. `inner_words` says what it is: "4096 (mamba_d_ssm)".
Mamba2Form read_mamba2(const Config& config, Count d_model, Count inner, const std::string& inner_words);

std::shared_ptr<const Mixer> mamba(const MambaForm& form);
/// A fault is recorded in `config` where the widths contradict each other.
std::shared_ptr<const Mixer> mamba2(const Config& config, Mamba2Form form);

}  // namespace ctxcost::huggingface
