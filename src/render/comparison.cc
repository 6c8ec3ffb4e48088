#include "comparison.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "budget_wording.h"
#include "core/format.h"
#include "core/printable.h"
#include "csv_field.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/units.h"
#include "document_parts.h"
#include "input/json/json.h"
#include "number.h"
#include "text_document.h"

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

constexpr std::string_view kUnknown = "–";

// Values as people read them.

/// `sign`: a plus before what is above zero.
std::string shown(Metric metric, const RecordedValue& value, UnitSystem units, bool sign = false) {
  if (const SignedCount* count = std::get_if<SignedCount>(&value)) {
    const bool plus = sign && count->magnitude != 0;
    return (count->negative ? "-" : plus ? "+" : "") + value_text(metric, count->magnitude, units);
  }
  if (const double* real = std::get_if<double>(&value)) {
    return (*real < 0 ? "-" : sign && *real > 0 ? "+" : "") + value_text(metric, std::fabs(*real), units);
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

void write_value(const JsonValue& value, JsonWriter& json) {
  switch (value.type) {
    case Type::null:
    case Type::nonfinite: return json.null();
    case Type::boolean: return json.boolean(value.boolean);
    case Type::integer:
    case Type::real: return json.raw(value.text);
    case Type::string: return json.string(value.text);
    case Type::array:
      json.begin_array();
      for (const JsonValue& item : value.items) write_value(item, json);
      return json.end_array();
    case Type::object:
      json.begin_object();
      for (const JsonMember& member : value.members) {
        json.key(member.key);
        write_value(member.value, json);
      }
      return json.end_object();
  }
}

/// The aligned table, and the same as Markdown.
class DifferenceTable {
 public:
  DifferenceTable(const Difference& difference, const RenderOptions& options)
      : difference_(&difference), options_(&options) {
    heads_ = {{"Metric", false}};
    if (has_series()) heads_.push_back({"Series", false});
    if (difference.batch_varies) heads_.push_back({"Batch", true});
    heads_.insert(heads_.end(),
                  {{"Context", false}, {"Old", true}, {"New", true}, {"Change", true}, {"Percent", true}});
    for (const ChangeRow& row : change_rows(difference)) add_row(row);
  }

  void write(TextDocument& out) const {
    if (!rows_.empty()) out.table(heads_, rows_);
  }

  std::string caption() const {
    const PointRecord& first = *points().front().after;
    const RecordedConvention& convention = first.convention;
    std::string text = convention.name + " convention: ";
    text += convention.flops_per_mac == 1 ? "1 FLOP" : to_string(convention.flops_per_mac) + " FLOPs";
    text += convention.pairs == "exact" ? " per multiply-add, unmasked pairs only"
                                        : " per multiply-add, every query charged the most keys any query sees";
    if (convention.logits == "all") text += ", logits of every token";
    text += options_->units == UnitSystem::si ? "; SI units, 1 GB = 10^9 bytes" : "; IEC units, 1 GiB = 2^30 bytes";
    text += format("; old: {}, new: {}", difference_->before_name, difference_->after_name);
    if (!difference_->batch_varies) {
      text += format(", {} {}", with_separators(first.batch), first.batch == 1 ? "sequence" : "sequences");
    }
    return text;
  }

  /// What changed besides: settings, points without a counterpart.
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
    std::vector<std::string> cells = {std::string(info(change.metric).name)};
    if (has_series()) cells.push_back(series(*row.point));
    if (difference_->batch_varies) cells.push_back(with_separators(row.point->after->batch));
    cells.push_back(row.every_context ? "all" : length_label(row.point->after->context));
    cells.push_back(shown(change.metric, change.before, options_->units));
    cells.push_back(shown(change.metric, change.after, options_->units));
    cells.push_back(shown(change.metric, change.change, options_->units, true));
    cells.push_back(percent_text(change.percent));
    rows_.push_back(std::move(cells));
  }

  const Difference* difference_;
  const RenderOptions* options_;
  std::vector<TextDocument::Column> heads_;
  std::vector<std::vector<std::string>> rows_;
};

/// One line for each key that does something, one for all others.
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
    line += key.alone_changes ? "; alone it changes " + joined_metrics(*key.alone_changes)
                              : "; alone it makes no valid model";
    lines.push_back(std::move(line));
  }
  if (!idle.empty()) lines.push_back("differ, and alone change no metric here: " + idle);
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

