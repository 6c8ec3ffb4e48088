// How many tokens images are, by the config.json of each family, and what they add to a context.
#include "ctxcost/input/image_tokens.h"

#include <doctest/doctest.h>

#include <string>

#include "ctxcost/answer/fit.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"
#include "input/huggingface/image_tokens.h"
#include "input/json/json.h"

using namespace ctxcost;

namespace {

ImageTokens tokens(const std::string& config, const std::string& images) {
  return huggingface::count_image_tokens(parse_json(config, "test").root, parse_images(images, "images"), "test");
}

ImageTokens of_model(const char* model, const char* images) {
  return image_tokens(load_model(model), parse_images(images, "images"));
}

constexpr const char* kQwen25 =
    R"({"model_type": "qwen2_5_vl", "vision_config": {"patch_size": 14, "spatial_merge_size": 2}})";
constexpr const char* kInternVl = R"({"model_type": "internvl_chat", "force_image_size": 448, "downsample_ratio": 0.5,
  "dynamic_image_size": true, "min_dynamic_patch": 1, "max_dynamic_patch": 12, "use_thumbnail": true,
  "vision_config": {"image_size": 448, "patch_size": 14}})";

}  // namespace

TEST_CASE("an image is as many tokens as its family's processor makes of it") {
  struct Row {
    const char* config;
    const char* images;
    std::uint32_t each;
  };
  const Row rows[] = {
      {R"({"model_type": "gemma3", "mm_tokens_per_image": 256, "vision_config": {}})", "1", 256},
      // llava-1.5-7b-hf: image_seq_length 576.
      {R"({"model_type": "llava", "vision_feature_select_strategy": "default",
           "vision_config": {"model_type": "clip_vision_model", "image_size": 336, "patch_size": 14}})",
       "1", 576},
      {R"({"model_type": "llava", "vision_feature_select_strategy": "full",
           "vision_config": {"model_type": "clip_vision_model", "image_size": 336, "patch_size": 14}})",
       "1", 577},
      // paligemma-3b-pt-224, -448 and -896: num_image_tokens.
      {R"({"model_type": "paligemma", "vision_config": {"image_size": 224, "patch_size": 14}})", "1", 256},
      {R"({"model_type": "paligemma", "vision_config": {"image_size": 448, "patch_size": 14}})", "1", 1024},
      {R"({"model_type": "paligemma", "vision_config": {"image_size": 896, "patch_size": 14}})", "1", 4096},
      // Pixtral 12B: 64 rows of 64 patches of 16 pixels, each with a break.
      {R"({"model_type": "llava", "vision_config": {"model_type": "pixtral", "image_size": 1024, "patch_size": 16}})",
       "1:1024x1024", 64 * 65},
      {R"({"model_type": "llava", "vision_config": {"model_type": "pixtral", "image_size": 1024, "patch_size": 16}})",
       "1:2048x1024", 32 * 65},
      {R"({"model_type": "llava", "vision_config": {"model_type": "pixtral", "image_size": 1024, "patch_size": 16}})",
       "1:1x1", 2},
      // Cells of 28 pixels: 36.6 and 27.4 round to 37 and 27; 504 and 518 are 18 and 18.5, which rounds to the even 18.
      {kQwen25, "1:448x448", 256},
      {kQwen25, "1:1024x768", 37 * 27},
      {kQwen25, "1:504x518", 18 * 18},
      {kQwen25, "1:504x546", 18 * 20},
      // 448 x 448 is one tile of 16 x 16; 1344 x 896 is 3 x 2 tiles and a thumbnail.
      {kInternVl, "1:448x448", 256},
      {kInternVl, "1:1344x896", 7 * 256},
      {kInternVl, "1:896x896", 5 * 256},
      {kInternVl, "1:600x600", 256},  // 2 x 2 is as near, but the picture has less than half of its pixels
  };
  for (const Row& row : rows)
    CHECK_MESSAGE(tokens(row.config, row.images).each == Count{row.each}, row.config, row.images);
}

