#include "ctxcost/estimate/workload.h"

#include "ctxcost/core/diagnostic.h"

namespace ctxcost {
namespace {

constexpr std::string_view kNames[] = {"article", "standard", "causal"};

[[noreturn]] void fail(std::string message, std::string hint) {
  throw InputError(setting_fault("convention", std::move(message), std::move(hint)));
}

}  // namespace

std::span<const std::string_view> convention_names() { return kNames; }

Convention article_convention() { return {"article", 1, PairRule::reach}; }
Convention causal_convention() { return {"causal", 2, PairRule::exact}; }

Convention parse_convention(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  Convention convention;
  if (name == "article") {
    convention = article_convention();
  } else if (name == "standard") {
    convention = {"standard", 2, PairRule::reach};
  } else if (name == "causal") {
    convention = causal_convention();
  } else {
    std::string hint = did_you_mean(name, kNames);
    fail("unknown convention \"" + std::string(name) + "\"", hint.empty() ? "article, standard or causal" : hint);
  }
  if (colon == std::string_view::npos) return convention;

  std::string_view rest = text.substr(colon + 1);
  if (rest.empty())
    fail("expected key=value after \"" + std::string(name) + ":\"", "flops_per_mac=1|2, pairs=reach|exact");
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    if (item == "flops_per_mac=1") {
      convention.flops_per_mac = 1;
    } else if (item == "flops_per_mac=2") {
      convention.flops_per_mac = 2;
    } else if (item == "pairs=reach") {
      convention.pairs = PairRule::reach;
    } else if (item == "pairs=exact") {
      convention.pairs = PairRule::exact;
    } else {
      fail("unusable setting \"" + std::string(item) + "\"", "flops_per_mac=1|2, pairs=reach|exact");
    }
  }
  convention.name = text;
  return convention;
}

}  // namespace ctxcost
