// Logs held against the rules of their engines. The figures are those that public logs printed (docs/engines.md and
// tests/data/published.json name them); the lines are written anew.
#include "ctxcost/answer/reconciliation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "tensor_files.h"

using namespace ctxcost;

namespace {

bool knows(std::string_view engine, std::string_view setting = {}) {
  for (const Engine* one : engines()) {
    if (one->name != engine) continue;
    return setting.empty() || std::any_of(one->settings.begin(), one->settings.end(),
                                          [&](const EngineSetting& known) { return known.name == setting; });
  }
  return false;
}

ReconcileQuestion question_of(const std::string& model, const std::string& log) {
  ReconcileQuestion question;
  question.log = parse_engine_log(log, "log");
  question.models = {model.starts_with("{") ? parse_model(model, "test") : load_model(model)};
  return question;
}

/// "keys agrees 2499674112; concurrency agrees"
std::string figures_of(const Reconciliation& result) {
  std::string all;
  for (const ReconciledFigure& one : result.figures) {
    all += (all.empty() ? "" : "; ") + std::string(name(one.printed.figure)) + " " +
           std::string(kAgreementWords[static_cast<std::size_t>(one.verdict)]) +
           (one.ours ? " " + to_string(*one.ours) : "");
  }
  return all;
}

std::string error_of(const ReconcileQuestion& question) {
  try {
    static_cast<void>(reconcile(question));
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

const std::string kLlama8b = R"({"layers": 32, "heads": 32, "kv_heads": 8, "d_k": 128, "precision": "bf16"})";

struct Row {
  std::string model;
  std::string log;
  std::string figures;
  std::string engine = {};
  std::string kv = {};
};

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.model);
    CAPTURE(row.log);
    ReconcileQuestion question = question_of(row.model, row.log);
    if (!row.engine.empty()) question.engine = parse_engine(row.engine);
    if (!row.kv.empty()) question.kv = parse_kv_precision(row.kv, "test");
    const ReconcileAnswer answer = reconcile(question);
    REQUIRE(answer.models.size() == 1);
    CHECK(figures_of(answer.models[0]) == row.figures);
    CHECK(answer.agrees() == (row.figures.find("differs") == std::string::npos));
  }
}

}  // namespace

TEST_CASE("vLLM: tokens, blocks and concurrency follow from the memory for the cache") {
  check_rows({
      // 1,952 blocks of 16 and 1,250 for a request: 1.5616. The memory is not printed, so that the first figure gives
      // it.
      {kLlama8b,
       "vLLM API server version 0.6.3\n# GPU blocks: 1952, # CPU blocks: 0\n"
       "Maximum concurrency for 20000 tokens per request: 1.56x",
       "blocks no rule 1952; concurrency agrees"},
      {kLlama8b,
       "vLLM API server version 0.6.3\n# GPU blocks: 1952, # CPU blocks: 0\n"
       "Maximum concurrency for 20000 tokens per request: 1.57x",
       "blocks no rule 1952; concurrency differs"},
      // 1952 * 2 MiB = 3.8125 GiB; 3.82 GiB would be 1,955 blocks and a bit.
      {kLlama8b,
       "vLLM API server version 0.11.0\nAvailable KV cache memory: 3.81 GiB\nGPU KV cache size: 31,232 tokens\n"
       "Maximum concurrency for 20,000 tokens per request: 1.56x",
       "kv_memory agrees 4093640704; tokens agrees 31232; concurrency agrees"},
      {kLlama8b,
       "vLLM API server version 0.11.0\nAvailable KV cache memory: 3.82 GiB\nGPU KV cache size: 31,232 tokens\n"
       "Maximum concurrency for 20,000 tokens per request: 1.56x",
       "kv_memory no rule; tokens differs 31280; concurrency agrees"},
      // 36,332 blocks of 16 tokens of 28,672 bytes: 15.52 GiB.
      {R"({"layers": 28, "heads": 12, "kv_heads": 2, "d_k": 128, "precision": "bf16"})",
       "vLLM API server version 0.7.3\nthe rest of the memory reserved for KV Cache is 15.52GiB.\n"
       "# CUDA blocks: 36332, # CPU blocks: 9362\nMaximum concurrency for 4096 tokens per request: 141.92x",
       "kv_memory agrees 16667377664; blocks agrees 36332; concurrency agrees"},
      // Groups of 6 layers: 222 pages of 6 * 4,176 * 256 bytes; 44 whole rounds of 5 groups; 32 + 4 pages a request.
      {"NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
       "Initializing a V1 LLM engine (v0.18.1) with config: model='x', max_seq_len=131072, tensor_parallel_size=2, "
       "kv_cache_dtype=fp8, enable_prefix_caching=False\n"
       "Setting attention block size to 4176 tokens to ensure\nAvailable KV cache memory: 1.33 GiB\n"
       "GPU KV cache size: 183,744 tokens\nMaximum concurrency for 131,072 tokens per request: 6.17x",
       "block_tokens agrees 4176; kv_memory agrees 1423982592; tokens agrees 183744; concurrency agrees",
       "vllm:state=float32"},
  });
}

