// Columns and cells of the scaling table, shared by the aligned table and Markdown.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/render/render.h"
#include "text_document.h"

namespace ctxcost {

/// What a label says of an estimator's rows: "Llama 3.1 8B", "q8_0".
std::string label_text(Label label, const Estimator& estimator);

/// Columns, headings and cells of a report.
class TableLayout {
 public:
  /// Reads the whole report once: which columns it needs and how wide they are depends on every row.
  TableLayout(const Report& report, const RenderOptions& options);

  const std::vector<TextDocument::Column>& heads() const { return heads_; }
  /// Calls visit(cells) for each row, with one cell per heading.
  void for_each_row(const std::function<void(std::span<const std::string> cells)>& visit) const;

  /// "article convention: 1 FLOP per multiply-add, …; SI units, 1 GB = 10^9 bytes; approx. 7B, 1 sequence"
  std::string caption() const;
  /// "1K → 4K (4x tokens): attention FLOPs 16x, KV cache 4x"; empty for a first point.
  std::string growth(const GridPoint& row) const;
  /// The settings of a row that vary over the report: "Llama 3.1 8B, q8_0, batch 4".
  std::string series(const GridPoint& row) const;
  /// Assumptions of readers, remarks of mixers and engines, contexts beyond the model's window.
  std::vector<std::string> notes() const;

 private:
  /// How a cell is computed.
  struct Cell {
    enum class Kind { label, length, metric } kind;
    Label label = Label::model;
    Metric metric = Metric::context;
    std::string heading;
  };
  /// What decides which of the table's own columns stay.
  struct Findings {
    bool head_known = true;   ///< scores of a head, in every row
    bool layer_known = true;  ///< FLOPs of a layer
    bool any_state = false;
    const Estimator* estimator = nullptr;    // of the row before
    std::vector<std::string_view> statuses;  // seen for this estimator
  };
  static Cell of(const Column& column);
  void choose_leading();
  void look_at(const GridPoint& row, Findings& found);
  void drop_columns(const Findings& found);
  std::string text(const Cell& cell, const GridPoint& row) const;
  bool varies(Label label) const;

  const Report* report_;
  const RenderOptions* options_;
  bool batch_varies_ = false;
  bool every_pair_ = true;  // scores_per_head is n^2 in every row
  std::vector<Cell> cells_;
  std::vector<TextDocument::Column> heads_;  // one for each of the cells
  std::vector<std::string> window_notes_;
  std::vector<std::string> texts_;  // of a remembered report: the cells of all rows
};

/// Writes caption, table, growth lines and notes.
void write_report(const Report& report, const RenderOptions& options, TextDocument& out);
/// Writes caption, a chart for each unit, and notes. Throws InputError where a chosen column has no numbers.
void write_plots(const Report& report, const RenderOptions& options, TextDocument& page);

}  // namespace ctxcost
