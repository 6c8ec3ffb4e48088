// A window beside compressed rows (CSA, HCA), in the shape of DeepSeek-V4-Flash and by small masks; and the family's
// published configurations. Sums are those of the tensors and buffers that DeepSeek-V4-Pro inference/model.py declares.
#include <doctest/doctest.h>

#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "input/huggingface/huggingface.h"
#include "input/json/json.h"
#include "mixers.h"

using namespace ctxcost;

namespace {

/// 64 heads of 512 over one row, d_model 4096.
MixerShape flash_shape() {
  MixerShape shape = mixer_shape(64, 512, 4096);
  shape.kv_heads = 1;
  shape.sink_logits = true;
  return shape;
}
MixerSettings flash_window() {
  return {{"window", Count{128}}, {"q_rank", Count{1024}}, {"output_rank", Count{1024}}, {"output_groups", Count{8}}};
}
MixerSettings flash_heavy() {
  MixerSettings settings = flash_window();
  settings.set("compress_ratio", Count{128});
  return settings;
}
MixerSettings flash_indexed() {
  MixerSettings settings = flash_window();
  settings.set("compress_ratio", Count{4});
  settings.set("overlap", true);
  settings.set("index_heads", Count{64});
  settings.set("index_dim", Count{128});
  settings.set("top_k", Count{512});
  return settings;
}

/// The config.json of a model whose 43 or 61 ratios, and one of a prediction layer, begin with `first`.
std::string config_of(bool pro, std::string_view more) {
  std::string ratios = pro ? "128, 128" : "0, 0";
  for (unsigned i = 2; i < (pro ? 61U : 43U); ++i) ratios += i % 2 == 0 ? ", 4" : ", 128";
  std::string text = R"({"model_type": "deepseek_v4", "compress_ratios": [)";
  text += ratios;
  text += ", 0], ";
  text += pro ? R"("hidden_size": 7168, "num_hidden_layers": 61, "num_attention_heads": 128, "n_routed_experts": 384,
                   "moe_intermediate_size": 3072, "q_lora_rank": 1536, "o_groups": 16, "index_topk": 1024, )"
              : R"("hidden_size": 4096, "num_hidden_layers": 43, "num_attention_heads": 64, "n_routed_experts": 256,
                   "moe_intermediate_size": 2048, "q_lora_rank": 1024, "o_groups": 8, "index_topk": 512, )";
  text += more;
  text += R"("num_nextn_predict_layers": 1, "torch_dtype": "bfloat16"})";
  return text;
}
constexpr std::string_view kStored = R"("quantization_config": {"quant_method": "fp8", "scale_fmt": "ue8m0",
                                        "weight_block_size": [128, 128]}, )";

Model read_config(const std::string& text) { return read_huggingface(parse_json(text, "config.json"), {}); }

