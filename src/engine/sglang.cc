// SGLang: a pool of token slots, made before any request, with K and V of each layer as one tensor; a second pool for
// layers with windows; slots for recurrent states.
// [python/sglang/srt/mem_cache/memory_pool.py, swa_memory_pool.py; model_executor/model_runner_kv_cache_mixin.py,
//  pool_configurator.py; configs/model_config.py]
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "live_need.h"
#include "row.h"
#include "sequence_mix.h"
#include "support.h"

namespace ctxcost {
namespace sglang {
namespace {

constexpr std::string_view kName = "sglang";
constexpr std::string_view kPoolSource = "sgl-project/sglang: mem_cache/memory_pool.py, swa_memory_pool.py";
constexpr std::string_view kStateSource = "sgl-project/sglang: mem_cache/memory_pool.py MambaPool";

constexpr EngineSetting kSettings[] = {
    {"page", "", "tokens of one page (1; 64 where there is an index)", 1},
    {"static",
     "0.9",
     "share of a device's memory for weights and cache (mem_fraction_static)",
     0,
     {},
     SettingForm::share},
    {"swa_ratio",
     "0.8",
     "tokens of the windows' pool for each of the full layers' (swa_full_tokens_ratio)",
     0,
     {},
     SettingForm::share},
    {"state_ratio",
     "0.9",
     "memory of states for each byte of keys and values (mamba_full_memory_ratio)",
     0,
     {},
     SettingForm::ratio},
    {"state", "float32", "type of recurrent states (mamba_ssm_dtype); model is the model's own", 0,
     "float32|bfloat16|float16|model"},
    {"tokens", "", "slots of the pool, in place of those that the sequences need (max_total_tokens; #tokens of a log)",
     1},
    {"slots", "", "states of the pool, in place of one for each sequence (max_mamba_cache_size)", 1},
};

constexpr Count kIndexPage = 64;        // of models with an index [server_args.py]
constexpr Count kRecordScaleRun = 128;  // elements of a latent that share a scale [NSATokenToKVPool.quant_block_size]

// Types that a cache may have [server_args.py --kv-cache-dtype]; nvfp4 is fp4_e2m1.
constexpr std::string_view kCacheTypes[] = {"fp32", "fp16", "bf16", "fp8", "nvfp4", "fp8_ds_mla"};

// Kinds of layers that SGLang runs.
constexpr std::string_view kKinds[] = {"full",        "none",       "bidirectional",  "sliding_window",
                                       "chunked",     "latent",     "indexed_latent", "mamba2",
                                       "gated_delta", "kimi_delta", "lightning",      "short_conv"};

// Families whose window layers have a pool of their own [model_config.py is_hybrid_swa_model]. In others, such layers
// cache every token. A model of the own format stands for one that has such a pool.
constexpr std::string_view kPooledWindows[] = {"llama4",  "llama4_text", "gpt_oss",     "mimo_v2_flash",
                                               "step3p5", "gemma4",      "gemma4_text", "own"};

/// One tensor of a pool, alike in a number of layers.
struct PoolRows {
  std::string_view part;
  Count layers;
  Count token_bytes;  ///< of one token and layer
  bool window;        ///< in the windows' pool
};

/// One tensor of states, alike in a number of layers.
struct PoolStates {
  std::string_view part;
  std::string_view kind;
  Count layers;
  Count bytes;  ///< of one request and layer
};

/// What a device allocates for each token and for each request.
struct Pools {
  Count page = 1;
  bool windows_ignored = false;
  std::vector<PoolRows> rows;
  std::vector<PoolStates> states;

