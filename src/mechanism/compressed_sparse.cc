// DeepSeek-V4's attention: a window of exact rows beside compressed ones, one for every `compress_ratio` tokens. With
// an indexer, a query reads the best `top_k` of those (CSA), without one all of them (HCA). One row of d_k serves all
// heads as key and as value. [DeepSeek-V4-Pro inference/model.py classes Attention, Compressor, Indexer; transformers
// modeling_deepseek_v4.py]
#include <algorithm>

#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "projections.h"
#include "row.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kCompressedSparseKeys[] = {
    {"window", KeyType::count, "", "last tokens that are seen by rows of their own"},
    {"compress_ratio", KeyType::count, "0", "tokens behind one compressed row; 0 = none, the window only", 0},
    {"overlap", KeyType::flag, "false", "a compressed row is made of its own tokens and of those of the row before it"},
    {"q_rank", KeyType::count, "", "width of the latent that queries are made of"},
    {"output_rank", KeyType::count, "", "width to which each group of heads is projected before the output"},
    {"output_groups", KeyType::count, "1", "groups of heads with an output projection of their own"},
    {"index_heads", KeyType::count, "0", "query heads of the indexer; 0 = none, all compressed rows are read", 0},
    {"index_dim", KeyType::count, "0", "width of an index key; 0 without indexer", 0},
    {"top_k", KeyType::count, "0", "compressed rows that a query reads; 0 without indexer", 0},
};

constexpr Formula kCompressedSparseFormulas[] = {
    {"pairs",
     "recent + chosen where recent = tri(x) + (n - x) window, x = min(n, window), chosen = compress_ratio < 1 ? 0 : "
     "compress_ratio (tri(q) - q) + q (m mod compress_ratio + 1) + (n - m) top_k, m = top_k < 1 ? n : min(n, top_k "
     "compress_ratio), q = compress_ratio < 1 ? 0 : floor(m / compress_ratio)",
     "a compressed row is seen once its tokens are past, DeepSeek-V4-Pro inference/model.py get_window_topk_idxs, "
     "get_compress_topk_idxs"},
    {"pairs under reach",
     "n min(n, window) + n chosen where all = compress_ratio < 1 ? 0 : floor(n / compress_ratio), chosen = top_k < 1 ? "
     "all : min(all, top_k)",
     "every query charged the last one's rows"},
    {"macs",
     "heads pairs 2 d_k + index_heads index_dim scored where scored = compress_ratio < 1 ? 0 : compress_ratio (tri(q) "
     "- q) + q (n mod compress_ratio + 1), q = compress_ratio < 1 ? 0 : floor(n / compress_ratio)",
     "key and value are one row of d_k; the indexer scores every compressed row, DeepSeek-V4-Pro inference/model.py "
     "class Indexer"},
    {"macs under reach",
     "heads pairs 2 d_k + index_heads index_dim n all where all = compress_ratio < 1 ? 0 : floor(n / compress_ratio)",
     "the indexer, too, charged the last query's rows"},
    {"decode keys",
     "min(T, window) + chosen where all = compress_ratio < 1 ? 0 : floor(T / compress_ratio), chosen = top_k < 1 ? all "
     ": min(all, top_k)",
     "DeepSeek-V4-Pro inference/model.py class Attention"},
    {"decode macs",
     "heads pairs 2 d_k + index_heads index_dim all where all = compress_ratio < 1 ? 0 : floor(T / compress_ratio)",
     "DeepSeek-V4-Pro inference/model.py class Indexer"},
    {"cached elements",
     "min(n, window) d_k + all (d_k + index_dim) where all = compress_ratio < 1 ? 0 : floor(n / compress_ratio)",
     "DeepSeek-V4-Pro inference/model.py, kv_cache of Attention and Indexer"},
    {"state elements", "2 (1 + overlap) (1 + overlap) compress_ratio (d_k + index_dim)",
     "rows and scores of the tokens that are not compressed yet, DeepSeek-V4-Pro inference/model.py class Compressor, "
     "kv_state and score_state"},
};

constexpr std::string_view kCompressedSparseNotes[] = {
    "compressed_sparse: the pooling of tokens into a compressed row is elementwise and not counted; its projections "
    "are",
};

/// Rows that are made of several tokens, and the indexer that chooses among them.
struct CompressedRows {
  Count ratio;  ///< tokens of a row; 0 = no such rows
  bool overlap;
  Count index_heads;
  Count index_dim;
  Count top_k;  ///< 0 = all

