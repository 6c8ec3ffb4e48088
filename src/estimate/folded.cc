#include "folded.h"

#include <algorithm>
#include <span>

#include "ctxcost/engine/engine.h"
#include "estimate.h"

namespace ctxcost {
namespace {

// Making a piece costs about ten points, and answers to single questions ask for few in each.
constexpr std::uint32_t kPointsBeforeFolding = 32;
constexpr std::uint32_t kPointsBeforePiece = 8;
/// Of one kind of mixer or cache; more are counted at each point.
constexpr unsigned kMostForms = 4;
/// Models of very many unlike layers are not folded.
constexpr std::size_t kMostPieces = 64;
constexpr std::size_t kPieceSamples = 4;
constexpr Count kHalf = Count::from_raw(Uint128{1} << 127);

/// Adds the contexts at which a row takes another form. Returns false if it has many forms.
template <typename Until>
bool add_starts(std::vector<std::uint64_t>& starts, Until until) {
  const std::size_t before = starts.size();
  Count context = 1;
  for (unsigned form = 0; form < kMostForms; ++form) {
    const Count last = until(context);
    if (last >= FoldedPlan::kContextLimit - 1) return true;
    context = last + 1;
    starts.push_back(context.u64());
  }
  starts.resize(before);
  return false;
}

Uint128 magnitude(Uint128 difference) { return difference >> 127 == 0 ? difference : -difference; }

/// Values at the contexts from a first one on as a polynomial, and the most that it is up to a last one.
class Samples {
 public:
  Samples(std::uint64_t first, std::uint64_t last) : first_(first), last_(last) {}

  std::size_t size() const {
    return static_cast<std::size_t>(std::min<std::uint64_t>(kPieceSamples, last_ - first_ + 1));
  }
  std::uint64_t context(std::size_t i) const { return first_ + i; }

  /// The forward differences at the first context.
  Polynomial differences(std::array<Uint128, kPieceSamples> values) const {
    Polynomial all{};
    for (std::size_t order = 0; order < size(); ++order) {
      all[order] = values[0];
      for (std::size_t i = 0; i + 1 < size(); ++i) values[i] = values[i + 1] - values[i];
    }
    return all;
  }
  /// Differences at 0: binomial(n - first, k) is the sum over j of binomial(n, j) binomial(-first, k - j).
  Polynomial from_zero(const Polynomial& at_first) const {
    const Uint128 f = first_;
    const Uint128 minus[4] = {1, -f, f * (f + 1) / 2, -(f * (f + 1) / 2 * (f + 2) / 3)};
    Polynomial moved{};
    for (std::size_t j = 0; j < 4; ++j) {
      for (std::size_t k = j; k < 4; ++k) moved[j] += at_first[k] * minus[k - j];
    }
    return moved;
  }
  /// Throws CountOverflow.
  Count most(const Polynomial& at_first) const {
    const Count steps = last_ - first_;
    const Count pairs = steps == 0 ? steps : steps * (steps - 1) / 2;
    const Count triples = steps < 2 ? Count{} : pairs * (steps - 2) / 3;
    const Count binomials[4] = {1, steps, pairs, triples};
    Count sum;
    for (std::size_t k = 0; k < 4; ++k) sum += Count::from_raw(magnitude(at_first[k])) * binomials[k];
    return sum;
  }

 private:
  std::uint64_t first_, last_;
};

std::size_t degree(const Polynomial& polynomial) {
  return polynomial[3] != 0 ? 3U : polynomial[2] != 0 ? 2U : polynomial[1] != 0 ? 1U : 0U;
}

/// Sorts the sums by what they are multiples of.
class Shapes {
 public:
  void add(std::size_t metric, const Polynomial& polynomial) { sums_.push_back({metric, polynomial}); }

