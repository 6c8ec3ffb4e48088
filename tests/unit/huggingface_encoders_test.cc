// Families of encoders and of encoder-decoders: parameters of public models, cross-attention caches, bands, and layers
// that share their weights.
#include <doctest/doctest.h>

#include <string>

#include "config_reading.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

constexpr const char* kWhisperLarge = R"({"model_type": "whisper", "d_model": 1280, "encoder_layers": 32,
  "decoder_layers": 32, "encoder_attention_heads": 20, "decoder_attention_heads": 20, "encoder_ffn_dim": 5120,
  "decoder_ffn_dim": 5120, "num_mel_bins": 128, "vocab_size": 51866, "torch_dtype": "float16"})";

constexpr const char* kEmbeddingGemma = R"({"architectures": ["Gemma3TextModel"], "model_type": "gemma3_text",
  "head_dim": 256, "hidden_size": 768, "intermediate_size": 1152, "num_attention_heads": 3, "num_hidden_layers": 24,
  "num_key_value_heads": 1, "max_position_embeddings": 2048, "sliding_window": 512, "_sliding_window_pattern": 6,
  "use_bidirectional_attention": true, "vocab_size": 262144})";

constexpr const char* kJinaV3 = R"({"model_type": "xlm-roberta", "architectures": ["XLMRobertaModel"],
  "position_embedding_type": "rotary", "vocab_size": 250002, "type_vocab_size": 1, "max_position_embeddings": 8194,
  "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096,
  "lora_adaptations": ["retrieval.query", "retrieval.passage", "separation", "classification", "text-matching"],
  "lora_rank": 4})";

constexpr const char* kAlbertBase = R"({"model_type": "albert", "embedding_size": 128, "hidden_size": 768,
  "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12, "num_hidden_groups": 1,
  "inner_group_num": 1, "vocab_size": 30000, "type_vocab_size": 2, "max_position_embeddings": 512})";

}  // namespace

