#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

constexpr const char* kTiny = R"({"layers": 1, "heads": 1, "d_k": 1})";

/// A directory of its own, and the working directory while it lives.
class Workplace {
 public:
  Workplace() {
    char name[] = "/tmp/ctxcost-load-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
    REQUIRE(getcwd(before_, sizeof before_) != nullptr);
    REQUIRE(chdir(name) == 0);
  }
  ~Workplace() {
    CHECK(chdir(before_) == 0);
    const std::string command = "rm -r '" + path_ + "'";
    CHECK(std::system(command.c_str()) == 0);
  }
  void write(const char* name, std::string_view text) const {
    std::FILE* file = std::fopen(name, "wb");
    REQUIRE(file != nullptr);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }

 private:
  std::string path_;
  char before_[4096];
};

std::string error_of(const std::string& name) {
  try {
    load_model(name);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a file, a directory and a catalogue name") {
  const Workplace here;
  here.write("tiny.json", kTiny);
  mkdir("folder", 0700);
  here.write("folder/config.json", kTiny);
  CHECK(load_model("tiny.json").name == "tiny");
  CHECK(load_model("tiny.json").origin == "tiny.json");
  CHECK(load_model("folder").name == "folder");
  CHECK(load_model("folder/").origin == "folder/config.json");
  CHECK(load_model("article-7b").name == "approx. 7B");
}

TEST_CASE("a catalogue name wins over a file of that name, ./ means the file") {
  const Workplace here;
  here.write("article-7b", kTiny);
  CHECK(load_model("article-7b").layers() == Count{32});
  CHECK(load_model("Article-7B").layers() == Count{32});
  CHECK(load_model("./article-7b").layers() == Count{1});
}

TEST_CASE("standard input is read to its end") {
  const Workplace here;
  here.write("tiny.json", std::string(100'000, ' ') + kTiny);
  const int before = dup(STDIN_FILENO);
  REQUIRE(std::freopen("tiny.json", "rb", stdin) != nullptr);
  const Model model = load_model("-");
  CHECK(model.origin == "-");
  CHECK(model.name == "standard input");
  dup2(before, STDIN_FILENO);
  close(before);
}

TEST_CASE("what cannot be loaded is one line") {
  const Workplace here;
  mkdir("empty", 0700);
  mkdir("odd", 0700);
  mkdir("odd/config.json", 0700);
  here.write("empty.json", "");
  here.write("cut.json", R"({"layers": 1, "heads")");
  here.write("binary", std::string_view("\x7F"
                                        "ELF\0\0",
                                        6));
  here.write("list.json", "[]");
  CHECK(error_of("nothing.json") ==
        "nothing.json: no such file, and no model of that name in the catalogue (`ctxcost list models` shows the "
        "catalogue)");
  CHECK(error_of("lama-3.1-8b") ==
        "lama-3.1-8b: no such file, and no model of that name in the catalogue; did you mean \"llama-3.1-8b\"?");
  CHECK(
      error_of("").ends_with("no such file, and no model of that name in the catalogue (`ctxcost list models` shows "
                             "the catalogue)"));
  CHECK(error_of("cut.json/deeper").starts_with("cut.json/deeper: no such file"));
  CHECK(error_of(std::string(5000, 'x')).ends_with("(`ctxcost list models` shows the catalogue)"));
  CHECK(error_of("empty") == "empty: expected a config.json or a .gguf file in this directory, found none");
  CHECK(error_of("odd") == "odd: expected a config.json or a .gguf file in this directory, found none");
  CHECK(error_of("empty.json") == "empty.json: expected JSON, found nothing: the file is empty");
  CHECK(error_of("/dev/null") == "/dev/null: expected JSON, found nothing: the file is empty");
  CHECK(error_of("cut.json") == "cut.json:1:22: expected ':' after a key, found the end of the file");
  CHECK(error_of("binary") == "binary:1:5: expected JSON text, found a zero byte; is this a binary file?");
  CHECK(error_of("list.json") == "list.json: expected an object that describes a model, found an empty list");
  CHECK(error_of("/dev/zero") == "/dev/zero: expected a model description of at most 16 MiB, found more");
  if (geteuid() != 0) {
    here.write("secret.json", kTiny);
    chmod("secret.json", 0);
    CHECK(error_of("secret.json") == "secret.json: cannot be read: Permission denied");
  }
}

TEST_CASE("hf_quant_config.json says how the weights beside a config.json are stored") {
  const Workplace here;
  const std::string shape = R"({"model_type": "llama", "hidden_size": 8192, "intermediate_size": 28672,
    "num_hidden_layers": 80, "num_attention_heads": 64, "num_key_value_heads": 8, "vocab_size": 128256,
    "torch_dtype": "bfloat16", "tie_word_embeddings": false, "max_position_embeddings": 131072)";
  const std::string quantization =
      R"({"quant_algo": "FP8", "kv_cache_quant_algo": "FP8", "exclude_modules": ["lm_head"]})";
  mkdir("l70", 0700);
  here.write("l70/config.json", shape + "}");
  here.write("l70/hf_quant_config.json", R"({"producer": {"name": "modelopt"}, "quantization": )" + quantization + "}");
  for (const char* name : {"l70", "l70/config.json"}) {
    const Model model = load_model(name);
    const Estimate estimate = Estimator(model, Workload{}).at(8192, 1);
    // 80 layers of 2 * 8192^2 + 2 * 8192 * 1024 + 3 * 8192 * 28672 in fp8, 8 bytes of scales for each of 560 matrices;
    // embedding, head and 161 norms in bf16.
    CHECK(estimate.count(Metric::weights_bytes) ==
          Count{68451041280 + 560 * 8 + 2 * (2 * 128256 * 8192ull + 161 * 8192)});
    CHECK(estimate.count(Metric::weights_bytes) == Count{72656376192});
    CHECK(estimate.count(Metric::kv_cache_bytes) == Count{1342177280});
    REQUIRE(model.parameter_parts.size() == 1);
    CHECK(model.parameter_parts[0].elements == Count{160});
  }

  // config.json decides where it says something itself.
  const auto noted = [](const Model& model) {
    bool found = false;
    for (const std::string& note : model.notes) found = found || note.find("says something else") != std::string::npos;
    return found;
  };
  here.write("l70/config.json", shape + R"(, "quantization_config": )" + quantization + "}");
  CHECK_FALSE(noted(load_model("l70")));
  here.write("l70/config.json",
             shape + R"(, "quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}})");
  CHECK(noted(load_model("l70")));
  CHECK(load_model("l70").stored->name == "nvfp4");
  CHECK(load_model("l70").kv.name() == "bf16");

  // Only the cache is quantised.
  here.write("l70/config.json", shape + "}");
  here.write("l70/hf_quant_config.json", R"({"quantization": {"quant_algo": null, "kv_cache_quant_algo": "INT8"}})");
  CHECK_FALSE(load_model("l70").stored.has_value());
  CHECK(load_model("l70").kv.name() == "int8");

  here.write("l70/hf_quant_config.json", R"({"quantisation": {}})");
  CHECK(error_of("l70") == "l70/hf_quant_config.json: /quantization: expected an object, found nothing");
  here.write("l70/hf_quant_config.json", R"({"quantization": {"quant_algo": 8}})");
  CHECK(error_of("l70") == "l70/hf_quant_config.json: /quantization/quant_algo: expected a string, found 8");
  here.write("l70/hf_quant_config.json", "{");
  CHECK(error_of("l70").starts_with("l70/hf_quant_config.json:1:2: "));
}
