// Feed-forwards of two matrices in a Llama: Nemotron and Minitron (squared ReLU, layer norms), Arcee (squared ReLU),
// Apertus (xIELU with two learned numbers a layer, normalised queries and keys).
// [transformers configuration_nemotron.py, modeling_nemotron.py, configuration_arcee.py, configuration_apertus.py,
//  modeling_apertus.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_nemotron(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 256000, .d_model = 6144, .d_ff = 24576, .layers = 32, .heads = 48});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  add_frame(model, decoder, kLayerNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, plain(decoder.d_ff, config.flag("mlp_bias", false)),
                     pre_norms(kLayerNorm, decoder.d_model));
  read_rope(config, model, 4096);
}

void read_arcee(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 32000, .d_model = 2560, .d_ff = 18432, .layers = 32, .heads = 32});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, plain(decoder.d_ff, config.flag("mlp_bias", false)),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 4096);
}

void read_apertus(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 131072, .d_model = 4096, .d_ff = 14336, .layers = 32, .heads = 32});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  decoder.shape.qk_norm = QkNorm::head;
  std::vector<Tensor> extras = pre_norms(kRmsNorm, decoder.d_model);
  if (config.text("hidden_act", "xielu") == "xielu") {
    extras.push_back(vector_of("ffn_act.alpha_p", 1));
    extras.push_back(vector_of("ffn_act.alpha_n", 1));
  }
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, plain(decoder.d_ff), extras);
  read_rope(config, model, 65536);
}

}  // namespace

CTXCOST_FAMILY(kApertus) = {
    .model_types = "apertus",
    .architectures = "ApertusForCausalLM",
    .read = read_apertus,
};

CTXCOST_FAMILY(kArcee) = {
    .model_types = "arcee",
    .architectures = "ArceeForCausalLM",
    .read = read_arcee,
};

CTXCOST_FAMILY(kNemotron) = {
    .model_types = "nemotron",
    .architectures = "NemotronForCausalLM",
    .read = read_nemotron,
};

}  // namespace ctxcost::huggingface