TEST_CASE("parameters of public encoders and encoder-decoders") {
  struct Row {
    const char* model;
    const char* config;
    Count parameters;
    const char* source;
  };
  const Row rows[] = {
      {"openai/whisper-large-v3", kWhisperLarge, 1543490560, "elements of its safetensors"},
      {"openai/whisper-large-v3-turbo",
       R"({"model_type": "whisper", "d_model": 1280, "encoder_layers": 32, "decoder_layers": 4,
           "encoder_attention_heads": 20, "decoder_attention_heads": 20, "encoder_ffn_dim": 5120,
           "decoder_ffn_dim": 5120, "num_mel_bins": 128, "vocab_size": 51866})",
       808878080, "elements of its safetensors"},
      {"openai/whisper-medium",
       R"({"architectures": ["WhisperForConditionalGeneration"], "d_model": 1024, "encoder_layers": 24,
           "decoder_layers": 24, "encoder_attention_heads": 16, "decoder_attention_heads": 16, "encoder_ffn_dim": 4096,
           "decoder_ffn_dim": 4096, "vocab_size": 51865})",
       763857920, "elements of its safetensors"},
      {"openai/whisper-tiny", R"({"model_type": "whisper", "vocab_size": 51865})", 37760640,
       "elements of its safetensors"},
      {"facebook/bart-large", R"({"model_type": "bart", "vocab_size": 50265})", 406291456,
       "elements of its safetensors"},
      {"facebook/bart-base",
       R"({"model_type": "bart", "d_model": 768, "encoder_layers": 6, "decoder_layers": 6,
           "encoder_attention_heads": 12, "decoder_attention_heads": 12, "encoder_ffn_dim": 3072,
           "decoder_ffn_dim": 3072})",
       139420416, "elements of its safetensors"},
      {"facebook/mbart-large-50", R"({"model_type": "mbart", "vocab_size": 250054})", 610879488,
       "sum from modeling_mbart.py"},
      {"facebook/nllb-200-distilled-600M", R"({"model_type": "m2m_100", "vocab_size": 256206})", 615073792,
       "sum from modeling_m2m_100.py"},
      {"facebook/m2m100_418M", R"({"model_type": "m2m_100", "vocab_size": 128112})", 483905536,
       "sum from modeling_m2m_100.py"},
      {"google/pegasus-large",
       R"({"model_type": "pegasus", "encoder_layers": 16, "decoder_layers": 16, "vocab_size": 96103})", 568699904,
       "sum from modeling_pegasus.py"},
      {"facebook/blenderbot-400M-distill",
       R"({"model_type": "blenderbot", "d_model": 1280, "decoder_layers": 12, "encoder_ffn_dim": 5120,
           "decoder_ffn_dim": 5120})",
       364802560, "sum from modeling_blenderbot.py"},
      {"facebook/blenderbot_small-90M", R"({"model_type": "blenderbot-small", "vocab_size": 54944})", 87508992,
       "sum from modeling_blenderbot_small.py"},
      {"google/umt5-small", R"({"model_type": "umt5", "vocab_size": 256384, "tie_word_embeddings": false})", 306601984,
       "sum from modeling_umt5.py"},
      {"answerdotai/ModernBERT-base", R"({"model_type": "modernbert", "vocab_size": 50368})", 149014272,
       "its safetensors less the head"},
      {"answerdotai/ModernBERT-large",
       R"({"model_type": "modernbert", "hidden_size": 1024, "num_hidden_layers": 28, "num_attention_heads": 16,
           "intermediate_size": 2624})",
       394781696, "sum from modeling_modernbert.py"},
      {"nomic-ai/nomic-embed-text-v1.5",
       R"({"model_type": "nomic_bert", "vocab_size": 30528, "n_inner": 3072, "activation_function": "swiglu",
           "qkv_proj_bias": false, "mlp_fc1_bias": false, "mlp_fc2_bias": false, "rotary_emb_fraction": 1.0})",
       136731648, "elements of its safetensors"},
      {"nomic-ai/nomic-embed-text-v1.5 as transformers' class writes it",
       R"({"architectures": ["NomicBertModel"], "model_type": "nomic_bert", "vocab_size": 30528, "hidden_size": 768,
           "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072, "hidden_act": "silu",
           "head_dim": 64, "type_vocab_size": 2, "max_position_embeddings": 2048})",
       136731648, "elements of its safetensors"},
      {"the same by class defaults", R"({"model_type": "nomic_bert", "hidden_size": 768})", 136731648,
       "elements of its safetensors"},
      {"google/embeddinggemma-300m", kEmbeddingGemma, 302863104, "elements of its safetensors"},
      {"jinaai/jina-embeddings-v2-base-en",
       R"({"model_type": "bert", "architectures": ["JinaBertForMaskedLM"], "position_embedding_type": "alibi",
           "feed_forward_type": "geglu", "vocab_size": 30528, "max_position_embeddings": 8192})",
       137368320, "elements of its safetensors"},
      {"jinaai/jina-embeddings-v2-small-en",
       R"({"model_type": "bert", "position_embedding_type": "alibi", "feed_forward_type": "geglu", "vocab_size": 30528,
           "hidden_size": 512, "num_hidden_layers": 4, "num_attention_heads": 8, "intermediate_size": 2048,
           "_name_or_path": "jinaai/jina-bert-implementation"})",
       32690688, "sum from modeling_bert.py"},
      {"jinaai/jina-embeddings-v2-base-code",
       R"({"model_type": "bert", "position_embedding_type": "alibi", "feed_forward_type": "geglu", "vocab_size": 61056,
           "auto_map": {"AutoModel": "jinaai/jina-bert-v2-qk-post-norm--modeling_bert.JinaBertModel"}})",
       160850688, "sum from modeling_bert.py: norms of queries and keys"},
      {"jinaai/jina-embeddings-v3", kJinaV3, 559364096, "elements of its safetensors less the adapters"},
      {"jinaai/jina-embeddings-v3-hf",
       R"({"model_type": "jina_embeddings_v3", "architectures": ["JinaEmbeddingsV3Model"], "vocab_size": 250002})",
       559364096, "sum from modeling_jina_embeddings_v3.py"},
      {"text_encoder_2 of black-forest-labs/FLUX.1-dev",
       R"({"model_type": "t5", "architectures": ["T5EncoderModel"], "d_model": 4096, "d_ff": 10240, "d_kv": 64,
           "num_heads": 64, "num_layers": 24, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false})",
       4762310656, "sum from modeling_t5.py"},
      {"UMT5 alone, with a table in each layer",
       R"({"model_type": "umt5", "architectures": ["UMT5EncoderModel"], "vocab_size": 256384, "d_model": 512,
           "d_ff": 1024, "num_layers": 8, "num_heads": 6})",
       Count{256384} * 512 + 8 * (4 * 512 * 384 + 3 * 512 * 1024 + 2 * 512 + 32 * 6) + 512,
       "sum from modeling_umt5.py"},
      {"nomic-ai/nomic-embed-text-v2-moe",
       R"({"model_type": "nomic_bert", "vocab_size": 250048, "type_vocab_size": 1, "n_inner": 3072,
           "activation_function": "gelu", "moe_every_n_layers": 2, "num_experts": 8, "moe_top_k": 2,
           "num_shared_experts": 0, "rotary_emb_fraction": 1.0})",
       475292928, "elements of its safetensors"},
      {"microsoft/deberta-base",
       R"({"model_type": "deberta", "vocab_size": 50265, "relative_attention": true, "max_relative_positions": -1,
           "position_biased_input": false, "pos_att_type": "c2p|p2c"})",
       138601728, "sum from modeling_deberta.py"},
      {"microsoft/deberta-v3-base",
       R"({"model_type": "deberta-v2", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
           "intermediate_size": 3072, "relative_attention": true, "position_buckets": 256, "norm_rel_ebd": "layer_norm",
           "share_att_key": true, "pos_att_type": "p2c|c2p", "position_biased_input": false,
           "max_relative_positions": -1, "type_vocab_size": 0})",
       183831552, "sum from modeling_deberta_v2.py"},
      {"microsoft/deberta-v2-xlarge",
       R"({"model_type": "deberta-v2", "vocab_size": 128100, "relative_attention": true, "position_buckets": 256,
           "norm_rel_ebd": "layer_norm", "share_att_key": true, "pos_att_type": ["p2c", "c2p"],
           "position_biased_input": false, "conv_kernel_size": 3})",
       884593152, "sum from modeling_deberta_v2.py"},
      {"albert/albert-base-v2", kAlbertBase, 11683584, "elements of AlbertModel"},
      {"albert/albert-xxlarge-v2", R"({"model_type": "albert", "vocab_size": 30000})", 222595584,
       "sum from modeling_albert.py"},
      {"google/electra-base-discriminator",
       R"({"model_type": "electra", "embedding_size": 768, "hidden_size": 768, "intermediate_size": 3072,
           "num_attention_heads": 12})",
       108891648, "sum from modeling_electra.py"},
      {"google/electra-small-discriminator", R"({"model_type": "electra", "vocab_size": 30522})", 13483008,
       "sum from modeling_electra.py"},
      {"FacebookAI/xlm-roberta-base",
       R"({"model_type": "xlm-roberta", "vocab_size": 250002, "max_position_embeddings": 514, "type_vocab_size": 1})",
       278043648, "elements of XLMRobertaModel"},
      {"sentence-transformers/all-mpnet-base-v2",
       R"({"model_type": "mpnet", "vocab_size": 30527, "max_position_embeddings": 514})", 109486464,
       "elements of its safetensors"},
      {"Alibaba-NLP/gte-base-en-v1.5", R"({"model_type": "new", "type_vocab_size": 0, "vocab_size": 30528})", 136776192,
       "elements of its safetensors"},
      {"Alibaba-NLP/gte-multilingual-base", R"({"model_type": "new", "vocab_size": 250048})", 305368320,
       "sum from modeling.py"},
      {"BAAI/bge-m3",
       R"({"model_type": "xlm-roberta", "vocab_size": 250002, "max_position_embeddings": 8194, "type_vocab_size": 1,
           "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096})",
       567754752, "elements of XLMRobertaModel"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    CAPTURE(row.source);
    CHECK_EQ(metric(read(row.config), Metric::parameters, 128), to_string(row.parameters));
  }
}

