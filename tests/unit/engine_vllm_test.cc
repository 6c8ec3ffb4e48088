// What vLLM's rules give, from its logs and by hand. [vllm/v1/kv_cache_interface.py, kv_cache_utils.py]
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/input/input.h"
#include "parts_model.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

Model uniform(std::uint32_t layers, const MixerPointer& mixer, std::string family = "llama") {
  return model_of(std::move(family), layers, [&](std::uint32_t) { return std::vector{mixer}; });
}

Model llama_8b() { return uniform(32, full(8, 128)); }

/// Gated delta nets of Qwen3.5's shapes: `rest` gives heads and the type of the states.
std::string qwen3_5(const std::string& rest) {
  return R"({"model_type": "qwen3_5_text", "num_hidden_layers": 4, "head_dim": 256, "torch_dtype": "bfloat16",
             "linear_num_key_heads": 16, )" +
         rest + "}";
}
std::string granite(const std::string& rest) {
  return R"({"model_type": "granitemoehybrid", "num_hidden_layers": 4, "mamba_d_state": 128, "mamba_d_head": 64,
             "layer_types": ["mamba", "mamba", "mamba", "attention"], "torch_dtype": "bfloat16", )" +
         rest + "}";
}

}  // namespace

TEST_CASE("vLLM reserves whole blocks of 16 tokens") {
  struct Row {
    Count context, batch;
    const char* engine;
    Count tokens;  // reserved, all sequences
  };
  const Row rows[] = {
      {0, 1, "vllm", 0},
      {1, 1, "vllm", 16},
      {16, 1, "vllm", 16},
      {17, 1, "vllm", 32},
      {1000, 1, "vllm", 1008},
      {1000, 3, "vllm", 3024},
      {1000, 1, "vllm:block=32", 1024},
      {131072, 1, "vllm", 131072},
  };
  // 32 layers, 8 heads of 128, keys and values, 2 bytes.
  for (const Row& row : rows) {
    CHECK(reserve(llama_8b(), row.engine, row.context, row.batch).bytes == row.tokens * 131072);
  }
  CHECK(reserve(llama_8b(), "vllm", 1000, 1, "fp8").bytes == Count{1008} * 65536);
  // One fp32 scale for each head, token, key and value.
  CHECK(reserve(llama_8b(), "vllm", 1000, 1, "fp8_per_token_head").bytes == Count{1008} * 32 * 8 * 2 * 132);
}

TEST_CASE("vLLM keeps a window, what one step schedules, and a block more") {
  // min(4095 + 2048, n) tokens in blocks of 16, plus one: 385 blocks, 6,160 tokens [vllm v1/kv_cache_interface.py].
  // Since 0.26 it keeps two steps: min(4095 + 4096, n) tokens.
  const Model mistral = uniform(32, window(8, 128, 4096), "mistral");
  const Count token = 131072;
  CHECK(reserve(mistral, "vllm:batches=1", 131072).bytes == Count{6160} * token);
  CHECK(reserve(mistral, "vllm", 131072).bytes == Count{(512 + 1) * 16} * token);
  CHECK(reserve(mistral, "vllm:batches=3", 131072).bytes == Count{(640 + 1) * 16} * token);
  CHECK(reserve(mistral, "vllm:hybrid=0", 131072).bytes == Count{131072} * token);
  CHECK(reserve(mistral, "vllm", 1000).bytes == Count{(63 + 1) * 16} * token);
  CHECK(reserve(mistral, "vllm:max_batched_tokens=8192,batches=1", 131072).bytes == Count{(768 + 1) * 16} * token);
  CHECK(reserve(mistral, "vllm:max_batched_tokens=8192", 131072).bytes == Count{(1280 + 1) * 16} * token);
  CHECK(reserve(mistral, "vllm", 0).bytes == 0);
}