  bool any_rows(bool window) const {
    for (const PoolRows& row : rows) {
      if (row.window == window) return true;
    }
    return false;
  }
  /// Bytes of one token in all layers of a pool.
  Count cell(bool window) const {
    Count bytes;
    for (const PoolRows& row : rows) {
      if (row.window == window) bytes += row.layers * row.token_bytes;
    }
    return bytes;
  }
  /// Bytes of one request's states in all layers.
  Count state_bytes() const {
    Count bytes;
    for (const PoolStates& state : states) bytes += state.layers * state.bytes;
    return bytes;
  }
  Count whole_pages(Count tokens) const { return tokens / page * page; }
  /// Tokens of the windows' pool beside `tokens` of the full layers'. Without full layers it is the only pool.
  Count window_tokens(Count tokens, const Fraction& ratio) const {
    return any_rows(false) ? whole_pages(ratio.of(tokens)) : tokens;
  }
};

void check_pool_type(const KvPrecision& kv, CacheRole role) {
  if (role == CacheRole::index) return;
  if (!contains(kCacheTypes, kv.key.format().name)) {
    refuse(kName, "\"" + kv.key.name() + "\" is not a type of its cache", "use bf16, fp16, fp8 or nvfp4");
  }
  if (role != CacheRole::latent && !(kv.key == kv.value)) {
    refuse(kName, "its keys and values are of one type, found " + kv.name(), "give one type");
  }
}

bool has_index(const Mixer& mixer) {
  for (const CachePart& part : mixer.cache()) {
    if (part.role == CacheRole::index) return true;
  }
  return false;
}

/// Bytes of one token of a part. Latents beside an index are, in fp8, a record: the latent, an fp32 scale for each 128
/// of its elements, and the rotary part in 16 bits [calculate_mla_kv_cache_dim].
Count token_bytes(const ReserveRequest& request, const Mixer& mixer, const CachePart& part) {
  const Precision& type = precision_of(request.kv, part.role);
  if (part.role == CacheRole::latent && type.format().name == "fp8" && has_index(mixer)) {
    const Count rank = mixer.settings().count("kv_rank");
    if (rank % kRecordScaleRun != 0) {
      refuse(kName, "fp8 latents beside an index need a rank of a multiple of 128, found " + to_string(rank),
             "use the model's type");
    }
    return rank + rank / kRecordScaleRun * 4 + (part.width - rank) * 2;
  }
  if (const std::string fault = cache_type_fault(type, mixer, part); !fault.empty()) {
    refuse(kName, "\"" + type.name() + "\": " + fault, "use the model's type");
  }
  return cache_bytes(type, part.role, part.heads, part.width, 1);
}

/// Bytes of one state [configs/mamba_utils.py]: convolutions in the model's type, recurrences as asked.
Count state_bytes_of(const ReserveRequest& request, const StatePart& part) {
  if (part.type != StateType::fp32) return state_bytes(part, request.model, request.kv);
  const std::string_view type = request.choice.word("state");
  if (type == "float32") return part.elements * 4;
  return type == "model" ? request.model.activation.row_bytes(part.elements) : part.elements * 2;
}

std::string_view window_part(CacheRole role) { return role == CacheRole::value ? "window values" : "window keys"; }

Pools pools_of(const ReserveRequest& request) {
  Pools pools;
  const bool pooled = contains(kPooledWindows, request.model.family);
  bool index = false;
  for (const LayerGroup& group : request.model.groups) {
    if (group.stack == Stack::encoder) continue;
    for (const auto& mixer : group.mixers) {
      check_kind(kName, kKinds, mixer->kind());
      for (const CachePart& part : mixer->cache()) {
        if (!part.owned) continue;
        check_pool_type(request.kv, part.role);
        index = index || part.role == CacheRole::index;
        const bool limited = part.span.kind == Span::Kind::window || part.span.kind == Span::Kind::chunk;
        const bool window = limited && pooled;
        pools.windows_ignored = pools.windows_ignored || (limited && !pooled);
        pools.rows.push_back(
            {window ? window_part(part.role) : part.name, group.count(), token_bytes(request, *mixer, part), window});
      }
      for (const StatePart& part : mixer->state()) {
        pools.states.push_back({part.name, mixer->kind(), group.count(), state_bytes_of(request, part)});
      }
    }
  }
  pools.page = request.choice.given("page") ? request.choice.number("page") : index ? kIndexPage : Count{1};
  return pools;
}

/// Slots of a sequence on a rank, in whole pages.
Count sequence_tokens(const ReserveRequest& request, const Pools& pools, Count context) {
  return round_up(ceil_div(context, request.context_ranks), pools.page);
}

/// The radix tree keeps a prefix once, in whole pages [mem_cache/radix_cache.py match_prefix].
Count shared_tokens(const ReserveRequest& request, const Pools& pools) {
  return whole_steps_of_prefix(request, request.context_ranks * pools.page);
}

Count shared_tokens(const ReserveRequest& request) { return shared_tokens(request, pools_of(request)); }

/// Slots that the sequences need.
Count needed_tokens(const ReserveRequest& request, const Pools& pools) {
  const Count each = over_sequences(request, [&](Count n) { return sequence_tokens(request, pools, n); });
  return each - sharing_sequences(request) * shared_tokens(request, pools) / request.context_ranks;
}

/// Slots of the first pool: as asked, else as many as the sequences need.
Count tokens_of(const ReserveRequest& request, const Pools& pools) {
  if (request.choice.given("tokens")) return pools.whole_pages(request.choice.number("tokens"));
  return needed_tokens(request, pools);
}

/// Says how the rows of a pool come about.
void explain_rows(Reserve& result, const ReserveRequest& request, const Pools& pools, const PoolRows& row,
                  Count tokens) {
  const bool given = request.choice.given("tokens");
  const std::string_view first = given                        ? "floor(asked / page) page"
                                 : request.context_ranks != 1 ? "batch ceil((n + ranks - 1) / ranks / page) page"
                                                              : "batch ceil(n / page) page";
  const bool second = row.window && pools.any_rows(false);
  std::vector<FormulaValue> values{
      {"layers", row.layers, ValueOrigin::model, {}, "of that kind"},
      {"tokens", tokens, ValueOrigin::derived,
       second ? std::string_view("floor(full_tokens ratio / ratio_of / page) page") : first, "slots of the pool"},
      {"page", pools.page, ValueOrigin::engine, {}, "tokens of a page; one page is padding"},
      {"token_bytes", row.token_bytes, ValueOrigin::type, {}, "of one token and layer"}};
  if (second) {
    const Fraction ratio = request.choice.fraction("swa_ratio");
    values.push_back({"full_tokens", tokens_of(request, pools), ValueOrigin::derived, first, "slots of full layers"});
    values.push_back({"ratio", ratio.numerator, ValueOrigin::engine, {}, "swa_ratio"});
    values.push_back({"ratio_of", ratio.denominator, ValueOrigin::engine, {}, "swa_ratio's denominator"});
  }
  if (given) {
    values.push_back({"asked", request.choice.number("tokens"), ValueOrigin::engine});
  } else {
    values.push_back({"batch", request.batch, ValueOrigin::asked});
    values.push_back({"n", request.context, ValueOrigin::asked});
    if (request.context_ranks != 1) values.push_back({"ranks", request.context_ranks, ValueOrigin::asked});
  }
  add_rule(result, request, row.part, {}, "layers (tokens + page) token_bytes", kPoolSource, std::move(values));
}

Reserve reserve(const ReserveRequest& request) {
  const Pools pools = pools_of(request);
  const Count tokens = tokens_of(request, pools);
  const Count window_tokens = pools.window_tokens(tokens, request.choice.fraction("swa_ratio"));
  Reserve result;
  for (const PoolRows& row : pools.rows) {
    const Count held = row.window ? window_tokens : tokens;
    // One page more: slot 0 takes what padded tokens write.
    add_part(result, row.part, row.layers * (held + pools.page) * row.token_bytes);
    if (request.explained) explain_rows(result, request, pools, row, held);
  }
  const bool given = request.choice.given("slots");
  const Count slots = given ? request.choice.number("slots") : request.batch;
  for (const PoolStates& state : pools.states) {
    add_part(result, state.part, state.layers * (slots + 1) * state.bytes);
    add_rule(result, request, state.part, std::string(state.kind), "layers (slots + 1) state_bytes", kStateSource,
             {{"layers", state.layers, ValueOrigin::model, {}, "of that kind"},
              {"slots", slots, given ? ValueOrigin::engine : ValueOrigin::asked, {}, "and one of padding"},
              {"state_bytes", state.bytes, ValueOrigin::derived, {}, "of one request and layer"}});
  }
  if (pools.any_rows(true) && pools.any_rows(false)) {
    add_note(result, "SGLang makes two pools: " + to_string(tokens) + " tokens for full layers, " +
                         to_string(window_tokens) + " for window layers");
  }
  if (pools.windows_ignored) {
    add_note(result,
             "SGLang has no pool for the windows of \"" + request.model.family + "\": its layers cache every token");
  }
  return result;
}

/// Bytes that weights and pools may take, less the weights [profile_max_num_token]. What takes memory before the
/// weights are loaded (`overhead`) is not free then.
Count cache_room(const EngineChoice& choice, const BesideCache& device) {
  const Count free_before = minus_or_zero(device.memory, device.overhead);
  return minus_or_zero(choice.fraction("static").of(free_before), device.weights);
}

/// "max_total_num_tokens" of the log, from the bytes that are left [profile_max_num_token, handle_max_mamba_cache,
/// pool_configurator.py].
CacheCapacity capacity(const ReserveRequest& request, Count available) {
  const Pools pools = pools_of(request);
  const EngineChoice& choice = request.choice;
  CacheCapacity result;
  Count rest = available;
  Count slots;
  const Count state = pools.state_bytes();
  if (state > 0) {
    const Fraction ratio = choice.fraction("state_ratio");
    slots = choice.given("slots") ? choice.number("slots")
                                  : available * ratio.numerator / (ratio.numerator + ratio.denominator) / state;
    rest = minus_or_zero(available, slots * state);
  }
  if (pools.rows.empty()) {
    result.units = slots;
    result.units_per_sequence = state > 0 ? 1 : 0;
    if (request.mix != nullptr) result.units_of_mix = request.batch * result.units_per_sequence;
    return result;
  }
  const Count full_cell = pools.cell(false);
  const Count window_cell = pools.cell(true);
  const Fraction ratio = full_cell == 0 ? Fraction{} : choice.fraction("swa_ratio");
  Count tokens = rest * ratio.denominator / (full_cell * ratio.denominator + window_cell * ratio.numerator);
  if (choice.given("tokens")) tokens = min(tokens, choice.number("tokens"));
  tokens = pools.whole_pages(tokens);
  result.tokens = tokens * request.context_ranks;
  result.units = tokens;
  result.units_per_sequence = sequence_tokens(request, pools, request.context);
  if (request.mix != nullptr) {
    // Either pool may be too small.
    const bool few_slots = state > 0 && slots < request.batch;
    if (few_slots) result.units = slots;
    result.units_of_mix = few_slots ? request.batch : needed_tokens(request, pools);
    return result;
  }
  if (state > 0 && slots * result.units_per_sequence < tokens) {
    result.units = slots;
    result.units_per_sequence = 1;
  }
  return result;
}

}  // namespace
}  // namespace sglang

CTXCOST_ENGINE(kSglang) = {
    .name = sglang::kName,
    .summary =
        "pools of token slots with a page of padding, for all sequences or as large as asked; states for one more",
    .source =
        "sgl-project/sglang: mem_cache/memory_pool.py, swa_memory_pool.py, model_executor/pool_configurator.py, "
        "model_runner_kv_cache_mixin.py",
    .release = "main (mid 2026)",
    .settings = sglang::kSettings,
    .reserve = sglang::reserve,
    .capacity = sglang::capacity,
    .cache_room = sglang::cache_room,
    .not_counted =
        "CUDA graphs and activations, which lie in the memory outside `static`; the table of requests, 4 bytes for "
        "each request and token of the longest context",
    .shared_tokens = sglang::shared_tokens,
    .prefix_rule =
        "the radix tree keeps its whole pages once; states are each sequence's own [mem_cache/radix_cache.py]"};

}  // namespace ctxcost
