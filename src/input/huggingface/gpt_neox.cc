// GPT-NeoX (Pythia), GPT-J and CodeGen: parallel blocks with rotary positions.
// [transformers configuration_gpt_neox.py, modeling_gpt_neox.py, configuration_gptj.py, modeling_gptj.py,
// modeling_codegen.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_gpt_neox(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config, {.vocab = 50432, .d_model = 6144, .d_ff = 24576, .layers = 44, .heads = 64, .grouped = false});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", true);
  add_frame(model, decoder, kLayerNorm);
  add_layers(
      model, decoder.layers,
      {{attention(kFullLayer, decoder.shape, 1)}, plain(decoder.d_ff, true), pre_norms(kLayerNorm, decoder.d_model)});
  read_rope(config, model, 2048);
}

void read_gptj(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 50400, .d_model = 4096, .d_ff = 0, .layers = 28, .heads = 16, .tied = false, .grouped = false});
  decoder.d_ff = config.nullable({"n_inner", "intermediate_size"}, std::nullopt, 1).value_or(4 * decoder.d_model);
  add_frame(model, decoder, kLayerNorm);
  if (!decoder.tied) add_tensor(model, Place::head, bias_of("output", decoder.vocab));
  std::vector<Tensor> norm;
  append_norm(norm, "attn_norm", kLayerNorm, decoder.d_model);
  add_layers(model, decoder.layers,
             {{attention(kFullLayer, decoder.shape, 1)}, plain(decoder.d_ff, true), std::move(norm)});
  read_rope(config, model, 2048);
}

// What its GGUF files say.

void read_gpt_neox_gguf(gguf::Header& file) { plain_decoder(file, "gpt_neox"); }

}  // namespace

CTXCOST_FAMILY(kGptNeox) = {
    .model_types = "gpt_neox",
    .architectures = "GPTNeoXForCausalLM",
    .read = read_gpt_neox,
    .gguf_architectures = "gptneox",
    .read_gguf = read_gpt_neox_gguf,
    .gguf = {.fused_qkv = true},
};

CTXCOST_FAMILY(kGptj) = {
    .model_types = "gptj codegen",
    .architectures = "GPTJForCausalLM CodeGenForCausalLM",
    .read = read_gptj,
};

}  // namespace ctxcost::huggingface
