#include "train_document.h"

namespace ctxcost {
namespace {

constexpr std::string_view kOptimizerWords[] = {"adam", "adam-fp32-grads"};

std::string_view recompute_word(const TrainingMethod& method) {
  return kRecomputeNames[static_cast<std::size_t>(method.recompute)];
}

using TrainHeadField = FieldsOf<TrainDocument::Head>;
constexpr Field kTrainOfHead[] = {
    TrainHeadField::record("conventions", kConventionsFields, "how the numbers were counted",
                           [](const TrainDocument::Head& head) { return &head.conventions; })
        .in_each_line(),
    TrainHeadField::word("verdict", kFitVerdicts, "whether the largest device holds its part; null without a GPU",
                         [](const TrainDocument::Head& head) { return words_or_null(head.verdict); })
        .or_null(),
};
constexpr FieldTable kTrainHeadFields{"train", kTrainOfHead};

using TrainStageField = FieldsOf<TrainingStageAnswer>;
constexpr Field kOfTrainStage[] = {
    TrainStageField::count("context", "tokens of a sequence",
                           [](const TrainingStageAnswer& s) { return s.stage.context; }),
    TrainStageField::count("tokens", "tokens trained at that context",
                           [](const TrainingStageAnswer& s) { return s.stage.tokens; }),
    TrainStageField::count("sequences", "sequences, including a shorter last one",
                           [](const TrainingStageAnswer& s) { return s.work.sequences; }),
    TrainStageField::count("last_sequence_tokens", "tokens of the shorter last sequence; 0 if all are whole",
                           [](const TrainingStageAnswer& s) { return s.work.last_sequence; }),
    TrainStageField::count("training_parameter_flops",
                           "6 FLOPs per token and active parameter, both embeddings included",
                           [](const TrainingStageAnswer& s) { return s.work.parameter_flops; }),
    TrainStageField::count("training_attention_flops", "three times the attention of a forward pass",
                           [](const TrainingStageAnswer& s) { return s.work.attention_flops; }),
    TrainStageField::count("training_flops", "the model's FLOPs: parameters and attention",
                           [](const TrainingStageAnswer& s) { return s.work.flops(); }),
    TrainStageField::count("training_hardware_flops",
                           "the model's FLOPs and those that the backward pass computes again",
                           [](const TrainingStageAnswer& s) { return s.work.hardware_flops(); }),
    TrainStageField::real("attention_share", "attention's share of the model's FLOPs, from 0 to 1",
                          [](const TrainingStageAnswer& s) { return to_value(attention_share(s.work)); })
        .or_null(),
    TrainStageField::real("device_hours", "hours of one device at the model's FLOPs",
                          [](const TrainingStageAnswer& s) { return to_value(s.device_hours); })
        .or_null(),
};
constexpr FieldTable kTrainStageFields{"train_stage", kOfTrainStage};

/// All tokens at one context, beside the schedule.
struct ComparedTraining {
  const TrainingAlternative* other;
  std::optional<Count> flops;  // of the schedule
};

using ComparedField = FieldsOf<ComparedTraining>;
constexpr Field kOfCompared[] = {
    ComparedField::count("context", "the context at which all tokens would be trained",
                         [](const ComparedTraining& c) { return c.other->context; }),
    ComparedField::count("training_flops", "the model's FLOPs at that context",
                         [](const ComparedTraining& c) { return c.other->flops; }),
    ComparedField::real("ratio", "the schedule's FLOPs over these",
                        [](const ComparedTraining& c) { return to_value(known_ratio(c.flops, c.other->flops)); })
        .or_null(),
};
constexpr FieldTable kComparedFields{"train_comparison", kOfCompared};

using TrainDeviceField = FieldsOf<TrainingDevice>;
constexpr Field kOfTrainDevice[] = {
    TrainDeviceField::count("stage", "pipeline stage, from 0", [](const TrainingDevice& d) { return d.stage; }),
    TrainDeviceField::count("count", "number of devices with this memory",
                            [](const TrainingDevice& d) { return d.devices; }),
    TrainDeviceField::count("parameters", "parameters that the device holds",
                            [](const TrainingDevice& d) { return d.parameters; }),
    TrainDeviceField::count("weights_bytes", "2 bytes per parameter",
                            [](const TrainingDevice& d) { return d.weights; }),
    TrainDeviceField::count("gradient_bytes", "2 or 4 bytes per parameter",
                            [](const TrainingDevice& d) { return d.gradients; }),
    TrainDeviceField::count("optimizer_bytes", "12 bytes per parameter: a master copy and two moments",
                            [](const TrainingDevice& d) { return d.optimizer; }),
    TrainDeviceField::count("activation_bytes", "activations kept for the backward pass",
                            [](const TrainingDevice& d) { return d.activations; }),
    TrainDeviceField::count("logits_bytes", "logits in fp32", [](const TrainingDevice& d) { return d.logits; }),
    TrainDeviceField::count("logits_gradient_bytes", "gradient of the logits, as large as they are",
                            [](const TrainingDevice& d) { return d.logits_gradient; }),
    TrainDeviceField::count("device_bytes", "sum of the parts", [](const TrainingDevice& d) { return d.bytes(); }),
};
constexpr FieldTable kTrainDeviceFields{"train_device", kOfTrainDevice};

using MethodField = FieldsOf<TrainingAnswer>;
constexpr Field kOfTrainMethod[] = {
    MethodField::word("recompute", kRecomputeNames, "what the backward pass computes again",
                      [](const TrainingAnswer& a) { return recompute_word(a.asked.method); }),
    MethodField::flag("flash", "fused attention", [](const TrainingAnswer& a) { return a.asked.method.flash; }),
    MethodField::flag("dropout", "dropout, whose masks are kept",
                      [](const TrainingAnswer& a) { return a.asked.method.dropout; }),
    MethodField::word("optimizer", kOptimizerWords, "with bytes of state for each parameter",
                      [](const TrainingAnswer& a) { return optimizer_name(a.asked.placement); }),
    MethodField::count("zero", "ZeRO's stage", [](const TrainingAnswer& a) { return a.asked.placement.zero_stage; }),
    MethodField::text("parallel", "parallel degrees: tp=8,dp=8",
                      [](const TrainingAnswer& a) { return a.asked.placement.parallelism.name(); }),
    MethodField::flag("sequence_parallel",
                      "tensor-parallel devices share the activations between their parts of a layer",
                      [](const TrainingAnswer& a) {
                        const TrainingPlacement& placement = a.asked.placement;
                        return placement.sequence_parallel && placement.parallelism.tensor > 1;
                      }),
    MethodField::count("batch", "sequences of a micro-batch", [](const TrainingAnswer& a) { return a.asked.batch; }),
    MethodField::real("mfu", "share of the peak; null if times are a bound",
                      [](const TrainingAnswer& a) { return a.asked.mfu ? Value(a.asked.mfu->value()) : Value(); })
        .or_null(),
    MethodField::real("usd_per_device_hour", "price as given",
                      [](const TrainingAnswer& a) { return to_value(a.asked.usd_per_hour); })
        .or_null(),
    MethodField::real("device_watts", "power as given, else the board's",
                      [](const TrainingAnswer& a) { return to_value(a.watts); })
        .or_null(),
};
constexpr FieldTable kTrainMethodFields{"train_method", kOfTrainMethod};

/// The answer with what its record is made of.
struct TrainResult {
  const TrainingAnswer* answer;
  ComparedTraining baseline, from_start;
  std::vector<std::string> notes;
};

using TrainField = FieldsOf<TrainResult>;
constexpr Field kOfTrainResult[] = {
    TrainField::record("model", kModelFields, "what is trained",
                       [](const TrainResult& r) { return &*r.answer->asked.model; }),
    TrainField::count("context", "context of the longest stage",
                      [](const TrainResult& r) { return r.answer->context; }),
    TrainField::count("tokens", "sum over all stages", [](const TrainResult& r) { return r.answer->tokens; }),
    TrainField::count("sequences", "sum over all stages",
                      [](const TrainResult& r) { return r.answer->total.sequences; }),
    TrainField::count("training_parameter_flops", "6 FLOPs per token and active parameter, both embeddings included",
                      [](const TrainResult& r) { return r.answer->total.parameter_flops; }),
    TrainField::count("training_attention_flops", "three times the attention of a forward pass",
                      [](const TrainResult& r) { return r.answer->total.attention_flops; }),
    TrainField::count("training_flops", "the model's FLOPs: parameters and attention",
                      [](const TrainResult& r) { return r.answer->total.flops(); }),
    TrainField::count("training_hardware_flops", "the model's FLOPs and those that the backward pass computes again",
                      [](const TrainResult& r) { return r.answer->total.hardware_flops(); }),
    TrainField::real("attention_share", "attention's share of the model's FLOPs, from 0 to 1",
                     [](const TrainResult& r) { return to_value(attention_share(r.answer->total)); })
        .or_null(),
    TrainField::records("stages", kTrainStageFields, "in their order",
                        [](const TrainResult& r, const auto& visit) {
                          for (const TrainingStageAnswer& stage : r.answer->stages) visit(stage);
                        }),
    TrainField::record("baseline", kComparedFields, "all tokens at a short context",
                       [](const TrainResult& r) { return &r.baseline; }),
    TrainField::record("from_start", kComparedFields, "all tokens at the last stage's context",
                       [](const TrainResult& r) { return &r.from_start; }),
    TrainField::record("method", kTrainMethodFields, "how and on what it is trained",
                       [](const TrainResult& r) { return r.answer; }),
    TrainField::text("gpu", "name of the GPU",
                     [](const TrainResult& r) {
                       const auto& gpu = r.answer->asked.gpu;
                       return gpu ? words_or_null(gpu->id) : Value();
                     })
        .or_null(),
    TrainField::count("gpus", "number of devices",
                      [](const TrainResult& r) { return r.answer->asked.placement.parallelism.devices(); }),
    TrainField::real("device_hours", "hours of one device for all stages",
                     [](const TrainResult& r) { return to_value(r.answer->device_hours); })
        .or_null(),
    TrainField::real("hours", "hours on all devices together",
                     [](const TrainResult& r) { return to_value(r.answer->hours); })
        .or_null(),
    TrainField::real("usd", "cost at the price per device-hour",
                     [](const TrainResult& r) { return to_value(r.answer->usd); })
        .or_null(),
    TrainField::real("joules", "energy of the devices at their power",
                     [](const TrainResult& r) { return to_value(r.answer->joules); })
        .or_null(),
    TrainField::records("devices", kTrainDeviceFields, "memory of every kind of device",
                        [](const TrainResult& r, const auto& visit) {
                          for (const TrainingDevice& device : r.answer->devices) visit(device);
                        }),
    TrainField::count("device_bytes", "bytes on the largest device",
                      [](const TrainResult& r) { return r.answer->device_bytes(); }),
    TrainField::count("total_bytes", "bytes on all devices",
                      [](const TrainResult& r) { return r.answer->total_bytes; }),
    TrainField::count("capacity_bytes", "usable bytes of each device",
                      [](const TrainResult& r) { return r.answer->capacity; }),
    TrainField::scalar(Field::Type::integer, "headroom_bytes", "usable bytes that stay free",
                       [](const TrainResult& r) { return to_value(r.answer->headroom()); })
        .or_null(),
    TrainField::texts("notes", "assumptions behind the numbers",
                      [](const TrainResult& r, const auto& visit) {
                        for (const std::string& note : r.notes) visit(note);
                      }),
};
constexpr FieldTable kTrainResultFields{"train_result", kOfTrainResult};

/// A line of CSV: a stage, or all of them.
struct TrainLine {
  const TrainingAnswer* answer;
  std::size_t index;  // of a stage; beyond the last: the total

