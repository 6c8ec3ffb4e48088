#include "option_text.h"

#include <algorithm>
#include <utility>

namespace ctxcost {

OptionText option_of(const Remedy& remedy, const DeploymentSettings& settings) {
  if (remedy.setting == "beyond_window") return {"--beyond-window", ""};
  if (remedy.setting == "gpus") return {"--gpu", settings.gpu->id + ":" + remedy.value};
  std::string option = "--" + std::string(remedy.setting);
  std::replace(option.begin(), option.end(), '_', '-');
  return {std::move(option), remedy.value};
}

}  // namespace ctxcost
