// GGUF headers [ggml docs/gguf.md, src/gguf.cpp; llama.cpp gguf-py/gguf/constants.py].
#include <algorithm>
#include <bit>
#include <string_view>
#include <unordered_set>

#include "ctxcost/input/tensor_file.h"
#include "input/file/header_reader.h"

namespace ctxcost {
namespace {

// Limits: far above any real file, far below what would hurt.
constexpr std::uint64_t kLongestHeader = std::uint64_t{128} << 20;
constexpr std::uint64_t kMostTensors = 1 << 16;
constexpr std::uint64_t kMostKeys = 1 << 12;
constexpr std::uint64_t kMostParts = 1 << 12;
constexpr std::uint64_t kLongestName = 1 << 10;
constexpr std::uint64_t kKeptBytes = 1 << 12;
constexpr std::uint64_t kKeptIntegers = 1 << 12;
constexpr std::uint64_t kMostAlignment = 1 << 20;
constexpr std::uint32_t kMostDimensions = 4;

/// Value types of the metadata.
enum GgufValueType : std::uint32_t {
  kU8 = 0,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64
};

struct TensorType {
  std::uint32_t id;
  std::string_view name;
  std::uint32_t block;
  std::uint32_t block_bytes;
};

// Ids and block sizes: ggml/include/ggml.h and ggml/src/ggml-common.h.
constexpr TensorType kTensorTypes[] = {
    {0, "f32", 1, 4},         {1, "f16", 1, 2},         {2, "q4_0", 32, 18},      {3, "q4_1", 32, 20},
    {6, "q5_0", 32, 22},      {7, "q5_1", 32, 24},      {8, "q8_0", 32, 34},      {9, "q8_1", 32, 36},
    {10, "q2_k", 256, 84},    {11, "q3_k", 256, 110},   {12, "q4_k", 256, 144},   {13, "q5_k", 256, 176},
    {14, "q6_k", 256, 210},   {15, "q8_k", 256, 292},   {16, "iq2_xxs", 256, 66}, {17, "iq2_xs", 256, 74},
    {18, "iq3_xxs", 256, 98}, {19, "iq1_s", 256, 50},   {20, "iq4_nl", 32, 18},   {21, "iq3_s", 256, 110},
    {22, "iq2_s", 256, 82},   {23, "iq4_xs", 256, 136}, {24, "i8", 1, 1},         {25, "i16", 1, 2},
    {26, "i32", 1, 4},        {27, "i64", 1, 8},        {28, "f64", 1, 8},        {29, "iq1_m", 256, 56},
    {30, "bf16", 1, 2},       {34, "tq1_0", 256, 54},   {35, "tq2_0", 256, 66},   {39, "mxfp4", 32, 17},
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
    case kU8:
    case kI8:
    case kBool: return 1;
    case kU16:
    case kI16: return 2;
    case kU32:
    case kI32:
    case kF32: return 4;
    case kU64:
    case kI64:
    case kF64: return 8;
    default: return 0;
  }
}

/// A name in quotes; what it may hold is checked where it is printed.
std::string quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

std::string read_string(HeaderReader& reader, std::uint64_t longest, const char* what) {
  const std::uint64_t length = reader.u64();
  return reader.bytes(length, longest, what);
}

/// A string of the metadata, of which only the beginning is kept.
std::string read_text(HeaderReader& reader) {
  constexpr const char* kWhat = "a string of the metadata";
  const std::uint64_t length = reader.u64();
  std::string text = reader.bytes(std::min(length, kKeptBytes), kKeptBytes, kWhat);
  reader.skip(length - text.size(), kWhat);
  return text;
}

std::int64_t read_integer(HeaderReader& reader, std::uint32_t type) {
  switch (type) {
    case kU8:
    case kBool: return reader.u8();
    case kI8: return static_cast<std::int8_t>(reader.u8());
    case kU16: return reader.u16();
    case kI16: return static_cast<std::int16_t>(reader.u16());
    case kU32: return reader.u32();
    case kI32: return static_cast<std::int32_t>(reader.u32());
    default: return static_cast<std::int64_t>(reader.u64());
  }
}

GgufArray read_array(HeaderReader& reader, const std::string& key) {
  constexpr const char* kWhat = "an array of the metadata";
  const std::uint32_t type = reader.u32();
  GgufArray array;
  array.length = reader.u64();
  if (type == kString) {
    // Each string takes 8 bytes at least, so the file's end stops a hostile length.
    for (std::uint64_t i = 0; i < array.length; ++i) reader.skip(reader.u64(), "a string of the metadata");
    return array;
  }
  if (type == kArray) reader.fail(quoted(key) + " is an array of arrays, which no model has");
  const std::uint64_t each = scalar_bytes(type);
  if (each == 0) reader.fail(quoted(key) + " is an array of the unknown value type " + std::to_string(type));
  if (array.length > UINT64_MAX / each) {
    reader.fail(quoted(key) + " is an array of " + std::to_string(array.length) + " values, more than any file holds");
  }
  const bool integers = type != kF32 && type != kF64;
  if (!integers || array.length > kKeptIntegers) {
    reader.skip(array.length * each, kWhat);
    return array;
  }
  for (std::uint64_t i = 0; i < array.length; ++i) array.integers.push_back(read_integer(reader, type));
  return array;
}

GgufValue read_value(HeaderReader& reader, const std::string& key) {
  const std::uint32_t type = reader.u32();
  switch (type) {
    case kU8:
    case kU16:
    case kU32:
    case kU64: return static_cast<std::uint64_t>(read_integer(reader, type));
    case kI8:
    case kI16:
    case kI32:
    case kI64: return read_integer(reader, type);
    case kF32: return static_cast<double>(std::bit_cast<float>(reader.u32()));
    case kF64: return std::bit_cast<double>(reader.u64());
    case kBool: return reader.u8() != 0;
    case kString: return read_text(reader);
    case kArray: return read_array(reader, key);
    default: reader.fail(quoted(key) + " has the unknown value type " + std::to_string(type));
  }
}

/// A tensor and where its data begins, counted from the start of all data.
struct PlacedTensor {
  FileTensor tensor;
  std::uint64_t offset = 0;
};

PlacedTensor read_tensor(HeaderReader& reader) {
  PlacedTensor placed;
  FileTensor& tensor = placed.tensor;
  tensor.name = read_string(reader, kLongestName, "a tensor's name");
  const std::string who = "tensor " + quoted(tensor.name);
  const std::uint32_t dimensions = reader.u32();
  if (dimensions == 0 || dimensions > kMostDimensions) {
    reader.fail(who + ": expected 1 to 4 dimensions, found " + std::to_string(dimensions));
  }
  for (std::uint32_t d = 0; d < dimensions; ++d) tensor.shape.emplace_back(reader.u64());
  const std::uint32_t id = reader.u32();
  const TensorType* type = find_type(id);
  if (type == nullptr) reader.fail(who + " has the unknown type " + std::to_string(id));
  tensor.type = type->name;
  placed.offset = reader.u64();
  if (tensor.shape.front() % type->block != 0) {
    reader.fail(who + ": expected rows of whole blocks of " + std::to_string(type->block) + " elements, found " +
                to_string(tensor.shape.front()) + " elements");
  }
  try {
    tensor.bytes = tensor.elements() / type->block * type->block_bytes;
  } catch (const CountOverflow&) {
    reader.fail(who + " has more bytes than 128 bits can count");
  }
  return placed;
}

/// Every tensor must be aligned, end in the file and share no byte with another.
void check_places(const HeaderReader& reader, const std::vector<PlacedTensor>& tensors, std::uint64_t alignment) {
  const Count data = round_up(reader.position(), alignment);
  std::vector<const PlacedTensor*> sorted;
  for (const PlacedTensor& placed : tensors) {
    if (placed.offset % alignment != 0) {
      reader.fail("tensor " + quoted(placed.tensor.name) + ": expected a multiple of the alignment (" +
                  std::to_string(alignment) + ") as its offset, found " + std::to_string(placed.offset));
    }
    // Below 2^64 * 2^65 each, so that the sums cannot overflow: `bytes` is checked first.
    if (placed.tensor.bytes > reader.size() || data + placed.offset + placed.tensor.bytes > reader.size()) {
      reader.fail("tensor " + quoted(placed.tensor.name) + " reaches past the end of the file",
                  "is the download complete?");
    }
    if (placed.tensor.bytes > 0) sorted.push_back(&placed);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const PlacedTensor* a, const PlacedTensor* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i - 1]->offset + sorted[i - 1]->tensor.bytes > sorted[i]->offset) {
      reader.fail("tensors " + quoted(sorted[i - 1]->tensor.name) + " and " + quoted(sorted[i]->tensor.name) +
                  " overlap");
    }
  }
}

