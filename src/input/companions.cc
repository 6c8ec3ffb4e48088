#include "ctxcost/input/companions.h"

#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/tensor_file.h"

namespace ctxcost {
namespace {

/// A projector alone is no language model: the bytes of its file are in the header.
Count projector_bytes(const std::string& path, const LoadOptions& options) {
  if (path.ends_with(".gguf")) return read_gguf(path).tensor_bytes();
  if (path.ends_with(".safetensors")) return read_safetensors(path).tensor_bytes();
  const Estimator estimator(load_model(path, options), {});
  const std::optional<Count> bytes = estimator.at(1, 1).count(Metric::weights_bytes);
  if (!bytes) throw InputError(Diagnostic{path, "", "its weights are not known", "name a .gguf or .safetensors file"});
  return *bytes;
}

}  // namespace

Companions load_companions(const EngineChoice& choice, const LoadOptions& options,
                           const std::function<std::string(const std::string&)>& path_of) {
  Companions companions;
  for (const EngineSetting& setting : choice.engine->settings) {
    const bool draft = setting.form == SettingForm::draft_model;
    if (!(draft || setting.form == SettingForm::projector) || !choice.given(setting.name)) continue;
    const std::string name(choice.word(setting.name));
    const std::string path = find_in_catalogue(name) == nullptr ? path_of(name) : name;
    if (draft) {
      companions.draft = load_model(path, options);
    } else {
      companions.projector = projector_bytes(path, options);
    }
  }
  return companions;
}

void set_draft(Companions& companions, SharedModel draft) {
  if (companions.draft) {
    throw InputError(setting_fault("draft", "the engine's settings name a draft, too", "keep one of them"));
  }
  companions.draft = std::move(draft);
  companions.draft_asked = true;
}

}  // namespace ctxcost
