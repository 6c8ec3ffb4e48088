// The difference of two models or two saved reports: what changes, which config keys cause it, and what crosses a
// threshold.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ctxcost/answer/comparison.h"
#include "ctxcost/answer/verdict.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/input/input.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

struct JsonDocument;

/// A compared model, with the text that holds its keys.
struct ComparedModel {
  Model model;
  std::shared_ptr<const JsonDocument> config;  ///< null if the model was not read from JSON
};

/// One side of a comparison: a model that is yet to be evaluated, or a saved report.
struct Comparand {
  std::string name;  ///< as given
  std::variant<ComparedModel, ReportRecord> content;

  bool is_report() const { return std::holds_alternative<ReportRecord>(content); }
};

/// Loads a saved report, or whatever `load_model` finds under that name. A file, or standard input ("-"), is read once.
/// Throws InputError with every fault found.
Comparand load_comparand(const std::string& name, const LoadOptions& options = {});

/// Reads the same from text in memory; `origin` names it in errors.
Comparand parse_comparand(std::string_view text, std::string_view origin, const LoadOptions& options = {});

struct DiffOptions {
  /// The grid to evaluate models on; its own models are ignored. Saved reports are already evaluated: their points at
  /// these contexts and batches are compared, or all points if both lists are empty.
  Grid grid;
  Workload counting;   ///< its convention and logits
  LoadOptions models;  ///< options for reading a model with a changed key

  std::vector<Metric> metrics;  ///< metrics to compare; empty: all that cost more in one direction
  std::vector<Threshold> thresholds;
};

/// A config key that differs between the two models.
struct ChangedKey {
  std::string pointer;                ///< a JSON Pointer: "/num_key_value_heads"; empty for the whole text
  std::optional<std::string> before;  ///< as JSON on one line; empty: the key was added
  std::optional<std::string> after;   ///< empty: it was removed
  /// Metrics that change if only this key of the old model changes; empty if that gives no valid model, or was not
  /// tried.
  std::optional<std::vector<Metric>> alone_changes;
  bool tried = true;  ///< false: too many keys differ in too long a text, as `keys_note` says
};

/// A label of a series that differs between the two sides.
struct LabelChange {
  std::string label;  ///< "kv_precision"
  std::string before;
  std::string after;
};

/// A threshold, and the points where it holds.
struct JudgedThreshold {
  struct Breach {
    std::size_t point;  ///< of the comparison's
    MetricChange change;
  };
  Threshold threshold;
  std::vector<Breach> breaches;
  Verdict verdict = Verdict::pass;  ///< `fail` if there is a breach
};

/// The answer of `diff`.
struct Difference {
  std::string before_name;  ///< as given
  std::string after_name;
  bool saved = false;                          ///< both are saved reports
  std::shared_ptr<const ReportRecord> before;  ///< what the comparison refers to
  std::shared_ptr<const ReportRecord> after;
  Comparison comparison;

  bool batch_varies = false;                ///< the points have several batches
  bool models_vary = false;                 ///< either side has several models
  std::vector<std::string> varying_labels;  ///< names of labels that differ between points
  std::vector<LabelChange> label_changes;   ///< changes of the other labels, the same at all points

  std::vector<ChangedKey> keys;
  std::string keys_note;  ///< why keys were not compared, or not tried alone; empty if all were

  std::vector<JudgedThreshold> thresholds;  ///< in the order of the options
  Verdict verdict = Verdict::pass;          ///< `fail` if one of them holds
};

/// The most points (contexts x batches) at which `diff` compares two models.
inline constexpr std::uint64_t kMostComparedPoints = 10'000;

/// Compares two models, or two saved reports. Throws InputError if one is a model and the other a report, if they have
/// no point in common or were counted by different conventions, or if a threshold cannot be judged.
Difference diff(const Comparand& before, const Comparand& after, const DiffOptions& options = {});

/// One line of a table of changes.
struct ChangeRow {
  const PointComparison* point;  ///< the first one if the line stands for several
  const MetricChange* change;
  bool every_context = false;  ///< the change is the same at all contexts of this series and batch
};
/// Returns every change, ordered by metric. Changes that are the same at all contexts are one line. The result refers
/// to the difference.
std::vector<ChangeRow> change_rows(const Difference& difference);

/// Returns a label of the point's series: "vllm" for "engine". Empty if it has no such label.
std::string_view label_of(const PointRecord& point, std::string_view label);

}  // namespace ctxcost
