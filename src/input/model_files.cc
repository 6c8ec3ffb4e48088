#include "model_files.h"

#include <dirent.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "core/character.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/precision.h"

namespace ctxcost {
namespace {

constexpr std::string_view kGgufExtension = ".gguf";

/// Returns this program's name of a type in a file: "bf16" for BF16, "fp32" for f32.
std::string type_name(const std::string& type) {
  try {
    return parse_precision(type, "").name();
  } catch (const InputError&) {
    return lower_case(type);
  }
}

/// Types by their share of the bytes, the largest first: "fp8 + bf16 + fp32".
std::string joined_types(const ModelFiles& files) {
  std::map<std::string, Count> sums;
  for (const FileTensor& tensor : files.tensors) sums[tensor.type] += tensor.bytes;
  std::vector<std::pair<std::string, Count>> sorted(sums.begin(), sums.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string joined;
  for (const auto& [type, bytes] : sorted) joined += (joined.empty() ? "" : " + ") + type;
  return joined.empty() ? "no tensors" : joined;
}

/// enum llama_ftype [llama.cpp include/llama.h].
constexpr std::pair<std::uint64_t, std::string_view> kFileTypes[] = {
    {2, "Q4_0"},     {3, "Q4_1"},    {7, "Q8_0"},     {8, "Q5_0"},    {9, "Q5_1"},    {10, "Q2_K"},
    {11, "Q3_K_S"},  {12, "Q3_K_M"}, {13, "Q3_K_L"},  {14, "Q4_K_S"}, {15, "Q4_K_M"}, {16, "Q5_K_S"},
    {17, "Q5_K_M"},  {18, "Q6_K"},   {19, "IQ2_XXS"}, {20, "IQ2_XS"}, {21, "Q2_K_S"}, {22, "IQ3_XS"},
    {23, "IQ3_XXS"}, {24, "IQ1_S"},  {25, "IQ4_NL"},  {26, "IQ3_S"},  {27, "IQ3_M"},  {28, "IQ2_S"},
    {29, "IQ2_M"},   {30, "IQ4_XS"}, {31, "IQ1_M"},   {36, "TQ1_0"},  {37, "TQ2_0"},  {38, "MXFP4_MOE"},
};

/// Returns the mix of types that a quantised GGUF names ("Q4_K_M").
std::string_view file_type(const std::vector<TensorFile>& files) {
  const GgufValue* value = files.empty() ? nullptr : files.front().find("general.file_type");
  const auto* number = value == nullptr ? nullptr : std::get_if<std::uint64_t>(value);
  for (const auto& [id, name] : kFileTypes) {
    if (number != nullptr && *number == id) return name;
  }
  return {};
}

/// Returns whether a tensor is a table of RoPE frequencies, which is no parameter (GGUF, old safetensors).
bool is_table(std::string_view name) {
  return name.starts_with("rope_freqs") || name.starts_with("rope_factors_") || name.ends_with("rotary_emb.inv_freq");
}

std::optional<Count> parameters(const Model& model) {
  if (!model.embedding_known) return std::nullopt;
  Count sum;
  for (const LayerGroup& group : model.groups) {
    const std::optional<std::vector<Tensor>> tensors = model.layer_tensors(group);
    if (!tensors) return std::nullopt;
    for (const Tensor& tensor : *tensors) sum += group.count() * tensor.elements();
  }
  for (const auto& [place, tensor] : model.tensors) sum += tensor.elements();
  return sum;
}

/// Replaces the parts that the config implies by those that the files hold.
void account_for_elements(Model& model) {
  // The number of parameters does not follow from packed integers and scales.
  const std::optional<Count> counted = parameters(model);
  if (!counted || model.stored) return;
  Count elements;
  for (const FileTensor& tensor : model.files->tensors) {
    if (!is_table(tensor.name)) elements += tensor.elements();
  }
  Count expected = *counted;
  for (const ParameterPart& part : model.parameter_parts) expected += part.elements;
  if (elements == expected) return;
  model.parameter_parts.clear();
  if (elements > *counted) {
    model.parameter_parts.push_back(
        {"other tensors of the files", elements - *counted, "the files' headers, less the counted parameters"});
  } else if (elements < *counted) {
    model.notes.push_back("the files hold " + to_string(elements) + " elements, " + to_string(*counted - elements) +
                          " fewer than the parameters that were counted");
  }
}

std::string_view part_suffix(std::string_view stem) {
  // "-00001-of-00003"
  constexpr std::size_t kLength = 15;
  if (stem.size() <= kLength) return {};
  const std::string_view tail = stem.substr(stem.size() - kLength);
  const auto digits = [&](std::size_t from) {
    return std::all_of(tail.begin() + static_cast<std::ptrdiff_t>(from),
                       tail.begin() + static_cast<std::ptrdiff_t>(from) + 5, is_digit);
  };
  const bool matches = tail[0] == '-' && digits(1) && tail.substr(6, 4) == "-of-" && digits(10);
  return matches ? tail : std::string_view{};
}

}  // namespace

void attach_files(Model& model, ModelFiles::Format format, std::vector<TensorFile> files) {
  const std::string mix(file_type(files));
  ModelFiles held;
  held.format = format;
  std::map<std::string, std::string> names;
  try {
    for (TensorFile& file : files) {
      model.notes.insert(model.notes.end(), file.notes.begin(), file.notes.end());
      for (FileTensor& tensor : file.tensors) {
        std::string& name = names[tensor.type];
        if (name.empty()) name = type_name(tensor.type);
        tensor.type = name;
        held.elements += tensor.elements();
        held.bytes += tensor.bytes;
        held.tensors.push_back(std::move(tensor));
      }
    }
    held.name = mix.empty() ? joined_types(held) : mix;
    model.files = std::move(held);
    account_for_elements(model);
  } catch (const CountOverflow&) {
    throw InputError(Diagnostic{model.origin, "", "the tensors of this model do not fit 128 bits", ""});
  }
}

std::vector<std::string> gguf_models_in(const std::string& directory) {
  std::vector<std::string> names;
  if (DIR* listing = ::opendir(directory.c_str())) {
    while (const dirent* entry = ::readdir(listing)) {
      std::string_view name = entry->d_name;
      if (!name.ends_with(kGgufExtension) || name.starts_with("mmproj")) continue;
      const std::string_view part = part_suffix(name.substr(0, name.size() - kGgufExtension.size()));
      if (part.empty() || part.starts_with("-00001-")) names.emplace_back(name);
    }
    ::closedir(listing);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace ctxcost
