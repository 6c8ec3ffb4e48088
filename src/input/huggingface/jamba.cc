// Jamba: Mamba layers with attention and mixtures of experts at fixed periods; no positions.
// [transformers configuration_jamba.py, modeling_jamba.py]
#include <algorithm>
#include <vector>

#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"
#include "state_space.h"

namespace ctxcost::huggingface {
namespace {

/// A layer index modulo `period` that is read as `offset`; a fault where it can never be met.
struct Period {
  Count period, offset;
  bool holds(std::uint32_t layer) const { return Count{layer} % period == offset; }
};

Period read_period(const Config& config, const char* period_key, Count period, const char* offset_key, Count offset) {
  const Period read = {config.count(period_key, period), config.count(offset_key, offset, 0)};
  if (read.offset >= read.period) {
    config.fault(offset_key, "expected less than " + std::string(period_key) + " (" + to_string(read.period) +
                                 "), found " + to_string(read.offset));
  }
  return read;
}

void read_jamba(const Config& config, Model& model) {
  const Decoder decoder =
      read_decoder(config, {.vocab = 65536, .d_model = 4096, .d_ff = 14336, .layers = 32, .heads = 32, .kv_heads = 8});
  const Period attention_at = read_period(config, "attn_layer_period", 8, "attn_layer_offset", 4);
  const Period experts_at = read_period(config, "expert_layer_period", 2, "expert_layer_offset", 1);

  MambaForm form;
  form.d_model = decoder.d_model;
  form.inner = config.count("mamba_expand", 2) * decoder.d_model;
  form.state = config.count("mamba_d_state", 16);
  form.conv = config.count("mamba_d_conv", 4);
  form.dt_rank = read_dt_rank(config, "mamba_dt_rank", decoder.d_model);
  form.conv_bias = config.flag("mamba_conv_bias", true);
  form.proj_bias = config.flag("mamba_proj_bias", false);
  form.inner_norms = true;

  Experts experts;
  experts.count = config.count("num_experts", 16);
  experts.active = config.count("num_experts_per_tok", 2);
  experts.d_ff = decoder.d_ff;
  if (experts.count > 1) experts = checked(config, experts);

  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) {
        return std::pair<bool, bool>(attention_at.holds(i), experts.count > 1 && experts_at.holds(i));
      },
      [&](const std::pair<bool, bool>& variant) {
        return Layer{{variant.first ? attention(kFullLayer, decoder.shape, 0) : mamba(form)},
                     variant.second ? gated_experts(experts) : gated(decoder.d_ff),
                     pre_norms(kRmsNorm, decoder.d_model)};
      });
  set_positions(model, PositionEncoding::none, config.count("max_position_embeddings", 262144));
}

// What its GGUF files say.

/// The period and offset at which `marks` are set; faults where they are not periodic.
Period period_of(const gguf::Header& file, const std::string& place, const std::vector<bool>& marks) {
  const auto layers = static_cast<std::uint32_t>(marks.size());
  std::uint32_t first = 0;
  while (first < layers && !marks[first]) ++first;
  std::uint32_t second = first + 1;
  while (second < layers && !marks[second]) ++second;
  // One layer alone recurs after all others.
  const Period found = {second < layers ? second - first : layers, first};
  for (std::uint32_t i = 0; i < layers; ++i) {
    if (marks[i] != found.holds(i)) {
      file.fail(place, "expected layers at equal distances, as in Jamba, found others");
    }
  }
  return found;
}

void read_jamba_gguf(gguf::Header& file) {
  set_frame(file, "jamba");
  set_hybrid_heads(file);
  file.need("intermediate_size", "feed_forward_length");
  // Its list of KV heads has 0 for the Mamba layers, which one number for all cannot show.
  const std::vector<Count> kv_heads = file.per_layer("attention.head_count_kv");
  std::vector<bool> attention, experts;
  for (std::uint32_t i = 0; i < file.layers(); ++i) {
    attention.push_back(kv_heads[i] > 0);
    experts.push_back(file.in_layer(i, "ffn_gate_inp.weight"));
  }
  const Period attends = period_of(file, file.key("attention.head_count_kv"), attention);
  file.set("attn_layer_period", attends.period);
  file.set("attn_layer_offset", attends.offset);
  if (std::find(experts.begin(), experts.end(), true) != experts.end()) {
    const Period mixes = period_of(file, file.key("expert_count"), experts);
    file.set("expert_layer_period", mixes.period);
    file.set("expert_layer_offset", mixes.offset);
    set_experts(file, "num_experts");
  } else {
    file.set("num_experts", 1);
    file.set("num_experts_per_tok", 1);
  }
  set_hybrid_mamba(file);
  file.need("mamba_dt_rank", "ssm.time_step_rank");
}

}  // namespace

CTXCOST_FAMILY(kJamba) = {
    .model_types = "jamba",
    .architectures = "JambaForCausalLM",
    .read = read_jamba,
    .gguf_architectures = "jamba",
    .read_gguf = read_jamba_gguf,
    .modules = {.part = "feed_forward."},
};

}  // namespace ctxcost::huggingface
