// vLLM (v1): blocks of tokens from one pool, as many as the longest request can need at a time.
// [vllm/v1/kv_cache_interface.py, vllm/v1/core/kv_cache_utils.py, vllm/model_executor/models/config.py]
#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "live_need.h"
#include "row.h"
#include "sequence_mix.h"
#include "support.h"

namespace ctxcost {
namespace vllm {
namespace {

constexpr std::string_view kName = "vllm";
constexpr std::string_view kSource = "vllm-project/vllm v1: kv_cache_interface.py, kv_cache_utils.py";

constexpr EngineSetting kSettings[] = {
    {"block", "", "tokens of one block (16; 64 where there are latents, 128 with CUTLASS_MLA)", 1},
    {"max_batched_tokens", "",
     "tokens scheduled in one step (8192 on cards of 70 GiB and more but the A100, else 2048)", 1},
    {"batches", "2", "steps in flight, for which windows and chunks keep tokens: 1 before 0.26", 1},
    {"prefix_cache", "1", "prefixes are cached, so that states are kept at blocks: 0 for hybrids before 0.19", 0,
     "0|1"},
    {"mamba_cache", "auto",
     "which states are kept: align the last two, all one a block, none one; auto is align with prefix_cache, else none",
     0, "auto|align|none|all"},
    {"spec", "0", "speculated tokens: a state page for each, and a cache for the checkpoint's MTP layers", 0},
    {"state", "auto", "type of recurrent states: auto is the config's own, else the model's", 0, "auto|float32|model"},
    {"hybrid", "1", "windows have pages of their own; 0 (no hybrid manager) reserves their full length", 0, "0|1"},
    {"tokens", "new", "how the log counts a cache's tokens: old is that of releases before 0.21", 0, "new|old"},
};

// [vllm/config/lora.py MaxLoRARanks]
constexpr std::uint32_t kAdapterRanks[] = {1, 8, 16, 32, 64, 128, 256, 320, 512};

constexpr Count kBlock = 16;
constexpr Count kLatentBlock = 64;  // FlashMLA's
constexpr Count kWideBlock = 32;    // FlashInfer's for heads of 256 on Blackwell
constexpr Count kWideHead = 256;
constexpr Count kMambaChunk = 1024;  // of a kind without chunks [vllm/config/model.py get_mamba_chunk_size]
// [vllm/engine/arg_utils.py get_batch_defaults]
constexpr Count kBatchedTokens = 2048;
constexpr Count kBatchedTokensOfLargeCards = 8192;
constexpr Count kLargeCard = std::uint64_t{70} << 30;
constexpr std::string_view kLatentRecord = "fp8_ds_mla";

// Types that a cache may have [vllm/config/cache.py CacheDType].
constexpr std::string_view kCacheTypes[] = {
    "fp32", "fp16", "bf16", "fp8", "fp8_per_token_head", "int8_per_token_head", "nvfp4", "fp8_ds_mla"};

// Kinds of layers that vLLM runs.
constexpr std::string_view kKinds[] = {"full",      "none",           "bidirectional",  "sliding_window",
                                       "chunked",   "vertical_slash", "latent",         "indexed_latent",
                                       "mamba",     "mamba2",         "gated_delta",    "kimi_delta",
                                       "lightning", "short_conv",     "cross_attention"};

/// How states are kept [vllm/config/cache.py MambaCacheMode].
enum class StateCache { none, align, all };

/// Layers with equal specifications: one entry of the cache groups.
struct Bucket {
  enum class Kind { full, window, chunk, cross, index, state };
  Kind kind;
  Count limit;                                ///< of a window or chunk
  std::vector<std::pair<Count, Count>> rows;  ///< heads and width of each tensor; for a state, its bytes and 0
  Count layers;
  Count token_bytes;  ///< of one token and layer; 0 for a state
  Count state_bytes;  ///< of one sequence and layer
  Count block;        ///< tokens of one block
  Count state_chunk;  ///< tokens of a step of a recurrence's kernel, with which `all` aligns; 0 = it has no such mode
  StateCache states = StateCache::none;