TEST_CASE("Whisper caches its own tokens and 1500 frames, and its encoder does the same work at any length") {
  const Model model = read(kWhisperLarge);
  // 32 layers, keys and values of 1280, two bytes: 448 tokens, and 1500 frames.
  CHECK_EQ(metric(model, Metric::kv_cache_bytes, 448), to_string(Count{32 * 2 * 1280 * 2} * (448 + 1500)));
  CHECK_EQ(metric(model, Metric::kv_cache_bytes, 1), to_string(Count{32 * 2 * 1280 * 2} * (1 + 1500)));
  CHECK_EQ(metric(model, Metric::kv_bytes_per_token, 100), to_string(Count{32 * 2 * 1280 * 2}));
  CHECK(model.positions.hard_limit == Count{448});
  // Pairs of 20 heads: the encoder's 1500^2, the decoder's n^2 and 1500 n.
  const Count n = 100;
  CHECK_EQ(metric(model, Metric::scores, n), to_string(32 * Count{20} * (1500 * Count{1500} + n * n + 1500 * n)));
}

TEST_CASE("Marian keeps sinusoids apart, and may have a table for each language") {
  const char* const one = R"({"model_type": "marian", "d_model": 512, "encoder_layers": 6, "decoder_layers": 6,
    "encoder_attention_heads": 8, "decoder_attention_heads": 8, "encoder_ffn_dim": 2048, "decoder_ffn_dim": 2048,
    "vocab_size": 58101, "max_position_embeddings": 512})";
  const Model model = read(one);
  // Helsinki-NLP/opus-mt-en-de has 74410496 elements with the two tables of sinusoids.
  CHECK_EQ(metric(model, Metric::parameters, 128), "73886208");
  CHECK_EQ(part(model, "sinusoids of the positions"), Count{74410496 - 73886208});
  CHECK(model.positions.encoding == PositionEncoding::sinusoidal);
  const Model two = read(R"({"model_type": "marian", "d_model": 512, "encoder_layers": 6, "decoder_layers": 6,
    "encoder_attention_heads": 8, "decoder_attention_heads": 8, "encoder_ffn_dim": 2048, "decoder_ffn_dim": 2048,
    "vocab_size": 58101, "decoder_vocab_size": 1000, "share_encoder_decoder_embeddings": false})");
  CHECK_EQ(metric(two, Metric::parameters, 128), to_string(Count{73886208 + 1000 * 512}));
  CHECK(two.vocab == Count{1000});
}

