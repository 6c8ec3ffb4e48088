#include "ctxcost/answer/explanation.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/units.h"
#include "ctxcost/estimate/term_derivation.h"
#include "estimate/window_note.h"
#include "model/key_names.h"
#include "model/model_words.h"
#include "model/most_kinds.h"

namespace ctxcost {
namespace {

constexpr Count kExplainedContext = 4096;  // of a model that does not say what it was trained for

/// Factors that are one share of the whole batch, whatever the metric.
constexpr std::string_view kLayersKey = "layers";

Count count_of(const ExplainedValue& value) {
  const Count* const count = std::get_if<Count>(&value.value);
  return count == nullptr ? Count{} : *count;
}

/// Values as documents show them, with their origins in the words of the model's file.
class Origins {
 public:
  Origins(const Model& model, const EngineChoice& engine) : model_(model), engine_(engine) {}

  std::vector<ExplainedValue> of(const std::vector<FormulaValue>& values) const {
    std::vector<ExplainedValue> all;
    all.reserve(values.size());
    for (const FormulaValue& value : values) {
      all.push_back({value.word, value.value, value.origin, std::string(value.expression), {}});
    }
    for (std::size_t i = 0; i < all.size(); ++i) all[i].from = from(all[i], values[i].remark, all);
    return all;
  }

  ExplainedValue of_key(std::string_view word, Count value) const {
    ExplainedValue result{std::string(word), value, ValueOrigin::model};
    result.from = from(result, {}, {});
    return result;
  }

 private:
  std::string from(const ExplainedValue& value, std::string_view remark, const std::vector<ExplainedValue>& all) const {
    switch (value.origin) {
      case ValueOrigin::asked:
        if (value.word == "n") return "context";
        if (value.word == "T") return "keys of the step that reads token n";
        return value.word;
      case ValueOrigin::model:
      case ValueOrigin::setting:
        if (!remark.empty()) return std::string(remark);
        return of_model(value, all);
      case ValueOrigin::fallback: return remark.empty() ? "default" : std::string(remark);
      case ValueOrigin::tensor: return remark.empty() ? "shape of the tensor" : std::string(remark);
      case ValueOrigin::engine:
        if (!remark.empty()) return std::string(remark);
        return value.expression.empty() ? std::string(engine_.engine->name) : std::string();
      case ValueOrigin::type:
      case ValueOrigin::derived: break;
    }
    return std::string(remark);
  }

  std::string of_model(const ExplainedValue& value, const std::vector<ExplainedValue>& all) const {
    if (!std::holds_alternative<Count>(value.value)) return "model file";
    if (std::string key = key_of(model_, value.word, count_of(value)); !key.empty()) return key;
    const auto other = [&all](std::string_view word) -> std::optional<Count> {
      for (const ExplainedValue& one : all) {
        if (one.word == word) return count_of(one);
      }
      return std::nullopt;
    };
    const Count count = count_of(value);
    if (value.word == "kv_heads" && other("heads") == count) return "= heads";
    if (value.word == "kv_heads") {
      if (const std::string key = key_of(model_, "heads", count); !key.empty()) return "= heads, " + key;
    }
    if (value.word == "d_ff" && model_.d_model && count == 4 * *model_.d_model) {
      if (const std::string key = key_of(model_, "d_model", *model_.d_model); !key.empty()) return "4 * " + key;
    }
    if (value.word == "d_v" && other("d_k") == count) return "= d_k";
    if (value.word == "d_v") {
      if (std::string key = key_of(model_, "d_k", count); !key.empty()) return key;
    }
    if ((value.word == "d_k" || value.word == "d_v" || value.word == "width") && model_.d_model) {
      // A head is d_model / heads wide where the file does not say otherwise.
      for (const KeyRead& read : model_.keys) {
        if (read.value == 0 || read.value * count != *model_.d_model) continue;
        if (key_of(model_, "heads", read.value) != read.key) continue;
        return format("{} / {}", key_of(model_, "d_model", *model_.d_model), read.key);
      }
    }
    return "model file";
  }

