// GGUF headers, hand-made, and the models that they describe.
#include <doctest/doctest.h>

#include <fstream>
#include <map>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/tensor_file.h"
#include "input/json/json.h"
#include "tensor_files.h"
#include "weights/gguf_tensors.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

/// Bytes that this process has asked files for so far [proc(5), /proc/pid/io].
std::uint64_t bytes_read() {
  std::ifstream io("/proc/self/io");
  std::string key;
  std::uint64_t bytes = 0;
  io >> key >> bytes;
  REQUIRE(io.good());
  REQUIRE(key == "rchar:");
  return bytes;
}

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
std::string parse_error_of(std::string_view file) {
  return error_of([&] { parse_gguf(file, "f"); });
}

/// The fixed part: magic number, version, tensors, keys.
Bytes start(std::uint64_t tensors, std::uint64_t keys, std::uint32_t version = 3) {
  return Bytes().raw("GGUF").u32(version).u64(tensors).u64(keys);
}

Gguf two_tensors() {
  Gguf gguf;
  gguf.text("general.architecture", "llama")
      .number("llama.block_count", 2)
      .numbers("llama.attention.head_count_kv", {8, 4})
      .texts("tokenizer.ggml.tokens", {"a", "bc"})
      .tensor("token_embd.weight", kGgmlQ4K, {512, 10}, 2 * 144 * 10)
      .tensor("output_norm.weight", kGgmlF32, {512}, 4 * 512);
  return gguf;
}

/// A llama of 2 layers, width 256, 4 heads of 64 (2 KV heads), inner width 512, 100 tokens; matrices in q4_k.
/// `leave_out` names a key or a tensor that is not written.
Gguf small_llama(std::string_view leave_out = {}) {
  Gguf gguf;
  gguf.text("general.architecture", "llama").number("general.file_type", 15);
  const std::vector<std::pair<std::string, std::uint32_t>> numbers = {
      {"block_count", 2},           {"context_length", 4096},    {"embedding_length", 256},
      {"feed_forward_length", 512}, {"attention.head_count", 4}, {"attention.head_count_kv", 2}};
  for (const auto& [key, value] : numbers) {
    if (key != leave_out) gguf.number("llama." + key, value);
  }
  const auto matrix = [&](const std::string& name, std::uint64_t columns, std::uint64_t rows) {
    if (name != leave_out) gguf.tensor(name, kGgmlQ4K, {columns, rows}, columns / 256 * 144 * rows);
  };
  const auto norm = [&](const std::string& name) { gguf.tensor(name, kGgmlF32, {256}, 4 * 256); };
  matrix("token_embd.weight", 256, 100);
  matrix("output.weight", 256, 100);
  norm("output_norm.weight");
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    norm(layer + "attn_norm.weight");
    norm(layer + "ffn_norm.weight");
    matrix(layer + "attn_q.weight", 256, 256);
    matrix(layer + "attn_k.weight", 256, 128);
    matrix(layer + "attn_v.weight", 256, 128);
    matrix(layer + "attn_output.weight", 256, 256);
    matrix(layer + "ffn_gate.weight", 256, 512);
    matrix(layer + "ffn_up.weight", 256, 512);
    matrix(layer + "ffn_down.weight", 512, 256);
  }
  return gguf;
}
// Rows of 256 elements in q4_k take 144 bytes: a layer has 256 + 2*128 + 256 + 2*512 + 2*256 of them.
constexpr std::uint64_t kSmallLayer = 144 * (256 + 2 * 128 + 256 + 2 * 512 + 2 * 256) + 2 * 4 * 256;
constexpr std::uint64_t kSmallBytes = 2 * 144 * 100 + 4 * 256 + 2 * kSmallLayer;

Estimate estimate(const Model& model) { return Estimator(model, Workload{}).at(4096, 2); }

}  // namespace

TEST_CASE("a header gives metadata and tensors") {
  for (const std::uint32_t version : {2u, 3u}) {
    const Gguf gguf = two_tensors();
    std::string bytes = gguf.header(version);
    const std::size_t header_bytes = bytes.size();
    bytes.resize(gguf.file_bytes());
    const TensorFile file = parse_gguf(bytes, "f");
    REQUIRE(file.tensors.size() == 2);
    CHECK(file.tensors[0].name == "token_embd.weight");
    CHECK(file.tensors[0].type == "q4_k");
    CHECK(file.tensors[0].shape == std::vector<Count>{512, 10});
    CHECK(file.tensors[0].bytes == Count{2 * 144 * 10});
    CHECK(file.tensors[1].bytes == Count{4 * 512});
    CHECK(file.header_bytes == Count{header_bytes});
    CHECK(std::get<std::string>(*file.find("general.architecture")) == "llama");
    CHECK(std::get<std::uint64_t>(*file.find("llama.block_count")) == 2);
    CHECK(std::get<GgufArray>(*file.find("llama.attention.head_count_kv")).integers == std::vector<std::int64_t>{8, 4});
    CHECK(std::get<GgufArray>(*file.find("tokenizer.ggml.tokens")).length == 2);
    CHECK(file.find("llama.context_length") == nullptr);
  }
}

