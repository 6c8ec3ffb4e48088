// Models as they lie on a disk: a directory with its safetensors, and a GGUF file.
#include <doctest/doctest.h>

#include "../tensor_files.h"
#include "program.h"

using namespace ctxcost::test;

namespace {

// Width 8, 2 heads of 4, inner width 16, 32 tokens, tied: 32*8 + 8 outside the 2 layers, each of which has
// Q, K, V and O of 64, three matrices of 128 and two norms: 656.
constexpr std::string_view kConfig =
    R"({"model_type":"llama","hidden_size":8,"intermediate_size":16,"num_hidden_layers":2,"num_attention_heads":2,)"
    R"("vocab_size":32,"torch_dtype":"bfloat16","tie_word_embeddings":true,"max_position_embeddings":64})";
constexpr int kElements = 32 * 8 + 8 + 2 * 656;

std::string one_tensor(int elements) {
  const std::string bytes = std::to_string(2 * elements);
  return safetensors(
      R"({"w":{"dtype":"BF16","shape":[)" + std::to_string(elements) + R"(],"data_offsets":[0,)" + bytes + "]}}",
      static_cast<std::uint64_t>(2 * elements));
}

/// The second line of a table of one column.
std::string cell(const std::string& csv) {
  const std::size_t start = csv.find('\n') + 1;
  return csv.substr(start, csv.find_first_of("\r\n", start) - start);
}

}  // namespace

TEST_CASE("a directory's weights are its headers' sum") {
  const Folder folder;
  folder.write("config.json", kConfig);
  folder.write("model.safetensors", one_tensor(kElements + 100));
  for (const std::string& name : {folder.path(), folder / "model.safetensors"}) {
    CAPTURE(name);
    const Run result = run({"scale", name, "-n", "64", "--columns", "weights_bytes", "--format", "csv"});
    CHECK(result.status == 0);
    CHECK(result.err == "");
    CHECK(cell(result.out).ends_with(std::to_string(2 * (kElements + 100))));
  }
  // What else is asked for is counted from the config.
  const Run fp32 =
      run({"scale", folder.path(), "-n", "64", "--weights", "fp32", "--columns", "weights_bytes", "--format", "csv"});
  CHECK(cell(fp32.out).ends_with(std::to_string(4 * kElements)));
}

TEST_CASE("a damaged file beside the config is an error, not a guess") {
  const Folder folder;
  folder.write("config.json", kConfig);
  const std::string whole = one_tensor(kElements);
  folder.write("model.safetensors", whole.substr(0, whole.size() - 1));
  const Run result = run({"scale", "."}, {.directory = folder.path()});
  CHECK(result.status == 2);
  CHECK(result.out == "");
  CHECK(result.err == "ctxcost: ./model.safetensors: expected " + std::to_string(2 * kElements) +
                          " bytes of tensors, found " + std::to_string(2 * kElements - 1) +
                          "; is the download complete?\n");
}

TEST_CASE("a sparse GGUF of 40 GB is a model like any other") {
  constexpr std::uint64_t kBytes = std::uint64_t{40} << 30;
  const Folder folder;
  Gguf gguf;
  gguf.text("general.architecture", "llama")
      .number("llama.block_count", 32)
      .number("llama.context_length", 8192)
      .number("llama.embedding_length", 4096)
      .number("llama.feed_forward_length", 14336)
      .number("llama.attention.head_count", 32)
      .number("llama.attention.head_count_kv", 8)
      .tensor("token_embd.weight", kGgmlF16, {4096, kBytes / 2 / 4096}, kBytes);
  folder.write("large.gguf", gguf.header(), gguf.file_bytes());
  const Run result = run({"large.gguf", "-n", "8192", "--columns", "weights_bytes,kv_cache_bytes", "--format", "csv"},
                         {.directory = folder.path()});
  CHECK(result.status == 0);
  // 2 * 32 layers * 8 KV heads * 128 * 2 bytes * 8192 tokens
  CHECK(cell(result.out).ends_with(std::to_string(kBytes) + ",1073741824"));
}
