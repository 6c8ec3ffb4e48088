#include "key_names.h"

#include "core/format.h"
#include "core/word_list.h"

namespace ctxcost {
namespace {

/// A word of formulas, and the keys that hold it in published configs and GGUF headers. The own format calls it by the
/// word itself.
struct KeyNames {
  std::string_view word;
  std::string_view keys;  ///< separated by spaces
};

constexpr KeyNames kKeyNames[] = {
    {"heads",
     "num_attention_heads n_head n_heads num_heads encoder_attention_heads decoder_attention_heads "
     "linear_num_value_heads mamba_n_heads mamba_num_heads attention.head_count"},
    {"kv_heads",
     "num_key_value_heads num_kv_heads n_head_kv multi_query_group_num num_global_key_value_heads "
     "attention.head_count_kv"},
    {"d_k",
     "head_dim d_kv kv_channels attention_head_dim global_head_dim linear_key_head_dim qk_head_dim "
     "attention.key_length"},
    {"d_v", "v_head_dim head_dim d_kv linear_value_head_dim attention.value_length"},
    {"d_model", "hidden_size n_embd n_embed d_model embedding_length"},
    {"vocab", "vocab_size padded_vocab_size"},
    {"d_ff", "intermediate_size n_inner d_ff ffn_dim ffn_hidden_size dim_ffn feed_forward_length"},
    {"layers", "num_hidden_layers n_layer n_layers num_layers block_count"},
    {"window",
     "sliding_window attention_window attention_window_size window_size sliding_window_size attention.sliding_window"},
    {"chunk", "attention_chunk_size chunk_size mamba_chunk_size"},
    {"kv_rank", "kv_lora_rank attention.kv_lora_rank"},
    {"q_rank", "q_lora_rank attention.q_lora_rank"},
    {"rope_dim", "qk_rope_head_dim rope.dimension_count"},
    {"index_heads", "index_n_heads"},
    {"index_dim", "index_head_dim"},
    {"top_k", "index_topk"},
    {"state", "state_size mamba_d_state ssm_state_size d_state ssm.state_size"},
    {"conv", "conv_kernel mamba_d_conv conv_L_cache linear_conv_kernel_dim d_conv conv1d_width ssm.conv_kernel"},
    {"expand", "expand mamba_expand"},
    {"inner", "intermediate_size d_inner mamba_d_ssm ssm.inner_size"},
    {"dt_rank", "time_step_rank mamba_dt_rank ssm.time_step_rank"},
    {"groups", "n_groups ngroups mamba_n_groups ssm.group_count"},
    {"head_dim", "head_dim headdim head_size mamba_d_head mamba_head_dim"},
    {"key_heads", "linear_num_key_heads"},
    {"width", "lru_width head_dim v_head_dim linear_key_head_dim attention.key_length"},
    {"active_experts", "num_experts_per_tok moe_topk num_experts_per_token moe_top_k top_k_experts expert_used_count"},
    {"expert_d_ff", "moe_intermediate_size intermediate_size expert_feed_forward_length ffn_hidden_size"},
    {"shared_experts", "n_shared_experts num_shared_experts moe_num_shared_experts"},
    {"shared_d_ff", "shared_expert_intermediate_size moe_intermediate_size shared_intermediate_size"},
    {"trained_context",
     "original_max_position_embeddings max_position_embeddings n_positions max_sequence_length seq_length "
     "max_seq_len model_max_length context_length"},
    {"effective_context", "max_position_embeddings context_length"},
    {"hard_limit", "n_positions max_position_embeddings rows context_length"},
};

/// The last part of a key's place; of a GGUF key what stands behind the architecture: "attention.head_count".
bool ends_with_key(std::string_view place, std::string_view key) {
  if (!place.ends_with(key)) return false;
  const std::size_t before = place.size() - key.size();
  return before == 0 || place[before - 1] == '/' || place[before - 1] == '.';
}

const KeyRead* find_read(const Model& model, std::string_view key, Count value) {
  for (const KeyRead& read : model.keys) {
    if (read.value == value && ends_with_key(read.key, key)) return &read;
  }
  return nullptr;
}

std::optional<Count> read_value(const Model& model, std::string_view key) {
  for (const KeyRead& read : model.keys) {
    if (ends_with_key(read.key, key)) return read.value;
  }
  return std::nullopt;
}

}  // namespace

std::string key_of(const Model& model, std::string_view word, Count value) {
  const auto say = [](const KeyRead& read) { return read.absent ? "class default of " + read.key : read.key; };
  if (const KeyRead* const own = find_read(model, word, value)) return say(*own);
  for (const KeyNames& names : kKeyNames) {
    if (names.word != word) continue;
    for (std::string_view rest = names.keys; !rest.empty();) {
      if (const KeyRead* const read = find_read(model, take_word(rest), value)) return say(*read);
    }
  }
  if (word == "d_k") {
    const std::optional<Count> plain = read_value(model, "qk_nope_head_dim");
    const std::optional<Count> rotated = read_value(model, "qk_rope_head_dim");
    if (plain && rotated && *plain + *rotated == value) return "qk_nope_head_dim + qk_rope_head_dim";
  }
  if (word == "inner") {
    for (const std::string_view key : {"expand", "mamba_expand"}) {
      const KeyRead* const read = model.d_model && *model.d_model != 0 && value % *model.d_model == 0
                                      ? find_read(model, key, value / *model.d_model)
                                      : nullptr;
      if (read != nullptr) return format("{} * {}", say(*read), key_of(model, "d_model", *model.d_model));
    }
  }
  return {};
}

std::vector<const KeyRead*> keys_named(const Model& model, std::string_view name) {
  std::vector<const KeyRead*> found;
  const auto collect = [&](std::string_view key) {
    for (const bool absent : {false, true}) {
      for (const KeyRead& read : model.keys) {
        if (read.absent == absent && ends_with_key(read.key, key)) found.push_back(&read);
      }
      if (!found.empty()) return;
    }
  };
  collect(name);
  for (std::string_view rest = published_keys(name); found.empty() && !rest.empty();) collect(take_word(rest));
  return found;
}

std::string_view published_keys(std::string_view name) {
  for (const KeyNames& names : kKeyNames) {
    if (names.word == name) return names.keys;
  }
  return name;
}

std::vector<std::string_view> key_words() {
  std::vector<std::string_view> words;
  for (const KeyNames& names : kKeyNames) words.push_back(names.word);
  return words;
}

}  // namespace ctxcost
