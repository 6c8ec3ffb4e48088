// Strategies: a model changed by parts that are written as `compare --with` takes them.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

#include "ctxcost/answer/strategy.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

SharedModel own(std::string_view text) { return parse_model(text, "m.json"); }
SharedModel named(const char* name) { return load_model(name); }
SharedModel with(const SharedModel& model, std::string_view text) {
  return apply_strategy(model, text, "--with").model;
}

/// The one line of the fault, or "no fault".
std::string fault_of(const SharedModel& model, std::string_view text) {
  try {
    apply_strategy(model, text, "--with");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no fault";
}

/// Whether both cost the same: every metric at contexts below, at and above what the strategies of these tests name.
void check_same_costs(const SharedModel& a, const SharedModel& b) {
  for (const Convention& convention : {article_convention(), causal_convention()}) {
    Workload settings;
    settings.convention = convention;
    const Estimator left(a, settings), right(b, settings);
    for (const unsigned n : {0U, 1U, 5U, 64U, 129U, 1000U, 4096U, 10007U}) {
      for (const unsigned batch : {1U, 3U}) {
        const Estimate x = left.at(n, batch), y = right.at(n, batch);
        for (const MetricInfo& row : metrics()) {
          if (x[row.metric] == y[row.metric]) continue;
          FAIL_CHECK(row.name << " at " << n << ", batch " << batch);
        }
      }
    }
  }
  CHECK(a->groups.size() == b->groups.size());
}

std::optional<Count> metric(const SharedModel& model, Metric which, Count context = 1) {
  return Estimator(model, {}).at(context, 1).count(which);
}

/// "0-4" kinds of the layers of the decoder, in order, as one letter each: the first of the kind.
std::string letters(const Model& model) {
  std::map<std::uint32_t, char> kinds;
  for (const LayerGroup& group : model.groups) {
    if (group.stack != Stack::decoder) continue;
    for (const std::uint32_t layer : group.layers) kinds[layer] = group.mixers.front()->kind().front();
  }
  std::string all;
  for (const auto& [layer, letter] : kinds) all += letter;
  return all;
}

/// A model of 12 layers with grouped heads, all of whose tensors are known. `keys` go on behind a comma.
std::string base(const std::string& keys = {}, const char* layers = "12") {
  return std::string(R"({"layers": )") + layers +
         R"(, "heads": 8, "kv_heads": 4, "d_k": 32, "d_model": 256, "d_ff": 512, "vocab": 1000, "bias": true,)"
         R"( "qk_norm": true, "norm": "layer")" +
         (keys.empty() ? "" : ", " + keys) + "}";
}

/// A kind as a strategy writes it and as a model file does.
struct KindSample {
  const char* strategy;
  const char* json;
};
constexpr KindSample kKinds[] = {
    {"full", R"({"kind": "full"})"},
    {"none", R"({"kind": "none"})"},
    {"bidirectional", R"({"kind": "bidirectional"})"},
    {"bidirectional:half_window=100", R"({"kind": "bidirectional", "half_window": 100})"},
    {"sliding_window:window=1K", R"({"kind": "sliding_window", "window": 1024})"},
    {"sliding_window:window=1K,sink_logits,gate=true",
     R"({"kind": "sliding_window", "window": 1024, "sink_logits": true, "gate": true})"},
    {"chunked:chunk=1k", R"({"kind": "chunked", "chunk": 1000})"},
    {"dilated:window=64,dilation=3", R"({"kind": "dilated", "window": 64, "dilation": 3})"},
    {"sink_window:sinks=4,window=2044", R"({"kind": "sink_window", "sinks": 4, "window": 2044})"},
    {"latent:kv_rank=96,rope_dim=8", R"({"kind": "latent", "kv_rank": 96, "rope_dim": 8})"},
    {"latent:kv_rank=96,rope_dim=8,q_rank=48", R"({"kind": "latent", "kv_rank": 96, "rope_dim": 8, "q_rank": 48})"},
    {"indexed_latent:kv_rank=96,rope_dim=8,index_heads=2,index_dim=16,top_k=200",
     R"({"kind": "indexed_latent", "kv_rank": 96, "rope_dim": 8, "index_heads": 2, "index_dim": 16, "top_k": 200})"},
    {"compressed_sparse:window=128,compress_ratio=4,overlap,q_rank=48,output_rank=32,index_heads=2,index_dim=16,top_k="
     "200",
     R"({"kind": "compressed_sparse", "window": 128, "compress_ratio": 4, "overlap": true, "q_rank": 48,
         "output_rank": 32, "index_heads": 2, "index_dim": 16, "top_k": 200})"},
    {"indexed_blocks:index_heads=2,index_dim=16,block=64,top_k=8",
     R"({"kind": "indexed_blocks", "index_heads": 2, "index_dim": 16, "block": 64, "top_k": 8})"},
    {"longformer:window=512,global_tokens=16", R"({"kind": "longformer", "window": 512, "global_tokens": 16})"},
    {"bigbird", R"({"kind": "bigbird"})"},
    {"bigbird:block=32,random_blocks=0", R"({"kind": "bigbird", "block": 32, "random_blocks": 0})"},
    {"lsh:hashes=4,chunk=64", R"({"kind": "lsh", "hashes": 4, "chunk": 64})"},
    {"lsh:hashes=2,chunk=64,chunks_after=1,buckets=128",
     R"({"kind": "lsh", "hashes": 2, "chunk": 64, "chunks_after": 1, "buckets": 128})"},
    {"routing:clusters=16", R"({"kind": "routing", "clusters": 16})"},
    {"strided:stride=32", R"({"kind": "strided", "stride": 32})"},
    {"fixed:stride=32,summary=4", R"({"kind": "fixed", "stride": 32, "summary": 4})"},
    {"native_sparse", R"({"kind": "native_sparse"})"},
    {"native_sparse:window=128", R"({"kind": "native_sparse", "window": 128})"},
    {"vertical_slash:vertical=30,slash=60", R"({"kind": "vertical_slash", "vertical": 30, "slash": 60})"},
    {"vertical_slash:vertical=0,5,900,slash=0,64",
     R"({"kind": "vertical_slash", "vertical": [0, 5, 900], "slash": [0, 64]})"},
    {"linear", R"({"kind": "linear"})"},
    {"linear:feature_dim=16,chunk=32", R"({"kind": "linear", "feature_dim": 16, "chunk": 32})"},
    {"retention", R"({"kind": "retention"})"},
    {"lightning", R"({"kind": "lightning"})"},
    {"gated_delta", R"({"kind": "gated_delta"})"},
    {"gated_delta:key_heads=4", R"({"kind": "gated_delta", "key_heads": 4})"},
    {"kimi_delta", R"({"kind": "kimi_delta"})"},
    {"short_conv", R"({"kind": "short_conv"})"},
    {"mamba", R"({"kind": "mamba"})"},
    {"mamba2", R"({"kind": "mamba2"})"},
    {"rg_lru", R"({"kind": "rg_lru"})"},
    {"rwkv:version=6", R"({"kind": "rwkv", "version": 6})"},
    {"transformer_xl:segment=128,memory=256", R"({"kind": "transformer_xl", "segment": 128, "memory": 256})"},
    {"compressive:segment=128,memory=128,compressed=64,ratio=3",
     R"({"kind": "compressive", "segment": 128, "memory": 128, "compressed": 64, "ratio": 3})"},
    {"memorizing:memory=2K,segment=512", R"({"kind": "memorizing", "memory": 2048, "segment": 512})"},
    {"infini:segment=2048", R"({"kind": "infini", "segment": 2048})"},
    {"infini:segment=512,delta", R"({"kind": "infini", "segment": 512, "delta": true})"},
    {"titans:variant=mac,segment=512", R"({"kind": "titans", "variant": "mac", "segment": 512})"},
    {"titans:variant=mag,window=256", R"({"kind": "titans", "variant": "mag", "window": 256})"},
};

}  // namespace

