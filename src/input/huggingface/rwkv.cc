// RWKV-6 and 7 as flash-linear-attention configures them, and RWKV-5 and 6 as their authors do.
// [fla-org/flash-linear-attention fla/models/rwkv6 and fla/models/rwkv7, fla/layers/rwkv6.py, fla/layers/rwkv7.py;
//  RWKV/rwkv-5-world-1b5 configuration_rwkv5.py, modeling_rwkv5.py; RWKV/v6-Finch-1B6-HF configuration_rwkv6.py,
//  modeling_rwkv6.py; llama.cpp conversion, Rwkv6Model]
#include "ctxcost/model/positions.h"
#include "family.h"
#include "model_class.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

Decoder read_rwkv_decoder(const Config& config, std::uint32_t vocab, std::uint32_t d_model) {
  Decoder decoder;
  decoder.layers = config.layers("num_hidden_layers", 24);
  decoder.vocab = config.count("vocab_size", vocab);
  decoder.d_model = config.count("hidden_size", d_model);
  decoder.tied = config.flag("tie_word_embeddings", false);
  return decoder;
}

/// Returns nothing where the heads do not divide the width, which is then a fault.
std::optional<Count> read_head_dim(const Config& config, const char* key, Count d_model) {
  const Count head_dim = config.count(key, 64);
  if (d_model % head_dim == 0) return head_dim;
  config.fault(key, "expected a divisor of hidden_size (" + to_string(d_model) + "), found " + to_string(head_dim));
  return std::nullopt;
}

/// The feed-forward's width, else the ratio's in whole 32. [modeling_rwkv6.py, modeling_rwkv7.py, their FeedForward]
Count read_ratio_width(const Config& config, Count d_model, const std::string& class_ratio) {
  if (const std::optional<Count> width = config.nullable("intermediate_size", std::nullopt, 1)) return *width;
  const std::string ratio = config.number("hidden_ratio");
  const std::optional<Count> width = scaled_window(d_model, ratio.empty() ? class_ratio : ratio);
  if (!width || *width == 0) config.fault("hidden_ratio", "expected a number above 0, found " + ratio);
  return ceil_div(width.value_or(1), 32) * 32;
}

void refuse_attention_between(const Config& config) {
  if (config.object("attn")) config.fault("attn", "expected null: layers of attention between are not counted");
}

void read_rwkv7(const Config& config, Model& model) {
  const Decoder decoder = read_rwkv_decoder(config, 32000, 2048);
  const Count d = decoder.d_model;
  const std::optional<Count> width_of_head = read_head_dim(config, "head_dim", d);
  if (!width_of_head) return;
  const Count head_dim = *width_of_head;
  refuse_attention_between(config);
  if (config.has("value_dim")) {
    for (const Count width : per_layer_counts(config, "value_dim", 2048, decoder.layers)) {
      if (width == d) continue;
      config.fault("value_dim", "expected hidden_size (" + to_string(d) + "), found " + to_string(width));
      break;
    }
  }
  const Count d_ff = read_ratio_width(config, d, "4");
  const NormForm norm = config.flag("norm_bias", true) ? kLayerNorm : kLayerNormWithoutBias;
  const bool first_norm = config.flag("norm_first", true);
  const MixerShape shape = make_shape(config, d, d / head_dim, d / head_dim, head_dim);
  const MixerSettings settings = {{"version", Count{7}},
                                  {"head_dim", head_dim},
                                  {"decay_rank", config.required("decay_low_rank_dim")},
                                  {"rate_rank", config.required("a_low_rank_dim")},
                                  {"gate_rank", config.required("gate_low_rank_dim")}};
  const Count value_rank = config.required("v_low_rank_dim");

  add_frame(model, decoder, norm);
  // The first layer normalises the embedding and has values of its own.
  add_layers(
      model, decoder.layers, [](std::uint32_t i) { return i == 0; },
      [&](bool first) {
        MixerSettings own = settings;
        own.set("value_rank", first ? Count{} : value_rank);
        std::vector<Tensor> extras = pre_norms(norm, d);
        if (first && first_norm) append_norm(extras, "token_embd_norm", norm, d);
        extras.push_back(vector_of("channel_mix_lerp_k", d));
        return Layer{{make_mixer("rwkv", shape, own)}, plain(d_ff), std::move(extras)};
      });
  set_positions(model, PositionEncoding::none, longest_sequence(config, 2048));
}

/// A layer of RWKV-5 or 6: the channel mix has a receptance, and the first layer normalises the embedding.
Layer rwkv_layer(const std::shared_ptr<const Mixer>& mixer, NormForm norm, bool embedding_norm, Count d_model,
                 Count d_ff) {
  std::vector<Tensor> extras = pre_norms(norm, d_model);
  if (embedding_norm) append_norm(extras, "token_embd_norm", norm, d_model);
  extras.push_back(vector_of("channel_mix_lerp_k", d_model));
  extras.push_back(vector_of("channel_mix_lerp_r", d_model));
  extras.push_back(linear("channel_mix_receptance", d_model, d_model));
  return Layer{{mixer}, plain(d_ff), std::move(extras)};
}

