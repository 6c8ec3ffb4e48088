#include "ctxcost/estimate/term_derivation.h"

#include <algorithm>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "engine/live_need.h"
#include "estimate.h"

namespace ctxcost {
namespace {

using Values = std::vector<FormulaValue>;

// The walk gives a term its number; here stands how it comes about, in formulas that only hold where they give it.

constexpr std::string_view kStoredRows = "rows in whole blocks of their type, docs/cost-model.md section 11.1";

FormulaValue asked(std::string_view word, Count value) { return {std::string(word), value, ValueOrigin::asked}; }
FormulaValue of_model(std::string_view word, Count value) { return {std::string(word), value, ValueOrigin::model}; }
FormulaValue of_type(std::string_view word, Count value, std::string_view remark = {}) {
  return {std::string(word), value, ValueOrigin::type, {}, remark};
}
FormulaValue of_shape(std::string_view word, Count value) { return {std::string(word), value, ValueOrigin::tensor}; }

void append(Values& values, Values more) {
  for (FormulaValue& value : more) values.push_back(std::move(value));
}

/// A value with its own formula, which goes where it does not give the value.
Values defined(FormulaValue value, std::string_view expression, Values of) {
  Symbols symbols;
  for (const FormulaValue& other : of) symbols.emplace(other.word, other.value);
  const Count* const count = std::get_if<Count>(&value.value);
  if (count == nullptr || evaluate(expression, symbols) != *count) return {std::move(value)};
  value.expression = expression;
  Values values{std::move(value)};
  append(values, std::move(of));
  return values;
}

/// `one` behind the words of a mechanism's setting of that value; empty where there is none.
std::string_view setting_of(const Mixer& mixer, std::string_view word, Count value) {
  for (const auto& [key, setting] : mixer.settings().all()) {
    const Count* const count = std::get_if<Count>(&setting);
    if (key == word && count != nullptr && *count == value) return word;
  }
  return {};
}

Derivation of_tensor(const Tensor& tensor, bool active) {
  constexpr std::string_view kSource = "the tensor's shape";
  if (tensor.copies != 1) {
    return derivation_of(active ? "active_copies rows columns" : "copies rows columns", kSource,
                         {of_shape(active ? "active_copies" : "copies", active ? tensor.active_copies : tensor.copies),
                          of_shape("rows", tensor.rows), of_shape("columns", tensor.columns)});
  }
  if (tensor.rows == 1) return derivation_of("columns", kSource, {of_shape("columns", tensor.columns)});
  return derivation_of("rows columns", kSource, {of_shape("rows", tensor.rows), of_shape("columns", tensor.columns)});
}

/// Tokens that a part keeps, of `n` there are.
Values kept_tokens(const Mixer& mixer, const CachePart& part, Count n, Count context) {
  const Span plain;
  const Span& span = part.span;
  FormulaValue length = asked("n", n);
  if (n != context) length = {"n", n, ValueOrigin::model, {}, "tokens of the encoder"};
  Values of{std::move(length)};
  const bool limited = span.limit != plain.limit;
  std::string_view limit = "limit";
  if (limited) {
    if (span.kind == Span::Kind::window && !setting_of(mixer, "window", span.limit).empty()) limit = "window";
    if (span.kind == Span::Kind::chunk && !setting_of(mixer, "chunk", span.limit).empty()) limit = "chunk";
    of.push_back({std::string(limit), span.limit, limit == "limit" ? ValueOrigin::derived : ValueOrigin::setting});
  }
  std::string_view expression;
  if (span.block == 1 && span.stride == 1 && span.factor == 1 && span.constant == 0) {
    expression = !limited            ? "n"
                 : limit == "window" ? "min(n, window)"
                 : limit == "chunk"  ? "min(n, chunk)"
                                     : "min(n, limit)";
  } else {
    // The words of the limit are these alone here.
    if (limited) of.back() = {"limit", span.limit};
    append(of, {{"block", span.block}, {"stride", span.stride}, {"factor", span.factor}, {"constant", span.constant}});
    expression = limited ? "constant + factor min(limit, n < block ? 0 : (n - block) / stride + 1)"
                         : "constant + factor (n < block ? 0 : (n - block) / stride + 1)";
  }
  return defined({"tokens", span.tokens(n)}, expression, std::move(of));
}

/// The width of a cached row, in the model's words.
Values row_width(const Mixer& mixer, const CachePart& part) {
  const MixerShape& shape = mixer.shape();
  if (part.role == CacheRole::key && part.width == shape.d_k) return {of_model("d_k", part.width)};
  if (part.role == CacheRole::value && part.width == shape.d_v) return {of_model("d_v", part.width)};
  if (part.role == CacheRole::latent && mixer.settings().has("kv_rank") && mixer.settings().has("rope_dim")) {
    return defined({"width", part.width}, "kv_rank + rope_dim",
                   {{"kv_rank", mixer.settings().count("kv_rank"), ValueOrigin::setting},
                    {"rope_dim", mixer.settings().count("rope_dim"), ValueOrigin::setting}});
  }
  if (part.role == CacheRole::index && !setting_of(mixer, "index_dim", part.width).empty()) {
    return {{"index_dim", part.width, ValueOrigin::setting}};
  }
  return {{"width", part.width}};
}

/// Bytes of one row of a head, of words whose first is its width.
Values row_bytes_of(const Precision& type, CacheRole role, Values width) {
  const std::string word = width.front().word;
  const Count elements = std::get<Count>(width.front().value);
  const auto with = [&word](std::string_view d_k, std::string_view d_v, std::string_view index,
                            std::string_view other) {
    return word == "d_k" ? d_k : word == "d_v" ? d_v : word == "index_dim" ? index : other;
  };
  FormulaValue row = of_type("row_bytes", cache_bytes(type, role, 1, elements, 1), type.name());
  std::string_view expression;
  if (role == CacheRole::index) {
    row.remark = "one byte an element and a scale in fp32";
    expression = with("d_k + 4", "d_v + 4", "index_dim + 4", "width + 4");
  } else if (role == CacheRole::ids) {
    row.remark = "integers of 4 bytes";
    expression = with("4 d_k", "4 d_v", "4 index_dim", "4 width");
  } else if (type.format().layout == Layout::per_token_head) {
    expression = with("d_k + 4", "d_v + 4", "index_dim + 4", "width + 4");
  } else if (type.format().layout != Layout::block) {
    return {std::move(row)};
  } else if (type.block() == 1) {
    expression = with("d_k element_bytes", "d_v element_bytes", "index_dim element_bytes", "width element_bytes");
    width.push_back(of_type("element_bytes", type.block_bytes(), type.name()));
    row.remark = {};
  } else {
    expression = with("ceil(d_k / block_elements) block_bytes", "ceil(d_v / block_elements) block_bytes",
                      "ceil(index_dim / block_elements) block_bytes", "ceil(width / block_elements) block_bytes");
    width.push_back(of_type("block_elements", type.block(), type.name()));
    width.push_back(of_type("block_bytes", type.block_bytes(), type.name()));
    row.remark = {};
  }
  return defined(std::move(row), expression, std::move(width));
}

/// KIVI: whole groups are quantised, the newest tokens stay in fp16 (docs/cost-model.md section 11.2).
std::optional<Derivation> of_packed(const CachePart& part, const Precision& type, Values tokens) {
  constexpr std::string_view kSource = "KIVI models/llama_kivi.py, docs/cost-model.md section 11.2";
  if (part.role != CacheRole::key && part.role != CacheRole::value) return std::nullopt;
  const bool value = part.role == CacheRole::value;
  Values all = std::move(tokens);
  append(all,
         {of_model("kv_heads", part.heads), of_model("width", part.width), of_type("bits", type.bits(), type.name()),
          of_type("group", type.group(), type.name()), of_type("residual", type.residual(), type.name())});
  return derivation_of(value ? "kv_heads (packed width bits / 8 + packed (width / group) 4 + fresh width 2) "
                               "where fresh = min(tokens, residual), packed = tokens - fresh"
                             : "kv_heads (packed width bits / 8 + packed / group width 4 + fresh width 2) "
                               "where fresh = tokens mod residual, packed = tokens - fresh",
                       kSource, std::move(all));
}

/// Where a mechanism's formula of its cache is from.
std::string_view cache_source(const Mixer& mixer) {
  for (const Formula& formula : mixer.formulas()) {
    if (formula.quantity == "cached elements") return formula.source;
  }
  return kStoredRows;
}

std::optional<Derivation> of_cache(const Estimator& estimator, const Term& term, Count context) {
  const CachePart& part = *term.cache;
  const Mixer& mixer = *term.mixer;
  const Precision& type = precision_of(estimator.kv(), part.role);
  const Count n = cached_context(estimator.model(), part, context);
  Values tokens = kept_tokens(mixer, part, n, context);
  const bool kv_heads = part.heads == mixer.shape().kv_heads && part.role != CacheRole::index;
  const bool packed = type.packed_tokens() != 0 && (part.role == CacheRole::key || part.role == CacheRole::value);
  if (packed) return of_packed(part, type, std::move(tokens));
  Values row = row_bytes_of(type, part.role, row_width(mixer, part));
  if (term.metric == Metric::decode_bytes) {
    // Rows of all heads that the step reads, its own token's among them.
    std::size_t index = 0;
    while (index < mixer.cache().size() && &mixer.cache()[index] != &part) ++index;
    const Count rows = mixer.rows_read(index, context);
    Values of = std::move(tokens);
    of.push_back(kv_heads ? of_model("kv_heads", part.heads) : FormulaValue{"heads", part.heads});
    Values all = defined({"rows", rows, ValueOrigin::derived, {}, "of all heads, as its mask reads"},
                         kv_heads ? "tokens kv_heads" : "tokens heads", std::move(of));
    append(all, std::move(row));
    return derivation_of("rows row_bytes", cache_source(mixer), std::move(all));
  }
  Values all{std::move(tokens.front()),
             kv_heads ? of_model("kv_heads", part.heads) : FormulaValue{"heads", part.heads}};
  all.push_back(std::move(row.front()));
  append(all, {tokens.begin() + 1, tokens.end()});
  append(all, {row.begin() + 1, row.end()});
  if (shares_context(part) && estimator.context_ranks() != 1) {
    all.push_back(asked("ranks", estimator.context_ranks()));
    return derivation_of(kv_heads ? "ceil(tokens / ranks) kv_heads row_bytes" : "ceil(tokens / ranks) heads row_bytes",
                         cache_source(mixer), std::move(all));
  }
  return derivation_of(kv_heads ? "tokens kv_heads row_bytes" : "tokens heads row_bytes", cache_source(mixer),
                       std::move(all));
}

std::optional<Derivation> of_state(const Estimator& estimator, const Term& term) {
  const StatePart& part = *term.state;
  const Count bytes = *term.one / max(1, part.elements);
  std::string_view type = "fp32";
  if (part.type == StateType::activation) type = estimator.model().activation.name();
  if (part.type == StateType::cache) type = estimator.kv().key.name();
  Values all{{"elements", part.elements}, of_type("bytes", bytes, type)};
  std::string_view source = "kept whatever n, docs/cost-model.md section 8";
  if (const std::optional<Derivation> whole = derive(*term.mixer, "state elements", {1})) {
    source = whole->source;
    if (whole->result == part.elements) {
      all.front().expression = whole->expression;
    } else {
      all.front().remark = "a part of all_elements";
      all.push_back({"all_elements", whole->result, ValueOrigin::derived, whole->expression});
    }
    append(all, whole->values);
  }
  return derivation_of("elements bytes", source, std::move(all));
}

std::optional<Derivation> of_mixer(const Estimator& estimator, const Term& term, Count context) {
  const bool step = term.metric == Metric::decode_flops;
  const bool encoder = term.group->stack == Stack::encoder;
  const Count n = encoder ? estimator.model().cross_tokens.value_or(context) : context;
  const FormulaPoint point{n, estimator.settings().convention.pairs};
  switch (term.kind) {
    case TermKind::scores: return derive(*term.mixer, "scores", point);
    case TermKind::mixing: return derive(*term.mixer, step ? "decode macs" : "macs", point);
    case TermKind::scalars: return derive(*term.mixer, step ? "decode scalar operations" : "scalar operations", point);
    case TermKind::linear: return derive(*term.mixer, step ? "decode linear macs" : "linear macs", point);
    default: return std::nullopt;
  }
}

/// Bytes of a row of `columns` elements in a format by its name; no formula where the list has no such format.
Values stored_row(const StoredTensor& stored) {
  FormulaValue row = of_type("row_bytes", stored.row_bytes, stored.type);
  const std::span<const Format> all = formats();
  const std::string name = stored.type.substr(0, stored.type.find(':'));
  const bool known = std::any_of(all.begin(), all.end(), [&name](const Format& format) { return format.name == name; });
  if (!known) return {std::move(row)};
  const Precision type = parse_precision(stored.type, "weights");
  if (type.format().layout != Layout::block) return {std::move(row)};
  row.remark = {};
  const FormulaValue columns = of_shape("columns", stored.tensor.columns);
  if (type.block() == 1) {
    return defined(std::move(row), "columns element_bytes",
                   {columns, of_type("element_bytes", type.block_bytes(), stored.type)});
  }
  return defined(std::move(row), "ceil(columns / block_elements) block_bytes",
                 {columns, of_type("block_elements", type.block(), stored.type),
                  of_type("block_bytes", type.block_bytes(), stored.type)});
}

/// A tensor in the type that it is stored in.
std::optional<Derivation> of_stored(const Estimator& estimator, const Term& term) {
  if (!estimator.stored_tensors()) return std::nullopt;
  const std::vector<StoredTensor>& all = *estimator.stored_tensors();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const StoredTensor& row) { return &row.tensor == term.tensor; });
  if (found == all.end()) return std::nullopt;
  const Tensor& tensor = found->tensor;
  const Count rows = tensor.copies * tensor.rows * found->row_bytes;
  Values row = stored_row(*found);
  Values values;
  const bool copies = tensor.copies != 1;
  if (copies) values.push_back(of_shape("copies", tensor.copies));
  if (copies || tensor.rows != 1) values.push_back(of_shape("rows", tensor.rows));
  if (rows == found->bytes) {
    append(values, std::move(row));
    return derivation_of(copies             ? "copies rows row_bytes"
                         : tensor.rows == 1 ? "row_bytes"
                                            : "rows row_bytes",
                         kStoredRows, std::move(values));
  }
  // Packed without padding, with scales for tiles of the whole matrix.
  const std::optional<StoredWeights>& checkpoint = estimator.model().stored;
  if (checkpoint) {
    for (const PackedFormat& format : checkpoint->formats) {
      const Count elements = ceil_div(tensor.rows * tensor.columns * format.bits, 8);
      if (format.name != found->type || tensor.copies * format.bytes(tensor.rows, tensor.columns) != found->bytes) {
        continue;
      }
      const Count scales = format.bytes(tensor.rows, tensor.columns) - elements;
      return derivation_of("copies (ceil(rows columns bits / 8) + scale_bytes)",
                           "the checkpoint's quantization_config, docs/cost-model.md section 11.1",
                           {of_shape("copies", tensor.copies), of_shape("rows", tensor.rows),
                            of_shape("columns", tensor.columns), of_type("bits", format.bits, found->type),
                            of_type("scale_bytes", scales, "scales, zeros and indices of one matrix")});
    }
  }
  return derivation_of("bytes", "the headers of its files", {of_type("bytes", found->bytes, found->type)});
}