  /// `heads`: a further polynomial of second or third degree, or null.
  void move_to(FoldedPiece& piece, const Polynomial* heads) {
    std::vector<Polynomial> shapes;
    if (heads != nullptr) shapes.push_back(*heads);
    std::stable_sort(sums_.begin(), sums_.end(), [](const Sum& a, const Sum& b) {
      return magnitude(a.polynomial[degree(a.polynomial)]) < magnitude(b.polynomial[degree(b.polynomial)]);
    });
    for (const Sum& sum : sums_) {
      const auto is_of = [&sum](const Polynomial& shape) { return multiple(sum.polynomial, shape) != 0; };
      if (degree(sum.polynomial) < 2 || std::any_of(shapes.begin(), shapes.end(), is_of)) continue;
      shapes.push_back(sum.polynomial);
    }
    std::stable_sort(shapes.begin(), shapes.end(),
                     [](const Polynomial& a, const Polynomial& b) { return degree(a) > degree(b); });
    for (const Polynomial& shape : shapes) {
      piece.shapes.push_back({shape, move_multiples(piece, shape), heads != nullptr && shape == *heads});
      piece.cubic += degree(shape) == 3 ? 1 : 0;
    }
    piece.of_tokens = move_multiples(piece, {0, 1, 0, 0});
    piece.of_batch = move_multiples(piece, {1, 0, 0, 0});
    for (const Sum& sum : sums_) {
      if (!sum.taken) piece.lines.push_back({sum.metric, sum.polynomial[1], sum.polynomial[0]});
    }
  }

 private:
  struct Sum {
    std::size_t metric;
    Polynomial polynomial;
    bool taken = false;
  };
  std::size_t move_multiples(FoldedPiece& piece, const Polynomial& shape) {
    const std::size_t before = piece.figures.size();
    for (Sum& sum : sums_) {
      const std::uint64_t times = sum.taken ? 0 : multiple(sum.polynomial, shape);
      if (times == 0) continue;
      sum.taken = true;
      piece.figures.push_back({sum.metric, times});
    }
    return piece.figures.size() - before;
  }

  /// Returns how often the polynomial is the shape; 0 if it is no multiple of it.
  static std::uint64_t multiple(const Polynomial& polynomial, const Polynomial& shape) {
    const std::size_t top = degree(shape);
    const Uint128 whole = magnitude(polynomial[top]), part = magnitude(shape[top]);
    if (degree(polynomial) != top || part == 0 || whole < part) return 0;
    const Uint128 times = part == 1 ? whole : (Count::from_raw(whole) / Count::from_raw(part)).raw();
    if (times > UINT64_MAX) return 0;
    for (std::size_t k = 0; k < polynomial.size(); ++k) {
      if (polynomial[k] != shape[k] * times) return 0;
    }
    return static_cast<std::uint64_t>(times);
  }

