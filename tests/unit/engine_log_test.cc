// Start-up logs: the lines of each engine, of current and older releases. The lines are written anew in the formats of
// the engines' sources (named in src/input/engine_log/).
#include <doctest/doctest.h>

#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/engine_log.h"

using namespace ctxcost;

namespace {

/// "kv_memory 4.25 GiB; tokens 1,056"
std::string figures_of(const std::string& text) {
  std::string all;
  for (const LogFinding& one : parse_engine_log(text, "log").findings) {
    all += (all.empty() ? "" : "; ") + std::string(name(one.figure)) + (one.detail.empty() ? "" : " " + one.detail) +
           " " + one.value.text();
  }
  return all;
}

/// "context 8192; engine.unified 1"
std::string settings_of(const std::string& text) {
  std::string all;
  for (const LogSetting& one : parse_engine_log(text, "log").settings) {
    all += (all.empty() ? "" : "; ") + std::string(one.key) + (one.name.empty() ? "" : "." + std::string(one.name)) +
           " " + one.value;
  }
  return all;
}

std::string error_of(const std::string& text) {
  try {
    static_cast<void>(parse_engine_log(text, "log"));
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a printed number stands for the integers that are printed so") {
  struct Row {
    const char* line;
    Count low, high;
  };
  // x.xx GiB is [x.xx - 0.005, x.xx + 0.005] * 2^30.
  const Row rows[] = {
      {"Available KV cache memory: 4.25 GiB", 4558034043, 4568771461},
      {"Available KV cache memory: 4.2 GiB", 4504346952, 4515084369},  // later releases drop a zero
      {"GPU KV cache size: 1,056 tokens", 1056, 1056},
      {"INFO # GPU blocks: 378, # CPU blocks: 585", 378, 378},
      {"Model loading took 14.9889 GiB and 3.9 seconds", 16094155139, 16094262512},
      {"llama_kv_cache: size = 1.50 KiB", 1531, 1541},
  };
  for (const Row& row : rows) {
    const EngineLog log = parse_engine_log(row.line, "log");
    REQUIRE(log.findings.size() == 1);
    CHECK(log.findings[0].value.low() == row.low);
    CHECK(log.findings[0].value.high() == row.high);
  }
  // A sum of two rounded numbers is twice as wide: 105.19 MiB, 0.01 either way.
  const EngineLog sum = parse_engine_log("llama_kv_cache: size = 102.00 MiB\nllama_kv_cache: size = 3.19 MiB\n", "log");
  REQUIRE(sum.findings.size() == 1);
  CHECK(sum.findings[0].value.text() == "105.19 MiB");
  CHECK(sum.findings[0].value.low() == 110289224);
  CHECK(sum.findings[0].value.high() == 110310195);

  const PrintedNumber ratio{342, 2, 1, 1, "x"};
  CHECK(ratio.states(3.415));
  CHECK(ratio.states(3.4249));
  CHECK_FALSE(ratio.states(3.4251));
  CHECK_FALSE(ratio.states(3.4149));
}

TEST_CASE("the lines of vLLM") {
  struct Row {
    const char* lines;
    const char* figures;
    const char* settings;
  };
  const Row rows[] = {
      {"(EngineCore pid=384) INFO [kv_cache_utils.py:2393] GPU KV cache size: 651,081 tokens, Maximum concurrency for "
       "262,144 tokens per request: 2.48x",
       "tokens 651,081; concurrency 2.48x", "context 262144"},
      {"INFO 03-01 10:30:57 worker.py:267] model weights take 2.88GiB; non_torch_memory takes 0.05GiB; PyTorch "
       "activation "
       "peak memory takes 1.40GiB; the rest of the memory reserved for KV Cache is 15.52GiB.\n"
       "INFO 03-01 10:30:57 executor_base.py:110] # CUDA blocks: 36332, # CPU blocks: 9362",
       "kv_memory 15.52 GiB; blocks 36,332", ""},
      {"(Worker_TP0 pid=1) INFO Available KV cache memory: 4.87 GiB\n"
       "(Worker_TP1 pid=2) INFO Available KV cache memory: 4.85 GiB",
       "kv_memory 4.85 GiB", ""},  // the smallest rank decides
      {"INFO Loading model weights took 2.8797 GB", "weights 2.8797 GB", ""},
      {"INFO [interface.py:911] Setting attention block size to 832 tokens to ensure that attention page size is >= "
       "mamba\n"
       "INFO [interface.py:935] Padding mamba page size by 1.71% to ensure that",
       "block_tokens 832; page_padding 1.71%", ""},
      {"INFO the current vLLM instance can use total_gpu_memory (22.06GiB) x gpu_memory_utilization (0.90) = 19.85GiB",
       "budget 19.85 GiB", ""},
      {"Free memory on device (31.23/31.86 GiB) on startup. Desired GPU memory utilization is (0.97, 30.9 GiB). Actual",
       "budget 30.90 GiB", ""},
      {"INFO Chunked prefill is enabled with max_num_batched_tokens=8192.\nModel loading took 1.50 GiB",
       "weights 1.50 GiB", "engine.max_batched_tokens 8192"},
      {"(APIServer pid=1) INFO vLLM API server version 0.18.0\nINFO GPU KV cache size: 96 tokens", "tokens 96",
       "engine.tokens old; engine.batches 1; engine.mamba_cache none"},
      {"INFO [core.py:109] Initializing a V1 LLM engine (v0.20.2rc1.dev8+g4b7f5ea1a) with config: model='x', "
       "speculative_config=SpeculativeConfig(method='mtp', model='x', num_spec_tokens=3), dtype=torch.bfloat16, "
       "max_seq_len=262144, tensor_parallel_size=2, pipeline_parallel_size=1, decode_context_parallel_size=1, "
       "kv_cache_dtype=fp8, enable_prefix_caching=False\nINFO GPU KV cache size: 96 tokens",
       "tokens 96",
       "context 262144; tp 2; pp 1; dcp 1; kv_precision fp8; engine.prefix_cache 0; engine.spec 3; engine.tokens old; "
       "engine.batches 1"},
      {"INFO [core.py:109] Initializing a V1 LLM engine (v0.26.1) with config: model='x', max_seq_len=4096, "
       "kv_cache_dtype=auto\nINFO Maximum concurrency for 2,048 tokens per request: 3.00x",
       "concurrency 3.00x", "context 2048"},  // the length that the engine chose
  };
  for (const Row& row : rows) {
    CAPTURE(row.lines);
    CHECK(figures_of(row.lines) == row.figures);
    CHECK(settings_of(row.lines) == row.settings);
  }
  CHECK(parse_engine_log(rows[9].lines, "log").release == "0.20.2rc1.dev8+g4b7f5ea1a");
}

TEST_CASE("the lines of SGLang, whose GB is 2^30 bytes") {
  struct Row {
    const char* lines;
    const char* figures;
    const char* settings;
  };
  const Row rows[] = {
      {"[2025-07-01 10:00:00 TP0] Load weight end. type=LlamaForCausalLM, avail mem=61.29 GB, mem usage=16.06 GB.\n"
       "[2025-07-01 10:00:01 TP1] Load weight end. type=LlamaForCausalLM, avail mem=61.30 GB, mem usage=16.05 GB.\n"
       "[2025-07-01 10:00:02 TP0] KV Cache is allocated. #tokens: 38141, K size: 2.33 GB, V size: 2.33 GB",
       "weights 16.06 GB; tokens 38,141; keys 2.33 GB; values 2.33 GB", "tp 2"},
      {"[2026-03-11 13:53:23 DP0 TP0 EP0] KV Cache is allocated. #tokens: 383872, KV size: 19.36 GB\n"
       "[2026-03-11 13:53:23 DP1 TP0 EP0] KV Cache is allocated. #tokens: 383000, KV size: 19.31 GB",
       "tokens 383,872; cache 19.36 GB", ""},
      {"KV Cache is allocated. dtype: torch.float8_e4m3fn, #tokens: 100, K size: 1.83 GB, V size: 1.84 GB",
       "tokens 100; keys 1.83 GB; values 1.84 GB", "kv_precision float8_e4m3fn"},
      {"Mamba Cache is allocated. max_mamba_cache_size: 48, conv_state size: 0.09GB, ssm_state size: 6.46GB",
       "convolution_state 0.09 GB; recurrent_state 6.46 GB", "batch 48"},
      // Two pools, and the same again of a draft model.
      {"KV Cache is allocated. #tokens: 56320, K size: 5.40 GB, V size: 5.40 GB\n"
       "KV Cache is allocated. #tokens: 70656, K size: 0.68 GB, V size: 0.68 GB\n"
       "SWAKVPool mem usage: 12.14 GB, swa size: 56320, full size: 70656\n"
       "KV Cache is allocated. #tokens: 70656, K size: 0.10 GB, V size: 0.10 GB",
       "keys 6.08 GB; values 6.08 GB; tokens 70,656; window_tokens 56,320; cache 12.14 GB", ""},
      {"server_args=ServerArgs(model_path='x', tp_size=8, dp_size=4, page_size=64, enable_dp_attention=True, "
       "kv_cache_dtype='fp8_e4m3', swa_full_tokens_ratio=0.5, mamba_ssm_dtype='float32')\n"
       "max_total_num_tokens=37081, context_len=16384, available_gpu_mem=6.56 GB",
       "tokens 37,081; memory_after 6.56 GB",
       "engine.page 64; tp 2; kv_precision fp8_e4m3; engine.swa_ratio 0.5; engine.state float32"},
      {"[2024-11-01 10:00:00 TP0] KV Cache is allocated. K size: 2.33 GB, V size: 2.33 GB.\n"
       "[2024-11-01 10:00:00 TP0] max_total_num_tokens=38141, max_prefill_tokens=16384, context_len=8192",
       "keys 2.33 GB; values 2.33 GB; tokens 38,141", ""},
      {"Load weight begin. avail mem=78.50 GB\nLoad weight end. avail mem=1 GB, mem usage=5.00 GB.\n"
       "Load weight end. avail mem=1 GB, mem usage=0.50 GB.\nKV Cache is allocated. #tokens: 9, K size: 1 GB, V size: "
       "1 GB",
       "memory_before 78.50 GB; weights 5.00 GB", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.lines);
    CHECK(figures_of(row.lines) == row.figures);
    CHECK(settings_of(row.lines) == row.settings);
  }
}

TEST_CASE("the lines of TensorRT-LLM") {
  const char* const kLines =
      "[TensorRT-LLM] TensorRT-LLM version: 0.17.0\n"
      "[TensorRT-LLM][INFO] [MemUsageChange] Allocated 0.10 GiB for max tokens in paged KV cache (8192).\n"
      "[TensorRT-LLM][INFO] Memory usage when calculating max tokens in paged kv cache: total: 79.10 GiB, available: "
      "63.62 GiB\n"
      "[TensorRT-LLM][INFO] Number of blocks in KV cache primary pool: 4607\n"
      "[TensorRT-LLM][INFO] Number of blocks in KV cache secondary pool: 0, onboard blocks to primary memory: true\n"
      "[TensorRT-LLM][INFO] Max KV cache pages per sequence: 65\n"
      "[TensorRT-LLM][INFO] Number of tokens per block: 64.\n"
      "[TensorRT-LLM][INFO] [MemUsageChange] Allocated 62.99 GiB for max tokens in paged KV cache (294848).\n"
      "[02/14/2025-09:38:53] [TRT-LLM] [I] max_seq_len=4160, max_num_requests=2048\n";
  // The small pool of the profiling run is replaced.
  CHECK(figures_of(kLines) ==
        "memory_before 79.10 GiB; memory_after 63.62 GiB; blocks 4,607; pages_per_sequence 65; cache 62.99 GiB; tokens "
        "294,848");
  CHECK(settings_of(kLines) == "engine.block 64; context 4160");
  CHECK(parse_engine_log(kLines, "log").release == "0.17.0");
}

TEST_CASE("the lines of llama.cpp, new and old") {
  struct Row {
    const char* lines;
    const char* figures;
    const char* settings;
  };
  const Row rows[] = {
      {"0.10.583 I llama_context: n_seq_max     = 4\n0.10.584 I llama_context: n_ctx         = 8192\n"
       "llama_context: n_ctx_seq     = 8192\nllama_context: n_ubatch      = 512\nllama_context: kv_unified    = true\n"
       "llama_context: n_ctx_seq (8192) < n_ctx_train (262144) -- the full capacity of the model will not be utilized\n"
       "llama_kv_cache:    Vulkan0 KV buffer size =   512.00 MiB\n"
       "llama_memory_recurrent: size = 1795.50 MiB (     4 cells,  64 layers,  4 seqs  2 rs_seq), R (f32):   67.50 "
       "MiB, S "
       "(f32): 1728.00 MiB\n"
       "sched_reserve:    Vulkan0 compute buffer size =   618.44 MiB\n"
       "llama_context: n_ctx         = 8192\nllama_kv_cache:    Vulkan0 KV buffer size =   32.00 MiB\n",
       "convolution_state 67.50 MiB; recurrent_state 1,728.00 MiB; compute_buffer Vulkan0 618.44 MiB; cache 512.00 MiB",
       "engine.ubatch 512; engine.unified 1; engine.rs_seq 2; batch 4; context 2048"},
      {"llama_new_context_with_model: n_ctx      = 40960\nllama_new_context_with_model: n_ubatch   = 1024\n"
       "llama_kv_cache_init:      CUDA0 KV buffer size = 10240.00 MiB\n"
       "llama_new_context_with_model: KV self size  = 10240.00 MiB, K (f16): 5120.00 MiB, V (q8_0): 5120.00 MiB",
       "cache 10,240.00 MiB; keys 5,120.00 MiB; values 5,120.00 MiB",
       "engine.ubatch 1024; kv_precision f16/q8_0; batch 1; context 40960"},
      {"KV self size  =  274.50 MiB, c^KV (f16):  274.50 MiB, kv^T: not used", "cache 274.50 MiB; keys 274.50 MiB",
       "kv_precision f16"},
      {"llama_kv_cache: size = 54.00 MiB (4096 cells, 6 layers, 2/2 seqs), K (f16): 54.00 MiB, V (f16): 0.00 MiB",
       "cache 54.00 MiB; keys 54.00 MiB", "kv_precision f16"},
      {"llama_kv_cache_iswa: using full-size SWA cache (ref: x)\nprint_info: file size   = 4.58 GiB (4.89 BPW)\n"
       "load_tensors:   CPU_Mapped model buffer size =   281.81 MiB\nllama_context:  CUDA_Host  output buffer size = "
       "0.49 MiB",
       "file_size 4.58 GiB; model_buffer CPU_Mapped 281.81 MiB; output_buffer CUDA_Host 0.49 MiB", "engine.swa_full 1"},
      {"print_info: file type   = Q3_K - Large\nload_tensors: offloading output layer to GPU\n"
       "load_tensors: offloading 19 repeating layers to GPU\nload_tensors: offloaded 20/33 layers to GPU\n"
       "load_tensors: CUDA0 model buffer size = 1.00 MiB",
       "model_buffer CUDA0 1.00 MiB", "weights Q3_K_L; engine.ngl 20"},
      // Older, and with the output not among the offloaded.
      {"llm_load_print_meta: model ftype      = IQ4_XS - 4.25 bpw\nllm_load_print_meta: model size       = 4.33 GiB\n"
       "llm_load_tensors: offloading 19 repeating layers to GPU\nllm_load_tensors: offloading v cache to GPU\n"
       "llm_load_tensors: offloaded 19/33 layers to GPU\nllm_load_tensors:      CUDA0 buffer size =  3577.56 MiB",
       "file_size 4.33 GiB; model_buffer CUDA0 3,577.56 MiB", "weights IQ4_XS; engine.ngl 19; engine.output last"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.lines);
    CHECK(figures_of(row.lines) == row.figures);
    CHECK(settings_of(row.lines) == row.settings);
  }
  CHECK(parse_engine_log(rows[0].lines, "log").notes ==
        std::vector<std::string>{"a second context, as of a draft model, is not read (from line 10 on)"});
}

TEST_CASE("what is no log of one engine is refused in one line") {
  CHECK(
      error_of("").starts_with("log: expected the start-up log of an engine, found no line of one in 0 lines (lines "));
  CHECK(error_of("").find("sglang: \"KV Cache is allocated\"") != std::string::npos);
  CHECK(error_of("hello\nworld").find("in 2 lines") != std::string::npos);
  CHECK(error_of(std::string("GPU KV cache size: 16 tokens\0", 29)) ==
        "log: expected the start-up log of an engine, found a file that is no text");
  CHECK(
      error_of("x\nGPU KV cache size: 16 tokens\nKV self size = 1.00 MiB") ==
      "log: expected the log of one engine, found lines of vllm (line 2) and of llama.cpp (line 3) (give each its own "
      "file)");
  // Numbers that are none, or too long.
  for (const char* line : {"GPU KV cache size: many tokens", "GPU KV cache size: 1234567890123456789 tokens",
                           "Available KV cache memory: -0.94 GiB", "KV self size = 12.5 parsecs", "KV self size = ."}) {
    CHECK_MESSAGE(error_of(line).find("found no line of one") != std::string::npos, line);
  }
  // A line is read up to 64 KiB; a long file is read to its end.
  CHECK(error_of(std::string(1 << 20, 'x') + "GPU KV cache size: 16 tokens").find("in 1 lines") != std::string::npos);
  std::string many;
  for (int i = 0; i < 20000; ++i) many += "INFO nothing that anybody reads, time after time\n";
  CHECK(figures_of(many + "GPU KV cache size: 16 tokens\n") == "tokens 16");
  std::string devices;
  for (int i = 0; i < 1000; ++i) devices += "load_tensors: D" + std::to_string(i) + " model buffer size = 1.00 MiB\n";
  CHECK(parse_engine_log(devices, "log").findings.size() == 256);
}
