#include "latent.h"

#include "input/gguf/header.h"

namespace ctxcost::huggingface {

Latent read_latent(const Config& config, Count d_model, Count heads, const LatentDefaults& defaults) {
  const Count rope = config.count("qk_rope_head_dim", defaults.rope, 0);
  std::optional<Count> q_default;
  if (defaults.q_rank > 0) q_default = defaults.q_rank;
  Latent latent;
  // num_key_value_heads has no meaning here: the cache is one latent for all heads.
  latent.shape = make_shape(config, d_model, heads, heads, config.count("qk_nope_head_dim", defaults.nope) + rope);
  latent.shape.d_v = config.count("v_head_dim", defaults.d_v);
  latent.settings.set("kv_rank", config.count("kv_lora_rank", defaults.kv_rank));
  latent.settings.set("q_rank", config.nullable("q_lora_rank", q_default).value_or(0));
  latent.settings.set("rope_dim", rope);
  return latent;
}

Decoder read_latent_decoder(const Config& config, const DecoderDefaults& defaults) {
  Decoder decoder;
  decoder.layers = config.layers("num_hidden_layers", defaults.layers);
  decoder.vocab = config.count("vocab_size", defaults.vocab);
  decoder.d_model = config.count("hidden_size", defaults.d_model);
  decoder.d_ff = config.count("intermediate_size", defaults.d_ff);
  decoder.tied = config.flag("tie_word_embeddings", defaults.tied);
  decoder.shape.heads = config.count("num_attention_heads", defaults.heads);
  return decoder;
}

void set_latent(gguf::Header& file) {
  file.need("num_attention_heads", "attention.head_count");
  file.need("kv_lora_rank", "attention.kv_lora_rank");
  if (file.has("attention.q_lora_rank")) {
    file.need("q_lora_rank", "attention.q_lora_rank");
  } else {
    file.set_null("q_lora_rank");
  }
  const bool newer = file.has("attention.key_length_mla");
  const std::string_view key_name = newer ? "attention.key_length_mla" : "attention.key_length";
  const Count key_width = file.required(key_name);
  const Count rope = file.required("rope.dimension_count");
  if (rope >= key_width) {
    file.fail(file.key(key_name),
              "expected more than rope.dimension_count (" + to_string(rope) + "), found " + to_string(key_width));
  }
  file.set("qk_rope_head_dim", rope, file.key("rope.dimension_count"));
  file.set("qk_nope_head_dim", key_width - rope, file.key(key_name));
  file.need("v_head_dim", newer ? "attention.value_length_mla" : "attention.value_length");
}

}  // namespace ctxcost::huggingface
