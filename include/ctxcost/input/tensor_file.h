// Headers of safetensors and GGUF files: exact shapes, types and bytes of every tensor. Only the header is read, and
// every figure in it is checked against the file's size before use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/model/model_files.h"

namespace ctxcost {

/// A metadata value of a GGUF file. Of long arrays (a tokenizer's) only the length is kept.
struct GgufArray {
  std::uint64_t length = 0;
  std::vector<std::int64_t> integers;  ///< entries of an integer or boolean array, if there are at most 4,096

  friend bool operator==(const GgufArray&, const GgufArray&) = default;
};
/// Strings are cut after 4,096 bytes (a chat template is longer).
using GgufValue = std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray>;

/// A complete header.
struct TensorFile {
  std::string path;
  std::vector<FileTensor> tensors;
  std::vector<std::pair<std::string, GgufValue>> metadata;  ///< of a GGUF file, in file order
  Count header_bytes;                                       ///< bytes before the data
  std::vector<std::string> notes = {};                      ///< what is odd beside it, but changes no figure

  Count tensor_bytes() const;  ///< the sum over all tensors, without padding
  Count elements() const;
  const GgufValue* find(std::string_view key) const;
};

/// Reads a .safetensors header: 8 bytes of length, JSON, then data [huggingface/safetensors README]. The tensors must
/// fill the data without gaps and overlaps, as the format demands. Throws InputError.
TensorFile read_safetensors(const std::string& path);
/// Reads the same from a whole file in memory. `origin` names it in errors.
TensorFile parse_safetensors(std::string_view file, const std::string& origin);

/// Reads a GGUF header, versions 2 and 3 [ggml docs/gguf.md]. Throws InputError.
TensorFile read_gguf(const std::string& path);
TensorFile parse_gguf(std::string_view file, const std::string& origin);

/// Reads a GGUF file and, if it is one part of a split model ("…-00001-of-00003.gguf"), all parts in order [llama.cpp
/// tools/gguf-split]. Throws InputError if a part is missing or a tensor is in two parts.
std::vector<TensorFile> read_gguf_parts(const std::string& path);

/// Reads all safetensors files of a checkpoint: the shards that `model.safetensors.index.json` in the directory names,
/// or model.safetensors, or every *.safetensors there. Empty if there are none. Throws InputError if a shard is
/// missing, a tensor is in two shards, or a tensor that the index names is not in its shard.
std::vector<TensorFile> read_checkpoint(const std::string& directory);

}  // namespace ctxcost
