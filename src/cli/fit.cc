// ctxcost fit: whether models fit their devices, part by part, and how fast they can be there.
#include <algorithm>
#include <charconv>
#include <functional>

#include "command.h"
#include "complaints.h"
#include "counting.h"
#include "ctxcost/answer/fit.h"
#include "ctxcost/core/units.h"
#include "deployment_document.h"
#include "deployment_options.h"
#include "listing.h"
#include "render/text_document.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr std::string_view kExamples =
    "  ctxcost fit llama-3.1-8b --gpu h100-sxm-80gb -n 32K -b 8\n"
    "  ctxcost fit llama-3.1-8b -n 128K -b 8 --gpu l4-24gb:4,l4-24gb:8 --weights fp8\n"
    "  ctxcost fit llama-3.1-8b --engine vllm --kv-memory 4.06GiB -n 20k\n";

std::string part_name(std::string_view limit) {
  if (limit == "kv_cache") return "KV cache";
  if (limit == "positions") return "the position table";
  if (limit == "window") return "the model's window";
  if (limit == "engine") return "the engine";
  return std::string(limit);
}

std::string percent(Count part, Count whole) {
  if (whole == 0) return "–";
  const Count tenths = (part * 2000 + whole) / (2 * whole);
  return to_string(tenths / 10) + "." + to_string(tenths % 10) + "%";
}

std::string signed_bytes(const MetricValue& value, UnitSystem units) {
  if (const Negative* missing = std::get_if<Negative>(&value)) return "-" + short_bytes(missing->magnitude, units);
  if (const Count* bytes = std::get_if<Count>(&value)) return short_bytes(*bytes, units);
  return "–";
}

std::string real_text(const MetricValue& value, const std::function<std::string(double)>& format) {
  const double* real = std::get_if<double>(&value);
  return real == nullptr ? "–" : format(*real);
}

/// To one decimal, half up.
std::string one_decimal(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, 1).ptr;
  return {buffer, end};
}

std::string verdict_line(const Fit& fit, UnitSystem units) {
  const Deployment& deployment = *fit.deployment;
  const Model& model = *deployment.setup().model;
  std::string text = std::string(fit.estimate.verdict()) + ": ";
  text += model.name + ", " + with_separators(fit.context) + " tokens x " + with_separators(fit.batch) + " on " +
          place_text(deployment) + ": ";
  const auto bytes = fit.estimate.count(Metric::device_bytes);
  if (fit.estimate.limit == "positions") {
    return text + "positions end at " + with_separators(*model.positions.hard_limit) + " tokens";
  }
  if (fit.estimate.limit == "window") {
    text += "the model's window ends at " + with_separators(*deployment.window()) + " tokens; ";
  }
  if (bytes && fit.estimate.capacity) {
    text += short_bytes(*bytes, units) + " of " + short_bytes(*fit.estimate.capacity, units) + " a device (" +
            percent(*bytes, *fit.estimate.capacity) + "), ";
    const MetricValue& headroom = fit.estimate[Metric::headroom_bytes];
    const Negative* missing = std::get_if<Negative>(&headroom);
    text += missing == nullptr ? short_bytes(std::get<Count>(headroom), units) + " free"
                               : short_bytes(missing->magnitude, units) + " missing";
  }
  if (const auto& memory = deployment.setup().settings.kv_memory) {
    if (bytes && fit.estimate.capacity) text += "; ";
    text += short_bytes(fit.estimate.count(Metric::device_kv_bytes).value_or(0), units) + " of " +
            short_bytes(*memory, units) + " for the cache";
  }
  return text;
}

/// What would fit of a context that only the window bounds.
std::string memory_allows(const Fit& fit) {
  const auto tokens = fit.estimate.count(Metric::max_context_memory);
  if (!tokens) return "memory alone would allow any context";
  return "memory alone would allow " + with_separators(*tokens) + " tokens";
}

