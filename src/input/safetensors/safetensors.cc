// safetensors headers [huggingface/safetensors README, section Format; safetensors/src/tensor.rs].
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <nlohmann/json.hpp>
#include "ctxcost/input/tensor_file.h"
#include "input/file/header_reader.h"
#include "input/json/json.h"
#include "input/json/json_events.h"

namespace ctxcost {
namespace {

/// [safetensors/src/tensor.rs MAX_HEADER_SIZE]
constexpr std::uint64_t kLongestHeader = 100'000'000;
constexpr std::uint64_t kLongestIndex = std::uint64_t{32} << 20;
constexpr std::size_t kMostDimensions = 32;
constexpr std::string_view kExtension = ".safetensors";

struct ElementType {
  std::string_view name;
  std::uint32_t bits;
};
// [safetensors/src/tensor.rs Dtype]
constexpr ElementType kElementTypes[] = {
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
    {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64},
};

[[noreturn]] void fail(const std::string& path, const std::string& place, std::string message, std::string hint = "") {
  throw InputError(Diagnostic{path, place, std::move(message), std::move(hint)});
}

/// A tensor and its data_offsets.
struct PlacedTensor {
  FileTensor tensor;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Follows the header token by token and keeps nothing but tensors: whatever does not belong there ends the reading
/// before it takes memory.
class HeaderBuilder final : public JsonEvents {
 public:
  HeaderBuilder(const std::string& path, std::vector<PlacedTensor>& tensors) : path_(path), tensors_(tensors) {}

  bool null() override { return wrong("null"); }
  bool boolean(bool value) override { return wrong(value ? "true" : "false"); }
  bool number(std::int64_t value) override { return wrong(std::to_string(value)); }
  bool number(std::string_view text) override { return wrong(std::string(text)); }
  bool number(std::uint64_t value) override {
    switch (state_) {
      case State::shape:
        if (tensor().shape.size() == kMostDimensions) return wrong("more than " + std::to_string(kMostDimensions));
        tensor().shape.emplace_back(value);
        return true;
      case State::offsets:
        if (offsets_ == 2) return wrong("a third number");
        (offsets_++ == 0 ? tensors_.back().begin : tensors_.back().end) = value;
        return true;
      default: return wrong(std::to_string(value));
    }
  }
  bool string(std::string& value) override {
    if (state_ == State::metadata) return true;
    if (state_ != State::type) return wrong("a string");
    const auto* row = std::find_if(std::begin(kElementTypes), std::end(kElementTypes),
                                   [&](const ElementType& candidate) { return candidate.name == value; });
    if (row == std::end(kElementTypes)) {
      fail(path_, place(), "unknown type \"" + value.substr(0, kShown) + "\"");
    }
    tensor().type = row->name;
    bits_.push_back(row->bits);
    state_ = State::tensor;
    return true;
  }
  bool start_object() override {
    switch (state_) {
      case State::start: state_ = State::header; return true;
      case State::metadata_start: state_ = State::metadata; return true;
      case State::tensor_start: state_ = State::tensor; return true;
      default: return wrong("an object");
    }
  }
  bool key(std::string& name) override {
    switch (state_) {
      case State::header:
        if (!names_.insert(name).second) fail(path_, child_pointer("", name), "the key stands twice");
        if (name == "__metadata__") {
          state_ = State::metadata_start;
          return true;
        }
        tensors_.emplace_back();
        tensor().name = name;
        seen_ = {};
        offsets_ = 0;
        state_ = State::tensor_start;
        return true;
      case State::tensor: return tensor_key(name);
      default: return true;  // of the metadata
    }
  }
  bool end_object() override {
    if (state_ == State::tensor) {
      if (!seen_.type || !seen_.shape || !seen_.offsets) {
        fail(path_, child_pointer("", tensor().name), "expected \"dtype\", \"shape\" and \"data_offsets\"");
      }
      state_ = State::header;
    } else if (state_ == State::metadata) {
      state_ = State::header;
    }
    return true;
  }
  bool start_array() override {
    if (state_ == State::shape_start) return state_ = State::shape, true;
    if (state_ == State::offsets_start) return state_ = State::offsets, true;
    return wrong("a list");
  }
  bool end_array() override {
    if (state_ == State::offsets && offsets_ != 2) return wrong("fewer");
    state_ = State::tensor;
    return true;
  }
  void fault(std::size_t read) override {
    fail(path_, "offset " + std::to_string(sizeof(std::uint64_t) + (read > 0 ? read - 1 : 0)),
         "expected JSON, found something else", "not a safetensors file?");
  }

  /// Bits of one element of each tensor.
  const std::vector<std::uint32_t>& bits() const { return bits_; }

 private:
  enum class State {
    start,
    header,
    metadata_start,
    metadata,
    tensor_start,
    tensor,
    type,
    shape_start,
    shape,
    offsets_start,
    offsets
  };
  struct Seen {
    bool type = false, shape = false, offsets = false;
  };
  static constexpr std::size_t kShown = 40;