/// F of activation_bytes: the inner width at which one token is live.
Values inner_width(const FeedForward& feed_forward) {
  const FormulaValue width{"F", feed_forward.activation_width().value_or(0)};
  if (!feed_forward.experts) return defined(width, "d_ff", {of_model("d_ff", feed_forward.d_ff.value_or(0))});
  const Experts& experts = *feed_forward.experts;
  if (experts.shared_d_ff == 0) {
    return defined(width, "active_experts expert_d_ff",
                   {of_model("active_experts", experts.active), of_model("expert_d_ff", experts.d_ff)});
  }
  return defined(width, "active_experts expert_d_ff + shared_experts shared_d_ff",
                 {of_model("active_experts", experts.active), of_model("expert_d_ff", experts.d_ff),
                  of_model("shared_experts", experts.shared), of_model("shared_d_ff", experts.shared_d_ff)});
}

std::optional<Derivation> of_activations(const Estimator& estimator, const Term& term, Count context) {
  const Model& model = estimator.model();
  const bool encoder = term.group != nullptr && term.group->stack == Stack::encoder;
  const Count source = model.cross_tokens.value_or(context);
  const FormulaValue n = encoder && source != context
                             ? FormulaValue{"n", source, ValueOrigin::model, {}, "tokens of the encoder"}
                             : asked("n", context);
  if (term.owner == "head") {
    if (!model.vocab) return std::nullopt;
    return derivation_of("vocab", "docs/cost-model.md section 12", {of_model("vocab", *model.vocab)});
  }
  if (term.metric == Metric::activation_bytes) {
    constexpr std::string_view kSource = "docs/cost-model.md section 12: the residual twice, and its widest part";
    Values all{n, of_type("most_tokens", kActivationTokens, "of one chunk"), of_model("d_model", *model.d_model)};
    all[1].origin = ValueOrigin::fallback;
    if (term.mixer == nullptr) {
      if (term.group == nullptr) return std::nullopt;
      append(all, inner_width(term.group->feed_forward));
      return derivation_of("min(n, most_tokens) (2 d_model + 2 F)", kSource, std::move(all));
    }
    const MixerShape& shape = term.mixer->shape();
    append(all, defined({"Q", term.mixer->activation_width(), ValueOrigin::derived, {}, "width of its projections"},
                        "heads d_k + kv_heads (d_k + d_v)",
                        {of_model("heads", shape.heads), of_model("d_k", shape.d_k),
                         of_model("kv_heads", shape.kv_heads), of_model("d_v", shape.d_v)}));
    return derivation_of("min(n, most_tokens) (2 d_model + Q)", kSource, std::move(all));
  }
  if (term.mixer == nullptr) return std::nullopt;
  const Count heads = term.mixer->score_heads();
  if (term.metric == Metric::flash_workspace_bytes) {
    return derivation_of("heads n", "one log-sum-exp for each head and query, docs/cost-model.md section 4.4",
                         {of_model("heads", heads), n});
  }
  const Count keys = *term.one / max(1, heads * std::get<Count>(n.value));
  if (keys == std::get<Count>(n.value)) {
    return derivation_of("heads n n", "every query by every key, docs/cost-model.md section 4.4",
                         {of_model("heads", heads), n});
  }
  return derivation_of("heads n keys", "every query by every key, docs/cost-model.md section 4.4",
                       {of_model("heads", heads), n, {"keys", keys, ValueOrigin::model, {}, "tokens of the encoder"}});
}

