// Models of the own format and the numbers that follow from their keys.
#include <doctest/doctest.h>

#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

Model model_of(std::string_view text) { return parse_model(text, "models/m.json"); }

std::optional<Count> metric(const Model& model, Metric which, Count context = 1, Count batch = 1) {
  Workload settings;
  settings.convention = causal_convention();
  return Estimator(model, settings).at(context, batch).count(which);
}

std::optional<Count> parameters(std::string_view text) { return metric(model_of(text), Metric::parameters); }
std::optional<Count> non_embedding(std::string_view text) {
  return metric(model_of(text), Metric::parameters_non_embedding);
}

/// Two layers of width 64: H = 4, d_k = 16, d_ff = 256, vocabulary 1000, with further keys.
std::string small(const std::string& keys = {}) {
  return R"({"layers": 2, "heads": 4, "d_k": 16, "d_model": 64, "d_ff": 256, "vocab": 1000)" +
         (keys.empty() ? "" : ", " + keys) + "}";
}

}  // namespace

TEST_CASE("three keys are a model") {
  const Model model = model_of(R"({"name": "approx. 7B", "layers": 32, "heads": 32, "d_k": 128, "precision": "fp16"})");
  CHECK(model.name == "approx. 7B");
  CHECK(model.family == "own");
  CHECK(model.origin == "models/m.json");
  REQUIRE(model.groups.size() == 1);
  CHECK(model.groups[0].count() == 32);
  CHECK(model.groups[0].layers.front() == 0);
  CHECK(model.groups[0].layers.back() == 31);
  CHECK(model.groups[0].mixers.at(0)->kind() == "full");
  // 2 * 32 layers * 32 heads * 128 * 2 bytes a token.
  CHECK(metric(model, Metric::kv_cache_bytes, 1024) == Count{536870912});
  // What the file does not tell is not known.
  CHECK_FALSE(metric(model, Metric::parameters).has_value());
  CHECK_FALSE(metric(model, Metric::parameters_non_embedding).has_value());
  CHECK_FALSE(metric(model, Metric::linear_flops).has_value());
  CHECK_FALSE(model.positions.trained_context.has_value());
}

TEST_CASE("a file without a name is called after itself") {
  const char* text = R"({"layers": 1, "heads": 1, "d_k": 1})";
  CHECK(parse_model(text, "models/tiny.json").name == "tiny");
  CHECK(parse_model(text, "models/tiny/config.json").name == "tiny");
  CHECK(parse_model(text, "./config.json").name == "config");
  CHECK(parse_model(text, "-").name == "standard input");
}

TEST_CASE("Llama 3 8B by hand: parameters and work of docs/cost-model.md section 4.1") {
  const Model model = model_of(R"({"layers": 32, "heads": 32, "kv_heads": 8, "d_k": 128, "d_model": 4096,
                                   "d_ff": 14336, "vocab": 128256, "precision": "bf16"})");
  CHECK(metric(model, Metric::parameters) == Count{8030261248});
  // Without the two tables of 128,256 x 4,096.
  CHECK(metric(model, Metric::parameters_non_embedding) == Count{8030261248 - Count{2} * 128256 * 4096});
  CHECK(metric(model, Metric::linear_flops, 8192) == Count{114349209288704});
  CHECK(metric(model, Metric::forward_flops, 8192) == Count{131944593489920});
  CHECK(metric(model, Metric::kv_cache_bytes, 8192) == Count{1073741824});
  CHECK(model.activation.name() == "bf16");
}

