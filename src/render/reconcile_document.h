// What `reconcile` answers, as a document.
#pragma once

#include <string>

#include "ctxcost/answer/reconciliation.h"
#include "ctxcost/render/render.h"
#include "document.h"

namespace ctxcost {

extern const DocumentShape kReconcileShape;

class ReconcileDocument : public Document {
 public:
  /// Both outlive the document.
  ReconcileDocument(const ReconcileAnswer& answer, const RenderOptions& options)
      : answer_(&answer), options_(&options) {}

  const DocumentShape& shape() const override { return kReconcileShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

 private:
  const ReconcileAnswer* answer_;
  const RenderOptions* options_;
};

/// The settings, the figures as a table, what is left as overhead, and notes, for each model.
void write_reconciliation(const ReconcileAnswer& answer, const RenderOptions& options, TextDocument& page);

/// What people read of a figure: "K", "CUDA0 compute buffer".
std::string figure_words(const LogFinding& finding);

}  // namespace ctxcost