TEST_CASE("vLLM: the release decides which rules hold") {
  // Since 0.21 the tokens are int(concurrency * n): 1952 / 1250 * 20000 = 31,232, too; of 20,001 they are not.
  ReconcileQuestion question = question_of(kLlama8b,
                                           "vLLM API server version 0.20.1\nAvailable KV cache memory: 3.81 GiB\n"
                                           "GPU KV cache size: 31,232 tokens\n"
                                           "Maximum concurrency for 20,001 tokens per request: 1.56x");
  CHECK(reconcile(question).agrees());
  question.log.settings.clear();
  question.context = 20001;
  // 1951 / 1251 * 20001 = 31,192 and 1952 / 1251 * 20001 = 31,208 are tokens; 31,232 is not.
  CHECK_FALSE(reconcile(question).agrees());
  // What follows from the release alone gives way to what is asked for.
  ReconcileQuestion asked = question_of(kLlama8b,
                                        "vLLM API server version 0.20.1\nAvailable KV cache memory: 3.81 GiB\n"
                                        "GPU KV cache size: 31,208 tokens\n"
                                        "Maximum concurrency for 20,001 tokens per request: 1.56x");
  CHECK_FALSE(reconcile(asked).agrees());
  asked.engine = parse_engine("vllm:tokens=new");
  CHECK(reconcile(asked).agrees());
  CHECK(reconcile(asked).models[0].engine.word("tokens") == "new");
}

TEST_CASE("vLLM: windows and drafts by the rules of 0.26") {
  if (!knows("vllm", "batches") || !knows("vllm", "spec")) return;
  std::vector<Row> rows;
  for (const auto& [length, printed] : {std::pair("32,768", "2.39"), {"65,536", "1.77"}, {"131,072", "1.16"}}) {
    rows.push_back({"gemma-4-26b-a4b",
                    std::string("Initializing a V1 LLM engine (v0.26.0) with config: model='x'\n"
                                "Chunked prefill is enabled with max_num_batched_tokens=2496.\n"
                                "Available KV cache memory: 4.25 GiB\nMaximum concurrency for ") +
                        length + " tokens per request: " + printed + "x",
                    "kv_memory agrees; concurrency agrees"});
  }
  rows.push_back({"qwen3.5-27b",
                  "Initializing a V1 LLM engine (v0.26.0) with config: model='x', "
                  "speculative_config=SpeculativeConfig(method='mtp', num_spec_tokens=3), max_seq_len=262144, "
                  "tensor_parallel_size=2, kv_cache_dtype=fp8, enable_prefix_caching=True\n"
                  "Available KV cache memory: 5.33 GiB\nGPU KV cache size: 300,220 tokens, Maximum concurrency for "
                  "262,144 tokens per request: 1.15x",
                  ""});
  for (const Row& row : rows) {
    CAPTURE(row.log);
    const ReconcileAnswer answer = reconcile(question_of(row.model, row.log));
    CHECK(answer.agrees());
    for (const ReconciledFigure& one : answer.models[0].figures) CHECK(one.verdict == Agreement::agrees);
  }
}