  const Model& model_;
  const EngineChoice& engine_;
};

/// The formula in numbers.
std::string numbers_of(std::string_view formula, const std::vector<ExplainedValue>& values) {
  Symbols symbols;
  for (const ExplainedValue& value : values) symbols.emplace(value.word, value.value);
  return substituted(formula, symbols);
}

ExplainedTerm explained(const Origins& origins, std::optional<Derivation> derivation) {
  ExplainedTerm term;
  if (!derivation) return term;
  term.formula = derivation->expression;
  term.source = derivation->source;
  term.values = origins.of(derivation->values);
  term.numbers = numbers_of(term.formula, term.values);
  return term;
}

ExplainedTerm explained(const Estimator& estimator, const Origins& origins, const Term& term, Count context) {
  ExplainedTerm result = explained(origins, derive(estimator, term, context));
  result.kind = term.kind;
  result.group = term.group;
  result.owner = term.owner;
  result.name = term.name;
  result.one = term.one;
  result.layers = term.layers;
  for (const Factor& factor : term.factors) {
    if (!factor.name.empty()) result.factors.push_back({std::string(factor.name), factor.value});
  }
  result.total = term.total();
  if (result.source.empty()) result.source = "no formula of the list holds here";
  if (term.metric == Metric::decode_bytes && term.kind == TermKind::weights) {
    // The walk adds up the tensors of a group's layers that every token reads.
    if (term.group != nullptr) {
      result.name += format(", {} {}", to_string(term.group->count()), term.group->count() == 1 ? "layer" : "layers");
    } else if (!term.name.starts_with("token") && !term.name.starts_with("position")) {
      result.name += ", outside the layers";
    }
    result.group = nullptr;
    result.source = "bytes of weights_bytes that a step reads, docs/cost-model.md section 14";
  }
  return result;
}

/// What the engine allocates, by its own rules.
std::vector<ExplainedTerm> reserve_terms(const Estimator& estimator, const Origins& origins, Count context,
                                         Count batch) {
  ReserveRequest request = estimator.request(context, batch);
  request.explained = true;
  const Reserve reserve = estimator.engine().engine->reserve(request);
  std::vector<ExplainedTerm> terms;
  for (const ReservedPart& part : reserve.parts) {
    Count ruled;
    const std::size_t first = terms.size();
    for (const ReserveRule& rule : reserve.rules) {
      if (rule.part != part.name) continue;
      ExplainedTerm& term = terms.emplace_back(explained(origins, rule.derivation));
      term.kind = TermKind::reserve;
      term.owner = rule.detail.empty() ? std::string(estimator.engine().engine->name) : rule.detail;
      term.name = part.name;
      term.one = term.total = rule.derivation.result;
      ruled += rule.derivation.result;
    }
    if (ruled == part.bytes) continue;
    // Rules that do not add up to the part are none.
    terms.resize(first);
    ExplainedTerm& term = terms.emplace_back();
    term.kind = TermKind::reserve;
    term.owner = estimator.engine().engine->name;
    term.name = part.name;
    term.source = estimator.engine().engine->source;
    term.one = term.total = part.bytes;
  }
  return terms;
}

// Folding: terms that are alike are one part; where there are still many, those of a tensor's name or of an owner are.

bool same_factors(const ExplainedTerm& a, const ExplainedTerm& b) {
  return std::equal(
      a.factors.begin(), a.factors.end(), b.factors.begin(), b.factors.end(),
      [](const ExplainedFactor& x, const ExplainedFactor& y) { return x.name == y.name && x.value == y.value; });
}

/// The same formula in the same numbers.
bool alike(const ExplainedTerm& a, const ExplainedTerm& b) {
  return a.kind == b.kind && a.owner == b.owner && a.numbers == b.numbers && a.formula == b.formula && a.one == b.one &&
         same_factors(a, b);
}

/// Parts in the order in which they were added, found by what they have in common with a term.
class FoldedParts {
 public:
  /// Returns the first part that is alike and of which `fits(part)` is true, else null.
  template <typename Fits>
  ExplainedPart* find(const ExplainedTerm& term, Fits fits) {
    for (const std::size_t at : at_[key_of(term)]) {
      if (alike(*parts_[at].like, term) && fits(parts_[at])) return &parts_[at];
    }
    return nullptr;
  }

