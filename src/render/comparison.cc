#include "comparison.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "budget_wording.h"
#include "core/printable.h"
#include "csv_field.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/units.h"
#include "document_parts.h"
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

std::string_view label_of(const PointRecord& point, std::string_view name) {
  for (const auto& [key, value] : point.labels) {
    if (key == name) return value;
  }
  return {};
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

class Text : public Sink {
 public:
  void write(std::string_view bytes) override { text += bytes; }
  std::string text;
};

/// The value as JSON on one line.
std::string compact(const JsonValue& value) {
  Text text;
  Writer writer(text);
  JsonWriter json(writer, JsonWriter::Layout::compact);
  write_value(value, json);
  writer.flush();
  return std::move(text.text);
}

/// The aligned table, and the same as Markdown.
class ComparisonTable {
 public:
  ComparisonTable(const ComparisonDocument& document, const RenderOptions& options)
      : document_(&document), options_(&options), points_(&document.comparison->points) {
    const PointComparison& first = points_->front();
    for (const PointComparison& point : *points_) {
      if (point.after->batch != first.after->batch) batch_varies_ = true;
      if (point.before->model != first.before->model || point.after->model != first.after->model) models_vary_ = true;
      for (const auto& [name, value] : point.after->labels) {
        const bool varies =
            label_of(*first.after, name) != value || label_of(*first.before, name) != label_of(*point.before, name);
        if (varies && std::find(varying_.begin(), varying_.end(), name) == varying_.end()) varying_.push_back(name);
      }
    }
    heads_ = {{"Metric", false}};
    if (models_vary_ || !varying_.empty()) heads_.push_back({"Series", false});
    if (batch_varies_) heads_.push_back({"Batch", true});
    heads_.insert(heads_.end(),
                  {{"Context", false}, {"Old", true}, {"New", true}, {"Change", true}, {"Percent", true}});
    for (const Metric metric : document.comparison->compared) add_rows(metric);
  }

  void write(TextDocument& out) const {
    if (!rows_.empty()) out.table(heads_, rows_);
  }

  std::string caption() const {
    const PointRecord& first = *points_->front().after;
    const RecordedConvention& convention = first.convention;
    std::string text = convention.name + " convention: ";
    text += convention.flops_per_mac == 1 ? "1 FLOP" : to_string(convention.flops_per_mac) + " FLOPs";
    text += convention.pairs == "exact" ? " per multiply-add, unmasked pairs only"
                                        : " per multiply-add, every query charged the most keys any query sees";
    if (convention.logits == "all") text += ", logits of every token";
    text += options_->units == UnitSystem::si ? "; SI units, 1 GB = 10^9 bytes" : "; IEC units, 1 GiB = 2^30 bytes";
    text += "; old: " + std::string(document_->before) + ", new: " + std::string(document_->after);
    if (!batch_varies_) text += ", " + with_separators(first.batch) + (first.batch == 1 ? " sequence" : " sequences");
    return text;
  }

  /// What changed besides: settings, points without a counterpart, metrics that stayed.
  std::vector<std::string> notes() const {
    std::vector<std::string> lines;
    const PointComparison& first = points_->front();
    for (const auto& [name, value] : first.after->labels) {
      const std::string before(label_of(*first.before, name));
      const bool varies = std::find(varying_.begin(), varying_.end(), name) != varying_.end();
      if (!varies && before != value) lines.push_back(name + ": " + from_to(before, value));
    }
    const auto only = [&lines](std::string_view side, const std::vector<const PointRecord*>& points) {
      if (points.empty()) return;
      lines.push_back("only in " + std::string(side) + ": " + std::to_string(points.size()) +
                      (points.size() == 1 ? " point (" : " points (the first: ") + points[0]->model + " at " +
                      length_label(points[0]->context) + ", batch " + with_separators(points[0]->batch) + ")");
    };
    only("old", document_->comparison->only_before);
    only("new", document_->comparison->only_after);
    return lines;
  }

  std::string nothing_changed() const {
    return "nothing changes: " + std::to_string(document_->comparison->compared.size()) + " metrics are the same at " +
           std::to_string(points_->size()) + (points_->size() == 1 ? " point" : " points");
  }
  bool empty() const { return rows_.empty(); }

  /// "4K", "4K, batch 8", "Llama, 4K"
  std::string place(const PointComparison& point) const {
    std::string text = series(point);
    if (!text.empty()) text += ", ";
    text += length_label(point.after->context);
    if (batch_varies_) text += ", batch " + with_separators(point.after->batch);
    return text;
  }

 private:
  std::string series(const PointComparison& point) const {
    std::string text = models_vary_ ? from_to(point.before->model, point.after->model) : "";
    for (const std::string& name : varying_) {
      text += text.empty() ? "" : ", ";
      text += from_to(std::string(label_of(*point.before, name)), std::string(label_of(*point.after, name)));
    }
    return text;
  }

  static const MetricChange* find(const PointComparison& point, Metric metric) {
    const auto change = std::find_if(point.changes.begin(), point.changes.end(),
                                     [metric](const MetricChange& row) { return row.metric == metric; });
    return change == point.changes.end() ? nullptr : &*change;
  }

  /// One row for each point, or one for all where the context makes no difference.
  void add_rows(Metric metric) {
    for (std::size_t start = 0; start < points_->size();) {
      const PointComparison& first = (*points_)[start];
      std::size_t end = start + 1;
      const std::string of_first = series(first);
      while (end < points_->size() && (*points_)[end].after->batch == first.after->batch &&
             series((*points_)[end]) == of_first) {
        ++end;
      }
      const MetricChange* change = find(first, metric);
      bool alike = change != nullptr && end - start > 1;
      for (std::size_t i = start; i < end && alike; ++i) {
        const MetricChange* other = find((*points_)[i], metric);
        alike = other != nullptr && other->before == change->before && other->after == change->after;
      }
      if (alike) {
        add_row(first, *change, "all");
      } else {
        for (std::size_t i = start; i < end; ++i) {
          const MetricChange* one = find((*points_)[i], metric);
          if (one != nullptr) add_row((*points_)[i], *one, length_label((*points_)[i].after->context));
        }
      }
      start = end;
    }
  }

  void add_row(const PointComparison& point, const MetricChange& change, std::string context) {
    std::vector<std::string> row = {std::string(info(change.metric).name)};
    if (models_vary_ || !varying_.empty()) row.push_back(series(point));
    if (batch_varies_) row.push_back(with_separators(point.after->batch));
    row.push_back(std::move(context));
    row.push_back(shown(change.metric, change.before, options_->units));
    row.push_back(shown(change.metric, change.after, options_->units));
    row.push_back(shown(change.metric, change.change, options_->units, true));
    row.push_back(percent_text(change.percent));
    rows_.push_back(std::move(row));
  }

  const ComparisonDocument* document_;
  const RenderOptions* options_;
  const std::vector<PointComparison>* points_;
  bool batch_varies_ = false;
  bool models_vary_ = false;
  std::vector<std::string> varying_;  // names of labels
  std::vector<TextDocument::Column> heads_;
  std::vector<std::vector<std::string>> rows_;
};

/// One line for each key that does something, one for all others.
std::vector<std::string> key_lines(const ComparisonDocument& document) {
  std::vector<std::string> lines;
  std::string idle;
  for (const ConfigKey& key : document.keys) {
    const std::string pointer = key.change.pointer.empty() ? "the whole text" : key.change.pointer;
    if (key.effect && key.effect->empty()) {
      idle += (idle.empty() ? "" : ", ") + pointer;
      continue;
    }
    std::string line = pointer + ": ";
    if (key.change.before == nullptr) {
      line += "added, " + shortened(compact(*key.change.after));
    } else if (key.change.after == nullptr) {
      line += "removed, was " + shortened(compact(*key.change.before));
    } else {
      line += shortened(compact(*key.change.before)) + " → " + shortened(compact(*key.change.after));
    }
    line += key.effect ? "; alone it changes " + joined_metrics(*key.effect) : "; alone it makes no valid model";
    lines.push_back(std::move(line));
  }
  if (!idle.empty()) lines.push_back("differ, and alone change no metric here: " + idle);
  if (!document.keys_note.empty()) lines.push_back(document.keys_note);
  return lines;
}

std::vector<std::string> threshold_lines(const ComparisonDocument& document, const ComparisonTable& table,
                                         UnitSystem units) {
  std::vector<std::string> lines;
  for (const ThresholdResult& result : document.thresholds) {
    const std::string text = result.threshold->text;
    if (result.breaches.empty()) {
      lines.push_back("pass: " + text);
      continue;
    }
    const ThresholdResult::Breach& first = result.breaches.front();
    const MetricChange& change = first.change;
    std::string line = "fail: " + text + ": " + shown(change.metric, change.before, units) + " → " +
                       shown(change.metric, change.after, units);
    if (change.percent) line += " (" + to_string(*change.percent) + ")";
    line += " at " + table.place(*first.point);
    if (result.breaches.size() > 1) {
      const std::size_t more = result.breaches.size() - 1;
      line += " and at " + std::to_string(more) + (more == 1 ? " more point" : " more points");
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

void render_text(const ComparisonDocument& document, const RenderOptions& options, TextDocument out) {
  const ComparisonTable table(document, options);
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
    block(key_lines(document));
    block(table.notes());
  }
  block(threshold_lines(document, table, options.units));
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

void write_keys(JsonWriter& json, const ComparisonDocument& document) {
  json.key("config_changes");
  if (!document.keys_note.empty()) return json.null();
  json.begin_array();
  for (const ConfigKey& key : document.keys) {
    json.begin_object();
    json.key("pointer");
    json.string(key.change.pointer);
    json.key("change");
    json.string(key.change.before == nullptr ? "added" : key.change.after == nullptr ? "removed" : "changed");
    if (key.change.before != nullptr) {
      json.key("old");
      write_value(*key.change.before, json);
    }
    if (key.change.after != nullptr) {
      json.key("new");
      write_value(*key.change.after, json);
    }
    json.key("alone_changes");
    if (key.effect) {
      json.begin_array();
      for (const Metric metric : *key.effect) json.string(info(metric).name);
      json.end_array();
    } else {
      json.null();
    }
    json.end_object();
  }
  json.end_array();
}

void write_thresholds(JsonWriter& json, const ComparisonDocument& document) {
  const bool fails = std::any_of(document.thresholds.begin(), document.thresholds.end(),
                                 [](const ThresholdResult& result) { return !result.breaches.empty(); });
  json.key("verdict");
  json.string(fails ? "fail" : "pass");
  json.key("thresholds");
  json.begin_array();
  for (const ThresholdResult& result : document.thresholds) {
    json.begin_object();
    json.key("fail_if");
    json.string(result.threshold->text);
    json.key("metric");
    json.string(info(result.threshold->metric).name);
    json.key("verdict");
    json.string(result.breaches.empty() ? "pass" : "fail");
    json.key("holds_at");
    json.begin_array();
    for (const ThresholdResult::Breach& breach : result.breaches) {
      json.begin_object();
      write_side(json, "new", *breach.point->after);
      json.key("context");
      json.count(breach.point->after->context);
      json.key("batch");
      json.count(breach.point->after->batch);
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

void render_json(const ComparisonDocument& document, const RenderOptions& options, Writer& out) {
  const Comparison& comparison = *document.comparison;
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  write_header(json, options);
  write_recorded_conventions(json, comparison.points.front().after->convention, options.units);
  json.key("old");
  json.string(document.before);
  json.key("new");
  json.string(document.after);
  write_thresholds(json, document);
  write_keys(json, document);
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

void render_ndjson(const ComparisonDocument& document, const RenderOptions& options, Writer& out) {
  for (const PointComparison& point : document.comparison->points) {
    JsonWriter json(out, JsonWriter::Layout::compact);
    json.begin_object();
    write_header(json, options);
    write_recorded_conventions(json, point.after->convention, options.units);
    write_point(json, point);
    json.end_object();
    out.character('\n');
  }
}

/// A scalar as JSON has it, nothing for null.
std::string scalar(const RecordedValue& recorded) {
  if (std::holds_alternative<std::monostate>(recorded)) return {};
  if (const std::string* level = std::get_if<std::string>(&recorded)) return *level;
  Text text;
  Writer writer(text);
  JsonWriter json(writer, JsonWriter::Layout::compact);
  value(json, recorded);
  writer.flush();
  return std::move(text.text);
}

void render_csv(const ComparisonDocument& document, Writer& out) {
  out.text("old_model,new_model,weights,kv_precision,engine,context,batch,metric,old,new,change,percent\n");
  for (const PointComparison& point : document.comparison->points) {
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
        out.text(csv_field(scalar(*recorded)));
      }
      out.character(',');
      if (change.percent) out.text(percent_number(*change.percent));
      out.character('\n');
    }
  }
}

}  // namespace

void render_comparison(const ComparisonDocument& document, std::string_view format, const RenderOptions& options,
                       Writer& out) {
  if (format == "json") return render_json(document, options, out);
  if (format == "ndjson") return render_ndjson(document, options, out);
  if (format == "csv") return render_csv(document, out);
  render_text(document, options, TextDocument(out, format == "table" ? TextStyle::plain : TextStyle::markdown));
}

}  // namespace ctxcost
