// How numbers are stored: element types and block formats of weights and caches (docs/cost-model.md section 11.1).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// How the bytes of a row follow from its width.
enum class Layout {
  block,           ///< ceil(width / block) * block_bytes
  per_token_head,  ///< one byte per element and one fp32 scale per row [vllm kv_cache_interface.py]
  kivi,  ///< keys in groups along tokens, values in groups along the row, a residual in fp16 [KIVI llama_kivi.py]
  latent_record,  ///< a fixed record of 656 bytes for one latent of 512 + 64 [vllm, fp8_ds_mla]
};

/// The cards on which engines keep a cache in a format.
enum class CacheCards {
  all,    ///< all cards: 16 and 32 bits, integers, blocks that software unpacks
  fp8,    ///< cards that convert fp8: `NarrowCache::fp8` and above
  nvfp4,  ///< data-centre Blackwell
  none,   ///< a format from the literature that no listed engine implements
};

/// One row of the table of formats.
struct Format {
  std::string_view name;     ///< the name in files and options: "q8_0"
  std::string_view display;  ///< the name in headings: "Q8_0"
  std::string_view aliases;  ///< separated by spaces
  Layout layout;
  std::uint32_t block;        ///< elements of one block along the row
  std::uint32_t block_bytes;  ///< bytes of one block, scales included
  bool weights;               ///< may store weights
  bool cache;                 ///< may store a cache
  bool model_type;            ///< a type of weights and cache alike (`precision` in a model file sets both)
  CacheCards cards = CacheCards::all;
  /// The type in which kernels multiply weights of this format, as cards publish its peak: "fp8", "int8", "fp4". Empty:
  /// they unpack the weights to 16 bits and multiply in the model's type.
  std::string_view multiplied_in = {};
};

/// Returns all formats, in display order.
std::span<const Format> formats();

/// What a cached row holds. This decides which of the two KV precisions stores it, and how.
enum class CacheRole {
  key,
  value,
  latent,  ///< keys and values in one vector (MLA): stored in the key precision
  index,   ///< an indexer's keys: one byte per element and an fp32 scale, under every KV precision
  ids,     ///< integers of 4 bytes (LSH bucket numbers)
};

/// A chosen format with its settings: a plain value.
class Precision {
 public:
  Precision() = default;
  explicit Precision(const Format& format);

  /// Returns the text as the user wrote it: "int4:group=32,zero".
  const std::string& name() const { return name_; }
  std::string display() const;
  const Format& format() const { return *format_; }
  bool valid() const { return format_ != nullptr; }

  /// Returns the bytes of one row of `width` elements in whole blocks. Use `cache_bytes` for a cache.
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

/// Reads NAME or NAME:key=value,…, ignoring case. Settings: int4 and int8 take `group` (128) and `zero`, int8 alone has
/// no scales; kivi takes `bits` (2), `group` (32), `residual` (128). Throws InputError naming `source` and a near
/// match.
Precision parse_precision(std::string_view text, std::string_view source);

/// Reads a type in which cards multiply: fp32, fp16, bf16, fp8, int8, nvfp4 or mxfp4. Throws InputError naming
/// `source`.
Precision parse_activations(std::string_view text, std::string_view source);

/// Key and value precision of a cache.
struct KvPrecision {
  Precision key;
  Precision value;
  std::string name() const { return key == value ? key.name() : key.name() + "/" + value.name(); }
  std::string display() const { return key == value ? key.display() : key.display() + "/" + value.display(); }
};

/// Reads "q8_0" or "q8_0/q4_0" (keys / values). Throws InputError.
KvPrecision parse_kv_precision(std::string_view text, std::string_view source);

/// Returns why the format cannot store rows of that role and width ("it stores latents of 512 + 64 elements"). Empty if
/// it can.
std::string storage_fault(const Precision& precision, CacheRole role, Count width);

/// Returns the bytes of `tokens` cached rows of `width` elements for each of `heads` heads in one sequence. Every
/// format but KIVI's keys is linear in the number of tokens (docs/cost-model.md section 11.2).
Count cache_bytes(const Precision& precision, CacheRole role, Count heads, Count width, Count tokens);

}  // namespace ctxcost
