// What most sources read first, parsed once a build. Every source still includes what it uses:
// CMAKE_DISABLE_PRECOMPILE_HEADERS builds without.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/model/model.h"
