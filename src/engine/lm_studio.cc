// LM Studio: llama.cpp's rules, with one stream that all sequences share.
#include "row.h"

namespace ctxcost {

extern const Engine kLlamaCpp;

namespace lm_studio {
namespace {

constexpr EnginePreset kPresets[] = {{"unified", "1"}};

}  // namespace
}  // namespace lm_studio

CTXCOST_ENGINE(kLmStudio) = [] {
  Engine engine = kLlamaCpp;
  engine.name = "lm-studio";
  engine.summary = "as llama.cpp with one stream: n x b cells that all sequences share";
  engine.presets = lm_studio::kPresets;
  return engine;
}();

}  // namespace ctxcost