  std::vector<Sum> sums_;
};

Uint128 value_at(const Polynomial& polynomial, std::uint64_t n, std::uint64_t pairs, Uint128 triples) {
  return polynomial[0] + polynomial[1] * n + polynomial[2] * pairs + polynomial[3] * triples;
}

/// Metrics that are no sums of what is in the layers.
constexpr bool is_fixed(std::size_t index) {
  const auto metric = static_cast<Metric>(index);
  return metric == Metric::kv_bytes_per_token || metric == Metric::window_status ||
         std::find(std::begin(kConstantMetrics), std::end(kConstantMetrics), metric) != std::end(kConstantMetrics);
}

constexpr bool is_sum(Metric metric) {
  switch (metric) {
    case Metric::context:
    case Metric::batch:
    case Metric::scores_per_head:
    case Metric::growth_attention_flops:
    case Metric::growth_kv_cache: return false;
    default: return !is_fixed(static_cast<std::size_t>(metric));
  }
}

/// No constant expression: a constant estimate would be copied, all 900 bytes of it.
inline MetricValue unknown_value() { return {}; }

/// Copies what is fixed, without a loop over all.
template <std::size_t... kIndices>
Estimate fixed_alone(const Estimate& fixed, std::index_sequence<kIndices...> /*of the metrics*/) {
  return {{(is_fixed(kIndices) ? fixed.values[kIndices] : unknown_value())...}};
}

}  // namespace

EstimatePlan::~EstimatePlan() { delete folded.load(); }

inline const FoldedPiece* Estimator::piece_at(Count context, Count batch) const {
  const FoldedPlan* const fold = plan_ == nullptr ? nullptr : plan_->folded.load(std::memory_order_acquire);
  if (fold == nullptr || context == 0 || context >= FoldedPlan::kContextLimit) return nullptr;
  const FoldedPiece* const piece =
      fold->slots[fold->piece_of(static_cast<std::uint64_t>(context.raw()))].piece.load(std::memory_order_acquire);
  return piece != nullptr && batch <= piece->batch_limit ? piece : nullptr;
}

/// Counts a point that was added up. Of all threads one sees the count at which a piece is made.
void Estimator::count_point(Count context) const {
  const EstimatePlan& plan = *plan_;
  const FoldedPlan* const fold = plan.folded.load(std::memory_order_acquire);
  if (fold == nullptr) {
    if (plan.points.load(std::memory_order_relaxed) >= kPointsBeforeFolding) return;
    if (plan.points.fetch_add(1, std::memory_order_relaxed) + 1 != kPointsBeforeFolding) return;
    plan.folded.store(this->fold().release(), std::memory_order_release);
    return;
  }
  if (context == 0 || context >= FoldedPlan::kContextLimit) return;
  const std::size_t index = fold->piece_of(context.u64());
  FoldedPlan::Slot& slot = fold->slots[index];
  if (slot.asked.load(std::memory_order_relaxed) >= kPointsBeforePiece) return;
  if (slot.asked.fetch_add(1, std::memory_order_relaxed) + 1 != kPointsBeforePiece) return;
  std::unique_ptr<const FoldedPiece> piece;
  try {
    piece = fold_piece(*fold, index);
  } catch (const CountOverflow&) {
    return;  // its points are added up, one by one
  }
  slot.piece.store(piece.release(), std::memory_order_release);
}

/// Finds out where pieces begin, and what has too many of them. Null if the model is not folded.
std::unique_ptr<const FoldedPlan> Estimator::fold() const {
  const EstimatePlan& plan = *plan_;
  const auto by_itself = [](const EstimateRows::ReadPart& read) { return read.bytes == 0; };
  if (!plan.kept_parts.empty() || std::any_of(plan.rows.read_parts.begin(), plan.rows.read_parts.end(), by_itself)) {
    return nullptr;
  }
  auto fold = std::make_unique<FoldedPlan>();
  std::vector<std::uint64_t>& starts = fold->starts;
  starts = {1, kActivationTokens.u64() + 1};
  const Positions& positions = model().positions;
  for (const std::optional<Count>& bound :
       {positions.hard_limit, positions.trained_context, positions.effective_context}) {
    if (bound && *bound < FoldedPlan::kContextLimit - 1) starts.push_back(bound->u64() + 1);
  }
  for (const EstimateRows::MixerRow& row : plan.rows.mixers) {
    const bool same_length = row.encoder && model().cross_tokens;
    const bool few =
        same_length || add_starts(starts, [&row](Count context) { return row.mixer->polynomial_until(context); });
    EstimateRows& rows = few ? fold->folded : fold->rest;
    rows.mixers.push_back(row);
    for (const EstimateRows::ReadPart& read : plan.rows.read_parts) {
      if (read.mixer == row.mixer) rows.read_parts.push_back(read);
    }
    if (starts.size() > kMostPieces * kMostForms) return nullptr;
  }
  for (const EstimateRows::KeptRows& kept : plan.rows.kept_rows) {
    const Span& span = kept.part->span;
    const bool same_length = span.kind == Span::Kind::cross && model().cross_tokens;
    const bool few = same_length || add_starts(starts, [&span](Count context) { return kept_until(span, context); });
    (few ? fold->folded : fold->rest).kept_rows.push_back(kept);
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  if (starts.size() > kMostPieces) return nullptr;
  fold->slots = std::make_unique<FoldedPlan::Slot[]>(starts.size());
  return fold;
}

/// Null if its figures do not make polynomials. Throws CountOverflow.
std::unique_ptr<const FoldedPiece> Estimator::fold_piece(const FoldedPlan& fold, std::size_t slot) const {
  const EstimatePlan& plan = *plan_;
  const Samples samples(fold.starts[slot],
                        slot + 1 < fold.starts.size() ? fold.starts[slot + 1] - 1 : FoldedPlan::kContextLimit - 1);
  MetricSet wanted;
  for (std::size_t m = 0; m < kMetricCount; ++m) {
    const auto metric = static_cast<Metric>(m);
    const bool reserved = metric == Metric::kv_reserved_bytes && !engine_.engine->live_need;
    if (!reserved && (plan.one_length || !kLargestMetrics.has(metric))) wanted.add(metric);
  }
  std::array<Estimate, kPieceSamples> points;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    evaluate(fold.folded, samples.context(i), 1, wanted, points[i]);
    if (Count* const bytes = std::get_if<Count>(&points[i][Metric::decode_bytes])) *bytes -= step_weights(1);
  }
  auto piece = std::make_unique<FoldedPiece>();
  for (const Metric metric : {Metric::window_status, Metric::kv_bytes_per_token}) {
    piece->fixed[metric] = points[0][metric];
  }
  for (const Metric metric : kConstantMetrics) piece->fixed[metric] = points[0][metric];
  Shapes shapes;
  Count limit = FoldedPlan::kContextLimit;
  const auto bound = [&](const Polynomial& at_first) {
    const Count most = samples.most(at_first);
    if (most > 0) limit = min(limit, (kHalf - 1) / most);
  };
  for (std::size_t m = 0; m < kMetricCount; ++m) {
    const auto metric = static_cast<Metric>(m);
    if (!is_sum(metric)) continue;
    std::array<Uint128, kPieceSamples> values{};
    std::size_t known = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (const Count* const count = std::get_if<Count>(&points[i].values[m])) values[known++] = count->raw();
    }
    const auto* const divided = std::find_if(std::begin(kPerLayerOf), std::end(kPerLayerOf),
                                             [&](const auto& row) { return row.first == metric; });
    if (divided != std::end(kPerLayerOf) && (known < samples.size() || !fold.rest.empty())) {
      if (points[0].count(divided->second) && layers_ > 0) piece->divided.push_back(*divided);
      continue;
    }
    if (known == 0) continue;
    if (known < samples.size()) return nullptr;
    const Polynomial at_first = samples.differences(values);
    bound(at_first);
    const Polynomial polynomial = samples.from_zero(at_first);
    if (metric == Metric::forward_flops) {
      piece->forward_known = fold.rest.empty();
    } else if (metric != Metric::kv_reserved_bytes || fold.rest.empty()) {
      shapes.add(m, polynomial);
    }
  }
  // One more token costs the same all over the piece.
  for (std::size_t i = 1; i < samples.size(); ++i) {
    if (points[i][Metric::kv_bytes_per_token] != points[0][Metric::kv_bytes_per_token]) return nullptr;
  }
  for (const EstimateRows::MixerRow& row : fold.folded.mixers) {
    std::array<Uint128, kPieceSamples> values{};
    std::size_t known = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const Count n = row.encoder ? stack_length(Stack::encoder, samples.context(i)) : Count{samples.context(i)};
      const std::optional<Work> work = row.mixer->prefill(n, settings_.convention.pairs);
      if (work && work->scores_per_head) values[known++] = work->scores_per_head->raw();
    }
    if (known == 0) piece->heads_known = false;
    if (known > 0 && known < samples.size()) return nullptr;
    const Polynomial at_first = samples.differences(values);
    bound(at_first);
    const Polynomial polynomial = samples.from_zero(at_first);
    if (std::find(piece->heads.begin(), piece->heads.end(), polynomial) == piece->heads.end()) {
      piece->heads.push_back(polynomial);
    }
  }
  // Mixers that agree everywhere have one polynomial, which the sums may be multiples of.
  const bool alike = piece->heads_known && piece->heads.size() == 1 && degree(piece->heads[0]) >= 2;
  shapes.move_to(*piece, alike ? &piece->heads[0] : nullptr);
  if (alike) piece->heads.clear();
  Count weights = plan.step_weights_bytes;
  for (const EstimatePlan::ReadExperts& experts : plan.read_experts) weights += experts.bytes * experts.copies;
  if (weights >= kHalf) return nullptr;
  piece->complete = fold.rest.empty() && plan.one_length && piece->divided.empty() && engine_.engine->live_need;
  piece->batch_limit = limit.u64();
  return piece;
}

