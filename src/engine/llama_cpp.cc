// llama.cpp: cells of fixed size for keys, values and recurrent states, all allocated when a context is created.
// The rules are those of the sources named at each step, at commit 34af94cd9ab277632e27caeec2d41de2fd091b31.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "live_need.h"
#include "row.h"
#include "support.h"

namespace ctxcost {
namespace {

constexpr std::string_view kName = "llama.cpp";

constexpr EngineSetting kSettings[] = {
    {"ubatch", "512", "tokens per physical batch; a window cache holds this many more", 1},
    {"swa_full", "0", "1: layers with a sliding window cache every token, too", 0, "0|1"},
    {"unified", "0", "1: one stream of n x b cells for all sequences; 0: b streams of n cells each", 0, "0|1"},
    {"rs_seq", "0", "snapshots of recurrent states kept for rollback", 0},
    {"legacy_mla", "0", "1: files without key_length_mla cache all heads of a latent-attention layer", 0, "0|1"},
};

constexpr std::string_view kCellSource = "ggml-org/llama.cpp: llama-context.cpp, llama-kv-cache.cpp, -iswa.cpp";
constexpr std::string_view kStateSource = "ggml-org/llama.cpp: llama-memory-recurrent.cpp";

constexpr Count kCellPadding = 256;      // of n_ctx, of n_ctx_seq and of window caches [llama-context.cpp, -iswa.cpp]
constexpr Count kMaxSequences = 256;     // LLAMA_MAX_SEQ [llama-cparams.h]
constexpr Count kLogicalBatch = 2048;    // default of n_batch [llama-context.cpp]
constexpr Count kStateElementBytes = 4;  // states are F32 under every type of K and V [llama-model.cpp create_memory]

// Types that a cache may have [common/arg.cpp kv_cache_types].
constexpr std::string_view kCacheTypes[] = {"fp32", "fp16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"};

// Kinds of layers that llama.cpp runs.
constexpr std::string_view kKinds[] = {"full",       "none",           "bidirectional", "sliding_window", "chunked",
                                       "latent",     "indexed_latent", "mamba",         "mamba2",         "gated_delta",
                                       "kimi_delta", "short_conv",     "rwkv",          "cross_attention"};

/// The cells of a context [llama-context.cpp, constructor].
struct Cells {
  Count sequence;      ///< n_ctx_seq: cells of a layer that caches every token, in each stream
  Count streams;       ///< one for all sequences, or one for each
  Count window_share;  ///< sequences that share a window's cells
  Count ubatch;
  bool swa_full;

  /// Returns the cells of a layer with a window, in each stream [llama-kv-cache-iswa.cpp].
  Count of_window(Count window) const {
    if (swa_full) return sequence;
    return round_up(min(sequence, window * window_share + ubatch), kCellPadding);
  }
};

Cells cells_of(const ReserveRequest& request) {
  const EngineChoice& choice = request.choice;
  const Count asked = request.context * request.batch;
  const Count total = round_up(asked, kCellPadding);
  Cells cells;
  // n_batch = min(n_ctx as asked, n_batch); n_ubatch = min(n_batch, n_ubatch).
  cells.ubatch = min(min(asked, kLogicalBatch), choice.number("ubatch"));
  cells.swa_full = choice.number("swa_full") == Count{1};
  if (choice.number("unified") == Count{1}) {
    cells.sequence = total;
    cells.streams = 1;
    cells.window_share = request.batch;
  } else {
    cells.sequence = round_up(total / request.batch, kCellPadding);
    cells.streams = request.batch;
    cells.window_share = 1;
  }
  return cells;
}

/// Reserves the layers of one model, and collects parts and notes.
class Allocation {
 public:
  Allocation(const ReserveRequest& request, const Cells& cells) : request_(request), cells_(cells) {
    const Model& model = request.model;
    const Count windowed = model.gguf.windowed_layers;
    windows_ = model.gguf.windows && (windowed == 0 || model.layers() == windowed);
    expand_latents_ = request.choice.number("legacy_mla") == Count{1};
  }

