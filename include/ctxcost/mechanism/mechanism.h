// Mixers (attention and memory mechanisms): their interface and the list of all kinds.
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
/// query the most keys that any query of the sequence sees. The two are equal for mixers whose work is not a causal
/// mask.
enum class PairRule { reach, exact };

/// The sequence-mixing work of one layer for one sequence.
struct Work {
  Count scores;                          ///< score pairs of all heads; 0 if the mixer has no pairs
  std::optional<Count> scores_per_head;  ///< set if all heads have equally many
  Count macs;                            ///< multiply-adds: scores, values, recurrent cores, memory reads and writes
  Count scalar_operations;               ///< done by recurrences: one FLOP each under every convention
  bool macs_known = true;                ///< false: only the scores are known; the rest needs d_model or a source
};

/// The context without end: `Mixer::polynomial_until` where no further context changes the form.
inline constexpr Count kEndless = Count::from_raw(~Uint128{0});

/// Returns the last context up to which min(n, bound) is one polynomial from n on.
constexpr Count until_bound(Count n, Count bound) { return n == 0 ? n : n < bound ? bound : kEndless; }

/// Which tokens a cache keeps. Engines use `kind`; `tokens` gives the live minimum.
struct Span {
  enum class Kind {
    all,         ///< every token
    window,      ///< the last `limit` tokens
    chunk,       ///< the tokens of the current chunk of `limit`
    compressed,  ///< one entry per block of `block` tokens; a block starts every `stride` tokens
    cross,       ///< the encoder's tokens
    other,
  };
  Kind kind = Kind::all;
  Count limit = Count::from_raw(~Uint128{0});  ///< the most entries kept
  Count block = 1;                             ///< tokens that the first entry covers
  Count stride = 1;                            ///< tokens that each further entry adds
  Count factor = 1;                            ///< rows stored per entry
  Count constant = 0;                          ///< extra entries, kept once there is at least one token

  /// Returns the most entries needed at any position up to n. It never falls as n grows, and is 0 at n = 0.
  Count tokens(Count n) const {
    if (n == 0) return 0;
    const Count reached = n < block ? Count{} : (n - block) / stride + 1;
    return constant + factor * min(limit, reached);
  }
};

/// One part of a cache: `heads` rows of `width` elements for every token kept.
struct CachePart {
  std::string_view name;  ///< "keys", "values", "latents", "index keys"
  CacheRole role;
  Count heads;
  Count width;
  Span span;
  bool owned = true;  ///< false: the layer reads another layer's cache and stores none
};

/// The type that stores a state.
enum class StateType { fp32, activation, cache };

/// One part of the state that a layer keeps per sequence. Its size does not depend on n.
struct StatePart {
  std::string_view name;  ///< "recurrent", "convolution", "memory"
  Count elements;
  StateType type;
};

/// How far back a query of n tokens sees through one layer: the most that any of them does, in tokens, its own
/// included. 0 = none sees any. A kind that chooses keys by their content can choose each that it may choose. Tokens at
/// fixed positions (sinks, global tokens, columns) are not a distance and are left out.
struct Reach {
  Count exact;       ///< to the earliest token that is seen by a key of its own, at most n
  Count compressed;  ///< to the earliest token that is seen at all: also through a summary, a memory or a state

  friend bool operator==(const Reach&, const Reach&) = default;
};

struct Visibility;

