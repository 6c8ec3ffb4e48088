// Reformer: tokens attend to those that locality-sensitive hashing sorts next to them; queries serve as keys [Kitaev
// 2020; transformers models/reformer/modeling_reformer.py LSHSelfAttention].
#include <algorithm>

#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kLshKeys[] = {
    {"hashes", KeyType::count, "", "hash rounds"},
    {"chunk", KeyType::count, "", "tokens of a chunk of the sorted sequence"},
    {"chunks_before", KeyType::count, "1", "earlier chunks that a chunk sees", 0},
    {"chunks_after", KeyType::count, "0", "later chunks that a chunk sees", 0},
    {"buckets", KeyType::count, "from the context", "hash buckets, or the sum of their factors; even", 2},
};

constexpr Formula kLshFormulas[] = {
    {"pairs", "n (n <= chunk ? n : hashes chunk (1 + chunks_before + chunks_after))",
     "docs/cost-model.md section 7.3; modeling_reformer.py _look_adjacent, do_standard_self_attention"},
    {"macs",
     "heads (pairs (d_k + d_v) + (n > chunk ? hashes n d_k buckets / 2 : 0)) where buckets = given(buckets, 2^log2(2 "
     "floor(n / chunk)))",
     "hashing against random rotations of half as many columns as buckets, modeling_reformer.py _hash_vectors, "
     "_set_num_buckets"},
    {"decode keys", "T <= chunk ? T : hashes chunk (1 + chunks_before + chunks_after)",
     "modeling_reformer.py _get_relevant_hid_states_and_buckets"},
    {"decode macs",
     "heads (pairs (d_k + d_v) + (T > chunk ? hashes d_k buckets / 2 : 0)) where buckets = given(buckets, 2^log2(2 "
     "floor(T / chunk)))",
     "modeling_reformer.py _hash_vectors"},
    {"decode linear macs",
     "linear - d_model kv_heads d_v + heads keys d_model (d_k + d_v) where keys = T <= chunk ? T : hashes chunk (1 + "
     "chunks_before + chunks_after)",
     "keys and values of all hidden states that each head meets, modeling_reformer.py "
     "_get_relevant_hid_states_and_buckets"},
    {"cached elements", "n d_model + n heads hashes",
     "hidden states, and bucket ids of 4 bytes, docs/cost-model.md section 7.3"},
};

constexpr std::string_view kLshNotes[] = {
    "lsh: scores are those computed before masking; sorting is not counted",
};

struct LshSettings {
  Count hashes;
  Count chunk;
  Count neighbours;  // chunks looked at besides the query's own
  std::optional<Count> buckets;
};

class Lsh final : public Mixer {
 public:
  Lsh(const MixerShape& shape, const LshSettings& settings) : Mixer("lsh", shape), settings_(settings) {
    // Keys and values are projected again from hidden states, so the cache keeps hidden states.
    cache_ = {{"hidden states", CacheRole::latent, 1, *shape.d_model, Span{}},
              {"bucket ids", CacheRole::ids, shape.heads, settings.hashes, Span{}}};
    token_linears_ = *Mixer::decode_linear_macs(1);
  }

  // Chunks are computed in full, masked pairs included, so both pair rules give the same count.
  std::optional<Work> prefill(Count n, PairRule) const override { return work(n, n); }
  std::optional<Work> decode(Count keys) const override { return work(1, keys); }

  /// Each head gathers its own hidden states. A query's bucket id is compared with all ids.
  Count rows_read(std::size_t part, Count keys) const override {
    if (part == 0) return min(keys, shape().heads * keys_met(keys));
    return shape().heads * keys;
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> all = softmax_tensors(shape());
    std::erase_if(*all, [](const Tensor& tensor) { return tensor.name == "attn_k" || tensor.name == "attn_k_norm"; });
    return all;
  }

  bool linears_once_a_token() const override { return false; }
  std::optional<Count> linear_macs(Count n) const override { return n * token_linears_; }
  std::optional<Count> decode_linear_macs(Count keys) const override {
    const Count own_value = *shape().d_model * shape().kv_heads * shape().d_v;
    return token_linears_ - own_value + shape().heads * keys_met(keys) * *shape().d_model * (shape().d_k + shape().d_v);
  }

  Count activation_width() const override { return shape().heads * shape().d_k + shape().kv_heads * shape().d_v; }
  Visibility visibility(Count n) const override { return {{mask::Band{n}}, {}, true}; }
  std::span<const Formula> formulas() const override { return kLshFormulas; }
  std::span<const std::string_view> notes() const override { return kLshNotes; }

 private:
  Count keys_met(Count keys) const {
    return pairs::hashed_keys(keys, settings_.hashes, settings_.chunk, settings_.chunk * (1 + settings_.neighbours));
  }

  /// Columns of the random rotations. Each gives two buckets.
  Count rotations(Count n) const {
    if (settings_.buckets) return *settings_.buckets / 2;
    const Count most = n / settings_.chunk;
    Count power = 1;
    while (power <= most / 2) power *= 2;
    return power;
  }

  /// `queries` queries among `keys` tokens.
  Work work(Count queries, Count keys) const {
    Work work = softmax_work(shape(), queries * keys_met(keys));
    if (keys > settings_.chunk) {
      work.macs += shape().heads * settings_.hashes * queries * shape().d_k * rotations(keys);
    }
    return work;
  }

  LshSettings settings_;
  Count token_linears_;  // elements of all linears
};

}  // namespace

CTXCOST_MECHANISM(kLsh) = {
    "lsh",
    "tokens with the same hash (Reformer)",
    "tokens that fall in other buckets in every hash round, though they may be alike",
    "Kitaev 2020, arXiv 2001.04451, section 2",
    kLshKeys,
    {.softmax = true, .traffic_never_falls = true, .sorts_queries = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      if (!shape.d_model) {
        throw SettingFault{"kind", "\"lsh\" caches hidden states and needs the model's \"d_model\"", ""};
      }
      if (shape.shares_cache) {
        throw SettingFault{"shares_cache", "\"lsh\" caches its own hidden states and cannot share keys and values", ""};
      }
      LshSettings lsh{settings.count("hashes"), settings.count("chunk"), 0, std::nullopt};
      try {
        lsh.neighbours = settings.count("chunks_before") + settings.count("chunks_after");
      } catch (const CountOverflow&) {
        throw SettingFault{"chunks_before", "the chunks before and after do not fit 128 bits", ""};
      }
      if (settings.has("buckets")) {
        lsh.buckets = settings.count("buckets");
        if (*lsh.buckets % 2 != 0) {
          throw SettingFault{"buckets", "expected an even number, found " + to_string(*lsh.buckets), ""};
        }
      }
      return std::make_unique<Lsh>(shape, lsh);
    }};

}  // namespace ctxcost
