// Answers as text: the documents that the program writes.
#pragma once

#include <string>
#include <string_view>

#include "ctxcost/render/render.h"

namespace ctxcost {

struct BudgetReport;
struct CatalogueListing;
struct Difference;
struct EvaluationAnswer;
struct EvaluationScores;
struct Explanation;
struct FitAnswer;
struct PositionAnswer;
struct ReconcileAnswer;
struct SolveAnswers;
struct StrategyComparison;
struct TrainingAnswer;

/// Returns an answer's whole document as text, in a format by its name: "table", "json", "ndjson", "csv", "markdown",
/// and for budgets "junit", "sarif" and "github" as well. The text is what the program writes, without colours. Throws
/// InputError that names the formats of such documents where `format` is none of them, and for a fit or a search
/// without any result the reasons that it left its cases out for.
std::string render(const Report& report, std::string_view format, const RenderOptions& options = {});
std::string render(const Explanation& explanation, std::string_view format, const RenderOptions& options = {});
std::string render(const FitAnswer& answer, std::string_view format, const RenderOptions& options = {});
std::string render(const SolveAnswers& answers, std::string_view format, const RenderOptions& options = {});
std::string render(const Difference& difference, std::string_view format, const RenderOptions& options = {});
std::string render(const BudgetReport& report, std::string_view format, const RenderOptions& options = {});
std::string render(const TrainingAnswer& answer, std::string_view format, const RenderOptions& options = {});
std::string render(const PositionAnswer& answer, std::string_view format, const RenderOptions& options = {});
std::string render(const EvaluationAnswer& answer, std::string_view format, const RenderOptions& options = {});
std::string render(const EvaluationScores& scores, std::string_view format, const RenderOptions& options = {});
std::string render(const ReconcileAnswer& answer, std::string_view format, const RenderOptions& options = {});
std::string render(const StrategyComparison& answer, std::string_view format, const RenderOptions& options = {});
std::string render(const CatalogueListing& listing, std::string_view format);

}  // namespace ctxcost
