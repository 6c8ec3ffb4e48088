#include "ctxcost/answer/strategy.h"

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"

namespace ctxcost {

StrategicModel apply_strategy(const SharedModel& model, std::string_view text, std::string_view source) {
  if (!text.empty() && text != "flash=on" && text != "flash=off") {
    throw InputError(Diagnostic{std::string(source), "", format("unknown strategy \"{}\"", text), ""});
  }
  return {std::string(text), model, {}, {}, text != "flash=off", {}};
}

}  // namespace ctxcost
