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

TEST_CASE("a file that lies beside a model is named for what it is, in one line") {
  struct Row {
    const char* text;
    const char* message;  // behind "file.json: expected a model's description, found "
  };
  constexpr const char* kHint = " (name its directory, or the config.json in it)";
  const Row rows[] = {
      {R"({"version": "1.0", "added_tokens": [], "model": {"type": "BPE"}})", "a tokenizer (tokenizer.json)"},
      {R"({"tokenizer_class": "LlamaTokenizer", "model_max_length": 4096})",
       "the settings of a tokenizer (tokenizer_config.json)"},
      {R"({"image_processor_type": "CLIPImageProcessor", "image_mean": [0.5]})",
       "the settings of an image or audio processor (preprocessor_config.json)"},
      {R"({"_from_model_config": true, "eos_token_id": 2})", "the settings of generation (generation_config.json)"},
      {R"({"bos_token_id": 1, "eos_token_id": 2})", "the settings of generation (generation_config.json)"},
      {R"({"bos_token": "<s>", "eos_token": "</s>"})",
       "the names of a tokenizer's special tokens (special_tokens_map.json)"},
      {R"({"!": 0, "\"": 1, "name": 5, "layers": 7, "model": 9, "heads": 4})", "a vocabulary (vocab.json)"},
      {R"({"metadata": {"total_size": 16}, "weight_map": {"lm_head.weight": "a.safetensors"}})",
       "the index of a checkpoint's tensors (model.safetensors.index.json)"},
      {R"({"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8"}})",
       "how a checkpoint's weights are quantised (hf_quant_config.json)"},
      {R"({"bits": 4, "group_size": 128, "desc_act": false})",
       "how a checkpoint's weights are quantised (quantize_config.json)"},
      {R"({"log_history": [], "global_step": 10})", "the state of a training run (trainer_state.json)"},
  };
  const Workplace here;
  for (const Row& row : rows) {
    here.write("file.json", row.text);
    CHECK_EQ(error_of("file.json"),
             std::string("file.json: expected a model's description, found ") + row.message + kHint);
  }
  const Row others[] = {
      {R"({"peft_type": "LORA", "base_model_name_or_path": "meta-llama/Llama-3.1-8B", "r": 16})",
       R"(an adapter (LORA) of "meta-llama/Llama-3.1-8B" (name the base model))"},
      {R"({"lora_alpha": 16, "r": 8})",
       "an adapter (LoRA) of a base model that it does not name (name the base model)"},
      {R"({"layer_num": 1, "n_head": 5, "head_num_kv": 5, "hidden_size": 640, "inter_size": 3424})",
       "a config of Megatron or FasterTransformer, which may hold the widths of one rank (the config.json of the "
       "published model has the whole model's)"},
      {R"({"a": {"hidden_size": 4096}, "b": {"hidden_size": 5120}})",
       R"(a list of 2 models (write one of them, such as "a", in a file of its own))"},
      {R"([{"model_type": "llama"}])", "a list of 1 model (write one of them in a file of its own)"},
      {R"({"_class_name": "FluxPipeline"})",
       "a pipeline of several models (model_index.json) (name the directory of its text encoder)"},
  };
  for (const Row& row : others) {
    here.write("file.json", row.text);
    CHECK_EQ(error_of("file.json"), std::string("file.json: expected a model's description, found ") + row.message);
  }
  // Models in their own words stay models.
  here.write("file.json", kTiny);
  CHECK(load_model("file.json").layers() == Count{1});
}

TEST_CASE("a directory is read by the file that describes its model") {
  constexpr const char* kLlama = R"({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2,
      "num_attention_heads": 4, "intermediate_size": 96, "vocab_size": 100})";
  constexpr const char* kAdapter = R"({"peft_type": "LORA", "base_model_name_or_path": "org/base"})";
  const Workplace here;
  mkdir("model", 0700);
  here.write("model/config.json", kLlama);
  here.write("model/generation_config.json", R"({"eos_token_id": 2, "bos_token_id": 1})");
  here.write("model/tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizer"})");
  CHECK(load_model("model").layers() == Count{2});
  // Its index stands for it.
  here.write("model/model.safetensors.index.json", R"({"weight_map": {"a": "missing.safetensors"}})");
  CHECK(error_of("model/model.safetensors.index.json").find("\"missing.safetensors\" is not in the directory") !=
        std::string::npos);
  CHECK(error_of("model/model.safetensors.index.json") == error_of("model"));
  here.write("alone.safetensors.index.json", R"({"weight_map": {}})");
  CHECK(error_of("alone.safetensors.index.json").find("the index of a checkpoint's tensors") != std::string::npos);
  // Authors' own keys, under the directory's name.
  mkdir("meta", 0700);
  here.write("meta/params.json", R"({"dim": 64, "n_layers": 3, "n_heads": 4, "vocab_size": 100})");
  CHECK(load_model("meta").layers() == Count{3});
  CHECK(load_model("meta").name == "meta");
  CHECK(load_model("meta/params.json").name == "meta");
  // An adapter names its base; beside a model it is left out, with a note.
  mkdir("adapter", 0700);
  here.write("adapter/adapter_config.json", kAdapter);
  CHECK(error_of("adapter") ==
        "adapter/adapter_config.json: expected a model's description, found an adapter (LORA) of \"org/base\" (name "
        "the base model)");
  mkdir("both", 0700);
  here.write("both/config.json", kLlama);
  here.write("both/adapter_config.json", kAdapter);
  CHECK(load_model("both").notes.back() == "the adapter beside the config.json (adapter_config.json) is not counted");
}
