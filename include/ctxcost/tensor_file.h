// Headers of safetensors and GGUF files: exact shapes, types and bytes of every tensor. Only the header is read,
// whatever the file's size, and nothing in it is believed before it is checked against the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ctxcost/count.h"

namespace ctxcost {

/// One tensor as the file holds it.
struct FileTensor {
  std::string name;          ///< "model.layers.0.self_attn.q_proj.weight", "blk.0.attn_q.weight"
  std::string type;          ///< "BF16", "F8_E4M3"; GGUF: "q4_k"
  std::vector<Count> shape;  ///< as stored: safetensors rows first, GGUF the row width first
  Count bytes;

  Count elements() const;
};

/// A value of a GGUF's metadata. Long arrays (a tokenizer's) are kept as their length only.
struct GgufArray {
  std::uint64_t length = 0;
  std::vector<std::int64_t> integers;  ///< of an integer or boolean array of at most 4,096 entries
};
using GgufValue = std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray>;

/// A header, whole.
struct TensorFile {
  std::string path;
  std::vector<FileTensor> tensors;
  std::vector<std::pair<std::string, GgufValue>> metadata;  ///< of a GGUF, in file order
  Count header_bytes;                                       ///< what was read

  Count tensor_bytes() const;  ///< the sum over the tensors, without padding
  Count elements() const;
  const GgufValue* find(std::string_view key) const;
};

/// Reads a .safetensors header: 8 bytes of length, JSON, then data [huggingface/safetensors README]. Every tensor's
/// range must lie in the file and be as long as its shape says. Throws InputError.
TensorFile read_safetensors(const std::string& path);

/// Reads a GGUF header, versions 2 and 3 [ggml docs/gguf.md]. Throws InputError.
TensorFile read_gguf(const std::string& path);

/// All safetensors of a checkpoint: one file, or the shards that `model.safetensors.index.json` in the directory names,
/// or every *.safetensors there. Throws InputError when a shard is missing or a tensor stands in two.
std::vector<TensorFile> read_checkpoint(const std::string& directory);

}  // namespace ctxcost