std::optional<Derivation> candidate(const Estimator& estimator, const Term& term, Count context) {
  if (term.kind == TermKind::activations) return of_activations(estimator, term, context);
  if (term.kind == TermKind::weights) return of_stored(estimator, term);
  if (term.kind == TermKind::parameters || term.kind == TermKind::linear || term.kind == TermKind::logits) {
    const bool all = term.metric == Metric::parameters || term.metric == Metric::parameters_non_embedding;
    if (term.tensor != nullptr) return of_tensor(*term.tensor, !all);
  }
  if (term.mixer == nullptr || term.group == nullptr) return std::nullopt;
  if (term.kind == TermKind::cache && term.cache != nullptr) return of_cache(estimator, term, context);
  if (term.kind == TermKind::state && term.state != nullptr) return of_state(estimator, term);
  return of_mixer(estimator, term, context);
}

}  // namespace

std::optional<Derivation> derive(const Estimator& estimator, const Term& term, Count context) {
  if (!term.one) return std::nullopt;
  try {
    std::optional<Derivation> derivation = candidate(estimator, term, context);
    // A formula is shown only if it gives the number beside it. A rank's share of a layer has no formula.
    if (derivation && derivation->result != *term.one) derivation.reset();
    return derivation;
  } catch (const FormulaError&) {
    return std::nullopt;
  } catch (const CountOverflow&) {
    return std::nullopt;  // a formula takes numbers of at most 127 bits
  }
}

}  // namespace ctxcost
