#include "fit_document.h"

#include <utility>

#include "core/format.h"
#include "deployment_fields.h"
#include "option_text.h"

namespace ctxcost {
namespace {

using FitHeadField = FieldsOf<FitDocument::Head>;
constexpr Field kFitOfHead[] = {
    FitHeadField::record("conventions", kConventionsFields, "how the numbers were counted",
                         [](const FitDocument::Head& head) { return &head.conventions; })
        .in_each_line(),
    FitHeadField::word("verdict", kFitVerdicts,
                       "the verdict of the first result: the cheapest, or what takes the least",
                       [](const FitDocument::Head& head) { return head.verdict; }),
};
constexpr FieldTable kFitHeadFields{"fit", kFitOfHead};

using OptionField = FieldsOf<OptionText>;
constexpr Field kOfFix[] = {
    OptionField::text("option", "the option to change",
                      [](const OptionText& option) -> std::string_view { return option.option; }),
    OptionField::text("value", "the nearest value that fits; empty for a flag",
                      [](const OptionText& option) -> std::string_view { return option.value; }),
};
constexpr FieldTable kFixFields{"fix", kOfFix};

using StoreField = FieldsOf<KvHost>;
constexpr Field kOfKvHost[] = {
    StoreField::count("size_bytes", "of the store", [](const KvHost& h) { return h.store.bytes; }),
    StoreField::count("bandwidth_bytes_per_s", "from the store to all devices together",
                      [](const KvHost& h) { return h.store.bandwidth; }),
    StoreField::count("context_bytes", "cache and state of one context, of the whole model, in one copy",
                      [](const KvHost& h) { return h.context_bytes; }),
    StoreField::count("tokens", "that it keeps", [](const KvHost& h) { return h.tokens; }),
    StoreField::count("contexts", "of this length that it keeps whole", [](const KvHost& h) { return h.contexts; }),
    StoreField::real("load_seconds", "to bring one context back at the bandwidth",
                     [](const KvHost& h) { return to_value(h.load_seconds); })
        .or_null(),
    StoreField::real("prefill_seconds", "to prefill it again alone, at least",
                     [](const KvHost& h) { return to_value(h.prefill_seconds); })
        .or_null(),
    StoreField::count("loading_wins_from", "length from which on loading takes less than prefilling; null: none",
                      [](const KvHost& h) { return h.loading_wins_from; }),
};
constexpr FieldTable kKvHostFields{"kv_host", kOfKvHost};

/// An alternative with what its record is made of.
struct Alternative {
  const Fit* fit;
  Result result;
  std::optional<RequestsAt> requests;
};

using AlternativeField = FieldsOf<Alternative>;
constexpr Field kOfAlternative[] = {
    AlternativeField::word("verdict", kFitVerdicts, "whether it fits",
                           [](const Alternative& a) { return a.fit->estimate.verdict(); }),
    AlternativeField::word("limit", kLimits, "what does not fit",
                           [](const Alternative& a) { return words_or_null(a.fit->estimate.limit); })
        .or_null(),
    AlternativeField::word("bound", kBounds, "what ends the longest context",
                           [](const Alternative& a) { return words_or_null(bound_of(*a.fit)); })
        .or_null(),
    AlternativeField::record("gpu", kGpuFields, "the GPU",
                             [](const Alternative& a) { return with_gpu(*a.fit->deployment); })
        .or_null(),
    AlternativeField::where(
        [](const Alternative& a) { return has_unlike_cards(*a.fit->deployment); },
        AlternativeField::records(
            "cards", kCardsFields, "the cards of a machine whose cards differ, in place of the GPU",
            [](const Alternative& a, const auto& visit) { for_each_cards(*a.fit->deployment, visit); })),
    AlternativeField::text("parallel", "the degrees of parallelism",
                           [](const Alternative& a) { return a.fit->asked.setup.settings.parallelism.name(); }),
    AlternativeField::count("gpus", "the number of devices",
                            [](const Alternative& a) { return a.fit->deployment->devices(); }),
    AlternativeField::metrics(device_metrics,
                              [](const Alternative& a, Metric metric) { return &a.fit->estimate[metric]; }),
    AlternativeField::where(
        [](const Alternative& a) { return a.requests.has_value(); },
        AlternativeField::record("requests", kRequestsFields, "of several lengths or with a shared prefix",
                                 [](const Alternative& a) { return pointer_to(a.requests); })),
    AlternativeField::records("devices", kDeviceFields, "memory of every kind of device",
                              [](const Alternative& a, const auto& visit) {
                                for (const DeviceMemory& device : a.fit->estimate.devices) visit(device);
                              }),
    AlternativeField::record("host", kHostFields, "what the engine's settings keep in host memory",
                             [](const Alternative& a) { return pointer_to(a.fit->estimate.host); })
        .or_null(),
    AlternativeField::where([](const Alternative& a) { return a.fit->kv_host.has_value(); },
                            AlternativeField::record("kv_host", kKvHostFields, "what a store on the host keeps",
                                                     [](const Alternative& a) { return pointer_to(a.fit->kv_host); })),
    AlternativeField::record("prefill", kPhaseFields, "time of the prefill of all sequences",
                             [](const Alternative& a) { return pointer_to(a.fit->estimate.prefill); })
        .or_null(),
    AlternativeField::record("decode", kPhaseFields, "time of one decode step",
                             [](const Alternative& a) { return pointer_to(a.fit->estimate.decode); })
        .or_null(),
    AlternativeField::record("assumptions", kAssumptionsFields, "settings that the answer assumes",
                             [](const Alternative& a) { return a.fit->deployment.get(); }),
    AlternativeField::members_of(kResultFields, [](const Alternative& a) -> const Result& { return a.result; }),
    AlternativeField::texts("device_notes", "remarks on the devices",
                            [](const Alternative& a, const auto& visit) {
                              for (const std::string& note : device_notes(*a.fit)) visit(note);
                            }),
    AlternativeField::records("fixes", kFixFields, "single changes that would make it fit",
                              [](const Alternative& a, const auto& visit) {
                                for (const Remedy& remedy : remedies(*a.fit)) {
                                  visit(option_of(remedy, a.fit->asked.setup.settings));
                                }
                              }),
};
constexpr FieldTable kAlternativeFields{"fit_result", kOfAlternative};

using FitCell = FieldsOf<Fit>;
constexpr Field kFitCells[] = {
    FitCell::text("verdict", "", [](const Fit& fit) { return fit.estimate.verdict(); }),
    FitCell::text("model", "", [](const Fit& fit) -> std::string_view { return fit.asked.setup.model->name; }),
    FitCell::text("weights", "", [](const Fit& fit) { return fit.deployment->estimator().weights().name(); }),
    FitCell::text("kv_precision", "", [](const Fit& fit) { return fit.deployment->estimator().kv().name(); }),
    FitCell::text("engine", "", [](const Fit& fit) -> std::string_view { return fit.asked.setup.engine.name; }),
    FitCell::text("gpu", "", [](const Fit& fit) { return cards_value(fit.asked.setup.settings); }),
    FitCell::count("gpus", "", [](const Fit& fit) { return fit.deployment->devices(); }),
    FitCell::text("parallel", "", [](const Fit& fit) { return fit.asked.setup.settings.parallelism.name(); }),
    FitCell::text("convention", "",
                  [](const Fit& fit) -> std::string_view { return fit.asked.setup.workload.convention.name; }),
    FitCell::text("limit", "", [](const Fit& fit) { return fit.estimate.limit; }),
    FitCell::text("bound", "", [](const Fit& fit) { return bound_of(fit); }),
};

/// The line over several alternatives: of several contexts or batches the largest that fits, and how many do.
std::string headline(const std::vector<Fit>& fits, UnitSystem units) {
  const Fit* named = &fits.front();  // it fits, if any does
  std::size_t fitting = 0;
  bool several_points = false;
  for (const Fit& fit : fits) {
    several_points = several_points || fit.context != fits.front().context || fit.batch != fits.front().batch;
    if (!fit.estimate.fits) continue;
    ++fitting;
    // Of the same tokens the longer context; of the same point the first, which takes the least.
    const auto size = [](const Fit& one) { return std::pair(one.context * one.batch, one.context); };
    if (size(*named) < size(fit)) named = &fit;
  }
  if (fitting == 0) return format("{}; none of {} fits", verdict_line(*named, units), fits.size());
  return format("{}; {} of {} {}{}", verdict_line(*named, units), fitting, fits.size(), fitting == 1 ? "fits" : "fit",
                several_points && fitting > 1 ? ", this is the largest" : "");
}

constexpr auto kFitMetric = [](const Fit& fit, Metric metric) { return &fit.estimate[metric]; };

}  // namespace

const DocumentShape kFitShape = {.command = "fit",
                                 .parts = Part::records | Part::cells | Part::page,
                                 .head = &kFitHeadFields,
                                 .rows = "results",
                                 .row = &kAlternativeFields};

FitDocument::FitDocument(const FitAnswer& answer, const RenderOptions& options) : answer_(&answer), options_(&options) {
  const Fit& first = answer.alternatives.front();
  const Workload& workload = first.asked.setup.workload;
  head_ = {conventions_of(workload.convention, workload.logits, options.units), first.estimate.verdict()};
}

Record FitDocument::head() const { return {&kFitHeadFields, &head_}; }

void FitDocument::for_each_row(const RecordVisitor& visit) const {
  for (const Fit& fit : answer_->alternatives) {
    const GridPoint point{fit.deployment->estimator(), fit.estimate.model, fit.estimate.model};
    const std::vector<std::string> engine_notes = fit.deployment->engine_notes(fit.context, fit.batch);
    Alternative alternative{&fit, result_of(point, *options_, &engine_notes), std::nullopt};
    if (const std::optional<SequenceMix> mix = fit.deployment->mix(fit.context, fit.batch)) {
      alternative.result.details = fit.deployment->details(fit.context, fit.batch);
      alternative.requests = {fit.batch, fit.asked.setup.settings.requests.shared_prefix, mix->groups};
    }
    visit({&kAlternativeFields, &alternative});
  }
}

std::vector<Field> FitDocument::columns() const {
  std::vector<Field> fields(std::begin(kFitCells), std::end(kFitCells));
  append_metric_columns(fields, FitCell::metrics(metrics, kFitMetric));
  append_metric_columns(fields, FitCell::metrics(device_metrics, kFitMetric));
  return fields;
}

void FitDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for (const Fit& fit : answer_->alternatives) visit(&fit);
}

void FitDocument::write_page(TextDocument& page) const {
  const std::vector<Fit>& fits = answer_->alternatives;
  const auto write_table = [&] {
    write_alternatives(fits, options_->units, page);
    if (!options_->plot) return;
    page.blank();
    write_memory_bars(fits, options_->units, page);
  };
  if (page.style() == TextStyle::markdown) return write_table();
  // What its columns are is asked of a table.
  if (fits.size() == 1 && !page.settings().explain_columns) return write_fit(fits.front(), *options_, page);
  page.line(headline(fits, options_->units), Accent::strong);
  page.blank();
  write_table();
  if (options_->quiet) return;
  const std::vector<std::string> common = common_notes(fits);
  page.blank();
  page.line(memory_caption(options_->units));
  if (answer_->by_money) page.line("order: what fits, by the price of decoded tokens");
  for (const std::string& note : common) page.line("note: " + note);
}

}  // namespace ctxcost