  void add(ExplainedPart part) {
    at_[key_of(*part.like)].push_back(parts_.size());
    parts_.push_back(std::move(part));
  }

  std::vector<ExplainedPart> take() { return std::move(parts_); }

 private:
  using Key = std::tuple<TermKind, std::string_view, std::string_view>;
  /// A part of what is alike, so that thousands of terms are not compared with each other.
  static Key key_of(const ExplainedTerm& term) { return {term.kind, term.owner, term.numbers}; }

  std::vector<ExplainedPart> parts_;
  std::map<Key, std::vector<std::size_t>> at_;
};

std::vector<ExplainedPart> fold_alike(const std::vector<ExplainedTerm>& terms) {
  // The same thing in layers of several groups.
  FoldedParts of_groups;
  for (const ExplainedTerm& term : terms) {
    const bool folds = term.group != nullptr && term.kind != TermKind::activations;
    ExplainedPart* const same = !folds ? nullptr : of_groups.find(term, [&](const ExplainedPart& part) {
      return part.like->group != nullptr && part.name == term.name;
    });
    if (same == nullptr) {
      of_groups.add({term.owner, term.name, &term, term.layers, 1, 1, term.total});
      continue;
    }
    same->layers += term.layers;
    ++same->terms;
    same->total = known_sum(same->total, term.total);
  }
  // Different things of the same layers: keys and values, gate and up.
  FoldedParts folded;
  for (ExplainedPart& part : of_groups.take()) {
    ExplainedPart* const same =
        part.like->formula.empty() ? nullptr : folded.find(*part.like, [&](const ExplainedPart& other) {
          return other.layers == part.layers && other.name != part.name;
        });
    if (same == nullptr) {
      folded.add(std::move(part));
      continue;
    }
    same->name += " + " + part.name;
    same->alike += 1;
    same->terms += part.terms;
    same->total = known_sum(same->total, part.total);
  }
  return folded.take();
}

/// What a tensor of a layer belongs to, by its name.
std::string_view owner_of_tensor(std::string_view name) {
  if (name.find("norm") != std::string_view::npos) return "norms";
  if (name.starts_with("ffn_")) return "feed_forward";
  if (name.starts_with("attn_") || name.starts_with("indexer.")) return "attention";
  if (name.starts_with("ssm_")) return "recurrence";
  return "layer";
}

std::string folded_owner(const ExplainedTerm& term) {
  return std::string(term.kind == TermKind::weights && term.owner == "layer" ? owner_of_tensor(term.name) : term.owner);
}

template <typename KeyOf>
std::vector<ExplainedPart> fold_by(const std::vector<ExplainedTerm>& terms, KeyOf key_of_term) {
  std::vector<ExplainedPart> parts;
  for (const ExplainedTerm& term : terms) {
    const std::pair<std::string, std::string> key = key_of_term(term);
    const auto same = std::find_if(parts.begin(), parts.end(),
                                   [&](const ExplainedPart& part) { return std::pair(part.owner, part.name) == key; });
    if (same != parts.end()) {
      same->like = nullptr;
      ++same->terms;
      same->total = known_sum(same->total, term.total);
    } else {
      parts.push_back({key.first, key.second, &term, term.layers, 1, 1, term.total});
    }
  }
  return parts;
}

std::vector<ExplainedPart> fold(Metric metric, const std::vector<ExplainedTerm>& terms) {
  if (metric == Metric::forward_flops) {
    return fold_by(terms, [](const ExplainedTerm& term) {
      const bool attention = term.kind == TermKind::mixing || term.kind == TermKind::scalars;
      return std::pair(std::string(), std::string(attention                       ? "attention_flops"
                                                  : term.kind == TermKind::linear ? "linear_flops"
                                                                                  : "logits_flops"));
    });
  }
  std::vector<ExplainedPart> parts = fold_alike(terms);
  if (parts.size() <= kMostParts) return parts;
  parts = fold_by(terms, [](const ExplainedTerm& term) { return std::pair(folded_owner(term), term.name); });
  if (parts.size() <= kMostParts) return parts;
  return fold_by(terms, [](const ExplainedTerm& term) { return std::pair(folded_owner(term), std::string()); });
}

/// Explains metrics at one point.
class Explainer {
 public:
  Explainer(const Estimator& estimator, Count context, Count batch)
      : estimator_(estimator),
        origins_(estimator.model(), estimator.engine()),
        context_(context),
        batch_(batch),
        values_(estimator.at(context, batch)) {}