  Count of(Count keys) const { return ratio == 0 ? Count{} : keys / ratio; }
  Count chosen_of(Count all) const { return top_k == 0 ? all : min(all, top_k); }
  Count chosen(Count keys) const { return chosen_of(of(keys)); }
  /// Widths by which its tensors and states are larger.
  Count spread() const { return overlap ? 2 : 1; }
};

struct GroupedOutput {
  Count rank;
  Count groups;
};

class CompressedSparse final : public Mixer {
 public:
  CompressedSparse(const MixerShape& shape, Count window, const CompressedRows& rows, Count q_rank,
                   const GroupedOutput& output)
      : Mixer("compressed_sparse", shape),
        window_(window),
        rows_(rows),
        q_rank_(q_rank),
        output_(output),
        pair_macs_(2 * shape.d_k),
        index_macs_(rows.index_heads * rows.index_dim) {
    cache_ = {{"recent rows", CacheRole::latent, 1, shape.d_k, {.kind = Span::Kind::window, .limit = window}}};
    if (rows.ratio == 0) return;
    const Span compressed{.kind = Span::Kind::compressed, .block = rows.ratio, .stride = rows.ratio};
    cache_.push_back({"compressed rows", CacheRole::latent, 1, shape.d_k, compressed});
    const Count pooled = 2 * rows.spread() * rows.spread() * rows.ratio;
    state_ = {{"compressor", pooled * shape.d_k, StateType::fp32}};
    if (rows.index_heads == 0) return;
    cache_.push_back({"index keys", CacheRole::index, 1, rows.index_dim, compressed});
    state_.push_back({"index compressor", pooled * rows.index_dim, StateType::fp32});
  }

  std::optional<Work> prefill(Count n, PairRule rule) const override {
    if (rule == PairRule::reach) {
      const Count all = rows_.of(n);
      return work(n * (min(n, window_) + rows_.chosen_of(all)), n * all);
    }
    const Count recent = pairs::sliding(n, window_);
    if (rows_.ratio == 0) return work(recent, 0);
    // Up to the token that completes row top_k a query reads all rows.
    const Count all = rows_.top_k == 0 ? n : min(n, rows_.top_k * rows_.ratio);
    return work(recent + seen(all) + (n - all) * rows_.top_k, seen(n));
  }
  std::optional<Work> decode(Count keys) const override {
    const Count all = rows_.of(keys);
    return work(min(keys, window_) + rows_.chosen_of(all), all);
  }
  /// With compressed rows, the next token may complete one.
  Count polynomial_until(Count n) const override { return rows_.ratio == 0 ? until_bound(n, window_) : n; }
  Count rows_read(std::size_t part, Count keys) const override {
    if (part == 0) return min(keys, window_);
    return part == 1 ? rows_.chosen(keys) : rows_.of(keys);
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    if (!shape().d_model) return std::nullopt;
    const Count d_model = *shape().d_model;
    const Count queries = shape().heads * shape().d_k;
    const bool bias = shape().qkv_bias;
    std::vector<Tensor> tensors;
    project(tensors, "attn_q_a", d_model, q_rank_, bias);
    tensors.push_back(vector_of("attn_q_a_norm", q_rank_));
    project(tensors, "attn_q_b", q_rank_, queries, bias);
    project(tensors, "attn_kv", d_model, shape().d_k, bias);
    tensors.push_back(vector_of("attn_kv_a_norm", shape().d_k));
    if (shape().gate) project(tensors, "attn_gate", d_model, queries, shape().output_bias);
    // Each group's heads have a matrix of their own; ranks hold whole groups where they divide.
    const Count groups = max(shape().share(output_.groups), 1);
    const bool whole = shape().heads % groups == 0;
    project(tensors, "attn_output_a", whole ? queries / groups : queries, (whole ? groups : Count{1}) * output_.rank);
    project(tensors, "attn_output_b", groups * output_.rank, d_model, shape().output_bias);
    if (shape().sink_logits) tensors.push_back(vector_of("attn_sinks", shape().heads));
    if (rows_.ratio == 0) return tensors;

    const Count wide = rows_.spread() * shape().d_k;
    project(tensors, "attn_compressor_kv", d_model, wide);
    project(tensors, "attn_compressor_gate", d_model, wide);
    tensors.push_back(table_of("attn_compressor_ape", rows_.ratio, wide));
    tensors.push_back(vector_of("attn_compressor_norm", shape().d_k));
    if (rows_.index_heads == 0) return tensors;
    const Count index_wide = rows_.spread() * rows_.index_dim;
    project(tensors, "indexer.attn_q_b", q_rank_, rows_.index_heads * rows_.index_dim);
    project(tensors, "indexer.proj", d_model, rows_.index_heads);
    project(tensors, "indexer_compressor_kv", d_model, index_wide);
    project(tensors, "indexer_compressor_gate", d_model, index_wide);
    tensors.push_back(table_of("indexer_compressor_ape", rows_.ratio, index_wide));
    tensors.push_back(vector_of("indexer_compressor_norm", rows_.index_dim));
    return tensors;
  }