TEST_CASE("every key that changes the parameters, one at a time") {
  // Layer: Q, K, V, O 4 * 64 * 64; gated feed-forward 3 * 64 * 256; two norms of 64. Outside: two tables, one norm.
  const Count layer = 4 * 64 * 64 + 3 * 64 * 256 + 2 * 64;
  const Count outside = 2 * 1000 * 64 + 64;
  const Count base = 2 * layer + outside;
  CHECK(base == Count{259392});
  struct Row {
    const char* keys;
    Count expected;
  };
  const Row rows[] = {
      {"", base},
      {R"("kv_heads": 1)", base - 2 * (2 * 64 * 3 * 16)},
      {R"("d_v": 8)", base - 2 * (2 * 64 * 4 * 8)},
      {R"("ffn": "plain")", base - 2 * 64 * 256},
      {R"("ffn": "none")", base - 2 * 3 * 64 * 256},
      {R"("tied_embeddings": true)", base - 1000 * 64},
      {R"("bias": "qkv")", base + 2 * 3 * 64},
      // Q, K, V, O; gate and up, down.
      {R"("bias": true)", base + 2 * (4 * 64 + 2 * 256 + 64)},
      // A bias for each of five norms.
      {R"("norm": "layer")", base + 5 * 64},
      {R"("norms_per_layer": 4)", base + 2 * 2 * 64},
      {R"("norms_per_layer": 0)", base - 2 * 2 * 64},
      {R"("qk_norm": true)", base + 2 * 2 * 16},
      {R"("qk_norm": "full", "kv_heads": 2)", base - 2 * (2 * 64 * 2 * 16) + 2 * (4 + 2) * 16},
      {R"("positions": {"encoding": "learned", "rows": 512})", base + 512 * 64},
      {R"("positions": {"rows": 512})", base + 512 * 64},
      {R"("positions": {"encoding": "alibi"})", base},
      // Router, 8 experts and 1 always on, in place of the dense feed-forward.
      {R"("experts": {"count": 8, "active": 2, "shared": 1, "d_ff": 32})",
       base + 2 * (64 * 8 + 9 * 3 * 64 * 32 - 3 * 64 * 256)},
      {R"("experts": {"count": 8, "active": 2})", base + 2 * (64 * 8 + 7 * 3 * 64 * 256)},
      // Two always on; with a bias for each of four projections and for gate, up and down of each of ten experts.
      {R"("experts": {"count": 8, "active": 2, "shared": 2, "d_ff": 32})",
       base + 2 * (64 * 8 + 10 * 3 * 64 * 32 - 3 * 64 * 256)},
      {R"("experts": {"count": 8, "active": 2, "shared": 2, "d_ff": 32}, "bias": true)",
       base + 2 * (64 * 8 + 10 * (3 * 64 * 32 + 32 + 32 + 64) - 3 * 64 * 256 + 4 * 64)},
      {R"("attention": {"kind": "full", "gate": true})", base + 2 * 64 * 64},
      {R"("attention": {"kind": "full", "sink_logits": true})", base + 2 * 4},
      {R"("attention": {"kind": "none"})", base - 2 * 4 * 64 * 64},
      {R"("attention": {"kind": "full", "shares_cache": true})", base - 2 * 2 * 64 * 64},
      // Two mixers side by side under the same norms.
      {R"("attention": [{"kind": "full"}, {"kind": "sliding_window", "window": 8}])", base + 2 * 4 * 64 * 64},
      // The second layer without a feed-forward.
      {R"("pattern": [{}, {"ffn": "none"}])", base - 3 * 64 * 256},
      // Experts in the second layer alone; a dense first layer among experts.
      {R"("pattern": [{}, {"experts": {"count": 2, "active": 1}}])", base + 64 * 2 + 3 * 64 * 256},
      {R"("experts": {"count": 2, "active": 1}, "pattern": [{"experts": null}, {}])", base + 64 * 2 + 3 * 64 * 256},
  };
  for (const Row& row : rows) {
    CAPTURE(row.keys);
    CHECK(to_string(parameters(small(row.keys)).value_or(0)) == to_string(row.expected));
  }
}

