// The keys of a file format as a table: the reader takes names, ranges and choices from it, and the JSON Schema is
// built from it, so that the two cannot diverge.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ctxcost {

/// The type of a key's value.
enum class ValueType {
  count,         ///< an integer within `minimum` and `maximum`
  flag,          ///< true or false
  flag_or_word,  ///< those, or the one word of `choices`
  choice,        ///< one of `choices` or `words`
  text,
  texts,         ///< a string or a list of strings
  decimal,       ///< a positive number
  fraction,      ///< a number above 0 and at most 1
  fractions,     ///< such a number, or several as text: "0.9+0.8"
  ratio,         ///< such a number, or two integers as text: "2/3"
  length,        ///< a positive integer or a length such as "32K"
  lengths,       ///< a list of those, or of ranges such as "1K..1M"
  requests,      ///< "4K:32K", the path of a list of `members`, or the list
  size,          ///< an integer of bytes or a size such as "2GiB"
  bandwidth,     ///< an integer of bytes a second or a rate such as "400 GB/s"
  peak,          ///< an integer of FLOP/s or a rate such as "312 TFLOP/s"
  margin,        ///< such a size, or a percentage such as "5%"
  precision,     ///< a type that stores weights
  kv_precision,  ///< a type that stores a cache, or keys/values
  weights,       ///< a type or a GGUF file type
  engine,
  convention,
  mechanisms,  ///< a mechanism or a list of them
  object,      ///< with `members`
  objects,     ///< a list of at least one object with `members`
  limits,      ///< an object of metrics, each with limits
  any,         ///< a remark that is not read
};

struct FileKey;

/// What a value must fulfil.
struct ValueRules {
  bool required = false;
  bool nullable = false;                                   ///< null says that it is not known, or that there is none
  std::uint64_t minimum = 1;                               ///< of a count or size
  std::uint64_t maximum = 0;                               ///< of a count; 0 = none
  std::string_view choices = {};                           ///< separated by '|'
  std::span<const std::string_view> (*words)() = nullptr;  ///< choices that are listed elsewhere
  std::span<const FileKey> members = {};
};

struct FileKey {
  std::string_view name;
  ValueType type;
  std::string_view meaning;
  std::string_view fallback = {};  ///< in words, where a key may be left out
  ValueRules rules = {};
};

}  // namespace ctxcost
