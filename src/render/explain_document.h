// What `explain` answers, as a document: a row a metric, with its terms.
#pragma once

#include "ctxcost/answer/explanation.h"
#include "ctxcost/render/render.h"
#include "document.h"
#include "result_fields.h"

namespace ctxcost {

/// All documents of the command, and those of explanations.
extern const DocumentShape kExplainShape;
extern const DocumentShape kExplanationShape;

/// Metrics term by term. People read parts, terms that are alike in one; `verbose` gives every term its own.
class ExplainDocument : public Document {
 public:
  struct Head {
    const Explanation* answer;
    Conventions conventions;
  };

  /// The answer outlives the document.
  ExplainDocument(const Explanation& answer, const RenderOptions& options);

  const DocumentShape& shape() const override { return kExplanationShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

 private:
  const Explanation* answer_;
  const RenderOptions* options_;
  Head head_;
};

/// The name of a value's origin in documents: "asked", "model", "type".
std::string_view origin_name(ValueOrigin origin);

/// Caption, metrics and notes, as people read them. [explain_page.cc]
void write_explanation(const Explanation& answer, const RenderOptions& options, TextDocument& page);

}  // namespace ctxcost
