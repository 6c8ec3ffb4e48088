#include "layout.h"

#include <algorithm>
#include <utility>

#include "convention_note.h"
#include "core/printable.h"
#include "estimate/window_note.h"
#include "model/model_words.h"
#include "value_text.h"

namespace ctxcost {
namespace {

std::string_view label_heading(Label label) {
  static constexpr std::string_view kHeadings[] = {"Model", "Weights", "KV", "Engine", "Convention"};
  return kHeadings[static_cast<std::size_t>(label)];
}

/// Where the table is too wide: what the labels of its rows say too, and what follows from the context, go first.
unsigned rank_of(Metric metric) {
  if (metric == Metric::context) return 2;
  return metric == Metric::scores_per_head || metric == Metric::scores ? 1 : 0;
}

TextDocument::Column::About about_of(const Column& column) {
  static constexpr std::string_view kMeanings[] = {"the model", "types of the weights", "types of the KV cache",
                                                   "what runs the model, and reserves its memory",
                                                   "how FLOPs are counted"};
  if (const Label* label = std::get_if<Label>(&column)) {
    return {name(column), {}, kMeanings[static_cast<std::size_t>(*label)]};
  }
  return about_metric(std::get<Metric>(column));
}

std::string metric_text(Metric metric, const GridPoint& row, UnitSystem units) {
  const MetricValue& value = row.values[metric];
  if (std::holds_alternative<double>(value)) {
    const Metric base = metric == Metric::growth_kv_cache ? Metric::kv_cache_bytes : Metric::attention_flops;
    return short_ratio(std::get<Count>(row.values[base]), std::get<Count>(row.first[base]));
  }
  return value_text(metric, value, units);
}

bool ideal(const EngineChoice& choice) { return choice.engine == ideal_engine().engine; }

void add_once(std::vector<std::string>& texts, std::string text) {
  if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
}

std::string sequences(Count batch) { return with_separators(batch) + (batch == 1 ? " sequence" : " sequences"); }

}  // namespace

std::string label_text(Label label, const Estimator& estimator) {
  switch (label) {
    case Label::model: return estimator.model().name;
    case Label::weights: return estimator.weights().name();
    case Label::kv_precision: return estimator.kv().name();
    case Label::engine: return estimator.engine().name;
    case Label::convention: return estimator.settings().convention.name;
  }
  return {};
}

TableLayout::Cell TableLayout::of(const Column& column) {
  Cell cell;
  if (const Label* label = std::get_if<Label>(&column)) {
    cell.kind = Cell::Kind::label;
    cell.label = *label;
    cell.heading = label_heading(*label);
  } else {
    cell.kind = Cell::Kind::metric;
    cell.metric = std::get<Metric>(column);
    cell.heading = info(cell.metric).heading;
  }
  return cell;
}

bool TableLayout::varies(Label label) const {
  const std::vector<Estimator>& estimators = report_->estimators();
  if (estimators.size() == 1) return false;
  if (label == Label::model) return report_->grid().models.size() > 1;
  const std::string first = label_text(label, estimators.front());
  return std::any_of(estimators.begin(), estimators.end(),
                     [&](const Estimator& estimator) { return label_text(label, estimator) != first; });
}

void TableLayout::choose_leading() {
  for (const Label label : {Label::model, Label::weights, Label::kv_precision, Label::engine}) {
    const bool asked =
        std::find(options_->columns.begin(), options_->columns.end(), Column(label)) != options_->columns.end();
    if (varies(label) && !asked) cells_.push_back(of(label));
  }
  const LengthList first = report_->batches(report_->estimators().front());
  batch_varies_ = first.smallest() != first.largest();
  for (const Estimator& estimator : report_->estimators()) {
    if (report_->batches(estimator).largest() != first.largest()) batch_varies_ = true;
  }
  if (batch_varies_) cells_.push_back(of(Metric::batch));
  Cell context;
  context.kind = Cell::Kind::length;
  context.heading = "Context";
  cells_.push_back(context);
}

TableLayout::TableLayout(const Report& report, const RenderOptions& options) : report_(&report), options_(&options) {
  choose_leading();
  const bool own_choice = options.columns.empty();
  if (own_choice) {
    // Each metric of a layer is followed by the total that takes its place where layers differ.
    for (const Metric metric :
         {Metric::context, Metric::scores_per_head, Metric::scores, Metric::attention_flops_per_layer,
          Metric::attention_flops, Metric::kv_cache_bytes, Metric::state_bytes, Metric::kv_reserved_bytes}) {
      cells_.push_back(of(metric));
    }
  } else {
    for (const Column& column : options.columns) {
      if (column != Column(Metric::batch) || !batch_varies_) cells_.push_back(of(column));
    }
  }

  heads_.resize(cells_.size());
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const bool is_metric = cells_[i].kind == Cell::Kind::metric;
    heads_[i].right_aligned = is_metric && cells_[i].metric != Metric::window_status;
    if (is_metric && own_choice) heads_[i].rank = rank_of(cells_[i].metric);
  }
  Findings found;
  if (report.is_remembered()) {
    // Reading again costs nothing, but texts do: those of columns that stay are made once.
    report.for_each_row([&](const GridPoint& row) { look_at(row, found); });
    if (own_choice) drop_columns(found);
    report.for_each_row([&](const GridPoint& row) {
      for (std::size_t i = 0; i < cells_.size(); ++i) {
        texts_.push_back(text(cells_[i], row));
        heads_[i].measure(texts_.back());
      }
    });
  } else {
    report.for_each_row([&](const GridPoint& row) {
      look_at(row, found);
      for (std::size_t i = 0; i < cells_.size(); ++i) heads_[i].measure(text(cells_[i], row));
    });
    if (own_choice) drop_columns(found);
  }

