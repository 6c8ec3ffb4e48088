// The list of engines. A new one is a file of its own and a line here.
#include "ctxcost/engine/engine.h"

#define CTXCOST_ENGINES(ROW) \
  ROW(kIdeal)                \
  ROW(kVllm)                 \
  ROW(kLlamaCpp)             \
  ROW(kOllama)               \
  ROW(kLmStudio)             \
  ROW(kSglang)               \
  ROW(kTensorrtLlm)          \
  ROW(kMlx)                  \
  ROW(kTransformers)

namespace ctxcost {

#define CTXCOST_DECLARE(name) extern const Engine name;
CTXCOST_ENGINES(CTXCOST_DECLARE)
#undef CTXCOST_DECLARE

std::span<const Engine* const> engines() {
#define CTXCOST_ADDRESS(name) &name,
  static constexpr const Engine* kAll[] = {CTXCOST_ENGINES(CTXCOST_ADDRESS)};
#undef CTXCOST_ADDRESS
  return kAll;
}

EngineChoice ideal_engine() { return {&kIdeal, {}, std::string(kIdeal.name)}; }

}  // namespace ctxcost
