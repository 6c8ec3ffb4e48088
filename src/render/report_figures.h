// The figures that a report's page and charts show, each as the program prints it and with all its digits.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ctxcost/answer/report.h"
#include "ctxcost/core/units.h"
#include "ctxcost/estimate/metric.h"

namespace ctxcost {

/// A figure in words.
struct FigureText {
  std::string shown;  ///< "8.6 GB"
  std::string exact;  ///< "8,589,934,592"; empty for words
};

struct ReportFigure {
  std::string_view name;  ///< as in JSON, where it stands there, too: "kv_cache_bytes"
  std::string_view heading;
  std::string_view meaning;
  bool of_devices;  ///< only places have it
  /// Its number, for charts alone. Empty for words and what is not known.
  std::optional<double> (*number)(const ReportPoint& point);
  FigureText (*text)(const ReportPoint& point, UnitSystem units);
  Metric unit = Metric::context;  ///< a metric of the same unit
};

/// All of them.
std::span<const ReportFigure> report_figures();
/// The last of them are money and energy, which only a page has that is asked for them.
inline constexpr std::size_t kCostFigures = 3;
/// Returns the index of a figure, which is one of the list.
std::size_t report_figure(std::string_view name);

/// What is said of one kind of device, in the order of its bar behind the name: "stage 0, 1 device".
enum class DevicePart { name, weights, kv_reserved, activations, overhead, free };
inline constexpr std::size_t kDeviceParts = 6;

/// Returns the most kinds of devices that a series has at any point; 0 without devices.
std::size_t device_kinds(const ReportSeries& series);
/// Returns a part of a kind of device, by its index. "–" where the point has no such kind.
FigureText device_text(const ReportPoint& point, std::size_t kind, DevicePart part, UnitSystem units);

}  // namespace ctxcost
