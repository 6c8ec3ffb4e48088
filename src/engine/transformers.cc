// transformers: one tensor per layer, which grows with the sequence (dynamic) or is allocated at once (static)
// [cache_utils.py].
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "live_need.h"
#include "row.h"
#include "support.h"

namespace ctxcost {
namespace transformers {
namespace {

constexpr std::string_view kName = "transformers";
constexpr std::string_view kSource = "huggingface/transformers: cache_utils.py";

constexpr EngineSetting kSettings[] = {
    {"cache", "dynamic", "dynamic: holds the tokens so far; static: allocated for n tokens at once", 0,
     "dynamic|static"},
};

// Kinds of layers that the library runs with its caches.
constexpr std::string_view kKinds[] = {
    "full",       "none",    "bidirectional", "sliding_window",  "chunked",        "latent",           "indexed_latent",
    "longformer", "bigbird", "mamba",         "mamba2",          "gated_delta",    "kimi_delta",       "lightning",
    "short_conv", "rg_lru",  "rwkv",          "cross_attention", "indexed_blocks", "compressed_sparse"};

/// Returns the tokens that a layer holds after n. A dynamic window keeps the last w - 1, which make w with the next
/// token [DynamicSlidingWindowLayer.update]; chunks are treated as windows.
Count tokens_of(const ReserveRequest& request, const CachePart& part) {
  const Count n = cached_context(request.model, part, request.context);
  if (part.span.kind != Span::Kind::window && part.span.kind != Span::Kind::chunk) return n;
  const bool dynamic = request.choice.word("cache") == "dynamic";
  return min(n, dynamic ? minus_or_zero(part.span.limit, 1) : part.span.limit);
}

/// Returns the bytes of a state as the models' code keeps it.
Count kept_bytes(const ReserveRequest& request, const Mixer& mixer, const StatePart& part) {
  const Count activation = request.model.activation.row_bytes(1);
  if (part.name == "convolution") {
    // All K columns [MambaCache, HybridMambaAttentionDynamicCache, Qwen3NextDynamicCache, Lfm2HybridConvCache], though
    // the last K - 1 would do. RecurrentGemma keeps K - 1.
    const Count columns = mixer.settings().table.empty() ? Count{} : mixer.settings().count("conv");
    if (!mixer.traits().spare_convolution_column || columns < 2) return part.elements * activation;
    return part.elements / (columns - 1) * columns * activation;
  }
  // State spaces and lightning attention keep their states in the model's type; delta rules and RG-LRU in fp32.
  if (part.name == "recurrent" && mixer.traits().state_in_model_type) return part.elements * activation;
  return state_bytes(part, request.model, request.kv);
}

void check_types(const KvPrecision& kv) {
  for (const Precision* type : {&kv.key, &kv.value}) {
    const std::string_view name = type->format().name;
    if (name != "fp32" && name != "fp16" && name != "bf16") {
      refuse(kName, "its caches are of the model's 16- or 32-bit type, found " + kv.name(),
             "its quantised caches are not modelled");
    }
  }
  if (!(kv.key == kv.value)) refuse(kName, "keys and values are of one type, found " + kv.name(), "give one type");
}

/// Rows of the tokens that a layer holds, in all layers of a group and for all sequences.
void add_rows(Reserve& result, const ReserveRequest& request, const LayerGroup& group, const CachePart& part,
              std::string_view name, Count heads, Count width) {
  const Count tokens = tokens_of(request, part);
  const Count row = request.kv.key.row_bytes(width);
  add_part(result, name, group.count() * request.batch * tokens * heads * row);
  if (!request.explained) return;
  const bool limited = part.span.kind == Span::Kind::window || part.span.kind == Span::Kind::chunk;
  const bool dynamic = request.choice.word("cache") == "dynamic";
  std::vector<FormulaValue> values{
      {"layers", group.count(), ValueOrigin::model, {}, "of that kind"},
      {"batch", request.batch, ValueOrigin::asked},
      {"tokens", tokens, ValueOrigin::derived,
       !limited  ? "n"
       : dynamic ? "min(n, window - 1)"
                 : "min(n, window)"},
      {"kv_heads", heads, ValueOrigin::model},
      {"row_bytes", row, ValueOrigin::type, "width element_bytes"},
      {"n", cached_context(request.model, part, request.context), ValueOrigin::asked},
      {"width", width, ValueOrigin::model},
      {"element_bytes", request.kv.key.row_bytes(1), ValueOrigin::type, {}, request.kv.key.name()}};
  if (limited) values.push_back({"window", part.span.limit, ValueOrigin::setting});
  add_rule(result, request, name, {}, "layers batch tokens kv_heads row_bytes", kSource, std::move(values));
}

/// Returns whether the mixer's rows are keys and values at once, some in a window, and not expanded.
bool shares_rows(const Mixer& mixer) {
  return std::any_of(mixer.cache().begin(), mixer.cache().end(), [](const CachePart& part) {
    return part.role == CacheRole::latent && part.span.kind == Span::Kind::window;
  });
}

/// Rows of CSA and HCA layers: a dynamic window, compressed rows and index keys of complete segments, projections and
/// gates of the tokens of a segment that is not complete, and with overlap those of the segment before, half as wide
/// [models/deepseek_v4/modular_deepseek_v4.py DeepseekV4HCACache, DeepseekV4CSACache].
void add_shared_rows(Reserve& result, const ReserveRequest& request, const LayerGroup& group, const Mixer& mixer) {
  if (request.choice.word("cache") != "dynamic") {
    refuse(kName, "it has no static cache for layers of kind \"" + std::string(mixer.kind()) + "\"",
           "use cache=dynamic");
  }
  const MixerSettings& settings = mixer.settings();
  const Count n = request.context;
  const Count ratio = settings.count("compress_ratio");
  const Count row = request.kv.key.row_bytes(mixer.shape().d_k);
  const Count index_row = request.kv.key.row_bytes(settings.count("index_dim"));
  const auto add = [&](std::string_view name, Count rows, std::string_view rule, Count bytes) {
    if (bytes == 0) return;
    add_part(result, name, group.count() * request.batch * rows * bytes);
    add_rule(result, request, name, std::string(mixer.kind()), "layers batch rows row_bytes", kSource,
             {{"layers", group.count(), ValueOrigin::model, {}, "of that kind"},
              {"batch", request.batch, ValueOrigin::asked},
              {"rows", rows, ValueOrigin::derived, {}, rule},
              {"row_bytes", bytes, ValueOrigin::type, {}, request.kv.key.name()}});
  };
  const Count recent = min(n, minus_or_zero(settings.count("window"), 1));
  if (ratio == 0) {
    // A plain window layer, to which keys and values are two tensors.
    add("recent rows", 2 * recent, "the last window - 1 tokens, once as keys and once as values", row);
    return;
  }
  add("recent rows", recent, "the last window - 1 tokens", row);
  add("compressed rows", n / ratio, "one for compress_ratio tokens", row);
  add("index keys", n / ratio, "one for compress_ratio tokens", index_row);
  const bool overlap = settings.flag("overlap");
  add("tokens to compress", (overlap ? 4 : 2) * (n % ratio), "projection and gate of each, twice as wide with overlap",
      row + index_row);
  if (overlap && n >= ratio) {
    add("segment before", 2 * ratio, "projection and gate of each of its tokens", row + index_row);
  }
}

Reserve reserve(const ReserveRequest& request) {
  Reserve result;
  for (const LayerGroup& group : request.model.groups) {
    if (group.stack == Stack::encoder) continue;
    const Count layers = group.count() * request.batch;
    for (const auto& mixer : group.mixers) {
      check_kind(kName, kKinds, mixer->kind());
      if (shares_rows(*mixer)) {
        check_types(request.kv);
        add_shared_rows(result, request, group, *mixer);
        continue;
      }
      for (const CachePart& part : mixer->cache()) {
        if (!part.owned) continue;
        check_types(request.kv);
        if (part.role == CacheRole::latent) {
          // The models expand latents before they cache them [modeling_deepseek_v3.py].
          const MixerShape& shape = mixer->shape();
          add_rows(result, request, group, part, "keys", shape.heads, shape.d_k);
          add_rows(result, request, group, part, "values", shape.heads, shape.d_v);
        } else {
          add_rows(result, request, group, part, part.name, part.heads, part.width);
        }
      }
      for (const StatePart& part : mixer->state()) {
        const Count bytes = kept_bytes(request, *mixer, part);
        add_part(result, part.name, layers * bytes);
        add_rule(result, request, part.name, std::string(mixer->kind()), "layers batch bytes", kSource,
                 {{"layers", group.count(), ValueOrigin::model, {}, "of that kind"},
                  {"batch", request.batch, ValueOrigin::asked},
                  {"bytes", bytes, ValueOrigin::derived, {}, "as the model's code keeps it"}});
      }
    }
  }
  if (request.mix != nullptr && request.mix->groups.size() > 1) {
    add_note(result, "transformers pads the sequences of a batch to the longest: each has rows for it");
  }
  return result;
}

}  // namespace
}  // namespace transformers

CTXCOST_ENGINE(kTransformers) = {
    .name = transformers::kName,
    .summary = "dynamic or static key and value tensors of each layer",
    .source = transformers::kSource,
    .release = "main (mid 2026)",
    .settings = transformers::kSettings,
    .reserve = transformers::reserve,
    .not_counted = "the device's context and memory that its allocator keeps; no range is published",
    .prefix_rule = "each sequence of a batch has rows of its own [cache_utils.py]"};

}  // namespace ctxcost
