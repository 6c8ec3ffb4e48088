// ctxcost fit: whether models fit their devices, part by part, and how fast they can be there.
#include <algorithm>
#include <charconv>
#include <functional>
#include <memory>

#include "command.h"
#include "complaints.h"
#include "counting.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/solve.h"
#include "deployment_document.h"
#include "deployment_options.h"
#include "listing.h"
#include "render/text_document.h"
#include "render/wording.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr std::string_view kExamples =
    "  ctxcost fit llama-3.1-8b --gpu h100-sxm-80gb -n 32K -b 8\n"
    "  ctxcost fit llama-3.1-8b -n 128K -b 8 --gpu l4-24gb:4,l4-24gb:8 --weights fp8\n"
    "  ctxcost fit llama-3.1-8b --engine vllm --kv-memory 4.06GiB -n 20k\n";

/// One alternative with its answer.
struct Row {
  const Case* question;
  std::shared_ptr<const Deployment> deployment;
  Count context, batch;
  DeploymentEstimate estimate;
  Parallelism fewest = {};  ///< the split of min_gpus
  LargestFit longest = {};  ///< the answer of max_context
};

std::string part_name(std::string_view limit) {
  if (limit == "kv_cache") return "KV cache";
  if (limit == "positions") return "the position table";
  if (limit == "window") return "the model's window";
  if (limit == "engine") return "the engine";
  return std::string(limit);
}

/// Where memory ends as the context grows, whether or not it fits now.
void add_limits(Row& row) {
  const LargestFit memory = max_context_memory(*row.deployment, row.batch);
  if (memory.value) row.estimate[Metric::max_context_memory] = *memory.value;
  row.longest = within_window(*row.deployment, memory);
  if (row.longest.value) row.estimate[Metric::max_context] = *row.longest.value;
  const LargestFit batch = max_batch(*row.deployment, row.context);
  if (batch.value) row.estimate[Metric::max_batch] = *batch.value;
  if (!row.deployment->setup().settings.gpu) return;
  const FewestGpus fewest = min_gpus(row.question->setup, row.context, row.batch);
  if (fewest.gpus) row.estimate[Metric::min_gpus] = *fewest.gpus;
  row.fewest = fewest.parallelism;
}

