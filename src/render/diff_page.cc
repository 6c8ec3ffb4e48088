// The page of `diff`.
#include <cmath>
#include <utility>

#include "convention_note.h"
#include "core/format.h"
#include "core/printable.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/units.h"
#include "diff_document.h"
#include "value_text.h"

namespace ctxcost {
namespace {

constexpr std::string_view kUnknown = "–";

/// `sign`: write a plus before positive values.
std::string shown(Metric metric, const RecordedValue& value, UnitSystem units, bool sign = false) {
  const auto signed_text = [&](bool negative, bool positive, const MetricValue& magnitude) {
    std::string text = value_text(metric, magnitude, units);
    if (negative || (sign && positive)) text.insert(text.begin(), negative ? '-' : '+');
    return text;
  };
  if (const SignedCount* count = std::get_if<SignedCount>(&value)) {
    return signed_text(count->negative, count->magnitude != 0, count->magnitude);
  }
  if (const double* real = std::get_if<double>(&value)) {
    return signed_text(*real<0, *real> 0, std::fabs(*real));
  }
  if (const std::string* level = std::get_if<std::string>(&value)) return *level;
  return std::string(kUnknown);
}

std::string percent_text(const std::optional<Percent>& percent) {
  return percent ? to_string(*percent) : std::string(kUnknown);
}

/// "a", or "a → b" where it changes.
std::string from_to(const std::string& before, const std::string& after) {
  return before == after ? after : before + " → " + after;
}

std::string joined_metrics(const std::vector<Metric>& metrics) {
  constexpr std::size_t kShown = 4;
  std::string text;
  for (std::size_t i = 0; i < metrics.size() && i < kShown; ++i) {
    text += (i == 0 ? "" : ", ") + std::string(info(metrics[i]).name);
  }
  if (metrics.size() > kShown) text += " and " + std::to_string(metrics.size() - kShown) + " more";
  return text;
}

/// Long values are cut between characters.
std::string shortened(std::string text) {
  constexpr std::size_t kLongest = 60;
  text = printable(text);
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

/// The aligned table, and the same as Markdown.
class DifferenceTable {
 public:
  DifferenceTable(const Difference& difference, const RenderOptions& options)
      : difference_(&difference), options_(&options), changes_(change_rows(difference)) {
    heads_ = {{.heading = "Metric", .about = {"metric", {}, "what changes; `ctxcost list metrics` says what each is"}}};
    if (has_series()) {
      heads_.push_back({.heading = "Series", .about = {"model", {}, "what else varies: models, types, engines"}});
    }
    if (difference.batch_varies) {
      heads_.push_back({.heading = "Batch", .right_aligned = true, .about = about_metric(Metric::batch)});
    }
    heads_.insert(
        heads_.end(),
        {{.heading = "Context", .about = {"context", "tokens", "of one sequence; \"all\": the same at every context"}},
         {.heading = "Old", .right_aligned = true, .rank = 1, .about = {"old", {}, "the value before"}},
         {.heading = "New", .right_aligned = true, .about = {"new", {}, "the value after"}},
         {.heading = "Change", .right_aligned = true, .rank = 2, .about = {"change", {}, "new less old"}},
         {.heading = "Percent", .right_aligned = true, .about = {"percent", {}, "the change in percent of old"}}});
    rows_.reserve(changes_.size());
    for (const ChangeRow& row : changes_) add_row(row);
  }

  void write(TextDocument& page) const { page.table(heads_, rows_); }

  std::string caption() const {
    const PointRecord& first = *points().front().after;
    const RecordedConvention& convention = first.convention;
    std::string text = convention.name + " convention: ";
    text += convention.flops_per_mac == 1 ? "1 FLOP" : to_string(convention.flops_per_mac) + " FLOPs";
    text += convention.pairs == "exact" ? " per multiply-add, unmasked pairs only"
                                        : " per multiply-add, every query charged the most keys any query sees";
    if (convention.logits == "all") text += ", logits of every token";
    text += format("; {}", units_text(options_->units));
    text += format("; old: {}, new: {}", difference_->before_name, difference_->after_name);
    if (!difference_->batch_varies) {
      text += format(", {} {}", with_separators(first.batch), first.batch == 1 ? "sequence" : "sequences");
    }
    return text;
  }

  /// Writes the other changes: settings, and points without a counterpart.
  std::vector<std::string> notes() const {
    std::vector<std::string> lines;
    for (const LabelChange& change : difference_->label_changes) {
      lines.push_back(change.label + ": " + from_to(change.before, change.after));
    }
    const auto only = [&lines](std::string_view side, const std::vector<const PointRecord*>& points) {
      if (points.empty()) return;
      lines.push_back(format("only in {}: {} {}{} at {}, batch {})", side, points.size(),
                             points.size() == 1 ? "point (" : "points (the first: ", points[0]->model,
                             length_label(points[0]->context), with_separators(points[0]->batch)));
    };
    only("old", difference_->comparison.only_before);
    only("new", difference_->comparison.only_after);
    return lines;
  }

  /// On whole-model FLOPs of models; saved reports have their convention.
  std::string counting_note() const {
    MetricSet shown;
    for (const ChangeRow& row : changes_) shown.add(row.change->metric);
    const RecordedConvention& convention = points().front().after->convention;
    return convention_note({.name = convention.name, .flops_per_mac = convention.flops_per_mac}, *options_, shown);
  }

  std::string nothing_changed() const {
    return format("nothing changes: {} metrics are the same at {} {}", difference_->comparison.compared.size(),
                  points().size(), points().size() == 1 ? "point" : "points");
  }
  bool empty() const { return rows_.empty(); }

  /// "4K", "4K, batch 8", "Llama, 4K"
  std::string place(const PointComparison& point) const {
    std::string text = series(point);
    if (!text.empty()) text += ", ";
    text += length_label(point.after->context);
    if (difference_->batch_varies) text += ", batch " + with_separators(point.after->batch);
    return text;
  }

 private:
  const std::vector<PointComparison>& points() const { return difference_->comparison.points; }
  bool has_series() const { return difference_->models_vary || !difference_->varying_labels.empty(); }

  std::string series(const PointComparison& point) const {
    std::string text = difference_->models_vary ? from_to(point.before->model, point.after->model) : "";
    for (const std::string& label : difference_->varying_labels) {
      text += text.empty() ? "" : ", ";
      text += from_to(std::string(label_of(*point.before, label)), std::string(label_of(*point.after, label)));
    }
    return text;
  }

  void add_row(const ChangeRow& row) {
    const MetricChange& change = *row.change;
    std::vector<std::string>& cells = rows_.emplace_back();
    cells.reserve(heads_.size());
    cells.emplace_back(info(change.metric).name);
    if (has_series()) cells.push_back(series(*row.point));
    if (difference_->batch_varies) cells.push_back(with_separators(row.point->after->batch));
    cells.push_back(row.every_context ? "all" : length_label(row.point->after->context));
    cells.push_back(shown(change.metric, change.before, options_->units));
    cells.push_back(shown(change.metric, change.after, options_->units));
    cells.push_back(shown(change.metric, change.change, options_->units, true));
    cells.push_back(percent_text(change.percent));
  }

  const Difference* difference_;
  const RenderOptions* options_;
  std::vector<ChangeRow> changes_;
  std::vector<TextDocument::Column> heads_;
  std::vector<std::vector<std::string>> rows_;
};

/// Writes one line for each key with an effect, and one for all others.
std::vector<std::string> key_lines(const Difference& difference) {
  std::vector<std::string> lines;
  std::string idle;
  for (const ChangedKey& key : difference.keys) {
    const std::string pointer = key.pointer.empty() ? "the whole text" : key.pointer;
    if (key.alone_changes && key.alone_changes->empty()) {
      idle += (idle.empty() ? "" : ", ") + pointer;
      continue;
    }
    std::string line = pointer + ": ";
    if (!key.before) {
      line += "added, " + shortened(*key.after);
    } else if (!key.after) {
      line += "removed, was " + shortened(*key.before);
    } else {
      line += shortened(*key.before) + " → " + shortened(*key.after);
    }
    if (key.alone_changes) {
      line += "; this change alone affects " + joined_metrics(*key.alone_changes);
    } else if (key.tried) {
      line += "; this change alone makes no valid model";
    }
    lines.push_back(std::move(line));
  }
  if (!idle.empty()) lines.push_back("these keys differ but alone change no metric here: " + idle);
  if (!difference.keys_note.empty()) lines.push_back(difference.keys_note);
  return lines;
}

std::vector<std::string> threshold_lines(const Difference& difference, const DifferenceTable& table, UnitSystem units) {
  std::vector<std::string> lines;
  for (const JudgedThreshold& judged : difference.thresholds) {
    if (judged.verdict == Verdict::pass) {
      lines.push_back("pass: " + judged.threshold.text);
      continue;
    }
    const JudgedThreshold::Breach& first = judged.breaches.front();
    const MetricChange& change = first.change;
    std::string line = format("fail: {}: {} → {}", judged.threshold.text, shown(change.metric, change.before, units),
                              shown(change.metric, change.after, units));
    if (change.percent) line += " (" + to_string(*change.percent) + ")";
    line += " at " + table.place(difference.comparison.points[first.point]);
    if (judged.breaches.size() > 1) {
      const std::size_t more = judged.breaches.size() - 1;
      line += format(" and at {} more {}", more, more == 1 ? "point" : "points");
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

void write_difference(const Difference& difference, const RenderOptions& options, TextDocument& page) {
  const DifferenceTable table(difference, options);
  bool first = true;
  const auto begin_block = [&] {
    if (!first) page.blank();
    first = false;
  };
  const auto block = [&](const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    begin_block();
    for (const std::string& line : lines) lines.size() > 1 ? page.item(line) : page.line(line);
  };
  if (!options.quiet) block({table.caption()});
  if (table.empty()) {
    block({table.nothing_changed()});
  } else {
    begin_block();
    table.write(page);
  }
  if (!options.quiet) {
    block(key_lines(difference));
    block(table.notes());
    if (const std::string note = table.counting_note(); !note.empty()) block({"note: " + note});
  }
  block(threshold_lines(difference, table, options.units));
}

}  // namespace ctxcost
