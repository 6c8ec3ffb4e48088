// Hand-made GGUF and safetensors files, byte by byte, and a directory to put them in.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ctxcost::test {

/// Little-endian bytes.
class Bytes {
 public:
  template <typename Integer>
  Bytes& integer(Integer value) {
    for (std::size_t i = 0; i < sizeof value; ++i) {
      data_ += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
    }
    return *this;
  }
  Bytes& u32(std::uint32_t value) { return integer(value); }
  Bytes& u64(std::uint64_t value) { return integer(value); }
  Bytes& raw(std::string_view bytes) { return data_ += bytes, *this; }
  /// A string as GGUF writes it: its length, then its bytes.
  Bytes& string(std::string_view text) { return u64(text.size()).raw(text); }
  const std::string& str() const { return data_; }

 private:
  std::string data_;
};

/// GGUF value and tensor types that the tests use [ggml docs/gguf.md].
enum : std::uint32_t { kGgufU32 = 4, kGgufI32 = 5, kGgufF32 = 6, kGgufBool = 7, kGgufString = 8, kGgufArray = 9 };
enum : std::uint32_t { kGgmlF32 = 0, kGgmlF16 = 1, kGgmlQ4K = 12, kGgmlBf16 = 30 };

/// A GGUF header that is built key by key and tensor by tensor, with each tensor's data behind the one before it.
class Gguf {
 public:
  Gguf& number(std::string_view key, std::uint32_t value) {
    return ++keys_, metadata_.string(key).u32(kGgufU32).u32(value), *this;
  }
  Gguf& signed_number(std::string_view key, std::int32_t value) {
    return ++keys_, metadata_.string(key).u32(kGgufI32).integer(value), *this;
  }
  Gguf& signed_numbers(std::string_view key, const std::vector<std::int32_t>& values) {
    ++keys_;
    metadata_.string(key).u32(kGgufArray).u32(kGgufI32).u64(values.size());
    for (const std::int32_t value : values) metadata_.integer(value);
    return *this;
  }
  Gguf& real(std::string_view key, float value) {
    return ++keys_, metadata_.string(key).u32(kGgufF32).u32(std::bit_cast<std::uint32_t>(value)), *this;
  }
  Gguf& text(std::string_view key, std::string_view value) {
    return ++keys_, metadata_.string(key).u32(kGgufString).string(value), *this;
  }
  Gguf& numbers(std::string_view key, const std::vector<std::uint32_t>& values) {
    ++keys_;
    metadata_.string(key).u32(kGgufArray).u32(kGgufU32).u64(values.size());
    for (const std::uint32_t value : values) metadata_.u32(value);
    return *this;
  }
  Gguf& texts(std::string_view key, const std::vector<std::string>& values) {
    ++keys_;
    metadata_.string(key).u32(kGgufArray).u32(kGgufString).u64(values.size());
    for (const std::string& value : values) metadata_.string(value);
    return *this;
  }
  Gguf& tensor(std::string_view name, std::uint32_t type, const std::vector<std::uint64_t>& shape,
               std::uint64_t bytes) {
    tensor_at(name, type, shape, data_bytes_);
    data_bytes_ += (bytes + 31) / 32 * 32;
    return *this;
  }
  Gguf& tensor_at(std::string_view name, std::uint32_t type, const std::vector<std::uint64_t>& shape,
                  std::uint64_t offset) {
    ++tensors_;
    infos_.string(name).u32(static_cast<std::uint32_t>(shape.size()));
    for (const std::uint64_t extent : shape) infos_.u64(extent);
    infos_.u32(type).u64(offset);
    return *this;
  }

  std::string header(std::uint32_t version = 3) const {
    return Bytes().raw("GGUF").u32(version).u64(tensors_).u64(keys_).raw(metadata_.str()).raw(infos_.str()).str();
  }
  std::uint64_t file_bytes() const { return (header().size() + 31) / 32 * 32 + data_bytes_; }
  /// The whole file, with zeros for data.
  std::string file() const {
    std::string bytes = header();
    bytes.resize(file_bytes());
    return bytes;
  }

 private:
  Bytes metadata_, infos_;
  std::uint64_t keys_ = 0, tensors_ = 0, data_bytes_ = 0;
};

/// A safetensors file: its header behind the length, then zeros for data.
inline std::string safetensors(std::string_view header, std::uint64_t data_bytes) {
  return Bytes().u64(header.size()).raw(header).raw(std::string(data_bytes, '\0')).str();
}

/// A directory of its own that is removed at the end of its scope.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ctxcost-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// Writes a file; `size` above the content's makes a sparse one. Returns its path.
  std::string write(std::string_view name, std::string_view content, std::uint64_t size = 0) const {
    const std::string path = *this / name;
    {
      std::ofstream file(path, std::ios::binary);
      file.write(content.data(), static_cast<std::streamsize>(content.size()));
      if (!file.flush()) throw std::runtime_error("cannot write " + path);
    }
    if (size > content.size()) std::filesystem::resize_file(path, size);
    return path;
  }

 private:
  std::string path_;
};

}  // namespace ctxcost::test