std::uint64_t checked_alignment(const HeaderReader& reader, const GgufValue& value) {
  const auto* number = std::get_if<std::uint64_t>(&value);
  if (number == nullptr || !std::has_single_bit(*number) || *number > kMostAlignment) {
    reader.fail("\"general.alignment\": expected a power of two up to " + std::to_string(kMostAlignment));
  }
  return *number;
}

TensorFile read(HeaderReader& reader) {
  constexpr std::uint64_t kFixedPart = 24;
  reader.stop_after(kLongestHeader);
  TensorFile file;
  file.path = reader.path();
  if (reader.size() < kFixedPart || reader.bytes(4, 4, "the magic number") != "GGUF") {
    throw InputError(Diagnostic{reader.path(), "", "expected a GGUF file, which starts with \"GGUF\"", ""});
  }
  const std::uint32_t version = reader.u32();
  if (version == 0x02000000 || version == 0x03000000) {
    reader.fail("expected a little-endian file, found a big-endian one");
  }
  if (version < 2 || version > 3) {
    reader.fail("expected GGUF version 2 or 3, found " + std::to_string(version),
                version == 1 ? "convert the model again: llama.cpp does not read version 1 either" : "");
  }
  const std::uint64_t tensors = reader.u64();
  const std::uint64_t keys = reader.u64();
  if (tensors > kMostTensors) {
    reader.fail("expected at most " + std::to_string(kMostTensors) + " tensors, found " + std::to_string(tensors));
  }
  if (keys > kMostKeys) {
    reader.fail("expected at most " + std::to_string(kMostKeys) + " metadata keys, found " + std::to_string(keys));
  }

  std::uint64_t alignment = 32;
  std::unordered_set<std::string> names;
  for (std::uint64_t k = 0; k < keys; ++k) {
    std::string key = read_string(reader, kLongestName, "a metadata key");
    if (!names.insert(key).second) reader.fail("the key " + quoted(key) + " stands twice");
    GgufValue value = read_value(reader, key);
    if (key == "general.alignment") alignment = checked_alignment(reader, value);
    file.metadata.emplace_back(std::move(key), std::move(value));
  }

  names.clear();
  std::vector<PlacedTensor> placed;
  for (std::uint64_t t = 0; t < tensors; ++t) {
    placed.push_back(read_tensor(reader));
    const std::string& name = placed.back().tensor.name;
    if (!names.insert(name).second) reader.fail("tensor " + quoted(name) + " stands twice");
  }
  file.header_bytes = reader.position();
  check_places(reader, placed, alignment);
  for (PlacedTensor& tensor : placed) file.tensors.push_back(std::move(tensor.tensor));
  return file;
}

