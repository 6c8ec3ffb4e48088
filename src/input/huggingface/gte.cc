// GTE's encoders ("new"): rotary positions and gated feed-forwards whose last matrix alone has a bias.
// [Alibaba-NLP/new-impl modeling.py, configuration.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_gte(const Config& config, Model& model) {
  const std::uint32_t layers = config.layers("num_hidden_layers", 12);
  const Count d = config.count("hidden_size", 768);
  const Count d_ff = config.count("intermediate_size", 3072);
  const Count heads = config.count("num_attention_heads", 12);
  const Count vocab = config.count("vocab_size", 30528);
  const Count types = config.count("type_vocab_size", 1, 0);
  if (d % heads != 0) {
    config.fault("num_attention_heads",
                 "expected a divisor of hidden_size (" + to_string(d) + "), found " + to_string(heads));
  }
  MixerShape shape = make_shape(config, d, heads, heads, max(d / heads, 1));
  shape.qkv_bias = shape.output_bias = true;
  const std::string norm_type = config.text("layer_norm_type", "layer_norm");
  if (norm_type != "layer_norm" && norm_type != "rms_norm") {
    config.fault("layer_norm_type", "expected \"layer_norm\" or \"rms_norm\", found \"" + norm_type + "\"");
  }
  const NormForm norm = norm_type == "rms_norm" ? kRmsNorm : kLayerNorm;
  const std::string positions = config.text("position_embedding_type", "rope");
  if (positions != "rope") {
    config.fault("position_embedding_type", "expected \"rope\", found \"" + positions + "\"");
  }

  model.d_model = d;
  model.vocab = vocab;
  add_tensor(model, Place::embedding, lookup("token_embd", d, vocab));
  if (types > 0) add_tensor(model, Place::table, lookup("token_types", d, types));
  std::vector<Tensor> norms;
  append_norm(norms, "token_embd_norm", norm, d);
  for (const Tensor& tensor : norms) add_tensor(model, Place::other, tensor);
  norms.clear();
  append_norm(norms, "attn_output_norm", norm, d);
  append_norm(norms, "layer_output_norm", norm, d);
  norms.push_back(bias_of("ffn_down", d));
  add_layers(model, layers, {{make_mixer("bidirectional", shape)}, gated(d_ff), std::move(norms)}, Stack::encoder);
  read_rope(config, model, 2048);
}

}  // namespace

CTXCOST_FAMILY(kGte) = {
    .model_types = "new",
    .architectures = "NewModel NewForMaskedLM",
    .read = read_gte,
};

}  // namespace ctxcost::huggingface