TEST_CASE("bias: true is a bias of every linear of mixer and feed-forward") {
  struct Row {
    const char* attention;
    Count biases;  // of the mixer of one layer
  };
  // d_model 64, four heads of 16.
  const Row rows[] = {
      {R"("kind": "full")", 4 * 64},
      {R"("kind": "infini", "segment": 8)", 4 * 64},
      {R"("kind": "memorizing", "memory": 8, "segment": 8)", 4 * 64},
      // Keys are queries.
      {R"("kind": "lsh", "hashes": 2, "chunk": 8)", 3 * 64},
      // Three gates for each head.
      {R"("kind": "native_sparse")", 4 * 64 + 3 * 4},
      // The projection of positions has none.
      {R"("kind": "transformer_xl", "segment": 8, "memory": 8)", 4 * 64},
      {R"("kind": "compressive", "segment": 8, "memory": 8, "compressed": 8, "ratio": 2)", 4 * 64},
      // Q, K and V of the memory; of the global tokens.
      {R"("kind": "titans", "variant": "mac", "segment": 8)", 4 * 64 + 3 * 64},
      {R"("kind": "titans", "variant": "mag", "window": 8)", 4 * 64 + 3 * 64},
      {R"("kind": "longformer", "window": 8)", 4 * 64 + 3 * 64},
      // Queries 24 and 64, latent 40, keys and values 4 (8 + 16), output; indexer 2 * 16, 16 and 2.
      {R"("kind": "latent", "kv_rank": 32, "rope_dim": 8, "q_rank": 24)", 24 + 64 + 40 + 96 + 64},
      {R"("kind": "indexed_latent", "kv_rank": 32, "rope_dim": 8, "q_rank": 24, "index_heads": 2, "index_dim": 16,
          "top_k": 4)",
       24 + 64 + 40 + 96 + 64 + 32 + 16 + 2},
      // Values of 32: Q, K, V, gate, output.
      {R"("kind": "retention")", 64 + 64 + 128 + 128 + 64},
      {R"("kind": "lightning")", 3 * 64 + 64 + 64},
      {R"("kind": "linear")", 4 * 64},
      // Strength and decay of four heads; two low-rank pairs of 16 and 64.
      {R"("kind": "gated_delta")", 3 * 64 + 64 + 2 * 4 + 64},
      {R"("kind": "kimi_delta")", 3 * 64 + 16 + 64 + 4 + 16 + 64 + 64},
      // Inner width 128: in, x (dt_rank 4 and two states of 16), out; dt has its bias always.
      {R"("kind": "mamba")", 256 + 36 + 64},
      // Two heads of 64, two groups of state 128.
      {R"("kind": "mamba2")", 2 * 128 + 2 * 128 + 2 + 64},
      {R"("kind": "short_conv")", 3 * 64 + 64},
      // Has all of its biases always.
      {R"("kind": "rg_lru")", 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.attention);
    const std::string attention = R"("attention": {)" + std::string(row.attention) + "}";
    const Count without = parameters(small(attention)).value();
    const Count with = parameters(small(attention + R"(, "bias": true)")).value();
    // Feed-forward: gate and up, down.
    CHECK(with - without == 2 * (row.biases + 2 * 256 + 64));
  }
}

TEST_CASE("shared experts: that many, each with its own rows, all of them read and live for every token") {
  const std::string experts = R"("experts": {"count": 8, "active": 2, "d_ff": )";
  const auto added = [&](const char* scheme, int d_ff) {
    Workload settings;
    settings.weights = parse_weight_scheme(scheme, "--weights");
    const auto bytes = [&](const char* shared) {
      const Model model = model_of(small(experts + std::to_string(d_ff) + R"(, "shared": )" + shared + "}"));
      return *Estimator(model, settings).at(1, 1).count(Metric::weights_bytes);
    };
    return bytes("2") - bytes("0");
  };
  // A block of q8_0 holds 32 elements in 34 bytes. Gate and up: 48 rows of 64; down: 64 rows of 48, two blocks each.
  CHECK(added("q8_0", 48) == Count{2 * 2 * (2 * 48 * 68 + 64 * 68)});
  // A GGUF file has one matrix for all shared experts [llama.cpp src/llama-model.cpp, n_ff_exp * n_expert_shared]: down
  // has 64 rows of 128, four blocks each.
  CHECK(added("Q8_0", 64) == Count{2 * (2 * 128 * 68 + 64 * 136)});

  const Model model = model_of(small(experts + R"(400, "shared": 3})"));
  // 10 tokens of 2 d + 2 F = 128 + 2 * (2 + 3) * 400, in 2 bytes; a row of logits in 4.
  CHECK(metric(model, Metric::activation_bytes, 10) == Count{10 * 4128 * 2 + 4000});
  // Both layers: Q, K, V, O, router, norms, 2 chosen and 3 shared experts; head, norm, a row of the embedding; one
  // token's keys and values.
  CHECK(metric(model, Metric::decode_bytes, 1) ==
        Count{2 * (2 * (4 * 64 * 64 + 64 * 8 + 2 * 64 + 5 * 3 * 64 * 400) + 64000 + 64 + 64) + 2 * 2 * 64 * 2});
  // As many as a file asks for cost nothing to count.
  const Model many = model_of(small(experts + R"(1, "shared": 1000000000})"));
  CHECK(metric(many, Metric::parameters) == Count{259392 + 2 * (512 - 3ull * 64 * 256 + (8 + 1000000000ull) * 3 * 64)});
}

