// Nemotron-H and Nemotron 3: each layer is a mixer or a feed-forward alone; the pattern says which.
// [transformers configuration_nemotron_h.py, modeling_nemotron_h.py]
#include "checkpoint.h"
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"
#include "state_space.h"

namespace ctxcost::huggingface {
namespace {

constexpr char kMamba = 'M';
constexpr char kAttention = '*';
constexpr char kFeedForward = '-';
constexpr char kExperts = 'E';

/// A layer kind's letter in the pattern; 0 when it is not known.
char letter(std::string_view kind) {
  if (kind == "M" || kind == "mamba" || kind == kLinearLayer) return kMamba;
  if (kind == "*" || kind == "attention" || kind == kFullLayer) return kAttention;
  if (kind == "-" || kind == "mlp") return kFeedForward;
  if (kind == "E" || kind == "moe") return kExperts;
  return 0;
}

char known_letter(const Config& config, const Keys& key, std::string_view kind) {
  if (const char known = letter(kind)) return known;
  if (config.assume_full()) {
    config.assume("layer kind \"" + std::string(kind) + "\" is not known: counted as full attention (assume full)");
  } else {
    config.fault(key, "unknown layer kind \"" + std::string(kind) + "\"; expected M, -, * or E",
                 "with assume full it counts as full attention");
  }
  return kAttention;
}

/// A pattern of letters, or a list of kinds, under either name; empty when both are absent.
std::string read_pattern(const Config& config, const Keys& letters_key, const Keys& list_key) {
  std::string pattern;
  if (config.has(list_key)) {
    for (const std::string& kind : config.texts(list_key).value_or(std::vector<std::string>{})) {
      pattern += known_letter(config, list_key, kind);
    }
  } else if (config.has(letters_key)) {
    for (const char kind : config.text(letters_key, "")) {
      pattern += known_letter(config, letters_key, std::string_view(&kind, 1));
    }
  }
  return pattern;
}

bool contains(std::string_view pattern, char kind) { return pattern.find(kind) != std::string_view::npos; }

void read_nemotron_h(const Config& config, Model& model) {
  const std::string pattern = read_pattern(config, "hybrid_override_pattern", "layers_block_type");
  if (pattern.empty()) config.fault("hybrid_override_pattern", "expected a pattern of M, -, * and E, found nothing");
  if (config.has("num_hidden_layers")) {
    const Count stated = config.count("num_hidden_layers", 0);
    if (!pattern.empty() && stated != pattern.size()) {
      config.fault("hybrid_override_pattern",
                   "expected one letter a layer (" + to_string(stated) + "), found " + std::to_string(pattern.size()));
    }
  }

  Decoder decoder;
  decoder.layers = static_cast<std::uint32_t>(pattern.size());
  decoder.vocab = config.count("vocab_size", 131072);
  decoder.d_model = config.count("hidden_size", 4096);
  decoder.tied = config.flag("tie_word_embeddings", false);
  const Count heads = config.count("num_attention_heads", 32);
  decoder.shape =
      make_shape(config, decoder.d_model, heads, config.nullable("num_key_value_heads", 8, 1).value_or(heads),
                 config.count({"head_dim", "attention_head_dim"}, 128));
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);

  const Count prediction_count = config.nullable("num_nextn_predict_layers").value_or(0);
  std::string prediction_pattern;
  if (prediction_count > 0) {
    prediction_pattern = read_pattern(config, "mtp_hybrid_override_pattern", "mtp_layers_block_type");
    if (prediction_pattern.empty()) prediction_pattern = "*E";
  }
  const std::string every = pattern + prediction_pattern;

  Mamba2Form form;
  if (contains(every, kMamba)) {
    if (!config.has({"mamba_ssm_dtype", "mamba_ssm_cache_dtype"})) {
      config.took_default("mamba_ssm_cache_dtype", "float32");
      model.recurrent_state = parse_precision("fp32", config.findings().source);
    }
    form.d_model = decoder.d_model;
    // heads * head_dim, not expand * hidden_size: they differ in Nemotron Nano 2.
    form.heads = config.count("mamba_num_heads", 128);
    form.head_dim_key = "mamba_head_dim";
    form.groups_key = {"n_groups", "mamba_n_groups"};
    form.head_dim = config.count(form.head_dim_key, 64);
    form.state = config.count("ssm_state_size", 128);
    form.groups = config.count(form.groups_key, 8);
    form.conv = config.count({"conv_kernel", "mamba_d_conv"}, 4);
    form.chunk = config.has({"chunk_size", "mamba_chunk_size"}) ? config.count({"chunk_size", "mamba_chunk_size"}, 128)
                                                                : Count{128};
    form.conv_bias = config.flag({"use_conv_bias", "mamba_conv_bias"}, true);
    form.proj_bias = config.flag({"use_bias", "mamba_proj_bias"}, false);
  }
  const bool mlp_bias = config.flag("mlp_bias", false);
  // relu2 has two matrices; a gated activation would have three.
  const FeedForward dense =
      contains(every, kFeedForward) ? plain(config.count("intermediate_size", 21504), mlp_bias) : FeedForward{};
  FeedForward sparse = {FeedForwardKind::plain, {}, mlp_bias, {}};
  if (contains(every, kExperts)) {
    Experts experts;
    experts.count = config.count("n_routed_experts", 8);
    experts.active = config.count("num_experts_per_tok", 2);
    experts.d_ff = config.count("moe_intermediate_size", 7688);
    if (config.count("n_shared_experts", 1, 0) > 0) {
      experts.shared_d_ff = config.count("moe_shared_expert_intermediate_size", 7688);
    }
    experts.latent = config.nullable("moe_latent_size").value_or(0);
    sparse.experts = checked(config, experts);
  }

