// The document of `diff`.
#pragma once

#include "ctxcost/answer/difference.h"
#include "document.h"
#include "result_fields.h"

namespace ctxcost {

extern const DocumentShape kDiffShape;

/// Two models or two saved reports with at least one common point.
class DiffDocument : public Document {
 public:
  /// Both outlive the document.
  DiffDocument(const Difference& difference, const RenderOptions& options);

  const DocumentShape& shape() const override { return kDiffShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

  struct Head {
    Conventions conventions;
    const Difference* difference;
  };

 private:
  const RenderOptions* options_;
  Head head_;
};

/// Writes the page: the convention, the changes, the keys that cause them, and the results of the thresholds.
void write_difference(const Difference& difference, const RenderOptions& options, TextDocument& page);

}  // namespace ctxcost
