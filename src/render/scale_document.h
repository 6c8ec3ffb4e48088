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

}  // namespace ctxcost