[[gnu::always_inline]] inline Estimate Estimator::from_piece(const FoldedPiece& piece, Count context, Count batch,
                                                             MetricSet wanted) const {
  Estimate result = fixed_alone(piece.fixed, std::make_index_sequence<kMetricCount>());
  const auto put = [&result](std::size_t metric, Uint128 value) {
    result.values[metric].emplace<Count>(Count::from_raw(value));
  };
  put(static_cast<std::size_t>(Metric::context), context.raw());
  put(static_cast<std::size_t>(Metric::batch), batch.raw());

  const auto n = static_cast<std::uint64_t>(context.raw());
  const auto b = static_cast<std::uint64_t>(batch.raw());
  const std::uint64_t pairs = n * (n - 1) / 2;
  Uint128 triples = 0;
  const FoldedPiece::Figure* figure = piece.figures.data();
  const auto put_figures = [&](const FoldedPiece::Shape& shape, Uint128 of_sequence) {
    if (shape.heads) put(static_cast<std::size_t>(Metric::scores_per_head), of_sequence);
    const Uint128 value = of_sequence * b;
    const auto low = static_cast<std::uint64_t>(value);
    const FoldedPiece::Figure* const end = figure + shape.figures;
    if (low == value) {
      for (; figure != end; ++figure) put(figure->metric, Uint128{low} * figure->multiple);
    } else {
      for (; figure != end; ++figure) put(figure->metric, value * figure->multiple);
    }
  };
  const FoldedPiece::Shape* shape = piece.shapes.data();
  const FoldedPiece::Shape* const first = shape;
  if (piece.cubic > 0) {
    triples = n < 3 ? Uint128{} : Uint128{pairs} * (n - 2) / 3;
    for (; shape != first + piece.cubic; ++shape) {
      const Polynomial& p = shape->of_sequence;
      put_figures(*shape, p[0] + p[1] * n + p[2] * pairs + p[3] * triples);
    }
  }
  for (const FoldedPiece::Shape* const last = first + piece.shapes.size(); shape != last; ++shape) {
    const Polynomial& p = shape->of_sequence;
    put_figures(*shape, p[0] + p[1] * n + p[2] * pairs);
  }
  const std::uint64_t tokens = n * b;
  const FoldedPiece::Figure* end = figure + piece.of_tokens;
  for (; figure != end; ++figure) put(figure->metric, Uint128{tokens} * figure->multiple);
  end += piece.of_batch;
  for (; figure != end; ++figure) put(figure->metric, Uint128{b} * figure->multiple);
  for (const FoldedPiece::Line& line : piece.lines) put(line.metric, line.of_token * tokens + line.of_sequence * b);
  if (piece.heads_known && !piece.heads.empty()) {
    const Uint128 heads = value_at(piece.heads[0], n, pairs, triples);
    bool agree = true;
    for (std::size_t i = 1; i < piece.heads.size() && agree; ++i) {
      agree = value_at(piece.heads[i], n, pairs, triples) == heads;
    }
    if (agree) put(static_cast<std::size_t>(Metric::scores_per_head), heads);
  }
  if (Count* const bytes = std::get_if<Count>(&result[Metric::decode_bytes])) {
    *bytes += plan_->read_experts.empty() ? plan_->step_weights_bytes : step_weights(batch);
  }
  if (piece.forward_known) {
    const auto raw = [&result](Metric metric) { return std::get_if<Count>(&result[metric])->raw(); };
    put(static_cast<std::size_t>(Metric::forward_flops),
        raw(Metric::attention_flops) + raw(Metric::linear_flops) + raw(Metric::logits_flops));
  }
  if (!piece.complete) add_rest(context, batch, wanted, result);
  return result;
}