TEST_CASE("vLLM groups by the rarest kind from 1.5 times of it on") {
  // [_get_kv_cache_groups_uniform_page_size: max_num_layers < min_num_layers * 1.5]
  const Count page = 16 * 8 * 128 * 2 * 2;
  const Count full_blocks = 32768 / 16;
  const Count window_blocks = 192 + 1;  // 1,023 + 2,048 tokens, and the block that they begin inside
  struct Row {
    std::uint32_t full, window;
    Count full_slots, window_slots;
  };
  for (const Row& row : {Row{2, 3, 2, 4}, Row{3, 4, 4, 4}, Row{4, 6, 4, 8}, Row{5, 7, 7, 7}}) {
    CAPTURE(row.full);
    const MixerPointer global = full(8, 128);
    const MixerPointer local = window(8, 128, 1024);
    const Model model = model_of("gemma3", row.full + row.window,
                                 [&](std::uint32_t i) { return std::vector{i < row.full ? global : local}; });
    CHECK(reserve(model, "vllm:batches=1", 32768).bytes ==
          (row.full_slots * full_blocks + row.window_slots * window_blocks) * page);
  }
}

TEST_CASE("vLLM groups mixed kinds so that they draw from one pool") {
  // gemma-3-27b: 10 full and 52 sliding layers in groups of 10; the sliding ones take 60 slots.
  const MixerPointer global = full(16, 128);
  const MixerPointer local = window(16, 128, 1024);
  const Model gemma =
      model_of("gemma3", 62, [&](std::uint32_t i) { return std::vector{(i + 1) % 6 == 0 ? global : local}; });
  const Reserve found = reserve(gemma, "vllm:max_batched_tokens=8192,batches=1", 131072);
  CHECK(found.bytes == 15275130880);
  REQUIRE(found.parts.size() == 2);
  CHECK(found.parts[0].bytes + found.parts[1].bytes == found.bytes);
  CHECK(found.notes.size() == 1);

  // Llama 4: 12 full and 36 chunked layers, three groups of 12 that hold min(8192 + 2048, n) tokens.
  const MixerPointer dense = full(8, 128);
  const MixerPointer chunked = chunk(8, 128, 8192);
  const Model llama4 =
      model_of("llama4", 48, [&](std::uint32_t i) { return std::vector{(i + 1) % 4 == 0 ? dense : chunked}; });
  CHECK(reserve(llama4, "vllm:batches=1", 131072).bytes == Count{12} * 4096 * (131072 + 3 * 10240));
  CHECK(reserve(llama4, "vllm", 131072).bytes == Count{12} * 4096 * (131072 + 3 * 12288));
  CHECK(reserve(llama4, "vllm:hybrid=0", 131072).bytes == Count{48} * 4096 * 131072);

  // gpt-oss: 12 and 12 layers of the same page, so nothing is padded: (n + min(127 + 2048, n) + 16) tokens each.
  const MixerPointer even = window(8, 64, 128);
  const MixerPointer odd = full(8, 64);
  const Model gpt_oss = model_of("gpt_oss", 24, [&](std::uint32_t i) { return std::vector{i % 2 == 0 ? even : odd}; });
  CHECK(reserve(gpt_oss, "vllm:batches=1", 8192).bytes == Count{12} * 2048 * (8192 + 2176 + 16));

  // The commonest kind sets the size when it is less than 1.5 times the rarest: 5 and 7 layers make groups of 7.
  const Model near = model_of("own", 12, [&](std::uint32_t i) { return std::vector{i < 5 ? odd : even}; });
  CHECK(reserve(near, "vllm:batches=1", 8192).bytes == Count{7} * 2048 * (8192 + 2176 + 16));
}

TEST_CASE("vLLM lengthens the blocks of narrower layers, or does not start") {
  // Pages of 8 and 4 heads: the narrow one takes blocks of 32 tokens. ceil(1000/16) and ceil(1000/32) + 1.
  const MixerPointer wide = full(8, 128);
  const MixerPointer narrow = window(4, 128, 4096);
  const Model two = model_of("own", 2, [&](std::uint32_t i) { return std::vector{i == 0 ? wide : narrow}; });
  CHECK(reserve(two, "vllm", 1000).bytes == Count{16 * 4096} * (63 + 32 + 1));
  // 8 and 3 heads do not divide.
  const MixerPointer odd = window(3, 128, 256);
  const Model mixed = model_of("own", 2, [&](std::uint32_t i) { return std::vector{i == 0 ? wide : odd}; });
  CHECK_THROWS_WITH_AS(reserve(mixed, "vllm", 8192), doctest::Contains("cannot be unified"), InputError);
  CHECK(reserve(mixed, "vllm:hybrid=0", 8192).bytes == Count{8192} * (4096 + 1536));
  // Latents of 576 and windows of 4,096 bytes a token: the windows fall back to the full length.
  const MixerPointer mla = latent(512, 64, 128, 128, 128);
  const MixerPointer beside = window(8, 128, 256);
  const Model latents = model_of("own", 2, [&](std::uint32_t i) { return std::vector{i == 0 ? mla : beside}; });
  CHECK(reserve(latents, "vllm", 8192).bytes == Count{8192} * (1152 + 4096));
}