/// A formula in the language of ctxcost/core/formula.h. Its words are the keys of the model file and of the mechanism.
/// It describes one layer and one sequence: a prefill of n tokens, or a decode step whose query sees T keys. `quantity`
/// is one of
///   pairs               score pairs of one head
///   scores              score pairs of all heads, where the heads differ
///   pairs under reach   pairs if every query is charged the most keys (default: pairs)
///   macs                multiply-adds of the pairs or of a recurrence, in terms of `pairs` or `scores`
///   macs under reach    macs under that rule, where more than the pairs differs
///   scalar operations   of recurrences (default: 0)
///   linear macs         projections: `linear` is the sum of all, `attn_k` one of them (default: n linear)
///   cached elements     of all tokens, in the layer's own cache
///   state elements      independent of n
/// A decode step has its own: "decode keys", "decode scores", "decode macs", "decode scalar operations" and "decode
/// linear macs" (default: linear). Without "decode macs", a step uses `macs` with its keys in place of the pairs. The
/// laws' test evaluates every formula against the mixer.
struct Formula {
  std::string_view quantity;
  std::string_view expression;
  std::string_view source;
};

/// The type of value that a key takes.
enum class KeyType { count, flag, text, count_or_list };

/// One key that a mechanism takes in a model file or on the command line.
struct MechanismKey {
  std::string_view name;
  KeyType type;
  std::string_view
      fallback;  ///< "" = required; a number, true or false = that value; else the derived default in words
  std::string_view meaning;
  std::uint32_t minimum = 1;      ///< smallest value of a count
  std::string_view choices = {};  ///< allowed values of a text, separated by '|'
  bool reader_only = false;       ///< only readers of other formats set it; model files may not
};

using SettingValue = std::variant<Count, bool, std::string, std::vector<Count>>;

/// A mechanism's keys as read. `check_settings` checks their names and types.
class MixerSettings {
 public:
  MixerSettings() = default;
  MixerSettings(std::initializer_list<std::pair<std::string_view, SettingValue>> values);
  void set(std::string_view name, SettingValue value);
  bool has(std::string_view name) const { return find(name) != nullptr; }
  const std::vector<std::pair<std::string, SettingValue>>& all() const { return values_; }

  /// Returns the value, or the key's fallback in the table. Throws std::logic_error if the key has neither.
  Count count(std::string_view name) const;
  Count count_or(std::string_view name, Count otherwise) const;
  bool flag(std::string_view name) const;
  std::string_view text(std::string_view name) const;
  /// Returns a list, or an empty list if the value is a single count.
  std::optional<std::vector<Count>> list(std::string_view name) const;

  /// The table of fallbacks for `count`, `flag` and `text`. `make_mixer` sets it.
  std::span<const MechanismKey> table;

 private:
  const SettingValue* find(std::string_view name) const;
  const MechanismKey* key(std::string_view name) const;
  std::vector<std::pair<std::string, SettingValue>> values_;
};

enum class Norm { rms, layer };
enum class QkNorm { none, head, full };

/// What every mixer needs of its layer: head counts, widths, and the form of the projections.
struct MixerShape {
  Count heads;                   ///< query heads H
  Count kv_heads;                ///< H_kv, a divisor of heads
  Count d_k;                     ///< width of one query or key
  Count d_v;                     ///< width of one value
  std::optional<Count> d_model;  ///< if empty, parameters and linear work are unknown
  bool qkv_bias = false;
  bool output_bias = false;
  QkNorm qk_norm = QkNorm::none;
  bool gate = false;                  ///< has an output gate as wide as the heads' output, H d_v
  bool sink_logits = false;           ///< has H learned logits
  bool shares_cache = false;          ///< has no K,V projection and no cache of its own
  bool shared_kv_projection = false;  ///< one projection yields both keys and values (Gemma 4's global layers)
  bool key_bias = true;               ///< false: keys have no bias even where queries and values do (Whisper)
  bool shares_weights = false;        ///< of softmax attention: its tensors work here, but an earlier layer holds them
  std::optional<Count> input_width;   ///< of softmax attention: what Q, K and V are projected from, if not d_model

  /// The number of tensor-parallel ranks that share the layer, and the index of this rank. The head counts above are
  /// already the rank's own. A kind that splits other widths (a state space's inner width) takes its share.
  Count tensor_ranks = 1;
  Count tensor_rank = 0;
  /// Returns the rank's part of `whole`. The split is as even as possible; the first ranks hold one more.
  Count share(Count whole) const {
    return whole / tensor_ranks + (tensor_rank < whole % tensor_ranks ? Count{1} : Count{});
  }

