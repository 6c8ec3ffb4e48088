// Descriptions of precisions for lists and for `show`.
#pragma once

#include <string_view>

#include "ctxcost/core/precision.h"

namespace ctxcost {

/// "weights, cache", "weights" or "cache".
std::string_view stores_words(const Format& format);

/// "int4:group=G[,zero] (G = 128, even)"; empty for a format without settings.
std::string_view settings_words(const Format& format);

}  // namespace ctxcost