TEST_CASE("a kind as a strategy costs what a model file with that kind does") {
  const SharedModel plain = own(base());
  for (const KindSample& sample : kKinds) {
    CAPTURE(sample.strategy);
    check_same_costs(with(plain, sample.strategy), own(base(R"("attention": )" + std::string(sample.json))));
    // Every third layer stays; a pattern is cut the same way.
    const std::string third = std::string(sample.strategy) +
                              (std::string(sample.strategy).find(':') == std::string::npos ? ":" : ",") +
                              "full_every=3";
    const std::string pattern = R"("pattern": [{"repeat": 2, "attention": )" + std::string(sample.json) + "}, {}]";
    check_same_costs(with(plain, third), own(base(pattern)));
    check_same_costs(with(own(base({}, "13")), third), own(base(pattern, "13")));
  }
}

TEST_CASE("the samples of strategies have every kind of the table") {
  for (const Mechanism* mechanism : mechanisms()) {
    const bool sampled = std::any_of(std::begin(kKinds), std::end(kKinds), [mechanism](const KindSample& sample) {
      const std::string_view text = sample.strategy;
      return text.substr(0, text.find(':')) == mechanism->kind;
    });
    CAPTURE(mechanism->kind);
    CHECK(sampled != mechanism->reader_only);
  }
}