TEST_CASE("models of the catalogue have what their config.json says") {
  CHECK(of_model("gemma-3-27b-it", "20").in_context() == Count{5120});
  CHECK(of_model("gemma-3-27b-it", "20").note() ==
        "20 images x 256 tokens (mm_tokens_per_image) = 5,120 tokens of each context");
  // 55 rows of 55 cells of 28 pixels; more is scaled to 1540.
  CHECK(of_model("mistral-small-3.1-24b-instruct-2503", "1:1540x1540").each == Count{55 * 56});
  CHECK(of_model("mistral-small-3.1-24b-instruct-2503", "1:3080x3080").each == Count{55 * 56});
  CHECK(of_model("mistral-small-3.1-24b-instruct-2503", "1:1024x768").each == Count{28 * 38});
  CHECK(of_model("qwen2.5-vl-7b-instruct", "2:1024x768").in_context() == Count{2 * 37 * 27});
  CHECK(of_model("qwen3-vl-8b-instruct", "1:1024x768").each == Count{32 * 24});
  CHECK(of_model("qwen3.5-27b", "1:1024x768").each == Count{32 * 24});
  // 280 cells of 48 pixels: 14² <= 280 · 768 / 1024 = 210 and 19² <= 280 · 1024 / 768 = 373.
  CHECK(of_model("gemma-4-31b-it", "1:1024x768").each == Count{19 * 14});
  CHECK(of_model("gemma-4-31b-it", "1:1000x1000").each == Count{16 * 16});
}

TEST_CASE("images that cross-attention layers see are no part of the context: each has its place in their cache") {
  // 4 tiles of (560 / 14)² + 1; 8 of 40 layers with 8 heads of 128, keys and values in 16 bits.
  const ImageTokens one = of_model("llama-3.2-11b-vision-instruct", "1");
  CHECK(one.each == Count{6404});
  CHECK(one.in_context() == Count{});
  const auto cache = [](const char* images) {
    Setup setup{load_model("llama-3.2-11b-vision-instruct"), {}, ideal_engine(), {}};
    if (*images != 0) set_images(setup, parse_images(images, "images"));
    return *Estimator(setup.model, {}).at(1000, 1).count(Metric::kv_cache_bytes);
  };
  constexpr std::uint64_t kToken = 2ULL * 8 * 128 * 2;
  CHECK(cache("") == Count{32 * kToken * 1000 + 8 * kToken * 6404});
  CHECK(cache("1") == cache(""));
  CHECK(cache("3") == Count{32 * kToken * 1000 + 8 * kToken * 3 * 6404});
}

TEST_CASE("what the file does not determine is an error that says so") {
  struct Fault {
    const char* config;
    const char* images;
    const char* message;
  };
  const Fault faults[] = {
      {kQwen25, "3", "depends on its size, which was not given (images of 1024 x 768 pixels: 3:1024x768)"},
      {kQwen25, "1:20x20", "would be 1 tokens, and its processor resizes what is not within 4 and 16,384"},
      {kQwen25, "1:4000x4000", "would be 20,449 tokens, and its processor resizes what is not within 4 and 16,384"},
      {R"({"model_type": "gemma3", "vision_config": {}})", "1",
       "/mm_tokens_per_image: expected a positive integer, by which the tokens of an image are counted, found nothing"},
      {R"({"model_type": "paligemma", "vision_config": {"image_size": "224", "patch_size": 14}})", "1",
       "/vision_config/image_size: expected"},
      {R"({"model_type": "llama4", "vision_config": {"image_size": 336}})", "1", "preprocessor_config.json says"},
      {R"({"model_type": "llama"})", "1", "it takes no images, as far as its file says (no vision_config)"},
      {R"({"model_type": "kimi_k25", "vision_config": {}})", "1", "an image is of \"kimi_k25\" is not known"},
      {R"({"model_type": "internvl_chat", "force_image_size": 448, "downsample_ratio": 0.25,
           "vision_config": {"patch_size": 14}})",
       "1", "its downsample_ratio is not 0.5"},
  };
  for (const Fault& fault : faults) {
    CHECK_THROWS_WITH_AS(tokens(fault.config, fault.images), doctest::Contains(fault.message), InputError);
  }
  CHECK_THROWS_WITH_AS(of_model("llama-3.1-8b", "1"), doctest::Contains("it takes no images"), InputError);
  for (const char* text : {"", "0", "x", "-1", "1:", "1:20", "1:x20", "1:20x", "1:20x0", "1x20", "1:2x2x2"}) {
    CHECK_THROWS_AS(parse_images(text, "images"), InputError);
  }
}

TEST_CASE("the tokens of images add to the contexts that are given, and are a part of the model's own") {
  DeploymentQuestion question;
  question.models = {load_model("gemma-3-27b-it")};
  question.settings.kv_memory = Count{1ULL << 40};
  question.placements = {{}};
  question.images = parse_images("20", "images");
  CHECK(fit(question).alternatives.front().context == Count{131072});
  question.contexts = LengthList(4096);
  const FitAnswer answer = fit(question);
  CHECK(answer.alternatives.front().context == Count{4096 + 20 * 256});
  CHECK(notes(answer.alternatives.front()).front() ==
        "20 images x 256 tokens (mm_tokens_per_image) = 5,120 tokens of each context");
}
