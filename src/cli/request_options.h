// The options that say which requests are in flight.
#pragma once

#include "arguments.h"
#include "ctxcost/answer/deployment_question.h"

namespace ctxcost::cli {

/// Reads --users, --lengths and --shared-prefix into the question, beside its contexts and batches. Throws InputError
/// where --users stands beside --batch, or --lengths beside --context.
void read_requests(const Arguments& arguments, DeploymentQuestion& question);

/// Throws InputError if --lengths was given without the number of its users.
void require_users(const Arguments& arguments);

}  // namespace ctxcost::cli
