// Ollama: llama.cpp's rules, with a stream for each of its parallel sequences.
// [ollama/ollama: llm/server.go, envconfig/config.go]
#include "row.h"
#include "support.h"

namespace ctxcost {

extern const Engine kLlamaCpp;

namespace ollama {
namespace {

constexpr EnginePreset kPresets[] = {{"unified", "0"}};

Reserve reserve(const ReserveRequest& request) {
  Reserve result = kLlamaCpp.reserve(request);
  add_note(result, "ollama: n x b is num_ctx x OLLAMA_NUM_PARALLEL");
  for (const LayerGroup& group : request.model.groups) {
    for (const auto& mixer : group.mixers) {
      if (mixer->cache().empty() || mixer->cache()[0].role != CacheRole::latent) continue;
      if (request.choice.number("legacy_mla") == Count{0}) {
        add_note(result, "ollama: older engines and files keep all heads of latent layers (legacy_mla=1)");
      }
    }
  }
  return result;
}

}  // namespace
}  // namespace ollama

CTXCOST_ENGINE(kOllama) = [] {
  Engine engine = kLlamaCpp;
  engine.name = "ollama";
  engine.summary = "as llama.cpp: n tokens (num_ctx) for each of b sequences (OLLAMA_NUM_PARALLEL)";
  engine.reserve = ollama::reserve;
  engine.presets = ollama::kPresets;
  return engine;
}();

}  // namespace ctxcost
