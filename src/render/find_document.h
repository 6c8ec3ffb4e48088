// The document of `find`.
#pragma once

#include "ctxcost/answer/find.h"
#include "document.h"

namespace ctxcost {

extern const DocumentShape kFindShape;

/// The models that fit.
class FindDocument : public Document {
 public:
  /// Both outlive the document.
  FindDocument(const FindAnswer& answer, const RenderOptions& options) : answer_(&answer), options_(&options) {}

  const DocumentShape& shape() const override { return kFindShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

 private:
  const FindAnswer* answer_;
  const RenderOptions* options_;
};

}  // namespace ctxcost
