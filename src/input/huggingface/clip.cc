// CLIP's text tower, its vision tower, and both: then the text's is counted, and the other beside it.
// [transformers configuration_clip.py, modeling_clip.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

struct ClipTower {
  std::uint32_t layers = 0;
  Count d_ff;
  MixerShape shape;
};

ClipTower read_clip_tower(const Config& config, std::uint32_t d_model, std::uint32_t d_ff, std::uint32_t heads) {
  ClipTower tower;
  tower.layers = config.layers("num_hidden_layers", 12);
  const Count d = config.count("hidden_size", d_model);
  tower.d_ff = config.count("intermediate_size", d_ff);
  const Count own_heads = config.count("num_attention_heads", heads);
  if (d % own_heads != 0) {
    config.fault("num_attention_heads",
                 "expected a divisor of hidden_size (" + to_string(d) + "), found " + to_string(own_heads));
  }
  tower.shape = make_shape(config, d, own_heads, own_heads, max(d / own_heads, 1));
  tower.shape.qkv_bias = tower.shape.output_bias = true;
  return tower;
}

/// The class of the file, not of a part of it.
bool has_projection(const Config& config) {
  const std::optional<std::vector<std::string>> classes = config.texts("architectures");
  return classes && !classes->empty() && classes->front().ends_with("WithProjection");
}

/// Fills the model with a vision tower.
void read_clip_vision_tower(const Config& config, Model& model) {
  const ClipTower tower = read_clip_tower(config, 768, 3072, 12);
  const Count d = *tower.shape.d_model;
  const Count patch = config.count("patch_size", 32);
  const Count side = config.count("image_size", 224) / patch;
  const Count positions = side * side + 1;
  model.d_model = d;
  add_tensor(model, Place::other, vector_of("v.class_embd", d));
  add_tensor(model, Place::other,
             Tensor{"v.patch_embd", config.count("num_channels", 3) * patch * patch, d, TensorUse::vector});
  add_tensor(model, Place::table, lookup("v.position_embd", d, positions));
  for (const std::string_view name : {"v.pre_ln", "v.post_ln"}) {
    std::vector<Tensor> norm;
    append_norm(norm, name, kLayerNorm, d);
    for (const Tensor& tensor : norm) add_tensor(model, Place::other, tensor);
  }
  add_layers(model, tower.layers,
             {{make_mixer("bidirectional", tower.shape)}, plain(tower.d_ff, true), pre_norms(kLayerNorm, d)},
             Stack::encoder);
  set_positions(model, PositionEncoding::learned, positions, positions);
}

void read_clip_vision(const Config& config, Model& model) {
  read_clip_vision_tower(config, model);
  if (has_projection(config)) {
    add_tensor(model, Place::once, linear("visual_projection", *model.d_model, config.count("projection_dim", 512)));
  }
  config.note("the context is an image's: " + to_string(*model.positions.hard_limit) +
              " positions, the patches and a class token; products of the patch embedding are not counted");
}

/// Elements of all tensors of a tower.
Count clip_elements(const Model& tower) {
  Count sum;
  for (const ModelTensor& row : tower.tensors) sum += row.tensor.elements();
  for (const LayerGroup& group : tower.groups) {
    for (const Tensor& tensor : tower.layer_tensors(group).value_or(std::vector<Tensor>{})) {
      sum += group.count() * tensor.elements();
    }
  }
  return sum;
}

void read_clip(const Config& config, Model& model) {
  const ClipTower tower = read_clip_tower(config, 512, 2048, 8);
  const Count d = *tower.shape.d_model;
  const Count vocab = config.count("vocab_size", 49408);
  const Count rows = config.count("max_position_embeddings", 77);
  model.d_model = d;
  model.vocab = vocab;
  add_tensor(model, Place::embedding, lookup("token_embd", d, vocab));
  add_tensor(model, Place::table, lookup("position_embd", d, rows));
  std::vector<Tensor> norm;
  append_norm(norm, "output_norm", kLayerNorm, d);
  for (const Tensor& tensor : norm) add_tensor(model, Place::final_norm, tensor);
  add_layers(model, tower.layers,
             {{attention(kFullLayer, tower.shape, 1)}, plain(tower.d_ff, true), pre_norms(kLayerNorm, d)});
  set_positions(model, PositionEncoding::learned, rows, rows);

  // Projections to the common space; only the whole model has both.
  const Config file = config.file();
  const std::optional<Config> vision = file.object("vision_config");
  const bool both = model.family == "clip";
  if (both || has_projection(file)) {
    const Count width = (both ? file : config).count("projection_dim", 512);
    add_tensor(model, Place::once, linear("text_projection", d, width));
    if (both) {
      Model other;
      read_clip_vision_tower(vision.value_or(Config(JsonValue{}, "/vision_config", config.findings())), other);
      add_part(model, "vision tower", clip_elements(other), "vision_config [modeling_clip.py CLIPVisionTransformer]");
      add_part(model, "vision projection", *other.d_model * width, "to projection_dim");
      add_part(model, "logit scale", 1, "one learned number");
    }
  }
  config.note("counted is the text tower, which attends like a decoder and runs once a text: no step follows a prompt");
}

}  // namespace

CTXCOST_FAMILY(kClip) = {
    .model_types = "clip clip_text_model",
    .architectures = "CLIPModel CLIPTextModel CLIPTextModelWithProjection",
    .read = read_clip,
};

CTXCOST_FAMILY(kClipVision) = {
    .model_types = "clip_vision_model",
    .architectures = "CLIPVisionModel CLIPVisionModelWithProjection",
    .read = read_clip_vision,
};

}  // namespace ctxcost::huggingface
