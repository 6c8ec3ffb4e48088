// A report as one HTML file that needs nothing else.
#pragma once

#include <string>

#include "ctxcost/answer/evaluation_scores.h"
#include "ctxcost/answer/report.h"
#include "ctxcost/core/writer.h"
#include "ctxcost/render/render.h"

namespace ctxcost {

/// What stands on a page beside the figures.
struct ReportExtras {
  const EvaluationScores* scores = nullptr;  ///< of a needle test; null without
  std::string strategies;                    ///< what `compare` writes of the strategies; empty without
};

/// Writes the page. Its tables are there without scripts; its script looks every figure up in a grid of texts, and
/// computes none.
void write_report_page(const ReportAnswer& answer, const ReportExtras& extras, const RenderOptions& options,
                       Writer& out);

/// "article convention: …; SI units, 1 GB = 10^9 bytes"
std::string report_caption(const ReportAnswer& answer, const RenderOptions& options);

/// "context 128K, batch 1, KV cache fp8, weights as stored, devices 1 x h100-sxm-80gb": a choice in words.
std::string choice_caption(const ReportAnswer& answer, const ReportChoice& choice);
/// The same without the context.
std::string series_caption(const ReportAnswer& answer, const ReportChoice& choice);

}  // namespace ctxcost