/// The nearest settings that would fit, one changed at a time.
std::vector<Fix> fixes(const Row& row) {
  std::vector<Fix> found;
  if (row.estimate.fits) return found;
  const Setup& setup = row.question->setup;
  // Of what is narrower, the widest that fits.
  const auto widest = [&](const auto& choices, const std::string& option) {
    for (const auto& choice : choices) {
      if (!choice.fits) continue;
      found.push_back({option, choice.type.name()});
      return;
    }
  };
  if (row.estimate.limit == "window" && row.deployment->holds(row.context, row.batch)) {
    found.push_back({"--beyond-window", ""});
  }
  if (row.estimate.limit != "positions" && row.estimate.limit != "window") {
    widest(kv_precision_choices(setup, row.context, row.batch), "--kv-precision");
    if (setup.settings.gpu) widest(weight_choices(setup, row.context, row.batch), "--weights");
    if (const auto devices = row.estimate.count(Metric::min_gpus); devices && setup.settings.gpu) {
      if (row.question->spread) {
        found.push_back({"--parallel", row.fewest.name()});
      } else {
        found.push_back({"--gpu", setup.settings.gpu->id + ":" + to_string(*devices)});
      }
    }
    if (const auto batch = row.estimate.count(Metric::max_batch)) found.push_back({"--batch", to_string(*batch)});
  }
  if (const auto context = row.estimate.count(Metric::max_context)) {
    found.push_back({"--context", to_string(*context)});
  }
  return found;
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

std::string verdict_line(const Row& row, UnitSystem units) {
  const Deployment& deployment = *row.deployment;
  const Model& model = *deployment.setup().model;
  std::string text = std::string(row.estimate.verdict()) + ": ";
  text += model.name + ", " + with_separators(row.context) + " tokens x " + with_separators(row.batch) + " on " +
          place_text(deployment) + ": ";
  const auto bytes = row.estimate.count(Metric::device_bytes);
  if (row.estimate.limit == "positions") {
    return text + "positions end at " + with_separators(*model.positions.hard_limit) + " tokens";
  }
  if (row.estimate.limit == "window") {
    text += "the model's window ends at " + with_separators(*deployment.window()) + " tokens; ";
  }
  if (bytes && row.estimate.capacity) {
    text += short_bytes(*bytes, units) + " of " + short_bytes(*row.estimate.capacity, units) + " a device (" +
            percent(*bytes, *row.estimate.capacity) + "), ";
    const MetricValue& headroom = row.estimate[Metric::headroom_bytes];
    const Negative* missing = std::get_if<Negative>(&headroom);
    text += missing == nullptr ? short_bytes(std::get<Count>(headroom), units) + " free"
                               : short_bytes(missing->magnitude, units) + " missing";
  }
  if (const auto& memory = deployment.setup().settings.kv_memory) {
    if (bytes && row.estimate.capacity) text += "; ";
    text += short_bytes(row.estimate.count(Metric::device_kv_bytes).value_or(0), units) + " of " +
            short_bytes(*memory, units) + " for the cache";
  }
  return text;
}

/// What would fit of a context that only the window bounds.
std::string memory_allows(const Row& row) {
  const auto tokens = row.estimate.count(Metric::max_context_memory);
  if (!tokens) return "memory alone would allow any context";
  return "memory alone would allow " + with_separators(*tokens) + " tokens";
}

/// A device, part by part.
void write_parts(const Row& row, const DeviceMemory& device, UnitSystem units, Writer& out) {
  const Count scale = row.estimate.capacity.value_or(device.bytes().value_or(1));
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

void write_single(const Row& row, const std::vector<Fix>& ways, const RenderOptions& options, Writer& out) {
  const DeploymentEstimate& estimate = row.estimate;
  TextDocument document(out, TextStyle::plain, options.color);
  const auto line = [&document](const std::string& text) { document.line(text); };
  document.line(verdict_line(row, options.units), Accent::strong);
  if (options.quiet) return;
  out.character('\n');
  write_parts(row, estimate.devices[estimate.largest], options.units, out);
  if (options.verbose) {
    for (const DeviceMemory& device : estimate.devices) {
      line("  stage " + to_string(device.stage) + ", " + to_string(device.devices) + " alike:");
      write_parts(row, device, options.units, out);
    }
  }
  out.character('\n');

  const LargestFit& longest = row.longest;
  if (!estimate.fits) {
    line("binds first: " + part_name(estimate.limit));
  } else if (longest.value) {
    line("binds first as the context grows: " + part_name(longest.limit) + ", above " +
         with_separators(*longest.value) + " tokens");
  } else {
    line("binds first as the context grows: nothing");
  }
  if (longest.limit == "window") line(memory_allows(row));
  if (const auto batch = estimate.count(Metric::max_batch)) {
    line("largest batch at this context: " + with_separators(*batch));
  }
  if (const auto tokens = estimate.count(Metric::kv_capacity_tokens)) {
    line("KV capacity: " + with_separators(*tokens) + " tokens, " +
         real_text(estimate[Metric::max_concurrency], one_decimal) + " sequences of this length");
  }
  const DeploymentSettings& settings = row.deployment->setup().settings;
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
    out.character('\n');
    line(ways.empty() ? "no single setting makes it fit" : "what would fit, one change at a time:");
    for (const Fix& way : ways) line("  " + way.text());
  }
  out.character('\n');
  if (settings.gpu) {
    line("times: " + std::string(measured ? "at the given mfu and mbu" : "bounds at full peak and bandwidth") + ", " +
         settings.gpu->id + " with " +
         short_work(settings.gpu->peak(row.deployment->setup().model->activation).flops_per_s, "FLOPs") + "/s and " +
         short_bytes(settings.gpu->bandwidth_bytes_per_s, UnitSystem::si) + "/s");
  }
  for (const std::string& note : row_notes(*row.deployment, estimate, row.context, row.batch)) line("note: " + note);
  if (const std::string note = longest_note(longest); !note.empty()) line("note: " + note);
}

/// A table of alternatives, cheapest first. Exact values where a program reads it, short ones for people.
Listing alternatives(const std::vector<Row>& rows, bool exact, UnitSystem units) {
  Listing listing{"alternatives", {}, {}};
  const auto column = [&](std::string_view key, std::string_view heading, bool always,
                          const std::function<ListingCell(const Row&)>& cell_of) {
    const bool varies =
        std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return cell_of(row) != cell_of(rows.front()); });
    if (!exact && !always && !varies) return;
    listing.columns.push_back({key, heading});
    listing.rows.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) listing.rows[i].push_back(cell_of(rows[i]));
  };
  const auto text = [](std::string value) { return ListingCell(std::move(value)); };
  column("verdict", "Verdict", true, [&](const Row& row) { return text(std::string(row.estimate.verdict())); });
  column("model", "Model", false, [&](const Row& row) { return text(row.deployment->setup().model->name); });
  column("weights", "Weights", false,
         [&](const Row& row) { return text(row.deployment->estimator().weights().name()); });
  column("kv_precision", "KV", false, [&](const Row& row) { return text(row.deployment->estimator().kv().name()); });
  column("engine", "Engine", false, [&](const Row& row) { return text(row.deployment->setup().engine.name); });
  column("gpu", "GPU", true, [&](const Row& row) {
    const auto& gpu = row.deployment->setup().settings.gpu;
    return gpu ? text(gpu->id) : ListingCell();
  });
  column("devices", "Devices", true, [](const Row& row) { return ListingCell(row.deployment->devices()); });
  column("parallel", "Split", false,
         [&](const Row& row) { return text(row.deployment->setup().settings.parallelism.name()); });
  if (exact) {
    column("convention", "", true,
           [&](const Row& row) { return text(row.deployment->setup().workload.convention.name); });
    column("limit", "", true, [&](const Row& row) { return text(std::string(row.estimate.limit)); });
    column("bound", "", true, [&](const Row& row) { return text(std::string(bound_of(row.longest))); });
    for (const std::span<const MetricInfo> kind : {metrics(), device_metrics()}) {
      for (const MetricInfo& metric : kind) {
        column(metric.name, metric.heading, true,
               [&](const Row& row) { return exact_cell(row.estimate[metric.metric]); });
      }
    }
    return listing;
  }
  column("batch", "Batch", false, [](const Row& row) { return ListingCell(row.batch); });
  column("context", "Context", false, [](const Row& row) { return ListingCell(row.context); });
  column("window_status", "Window", true,
         [](const Row& row) { return exact_cell(row.estimate[Metric::window_status]); });
  column("device_bytes", "Per Device", true,
         [&](const Row& row) { return text(signed_bytes(row.estimate[Metric::device_bytes], units)); });
  column("headroom_bytes", "Headroom", true,
         [&](const Row& row) { return text(signed_bytes(row.estimate[Metric::headroom_bytes], units)); });
  column("max_context", "Max Context", true,
         [](const Row& row) { return exact_cell(row.estimate[Metric::max_context]); });
  column("prefill_seconds", "Prefill", true,
         [&](const Row& row) { return text(real_text(row.estimate[Metric::prefill_seconds], short_seconds)); });
  column("decode_seconds_per_token", "Decode/token", true, [&](const Row& row) {
    return text(real_text(row.estimate[Metric::decode_seconds_per_token], short_seconds));
  });
  return listing;
}