TEST_CASE("active parameters: the chosen experts, the shared ones, and the rest") {
  const Model model = model_of(small(R"("experts": {"count": 8, "active": 2, "shared": 1, "d_ff": 32})"));
  const Count idle = 2 * Count{6} * 3 * 64 * 32;
  CHECK(metric(model, Metric::active_parameters) == *metric(model, Metric::parameters) - idle);
}

TEST_CASE("what a file leaves out is unknown, and nothing else") {
  // Without vocab the layers are known, the tables are not.
  const char* no_vocab = R"({"layers": 2, "heads": 4, "d_k": 16, "d_model": 64, "d_ff": 256})";
  CHECK_FALSE(parameters(no_vocab).has_value());
  CHECK(non_embedding(no_vocab) == Count{2 * (4 * 64 * 64 + 3 * 64 * 256 + 2 * 64) + 64});
  // Without d_ff, gated or not.
  CHECK_FALSE(non_embedding(R"({"layers": 2, "heads": 4, "d_k": 16, "d_model": 64, "vocab": 10})").has_value());
  CHECK(non_embedding(R"({"layers": 2, "heads": 4, "d_k": 16, "d_model": 64, "vocab": 10, "ffn": "none"})") ==
        Count{2 * (4 * 64 * 64 + 2 * 64) + 64});
  // Experts of no stated width.
  CHECK_FALSE(parameters(R"({"layers": 2, "heads": 4, "d_k": 16, "d_model": 64, "vocab": 10,
                             "experts": {"count": 8, "active": 2}})")
                  .has_value());
}

TEST_CASE("a pattern is cycled and cut, and like layers are one group") {
  const Model model = model_of(R"({"layers": 8, "heads": 4, "d_k": 16, "pattern": [
      {"repeat": 2, "attention": {"kind": "sliding_window", "window": 8}}, {"attention": {"kind": "full"}}]})");
  REQUIRE(model.groups.size() == 2);
  CHECK(model.groups[0].mixers[0]->kind() == "sliding_window");
  CHECK(model.groups[0].layers == std::vector<std::uint32_t>{0, 1, 3, 4, 6, 7});
  CHECK(model.groups[1].layers == std::vector<std::uint32_t>{2, 5});
  // (6 layers * 8 tokens + 2 layers * 100 tokens) * 2 * 4 * 16 * 2 bytes.
  CHECK(metric(model, Metric::kv_cache_bytes, 100) == Count{(6 * 8 + 2 * 100) * 256});

  const Model same = model_of(R"({"layers": 3, "heads": 4, "d_k": 16, "attention": {"kind": "full"},
                                  "pattern": [{}, {"kv_heads": 4, "attention": {"kind": "full"}}, {"heads": 2}]})");
  REQUIRE(same.groups.size() == 2);
  CHECK(same.groups[0].layers == std::vector<std::uint32_t>{0, 1});
  // kv_heads follows the layer's own heads where no one gives it.
  CHECK(same.groups[1].mixers[0]->shape().kv_heads == Count{2});
}