  for (std::size_t i = 0; i < cells_.size(); ++i) {
    Cell& cell = cells_[i];
    const bool is_metric = cell.kind == Cell::Kind::metric;
    if (is_metric && cell.metric == Metric::scores_per_head && every_pair_) cell.heading += " (n²)";
    if (is_metric && cell.metric == Metric::kv_cache_bytes && !varies(Label::kv_precision)) {
      cell.heading += " (" + report.estimators().front().kv().display() + ")";
    }
    heads_[i].about = about_of(cell.kind == Cell::Kind::label ? Column(cell.label) : Column(cell.metric));
    heads_[i].width = std::max(heads_[i].width, printable_width(cell.heading));
    heads_[i].heading = std::move(cell.heading);
  }
}

void TableLayout::look_at(const GridPoint& row, Findings& found) {
  const std::optional<Count> head = row.values.count(Metric::scores_per_head);
  const Count n = row.context();
  found.head_known = found.head_known && head;
  every_pair_ = every_pair_ && head && *head == n * n;
  found.layer_known = found.layer_known && row.values.count(Metric::attention_flops_per_layer);
  found.any_state = found.any_state || row.values.count(Metric::state_bytes) != Count{};
  if (found.estimator != &row.estimator) found.statuses.clear();
  found.estimator = &row.estimator;
  const std::string_view* const status = std::get_if<std::string_view>(&row.values[Metric::window_status]);
  if (status == nullptr) return;
  if (std::find(found.statuses.begin(), found.statuses.end(), *status) != found.statuses.end()) return;
  found.statuses.push_back(*status);
  std::string note = window_note(row.estimator.model(), row.values, n);
  if (note.empty()) return;
  if (varies(Label::model)) note = row.estimator.model().name + ": " + note;
  add_once(window_notes_, std::move(note));
}

void TableLayout::drop_columns(const Findings& found) {
  const auto& engines = report_->grid().engines;
  const bool live = std::all_of(engines.begin(), engines.end(), ideal);
  std::vector<Cell> kept;
  std::vector<TextDocument::Column> kept_heads;
  kept_heads.reserve(heads_.size());
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    Cell& cell = cells_[i];
    if (cell.kind == Cell::Kind::metric) {
      if (cell.metric == (found.head_known ? Metric::scores : Metric::scores_per_head)) continue;
      if (cell.metric == (found.layer_known ? Metric::attention_flops : Metric::attention_flops_per_layer)) continue;
      if (cell.metric == Metric::state_bytes && !found.any_state) continue;
      if (cell.metric == Metric::kv_reserved_bytes && live) continue;
    }
    kept.push_back(std::move(cell));
    kept_heads.push_back(std::move(heads_[i]));
  }
  cells_ = std::move(kept);
  heads_ = std::move(kept_heads);
}

std::string TableLayout::text(const Cell& cell, const GridPoint& row) const {
  switch (cell.kind) {
    case Cell::Kind::label: return label_text(cell.label, row.estimator);
    case Cell::Kind::length: return length_label(row.context());
    case Cell::Kind::metric: return metric_text(cell.metric, row, options_->units);
  }
  return {};
}

void TableLayout::for_each_row(const std::function<void(std::span<const std::string> cells)>& visit) const {
  if (report_->is_remembered()) {
    for (std::size_t i = 0; i < texts_.size(); i += cells_.size()) visit({&texts_[i], cells_.size()});
    return;
  }
  std::vector<std::string> texts(cells_.size());
  report_->for_each_row([&](const GridPoint& row) {
    for (std::size_t i = 0; i < cells_.size(); ++i) texts[i] = text(cells_[i], row);
    visit(texts);
  });
}

std::string TableLayout::caption() const {
  std::string line = counting_text(report_->convention(), report_->logits(), every_pair_);
  line.append("; ").append(units_text(options_->units));
  const Estimator& first = report_->estimators().front();
  std::string about;
  if (!varies(Label::model)) about = first.model().name;
  if (!batch_varies_) about += (about.empty() ? "" : ", ") + sequences(report_->batches(first).largest());
  if (!about.empty()) line += "; " + about;
  if (const DeviceShare* const share = report_->share(first)) {
    line.append("; cache, state and weights: the fullest of ").append(with_separators(share->devices()));
    line.append(share->devices() == 1 ? " device (" : " devices (").append(share->split());
    line += "), all else: the whole model";
  }
  return line;
}