void render_text(const Difference& difference, const RenderOptions& options, TextDocument out) {
  const DifferenceTable table(difference, options);
  bool blank = false;  // before the next block
  const auto block = [&](const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    if (blank) out.blank();
    blank = true;
    for (const std::string& line : lines) lines.size() > 1 ? out.item(line) : out.line(line);
  };
  if (!options.quiet) block({table.caption()});
  if (table.empty()) {
    block({table.nothing_changed()});
  } else {
    if (blank) out.blank();
    blank = true;
    table.write(out);
  }
  if (!options.quiet) {
    block(key_lines(difference));
    block(table.notes());
  }
  block(threshold_lines(difference, table, options.units));
}

// Documents.

void value(JsonWriter& json, const RecordedValue& recorded) {
  if (const SignedCount* count = std::get_if<SignedCount>(&recorded)) {
    json.raw((count->negative ? "-" : "") + to_string(count->magnitude));
  } else if (const double* real = std::get_if<double>(&recorded)) {
    json.number(*real);
  } else if (const std::string* level = std::get_if<std::string>(&recorded)) {
    json.string(*level);
  } else {
    json.null();
  }
}

std::string percent_number(const Percent& percent) {
  return (percent.negative ? "-" : "") + to_string(percent.tenths / 10) + "." + to_string(percent.tenths % 10);
}

void write_side(JsonWriter& json, std::string_view key, const PointRecord& point) {
  json.key(key);
  json.begin_object();
  json.key("model");
  json.string(point.model);
  for (const auto& [name, label] : point.labels) {
    json.key(name);
    json.string(label);
  }
  json.end_object();
}

void write_recorded_conventions(JsonWriter& json, const RecordedConvention& convention, UnitSystem units) {
  json.key("conventions");
  json.begin_object();
  json.key("name");
  json.string(convention.name);
  json.key("flops_per_mac");
  json.count(convention.flops_per_mac);
  json.key("pairs");
  json.string(convention.pairs);
  json.key("logits");
  convention.logits.empty() ? json.null() : json.string(convention.logits);
  json.key("units");
  json.string(name(units));
  json.end_object();
}

void write_point(JsonWriter& json, const PointComparison& point) {
  write_side(json, "old", *point.before);
  write_side(json, "new", *point.after);
  json.key("context");
  json.count(point.after->context);
  json.key("batch");
  json.count(point.after->batch);
  json.key("changes");
  json.begin_array();
  for (const MetricChange& change : point.changes) {
    json.begin_object();
    json.key("metric");
    json.string(info(change.metric).name);
    json.key("old");
    value(json, change.before);
    json.key("new");
    value(json, change.after);
    json.key("change");
    value(json, change.change);
    json.key("percent");
    change.percent ? json.raw(percent_number(*change.percent)) : json.null();
    json.key("worse");
    change.worse ? json.boolean(*change.worse) : json.null();
    json.end_object();
  }
  json.end_array();
}

void write_keys(JsonWriter& json, const Difference& difference) {
  json.key("config_changes");
  if (!difference.keys_note.empty()) return json.null();
  const auto value_of = [&json](std::string_view key, const std::optional<std::string>& text) {
    if (!text) return;
    json.key(key);
    write_value(parse_json(*text, key).root, json);
  };
  json.begin_array();
  for (const ChangedKey& key : difference.keys) {
    json.begin_object();
    json.key("pointer");
    json.string(key.pointer);
    json.key("change");
    json.string(!key.before ? "added" : !key.after ? "removed" : "changed");
    value_of("old", key.before);
    value_of("new", key.after);
    json.key("alone_changes");
    if (key.alone_changes) {
      json.begin_array();
      for (const Metric metric : *key.alone_changes) json.string(info(metric).name);
      json.end_array();
    } else {
      json.null();
    }
    json.end_object();
  }
  json.end_array();
}

