// `ctxcost list KIND`: what is built in.
#include "command.h"
#include "complaints.h"
#include "ctxcost/answer/listing.h"
#include "ctxcost/core/diagnostic.h"
#include "render/list_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr OptionId kListOptions[] = {OptionId::format, OptionId::output, OptionId::explain_columns,
                                     OptionId::color,  OptionId::width,  OptionId::wide};

constexpr std::string_view kListExamples =
    "  ctxcost list models\n"
    "  ctxcost list mechanisms\n"
    "  ctxcost list models --format json | jq -r '.models[].name'\n";

Status run_list(const Arguments& arguments) {
  const std::vector<Target> documents = targets(arguments, kListShape);
  if (arguments.words().size() != 1) {
    std::string all;
    for (const ListingKind& kind : listing_kinds()) (all += all.empty() ? "" : ", ") += kind.name;
    throw InputError(Diagnostic{"list", "", "expected one KIND", all});
  }
  const CatalogueListing answer = list_catalogue(arguments.words().front(), "list");
  for (const InputError& error : answer.left_out) leave_out(error, answer.rows.size() + answer.left_out.size());
  deliver(arguments, documents, ListDocument(answer));
  return Status::answered;
}

}  // namespace

extern const Command kList;
const Command kList = {"list",
                       "KIND",
                       "models, gpus, precisions, mechanisms, engines, metrics",
                       kListOptions,
                       kListExamples,
                       run_list,
                       [] { return target_formats(kListShape); },
                       Completion::none,
                       {},
                       Completion::listing};

}  // namespace ctxcost::cli
