// The document of `explain --positions`: how many queries can see each key.
#pragma once

#include "ctxcost/answer/position_access.h"
#include "ctxcost/render/render.h"
#include "document.h"

namespace ctxcost {

extern const DocumentShape kPositionsShape;

class PositionsDocument : public Document {
 public:
  /// The answer and the options must outlive the document.
  PositionsDocument(const PositionAnswer& answer, const RenderOptions& options)
      : answer_(&answer), options_(&options) {}

  const DocumentShape& shape() const override { return kPositionsShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

 private:
  const PositionAnswer* answer_;
  const RenderOptions* options_;
};

/// Writes the strips, the table and the notes.
void write_positions(const PositionAnswer& answer, const RenderOptions& options, TextDocument& page);

}  // namespace ctxcost