  FileTensor& tensor() { return tensors_.back().tensor; }

  bool tensor_key(const std::string& name) {
    bool* seen = nullptr;
    if (name == "dtype") {
      seen = &seen_.type;
      state_ = State::type;
    } else if (name == "shape") {
      seen = &seen_.shape;
      state_ = State::shape_start;
    } else if (name == "data_offsets") {
      seen = &seen_.offsets;
      state_ = State::offsets_start;
    }
    const std::string place = child_pointer(child_pointer("", tensor().name), name);
    if (seen == nullptr) fail(path_, place, "expected \"dtype\", \"shape\" or \"data_offsets\", found another key");
    if (*seen) fail(path_, place, "the key stands twice");
    *seen = true;
    return true;
  }

  /// Where the parser stands, as a pointer.
  std::string place() const {
    switch (state_) {
      case State::start:
      case State::header: return "";
      case State::metadata_start:
      case State::metadata: return "/__metadata__";
      default: break;
    }
    std::string pointer = child_pointer("", tensors_.back().tensor.name);
    switch (state_) {
      case State::type: return pointer + "/dtype";
      case State::shape_start:
      case State::shape: return pointer + "/shape";
      case State::offsets_start:
      case State::offsets: return pointer + "/data_offsets";
      default: return pointer;
    }
  }

  std::string_view expected() const {
    switch (state_) {
      case State::start:
      case State::metadata_start: return "an object";
      case State::metadata: return "a string";
      case State::type: return "the name of a type";
      case State::shape_start:
      case State::shape: return "a list of non-negative integers";
      case State::offsets_start:
      case State::offsets: return "a list of two non-negative integers";
      default: return "an object";
    }
  }

  [[noreturn]] bool wrong(const std::string& found) const {
    fail(path_, place(), "expected " + std::string(expected()) + ", found " + found.substr(0, kShown));
  }

