// The words of formulas and of our own format, and the keys that hold them in a model's file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// What the model records of a word's value: "num_key_value_heads", "class default of head_dim", "= d_model / heads".
/// Empty where no key that was read is known to hold it.
std::string key_of(const Model& model, std::string_view word, Count value);

/// Returns the integers of a model's file that a name means: keys that end with it, or, where it is a word of our own
/// format ("kv_heads"), keys that hold this word, those of the first published name that was read. Keys that stand in
/// the file come before class defaults of absent ones.
std::vector<const KeyRead*> keys_named(const Model& model, std::string_view name);

/// Returns the published keys that hold a word, separated by spaces; the name itself where it is no such word.
std::string_view published_keys(std::string_view name);

/// Returns the words that `keys_named` knows.
std::vector<std::string_view> key_words();

}  // namespace ctxcost
