#include "ctxcost/deployment/fullest_device.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost {
namespace {

void refuse_companions(const EngineChoice& choice) {
  for (const EngineSetting& setting : choice.engine->settings) {
    if (setting.form != SettingForm::draft_model && setting.form != SettingForm::projector) continue;
    if (!choice.given(setting.name)) continue;
    throw InputError(setting_fault("parallel",
                                   "the bytes that " + std::string(setting.name) + " loads beside the model are not " +
                                       "among those of a split model",
                                   "`ctxcost fit` counts them"));
  }
}

class FullestShare : public DeviceShare {
 public:
  explicit FullestShare(Setup setup) : deployment_(std::move(setup)) {}

  std::string split() const override { return deployment_.setup().settings.parallelism.name(); }
  Count devices() const override { return deployment_.devices(); }

  void set(Estimate& values, MetricSet wanted) const override {
    const auto is_wanted = [wanted](Metric metric) { return wanted.has(metric); };
    if (std::none_of(std::begin(kDividedMetrics), std::end(kDividedMetrics), is_wanted)) return;
    const FullestDevice device = deployment_.fullest(*values.count(Metric::context), *values.count(Metric::batch));
    const auto put = [&](Metric metric, const std::optional<Count>& bytes) {
      if (wanted.has(metric)) values[metric] = bytes ? MetricValue(*bytes) : MetricValue();
    };
    put(Metric::kv_cache_bytes, device.kv_cache);
    put(Metric::state_bytes, device.state);
    put(Metric::kv_reserved_bytes, device.memory.kv_reserved);
    put(Metric::weights_bytes, device.memory.weights);
  }

  void set(EstimateDetails& details, Count context, Count batch) const override {
    const FullestDevice device = deployment_.fullest(context, batch);
    details.cache_parts.clear();
    details.state_parts.clear();
    details.reserved_parts.clear();
    if (device.part != nullptr) {
      EstimateDetails held = device.part->details(context, batch);
      details.cache_parts = std::move(held.cache_parts);
      details.state_parts = std::move(held.state_parts);
      details.reserved_parts = std::move(held.reserved_parts);
      details.engine_notes = std::move(held.engine_notes);
    }
    for (std::string& note : split_notes(deployment_.setup())) details.notes.push_back(std::move(note));
  }

 private:
  Deployment deployment_;
};

}  // namespace

std::shared_ptr<const DeviceShare> fullest_device(Setup setup) {
  refuse_companions(setup.engine);
  return std::make_shared<const FullestShare>(std::move(setup));
}

}  // namespace ctxcost