TEST_CASE("llama.cpp: what the log allocates, to the printed digit") {
  check_rows({
      {kLlama8b,
       "llama_context: n_seq_max     = 1\nllama_context: n_ctx         = 4096\n"
       "llama_kv_cache: size =  512.00 MiB (  4096 cells,  32 layers,  1/1 seqs), K (f16):  256.00 MiB, V (f16):  "
       "256.00 "
       "MiB",
       "cache agrees 536870912; keys agrees 268435456; values agrees 268435456"},
      {kLlama8b,
       "llama_context: n_ctx         = 4096\n"
       "llama_kv_cache: size =  384.00 MiB (  4096 cells,  32 layers,  1/1 seqs), K (f16):  256.00 MiB, V (f16):  "
       "128.00 "
       "MiB",
       "cache differs 536870912; keys agrees 268435456; values differs 268435456"},
      // iq4_nl: 18 bytes for 32 elements.
      {kLlama8b,
       "llama_new_context_with_model: n_ctx      = 1024\nKV self size  =   82.00 MiB, K (iq4_nl):   18.00 MiB, V "
       "(f16):   "
       "64.00 MiB",
       "cache agrees 85983232; keys agrees 18874368; values agrees 67108864"},
      // Windows of 128 and a batch of 128: 256 cells beside 8,192.
      {"gpt-oss-20b",
       "llama_context: n_ctx         = 8192\nllama_context: n_ubatch      = 128\n"
       "llama_kv_cache_iswa: creating non-SWA KV cache, size = 8192 cells\n"
       "llama_kv_cache: size =  102.00 MiB (  8192 cells,  12 layers,  1/1 seqs), K (q8_0):   51.00 MiB, V (q8_0):   "
       "51.00 "
       "MiB\n"
       "llama_kv_cache_iswa: creating     SWA KV cache, size = 256 cells\n"
       "llama_kv_cache: size =    3.19 MiB (   256 cells,  12 layers,  1/1 seqs), K (q8_0):    1.59 MiB, V (q8_0):    "
       "1.59 "
       "MiB",
       "cache agrees 110297088; keys agrees 55148544; values agrees 55148544"},
      // 48 layers of 5.625 / 48 and 144 / 48 MiB, for 4 sequences of 1 + 2 states each.
      {"qwen3.5-27b",
       "llama_context: n_seq_max     = 4\nllama_context: n_ctx         = 8192\nllama_context: kv_unified    = true\n"
       "llama_kv_cache: size =  512.00 MiB (  8192 cells,  16 layers,  4/1 seqs), K (f16):  256.00 MiB, V (f16):  "
       "256.00 "
       "MiB\n"
       "llama_memory_recurrent: size = 1795.50 MiB (     4 cells,  64 layers,  4 seqs  2 rs_seq), R (f32):   67.50 "
       "MiB, S "
       "(f32): 1728.00 MiB",
       "cache agrees 536870912; keys agrees 268435456; values agrees 268435456; convolution_state agrees 70778880; "
       "recurrent_state agrees 1811939328"},
      // Three sequences share 4,096 cells, which they do not divide.
      {kLlama8b,
       "llama_context: n_seq_max     = 3\nllama_context: n_ctx         = 4096\nllama_context: kv_unified    = true\n"
       "llama_kv_cache: size =  512.00 MiB (  4096 cells,  32 layers,  3/1 seqs), K (f16):  256.00 MiB, V (f16):  "
       "256.00 "
       "MiB",
       "cache agrees 536870912; keys agrees 268435456; values agrees 268435456"},
  });
}

