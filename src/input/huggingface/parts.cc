#include "parts.h"

#include <numeric>
#include <utility>

namespace ctxcost::huggingface {

void append_norm(std::vector<Tensor>& tensors, std::string_view name, NormForm form, Count width) {
  if (form.weight) tensors.push_back(vector_of(name, width));
  if (form.bias) tensors.push_back(bias_of(name, width));
}

std::vector<Tensor> pre_norms(NormForm form, Count width) {
  std::vector<Tensor> tensors;
  tensors.reserve(4);
  append_norm(tensors, "attn_norm", form, width);
  append_norm(tensors, "ffn_norm", form, width);
  return tensors;
}

MixerShape make_shape(const Config& config, Count d_model, Count heads, Count kv_heads, Count d_k) {
  if (heads % kv_heads != 0) {
    config.fault({"num_key_value_heads", "num_kv_heads", "n_head_kv"},
                 "expected a divisor of num_attention_heads (" + to_string(heads) + "), found " + to_string(kv_heads));
  }
  MixerShape shape;
  shape.heads = heads;
  shape.kv_heads = kv_heads;
  shape.d_k = d_k;
  shape.d_v = d_k;
  shape.d_model = d_model;
  return shape;
}

Decoder read_decoder(const Config& config, const DecoderDefaults& defaults) {
  Decoder decoder = read_decoder_without_ff(config, defaults);
  decoder.d_ff = config.count("intermediate_size", defaults.d_ff);
  return decoder;
}

Decoder read_decoder_without_ff(const Config& config, const DecoderDefaults& defaults) {
  const Keys heads_key = {"num_attention_heads", "n_head", "n_heads"};
  Decoder decoder;
  decoder.layers = config.layers({"num_hidden_layers", "n_layer", "n_layers", "num_layers"}, defaults.layers);
  decoder.vocab = config.count("vocab_size", defaults.vocab);
  decoder.d_model = config.count({"hidden_size", "n_embd", "n_embed", "d_model"}, defaults.d_model);
  decoder.tied = config.flag("tie_word_embeddings", defaults.tied);
  const Count heads = config.count(heads_key, defaults.heads);

  std::optional<Count> kv_default;
  if (defaults.kv_heads > 0) kv_default = defaults.kv_heads;
  const Keys kv_key = "num_key_value_heads";
  const Count kv_heads = config.nullable(kv_key, kv_default, 1).value_or(heads);
  if (defaults.grouped && !kv_default && !config.find(kv_key)) config.took_default(kv_key.name(), to_string(heads));

  std::optional<Count> width_default;
  if (defaults.d_k > 0) width_default = defaults.d_k;
  std::optional<Count> d_k = config.nullable("head_dim", width_default, 1);
  if (!d_k) {
    if (decoder.d_model % heads != 0) {
      config.fault(heads_key,
                   "expected a divisor of hidden_size (" + to_string(decoder.d_model) + "), found " + to_string(heads),
                   "give head_dim where they are independent");
    }
    d_k = max(decoder.d_model / heads, 1);
  }
  decoder.shape = make_shape(config, decoder.d_model, heads, kv_heads, *d_k);
  return decoder;
}

std::vector<Count> per_layer_counts(const Config& config, const Keys& keys, Count class_default, std::uint32_t layers) {
  const Config::Found found = config.find(keys);
  if (found && found.value->is(JsonValue::Type::array)) {
    std::vector<Count> list = config.counts_per_layer(keys, layers).value_or(std::vector<Count>(layers, 1));
    for (Count& value : list) {
      if (value == 0) config.fault(keys, "expected positive integers, found 0");
      value = max(value, 1);
    }
    return list;
  }
  return std::vector<Count>(layers, config.count(keys, class_default));
}

void add_tensor(Model& model, Place place, Tensor tensor) { model.tensors.push_back({place, tensor}); }

void add_part(Model& model, std::string name, Count elements, std::string source) {
  model.parameter_parts.push_back({std::move(name), elements, std::move(source)});
}

void add_frame(Model& model, const Decoder& decoder, NormForm final_norm) {
  model.d_model = decoder.d_model;
  model.vocab = decoder.vocab;
  model.tied_embeddings = decoder.tied;
  model.tensors.reserve(4);
  add_tensor(model, Place::embedding, lookup("token_embd", decoder.d_model, decoder.vocab));
  std::vector<Tensor> norms;
  append_norm(norms, "output_norm", final_norm, decoder.d_model);
  for (const Tensor& norm : norms) add_tensor(model, Place::final_norm, norm);
  if (!decoder.tied) add_tensor(model, Place::head, linear("output", decoder.d_model, decoder.vocab));
}

FeedForward gated(Count d_ff, bool bias) { return {FeedForwardKind::gated, d_ff, bias, {}}; }
FeedForward plain(Count d_ff, bool bias) { return {FeedForwardKind::plain, d_ff, bias, {}}; }
FeedForward gated_experts(Experts experts, bool bias) { return {FeedForwardKind::gated, {}, bias, experts}; }

Experts checked(const Config& config, Experts experts) {
  if (experts.active > experts.count) {
    config.fault({"num_experts_per_tok", "experts_per_token", "top_k_experts", "moe_topk"},
                 "expected at most the number of experts (" + to_string(experts.count) + "), found " +
                     to_string(experts.active));
    experts.active = experts.count;
  }
  return experts;
}

void add_layers(Model& model, std::uint32_t layers, Layer layer, Stack stack) {
  if (layers == 0) return;
  std::vector<std::uint32_t> all(layers);
  std::iota(all.begin(), all.end(), 0U);
  model.groups.push_back({std::move(all), std::move(layer.mixers), layer.feed_forward, std::move(layer.extras), stack});
}

std::vector<std::string_view> read_layer_types(const Config& config, std::uint32_t layers,
                                               std::span<const std::string_view> known) {
  const Keys key = "layer_types";
  std::vector<std::string_view> kinds;
  const std::optional<std::vector<std::string>> listed = config.texts_per_layer(key, layers);
  if (!listed) return kinds;
  const std::string place = config.find(key).place();
  for (std::size_t i = 0; i < listed->size(); ++i) {
    const std::string& word = (*listed)[i];
    std::string_view kind;
    for (const std::string_view candidate : known) {
      if (candidate == word) kind = candidate;
    }
    if (kind.empty()) {
      kind = kFullLayer;
      if (config.assume_full()) {
        config.assume("layer kind \"" + word + "\" is not known: counted as full attention (assume full)");
      } else {
        config.findings().faults.push_back(
            {config.findings().source, child_pointer(place, i), "unknown layer kind \"" + word + "\"",
             did_you_mean(word, known).empty() ? "with assume full it counts as full attention"
                                               : did_you_mean(word, known)});
      }
    }
    kinds.push_back(kind);
  }
  return kinds;
}

std::shared_ptr<const Mixer> attention(std::string_view kind, const MixerShape& shape, Count limit) {
  if (kind == kSlidingLayer) return make_mixer("sliding_window", shape, {{"window", limit}});
  if (kind == kChunkedLayer) return make_mixer("chunked", shape, {{"chunk", limit}});
  return make_mixer("full", shape);
}

Count limit_of_kinds(const Config& config, const std::vector<std::string_view>& kinds, std::optional<Count> limit) {
  for (const std::string_view kind : kinds) {
    if (kind == kFullLayer || limit) continue;
    config.fault(kind == kChunkedLayer ? "attention_chunk_size" : "sliding_window",
                 "expected a positive integer, since layer_types names \"" + std::string(kind) + "\", found nothing");
    break;
  }
  return limit.value_or(1);
}

void add_layers_of_kinds(const Config& config, Model& model, const Decoder& decoder,
                         const std::vector<std::string_view>& kinds, std::optional<Count> limit,
                         const FeedForward& feed_forward, const std::vector<Tensor>& extras) {
  const Count known = limit_of_kinds(config, kinds, limit);
  add_layers(
      model, decoder.layers, [&kinds](std::uint32_t i) { return kinds[i]; },
      [&](std::string_view kind) {
        return Layer{{attention(kind, decoder.shape, known)}, feed_forward, extras};
      });
}

void add_uniform_layers(const Config& config, Model& model, const Decoder& decoder, std::optional<Count> window,
                        const FeedForward& feed_forward, const std::vector<Tensor>& extras) {
  const std::vector<std::string_view> kinds = read_layer_types(config, decoder.layers, kFullAndSliding);
  if (!kinds.empty()) return add_layers_of_kinds(config, model, decoder, kinds, window, feed_forward, extras);
  const std::string_view kind = window ? kSlidingLayer : kFullLayer;
  add_layers(model, decoder.layers, Layer{{attention(kind, decoder.shape, window.value_or(1))}, feed_forward, extras});
}

std::vector<std::string_view> sliding_pattern(const Config& config, std::uint32_t layers, Count pattern) {
  return layer_kinds(config, layers, kFullAndSliding,
                     [pattern](std::uint32_t i) { return (Count(i) + 1) % pattern == 0 ? kFullLayer : kSlidingLayer; });
}

std::optional<std::vector<bool>> read_expert_layers(const Config& config, std::uint32_t layers) {
  const auto listed = config.texts_per_layer("mlp_layer_types", layers);
  if (!listed) return std::nullopt;
  std::vector<bool> sparse(layers);
  for (std::uint32_t i = 0; i < layers; ++i) {
    sparse[i] = (*listed)[i] == "sparse";
    if (!sparse[i] && (*listed)[i] != "dense") {
      config.fault("mlp_layer_types", "unknown kind \"" + (*listed)[i] + "\"; expected \"dense\" or \"sparse\"");
    }
  }
  return sparse;
}

std::vector<bool> expert_layers_after(const Config& config, std::uint32_t layers, const Keys& dense,
                                      Count class_default) {
  if (std::optional<std::vector<bool>> listed = read_expert_layers(config, layers)) return *std::move(listed);
  const Count first = config.count(dense, class_default, 0);
  std::vector<bool> sparse(layers);
  for (std::uint32_t i = 0; i < layers; ++i) sparse[i] = Count{i} >= first;
  return sparse;
}

}  // namespace ctxcost::huggingface
