// Titans: attention beside a neural memory, a small network that is trained on the sequence as it is read
// [Behrouz 2025, arXiv 2501.00663; lucidrains/titans-pytorch mac_transformer.py, neural_memory.py].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "projections.h"
#include "row.h"
#include "softmax_attention.h"
#include "unsized.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kTitansKeys[] = {
    {"variant", KeyType::text, "", "mac, mag or mal: memory as context, as a gate or as a layer", 1, "mac|mag|mal"},
    {"segment", KeyType::count, "needed by mac", "tokens of a segment (mac)"},
    {"window", KeyType::count, "needed by mag and mal", "keys of the sliding window (mag, mal)"},
    {"persistent", KeyType::count, "4", "learned tokens that every query sees", 0},
    {"depth", KeyType::count, "2", "layers (matrices) of the memory network"},
    {"expansion", KeyType::count, "2", "inner width of the memory network, in multiples of d_model"},
    {"chunk", KeyType::count, "segment, or window", "tokens per update of the memory"},
};

constexpr Formula kContextFormulas[] = {
    {"pairs", "sum(c of n by segment: tri(persistent + 2 c))",
     "persistent, retrieved and own tokens, arXiv 2501.00663, section 4.1"},
    {"macs",
     "heads pairs (d_k + d_v) + 4 n P where P = depth = 1 ? d_model d_model : 2 d_model x + (depth - 2) x x, x = "
     "expansion d_model",
     "one forward and two backward products to store, one forward to retrieve, neural_memory.py"},
    {"scalar operations",
     "5 P floor(n / given(chunk, segment)) where P = depth = 1 ? d_model d_model : 2 d_model x + (depth - 2) x x, x = "
     "expansion d_model",
     "momentum, decay and step for each full chunk, arXiv 2501.00663, section 3.1"},
    {"decode keys", "persistent + 2 ((T - 1) mod segment + 1)", "arXiv 2501.00663, section 4.1"},
    {"decode macs",
     "heads pairs (d_k + d_v) + 4 P where P = depth = 1 ? d_model d_model : 2 d_model x + (depth - 2) x x, x = "
     "expansion d_model",
     "neural_memory.py"},
    {"decode scalar operations",
     "5 P (T mod given(chunk, segment) = 0) where P = depth = 1 ? d_model d_model : 2 d_model x + (depth - 2) x x, x = "
     "expansion d_model",
     "the last token of a chunk updates, arXiv 2501.00663, section 3.1"},
    {"cached elements", "(persistent + 2 min(n, segment)) kv_heads (d_k + d_v)", "mac_transformer.py"},
    {"state elements",
     "2 P where P = depth = 1 ? d_model d_model : 2 d_model x + (depth - 2) x x, x = expansion d_model",
     "weights and momentum, neural_memory.py"},
};
constexpr Formula kWindowFormulas[] = {
    {"pairs", "n persistent + tri(y) + (n - y) window where y = min(n, window)",
     "arXiv 2501.00663, sections 4.2 and 4.3"},
    {"pairs under reach", "n persistent + n min(n, window)", "every query charged a full window"},
    kContextFormulas[1],
    {"scalar operations",
     "5 P floor(n / given(chunk, window)) where P = depth = 1 ? d_model d_model : 2 d_model x + (depth - 2) x x, x = "
     "expansion d_model",
     "momentum, decay and step for each full chunk, arXiv 2501.00663, section 3.1"},
    {"decode keys", "persistent + min(T, window)", "arXiv 2501.00663, sections 4.2 and 4.3"},
    kContextFormulas[4],
    {"decode scalar operations",
     "5 P (T mod given(chunk, window) = 0) where P = depth = 1 ? d_model d_model : 2 d_model x + (depth - 2) x x, x = "
     "expansion d_model",
     "the last token of a chunk updates, arXiv 2501.00663, section 3.1"},
    {"cached elements", "(persistent + min(n, window)) kv_heads (d_k + d_v)", "arXiv 2501.00663, section 4.2"},
    kContextFormulas[7],
};

constexpr std::string_view kTitansNotes[] = {
    "titans: the memory's gates have no parameters here, and projections are counted for the sequence's own tokens"};

struct TitansParts {
  bool context;  ///< mac
  Count length;  ///< segment or window
  Count persistent;
  std::optional<Count> memory;  ///< P, weights of the memory network
  Count chunk;
};

class Titans final : public Mixer {
 public:
  Titans(const MixerShape& shape, const TitansParts& parts) : Mixer("titans", shape), parts_(parts) {
    cache_ = key_value_cache(shape, {.kind = parts.context ? Span::Kind::chunk : Span::Kind::window,
                                     .limit = parts.length,
                                     .factor = parts.context ? 2 : 1,
                                     .constant = parts.persistent});
    state_known_ = parts.memory.has_value();
    if (!state_known()) return;
    state_ = {{"memory weights", *parts.memory, StateType::fp32}, {"memory momentum", *parts.memory, StateType::fp32}};
  }