/// What holds of every alternative.
void write_common_notes(const std::vector<Row>& rows, Writer& out) {
  std::vector<std::string> common = rows.front().deployment->notes();
  for (const Row& row : rows) {
    const std::vector<std::string> notes = row.deployment->notes();
    std::erase_if(common,
                  [&](const std::string& note) { return std::find(notes.begin(), notes.end(), note) == notes.end(); });
  }
  if (common.empty()) return;
  TextDocument document(out);
  document.blank();
  for (const std::string& note : common) document.line("note: " + note);
}

void write_document(const std::vector<Row>& rows, const RenderOptions& options, bool lines, Writer& out) {
  const auto result = [&](JsonWriter& json, const Row& row) {
    write_deployment(json, *row.deployment, row.estimate, row.longest, options);
    json.key("fixes");
    json.begin_array();
    for (const Fix& way : fixes(row)) {
      json.begin_object();
      json.key("option");
      json.string(way.option);
      json.key("value");
      json.string(way.value);
      json.end_object();
    }
    json.end_array();
  };
  const Workload& workload = rows.front().deployment->setup().workload;
  if (lines) {
    for (const Row& row : rows) {
      JsonWriter json(out, JsonWriter::Layout::compact);
      json.begin_object();
      write_header(json, options);
      write_conventions(json, workload.convention, workload.logits, options);
      result(json, row);
      json.end_object();
      out.character('\n');
    }
    return;
  }
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  write_header(json, options);
  write_conventions(json, workload.convention, workload.logits, options);
  json.key("verdict");
  json.string(rows.front().estimate.verdict());
  json.key("results");
  json.begin_array();
  for (const Row& row : rows) {
    json.begin_object();
    result(json, row);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out.character('\n');
}

/// What fits before what does not, then the fewest devices, then the least memory in all.
bool cheaper(const Row& a, const Row& b) {
  if (a.estimate.fits != b.estimate.fits) return a.estimate.fits;
  if (a.deployment->devices() != b.deployment->devices()) return a.deployment->devices() < b.deployment->devices();
  const auto total = [](const Row& row) { return row.estimate.count(Metric::total_bytes).value_or(0); };
  return total(a) < total(b);
}

Status run(const Arguments& arguments) {
  static constexpr std::string_view kUnits[] = {"si", "iec"};
  RenderOptions options;
  options.command = "fit";
  options.units = arguments.choice("--units", kUnits, "si") == "iec" ? UnitSystem::iec : UnitSystem::si;
  options.quiet = arguments.has("--quiet");
  options.verbose = arguments.has("--verbose");
  const std::vector<Target> documents = targets(arguments, row_formats());

  const DeploymentGrid grid = read_grid("fit", arguments, arguments.words());
  std::vector<Row> rows;
  for (const Case& question : grid.cases) {
    const std::size_t before = rows.size();
    try {
      const auto deployment = std::make_shared<const Deployment>(question.setup);
      for (const Count batch : batches_of(grid, *question.setup.model)) {
        for (const Count context : contexts_of(grid, *question.setup.model)) {
          deployment->fits(context, batch);  // throws where that cannot be said
          rows.push_back({&question, deployment, context, batch, deployment->at(context, batch)});
          add_limits(rows.back());
        }
      }
    } catch (const InputError& error) {
      rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(before), rows.end());
      leave_out(error, grid.models.size());
    }
  }
  if (rows.empty()) return Status::no_answer;
  std::stable_sort(rows.begin(), rows.end(), cheaper);

  deliver(documents, [&](const Target& target, const Output& output, Writer& out) {
    const std::string_view format = target.format;
    options.color = wants_color(arguments, output);
    if (format == "json" || format == "ndjson") {
      write_document(rows, options, format == "ndjson", out);
    } else if (format == "csv") {
      render_listing(alternatives(rows, true, options.units), "csv", out);
    } else if (format == "table" && rows.size() == 1) {
      write_single(rows.front(), options.quiet ? std::vector<Fix>{} : fixes(rows.front()), options, out);
    } else {
      if (format == "table") {
        TextDocument text(out);
        text.line(verdict_line(rows.front(), options.units));
        text.blank();
      }
      render_listing(alternatives(rows, false, options.units), format, out);
      if (format == "table" && !options.quiet) write_common_notes(rows, out);
    }
  });
  return rows.front().estimate.fits || arguments.has("--exit-zero") ? Status::answered : Status::over_budget;
}

}  // namespace

extern const Command kFit;
const Command kFit = {"fit",     "MODEL...", "whether it fits, and how fast it can be there", deployment_options(),
                      kExamples, run};

}  // namespace ctxcost::cli
