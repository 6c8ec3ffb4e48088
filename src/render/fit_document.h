// The document of `fit`.
#pragma once

#include "ctxcost/answer/fit.h"
#include "document.h"
#include "result_fields.h"

namespace ctxcost {

extern const DocumentShape kFitShape;

/// The alternatives of an answer. There must be at least one.
class FitDocument : public Document {
 public:
  /// Both outlive the document.
  FitDocument(const FitAnswer& answer, const RenderOptions& options);

  const DocumentShape& shape() const override { return kFitShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

  struct Head {
    Conventions conventions;
    std::string_view verdict;  ///< of the first alternative
  };

 private:
  const FitAnswer* answer_;
  const RenderOptions* options_;
  Head head_;
};

/// Writes the page of a single alternative: its verdict, parts, bounds, times, remedies, and notes.
void write_fit(const Fit& fit, const RenderOptions& options, TextDocument& page);
/// The verdict in one line.
std::string verdict_line(const Fit& fit, UnitSystem units);
/// Draws the memory of the fullest device of each alternative.
void write_memory_bars(const std::vector<Fit>& fits, UnitSystem units, TextDocument& page);
/// "memory: IEC units, 1 GiB = 2^30 bytes"
std::string memory_caption(UnitSystem units);
/// Writes a table of alternatives. Columns that are equal in all rows are left out, except those that are always shown.
void write_alternatives(const std::vector<Fit>& fits, UnitSystem units, TextDocument& page);

}  // namespace ctxcost
