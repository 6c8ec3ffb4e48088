// safetensors headers [huggingface/safetensors README, section Format].
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_set>

#include "ctxcost/tensor_file.h"
#include "header_reader.h"
#include "json.h"

namespace ctxcost {
namespace {

/// The format's own limit for the JSON part.
constexpr std::uint64_t kLongestHeader = 100'000'000;

struct ElementType {
  std::string_view name;
  std::uint32_t bits;
};
// [safetensors/src/tensor.rs Dtype]
constexpr ElementType kElementTypes[] = {
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},    {"I8", 8},   {"F8_E5M2", 8},
    {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16}, {"U16", 16}, {"F16", 16},
    {"BF16", 16},   {"I32", 32},    {"U32", 32},    {"F32", 32},    {"C64", 64},  {"F64", 64}, {"I64", 64}, {"U64", 64},
};

[[noreturn]] void fail(const std::string& path, const std::string& place, std::string message, std::string hint = "") {
  throw InputError(Diagnostic{path, place, std::move(message), std::move(hint)});
}

Count integer(const std::string& path, const std::string& place, const JsonValue& value) {
  const std::optional<Count> number =
      value.is(JsonValue::Type::integer) ? parse_digits(value.text) : std::nullopt;
  if (!number) fail(path, place, "expected a non-negative integer, found " + describe(value));
  return *number;
}

/// Checks one entry of the header against the `data_bytes` behind it.
FileTensor read_entry(const std::string& path, const JsonMember& member, Count data_bytes) {
  const std::string place = child_pointer("", member.key);
  FileTensor tensor;
  tensor.name = member.key;
  const JsonValue* type = member.value.find("dtype");
  const JsonValue* shape = member.value.find("shape");
  const JsonValue* range = member.value.find("data_offsets");
  if (type == nullptr || shape == nullptr || range == nullptr || !type->is(JsonValue::Type::string) ||
      !shape->is(JsonValue::Type::array) || !range->is(JsonValue::Type::array) || range->items.size() != 2) {
    fail(path, place, "expected dtype, shape and two data_offsets");
  }
  const auto* row = std::find_if(std::begin(kElementTypes), std::end(kElementTypes),
                                 [&](const ElementType& candidate) { return candidate.name == type->text; });
  if (row == std::end(kElementTypes)) fail(path, child_pointer(place, "dtype"), "unknown dtype " + describe(*type));
  tensor.type = row->name;
  for (std::size_t d = 0; d < shape->items.size(); ++d) {
    tensor.shape.push_back(integer(path, child_pointer(child_pointer(place, "shape"), d), shape->items[d]));
  }
  const std::string offsets = child_pointer(place, "data_offsets");
  const Count begin = integer(path, child_pointer(offsets, std::size_t{0}), range->items[0]);
  const Count end = integer(path, child_pointer(offsets, std::size_t{1}), range->items[1]);
  if (begin > end || end > data_bytes) {
    fail(path, offsets, "the range does not lie in the file", "is the download complete?");
  }
  tensor.bytes = end - begin;
  if (tensor.bytes * 8 != round_up(tensor.elements() * row->bits, 8)) {
    fail(path, place, to_string(tensor.bytes) + " bytes do not hold " + to_string(tensor.elements()) + " elements of " +
                          tensor.type);
  }
  return tensor;
}

bool ends_with(std::string_view text, std::string_view tail) {
  return text.size() >= tail.size() && text.substr(text.size() - tail.size()) == tail;
}

/// Names of the shards, each once, in order: those of the index, or every *.safetensors of the directory.
std::vector<std::string> shards(const std::string& directory) {
  std::vector<std::string> names;
  const std::string index = directory + "/model.safetensors.index.json";
  if (::access(index.c_str(), F_OK) == 0) {
    HeaderReader reader(index);
    const JsonDocument document = parse_json(reader.bytes(reader.size(), kLongestHeader, "the index"), index);
    const JsonValue* map = document.root.find("weight_map");
    if (map == nullptr || !map->is(JsonValue::Type::object)) fail(index, "/weight_map", "expected an object");
    for (const JsonMember& member : map->members) {
      if (!member.value.is(JsonValue::Type::string) || member.value.text.find('/') != std::string::npos) {
        fail(index, child_pointer("/weight_map", member.key), "expected a file name, found " + describe(member.value));
      }
      names.push_back(member.value.text);
    }
  } else if (DIR* listing = ::opendir(directory.c_str())) {
    while (const dirent* entry = ::readdir(listing)) {
      if (ends_with(entry->d_name, ".safetensors")) names.emplace_back(entry->d_name);
    }
    ::closedir(listing);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

Count FileTensor::elements() const {
  Count product = 1;
  for (const Count extent : shape) product *= extent;
  return product;
}

Count TensorFile::tensor_bytes() const {
  Count sum;
  for (const FileTensor& tensor : tensors) sum += tensor.bytes;
  return sum;
}

Count TensorFile::elements() const {
  Count sum;
  for (const FileTensor& tensor : tensors) sum += tensor.elements();
  return sum;
}

const GgufValue* TensorFile::find(std::string_view key) const {
  for (const auto& [name, value] : metadata) {
    if (name == key) return &value;
  }
  return nullptr;
}

TensorFile read_safetensors(const std::string& path) {
  HeaderReader reader(path);
  if (reader.size() < 8) reader.fail("not a safetensors file: it is shorter than its length field");
  const std::uint64_t length = reader.u64();
  const std::string header = reader.bytes(length, kLongestHeader, "the header");
  TensorFile file;
  file.path = path;
  file.header_bytes = reader.position();
  const JsonDocument document = parse_json(header, path);
  if (!document.root.is(JsonValue::Type::object)) fail(path, "", "expected an object, found " + describe(document.root));
  const std::vector<std::string> repeated = repeated_keys(document.root);
  if (!repeated.empty()) fail(path, repeated.front(), "the key stands twice");
  try {
    for (const JsonMember& member : document.root.members) {
      if (member.key != "__metadata__") file.tensors.push_back(read_entry(path, member, reader.left()));
    }
  } catch (const CountOverflow&) {
    fail(path, "", "a tensor's size does not fit 128 bits");
  }
  return file;
}

std::vector<TensorFile> read_checkpoint(const std::string& directory) {
  std::vector<TensorFile> files;
  std::unordered_set<std::string> seen;
  for (const std::string& name : shards(directory)) {
    files.push_back(read_safetensors(directory + "/" + name));
    for (const FileTensor& tensor : files.back().tensors) {
      if (!seen.insert(tensor.name).second) {
        fail(files.back().path, child_pointer("", tensor.name), "the tensor stands in another shard, too");
      }
    }
  }
  return files;
}

}  // namespace ctxcost