TEST_CASE("a million layers in cycles of a thousand kinds are a thousand groups") {
  std::string pattern;
  for (int window = 1; window <= 1000; ++window) {
    pattern += (window == 1 ? "" : ",") +
               (R"({"attention": {"kind": "sliding_window", "window": )" + std::to_string(window) + "}}");
  }
  // The cycle's last entry says in other words what its first says.
  pattern += R"(, {"heads": 4, "attention": {"kind": "sliding_window", "window": 1}})";
  const Model model = model_of(R"({"layers": 1000000, "heads": 4, "d_k": 16, "pattern": [)" + pattern + "]}");
  REQUIRE(model.groups.size() == 1000);
  // 999 whole cycles of 1,001 layers, and the first 1,000,000 - 999 * 1,001 = 1 layers of another.
  CHECK(model.groups[0].layers.size() == 2 * 999 + 1);
  CHECK(model.groups[1].layers.size() == 999);
  CHECK(model.groups[999].layers.size() == 999);
  CHECK(model.groups[0].layers[1] == 1000);
  CHECK(model.groups[0].layers[2] == 1001);
  CHECK(model.layers() == Count{1'000'000});
  // Of 5,000 tokens each window keeps its own; 2 * 4 * 16 * 2 bytes a token. The sum of the windows is 1000 * 1001 / 2.
  CHECK(metric(model, Metric::kv_cache_bytes, 5000) == Count{(999 * (1000 * 1001 / 2 + 1) + 1) * 256ULL});
  // A pattern that is longer than the model ends with it.
  CHECK(model_of(R"({"layers": 3, "heads": 4, "d_k": 16, "pattern": [)" + pattern + "]}").groups.size() == 3);
}

TEST_CASE("an entry of a pattern overrides the model's own keys") {
  const Model model = model_of(R"({"layers": 2, "heads": 8, "kv_heads": 4, "d_k": 16, "d_v": 32, "qk_norm": true,
      "pattern": [{"heads": 4, "kv_heads": 2, "d_k": 64, "d_v": 8, "qk_norm": false}, {}]})");
  REQUIRE(model.groups.size() == 2);
  const MixerShape& over = model.groups[0].mixers[0]->shape();
  CHECK(over.heads == Count{4});
  CHECK(over.kv_heads == Count{2});
  CHECK(over.d_k == Count{64});
  CHECK(over.d_v == Count{8});
  CHECK(over.qk_norm == QkNorm::none);
  const MixerShape& under = model.groups[1].mixers[0]->shape();
  CHECK(under.heads == Count{8});
  CHECK(under.d_v == Count{32});
  CHECK(under.qk_norm == QkNorm::head);
}

TEST_CASE("retention's values are twice as wide as its keys, unless the file says otherwise") {
  const auto d_v = [](const std::string& keys) { return model_of(small(keys)).groups.at(0).mixers.at(0)->shape().d_v; };
  CHECK(d_v(R"("attention": {"kind": "retention"})") == Count{32});
  CHECK(d_v(R"("attention": {"kind": "retention"}, "d_v": 16)") == Count{16});
  CHECK(d_v(R"("attention": {"kind": "full"})") == Count{16});
}

TEST_CASE("precision sets weights and cache alike where section 3 of the contract says so") {
  struct Row {
    const char* keys;
    const char* weights;
    const char* kv;
    const char* activation;
  };
  const Row rows[] = {
      {"", "fp16", "fp16", "fp16"},
      {R"("precision": "fp32")", "fp32", "fp32", "fp32"},
      {R"("precision": "BF16")", "bf16", "bf16", "bf16"},
      {R"("precision": "half")", "fp16", "fp16", "fp16"},
      {R"("precision": "fp8")", "fp8", "fp8", "bf16"},
      {R"("precision": "int8")", "int8", "int8", "bf16"},
      {R"("precision": "int4")", "int4", "bf16", "bf16"},
      {R"("precision": "int4:group=32,zero")", "int4:group=32,zero", "bf16", "bf16"},
      {R"("precision": "q4_k")", "q4_k", "bf16", "bf16"},
      {R"("precision": "mxfp4", "kv_precision": "q8_0/q4_0")", "mxfp4", "q8_0/q4_0", "bf16"},
      {R"("kv_precision": "fp8")", "fp16", "fp8", "fp16"},
  };
  for (const Row& row : rows) {
    const Model model = model_of(small(row.keys));
    CAPTURE(row.keys);
    CHECK(model.weights.name() == row.weights);
    CHECK(model.kv.name() == row.kv);
    CHECK(model.activation.name() == row.activation);
  }
}

