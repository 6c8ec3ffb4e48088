// The document of `check`.
#pragma once

#include "ctxcost/answer/judge.h"
#include "document.h"
#include "result_fields.h"

namespace ctxcost {

extern const DocumentShape kCheckShape;

/// Judged budgets, a row for each of their contexts and batches, and the files that could not be judged.
class CheckDocument : public Document {
 public:
  /// Both outlive the document.
  CheckDocument(const BudgetReport& report, const RenderOptions& options);

  const DocumentShape& shape() const override { return kCheckShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  void for_each_refusal(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;
  Judgements judgements() const override;

  struct Head {
    const BudgetReport* report;
    Conventions conventions;  ///< of the first budget; the results state those of the others
  };

 private:
  const RenderOptions* options_;
  Head head_;
};

/// Writes a line for each budget, then what failed, where, by how much, and what would pass.
void write_budgets(const BudgetReport& report, const RenderOptions& options, TextDocument& page);

/// Returns every limit at each of its points, every fault, and every judged change since the baseline.
Judgements judgements_of(const BudgetReport& report, const RenderOptions& options);

}  // namespace ctxcost