TEST_CASE("llama.cpp: buffers of weights and the compute buffer beside what fit counts") {
  // Public logs of Llama-3.1-8B in Q4_K_M and of Qwen3-8B in Q8_0 (docs/engines.md); a type is no file, so no rule.
  // 4,617,396,480 = 4403.49 MiB; 19 of 36 layers without the output: 3,895,577,600 = 3715.11 MiB.
  const std::string llama =
      "print_info: file type   = Q4_K - Medium\nload_tensors: offloaded 33/33 layers to GPU\n"
      "load_tensors:   CPU_Mapped model buffer size =   281.81 MiB\n"
      "load_tensors:        CUDA0 model buffer size =  4403.49 MiB\nllama_context: n_ctx = 4096\n";
  const std::string qwen =
      "print_info: file type   = Q8_0\nload_tensors: offloading 19 repeating layers to GPU\n"
      "load_tensors: offloaded 19/37 layers to GPU\nload_tensors:        CUDA0 model buffer size =  3715.11 MiB\n"
      "load_tensors:   CPU_Mapped model buffer size =  4585.25 MiB\nllama_context: n_ctx = 131072\n";
  check_rows({
      // 4 bytes for each of 512 tokens' 128,256 logits and twice 4,096 widths.
      {"llama-3.1-8b", llama + "llama_context:      CUDA0 compute buffer size =   258.50 MiB\n",
       "model_buffer no rule 295501824; model_buffer no rule 4617396480; compute_buffer no rule 279445504"},
      {"qwen3-8b", qwen, "model_buffer no rule 3895577600; model_buffer no rule 4807984128"},
      // Two buffers of the processor share the host's weights by its own rules.
      {"qwen3-8b", qwen + "load_tensors:   CPU_REPACK model buffer size =  1.00 MiB\n",
       "model_buffer no rule 3895577600; model_buffer no rule; model_buffer no rule"},
  });
  const Reconciliation typed = reconcile(question_of("llama-3.1-8b", llama)).models[0];
  REQUIRE(!typed.settings.empty());
  CHECK(typed.settings.back().name == "weights");
  CHECK(typed.settings.back().value == "Q4_K_M");
  // A type that the option names goes before that of the log; one that nobody knows is said.
  ReconcileQuestion asked = question_of("llama-3.1-8b", llama);
  asked.weights = parse_weight_scheme("Q4_0", "test");
  CHECK(reconcile(asked).models[0].figures[1].ours ==
        Count{4357873920});  // 4155.99 MiB: 18 bytes a 32, the head in q6_k
  const Reconciliation unknown =
      reconcile(question_of("llama-3.1-8b", "print_info: file type = Q9_K - Medium\n" + llama.substr(40))).models[0];
  CHECK(unknown.notes.back() == "the log's type of weights is not known: \"Q9_K_M\"");
}

TEST_CASE("llama.cpp: buffers of the log's own file have a rule") {
  // Two layers in F16: 262,144 of queries and output, 131,072 of keys and values, 786,432 of the feed-forward and 2,048
  // of norms are 1,181,696 bytes each; embedding and output have 512,000, the last norm has 1,024.
  test::Gguf file;
  file.text("general.architecture", "llama").number("llama.block_count", 2).number("llama.embedding_length", 256);
  file.number("llama.attention.head_count", 4).number("llama.attention.head_count_kv", 2);
  file.number("llama.feed_forward_length", 512).number("llama.context_length", 1024);
  file.real("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  const auto matrix = [&](const std::string& name, std::uint64_t in, std::uint64_t out) {
    file.tensor(name + ".weight", test::kGgmlF16, {in, out}, 2 * in * out);
  };
  const auto norm = [&](const std::string& name) { file.tensor(name + ".weight", test::kGgmlF32, {256}, 1024); };
  matrix("token_embd", 256, 1000);
  norm("output_norm");
  matrix("output", 256, 1000);
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    norm(layer + "attn_norm");
    matrix(layer + "attn_q", 256, 256);
    matrix(layer + "attn_k", 256, 128);
    matrix(layer + "attn_v", 256, 128);
    matrix(layer + "attn_output", 256, 256);
    norm(layer + "ffn_norm");
    matrix(layer + "ffn_gate", 256, 512);
    matrix(layer + "ffn_up", 256, 512);
    matrix(layer + "ffn_down", 512, 256);
  }
  const test::Folder folder;
  const std::string model = folder.write("small.gguf", file.file());
  const auto log = [](const std::string& offloaded, const std::string& host, const std::string& card) {
    return offloaded + "load_tensors: CPU_Mapped model buffer size = " + host +
           " MiB\nload_tensors: CUDA0 model buffer size = " + card + " MiB\n";
  };
  const std::string part = "load_tensors: offloaded 2/3 layers to GPU\n";
  check_rows({
      {model, log("load_tensors: offloaded 3/3 layers to GPU\n", "0.49", "2.74"),
       "model_buffer agrees 512000; model_buffer agrees 2876416"},
      // The output and the last layer; before the output came first, both layers.
      {model, log(part, "1.62", "1.62"), "model_buffer agrees 1693696; model_buffer agrees 1694720"},
      {model, log("load_tensors: offloading 2 repeating layers to GPU\n" + part, "0.98", "2.25"),
       "model_buffer agrees 1025024; model_buffer agrees 2363392"},
      {model, log(part, "0.98", "2.25"), "model_buffer differs 1693696; model_buffer differs 1694720"},
      // How much was offloaded is not said.
      {model, log("", "0.49", "2.74"), "model_buffer no rule 512000; model_buffer no rule 2876416"},
      // Two cards share by their free memory, which the log does not say: all but the embedding on one of them.
      {model,
       "load_tensors: offloaded 3/3 layers to GPU\nCUDA0 model buffer size = 1.13 MiB\n"
       "x: CUDA0 model buffer size = 1.13 MiB\nx: CUDA1 model buffer size = 1.62 MiB\n",
       "model_buffer no rule 2363392; model_buffer no rule 513024"},
      {model,
       "load_tensors: offloaded 3/3 layers to GPU\nx: CUDA0 model buffer size = 1.13 MiB\n"
       "x: CUDA1 model buffer size = 1.62 MiB\n",
       "model_buffer agrees 1181696; model_buffer agrees 1694720", "llama.cpp:split=1+2"},
  });
}