TEST_CASE("positions: trained and effective window") {
  struct Row {
    const char* positions;
    std::optional<Count> trained, effective, limit;
  };
  const Row rows[] = {
      {R"({})", {}, {}, {}},
      {R"({"trained_context": 8192})", 8192, 8192, {}},
      {R"({"rows": 1024})", 1024, 1024, 1024},
      {R"({"rows": 1024, "trained_context": 512})", 512, 512, 1024},
      {R"({"trained_context": 2048, "scaling": {"type": "linear", "factor": 4}})", 2048, 8192, {}},
      {R"({"trained_context": 4096, "scaling": {"type": "yarn", "factor": 16.0}})", 4096, 65536, {}},
      {R"({"trained_context": 131072, "scaling": {"type": "yarn", "factor": 32, "original": 4096}})", 4096, 131072, {}},
      // As published configs write it, and by the plain sense of the key: the same windows.
      {R"({"trained_context": 131072, "scaling": {"type": "llama3", "factor": 8, "original": 8192}})",
       8192,
       131072,
       {}},
      {R"({"trained_context": 8192, "scaling": {"type": "llama3", "factor": 16}})", 8192, 131072, {}},
      {R"({"trained_context": 8192, "scaling": {"type": "llama3", "factor": 16, "original": 8192}})", 8192, 131072, {}},
      {R"({"scaling": {"type": "longrope", "factor": 32, "original": 4096}})", 4096, 131072, {}},
  };
  for (const Row& row : rows) {
    const Positions positions = model_of(small(R"("positions": )" + std::string(row.positions))).positions;
    CAPTURE(row.positions);
    CHECK(positions.trained_context == row.trained);
    CHECK(positions.effective_context == row.effective);
    CHECK(positions.hard_limit == row.limit);
  }
}

TEST_CASE("cross_attention puts an encoder of as many layers beside the decoder") {
  const std::string text = small(R"("cross_attention": {"tokens": 100})");
  const Model model = model_of(text);
  CHECK(model.has_encoder());
  CHECK(model.decodes());
  CHECK(model.layers() == Count{4});
  CHECK(model.cross_tokens == Count{100});
  REQUIRE(model.groups.size() == 2);
  CHECK(model.groups[0].stack == Stack::encoder);
  CHECK(model.groups[0].mixers.at(0)->kind() == "bidirectional");
  REQUIRE(model.groups[1].mixers.size() == 2);
  CHECK(model.groups[1].mixers[1]->kind() == "cross_attention");
  // Decoder: (n + 100 tokens) * 2 layers * 2 * 4 heads * 16 * 2 bytes; the encoder caches nothing.
  CHECK(metric(model, Metric::kv_cache_bytes, 10) == Count{(10 + 100) * 512});
  // Encoder 100^2, decoder n (n + 1) / 2, cross n 100; two layers, four heads.
  CHECK(metric(model, Metric::scores, 10) == Count{8 * (100 * 100 + 55 + 10 * 100)});
  // Six blocks of projections, four feed-forwards, four pairs of norms.
  CHECK(parameters(text) == Count{6 * 4 * 64 * 64 + 4 * (3 * 64 * 256 + 2 * 64) + 2 * 1000 * 64 + 64});
  // Without `tokens` the encoder is as long as the context.
  const Model open = model_of(small(R"("cross_attention": {})"));
  CHECK(metric(open, Metric::kv_cache_bytes, 10) == Count{(10 + 10) * 512});
}

