// From GGUF metadata to a model: the family of the architecture turns its keys into those of config.json, which are
// read as ever.
#include "gguf_model.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "header.h"
#include "input/huggingface/family.h"
#include "input/huggingface/huggingface.h"
#include "input/json/json.h"

namespace ctxcost {
namespace {

using huggingface::Family;

const Family& find_architecture(const TensorFile& file) {
  constexpr std::string_view kKey = "general.architecture";
  const GgufValue* value = file.find(kKey);
  const auto* name = value == nullptr ? nullptr : std::get_if<std::string>(value);
  if (name == nullptr) {
    throw InputError(Diagnostic{file.path, std::string(kKey), "expected the name of an architecture, found nothing",
                                "is this a model's file?"});
  }
  std::vector<std::string_view> known;
  for (const Family* family : huggingface::families()) {
    if (huggingface::lists(family->gguf_architectures, *name)) return *family;
    for (const std::string_view word : huggingface::words(family->gguf_architectures)) known.push_back(word);
  }
  std::sort(known.begin(), known.end());
  std::string hint = did_you_mean(*name, known);
  if (hint.empty()) hint = "put the model's config.json beside the file and give the directory";
  throw InputError(Diagnostic{file.path, std::string(kKey), "unknown architecture \"" + *name + "\"", std::move(hint)});
}

}  // namespace

Model model_from_gguf(const std::vector<TensorFile>& parts, const LoadOptions& options) {
  const Family& family = find_architecture(parts.front());
  gguf::Header file(parts);
  JsonDocument document;
  document.source = file.path();
  Model model;
  bool rope_known = false;  // the family says what a table of RoPE factors is
  try {
    family.read_gguf(file);
    document.root = file.take_config();
    rope_known = document.root.find("rope_parameters") != nullptr;
    model = read_huggingface(document, options);
  } catch (const CountOverflow&) {
    file.fail("", "the widths of this model do not fit 128 bits");
  } catch (const InputError& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    for (Diagnostic& diagnostic : diagnostics) diagnostic.place = file.original_place(diagnostic.place);
    throw InputError(std::move(diagnostics));
  }
  for (KeyRead& read : model.keys) {
    if (!read.absent) read.key = file.original_place("/" + read.key);
  }
  model.name = file.general("name");
  if (!file.has("nextn_predict_layers")) model.next_token_layers = 0;  // the converter left them out
  // Llama 3.1's scaling is in the file as a table, without its numbers: context_length is the extended one.
  if (!rope_known && model.positions.scaling_type.empty() && file.tensor("rope_freqs.weight") != nullptr) {
    model.positions.scaling_type = "llama3";
  }
  return model;
}

}  // namespace ctxcost
