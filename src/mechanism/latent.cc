// Multi-head latent attention (MLA) [DeepSeek-V2, arXiv 2405.04434]: one latent per token is cached for all heads.
#include "latent.h"

#include "ctxcost/mechanism/pairs.h"
#include "projections.h"
#include "row.h"

namespace ctxcost {

LatentShape read_latent(const MixerShape& shape, const MixerSettings& settings) {
  const LatentShape latent{settings.count("kv_rank"), settings.count("rope_dim"), settings.count("q_rank")};
  if (latent.rope_dim >= shape.d_k) {
    throw SettingFault{"rope_dim",
                       "expected less than \"d_k\" (" + to_string(shape.d_k) + "), found " + to_string(latent.rope_dim),
                       "d_k is the whole width of a query: the part without rotation and rope_dim"};
  }
  return latent;
}

CachePart latent_cache(const MixerShape& shape, const LatentShape& latent) {
  return {"latents", CacheRole::latent, 1, latent.width(), Span{}, !shape.shares_cache};
}

std::optional<std::vector<Tensor>> latent_tensors(const MixerShape& shape, const LatentShape& latent) {
  if (!shape.d_model) return std::nullopt;
  const Count d_model = *shape.d_model;
  const Count queries = shape.heads * shape.d_k;
  const Count values = shape.heads * shape.d_v;
  // Either all linears have biases or none has. No known checkpoint has biases on only some of these matrices.
  const bool bias = shape.qkv_bias;

  std::vector<Tensor> tensors;
  if (latent.q_rank == 0) {
    project(tensors, "attn_q", d_model, queries, bias);
  } else {
    project(tensors, "attn_q_a", d_model, latent.q_rank, bias);
    tensors.push_back(vector_of("attn_q_a_norm", latent.q_rank));
    project(tensors, "attn_q_b", latent.q_rank, queries, bias);
  }
  if (!shape.shares_cache) {
    project(tensors, "attn_kv_a_mqa", d_model, latent.width(), bias);
    tensors.push_back(vector_of("attn_kv_a_norm", latent.kv_rank));
    project(tensors, "attn_kv_b", latent.kv_rank, shape.heads * (shape.d_k - latent.rope_dim + shape.d_v), bias);
  }
  // The gate multiplies the heads' output, whose width is d_v here.
  if (shape.gate) project(tensors, "attn_gate", d_model, values, shape.output_bias);
  project(tensors, "attn_output", values, d_model, shape.output_bias);

  if (shape.qk_norm != QkNorm::none) {
    const Count factor = shape.qk_norm == QkNorm::full ? shape.heads : Count{1};
    tensors.push_back(vector_of("attn_q_norm", factor * shape.d_k));
    if (!shape.shares_cache) tensors.push_back(vector_of("attn_k_norm", factor * shape.d_k));
  }
  if (shape.sink_logits) tensors.push_back(vector_of("attn_sinks", shape.heads));
  return tensors;
}

namespace {

constexpr MechanismKey kLatentKeys[] = {
    {"kv_rank", KeyType::count, "", "width of the latent that keys and values are made of"},
    {"rope_dim", KeyType::count, "", "width of the rotated key that all heads share", 0},
    {"q_rank", KeyType::count, "0", "width of the latent that queries are made of; 0 = none", 0},
};

constexpr Formula kLatentFormulas[] = {
    {"pairs", "n (n + 1) / 2", "Vaswani 2017, masked self-attention"},
    {"pairs under reach", "n n", "every query charged all n keys"},
    {"macs", "heads pairs (d_k + d_v)", "naive form, DeepSeek-V3.2-Exp inference/model.py class MLA"},
    {"decode keys", "T", "Vaswani 2017, masked self-attention"},
    {"decode macs", "heads pairs (2 kv_rank + rope_dim)",
     "absorbed form, DeepSeek-V3.2-Exp inference/model.py class MLA"},
    {"cached elements", "n (kv_rank + rope_dim)", "DeepSeek-V2, arXiv 2405.04434, section 2.1"},
};

class Latent final : public Mixer {
 public:
  Latent(const MixerShape& shape, const LatentShape& latent) : Mixer("latent", shape), latent_(latent) {
    cache_ = {latent_cache(shape, latent)};
  }

  std::optional<Work> prefill(Count n, PairRule rule) const override {
    const Count pairs = rule == PairRule::reach ? pairs::full(n) : pairs::causal(n);
    return Work{shape().heads * pairs, pairs, shape().heads * pairs * (shape().d_k + shape().d_v), 0};
  }
  std::optional<Work> decode(Count keys) const override {
    return Work{shape().heads * keys, keys, shape().heads * keys * absorbed_macs(latent_), 0};
  }
  Count polynomial_until(Count n) const override { return n == 0 ? n : kEndless; }
  std::optional<std::vector<Tensor>> tensors() const override { return latent_tensors(shape(), latent_); }
  std::span<const Formula> formulas() const override { return kLatentFormulas; }

 private:
  LatentShape latent_;
};

}  // namespace

CTXCOST_MECHANISM(kLatent) = {
    "latent",
    "every earlier token; keys and values come from one cached latent (MLA)",
    "keys and values of full rank: those of all heads are made from one latent; access is full",
    "DeepSeek-V2, arXiv 2405.04434, section 2.1.2",
    kLatentKeys,
    {.softmax = true, .traffic_never_falls = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<Latent>(shape, read_latent(shape, settings));
    }};

}  // namespace ctxcost
