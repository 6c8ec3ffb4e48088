// `ctxcost list KIND`: what is built in.
#include "command.h"
#include "complaints.h"
#include "ctxcost/answer/listing.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/weights/weight_scheme.h"
#include "listing.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr OptionId kOptions[] = {OptionId::format, OptionId::output};

constexpr std::string_view kExamples =
    "  ctxcost list models\n"
    "  ctxcost list mechanisms\n"
    "  ctxcost list models --format json | jq -r '.models[].name'\n";

ListingCell drawn(const CatalogueValue& value) {
  if (const auto* count = std::get_if<Count>(&value)) return *count;
  if (const auto* negative = std::get_if<Negative>(&value)) return *negative;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return {};
}

/// As it is drawn.
Listing drawn(const CatalogueListing& answer) {
  Listing listing{answer.kind, {}, {}};
  for (const ctxcost::ListingColumn& column : answer.columns) listing.columns.push_back({column.name, column.heading});
  for (const std::vector<CatalogueValue>& row : answer.rows) {
    listing.rows.emplace_back();
    for (const CatalogueValue& value : row) listing.rows.back().push_back(drawn(value));
  }
  return listing;
}

Status run(const Arguments& arguments) {
  const std::vector<Target> documents = targets(arguments, row_formats());
  if (arguments.words().size() != 1) {
    std::string all;
    for (const std::string_view kind : listing_kinds()) (all += all.empty() ? "" : ", ") += kind;
    throw InputError(Diagnostic{"list", "", "expected one KIND", all});
  }
  const CatalogueListing answer = list_catalogue(arguments.words().front(), "list");
  for (const InputError& error : answer.left_out) leave_out(error, answer.rows.size() + answer.left_out.size());
  const Listing listing = drawn(answer);
  deliver(documents, [&listing](const Target& target, const Output&, Writer& out) {
    render_listing(listing, target.format, out);
  });
  return Status::answered;
}

}  // namespace

extern const Command kList;
const Command kList = {
    "list", "KIND", "models, gpus, precisions, mechanisms, engines, metrics", kOptions, kExamples, run, row_formats};

}  // namespace ctxcost::cli
