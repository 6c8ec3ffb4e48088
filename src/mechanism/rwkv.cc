// RWKV, versions 4 to 7 [Peng 2023, arXiv 2305.13048; 2024, arXiv 2404.05892; 2025, arXiv 2503.14456].
#include "recurrence.h"
#include "row.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kRwkvKeys[] = {
    {"version", KeyType::count, "", "4, 5, 6 or 7", 4},
    {"head_dim", KeyType::count, "64", "width of a head (versions 5 to 7)"},
};

constexpr Formula kRwkvFormulas[] = {
    {"macs", "3 n width head_dim where width = given(d_model, heads d_k)", "fla layers/rwkv7.py"},
    {"scalar operations", "n given(d_model, heads d_k) head_dim", "decay of the state, fla layers/rwkv7.py"},
    {"decode macs", "3 given(d_model, heads d_k) head_dim", "fla layers/rwkv7.py"},
    {"decode scalar operations", "given(d_model, heads d_k) head_dim", "decay of the state, fla layers/rwkv7.py"},
    {"state elements", "width head_dim + 2 width where width = given(d_model, heads d_k)",
     "RWKV reference, att_kv and the two token shifts"},
};

constexpr Formula kFormulas4[] = {
    {"state elements", "5 given(d_model, heads d_k)", "RWKV reference, state of zeros(n_layer * 5, n_embd)"},
};

constexpr std::string_view kRwkvNotes[] = {
    "rwkv: parameters, weights and linear work are unknown, since its low-rank widths are not in the format"};
constexpr std::string_view kNotes4[] = {
    kRwkvNotes[0], "rwkv: the work of version 4's recurrence is unknown; only its state is counted"};

class Rwkv final : public Recurrence {
 public:
  Rwkv(const MixerShape& shape, Count version, Count width, Count head_dim)
      : Recurrence("rwkv", shape),
        version_(version),
        width_(shape.d_model ? shape.share(width / head_dim) * head_dim : width),
        head_dim_(head_dim) {
    // Version 4 keeps numerator, denominator and their exponent; later versions keep a head_dim x head_dim matrix per
    // head.
    keep(version == 4 ? 3 * width_ : width_ * head_dim);
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
  std::optional<std::vector<Tensor>> tensors() const override { return std::nullopt; }
  Count activation_width() const override { return 3 * width_; }
  std::span<const Formula> formulas() const override {
    if (version_ == 4) return kFormulas4;
    return kRwkvFormulas;
  }
  std::span<const std::string_view> notes() const override {
    if (version_ == 4) return kNotes4;
    return kRwkvNotes;
  }

 private:
  /// There are no pairs. No source gives the multiply-adds.
  static std::optional<Work> unknown_work() { return Work{0, Count{}, 0, 0, false}; }

  Count step_macs() const override { return 3 * width_ * head_dim_; }
  Count step_operations() const override { return width_ * head_dim_; }

  Count version_;
  Count width_;
  Count head_dim_;
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
      const Count width = shape.d_model.value_or(shape.heads * shape.d_k);
      const Count head_dim = settings.count("head_dim");
      if (version != 4 && width % head_dim != 0) {
        throw SettingFault{
            "head_dim", "expected a divisor of the width (" + to_string(width) + "), found " + to_string(head_dim), ""};
      }
      return std::make_unique<Rwkv>(shape, version, width, version == 4 ? Count{1} : head_dim);
    }};

}  // namespace ctxcost