  std::optional<Work> prefill(Count n, PairRule rule) const override {
    return work(pairs(n, rule), n, n / parts_.chunk);
  }
  std::optional<Work> decode(Count keys) const override {
    const bool updates = keys > 0 && keys % parts_.chunk == 0;
    return work(keys_of(keys), min(keys, 1), updates ? 1 : 0);
  }
  Count rows_read(std::size_t part, Count keys) const override { return cache()[part].heads * keys_of(keys); }

  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> tensors = softmax_tensors(shape());
    if (!tensors) return tensors;
    const Count d_model = *shape().d_model;
    project(*tensors, "memory_q", d_model, d_model, shape().output_bias);
    project(*tensors, "memory_k", d_model, d_model, shape().output_bias);
    project(*tensors, "memory_v", d_model, d_model, shape().output_bias);
    // The initial weights of the memory. Its work is counted as storing and retrieving.
    tensors->push_back(vector_of("memory_weights", *parts_.memory));
    if (parts_.persistent == 0) return tensors;
    // Persistent tokens in front of each segment. With a window they are only attended to.
    const Count width = parts_.context ? d_model : shape().kv_heads * (shape().d_k + shape().d_v);
    tensors->push_back(table_of("persistent_memory", parts_.persistent, width));
    return tensors;
  }
  /// The memory has seen all. Persistent tokens are learned, not read.
  Reach reach(Count n) const override { return {min(n, parts_.length), n}; }
  Visibility visibility(Count) const override {
    const MaskPart own = parts_.context ? MaskPart(mask::Segments{parts_.length}) : mask::Band{parts_.length - 1};
    return {{own}, {mask::EarlierSegments{parts_.chunk}}};
  }
  std::span<const Formula> formulas() const override {
    if (parts_.context) return kContextFormulas;
    return kWindowFormulas;
  }
  std::span<const std::string_view> notes() const override {
    if (!state_known()) return kWorkUnknown;
    return kTitansNotes;
  }

 private:
  Count pairs(Count n, PairRule rule) const {
    if (parts_.context) {
      const auto rows = [this](Count c) { return pairs::triangle(parts_.persistent + 2 * c); };
      const Count rest = n % parts_.length;
      return n / parts_.length * rows(parts_.length) + (rest == 0 ? Count{} : rows(rest));
    }
    const Count local = rule == PairRule::reach ? n * min(n, parts_.length) : pairs::sliding(n, parts_.length);
    return n * parts_.persistent + local;
  }
  Count keys_of(Count keys) const {
    if (keys == 0) return 0;
    return parts_.persistent + (parts_.context ? 2 * pairs::chunked_decode(keys, parts_.length)
                                               : pairs::sliding_decode(keys, parts_.length));
  }
  std::optional<Work> work(Count pairs, Count tokens, Count updates) const {
    const Count all = shape().heads * pairs;
    if (!parts_.memory) return Work{all, pairs, 0, 0, false};
    return Work{all, pairs, all * (shape().d_k + shape().d_v) + 4 * tokens * *parts_.memory,
                5 * updates * *parts_.memory};
  }

  TitansParts parts_;
};

/// Weights of a network d_model -> expansion * d_model -> … -> d_model of `depth` matrices.
Count network_weights(Count d_model, Count depth, Count expansion) {
  if (depth == 1) return d_model * d_model;
  const Count inner = expansion * d_model;
  return 2 * d_model * inner + (depth - 2) * inner * inner;
}

}  // namespace

CTXCOST_MECHANISM(kTitans) = {
    "titans",
    "attention, with a neural memory that is updated while it reads",
    "exact keys before the segment or window: a memory of fixed size learns them, and forgets",
    "arXiv 2501.00663, section 3.1",
    kTitansKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      const std::string variant(settings.text("variant"));
      const bool context = variant == "mac";
      const std::string length = context ? "segment" : "window";
      const std::string other = context ? "window" : "segment";
      if (settings.has(other)) {
        throw SettingFault{other, "not a key of variant \"" + variant + "\"", "did you mean \"" + length + "\"?"};
      }
      if (!settings.has(length)) {
        throw SettingFault{length, "missing; variant \"" + variant + "\" needs a positive integer", ""};
      }
      TitansParts parts{context, settings.count(length), settings.count("persistent"), {}, {}};
      if (shape.d_model) {
        parts.memory = network_weights(*shape.d_model, settings.count("depth"), settings.count("expansion"));
      }
      parts.chunk = settings.count_or("chunk", parts.length);
      return std::make_unique<Titans>(shape, parts);
    }};

}  // namespace ctxcost