TEST_CASE("llama.cpp: the cache of several cards is printed as one sum") {
  // April 2024, Command-R on cards of 12 and 24 GB: 1536 and 3584 MiB.
  check_rows(
      {{"c4ai-command-r-v01",
        "llm_load_tensors:      CUDA0 buffer size =  100.00 MiB\n"
        "llm_load_tensors:      CUDA1 buffer size =  100.00 MiB\nllama_new_context_with_model: n_ctx = 4096\n"
        "llama_new_context_with_model: KV self size  = 5120.00 MiB, K (f16): 2560.00 MiB, V (f16): 2560.00 MiB\n",
        "model_buffer no rule 19730202624; model_buffer no rule 50231459840; cache agrees 5368709120; keys agrees "
        "2684354560; values agrees 2684354560",
        "llama.cpp:split=11+28"}});
}

TEST_CASE("SGLang: seven logs") {
  const auto pool = [](const char* tokens, const std::string& sizes) {
    return std::string("KV Cache is allocated. #tokens: ") + tokens + ", " + sizes + "\n";
  };
  const std::vector<Row> rows = {
      {kLlama8b, pool("38141", "K size: 2.33 GB, V size: 2.33 GB"), "keys agrees 2499674112; values agrees 2499674112"},
      {"qwen3-30b-a3b", pool("549277", "K size: 25.14 GB, V size: 25.14 GB"),
       "keys agrees 26998112256; values agrees 26998112256"},
      {"qwen3.5-27b",
       "Mamba Cache is allocated. max_mamba_cache_size: 124, conv_state size: 0.34GB, ssm_state size: 17.58GB \n" +
           pool("330323", "K size: 10.08 GB, V size: 10.08 GB"),
       "convolution_state agrees 368640000; recurrent_state agrees 18874368000; keys agrees 10824056832; values agrees "
       "10824056832"},
      {"granite-4.0-h-micro",
       "Mamba Cache is allocated. max_mamba_cache_size: 38, conv_state size: 0.03GB, ssm_state size: 2.74GB \n" +
           pool("399740", "K size: 1.52 GB, V size: 1.52 GB"),
       "convolution_state agrees 36661248; recurrent_state agrees 2944401408; keys agrees 1637339136; values agrees "
       "1637339136"},
      {R"({"layers": 6, "heads": 16, "d_k": 192, "d_v": 128, "precision": "bf16",
           "attention": {"kind": "latent", "kv_rank": 512, "rope_dim": 64}})",
       pool("1933682", "KV size: 12.45 GB"), "cache agrees 13365616896"},
      {"gemma-4-26b-a4b",
       "server_args=ServerArgs(model_path='x', page_size=256, tp_size=1)\n" +
           pool("56320", "K size: 5.40 GB, V size: 5.40 GB") + pool("70656", "K size: 0.68 GB, V size: 0.68 GB") +
           "SWAKVPool mem usage: 12.14 GB, swa size: 56320, full size: 70656\n",
       "keys agrees 6519521280; values agrees 6519521280; window_tokens agrees 56320; cache agrees 13039042560"},
      {R"({"layers": 24, "heads": 3, "kv_heads": 1, "d_k": 256, "precision": "bf16"})",
       pool("6247850", "K size: 71.50 GB, V size: 71.50 GB"), "keys agrees 76773593088; values agrees 76773593088"},
      // Latents are on every rank; heads are divided.
      {R"({"layers": 47, "heads": 20, "d_k": 256, "d_v": 256, "precision": "bf16",
           "attention": {"kind": "latent", "kv_rank": 512, "rope_dim": 64}})",
       "[2026-03-11 13:53:23 TP0] " + pool("383872", "KV size: 19.36 GB") + "[2026-03-11 13:53:23 TP1] " +
           pool("383872", "KV size: 19.36 GB"),
       "cache agrees 20784419712"},
      {R"({"layers": 94, "heads": 64, "kv_heads": 4, "d_k": 128, "precision": "bf16"})",
       "server_args=ServerArgs(model_path='x', tp_size=4)\n" + pool("367404", "K size: 8.23 GB, V size: 8.23 GB"),
       "keys agrees 8841233920; values agrees 8841233920"},
      {kLlama8b, pool("38141", "K size: 2.34 GB, V size: 2.33 GB"),
       "keys differs 2499674112; values agrees 2499674112"},
  };
  if (knows("sglang")) return check_rows(rows);
  CHECK(error_of(question_of(kLlama8b, rows[0].log)) ==
        "log: it is a log of sglang, for which there are no rules yet (`ctxcost list engines` shows those that there "
        "are)");
}

