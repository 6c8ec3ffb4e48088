// Writes the seeds of the fuzz targets: one folder for each under the directory that is given.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "ctxcost/input/catalogue.h"
#include "tensor_files.h"

namespace {

using namespace ctxcost;
using namespace ctxcost::test;

void write(const std::filesystem::path& folder, const std::string& name, std::string_view content) {
  std::filesystem::create_directories(folder);
  std::ofstream file(folder / name, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + (folder / name).string());
}

/// A model of one small layer under the name of an architecture, with every key that any of them reads.
std::string gguf_seed(std::string_view architecture) {
  Gguf gguf;
  gguf.text("general.architecture", architecture).text("general.name", "seed").number("general.alignment", 32);
  const std::string prefix = std::string(architecture) + ".";
  constexpr std::pair<std::string_view, std::uint32_t> kNumbers[] = {
      {"block_count", 2},
      {"context_length", 64},
      {"embedding_length", 32},
      {"feed_forward_length", 64},
      {"attention.head_count", 4},
      {"attention.head_count_kv", 2},
      {"attention.key_length", 16},
      {"attention.value_length", 8},
      {"attention.sliding_window", 8},
      {"attention.kv_lora_rank", 8},
      {"attention.q_lora_rank", 8},
      {"attention.indexer.head_count", 2},
      {"attention.indexer.key_length", 8},
      {"attention.indexer.top_k", 4},
      {"rope.dimension_count", 8},
      {"expert_count", 4},
      {"expert_used_count", 2},
      {"expert_shared_count", 1},
      {"expert_feed_forward_length", 16},
      {"expert_shared_feed_forward_length", 16},
      {"leading_dense_block_count", 1},
      {"full_attention_interval", 2},
      {"ssm.conv_kernel", 4},
      {"ssm.inner_size", 64},
      {"ssm.state_size", 16},
      {"ssm.group_count", 1},
      {"ssm.time_step_rank", 4},
      {"shortconv.l_cache", 3},
  };
  for (const auto& [key, value] : kNumbers) gguf.number(prefix + std::string(key), value);
  gguf.real(prefix + "rope.scaling.factor", 4).text(prefix + "rope.scaling.type", "yarn");
  gguf.texts("tokenizer.ggml.tokens", {"a", "b"}).numbers("tokenizer.ggml.token_type", {1, 1});
  gguf.tensor("token_embd.weight", kGgmlF16, {32, 4}, 256).tensor("output_norm.weight", kGgmlF32, {32}, 128);
  gguf.tensor("blk.0.attn_q.weight", kGgmlF16, {32, 4}, 256)
      .tensor("blk.1.ffn_gate_inp.weight", kGgmlF32, {32, 4}, 512);
  return gguf.file();
}

void write_all(const std::filesystem::path& root) {
  for (const char* architecture :
       {"llama", "qwen2", "qwen3next", "gemma3", "phi3", "gpt-oss", "deepseek2", "deepseek32", "mamba", "mamba2",
        "jamba", "granitehybrid", "lfm2", "falcon", "gpt2", "glm4moe"}) {
    write(root / "gguf", architecture, gguf_seed(architecture));
  }
  write(root / "safetensors", "empty", safetensors("{}", 0));
  write(root / "safetensors", "two",
        safetensors(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]},)"
                    R"("b":{"dtype":"F4","shape":[4],"data_offsets":[8,10]}})",
                    10));
  std::size_t number = 0;
  for (const CatalogueEntry& entry : catalogue()) {
    write(root / "json_model", "catalogue-" + std::to_string(number++), entry.text);
  }
  write(root / "json_model", "own",
        R"({"name":"x","layers":4,"heads":8,"kv_heads":2,"d_k":64,"d_model":512,"d_ff":2048,"vocab":1000,)"
        R"("precision":"fp16","attention":{"kind":"sliding_window","window":128}})");

  write(root / "engine_log", "vllm",
        "LLM engine (v0.20.2) with config: x, max_seq_len=1000, tensor_parallel_size=1, kv_cache_dtype=fp8\n"
        "Available KV cache memory: 0.25 GiB\nGPU KV cache size: 1,056 tokens\n"
        "Maximum concurrency for 1,000 tokens per request: 1.05x\n");
  write(root / "engine_log", "sglang",
        "[2026-01-01 00:00:00 TP0] KV Cache is allocated. #tokens: 100, K size: 0.01 GB, V size: 0.01 GB\n"
        "Mamba Cache is allocated. max_mamba_cache_size: 4, conv_state size: 0.01GB, ssm_state size: 0.02GB\n");
  write(
      root / "engine_log", "tensorrt-llm",
      "Number of tokens per block: 32.\n[MemUsageChange] Allocated 0.01 GiB for max tokens in paged KV cache (320).\n");
  write(root / "engine_log", "llama.cpp",
        "llama_context: n_seq_max = 2\nllama_context: n_ctx = 1024\nllama_kv_cache: size = 1.00 MiB ( 1024 cells, 2 "
        "layers, 2/2 seqs), K (q8_0): 0.50 MiB, V (f16): 0.50 MiB\nllama_context: CUDA0 compute buffer size = 2.00 "
        "MiB\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_corpus DIRECTORY\n";
    return 2;
  }
  try {
    write_all(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "make_corpus: " << error.what() << '\n';
    return 2;
  }
  return 0;
}