  friend bool operator==(const MixerShape&, const MixerShape&) = default;
};

/// An attention or memory mechanism with its settings. It is immutable and valid by construction.
class Mixer {
 public:
  virtual ~Mixer() = default;
  Mixer(const Mixer&) = delete;
  Mixer& operator=(const Mixer&) = delete;

  /// Returns the kind's name in model files.
  std::string_view kind() const { return kind_; }
  /// Returns the traits of its kind.
  const struct MechanismTraits& traits() const;
  const MixerShape& shape() const { return shape_; }
  /// Returns the keys that it was built from, so that the same kind can be built for another shape.
  const MixerSettings& settings() const { return settings_; }

  /// Returns the work of a prefill of n tokens for one sequence. Empty if the work is unknown.
  virtual std::optional<Work> prefill(Count n, PairRule rule) const = 0;
  /// Returns the work of the decode step whose query sees `keys` keys, its own included (T). Empty if the work is
  /// unknown or there is no causal step.
  virtual std::optional<Work> decode(Count keys) const = 0;
  /// Returns the last context up to which, from n on, the work of prefill and decode, the rows read and the linear work
  /// are each one polynomial of at most third degree. Exact forward differences then give them (grids of many points).
  /// Default: n itself, each context on its own. At n = 0 it is always 0.
  virtual Count polynomial_until(Count n) const { return n; }

  /// Returns false for two-sided masks, which have no decode step and no cache.
  virtual bool causal() const { return true; }

  /// Returns how far back the queries of n tokens see at most. Default: all n tokens, exactly.
  virtual Reach reach(Count n) const { return {n, n}; }
  /// Returns which queries of n see which keys (ctxcost/mechanism/visibility.h). Default: every query sees each token
  /// up to its own.
  virtual Visibility visibility(Count n) const;

  /// Returns the parts that are cached per token. Their order is fixed: `rows_read` takes an index into it.
  std::span<const CachePart> cache() const { return cache_; }
  /// Returns the rows of cache part `part` that one decode step touches, over all heads, the new token's row included.
  virtual Count rows_read(std::size_t part, Count keys) const;
  /// Returns the heads of a recurrence, which tensor-parallel ranks must share evenly. Empty if it has only channels.
  virtual std::optional<Count> recurrent_heads() const { return std::nullopt; }
  /// Returns the state kept per sequence, whose size does not depend on n.
  std::span<const StatePart> state() const { return state_; }
  /// Returns false if the file does not give a width that the state depends on. `state` then lacks that part.
  bool state_known() const { return state_known_; }

  /// Returns the learned tensors of one layer. Empty without d_model, or if the format does not give the widths.
  virtual std::optional<std::vector<Tensor>> tensors() const = 0;
  /// Returns the multiply-adds of all projections for a prefill of n tokens of one sequence. Default: n times the
  /// elements of every linear tensor.
  virtual std::optional<Count> linear_macs(Count n) const;
  /// Returns the same for one decode step. Default: the elements of every linear tensor.
  virtual std::optional<Count> decode_linear_macs(Count keys) const;

  /// Returns true if every linear tensor works once per token, in prefill and in decode. The two functions above are
  /// then the base's, and work can be attributed to each tensor.
  virtual bool linears_once_a_token() const { return true; }

  /// Returns the number of heads whose n x n scores are materialised without a fused kernel. 0 for a mixer without
  /// scores.
  virtual Count score_heads() const { return shape_.heads; }
  /// Returns the width of a token's live projections: H d_k + H_kv (d_k + d_v), or the input projection's for a mixer
  /// without heads.
  virtual Count activation_width() const {
    return shape_.heads * shape_.d_k + shape_.kv_heads * (shape_.d_k + shape_.d_v);
  }

