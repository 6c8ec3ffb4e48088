// Estimates of sequences of several lengths, of which the first tokens may be kept and computed once.
#pragma once

#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"

namespace ctxcost {

/// Returns the request for the sequences of the mix, the longest of `context` tokens at most. It refers to both.
ReserveRequest mix_request(const Estimator& estimator, Count context, const SequenceMix& mix);

/// Returns the tokens of the prefix that the engine keeps once.
Count shared_tokens_of(const Estimator& estimator, const SequenceMix& mix);

/// Returns the metrics of all sequences together. Sums are added up; what depends on the longest sequence or on the
/// number of sequences alone is as for that many of `context` tokens. The first `shared` tokens count once in all but
/// the decode step, in which each sequence reads them. `scores_per_head` is null. Throws as `Estimator::at`.
Estimate mix_estimate(const Estimator& estimator, Count context, const SequenceMix& mix, Count shared,
                      MetricSet wanted);

/// Returns the decode step of all sequences.
DecodeStep mix_decode_step(const Estimator& estimator, const SequenceMix& mix);

/// Returns the details of all sequences. Figures of one sequence are null.
EstimateDetails mix_details(const Estimator& estimator, Count context, const SequenceMix& mix, Count shared);

}  // namespace ctxcost