std::string fault_of_config(const std::string& text) {
  try {
    read_config(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no fault";
}

Count part(const Model& model, std::string_view name) {
  for (const ParameterPart& row : model.parameter_parts) {
    if (row.name == name) return row.elements;
  }
  return 0;
}

}  // namespace

TEST_CASE("the tensors of a layer are those of the reference code") {
  // wq_a 4096*1024, q_norm 1024, wq_b 1024*64*512, wkv 4096*512, kv_norm 512, wo_a 8 of 4096*1024, wo_b 8192*4096,
  // 64 sinks
  const unsigned plain = 4194304 + 1024 + 33554432 + 2097152 + 512 + 33554432 + 33554432 + 64;
  CHECK(parameters(*make_mixer("compressed_sparse", flash_shape(), flash_window())) == plain);
  // wkv and wgate 2*4096*512, ape 128*512, norm 512
  CHECK(parameters(*make_mixer("compressed_sparse", flash_shape(), flash_heavy())) == plain + 4194304 + 65536 + 512);
  // wkv and wgate 2*4096*1024, ape 4*1024, norm 512; indexer: wq_b 1024*8192, weights_proj 4096*64, its own compressor
  // 2*4096*256 + 4*256 + 128
  CHECK(parameters(*make_mixer("compressed_sparse", flash_shape(), flash_indexed())) ==
        plain + 8388608 + 4096 + 512 + 8388608 + 262144 + 2097152 + 1024 + 128);
}

TEST_CASE("what is cached, read and kept of DeepSeek-V4-Flash at 131,072 tokens") {
  const auto indexed = make_mixer("compressed_sparse", flash_shape(), flash_indexed());
  REQUIRE(indexed->cache().size() == 3);
  CHECK(indexed->cache()[0].span.tokens(131072) == Count{128});
  CHECK(indexed->cache()[1].span.tokens(131072) == Count{32768});
  CHECK(indexed->cache()[2].span.tokens(131072) == Count{32768});
  CHECK(indexed->cache()[2].width == Count{128});
  CHECK(indexed->rows_read(0, 131072) == Count{128});
  CHECK(indexed->rows_read(1, 131072) == Count{512});
  CHECK(indexed->rows_read(2, 131072) == Count{32768});
  // kv_state and score_state: 8 rows of 1024, and of 256 in the indexer
  REQUIRE(indexed->state().size() == 2);
  CHECK(indexed->state()[0].elements == Count{2 * 8 * 1024});
  CHECK(indexed->state()[1].elements == Count{2 * 8 * 256});
  CHECK(indexed->prefill(131072, PairRule::exact)->macs == Count{23054549778432});
  CHECK(indexed->prefill(131072, PairRule::reach)->scores_per_head == Count{83886080});
  CHECK(indexed->decode(131072)->macs == Count{310378496});

  const auto heavy = make_mixer("compressed_sparse", flash_shape(), flash_heavy());
  REQUIRE(heavy->cache().size() == 2);
  CHECK(heavy->cache()[1].span.tokens(127) == Count{0});
  CHECK(heavy->cache()[1].span.tokens(128) == Count{1});
  CHECK(heavy->rows_read(1, 131072) == Count{1024});
  CHECK(heavy->state()[0].elements == Count{2 * 128 * 512});
  CHECK(heavy->prefill(131072, PairRule::exact)->macs == Count{5492797603840});

  const auto window = make_mixer("compressed_sparse", flash_shape(), flash_window());
  CHECK(window->cache().size() == 1);
  CHECK(window->state().empty());
  CHECK(window->reach(131072) == Reach{128, 128});
  CHECK(heavy->reach(131072) == Reach{128, 131072});
}

TEST_CASE("ranks of tensor parallelism share heads and output groups, not the row") {
  const auto mixer = make_mixer("compressed_sparse", flash_shape(), flash_indexed());
  const auto half = shard_mixer(*mixer, 2, 0);
  // Halved: wq_b, wo_a, wo_b and the sinks.
  CHECK(parameters(*mixer) - parameters(*half) == Count{(33554432 + 33554432 + 33554432 + 64) / 2});
  CHECK(half->cache()[1].width == Count{512});
}

TEST_CASE("settings of compressed rows that cannot be used") {
  const auto fault = [](const MixerSettings& more) {
    MixerSettings settings = flash_window();
    for (const auto& [key, value] : more.all()) settings.set(key, value);
    return fault_of("compressed_sparse", flash_shape(), settings);
  };
  CHECK(fault({}) == "no fault");
  CHECK(fault({{"compress_ratio", Count{129}}}) == "window: expected at least \"compress_ratio\" (129), found 128");
  CHECK(fault({{"overlap", true}}) == "overlap: expected false without compress_ratio, found true");
  CHECK(fault({{"index_heads", Count{2}}}) == "index_heads: expected 0 without compress_ratio, found 2");
  CHECK(fault({{"compress_ratio", Count{4}}, {"index_heads", Count{2}}, {"index_dim", Count{8}}}) ==
        "top_k: expected a positive integer with index_heads, found 0");
  CHECK(fault({{"compress_ratio", Count{4}}, {"top_k", Count{8}}}) == "top_k: expected 0 without index_heads, found 8");
  CHECK(fault({{"output_groups", Count{7}}}) == "output_groups: expected a divisor of \"heads\" (64), found 7");
}

TEST_CASE("DeepSeek-V4-Flash and V4-Pro: 284B and 1.6T parameters, to the unit") {
  struct Row {
    bool pro;
    const char *parameters, *active, *prediction, *cache_8k, *cache_128k, *state, *stored;
  };
  const Row rows[] = {
      {false, "284332240471", "13799632471", "6610048891", "56664064", "822083584", "12206080", "155997081820"},
      {true, "1572997201763", "49779081059", "25840145979", "81051648", "1176895488", "18710528", "850729588684"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pro);
    const Model model = read_config(config_of(row.pro, std::string(kStored) + R"("expert_dtype": "fp4", )"));
    const Estimate at_8k = Estimator(model, Workload{}).at(8192, 1);
    CHECK(to_string(*at_8k.count(Metric::parameters)) == row.parameters);
    CHECK(to_string(*at_8k.count(Metric::active_parameters)) == row.active);
    CHECK(to_string(*at_8k.count(Metric::kv_cache_bytes)) == row.cache_8k);
    CHECK(to_string(*at_8k.count(Metric::state_bytes)) == row.state);
    CHECK(to_string(*at_8k.count(Metric::weights_bytes)) == row.stored);
    CHECK(to_string(*Estimator(model, Workload{}).at(131072, 1).count(Metric::kv_cache_bytes)) == row.cache_128k);
    CHECK(to_string(part(model, "multi-token prediction layers")) == row.prediction);
    CHECK(part(model, "expert tables") == Count{3 * 129280 * 6});
  }
}

TEST_CASE("weights whose layout the config does not say are unknown") {
  const auto stored_bytes = [](const std::string& more) {
    return Estimator(read_config(config_of(false, more)), Workload{}).at(1, 1).count(Metric::weights_bytes);
  };
  const std::string stored(kStored);
  CHECK_FALSE(stored_bytes(stored).has_value());
  CHECK_FALSE(stored_bytes(R"("expert_dtype": "fp4", "quantization_config": {"quant_method": "fp8",
      "quant_algo": "MIXED_PRECISION", "weight_block_size": [128, 128]}, )")
                  .has_value());
  // Experts of fp8: 43 layers of 256 experts, 3 matrices of 4096 x 2048 each. One byte an element and 4 for each of 512
  // blocks where fp4 has half a byte and one for 32 elements. The other scales take 4 bytes, too.
  const Count four = *stored_bytes(stored + R"("expert_dtype": "fp4", )");
  const Count eight = *stored_bytes(stored + R"("expert_dtype": "fp8", )");
  const std::uint64_t matrices = std::uint64_t{43} * 256 * 3;
  const std::uint64_t plain_blocks = 32 * 8 + 256 * 8 + 32 * 4 + 32 * 64 + 64 * 32 + 3 * 512;  // of a layer
  const std::uint64_t index_blocks = 64 * 8;
  CHECK(eight - four ==
        Count{matrices * (8388608 / 2 - 8388608 / 32 + 4 * 512) + 3 * (43 * plain_blocks + 21 * index_blocks)});
}