std::string TableLayout::series(const GridPoint& row) const {
  std::string text;
  const auto append = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  for (const Label label : {Label::model, Label::weights, Label::kv_precision, Label::engine}) {
    if (varies(label)) append(label_text(label, row.estimator));
  }
  if (batch_varies_) append("batch " + with_separators(row.batch()));
  return text;
}

std::string TableLayout::growth(const GridPoint& row) const {
  const Count n = row.context();
  const Count first = std::get<Count>(row.first[Metric::context]);
  if (n == first || first == 0) return {};
  std::string changes;
  changes.reserve(64);
  const auto change = [&](std::string_view what, Metric metric) {
    const std::optional<Count> value = row.values.count(metric);
    const std::optional<Count> base = row.first.count(metric);
    if (!value || !base || *base == 0) return;
    if (!changes.empty()) changes += ", ";
    changes.append(what).append(1, ' ').append(short_ratio(*value, *base));
  };
  change("attention FLOPs", Metric::attention_flops);
  change("KV cache", Metric::kv_cache_bytes);
  if (changes.empty()) return {};
  std::string line;
  line.reserve(128);
  line += series(row);
  if (!line.empty()) line += ": ";
  line.append(length_label(first)).append(" → ").append(length_label(n));
  line.append(" (").append(short_ratio(n, first)).append(" tokens): ").append(changes);
  return line;
}

std::vector<std::string> TableLayout::notes() const {
  std::vector<std::string> notes;
  const LengthList& contexts = report_->grid().contexts;
  for (const Estimator& estimator : report_->estimators()) {
    const std::string prefix = varies(Label::model) ? estimator.model().name + ": " : "";
    const LengthList batches = report_->batches(estimator);
    if (report_->share(estimator) == nullptr && !options_->verbose) {
      for (const std::string& note : estimator.notes()) add_once(notes, prefix + note);
      for (const auto& [context, batch] :
           {std::pair(contexts.smallest(), batches.smallest()), std::pair(contexts.largest(), batches.largest())}) {
        for (const std::string& note : estimator.engine_notes(context, batch)) add_once(notes, prefix + note);
      }
      continue;
    }
    const auto details_at = [&](Count context, Count batch) {
      EstimateDetails details = estimator.details(context, batch);
      if (const DeviceShare* const share = report_->share(estimator)) share->set(details, context, batch);
      return details;
    };
    const EstimateDetails least = details_at(contexts.smallest(), batches.smallest());
    const EstimateDetails most = details_at(contexts.largest(), batches.largest());
    for (const EstimateDetails* details : {&least, &most}) {
      for (const std::string& note : details->notes) add_once(notes, prefix + note);
      for (const std::string& note : details->engine_notes) add_once(notes, prefix + note);
    }
    if (!options_->verbose) continue;
    const Model& model = estimator.model();
    if (!model.source.empty()) add_once(notes, prefix + "source: " + model.source);
    for (const GroupEstimate& group : most.groups) {
      std::string line = "layers " + index_ranges(group.group->layers) + ":";
      for (const auto& mixer : group.group->mixers) {
        const MixerShape& shape = mixer->shape();
        line += " " + std::string(mixer->kind()) + " (" + to_string(shape.heads) + " heads, " +
                to_string(shape.kv_heads) + " KV heads, d_k " + to_string(shape.d_k) + ", d_v " + to_string(shape.d_v) +
                "),";
      }
      add_once(notes, prefix + line + " feed-forward " + std::string(feed_forward_word(group.group->feed_forward)));
    }
  }
  for (const std::string& note : window_notes_) add_once(notes, note);
  MetricSet shown;
  for (const Cell& cell : cells_) {
    if (cell.kind == Cell::Kind::metric) shown.add(cell.metric);
  }
  if (std::string note = convention_note(report_->convention(), *options_, shown); !note.empty()) {
    notes.push_back(std::move(note));
  }
  return notes;
}

void write_report(const Report& report, const RenderOptions& options, TextDocument& out) {
  const TableLayout layout(report, options);
  if (!options.quiet) {
    out.line(layout.caption());
    out.blank();
  }
  out.heads(layout.heads());
  layout.for_each_row([&](std::span<const std::string> cells) { out.row(layout.heads(), cells); });
  out.end_table(layout.heads());
  if (options.quiet) return;

  bool blank = true;  // before the next line
  report.for_each_row([&](const GridPoint& row) {
    const std::string line = layout.growth(row);
    if (line.empty()) return;
    if (blank) out.blank();
    blank = false;
    out.item(line);
  });
  // In Markdown both are one list.
  blank = blank || out.style() == TextStyle::plain;
  for (const std::string& note : layout.notes()) {
    if (blank) out.blank();
    blank = false;
    out.item("note: " + note);
  }
}

}  // namespace ctxcost