  const auto layer = [&](char kind) {
    Layer built;
    append_norm(built.extras, "attn_norm", kRmsNorm, decoder.d_model);
    switch (kind) {
      case kMamba: built.mixers = {mamba2(config, form)}; break;
      case kAttention: built.mixers = {attention(kFullLayer, decoder.shape, 0)}; break;
      default:
        built.mixers = {make_mixer("none", decoder.shape)};
        built.feed_forward = kind == kExperts ? sparse : dense;
    }
    return built;
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return pattern[i]; }, layer);

  if (prediction_count > 0) {
    const Count width = decoder.d_model;
    // The blocks of its pattern, a projection of hidden state and embedding, a norm of each and one at the end.
    Count each = 2 * width * width + 3 * width;
    for (const char kind : prediction_pattern) each += elements(layer(kind));
    add_part(model, "multi-token prediction layers", prediction_count * each,
             "num_nextn_predict_layers of mtp_hybrid_override_pattern");
  }
  set_positions(model, PositionEncoding::none, config.count("max_position_embeddings", 4096));
}

// What its GGUF files say. A layer's tensors tell its kind; one more layer at the end predicts the next token.

void read_nemotron_h_gguf(gguf::Header& file) {
  file.drop_layers(file.count("nextn_predict_layers").value_or(0));
  set_frame(file, "nemotron_h");
  set_hybrid_heads(file);
  set_attention_bias(file);
  std::string pattern;
  for (std::uint32_t i = 0; i < file.layers(); ++i) {
    pattern += file.in_layer(i, "ssm_in.weight")         ? kMamba
               : file.in_layer(i, "attn_q.weight")       ? kAttention
               : file.in_layer(i, "ffn_gate_inp.weight") ? kExperts
                                                         : kFeedForward;
  }
  if (contains(pattern, kMamba)) {
    const Count heads = state_heads(file);
    file.set("mamba_num_heads", heads, file.key("ssm.time_step_rank"));
    file.set("mamba_head_dim", file.required("ssm.inner_size") / heads, file.key("ssm.inner_size"));
    file.need("ssm_state_size", "ssm.state_size");
    file.need("n_groups", "ssm.group_count");
    file.need("conv_kernel", "ssm.conv_kernel");
    file.set_flag("use_conv_bias", file.in_any_layer("ssm_conv1d.bias"));
    file.set_flag("use_bias", file.in_any_layer("ssm_in.bias"));
  }
  if (contains(pattern, kFeedForward)) {
    Count inner;
    for (const Count width : file.per_layer("feed_forward_length")) inner = max(inner, width);
    file.set("intermediate_size", inner, file.key("feed_forward_length"));
    file.set_flag("mlp_bias", file.in_any_layer("ffn_up.bias"));
  }
  if (contains(pattern, kExperts)) {
    set_experts(file, "n_routed_experts");
    file.need("moe_intermediate_size", "expert_feed_forward_length");
    file.need("n_shared_experts", "expert_shared_count");
    file.need("moe_shared_expert_intermediate_size", "expert_shared_feed_forward_length");
    if (const auto latent = file.rows_in_layers("ffn_latent_down.weight")) {
      file.set("moe_latent_size", *latent, "ffn_latent_down.weight");
    }
  }
  file.set_text("hybrid_override_pattern", std::move(pattern));
}

}  // namespace

CTXCOST_FAMILY(kNemotronH) = {
    .model_types = "nemotron_h",
    .architectures = "NemotronHForCausalLM",
    .read = read_nemotron_h,
    .gguf_architectures = "nemotron_h nemotron_h_moe",
    .read_gguf = read_nemotron_h_gguf,
    .modules = {.part = "mixer.", .backbone = true},
};

}  // namespace ctxcost::huggingface
