// Mixers (attention and memory mechanisms): what each one answers, and the list of all kinds.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/mechanism/tensor.h"

namespace ctxcost {

/// How score pairs are charged (docs/cost-model.md section 2.1): `exact` counts unmasked pairs; `reach` charges every
/// query the most keys that any query of the sequence sees. Mixers whose work is not a causal mask give the same for
/// both.
enum class PairRule { reach, exact };

/// Sequence mixing of one layer and one sequence.
struct Work {
  Count scores;                          ///< score pairs of all heads; 0 for a mixer without pairs
  std::optional<Count> scores_per_head;  ///< where all heads agree
  Count macs;                            ///< multiply-adds: scores, values, recurrent cores, memory reads and writes
  Count scalar_operations;               ///< of recurrences: one FLOP each under every convention
  bool macs_known = true;                ///< false: only the scores are known, the rest needs d_model or a source
};

/// Which tokens a cache keeps. Engines look at `kind`; `tokens` is the live need.
struct Span {
  enum class Kind {
    all,         ///< every token
    window,      ///< the last `limit` tokens
    chunk,       ///< the tokens of the current chunk of `limit`
    compressed,  ///< one entry for `block` tokens, every `stride`
    cross,       ///< the encoder's tokens
    other,
  };
  Kind kind = Kind::all;
  Count limit = Count::from_raw(~Uint128{0});  ///< entries kept at most
  Count block = 1;                             ///< tokens behind the first entry
  Count stride = 1;                            ///< tokens behind each further one
  Count factor = 1;                            ///< entries stored for each
  Count constant = 0;                          ///< entries kept beside, as soon as there is a token

  /// The most entries needed at any position up to n; never falls as n grows; 0 at n = 0.
  Count tokens(Count n) const {
    if (n == 0) return 0;
    const Count reached = n < block ? Count{} : (n - block) / stride + 1;
    return constant + factor * min(limit, reached);
  }
};

/// One kind of cached row: `heads` rows of `width` elements for every token kept.
struct CachePart {
  std::string_view name;  ///< "keys", "values", "latents", "index keys"
  CacheRole role;
  Count heads;
  Count width;
  Span span;
  bool owned = true;  ///< false: another layer's cache, read here but not stored
};

/// The type in which a state is kept.
enum class StateType { fp32, activation, cache };

/// What a sequence keeps in a layer regardless of n.
struct StatePart {
  std::string_view name;  ///< "recurrent", "convolution", "memory"
  Count elements;
  StateType type;
};

/// A formula in the language of ctxcost/formula.h, over the keys of the model file and of the mechanism, for one layer
/// and one sequence: n tokens in prefill; a step of decode whose query sees T keys. `quantity` is one of
///   pairs                     score pairs of one head; `scores` of all heads where they differ
///   pairs under reach         the same where every query is charged the most keys (default: pairs)
///   macs                      multiply-adds of the pairs, or of a recurrence, by `pairs` or `scores` of either rule
///   macs under reach          where the rule changes more than the pairs
///   scalar operations         of recurrences (default: 0)
///   decode keys, decode scores, decode macs, decode scalar operations     the same of a step; without a row of its
///   own,
///                             the multiply-adds of a step follow `macs`, its keys in the place of the pairs
///   linear macs, decode linear macs     projections: `linear` is the sum of all, `attn_k` one (default: n linear,
///   linear) cached elements           of all tokens, owned by the layer state elements            whatever n
/// The laws' test evaluates every one against the mixer.
struct Formula {
  std::string_view quantity;
  std::string_view expression;
  std::string_view source;
};

/// The type of a mechanism's key.
enum class KeyType { count, flag, text, count_or_list };

/// One key that a mechanism takes in a model file or on the command line.
struct MechanismKey {
  std::string_view name;
  KeyType type;
  std::string_view fallback;  ///< "" = required; a number, true or false = that; else a derived default in words
  std::string_view meaning;
  std::uint32_t minimum = 1;      ///< of a count
  std::string_view choices = {};  ///< of a text, separated by '|'
  bool reader_only = false;       ///< set by readers of other formats; not a key of the own format
};

using SettingValue = std::variant<Count, bool, std::string, std::vector<Count>>;

/// A mechanism's keys as read, checked for names and types by `check_settings`.
class MixerSettings {
 public:
  MixerSettings() = default;
  MixerSettings(std::initializer_list<std::pair<std::string_view, SettingValue>> values);
  void set(std::string_view name, SettingValue value);
  bool has(std::string_view name) const { return find(name) != nullptr; }
  const std::vector<std::pair<std::string, SettingValue>>& all() const { return values_; }

