// Headers of safetensors files and checkpoints, hand-made.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/tensor_file.h"
#include "tensor_files.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

/// The one line that reading gives instead of an answer.
template <typename Read>
std::string error_of(Read read) {
  try {
    read();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string header_error_of(std::string_view header, std::uint64_t data_bytes = 8) {
  return error_of([&] { parse_safetensors(safetensors(header, data_bytes), "f"); });
}

constexpr std::string_view kTwoTensors =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]},)"
    R"("a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})";

// Llama with 2 layers, width 8, 2 heads of 4 (1 KV head), inner width 16, 32 tokens.
constexpr std::string_view kConfig =
    R"({"model_type":"llama","hidden_size":8,"intermediate_size":16,"num_hidden_layers":2,"num_attention_heads":2,)"
    R"("num_key_value_heads":1,"vocab_size":32,"torch_dtype":"bfloat16","tie_word_embeddings":true,)"
    R"("max_position_embeddings":64,"head_dim":4})";
// Embedding 32*8, final norm 8; a layer: Q 64, K and V 32 each, O 64, gate, up and down 128 each, norms 16.
constexpr std::uint64_t kLayer = 64 + 2 * 32 + 64 + 3 * 128 + 16;
constexpr std::uint64_t kFrame = 32 * 8 + 8;

/// A header of flat tensors, one behind the other.
std::string flat(const std::vector<std::pair<std::string, std::uint64_t>>& elements, std::string_view type = "BF16",
                 std::uint64_t bytes_each = 2) {
  std::string header = "{";
  std::uint64_t at = 0;
  for (const auto& [name, count] : elements) {
    header += (at == 0 ? "\"" : ",\"") + name + R"(":{"dtype":")" + std::string(type) + R"(","shape":[)" +
              std::to_string(count) + R"(],"data_offsets":[)" + std::to_string(at) + ",";
    at += count * bytes_each;
    header += std::to_string(at) + "]}";
  }
  return safetensors(header + "}", at);
}

Count weights_bytes(const Model& model) {
  const Estimator estimator(model, Workload{});
  return estimator.at(1, 1).count(Metric::weights_bytes).value();
}

}  // namespace

TEST_CASE("a header gives every tensor with its shape, type and bytes") {
  const TensorFile file = parse_safetensors(safetensors(kTwoTensors, 28), "f");
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].name == "b");
  CHECK(file.tensors[0].type == "F32");
  CHECK(file.tensors[0].shape == std::vector<Count>{2, 3});
  CHECK(file.tensors[0].bytes == Count{24});
  CHECK(file.tensors[1].bytes == Count{4});
  CHECK(file.tensor_bytes() == Count{28});
  CHECK(file.elements() == Count{8});
  CHECK(file.header_bytes == Count{8 + kTwoTensors.size()});
}

TEST_CASE("empty files, scalars, tensors without elements and types below a byte are safetensors, too") {
  CHECK(parse_safetensors(safetensors("{}", 0), "f").tensors.empty());
  const TensorFile file = parse_safetensors(safetensors(R"({"s":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                                                        R"("e":{"dtype":"F32","shape":[0,5],"data_offsets":[8,8]},)"
                                                        R"("q":{"dtype":"F4","shape":[6],"data_offsets":[8,11]}})",
                                                        11),
                                            "f");
  CHECK(file.tensors[0].elements() == Count{1});
  CHECK(file.tensors[1].elements() == Count{0});
  CHECK(file.tensors[2].bytes == Count{3});
}

