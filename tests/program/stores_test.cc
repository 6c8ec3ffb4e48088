// Models that other programs have stored on this machine, found by the names that those programs use.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "../tensor_files.h"
#include "program.h"

using namespace ctxcost::test;

namespace {

// 4 KV heads would be the catalogue's 8 for the real model: here 2 layers, 2 heads of 4.
constexpr std::string_view kConfig =
    R"({"model_type":"llama","hidden_size":8,"intermediate_size":16,"num_hidden_layers":2,"num_attention_heads":2,)"
    R"("vocab_size":32,"torch_dtype":"bfloat16","tie_word_embeddings":true,"max_position_embeddings":64})";
/// Keys and values of 2 layers, 2 heads of 4 elements, 2 bytes each, for 64 tokens.
constexpr int kCacheBytes = 2 * 2 * 2 * 4 * 2 * 64;

std::string small_gguf() {
  Gguf gguf;
  gguf.text("general.architecture", "llama")
      .number("llama.block_count", 2)
      .number("llama.context_length", 64)
      .number("llama.embedding_length", 8)
      .number("llama.feed_forward_length", 16)
      .number("llama.attention.head_count", 2)
      .number("llama.attention.head_count_kv", 2)
      .tensor("token_embd.weight", kGgmlF16, {8, 32}, 512);
  return gguf.file();
}

void put(const Folder& folder, const std::string& path, std::string_view text) {
  std::filesystem::create_directories(std::filesystem::path(folder / path).parent_path());
  folder.write(path, text);
}

struct Asked {
  const Folder& home;
  std::vector<std::string> environment = {};
};

/// What `scale` says of the only model at 64 tokens, and its notes.
nlohmann::json result_of(const std::string& name, const Asked& asked) {
  std::vector<std::string> environment = asked.environment;
  environment.push_back("HOME=" + asked.home.path());
  const Run result = run({"scale", name, "-n", "64", "--format", "json"},
                         {.environment = environment, .directory = asked.home.path()});
  REQUIRE_MESSAGE(result.status == 0, result.err);
  return nlohmann::json::parse(result.out)["results"][0];
}

void check_found(const nlohmann::json& result, const std::string& file) {
  CHECK(result["kv_cache_bytes"] == kCacheBytes);
  CHECK_MESSAGE(result["notes"].dump().find(file + " was read") != std::string::npos, result["notes"].dump());
}

constexpr const char* kRevision = "0123456789abcdef0123456789abcdef01234567";

void put_in_hub(const Folder& folder, const std::string& cache, const std::string& model) {
  put(folder, cache + "/" + model + "/refs/main", kRevision);
  put(folder, cache + "/" + model + "/snapshots/" + kRevision + "/config.json", kConfig);
}

std::string error_of(const std::string& name, const Folder& home) {
  const Run result =
      run({"scale", name, "-n", "64"}, {.environment = {"HOME=" + home.path()}, .directory = home.path()});
  CHECK(result.status == 2);
  return result.err;
}

}  // namespace

TEST_CASE("org/name is the main revision in the HuggingFace cache, where the environment says that it is") {
  const Folder home;
  const std::string file = std::string("/models--acme--tiny/snapshots/") + kRevision + "/config.json";
  put_in_hub(home, ".cache/huggingface/hub", "models--acme--tiny");
  const nlohmann::json result = result_of("acme/tiny", {home});
  CHECK(result["model"]["name"] == "tiny");
  check_found(result, ".cache/huggingface/hub" + file);

  put_in_hub(home, "elsewhere/hub", "models--acme--other");
  check_found(result_of("acme/other", {home, {"HF_HOME=" + home / "elsewhere"}}),
              "elsewhere/hub/models--acme--other" + file.substr(19));
  check_found(result_of("acme/other", {home, {"HF_HUB_CACHE=" + home / "elsewhere/hub", "HF_HOME=/none"}}),
              "/config.json");
  CHECK(error_of("acme/other", home).find("acme/other: no such file") != std::string::npos);
}

