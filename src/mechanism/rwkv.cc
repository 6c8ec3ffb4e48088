// RWKV, versions 4 to 7 [Peng 2023, arXiv 2305.13048; 2024, arXiv 2404.05892; 2025, arXiv 2503.14456].
#include "projections.h"
#include "recurrence.h"
#include "row.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kRwkvKeys[] = {
    {"version", KeyType::count, "", "4, 5, 6 or 7", 4},
    {"head_dim", KeyType::count, "64", "width of a head (versions 5 to 7)"},
    {"decay_rank",
     KeyType::count,
     "0",
     "of version 7, inner width of the decay; 0 = none of these is known",
     0,
     {},
     true},
    {"rate_rank", KeyType::count, "0", "inner width of the in-context learning rate", 0, {}, true},
    {"value_rank",
     KeyType::count,
     "0",
     "inner width of the mix with the first layer's values; 0 = has none",
     0,
     {},
     true},
    {"gate_rank", KeyType::count, "0", "inner width of the output gate", 0, {}, true},
    {"mix_rank",
     KeyType::count,
     "0",
     "of version 6, inner width of each token mix; 0 = neither this nor the decay's is known",
     0,
     {},
     true},
    {"gate", KeyType::flag, "false", "of version 5, an output gate; without one the tensors are unknown", 1, {}, true},
    {"own_widths",
     KeyType::flag,
     "false",
     "heads, d_k and d_v are as given, in place of heads of head_dim",
     1,
     {},
     true},
};

constexpr Formula kRwkvFormulas[] = {
    {"macs", "3 n width head_dim where width = given(d_model, heads d_k)", "fla layers/rwkv7.py"},
    {"scalar operations", "n given(d_model, heads d_k) head_dim", "decay of the state, fla layers/rwkv7.py"},
    {"decode macs", "3 given(d_model, heads d_k) head_dim", "fla layers/rwkv7.py"},
    {"decode scalar operations", "given(d_model, heads d_k) head_dim", "decay of the state, fla layers/rwkv7.py"},
    {"state elements", "width head_dim + 2 width where width = given(d_model, heads d_k)",
     "RWKV reference, att_kv and the two token shifts"},
};

constexpr Formula kOwnWidthFormulas[] = {
    {"macs", "3 n heads d_k d_v", "fla layers/rwkv6.py"},
    {"scalar operations", "n heads d_k d_v", "decay of the state, fla layers/rwkv6.py"},
    {"decode macs", "3 heads d_k d_v", "fla layers/rwkv6.py"},
    {"decode scalar operations", "heads d_k d_v", "decay of the state, fla layers/rwkv6.py"},
    {"state elements", "heads d_k d_v + 2 given(d_model, heads d_v)", "fla layers/rwkv6.py, and the two token shifts"},
};

constexpr Formula kFormulas4[] = {
    {"state elements", "5 given(d_model, heads d_k)", "RWKV reference, state of zeros(n_layer * 5, n_embd)"},
};

constexpr std::string_view kRwkvNotes[] = {
    "rwkv: parameters, weights and linear work are unknown, since its low-rank widths are not in the format"};
constexpr std::string_view kNotes4[] = {
    kRwkvNotes[0], "rwkv: the work of version 4's recurrence is unknown; only its state is counted"};

/// Inner widths of pairs of matrices: of version 7, and of version 6 those of the decay and the mixes.
struct LowRanks {
  Count decay, rate, value, gate, mix;
};

/// What each of `heads` keeps: a matrix of d_k x d_v.
struct RwkvHeads {
  Count heads, d_k, d_v;
};

class Rwkv final : public Recurrence {
 public:
  /// `width` is that of the tokens that the shifts keep.
  Rwkv(const MixerShape& shape, Count version, Count width, const RwkvHeads& heads, const LowRanks& ranks,
       const MixerSettings& settings)
      : Recurrence("rwkv", shape),
        version_(version),
        ranks_(ranks),
        gate_(settings.flag("gate")),
        own_widths_(settings.flag("own_widths")),
        keys_(heads.heads * heads.d_k),
        values_(heads.heads * heads.d_v),
        d_v_(heads.d_v) {
    // Version 4 keeps numerator, denominator and their exponent; later versions keep a matrix per head.
    keep(version == 4 ? 3 * values_ : keys_ * d_v_);
    // The last token, whole on every rank, for the time mix and for the channel mix. The reference keeps it in fp32
    // like the rest of the state.
    state_.push_back({"token shift", 2 * width, StateType::fp32});
  }

  std::optional<Work> prefill(Count n, PairRule rule) const override {
    return version_ == 4 ? unknown_work() : Recurrence::prefill(n, rule);
  }
  std::optional<Work> decode(Count keys) const override {
    return version_ == 4 ? unknown_work() : Recurrence::decode(keys);
  }
  /// Those of the time mix [fla layers/rwkv7.py; RWKV/rwkv-5-world-1b5 modeling_rwkv5.py; RWKV/v6-Finch-1B6-HF
  /// modeling_rwkv6.py].
  std::optional<std::vector<Tensor>> tensors() const override {
    if (!known() || !shape().d_model) return std::nullopt;
    const Count d_model = *shape().d_model;
    return version_ == 7 ? seventh(d_model) : fifth_or_sixth(d_model);
  }
  Count activation_width() const override { return 2 * keys_ + values_; }
  std::span<const Formula> formulas() const override {
    if (version_ == 4) return kFormulas4;
    if (own_widths_) return kOwnWidthFormulas;
    return kRwkvFormulas;
  }
  std::span<const std::string_view> notes() const override {
    if (known()) return {};
    if (version_ == 4) return kNotes4;
    return kRwkvNotes;
  }

