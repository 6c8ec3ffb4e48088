// Budgets: limits on the metrics of a model under given settings, as read from JSON files (docs/budgets.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/deployment/setup.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/input/input.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

struct JsonDocument;

/// The place of a value in a file: a JSON Pointer, and line and column from 1 (in characters, not bytes).
struct TextPlace {
  std::string pointer;
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

/// An exact share of one device's memory: digits / 10^decimals percent.
struct MemoryShare {
  Count digits;
  std::uint32_t decimals = 0;
};

/// The severity of a breach.
enum class BudgetLevel { error, warning };

/// Whether the limit is a lower or an upper bound of the metric.
enum class LimitSide { min, max };

/// One limit, in the metric's own unit.
struct Limit {
  Metric metric;
  LimitSide side;
  MetricValue value;                     ///< empty if the limit is a share of memory
  std::optional<MemoryShare> gpu_share;  ///< "90% of gpu"
  std::string text;                      ///< as written: "72GiB"
  TextPlace place;                       ///< of the value
};

/// The devices of a budget. Empty fields have the defaults of `DeploymentSettings`.
struct DeviceSettings {
  std::optional<std::string> gpu;  ///< NAME[:COUNT], or the path of a file to open; of unequal cards joined by '+'
  std::optional<Count> gpus;
  std::optional<Parallelism> parallel;
  std::vector<Fraction> utilization;  ///< of all cards, or of each part of `gpu`; empty: the engine's
  std::optional<Fraction> mfu, mbu;
  std::optional<Precision> activations;
  std::optional<Count> overhead, kv_memory, host_bandwidth;  ///< bytes, and bytes per second
  std::optional<Margin> margin;
  std::optional<Fraction> usd_per_hour, watts;  ///< of a device
  std::optional<bool> beyond_window;
  std::optional<AdapterSettings> adapters;
};

struct Budget {
  std::string file;  ///< the file that it was read from; "-" for standard input
  std::string name;
  TextPlace place;  ///< of its name
  BudgetLevel level = BudgetLevel::error;
  std::shared_ptr<const Model> model;
  std::string model_name;                      ///< as written
  std::shared_ptr<const JsonDocument> config;  ///< the text that the model was read from; null if it is not JSON
  Setup setup;                                 ///< of `model`
  std::size_t setup_number = 0;                ///< budgets of one file with the same number have the same setup
  LengthList contexts;
  LengthList batches;
  std::vector<Limit> limits;
};

struct BudgetOptions {
  LoadOptions models;
  DeviceSettings devices;                    ///< overrides the files
  std::string gpu_source = "gpu";            ///< the name of `devices.gpu` in errors
  std::string parallel_source = "parallel";  ///< the name of `devices.parallel` in errors
};

/// A fault of a budget file, or of a file that it names.
struct BudgetFault {
  std::string file;           ///< the budget file
  std::string file_at_fault;  ///< that file, or one that it names
  Diagnostic diagnostic;      ///< its source is the file at fault, or the setting that contradicts the budget file
  TextPlace place;            ///< in the file at fault; line 0 if it is unknown
};

/// The contents of budget files.
struct BudgetFiles {
  std::vector<Budget> budgets;         ///< of the files without faults
  std::vector<BudgetFault> faults;     ///< every fault of every other file
  std::vector<Diagnostic> notes = {};  ///< values that are valid but may be mistakes
};

/// Reads budget files in order ("-" is standard input). A model that several budgets name is loaded once.
BudgetFiles load_budgets(std::span<const std::string> files, const BudgetOptions& options = {});

/// Reads the budgets of one text in memory. `origin` names it in errors, and model files are looked up beside it.
/// Throws InputError with every fault.
std::vector<Budget> parse_budgets(std::string_view text, std::string_view origin, const BudgetOptions& options = {});

}  // namespace ctxcost
