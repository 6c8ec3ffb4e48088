#include "qwen3_vision.h"

#include "parts.h"

namespace ctxcost::huggingface {

void add_qwen3_vision(const Config& config, Model& model) {
  const std::optional<Config> vision = config.object("vision_config");
  if (!vision) return;
  const Count width = vision->count("hidden_size", 1152);
  const Count inner = vision->count("intermediate_size", 4304);
  const Count patch = vision->count("patch_size", 16);
  const Count merged = width * vision->count("spatial_merge_size", 2) * vision->count("spatial_merge_size", 2);
  const Count output = vision->count("out_hidden_size", 3584);
  const auto biased = [](Count inputs, Count outputs) { return inputs * outputs + outputs; };

  const Count block =
      2 * (2 * width) + biased(width, 3 * width) + biased(width, width) + biased(width, inner) + biased(inner, width);
  const Count patches =
      biased(vision->count("in_channels", 3) * vision->count("temporal_patch_size", 2) * patch * patch, width);
  const Count positions = vision->count("num_position_embeddings", 2304) * width;
  const Count projection = biased(merged, merged) + biased(merged, output);
  const Count merger = 2 * width + projection;
  // These normalise after the patches are joined.
  const Count deep_mergers = vision->counts("deepstack_visual_indexes").value_or(std::vector<Count>{}).size();
  add_part(model, "vision tower",
           patches + positions + vision->count("depth", 27) * block + merger + deep_mergers * (2 * merged + projection),
           "vision_config [transformers modular_qwen3_vl.py, modular_qwen3_5.py]");
}

}  // namespace ctxcost::huggingface