 private:
  /// Returns whether the tensors are known.
  bool known() const {
    if (version_ == 5) return gate_;
    if (version_ == 6) return ranks_.mix > 0 && ranks_.decay > 0;
    return version_ == 7 && ranks_.decay > 0;
  }

  std::vector<Tensor> fifth_or_sixth(Count d_model) const {
    std::vector<Tensor> tensors;
    if (version_ == 6) {
      tensors.push_back(vector_of("time_mix_lerp_fused", 6 * d_model));
      project(tensors, "time_mix_w1", d_model, 5 * ranks_.mix);
      project(tensors, "time_mix_w2", 5 * ranks_.mix, d_model);
      project(tensors, "time_mix_decay_w1", d_model, ranks_.decay);
      project(tensors, "time_mix_decay_w2", ranks_.decay, keys_);
    } else {
      tensors.push_back(vector_of("time_mix_lerp_fused", 4 * d_model));
    }
    tensors.push_back(vector_of("time_mix_decay", keys_));
    tensors.push_back(vector_of("time_mix_first", keys_));
    for (const std::string_view name : {"time_mix_receptance", "time_mix_key"}) project(tensors, name, d_model, keys_);
    for (const std::string_view name : {"time_mix_value", "time_mix_gate"}) project(tensors, name, d_model, values_);
    tensors.push_back(vector_of("time_mix_ln", values_));
    tensors.push_back(bias_of("time_mix_ln", values_));
    project(tensors, "time_mix_output", values_, d_model);
    return tensors;
  }

  std::vector<Tensor> seventh(Count d_model) const {
    std::vector<Tensor> tensors;
    tensors.push_back(vector_of("time_mix_lerp_fused", 6 * d_model));
    for (const std::string_view name : {"time_mix_k_k", "time_mix_k_a", "time_mix_r_k"}) {
      tensors.push_back(vector_of(name, values_));
    }
    for (const std::string_view name : {"time_mix_receptance", "time_mix_key", "time_mix_value"}) {
      project(tensors, name, d_model, values_);
    }
    project(tensors, "time_mix_w1", d_model, ranks_.decay);
    project(tensors, "time_mix_w2", ranks_.decay, values_, true);
    project(tensors, "time_mix_a1", d_model, ranks_.rate);
    project(tensors, "time_mix_a2", ranks_.rate, values_, true);
    if (ranks_.value > 0) {
      project(tensors, "time_mix_v1", d_model, ranks_.value);
      project(tensors, "time_mix_v2", ranks_.value, values_, true);
    }
    project(tensors, "time_mix_g1", d_model, ranks_.gate);
    project(tensors, "time_mix_g2", ranks_.gate, values_);
    tensors.push_back(vector_of("time_mix_ln", values_));
    tensors.push_back(bias_of("time_mix_ln", values_));
    project(tensors, "time_mix_output", values_, d_model);
    return tensors;
  }

  /// There are no pairs. No source gives the multiply-adds.
  static std::optional<Work> unknown_work() { return Work{0, Count{}, 0, 0, false}; }

  Count step_macs() const override { return 3 * step_operations(); }
  Count step_operations() const override { return keys_ * d_v_; }

  Count version_;
  LowRanks ranks_;
  bool gate_, own_widths_;
  Count keys_, values_;  ///< of all heads
  Count d_v_;
};

}  // namespace

CTXCOST_MECHANISM(kRwkv) = {
    "rwkv",
    "RWKV, a recurrence with token shifts",
    "exact retrieval: all earlier tokens share one state of fixed size",
    "Peng 2023, arXiv 2305.13048, Limitations",
    kRwkvKeys,
    {.traffic_never_falls = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      const Count version = settings.count("version");
      if (version > 7) throw SettingFault{"version", "expected 4, 5, 6 or 7, found " + to_string(version), ""};
      const LowRanks ranks = {settings.count("decay_rank"), settings.count("rate_rank"), settings.count("value_rank"),
                              settings.count("gate_rank"), settings.count("mix_rank")};
      if (settings.flag("own_widths")) {
        const Count width = shape.d_model.value_or(shape.heads * shape.d_v);
        return std::make_unique<Rwkv>(shape, version, width, RwkvHeads{shape.heads, shape.d_k, shape.d_v}, ranks,
                                      settings);
      }
      const Count width = shape.d_model.value_or(shape.heads * shape.d_k);
      const Count head_dim = version == 4 ? Count{1} : settings.count("head_dim");
      if (width % head_dim != 0) {
        throw SettingFault{
            "head_dim", "expected a divisor of the width (" + to_string(width) + "), found " + to_string(head_dim), ""};
      }
      const Count heads = shape.d_model ? shape.share(width / head_dim) : width / head_dim;
      return std::make_unique<Rwkv>(shape, version, width, RwkvHeads{heads, head_dim, head_dim}, ranks, settings);
    }};

}  // namespace ctxcost
