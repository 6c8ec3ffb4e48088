// What `diff` answers, as a document.
#pragma once

#include "ctxcost/answer/difference.h"
#include "document.h"
#include "result_fields.h"

namespace ctxcost {

extern const DocumentShape kDiffShape;

/// Two models or two saved reports side by side, which have at least one point in common.
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

/// The page: how was counted, what changes, the keys that make it change, and what the thresholds say of it.
void write_difference(const Difference& difference, const RenderOptions& options, TextDocument& page);

}  // namespace ctxcost