TEST_CASE("a strategy that changes nothing costs what the model costs") {
  for (const char* name : {"llama-3.1-8b", "gemma-3-27b-it", "deepseek-v3", "qwen3-next-80b-a3b-instruct"}) {
    CAPTURE(name);
    const SharedModel model = named(name);
    check_same_costs(with(model, ""), model);
    check_same_costs(with(model, "flash=on"), model);
    CHECK(with(model, "flash=on")->notes == model->notes);
  }
  const SharedModel llama = named("llama-3.1-8b");
  for (const char* text : {"full", "full:full_every=2", "kv_heads=8", "heads=32", "layers=32", "d_k=128", "d_ff=14336",
                           "vocab=128256", "kv_precision=bf16", "precision=bf16"}) {
    CAPTURE(text);
    const SharedModel same = with(llama, text);
    check_same_costs(same, llama);
    CHECK(same->notes == llama->notes);
    CHECK(same->parameter_parts.size() == llama->parameter_parts.size());
    CHECK(same->published_elements == llama->published_elements);
    CHECK(same->name == llama->name);
  }
}

TEST_CASE("a value of a key costs what a model file with that value does") {
  struct Sample {
    const char* strategy;
    const char* keys;
  };
  const auto model = [](const std::string& keys) {
    return own(R"({"d_model": 256, "vocab": 1000)" + (keys.empty() ? "" : ", " + keys) + "}");
  };
  const SharedModel plain = model(R"("layers": 12, "heads": 8, "d_k": 32, "d_ff": 512)");
  for (const Sample& sample : {
           Sample{"kv_heads=2", R"("layers": 12, "heads": 8, "kv_heads": 2, "d_k": 32, "d_ff": 512)"},
           Sample{"heads=16", R"("layers": 12, "heads": 16, "d_k": 32, "d_ff": 512)"},
           Sample{"kv_heads=4+heads=16", R"("layers": 12, "heads": 16, "kv_heads": 4, "d_k": 32, "d_ff": 512)"},
           Sample{"d_k=64", R"("layers": 12, "heads": 8, "d_k": 64, "d_ff": 512)"},
           Sample{"d_v=64", R"("layers": 12, "heads": 8, "d_k": 32, "d_v": 64, "d_ff": 512)"},
           Sample{"d_v=64+d_k=16", R"("layers": 12, "heads": 8, "d_k": 16, "d_v": 64, "d_ff": 512)"},
           Sample{"d_ff=1k", R"("layers": 12, "heads": 8, "d_k": 32, "d_ff": 1000)"},
           Sample{"layers=7", R"("layers": 7, "heads": 8, "d_k": 32, "d_ff": 512)"},
           Sample{"layers=40", R"("layers": 40, "heads": 8, "d_k": 32, "d_ff": 512)"},
           Sample{"kv_precision=q8_0/q4_0",
                  R"("layers": 12, "heads": 8, "d_k": 32, "d_ff": 512, "kv_precision": "q8_0/q4_0")"},
           Sample{"precision=fp8", R"("layers": 12, "heads": 8, "d_k": 32, "d_ff": 512, "precision": "fp8")"},
           Sample{"precision=fp32", R"("layers": 12, "heads": 8, "d_k": 32, "d_ff": 512, "precision": "fp32")"},
           Sample{"precision=int4:group=32",
                  R"("layers": 12, "heads": 8, "d_k": 32, "d_ff": 512, "precision": "int4:group=32")"},
           Sample{"precision=fp8+kv_precision=fp16",
                  R"("layers": 12, "heads": 8, "d_k": 32, "d_ff": 512, "precision": "fp8", "kv_precision": "fp16")"},
           Sample{"kv_precision=fp16+precision=fp8",
                  R"("layers": 12, "heads": 8, "d_k": 32, "d_ff": 512, "precision": "fp8", "kv_precision": "fp16")"},
       }) {
    CAPTURE(sample.strategy);
    const SharedModel changed = with(plain, sample.strategy);
    check_same_costs(changed, model(sample.keys));
  }
  check_same_costs(with(plain, "vocab=2K"), own(R"({"d_model": 256, "vocab": 2048, "layers": 12, "heads": 8, "d_k": 32,
    "d_ff": 512})"));
  check_same_costs(with(plain, "learned:rows=512"),
                   model(R"("layers": 12, "heads": 8, "d_k": 32, "d_ff": 512, "positions": {"rows": 512})"));
}