  void add_group(const LayerGroup& group, Count layers) {
    for (const auto& mixer : group.mixers) {
      check_kind(kName, kKinds, mixer->kind());
      const bool expand = expand_latents_ && !mixer->cache().empty() && mixer->cache()[0].role == CacheRole::latent;
      if (expand) {
        // K: nope + rope of every head, V: every head [models/deepseek2.cpp without key_length_mla].
        add_rows("keys", request_.kv.key, layers, mixer->shape().heads, mixer->shape().d_k, cells_.sequence);
        add_rows("values", request_.kv.value, layers, mixer->shape().heads, mixer->shape().d_v, cells_.sequence);
      }
      for (const CachePart& part : mixer->cache()) {
        if (!part.owned || (expand && part.role == CacheRole::latent)) continue;
        add_cache(part, layers);
      }
      const Count states = layers * request_.batch * (1 + request_.choice.number("rs_seq"));
      for (const StatePart& part : mixer->state()) {
        add_part(reserve_, part.name, states * part.elements * kStateElementBytes);
        add_rule(reserve_, request_, part.name, std::string(mixer->kind()),
                 "layers batch (1 + rs_seq) elements element_bytes", kStateSource,
                 {{"layers", layers, ValueOrigin::model, {}, "of that kind"},
                  {"batch", request_.batch, ValueOrigin::asked},
                  {"rs_seq", request_.choice.number("rs_seq"), ValueOrigin::engine},
                  {"elements", part.elements},
                  {"element_bytes", kStateElementBytes, ValueOrigin::engine, {}, "states are F32"}});
      }
    }
  }

  Reserve take() { return std::move(reserve_); }

 private:
  void add_cache(const CachePart& part, Count layers) {
    Count cells = cells_.sequence;
    std::optional<Count> window;
    switch (part.span.kind) {
      case Span::Kind::cross:
        add_note(reserve_,
                 "llama.cpp keeps the encoder's output, not its keys and values: no cache for cross-attention");
        return;
      case Span::Kind::window:
      case Span::Kind::chunk: {
        const Count fixed = request_.model.gguf.window;
        if (windows_) {
          window = fixed > 0 ? fixed : part.span.limit;
          cells = cells_.of_window(*window);
        } else {
          add_note(reserve_,
                   "llama.cpp ignores the window of \"" + request_.model.family + "\": its layers cache every token");
        }
        break;
      }
      default: break;
    }
    if (part.role == CacheRole::latent && !(request_.kv.key == request_.kv.value)) {
      refuse(kName, "a latent cache needs the same type for K and V, found " + request_.kv.name(), "give one type");
    }
    // Index keys are cached in K's type, without a scale [llama-kv-cache-dsa.cpp].
    const bool value = part.role == CacheRole::value;
    add_rows(part.name, value ? request_.kv.value : request_.kv.key, layers, part.heads, part.width, cells, window);
  }

  /// layers x cells x streams rows of `heads * width` elements: one tensor row for all heads of a token.
  void add_rows(std::string_view name, const Precision& type, Count layers, Count heads, Count width, Count cells,
                std::optional<Count> window = std::nullopt) {
    if (!contains(kCacheTypes, type.format().name)) {
      refuse(kName, "\"" + type.name() + "\" is not a type of its cache",
             "use fp16, bf16, fp32, q8_0, q5_1, q5_0, q4_1, q4_0 or iq4_nl");
    }
    // Flash attention works on whole blocks of a head [llama-context.cpp llama_init_from_model].
    if (width % Count{type.format().block} != 0) {
      refuse(kName,
             type.name() + " needs heads of a multiple of " + std::to_string(type.format().block) +
                 " elements, found " + to_string(width),
             "use fp16 or bf16");
    }
    add_part(reserve_, name, layers * cells * cells_.streams * type.row_bytes(heads * width));
    if (request_.explained) explain_rows(name, type, layers, heads, width, cells, window);
  }

