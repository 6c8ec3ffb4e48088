// Gemma 4: global layers with their own head width and one projection for keys and values, experts beside a dense
// feed-forward, per-layer embeddings and shared caches in the small models.
// [transformers configuration_gemma4.py, modeling_gemma4.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// The vision tower and its projection; buffers (standardisation, layer scalars) are not parameters.
void add_gemma4_vision(const Config& config, Model& model, Count text_width) {
  const std::optional<Config> vision = config.object("vision_config");
  if (!vision) return;
  const Count width = vision->count("hidden_size", 768);
  const Count inner = vision->count("intermediate_size", 3072);
  const Count layers = vision->count("num_hidden_layers", 16);
  const Count heads = vision->count("num_attention_heads", 12);
  const Count kv_heads = vision->count("num_key_value_heads", 12);
  const Count d_k = vision->count("head_dim", 64);
  const Count patch = vision->count("patch_size", 16);
  const Count rows = vision->count("position_embedding_size", 10240);
  const Count attention = 2 * width * heads * d_k + 2 * width * kv_heads * d_k + 2 * d_k;
  const Count layer = attention + 3 * width * inner + 4 * width;
  const Count embeddings = 3 * patch * patch * width + 2 * rows * width;
  add_part(model, "vision tower and projector", embeddings + layers * layer + width * text_width,
           "vision_config: patch and position embeddings, layers, projection to the text width");
}

void read_gemma4(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 262144,
                                          .d_model = 2304,
                                          .d_ff = 9216,
                                          .layers = 30,
                                          .heads = 8,
                                          .kv_heads = 4,
                                          .d_k = 256,
                                          .tied = true});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  decoder.shape.qk_norm = QkNorm::head;
  const Count d = decoder.d_model;
  const Count layers = decoder.layers;

  const bool one_projection = config.flag("attention_k_eq_v", false);
  const std::optional<Count> wide = config.nullable("global_head_dim", 512, 1);
  std::optional<Count> few;
  if (one_projection) few = config.nullable("num_global_key_value_heads", std::nullopt, 1);
  MixerShape global = make_shape(config, d, decoder.shape.heads, few.value_or(decoder.shape.kv_heads),
                                 wide.value_or(decoder.shape.d_k));
  global.qkv_bias = global.output_bias = decoder.shape.qkv_bias;
  global.qk_norm = QkNorm::head;
  global.shared_kv_projection = one_projection;

  std::vector<std::string_view> kinds = sliding_pattern(config, decoder.layers, 6);
  kinds.back() = kFullLayer;  // the class forces the last one
  Count window = config.count("sliding_window", 512);
  const std::string two_sided = config.text("use_bidirectional_attention", "");
  if (two_sided == "all") config.fault("use_bidirectional_attention", "\"all\" is not a decoder: not supported");
  const Count first_shared = layers - min(layers, config.count("num_kv_shared_layers", 0, 0));
  const bool double_wide = config.flag("use_double_wide_mlp", false);
  const Count per_layer = config.nullable("hidden_size_per_layer_input", 256).value_or(0);

  std::optional<Experts> experts;
  if (config.flag("enable_moe_block", false)) {
    experts.emplace();
    experts->count = config.required("num_experts");
    experts->active = config.required("top_k_experts");
    experts->d_ff = config.required({"moe_intermediate_size", "expert_intermediate_size"});
    *experts = checked(config, *experts);
  }

  add_frame(model, decoder, kRmsNorm);
  if (per_layer > 0) {
    add_tensor(model, Place::table,
               lookup("per_layer_token_embd", layers * per_layer, config.count("vocab_size_per_layer_input", 262144)));
    add_tensor(model, Place::other, linear("per_layer_model_proj", d, layers * per_layer));
    add_tensor(model, Place::other, vector_of("per_layer_proj_norm", per_layer));
  }
  struct Variant {
    std::string_view kind;
    bool shares;
    bool operator==(const Variant&) const = default;
  };
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) {
        return Variant{kinds[i], Count(i) >= first_shared};
      },
      [&](const Variant& variant) {
        MixerShape shape = variant.kind == kFullLayer ? global : decoder.shape;
        shape.shares_cache = variant.shares;
        const Count d_ff = decoder.d_ff * (double_wide && variant.shares ? 2 : 1);
        Layer layer{{attention(variant.kind, shape, window)}, gated(d_ff), {}};
        std::vector<Tensor>& extras = layer.extras;
        for (const std::string_view name : {"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"}) {
          extras.push_back(vector_of(name, d));
        }
        if (experts) {
          // The dense feed-forward runs beside the experts, for every token.
          Experts routed = *experts;
          routed.shared_d_ff = d_ff;
          layer.feed_forward = gated_experts(routed);
          for (const std::string_view name : {"pre_ffw_norm_2", "post_ffw_norm_1", "post_ffw_norm_2"}) {
            extras.push_back(vector_of(name, d));
          }
          extras.push_back(vector_of("ffn_gate_inp_scale", d));
          extras.push_back(vector_of("ffn_exps_scale", experts->count));
        }
        if (per_layer > 0) {
          extras.push_back(linear("inp_gate", d, per_layer));
          extras.push_back(linear("proj", per_layer, d));
          extras.push_back(vector_of("post_norm", d));
        }
        return layer;
      });
  read_rope(config, model, 131072);
  add_gemma4_vision(config, model, d);
}

