// The type that stores each tensor of a model: one type for all, the mixes of GGUF files, or the checkpoint's own
// types.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/precision.h"
#include "ctxcost/model/model.h"
#include "ctxcost/weights/stored_tensor.h"

namespace ctxcost {

struct GgufFileType;  // weights/gguf_file_types.h

/// The value of `--weights`.
class WeightScheme {
 public:
  /// Uses the types of the model's files: their headers, else `quantization_config`, else the model's own type.
  WeightScheme() = default;
  /// Stores every tensor in one type, in rows of whole blocks.
  WeightScheme(const Precision& uniform);  // NOLINT(google-explicit-constructor)

  /// Returns the text as read: "Q4_K_M", "int4:group=32". Empty for the types of the model's files.
  const std::string& name() const { return name_; }
  /// Returns the name in headings: "Q4_K_M".
  std::string display() const;
  bool of_model() const { return name_.empty(); }
  /// Returns whether the tensors are those of a GGUF file, in the types that llama.cpp chooses.
  bool is_file_type() const { return kind_ == Kind::gguf; }

  /// Returns this scheme or, if the model's files decide, the scheme that they imply.
  WeightScheme resolved(const Model& model) const;

  /// Returns every tensor with its type. Empty if tensors of the model are unknown. The model must outlive the result.
  /// Throws InputError if the scheme cannot store the model (a width that llama.cpp has no type for).
  std::optional<std::vector<StoredTensor>> store(const Model& model) const;
  /// Calls visit(tensor) for each of those in turn. Where all have one type, no list of them is made. Returns false if
  /// tensors of the model are unknown, though some may have been visited. Throws as `store` does.
  bool for_each_stored(const Model& model, const std::function<void(const StoredTensor&)>& visit) const;

 private:
  friend WeightScheme parse_weight_scheme(std::string_view, std::string_view);
  enum class Kind { model, uniform, checkpoint, files, gguf };
  Kind kind_ = Kind::model;
  Precision uniform_;
  const GgufFileType* file_type_ = nullptr;
  bool mxfp4_experts_ = false;
  std::string name_;
  std::string display_;
};

/// Reads the value of `--weights`, ignoring case. Names of llama.cpp's file types (Q8_0, Q4_K_M, MXFP4_MOE) mean its
/// choice of a type per tensor. For F16, BF16 and F32 this needs capitals or the names mostly_f16, mostly_bf16,
/// all_f32, because f16, bf16 and f32 are plain types. Every other name is a precision. A file type takes the setting
/// `experts=mxfp4`: routed experts stay in MXFP4 in an unquantised file (as gpt-oss is converted). Throws InputError
/// naming `source` and a near match.
WeightScheme parse_weight_scheme(std::string_view text, std::string_view source);

/// Returns the file type with the same name as a format ("q8_0", "fp16"), which engines that read GGUF files load. If
/// there is none, returns `weights` itself.
WeightScheme as_file_type(const WeightScheme& weights);

/// Returns the names of the file types that `parse_weight_scheme` reads ("Q4_K_M"), for lists and hints.
std::vector<std::string_view> gguf_file_type_names();

}  // namespace ctxcost
