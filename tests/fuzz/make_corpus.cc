// Writes the seeds of the fuzz targets: one folder for each under the directory that is given.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "ctxcost/answer/difference.h"
#include "ctxcost/answer/fit.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/input/budget.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/render/answer_text.h"
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

/// Writes a seed that its reader takes: one that it refuses leads nowhere. Throws InputError for such a one.
template <typename Reader>
void write_read(const std::filesystem::path& folder, const std::string& name, std::string_view content, Reader read) {
  static_cast<void>(read(content, folder.filename().string() + '/' + name));
  write(folder, name, content);
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

  const auto budget = [&](const std::string& name, std::string_view content) {
    write_read(root / "budget", name, content, [](auto text, const auto& file) { return parse_budgets(text, file); });
  };
  budget("split", R"({"defaults":{"engine":"vllm","gpu":"h100-sxm-80gb:2","parallel":"tp=2","price":2.5,"power":700},)"
                  R"("budgets":[{"name":"chat","model":"llama-3.1-8b","contexts":["8K","128K"],"batches":[1,8],)"
                  R"("kv_precision":"fp8","level":"warning","limits":{"kv_cache_bytes":{"max":"1GiB"},)"
                  R"("device_bytes":{"max":"90% of gpu"},"decode_tokens_per_second":{"min":100},)"
                  R"("usd_per_million_decode_tokens":{"max":1}}}]})");
  budget("unequal", R"({"budgets":[{"name":"x","model":"gemma-3-27b-it","gpu":"4090+3090","engine":"llama.cpp:ngl=20",)"
                    R"("users":4,"lengths":"4K:32K","host_bandwidth":"50GB","margin":"10%","limits":)"
                    R"({"headroom_bytes":{"min":0},"host_bytes":{"max":"64GiB"},"max_concurrency":{"min":1}}}]})");
  budget("requests", R"({"budgets":[{"name":"x","model":"llama-3.1-8b","gpu":"4090","engine":"vllm","users":4,)"
                     R"("lengths":"4K:32K","shared_prefix":"2K","lora":"rank=16,count=4","kv_memory":"4GiB","limits":)"
                     R"({"kv_reserved_bytes":{"max":"64GiB"},"kv_capacity_tokens":{"min":1}}}]})");
  budget("scaled",
         R"({"defaults":{"convention":"causal"},"budgets":[{"name":"x","model":"llama-3.1-8b","context":8192,)"
         R"("weights":"int4:group=64","limits":{"forward_flops":{"max":1e12}}}]})");
  const auto saved = [&](const std::string& name, std::string_view content) {
    write_read(root / "saved_report", name, content,
               [](auto text, const auto& file) { return parse_comparand(text, file); });
  };
  const SharedModel model = load_model("llama-3.1-8b");
  Grid grid;
  grid.models = {model};
  grid.contexts = parse_lengths("1K,8K", "seed");
  saved("scale", render(Report(grid, {}), "json"));
  DeploymentQuestion question;
  question.models = {model};
  question.placements = {{.gpu = parse_gpu("4090").gpu}};
  question.contexts = grid.contexts;
  saved("fit", render(fit(question), "json"));
  const auto accelerator = [&](const std::string& name, std::string_view content) {
    write_read(root / "accelerator", name, content,
               [](auto text, const auto& file) { return parse_accelerator(text, file); });
  };
  accelerator("least", R"({"memory_bytes":"24 GiB","memory_bandwidth_bytes_per_s":"1 TB/s","peak_dense_flops":)"
                       R"({"bf16":"165 TFLOP/s"}})");
  accelerator("most",
              R"({"id":"mine","name":"Mine","vendor":"own","memory_bytes":68719476736,"memory_reported_mib":65000,)"
              R"("unified_memory_usable":"7/8","narrow_cache":"none","memory_bandwidth_bytes_per_s":400000000000,)"
              R"("peak_dense_flops":{"fp32":1e13,"bf16":14200000000000,"fp8":null},"interconnect":{}})");
  constexpr std::string_view kWords[] = {"1K..1M:x4",     "4K",
                                         "2GiB",          "0.5",
                                         "int4:group=32", "q8_0/q4_0",
                                         "Q4_K_M",        "bf16",
                                         "vllm:block=16", "tp=4,pp=2",
                                         "causal",        "context,kv_cache_bytes",
                                         "268 TFLOPs",    "kv_cache_bytes > +5%",
                                         "params=0%",     "0..100:+10",
                                         "64K:1000000",   R"({"stages":[{"context":"64K","tokens":1000}]})",
                                         "h100-sxm:8",    "meta-llama/Llama-3.1-8B-Instruct-AWQ"};
  for (std::size_t i = 0; i < std::size(kWords); ++i) {
    write(root / "words", std::to_string(i), static_cast<char>(i) + std::string(kWords[i]));
  }
  write(root / "command_line", "scale", "scale\nllama-3.1-8b\n-n\n8K,128K\n--engine\nvllm\n--format\ncsv");
  write(root / "command_line", "fit", "fit\nllama-3.1-70b\n--gpu\nh100-sxm:4\n--weights\nfp8\n-b\n8\n--format\njson");
  write(root / "command_line", "solve", "solve\ncontext\nllama-3.1-8b\n--gpu\n4090");
  write(root / "command_line", "explain", "explain\ngemma-3-27b-it\nkv_cache_bytes\n-n\n128K");
  write(root / "command_line", "compare", "compare\nllama-3.1-8b\n--with\nsliding_window:window=4096+alibi\n-n\n64K");
  write(root / "command_line", "train", "train\nllama-3-8b\n--stage\n64K:62914560\n--zero\n3\n--gpu\nh100-sxm:8");
  write(root / "render", "names", "a\"b\\c,d|e<f>&\n\x1b[31m\xe2\x80\xae\xff=1+1");
  const std::string config(catalogue()[0].text);
  write(root / "directory", "config", '\0' + config);
  write(root / "directory", "weights",
        '\0' + config + "\x1e\x05" + safetensors(R"({"a":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]}})", 8));
  write(root / "directory", "index",
        '\0' + config + "\x1e\x06" +
            R"({"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00002.safetensors"}})" + "\x1e\x07" +
            safetensors(R"({"a":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]}})", 8));
  write(root / "directory", "gguf", '\x09' + gguf_seed("llama"));

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
