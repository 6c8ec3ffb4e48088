// What a long-context evaluation costs a model: the answer of `evaluate`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/evaluation_grid.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost {

/// Which prompts are run, on what.
struct EvaluationQuestion {
  SharedModel model;
  EvaluationGrid grid;
  Convention convention = causal_convention();
  std::optional<KvPrecision> kv;  ///< empty: the model's own
  WeightScheme weights;
  Count answer_tokens = 300;  ///< at most, of each answer; 0 counts the prompts alone
  /// Prompts that begin alike share their cache: see `evaluate`.
  bool prefix_reuse = false;
  Count batch = 1;                     ///< prompts at a time, for times alone
  DeploymentSettings settings;         ///< without a GPU there are no times
  std::optional<double> usd_per_hour;  ///< of a device
  std::optional<double> watts;         ///< of a device; the board's power where empty
};

/// What some of the prompts cost. Counts are of all these prompts together.
struct EvaluationCost {
  Count prompts;
  Count prompt_tokens;
  std::optional<Count> haystack_tokens;  ///< of prompts with a needle: what the buffer leaves
  Count prefill_tokens;                  ///< computed; fewer than prompt_tokens where a prefix is reused
  Count answer_tokens;                   ///< at most
  Count causal_pairs;                    ///< tri(length): of one head of full attention, without what is reused
  std::optional<Count> attention_flops = Count{};  ///< of the prefill, as the model mixes
  std::optional<Count> linear_flops = Count{};     ///< of the prefill
  std::optional<Count> logits_flops = Count{};     ///< the head once a prompt: the first token of its answer
  std::optional<Count> decode_flops = Count{};     ///< a step for each further token, its logits included

  std::optional<double> prefill_seconds;  ///< of all devices, added up; so for the following
  std::optional<double> decode_seconds;
  std::optional<double> device_hours;
  std::optional<double> usd;
  std::optional<double> joules;

  /// Without logits.
  std::optional<Count> prefill_flops() const { return known_sum(attention_flops, linear_flops); }
  /// Logits and decode.
  std::optional<Count> answer_flops() const { return known_sum(logits_flops, decode_flops); }
  std::optional<Count> flops() const { return known_sum(prefill_flops(), answer_flops()); }
  /// Adds the cost of other prompts.
  void add(const EvaluationCost& other);
};

/// The prompts of one set.
struct EvaluationRow {
  EvaluationCost cost;
  Count peak_tokens;                    ///< of one prompt with its answer in the cache
  std::optional<Count> kv_cache_bytes;  ///< of these
  std::string_view window_status;       ///< of these; empty where the model states no window
  std::string_view prefill_bound;       ///< as `PhaseTime::bound`; empty without a GPU
  std::string_view decode_bound;        ///< empty, too, where answers have one token at most
};

/// The rows of one task.
struct EvaluationTaskSum {
  EvaluationTask task;
  EvaluationCost cost;
};

struct EvaluationAnswer {
  EvaluationQuestion asked;
  std::vector<EvaluationRow> rows;  ///< as the sets of `asked.grid`
  std::vector<EvaluationTaskSum> tasks;
  EvaluationCost total;
  std::size_t longest = 0;         ///< index into `rows`: the first of those with the longest prompts
  std::optional<double> watts;     ///< of a device, as used
  std::vector<std::string> notes;  ///< what the numbers take for granted
};

/// Counts every prompt at its own length. An answer of A tokens is the head's row of the prefill and the A - 1 decode
/// steps behind it, each at its own context.
///
/// Under `prefix_reuse` what stands before the needle or the gold item is computed once. Needles: all prompts of a
/// length share one haystack. Documents and pairs: the prompts of an example do. The prompt whose needle or item stands
/// deepest is computed whole; every other one costs prefill(length) - prefill(tokens before its place).
///
/// Device-seconds are the roofline bounds of `Deployment` for `batch` prompts at a time, by the causal count: a prefill
/// for each prompt, and steps at the mean of the first and the last one.
///
/// Throws InputError where an encoder would have to decode or reuse a prefix, where a count leaves 128 bits, for more
/// than ten million decode steps of different contexts, and as `Deployment` does.
EvaluationAnswer evaluate(EvaluationQuestion question);

}  // namespace ctxcost
