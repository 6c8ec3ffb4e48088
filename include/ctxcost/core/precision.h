// How numbers are stored: element types and block formats of weights and caches (docs/cost-model.md section 11.1).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// How a format's bytes follow from a row's width.
enum class Layout {
  block,           ///< ceil(width / block) * block_bytes
  per_token_head,  ///< one byte an element and one fp32 scale a row [vllm kv_cache_interface.py]
  kivi,            ///< groups along tokens for keys, along the row for values, a residual in fp16 [KIVI llama_kivi.py]
  latent_record,   ///< a fixed record of 656 bytes for one latent of 512 + 64 [vllm, fp8_ds_mla]
};

/// On which cards engines keep a cache in a format.
enum class CacheCards {
  all,    ///< 16 and 32 bits, integers, blocks that are unpacked by software
  fp8,    ///< that convert fp8: `NarrowCache::fp8` and further
  nvfp4,  ///< data-centre Blackwell
  none,   ///< a format of the literature: no engine of the list has it
};

/// One row of the table of formats.
struct Format {
  std::string_view name;     ///< the name in files and options: "q8_0"
  std::string_view display;  ///< in headings: "Q8_0"
  std::string_view aliases;  ///< separated by spaces
  Layout layout;
  std::uint32_t block;        ///< elements of one block along the row
  std::uint32_t block_bytes;  ///< bytes of one block, scales included
  bool weights;               ///< may store weights
  bool cache;                 ///< may store a cache
  bool model_type;            ///< a type of weights and cache alike (`precision` in a model file sets both)
  CacheCards cards = CacheCards::all;
};

/// All formats, in the order in which they are listed.
std::span<const Format> formats();

/// What a cached row holds: it decides which of the two KV precisions stores it, and how.
enum class CacheRole {
  key,
  value,
  latent,  ///< keys and values in one vector (MLA): stored in the key precision
  index,   ///< an indexer's keys: one byte an element and an fp32 scale, whatever the KV precision
  ids,     ///< integers of 4 bytes (LSH bucket numbers)
};

/// A chosen format with its settings: a plain value.
class Precision {
 public:
  Precision() = default;
  explicit Precision(const Format& format);

  /// As written by the user: "int4:group=32,zero".
  const std::string& name() const { return name_; }
  std::string display() const;
  const Format& format() const { return *format_; }
  bool valid() const { return format_ != nullptr; }

  /// Bytes of one row of `width` elements in whole blocks. What a cache takes is `cache_bytes`' to say.
  Count row_bytes(Count width) const;
  /// Elements of a block along the row, and its bytes with its scales.
  Count block() const { return block_; }
  Count block_bytes() const { return block_bytes_; }
  /// Of KIVI: bits of an element, elements that share a scale and a minimum, tokens that stay in fp16.
  Count bits() const { return bits_; }
  Count group() const { return group_; }
  Count residual() const { return residual_; }
  /// Tokens that are packed at once, so that one more may need less: KIVI's residual, else 0.
  Count packed_tokens() const { return valid() && format_->layout == Layout::kivi ? residual_ : Count{}; }

  friend bool operator==(const Precision& a, const Precision& b) { return a.name_ == b.name_; }

 private:
  friend Precision parse_precision(std::string_view, std::string_view);
  friend Count cache_bytes(const Precision&, CacheRole, Count, Count, Count);
  friend std::string storage_fault(const Precision&, CacheRole, Count);
  const Format* format_ = nullptr;
  std::string name_;
  Count block_ = 1;
  Count block_bytes_ = 0;
  Count bits_ = 2;        // kivi
  Count group_ = 32;      // kivi
  Count residual_ = 128;  // kivi
};

/// Reads NAME or NAME:key=value,… without regard to case. Settings: int4 takes `group` (128) and `zero`; kivi takes
/// `bits` (2), `group` (32), `residual` (128). Throws InputError naming `source` with a near match.
Precision parse_precision(std::string_view text, std::string_view source);

/// Key and value precision of a cache.
struct KvPrecision {
  Precision key;
  Precision value;
  std::string name() const { return key == value ? key.name() : key.name() + "/" + value.name(); }
  std::string display() const { return key == value ? key.display() : key.display() + "/" + value.display(); }
};

/// Reads "q8_0" or "q8_0/q4_0" (keys / values). Throws InputError.
KvPrecision parse_kv_precision(std::string_view text, std::string_view source);

/// Why rows of that role and width cannot be stored so ("it stores latents of 512 + 64 elements"), or empty when they
/// can.
std::string storage_fault(const Precision& precision, CacheRole role, Count width);

/// Bytes of `tokens` cached rows of `width` elements for each of `heads` heads in one sequence.
/// KIVI's keys depend on the number of tokens (docs/cost-model.md section 11.2), every other format is linear in it.
Count cache_bytes(const Precision& precision, CacheRole role, Count heads, Count width, Count tokens);

}  // namespace ctxcost
