// LongCat-Flash: a layer is two latent attentions and two feed-forwards in turn, with a mixture beside the first, some
// of whose experts compute nothing. [transformers configuration_longcat_flash.py, modular_longcat_flash.py]
#include "family.h"
#include "latent.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_longcat_flash(const Config& config, Model& model) {
  if (!config.has("num_layers") && config.has({"num_hidden_layers"})) {
    config.fault("num_layers", "expected a positive integer: num_hidden_layers counts each half of a layer");
    return;
  }
  const std::uint32_t layers = config.layers("num_layers", 28);
  Decoder decoder;
  decoder.layers = 2 * layers;
  decoder.vocab = config.count("vocab_size", 131072);
  decoder.d_model = config.count("hidden_size", 6144);
  decoder.d_ff = config.count("ffn_hidden_size", 12288);
  decoder.tied = config.flag("tie_word_embeddings", false);
  const Count heads = config.count("num_attention_heads", 64);
  const std::string method = config.has("attention_method") ? config.text("attention_method", "MLA") : "MLA";
  if (method != "MLA" && method != "mla") {
    config.fault("attention_method", "expected \"MLA\", found \"" + method + "\"");
  }
  const Latent latent = read_latent(config, decoder.d_model, heads, {512, 1536, 128, 64, 128});

  // The first feed-forward and the mixture read the same input: an expert that is always on.
  Experts experts;
  experts.count = config.count("n_routed_experts", 512);
  experts.active = config.count({"moe_topk", "num_experts_per_tok"}, 12);
  experts.d_ff = config.count({"expert_ffn_hidden_size", "moe_intermediate_size"}, 2048);
  experts.shared_d_ff = decoder.d_ff;
  experts.router_bias = true;  // e_score_correction_bias
  experts = checked(config, experts);
  const Count idle = config.nullable("zero_expert_num", 256).value_or(0);
  if (idle > 0 && config.has("zero_expert_type") && config.text("zero_expert_type", "identity") != "identity") {
    config.fault("zero_expert_type", "expected \"identity\", whose experts have no weights");
  }
  const bool router_bias = config.has("router_bias") && config.flag("router_bias", false);

  std::vector<Tensor> extras = pre_norms(kRmsNorm, decoder.d_model);
  if (config.flag("attention_bias", false)) {
    const Count q_rank = latent.settings.count("q_rank");
    if (q_rank > 0) extras.push_back(bias_of("attn_q_a", q_rank));
    extras.push_back(bias_of("attn_kv_a_mqa", latent.settings.count("kv_rank") + latent.settings.count("rope_dim")));
    extras.push_back(bias_of("attn_output", decoder.d_model));
  }
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [](std::uint32_t i) { return i % 2 == 0; },
      [&](bool with_experts) {
        Layer layer{{make_mixer("latent", latent.shape, latent.settings)}, gated(decoder.d_ff), extras};
        if (!with_experts) return layer;
        layer.feed_forward = gated_experts(experts);
        if (idle > 0) {
          layer.extras.push_back(linear("ffn_gate_inp_zero", decoder.d_model, idle));
          layer.extras.push_back(bias_of("exp_probs_b_zero", idle));
        }
        if (router_bias) layer.extras.push_back(bias_of("ffn_gate_inp", experts.count + idle));
        return layer;
      });
  config.note("each of the " + std::to_string(layers) + " layers is counted as two, since each half has a cache");
  if (idle > 0) {
    config.note("a token that the router sends to some of the " + to_string(idle) +
                " experts without weights uses fewer than the " + to_string(experts.active) + " experts counted");
  }
  config.note("the prediction layer of the published checkpoint, which the file does not state, is not counted");
  read_rope(config, model, 131072);
}

}  // namespace

CTXCOST_FAMILY(kLongcatFlash) = {
    .model_types = "longcat_flash",
    .architectures = "LongcatFlashForCausalLM",
    .read = read_longcat_flash,
};

}  // namespace ctxcost::huggingface
