// Compressive Transformer: what leaves the memory of a Transformer-XL is compressed, `ratio` tokens to a slot, by a
// strided convolution [Rae 2019, arXiv 1911.05507].
#include "row.h"
#include "segment_recurrence.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kKeys[] = {
    {"segment", KeyType::count, "", "tokens processed together"},
    {"memory", KeyType::count, "", "hidden states kept as they are", 0},
    {"compressed", KeyType::count, "", "slots kept behind them", 0},
    {"ratio", KeyType::count, "", "tokens compressed to one slot"},
};

constexpr Formula kFormulas[] = {
    {"pairs",
     "for each segment q of c tokens: c (c + 1) / 2 + c (min(memory, q segment) "
     "+ min(compressed, floor(max(0, q segment - memory) / ratio))) exact; n times the most keys of a query under "
     "reach",
     "arXiv 1911.05507, section 3"},
    {"macs", "heads pairs (2 d_k + d_v) + segment d_model d_model a full segment for the compression",
     "arXiv 1911.05507, section 3.1"},
    {"memory macs", "(attn_k + attn_v + attn_pos) for each remembered row, a segment, counted as linear",
     "as in Transformer-XL"},
    {"cached elements", "min(n, segment) kv_heads (d_k + d_v)", "keys and values of the current segment"},
    {"state elements", "(memory + compressed) d_model", "arXiv 1911.05507, section 3"},
};

class Compressive final : public SegmentRecurrence {
 public:
  Compressive(const MixerShape& shape, Count segment, Count memory, Count compressed, Count ratio)
      : SegmentRecurrence("compressive", shape, segment), memory_(memory), compressed_(compressed), ratio_(ratio) {
    remember("memory", memory);
    remember("compressed memory", compressed);
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> tensors = SegmentRecurrence::tensors();
    if (tensors) tensors->push_back(table_of("attn_compress", *shape().d_model, ratio_ * *shape().d_model));
    return tensors;
  }
  std::span<const Formula> formulas() const override { return kFormulas; }
  std::span<const std::string_view> notes() const override {
    if (shape().d_model) return {};
    return kWorkUnknown;
  }

 private:
  Count rows(Count q) const override {
    const Count before = q * segment();
    return min(memory_, before) + min(compressed_, minus_or_zero(before, memory_) / ratio_);
  }
  Count rows_sum(Count count) const override {
    return pairs::segment_memory_rows(count, segment(), memory_) +
           pairs::compressed_memory_rows(count, segment(), memory_, compressed_, ratio_);
  }
  // segment / ratio outputs of ratio * d_model inputs for each of d_model channels.
  std::optional<Count> segment_end_macs() const override {
    if (!shape().d_model) return std::nullopt;
    return segment() * *shape().d_model * *shape().d_model;
  }

  Count memory_;
  Count compressed_;
  Count ratio_;
};

}  // namespace

CTXCOST_MECHANISM(kCompressive) = {
    "compressive", "Transformer-XL with a compressed memory behind the memory", kKeys, true,
    [](const MixerShape& shape, const Settings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<Compressive>(shape, settings.count("segment"), settings.count("memory"),
                                           settings.count("compressed"), settings.count("ratio"));
    }};

}  // namespace ctxcost