TEST_CASE("the head of ModernBERT is a part, and two of three layers see a band of 64 tokens on each side") {
  const Model model = read(R"({"model_type": "modernbert", "vocab_size": 50368})");
  // 149655232 elements of the published safetensors.
  CHECK_EQ(part(model, "masked-word head"), Count{149655232 - 149014272});
  CHECK_EQ(kinds(model), "bidirectional 1, bidirectional 14, bidirectional 7");
  const Count n = 1024;
  const Count band = n * 129 - 64 * 65;  // 64 on each side, less what the ends lack
  CHECK_EQ(metric(model, Metric::scores, n), to_string(12 * (8 * n * n + 14 * band)));
  CHECK_EQ(metric(model, Metric::kv_cache_bytes, n), "0");
  const Model listed = read(R"({"model_type": "modernbert", "num_hidden_layers": 2, "local_attention": 6,
    "layer_types": ["sliding_attention", "full_attention"]})");
  CHECK_EQ(metric(listed, Metric::scores, 10), to_string(Count{12 * (100 + 10 * 7 - 3 * 4)}));
}

TEST_CASE("EmbeddingGemma sees half its window on each side, and caches nothing") {
  const Model model = read(kEmbeddingGemma);
  CHECK_EQ(kinds(model), "bidirectional 20, bidirectional 4");
  // The class makes 257 of 512 and sees keys at a distance below it: 256 on each side, less what the ends lack.
  const Count n = 2048;
  const Count band = n * 513 - 256 * 257;
  CHECK_EQ(metric(model, Metric::scores, n), to_string(3 * (20 * band + 4 * n * n)));
  CHECK_EQ(metric(model, Metric::kv_cache_bytes, n), "0");
  CHECK_FALSE(model.decodes());
  // The same file without the key is a decoder with a cache.
  const Model causal = read(R"({"model_type": "gemma3_text", "use_bidirectional_attention": false,
    "num_hidden_layers": 6, "num_key_value_heads": 1, "head_dim": 256, "sliding_window": 512})");
  CHECK_EQ(kinds(causal), "sliding_window 5, full 1");
}