TEST_CASE("full_every keeps layers N, 2N, and so on") {
  const SharedModel llama = named("llama-3.1-8b");
  CHECK(letters(*with(llama, "sliding_window:window=1024,full_every=6")) == "sssssfsssssfsssssfsssssfsssssfss");
  CHECK(letters(*with(llama, "sliding_window:window=1024,full_every=2")) == "sfsfsfsfsfsfsfsfsfsfsfsfsfsfsfsf");
  CHECK(letters(*with(llama, "sliding_window:window=1024,full_every=33")) == "ssssssssssssssssssssssssssssssss");
  // Later parts choose among the layers that earlier ones left.
  CHECK(letters(*with(llama, "sliding_window:window=1024,full_every=4+linear")) == "ssslssslssslssslssslssslssslsssl");
  CHECK(letters(*with(llama, "gated_delta:full_every=4+chunked:chunk=8K,full_every=8")) ==
        "gggcgggfgggcgggfgggcgggfgggcgggf");
  // 27 full layers of a 4:1 pattern and 5 of a window: kept layers keep what they have.
  CHECK(letters(*with(named("gemma-3-4b-it"), "linear:full_every=2")) == "lslslflslslflslslflslslflslslflsls");
}

TEST_CASE("layers are cut, or go on as their pattern does") {
  const SharedModel gemma = named("gemma-3-4b-it");  // 34 layers, every 6th full
  CHECK(letters(*with(gemma, "layers=8")) == "sssssfss");
  CHECK(letters(*with(gemma, "layers=42")) == "sssssfsssssfsssssfsssssfsssssfsssssfsssssf");
  // What a part has chosen goes on, and stays chosen.
  CHECK(letters(*with(gemma, "linear:full_every=3+layers=15+chunked:chunk=1K")) == "llcllcllcllcllc");
  // DeepSeek-V3: three dense layers, then experts.
  const SharedModel cut = with(named("deepseek-v3"), "layers=4");
  REQUIRE(cut->groups.size() == 2);
  CHECK(cut->groups[0].layers.size() == 3);
  CHECK(cut->groups[1].layers.size() == 1);
}

TEST_CASE("the cache of a sliding window in five of six layers") {
  // Llama 3.1 8B: 2 * 8 KV heads * 128 * 2 bytes = 4096 a token and layer; of 32 layers 5 are full.
  const SharedModel model = with(named("llama-3.1-8b"), "sliding_window:window=1024,full_every=6");
  CHECK(metric(model, Metric::kv_cache_bytes, 131072) == Count{4096} * (5 * 131072 + 27 * 1024));
  // 8 times fewer KV heads.
  CHECK(metric(with(named("llama-3.1-8b"), "kv_heads=1"), Metric::kv_cache_bytes, 131072) ==
        Count{32} * 2 * 128 * 2 * 131072);
  // The projections of keys and values shrink: 2 * 7 heads * 128 * 4096 less a layer.
  CHECK(*metric(named("llama-3.1-8b"), Metric::parameters) -
            *metric(with(named("llama-3.1-8b"), "kv_heads=1"), Metric::parameters) ==
        Count{32} * 2 * 7 * 128 * 4096);
}