/// Adds what is counted at each point, and what follows from it. Metrics that are not wanted may be left empty.
[[gnu::noinline]] void Estimator::add_rest(Count context, Count batch, MetricSet wanted, Estimate& result) const {
  const FoldedPlan& fold = *plan_->folded.load(std::memory_order_relaxed);
  if (!fold.rest.empty()) add_rows(fold, context, batch, wanted, result);
  if (!plan_->one_length && wanted.has_any(kLargestMetrics)) put_largest(context, batch, result);

  const auto count = [&result](Metric metric) { return std::get_if<Count>(&result[metric]); };
  for (const auto& [of_layer, total] :
       fold.slots[fold.piece_of(context.u64())].piece.load(std::memory_order_relaxed)->divided) {
    if (wanted.has(of_layer) && count(total) != nullptr) result[of_layer] = per_layer(*count(total), layers_);
  }
  const Count* const attention = count(Metric::attention_flops);
  const Count* const linear = count(Metric::linear_flops);
  const Count* const logits = count(Metric::logits_flops);
  if (!fold.rest.empty() && attention != nullptr && linear != nullptr && logits != nullptr) {
    result[Metric::forward_flops].emplace<Count>(*attention + *linear + *logits);
  }
  const Count* const cache = count(Metric::kv_cache_bytes);
  if (const Count* const state = count(Metric::state_bytes); state != nullptr && cache != nullptr) {
    if (!engine_.engine->live_need) {
      if (wanted.has(Metric::kv_reserved_bytes)) result[Metric::kv_reserved_bytes] = reserve(context, batch).bytes;
    } else if (!fold.rest.empty()) {
      result[Metric::kv_reserved_bytes] = *cache + *state;
    }
  }
}

