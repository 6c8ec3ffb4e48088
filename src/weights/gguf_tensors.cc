// The output of llama.cpp's converter: the tensors of a GGUF file, with its exceptions for families. [llama.cpp
// conversion/*.py, src/llama-model.cpp, src/llama-quant.cpp]
#include "gguf_tensors.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ctxcost {
namespace {

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool starts_with(std::string_view name, std::string_view start) { return name.substr(0, start.size()) == start; }
/// Tensors whose names do not end in ".weight".
constexpr std::array<std::string_view, 2> kNoWeightSuffix = {"ssm_a", "ssm_d"};

GgufTensor gguf_tensor(const Tensor& tensor, Place place = Place::other) {
  return {tensor, !tensor.is_bias && !one_of(tensor.name, kNoWeightSuffix), place};
}

Tensor* find(std::vector<Tensor>& tensors, std::string_view name, bool bias = false) {
  for (Tensor& tensor : tensors) {
    if (tensor.name == name && tensor.is_bias == bias) return &tensor;
  }
  return nullptr;
}

/// Appends the rows of tensor `part` (the elements, for a bias) to those of `whole` and removes `part`.
void merge(std::vector<Tensor>& tensors, std::string_view whole, std::string_view part) {
  for (const bool bias : {false, true}) {
    Tensor* target = find(tensors, whole, bias);
    const Tensor* source = find(tensors, part, bias);
    if (target == nullptr || source == nullptr) continue;
    (bias ? target->columns : target->rows) += bias ? source->columns : source->rows;
    tensors.erase(tensors.begin() + (source - tensors.data()));
  }
}

void rename(std::vector<Tensor>& tensors, std::string_view from, std::string_view to) {
  for (Tensor& tensor : tensors) {
    if (tensor.name == from) tensor.name = to;
  }
}

/// Splits the latent up-projection into one matrix per head for keys (transposed) and one for values, stacked over
/// heads.
void split_latent(std::vector<Tensor>& tensors, const LayerGroup& group) {
  const Tensor* found = find(tensors, "attn_kv_b");
  if (found == nullptr || group.mixers.empty()) return;
  const MixerShape& shape = group.mixers.front()->shape();
  const Count rank = found->columns;
  const Count key_width = found->rows / shape.heads - shape.d_v;
  Tensor keys = linear("attn_k_b", key_width, rank);
  Tensor values = linear("attn_v_b", rank, shape.d_v);
  keys.copies = keys.active_copies = values.copies = values.active_copies = shape.heads;
  tensors.erase(tensors.begin() + (found - tensors.data()));
  tensors.push_back(keys);
  tensors.push_back(values);
}

/// Merges shared experts into one of their total width. Rows are appended; those of the down projection are joined side
/// by side.
void fuse_shared_experts(std::vector<Tensor>& tensors) {
  for (Tensor& tensor : tensors) {
    const bool down = tensor.name == "ffn_down_shexp";
    const bool inner = tensor.name == "ffn_gate_shexp" || tensor.name == "ffn_up_shexp";
    if (!(inner || down) || (down && tensor.is_bias))
      continue;  // each expert keeps its own bias of the down projection
    (inner && !tensor.is_bias ? tensor.rows : tensor.columns) *= tensor.copies;
    tensor.copies = tensor.active_copies = 1;
  }
}

/// The tensors of one layer as the file holds them.
std::vector<GgufTensor> layer_tensors(const Model& model, const LayerGroup& group, std::vector<Tensor> tensors) {
  if (model.gguf.fused_qkv) {
    merge(tensors, "attn_q", "attn_k");
    merge(tensors, "attn_q", "attn_v");
    rename(tensors, "attn_q", "attn_qkv");
  }
  if (model.gguf.fused_gate_up) merge(tensors, "ffn_up", "ffn_gate");
  if (model.gguf.gate_in_query && find(tensors, "attn_k") != nullptr) {
    merge(tensors, "attn_q", "attn_gate");
  }
  split_latent(tensors, group);
  fuse_shared_experts(tensors);
  // The numbers of Apertus' activation are metadata of the file.
  std::erase_if(tensors, [](const Tensor& tensor) { return starts_with(tensor.name, "ffn_act."); });

  std::vector<GgufTensor> result;
  result.reserve(tensors.size());
  for (const Tensor& tensor : tensors) result.push_back(gguf_tensor(tensor));
  std::stable_sort(result.begin(), result.end(),
                   [](const GgufTensor& a, const GgufTensor& b) { return a.tensor.name < b.tensor.name; });
  return result;
}

const Mixer* attention_of(const LayerGroup& group) {
  for (const auto& mixer : group.mixers) {
    if (!mixer->cache().empty() || mixer->score_heads() > 0) return mixer.get();
  }
  return nullptr;
}

Count queries_per_kv_head(const Model& model) {
  const Mixer* attention = nullptr;
  for (const LayerGroup& group : model.groups) {
    if (group.stack == Stack::encoder) continue;
    // Files of Qwen3-Next give one number of KV heads for all layers. Other hybrids give 0 for their recurrent layers.
    const bool counts = group.layers.front() == 0 || model.gguf.gate_in_query;
    if (counts && attention == nullptr) attention = attention_of(group);
  }
  if (attention == nullptr) return 0;
  for (const CachePart& part : attention->cache()) {
    // An MLA cache is one head for all queries.
    if (part.role == CacheRole::latent) return attention->shape().heads;
  }
  const Count kv_heads = attention->shape().kv_heads;
  return kv_heads == 0 ? Count{} : attention->shape().heads / kv_heads;
}

bool is_70b(const Model& model) {
  if (model.layers() != 80) return false;
  if (model.gguf.class_70b != Class70b::grouped) return model.gguf.class_70b == Class70b::all;
  const Mixer* attention = attention_of(model.groups.front());
  return attention != nullptr && attention->shape().heads != attention->shape().kv_heads;
}

/// Tables that RoPE is scaled by, one number for each pair of dimensions.
void add_rope_tables(const Model& model, std::vector<GgufTensor>& tensors) {
  const Mixer* attention = nullptr;
  for (const LayerGroup& group : model.groups) {
    if (attention == nullptr) attention = attention_of(group);
  }
  if (attention == nullptr) return;
  const Count pairs = model.positions.rotary_width.value_or(attention->shape().d_k) / 2;
  const std::string& scaling = model.positions.scaling_type;
  if (scaling == "llama3") {
    tensors.push_back(gguf_tensor(vector_of("rope_freqs", pairs)));
  } else if (model.gguf.long_rope_tables && (scaling == "longrope" || scaling == "su")) {
    tensors.push_back(gguf_tensor(vector_of("rope_factors_long", pairs)));
    tensors.push_back(gguf_tensor(vector_of("rope_factors_short", pairs)));
  }
}

bool has_indexer(const GgufLayers& layers) {
  return std::any_of(layers.tensors.begin(), layers.tensors.end(),
                     [](const GgufTensor& held) { return starts_with(held.tensor.name, "indexer."); });
}

/// Layers that predict further tokens: the last layer's tensors (with their own indexer) and the NextN tensors. An
/// ordinary step does not read them.
void add_next_token_layers(const Model& model, GgufModel& file) {
  const auto before = [](const GgufLayers& a, const GgufLayers& b) {
    return std::pair(has_indexer(a), a.layers.back()) < std::pair(has_indexer(b), b.layers.back());
  };
  const auto last = std::max_element(file.groups.begin(), file.groups.end(), before);
  if (last == file.groups.end() || !model.vocab) return;
  const Count width = *model.d_model;
  GgufLayers layer = {last->group, {}, last->tensors};
  std::vector<Tensor> added = {linear("nextn.eh_proj", 2 * width, width), vector_of("nextn.enorm", width),
                               vector_of("nextn.hnorm", width), vector_of("nextn.shared_head_norm", width)};
  if (model.next_token_embedding) {
    added.push_back(linear("nextn.embed_tokens", width, *model.vocab));
    added.push_back(linear("nextn.shared_head_head", width, *model.vocab));
  }
  for (const Tensor& tensor : added) layer.tensors.push_back(gguf_tensor(tensor));
  for (GgufTensor& held : layer.tensors) held.tensor.in_decode = false;
  for (Count i; i < model.next_token_layers; i += 1) {
    layer.layers.push_back(static_cast<std::uint32_t>((file.layers + i).u64()));
  }
  file.layers += model.next_token_layers;
  file.groups.push_back(std::move(layer));
}

}  // namespace

