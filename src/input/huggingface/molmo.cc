// Molmo's language model: gate and up are one matrix, whose width is the file's intermediate_size; the embedding has
// 128 further rows that the head has not. [allenai/Molmo-7B-D-0924 modeling_molmo.py, config_molmo.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

constexpr std::uint32_t kMolmoFurtherRows = 128;

void read_molmo(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 50304, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32});
  const Count rows = config.count("embedding_size", 50304);
  const bool qkv_bias = config.flag("qkv_bias", false);
  decoder.shape.qkv_bias = qkv_bias;
  if (config.flag("attention_layer_norm", false)) decoder.shape.qk_norm = QkNorm::full;
  if (decoder.d_ff % 2 != 0) {
    config.fault("intermediate_size",
                 "expected an even width, of gate and up together, found " + to_string(decoder.d_ff));
  }
  const std::string norm = config.text("layer_norm_type", "rms");
  if (norm != "rms") config.fault("layer_norm_type", "expected \"rms\", found \"" + norm + "\"");
  if (config.flag("weight_tying", false)) config.fault("weight_tying", "expected false: the head is its own");

  decoder.vocab = rows;
  decoder.tied = false;
  add_frame(model, decoder, kRmsNorm);
  add_tensor(model, Place::table, lookup("token_embd_further", decoder.d_model, kMolmoFurtherRows));
  std::vector<Tensor> norms = pre_norms(kRmsNorm, decoder.d_model);
  if (config.flag("norm_after", false)) {
    norms = {vector_of("post_attention_norm", decoder.d_model), vector_of("post_ffw_norm", decoder.d_model)};
  }
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff / 2), norms);
  config.note("the vision tower is not counted: the file does not describe it");
  read_rope(config, model, 2048);
}

}  // namespace

CTXCOST_FAMILY(kMolmo) = {
    .model_types = "molmo",
    .architectures = "MolmoForCausalLM",
    .read = read_molmo,
};

}  // namespace ctxcost::huggingface
