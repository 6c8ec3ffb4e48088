// Headers of safetensors and GGUF files: exact shapes, types and bytes of every tensor. Only the header is read,
// whatever the file's size, and nothing in it is believed before it is checked against the file.
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

/// A value of a GGUF's metadata. Long arrays (a tokenizer's) are kept as their length only.
struct GgufArray {
  std::uint64_t length = 0;
  std::vector<std::int64_t> integers;  ///< of an integer or boolean array of at most 4,096 entries

  friend bool operator==(const GgufArray&, const GgufArray&) = default;
};
/// Strings are cut after 4,096 bytes (a chat template is longer).
using GgufValue = std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray>;

/// A header, whole.
struct TensorFile {
  std::string path;
  std::vector<FileTensor> tensors;
  std::vector<std::pair<std::string, GgufValue>> metadata;  ///< of a GGUF, in file order
  Count header_bytes;                                       ///< what was read or skipped before the data

  Count tensor_bytes() const;  ///< the sum over the tensors, without padding
  Count elements() const;
  const GgufValue* find(std::string_view key) const;
};

/// Reads a .safetensors header: 8 bytes of length, JSON, then data [huggingface/safetensors README]. The tensors must
/// fill the data without gaps and overlaps, as the format demands. Throws InputError.
TensorFile read_safetensors(const std::string& path);
/// The same from a whole file in memory; `origin` names it in errors.
TensorFile parse_safetensors(std::string_view file, const std::string& origin);

/// Reads a GGUF header, versions 2 and 3 [ggml docs/gguf.md]. Throws InputError.
TensorFile read_gguf(const std::string& path);
TensorFile parse_gguf(std::string_view file, const std::string& origin);

/// The file and, where it is one of several that a model was split into ("…-00001-of-00003.gguf"), all of them in
/// order [llama.cpp tools/gguf-split]. Throws InputError when one is missing or a tensor stands in two.
std::vector<TensorFile> read_gguf_parts(const std::string& path);

/// All safetensors of a checkpoint: the shards that `model.safetensors.index.json` in the directory names, or
/// model.safetensors, or every *.safetensors there; empty when there are none. Throws InputError when a shard is
/// missing, a tensor stands in two, or one that the index names is not in its shard.
std::vector<TensorFile> read_checkpoint(const std::string& directory);

}  // namespace ctxcost
