#include "ctxcost/estimate/term_derivation.h"

#include <array>

#include "engine/live_need.h"

namespace ctxcost {
namespace {

/// Evaluates a formula all of whose words are in `values`.
Derivation from(std::string_view expression, std::string_view source, std::vector<FormulaValue> values) {
  Symbols symbols;
  for (const FormulaValue& value : values) symbols.emplace(value.word, value.value);
  const Count result = evaluate(expression, symbols);
  return {expression, source, std::move(values), result};
}

Derivation of_tensor(const Tensor& tensor, bool active) {
  constexpr std::string_view kSource = "the tensor's shape";
  if (tensor.copies != 1) {
    return from(active ? "active_copies rows columns" : "copies rows columns", kSource,
                {{active ? "active_copies" : "copies", active ? tensor.active_copies : tensor.copies},
                 {"rows", tensor.rows},
                 {"columns", tensor.columns}});
  }
  if (tensor.rows == 1) return from("columns", kSource, {{"columns", tensor.columns}});
  return from("rows columns", kSource, {{"rows", tensor.rows}, {"columns", tensor.columns}});
}

/// Returns the tokens that a part keeps at `n` tokens, with their formula.
FormulaValue kept_tokens(const CachePart& part, Count n, std::vector<FormulaValue>& values) {
  const Span plain;
  const Span& span = part.span;
  FormulaValue tokens{"tokens", span.tokens(n)};
  values.push_back({"n", n, ValueOrigin::asked});
  const bool limited = span.limit != plain.limit;
  if (limited) values.push_back({"limit", span.limit});
  if (span.block == 1 && span.stride == 1 && span.factor == 1 && span.constant == 0) {
    tokens.expression = limited ? "min(n, limit)" : "n";
    return tokens;
  }
  values.push_back({"block", span.block});
  values.push_back({"stride", span.stride});
  values.push_back({"factor", span.factor});
  values.push_back({"constant", span.constant});
  tokens.expression = limited ? "constant + factor min(limit, n < block ? 0 : (n - block) / stride + 1)"
                              : "constant + factor (n < block ? 0 : (n - block) / stride + 1)";
  return tokens;
}

std::optional<Derivation> of_cache(const Estimator& estimator, const Term& term, Count context) {
  const CachePart& part = *term.cache;
  const Precision& type = precision_of(estimator.kv(), part.role);
  if (type.packed_tokens() != 0) return std::nullopt;  // its bytes are not proportional to tokens
  std::vector<FormulaValue> values;
  FormulaValue tokens = kept_tokens(part, cached_context(estimator.model(), part, context), values);
  const FormulaValue heads{"heads", part.heads};
  const FormulaValue row{"row_bytes", cache_bytes(type, part.role, 1, part.width, 1)};
  std::vector<FormulaValue> all{std::move(tokens), heads, row};
  all.insert(all.end(), values.begin(), values.end());
  if (shares_context(part) && estimator.context_ranks() != 1) {
    all.push_back({"ranks", estimator.context_ranks()});
    return from("ceil(tokens / ranks) heads row_bytes", "rows of every head, whole in the cache's type",
                std::move(all));
  }
  return from("tokens heads row_bytes", "rows of every head, whole in the cache's type", std::move(all));
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

std::optional<Derivation> candidate(const Estimator& estimator, const Term& term, Count context) {
  if (term.kind == TermKind::parameters || term.kind == TermKind::linear || term.kind == TermKind::logits) {
    const bool all = term.metric == Metric::parameters || term.metric == Metric::parameters_non_embedding;
    if (term.tensor != nullptr) return of_tensor(*term.tensor, !all);
  }
  if (term.kind == TermKind::cache && term.metric != Metric::decode_bytes && term.cache != nullptr) {
    return of_cache(estimator, term, context);
  }
  if (term.kind == TermKind::state && term.state != nullptr) {
    const Count bytes = *term.one / max(1, term.state->elements);
    return from("elements bytes", "kept whatever n", {{"elements", term.state->elements}, {"bytes", bytes}});
  }
  if (term.mixer == nullptr || term.group == nullptr) return std::nullopt;
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
