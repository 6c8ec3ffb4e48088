// Baichuan 1 and 2: Llama with one projection for queries, keys and values. Those of 4096 channels rotate, the 13B ones
// use ALiBi [vLLM vllm/model_executor/models/baichuan.py BaichuanForCausalLM].
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_baichuan(const Config& config, Model& model) {
  constexpr Count kRotaryWidth = 4096;
  const Decoder decoder = read_decoder(
      config, {.vocab = 125696, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32, .grouped = false});
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff), pre_norms(kRmsNorm, decoder.d_model));
  if (decoder.d_model == kRotaryWidth) {
    read_rope(config, model, 4096);
  } else {
    set_positions(model, PositionEncoding::alibi, longest_sequence(config, 4096));
  }
}

}  // namespace

CTXCOST_FAMILY(kBaichuan) = {
    .model_types = "baichuan",
    .architectures = "BaichuanForCausalLM BaiChuanForCausalLM",
    .read = read_baichuan,
};

}  // namespace ctxcost::huggingface