TEST_CASE("vLLM stores one latent a token in blocks of 64, and index keys beside it") {
  const Model v3 = uniform(61, latent(512, 64, 128, 128, 128), "deepseek_v3");
  CHECK(reserve(v3, "vllm", 131072).bytes == 9210691584);
  CHECK(reserve(v3, "vllm", 131072, 1, "fp8_ds_mla").bytes == 5244977152);
  CHECK(reserve(v3, "vllm", 65).bytes == Count{128} * 70272);
  CHECK(reserve(v3, "vllm:block=16", 65).bytes == Count{80} * 70272);
  const Model v32 = uniform(61, latent(512, 64, 128, 128, 128, 128), "deepseek_v32");
  // 132 bytes a token and layer of the index whatever the type of the cache.
  CHECK(reserve(v32, "vllm", 131072).bytes == Count{9210691584} + 1055391744);
  // fp8 beside an index is the record of 656 bytes; alone it is a byte an element.
  for (const char* fp8 : {"fp8", "fp8_ds_mla"}) {
    CHECK(reserve(v32, "vllm", 131072, 1, fp8).bytes == 6300368896);
    CHECK(reserve(v32, "vllm", 1, 1, fp8).bytes == Count{64} * 61 * (656 + 132));
  }
  CHECK(reserve(v32, "vllm", 1, 1, "fp8").notes.size() == 1);
  CHECK(reserve(v32, "vllm", 1, 1, "fp8_ds_mla").notes.empty());
  CHECK(reserve(v3, "vllm", 131072, 1, "fp8").bytes == Count{131072} * 61 * 576);
  CHECK_THROWS_WITH_AS(reserve(uniform(61, latent(256, 64, 128, 128, 128, 128)), "vllm", 1, 1, "fp8"),
                       doctest::Contains("\"fp8\" beside an index is \"fp8_ds_mla\": it stores one latent of 512 + 64"),
                       InputError);
  CHECK_NOTHROW(reserve(uniform(61, latent(256, 64, 128, 128, 128)), "vllm", 1, 1, "fp8"));
}

