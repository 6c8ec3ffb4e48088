// Which type every tensor of a model is stored in: one type for all, the mixes of GGUF files, or as the checkpoint
// says.
#pragma once

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
  /// As the model's files say: their headers, else its `quantization_config`, else its own type.
  WeightScheme() = default;
  /// Every tensor at one type, in rows of whole blocks.
  WeightScheme(const Precision& uniform);  // NOLINT(google-explicit-constructor)

  /// As it is read: "Q4_K_M", "int4:group=32"; empty for what the model's file says.
  const std::string& name() const { return name_; }
  /// In headings: "Q4_K_M".
  std::string display() const;
  bool of_model() const { return name_.empty(); }

  /// This scheme, or what it stands for where the model's file decides.
  WeightScheme resolved(const Model& model) const;

  /// Every tensor in its type; empty where tensors of the model are unknown. The model must outlive the result.
  /// Throws InputError where the scheme cannot store the model (a width that llama.cpp has no type for).
  std::optional<std::vector<StoredTensor>> store(const Model& model) const;

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

/// Reads the value of `--weights` without regard to case. Names of llama.cpp's file types (Q8_0, Q4_K_M, MXFP4_MOE)
/// mean its choice of a type per tensor; F16, BF16 and F32 do so only in capitals or as mostly_f16, mostly_bf16,
/// all_f32: f16, bf16 and f32 are plain types. Every other name is a precision. A file type takes `experts=mxfp4`:
/// routed experts stay in MXFP4 in an unquantised file (as gpt-oss is converted). Throws InputError naming `source`
/// with a near match.
WeightScheme parse_weight_scheme(std::string_view text, std::string_view source);

/// The file type of the same name as a format ("q8_0", "fp16"), which is what engines load that read GGUF files; else
/// `weights` itself.
WeightScheme as_file_type(const WeightScheme& weights);

/// The names of the file types that `parse_weight_scheme` reads ("Q4_K_M"), for lists and hints.
std::vector<std::string_view> gguf_file_type_names();

}  // namespace ctxcost
