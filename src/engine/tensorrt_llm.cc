// TensorRT-LLM: blocks of tokens in one pool, made of a share of the memory that is free beside the engine.
// [cpp/tensorrt_llm/batch_manager/kvCacheManager.cpp, tensorrt_llm/_torch/pyexecutor/resource_manager.py]
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "live_need.h"
#include "row.h"
#include "sequence_mix.h"
#include "support.h"

namespace ctxcost {
namespace tensorrt_llm {
namespace {

constexpr std::string_view kName = "tensorrt-llm";
constexpr std::string_view kSource = "NVIDIA/TensorRT-LLM: batch_manager/kvCacheManager.cpp";
constexpr std::string_view kStateSource =
    "NVIDIA/TensorRT-LLM: _torch/pyexecutor/resource_manager.py MambaCacheManager";

constexpr EngineSetting kSettings[] = {
    {"block", "32", "tokens of one block (tokens_per_block; engines built ahead: 64)", 1},
    {"fraction",
     "0.9",
     "share of the free memory that the cache takes (free_gpu_memory_fraction)",
     0,
     {},
     SettingForm::share},
    {"tokens", "", "tokens of the pool, in place of those that the sequences need (max_tokens)", 1},
};

// Types that a cache may have [kv_cache_config.dtype].
constexpr std::string_view kCacheTypes[] = {"fp32", "fp16", "bf16", "fp8", "int8", "nvfp4"};

// Kinds of layers that TensorRT-LLM runs.
constexpr std::string_view kKinds[] = {"full",   "none",           "bidirectional", "sliding_window", "chunked",
                                       "latent", "indexed_latent", "mamba2",        "gated_delta"};

void check_pool_type(const KvPrecision& kv, CacheRole role) {
  if (role == CacheRole::index) return;
  if (!contains(kCacheTypes, kv.key.format().name) || kv.key.block() > 16) {
    refuse(kName, "\"" + kv.key.name() + "\" is not a type of its cache", "use fp16, bf16, fp8, int8 or nvfp4");
  }
  if (role != CacheRole::latent && !(kv.key == kv.value)) {
    refuse(kName, "its keys and values are of one type, found " + kv.name(), "give one type");
  }
}

/// Tokens of the whole blocks that one sequence of n tokens needs on a rank.
Count sequence_tokens(const ReserveRequest& request, Count context) {
  return round_up(ceil_div(context, request.context_ranks), request.choice.number("block"));
}

/// Full blocks are reused while others hold them, but not beside recurrent states
/// [kvCacheManager.cpp WindowBlockManager::loadOrAllocateBlocks; pyexecutor/resource_manager.py
/// MambaHybridCacheManager].
Count shared_tokens(const ReserveRequest& request) {
  for (const LayerGroup& group : request.model.groups) {
    for (const auto& mixer : group.mixers) {
      if (!mixer->state().empty()) return 0;
    }
  }
  return whole_steps_of_prefix(request, request.context_ranks * request.choice.number("block"));
}

/// Tokens of the whole blocks that all sequences need on a rank.
Count needed_tokens(const ReserveRequest& request) {
  const Count each = over_sequences(request, [&](Count n) { return sequence_tokens(request, n); });
  if (request.mix == nullptr) return each;
  return each - sharing_sequences(request) * shared_tokens(request) / request.context_ranks;
}

/// Tokens of the pool: as asked, else as many as the sequences need, in whole blocks.
Count pool_tokens(const ReserveRequest& request) {
  if (request.choice.given("tokens")) {
    return round_up(request.choice.number("tokens"), request.choice.number("block"));
  }
  return needed_tokens(request);
}

/// Bytes of a part of one token and layer.
Count token_bytes(const ReserveRequest& request, const CachePart& part) {
  return cache_bytes(precision_of(request.kv, part.role), part.role, part.heads, part.width, 1);
}

/// Bytes of one state: convolutions in the model's type, recurrences in the type that the config names, else in the
/// model's [MambaCacheManager, ssm_cache_dtype].
Count kept_bytes(const ReserveRequest& request, const StatePart& part) {
  if (part.type != StateType::fp32) return state_bytes(part, request.model, request.kv);
  return request.model.recurrent_state.value_or(request.model.activation).row_bytes(part.elements);
}

void explain_rows(Reserve& result, const ReserveRequest& request, const LayerGroup& group, const CachePart& part) {
  std::vector<FormulaValue> values{
      {"layers", group.count(), ValueOrigin::model, {}, "of that kind"},
      {"tokens", pool_tokens(request), ValueOrigin::derived, "ceil(asked / block) block", "of the pool"},
      {"token_bytes", token_bytes(request, part), ValueOrigin::type, {}, "of one token and layer"},
      {"block", request.choice.number("block"), ValueOrigin::engine, {}, "tokens of a block"}};
  if (request.choice.given("tokens")) {
    values.push_back({"asked", request.choice.number("tokens"), ValueOrigin::engine});
  } else {
    const bool ranked = request.context_ranks != 1;
    values[1].expression = ranked ? "batch ceil((n + ranks - 1) / ranks / block) block" : "batch ceil(n / block) block";
    values.push_back({"batch", request.batch, ValueOrigin::asked});
    values.push_back({"n", request.context, ValueOrigin::asked});
    if (ranked) values.push_back({"ranks", request.context_ranks, ValueOrigin::asked});
  }
  add_rule(result, request, part.name, {}, "layers tokens token_bytes", kSource, std::move(values));
}

Reserve reserve(const ReserveRequest& request) {
  const Count tokens = pool_tokens(request);
  Reserve result;
  for (const LayerGroup& group : request.model.groups) {
    if (group.stack == Stack::encoder) continue;
    for (const auto& mixer : group.mixers) {
      check_kind(kName, kKinds, mixer->kind());
      for (const CachePart& part : mixer->cache()) {
        if (!part.owned) continue;
        check_pool_type(request.kv, part.role);
        if (part.span.kind == Span::Kind::window || part.span.kind == Span::Kind::chunk) {
          add_note(result,
                   "TensorRT-LLM reserves the full length for window layers, unless max_attention_window lists their "
                   "windows (not modelled)");
        }
        add_part(result, part.name, group.count() * tokens * token_bytes(request, part));
        if (request.explained) explain_rows(result, request, group, part);
      }
      for (const StatePart& part : mixer->state()) {
        add_states(result, request, group, *mixer, part, kept_bytes(request, part), kStateSource);
      }
    }
  }
  return result;
}

/// A share of what is free beside weights and activations. A number of tokens replaces the default share: then all of
/// it [KvCacheManager::calculateMaxNumBlocks].
Count cache_room(const EngineChoice& choice, const BesideCache& device) {
  const Count used = device.weights + device.activations + device.overhead;
  const Count free = minus_or_zero(device.memory, used);
  const bool replaced = choice.given("tokens") && !choice.given("fraction");
  return replaced ? free : choice.fraction("fraction").of(free);
}

/// "max tokens in paged KV cache" of the log: the tokens that fit, in blocks rounded up. Beside states, which each
/// sequence brings along, sequences are counted by their bytes.
CacheCapacity capacity(const ReserveRequest& request, Count available) {
  Count cell, state;
  for (const LayerGroup& group : request.model.groups) {
    if (group.stack == Stack::encoder) continue;
    for (const auto& mixer : group.mixers) {
      for (const CachePart& part : mixer->cache()) {
        if (part.owned) cell += group.count() * token_bytes(request, part);
      }
      for (const StatePart& part : mixer->state()) state += group.count() * kept_bytes(request, part);
    }
  }
  const bool given = request.choice.given("tokens");
  CacheCapacity result;
  if (cell == 0 || (state > 0 && !given)) {
    result.units = available;
    result.units_per_sequence = sequence_tokens(request, request.context) * cell + state;
    if (request.mix != nullptr) result.units_of_mix = needed_tokens(request) * cell + request.batch * state;
    return result;
  }
  Count tokens = available / cell;
  if (given) tokens = min(tokens, request.choice.number("tokens"));
  const Count block = request.choice.number("block");
  result.units = ceil_div(tokens, block);
  result.units_per_sequence = sequence_tokens(request, request.context) / block;
  if (request.mix != nullptr) result.units_of_mix = needed_tokens(request) / block;
  result.tokens = result.units * block * request.context_ranks;
  return result;
}

}  // namespace
}  // namespace tensorrt_llm

CTXCOST_ENGINE(kTensorrtLlm) = {
    .name = tensorrt_llm::kName,
    .summary = "one pool of blocks for all sequences, or as large as asked; windows in full",
    .source =
        "NVIDIA/TensorRT-LLM: cpp/tensorrt_llm/batch_manager/kvCacheManager.cpp, "
        "tensorrt_llm/_torch/pyexecutor/resource_manager.py",
    .release = "main (mid 2026)",
    .settings = tensorrt_llm::kSettings,
    .reserve = tensorrt_llm::reserve,
    .capacity = tensorrt_llm::capacity,
    .cache_room = tensorrt_llm::cache_room,
    .not_counted =
        "the engine's workspaces and CUDA graphs; a pool of memory on the host, if one is asked for; no range is "
        "published",
    .shared_tokens = tensorrt_llm::shared_tokens,
    .prefix_rule =
        "full blocks are kept once (enable_block_reuse), but not beside recurrent states "
        "[batch_manager/kvCacheManager.cpp]"};

}  // namespace ctxcost