TEST_CASE("vLLM gives every state a page as large as one of attention") {
  // 16 attention layers of 4 heads of 256 in fp8 and 48 recurrent ones: 48 heads of 128 x 128 in fp32 and three
  // columns of 10,240 channels in bf16 are 3,207,168 bytes; / 2,048 bytes a token, in sixteens: a block of 1,568.
  const MixerPointer attention = full(4, 256);
  const MixerPointer recurrent = state("gated_delta", 48 * 128 * 128, 3 * 10240);
  const Model hybrid =
      model_of("qwen3_5", 64, [&](std::uint32_t i) { return std::vector{(i + 1) % 4 == 0 ? attention : recurrent}; });
  CHECK(reserve(hybrid, "vllm:state=float32,prefix_cache=0", 262144, 1, "fp8").bytes == 8786018304);
  // Two states of a sequence where prefixes are cached: three pages of 16 layers more.
  CHECK(reserve(hybrid, "vllm:state=float32", 262144, 1, "fp8").bytes == Count{8786018304} + 3 * 1568 * 2048 * 16);
  CHECK(reserve(hybrid, "vllm:state=float32,spec=2", 262144, 1, "fp8").bytes ==
        Count{8786018304} + 9 * 1568 * 2048 * 16);
  // A longer block that was asked for stays.
  CHECK(reserve(hybrid, "vllm:state=float32,mamba_cache=none,block=2048", 262144, 1, "fp8").bytes ==
        Count{(128 + 3)} * 2048 * 16 * 2048);
  // Jamba: 4 attention layers and 28 recurrent ones, seven groups of 4.
  const MixerPointer gqa = full(8, 128);
  const MixerPointer mamba = state("mamba", 8192 * 16, 8192 * 3);
  const Model jamba = model_of("jamba", 32, [&](std::uint32_t i) { return std::vector{i % 8 == 4 ? gqa : mamba}; });
  const Count block = 144;  // (524,288 + 49,152) / 4,096 = 140 tokens
  CHECK(reserve(jamba, "vllm:state=float32,mamba_cache=none", 262144).bytes ==
        (ceil_div(262144, block) + 7) * block * 4 * 4096);
  const Count in_16_bits = 80;  // (262,144 + 49,152) / 4,096 = 76 tokens
  CHECK(reserve(jamba, "vllm", 262144).bytes == (ceil_div(262144, in_16_bits) + 14) * in_16_bits * 4 * 4096);
  // A state at every block, which is a multiple of the 1,024 tokens that stand for a chunk.
  CHECK(reserve(jamba, "vllm:mamba_cache=all", 262144).bytes == Count{(256 + 7 * 256) * 1024} * 4 * 4096);
  CHECK(reserve(jamba, "vllm:mamba_cache=all,spec=1", 262144).bytes == Count{(256 + 7 * 257) * 1024} * 4 * 4096);
  // Delta nets have no such mode.
  CHECK(reserve(hybrid, "vllm:state=float32,mamba_cache=all", 262144, 1, "fp8").bytes ==
        reserve(hybrid, "vllm:state=float32,mamba_cache=align", 262144, 1, "fp8").bytes);
}