TEST_CASE("Jina's third embeddings have adapters for five tasks, and its second have no positions to run out of") {
  // 572310396 elements of the published safetensors.
  const Model third = read(kJinaV3);
  CHECK_EQ(part(third, "task adapters"), Count{572310396 - 559364096});
  CHECK(third.positions.encoding == PositionEncoding::rope);
  CHECK(!third.positions.hard_limit);
  const Model second = read(R"({"model_type": "bert", "position_embedding_type": "alibi", "feed_forward_type": "geglu",
    "hidden_size": 768, "max_position_embeddings": 8192})");
  CHECK(second.positions.encoding == PositionEncoding::alibi);
  CHECK(!second.positions.hard_limit);
  CHECK_EQ(metric(second, Metric::kv_cache_bytes, 8192), "0");
  // Gates whatever the positions are.
  const Model learned = read(R"({"model_type": "bert", "feed_forward_type": "reglu", "hidden_size": 768})");
  CHECK(learned.positions.hard_limit == Count{512});
}

TEST_CASE("T5's encoder alone has no cache, no cross-attention and no head") {
  const Model model = read(R"({"model_type": "t5", "architectures": ["T5EncoderModel"], "num_layers": 6})");
  CHECK_EQ(kinds(model), "bidirectional 6");
  CHECK_EQ(metric(model, Metric::kv_cache_bytes, 512), "0");
  CHECK(!model.tied_embeddings);
}

TEST_CASE("the class of Nomic BERT for scores adds a pooler, under either spelling") {
  const Count pooler = 768 * 768 + 768;
  const Count score = 2 * 768 + 2;
  CHECK_EQ(metric(read(R"({"model_type": "nomic_bert", "hidden_size": 768,
    "architectures": ["NomicBertForSequenceClassification"]})"),
                  Metric::parameters),
           to_string(136731648 + pooler + score));
  CHECK_EQ(metric(read(R"({"model_type": "nomic_bert", "vocab_size": 30528, "n_inner": 3072,
    "activation_function": "swiglu", "qkv_proj_bias": false, "mlp_fc1_bias": false, "mlp_fc2_bias": false,
    "rotary_emb_fraction": 1.0, "architectures": ["NomicBertForSequenceClassification"]})"),
                  Metric::parameters),
           to_string(136731648 + pooler + score));
}