  const TrainingStageAnswer* stage() const { return index < answer->stages.size() ? &answer->stages[index] : nullptr; }
  const TrainingWork& work() const { return stage() == nullptr ? answer->total : stage()->work; }
};

using TrainCell = FieldsOf<TrainLine>;
constexpr Field kTrainCells[] = {
    TrainCell::text("model", "", [](const TrainLine& l) -> std::string_view { return l.answer->asked.model->name; }),
    TrainCell::text("convention", "",
                    [](const TrainLine& l) -> std::string_view { return l.answer->asked.convention.name; }),
    TrainCell::text(
        "stage", "",
        [](const TrainLine& l) { return l.stage() == nullptr ? std::string("total") : to_string(Count{l.index + 1}); }),
    TrainCell::count(
        "context", "",
        [](const TrainLine& l) { return l.stage() == nullptr ? std::optional<Count>() : l.stage()->stage.context; }),
    TrainCell::count(
        "tokens", "",
        [](const TrainLine& l) { return l.stage() == nullptr ? l.answer->tokens : l.stage()->stage.tokens; }),
    TrainCell::count("sequences", "", [](const TrainLine& l) { return l.work().sequences; }),
    TrainCell::count("training_parameter_flops", "", [](const TrainLine& l) { return l.work().parameter_flops; }),
    TrainCell::count("training_attention_flops", "", [](const TrainLine& l) { return l.work().attention_flops; }),
    TrainCell::count("training_flops", "", [](const TrainLine& l) { return l.work().flops(); }),
    TrainCell::count("training_hardware_flops", "", [](const TrainLine& l) { return l.work().hardware_flops(); }),
    TrainCell::real("attention_share", "", [](const TrainLine& l) { return to_value(attention_share(l.work())); }),
    TrainCell::real("device_hours", "",
                    [](const TrainLine& l) {
                      return to_value(l.stage() == nullptr ? l.answer->device_hours : l.stage()->device_hours);
                    }),
    TrainCell::real("usd", "",
                    [](const TrainLine& l) { return l.stage() == nullptr ? to_value(l.answer->usd) : Value(); }),
    TrainCell::real("joules", "",
                    [](const TrainLine& l) { return l.stage() == nullptr ? to_value(l.answer->joules) : Value(); }),
    TrainCell::count(
        "device_bytes", "",
        [](const TrainLine& l) { return l.stage() == nullptr ? l.answer->device_bytes() : std::optional<Count>(); }),
    TrainCell::text(
        "verdict", "",
        [](const TrainLine& l) { return l.stage() == nullptr ? words_or_null(l.answer->verdict()) : Value(); }),
};

}  // namespace

const DocumentShape kTrainShape = {.command = "train",
                                   .parts = Part::records | Part::cells | Part::page,
                                   .head = &kTrainHeadFields,
                                   .rows = "results",
                                   .row = &kTrainResultFields};

std::string_view optimizer_name(const TrainingPlacement& placement) {
  return kOptimizerWords[placement.fp32_gradients ? 1 : 0];
}

TrainDocument::TrainDocument(const TrainingAnswer& answer, const RenderOptions& options)
    : answer_(&answer),
      options_(&options),
      head_{conventions_of(answer.asked.convention, Logits::all, options.units), answer.verdict()} {}

Record TrainDocument::head() const { return {&kTrainHeadFields, &head_}; }

void TrainDocument::for_each_row(const RecordVisitor& visit) const {
  const std::optional<Count> flops = answer_->total.flops();
  const TrainResult result{answer_, {&answer_->baseline, flops}, {&answer_->from_start, flops}, notes(*answer_)};
  visit({&kTrainResultFields, &result});
}

std::vector<Field> TrainDocument::columns() const { return {std::begin(kTrainCells), std::end(kTrainCells)}; }

void TrainDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for (std::size_t i = 0; i <= answer_->stages.size(); ++i) {
    const TrainLine line{answer_, i};
    visit(&line);
  }
}

void TrainDocument::write_page(TextDocument& page) const { write_training(*answer_, *options_, page); }

}  // namespace ctxcost