TEST_CASE("vLLM's block of a hybrid, by the type of its states and on the rank that it is split to") {
  struct Row {
    std::string model;  // of the catalogue, or a config
    const char* parallel;
    const char* kv;
    const char* engine;
    const char* block;  // tokens, as its logs print them or by hand
  };
  const std::string shape_27b = R"("hidden_size": 5120, "num_attention_heads": 24, "num_key_value_heads": 4,
                                   "linear_num_value_heads": 48)";
  const std::string shape_35b = R"("hidden_size": 2048, "num_attention_heads": 16, "num_key_value_heads": 2,
                                   "linear_num_value_heads": 32)";
  const std::string fp32 = R"(, "mamba_ssm_dtype": "float32")";
  const std::string tiny = R"("hidden_size": 1536, "num_attention_heads": 12, "num_key_value_heads": 4,
                              "mamba_n_heads": 48)";
  const std::string small = R"("hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
                               "mamba_n_heads": 128)";
  const std::string kimi =
      R"({"model_type": "kimi_linear", "hidden_size": 2304, "num_hidden_layers": 4, "num_attention_heads": 32,
          "torch_dtype": "bfloat16", "kv_lora_rank": 512, "qk_rope_head_dim": 64,
          "linear_attn_config": {"num_heads": 32, "head_dim": 128, "short_conv_kernel_size": 4,
                                 "kda_layers": [1, 2, 3], "full_attn_layers": [4]}})";
  const Row rows[] = {
      // 1,097,728 bytes of state and 2,048 of a token; on two ranks half of both.
      {"qwen3-next-80b-a3b-instruct", "tp=1", "bf16", "vllm", "544"},
      {"qwen3-next-80b-a3b-instruct", "tp=2", "bf16", "vllm", "544"},
      {"qwen3-next-80b-a3b-instruct", "tp=1", "bf16", "vllm:state=float32", "1,056"},
      {granite(tiny), "tp=1", "bf16", "vllm", "400"},
      {granite(small), "tp=1", "bf16", "vllm", "528"},
      {"qwen3.5-27b", "tp=1", "bf16", "vllm", "784"},
      {"qwen3.5-27b", "tp=1", "fp8", "vllm", "1,568"},
      {"qwen3.5-27b", "tp=1", "bf16", "vllm:state=model", "400"},
      {"qwen3.5-27b", "tp=2", "fp8", "vllm:spec=3", "1,600"},
      {"qwen3.5-27b", "tp=2", "nvfp4", "vllm:spec=3", "2,848"},
      {"qwen3.5-27b", "tp=1", "bf16", "vllm:block=128", "896"},
      {qwen3_5(shape_27b + fp32), "tp=1", "bf16", "vllm", "784"},
      {qwen3_5(shape_27b), "tp=1", "bf16", "vllm", "400"},
      {qwen3_5(shape_27b), "tp=1", "bf16", "vllm:state=float32", "784"},
      {qwen3_5(shape_35b + fp32), "tp=2", "bf16", "vllm", "1,056"},
      {"nvidia-nemotron-3-nano-30b-a3b-bf16", "tp=2", "fp8", "vllm", "4,176"},
      // No type in its config, which is fp32 for this family: 128 heads of 80 x 128 and three columns of 12,288
      // channels are 5,316,608 bytes, 1,298 tokens of 4,096.
      {"nvidia-nemotron-nano-9b-v2", "tp=1", "bf16", "vllm", "1,312"},
      // Kimi's delta is kept in fp32 whatever is asked for: 32 heads of 128 x 128 and three columns of three times
      // 4,096 channels are 2,170,880 bytes, 1,885 tokens of 1,152, in blocks of 64.
      {kimi, "tp=1", "bf16", "vllm", "1,920"},
      {kimi, "tp=1", "bf16", "vllm:state=model", "1,920"},
      // Lightning attention is kept in the model's type: 64 heads of 128 x 128, 4,096 bytes a token.
      {"minimax-text-01", "tp=1", "bf16", "vllm", "512"},
      {"minimax-text-01", "tp=1", "bf16", "vllm:state=float32", "512"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    CAPTURE(row.engine);
    const Model model = row.model.starts_with('{') ? parse_model(row.model, "config.json") : load_model(row.model);
    Setup setup{model, {}, parse_engine(row.engine), {}};
    setup.workload.kv = parse_kv_precision(row.kv, "test");
    setup.settings.parallelism = parse_parallelism(row.parallel);
    std::string blocks;
    for (const std::string& note : Deployment(setup).engine_notes(1000, 1)) {
      if (note.starts_with("vLLM enlarges the block to ")) blocks += note;
    }
    std::string digits;
    for (const char* at = row.block; *at != 0; ++at) digits += *at == ',' ? std::string() : std::string(1, *at);
    CHECK(blocks == "vLLM enlarges the block to " + digits + " tokens, so that a page holds a state");
  }
}

TEST_CASE("a type of states that is not known is a fault of the config") {
  CHECK_THROWS_WITH_AS(parse_model(qwen3_5(R"("mamba_ssm_dtype": "float12")"), "config.json"),
                       doctest::Contains("/mamba_ssm_dtype: unknown type \"float12\""), InputError);
  CHECK_FALSE(parse_model(qwen3_5(R"("mamba_ssm_dtype": "auto")"), "config.json").recurrent_state);
}

TEST_CASE("vLLM keeps only states without attention, whatever the length") {
  const Model mamba = uniform(64, state("mamba2", 655360, 5376 * 3), "mamba2");
  const Count convolution = 5376 * 3 * 2;
  for (const Count context : {Count{1}, Count{1000000}}) {
    CHECK(reserve(mamba, "vllm", context, 2).bytes == 2 * 64 * (655360 * 2 + convolution));
    CHECK(reserve(mamba, "vllm:state=float32", context, 2).bytes == 2 * 64 * (655360 * 4 + convolution));
  }
}

TEST_CASE("vLLM refuses what it has no cache for") {
  CHECK_THROWS_WITH_AS(reserve(llama_8b(), "vllm", 1, 1, "q8_0"),
                       doctest::Contains("engine vllm: \"q8_0\" is not a type of its cache"), InputError);
  CHECK_THROWS_AS(reserve(llama_8b(), "vllm", 1, 1, "fp8/bf16"), InputError);
  CHECK_THROWS_WITH_AS(reserve(uniform(1, state("titans", 1, 1)), "vllm", 1),
                       doctest::Contains("no layers of kind \"titans\""), InputError);
}
