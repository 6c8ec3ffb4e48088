// GPT-Neo: learned positions, every other layer local, no bias on queries, keys and values.
// [transformers configuration_gpt_neo.py, modeling_gpt_neo.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// `attention_types`: [[["global", "local"], 12]], the words of each entry repeated so often; or `attention_layers`.
std::vector<std::string> attention_words(const Config& config, std::uint32_t layers) {
  if (const auto listed = config.texts_per_layer("attention_layers", layers)) return *listed;
  std::vector<std::string> words;
  const Config::Found types = config.find("attention_types");
  if (config.has("attention_types")) {
    const char* const expected = "expected entries such as [[\"global\", \"local\"], 12]";
    if (!types.value->is(JsonValue::Type::array)) {
      config.fault("attention_types", expected);
      return {};
    }
    for (const JsonValue& entry : types.value->items) {
      if (!entry.is(JsonValue::Type::array) || entry.items.size() != 2 || !entry.items[0].is(JsonValue::Type::array) ||
          !entry.items[1].is(JsonValue::Type::integer)) {
        config.fault("attention_types", expected);
        return {};
      }
      const Count repeat = parse_digits(entry.items[1].text).value_or(0);
      for (Count i = 0; i < repeat && words.size() <= layers; i += 1) {
        for (const JsonValue& word : entry.items[0].items) words.push_back(word.text);
      }
    }
  } else {
    for (std::uint32_t i = 0; i < layers; ++i) words.push_back(i % 2 == 0 ? "global" : "local");
  }
  if (words.size() != layers) {
    config.fault("attention_types", "expected " + std::to_string(layers) +
                                        " layers in all, one for each of num_layers, found " +
                                        std::to_string(words.size()));
    return {};
  }
  return words;
}

void read_gpt_neo(const Config& config, Model& model) {
  Decoder decoder;
  decoder.layers = config.layers({"num_layers", "num_hidden_layers"}, 24);
  decoder.vocab = config.count("vocab_size", 50257);
  decoder.d_model = config.count("hidden_size", 2048);
  decoder.d_ff = config.nullable("intermediate_size", std::nullopt, 1).value_or(4 * decoder.d_model);
  decoder.tied = config.flag("tie_word_embeddings", true);
  const Count heads = config.count({"num_heads", "num_attention_heads"}, 16);
  if (decoder.d_model % heads != 0) {
    config.fault("num_heads",
                 "expected a divisor of hidden_size (" + to_string(decoder.d_model) + "), found " + to_string(heads));
  }
  decoder.shape = make_shape(config, decoder.d_model, heads, heads, max(decoder.d_model / heads, 1));
  decoder.shape.output_bias = true;
  const Count window = config.count("window_size", 256);
  const Count rows = config.count("max_position_embeddings", 2048);
  const std::vector<std::string> words = attention_words(config, decoder.layers);
  for (const std::string& word : words) {
    if (word == "global" || word == "local") continue;
    config.fault("attention_types", "unknown layer kind \"" + word + "\"; expected \"global\" or \"local\"");
    return;
  }
  if (words.empty()) return;
  add_frame(model, decoder, kLayerNorm);
  add_tensor(model, Place::table, lookup("position_embd", decoder.d_model, rows));
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return words[i] == "local"; },
      [&](bool local) {
        return Layer{{attention(local ? kSlidingLayer : kFullLayer, decoder.shape, window)},
                     plain(decoder.d_ff, true),
                     pre_norms(kLayerNorm, decoder.d_model)};
      });
  set_positions(model, PositionEncoding::learned, rows, rows);
}

}  // namespace

CTXCOST_FAMILY(kGptNeo) = {
    .model_types = "gpt_neo",
    .architectures = "GPTNeoForCausalLM",
    .read = read_gpt_neo,
};

}  // namespace ctxcost::huggingface
