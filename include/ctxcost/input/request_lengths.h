// The lengths of requests: from a setting "MEAN:MAX", or from a JSON file with the share of each length.
#pragma once

#include <string_view>

#include "ctxcost/deployment/requests.h"

namespace ctxcost {

/// Reads "4K:32K", every user at the mean and one more request at the maximum, or the file of that name. Throws
/// InputError that names `source`, or the file.
RequestMix load_request_lengths(std::string_view text, std::string_view source);

/// Reads [{"tokens": "4K", "share": 0.8}, …] from text in memory; `source` names it in errors. Throws InputError with
/// every fault, shares that do not add up to 1 among them.
RequestMix parse_request_lengths(std::string_view text, std::string_view source);

}  // namespace ctxcost