TEST_CASE("TensorRT-LLM: five logs") {
  const auto pool = [](const char* size, const char* tokens) {
    return std::string("[TensorRT-LLM][INFO] [MemUsageChange] Allocated ") + size +
           " GiB for max tokens in paged KV cache (" + tokens + ").\n";
  };
  const std::vector<Row> rows = {
      {kLlama8b,
       "Max KV cache pages per sequence: 2048\nNumber of tokens per block: 64.\n" + pool("26.91", "220480") +
           "max_seq_len=131072, max_num_requests=2048\n",
       "pages_per_sequence agrees 2048; cache agrees 28898754560"},
      {R"({"layers": 36, "heads": 64, "kv_heads": 8, "d_k": 64, "precision": "bf16"})",
       "Number of tokens per block: 32.\n" + pool("0.56", "8224"), "cache agrees 606339072"},
      {R"({"layers": 64, "heads": 64, "kv_heads": 8, "d_k": 128, "precision": "bf16"})",
       "Max KV cache pages per sequence: 82\nNumber of tokens per block: 64.\n" + pool("1.28", "5248") +
           "max_seq_len=5248",
       "pages_per_sequence agrees 82; cache agrees 1375731712"},
      {kLlama8b,
       "Number of blocks in KV cache primary pool: 8219\nNumber of tokens per block: 32.\n" + pool("16.05", "263008"),
       "blocks agrees 8219; cache agrees 17236492288", "", "fp8"},
      {R"({"layers": 28, "heads": 12, "kv_heads": 2, "d_k": 128, "precision": "fp16"})", pool("7.31", "273792"),
       "cache agrees 7850164224"},
      {R"({"layers": 24, "heads": 14, "kv_heads": 2, "d_k": 64, "precision": "fp16"})", pool("2.18", "190656"),
       "cache agrees 2342780928"},
      {kLlama8b,
       "Number of blocks in KV cache primary pool: 8218\nNumber of tokens per block: 32.\n" + pool("16.05", "263008"),
       "blocks differs 8219; cache differs 34472984576"},
  };
  if (knows("tensorrt-llm")) return check_rows(rows);
  CHECK(error_of(question_of(kLlama8b, rows[0].log)).find("a log of tensorrt-llm") != std::string::npos);
}