/// A device, part by part.
void write_parts(const Fit& fit, const DeviceMemory& device, UnitSystem units, Writer& out) {
  const Count scale = fit.estimate.capacity.value_or(device.bytes().value_or(1));
  const std::pair<const char*, std::optional<Count>> parts[] = {{"weights", device.weights},
                                                                {"KV cache", device.kv_reserved},
                                                                {"activations", device.activations},
                                                                {"overhead", device.overhead}};
  constexpr Count kBar = 40;
  for (const auto& [name, bytes] : parts) {
    if (bytes == Count{}) continue;
    const std::string size = bytes ? short_bytes(*bytes, units) : "unknown";
    std::string line = "  " + std::string(name);
    line.resize(16, ' ');
    line.append(size.size() < 10 ? 10 - size.size() : 0, ' ');
    line += size;
    if (bytes) {
      const std::string share = percent(*bytes, scale);
      line.append(share.size() < 8 ? 8 - share.size() : 0, ' ');
      line += share + "  ";
      // Rounded up, so that no part is invisible; a part beyond the capacity ends in a mark.
      const Count length = ceil_div(*bytes * kBar, max(1, scale));
      line.append(static_cast<std::size_t>(min(length, kBar).u64()), '#');
      if (length > kBar) line += '>';
    }
    out.text(line);
    out.character('\n');
  }
}

void write_phase(std::string_view name, const std::optional<PhaseTime>& time, bool measured, std::string_view rate,
                 Writer& out) {
  if (!time) return;
  out.text(std::string(name) + (measured ? "" : "bound ") + short_seconds(time->seconds) + std::string(rate) + ", " +
           std::string(time->bound()) + "-bound (compute " + short_seconds(time->compute_seconds) + ", memory " +
           short_seconds(time->memory_seconds) + ")");
  if (time->interconnect_seconds && *time->interconnect_seconds > 0) {
    out.text("; beside it all-reduces of " + short_seconds(*time->interconnect_seconds));
  }
  out.character('\n');
}

void write_single(const Fit& fit, const RenderOptions& options, Writer& out) {
  const DeploymentEstimate& estimate = fit.estimate;
  TextDocument document(out, TextStyle::plain, options.color);
  const auto line = [&document](const std::string& text) { document.line(text); };
  document.line(verdict_line(fit, options.units), Accent::strong);
  if (options.quiet) return;
  out.character('\n');
  write_parts(fit, estimate.devices[estimate.largest], options.units, out);
  if (options.verbose) {
    for (const DeviceMemory& device : estimate.devices) {
      line("  stage " + to_string(device.stage) + ", " + to_string(device.devices) + " alike:");
      write_parts(fit, device, options.units, out);
    }
  }
  out.character('\n');

  const LargestFit& longest = fit.longest_context;
  if (!estimate.fits) {
    line("binds first: " + part_name(estimate.limit));
  } else if (longest.value) {
    line("binds first as the context grows: " + part_name(longest.limit) + ", above " +
         with_separators(*longest.value) + " tokens");
  } else {
    line("binds first as the context grows: nothing");
  }
  if (longest.limit == "window") line(memory_allows(fit));
  if (const auto batch = estimate.count(Metric::max_batch)) {
    line("largest batch at this context: " + with_separators(*batch));
  }
  if (const auto tokens = estimate.count(Metric::kv_capacity_tokens)) {
    line("KV capacity: " + with_separators(*tokens) + " tokens, " +
         real_text(estimate[Metric::max_concurrency], one_decimal) + " sequences of this length");
  }
  const DeploymentSettings& settings = fit.deployment->setup().settings;
  const bool measured = !(settings.mfu == Fraction{} && settings.mbu == Fraction{});
  write_phase("prefill: ", estimate.prefill, measured, "", out);
  const std::string rate =
      " a token, " + real_text(estimate[Metric::decode_tokens_per_second], one_decimal) + " tokens/s";
  write_phase("decode:  ", estimate.decode, measured, rate, out);
  if (const auto batch = estimate.count(Metric::critical_batch)) {
    line("decode turns compute-bound at batch " + with_separators(*batch) + ", attention left out");
  }
  if (const auto context = estimate.count(Metric::kv_equals_weights_context)) {
    line("cache traffic reaches that of the weights at " + with_separators(*context) + " tokens");
  }
  if (!estimate.fits) {
    const std::vector<Remedy> ways = remedies(fit);
    out.character('\n');
    line(ways.empty() ? "no single setting makes it fit" : "what would fit, one change at a time:");
    for (const Remedy& way : ways) line("  " + option_of(way, settings).text());
  }
  out.character('\n');
  if (settings.gpu) {
    line("times: " + std::string(measured ? "at the given mfu and mbu" : "bounds at full peak and bandwidth") + ", " +
         settings.gpu->id + " with " +
         short_work(settings.gpu->peak(fit.deployment->setup().model->activation).flops_per_s, "FLOPs") + "/s and " +
         short_bytes(settings.gpu->bandwidth_bytes_per_s, UnitSystem::si) + "/s");
  }
  for (const std::string& note : notes(fit)) line("note: " + note);
}