  const Estimate& values() const { return values_; }

  ExplainedMetric explain(Metric metric) const {
    ExplainedMetric result{metric, values_[metric], {}, {}, {}, {}, {}, {}, {}, {}};
    switch (metric) {
      case Metric::context: result.remark = "as asked, tokens of one sequence"; return result;
      case Metric::batch: result.remark = "as asked, sequences of that context"; return result;
      case Metric::scores_per_head: explain_head(result); return result;
      case Metric::scores_per_layer: explain_layer(result, Metric::scores); break;
      case Metric::attention_macs_per_layer: explain_layer(result, Metric::attention_macs); break;
      case Metric::attention_flops_per_layer: explain_layer(result, Metric::attention_flops); break;
      case Metric::kv_bytes_per_token: explain_token(result); break;
      case Metric::window_status: explain_window(result); return result;
      case Metric::growth_attention_flops: explain_growth(result, Metric::attention_flops); break;
      case Metric::growth_kv_cache: explain_growth(result, Metric::kv_cache_bytes); break;
      default:
        result.terms_of = metric;
        if (std::holds_alternative<std::monostate>(result.value)) result.remark = why_unknown(metric);
        if (metric == Metric::state_bytes) result.remark += reference_state();
    }
    add_terms(result);
    return result;
  }

 private:
  std::string why_unknown(Metric metric) const {
    const bool step = metric == Metric::decode_flops || metric == Metric::decode_bytes;
    if (step && !estimator_.model().decodes()) return "this model has no causal step";
    if (step && context_ == 0) return "no token, no step";
    return "not known: the model's file does not give every width that it needs";
  }

  /// State spaces as the published code allocates them: all columns of a convolution, and the model's type. Empty where
  /// there are none.
  std::string reference_state() const {
    Count bytes;
    bool any = false;
    for (const LayerGroup& group : estimator_.model().groups) {
      for (const auto& mixer : group.mixers) {
        for (const StatePart& part : mixer->state()) {
          Count elements = part.elements;
          if (part.name == "convolution" && mixer->traits().state_in_model_type) {
            const Count columns = mixer->settings().count("conv");
            if (columns > 1) elements = elements / (columns - 1) * columns;
            any = true;
          }
          bytes += group.count() * batch_ * elements * 2;
        }
      }
    }
    if (!any) return {};
    return format("{} in the form of the published code: every column of the convolution, 2 bytes an element",
                  with_separators(bytes));
  }

  std::vector<Term> terms_of(Metric metric) const { return estimator_.terms(context_, batch_, {metric}); }

