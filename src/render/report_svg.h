// A chart of a report as SVG.
#pragma once

#include <string>

#include "ctxcost/core/writer.h"
#include "report_chart.h"

namespace ctxcost {

/// Where a drawing stands.
struct SvgFrame {
  unsigned width = 1280;
  unsigned height = 720;
  /// In a page, whose style has the colours (src/render/report_page/page.css), and whose headings say what it is.
  bool in_page = false;
};

/// Draws a chart under one choice of types, devices and batch. Of its lines those that are shown at first. `caption` is
/// the line below the title.
void write_chart(const ReportAnswer& answer, const ReportChart& chart, const ReportChoice& choice,
                 const std::string& caption, const SvgFrame& frame, Writer& out);

}  // namespace ctxcost
