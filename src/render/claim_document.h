// The document of `explain --claim`: the ways of counting that give a printed figure.
#pragma once

#include "ctxcost/answer/claim.h"
#include "ctxcost/render/render.h"
#include "document.h"
#include "result_fields.h"

namespace ctxcost {

extern const DocumentShape kClaimShape;

class ClaimDocument : public Document {
 public:
  struct Head {
    const ClaimAnswer* answer;
    Conventions conventions;
  };

  /// The answer and the options must outlive the document.
  ClaimDocument(const ClaimAnswer& answer, const RenderOptions& options);

  const DocumentShape& shape() const override { return kClaimShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

 private:
  const ClaimAnswer* answer_;
  const RenderOptions* options_;
  Head head_;
};

}  // namespace ctxcost