void add_rwkv_layers(Model& model, const Decoder& decoder, const std::shared_ptr<const Mixer>& mixer, NormForm norm,
                     bool embedding_norm, Count d_ff) {
  add_frame(model, decoder, norm);
  add_layers(
      model, decoder.layers, [](std::uint32_t i) { return i == 0; },
      [&](bool first) { return rwkv_layer(mixer, norm, first && embedding_norm, decoder.d_model, d_ff); });
}

/// int(hidden_size * ratio), a multiple of the heads.
Count read_head_width(const Config& config, const char* key, const char* class_ratio, Count d_model, Count heads) {
  const std::string ratio = config.number(key, class_ratio);
  const Count width = scaled_window(d_model, ratio).value_or(0);
  if (width > 0 && width % heads == 0) return width / heads;
  config.fault(key, "expected a ratio of hidden_size (" + to_string(d_model) + ") that the heads (" + to_string(heads) +
                        ") divide, found " + ratio);
  return 1;
}

void read_rwkv6_of_fla(const Config& config, Model& model) {
  for (const char* key : {"head_size", "attention_hidden_size"}) {
    if (config.own(key)) {
      config.fault(key, "expected no key of the authors' RWKV-6 beside those of flash-linear-attention's");
    }
  }
  const Decoder decoder = read_rwkv_decoder(config, 32000, 2048);
  const Count d = decoder.d_model;
  refuse_attention_between(config);
  const Count heads = config.count("num_heads", 4);
  const Count d_k = read_head_width(config, "expand_k", "0.5", d, heads);
  MixerShape shape = make_shape(config, d, heads, heads, d_k);
  shape.d_v = read_head_width(config, "expand_v", "1.0", d, heads);
  const MixerSettings settings = {{"version", Count{6}},
                                  {"own_widths", true},
                                  {"mix_rank", config.count("proj_low_rank_dim", 32)},
                                  {"decay_rank", config.count("gate_low_rank_dim", 64)}};
  const NormForm norm = config.flag("norm_bias", true) ? kLayerNorm : kLayerNormWithoutBias;
  add_rwkv_layers(model, decoder, make_mixer("rwkv", shape, settings), norm, config.flag("norm_first", true),
                  read_ratio_width(config, d, "3.5"));
  set_positions(model, PositionEncoding::none, longest_sequence(config, 2048));
}

/// Whether a file of type rwkv6 is flash-linear-attention's: by its keys, else by its class.
bool is_rwkv6_of_fla(const Config& config) {
  constexpr std::string_view kKeys[] = {"expand_k", "expand_v", "num_heads", "proj_low_rank_dim", "gate_low_rank_dim"};
  for (const std::string_view key : kKeys) {
    if (config.own(Keys({key}))) return true;
  }
  return class_of(config).starts_with("RWKV6") && !config.own("head_size") && !config.own("attention_hidden_size");
}

void read_rwkv_world(const Config& config, Model& model, bool sixth) {
  const Decoder decoder = read_rwkv_decoder(config, 65536, 768);
  const Count d = decoder.d_model;
  const std::optional<Count> width_of_head = read_head_dim(config, "head_size", d);
  if (!width_of_head) return;
  const Count head_dim = *width_of_head;
  const Count width = config.nullable("attention_hidden_size", std::nullopt, 1).value_or(d);
  if (width != d) {
    config.fault("attention_hidden_size", "expected hidden_size (" + to_string(d) + "), found " + to_string(width));
  }
  // Three and a half times the width, in whole 32.
  const Count d_ff = config.nullable("intermediate_size", std::nullopt, 1).value_or(max(7 * d / 2 / 32, 1) * 32);
  // The class widens its low ranks at this one width [modeling_rwkv6.py Rwkv6SelfAttention].
  const bool wide = d == 4096;
  MixerSettings settings = {{"version", Count{sixth ? 6u : 5u}}, {"head_dim", head_dim}};
  if (sixth) {
    settings.set("mix_rank", Count{wide ? 64u : 32u});
    settings.set("decay_rank", Count{wide ? 128u : 64u});
  } else {
    settings.set("gate", true);
  }
  const MixerShape shape = make_shape(config, d, d / head_dim, d / head_dim, head_dim);

  add_rwkv_layers(model, decoder, make_mixer("rwkv", shape, settings), kLayerNorm, true, d_ff);
  set_positions(model, PositionEncoding::none, longest_sequence(config, std::nullopt));
}

void read_rwkv5(const Config& config, Model& model) { read_rwkv_world(config, model, false); }
void read_rwkv6(const Config& config, Model& model) {
  is_rwkv6_of_fla(config) ? read_rwkv6_of_fla(config, model) : read_rwkv_world(config, model, true);
}

}  // namespace

CTXCOST_FAMILY(kRwkv5) = {
    .model_types = "rwkv5",
    .architectures = "Rwkv5ForCausalLM",
    .read = read_rwkv5,
};

CTXCOST_FAMILY(kRwkv6) = {
    .model_types = "rwkv6",
    .architectures = "Rwkv6ForCausalLM RWKV6ForCausalLM",
    .read = read_rwkv6,
};

CTXCOST_FAMILY(kRwkv7) = {
    .model_types = "rwkv7 rwkv7_fla",
    .architectures = "RWKV7ForCausalLM",
    .read = read_rwkv7,
};

}  // namespace ctxcost::huggingface
