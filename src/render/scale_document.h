// The document of `scale`.
#pragma once

#include "document.h"
#include "layout.h"
#include "result_fields.h"

namespace ctxcost {

extern const DocumentShape kScaleShape;

/// The rows of a grid. The document stores no rows: every format reads the grid again.
class ScaleDocument : public Document {
 public:
  /// Both outlive the document. `series_before`: the series of the reports that stand before this one.
  ScaleDocument(const Report& report, const RenderOptions& options, std::size_t series_before = 0);

  const DocumentShape& shape() const override { return kScaleShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  std::size_t series_of(const void* subject) const override;
  bool is_continued() const override { return rows_.begin > 0; }
  bool write_lines(Writer& out, const LineWriter& write_line) const override;
  void write_page(TextDocument& page) const override;

  /// Returns the same document with some of its rows alone. Those of all parts, one after the other, are the document.
  ScaleDocument part(RowRange rows) const;

 private:
  MetricSet wanted() const;

  const Report* report_;
  const RenderOptions* options_;
  Conventions conventions_;
  RowRange rows_;
  std::size_t series_before_ = 0;
  bool whole_ = true;
};

extern const DocumentShape kScaleStreamShape;

/// The rows of one report after another, each of which is made and dropped on the way. The document can be read once
/// and has no page, whose columns depend on every row.
class ScaleStreamDocument : public Document {
 public:
  using ReportVisitor = std::function<void(const Report& report)>;
  using ReportStream = std::function<void(const ReportVisitor& visit)>;
  /// `options` outlives the document. `is_split`: the grids of the reports are split.
  ScaleStreamDocument(ReportStream reports, const Workload& settings, const RenderOptions& options,
                      bool is_split = false);

  const DocumentShape& shape() const override { return kScaleStreamShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  std::size_t series_of(const void* subject) const override;

 private:
  ReportStream reports_;
  const RenderOptions* options_;
  bool is_split_;
  Conventions conventions_;
};

}  // namespace ctxcost