std::optional<GgufModel> gguf_model(const Model& model) {
  GgufModel file;
  file.layers = model.layers();
  file.tied = model.tied_embeddings;
  file.protects_outputs = model.gguf.protects_outputs;
  file.is_70b = is_70b(model);
  file.queries_per_kv_head = queries_per_kv_head(model);
  for (const auto& [place, tensor] : model.tensors) {
    if (place == Place::once) continue;  // the converter drops poolers
    GgufTensor held = gguf_tensor(tensor, place);
    if (place == Place::embedding && model.gguf.token_rows > 0) {
      held.tensor.rows = min(held.tensor.rows, model.gguf.token_rows);
    }
    file.tensors.push_back(held);
  }
  add_rope_tables(model, file.tensors);
  for (const LayerGroup& group : model.groups) {
    std::optional<std::vector<Tensor>> tensors = model.layer_tensors(group);
    if (!tensors) return std::nullopt;
    if (group.feed_forward.experts) file.experts = max(file.experts, group.feed_forward.experts->count);
    file.groups.push_back({&group, group.layers, layer_tensors(model, group, std::move(*tensors))});
  }
  if (model.next_token_layers > 0 && model.gguf.next_token_layers) add_next_token_layers(model, file);
  return file;
}

bool always_fp32(const GgufTensor& held) {
  static constexpr std::array<std::string_view, 20> kNames = {
      "ffn_gate_inp",       "ffn_gate_inp_shexp",  "position_embd", "token_types",    "ssm_conv1d",
      "ssm_conv1d_q",       "ssm_conv1d_k",        "ssm_conv1d_v",  "shortconv.conv", "altup_correct_coef",
      "altup_predict_coef", "time_mix_first",      "time_mix_w1",   "time_mix_w2",    "time_mix_decay_w1",
      "time_mix_decay_w2",  "time_mix_lerp_fused", "attn_sinks",    "ssm_norm",       "nextn.shared_head_norm"};
  const Tensor& tensor = held.tensor;
  const bool one_dimension = tensor.use == TensorUse::vector || (tensor.rows == 1 && tensor.copies == 1);
  return !held.named_weight || one_dimension || tensor.name.ends_with("_norm") || one_of(tensor.name, kNames);
}

bool keeps_its_type(const GgufTensor& held) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "per_layer_model_proj", "attn_rel_b",  "indexer.k_proj", "indexer.q_proj", "time_mix_w0", "time_mix_v0",
      "time_mix_v1",          "time_mix_v2", "time_mix_a1",    "time_mix_a2",    "time_mix_g1", "time_mix_g2"};
  const std::string_view name = held.tensor.name;
  return always_fp32(held) || starts_with(name, "altup") || starts_with(name, "laurel") || one_of(name, kNames);
}

}  // namespace ctxcost
