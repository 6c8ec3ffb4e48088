// Jina's encoders: BERT with ALiBi and gated feed-forwards (v2), and XLM-RoBERTa with rotary positions and adapters
// (v3). Their files call themselves "bert" and "xlm-roberta". [jinaai/jina-bert-implementation and
// jinaai/jina-bert-v2-qk-post-norm modeling_bert.py;
//  jinaai/xlm-roberta-flash-implementation modeling_xlm_roberta.py, modeling_lora.py;
//  transformers modeling_jina_embeddings_v3.py]
#include "jina_bert.h"

#include <algorithm>
#include <utility>

#include "encoder.h"
#include "family.h"

namespace ctxcost::huggingface {
namespace {

std::string feed_forward_type(const Config& config) {
  return config.has("feed_forward_type") ? config.text("feed_forward_type", "original") : "original";
}

std::string position_type(const Config& config) {
  return config.has("position_embedding_type") ? config.text("position_embedding_type", "absolute") : "absolute";
}

/// The repository of the code that builds this file's model: `auto_map` names it, and before that its own name.
bool is_of_repository(const Config& config, std::string_view part) {
  const Config::Found map = config.find("auto_map");
  if (map && map.value->is(JsonValue::Type::object)) {
    const auto& members = map.value->members;
    return std::any_of(members.begin(), members.end(),
                       [part](const auto& row) { return row.value.text.find(part) != std::string::npos; });
  }
  const Config::Found name = config.find("_name_or_path");
  return name && name.value->text.find(part) != std::string::npos;
}

/// Two low-rank matrices for each task beside every matrix and table, in one set of files.
Count jina_adapters(const Encoder& encoder, Count types, Count rank) {
  const Count d = encoder.d_model;
  const Count layer = (d + 3 * d) + (d + d) + 2 * (d + encoder.d_ff);
  const Count pooler = d + d;
  return rank * (encoder.layers * layer + pooler + (encoder.vocab + d) + (types > 0 ? types + d : Count{}));
}

}  // namespace

bool is_jina_bert(const Config& config) {
  return position_type(config) == "alibi" || feed_forward_type(config).ends_with("glu");
}

void read_jina_bert(const Config& config, Model& model) {
  const Encoder encoder = read_encoder(config, {.vocab = 30522});
  const Count d = encoder.d_model;
  const Count rows = config.count("max_position_embeddings", 512);
  const std::string positions = position_type(config);
  const std::string form = feed_forward_type(config);
  if (positions != "alibi" && positions != "absolute") {
    config.fault("position_embedding_type", "expected \"alibi\" or \"absolute\", found \"" + positions + "\"");
  }
  if (form != "glu" && form != "geglu" && form != "reglu") {
    config.fault("feed_forward_type", "expected \"glu\", \"geglu\" or \"reglu\", found \"" + form + "\"",
                 "a feed-forward without gate beside ALiBi is not known");
  }
  const bool alibi = positions == "alibi";
  add_embeddings(model, encoder, {.positions = alibi ? Count{} : rows, .types = config.count("type_vocab_size", 2, 0)});
  add_pooler(model, d);
  Layer layer = encoder_layer(make_mixer("bidirectional", encoder.shape), gated(encoder.d_ff), d);
  layer.extras.push_back(bias_of("ffn_down", d));
  if (is_of_repository(config, "qk-post-norm")) {
    append_norm(layer.extras, "attn_q_norm", kLayerNorm, d);
    append_norm(layer.extras, "attn_k_norm", kLayerNorm, d);
  }
  add_layers(model, encoder.layers, std::move(layer), Stack::encoder);
  if (alibi) {
    set_positions(model, PositionEncoding::alibi, rows);
  } else {
    set_positions(model, PositionEncoding::learned, rows, rows);
  }
}

bool is_jina_roberta(const Config& config) { return position_type(config) == "rotary"; }

void read_jina_roberta(const Config& config, Model& model) {
  const Encoder encoder =
      read_encoder(config, {.vocab = 250002, .d_model = 1024, .d_ff = 4096, .layers = 24, .heads = 16});
  const Count types = config.count("type_vocab_size", 1, 0);
  add_embeddings(model, encoder, {.types = types});
  add_pooler(model, encoder.d_model);
  add_layers(model, encoder.layers,
             encoder_layer(make_mixer("bidirectional", encoder.shape), plain(encoder.d_ff, true), encoder.d_model),
             Stack::encoder);
  if (const std::optional<std::vector<std::string>> tasks = config.texts("lora_adaptations")) {
    add_part(model, "task adapters", tasks->size() * jina_adapters(encoder, types, config.count("lora_rank", 4)),
             "lora_adaptations: two matrices of rank lora_rank for each, beside every matrix and table");
  }
  read_rope(config, model, 8194);
}

CTXCOST_FAMILY(kJinaEmbeddingsV3) = {
    .model_types = "jina_embeddings_v3",
    .architectures = "JinaEmbeddingsV3Model JinaEmbeddingsV3ForMaskedLM",
    .read = read_jina_roberta,
    .heads = {.sequence = ScoreForm::dense, .sequence_drops_pooler = true},
};

}  // namespace ctxcost::huggingface