TEST_CASE("parts carry over what the layers have") {
  // gpt-oss: sinks and biases stay under another window, and go with the softmax.
  const SharedModel oss = named("gpt-oss-20b");
  const SharedModel narrower = with(oss, "sliding_window:window=256");
  CHECK(narrower->groups.size() == 1);
  for (const LayerGroup& group : narrower->groups) {
    CHECK(group.mixers.front()->shape().sink_logits);
    CHECK(group.mixers.front()->shape().qkv_bias);
  }
  const SharedModel linear = with(oss, "linear");
  for (const LayerGroup& group : linear->groups) CHECK_FALSE(group.mixers.front()->shape().sink_logits);
  CHECK_FALSE(with(oss, "full:sink_logits=false")->groups.front().mixers.front()->shape().sink_logits);
  // DeepSeek-V3 with the indexer of V3.2 is V3.2, but for what its config says of positions and stored types.
  Model sparse = *with(named("deepseek-v3"), "indexed_latent:index_heads=64,index_dim=128,top_k=2048");
  Model published = *named("deepseek-v3.2");
  CHECK(sparse.stored.has_value());
  sparse.stored.reset();
  published.stored.reset();
  published.positions = sparse.positions;
  check_same_costs(sparse, published);
  // A selection can be narrowed alone.
  CHECK(metric(with(named("deepseek-v3.2"), "indexed_latent:top_k=1024"), Metric::kv_cache_bytes, 4096) ==
        metric(named("deepseek-v3.2"), Metric::kv_cache_bytes, 4096));
  // A recurrence may stand in for latent attention (Kimi Linear: three of four layers).
  CHECK(letters(*with(named("deepseek-v3"), "kimi_delta:full_every=4+layers=8")) == "kkklkkkl");
  // Layers of a state space stay.
  CHECK(letters(*with(named("ai21-jamba-1.5-mini"), "sliding_window:window=4096")) ==
        "mmmmsmmmmmmmsmmmmmmmsmmmmmmmsmmm");
}

TEST_CASE("an encoder takes two-sided kinds") {
  const SharedModel bert = named("bert-base-uncased");
  CHECK(with(bert, "longformer:window=512")->groups.front().mixers.front()->kind() == "longformer");
  CHECK(with(bert, "bigbird")->groups.front().stack == Stack::encoder);
  CHECK(fault_of(bert, "sliding_window:window=64") ==
        "--with: sliding_window: the model is an encoder, whose tokens see both ways; \"sliding_window\" sees earlier "
        "tokens alone (bidirectional, longformer and bigbird see both ways)");
  // In a decoder, they cost what they cost, without a causal step.
  const SharedModel model = with(named("llama-3.1-8b"), "longformer:window=512,global_tokens=16");
  CHECK_FALSE(model->decodes());
  CHECK(metric(model, Metric::kv_cache_bytes, 4096) == Count{});
  CHECK(model->notes.back() ==
        "\"longformer\" sees both ways, as published: there is no causal step, so nothing is cached and no decode step "
        "is counted");
  // Of an encoder and a decoder, the decoder's own attention alone.
  const SharedModel t5 = with(named("t5-small"), "sliding_window:window=64");
  for (const LayerGroup& group : t5->groups) {
    CHECK(group.mixers.front()->kind() == (group.stack == Stack::encoder ? "bidirectional" : "sliding_window"));
    if (group.stack == Stack::decoder) CHECK(group.mixers.at(1)->kind() == "cross_attention");
  }
}

