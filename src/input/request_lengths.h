// Lengths of requests as they stand within other files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctxcost/deployment/requests.h"
#include "input/json/cursor.h"

namespace ctxcost {

/// The keys of a length.
inline constexpr std::array kRequestLengthKeys = {
    FileKey{"tokens", ValueType::length, "of a request: its prompt and its answer", {}, {.required = true}},
    FileKey{"share",
            ValueType::ratio,
            "of the users whose requests are so long; all shares add up to 1",
            {},
            {.required = true}},
};

/// Whether a text is written lengths, "MEAN:MAX" or a try at it ("4K"), and no name of a file.
bool is_written_lengths(std::string_view text);
/// Reads "MEAN:MAX". Throws InputError that names `source`.
RequestMix parse_mean_and_longest(std::string_view text, std::string_view source);
/// Reads a list of lengths. Empty after a fault.
std::optional<RequestMix> read_request_lengths(const JsonValue& list, const std::string& pointer, Faults& faults);

}  // namespace ctxcost