TEST_CASE("a full name in the cache is that checkpoint, also where the catalogue has the name; a short name is not") {
  const Folder home;
  put_in_hub(home, ".cache/huggingface/hub", "models--meta-llama--Llama-3.1-8B");
  check_found(result_of("meta-llama/Llama-3.1-8B", {home}), "/config.json");
  // 2 * 32 layers * 8 KV heads * 128 * 2 bytes * 64 tokens
  CHECK(result_of("llama-3.1-8b", {home})["kv_cache_bytes"] == 8388608);
  // The list is the catalogue's.
  const Run list = run({"list", "models", "--format", "csv"}, {.environment = {"HOME=" + home.path()}});
  CHECK(list.out.find("Llama-3.1-8B,llama,8030261248") != std::string::npos);
}

TEST_CASE("a directory of that name wins over a store, and a snapshot without a model is none") {
  const Folder home;
  put_in_hub(home, ".cache/huggingface/hub", "models--acme--tiny");
  put(home, "acme/tiny/config.json", kConfig);
  CHECK(result_of("acme/tiny", {home})["notes"].dump().find("was read") == std::string::npos);
  put(home, ".cache/huggingface/hub/models--acme--empty/refs/main", kRevision);
  put(home, std::string(".cache/huggingface/hub/models--acme--empty/snapshots/") + kRevision + "/tokenizer.json", "{}");
  CHECK(error_of("acme/empty", home).find("no such file") != std::string::npos);
  put(home, ".cache/huggingface/hub/models--acme--evil/refs/main", "../../../..");
  CHECK(error_of("acme/evil", home).find("no such file") != std::string::npos);
}

TEST_CASE("name:tag is the model layer of a manifest in Ollama's store") {
  const Folder home;
  const std::string manifest =
      R"({"schemaVersion":2,"layers":[{"mediaType":"application/vnd.ollama.image.license","digest":"sha256:00"},)"
      R"({"mediaType":"application/vnd.ollama.image.model","digest":"sha256:ab12","size":1}]})";
  put(home, ".ollama/models/manifests/some.host/library/tiny/1b", manifest);
  put(home, ".ollama/models/manifests/some.host/me/tiny/latest", manifest);
  put(home, ".ollama/models/blobs/sha256-ab12", small_gguf());
  check_found(result_of("tiny:1b", {home}), ".ollama/models/blobs/sha256-ab12");
  check_found(result_of("me/tiny:latest", {home}), ".ollama/models/blobs/sha256-ab12");

  put(home, "store/manifests/some.host/library/moved/x", manifest);
  put(home, "store/blobs/sha256-ab12", small_gguf());
  check_found(result_of("moved:x", {home, {"OLLAMA_MODELS=" + home / "store"}}), "store/blobs/sha256-ab12");

  CHECK(error_of("tiny:2b", home).find("tiny:2b: no such file") != std::string::npos);
  put(home, ".ollama/models/manifests/some.host/library/lost/1b",
      R"({"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:cd34"}]})");
  CHECK(error_of("lost:1b", home).find("its model is not in the store: ") != std::string::npos);
  put(home, ".ollama/models/manifests/some.host/library/odd/1b", R"({"layers":[]})");
  CHECK(error_of("odd:1b", home).find("expected a layer of the type application/vnd.ollama.image.model, found none") !=
        std::string::npos);
}

TEST_CASE("publisher/repo and publisher/repo/file.gguf are in LM Studio's store") {
  const Folder home;
  put(home, ".lmstudio/models/acme/tiny-GGUF/tiny-Q4_K_M.gguf", small_gguf());
  put(home, ".cache/lm-studio/models/acme/older/older.gguf", small_gguf());
  check_found(result_of("acme/tiny-GGUF", {home}), ".lmstudio/models/acme/tiny-GGUF");
  check_found(result_of("acme/tiny-GGUF/tiny-Q4_K_M.gguf", {home}), ".lmstudio/models/acme/tiny-GGUF/tiny-Q4_K_M.gguf");
  check_found(result_of("acme/older", {home}), ".cache/lm-studio/models/acme/older");
}
