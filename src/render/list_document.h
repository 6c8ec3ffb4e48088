// The document of `list`: a table of the catalogue.
#pragma once

#include "ctxcost/answer/listing.h"
#include "document.h"

namespace ctxcost {

extern const DocumentShape kListShape;

/// The entries of one kind.
class ListDocument : public Document {
 public:
  /// The listing must outlive the document.
  explicit ListDocument(const CatalogueListing& listing) : listing_(&listing) {}

  const DocumentShape& shape() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

 private:
  const CatalogueListing* listing_;
};

}  // namespace ctxcost
