// MLX (mlx-lm): one buffer for each layer, which grows by steps with the sequence; a ring for a window.
// [mlx_lm/models/cache.py]
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "live_need.h"
#include "row.h"
#include "support.h"

namespace ctxcost {
namespace mlx {
namespace {

constexpr std::string_view kName = "mlx";
constexpr std::string_view kSource = "ml-explore/mlx-lm: mlx_lm/models/cache.py";

constexpr EngineSetting kSettings[] = {
    {"prompt", "", "tokens of the prompt, in one update (n); the others come one by one", 0},
    {"step", "256", "tokens by which a buffer grows", 1},
};

// Kinds of layers that mlx-lm runs.
constexpr std::string_view kKinds[] = {"full",           "none",       "sliding_window", "chunked",     "latent",
                                       "indexed_latent", "mamba",      "mamba2",         "gated_delta", "kimi_delta",
                                       "lightning",      "short_conv", "rg_lru",         "rwkv"};

// Families whose models ask for no ring, so that layers with a window cache every token.
constexpr std::string_view kIgnoredWindows[] = {"mistral", "mixtral", "gemma2", "phi3", "qwen2", "starcoder2"};

/// Types of a cache: the model's own, or groups with a scale and a bias of 16 bits [QuantizedKVCache].
void check_buffer_type(const KvPrecision& kv, CacheRole role, Count width) {
  const Precision& type = kv.key;
  const std::string_view name = type.format().name;
  if (role != CacheRole::latent && !(kv.key == kv.value)) {
    refuse(kName, "its keys and values are of one type, found " + kv.name(), "give one type");
  }
  if (name == "fp16" || name == "bf16" || name == "fp32") return;
  const Count bits = name == "int8" ? 8 : 4;
  const bool grouped =
      (name == "int4" || name == "int8") && type.block() > 1 && type.block_bytes() == type.block() * bits / 8 + 4;
  if (!grouped) {
    refuse(kName, "\"" + type.name() + "\" is not a type of its cache",
           "use fp16, bf16, int8:group=64,zero or int4:group=64,zero");
  }
  if (width % type.block() != 0) {
    refuse(kName,
           type.name() + " needs rows of a multiple of " + to_string(type.block()) + " elements, found " +
               to_string(width),
           "use a smaller group, or fp16");
  }
}

/// Rows of a layer's buffer after n tokens, with their formula.
struct Rows {
  Count count;
  std::string_view expression;
  bool of_prompt = false;  ///< the formula has the length of the prompt
};

/// A buffer that is full grows by a step. After a prompt in one update it has whole steps, and so it stays
/// [KVCache.update_and_fetch]. A ring takes a prompt as it is, grows by steps up to its window, and is cut to it by the
/// token after a longer prompt [RotatingKVCache._update_concat, _update_in_place]. A chunk's buffer is cut to the chunk
/// and else grows as one without a window [ChunkedKVCache].
Rows rows_of(const ReserveRequest& request, const CachePart& part, bool ring, Count prompt) {
  const Count n = request.context;
  const Count step = request.choice.number("step");
  if (!ring) return {round_up(n, step), "ceil(n / step) step"};
  if (prompt < 2 || part.span.kind == Span::Kind::chunk) {
    return {min(part.span.limit, round_up(n, step)), "min(window, ceil(n / step) step)"};
  }
  return {min(part.span.limit, prompt + round_up(n - prompt, step)),
          "min(window, prompt + ceil((n - prompt) / step) step)", true};
}

void add_buffer(Reserve& result, const ReserveRequest& request, const LayerGroup& group, const CachePart& part) {
  const bool windowed = part.span.kind == Span::Kind::window || part.span.kind == Span::Kind::chunk;
  const bool ring = windowed && !contains(kIgnoredWindows, request.model.family);
  if (windowed && !ring) {
    add_note(result, "mlx-lm ignores the windows of \"" + request.model.family + "\": its layers cache every token");
  }
  const bool index = part.role == CacheRole::index;
  if (!index) check_buffer_type(request.kv, part.role, part.width);
  if (ring && request.kv.key.block() > 1) {
    refuse(kName, "it does not quantise the rings of layers with windows, found " + request.kv.name(),
           "use fp16 or bf16");
  }
  const Count n = request.context;
  const Count prompt = request.choice.given("prompt") ? min(n, request.choice.number("prompt")) : n;
  const Rows rows = rows_of(request, part, ring, prompt);
  // An index has keys in the model's type, and zeros as values beside them [deepseek_v32.py Indexer].
  const Count row = index ? 2 * request.model.activation.row_bytes(part.width)
                          : precision_of(request.kv, part.role).row_bytes(part.width);
  add_part(result, part.name, group.count() * request.batch * rows.count * part.heads * row);
  if (!request.explained) return;
  std::vector<FormulaValue> values{{"layers", group.count(), ValueOrigin::model, {}, "of that kind"},
                                   {"batch", request.batch, ValueOrigin::asked},
                                   {"rows", rows.count, ValueOrigin::derived, rows.expression, "of a buffer"},
                                   {"kv_heads", part.heads, ValueOrigin::model},
                                   {"row_bytes", row, ValueOrigin::type, {}, "of one head"},
                                   {"n", n, ValueOrigin::asked},
                                   {"step", request.choice.number("step"), ValueOrigin::engine}};
  if (ring) {
    values.push_back({"window", part.span.limit, ValueOrigin::setting});
    if (rows.of_prompt) values.push_back({"prompt", prompt, ValueOrigin::engine});
  }
  add_rule(result, request, part.name, {}, "layers batch rows kv_heads row_bytes", kSource, std::move(values));
}

Reserve reserve(const ReserveRequest& request) {
  Reserve result;
  for (const LayerGroup& group : request.model.groups) {
    if (group.stack == Stack::encoder) continue;
    for (const auto& mixer : group.mixers) {
      check_kind(kName, kKinds, mixer->kind());
      for (const CachePart& part : mixer->cache()) {
        if (part.owned) add_buffer(result, request, group, part);
      }
      // The arrays as the models make them: convolutions in their type, states in fp32 [ArraysCache].
      for (const StatePart& part : mixer->state()) {
        add_states(result, request, group, *mixer, part, state_bytes(part, request.model, request.kv), kSource);
      }
    }
  }
  if (request.mix != nullptr && request.mix->groups.size() > 1) {
    add_note(result, "mlx-lm pads the sequences of a batch to the longest: each has rows for it (BatchKVCache)");
  }
  return result;
}

}  // namespace
}  // namespace mlx

CTXCOST_ENGINE(kMlx) = {
    .name = mlx::kName,
    .summary = "buffers of each layer that grow by steps of 256 tokens; rings for windows",
    .source = mlx::kSource,
    .release = "main (mid 2026)",
    .settings = mlx::kSettings,
    .reserve = mlx::reserve,
    .not_counted =
        "buffers that MLX keeps for reuse, the copy of a buffer while it grows, and up to 2,047 more rows of a ring "
        "while a prompt is read; no range is published",
    .own_cache_formats = "int4",
    .prefix_rule = "each sequence has rows of its own: a prompt cache is copied [mlx_lm/models/cache.py]"};

}  // namespace ctxcost