TEST_CASE("positions change the window") {
  struct Sample {
    const char* model;
    const char* strategy;
    const char* encoding_type;
    unsigned trained;
    unsigned effective;
  };
  // Windows from docs/cost-model.md section 10. Qwen2.5 7B has 32,768 positions; Llama 3.1 has 8,192 before scaling.
  for (const Sample& sample : {
           Sample{"llama-3-8b", "rope:type=yarn,factor=4", "yarn", 8192, 32768},
           Sample{"llama-3-8b", "rope:type=linear,factor=8", "linear", 8192, 65536},
           Sample{"llama-3-8b", "rope:type=ntk,factor=4", "ntk", 8192, 32768},
           Sample{"llama-3-8b", "rope:type=dynamic,factor=1.5", "dynamic", 8192, 12288},
           Sample{"llama-3-8b", "rope:type=longrope,factor=32", "longrope", 8192, 262144},
           Sample{"llama-3-8b", "rope:type=llama3,factor=16", "llama3", 8192, 131072},
           Sample{"llama-3.1-8b", "rope:type=yarn,factor=4", "yarn", 8192, 32768},
           Sample{"llama-3.1-8b", "rope:type=yarn,factor=4,original=128K", "yarn", 131072, 524288},
           Sample{"llama-3.1-8b", "rope:type=linear,factor=8,original=4K", "linear", 4096, 32768},
           Sample{"llama-3.1-8b", "alibi", "", 8192, 8192},
           Sample{"llama-3.1-8b", "learned:rows=1024", "", 1024, 1024},
           Sample{"llama-3.1-8b", "learned:rows=1M", "", 8192, 8192},
           Sample{"gpt2", "rope:type=yarn,factor=4", "yarn", 1024, 4096},
       }) {
    CAPTURE(sample.model);
    CAPTURE(sample.strategy);
    const SharedModel before = named(sample.model);
    const SharedModel model = with(before, sample.strategy);
    CHECK(model->positions.scaling_type == sample.encoding_type);
    CHECK(model->positions.trained_context == Count{sample.trained});
    CHECK(model->positions.effective_context == Count{sample.effective});
    CHECK(model->positions.hard_limit.has_value() == (model->positions.encoding == PositionEncoding::learned));
    CHECK(metric(model, Metric::kv_cache_bytes, 1000) == metric(before, Metric::kv_cache_bytes, 1000));
  }
}

TEST_CASE("tables of positions come and go") {
  // GPT-2: 1024 rows of 768.
  const SharedModel gpt2 = named("gpt2");
  for (const char* text : {"alibi", "rope:type=linear,factor=2"}) {
    CAPTURE(text);
    CHECK(*metric(gpt2, Metric::parameters) - *metric(with(gpt2, text), Metric::parameters) == Count{1024 * 768});
  }
  CHECK(*metric(with(gpt2, "learned:rows=2048"), Metric::parameters) - *metric(gpt2, Metric::parameters) ==
        Count{1024 * 768});
  CHECK(with(gpt2, "learned:rows=2048")->positions.hard_limit == Count{2048});
  CHECK(*metric(with(named("llama-3.1-8b"), "learned:rows=1024"), Metric::parameters) -
            *metric(named("llama-3.1-8b"), Metric::parameters) ==
        Count{1024 * 4096});
  // T5's relative biases: 32 buckets of 8 heads in each stack.
  CHECK(*metric(named("t5-small"), Metric::parameters) -
            *metric(with(named("t5-small"), "alibi"), Metric::parameters) ==
        Count{2 * 32 * 8});
}

TEST_CASE("a stack of parts as production models have them") {
  const StrategicModel strategic = apply_strategy(
      named("llama-3.1-8b"), "rope:type=yarn,factor=4+sliding_window:window=4096,full_every=6+flash=on", "--with");
  CHECK(strategic.text == "rope:type=yarn,factor=4+sliding_window:window=4096,full_every=6+flash=on");
  CHECK(strategic.model->positions.effective_context == Count{32768});
  CHECK(letters(*strategic.model) == "sssssfsssssfsssssfsssssfsssssfss");
  CHECK(strategic.fused);
  CHECK_FALSE(strategic.kv.has_value());
  REQUIRE_FALSE(strategic.trade_offs.empty());
  CHECK(strategic.trade_offs.front().part == "rope:type=yarn,factor=4");

  const StrategicModel types =
      apply_strategy(named("llama-3.1-8b"), "flash=off+kv_precision=q8_0/q4_0+precision=int4", "--with");
  CHECK_FALSE(types.fused);
  REQUIRE(types.kv.has_value());
  CHECK(types.kv->name() == "q8_0/q4_0");
  REQUIRE(types.weights.has_value());
  CHECK(types.weights->name() == "int4");
  CHECK(types.trade_offs.size() == 3);
  for (const TradeOff& trade_off : types.trade_offs) CHECK_FALSE(trade_off.source.empty());
  // More bits give nothing up.
  CHECK(apply_strategy(named("llama-3.1-8b"), "kv_precision=fp32+kv_heads=16", "--with").trade_offs.empty());
}