/// A table of alternatives, cheapest first. Exact values where a program reads it, short ones for people.
Listing alternatives(const std::vector<Fit>& fits, bool exact, UnitSystem units) {
  Listing listing{"alternatives", {}, {}};
  const auto column = [&](std::string_view key, std::string_view heading, bool always,
                          const std::function<ListingCell(const Fit&)>& cell_of) {
    const bool varies =
        std::any_of(fits.begin(), fits.end(), [&](const Fit& fit) { return cell_of(fit) != cell_of(fits.front()); });
    if (!exact && !always && !varies) return;
    listing.columns.push_back({key, heading});
    listing.rows.resize(fits.size());
    for (std::size_t i = 0; i < fits.size(); ++i) listing.rows[i].push_back(cell_of(fits[i]));
  };
  const auto text = [](std::string value) { return ListingCell(std::move(value)); };
  column("verdict", "Verdict", true, [&](const Fit& fit) { return text(std::string(fit.estimate.verdict())); });
  column("model", "Model", false, [&](const Fit& fit) { return text(fit.deployment->setup().model->name); });
  column("weights", "Weights", false,
         [&](const Fit& fit) { return text(fit.deployment->estimator().weights().name()); });
  column("kv_precision", "KV", false, [&](const Fit& fit) { return text(fit.deployment->estimator().kv().name()); });
  column("engine", "Engine", false, [&](const Fit& fit) { return text(fit.deployment->setup().engine.name); });
  column("gpu", "GPU", true, [&](const Fit& fit) {
    const auto& gpu = fit.deployment->setup().settings.gpu;
    return gpu ? text(gpu->id) : ListingCell();
  });
  column("devices", "Devices", true, [](const Fit& fit) { return ListingCell(fit.deployment->devices()); });
  column("parallel", "Split", false,
         [&](const Fit& fit) { return text(fit.deployment->setup().settings.parallelism.name()); });
  if (exact) {
    column("convention", "", true,
           [&](const Fit& fit) { return text(fit.deployment->setup().workload.convention.name); });
    column("limit", "", true, [&](const Fit& fit) { return text(std::string(fit.estimate.limit)); });
    column("bound", "", true, [&](const Fit& fit) { return text(std::string(bound_of(fit))); });
    for (const std::span<const MetricInfo> kind : {metrics(), device_metrics()}) {
      for (const MetricInfo& metric : kind) {
        column(metric.name, metric.heading, true,
               [&](const Fit& fit) { return exact_cell(fit.estimate[metric.metric]); });
      }
    }
    return listing;
  }
  column("batch", "Batch", false, [](const Fit& fit) { return ListingCell(fit.batch); });
  column("context", "Context", false, [](const Fit& fit) { return ListingCell(fit.context); });
  column("window_status", "Window", true,
         [](const Fit& fit) { return exact_cell(fit.estimate[Metric::window_status]); });
  column("device_bytes", "Per Device", true,
         [&](const Fit& fit) { return text(signed_bytes(fit.estimate[Metric::device_bytes], units)); });
  column("headroom_bytes", "Headroom", true,
         [&](const Fit& fit) { return text(signed_bytes(fit.estimate[Metric::headroom_bytes], units)); });
  column("max_context", "Max Context", true,
         [](const Fit& fit) { return exact_cell(fit.estimate[Metric::max_context]); });
  column("prefill_seconds", "Prefill", true,
         [&](const Fit& fit) { return text(real_text(fit.estimate[Metric::prefill_seconds], short_seconds)); });
  column("decode_seconds_per_token", "Decode/token", true, [&](const Fit& fit) {
    return text(real_text(fit.estimate[Metric::decode_seconds_per_token], short_seconds));
  });
  return listing;
}