TEST_CASE("values of every type are read") {
  Bytes bytes = start(0, 12);
  bytes.string("u8").u32(0).integer(std::uint8_t{200});
  bytes.string("i8").u32(1).integer(std::int8_t{-3});
  bytes.string("u16").u32(2).integer(std::uint16_t{60000});
  bytes.string("i16").u32(3).integer(std::int16_t{-300});
  bytes.string("u32").u32(4).u32(4000000000u);
  bytes.string("i32").u32(5).integer(std::int32_t{-70000});
  bytes.string("f32").u32(6).u32(std::bit_cast<std::uint32_t>(0.5f));
  bytes.string("bool").u32(7).integer(std::uint8_t{1});
  bytes.string("string").u32(8).string(std::string(5000, 'x'));
  bytes.string("u64").u32(10).u64(UINT64_MAX);
  bytes.string("i64").u32(11).integer(std::int64_t{-5'000'000'000});
  bytes.string("f64").u32(12).u64(std::bit_cast<std::uint64_t>(-0.25));
  const TensorFile file = parse_gguf(bytes.str(), "f");
  CHECK(*file.find("u8") == GgufValue{std::uint64_t{200}});
  CHECK(*file.find("i8") == GgufValue{std::int64_t{-3}});
  CHECK(*file.find("u16") == GgufValue{std::uint64_t{60000}});
  CHECK(*file.find("i16") == GgufValue{std::int64_t{-300}});
  CHECK(*file.find("u32") == GgufValue{std::uint64_t{4000000000u}});
  CHECK(*file.find("i32") == GgufValue{std::int64_t{-70000}});
  CHECK(*file.find("f32") == GgufValue{0.5});
  CHECK(*file.find("bool") == GgufValue{true});
  CHECK(std::get<std::string>(*file.find("string")) == std::string(4096, 'x'));
  CHECK(*file.find("u64") == GgufValue{UINT64_MAX});
  CHECK(*file.find("i64") == GgufValue{std::int64_t{-5'000'000'000}});
  CHECK(*file.find("f64") == GgufValue{-0.25});
}

TEST_CASE("a damaged header is one line that says what is wrong") {
  const auto tensor = [](std::string_view name) { return Bytes().string(name); };
  const auto one = [](const Bytes& info) { return start(1, 0).raw(info.str()).str(); };
  const auto key = [](const Bytes& value) { return start(0, 1).string("k").raw(value.str()).str(); };
  const std::string big = std::to_string(UINT64_MAX);
  struct Row {
    std::string file;
    std::string error;
  };
  const Row rows[] = {
      {"", "f: expected a GGUF file, which starts with \"GGUF\""},
      {"GGUF", "f: expected a GGUF file, which starts with \"GGUF\""},
      {"GGJT" + std::string(100, '\0'), "f: expected a GGUF file, which starts with \"GGUF\""},
      {start(0, 0, 1).str(),
       "f: offset 8: expected GGUF version 2 or 3, found 1 "
       "(convert the model again: llama.cpp does not read version 1 either)"},
      {start(0, 0, 4).str(), "f: offset 8: expected GGUF version 2 or 3, found 4"},
      {start(0, 0, 0x03000000).str(), "f: offset 8: expected a little-endian file, found a big-endian one"},
      {start(UINT64_MAX, 0).str(), "f: offset 24: expected at most 65536 tensors, found " + big},
      {start(0, UINT64_MAX).str(), "f: offset 24: expected at most 4096 metadata keys, found " + big},
      {start(0, 1).str(),
       "f: offset 24: expected 8 bytes of an integer, found 0 before the end of the file"
       "; is the download complete?"},
      // Strings.
      {start(0, 1).u64(UINT64_MAX).str(), "f: offset 32: expected at most 1024 bytes of a metadata key, found " + big},
      {start(0, 1).u64(9).raw("k").str(),
       "f: offset 32: expected 9 bytes of a metadata key, found 1 before the end of "
       "the file; is the download complete?"},
      {key(Bytes().u32(8).u64(UINT64_MAX)),
       "f: offset 45: expected 4096 bytes of a string of the metadata, found 0 before the end of the file"
       "; is the download complete?"},
      {start(0, 2).string("k").u32(4).u32(1).string("k").u32(4).u32(1).str(),
       "f: offset 50: the key \"k\" stands twice"},
      {start(0, 1).string("a\nb").u32(99).str(), "f: offset 39: \"a\\x0ab\" has the unknown value type 99"},
      // Arrays.
      {key(Bytes().u32(9).u32(9).u64(1)), "f: offset 49: \"k\" is an array of arrays, which no model has"},
      {key(Bytes().u32(9).u32(13).u64(1)), "f: offset 49: \"k\" is an array of the unknown value type 13"},
      {key(Bytes().u32(9).u32(4).u64(UINT64_MAX)),
       "f: offset 49: \"k\" is an array of " + big + " values, more than any file holds"},
      {key(Bytes().u32(9).u32(0).u64(UINT64_MAX)),
       "f: offset 49: expected " + big +
           " bytes of an array of the metadata, found 0 before the end of the file"
           "; is the download complete?"},
      {key(Bytes().u32(9).u32(4).u64(100)),
       "f: offset 49: expected 4 bytes of an integer, found 0 before the end of the file; is the download complete?"},
      {key(Bytes().u32(9).u32(8).u64(UINT64_MAX)),
       "f: offset 49: expected 8 bytes of an integer, found 0 before the end of the file; is the download complete?"},
      {key(Bytes().u32(9).u32(8).u64(2).u64(UINT64_MAX)),
       "f: offset 57: expected " + big +
           " bytes of a string of the metadata, found 0 before the end of the file"
           "; is the download complete?"},
      // The alignment.
      {start(0, 1).string("general.alignment").u32(4).u32(0).str(),
       "f: offset 57: \"general.alignment\": expected a power of two up to 1048576"},
      {start(0, 1).string("general.alignment").u32(4).u32(48).str(),
       "f: offset 57: \"general.alignment\": expected a power of two up to 1048576"},
      {start(0, 1).string("general.alignment").u32(8).string("32").str(),
       "f: offset 63: \"general.alignment\": expected a power of two up to 1048576"},
      // Tensors.
      {one(tensor("t").u32(0)), "f: offset 37: tensor \"t\": expected 1 to 4 dimensions, found 0"},
      {one(tensor("t").u32(4294967295u)), "f: offset 37: tensor \"t\": expected 1 to 4 dimensions, found 4294967295"},
      {one(tensor("t").u32(1).u64(4).u32(5).u64(0)), "f: offset 49: tensor \"t\" has the unknown type 5"},
      {one(tensor("t").u32(1).u64(100).u32(kGgmlQ4K).u64(0)),
       "f: offset 57: tensor \"t\": expected rows of whole blocks of 256 elements, found 100 elements"},
      {one(tensor("t").u32(3).u64(UINT64_MAX).u64(UINT64_MAX).u64(2).u32(kGgmlF32).u64(0)),
       "f: offset 73: tensor \"t\" has more bytes than 128 bits can count"},
      {one(tensor("t").u32(2).u64(UINT64_MAX).u64(UINT64_MAX).u32(kGgmlF16).u64(0)),
       "f: offset 65: tensor \"t\" has more bytes than 128 bits can count"},
      {one(tensor("t").u32(1).u64(8).u32(kGgmlF32).u64(0)),
       "f: offset 57: tensor \"t\" reaches past the end of the file; is the download complete?"},
      {one(tensor("t").u32(1).u64(0).u32(kGgmlF32).u64(UINT64_MAX - 31)),
       "f: offset 57: tensor \"t\" reaches past the end of the file; is the download complete?"},
      {one(tensor("t").u32(1).u64(8).u32(kGgmlF32).u64(16)),
       "f: offset 57: tensor \"t\": expected a multiple of the alignment (32) as its offset, found 16"},
      {Gguf().tensor("t", kGgmlF32, {8}, 32).tensor("t", kGgmlF32, {8}, 32).file(),
       "f: offset 90: tensor \"t\" stands twice"},
      {Gguf().tensor("a", kGgmlF32, {16}, 64).tensor_at("b", kGgmlF32, {8}, 32).file(),
       "f: offset 90: tensors \"a\" and \"b\" overlap"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.error);
    CHECK(parse_error_of(row.file) == row.error);
  }
}

TEST_CASE("every truncation of a good file is an error, never a crash") {
  const Gguf gguf = two_tensors();
  const std::string whole = gguf.file();
  // The last tensor's padding may be missing; its 2,048 bytes have none.
  REQUIRE(whole.size() % 32 == 0);
  CHECK(parse_error_of(whole) == "no error");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(parse_error_of(std::string_view(whole).substr(0, length)).starts_with("f: "));
  }
}

TEST_CASE("of a file of 40 GB the header alone is read, whatever it claims") {
  const Folder folder;
  const std::uint64_t bytes = std::uint64_t{40} << 30;
  const auto read_by = [](auto read) {
    const std::uint64_t before = bytes_read();
    read();
    return bytes_read() - before;
  };
  Gguf gguf;
  gguf.tensor("token_embd.weight", kGgmlBf16, {4096, bytes / 2 / 4096}, bytes);
  const std::string path = folder.write("large.gguf", gguf.header(), gguf.file_bytes());
  CHECK(read_by([&] { CHECK(read_gguf(path).tensor_bytes() == Count{bytes}); }) < std::uint64_t{1} << 20);

  // Claims that the file is long enough to hold: endless empty strings, one long string, a long array.
  const auto hostile = [&](const Bytes& value) {
    const std::string file = folder.write("hostile.gguf", start(0, 1).string("k").raw(value.str()).str(), bytes);
    std::string error;
    // The limit below, and a buffer.
    CHECK(read_by([&] { error = error_of([&] { read_gguf(file); }); }) < 134217728 + (std::uint64_t{1} << 20));
    return error.substr(error.find("expected"));
  };
  constexpr std::string_view kLimit = "expected a header of at most 134217728 bytes, found more";
  CHECK(hostile(Bytes().u32(9).u32(8).u64(UINT64_MAX)) == kLimit);
  CHECK(hostile(Bytes().u32(8).u64(std::uint64_t{1} << 34)) == kLimit);
  CHECK(hostile(Bytes().u32(9).u32(4).u64(std::uint64_t{1} << 32)) == kLimit);
}

TEST_CASE("a GGUF file is a model") {
  const Folder folder;
  const Model model = load_model(folder.write("small.gguf", small_llama().file()));
  CHECK(model.name == "small");
  CHECK(model.family == "llama");
  CHECK(model.layers() == Count{2});
  CHECK(model.vocab == Count{100});
  CHECK(!model.tied_embeddings);
  CHECK(model.positions.trained_context == Count{4096});
  CHECK(model.activation.name() == "fp16");
  REQUIRE(model.files);
  CHECK(model.files->name == "Q4_K_M");
  CHECK(model.files->bytes == Count{kSmallBytes});

  const Estimator estimator(model, Workload{});
  const Estimate values = estimator.at(1000, 1);
  CHECK(values.count(Metric::weights_bytes) == Count{kSmallBytes});
  // 2 (K and V) * 1000 tokens * 2 layers * 2 KV heads * 64 * 2 bytes
  CHECK(values.count(Metric::kv_cache_bytes) == Count{2 * 1000 * 2 * 2 * 64 * 2});
  // Everything is read in a step but the token table, of which one row is.
  CHECK(values.count(Metric::decode_bytes) == Count{kSmallBytes - 144 * 100 + 144 + 2 * 1000 * 2 * 2 * 64 * 2});
}

TEST_CASE("a file without an output matrix has tied embeddings") {
  const Folder folder;
  const Model model = load_model(folder.write("tied.gguf", small_llama("output.weight").file()));
  CHECK(model.tied_embeddings);
  CHECK(estimate(model).count(Metric::weights_bytes) == Count{kSmallBytes - 144 * 100});
}

TEST_CASE("what a GGUF lacks is named by its own key") {
  const Folder folder;
  const auto error = [&](const Gguf& gguf) {
    const std::string path = folder.write("f.gguf", gguf.file());
    const std::string whole = error_of([&] { load_model(path); });
    return whole.starts_with(path + ": ") ? whole.substr(path.size() + 2) : whole;
  };
  CHECK(error(small_llama("block_count")) == "llama.block_count: expected an integer, found nothing");
  CHECK(error(small_llama("embedding_length")) == "llama.embedding_length: expected an integer, found nothing");
  CHECK(error(small_llama("attention.head_count")) == "llama.attention.head_count: expected an integer, found nothing");
  CHECK(error(Gguf()) ==
        "general.architecture: expected the name of an architecture, found nothing; is this a model's file?");
  CHECK(error(Gguf().text("general.architecture", "lama")) ==
        "general.architecture: unknown architecture \"lama\"; did you mean \"llama\"?");
  CHECK(error(Gguf().text("general.architecture", "clip")) ==
        "general.architecture: unknown architecture \"clip\" "
        "(put the model's config.json beside the file and give the directory)");
  const auto llama = [] { return Gguf().text("general.architecture", "llama"); };
  CHECK(error(llama().number("llama.block_count", 0)) ==
        "llama.block_count: expected an integer from 1 to 4096, found 0");
  CHECK(error(llama().text("llama.block_count", "2")) == "llama.block_count: expected an integer, found another type");
  CHECK(error(llama().numbers("llama.block_count", {2, 3})) ==
        "llama.block_count: expected the same integer for every layer");
  // What the reader of config.json finds is put in the GGUF's words, too.
  CHECK(error(small_llama("attention.head_count_kv").number("llama.attention.head_count_kv", 3)) ==
        "llama.attention.head_count_kv: expected a divisor of num_attention_heads (4), found 3");
}

TEST_CASE("a GGUF's keys that contradict each other are named") {
  const Folder folder;
  const auto error = [&](const Gguf& gguf) {
    const std::string path = folder.write("f.gguf", gguf.file());
    const std::string whole = error_of([&] { load_model(path); });
    return whole.starts_with(path + ": ") ? whole.substr(path.size() + 2) : whole;
  };
  // Numbers.
  const auto blocks = [] { return small_llama("block_count"); };
  CHECK(error(blocks().signed_number("llama.block_count", -2)) ==
        "llama.block_count: expected a non-negative integer, found -2");
  CHECK(error(blocks().signed_number("llama.block_count", 2)) == "no error");
  CHECK(error(blocks().number("llama.block_count", 4097)) ==
        "llama.block_count: expected an integer from 1 to 4096, found 4097");
  CHECK(error(blocks().real("llama.block_count", 2)) == "llama.block_count: expected an integer, found another type");
  CHECK(error(blocks().numbers("llama.block_count", {})) ==
        "llama.block_count: expected an integer or one a layer, found a list of 0");
  CHECK(error(blocks().texts("llama.block_count", {"2"})) ==
        "llama.block_count: expected an integer or one a layer, found a list of 1");
  CHECK(error(blocks().numbers("llama.block_count", {2, 2})) == "no error");
  CHECK(error(small_llama().number("llama.rope.scaling.type", 1)) == "llama.rope.scaling.type: expected a string");
  CHECK(error(small_llama().text("llama.rope.scaling.type", "linear").real("llama.rope.scaling.factor", -2)) ==
        "llama.rope.scaling/factor: expected a positive number, found -2");
  // Another architecture, with what all of them have: width 256, `layers` layers, 100 tokens.
  const auto start_of = [](const std::string& name, std::uint32_t layers, bool table = true) {
    Gguf gguf;
    gguf.text("general.architecture", name).number(name + ".block_count", layers);
    gguf.number(name + ".embedding_length", 256).number(name + ".feed_forward_length", 512);
    if (table) gguf.tensor("token_embd.weight", kGgmlQ4K, {256, 100}, 144 * 100);
    return gguf;
  };
  CHECK(error(start_of("llama", 2, false).tensor("token_embd.weight", kGgmlF32, {256}, 4 * 256)) ==
        "token_embd.weight: expected a token table or a vocabulary, found neither");
  CHECK(error(start_of("llama", 2, false)) ==
        "token_embd.weight: expected a token table or a vocabulary, found neither");
  CHECK(error(start_of("glm-dsa", 2).number("glm-dsa.nextn_predict_layers", 2)) ==
        "glm-dsa.nextn_predict_layers: expected fewer than block_count");
  // Widths.
  const auto latent = [&](std::uint32_t width) {
    return start_of("deepseek2", 2)
        .number("deepseek2.attention.head_count", 4)
        .number("deepseek2.attention.kv_lora_rank", 64)
        .number("deepseek2.attention.key_length", width)
        .number("deepseek2.rope.dimension_count", 64);
  };
  CHECK(error(latent(64)) == "deepseek2.attention.key_length: expected more than rope.dimension_count (64), found 64");
  CHECK(error(latent(65)) == "deepseek2.attention.value_length: expected an integer, found nothing");
  const auto mamba2 = [&](std::uint32_t heads, std::uint32_t inner) {
    return start_of("mamba2", 2).number("mamba2.ssm.time_step_rank", heads).number("mamba2.ssm.inner_size", inner);
  };
  CHECK(error(mamba2(7, 512)) == "mamba2.ssm.time_step_rank: expected a divisor of ssm.inner_size (512), found 7");
  CHECK(error(mamba2(0, 512)) == "mamba2.ssm.time_step_rank: expected a divisor of ssm.inner_size (512), found 0");
  CHECK(error(mamba2(4, 300)) == "mamba2.ssm.inner_size: expected a multiple of embedding_length (256), found 300");
  const auto delta = [&](std::uint32_t heads, std::uint32_t inner) {
    return start_of("qwen3next", 4)
        .number("qwen3next.attention.head_count", 4)
        .number("qwen3next.ssm.conv_kernel", 4)
        .number("qwen3next.ssm.state_size", 16)
        .number("qwen3next.ssm.group_count", 1)
        .number("qwen3next.ssm.time_step_rank", heads)
        .number("qwen3next.ssm.inner_size", inner);
  };
  CHECK(error(delta(3, 64)) == "qwen3next.ssm.inner_size: expected a multiple of ssm.time_step_rank (3), found 64");
  CHECK(error(delta(0, 64)) == "qwen3next.ssm.inner_size: expected a multiple of ssm.time_step_rank (0), found 64");
  // A number for each layer.
  const auto jamba = [&] { return start_of("jamba", 4).number("jamba.attention.head_count", 4); };
  const std::string kv_heads = "jamba.attention.head_count_kv";
  CHECK(error(jamba()) == kv_heads + ": expected an integer or one a layer, found nothing");
  CHECK(error(jamba().numbers(kv_heads, {0, 2, 0})) ==
        kv_heads + ": expected one integer a layer (4), found a list of 3");
  CHECK(error(jamba().texts(kv_heads, {"0", "2", "0", "2"})) ==
        kv_heads + ": expected one integer a layer (4), found a list of 4");
  CHECK(error(jamba().signed_numbers(kv_heads, {0, -2, 0, 2})) ==
        kv_heads + ": expected a non-negative integer, found -2");
  CHECK(error(jamba().numbers(kv_heads, {2, 2, 0, 0})) ==
        kv_heads + ": expected layers at equal distances, as in Jamba, found others");
  CHECK(error(jamba().numbers(kv_heads, {0, 2, 0, 2})) == "jamba.ssm.inner_size: expected an integer, found nothing");
}

TEST_CASE("a GGUF's vocabulary is that of its token table, else as stated, else its tokenizer's") {
  const Folder folder;
  const auto vocabulary = [&](const Gguf& gguf) {
    return to_string(load_model(folder.write("f.gguf", gguf.file())).vocab.value());
  };
  const auto llama = [] { return small_llama("token_embd.weight"); };
  CHECK(vocabulary(llama().number("llama.vocab_size", 77)) == "77");
  CHECK(vocabulary(llama().texts("tokenizer.ggml.tokens", {"a", "b", "c"})) == "3");
  CHECK(vocabulary(small_llama().number("llama.vocab_size", 77)) == "100");
}

TEST_CASE("a GGUF's scaling of positions") {
  const Folder folder;
  const auto positions = [&](const Gguf& gguf) { return load_model(folder.write("f.gguf", gguf.file())).positions; };
  const auto scaled = [](const char* type) { return small_llama().text("llama.rope.scaling.type", type); };
  CHECK(positions(scaled("none")).scaling_type == "");
  CHECK(positions(scaled("linear").number("llama.rope.scaling.factor", 4)).scaling_type == "linear");
  const Positions yarn = positions(scaled("yarn")
                                       .real("llama.rope.scaling.factor", 2.5f)
                                       .number("llama.rope.scaling.original_context_length", 1024));
  CHECK(yarn.scaling_type == "yarn");
  CHECK(yarn.trained_context == Count{1024});
  // The factors themselves mean "longrope", whatever the key says.
  Gguf longrope = small_llama();
  longrope.tensor("rope_factors_long.weight", kGgmlF32, {32}, 4 * 32);
  longrope.tensor("rope_factors_short.weight", kGgmlF32, {32}, 4 * 32);
  longrope.real("llama.rope.scaling.factor", 4).number("llama.rope.scaling.original_context_length", 2048);
  CHECK(positions(longrope).scaling_type == "longrope");
  CHECK(positions(longrope).trained_context == Count{2048});
}

TEST_CASE("a model in several files is found by any of them") {
  const Folder folder;
  Gguf first, second;
  first.text("general.architecture", "llama")
      .number("split.count", 2)
      .number("split.no", 0)
      .number("llama.block_count", 1)
      .number("llama.embedding_length", 256)
      .number("llama.feed_forward_length", 512)
      .number("llama.attention.head_count", 4)
      .tensor("token_embd.weight", kGgmlBf16, {256, 10}, 2 * 2560);
  second.number("split.count", 2).number("split.no", 1).tensor("output_norm.weight", kGgmlF32, {256}, 1024);
  const std::string one = folder.write("m-00001-of-00002.gguf", first.file());
  const std::string two = folder / "m-00002-of-00002.gguf";
  CHECK(error_of([&] { load_model(one); }) == two + ": cannot be read: No such file or directory");
  folder.write("m-00002-of-00002.gguf", second.file());
  folder.write("mmproj-m.gguf", "not looked at");
  for (const std::string& path : {one, two, folder.path()}) {
    CAPTURE(path);
    CHECK(load_model(path).files->bytes == Count{2 * 2560 + 1024});
  }
  const std::string renamed = folder.write("renamed.gguf", first.file());
  CHECK(error_of([&] { load_model(renamed); }) ==
        renamed +
            ": split.count: part 1 of 2: expected a file name that ends in \"00001-of-00002.gguf\" "
            "(the other parts are found by their names)");
  CHECK(error_of([&] { load_model(folder.path()); }) ==
        folder.path() + ": expected a config.json or one .gguf model, found 2 (name one of them: " + one + ")");
}

TEST_CASE("a GGUF beside a config.json gives its weights") {
  const Folder folder;
  folder.write("config.json",
               R"({"model_type":"llama","hidden_size":256,"intermediate_size":512,"num_hidden_layers":2,)"
               R"("num_attention_heads":4,"num_key_value_heads":2,"vocab_size":100,"torch_dtype":"bfloat16",)"
               R"("tie_word_embeddings":false,"max_position_embeddings":4096})");
  folder.write("small.gguf", small_llama().file());
  const Model model = load_model(folder.path());
  CHECK(model.activation.name() == "bf16");
  CHECK(estimate(model).count(Metric::weights_bytes) == Count{kSmallBytes});
  folder.write("other.gguf", small_llama().file());
  const Model both = load_model(folder.path());
  CHECK(!both.files);
  REQUIRE(!both.notes.empty());
  CHECK(both.notes.back() == "the directory holds 2 GGUF models: none of them was read; name one to count its weights");
}

namespace {

/// A published model, its architecture in llama.cpp, and what its converter writes beside the keys that all have:
/// "gguf key" = "config key", or "=number" where the class default stands for an absent key.
struct Published {
  std::string_view name;
  std::string_view architecture;
  std::vector<std::pair<std::string, std::string>> keys = {};
  bool kv_heads_per_layer = false;
  std::string config = {};  ///< a config.json of its own, where the catalogue has none
  /// Lists of one value for each layer: "gguf key" = "[0, 4]", or "%kind" for 1 in the layers of that kind, else 0, or
  /// "#kv_heads" for the model's.
  std::vector<std::pair<std::string, std::string>> lists = {};
};

/// A config.json of three small layers.
std::string small_config(std::string_view keys) {
  return "{" + std::string(keys) +
         R"(, "num_hidden_layers": 3, "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4,
            "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 100, "max_position_embeddings": 4096,
            "tie_word_embeddings": false, "torch_dtype": "bfloat16"})";
}

/// [llama.cpp conversion/*.py]
const Published kPublished[] = {
    {"llama-3.1-8b", "llama"},
    {"mistral-7b-instruct-v0.3", "llama"},
    {"mixtral-8x7b-v0.1",
     "llama",
     {{"expert_count", "num_local_experts"}, {"expert_used_count", "num_experts_per_tok"}}},
    {"qwen2.5-7b", "qwen2"},
    {"qwen3-8b", "qwen3"},
    {"qwen1.5-moe-a2.7b",
     "qwen2moe",
     {{"expert_count", "num_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_feed_forward_length", "moe_intermediate_size"},
      {"expert_shared_feed_forward_length", "shared_expert_intermediate_size"}}},
    {"qwen3-30b-a3b",
     "qwen3moe",
     {{"expert_count", "num_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_feed_forward_length", "moe_intermediate_size"}}},
    {"qwen3-next-80b-a3b-instruct",
     "qwen3next",
     {{"expert_count", "num_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_feed_forward_length", "moe_intermediate_size"},
      {"expert_shared_feed_forward_length", "shared_expert_intermediate_size"},
      {"ssm.conv_kernel", "linear_conv_kernel_dim"},
      {"ssm.state_size", "linear_key_head_dim"},
      {"ssm.group_count", "linear_num_key_heads"},
      {"ssm.time_step_rank", "linear_num_value_heads"},
      {"ssm.inner_size", "=4096"}}},
    {"gemma-2b", "gemma"},
    {"gemma-2-9b-it", "gemma2", {{"attention.sliding_window", "sliding_window"}}},
    {"gemma-3-12b-it", "gemma3", {{"attention.sliding_window", "sliding_window"}}},
    {"phi-2", "phi2"},
    {"phi-3-mini-4k-instruct", "phi3", {{"attention.sliding_window", "sliding_window"}}},
    {"phi-3.5-moe-instruct",
     "phimoe",
     {{"attention.sliding_window", "sliding_window"},
      {"expert_count", "num_local_experts"},
      {"expert_used_count", "num_experts_per_tok"}}},
    {"gpt-oss-20b",
     "gpt-oss",
     {{"attention.sliding_window", "sliding_window"},
      {"expert_feed_forward_length", "intermediate_size"},
      {"expert_count", "num_local_experts"},
      {"expert_used_count", "num_experts_per_tok"}}},
    {"deepseek-v2-lite",
     "deepseek2",
     {{"attention.kv_lora_rank", "kv_lora_rank"},
      {"attention.key_length_mla", "=192"},
      {"attention.value_length_mla", "v_head_dim"},
      {"rope.dimension_count", "qk_rope_head_dim"},
      {"leading_dense_block_count", "first_k_dense_replace"},
      {"expert_count", "n_routed_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_shared_count", "n_shared_experts"},
      {"expert_feed_forward_length", "moe_intermediate_size"}}},
    {"deepseek-v3",
     "deepseek2",
     {{"attention.q_lora_rank", "q_lora_rank"},
      {"attention.kv_lora_rank", "kv_lora_rank"},
      {"attention.key_length", "=192"},
      {"attention.value_length", "v_head_dim"},
      {"rope.dimension_count", "qk_rope_head_dim"},
      {"leading_dense_block_count", "first_k_dense_replace"},
      {"expert_count", "n_routed_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_shared_count", "n_shared_experts"},
      {"expert_feed_forward_length", "moe_intermediate_size"}}},
    {"mamba-130m-hf",
     "mamba",
     {{"ssm.conv_kernel", "conv_kernel"},
      {"ssm.inner_size", "intermediate_size"},
      {"ssm.state_size", "state_size"},
      {"ssm.time_step_rank", "time_step_rank"}}},
    {"mamba-codestral-7b-v0.1",
     "mamba2",
     {{"ssm.conv_kernel", "conv_kernel"},
      {"ssm.inner_size", "=8192"},
      {"ssm.state_size", "state_size"},
      {"ssm.group_count", "n_groups"},
      {"ssm.time_step_rank", "num_heads"}}},
    {"ai21-jamba-1.5-mini",
     "jamba",
     {{"ssm.conv_kernel", "mamba_d_conv"},
      {"ssm.inner_size", "=8192"},
      {"ssm.state_size", "mamba_d_state"},
      {"ssm.time_step_rank", "mamba_dt_rank"},
      {"expert_count", "num_experts"},
      {"expert_used_count", "num_experts_per_tok"}},
     true},
    {"granite-4.0-h-tiny",
     "granitehybrid",
     {{"ssm.conv_kernel", "mamba_d_conv"},
      {"ssm.inner_size", "=3072"},
      {"ssm.state_size", "mamba_d_state"},
      {"ssm.group_count", "mamba_n_groups"},
      {"ssm.time_step_rank", "mamba_n_heads"},
      {"expert_count", "num_local_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_shared_feed_forward_length", "shared_intermediate_size"}},
     true},
    {"falcon-7b", "falcon", {{"attention.head_count_kv", "=1"}, {"feed_forward_length", "=18176"}}},
    {"falcon-180b", "falcon", {{"attention.head_count_kv", "num_kv_heads"}, {"feed_forward_length", "=59392"}}},
    {"gpt2",
     "gpt2",
     {{"block_count", "n_layer"},
      {"embedding_length", "n_embd"},
      {"attention.head_count", "n_head"},
      {"context_length", "n_positions"},
      {"feed_forward_length", "=3072"}}},
    {"bloom-560m",
     "bloom",
     {{"block_count", "n_layer"},
      {"embedding_length", "hidden_size"},
      {"attention.head_count", "n_head"},
      {"feed_forward_length", "=4096"}}},
    {"pythia-410m", "gptneox"},
    {"starcoder2-7b", "starcoder2", {{"attention.sliding_window", "sliding_window"}}},
    {"olmo-2-1124-7b-instruct", "olmo2"},
    {"c4ai-command-r-v01", "command-r"},
    {"c4ai-command-r7b-12-2024", "cohere2", {{"attention.sliding_window", "sliding_window"}}},
    {"smollm3-3b", "smollm3"},
    {"glm-4.5",
     "glm4moe",
     {{"leading_dense_block_count", "first_k_dense_replace"},
      {"expert_count", "n_routed_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_shared_count", "n_shared_experts"},
      {"expert_feed_forward_length", "moe_intermediate_size"},
      {"nextn_predict_layers", "=1"}}},
    {"minimax-m2.5",
     "minimax-m2",
     {{"expert_count", "num_local_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_feed_forward_length", "intermediate_size"}}},
    {"deepseek-v3.2",
     "deepseek32",
     {{"attention.q_lora_rank", "q_lora_rank"},
      {"attention.kv_lora_rank", "kv_lora_rank"},
      {"attention.key_length", "=192"},
      {"attention.value_length", "v_head_dim"},
      {"attention.indexer.head_count", "index_n_heads"},
      {"attention.indexer.key_length", "index_head_dim"},
      {"attention.indexer.top_k", "index_topk"},
      {"rope.dimension_count", "qk_rope_head_dim"},
      {"leading_dense_block_count", "first_k_dense_replace"},
      {"expert_count", "n_routed_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_shared_count", "n_shared_experts"},
      {"expert_feed_forward_length", "moe_intermediate_size"}}},
    {"qwen3.5-27b",
     "qwen35",
     {{"ssm.conv_kernel", "linear_conv_kernel_dim"},
      {"ssm.state_size", "linear_key_head_dim"},
      {"ssm.group_count", "linear_num_key_heads"},
      {"ssm.time_step_rank", "linear_num_value_heads"},
      {"ssm.inner_size", "=6144"}}},
    {"olmo", "olmo", {}, false, small_config(R"("model_type": "olmo")")},
    {"glm4", "glm4", {}, false, small_config(R"("model_type": "glm4")")},
    {"granite", "granite", {}, false, small_config(R"("model_type": "granite")")},
    {"stablelm", "stablelm", {}, false, small_config(R"("model_type": "stablelm")")},
    {"seed_oss", "seed_oss", {}, false, small_config(R"("model_type": "seed_oss", "attention_out_bias": false)")},
    {"qwen2vl", "qwen2vl", {}, false, small_config(R"("model_type": "qwen2")")},
    {"qwen3vl", "qwen3vl", {}, false, small_config(R"("model_type": "qwen3")")},
    {"qwen3vlmoe",
     "qwen3vlmoe",
     {{"expert_count", "num_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_feed_forward_length", "moe_intermediate_size"}},
     false,
     small_config(
         R"("model_type": "qwen3_moe", "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32)")},
    {"granitemoe",
     "granitemoe",
     {{"expert_count", "num_local_experts"}, {"expert_used_count", "num_experts_per_tok"}},
     false,
     small_config(R"("model_type": "granitemoe", "num_local_experts": 4, "num_experts_per_tok": 2)")},
    {"granitemoeshared",
     "granitemoe",
     {{"expert_count", "num_local_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_shared_feed_forward_length", "shared_intermediate_size"}},
     false,
     small_config(R"("model_type": "granitemoeshared", "num_local_experts": 4, "num_experts_per_tok": 2,
         "shared_intermediate_size": 32)")},
    {"starcoder",
     "starcoder",
     {{"attention.head_count_kv", "=1"}, {"feed_forward_length", "=256"}},
     false,
     small_config(R"("model_type": "gpt_bigcode", "n_inner": 256, "multi_query": true, "n_positions": 4096)")},
    {"lfm2",
     "lfm2",
     {{"shortconv.l_cache", "conv_L_cache"}},
     true,
     small_config(R"("model_type": "lfm2", "conv_L_cache": 3, "conv_bias": false, "block_auto_adjust_ff_dim": false,
         "layer_types": ["conv", "full_attention", "conv"])")},
    {"lfm2moe",
     "lfm2moe",
     {{"shortconv.l_cache", "conv_L_cache"},
      {"expert_count", "num_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_feed_forward_length", "moe_intermediate_size"},
      {"leading_dense_block_count", "num_dense_layers"}},
     true,
     small_config(
         R"("model_type": "lfm2_moe", "conv_L_cache": 3, "conv_bias": false, "num_experts": 4, "num_experts_per_tok": 2,
         "moe_intermediate_size": 32, "num_dense_layers": 1,
         "layer_types": ["conv", "full_attention", "conv"])")},
    {"granitehybrid with attention alone",
     "granitehybrid",
     {{"rope.dimension_count", "=16"}},
     true,
     small_config(R"("model_type": "granitemoehybrid", "num_local_experts": 0, "shared_intermediate_size": 128,
         "position_embedding_type": "rope", "layer_types": ["attention", "attention", "attention"])")},
    {"jamba with one expert",
     "jamba",
     {{"ssm.conv_kernel", "mamba_d_conv"},
      {"ssm.inner_size", "=128"},
      {"ssm.state_size", "mamba_d_state"},
      {"ssm.time_step_rank", "mamba_dt_rank"}},
     true,
     small_config(R"("model_type": "jamba", "num_experts": 1, "num_experts_per_tok": 1, "mamba_d_conv": 4,
         "mamba_d_state": 16, "mamba_dt_rank": 4, "attn_layer_period": 3, "attn_layer_offset": 1)")},
    {"deepseek2 without experts",
     "deepseek2",
     {{"attention.kv_lora_rank", "kv_lora_rank"},
      {"attention.key_length", "=24"},
      {"attention.value_length", "v_head_dim"},
      {"rope.dimension_count", "qk_rope_head_dim"}},
     false,
     small_config(R"("model_type": "deepseek_v2", "n_routed_experts": null, "q_lora_rank": null, "kv_lora_rank": 32,
         "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 16)")},
    {"qwen35moe",
     "qwen35moe",
     {{"ssm.conv_kernel", "linear_conv_kernel_dim"},
      {"ssm.state_size", "linear_key_head_dim"},
      {"ssm.group_count", "linear_num_key_heads"},
      {"ssm.time_step_rank", "linear_num_value_heads"},
      {"ssm.inner_size", "=64"},
      {"full_attention_interval", "=3"},
      {"expert_count", "num_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_feed_forward_length", "moe_intermediate_size"},
      {"expert_shared_feed_forward_length", "shared_expert_intermediate_size"}},
     false,
     small_config(R"("model_type": "qwen3_5_moe_text", "linear_conv_kernel_dim": 4, "linear_key_head_dim": 16,
         "linear_value_head_dim": 16, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
         "full_attention_interval": 3, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32,
         "shared_expert_intermediate_size": 32)")},
    {"mpt-7b",
     "mpt",
     {{"block_count", "n_layers"},
      {"embedding_length", "d_model"},
      {"attention.head_count", "n_heads"},
      {"context_length", "max_seq_len"},
      {"feed_forward_length", "=16384"}}},
    {"falcon-h1-0.5b-base",
     "falcon-h1",
     {{"ssm.conv_kernel", "mamba_d_conv"},
      {"ssm.state_size", "mamba_d_state"},
      {"ssm.group_count", "mamba_n_groups"},
      {"ssm.inner_size", "mamba_d_ssm"},
      {"ssm.time_step_rank", "mamba_n_heads"}}},
    {"nemotron-h-8b-base-8k",
     "nemotron_h",
     {{"attention.key_length", "attention_head_dim"},
      {"ssm.conv_kernel", "conv_kernel"},
      {"ssm.state_size", "ssm_state_size"},
      {"ssm.group_count", "n_groups"},
      {"ssm.inner_size", "=8192"},
      {"ssm.time_step_rank", "mamba_num_heads"}},
     true},
    {"nvidia-nemotron-3-nano-30b-a3b-bf16",
     "nemotron_h_moe",
     {{"ssm.conv_kernel", "conv_kernel"},
      {"ssm.state_size", "ssm_state_size"},
      {"ssm.group_count", "n_groups"},
      {"ssm.inner_size", "=4096"},
      {"ssm.time_step_rank", "mamba_num_heads"},
      {"expert_count", "n_routed_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_shared_count", "n_shared_experts"},
      {"expert_feed_forward_length", "moe_intermediate_size"},
      {"expert_shared_feed_forward_length", "moe_shared_expert_intermediate_size"}},
     true},
    {"kimi-linear",
     "kimi-linear",
     {{"attention.kv_lora_rank", "kv_lora_rank"},
      {"attention.key_length_mla", "=24"},
      {"attention.value_length_mla", "v_head_dim"},
      {"rope.dimension_count", "qk_rope_head_dim"},
      {"kda.head_dim", "=16"},
      {"ssm.conv_kernel", "=4"},
      {"expert_count", "num_experts"},
      {"expert_used_count", "num_experts_per_token"},
      {"expert_shared_count", "num_shared_experts"},
      {"expert_feed_forward_length", "moe_intermediate_size"},
      {"leading_dense_block_count", "first_k_dense_replace"}},
     false,
     small_config(R"("model_type": "kimi_linear", "kv_lora_rank": 32, "q_lora_rank": null, "qk_nope_head_dim": 16,
         "qk_rope_head_dim": 8, "v_head_dim": 16, "mla_use_nope": true, "num_experts": 4, "num_experts_per_token": 2,
         "moe_intermediate_size": 32, "num_shared_experts": 1, "first_k_dense_replace": 1, "linear_attn_config":
         {"kda_layers": [1, 3], "full_attn_layers": [2], "num_heads": 4, "head_dim": 16, "short_conv_kernel_size": 4})"),
     {{"attention.head_count_kv", "%latent"}}},
    {"llama-4-scout-17b-16e-instruct",
     "llama4",
     {{"feed_forward_length", "intermediate_size_mlp"},
      {"expert_feed_forward_length", "intermediate_size"},
      {"expert_count", "num_local_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"interleave_moe_layer_step", "interleave_moe_layer_step"}}},
    {"deepseek-v4",
     "deepseek4",
     {{"attention.sliding_window", "sliding_window"},
      {"attention.q_lora_rank", "q_lora_rank"},
      {"attention.output_lora_rank", "o_lora_rank"},
      {"attention.output_group_count", "o_groups"},
      {"attention.indexer.head_count", "index_n_heads"},
      {"attention.indexer.key_length", "index_head_dim"},
      {"attention.indexer.top_k", "index_topk"},
      {"expert_count", "n_routed_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_shared_count", "n_shared_experts"},
      {"expert_feed_forward_length", "moe_intermediate_size"},
      {"hash_layer_count", "num_hash_layers"},
      {"hyper_connection.count", "hc_mult"}},
     false,
     R"({"model_type": "deepseek_v4", "num_hidden_layers": 4, "hidden_size": 64, "num_attention_heads": 4,
         "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 100, "max_position_embeddings": 4096,
         "sliding_window": 128, "q_lora_rank": 16, "o_lora_rank": 8, "o_groups": 2, "index_n_heads": 2,
         "index_head_dim": 8, "index_topk": 16, "compress_ratios": [0, 4, 128, 4], "n_routed_experts": 4,
         "num_experts_per_tok": 2, "n_shared_experts": 1, "moe_intermediate_size": 32, "num_hash_layers": 1, "hc_mult": 2,
         "tie_word_embeddings": false, "torch_dtype": "bfloat16"})",
     {{"attention.compress_ratios", "[0, 4, 128, 4, 0]"}}},
    {"bert-base-uncased", "bert"},
    {"nomic-embed-text-v1.5", "nomic-bert"},
    {"embeddinggemma-300m", "gemma-embedding", {{"attention.sliding_window", "sliding_window"}}},
    {"minimax-m3",
     "minimax-m3",
     {{"attention.indexer.head_count", "=4"},
      {"attention.indexer.key_length", "=128"},
      {"attention.indexer.block_size", "=128"},
      {"attention.indexer.top_k", "=16"},
      {"attention.indexer.local_blocks", "=1"},
      {"expert_count", "num_local_experts"},
      {"expert_used_count", "num_experts_per_tok"},
      {"expert_shared_count", "n_shared_experts"},
      {"expert_feed_forward_length", "intermediate_size"},
      {"leading_dense_block_count", "first_k_dense_replace"}}},
    {"gemma-4-26b-a4b",
     "gemma4",
     {{"attention.key_length", "global_head_dim"},
      {"attention.key_length_swa", "head_dim"},
      {"attention.sliding_window", "sliding_window"},
      {"expert_count", "num_experts"},
      {"expert_used_count", "top_k_experts"},
      {"expert_feed_forward_length", "moe_intermediate_size"}},
     false,
     {},
     {{"attention.sliding_window_pattern", "%sliding_window"}, {"attention.head_count_kv", "#kv_heads"}}},
    {"gemma-4-small",
     "gemma4",
     {{"attention.key_length", "global_head_dim"},
      {"attention.key_length_swa", "head_dim"},
      {"attention.sliding_window", "sliding_window"},
      {"attention.shared_kv_layers", "num_kv_shared_layers"},
      {"embedding_length_per_layer_input", "hidden_size_per_layer_input"}},
     false,
     R"({"model_type": "gemma4_text", "num_hidden_layers": 6, "hidden_size": 64, "num_attention_heads": 4,
         "num_key_value_heads": 2, "head_dim": 16, "global_head_dim": 32, "vocab_size": 100,
         "vocab_size_per_layer_input": 90, "intermediate_size": 128, "hidden_size_per_layer_input": 24,
         "num_kv_shared_layers": 2, "use_double_wide_mlp": true, "sliding_window": 512, "max_position_embeddings": 131072,
         "torch_dtype": "bfloat16", "layer_types": ["sliding_attention", "sliding_attention", "full_attention",
         "sliding_attention", "sliding_attention", "full_attention"]})",
     {{"attention.sliding_window_pattern", "%sliding_window"},
      {"feed_forward_length", "[128, 128, 128, 128, 256, 256]"}}},
    {"gemma-3n",
     "gemma3n",
     {{"attention.sliding_window", "sliding_window"},
      {"attention.shared_kv_layers", "num_kv_shared_layers"},
      {"embedding_length_per_layer_input", "hidden_size_per_layer_input"},
      {"altup.num_inputs", "altup_num_inputs"}},
     false,
     R"({"model_type": "gemma3n_text", "num_hidden_layers": 6, "hidden_size": 64, "num_attention_heads": 4,
         "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 100, "vocab_size_per_layer_input": 90,
         "intermediate_size": 128, "altup_num_inputs": 3, "laurel_rank": 8, "hidden_size_per_layer_input": 24,
         "num_kv_shared_layers": 2, "sliding_window": 512, "max_position_embeddings": 32768, "torch_dtype": "bfloat16",
         "layer_types": ["sliding_attention", "sliding_attention", "full_attention", "sliding_attention",
                         "sliding_attention", "full_attention"]})",
     {{"attention.sliding_window_pattern", "%sliding_window"}}},
};

/// What converters write for nearly every architecture.
const std::vector<std::pair<std::string, std::string>> kCommonKeys = {
    {"block_count", "num_hidden_layers"},
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads"},
    {"attention.key_length", "head_dim"},
};

std::optional<std::uint32_t> number_in(const JsonValue& config, const std::string& key) {
  if (key.starts_with('=')) return static_cast<std::uint32_t>(std::stoul(key.substr(1)));
  const JsonValue* text_part = config.find("text_config");
  const JsonValue* value = text_part == nullptr ? nullptr : text_part->find(key);
  if (value == nullptr) value = config.find(key);
  if (value == nullptr || !value->is(JsonValue::Type::integer)) return std::nullopt;
  return static_cast<std::uint32_t>(std::stoul(value->text));
}

/// The file that the converter would write, in the model's own type throughout.
Gguf converted(const Published& row, const Model& model) {
  const JsonDocument record =
      parse_json(row.config.empty() ? find_in_catalogue(row.name)->text : std::string_view(row.config), row.name);
  const JsonValue& config = row.config.empty() ? *record.root.find("config") : record.root;
  const std::optional<GgufModel> tensors = gguf_model(model);
  REQUIRE(tensors);

  std::map<std::string, std::uint32_t> numbers;
  for (const auto* keys : {&kCommonKeys, &row.keys}) {
    for (const auto& [key, config_key] : *keys) {
      if (const auto value = number_in(config, config_key)) numbers[key] = *value;
    }
  }
  if (numbers.count("nextn_predict_layers") > 0) numbers["block_count"] += numbers["nextn_predict_layers"];
  // The heads of MLA stand under other keys.
  if (numbers.count("attention.kv_lora_rank") > 0) numbers.erase("attention.head_count_kv");
  Gguf gguf;
  const std::string prefix = std::string(row.architecture) + ".";
  gguf.text("general.architecture", row.architecture).text("general.name", model.name);
  if (row.kv_heads_per_layer) {
    std::vector<std::uint32_t> kv_heads(numbers["block_count"]);
    for (const LayerGroup& group : model.groups) {
      const bool attends = group.mixers.front()->score_heads() > 0;
      for (const std::uint32_t layer : group.layers) kv_heads[layer] = attends ? numbers["attention.head_count_kv"] : 0;
    }
    numbers.erase("attention.head_count_kv");
    gguf.numbers(prefix + "attention.head_count_kv", kv_heads);
  }
  for (const auto& [key, what] : row.lists) {
    numbers.erase(key);
    std::vector<std::uint32_t> values;
    if (what == "#kv_heads") {
      values.resize(model.layers().u64());
      for (const LayerGroup& group : model.groups) {
        for (const std::uint32_t layer : group.layers) {
          values[layer] = static_cast<std::uint32_t>(group.mixers.front()->shape().kv_heads.u64());
        }
      }
    } else if (what.starts_with('%')) {
      values.resize(model.layers().u64());
      for (const LayerGroup& group : model.groups) {
        const bool is_kind = group.mixers.front()->kind() == what.substr(1);
        for (const std::uint32_t layer : group.layers) values[layer] = is_kind ? 1 : 0;
      }
    } else {
      for (const JsonValue& item : parse_json(what, key).root.items) {
        values.push_back(static_cast<std::uint32_t>(std::stoul(item.text)));
      }
    }
    gguf.numbers(prefix + key, values);
  }
  for (const auto& [key, value] : numbers) gguf.number(prefix + key, value);
  if (row.architecture == "mpt") gguf.real(prefix + "attention.max_alibi_bias", 8);

  const bool wide = model.activation.name() == "fp32";
  const std::uint32_t type = wide ? kGgmlF32 : model.activation.name() == "bf16" ? kGgmlBf16 : kGgmlF16;
  const auto add = [&](const std::string& layer, const GgufTensor& held) {
    const Tensor& tensor = held.tensor;
    // The bias that balances experts has a name of its own; gpt-oss's is the router's.
    const bool balances = tensor.is_bias && tensor.name == "ffn_gate_inp" && row.architecture != "gpt-oss";
    const std::string name = layer + (balances ? "exp_probs_b" : std::string(tensor.name)) +
                             (tensor.is_bias      ? ".bias"
                              : held.named_weight ? ".weight"
                                                  : "");
    std::vector<std::uint64_t> shape = {tensor.columns.u64()};
    if (tensor.use != TensorUse::vector || tensor.rows > 1) shape.push_back(tensor.rows.u64());
    if (tensor.copies > 1) shape.push_back(tensor.copies.u64());
    gguf.tensor(name, type, shape, ((wide ? 4 : 2) * tensor.elements()).u64());
  };
  for (const GgufTensor& tensor : tensors->tensors) add("", tensor);
  for (const GgufLayers& group : tensors->groups) {
    for (const std::uint32_t layer : group.layers) {
      for (const GgufTensor& tensor : group.tensors) add("blk." + std::to_string(layer) + ".", tensor);
    }
  }
  return gguf;
}

}  // namespace

TEST_CASE("a converted model costs what its config.json says") {
  const Folder folder;
  for (const Published& row : kPublished) {
    CAPTURE(row.name);
    const Model published = row.config.empty() ? load_model(row.name) : parse_model(row.config, row.name);
    const Gguf gguf = converted(row, published);
    const std::string path = folder.write("model.gguf", gguf.header(), gguf.file_bytes());
    std::optional<Model> read;
    CHECK(error_of([&] { read = load_model(path); }) == "no error");
    if (!read) continue;

    CHECK(read->name == published.name);
    CHECK(read->groups.size() == published.groups.size());
    CHECK(read->layers() == published.layers());
    // The converter drops DeepSeek's prediction layer and keeps GLM's.
    CHECK(read->next_token_layers == (row.architecture == "glm4moe" ? published.next_token_layers : Count{}));
    Workload plain;
    plain.weights = parse_weight_scheme(published.activation.name(), "");
    const Estimate expected = Estimator(published, plain).at(10'000, 3);
    const Estimate found = Estimator(*read, plain).at(10'000, 3);
    for (const Metric metric : {Metric::attention_macs, Metric::kv_cache_bytes, Metric::state_bytes}) {
      CAPTURE(static_cast<int>(metric));
      CHECK(to_string(found.count(metric).value()) == to_string(expected.count(metric).value()));
    }
    // Gemma's files cut rows that no token names.
    if (row.architecture != "gemma3") {
      CHECK(to_string(found.count(Metric::parameters).value()) ==
            to_string(expected.count(Metric::parameters).value()));
    }
    // As stored, the weights are the header's to the last byte, and a step reads what it would of one type.
    const TensorFile header = read_gguf(path);
    const Estimate stored = Estimator(*read, Workload{}).at(1, 1);
    CHECK(stored.count(Metric::weights_bytes) == header.tensor_bytes());
    const Estimate uniform = Estimator(*read, plain).at(1, 1);
    CHECK(stored.count(Metric::decode_bytes).has_value() == published.decodes());
    CHECK(stored.count(Metric::decode_bytes) == uniform.count(Metric::decode_bytes));
  }
}