TEST_CASE("a damaged header is one line that says what is wrong") {
  struct Row {
    std::string_view header;
    std::string_view error;
  };
  static constexpr Row kRows[] = {
      {R"([1])", "f: expected an object, found a list"},
      {R"(7)", "f: expected an object, found 7"},
      {R"({"a":7})", "f: /a: expected an object, found 7"},
      {R"({"a":{}})", R"(f: /a: expected "dtype", "shape" and "data_offsets")"},
      {R"({"a":{"dtype":"F32","shape":[2]}})", R"(f: /a: expected "dtype", "shape" and "data_offsets")"},
      {R"({"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}})", R"(f: /a/dtype: unknown type "F33")"},
      {R"({"a":{"dtype":3,"shape":[2],"data_offsets":[0,8]}})", "f: /a/dtype: expected the name of a type, found 3"},
      {R"({"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})",
       "f: /a/shape: expected a list of non-negative integers, found 2"},
      {R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
       "f: /a/shape: expected a list of non-negative integers, found -2"},
      {R"({"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}})",
       "f: /a/shape: expected a list of non-negative integers, found 2.5"},
      {R"({"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}})",
       "f: /a/shape: expected a list of non-negative integers, found a list"},
      // Above 2^64: no longer an integer to the parser.
      {R"({"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]}})",
       "f: /a/shape: expected a list of non-negative integers, found 18446744073709551616"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})",
       "f: /a/data_offsets: expected a list of two non-negative integers, found fewer"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}})",
       "f: /a/data_offsets: expected a list of two non-negative integers, found a third number"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
       "f: /a/data_offsets: expected an end behind the start (8), found 0"},
      {R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})",
       "f: /a: expected 96 bits for 3 elements of F32, found 8 bytes"},
      {R"({"a":{"dtype":"F4","shape":[15],"data_offsets":[0,8]}})",
       "f: /a: expected 60 bits for 15 elements of F4, found 8 bytes"},
      {R"({"a":{"dtype":"F32","shape":[18446744073709551615,18446744073709551615,2],"data_offsets":[0,8]}})",
       "f: /a/shape: has more elements than 128 bits can count"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"crc":1}})",
       R"(f: /a/crc: expected "dtype", "shape" or "data_offsets", found another key)"},
      {R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "f: /a/dtype: the key stands twice"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{}})", "f: /a: the key stands twice"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
       "f: /b/data_offsets: expected a start of 4, where the tensor before it ends, found 0"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       "f: /a/data_offsets: expected a start of 0, where the tensor before it ends, found 4"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "f: expected 4 bytes of tensors, found 8"},
      {R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})",
       "f: expected 16 bytes of tensors, found 8; is the download complete?"},
      {R"({"__metadata__":3})", "f: /__metadata__: expected an object, found 3"},
      {R"({"__metadata__":{"format":{}}})", "f: /__metadata__: expected a string, found an object"},
      {R"({"a":)", "f: offset 13: expected JSON, found something else; not a safetensors file?"},
      {"", "f: offset 8: expected JSON, found something else; not a safetensors file?"},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.header);
    CHECK(header_error_of(row.header) == row.error);
  }
}

TEST_CASE("a hostile length costs nothing") {
  // What a GGUF's or a PNG's first bytes would say as a length.
  CHECK(error_of([] {
          parse_safetensors(Bytes().raw("GGUF").u32(3).u64(0).str(), "f");
        }).starts_with("f: offset 8: expected at most "));
  CHECK(error_of([] { parse_safetensors(Bytes().u64(UINT64_MAX).str(), "f"); }) ==
        "f: offset 8: expected at most 100000000 bytes of the header, found 18446744073709551615");
  CHECK(error_of([] { parse_safetensors(Bytes().u64(1000).raw("{}").str(), "f"); }) ==
        "f: offset 8: expected 1000 bytes of the header, found 2 before the end of the file"
        "; is the download complete?");
  CHECK(error_of([] { parse_safetensors("1234567", "f"); }) == "f: expected a safetensors file, found 7 bytes");
  CHECK(error_of([] { parse_safetensors("", "f"); }) == "f: expected a safetensors file, found 0 bytes");
  // Deep nesting and long lists end where they begin.
  CHECK(header_error_of(R"({"a":)" + std::string(1'000'000, '[')) == "f: /a: expected an object, found a list");
  std::string many = R"({"a":{"dtype":"F32","shape":[)";
  for (int i = 0; i < 1000; ++i) many += "1,";
  CHECK(header_error_of(many + "1]}}") == "f: /a/shape: expected a list of non-negative integers, found more than 32");
}