TEST_CASE("a config of DeepSeek-V4 that cannot be read says why") {
  CHECK(fault_of_config(R"({"model_type": "deepseek_v4", "compress_ratios": [4]})")
            .starts_with("config.json: /compress_ratios: expected a list of at least 43 integers, found 1"));
  CHECK(fault_of_config(R"({"model_type": "deepseek_v4", "num_hidden_layers": 1, "compress_ratios": [8]})")
            .starts_with("config.json: /compress_ratios: expected 0, 4 or 128, found 8"));
  CHECK(
      fault_of_config(
          R"({"model_type": "deepseek_v4", "num_hidden_layers": 1, "compress_ratios": [4], "num_key_value_heads": 2})")
          .starts_with("config.json: /num_key_value_heads: expected 1"));
  // The later spelling of the same layers.
  const Model listed = read_config(R"({"model_type": "deepseek_v4", "num_hidden_layers": 3, "layer_types":
      ["sliding_attention", "compressed_sparse_attention", "heavily_compressed_attention"],
      "mlp_layer_types": ["hash_moe", "moe", "moe"]})");
  const Model ratios = read_config(
      R"({"model_type": "deepseek_ref", "num_hidden_layers": 3, "compress_ratios": [0, 4, 128], "num_hash_layers": 1})");
  CHECK(Estimator(listed, Workload{}).at(1, 1).count(Metric::parameters) ==
        Estimator(ratios, Workload{}).at(1, 1).count(Metric::parameters));
}