  /// Says how rows come about; `window` where the layers have one and llama.cpp keeps to it.
  void explain_rows(std::string_view name, const Precision& type, Count layers, Count heads, Count width, Count cells,
                    std::optional<Count> window) {
    const bool unified = request_.choice.number("unified") == Count{1};
    const std::string_view all =
        unified ? "ceil(n batch / padding) padding" : "ceil(ceil(n batch / padding) padding / batch / padding) padding";
    std::vector<FormulaValue> values{{"layers", layers, ValueOrigin::model, {}, "of that kind"},
                                     {"cells", cells, ValueOrigin::engine, all},
                                     {"streams", cells_.streams, ValueOrigin::engine},
                                     {"row_bytes", type.row_bytes(heads * width), ValueOrigin::type,
                                      "ceil(kv_heads width / block_elements) block_bytes"},
                                     {"n", request_.context, ValueOrigin::asked},
                                     {"batch", request_.batch, ValueOrigin::asked},
                                     {"padding", kCellPadding, ValueOrigin::engine, {}, "of cells"}};
    if (window && !cells_.swa_full) {
      values[1].expression = "ceil(min(sequence, window sequences + ubatch) / padding) padding";
      values.push_back({"sequence", cells_.sequence, ValueOrigin::engine, all});
      values.push_back({"window", *window, ValueOrigin::setting});
      values.push_back({"sequences", cells_.window_share, ValueOrigin::engine, {}, "in one stream"});
      values.push_back({"ubatch", cells_.ubatch, ValueOrigin::engine});
    }
    values.push_back({"kv_heads", heads, ValueOrigin::model});
    values.push_back({"width", width, ValueOrigin::model});
    values.push_back({"block_elements", type.block(), ValueOrigin::type, {}, type.name()});
    values.push_back({"block_bytes", type.block_bytes(), ValueOrigin::type, {}, type.name()});
    add_rule(reserve_, request_, name, {}, "layers cells streams row_bytes", kCellSource, std::move(values));
  }

  const ReserveRequest& request_;
  const Cells& cells_;
  bool windows_;
  bool expand_latents_;
  Reserve reserve_;
};

Reserve reserve(const ReserveRequest& request) {
  const Model& model = request.model;
  if (request.batch > kMaxSequences) {
    refuse(kName, "it serves at most " + to_string(kMaxSequences) + " sequences, found " + to_string(request.batch),
           "");
  }
  if (request.batch == 0) return {};
  const Cells cells = cells_of(request);
  Allocation allocation(request, cells);
  // Here one device holds every layer. A split by layers adds up the same rows for each device's share.
  const LayerGroup* last = nullptr;
  for (const LayerGroup& group : model.groups) {
    if (group.stack == Stack::encoder) continue;
    allocation.add_group(group, group.count());
    if (last == nullptr || group.layers.back() > last->layers.back()) last = &group;
  }
  if (last != nullptr && model.next_token_layers > 0 && model.gguf.next_token_layers) {
    allocation.add_group(*last, model.next_token_layers);
  }
  return allocation.take();
}

}  // namespace

CTXCOST_ENGINE(kLlamaCpp) = {
    .name = kName,
    .summary = "cells for every token of each stream, padded to a multiple of 256; states in F32",
    .source =
        "ggml-org/llama.cpp: llama-context.cpp, llama-kv-cache.cpp, -iswa.cpp, -dsa.cpp, "
        "llama-memory-recurrent.cpp",
    .release = "commit 34af94c (2026-08-17)",
    .settings = kSettings,
    .reserve = reserve,
    .spread = Spread::layers,
    .weight_types = WeightTypes::gguf,
    .not_counted = "compute buffers; the log prints their size for each device"};

}  // namespace ctxcost