  /// The value, or the key's fallback in the table; throws std::logic_error for a key that has neither.
  Count count(std::string_view name) const;
  Count count_or(std::string_view name, Count otherwise) const;
  bool flag(std::string_view name) const;
  std::string_view text(std::string_view name) const;
  /// A list, or empty where the value is a plain count.
  std::optional<std::vector<Count>> list(std::string_view name) const;

  /// The table that `count`, `flag` and `text` take fallbacks from; set by `make_mixer`.
  std::span<const MechanismKey> table;

 private:
  const SettingValue* find(std::string_view name) const;
  const MechanismKey* key(std::string_view name) const;
  std::vector<std::pair<std::string, SettingValue>> values_;
};

enum class Norm { rms, layer };
enum class QkNorm { none, head, full };

/// What a layer gives every mixer: head counts and widths, and how its projections are built.
struct MixerShape {
  Count heads;                   ///< query heads H
  Count kv_heads;                ///< H_kv, a divisor of heads
  Count d_k;                     ///< width of one query or key
  Count d_v;                     ///< width of one value
  std::optional<Count> d_model;  ///< without it parameters and linear work are unknown
  bool qkv_bias = false;
  bool output_bias = false;
  QkNorm qk_norm = QkNorm::none;
  bool gate = false;                  ///< an output gate as wide as the heads' output, H d_v
  bool sink_logits = false;           ///< H learned logits
  bool shares_cache = false;          ///< no K,V projection and no cache of its own
  bool shared_kv_projection = false;  ///< one projection yields keys and values (Gemma 4's global layers)

  /// Tensor-parallel ranks that the layer is split over, and which one this is. Heads above are the rank's own; a kind
  /// with other widths to split (a state space's inner width) takes its share.
  Count tensor_ranks = 1;
  Count tensor_rank = 0;
  /// The rank's part of `whole`: as even as possible, the first ranks hold one more.
  Count share(Count whole) const {
    return whole / tensor_ranks + (tensor_rank < whole % tensor_ranks ? Count{1} : Count{});
  }
};

/// An attention or memory mechanism with its settings: immutable, valid by construction.
class Mixer {
 public:
  virtual ~Mixer() = default;
  Mixer(const Mixer&) = delete;
  Mixer& operator=(const Mixer&) = delete;

  /// The name in model files.
  std::string_view kind() const { return kind_; }
  /// Of its kind.
  const struct MechanismTraits& traits() const;
  const MixerShape& shape() const { return shape_; }
  /// The keys it was built from: the same kind can be built again for another shape.
  const MixerSettings& settings() const { return settings_; }

  /// Prefill of n tokens, one sequence. Empty where the mechanism's work is not known.
  virtual std::optional<Work> prefill(Count n, PairRule rule) const = 0;
  /// The step whose query sees `keys` keys, itself among them (T). Empty where unknown or where there is no causal
  /// step.
  virtual std::optional<Work> decode(Count keys) const = 0;
  /// False for two-sided masks: no decode, no cache.
  virtual bool causal() const { return true; }

  /// What is cached per token. The order is fixed: `rows_read` takes an index into it.
  std::span<const CachePart> cache() const { return cache_; }
  /// Rows of cache part `part` that one decode step touches (all heads together; the new token's row among them).
  virtual Count rows_read(std::size_t part, Count keys) const;
  /// Heads that a recurrence works in, which tensor-parallel ranks must share evenly; empty where it has channels
  /// alone.
  virtual std::optional<Count> recurrent_heads() const { return std::nullopt; }
  /// What is kept regardless of n.
  std::span<const StatePart> state() const { return state_; }
  /// False where the file does not give a width that the state depends on: `state` then lacks it.
  bool state_known() const { return state_known_; }

  /// Learned tensors of one layer; empty without d_model or where the format does not give the widths.
  virtual std::optional<std::vector<Tensor>> tensors() const = 0;
  /// Multiply-adds of all projections for n tokens of one sequence in prefill. Default: n * every linear tensor.
  virtual std::optional<Count> linear_macs(Count n) const;
  /// The same for one decode step. Default: every linear tensor once.
  virtual std::optional<Count> decode_linear_macs(Count keys) const;