  Count activation_width() const override { return shape().heads * shape().d_k + shape().d_k; }
  Reach reach(Count n) const override { return {min(n, window_), rows_.ratio == 0 ? min(n, window_) : n}; }
  Visibility visibility(Count) const override {
    Visibility seen{{mask::Band{window_ - 1}}, {}, rows_.index_heads > 0};
    // The row that a query completes is made of tokens of its window. With overlap a row tells of the row before, too,
    // which is seen by then.
    if (rows_.ratio > 0) seen.compressed.emplace_back(mask::EarlierSegments{rows_.ratio});
    return seen;
  }
  std::span<const Formula> formulas() const override { return kCompressedSparseFormulas; }
  std::span<const std::string_view> notes() const override {
    return rows_.ratio == 0 ? std::span<const std::string_view>{} : kCompressedSparseNotes;
  }

 private:
  /// Compressed rows whose tokens lie in the past, summed over n queries.
  Count seen(Count n) const { return pairs::compressed(n, rows_.ratio, rows_.ratio); }

  /// `pairs` of the attention, `scored` pairs of the indexer.
  Work work(Count pairs, Count scored) const {
    const Count scores = shape().heads * pairs;
    return {scores, pairs, scores * pair_macs_ + scored * index_macs_, 0};
  }

  Count window_;
  CompressedRows rows_;
  Count q_rank_;
  GroupedOutput output_;
  Count pair_macs_, index_macs_;  ///< of one pair
};

/// The window reaches back to the last complete row, and the indexer's three keys are set together, only where there is
/// something to choose from.
void check_rows(const CompressedRows& rows, Count window) {
  if (window < rows.ratio) {
    throw SettingFault{
        "window", "expected at least \"compress_ratio\" (" + to_string(rows.ratio) + "), found " + to_string(window),
        "tokens that are in no complete row yet would be seen by nobody"};
  }
  if (rows.ratio == 0) {
    if (rows.overlap) throw SettingFault{"overlap", "expected false without compress_ratio, found true", ""};
    if (rows.index_heads > 0) {
      throw SettingFault{"index_heads", "expected 0 without compress_ratio, found " + to_string(rows.index_heads), ""};
    }
  }
  const auto check = [&rows](std::string_view key, Count value) {
    if ((value > 0) == (rows.index_heads > 0)) return;
    std::string message = rows.index_heads > 0 ? "expected a positive integer with index_heads, found "
                                               : "expected 0 without index_heads, found ";
    message += to_string(value);
    throw SettingFault{std::string(key), std::move(message), ""};
  };
  check("index_dim", rows.index_dim);
  check("top_k", rows.top_k);
}

}  // namespace

CTXCOST_MECHANISM(kCompressedSparse) = {
    "compressed_sparse",
    "a window, and compressed rows of all earlier tokens or the best of them (CSA, HCA)",
    "exact keys beyond the window: those are seen in compressed form, with an indexer the best only",
    "DeepSeek-V4-Pro inference/model.py classes Attention, Compressor and Indexer",
    kCompressedSparseKeys,
    {.softmax = true, .traffic_never_falls = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      if (shape.shares_cache) {
        throw SettingFault{"shares_cache", "\"compressed_sparse\" has one row for keys and values and shares none", ""};
      }
      const CompressedRows rows{settings.count("compress_ratio"), settings.flag("overlap"),
                                settings.count("index_heads"), settings.count("index_dim"), settings.count("top_k")};
      const Count window = settings.count("window");
      check_rows(rows, window);
      const GroupedOutput output{settings.count("output_rank"), settings.count("output_groups")};
      if (shape.tensor_ranks == 1 && shape.heads % output.groups != 0) {
        throw SettingFault{
            "output_groups",
            "expected a divisor of \"heads\" (" + to_string(shape.heads) + "), found " + to_string(output.groups), ""};
      }
      return std::make_unique<CompressedSparse>(shape, window, rows, settings.count("q_rank"), output);
    }};

}  // namespace ctxcost
