// Jamba: Mamba layers with attention and mixtures of experts at fixed periods; no positions.
// [transformers configuration_jamba.py, modeling_jamba.py]
#include "parts.h"
#include "readers.h"
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

}  // namespace

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
  const Config::Found rank = config.find("mamba_dt_rank");
  form.dt_rank = rank && rank.value->is(JsonValue::Type::string) && rank.value->text == "auto"
                     ? ceil_div(decoder.d_model, 16)
                     : config.count("mamba_dt_rank", ceil_div(decoder.d_model, 16));
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

}  // namespace ctxcost::huggingface
