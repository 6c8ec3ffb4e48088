// Every allocation of cache and state that a real llama.cpp reported (tests/data/llamacpp.json), to the byte.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>

#include "input/json.h"
#include "parts_model.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Count count_of(const JsonValue& object, std::string_view key) { return parse_digits(object.find(key)->text).value(); }
bool flag_of(const JsonValue& object, std::string_view key) { return object.find(key)->boolean; }

Model model_of_row(const JsonValue& h) {
  const std::string family = h.find("model_type")->text;
  const auto n = [&](std::string_view key) { return count_of(h, key); };
  const std::uint32_t layers = static_cast<std::uint32_t>(n("num_hidden_layers").u64());
  MixerPointer a, b;
  std::uint32_t period = 1;
  if (family == "deepseek_v2") {
    a = latent(512, 64, 16, 128, 128);
  } else if (family == "mamba2") {
    a = state("mamba2", 1536 * 128, 3 * (1536 + 256));
  } else if (family == "jamba") {
    a = full(8, 128);
    b = state("mamba", 8192 * 16, 3 * 8192);
    return model_of(family, layers, [&](std::uint32_t i) { return std::vector{i % 8 == 4 ? a : b}; });
  } else {
    a = full(n("num_key_value_heads"), n("head_dim"));
    if (h.find("sliding_window") != nullptr) {
      b = window(n("num_key_value_heads"), n("head_dim"), n("sliding_window"));
      period = family == "gemma3_text" ? 6 : 2;
    }
  }
  return model_of(family, layers, [&](std::uint32_t i) { return std::vector{i % period < period - 1 ? b : a}; });
}

}  // namespace

TEST_CASE("llama.cpp's own figures for cache and state") {
  const JsonDocument facts =
      parse_json(read_file(CTXCOST_SOURCE_DIR "/tests/data/llamacpp.json"), "tests/data/llamacpp.json");
  std::size_t reproduced = 0;
  std::size_t quantized = 0;
  for (const JsonValue& row : facts.root.items) {
    const JsonValue& conditions = *row.find("conditions");
    const JsonValue& reported = *row.find("reported");
    CAPTURE(row.find("id")->text);
    if (conditions.find("kind") != nullptr) {  // sizes of quantised files: no context was made
      CHECK(conditions.find("kind")->text == "quantize");
      ++quantized;
      continue;
    }
    const Model model = model_of_row(*row.find("hyperparameters"));
    // n_ctx is the total over all sequences. Where it does not divide (10,000 for 3), the runtime rounds the padded
    // total down and pads again, which floor(n_ctx / n_seq) tokens each come to as well.
    const Count sequences = count_of(conditions, "n_seq");
    const Count context = count_of(conditions, "n_ctx") / sequences;
    std::string engine = "llama.cpp:ubatch=" + conditions.find("n_ubatch")->text;
    if (flag_of(conditions, "swa_full")) engine += ",swa_full=1";
    if (flag_of(conditions, "kv_unified")) engine += ",unified=1";
    const std::string kv = conditions.find("type_k")->text + "/" + conditions.find("type_v")->text;

    const Reserve found = reserve(model, engine, context, sequences, kv);
    std::map<std::string, Count> parts;
    for (const ReservedPart& part : found.parts) parts[part.name] = part.bytes;
    CHECK(found.bytes == count_of(reported, "context_buffer_bytes"));
    CHECK(parts["recurrent"] + parts["convolution"] == count_of(reported, "recurrent_bytes"));
    if (reported.find("kv_bytes") != nullptr) {
      CHECK(parts["keys"] + parts["values"] + parts["latents"] == count_of(reported, "kv_bytes"));
      CHECK(parts["keys"] + parts["latents"] == count_of(reported, "k_bytes"));
      CHECK(parts["values"] == count_of(reported, "v_bytes"));
    }
    ++reproduced;
  }
  CHECK(reproduced == 186);
  CHECK(quantized == 37);
}
