// The shapes of the documents that commands write. A new one is a file of its own and a line here.
#include "document.h"

namespace ctxcost {

extern const DocumentShape kScaleShape;
extern const DocumentShape kExplainShape;
extern const DocumentShape kCompareShape;
extern const DocumentShape kFindShape;
extern const DocumentShape kFitShape;
extern const DocumentShape kSolveShape;
extern const DocumentShape kDiffShape;
extern const DocumentShape kCheckShape;
extern const DocumentShape kListShape;
extern const DocumentShape kShowShape;
extern const DocumentShape kTrainShape;
extern const DocumentShape kEvaluateShape;
extern const DocumentShape kReconcileShape;

std::span<const DocumentShape* const> document_shapes() {
  static constexpr const DocumentShape* kAll[] = {
      &kScaleShape, &kExplainShape, &kCompareShape,  &kFitShape,       &kSolveShape, &kFindShape, &kDiffShape,
      &kCheckShape, &kTrainShape,   &kEvaluateShape, &kReconcileShape, &kListShape,  &kShowShape};
  return kAll;
}

}  // namespace ctxcost