TEST_CASE("layers that share their weights are stored once and work each time") {
  const Model model = read(kAlbertBase);
  CHECK_EQ(kinds(model), "bidirectional 1, bidirectional 11");
  // One layer: 4 (768^2 + 768) + 2 * 768 * 3072 + 3072 + 768 and two norms. BF16.
  const Count layer = 4 * (Count{768} * 768 + 768) + 2 * Count{768} * 3072 + 3072 + 768 + 4 * 768;
  CHECK_EQ(metric(model, Metric::parameters_non_embedding, 128), to_string(layer));
  CHECK_EQ(metric(model, Metric::weights_bytes, 128), to_string(Count{11683584} * 2));
  const Count linears = 12 * (4 * Count{768} * 768 + 2 * Count{768} * 3072) + Count{128} * 768;
  // The pooler works once.
  CHECK_EQ(metric(model, Metric::linear_flops, 128), to_string(128 * linears + Count{768} * 768));

  const Model groups = read(R"({"model_type": "albert", "embedding_size": 128, "hidden_size": 768,
    "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12, "num_hidden_groups": 3,
    "inner_group_num": 2})");
  CHECK_EQ(kinds(groups), "bidirectional 6, bidirectional 18");
  CHECK_EQ(metric(groups, Metric::parameters_non_embedding, 128), to_string(6 * layer));
}

TEST_CASE("DeBERTa V3 counts the products with 512 relative positions, and says what it leaves out") {
  const Model model = read(R"({"model_type": "deberta-v2", "hidden_size": 768, "num_hidden_layers": 12,
    "num_attention_heads": 12, "intermediate_size": 3072, "relative_attention": true, "position_buckets": 256,
    "norm_rel_ebd": "layer_norm", "share_att_key": true, "pos_att_type": "p2c|c2p", "position_biased_input": false})");
  // A token: four projections, two matrices of the feed-forward, and a query and a key with 2 * 256 positions each.
  const Count token = 12 * (4 * Count{768} * 768 + 2 * Count{768} * 3072 + 2 * Count{768} * 512);
  CHECK_EQ(metric(model, Metric::linear_flops, 100), to_string(100 * token));
  CHECK(model.notes.back().find("relative positions") != std::string::npos);
  CHECK(!model.positions.hard_limit);
}

TEST_CASE("what these families cannot be is refused with its place") {
  CHECK(refusal(R"({"model_type": "nomic_bert", "prenorm": true})").find("/prenorm: expected false") !=
        std::string::npos);
  CHECK(refusal(R"({"model_type": "nomic_bert", "activation_function": "silu"})").find("unknown activation \"silu\"") !=
        std::string::npos);
  // One file with names of both classes: the activation would be left out.
  CHECK(refusal(R"({"model_type": "nomic_bert", "n_embd": 768, "hidden_act": "silu"})")
            .find("/hidden_act: expected activation_function") != std::string::npos);
  CHECK(
      refusal(R"({"model_type": "albert", "num_hidden_groups": 13})").find("expected at most num_hidden_layers (12)") !=
      std::string::npos);
  CHECK(refusal(R"({"model_type": "bert", "position_embedding_type": "alibi"})")
            .find("/feed_forward_type: expected \"glu\", \"geglu\" or \"reglu\", found \"original\"") !=
        std::string::npos);
  CHECK(refusal(R"({"model_type": "bert", "position_embedding_type": "relative_key"})")
            .find("/position_embedding_type: expected \"absolute\", found \"relative_key\"") != std::string::npos);
  CHECK(refusal(R"({"model_type": "bert", "position_embedding_type": "relative_key", "feed_forward_type": "geglu"})")
            .find("/position_embedding_type: expected \"alibi\" or \"absolute\", found \"relative_key\"") !=
        std::string::npos);
  CHECK(refusal(R"({"model_type": "gemma3_text", "use_bidirectional_attention": true, "sliding_window": null})")
            .find("/sliding_window: expected a positive integer") != std::string::npos);
  CHECK(refusal(R"({"model_type": "whisper", "encoder_attention_heads": 7})")
            .find("/encoder_attention_heads: expected a divisor of d_model (384), found 7") != std::string::npos);
}