// What its GGUF files say. Widths of the global layers stand under the usual keys, those of the others under "_swa".

void read_gemma4_gguf(gguf::Header& file) {
  set_frame(file, "gemma4_text");
  // The file's table of RoPE factors leaves dimensions of the global layers unrotated and extends nothing.
  JsonValue rope;
  rope.type = JsonValue::Type::object;
  file.set("rope_parameters", std::move(rope), "rope_freqs.weight");
  file.need("num_attention_heads", "attention.head_count");
  file.need("global_head_dim", "attention.key_length");
  file.need("head_dim", "attention.key_length_swa");
  file.need("sliding_window", "attention.sliding_window");

  const std::string_view pattern = "attention.sliding_window_pattern";
  const std::vector<Count> slides = file.per_layer(pattern);
  const std::vector<Count> kv_heads = file.per_layer("attention.head_count_kv");
  std::vector<std::string> kinds;
  kinds.reserve(slides.size());
  Count local_heads, global_heads;
  bool one_projection = false;
  for (std::uint32_t i = 0; i < file.layers(); ++i) {
    const bool full = slides[i] == 0;
    kinds.emplace_back(full ? kFullLayer : kSlidingLayer);
    (full ? global_heads : local_heads) = kv_heads[i];
    one_projection =
        one_projection || (full && file.in_layer(i, "attn_k.weight") && !file.in_layer(i, "attn_v.weight"));
  }
  file.set_texts("layer_types", kinds, file.key(pattern));
  file.set("num_key_value_heads", local_heads > 0 ? local_heads : global_heads, file.key("attention.head_count_kv"));
  file.set("num_global_key_value_heads", global_heads, file.key("attention.head_count_kv"));
  file.set_flag("attention_k_eq_v", one_projection);

  file.set("num_kv_shared_layers", file.count("attention.shared_kv_layers").value_or(0),
           file.key("attention.shared_kv_layers"));
  const std::vector<Count> inner = file.per_layer("feed_forward_length");
  Count narrow = inner.front();
  for (const Count width : inner) narrow = min(narrow, width);
  file.set("intermediate_size", narrow, file.key("feed_forward_length"));
  file.set_flag("use_double_wide_mlp", inner.back() > narrow);
  file.set("hidden_size_per_layer_input", file.count("embedding_length_per_layer_input").value_or(0),
           file.key("embedding_length_per_layer_input"));
  if (const FileTensor* table = file.tensor("per_layer_token_embd.weight");
      table != nullptr && table->shape.size() == 2) {
    file.set("vocab_size_per_layer_input", table->shape[1], "per_layer_token_embd.weight");
  }
  const bool mixture = file.count("expert_count").value_or(0) > 0;
  file.set_flag("enable_moe_block", mixture);
  if (!mixture) return;
  file.need("num_experts", "expert_count");
  file.need("top_k_experts", "expert_used_count");
  file.need("moe_intermediate_size", "expert_feed_forward_length");
}

}  // namespace

CTXCOST_FAMILY(kGemma4) = {
    .model_types = "gemma4 gemma4_text",
    .architectures = "Gemma4ForConditionalGeneration Gemma4ForCausalLM",
    .read = read_gemma4,
    .gguf_architectures = "gemma4",
    .read_gguf = read_gemma4_gguf,
    .gguf = {.token_rows = 262144, .windows = true},
    .modules = {.experts_apart = true},
};

}  // namespace ctxcost::huggingface