TEST_CASE("what is left beside weights and cache is the overhead") {
  // 19.85 - 15.52 GiB; llama-3.1-8b in bf16 would be too much, so that the weights are those of a smaller model.
  const std::string log =
      "vLLM API server version 0.7.3\n"
      "the current vLLM instance can use total_gpu_memory (22.06GiB) x gpu_memory_utilization (0.90) = 19.85GiB\n"
      "the rest of the memory reserved for KV Cache is 15.52GiB.\n# CUDA blocks: 31785\n"
      "Maximum concurrency for 4096 tokens per request: 124.16x";
  const Reconciliation small = reconcile(question_of("llama-3.2-1b", log)).models[0];
  REQUIRE(small.weights);
  REQUIRE(small.activations);
  CHECK(*small.weights == 2471628800);  // 1,235,814,400 parameters
  CHECK(small.beside == Count{21313775206} - Count{16664473108} - *small.weights);
  CHECK(small.overhead == *small.beside - *small.activations);
  const Reconciliation large = reconcile(question_of("llama-3.1-8b", log)).models[0];
  CHECK_FALSE(large.beside);
  CHECK_FALSE(large.overhead);

  // llama.cpp prints its buffers; those of the host are not the card's.
  const Reconciliation local = reconcile(question_of("llama-3-8b",
                                                     "llama_context: n_ctx = 4096\nKV self size = 512.00 MiB\n"
                                                     "llama_context: CUDA_Host output buffer size = 600.00 MiB\n"
                                                     "llama_context: CUDA0 compute buffer size = 296.00 MiB\n"
                                                     "llama_context: CUDA1 compute buffer size = 300.00 MiB\n"))
                                   .models[0];
  CHECK(local.beside == Count{300} * (1 << 20));
}

TEST_CASE("settings of the question stand beside those of the log, and do not contradict them") {
  const std::string log =
      "llama_context: n_seq_max = 2\nllama_context: n_ctx = 8192\nllama_context: n_ubatch = 512\n"
      "KV self size = 1024.00 MiB, K (f16): 512.00 MiB, V (f16): 512.00 MiB";
  struct Fault {
    void (*change)(ReconcileQuestion& question);
    const char* error;
  };
  const Fault faults[] = {
      {[](ReconcileQuestion& q) { q.context = 8192; },
       "context: the log says 4096 (line 2 of log), found 8192 (leave it out)"},
      {[](ReconcileQuestion& q) { q.batch = 1; }, "batch: the log says 2 (line 1 of log), found 1 (leave it out)"},
      {[](ReconcileQuestion& q) { q.kv = parse_kv_precision("q8_0", "test"); },
       "kv_precision: the log says f16 (line 4 of log), found q8_0 (leave it out)"},
      {[](ReconcileQuestion& q) { q.engine = parse_engine("llama.cpp:ubatch=256"); },
       "engine: the log says 512 (line 3 of log), found ubatch=256 (leave it out)"},
      {[](ReconcileQuestion& q) { q.engine = parse_engine("vllm"); },
       "engine: the log is one of llama.cpp, found \"vllm\" (leave out the engine, or give its settings: "
       "llama.cpp:...)"},
  };
  for (const Fault& fault : faults) {
    ReconcileQuestion question = question_of("llama-3-8b", log);
    fault.change(question);
    CHECK(error_of(question) == fault.error);
  }
  ReconcileQuestion same = question_of("llama-3-8b", log);
  same.context = 4096;
  same.batch = 2;
  same.kv = parse_kv_precision("fp16", "test");
  same.engine = parse_engine("llama.cpp:ubatch=512,swa_full=1");
  CHECK(reconcile(same).agrees());

  CHECK(error_of(question_of(kLlama8b, "KV self size = 1.00 MiB, K (f15): 1.00 MiB, V (f15): 1.00 MiB"))
            .starts_with("log: unknown"));
  CHECK(error_of(question_of(kLlama8b, "KV self size = 1.00 MiB")) ==
        "context: expected the tokens of a sequence, found nothing (the log's line \"n_ctx = N\" would say it)");
  ReconcileQuestion tensor = question_of(kLlama8b,
                                         "LLM engine (v0.20.0) with config: x, tensor_parallel_size=2\n"
                                         "GPU KV cache size: 16 tokens");
  tensor.context = 16;
  tensor.parallelism = parse_parallelism("tp=4");
  CHECK(error_of(tensor) == "parallel: the log says tp=2 (line 1 of log), found tp=4 (leave it out)");
}

TEST_CASE("lengths that no engine has are an error, not a wrong number") {
  const std::string error = error_of(question_of(kLlama8b,
                                                 "llama_context: n_ctx = 999999999999999999\nKV self size = 1.00 MiB\n"
                                                 "llama_context: n_ubatch = 999999999999999999"));
  CHECK(error.empty());  // 2^17 bytes a token: it fits 128 bits
}