  bool is_attention() const { return kind != Kind::state; }
  /// Returns whether the mask covers the whole context, so that blocks hold every token.
  bool is_full() const { return kind == Kind::full || kind == Kind::index; }
  Count page_bytes() const { return is_attention() ? block * token_bytes : state_bytes; }
  std::string_view part() const {
    switch (kind) {
      case Kind::full: return "attention blocks";
      case Kind::window: return "window blocks";
      case Kind::chunk: return "chunk blocks";
      case Kind::cross: return "cross-attention blocks";
      case Kind::index: return "index blocks";
      case Kind::state: return "state pages";
    }
    return {};
  }
};

/// Returns the tokens of one step: as asked, else by the card [vllm/engine/arg_utils.py get_batch_defaults].
Count batched_tokens(const ReserveRequest& request) {
  if (request.choice.given("max_batched_tokens")) return request.choice.number("max_batched_tokens");
  const EngineDevice* const card = request.device;
  return card != nullptr && card->memory_bytes >= kLargeCard && !card->is_a100 ? kBatchedTokensOfLargeCards
                                                                               : kBatchedTokens;
}

/// Returns the tokens that are scheduled but may not have been freed yet [vllm/config/vllm.py max_in_flight_tokens].
Count tokens_in_flight(const ReserveRequest& request) {
  return request.choice.number("batches") * batched_tokens(request);
}

/// Returns the mode as asked, else by prefix caching, which models without attention do not have
/// [vllm/model_executor/models/config.py MambaModelConfig; vllm/config/model.py is_prefix_caching_supported].
StateCache state_cache(const ReserveRequest& request, bool has_attention) {
  const std::string_view asked = request.choice.word("mamba_cache");
  if (asked == "none") return StateCache::none;
  if (asked == "align") return StateCache::align;
  if (asked == "all") return StateCache::all;
  return has_attention && request.choice.word("prefix_cache") == "1" ? StateCache::align : StateCache::none;
}

/// Returns the blocks of one layer that one sequence can hold at a time.
Count blocks_of(const Bucket& bucket, const ReserveRequest& request) {
  const Count n = request.context;
  const Count in_flight = tokens_in_flight(request);
  switch (bucket.kind) {
    case Bucket::Kind::full:
    case Bucket::Kind::index: return ceil_div(ceil_div(n, request.context_ranks), bucket.block);
    case Bucket::Kind::cross: return ceil_div(n == 0 ? n : request.model.cross_tokens.value_or(n), bucket.block);
    case Bucket::Kind::window:
      // One more block, since a window need not start at a block border [SlidingWindowSpec.max_memory_usage_bytes].
      return n == 0 ? Count{} : ceil_div(min(bucket.limit - 1 + in_flight, n), bucket.block) + 1;
    // A chunk begins at a block [ChunkedLocalAttentionSpec.max_admission_blocks_per_request].
    case Bucket::Kind::chunk: return ceil_div(min(bucket.limit + in_flight, n), bucket.block);
    case Bucket::Kind::state: {
      // [MambaSpec.max_memory_usage_bytes]
      const Count kept = bucket.states == StateCache::all     ? ceil_div(n, bucket.block)
                         : bucket.states == StateCache::align ? Count{2}
                                                              : Count{1};
      return kept + request.choice.number("spec");
    }
  }
  return 0;
}

void check_type(const KvPrecision& kv, CacheRole role) {
  if (role == CacheRole::index) return;
  if (!contains(kCacheTypes, kv.key.format().name)) {
    refuse(kName, "\"" + kv.key.name() + "\" is not a type of its cache",
           "use auto types or fp8, nvfp4, fp8_per_token_head, fp8_ds_mla");
  }
  if (role != CacheRole::latent && !(kv.key == kv.value)) {
    refuse(kName, "its keys and values are of one type, found " + kv.name(), "give one type");
  }
}

/// The type of the mixer's latents: with an index, fp8 of any kind is a record [platforms/cuda.py
/// check_and_update_config; v1/attention/backends/mla/flashmla_sparse.py].
Precision latent_type(const ReserveRequest& request, const Mixer& mixer, const CachePart& latent) {
  const Precision& asked = request.kv.key;
  const auto is_index = [](const CachePart& part) { return part.role == CacheRole::index; };
  const bool sparse = std::any_of(mixer.cache().begin(), mixer.cache().end(), is_index);
  if (!sparse || !asked.format().name.starts_with("fp8")) return asked;
  Precision record = parse_precision(kLatentRecord, kName);
  const std::string fault = cache_type_fault(record, mixer, latent);
  if (!fault.empty()) {
    refuse(kName, "\"" + asked.name() + "\" beside an index is \"" + record.name() + "\": " + fault,
           "use the model's type");
  }
  return record;
}

/// Bytes of one state part of one layer and sequence [model_executor/layers/mamba/mamba_utils.py
/// MambaStateDtypeCalculator]: Kimi's delta is always kept in fp32, lightning attention in the model's type.
Count kept_bytes(const ReserveRequest& request, const Mixer& mixer, const StatePart& part) {
  if (part.type != StateType::fp32) {
    // A convolution keeps a column for each speculated token, too [mamba_utils.py MambaStateShapeCalculator].
    StatePart kept = part;
    const Count columns = mixer.settings().count_or("conv", 1) - 1;
    if (part.name == "convolution" && columns > 0 && part.elements % columns == 0) {
      kept.elements = part.elements / columns * (columns + request.choice.number("spec"));
    }
    return state_bytes(kept, request.model, request.kv);
  }
  const MechanismTraits& traits = mixer.traits();
  const std::string_view asked = request.choice.word("state");
  const std::string_view state = !traits.state_type_is_fixed ? asked : traits.state_in_model_type ? "model" : "float32";
  const Precision& model = request.model.activation;
  if (state == "model") return model.row_bytes(part.elements);
  if (state == "float32") return state_bytes(part, request.model, request.kv);
  return request.model.recurrent_state.value_or(model).row_bytes(part.elements);
}

void add_bucket(std::vector<Bucket>& buckets, Bucket bucket) {
  for (Bucket& known : buckets) {
    if (known.kind == bucket.kind && known.limit == bucket.limit && known.rows == bucket.rows) {
      known.layers += bucket.layers;
      return;
    }
  }
  buckets.push_back(std::move(bucket));
}

/// Adds what `layers` layers with that mixer keep.
void add_buckets(std::vector<Bucket>& buckets, const ReserveRequest& request, const Mixer& mixer, Count layers) {
  check_kind(kName, kKinds, mixer.kind());
  Bucket attention{Bucket::Kind::full, 0, {}, layers, 0, 0, 0, 0};
  for (const CachePart& part : mixer.cache()) {
    if (!part.owned) continue;
    check_type(request.kv, part.role);
    const Precision type =
        part.role == CacheRole::latent ? latent_type(request, mixer, part) : precision_of(request.kv, part.role);
    const Count token = cache_bytes(type, part.role, part.heads, part.width, 1);
    if (part.role == CacheRole::index) {
      // The indexer is a layer of its own, with keys of one byte and their scale [deepseek_v2.py
      // DeepseekV32IndexerCache].
      add_bucket(buckets, {Bucket::Kind::index, 0, {{part.heads, part.width}}, layers, token, 0, 0, 0});
      continue;
    }
    switch (part.span.kind) {
      case Span::Kind::window: attention.kind = Bucket::Kind::window; break;
      case Span::Kind::chunk: attention.kind = Bucket::Kind::chunk; break;
      case Span::Kind::cross: attention.kind = Bucket::Kind::cross; break;
      default: break;
    }
    const bool windowed = attention.kind == Bucket::Kind::window || attention.kind == Bucket::Kind::chunk;
    if (windowed) attention.limit = part.span.limit;
    attention.rows.emplace_back(part.heads, part.width);
    attention.token_bytes += token;
  }
  if (request.choice.word("hybrid") == "0" && attention.kind != Bucket::Kind::cross) {
    // [unify_hybrid_kv_cache_specs]
    attention.kind = Bucket::Kind::full;
    attention.limit = 0;
  }
  if (!attention.rows.empty()) add_bucket(buckets, attention);

  Bucket state{Bucket::Kind::state, 0, {}, layers, 0, 0, 0, 0};
  for (const StatePart& part : mixer.state()) {
    state.state_bytes += kept_bytes(request, mixer, part);
    state.rows.emplace_back(part.elements, 0);
  }
  if (mixer.traits().states_at_blocks) state.state_chunk = mixer.settings().count_or("chunk", kMambaChunk);
  if (!state.rows.empty()) add_bucket(buckets, state);
}

/// The layers of the model by specification, in the order of their first appearance.
std::vector<Bucket> buckets_of(const ReserveRequest& request) {
  std::vector<Bucket> buckets;
  for (const LayerGroup& group : request.model.groups) {
    if (group.stack == Stack::encoder) continue;
    for (const auto& mixer : group.mixers) add_buckets(buckets, request, *mixer, group.count());
  }
  if (request.choice.number("spec") > 0 && request.model.next_token_layers > 0) {
    // The draft is made of the checkpoint's own layers [vllm/v1/spec_decode/eagle.py].
    for (const auto& mixer : request.model.next_token_mixers) {
      add_buckets(buckets, request, *mixer, request.model.next_token_layers);
    }
  }
  return buckets;
}

/// The number of tokens that a block is a multiple of, by the kernels of attention
/// [vllm/platforms/interface.py _align_hybrid_block_size].
Count block_alignment(const ReserveRequest& request, const Bucket* attention, bool latents) {
  if (request.choice.given("block")) return request.choice.number("block");
  if (latents) return kLatentBlock;
  const bool wide = attention != nullptr && attention->rows.front().second == kWideHead;
  return wide && request.device != nullptr && request.device->is_blackwell ? kWideBlock : kBlock;
}

/// Gives every bucket its block, so that a page of attention holds a state where there are both
/// [vllm/platforms/interface.py _align_hybrid_block_size]. Says what it does.
void set_blocks(std::vector<Bucket>& buckets, const ReserveRequest& request, bool latents,
                std::vector<std::string>& notes) {
  Count state, chunk;
  const Bucket* attention = nullptr;
  for (const Bucket& bucket : buckets) {
    state = max(state, bucket.state_bytes);
    chunk = max(chunk, bucket.state_chunk);
    if (bucket.is_attention() && bucket.kind != Bucket::Kind::index &&
        (attention == nullptr || bucket.token_bytes < attention->token_bytes)) {
      attention = &bucket;
    }
  }
  const bool hybrid = attention != nullptr && state > 0;
  const Count aligned = block_alignment(request, hybrid ? attention : nullptr, latents);
  Count block = aligned;
  if (state > 0) {
    StateCache states = state_cache(request, attention != nullptr);
    if (states == StateCache::all && chunk == 0) {
      states = StateCache::align;
      notes.emplace_back("vLLM has no state at every block of these layers: mamba_cache=all is align");
    }
    for (Bucket& bucket : buckets) bucket.states = states;
    if (hybrid) {
      // Under `all` a state begins at a chunk of its kernel.
      const Count step = states == StateCache::all ? Count{std::lcm(aligned.u64(), chunk.u64())} : aligned;
      block = round_up(ceil_div(state, attention->token_bytes), step);
      const Count page = block * attention->token_bytes;
      for (Bucket& bucket : buckets) {
        if (!bucket.is_attention()) bucket.state_bytes = page;
      }
    }
    if (states == StateCache::align && request.choice.word("mamba_cache") == "auto") {
      notes.emplace_back(
          "vLLM keeps two states of a sequence to cache prefixes (since 0.19; prefix_cache=0 is without)");
    }
  }
  for (Bucket& bucket : buckets) bucket.block = block;
  if (block != aligned) {
    notes.insert(notes.begin(),
                 "vLLM enlarges the block to " + to_string(block) + " tokens, so that a page holds a state");
  }
}

/// Lengthens blocks until all pages are as large as the largest. Returns false if a page size does not divide it
/// [unify_kv_cache_spec_page_size].
bool unify_pages(std::vector<Bucket>& buckets) {
  Count page;
  for (const Bucket& bucket : buckets) page = max(page, bucket.page_bytes());
  for (const Bucket& bucket : buckets) {
    if (page % bucket.page_bytes() != 0) return false;
  }
  for (Bucket& bucket : buckets) {
    if (bucket.is_attention()) {
      bucket.block *= page / bucket.page_bytes();
    } else {
      bucket.state_bytes = page;
    }
  }
  return true;
}

/// How the layers draw from the pool.
struct Plan {
  std::vector<Bucket> buckets;
  Count group_size;  ///< layers of one group; 0 = every layer on its own (one specification, or full attention of
                     ///< different widths in one group, UniformTypeKVCacheSpecs)
  std::vector<std::string> notes;