TEST_CASE("layers of an encoder hold scores and activations of its own length") {
  // Four heads, 2 bytes; fp32 for each query of a head under a fused kernel.
  const Model longer = model_of(small(R"("cross_attention": {"tokens": 3000})"));
  CHECK(metric(longer, Metric::score_matrix_bytes, 10, 2) == Count{2 * 4 * 3000ull * 3000 * 2});
  CHECK(metric(longer, Metric::flash_workspace_bytes, 10, 2) == Count{4 * 2 * 4 * 3000});
  CHECK(metric(longer, Metric::score_matrix_bytes, 5000, 2) == Count{2 * 4 * 5000ull * 5000 * 2});
  CHECK(metric(longer, Metric::flash_workspace_bytes, 5000, 2) == Count{4 * 2 * 4 * 5000});
  // 2 d + 2 F = 640; at most 2,048 tokens; a row of logits in fp32 for each sequence.
  CHECK(metric(longer, Metric::activation_bytes, 10) == Count{2048 * 640 * 2 + 4000});
  const Model shorter = model_of(small(R"("cross_attention": {"tokens": 100})"));
  CHECK(metric(shorter, Metric::activation_bytes, 10, 2) == Count{2 * 100 * 640 * 2 + 8000});
  CHECK(metric(shorter, Metric::activation_bytes, 300, 2) == Count{2 * 300 * 640 * 2 + 8000});
  // Nothing runs at a context of 0.
  CHECK(metric(longer, Metric::score_matrix_bytes, 0) == Count{});
  CHECK(metric(longer, Metric::activation_bytes, 0) == Count{});
  // Beside a decoder without scores of its own, those of n queries and the encoder's keys.
  const Model crossed = model_of(small(R"("attention": {"kind": "linear"}, "cross_attention": {"tokens": 100})"));
  CHECK(metric(crossed, Metric::score_matrix_bytes, 1000) == Count{4 * 1000 * 100 * 2});
  CHECK(metric(crossed, Metric::flash_workspace_bytes, 1000) == Count{4 * 4 * 1000});
  // As long as the context where nothing else is said.
  const Model open = model_of(small(R"("cross_attention": {})"));
  CHECK(metric(open, Metric::score_matrix_bytes, 50) == Count{4 * 50 * 50 * 2});
  // Without d_model no width is known.
  const Model bare = model_of(R"({"layers": 1, "heads": 1, "d_k": 8, "cross_attention": {"tokens": 4}})");
  CHECK_FALSE(metric(bare, Metric::activation_bytes).has_value());
}

TEST_CASE("an output gate is as wide as the heads' output, with its bias where every linear has one") {
  // Two layers, four heads of values of 32: 64 * 128 for the gate, 128 for its bias.
  const auto added = [](const std::string& keys, const std::string& kind) {
    const std::string all = R"("d_v": 32, )" + keys + R"("attention": {)" + kind;
    return parameters(small(all + R"(, "gate": true})")).value() - parameters(small(all + "}")).value();
  };
  for (const std::string kind : {R"("kind": "full")", R"("kind": "latent", "kv_rank": 32, "rope_dim": 8)"}) {
    CAPTURE(kind);
    CHECK(added("", kind) == Count{2 * 64 * 128});
    CHECK(added(R"("bias": "qkv", )", kind) == Count{2 * 64 * 128});
    CHECK(added(R"("bias": true, )", kind) == Count{2 * (64 * 128 + 128)});
  }
}

TEST_CASE("batch is the file's default, and the descriptive keys change nothing") {
  const Model model = model_of(small(
      R"("batch": 8, "source": "a paper", "aliases": ["small"], "notes": "none", "$schema": "model.schema.json")"));
  CHECK(model.batch == Count{8});
  CHECK(model.source == "a paper");
  CHECK(metric(model, Metric::parameters) == parameters(small()));
}

TEST_CASE("the largest number of layers costs no more to evaluate") {
  const Model model = model_of(R"({"layers": 1000000, "heads": 1, "d_k": 1})");
  CHECK(model.groups.size() == 1);
  CHECK(metric(model, Metric::kv_cache_bytes, 1) == Count{4000000});
}
