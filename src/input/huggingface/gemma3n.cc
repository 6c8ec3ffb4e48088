// Gemma 3n: per-layer embeddings, AltUp, LAuReL, and last layers that read the cache of earlier ones.
// [transformers configuration_gemma3n.py, modeling_gemma3n.py Gemma3nTextDecoderLayer, Gemma3nTextModel]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// Keys and values of a layer that reads another's cache: stored, and never used.
Tensor unused(std::string_view name, Count inputs, Count outputs) {
  Tensor tensor = linear(name, inputs, outputs);
  tensor.use = TensorUse::vector;
  tensor.in_decode = false;
  return tensor;
}

void read_gemma3n(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config,
      {.vocab = 262400, .d_model = 2048, .d_ff = 0, .layers = 35, .heads = 8, .kv_heads = 2, .d_k = 256, .tied = true});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  decoder.shape.qk_norm = QkNorm::head;
  const Count d = decoder.d_model;
  const Count layers = decoder.layers;
  const Count inputs = config.count("altup_num_inputs", 4);
  const Count rank = config.count("laurel_rank", 64);
  const Count per_layer = config.count("hidden_size_per_layer_input", 256);
  const Count first_shared = minus_or_zero(layers, config.count("num_kv_shared_layers", 15, 0));
  const std::vector<Count> widths = per_layer_counts(config, "intermediate_size", 16384, decoder.layers);
  const std::vector<std::string_view> kinds = sliding_pattern(config, decoder.layers, 5);
  const Count window = config.count("sliding_window", 512);

  add_frame(model, decoder, kRmsNorm);
  add_tensor(model, Place::table,
             lookup("per_layer_token_embd", layers * per_layer, config.count("vocab_size_per_layer_input", 262144)));
  add_tensor(model, Place::other, linear("per_layer_model_proj", d, layers * per_layer));
  add_tensor(model, Place::other, vector_of("per_layer_proj_norm", per_layer));
  for (const std::string_view name : {"altup_proj", "altup_unembd_proj"}) {
    Tensor projection = linear(name, d, d);
    projection.copies = projection.active_copies = inputs - 1;
    if (inputs > 1) add_tensor(model, Place::other, projection);
  }

  struct Variant {
    std::string_view kind;
    bool shares;
    Count d_ff;
    bool operator==(const Variant&) const = default;
  };
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) {
        return Variant{kinds[i], first_shared > 0 && Count(i) >= first_shared, widths[i]};
      },
      [&](const Variant& variant) {
        MixerShape shape = decoder.shape;
        shape.shares_cache = variant.shares;
        Layer layer{{attention(variant.kind, shape, window)}, gated(variant.d_ff), {}};
        std::vector<Tensor>& extras = layer.extras;
        if (variant.shares) {
          extras.push_back(unused("attn_k", d, shape.kv_heads * shape.d_k));
          extras.push_back(unused("attn_v", d, shape.kv_heads * shape.d_v));
          extras.push_back(vector_of("attn_k_norm", shape.d_k));
        }
        for (const std::string_view name :
             {"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm", "post_norm", "laurel_post_norm",
              "altup_correct_scale", "altup_router_norm"}) {
          extras.push_back(vector_of(name, d));
        }
        extras.push_back(linear("altup_correct_coef", inputs, inputs));
        extras.push_back(linear("altup_predict_coef", inputs, inputs * inputs));
        extras.push_back(linear("altup_router", d, inputs));
        extras.push_back(linear("laurel_l", d, rank));
        extras.push_back(linear("laurel_r", rank, d));
        extras.push_back(linear("inp_gate", d, per_layer));
        extras.push_back(linear("proj", per_layer, d));
        return layer;
      });
  read_rope(config, model, 32768);
}

// What its GGUF files say.

void read_gemma3n_gguf(gguf::Header& file) {
  set_frame(file, "gemma3n_text");
  set_heads(file);
  file.set_counts("intermediate_size", file.per_layer("feed_forward_length"), file.key("feed_forward_length"));
  file.need("sliding_window", "attention.sliding_window");
  file.need("num_kv_shared_layers", "attention.shared_kv_layers");
  file.need("hidden_size_per_layer_input", "embedding_length_per_layer_input");
  file.need("altup_num_inputs", "altup.num_inputs");
  const std::string_view pattern = "attention.sliding_window_pattern";
  std::vector<std::string> kinds;
  kinds.reserve(file.layers());
  for (const Count slides : file.per_layer(pattern)) {
    kinds.emplace_back(slides == 0 ? kFullLayer : kSlidingLayer);
  }
  file.set_texts("layer_types", kinds, file.key(pattern));
  if (const auto rank = file.rows_in_layers("laurel_l.weight")) file.set("laurel_rank", *rank, "laurel_l.weight");
  if (const FileTensor* table = file.tensor("per_layer_token_embd.weight");
      table != nullptr && table->shape.size() == 2) {
    file.set("vocab_size_per_layer_input", table->shape[1], "per_layer_token_embd.weight");
  }
}

}  // namespace

CTXCOST_FAMILY(kGemma3n) = {
    .model_types = "gemma3n gemma3n_text",
    .architectures = "Gemma3nForConditionalGeneration Gemma3nForCausalLM",
    .read = read_gemma3n,
    .gguf_architectures = "gemma3n",
    .read_gguf = read_gemma3n_gguf,
    .gguf = {.token_rows = 262144, .windows = true},
};

}  // namespace ctxcost::huggingface