  /// Returns the layers that a bucket reserves room for.
  Count slots(const Bucket& bucket) const {
    return group_size == 0 ? bucket.layers : round_up(bucket.layers, group_size);
  }
};

/// Layers of a group: those of the rarest kind, or of the commonest where that is less than 1.5 times the rarest; a
/// bucket that does not divide is padded [_get_kv_cache_groups_uniform_page_size].
Count group_size(const std::vector<Bucket>& buckets) {
  Count rarest = buckets.front().layers;
  Count commonest = rarest;
  for (const Bucket& bucket : buckets) {
    rarest = min(rarest, bucket.layers);
    commonest = max(commonest, bucket.layers);
  }
  return 2 * commonest < 3 * rarest ? commonest : rarest;
}

Plan plan_for(const ReserveRequest& request) {
  Plan plan;
  std::vector<Bucket>& buckets = plan.buckets = buckets_of(request);
  if (buckets.empty()) return plan;

  bool latents = false;
  for (const LayerGroup& group : request.model.groups) {
    for (const auto& mixer : group.mixers) {
      for (const CachePart& part : mixer->cache()) {
        if (part.role != CacheRole::latent) continue;
        latents = true;
        if (latent_type(request, *mixer, part) == request.kv.key) continue;
        plan.notes.emplace_back("vLLM keeps fp8 latents beside an index as records of 656 bytes (fp8_ds_mla)");
      }
    }
  }
  // Parallel ranks divide heads, states and tokens before this point, and layers after it.
  set_blocks(buckets, request, latents, plan.notes);
  const auto recycles = [](const Bucket& bucket) {
    return bucket.kind == Bucket::Kind::window || bucket.kind == Bucket::Kind::chunk;
  };
  const bool windowed = std::any_of(buckets.begin(), buckets.end(), recycles);
  if (windowed && !request.choice.given("batches")) {
    plan.notes.push_back("vLLM keeps " + to_string(tokens_in_flight(request)) +
                         " tokens of two steps beside a window (since 0.26; batches=1 before)");
  }

  const Bucket& first = buckets.front();
  bool uniform = true;
  for (const Bucket& bucket : buckets) {
    const bool same = bucket.kind == first.kind && bucket.limit == first.limit;
    uniform = uniform && (same || (bucket.is_full() && first.is_full()));
  }
  if (uniform) return plan;
  if (!unify_pages(buckets)) {
    if (!latents || !windowed) {
      refuse(kName, "the pages of these layers cannot be unified, since the largest is no multiple of the others",
             "hybrid=0 reserves windows in full");
    }
    for (Bucket& bucket : buckets) {
      if (recycles(bucket)) bucket.kind = Bucket::Kind::full;
    }
    plan.notes.emplace_back("vLLM cannot mix pages of latents and windows: windows reserve the full length");
    return plan;
  }
  plan.group_size = group_size(buckets);
  for (const Bucket& bucket : buckets) {
    if (bucket.layers % plan.group_size == 0) continue;
    plan.notes.push_back("vLLM pads " + to_string(bucket.layers) + " layers to " + to_string(plan.slots(bucket)) +
                         " slots, in groups of " + to_string(plan.group_size));
  }
  return plan;
}

/// Only full blocks have a hash by which others find them [vllm/v1/core/kv_cache_utils.py hash_request_tokens], and
/// a prefix ends at a block of every group [kv_cache_coordinator.py HybridKVCacheCoordinator]. Beside recurrent layers
/// it needs a state that was kept at that block.
Count shared_tokens(const Plan& plan, const ReserveRequest& request) {
  if (request.mix == nullptr || request.choice.word("prefix_cache") != "1") return 0;
  std::uint64_t step = 1;
  for (const Bucket& bucket : plan.buckets) {
    if (bucket.kind == Bucket::Kind::cross || (!bucket.is_attention() && bucket.states == StateCache::none)) return 0;
    step = std::lcm(step, bucket.block.u64());
  }
  return whole_steps_of_prefix(request, request.context_ranks * step);
}

Count shared_tokens(const ReserveRequest& request) { return shared_tokens(plan_for(request), request); }

/// Returns the blocks of one layer that all sequences hold. Blocks of windows and states are each sequence's own.
Count blocks_of_all(const Bucket& bucket, const ReserveRequest& request, Count shared) {
  if (request.mix == nullptr) return request.batch * blocks_of(bucket, request);
  const Count blocks = over_sequences(request, [&](Count n) { return blocks_of(bucket, of_one(request, n)); });
  if (!bucket.is_full()) return blocks;
  return blocks - sharing_sequences(request) * (shared / request.context_ranks / bucket.block);
}

/// Says how a bucket's pages come about.
void explain(Reserve& result, const Plan& plan, const Bucket& bucket, const ReserveRequest& request) {
  using Kind = Bucket::Kind;
  std::vector<FormulaValue> values{{"batch", request.batch, ValueOrigin::asked},
                                   {"layers", plan.slots(bucket), ValueOrigin::model, {}, "of that kind"}};
  if (plan.slots(bucket) != bucket.layers) {
    values.back() = {"layers", plan.slots(bucket), ValueOrigin::derived,
                     "ceil(own_layers / group_layers) group_layers"};
    values.push_back({"own_layers", bucket.layers, ValueOrigin::model, {}, "of that kind"});
    values.push_back({"group_layers", plan.group_size, ValueOrigin::engine, {}, "of one cache group"});
  }
  std::string_view pages = bucket.states == StateCache::all     ? "ceil(n / block) + spec"
                           : bucket.states == StateCache::align ? "2 + spec"
                                                                : "1 + spec";
  const bool ranked = bucket.is_full() && request.context_ranks != 1;
  if (ranked) {
    pages = "ceil((n + ranks - 1) / ranks / block)";
  } else if (bucket.kind == Kind::window) {
    pages = "n = 0 ? 0 : ceil(min(window - 1 + batches max_batched_tokens, n) / block) + 1";
  } else if (bucket.kind == Kind::chunk) {
    pages = "ceil(min(chunk + batches max_batched_tokens, n) / block)";
  } else if (bucket.is_attention()) {
    pages = "ceil(n / block)";
  }
  values.push_back({"pages", blocks_of(bucket, request), ValueOrigin::derived, pages});
  values.push_back({"page_bytes", bucket.page_bytes(), ValueOrigin::engine, "block token_bytes"});
  if (!bucket.is_attention()) {
    values.back().expression = {};
    values.back().remark = "a state, in a page as large as the others";
    values[values.size() - 2].remark = "of a sequence";
    values.push_back({"spec", request.choice.number("spec"), ValueOrigin::engine, {}, "speculated tokens"});
    if (bucket.states == StateCache::all) {
      values.push_back({"n", request.context, ValueOrigin::asked});
      values.push_back({"block", bucket.block, ValueOrigin::engine, {}, "tokens of a page"});
    }
  } else {
    const Count n = bucket.kind == Kind::cross && request.context > 0
                        ? request.model.cross_tokens.value_or(request.context)
                        : request.context;
    values.push_back({"n", n, ValueOrigin::asked});
    values.push_back({"block", bucket.block, ValueOrigin::engine, {}, "tokens of a page"});
    values.push_back({"token_bytes", bucket.token_bytes, ValueOrigin::type, {}, "of one token and layer"});
    if (ranked) values.push_back({"ranks", request.context_ranks, ValueOrigin::asked});
    if (bucket.kind == Kind::window || bucket.kind == Kind::chunk) {
      values.push_back({bucket.kind == Kind::window ? "window" : "chunk", bucket.limit, ValueOrigin::setting});
      values.push_back({"batches", request.choice.number("batches"), ValueOrigin::engine, {}, "steps in flight"});
      values.push_back({"max_batched_tokens", batched_tokens(request), ValueOrigin::engine, {}, "of one step"});
    }
  }
  add_rule(result, request, bucket.part(), {}, "batch layers pages page_bytes", kSource, std::move(values));
}

Reserve reserve(const ReserveRequest& request) {
  const Plan plan = plan_for(request);
  const Count shared = shared_tokens(plan, request);
  Reserve result;
  for (const Bucket& bucket : plan.buckets) {
    add_part(result, bucket.part(), plan.slots(bucket) * blocks_of_all(bucket, request, shared) * bucket.page_bytes());
    if (request.explained) explain(result, plan, bucket, request);
  }
  for (const std::string& note : plan.notes) add_note(result, note);
  return result;
}

/// "GPU KV cache size" of a log before 0.21 and "Maximum concurrency" of any [get_num_blocks,
/// get_max_concurrency_for_kv_cache_config, _report_kv_cache_config]. A block of the pool holds a page of every layer
/// of a group, or of all layers.
CacheCapacity capacity(const ReserveRequest& request, Count available) {
  const Plan plan = plan_for(request);
  CacheCapacity result;
  if (plan.buckets.empty()) return result;
  Count block_bytes, blocks, groups, block;
  for (const Bucket& bucket : plan.buckets) {
    const Count bucket_groups = plan.group_size == 0 ? Count{} : plan.slots(bucket) / plan.group_size;
    block_bytes = plan.group_size == 0 ? block_bytes + bucket.layers * bucket.page_bytes()
                                       : plan.group_size * bucket.page_bytes();
    groups += bucket_groups;
    blocks = plan.group_size == 0 ? max(blocks, blocks_of(bucket, request))
                                  : blocks + bucket_groups * blocks_of(bucket, request);
    if (bucket.is_attention()) block = block == 0 ? bucket.block : min(block, bucket.block);
  }
  result.units = available / block_bytes;
  result.units_per_sequence = blocks;
  // A state is one block, without a number of tokens. Later logs print int(concurrency * max_model_len).
  if (request.choice.word("tokens") == "old") {
    result.tokens = result.units / max(1, groups) * block * request.context_ranks;
  }
  return result;
}

}  // namespace
}  // namespace vllm

CTXCOST_ENGINE(kVllm) = {
    .name = vllm::kName,
    .summary = "blocks of tokens for one request of n tokens, times the number of sequences",
    .source = vllm::kSource,
    .release = "0.26 (mid 2026)",
    .settings = vllm::kSettings,
    .reserve = vllm::reserve,
    .capacity = vllm::capacity,
    .utilization_percent = 90,
    .not_counted =
        "CUDA graphs (0.1 to 6 GiB), the profiling peak and other allocations: public logs show 0.1 to "
        "9 GiB per device besides weights and cache",
    // Each backend pads in its own way [model_executor/layers/quantization/mxfp4.py].
    .padded_format = "mxfp4",
    .padded_note =
        "MXFP4 weights are counted as stored, but vLLM's kernels pad their widths: a log shows 64.38 GiB for "
        "gpt-oss-120b, where 60.77 GiB are stored",
    .shared_tokens = vllm::shared_tokens,
    .prefix_rule =
        "full blocks are kept once, with prefix_cache=1; windows and states are each sequence's own "
        "[vllm/v1/core/kv_cache_utils.py]",
    .adapter_ranks = vllm::kAdapterRanks,
    .adapters_not_counted =
        "adapters of the input embedding and the head, for which some of vLLM's classes make slots, too, are not "
        "counted"};

}  // namespace ctxcost
