// What `train` answers, as a document.
#pragma once

#include "ctxcost/answer/training.h"
#include "document.h"
#include "result_fields.h"

namespace ctxcost {

extern const DocumentShape kTrainShape;

class TrainDocument : public Document {
 public:
  /// Both outlive the document.
  TrainDocument(const TrainingAnswer& answer, const RenderOptions& options);

  const DocumentShape& shape() const override { return kTrainShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

  struct Head {
    Conventions conventions;
    std::string_view verdict;  ///< empty where there is none
  };

 private:
  const TrainingAnswer* answer_;
  const RenderOptions* options_;
  Head head_;
};

/// The stages and their sum as a table, what they compare with, times, memory, notes.
void write_training(const TrainingAnswer& answer, const RenderOptions& options, TextDocument& page);

/// "adam", "adam-fp32-grads"
std::string_view optimizer_name(const TrainingPlacement& placement);

}  // namespace ctxcost
