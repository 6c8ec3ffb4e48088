// One built-in entry, whole: a model, mechanism, engine, precision, gpu or metric.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/listing.h"

namespace ctxcost {

enum class EntryKind { model, mechanism, engine, precision, gpu, metric };

/// "model", "gpu", …
std::string_view name(EntryKind kind);

/// A fact of an entry.
struct EntryField {
  std::string_view name;  ///< in documents: "memory_bytes"; fields of one name stand together
  std::string item;       ///< what tells those apart: "bf16" of "peak_dense_flops"; empty where there is one
  std::string label;      ///< for people: "dense peak FLOP/s, bf16"; empty: for documents alone
  CatalogueValue value;
  std::string_view unit;            ///< of a number: "FLOP/s"
  std::vector<EntryField> members;  ///< the parts of a value in words, for documents
};

/// The answer of `show`.
struct EntryDescription {
  EntryKind kind = EntryKind::model;
  std::string name;                ///< "meta-llama/Llama-3.1-8B"
  std::vector<EntryField> fields;  ///< in the order in which they are shown
  std::string_view model_file;     ///< of a model: its catalogue file, JSON

  /// The first field of that name, or null.
  const EntryField* find(std::string_view field) const;
};

/// Finds an entry by its exact name, or a model or gpu by a name as people write it. Throws InputError that names
/// `source` where there is none.
EntryDescription describe_entry(std::string_view word, std::string_view source);

}  // namespace ctxcost