TEST_CASE("every truncation of a good file is an error, never a crash") {
  const std::string whole = safetensors(kTwoTensors, 28);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(error_of([&] { parse_safetensors(std::string_view(whole).substr(0, length), "f"); }).starts_with("f: "));
  }
}

TEST_CASE("only the header of a large file is read") {
  const Folder folder;
  const std::uint64_t bytes = std::uint64_t{40} << 30;
  const std::string header = R"({"a":{"dtype":"BF16","shape":[)" + std::to_string(bytes / 2) +
                             R"(],"data_offsets":[0,)" + std::to_string(bytes) + "]}}";
  const std::string front = safetensors(header, 0);
  const std::string path = folder.write("large.safetensors", front, front.size() + bytes);
  CHECK(read_safetensors(path).tensor_bytes() == Count{bytes});
}

TEST_CASE("weights of a directory are those of its headers") {
  const Folder folder;
  folder.write("config.json", kConfig);
  folder.write("model.safetensors", flat({{"model.embed_tokens.weight", 256},
                                          {"model.norm.weight", 8},
                                          {"model.layers.0.all", kLayer},
                                          {"model.layers.1.all", kLayer}}));
  const Model model = load_model(folder.path());
  REQUIRE(model.files);
  CHECK(model.files->name == "bf16");
  CHECK(model.files->elements == Count{kFrame + 2 * kLayer});
  CHECK(weights_bytes(model) == Count{2 * (kFrame + 2 * kLayer)});
  CHECK(model.parameter_parts.empty());
  // Another type is asked for: the headers do not matter.
  Workload fp32;
  fp32.weights = parse_weight_scheme("fp32", "--weights");
  const Estimator estimator(model, fp32);
  CHECK(estimator.at(1, 1).count(Metric::weights_bytes) == Count{4 * (kFrame + 2 * kLayer)});
  // The file itself means the same, with its config beside it.
  CHECK(weights_bytes(load_model(folder / "model.safetensors")) == weights_bytes(model));
}

TEST_CASE("elements that the config does not explain are named, and weigh") {
  const Folder folder;
  folder.write("config.json", kConfig);
  folder.write("model.safetensors", flat({{"all", kFrame + 2 * kLayer}, {"vision.tower", 1000}}));
  const Model more = load_model(folder.path());
  REQUIRE(more.parameter_parts.size() == 1);
  CHECK(more.parameter_parts[0].name == "other tensors of the files");
  CHECK(more.parameter_parts[0].elements == Count{1000});
  CHECK(weights_bytes(more) == Count{2 * (kFrame + 2 * kLayer + 1000)});

  folder.write("model.safetensors", flat({{"all", 100}}));
  const Model fewer = load_model(folder.path());
  CHECK(weights_bytes(fewer) == Count{200});
  REQUIRE(!fewer.notes.empty());
  CHECK(fewer.notes.back() == "the files hold 100 elements, " + std::to_string(kFrame + 2 * kLayer - 100) +
                                  " fewer than the parameters that were counted");

  // Wider than the config says: the sum is the files'.
  folder.write("model.safetensors", flat({{"all", kFrame + 2 * kLayer}}, "F32", 4));
  CHECK(weights_bytes(load_model(folder.path())) == Count{4 * (kFrame + 2 * kLayer)});
}