void write_thresholds(JsonWriter& json, const Difference& difference) {
  json.key("verdict");
  json.string(name(difference.verdict));
  json.key("thresholds");
  json.begin_array();
  for (const JudgedThreshold& judged : difference.thresholds) {
    json.begin_object();
    json.key("fail_if");
    json.string(judged.threshold.text);
    json.key("metric");
    json.string(info(judged.threshold.metric).name);
    json.key("verdict");
    json.string(name(judged.verdict));
    json.key("holds_at");
    json.begin_array();
    for (const JudgedThreshold::Breach& breach : judged.breaches) {
      const PointRecord& point = *difference.comparison.points[breach.point].after;
      json.begin_object();
      write_side(json, "new", point);
      json.key("context");
      json.count(point.context);
      json.key("batch");
      json.count(point.batch);
      json.key("change");
      value(json, breach.change.change);
      json.key("percent");
      breach.change.percent ? json.raw(percent_number(*breach.change.percent)) : json.null();
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
}

void write_unmatched(JsonWriter& json, std::string_view key, const std::vector<const PointRecord*>& points) {
  json.key(key);
  json.begin_array();
  for (const PointRecord* point : points) {
    json.begin_object();
    json.key("model");
    json.string(point->model);
    json.key("context");
    json.count(point->context);
    json.key("batch");
    json.count(point->batch);
    json.end_object();
  }
  json.end_array();
}

void render_json(const Difference& difference, const RenderOptions& options, Writer& out) {
  const Comparison& comparison = difference.comparison;
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  write_header(json, options);
  write_recorded_conventions(json, comparison.points.front().after->convention, options.units);
  json.key("old");
  json.string(difference.before_name);
  json.key("new");
  json.string(difference.after_name);
  write_thresholds(json, difference);
  write_keys(json, difference);
  json.key("compared");
  json.begin_array();
  for (const Metric metric : comparison.compared) json.string(info(metric).name);
  json.end_array();
  json.key("results");
  json.begin_array();
  for (const PointComparison& point : comparison.points) {
    json.begin_object();
    write_point(json, point);
    json.end_object();
  }
  json.end_array();
  write_unmatched(json, "only_old", comparison.only_before);
  write_unmatched(json, "only_new", comparison.only_after);
  json.end_object();
  out.character('\n');
}

void render_ndjson(const Difference& difference, const RenderOptions& options, Writer& out) {
  for (const PointComparison& point : difference.comparison.points) {
    JsonWriter json(out, JsonWriter::Layout::compact);
    json.begin_object();
    write_header(json, options);
    write_recorded_conventions(json, point.after->convention, options.units);
    write_point(json, point);
    json.end_object();
    out.character('\n');
  }
}

/// As JSON has it, nothing for null.
void write_cell(Writer& out, const RecordedValue& recorded) {
  if (const SignedCount* count = std::get_if<SignedCount>(&recorded)) {
    if (count->negative) out.character('-');
    out.digits(count->magnitude);
  } else if (const double* real = std::get_if<double>(&recorded)) {
    std::isfinite(*real) ? write_double(out, *real) : out.text("null");
  } else if (const std::string* level = std::get_if<std::string>(&recorded)) {
    out.text(csv_field(*level));
  }
}

void render_csv(const Difference& difference, Writer& out) {
  out.text("old_model,new_model,weights,kv_precision,engine,context,batch,metric,old,new,change,percent\n");
  for (const PointComparison& point : difference.comparison.points) {
    for (const MetricChange& change : point.changes) {
      out.text(csv_field(point.before->model));
      out.character(',');
      out.text(csv_field(point.after->model));
      for (const std::string_view label : {"weights", "kv_precision", "engine"}) {
        out.character(',');
        out.text(csv_field(label_of(*point.after, label)));
      }
      out.character(',');
      out.digits(point.after->context);
      out.character(',');
      out.digits(point.after->batch);
      out.character(',');
      out.text(info(change.metric).name);
      for (const RecordedValue* recorded : {&change.before, &change.after, &change.change}) {
        out.character(',');
        write_cell(out, *recorded);
      }
      out.character(',');
      if (change.percent) out.text(percent_number(*change.percent));
      out.character('\n');
    }
  }
}

}  // namespace

void render_difference(const Difference& difference, std::string_view format, const RenderOptions& options,
                       Writer& out) {
  if (format == "json") return render_json(difference, options, out);
  if (format == "ndjson") return render_ndjson(difference, options, out);
  if (format == "csv") return render_csv(difference, out);
  render_text(difference, options, TextDocument(out, format == "table" ? TextStyle::plain : TextStyle::markdown));
}

}  // namespace ctxcost
