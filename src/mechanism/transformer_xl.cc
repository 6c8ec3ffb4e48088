// Transformer-XL: segments that also attend to the hidden states of the last `memory` tokens before them
// [Dai 2019, arXiv 1901.02860; kimiyoung/transformer-xl pytorch/mem_transformer.py].
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "segment_recurrence.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kTransformerXlKeys[] = {
    {"segment", KeyType::count, "", "tokens processed together"},
    {"memory", KeyType::count, "", "hidden states kept from before the segment", 0},
};

constexpr Formula kTransformerXlFormulas[] = {
    {"pairs", "sum(c, q of n by segment: tri(c) + c min(memory, q segment))", "arXiv 1901.02860, section 3.2"},
    {"pairs under reach", "n max(i < n: i - s + 1 + min(memory, s)) where s = floor(i / segment) segment",
     "every query charged the most keys of any"},
    {"macs", "heads pairs (2 d_k + d_v)", "content score, position score, value; arXiv 1901.02860, section 3.3"},
    {"decode keys", "T - s + min(memory, s) where s = floor((T - 1) / segment) segment",
     "arXiv 1901.02860, section 3.2"},
    {"linear macs", "n linear + sum(c, q of n by segment: min(memory, q segment) (attn_k + attn_v + attn_pos))",
     "remembered rows are projected again for each segment, mem_transformer.py class RelPartialLearnableMultiHeadAttn"},
    {"decode linear macs", "linear + ((T - 1) mod segment = 0) min(memory, T - 1) (attn_k + attn_v + attn_pos)",
     "the first token of a segment pays for its memory"},
    {"cached elements", "min(n, segment) kv_heads (d_k + d_v)", "keys and values of the current segment"},
    {"state elements", "memory d_model", "mem_transformer.py init_mems"},
};

class TransformerXl final : public SegmentRecurrence {
 public:
  TransformerXl(const MixerShape& shape, Count segment, Count memory)
      : SegmentRecurrence("transformer_xl", shape, segment), memory_(memory) {
    remember("memory", memory);
  }

  Visibility visibility(Count) const override { return {{mask::Segments{segment(), memory_}}, {}}; }
  std::span<const Formula> formulas() const override { return kTransformerXlFormulas; }

 private:
  Count rows(Count q) const override { return min(memory_, q * segment()); }
  Count rows_sum(Count count) const override { return pairs::segment_memory_rows(count, segment(), memory_); }

  Count memory_;
};

}  // namespace

CTXCOST_MECHANISM(kTransformerXl) = {
    "transformer_xl",
    "segments with a memory of earlier hidden states",
    "tokens before the segment and its memory: they are reached only through further layers",
    "Dai 2019, arXiv 1901.02860, section 3.2",
    kTransformerXlKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<TransformerXl>(shape, settings.count("segment"), settings.count("memory"));
    }};

}  // namespace ctxcost
