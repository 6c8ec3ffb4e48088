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
  std::shared_ptr<const JsonDocument> config;  ///< null where the model was not read from JSON
};

/// One side of a comparison: a model, which is still to be counted, or a saved report.
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
  /// What each model is counted over; the models are not looked at. Saved reports were counted already: of them the
  /// points at its contexts and batches are looked at, and all where those are empty.
  Grid grid;
  Workload counting;   ///< its convention and logits
  LoadOptions models;  ///< how a model with a changed key is read

  std::vector<Metric> metrics;  ///< to compare; empty: all of which one direction costs more
  std::vector<Threshold> thresholds;
};

/// A config key that differs between the two models.
struct ChangedKey {
  std::string pointer;                ///< a JSON Pointer: "/num_key_value_heads"; empty for the whole text
  std::optional<std::string> before;  ///< as JSON on one line; empty: the key was added
  std::optional<std::string> after;   ///< empty: it was removed
  /// Metrics that change when this key alone is changed in the model before; empty where that makes no valid model.
  std::optional<std::vector<Metric>> alone_changes;
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
  Verdict verdict = Verdict::pass;  ///< `fail` where there is a breach
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
  std::vector<std::string> varying_labels;  ///< names of labels that are not the same at all points
  std::vector<LabelChange> label_changes;   ///< of the other labels: the same change at all points

  std::vector<ChangedKey> keys;
  std::string keys_note;  ///< why keys were not compared; empty where they were

  std::vector<JudgedThreshold> thresholds;  ///< in the order of the options
  Verdict verdict = Verdict::pass;          ///< `fail` where one of them holds
};

/// Compares two models, or two saved reports. Throws InputError where one is a model and the other a report, where they
/// have no point in common or were counted by different conventions, and where a threshold cannot be judged.
Difference diff(const Comparand& before, const Comparand& after, const DiffOptions& options = {});

/// One line of a table of changes.
struct ChangeRow {
  const PointComparison* point;  ///< the first one where it stands for several
  const MetricChange* change;
  bool every_context = false;  ///< the change is the same at all contexts of this series and batch
};
/// Every change, ordered by metric; those that are the same at all contexts as one. Refers to the difference.
std::vector<ChangeRow> change_rows(const Difference& difference);

/// Returns a label of the point's series: "vllm" for "engine"; empty where it has no such label.
std::string_view label_of(const PointRecord& point, std::string_view label);

}  // namespace ctxcost
