// The answer of `explain`: how numbers come about, term by term, each with its formula, the values in it and where
// each is from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/mechanism/derivation.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost {

/// What is asked: one model at one point.
struct ExplainQuestion {
  SharedModel model;
  Workload workload;  ///< types, convention and logits; its context and batch are not looked at
  EngineChoice engine = ideal_engine();
  std::optional<Count> context = {};  ///< what the model was trained for where empty, else 4K
  std::optional<Count> batch = {};    ///< that of the model's file where empty
  std::vector<Metric> metrics = {};   ///< those of the scaling table where empty
};

/// A word of a formula with its value and where that is from.
struct ExplainedValue {
  std::string word;
  std::variant<Count, std::vector<Count>> value;
  ValueOrigin origin = ValueOrigin::derived;
  std::string expression = {};  ///< a formula of its own; its words follow
  std::string from = {};        ///< a key of the model's file, a setting, a type; empty where the formula says it
};

/// A named count that multiplies.
struct ExplainedFactor {
  std::string name;
  Count value = 1;
};

/// A part of a metric.
struct ExplainedTerm {
  TermKind kind = TermKind::mixing;
  const LayerGroup* group = nullptr;  ///< null outside the layers
  std::string owner;                  ///< the mixer's kind, "feed_forward", "embedding", the engine
  std::string name;                   ///< "keys", "attn_q"
  std::string formula;                ///< of one layer; empty where there is none
  std::string numbers;                ///< the same with values in the place of words
  std::vector<ExplainedValue> values;
  std::string source;        ///< a paper's section, a file of a repository
  std::optional<Count> one;  ///< what the formula comes to; empty where it is not known
  Count layers = 1;          ///< that are alike
  std::vector<ExplainedFactor> factors;
  std::optional<Count> total;  ///< one, times layers and factors
};

/// Terms that are alike, or belong together, in one line.
struct ExplainedPart {
  std::string owner;
  std::string name;
  const ExplainedTerm* like = nullptr;  ///< whose formula is that of all; null where they differ
  Count layers = 1;                     ///< of which each term is, where there is a formula
  Count alike = 1;                      ///< terms of a layer with the same formula and values
  std::size_t terms = 1;
  std::optional<Count> total = Count{};
};

struct ExplainedMetric {
  Metric metric;
  MetricValue value;
  std::string formula;  ///< of a metric that has no terms: how it follows from others
  std::string numbers;
  std::vector<ExplainedValue> values;
  std::string source;  ///< of that formula
  std::string remark;  ///< why there is no number, or what the formula does not say
  /// The metric that the terms add up to: itself, or the one that it follows from; empty where there are none.
  std::optional<Metric> terms_of;
  std::vector<ExplainedTerm> terms;
  std::vector<ExplainedPart> parts;  ///< the same terms, those alike in one; of `terms`
};

/// The whole answer. It is not copied: parts refer to terms.
struct Explanation {
  Estimator estimator;
  Count context;
  std::string context_from;  ///< "context" where it was asked, else what it was taken from
  Count batch;
  std::string batch_from;
  std::vector<ExplainedMetric> metrics;
  std::vector<std::string> notes;
};

/// The context that a question without one is about, and what it was taken from: what the model was trained for, else
/// where its positions end, else 4K.
struct DefaultContext {
  Count tokens;
  std::string_view from;
};
DefaultContext default_context_of(const Model& model);

/// Explains every metric asked for. Terms add up to what `Estimator::at` gives, to the last digit.
/// Throws InputError where a metric needs devices, or where the point has no answer.
Explanation explain(const ExplainQuestion& question);

/// The metrics of a scaling table of that model at that point, the context left out.
std::vector<Metric> table_metrics(const Estimator& estimator, const Estimate& values);

/// At most this many parts are listed of one metric: more are folded by tensor, then by what they belong to.
inline constexpr std::size_t kMostParts = 12;

}  // namespace ctxcost
