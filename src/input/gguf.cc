// GGUF headers [ggml docs/gguf.md; llama.cpp gguf-py constants.py].
#include <algorithm>
#include <array>
#include <bit>
#include <unordered_set>

#include "ctxcost/tensor_file.h"
#include "header_reader.h"

namespace ctxcost {
namespace {

// Sanity limits: far above any real file, far below what would hurt.
constexpr std::uint64_t kMostTensors = 1 << 20;
constexpr std::uint64_t kMostKeys = 1 << 16;
constexpr std::uint64_t kLongestKey = 1 << 16;
constexpr std::uint64_t kLongestName = 1 << 10;
constexpr std::uint64_t kLongestString = 64 << 20;
constexpr std::uint64_t kKeptIntegers = 4096;
constexpr std::uint32_t kMostDimensions = 4;

/// Value types of the metadata.
enum ValueType : std::uint32_t {
  kU8 = 0, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64
};

struct TensorType {
  std::uint32_t id;
  std::string_view name;
  std::uint32_t block;
  std::uint32_t block_bytes;
};

// Ids and block sizes: ggml/include/ggml.h and ggml/src/ggml-common.h.
constexpr TensorType kTensorTypes[] = {
    {0, "f32", 1, 4},         {1, "f16", 1, 2},        {2, "q4_0", 32, 18},     {3, "q4_1", 32, 20},
    {6, "q5_0", 32, 22},      {7, "q5_1", 32, 24},     {8, "q8_0", 32, 34},     {9, "q8_1", 32, 36},
    {10, "q2_k", 256, 84},    {11, "q3_k", 256, 110},  {12, "q4_k", 256, 144},  {13, "q5_k", 256, 176},
    {14, "q6_k", 256, 210},   {15, "q8_k", 256, 292},  {16, "iq2_xxs", 256, 66}, {17, "iq2_xs", 256, 74},
    {18, "iq3_xxs", 256, 98}, {19, "iq1_s", 256, 50},  {20, "iq4_nl", 32, 18},  {21, "iq3_s", 256, 110},
    {22, "iq2_s", 256, 82},   {23, "iq4_xs", 256, 136}, {24, "i8", 1, 1},       {25, "i16", 1, 2},
    {26, "i32", 1, 4},        {27, "i64", 1, 8},       {28, "f64", 1, 8},       {29, "iq1_m", 256, 56},
    {30, "bf16", 1, 2},       {34, "tq1_0", 256, 54},  {35, "tq2_0", 256, 66},  {39, "mxfp4", 32, 17},
    {40, "nvfp4", 64, 36},
};

const TensorType* find_type(std::uint32_t id) {
  for (const TensorType& type : kTensorTypes) {
    if (type.id == id) return &type;
  }
  return nullptr;
}

/// Bytes of a scalar value, or 0 for strings and arrays.
std::uint64_t scalar_bytes(std::uint32_t type) {
  switch (type) {
    case kU8: case kI8: case kBool: return 1;
    case kU16: case kI16: return 2;
    case kU32: case kI32: case kF32: return 4;
    case kU64: case kI64: case kF64: return 8;
    default: return 0;
  }
}

std::string read_string(HeaderReader& reader, std::uint64_t limit, const char* what) {
  const std::uint64_t length = reader.u64();
  return reader.bytes(length, limit, what);
}

std::int64_t read_integer(HeaderReader& reader, std::uint32_t type) {
  switch (type) {
    case kU8: case kBool: return reader.u8();
    case kI8: return static_cast<std::int8_t>(reader.u8());
    case kU16: return reader.u16();
    case kI16: return static_cast<std::int16_t>(reader.u16());
    case kU32: return reader.u32();
    case kI32: return static_cast<std::int32_t>(reader.u32());
    default: return static_cast<std::int64_t>(reader.u64());
  }
}

GgufArray read_array(HeaderReader& reader) {
  const std::uint32_t type = reader.u32();
  GgufArray array;
  array.length = reader.u64();
  if (type == kString) {
    for (std::uint64_t i = 0; i < array.length; ++i) {
      const std::uint64_t length = reader.u64();
      reader.skip(length, "a string of the metadata");
    }
    return array;
  }
  const std::uint64_t each = scalar_bytes(type);
  if (each == 0) reader.fail("an array of value type " + std::to_string(type) + ", which no reader knows");
  if (array.length > reader.left() / each) reader.fail("the file ends inside an array of the metadata");
  const bool integers = type != kF32 && type != kF64;
  if (integers && array.length <= kKeptIntegers) {
    for (std::uint64_t i = 0; i < array.length; ++i) array.integers.push_back(read_integer(reader, type));
  } else {
    reader.skip(array.length * each, "an array of the metadata");
  }
  return array;
}

GgufValue read_value(HeaderReader& reader, std::uint32_t type) {
  switch (type) {
    case kU8: case kU16: case kU32: case kU64: return static_cast<std::uint64_t>(read_integer(reader, type));
    case kI8: case kI16: case kI32: case kI64: return read_integer(reader, type);
    case kF32: return static_cast<double>(std::bit_cast<float>(reader.u32()));
    case kF64: return std::bit_cast<double>(reader.u64());
    case kBool: return reader.u8() != 0;
    case kString: return read_string(reader, kLongestString, "a string of the metadata");
    case kArray: return read_array(reader);
    default: reader.fail("value type " + std::to_string(type) + ", which no reader knows");
  }
}

FileTensor read_tensor(HeaderReader& reader, std::uint64_t& offset) {
  FileTensor tensor;
  tensor.name = read_string(reader, kLongestName, "a tensor's name");
  const std::uint32_t dimensions = reader.u32();
  if (dimensions == 0 || dimensions > kMostDimensions) {
    reader.fail("tensor \"" + tensor.name + "\" has " + std::to_string(dimensions) + " dimensions", "1 to 4");
  }
  for (std::uint32_t d = 0; d < dimensions; ++d) tensor.shape.emplace_back(reader.u64());
  const std::uint32_t id = reader.u32();
  const TensorType* type = find_type(id);
  if (type == nullptr) reader.fail("tensor \"" + tensor.name + "\" has the unknown type " + std::to_string(id));
  tensor.type = type->name;
  offset = reader.u64();
  if (tensor.shape.front() % type->block != 0) {
    reader.fail("tensor \"" + tensor.name + "\": a row of " + to_string(tensor.shape.front()) +
                " elements is not whole blocks of " + std::to_string(type->block));
  }
  tensor.bytes = tensor.elements() / type->block * type->block_bytes;
  return tensor;
}

}  // namespace

TensorFile read_gguf(const std::string& path) {
  HeaderReader reader(path);
  TensorFile file;
  file.path = path;
  if (reader.size() < 24 || reader.bytes(4, 4, "the magic number") != "GGUF") {
    reader.fail("not a GGUF file: it does not start with GGUF");
  }
  const std::uint32_t version = reader.u32();
  if (version < 2 || version > 3) {
    reader.fail("GGUF version " + std::to_string(version), "versions 2 and 3 are read; big-endian files are not");
  }
  const std::uint64_t tensors = reader.u64();
  const std::uint64_t keys = reader.u64();
  if (tensors > kMostTensors) reader.fail(std::to_string(tensors) + " tensors are more than any real file has");
  if (keys > kMostKeys) reader.fail(std::to_string(keys) + " metadata keys are more than any real file has");

  std::uint64_t alignment = 32;
  for (std::uint64_t k = 0; k < keys; ++k) {
    std::string key = read_string(reader, kLongestKey, "a metadata key");
    const std::uint32_t type = reader.u32();
    GgufValue value = read_value(reader, type);
    if (key == "general.alignment") {
      const auto* number = std::get_if<std::uint64_t>(&value);
      if (number == nullptr || *number == 0 || *number > (1 << 20)) reader.fail("unusable general.alignment");
      alignment = *number;
    }
    file.metadata.emplace_back(std::move(key), std::move(value));
  }

  std::unordered_set<std::string> names;
  std::vector<std::uint64_t> offsets;
  try {
    for (std::uint64_t t = 0; t < tensors; ++t) {
      std::uint64_t offset = 0;
      file.tensors.push_back(read_tensor(reader, offset));
      offsets.push_back(offset);
      if (!names.insert(file.tensors.back().name).second) {
        reader.fail("tensor \"" + file.tensors.back().name + "\" stands twice");
      }
    }
    file.header_bytes = reader.position();
    const Count data = round_up(reader.position(), alignment);
    for (std::size_t t = 0; t < offsets.size(); ++t) {
      if (offsets[t] % alignment != 0) reader.fail("tensor \"" + file.tensors[t].name + "\" is not aligned");
      if (data + offsets[t] + file.tensors[t].bytes > reader.size()) {
        reader.fail("tensor \"" + file.tensors[t].name + "\" reaches past the end of the file",
                    "is the download complete?");
      }
    }
  } catch (const CountOverflow&) {
    reader.fail("a tensor's size does not fit 128 bits");
  }
  return file;
}

}  // namespace ctxcost
