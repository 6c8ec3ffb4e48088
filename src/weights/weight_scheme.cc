#include "ctxcost/weights/weight_scheme.h"

#include "core/character.h"
#include "ctxcost/core/diagnostic.h"
#include "gguf_file_types.h"
#include "store.h"

namespace ctxcost {
namespace {

[[noreturn]] void fail_to_store(const Precision& precision, std::string_view source) {
  throw_fault(source, "\"" + precision.name() + "\" stores a cache, not weights", "");
}

bool names_a_format(const std::string& name) {
  for (const Format& format : formats()) {
    if (format.name == name || (" " + std::string(format.aliases) + " ").find(" " + name + " ") != std::string::npos) {
      return true;
    }
  }
  return false;
}

/// A file type is written in capitals, as in llama.cpp. If no format has the same name, any case is accepted.
const GgufFileType* find_file_type(std::string_view word) {
  const std::string name = lower_case(word);
  for (const std::string_view prefix : {std::string_view("mostly_"), std::string_view("all_")}) {
    if (name.starts_with(prefix)) return find_gguf_file_type(std::string_view(name).substr(prefix.size()));
  }
  const GgufFileType* type = find_gguf_file_type(name);
  return type == nullptr || word == type->name || !names_a_format(name) ? type : nullptr;
}

}  // namespace

WeightScheme::WeightScheme(const Precision& uniform)
    : kind_(Kind::uniform), uniform_(uniform), name_(uniform.name()), display_(uniform.display()) {
  if (!uniform.format().weights) fail_to_store(uniform, "weights");
}

std::string WeightScheme::display() const { return display_; }

WeightScheme WeightScheme::resolved(const Model& model) const {
  if (kind_ != Kind::model) return *this;
  if (model.files) {
    WeightScheme scheme;
    scheme.kind_ = Kind::files;
    scheme.name_ = scheme.display_ = model.files->name;
    return scheme;
  }
  if (!model.named_weights.empty()) return parse_weight_scheme(model.named_weights, model.name);
  // A model's type is always a format, even if a file type has the same name.
  if (!model.stored) return model.weights;
  WeightScheme scheme;
  scheme.kind_ = Kind::checkpoint;
  scheme.name_ = scheme.display_ = model.stored->name;
  return scheme;
}

std::optional<std::vector<StoredTensor>> WeightScheme::store(const Model& model) const {
  if (!model.embedding_known) return std::nullopt;
  switch (kind_) {
    case Kind::model: return resolved(model).store(model);
    case Kind::uniform: return store_uniformly(model, uniform_);
    case Kind::checkpoint: return store_as_checkpoint(model);
    case Kind::files: return store_as_files(model);
    case Kind::gguf: return store_as_gguf(model, *file_type_, mxfp4_experts_);
  }
  return std::nullopt;
}

bool WeightScheme::for_each_stored(const Model& model, const std::function<void(const StoredTensor&)>& visit) const {
  if (kind_ == Kind::uniform && model.embedding_known) return visit_uniformly(model, uniform_, visit);
  const std::optional<std::vector<StoredTensor>> all = store(model);
  if (!all) return false;
  for (const StoredTensor& stored : *all) visit(stored);
  return true;
}

WeightScheme parse_weight_scheme(std::string_view text, std::string_view source) {
  const std::size_t colon = text.find(':');
  const GgufFileType* file_type = find_file_type(text.substr(0, colon));
  if (file_type == nullptr) {
    try {
      const Precision precision = parse_precision(text, source);
      if (!precision.format().weights) fail_to_store(precision, source);
      return precision;
    } catch (const InputError& error) {
      // A misspelt file type gets a hint, too.
      const std::string hint = did_you_mean(text.substr(0, colon), gguf_file_type_names());
      Diagnostic diagnostic = error.diagnostics().front();
      if (!hint.empty() && diagnostic.hint.find("did you mean") == std::string::npos) diagnostic.hint = hint;
      throw InputError(std::move(diagnostic));
    }
  }
  WeightScheme scheme;
  scheme.kind_ = WeightScheme::Kind::gguf;
  scheme.file_type_ = file_type;
  if (colon != std::string_view::npos) {
    const std::string setting = lower_case(text.substr(colon + 1));
    if (setting != "experts=mxfp4") {
      throw_fault(source,
                  std::string(file_type->name) + ": unusable setting \"" + std::string(text.substr(colon + 1)) + "\"",
                  "a file type takes experts=mxfp4");
    }
    scheme.mxfp4_experts_ = true;
  }
  scheme.name_ = std::string(file_type->name) + (scheme.mxfp4_experts_ ? ":experts=mxfp4" : "");
  scheme.display_ = std::string(file_type->name) + (scheme.mxfp4_experts_ ? " with MXFP4 experts" : "");
  return scheme;
}

WeightScheme as_file_type(const WeightScheme& weights) {
  const std::string_view name = weights.name();
  // The plain types have other names as formats.
  for (const auto& [format, type] : {std::pair("fp32", "F32"), std::pair("fp16", "F16"), std::pair("bf16", "BF16")}) {
    if (name == format) return parse_weight_scheme(type, "weights");
  }
  if (const GgufFileType* type = find_gguf_file_type(name)) return parse_weight_scheme(type->name, "weights");
  return weights;
}

std::vector<std::string_view> gguf_file_type_names() {
  std::vector<std::string_view> names;
  for (const GgufFileType& type : gguf_file_types()) names.push_back(type.name);
  return names;
}

}  // namespace ctxcost