  /// Returns the formulas of the numbers, for `explain` and the docs.
  virtual std::span<const Formula> formulas() const { return {}; }
  /// Returns remarks to show with every number of this mixer ("cache counted without its index").
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

/// Thrown when a key's value cannot be used. `key` names it; `message` says what was expected and what was found.
struct SettingFault {
  std::string key;
  std::string message;
  std::string hint;
};

/// Properties of a kind, so that other code need not compare names.
struct MechanismTraits {
  bool softmax = false;              ///< softmax attention: takes gate, sink_logits, shares_cache
  bool traffic_never_falls = false;  ///< a decode step never reads less cache at a longer context
  /// The published code keeps the recurrent state in the model's type. If false, in fp32.
  bool state_in_model_type = false;
  bool state_type_is_fixed = false;      ///< no runtime setting changes the type of that state
  bool sorts_queries = false;            ///< queries are sorted by bucket: n log n comparisons, which are no FLOPs
  bool spare_convolution_column = true;  ///< the published code keeps all K columns, though K - 1 would do
  bool states_at_blocks = false;         ///< kernels can leave a state at every chunk, so that prefixes are cached
};

/// One row of the list of kinds.
struct Mechanism {
  std::string_view kind;     ///< "sliding_window"
  std::string_view summary;  ///< one line for `list mechanisms`
  /// What a model gives up that has this kind in the place of full attention, in one line. Empty = nothing.
  std::string_view gives_up;
  std::string_view gives_up_source;  ///< the paper's section, or a file of a repository
  std::span<const MechanismKey> keys;
  MechanismTraits traits;
  /// Builds the mixer. Throws SettingFault if keys contradict each other or the shape.
  std::unique_ptr<Mixer> (*make)(const MixerShape& shape, const MixerSettings& settings);
  bool reader_only = false;  ///< only readers build it (cross-attention); model files may not name it
  /// If a model file gives no d_v, it is this multiple of d_k.
  std::uint32_t d_v_per_d_k = 1;

  /// Returns the width of a value where only the width of a key is known.
  Count default_d_v(Count d_k) const { return d_k * d_v_per_d_k; }
};

/// Returns all kinds, in the order of docs/mechanisms.md.
std::span<const Mechanism* const> mechanisms();
/// Returns the kind of that name, or null.
const Mechanism* find_mechanism(std::string_view kind);
/// Returns the default kind of a decoder's layers: every earlier token.
const Mechanism& full_attention();
/// Returns the kind of an encoder's layers: every token, earlier and later.
const Mechanism& two_sided_attention();
/// Returns the kind that joins a decoder to an encoder: every token of the encoder.
const Mechanism& cross_attention();

/// Returns what a key takes, in words: "a positive integer", "one of mac|mag|mal".
std::string expectation(const MechanismKey& key);

/// Returns faults of names, types, ranges and missing keys, in the order of the table. If there are none, `make` may be
/// called.
std::vector<SettingFault> check_settings(const Mechanism& mechanism, const MixerSettings& settings);

/// Builds a mixer of that kind from checked settings. Throws SettingFault if keys contradict each other or the shape.
std::shared_ptr<const Mixer> build_mixer(const Mechanism& mechanism, const MixerShape& shape,
                                         const MixerSettings& settings);

/// Builds the part of a mixer that one of `ranks` tensor-parallel ranks holds. KV heads are split as evenly as
/// possible; if there are fewer of them than ranks, each is held by several ranks. Query heads go with their KV head.
/// Requires ranks <= heads.
std::shared_ptr<const Mixer> shard_mixer(const Mixer& mixer, Count ranks, Count rank);

/// Builds a mixer from settings that readers of other formats composed. Throws SettingFault, also for faults that
/// `check_settings` finds.
std::shared_ptr<const Mixer> make_mixer(std::string_view kind, const MixerShape& shape,
                                        const MixerSettings& settings = {});

}  // namespace ctxcost
