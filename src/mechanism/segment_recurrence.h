// Attention that carries hidden states from segment to segment (Transformer-XL and its compressive successor): keys and
// values of the remembered states are projected again for each segment, and every pair has a second, relative-position
// score.
#pragma once

#include <string_view>

#include "ctxcost/mechanism/pairs.h"
#include "projections.h"
#include "softmax_attention.h"
#include "unsized.h"

namespace ctxcost {

class SegmentRecurrence : public SoftmaxAttention {
 public:
  std::optional<Work> prefill(Count n, PairRule rule) const override {
    return work(prefill_pairs(n, rule), n / segment_);
  }
  std::optional<Work> decode(Count keys) const override {
    return work(decode_keys(keys), keys > 0 && keys % segment_ == 0 ? 1 : 0);
  }
  /// The memory is state. A step touches only its own segment's tokens in the cache.
  Count rows_read(std::size_t part, Count keys) const override {
    return cache()[part].heads * pairs::chunked_decode(keys, segment_);
  }

  std::span<const std::string_view> notes() const override {
    if (state_known()) return {};
    return kStateUnknown;
  }
  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> tensors = softmax_tensors(shape());
    if (!tensors) return tensors;
    const Count queries = shape().heads * shape().d_k;
    // Never with a bias. [mem_transformer.py r_net; nanoGPT scaling_laws.ipynb]
    project(*tensors, kPositions, *shape().d_model, queries);
    // The learned biases that replace a query's position, one for content and one for distance.
    tensors->push_back(vector_of("attn_rel_u", queries));
    tensors->push_back(vector_of("attn_rel_v", queries));
    return tensors;
  }
  /// The query that sees most is the last one of the last segment or of the last full segment.
  Reach reach(Count n) const override {
    Reach most = reach_of(n);
    if (n < segment_) return most;
    const Reach full = reach_of(n / segment_ * segment_);
    return {max(most.exact, full.exact), max(most.compressed, full.compressed)};
  }
  bool linears_once_a_token() const override { return false; }
  std::optional<Count> linear_macs(Count n) const override { return linear(n, rows_sum(ceil_div(n, segment_))); }
  std::optional<Count> decode_linear_macs(Count keys) const override {
    // The first token of a segment is charged with projecting the memory, so that the steps add up to the prefill.
    const bool begins = keys > 0 && (keys - 1) % segment_ == 0;
    return linear(1, begins ? rows((keys - 1) / segment_) : Count{});
  }

 protected:
  SegmentRecurrence(std::string_view kind, const MixerShape& shape, Count segment)
      : SoftmaxAttention(kind, shape, {.kind = Span::Kind::chunk, .limit = segment}), segment_(segment) {}

  /// Adds a state of `rows` hidden states.
  void remember(std::string_view name, Count rows) {
    if (rows == 0) return;
    if (shape().d_model) {
      state_.push_back({name, rows * *shape().d_model, StateType::cache});
    } else {
      state_known_ = false;
    }
  }
  Count segment() const { return segment_; }

  /// Returns the remembered rows that a query of segment q sees. Never falls as q grows.
  virtual Count rows(Count q) const = 0;
  /// Returns the tokens behind those rows, as in `Reach`. Neither falls as q grows. Default: one token in each row.
  virtual Reach remembered(Count q) const { return {rows(q), rows(q)}; }
  /// Returns their sum over segments 0 .. count - 1.
  virtual Count rows_sum(Count count) const = 0;
  /// Returns the multiply-adds at the end of each full segment, without the pairs. Empty if unknown.
  virtual std::optional<Count> segment_end_macs() const { return Count{}; }

 private:
  static constexpr std::string_view kPositions = "attn_pos";

  std::optional<Work> work(Count pairs, Count full_segments) const {
    const std::optional<Count> each = segment_end_macs();
    const Count all = shape().heads * pairs;
    if (!each) return Work{all, pairs, 0, 0, false};
    return Work{all, pairs, all * (2 * shape().d_k + shape().d_v) + full_segments * *each, 0};
  }
  Count prefill_pairs(Count n, PairRule rule) const override {
    if (n == 0) return 0;
    const Count full = n / segment_;
    const Count rest = n % segment_;
    if (rule == PairRule::exact) {
      return pairs::chunked(n, segment_) + segment_ * rows_sum(full) + rest * (rest == 0 ? Count{} : rows(full));
    }
    // The query with the most keys is the last one of the last segment or of the last full segment.
    const Count last = decode_keys(n);
    return n * (full == 0 ? last : max(last, decode_keys(full * segment_)));
  }
  Reach reach_of(Count keys) const {
    if (keys == 0) return {};
    const Count own = pairs::chunked_decode(keys, segment_);
    const Reach before = remembered((keys - 1) / segment_);
    return {own + before.exact, own + before.compressed};
  }
  Count decode_keys(Count keys) const override {
    if (keys == 0) return 0;
    return rows((keys - 1) / segment_) + pairs::chunked_decode(keys, segment_);
  }
  /// Returns the work of all linears for `tokens`, and of keys, values and positions for `remembered` rows.
  std::optional<Count> linear(Count tokens, Count remembered) const {
    const std::optional<std::vector<Tensor>> all = tensors();
    if (!all) return std::nullopt;
    Count macs;
    for (const Tensor& tensor : *all) {
      if (tensor.use != TensorUse::linear) continue;
      const bool again = tensor.name == "attn_k" || tensor.name == "attn_v" || tensor.name == kPositions;
      macs += tensor.active_elements() * (again ? tokens + remembered : tokens);
    }
    return macs;
  }

  Count segment_;
};

}  // namespace ctxcost