TEST_CASE("shards are found by the index") {
  const Folder folder;
  folder.write("config.json", kConfig);
  folder.write("model-00001-of-00002.safetensors", flat({{"frame", kFrame}, {"one", kLayer}}));
  folder.write("model-00002-of-00002.safetensors", flat({{"two", kLayer}}));
  // The same weights once more, as some publish them: not counted twice.
  folder.write("consolidated.safetensors", flat({{"other", kFrame + 2 * kLayer}}));
  constexpr std::string_view kIndex = "model.safetensors.index.json";
  folder.write(kIndex, R"({"weight_map":{"frame":"model-00001-of-00002.safetensors",)"
                       R"("one":"model-00001-of-00002.safetensors","two":"model-00002-of-00002.safetensors"}})");
  CHECK(read_checkpoint(folder.path()).size() == 2);
  CHECK(weights_bytes(load_model(folder.path())) == Count{2 * (kFrame + 2 * kLayer)});
  CHECK(weights_bytes(load_model(folder / "model-00002-of-00002.safetensors")) == Count{2 * (kFrame + 2 * kLayer)});

  // What the index says of the whole: the shards hold 2 * (kFrame + 2 * kLayer) bytes.
  const auto notes = [&](const std::string& metadata) {
    folder.write(kIndex, "{" + metadata + R"("weight_map":{"frame":"model-00001-of-00002.safetensors",)" +
                             R"("one":"model-00001-of-00002.safetensors","two":"model-00002-of-00002.safetensors"}})");
    std::vector<std::string> all = load_model(folder.path()).notes;
    std::erase_if(all, [](const std::string& note) { return !note.starts_with("the index"); });
    return all;
  };
  const std::string right = std::to_string(2 * (kFrame + 2 * kLayer));
  CHECK(notes(R"("metadata":{"total_size":)" + right + "},").empty());
  CHECK(notes(R"("metadata":{"total_size":)" + right + ".0},").empty());
  CHECK(notes(R"("metadata":{},)").empty());
  CHECK(notes(R"("metadata":{"total_size":1000},)") ==
        std::vector<std::string>{"the index says total_size 1000, its files hold " + right + " bytes of tensors"});

  const auto error = [&](std::string_view index) {
    folder.write(kIndex, index);
    const std::string whole = error_of([&] { read_checkpoint(folder.path()); });
    return whole.substr(std::min(whole.size(), folder.path().size() + 1));
  };
  CHECK(error(R"({"weight_map":{"one":"model-00003-of-00003.safetensors"}})") ==
        "model.safetensors.index.json: /weight_map: \"model-00003-of-00003.safetensors\" is not in the directory"
        "; is the download complete?");
  CHECK(error(R"({"weight_map":{"three":"model-00002-of-00002.safetensors"}})") ==
        "model.safetensors.index.json: /weight_map/three: the tensor is not in \"model-00002-of-00002.safetensors\"");
  CHECK(error(R"({"weight_map":{"one":"../model.safetensors"}})") ==
        "model.safetensors.index.json: /weight_map/one: expected the name of a .safetensors file in this directory, "
        "found \"../model.safetensors\"");
  CHECK(error(R"({"weight_map":7})") ==
        "model.safetensors.index.json: /weight_map: expected an object that names a file for every tensor");
  CHECK(error("{") == "model.safetensors.index.json:1:2: expected a key or '}', found the end of the file");

  folder.write("model-00002-of-00002.safetensors", flat({{"one", kLayer}}));
  CHECK(error(R"({"weight_map":{"frame":"model-00001-of-00002.safetensors",)"
              R"("one":"model-00002-of-00002.safetensors"}})") ==
        "model-00002-of-00002.safetensors: /one: the tensor stands in another file, too");
}

TEST_CASE("weights alone are not a model") {
  const Folder folder;
  const std::string path = folder.write("model.safetensors", flat({{"a", 1}}));
  CHECK(error_of([&] { load_model(path); }) ==
        path + ": expected a config.json beside this file, found none (safetensors hold weights but no description)");
  CHECK(error_of([&] { load_model(folder.path()); }) ==
        folder.path() + ": expected a config.json or a .gguf file in this directory, found none");
}

TEST_CASE("what is no regular file is not read") {
  const Folder folder;
  CHECK(error_of([&] { read_safetensors(folder.path()); }) == folder.path() + ": expected a regular file");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(error_of([&] { read_safetensors(folder / "pipe"); }) == folder / "pipe" + ": expected a regular file");
  CHECK(error_of([&] { read_safetensors(folder / "none"); }) ==
        folder / "none" + ": cannot be read: No such file or directory");
}
