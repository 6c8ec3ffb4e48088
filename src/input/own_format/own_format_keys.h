// The keys of the own format (`ctxcost schema model`).
#pragma once

#include "core/joined.h"
#include "ctxcost/model/positions.h"
#include "input/json/file_key.h"

namespace ctxcost {

/// Every layer is remembered by its index.
inline constexpr std::uint64_t kMostLayers = 1'000'000;
/// Twice as many kinds of layers as any answer counts.
inline constexpr std::uint64_t kMostPatternEntries = 16'384;
/// More norms than any published layer has (Gemma's 4).
inline constexpr std::uint64_t kMostNorms = 16;

inline constexpr std::array kExpertKeys = {
    FileKey{"count", ValueType::count, "routed experts of a layer", {}, {.required = true}},
    FileKey{
        "active", ValueType::count, "of them, those that work for one token; at most count", {}, {.required = true}},
    FileKey{"shared", ValueType::count, "experts of the same width that always work", "0", {.minimum = 0}},
    FileKey{"d_ff", ValueType::count, "width of one expert", "the layer's d_ff"},
};

/// `in_pattern`: in an entry of `pattern`, where every key has the model's value as fallback.
constexpr auto layer_keys(bool in_pattern) {
  return std::array{
      FileKey{"heads", ValueType::count, "query heads", {}, {.required = !in_pattern}},
      FileKey{"kv_heads", ValueType::count, "key and value heads, a divisor of heads", "heads"},
      FileKey{"d_k", ValueType::count, "width of one query or key", {}, {.required = !in_pattern}},
      FileKey{"d_v", ValueType::count, "width of one value", "d_k; 2 d_k for retention"},
      FileKey{"d_ff", ValueType::count, "width of the feed-forward", "unknown, and so are the parameters"},
      FileKey{"ffn",
              ValueType::choice,
              "kind of the feed-forward: with a gate, without, or none",
              "gated",
              {.choices = "gated|plain|none"}},
      FileKey{"experts",
              ValueType::object,
              "a mixture of experts in place of one feed-forward",
              "none",
              {.nullable = in_pattern, .members = kExpertKeys}},
      FileKey{"bias",
              ValueType::flag_or_word,
              "biases of every linear of mixer and feed-forward, or of queries, keys and values alone",
              "false",
              {.choices = "qkv"}},
      FileKey{"norm", ValueType::choice, "kind of the norms", "rms", {.choices = "rms|layer"}},
      FileKey{"norms_per_layer",
              ValueType::count,
              "norms of the model's width in a layer",
              "2",
              {.minimum = 0, .maximum = kMostNorms}},
      FileKey{"qk_norm",
              ValueType::flag_or_word,
              "norms of queries and keys: of d_k each, or of all heads",
              "false",
              {.choices = "full"}},
      FileKey{"attention", ValueType::mechanisms, "the mechanism, or a list of those that run side by side",
              "{\"kind\": \"full\"}"},
  };
}
inline constexpr auto kLayerKeys = layer_keys(false);
inline constexpr auto kPatternKeys = joined(
    std::array{FileKey{"repeat", ValueType::count, "layers of this kind in a row", "1", {.maximum = kMostLayers}}},
    layer_keys(true));

inline constexpr std::array kScalingKeys = {
    FileKey{"type",
            ValueType::choice,
            "rotary scaling, as published configs name it",
            {},
            {.required = true, .words = rope_scaling_types}},
    FileKey{"factor", ValueType::decimal, "how many times the window is extended",
            "none; linear, dynamic and ntk must have one"},
    FileKey{"original", ValueType::count, "the window before scaling", "trained_context"},
};
inline constexpr std::array kPositionKeys = {
    FileKey{"encoding",
            ValueType::choice,
            "how positions are told apart",
            "rope; learned where rows are given",
            {.choices = "rope|learned|sinusoidal|alibi|relative_bias|none"}},
    FileKey{"rows", ValueType::count, "learned positions: a hard limit", "none"},
    FileKey{"trained_context", ValueType::count, "tokens of the longest training sequence", "unknown"},
    FileKey{"scaling", ValueType::object, "extension of a rotary encoding", "none", {.members = kScalingKeys}},
};
inline constexpr std::array kCrossAttentionKeys = {
    FileKey{"tokens", ValueType::count, "tokens that the encoder reads", "n"},
};

inline constexpr std::array kWholeModelKeys = {
    FileKey{"layers", ValueType::count, "layers of the decoder", {}, {.required = true, .maximum = kMostLayers}},
    FileKey{"d_model", ValueType::count, "width of the residual stream", "unknown, and so are the parameters"},
    FileKey{"vocab", ValueType::count, "tokens of the vocabulary", "unknown, and so are the parameters"},
    FileKey{"tied_embeddings", ValueType::flag, "the head is the embedding's matrix", "false"},
    FileKey{"batch", ValueType::count, "sequences where the setting batch does not say", "1"},
    FileKey{"precision", ValueType::precision, "type of the weights; of the cache, too, for 8 bits and more", "fp16"},
    FileKey{"kv_precision", ValueType::kv_precision, "type of the cache, or keys/values", "from precision"},
    FileKey{"positions",
            ValueType::object,
            "the window that the model was trained for",
            "unknown",
            {.members = kPositionKeys}},
    FileKey{"cross_attention",
            ValueType::object,
            "an encoder of the same layers, read by every layer of the decoder",
            "none",
            {.members = kCrossAttentionKeys}},
    FileKey{"pattern",
            ValueType::objects,
            "kinds of layers, repeated in order until there are `layers`",
            "all layers alike",
            {.members = kPatternKeys}},
    FileKey{"name", ValueType::text, "what tables call the model", "the file's name"},
    FileKey{"source", ValueType::text, "where the numbers come from"},
    FileKey{"aliases", ValueType::texts, "further names, for the catalogue"},
    FileKey{"notes", ValueType::texts, "remarks"},
    FileKey{"$schema", ValueType::text, "the JSON Schema of this format, for editors"},
};
inline constexpr auto kOwnFormatKeys = joined(kLayerKeys, kWholeModelKeys);

/// What every mechanism with a softmax takes beside its own keys.
inline constexpr std::array kSoftmaxKeys = {
    FileKey{"gate", ValueType::flag, "an output gate as wide as the queries", "false"},
    FileKey{"sink_logits", ValueType::flag, "one learned logit a head", "false"},
    FileKey{"shares_cache", ValueType::flag, "no K,V projection and no cache of its own", "false"},
};

}  // namespace ctxcost
