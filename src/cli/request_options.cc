#include "request_options.h"

#include "complaints.h"
#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/input/request_lengths.h"
#include "option_values.h"

namespace ctxcost::cli {
namespace {

void refuse_beside(const Arguments& arguments, OptionId id, OptionId other, std::string_view why) {
  if (!arguments.has(id) || !arguments.has(other)) return;
  throw_fault(option(id).name, format("stands beside {}: {}", std::string_view(option(other).name), why),
              "keep one of them");
}

}  // namespace

void read_requests(const Arguments& arguments, DeploymentQuestion& question) {
  refuse_beside(arguments, OptionId::users, OptionId::batch, "both are the number of requests at once");
  refuse_beside(arguments, OptionId::lengths, OptionId::context, "both are the tokens of a request");
  refuse_beside(arguments, OptionId::lengths, OptionId::images, "lengths hold all tokens of a request");
  RequestMix& requests = question.settings.requests;
  if (arguments.has(OptionId::users)) question.batches = lengths(arguments, OptionId::users, 1);
  if (arguments.has(OptionId::lengths)) {
    requests = load_request_lengths(arguments.value(OptionId::lengths), option(OptionId::lengths).name);
    question.contexts = LengthList(requests.longest());
  }
  if (arguments.has(OptionId::shared_prefix)) {
    const std::string_view name = option(OptionId::shared_prefix).name;
    requests.shared_prefix = parse_length(arguments.value(OptionId::shared_prefix), name);
    if (requests.shared_prefix == 0) throw_fault(name, "expected a length of at least 1, found 0", "leave it out");
  }
}

void require_users(const Arguments& arguments) {
  if (!arguments.has(OptionId::lengths) || arguments.has(OptionId::users) || arguments.has(OptionId::batch)) return;
  throw_fault(option(OptionId::lengths).name, "expected --users N beside it, found nothing",
              "`ctxcost solve users` finds the most");
}

}  // namespace ctxcost::cli