  /// True where each linear tensor works once a token, in prefill and decode: the two functions above are then those
  /// of the base, and each tensor's work is its own.
  virtual bool linears_once_a_token() const { return true; }

  /// Heads whose n x n scores are materialised without a fused kernel; 0 for a mixer without scores.
  virtual Count score_heads() const { return shape_.heads; }
  /// Width of the live projections of a token: H d_k + H_kv (d_k + d_v); a mixer without heads, its input projection.
  virtual Count activation_width() const {
    return shape_.heads * shape_.d_k + shape_.kv_heads * (shape_.d_k + shape_.d_v);
  }

  /// How the numbers come about, for `explain` and the docs.
  virtual std::span<const Formula> formulas() const { return {}; }
  /// Remarks that belong beside every number of this mixer ("cache counted without its index").
  virtual std::span<const std::string_view> notes() const { return {}; }

 protected:
  Mixer(std::string_view kind, const MixerShape& shape) : kind_(kind), shape_(shape) {}
  std::vector<CachePart> cache_;
  std::vector<StatePart> state_;
  bool state_known_ = true;

 private:
  friend std::shared_ptr<const Mixer> build_mixer(const struct Mechanism&, const MixerShape&, const MixerSettings&);

  std::string_view kind_;
  MixerShape shape_;
  MixerSettings settings_;
};

/// A key whose value cannot be used: `key` names it, `message` says what was expected and found.
struct SettingFault {
  std::string key;
  std::string message;
  std::string hint;
};

/// What others ask of a kind instead of its name.
struct MechanismTraits {
  bool softmax = false;              ///< attention in the narrow sense: takes gate, sink_logits, shares_cache
  bool traffic_never_falls = false;  ///< a longer context never reads less of its cache in a decode step
  /// The published code keeps its recurrent state in the model's type, else in fp32.
  bool state_in_model_type = false;
  bool state_type_is_fixed = false;      ///< no setting of a runtime gives that state another type
  bool spare_convolution_column = true;  ///< the published code keeps all K columns, where the last K - 1 would do
};

/// One row of the list of kinds.
struct Mechanism {
  std::string_view kind;     ///< "sliding_window"
  std::string_view summary;  ///< one line for `list mechanisms`
  std::span<const MechanismKey> keys;
  MechanismTraits traits;
  /// Builds the mixer; throws SettingFault where keys contradict each other or the shape.
  std::unique_ptr<Mixer> (*make)(const MixerShape& shape, const MixerSettings& settings);
  bool reader_only = false;  ///< built by readers (cross-attention); not a kind that a model file may ask for
  /// Where a model file gives no d_v, it is this many times d_k.
  std::uint32_t d_v_per_d_k = 1;
};

/// All kinds, in the order of docs/mechanisms.md.
std::span<const Mechanism* const> mechanisms();
/// The kind of that name, or null.
const Mechanism* find_mechanism(std::string_view kind);
/// What a decoder's layers are where nothing else is said: every earlier token.
const Mechanism& full_attention();
/// What an encoder's layers are: every token, before and after.
const Mechanism& two_sided_attention();
/// What joins a decoder to an encoder: every token of the latter.
const Mechanism& cross_attention();

/// What a key takes, in words: "a positive integer", "one of mac|mag|mal".
std::string expectation(const MechanismKey& key);

/// Faults of names, types, ranges and missing keys, in the order of the table. Empty when `make` may be called.
std::vector<SettingFault> check_settings(const Mechanism& mechanism, const MixerSettings& settings);

/// Builds a mixer of that kind from checked settings. Throws SettingFault where keys contradict each other or the
/// shape.
std::shared_ptr<const Mixer> build_mixer(const Mechanism& mechanism, const MixerShape& shape,
                                         const MixerSettings& settings);

/// The part of a mixer that one of `ranks` tensor-parallel ranks holds: KV heads as even as possible, each on several
/// ranks where there are fewer heads than ranks; query heads go with their KV head. Needs ranks <= heads.
std::shared_ptr<const Mixer> shard_mixer(const Mixer& mixer, Count ranks, Count rank);

/// Builds a mixer from settings that the caller vouches for (readers of other formats). Throws SettingFault, also for
/// what `check_settings` finds.
std::shared_ptr<const Mixer> make_mixer(std::string_view kind, const MixerShape& shape,
                                        const MixerSettings& settings = {});

}  // namespace ctxcost