/// "00001-of-00003" in a file's name.
struct Split {
  std::string prefix;  ///< of all parts: "dir/model-"
  std::uint64_t count = 0;
};

constexpr std::string_view kExtension = ".gguf";

/// Five digits or more, as printf's %05d writes them.
std::string padded(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
}

std::string part_path(const Split& split, std::uint64_t part) {
  return split.prefix + padded(part) + "-of-" + padded(split.count) + std::string(kExtension);
}

/// The split that a path ends with the part `number` (from 1) of.
Split split_of(const TensorFile& file, std::uint64_t count, std::uint64_t number) {
  Split split = {"", count};
  const std::string tail = part_path(split, number);
  if (!std::string_view(file.path).ends_with(tail)) {
    throw InputError(Diagnostic{file.path, "split.count",
                                "part " + std::to_string(number) + " of " + std::to_string(count) +
                                    ": expected a file name that ends in \"" + tail + "\"",
                                "the other parts are found by their names"});
  }
  split.prefix = file.path.substr(0, file.path.size() - tail.size());
  return split;
}

std::uint64_t unsigned_at(const TensorFile& file, std::string_view key) {
  const GgufValue* value = file.find(key);
  if (value == nullptr) return 0;
  if (const auto* number = std::get_if<std::uint64_t>(value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(value); number != nullptr && *number >= 0) {
    return static_cast<std::uint64_t>(*number);
  }
  throw InputError(Diagnostic{file.path, std::string(key), "expected a non-negative integer", ""});
}

}  // namespace

TensorFile read_gguf(const std::string& path) {
  HeaderReader reader(path);
  return read(reader);
}

TensorFile parse_gguf(std::string_view file, const std::string& origin) {
  HeaderReader reader(file, origin);
  return read(reader);
}

std::vector<TensorFile> read_gguf_parts(const std::string& path) {
  std::vector<TensorFile> files;
  files.push_back(read_gguf(path));
  const std::uint64_t count = unsigned_at(files.front(), "split.count");
  if (count <= 1) return files;
  const std::uint64_t given = unsigned_at(files.front(), "split.no");
  if (count > kMostParts || given >= count) {
    throw InputError(Diagnostic{path, "split.count",
                                "expected at most " + std::to_string(kMostParts) + " parts and this one among them, " +
                                    "found part " + std::to_string(given) + " (from 0) of " + std::to_string(count),
                                ""});
  }
  const Split split = split_of(files.front(), count, given + 1);
  std::unordered_set<std::string> names;
  std::vector<TensorFile> parts;
  for (std::uint64_t part = 1; part <= count; ++part) {
    parts.push_back(part == given + 1 ? std::move(files.front()) : read_gguf(part_path(split, part)));
    for (const FileTensor& tensor : parts.back().tensors) {
      if (names.insert(tensor.name).second) continue;
      throw InputError(
          Diagnostic{parts.back().path, "", "tensor " + quoted(tensor.name) + " stands in another part, too", ""});
    }
  }
  return parts;
}

}  // namespace ctxcost