void Estimator::add_rows(const FoldedPlan& fold, Count context, Count batch, MetricSet wanted, Estimate& result) const {
  const EstimateRows& rows = fold.rest;
  const RowSums rest = sum_rows(rows, context, wanted);
  const auto add = [&](Metric metric, bool known, Count amount) {
    if (known && amount == 0) return;
    Count* const sum = std::get_if<Count>(&result[metric]);
    if (sum != nullptr && known) *sum += amount * batch;
    if (!known) result[metric] = {};
  };
  const bool mixing = wanted.has_any(kMixingMetrics);
  add(Metric::scores, mixing && rest.scores_known, rest.scores);
  add(Metric::attention_macs, mixing && rest.macs_known, rest.macs);
  add(Metric::attention_flops, mixing && rest.macs_known, rest.attention);
  if (!rows.mixers.empty()) {
    MetricValue& heads = result[Metric::scores_per_head];
    const bool alone = fold.folded.mixers.empty();
    const bool agree = mixing && rest.heads_agree && rest.heads && (alone || heads == MetricValue(*rest.heads));
    heads = agree ? MetricValue(*rest.heads) : MetricValue();
  }
  const bool linear = wanted.has_any(kLinearMetrics);
  add(Metric::linear_flops, linear && rest.linear_known, rest.linear);
  add(Metric::decode_flops, wanted.has(Metric::decode_flops) && rest.step_known, rest.step);
  add(Metric::decode_bytes, wanted.has(Metric::decode_bytes), rest.read);
  const bool cache = wanted.has_any(kCacheMetrics);
  add(Metric::kv_cache_bytes, cache, rest.cache);
  if (!cache) result[Metric::kv_reserved_bytes] = {};
  MetricValue& token = result[Metric::kv_bytes_per_token];
  if (cache && wanted.has(Metric::kv_bytes_per_token)) {
    token = std::get<Count>(token) + (rest.next_cache - rest.cache);
  } else {
    token = {};
  }
}

bool Estimator::folded(Count context, Count batch) const { return piece_at(context, batch) != nullptr; }

Estimate Estimator::at(Count context, Count batch, MetricSet wanted) const {
  if (const FoldedPiece* const piece = piece_at(context, batch)) {
    try {
      return from_piece(*piece, context, batch, wanted);
    } catch (const CountOverflow&) {
      // The terms say which of them does not fit.
    }
  }
  return add_up(context, batch, wanted);
}

}  // namespace ctxcost
