// llama.cpp: cells of fixed size for keys, values and recurrent states, all allocated when a context is created.
// The rules are those of the sources named at each step, at commit 34af94cd9ab277632e27caeec2d41de2fd091b31.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/divided.h"
#include "live_need.h"
#include "row.h"
#include "support.h"

namespace ctxcost {
namespace llama_cpp {
namespace {

constexpr std::string_view kName = "llama.cpp";

constexpr EngineSetting kSettings[] = {
    {"ubatch", "512", "tokens per physical batch; a window cache holds this many more", 1},
    {"swa_full", "0", "1: layers with a sliding window cache every token, too, as before 2025-05-20", 0, "0|1"},
    {"unified", "0", "1: one stream of n x b cells for all sequences; 0: b streams of n cells each", 0, "0|1"},
    {"rs_seq", "0", "snapshots of recurrent states kept for rollback", 0},
    {"legacy_mla", "0",
     "1: files without key_length_mla (made before 2025-04-15, and latent models in Ollama's library) cache all heads "
     "of a latent-attention layer",
     0, "0|1"},
    {"flash", "1", "0: without flash attention, as by default before 2025-08-30; a device computes all scores at once",
     0, "0|1"},
    {"ngl", "all", "layers on the devices, counted from the output, which is the first; the rest stays in host memory",
     0, "all", SettingForm::number_and_choices, true},
    {"output", "first", "last: only an ngl above the number of layers reaches the output, as before December 2025", 0,
     "first|last"},
    {"n_cpu_moe", "0", "the first layers whose routed experts stay in host memory", 0, "all",
     SettingForm::number_and_choices, true},
    {"kv_offload", "1", "0: cache and state of all layers stay in host memory", 0, "0|1"},
    {"split", "", "how many layers each device gets, in proportion (3+1); else in proportion to their memory", 0, "",
     SettingForm::numbers},
    {"mmproj", "", "a file (or model) that encodes images: its weights are on the first device", 0, "",
     SettingForm::projector, true},
    {"draft", "", "a model that drafts tokens: its weights and its fp16 cache are on the devices, too", 0, "",
     SettingForm::draft_model, true},
};

constexpr std::string_view kCellSource = "ggml-org/llama.cpp: llama-context.cpp, llama-kv-cache.cpp, -iswa.cpp";
constexpr std::string_view kStateSource = "ggml-org/llama.cpp: llama-memory-recurrent.cpp";

constexpr Count kCellPadding = 256;      // of n_ctx, of n_ctx_seq and of window caches [llama-context.cpp, -iswa.cpp]
constexpr Count kMaxSequences = 256;     // LLAMA_MAX_SEQ [llama-cparams.h]
constexpr Count kLogicalBatch = 2048;    // default of n_batch [llama-context.cpp]
constexpr Count kMaskElementBytes = 2;   // F16 under flash attention [llama-graph.cpp build_attn_inp_kq_mask]
constexpr Count kComputeBytes = 4;       // intermediate results are F32
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
  const bool unified = choice.number("unified") == Count{1};
  // A stream is as long as the longest sequence. One for all has the tokens of all.
  const Count asked = unified && request.mix != nullptr ? request.mix->tokens() : request.context * request.batch;
  const Count total = round_up(asked, kCellPadding);
  Cells cells;
  // n_batch = min(n_ctx as asked, n_batch); n_ubatch = min(n_batch, n_ubatch).
  cells.ubatch = min(min(asked, kLogicalBatch), choice.number("ubatch"));
  cells.swa_full = choice.number("swa_full") == Count{1};
  if (unified) {
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
    const bool flash = request_.choice.number("flash") == Count{1};
    if (!flash && type.format().block > 1 && name == "values") {
      refuse(kName, "without flash attention V cannot be quantised, found " + type.name(), "use fp16 or bf16 for V");
    }
    // Flash attention works on whole blocks of a head [llama-context.cpp llama_init_from_model].
    if (flash && width % Count{type.format().block} != 0) {
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
  Reserve result = allocation.take();
  if (request.mix != nullptr && request.mix->groups.size() > 1) {
    add_note(result, cells.streams == 1 && request.batch > 1
                         ? "llama.cpp: n_ctx is the sum of all sequences, which share the cells of one stream"
                         : "llama.cpp: each sequence has a stream of as many cells as the longest one (n_ctx_seq "
                           "[llama-context.cpp]); unified=1 is one stream for all");
  }
  return result;
}

bool has_head(const Model& model) {
  return std::any_of(model.tensors.begin(), model.tensors.end(), [&](const ModelTensor& row) {
    return row.place == Place::head || (row.place == Place::embedding && model.tied_embeddings);
  });
}

/// Either the logits of a batch with its residual stream, or the mask, or the scores are live. [logs; llama-graph.cpp]
std::optional<Count> compute_buffer(const ReserveRequest& request) {
  const Model& model = request.model;
  if (!model.d_model || !model.embedding_known) return std::nullopt;
  if (request.batch == 0) return Count{};
  const Cells cells = cells_of(request);
  const Count vocab = has_head(model) ? model.vocab.value_or(0) : Count{};
  const Count results = cells.ubatch * (vocab + 2 * *model.d_model) * kComputeBytes;
  if (request.choice.number("flash") == Count{1}) {
    return max(results, cells.ubatch * cells.sequence * kMaskElementBytes);
  }
  Count heads;
  for (const LayerGroup& group : model.groups) {
    for (const auto& mixer : group.mixers) heads = max(heads, mixer->score_heads());
  }
  return max(results, heads * cells.sequence * cells.ubatch * kComputeBytes);
}

/// The layers of llama.cpp, of which the output is the last: those of the model, then those that predict further
/// tokens, then the output.
struct Slots {
  Count layers, next_token_layers;
  Count output() const { return layers + next_token_layers; }
  Count all() const { return output() + 1; }
  /// Returns what the slots [first, end) hold.
  PlacedLayers held(Count first, Count end) const {
    return {.first = min(first, layers),
            .end = min(end, layers),
            .next_token_layers = minus_or_zero(min(end, output()), max(first, layers)),
            .has_output = first < end && end == all()};
  }
};

/// A device that has a layer for further tokens and no layer of the model cannot say how large its cache is: that is
/// counted where the last layer is.
void join_next_token_layers(LayerPlacement& placement, Count layers) {
  std::vector<PlacedLayers*> all = {&placement.host};
  for (PlacedLayers& device : placement.devices) all.push_back(&device);
  const auto last = std::find_if(all.begin(), all.end(), [layers](const PlacedLayers* held) {
    return held->first < held->end && held->end == layers;
  });
  for (PlacedLayers* held : all) {
    if (held->next_token_layers == 0 || held->first < held->end) continue;
    (*last)->next_token_layers += std::exchange(held->next_token_layers, Count{});
  }
}

Slots slots_of(const Model& model) {
  Slots slots;
  for (const LayerGroup& group : model.groups) slots.layers = max(slots.layers, Count{group.layers.back()} + 1);
  if (model.gguf.next_token_layers) slots.next_token_layers = model.next_token_layers;
  return slots;
}

/// The share of each device: as asked, else its memory.
std::vector<Count> shares_of(const EngineChoice& choice, std::span<const Count> memory) {
  std::vector<Count> shares(memory.begin(), memory.end());
  if (!choice.given("split")) return shares;
  shares.clear();
  for (const std::string_view share : divided(choice.word("split"), '+')) {
    shares.push_back(parse_digits(share).value());
  }
  const std::string found = "found \"" + std::string(choice.word("split")) + "\"";
  if (shares.size() != memory.size()) {
    refuse(kName,
           "split: expected " + std::to_string(memory.size()) + " proportion" + (memory.size() == 1 ? "" : "s") +
               ", one for each device, " + found,
           "give the number of devices with the GPU");
  }
  if (std::all_of(shares.begin(), shares.end(), [](Count share) { return share == 0; })) {
    refuse(kName, "split: expected a proportion above 0, " + found, "leave it out to split by memory");
  }
  return shares;
}

/// Returns a number of layers, at most `all`.
Count layers_asked(const EngineChoice& choice, std::string_view setting, Count all) {
  return choice.word(setting) == "all" ? all : min(choice.number(setting), all);
}

/// [llama-model.cpp load_tensors: i_gpu_start, act_gpu_layers, get_layer_buft_list; common/arg.cpp --n-cpu-moe]
LayerPlacement place(const Model& model, const EngineChoice& choice, std::span<const Count> memory) {
  const Slots slots = slots_of(model);
  const Count count = layers_asked(choice, "ngl", slots.all());
  const bool output_first = choice.word("output") == "first";
  const Count start = minus_or_zero(output_first ? slots.all() : slots.output(), count);
  // "There is very little benefit to offloading the input layer, so always keep it on the CPU."
  LayerPlacement placement;
  placement.host = slots.held(0, start);
  if (start + count < slots.all()) placement.host.has_output = true;
  placement.host.has_input = true;
  placement.host_expert_layers = layers_asked(choice, "n_cpu_moe", slots.layers);
  placement.host_cache = choice.number("kv_offload") == Count{};

  // Slot i goes to the first device with sum of shares / all shares > (i - start) / count.
  const std::vector<Count> shares = shares_of(choice, memory);
  Count whole, sum, first;
  for (const Count share : shares) whole += share;
  for (const Count share : shares) {
    sum += share;
    const Count end = ceil_div(sum * count, whole);
    placement.devices.push_back(slots.held(start + first, start + end));
    first = end;
  }
  join_next_token_layers(placement, slots.layers);
  return placement;
}

}  // namespace
}  // namespace llama_cpp

CTXCOST_ENGINE(kLlamaCpp) = {
    .name = llama_cpp::kName,
    .summary = "cells for every token of each stream, padded to a multiple of 256; states in F32",
    .source =
        "ggml-org/llama.cpp: llama-context.cpp, llama-kv-cache.cpp, -iswa.cpp, -dsa.cpp, "
        "llama-memory-recurrent.cpp, llama-model.cpp",
    .release = "commit 34af94c (2026-08-17)",
    .settings = llama_cpp::kSettings,
    .reserve = llama_cpp::reserve,
    .spread = Spread::layers,
    .weight_types = WeightTypes::gguf,
    .not_counted = "what a backend takes for itself, 0.1 to 0.6 GB; of compute buffers the largest parts are counted",
    .place = llama_cpp::place,
    .compute_buffer = llama_cpp::compute_buffer,
    .prefix_rule =
        "each sequence fills cells of its own: a server takes over the prompt of an idle slot, but shares no cells "
        "[tools/server/server-context.cpp]",
    // Of --cache-type-k-draft and -v-draft [common/arg.cpp].
    .draft_cache = "fp16"};

}  // namespace ctxcost
