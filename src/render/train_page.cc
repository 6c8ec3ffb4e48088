// What people read of `train`.
#include <utility>

#include "core/format.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/units.h"
#include "number.h"
#include "train_document.h"

namespace ctxcost {
namespace {

std::string training_work_text(const std::optional<Count>& flops) { return flops ? short_work(*flops, "FLOPs") : "–"; }

/// "12.3%"; shares of FLOPs.
std::string share_text(const TrainingWork& work) {
  const std::optional<double> share = attention_share(work);
  return share ? grouped_real(*share * 100, 1) + "%" : "–";
}

std::string caption(const TrainingAnswer& answer, UnitSystem units) {
  const Convention& convention = answer.asked.convention;
  return format(
      "{} convention: {} FLOP{} per multiply-add, {}; {} a token and active parameter, both embeddings "
      "included, and 3 x attention; {} units; {}",
      convention.name, to_string(convention.flops_per_mac), convention.flops_per_mac == 1 ? "" : "s",
      convention.pairs == PairRule::exact ? "unmasked pairs only" : "every query charged the most keys",
      to_string(3 * convention.flops_per_mac), units == UnitSystem::si ? "SI" : "IEC", answer.asked.model->name);
}

std::vector<std::string> stage_cells(const std::string& name, const std::string& context, Count tokens,
                                     const TrainingWork& work) {
  return {name,
          context,
          with_separators(tokens),
          with_separators(work.sequences),
          training_work_text(work.parameter_flops),
          training_work_text(work.attention_flops),
          share_text(work),
          training_work_text(work.flops()),
          training_work_text(work.hardware_flops())};
}

void write_stages(const TrainingAnswer& answer, TextDocument& page) {
  std::vector<TextDocument::Column> columns = {
      {.heading = "Stage", .about = {"stages", {}, "of the schedule, from 1"}},
      {.heading = "Context", .right_aligned = true, .about = {"context", "tokens", "of one sequence"}}};
  struct Ranked {
    std::string_view heading;
    unsigned rank;
    TextDocument::Column::About about;
  };
  static constexpr Ranked kRanked[] = {
      {"Tokens", 0, {"tokens", "tokens", "trained on in the stage"}},
      {"Sequences", 4, {"sequences", "sequences", "of that context, the last one shorter where tokens do not divide"}},
      {"Parameters", 2, {"training_parameter_flops", "FLOPs", "of what multiplies by parameters"}},
      {"Attention", 2, {"training_attention_flops", "FLOPs", "of scores and what they weigh"}},
      {"Share", 1, {"attention_share", {}, "of attention in these two"}},
      {"FLOPs", 0, {"training_flops", "FLOPs", "of the model: forward and backward"}},
      {"Hardware", 3, {"training_hardware_flops", "FLOPs", "those and what is computed again"}}};
  for (const auto& [heading, rank, about] : kRanked) {
    columns.push_back({.heading = std::string(heading), .right_aligned = true, .rank = rank, .about = about});
  }
  std::vector<std::vector<std::string>> rows;
  for (const TrainingStageAnswer& stage : answer.stages) {
    rows.push_back(stage_cells(to_string(Count{rows.size() + 1}), length_label(stage.stage.context), stage.stage.tokens,
                               stage.work));
  }
  if (rows.size() > 1) rows.push_back(stage_cells("total", "", answer.tokens, answer.total));
  page.table(std::move(columns), rows);
}

void write_comparison(const TrainingAnswer& answer, const TrainingAlternative& other, std::string_view what,
                      TextDocument& page) {
  const std::optional<Count> flops = answer.total.flops();
  if (!flops || !other.flops) return;
  page.item(format("{} {}: {}, of which this is {}", what, length_label(other.context),
                   short_work(*other.flops, "FLOPs"), short_ratio(*flops, *other.flops)));
}

/// "8 x h100-sxm-80gb (tp=8)"
std::string training_place(const TrainingQuestion& asked) {
  const Count devices = asked.placement.parallelism.devices();
  std::string text = to_string(devices);
  text += asked.gpu ? " x " + asked.gpu->id : devices == 1 ? " device" : " devices";
  if (devices > 1) text += format(" ({})", asked.placement.parallelism.name());
  return text;
}

void write_hours(const TrainingAnswer& answer, TextDocument& page) {
  if (!answer.device_hours) return;
  const TrainingQuestion& asked = answer.asked;
  std::string line = format("{}{} device-hours of {}", asked.mfu ? "" : "at least ",
                            grouped_real(*answer.device_hours, 1), asked.gpu->id);
  if (asked.placement.parallelism.devices() > 1) {
    line += format(", {} hours on {}", grouped_real(*answer.hours, 1), training_place(asked));
  }
  if (answer.usd) line += format("; {} USD", grouped_real(*answer.usd, 2));
  if (answer.joules) line += format("; {} kWh", grouped_real(*answer.joules / 3.6e6, 1));
  page.item(line);
}

void write_training_memory(const TrainingAnswer& answer, UnitSystem units, TextDocument& page) {
  const TrainingDevice& device = answer.devices[answer.largest];
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](const char* name, const std::optional<Count>& bytes) {
    rows.push_back({name, bytes ? short_bytes(*bytes, units) : "–", bytes ? with_separators(*bytes) : "–"});
  };
  row("weights", device.weights);
  row("gradients", device.gradients);
  row("optimizer", device.optimizer);
  row("activations", device.activations);
  row("logits", device.logits);
  row("logits' gradient", device.logits_gradient);
  row("device", device.bytes());
  page.table({{.heading = "Memory", .about = {"devices", {}, "a part of what the fullest device holds"}},
              {.heading = "Size", .right_aligned = true, .about = {"device_bytes", {}, "rounded"}},
              {.heading = "Bytes", .right_aligned = true, .about = {"device_bytes", "bytes", "exactly"}}},
             rows);
}

std::string training_verdict(const TrainingAnswer& answer, UnitSystem units) {
  std::string text =
      format("{}: {}, {} tokens x {} on {}: {} of {} a device", answer.verdict(), answer.asked.model->name,
             with_separators(answer.context), with_separators(answer.asked.batch), training_place(answer.asked),
             short_bytes(*answer.device_bytes(), units), short_bytes(*answer.capacity, units));
  const MetricValue headroom = answer.headroom();
  if (const Negative* missing = std::get_if<Negative>(&headroom)) {
    return text + format(", {} missing", short_bytes(missing->magnitude, units));
  }
  return text + format(", {} free", short_bytes(std::get<Count>(headroom), units));
}

}  // namespace

void write_training(const TrainingAnswer& answer, const RenderOptions& options, TextDocument& page) {
  const bool judged = !answer.verdict().empty();
  if (judged) {
    page.line(training_verdict(answer, options.units), Accent::strong);
    page.blank();
  }
  if (!options.quiet) {
    page.line(caption(answer, options.units));
    page.blank();
  }
  write_stages(answer, page);
  if (options.quiet) return;
  if (answer.total.flops()) page.blank();
  write_comparison(answer, answer.baseline, "all tokens at", page);
  write_comparison(answer, answer.from_start, "all tokens from the start at", page);
  write_hours(answer, page);
  page.blank();
  if (!judged) {
    page.line(format("{} tokens x {} on {}:", with_separators(answer.context), with_separators(answer.asked.batch),
                     training_place(answer.asked)));
    page.blank();
  }
  write_training_memory(answer, options.units, page);
  bool blank = true;
  for (const std::string& note : notes(answer)) {
    if (blank) page.blank();
    blank = false;
    page.item("note: " + note);
  }
}

}  // namespace ctxcost