  void add_terms(ExplainedMetric& result) const {
    if (!result.terms_of) return;
    if (*result.terms_of == Metric::kv_reserved_bytes && !estimator_.engine().engine->live_need &&
        values_.count(Metric::kv_reserved_bytes)) {
      result.terms = reserve_terms(estimator_, origins_, context_, batch_);
    } else {
      for (const Term& term : terms_of(*result.terms_of)) {
        result.terms.push_back(explained(estimator_, origins_, term, context_));
      }
    }
    result.parts = fold(*result.terms_of, result.terms);
  }

  ExplainedValue of_metric(Metric metric) const {
    ExplainedValue value{std::string(info(metric).name), values_.count(metric).value_or(0), ValueOrigin::derived};
    value.from = "the sum of its terms";
    return value;
  }

  void follow(ExplainedMetric& result, std::string formula, std::vector<ExplainedValue> values) const {
    result.formula = std::move(formula);
    result.values = std::move(values);
    result.numbers = numbers_of(result.formula, result.values);
  }

  static std::optional<Derivation> pairs_of(const Mixer& mixer, const FormulaPoint& point) {
    try {
      return derive(mixer, "pairs", point);
    } catch (const FormulaError&) {
      return std::nullopt;  // a sum that is too long to read
    } catch (const CountOverflow&) {
      return std::nullopt;
    }
  }

  void explain_head(ExplainedMetric& result) const {
    const FormulaPoint point{context_, estimator_.settings().convention.pairs};
    if (std::holds_alternative<std::monostate>(result.value)) {
      result.remark = "layers differ; `scores` has a term for each kind";
      return;
    }
    for (const LayerGroup& group : estimator_.model().groups) {
      for (const auto& mixer : group.mixers) {
        FormulaPoint at = point;
        if (group.stack == Stack::encoder) at.tokens = estimator_.model().cross_tokens.value_or(context_);
        const std::optional<Derivation> derivation = pairs_of(*mixer, at);
        if (!derivation || MetricValue(derivation->result) != result.value) continue;
        result.source = derivation->source;
        follow(result, std::string(derivation->expression), origins_.of(derivation->values));
        return;
      }
    }
    const bool none = result.value == MetricValue(Count{});
    result.remark = none ? "no layer has score pairs" : "as its mask counts them; no formula of the list holds here";
  }

  void explain_layer(ExplainedMetric& result, Metric whole) const {
    result.terms_of = whole;
    if (!values_.count(whole)) {
      result.remark = why_unknown(whole);
      return;
    }
    if (std::holds_alternative<std::monostate>(result.value))
      result.remark = "layers differ, the quotient is not whole";
    follow(result, format("{} / {}", info(whole).name, kLayersKey),
           {of_metric(whole), origins_.of_key(kLayersKey, estimator_.model().layers())});
  }

  void explain_token(ExplainedMetric& result) const {
    result.terms_of = Metric::kv_cache_bytes;
    Count next, now;
    for (const Term& term : terms_of(Metric::kv_cache_bytes)) {
      next += term.layers * term.next;
      now += term.layers * *term.one;
    }
    // A term of no bytes at n has none here, and may have some at n + 1.
    next = now + values_.count(Metric::kv_bytes_per_token).value_or(0);
    follow(result, "cache_of_next - cache",
           {{"cache_of_next", next, ValueOrigin::derived, {}, "cache of one sequence of n + 1 tokens"},
            {"cache", now, ValueOrigin::derived, {}, "cache of one sequence of n tokens"}});
  }

  void explain_growth(ExplainedMetric& result, Metric whole) const {
    result.terms_of = whole;
    if (values_.count(whole).value_or(0) == Count{}) {
      result.remark = "nothing grows from 0, or from what is not known";
      return;
    }
    result.value = 1.0;
    result.remark = "relative to the first context of a run, which is the only one here";
    ExplainedValue first = of_metric(whole);
    first.word = "first";
    follow(result, format("{} / first", info(whole).name), {of_metric(whole), std::move(first)});
  }

