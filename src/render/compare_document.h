// What `compare` answers, as a document: a row for each alternative at each context.
#pragma once

#include "ctxcost/answer/strategy_comparison.h"
#include "document.h"
#include "result_fields.h"

namespace ctxcost {

extern const DocumentShape kCompareShape;

class CompareDocument : public Document {
 public:
  struct Head {
    Conventions conventions;
  };

  /// Both outlive the document.
  CompareDocument(const StrategyComparison& answer, const RenderOptions& options);

  const DocumentShape& shape() const override { return kCompareShape; }
  Record head() const override { return {kCompareShape.head, &head_}; }
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

 private:
  const StrategyComparison* answer_;
  const RenderOptions* options_;
  Head head_;
};

/// What a row has beside its metrics.
extern const FieldTable kComparedScalarFields;

/// A table with a row for each alternative at each context, then what each one sees, where its costs cross, and what it
/// gives up. [compare_page.cc]
void write_comparison(const StrategyComparison& answer, const RenderOptions& options, TextDocument& page);

}  // namespace ctxcost
