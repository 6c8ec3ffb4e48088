// Compressive Transformer: tokens that leave the memory of a Transformer-XL are compressed, `ratio` tokens per slot, by
// a strided convolution [Rae 2019, arXiv 1911.05507].
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "segment_recurrence.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kCompressiveKeys[] = {
    {"segment", KeyType::count, "", "tokens processed together"},
    {"memory", KeyType::count, "", "hidden states kept as they are", 0},
    {"compressed", KeyType::count, "", "slots of older states, kept compressed", 0},
    {"ratio", KeyType::count, "", "hidden states compressed into one slot"},
};

constexpr Formula kCompressiveFormulas[] = {
    {"pairs",
     "sum(c, q of n by segment: tri(c) + c (min(memory, q segment) + min(compressed, max(0, q segment - memory) / "
     "ratio)))",
     "arXiv 1911.05507, section 3"},
    {"pairs under reach",
     "n max(i < n: i - s + 1 + min(memory, s) + min(compressed, max(0, s - memory) / ratio)) where s = floor(i / "
     "segment) segment",
     "every query charged the most keys of any"},
    {"macs", "heads pairs (2 d_k + d_v) + floor(n / segment) segment d_model d_model",
     "content score, position score, value; the compression of each full segment, arXiv 1911.05507, section 3.1"},
    {"decode keys",
     "T - s + min(memory, s) + min(compressed, max(0, s - memory) / ratio) where s = floor((T - 1) / segment) segment",
     "arXiv 1911.05507, section 3"},
    {"decode macs", "heads pairs (2 d_k + d_v) + (T mod segment = 0) segment d_model d_model",
     "the last token of a segment compresses it"},
    {"linear macs",
     "n linear + sum(c, q of n by segment: rows (attn_k + attn_v + attn_pos)) where rows = min(memory, q segment) + "
     "min(compressed, max(0, q segment - memory) / ratio)",
     "remembered rows are projected again for each segment, as in Transformer-XL"},
    {"decode linear macs",
     "linear + ((T - 1) mod segment = 0) (min(memory, T - 1) + min(compressed, max(0, T - 1 - memory) / ratio)) "
     "(attn_k + attn_v + attn_pos)",
     "the first token of a segment pays for its memory"},
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
  Visibility visibility(Count) const override {
    return {{mask::Segments{segment(), memory_}}, {mask::Slots{segment(), memory_, compressed_, ratio_}}};
  }
  std::span<const Formula> formulas() const override { return kCompressiveFormulas; }
  std::span<const std::string_view> notes() const override {
    if (shape().d_model) return {};
    return kWorkUnknown;
  }

 private:
  Count rows(Count q) const override {
    const Count before = q * segment();
    return min(memory_, before) + min(compressed_, minus_or_zero(before, memory_) / ratio_);
  }
  /// A slot stands for `ratio` tokens. Tokens that wait for a full slot lie between memory and slots and are left out.
  Reach remembered(Count q) const override {
    const Count before = q * segment();
    const Count exact = min(memory_, before);
    return {exact, exact + min(compressed_, minus_or_zero(before, memory_) / ratio_) * ratio_};
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
    "compressive",
    "segments with a memory and, for older states, a compressed memory",
    "exact keys of what leaves the memory: `ratio` tokens share a slot, and old slots are dropped",
    "Rae 2019, arXiv 1911.05507, section 3",
    kCompressiveKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<Compressive>(shape, settings.count("segment"), settings.count("memory"),
                                           settings.count("compressed"), settings.count("ratio"));
    }};

}  // namespace ctxcost