/// What holds of every alternative.
void write_common_notes(const std::vector<Fit>& fits, Writer& out) {
  const std::vector<std::string> common = common_notes(fits);
  if (common.empty()) return;
  TextDocument document(out);
  document.blank();
  for (const std::string& note : common) document.line("note: " + note);
}

void write_lines(const std::vector<Fit>& fits, const RenderOptions& options, Writer& out) {
  for (const Fit& fit : fits) {
    JsonWriter json(out, JsonWriter::Layout::compact);
    json.begin_object();
    write_header(json, options);
    write_conventions(json, fit.asked.setup.workload.convention, fit.asked.setup.workload.logits, options);
    write_fit(json, fit, options);
    json.end_object();
    out.character('\n');
  }
}

void write_document(const std::vector<Fit>& fits, const RenderOptions& options, Writer& out) {
  const Workload& workload = fits.front().asked.setup.workload;
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  write_header(json, options);
  write_conventions(json, workload.convention, workload.logits, options);
  json.key("verdict");
  json.string(fits.front().estimate.verdict());
  json.key("results");
  json.begin_array();
  for (const Fit& fit : fits) {
    json.begin_object();
    write_fit(json, fit, options);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out.character('\n');
}

/// The alternatives in a format, cheapest first; at least one.
void render_fits(const std::vector<Fit>& fits, std::string_view format, const RenderOptions& options, Writer& out) {
  if (format == "json") return write_document(fits, options, out);
  if (format == "ndjson") return write_lines(fits, options, out);
  if (format == "csv") return render_listing(alternatives(fits, true, options.units), "csv", out);
  if (format == "table" && fits.size() == 1) return write_single(fits.front(), options, out);
  if (format == "table") {
    TextDocument text(out);
    text.line(verdict_line(fits.front(), options.units));
    text.blank();
  }
  render_listing(alternatives(fits, false, options.units), format, out);
  if (format == "table" && !options.quiet) write_common_notes(fits, out);
}

Status run(const Arguments& arguments) {
  static constexpr std::string_view kUnits[] = {"si", "iec"};
  RenderOptions options;
  options.command = "fit";
  options.units = arguments.choice("--units", kUnits, "si") == "iec" ? UnitSystem::iec : UnitSystem::si;
  options.quiet = arguments.has("--quiet");
  options.verbose = arguments.has("--verbose");
  const std::vector<Target> documents = targets(arguments, row_formats());

  DeploymentQuestion question = read_question("fit", arguments, arguments.words());
  const std::size_t asked = question.models.size();
  leave_out_without_context(question);
  const FitAnswer answer = fit(question);
  for (const InputError& error : answer.left_out) leave_out(error, asked);
  if (answer.alternatives.empty()) return Status::no_answer;

  deliver(documents, [&](const Target& target, const Output& output, Writer& out) {
    options.color = wants_color(arguments, output);
    render_fits(answer.alternatives, target.format, options, out);
  });
  return answer.fits() || arguments.has("--exit-zero") ? Status::answered : Status::over_budget;
}

}  // namespace

extern const Command kFit;
const Command kFit = {"fit",
                      "MODEL...",
                      "whether it fits, and how fast it can be there",
                      deployment_options(),
                      kExamples,
                      run,
                      row_formats,
                      Completion::model};

}  // namespace ctxcost::cli
