// Llama 4: chunked layers with RoPE, full layers without, experts with a shared one.
// [transformers configuration_llama4.py, modeling_llama4.py]
#include <algorithm>

#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// [modeling_llama4.py Llama4VisionModel, Llama4VisionPixelShuffleMLP, Llama4MultiModalProjector]
void add_llama4_vision(const Config& config, Model& model, Count text_width) {
  const std::optional<Config> vision = config.object("vision_config");
  if (!vision) return;
  const Count width = vision->count("hidden_size", 768);
  const Count inner = vision->count("intermediate_size", 5632);
  const Count layers = vision->count("num_hidden_layers", 34);
  const Count channels = vision->nullable("num_channels").value_or(3);
  const Count patch = vision->count("patch_size", 14);
  const Count side = vision->count("image_size", 448) / patch;
  const Count projector_inputs = vision->count("projector_input_dim", 4096);
  const Count projector_outputs = vision->count("projector_output_dim", 4096);
  const Count vision_outputs = vision->count("vision_output_dim", 7680);
  const Count norm = 2 * width;
  const Count layer = 4 * (width * width + width) + width * inner + inner + inner * width + width + 2 * norm;
  const Count embeddings = channels * patch * patch * width + width + (side * side + 1) * width;
  const Count adapter = inner * projector_inputs + projector_inputs * projector_outputs;
  add_part(model, "vision tower and projector",
           embeddings + 2 * norm + layers * layer + adapter + vision_outputs * text_width,
           "vision_config: patch and position embeddings, layers, pixel-shuffle adapter, projection");
}

void read_llama4(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config, {.vocab = 202048, .d_model = 5120, .d_ff = 8192, .layers = 48, .heads = 40, .kv_heads = 8, .d_k = 128});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  const Count dense_width = config.count("intermediate_size_mlp", 16384);
  Experts experts{};
  experts.count = config.count("num_local_experts", 16);
  experts.active = config.count("num_experts_per_tok", 1);
  experts.d_ff = decoder.d_ff;
  experts.shared_d_ff = decoder.d_ff;  // one shared expert, without a key that says so
  experts = checked(config, experts);

  const std::optional<Count> chunk = config.nullable("attention_chunk_size", 8192, 1);
  // no_rope_layers: 1 = RoPE in chunks, 0 = full attention without positions; an empty list is the default.
  std::optional<std::vector<Count>> rope;
  const std::optional<std::vector<Count>> listed = config.counts("no_rope_layers");
  if (listed && !listed->empty()) rope = config.counts_per_layer("no_rope_layers", decoder.layers);
  const Count interval = rope ? Count{4} : config.count("no_rope_layer_interval", 4);
  constexpr std::string_view kKinds[] = {kFullLayer, kChunkedLayer};
  std::vector<std::string_view> kinds = layer_kinds(config, decoder.layers, kKinds, [&](std::uint32_t i) {
    const bool rotates = rope ? (*rope)[i] != 0 : (Count(i) + 1) % interval != 0;
    return rotates ? kChunkedLayer : kFullLayer;
  });
  // Without a chunk size every layer sees all.
  if (!chunk) kinds.assign(decoder.layers, kFullLayer);

  const std::optional<std::vector<Count>> moe = config.counts("moe_layers");
  const Count step = moe ? Count{1} : config.count("interleave_moe_layer_step", 1);
  struct Variant {
    std::string_view kind;
    bool sparse;
    bool operator==(const Variant&) const = default;
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) {
        const bool sparse =
            moe ? std::find(moe->begin(), moe->end(), Count(i)) != moe->end() : (Count(i) + 1) % step == 0;
        return Variant{kinds[i], sparse};
      },
      [&](const Variant& variant) {
        return Layer{{attention(variant.kind, decoder.shape, chunk.value_or(1))},
                     variant.sparse ? gated_experts(experts) : gated(dense_width),
                     pre_norms(kRmsNorm, decoder.d_model)};
      });
  read_rope(config, model, 131072);
  add_llama4_vision(config, model, decoder.d_model);
}

// What its GGUF files say. The chunk is a constant of the runtime, and a window of 0 says that there is none.

void read_llama4_gguf(gguf::Header& file) {
  set_frame(file, "llama4_text");
  set_heads(file);
  set_attention_bias(file);
  file.need("intermediate_size_mlp", "feed_forward_length");
  file.need("intermediate_size", "expert_feed_forward_length");
  set_experts(file, "num_local_experts");
  file.need("interleave_moe_layer_step", "interleave_moe_layer_step");
  if (file.count("attention.sliding_window").value_or(1) == 0) {
    file.set_null("attention_chunk_size");
  } else {
    file.set("attention_chunk_size", 8192, file.key("attention.sliding_window"));
  }
}

}  // namespace

// n_swa is a constant, whatever attention_chunk_size says [llama.cpp models/llama4.cpp].
CTXCOST_FAMILY(kLlama4) = {
    .model_types = "llama4 llama4_text",
    .architectures = "Llama4ForConditionalGeneration Llama4ForCausalLM",
    .read = read_llama4,
    .gguf_architectures = "llama4",
    .read_gguf = read_llama4_gguf,
    .gguf = {.windows = true, .window = 8192},
    .modules = {.part = "feed_forward."},
};

}  // namespace ctxcost::huggingface