  void explain_window(ExplainedMetric& result) const {
    const Positions& positions = estimator_.model().positions;
    result.source = "docs/cost-model.md section 10";
    std::vector<ExplainedValue> values{{"n", context_, ValueOrigin::asked, {}, "context"}};
    std::string text;
    if (positions.hard_limit) {
      text = "impossible above hard_limit";
      values.push_back(origins_.of_key("hard_limit", *positions.hard_limit));
    }
    if (positions.trained_context) {
      text += text.empty() ? "" : ", ";
      text += "trained up to trained_context";
      values.push_back(origins_.of_key("trained_context", *positions.trained_context));
      const Count effective = positions.effective_context.value_or(*positions.trained_context);
      if (effective != *positions.trained_context) {
        text += ", scaled up to effective_context";
        values.push_back(origins_.of_key("effective_context", effective));
        if (!positions.scaling_type.empty()) values.back().from += ", " + positions.scaling_type;
      }
      text += ", then beyond";
    } else {
      result.remark = "the model's file states no window";
    }
    result.formula = std::move(text);
    result.values = std::move(values);
  }

  const Estimator& estimator_;
  Origins origins_;
  Count context_;
  Count batch_;
  Estimate values_;
};

}  // namespace

std::vector<Metric> table_metrics(const Estimator& estimator, const Estimate& values) {
  std::vector<Metric> metrics;
  const bool head = values.count(Metric::scores_per_head).has_value();
  const bool layer = values.count(Metric::attention_flops_per_layer).has_value();
  metrics.push_back(head ? Metric::scores_per_head : Metric::scores);
  metrics.push_back(layer ? Metric::attention_flops_per_layer : Metric::attention_flops);
  metrics.push_back(Metric::kv_cache_bytes);
  if (values.count(Metric::state_bytes) != Count{}) metrics.push_back(Metric::state_bytes);
  if (estimator.engine().engine != ideal_engine().engine) metrics.push_back(Metric::kv_reserved_bytes);
  return metrics;
}

DefaultContext default_context_of(const Model& model) {
  const Positions& positions = model.positions;
  if (positions.trained_context) return {*positions.trained_context, "what the model was trained for"};
  if (positions.hard_limit) return {*positions.hard_limit, "where the model's positions end"};
  return {kExplainedContext, "4K, since the model does not say what it was trained for"};
}

Explanation explain(const ExplainQuestion& question) {
  for (const Metric metric : question.metrics) {
    if (!needs_devices(metric)) continue;
    throw InputError(setting_fault("metric", format("{} is a metric of devices", info(metric).name)));
  }
  const Model& model = *question.model;
  check_kinds(model, "to explain");
  const DefaultContext otherwise = default_context_of(model);
  const Count context = question.context.value_or(otherwise.tokens);
  std::string context_from = question.context ? "context" : std::string(otherwise.from);
  const Count batch = question.batch.value_or(model.batch);
  std::string batch_from = question.batch ? "batch" : key_of(model, "batch", batch);
  if (batch_from.empty()) batch_from = "default";
  Explanation answer{Estimator(question.model, question.workload, question.engine),
                     context,
                     std::move(context_from),
                     batch,
                     std::move(batch_from),
                     {},
                     {}};
  const Explainer explainer(answer.estimator, context, batch);
  const std::vector<Metric> metrics =
      question.metrics.empty() ? table_metrics(answer.estimator, explainer.values()) : question.metrics;
  answer.metrics.reserve(metrics.size());
  for (const Metric metric : metrics) answer.metrics.push_back(explainer.explain(metric));
  const EstimateDetails details = answer.estimator.details(context, batch);
  answer.notes = details.notes;
  answer.notes.insert(answer.notes.end(), details.engine_notes.begin(), details.engine_notes.end());
  if (std::string note = window_note(model, explainer.values(), context); !note.empty()) {
    answer.notes.push_back(std::move(note));
  }
  return answer;
}

}  // namespace ctxcost
