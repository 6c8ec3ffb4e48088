// The document of `show`: the facts of one entry of the catalogue.
#pragma once

#include "ctxcost/answer/show.h"
#include "document.h"

namespace ctxcost {

extern const DocumentShape kShowShape;

/// One entry. In JSON a model or GPU is its file, and anything else an object of its facts.
class ShowDocument : public Document {
 public:
  /// The entry must outlive the document.
  explicit ShowDocument(const BuiltIn& found) : found_(&found) {}

  const DocumentShape& shape() const override;
  Record head() const override;
  std::string_view file() const override;
  void write_page(TextDocument& page) const override;

 private:
  const BuiltIn* found_;
};

}  // namespace ctxcost