  const std::string& path_;
  std::vector<PlacedTensor>& tensors_;
  std::vector<std::uint32_t> bits_;
  std::unordered_set<std::string> names_;
  State state_ = State::start;
  Seen seen_;
  int offsets_ = 0;
};

/// Sets the bytes of every tensor; its range must be as long as its shape says.
void check_sizes(const std::string& path, std::vector<PlacedTensor>& tensors, const std::vector<std::uint32_t>& bits) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    PlacedTensor& placed = tensors[i];
    const std::string place = child_pointer("", placed.tensor.name);
    if (placed.begin > placed.end) {
      fail(path, place + "/data_offsets",
           "expected an end behind the start (" + std::to_string(placed.begin) + "), found " +
               std::to_string(placed.end));
    }
    placed.tensor.bytes = placed.end - placed.begin;
    Count size;
    try {
      size = placed.tensor.elements() * bits[i];
    } catch (const CountOverflow&) {
      fail(path, place + "/shape", "has more elements than 128 bits can count");
    }
    if (placed.tensor.bytes * 8 != size) {
      fail(path, place,
           "expected " + to_string(size) + " bits for " + to_string(placed.tensor.elements()) + " elements of " +
               placed.tensor.type + ", found " + to_string(placed.tensor.bytes) + " bytes");
    }
  }
}

/// "The byte buffer needs to be entirely indexed, and cannot contain holes."
void check_places(const std::string& path, const std::vector<PlacedTensor>& tensors, std::uint64_t data_bytes) {
  std::vector<const PlacedTensor*> sorted;
  sorted.reserve(tensors.size());
  for (const PlacedTensor& placed : tensors) sorted.push_back(&placed);
  std::sort(sorted.begin(), sorted.end(), [](const PlacedTensor* a, const PlacedTensor* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t end = 0;
  for (const PlacedTensor* placed : sorted) {
    if (placed->begin != end) {
      fail(path, child_pointer("", placed->tensor.name) + "/data_offsets",
           "expected a start of " + std::to_string(end) + ", where the tensor before it ends, found " +
               std::to_string(placed->begin));
    }
    end = placed->end;
  }
  if (end != data_bytes) {
    fail(path, "", "expected " + std::to_string(end) + " bytes of tensors, found " + std::to_string(data_bytes),
         end > data_bytes ? "is the download complete?" : "");
  }
}

TensorFile read(HeaderReader& reader) {
  if (reader.size() < sizeof(std::uint64_t)) {
    fail(reader.path(), "", "expected a safetensors file, found " + std::to_string(reader.size()) + " bytes");
  }
  const std::uint64_t length = reader.u64();
  const std::string header = reader.bytes(length, kLongestHeader, "the header");
  TensorFile file;
  file.path = reader.path();
  file.header_bytes = reader.position();
  std::vector<PlacedTensor> tensors;
  HeaderBuilder builder(file.path, tensors);
  static_cast<void>(read_json_events(header, builder));
  check_sizes(file.path, tensors, builder.bits());
  check_places(file.path, tensors, reader.left());
  for (PlacedTensor& placed : tensors) file.tensors.push_back(std::move(placed.tensor));
  return file;
}

/// What an index says: the shards, each once, and which of them holds each tensor.
struct Index {
  std::string total_size;  // bytes of all tensors, as written; empty if it is not a number
  std::vector<std::string> shards;
  std::vector<std::pair<std::string, std::string>> tensors;
};

Index read_index(const std::string& path) {
  HeaderReader reader(path);
  const JsonDocument document = parse_json(reader.bytes(reader.size(), kLongestIndex, "the index"), path);
  const JsonValue* map = document.root.find("weight_map");
  if (map == nullptr || !map->is(JsonValue::Type::object)) {
    fail(path, "/weight_map", "expected an object that names a file for every tensor");
  }
  Index index;
  if (const JsonValue* const metadata = document.root.find("metadata")) {
    const JsonValue* const size = metadata->find("total_size");
    if (size != nullptr && (size->is(JsonValue::Type::integer) || size->is(JsonValue::Type::real))) {
      index.total_size = size->text;
      // Some writers divided by a number on the way: 1234.0.
      if (index.total_size.ends_with(".0")) index.total_size.resize(index.total_size.size() - 2);
    }
  }
  for (const JsonMember& member : map->members) {
    const std::string& shard = member.value.text;
    // A shard stands beside its index: a path that leads elsewhere is not followed.
    if (!member.value.is(JsonValue::Type::string) || !shard.ends_with(kExtension) ||
        shard.find('/') != std::string::npos || shard.find('\0') != std::string::npos) {
      fail(path, child_pointer("/weight_map", member.key),
           "expected the name of a .safetensors file in this directory, found " + describe(member.value));
    }
    index.tensors.emplace_back(member.key, shard);
    index.shards.push_back(shard);
  }
  std::sort(index.shards.begin(), index.shards.end());
  index.shards.erase(std::unique(index.shards.begin(), index.shards.end()), index.shards.end());
  return index;
}

/// Names of the *.safetensors in a directory, sorted; adapters are not part of a checkpoint.
std::vector<std::string> safetensors_in(const std::string& directory) {
  std::vector<std::string> names;
  if (DIR* listing = ::opendir(directory.c_str())) {
    while (const dirent* entry = ::readdir(listing)) {
      const std::string_view name = entry->d_name;
      if (name.ends_with(kExtension) && !name.starts_with("adapter_")) names.emplace_back(name);
    }
    ::closedir(listing);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

TensorFile read_safetensors(const std::string& path) {
  HeaderReader reader(path);
  return read(reader);
}

TensorFile parse_safetensors(std::string_view file, const std::string& origin) {
  HeaderReader reader(file, origin);
  return read(reader);
}

std::vector<TensorFile> read_checkpoint(const std::string& directory) {
  const std::string folder = directory.ends_with('/') ? directory : directory + "/";
  const std::string index_path = folder + "model.safetensors.index.json";
  std::optional<Index> index;
  std::vector<std::string> shards;
  if (exists(index_path)) {
    index = read_index(index_path);
    shards = index->shards;
    for (const std::string& shard : shards) {
      if (!exists(folder + shard)) {
        fail(index_path, "/weight_map", "\"" + shard + "\" is not in the directory", "is the download complete?");
      }
    }
  } else if (exists(folder + "model.safetensors")) {
    // Some publish the same weights again beside it, as consolidated.safetensors.
    shards = {"model.safetensors"};
  } else {
    shards = safetensors_in(folder);
  }

  std::vector<TensorFile> files;
  std::unordered_map<std::string, std::size_t> file_of;
  for (const std::string& shard : shards) {
    files.push_back(read_safetensors(folder + shard));
    for (const FileTensor& tensor : files.back().tensors) {
      if (!file_of.emplace(tensor.name, files.size() - 1).second) {
        fail(files.back().path, child_pointer("", tensor.name), "the tensor stands in another file, too");
      }
    }
  }
  if (!index) return files;
  Count bytes;
  for (const TensorFile& file : files) bytes += file.tensor_bytes();
  if (!index->total_size.empty() && index->total_size != to_string(bytes)) {
    files.front().notes.push_back("the index says total_size " + index->total_size + ", its files hold " +
                                  to_string(bytes) + " bytes of tensors");
  }
  for (const auto& [tensor, shard] : index->tensors) {
    const auto found = file_of.find(tensor);
    if (found == file_of.end() || files[found->second].path != folder + shard) {
      fail(index_path, child_pointer("/weight_map", tensor), "the tensor is not in \"" + shard + "\"");
    }
  }
  return files;
}

}  // namespace ctxcost
