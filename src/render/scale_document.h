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
  /// Both outlive the document.
  ScaleDocument(const Report& report, const RenderOptions& options);

  const DocumentShape& shape() const override { return kScaleShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

 private:
  const Report* report_;
  const RenderOptions* options_;
  Conventions conventions_;
};

extern const DocumentShape kScaleStreamShape;

/// The rows of one report after another, each of which is made and dropped on the way. The document can be read once
/// and has no page, whose columns depend on every row.
class ScaleStreamDocument : public Document {
 public:
  using ReportVisitor = std::function<void(const Report& report)>;
  using ReportStream = std::function<void(const ReportVisitor& visit)>;
  /// `options` outlives the document.
  ScaleStreamDocument(ReportStream reports, const Workload& settings, const RenderOptions& options);

  const DocumentShape& shape() const override { return kScaleStreamShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;

 private:
  ReportStream reports_;
  const RenderOptions* options_;
  Conventions conventions_;
};

}  // namespace ctxcost