TEST_CASE("strategies that a model cannot have are faults with the reason") {
  struct Sample {
    const char* model;
    const char* strategy;
    const char* fault;
  };
  for (const Sample& sample : {
           Sample{"llama-3.1-8b", "sliding_windw:window=4",
                  "unknown strategy \"sliding_windw\"; did you mean \"sliding_window\"?"},
           Sample{"llama-3.1-8b", "ropes:type=yarn", "unknown strategy \"ropes\"; did you mean \"rope\"?"},
           Sample{"llama-3.1-8b", "cross_attention",
                  "cross_attention: this key of a model file cannot be set here (these can: kv_heads, heads, d_k, d_v, "
                  "d_ff, layers, vocab, precision, kv_precision, flash)"},
           Sample{"llama-3.1-8b", "sliding_window",
                  "sliding_window: window: missing; \"sliding_window\" needs a positive integer"},
           Sample{"llama-3.1-8b", "sliding_window:", "sliding_window: expected key=value, found nothing"},
           Sample{"llama-3.1-8b", "sliding_window:widow=4",
                  "sliding_window: widow: unknown key of \"sliding_window\"; did you mean \"window\"?"},
           Sample{"llama-3.1-8b", "sliding_window:window",
                  "sliding_window: window: expected a positive integer, found nothing (write window=VALUE)"},
           Sample{"llama-3.1-8b", "sliding_window:window=0",
                  "sliding_window: window: expected a positive integer, found 0"},
           Sample{"llama-3.1-8b", "sliding_window:window=x",
                  "sliding_window: window: expected a positive integer, found \"x\" (write 4096 or 4K)"},
           Sample{"llama-3.1-8b", "sliding_window:window=4,window=5", "sliding_window: window: is given twice"},
           Sample{"llama-3.1-8b", "sliding_window=4",
                  "sliding_window: expected settings behind a colon, found \"=4\" (write sliding_window:key=value)"},
           Sample{"llama-3.1-8b", "sliding_window:window=4,full_every=0",
                  "sliding_window: full_every: expected a positive integer, found 0"},
           Sample{"llama-3.1-8b", "sliding_window:window=4,full_every=1",
                  "sliding_window: full_every=1 leaves every layer with attention as it is"},
           Sample{"llama-3.1-8b", "linear+sliding_window:window=4",
                  "sliding_window: an earlier part has chosen the mechanism of every layer (with full_every=N a part "
                  "leaves every Nth layer to those behind it)"},
           Sample{"llama-3.1-8b", "infini:segment=4,delta=1", "infini: delta: expected true or false, found \"1\""},
           Sample{"llama-3.1-8b", "titans:variant=max", "titans: variant: expected one of mac|mag|mal, found \"max\""},
           Sample{"llama-3.1-8b", "titans:variant=mac",
                  "titans: segment: missing; variant \"mac\" needs a positive integer"},
           Sample{"llama-3.1-8b", "indexed_latent:index_heads=1,index_dim=2,top_k=3",
                  "indexed_latent: kv_rank: missing; \"indexed_latent\" needs a positive integer"},
           Sample{
               "llama-3.1-8b", "flash=on+",
               "expected a part of a strategy, found nothing in \"flash=on+\" (sliding_window:window=4096+flash=on)"},
           Sample{"llama-3.1-8b", "flash=maybe", "flash: expected on or off, found \"maybe\""},
           Sample{"llama-3.1-8b", "flash", "flash: expected a value, found nothing (write flash=VALUE)"},
           Sample{"llama-3.1-8b", "flash=on+flash=off", "flash: is given twice"},
           Sample{"llama-3.1-8b", "kv_heads=3", "kv_heads: expected a divisor of the 32 heads, found 3"},
           Sample{"llama-3.1-8b", "heads=36", "heads: expected a multiple of the 8 KV heads, found 36"},
           Sample{"llama-3.1-8b", "kv_heads=0", "kv_heads: expected a positive integer, found \"0\""},
           Sample{"llama-3.1-8b", "kv_head=4", "unknown key \"kv_head\"; did you mean \"kv_heads\"?"},
           Sample{"llama-3.1-8b", "d_model=4096",
                  "d_model: this key of a model file cannot be set here (these can: kv_heads, heads, d_k, d_v, d_ff, "
                  "layers, vocab, precision, kv_precision, flash)"},
           Sample{"llama-3.1-8b", "learned", "learned: rows: expected a positive integer, found nothing"},
           Sample{"llama-3.1-8b", "batch=4",
                  "batch: this key of a model file cannot be set here (these can: kv_heads, heads, d_k, d_v, d_ff, "
                  "layers, vocab, precision, kv_precision, flash)"},
           Sample{"llama-3.1-8b", "layers=1000001", "layers: expected at most 1000000, found 1000001"},
           Sample{"llama-3.1-8b", "rope:factor=4",
                  "rope: type: expected one of linear, dynamic, ntk, yarn, longrope, llama3, found nothing"},
           Sample{"llama-3.1-8b", "rope:type=yarn", "rope: factor: expected a number of at least 1, found nothing"},
           Sample{
               "llama-3.1-8b", "rope:type=yarm,factor=4",
               "rope: type: expected one of linear, dynamic, ntk, yarn, longrope, llama3, found \"yarm\"; did you mean "
               "\"yarn\"?"},
           Sample{"llama-3.1-8b", "rope:type=yarn,factor=0.5",
                  "rope: factor: expected a number of at least 1, found \"0.5\""},
           Sample{"llama-3.1-8b", "alibi+learned:rows=4",
                  "learned: the positions are changed already by \"alibi\" (one of the two)"},
           Sample{"llama-3.1-8b", "alibi:slope=2", "alibi: slope: unknown key of \"alibi\" (it takes none)"},
           Sample{"deepseek-v3", "kv_heads=8",
                  "kv_heads: the model's attention is \"latent\": one latent stands for the keys and values of all "
                  "heads, so there are no KV heads"},
           Sample{"deepseek-v3", "sliding_window:window=4096",
                  "sliding_window: the model's attention is \"latent\", which caches one latent for all heads; "
                  "\"sliding_window\" would cache the keys and values of each of its 128 heads "
                  "(indexed_latent:index_heads=N,index_dim=N,top_k=N selects among latents)"},
           Sample{"deepseek-v3", "alibi",
                  "alibi: the model's attention is \"latent\", which rotates 64 dimensions of each key by position"},
           Sample{"deepseek-v3", "layers=62",
                  "layers: expected at most 61, found 62: the model's layers are no pattern that goes on"},
           Sample{"mamba-130m-hf", "sliding_window:window=4",
                  "sliding_window: expected a model with softmax attention to replace, found layers of mamba"},
           Sample{"mamba-130m-hf", "kv_heads=1",
                  "kv_heads: expected a model with softmax attention, found none: its mixers have no such heads"},
           Sample{"mamba-130m-hf", "alibi",
                  "alibi: expected a model with softmax attention, found none: a recurrence needs no positions"},
       }) {
    CAPTURE(sample.model);
    CAPTURE(sample.strategy);
    CHECK(fault_of(named(sample.model), sample.strategy) == "--with: " + std::string(sample.fault));
  }
  CHECK(
      fault_of(own(base(R"("pattern": [{}, {"attention": {"kind": "full", "shares_cache": true}}])")),
               "linear:full_every=2") ==
      "--with: linear: layers that full_every leaves read the cache of other layers, which this part replaces (without "
      "full_every all of them change)");
  CHECK(fault_of(own(R"({"layers": 1, "heads": 1, "d_k": 4})"), "rope:type=yarn,factor=4") ==
        "--with: rope: the model's file states no window to extend (original=N gives it)");
}

TEST_CASE("what was read from a checkpoint goes where the tensors change") {
  Model model = *named("llama-3.1-8b");
  model.published_elements = 8030261248;
  model.files = ModelFiles{ModelFiles::Format::safetensors, "bf16", {}, 10, 20};
  const SharedModel shared(model);
  // A window has the tensors of full attention.
  const SharedModel window = with(shared, "sliding_window:window=4096");
  CHECK(window->files.has_value());
  CHECK(window->published_elements.has_value());
  const SharedModel narrow = with(shared, "kv_heads=1");
  CHECK_FALSE(narrow->files.has_value());
  CHECK_FALSE(narrow->published_elements.has_value());
  CHECK(narrow->notes.back() ==
        "the files (bf16) hold the model without the strategy: weights are counted in bf16 unless a type is asked for");
}
