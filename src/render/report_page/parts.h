// What a report's page holds besides its texts. The build makes them of the files beside this one and of uPlot.
#pragma once

#include <string_view>

namespace ctxcost {

extern const std::string_view kPageStyle;     ///< page.css
extern const std::string_view kPageScript;    ///< page.js
extern const std::string_view kChartLicense;  ///< uPlot's, which goes with every copy
extern const std::string_view kChartStyle;    ///< uPlot's
extern const std::string_view kChartScript;   ///< uPlot

}  // namespace ctxcost
