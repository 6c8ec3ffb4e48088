#include "report_html.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "core/format.h"
#include "core/printable.h"
#include "ctxcost/core/lengths.h"
#include "deployment_fields.h"
#include "evaluate_document.h"
#include "markup.h"
#include "report_chart.h"
#include "report_figures.h"
#include "report_page/parts.h"
#include "report_svg.h"
#include "value_text.h"

namespace ctxcost {
namespace {

/// Nothing is loaded, and nothing sent: no file or host may be asked for anything.
constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

std::string weights_label(const WeightScheme& weights) { return weights.of_model() ? "as stored" : weights.name(); }
std::string kv_label(const std::optional<KvPrecision>& kv) { return kv ? kv->name() : "the model's own"; }

/// The texts of all figures, each once. "8.6 GB", a tab, "8,589,934,592": what is shown and all its digits.
class Dictionary {
 public:
  std::size_t add(const FigureText& text) {
    std::string entry = printable(text.shown);
    if (!text.exact.empty() && text.exact != text.shown) entry += '\t' + text.exact;
    const auto [at, is_new] = places_.emplace(std::move(entry), places_.size());
    if (is_new) texts_.push_back(&at->first);
    return at->second;
  }
  const std::vector<const std::string*>& texts() const { return texts_; }

 private:
  std::map<std::string, std::size_t> places_;
  std::vector<const std::string*> texts_;  // in the order of their numbers
};

/// A figure of a series over all axes. An axis over which nothing changes is left out.
struct FigureGrid {
  std::array<std::size_t, 5> strides{};  ///< weights, KV, place, batch, context; 0 of those that are left out
  std::vector<std::size_t> entries;      ///< of the dictionary
};

FigureGrid without_constant_axes(std::vector<std::size_t> entries, const std::array<std::size_t, 5>& sizes) {
  FigureGrid grid;
  std::size_t inner = 1;  // entries of one step of the axis, as far as they are kept
  for (std::size_t axis = sizes.size(); axis-- > 0;) {
    const std::size_t size = sizes[axis];
    bool constant = true;
    for (std::size_t i = 0; i < entries.size() && constant; ++i) {
      constant = entries[i] == entries[i - i / inner % size * inner];
    }
    if (!constant) {
      grid.strides[axis] = inner;
      inner *= size;
      continue;
    }
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i / inner % size == 0) kept.push_back(entries[i]);
    }
    entries = std::move(kept);
  }
  grid.entries = std::move(entries);
  return grid;
}

/// Writes numbers in the shortest way that the script reads: a run of further ones, each one more than the last, is
/// the negative number of them.
void write_numbers(const std::vector<std::size_t>& numbers, Writer& out) {
  out.character('[');
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t run = 0;
    while (i + run + 1 < numbers.size() && numbers[i + run + 1] == numbers[i + run] + 1) ++run;
    if (i > 0) out.character(',');
    out.digits(numbers[i]);
    if (run > 0) out.text(format(",-{}", run));
    i += run + 1;
  }
  out.character(']');
}

void write_strings(const std::vector<std::string>& texts, Writer& out) {
  out.character('[');
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out.character(',');
    out.text(script_string(texts[i]));
  }
  out.character(']');
}

/// What a layer is in one word or a few: its mixers, and its feed-forward where layers have different ones.
std::string layer_text(const LayerGroup& group, bool with_feed_forward) {
  std::string text;
  for (const auto& mixer : group.mixers) {
    if (!text.empty()) text += " + ";
    text += mixer->kind();
  }
  if (text.empty()) text = "no mixer";
  if (!with_feed_forward) return text;
  const FeedForward& feed_forward = group.feed_forward;
  if (feed_forward.experts) return text + ", experts";
  return text + (feed_forward.kind == FeedForwardKind::none ? ", no feed-forward" : ", dense feed-forward");
}

/// A kind of layers of a model, with its layers.
struct LayerKind {
  std::string text;
  std::vector<std::uint32_t> layers;
};

/// The layers of a stack by kind, in the order of their first ones.
std::vector<LayerKind> layer_kinds(const Model& model, Stack stack) {
  const auto has_experts = [](const LayerGroup& group) { return group.feed_forward.experts.has_value(); };
  const auto has_none = [](const LayerGroup& group) { return group.feed_forward.kind == FeedForwardKind::none; };
  bool differ = false;
  for (const LayerGroup& group : model.groups) {
    const LayerGroup& first = model.groups.front();
    differ = differ || has_experts(group) != has_experts(first) || has_none(group) != has_none(first);
  }
  std::vector<LayerKind> kinds;
  for (const LayerGroup& group : model.groups) {
    if (group.stack != stack || group.layers.empty()) continue;
    std::string text = layer_text(group, differ);
    const auto same =
        std::find_if(kinds.begin(), kinds.end(), [&](const LayerKind& kind) { return kind.text == text; });
    LayerKind& kind = same == kinds.end() ? kinds.emplace_back() : *same;
    kind.text = std::move(text);
    kind.layers.insert(kind.layers.end(), group.layers.begin(), group.layers.end());
  }
  for (LayerKind& kind : kinds) std::sort(kind.layers.begin(), kind.layers.end());
  std::sort(kinds.begin(), kinds.end(),
            [](const LayerKind& a, const LayerKind& b) { return a.layers.front() < b.layers.front(); });
  return kinds;
}

/// "0–4, 6–10, 12"
std::string layer_ranges(const std::vector<std::uint32_t>& layers) {
  std::string text;
  for (std::size_t i = 0; i < layers.size();) {
    std::size_t end = i;
    while (end + 1 < layers.size() && layers[end + 1] == layers[end] + 1) ++end;
    if (!text.empty()) text += ", ";
    text += end == i ? format("{}", layers[i]) : format("{}–{}", layers[i], layers[end]);
    i = end + 1;
  }
  return text;
}

/// A column of the scaling table.
struct ScalingColumn {
  std::size_t figure;
  std::string heading;
};

class ReportPage {
 public:
  ReportPage(const ReportAnswer& answer, const ReportExtras& extras, const RenderOptions& options, Writer& out)
      : answer_(&answer), extras_(&extras), options_(&options), out_(&out), charts_(charts_of(answer, options.units)) {
    has_costs_ = std::any_of(answer.places.begin(), answer.places.end(), [](const ReportPlace& place) {
      return place.deployment && place.deployment->setup().settings.rates.asked();
    });
  }

  void write() {
    head();
    controls();
    line("<main>");
    cards();
    charts();
    scaling();
    layers();
    strategies();
    scores();
    sources();
    line("</main>");
    line(
        format("<footer>Written by ctxcost {}. Every figure is what the program prints; the page computes none. "
               "Charts by uPlot.</footer>",
               version()));
    data();
    script(kChartScript);
    script(kPageScript);
    line("</body>\n</html>");
  }

 private:
  void line(std::string_view text) {
    out_->text(text);
    out_->character('\n');
  }
  void script(std::string_view text) {
    out_->text("<script>");
    out_->text(text);
    line("</script>");
  }

  bool on_devices() const { return !answer_->places.empty(); }

  std::string place_name(std::size_t place) const {
    const auto& deployment = answer_->places[place].deployment;
    return deployment ? place_text(*deployment) : format("place {}", place + 1);
  }

  FigureText text_of(std::size_t series, std::size_t figure, std::optional<std::size_t> context = {}) const {
    ReportChoice choice = answer_->first;
    if (context) choice.context = *context;
    return text_of(answer_->at(series, choice), figure);
  }
  /// The figures of this page.
  std::span<const ReportFigure> figures() const {
    const std::span<const ReportFigure> all = report_figures();
    return has_costs_ ? all : all.first(all.size() - kCostFigures);
  }

  /// The figures of the list, then those of each kind of device.
  FigureText text_of(const ReportPoint& point, std::size_t figure) const {
    const std::size_t listed = figures().size();
    if (figure < listed) return report_figures()[figure].text(point, options_->units);
    const std::size_t part = (figure - listed) % kDeviceParts;
    return device_text(point, (figure - listed) / kDeviceParts, static_cast<DevicePart>(part), options_->units);
  }

  /// An element whose text the script changes with the choice: "<td data-s=0 …>8.6 GB</td>".
  std::string figure(std::string_view element, std::size_t series, std::string_view name,
                     std::optional<std::size_t> context = {}) const {
    return figure(element, series, report_figure(name), context);
  }
  std::string figure(std::string_view element, std::size_t series, std::size_t index,
                     std::optional<std::size_t> context = {}) const {
    const FigureText text = text_of(series, index, context);
    std::string title;
    // In rows of contexts the script sets it.
    if (!context && !text.exact.empty() && text.exact != text.shown)
      title = format(R"( title="{}")", markup_text(text.exact));
    return format(R"(<{} data-s={} data-f={}{}{}>{}</{}>)", element, series, index,
                  context ? format(" data-c={}", *context) : "", title, markup_text(text.shown), element);
  }

  /// The same with all digits.
  std::string exact(std::size_t series, std::string_view name) const {
    const std::size_t index = report_figure(name);
    return format(R"(<span class="exact" data-s="{}" data-f="{}" data-exact>{}</span>)", series, index,
                  markup_text(text_of(series, index).exact));
  }

  /// Whether a figure is above 0 at any point of a series.
  bool is_known(std::size_t series, std::string_view name) const {
    const ReportFigure& figure = report_figures()[report_figure(name)];
    const std::vector<ReportPoint>& points = answer_->series[series].points;
    return std::any_of(points.begin(), points.end(),
                       [&](const ReportPoint& point) { return figure.number(point).value_or(0) > 0; });
  }
  /// Whether it is known wherever anything is. Of layers that differ there is no figure of one.
  bool is_always_known(std::size_t series, std::string_view name) const {
    const ReportFigure& figure = report_figures()[report_figure(name)];
    const std::vector<ReportPoint>& points = answer_->series[series].points;
    return std::all_of(points.begin(), points.end(),
                       [&](const ReportPoint& point) { return !point.values || figure.number(point).has_value(); });
  }
  /// Whether only some of the parameters work on a token.
  bool is_sparse(std::size_t series) const {
    const std::vector<ReportPoint>& points = answer_->series[series].points;
    return std::any_of(points.begin(), points.end(), [](const ReportPoint& point) {
      return point.values && (*point.values)[Metric::active_parameters] != (*point.values)[Metric::parameters];
    });
  }

  void head() {
    std::string title = "What context costs: ";
    std::vector<std::string> names;
    for (const ReportSeries& series : answer_->series) {
      const std::string& name = series.strategy.model->name;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    for (std::size_t i = 0; i < names.size(); ++i) title.append(i > 0 ? ", " : "").append(names[i]);
    line("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">");
    line(format(R"(<meta http-equiv="Content-Security-Policy" content="{}">)", kPolicy));
    line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    line("<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">");
    line("<title>" + markup_text(title) + "</title>");
    out_->text("<!--\nuPlot, in this file:\n");
    out_->text(kChartLicense);
    line("-->");
    out_->text("<style>");
    out_->text(kChartStyle);
    out_->text(kPageStyle);
    line("</style>\n</head>\n<body>");
    line("<header>");
    line("<h1>" + markup_text(title) + "</h1>");
    line("<button type=\"button\" id=\"theme\" hidden>Dark</button>");
    line("<p>" + markup_text(report_caption(*answer_, *options_)) + "</p>");
    line("</header>");
  }

  void select(std::string_view id, std::string_view label, const std::vector<std::string>& values, std::size_t first) {
    line(format(R"(<label>{}<select id="{}">)", label, id));
    for (std::size_t i = 0; i < values.size(); ++i) {
      line(format(R"(<option value="{}"{}>{}</option>)", i, i == first ? " selected" : "", markup_text(values[i])));
    }
    line("</select></label>");
  }

  std::vector<std::string> context_labels() const {
    std::vector<std::string> labels;
    for (const Count context : answer_->axes.contexts) labels.push_back(length_label(context));
    return labels;
  }

  /// Shown by the script, without which they would do nothing.
  void controls() {
    const ReportAxes& axes = answer_->axes;
    line("<form id=\"controls\" aria-label=\"What is shown\" hidden>");
    select("context", "Context", context_labels(), answer_->first.context);
    std::vector<std::string> values;
    for (const Count batch : axes.batches) values.push_back(with_separators(batch));
    select("batch", "Batch", values, answer_->first.batch);
    values.clear();
    for (const auto& kv : axes.kv) values.push_back(kv_label(kv));
    select("kv", "KV cache", values, answer_->first.kv);
    values.clear();
    for (const WeightScheme& weights : axes.weights) values.push_back(weights_label(weights));
    select("weights", "Weights", values, answer_->first.weights);
    if (on_devices()) {
      values.clear();
      for (std::size_t i = 0; i < answer_->places.size(); ++i) values.push_back(place_name(i));
      select("place", "Devices", values, answer_->first.place);
    }
    line("</form>");
    line("<p id=\"status\" class=\"hidden\" role=\"status\" aria-live=\"polite\"></p>");
    line("<p class=\"choice\" id=\"choice\">" + markup_text(choice_caption(*answer_, answer_->first)) + "</p>");
  }

  void term(std::string_view heading, const std::string& cell, const std::string& digits = {}) {
    line(format("<div><dt>{}</dt><dd>{}{}</dd></div>", heading, cell, digits));
  }
  void term(std::size_t series, std::string_view heading, std::string_view name) {
    term(heading, figure("span", series, name), exact(series, name));
  }

  void cards() {
    line("<section aria-labelledby=\"h-answer\"><h2 id=\"h-answer\">In short</h2>\n<div class=\"cards\">");
    for (std::size_t i = 0; i < answer_->series.size(); ++i) card(i);
    line("</div></section>");
  }

  void card(std::size_t i) {
    const ReportSeries& series = answer_->series[i];
    line(format("<article class='card' style='--own:var(--c{})'>", i % 8));
    line("<h3>" + markup_text(series.name) + "</h3>");
    if (on_devices()) {
      const FigureText verdict = text_of(i, report_figure("verdict"));
      line(format(R"(<p class="verdict" data-verdict="{}">{} {}</p>)", markup_text(verdict.shown),
                  figure("strong", i, "verdict"), figure("span", i, "limit")));
      bar(i);
    }
    const FigureText refusal = text_of(i, report_figure("refusal"));
    line(format(R"(<p class="refusal" data-s="{}" data-f="{}">{}</p>)", i, report_figure("refusal"),
                markup_text(refusal.shown)));
    line("<dl>");
    if (on_devices()) {
      term(i, "Per device", "device_bytes");
      term(i, "Longest context that fits", "max_context");
      term(i, "Largest batch that fits", "max_batch");
      if (is_known(i, "prefill_seconds")) term(i, "Prefill, at least", "prefill_seconds");
      if (is_known(i, "decode_seconds_per_token")) term(i, "Decode a token, at least", "decode_seconds_per_token");
      if (is_known(i, "decode_tokens_per_second")) term(i, "Decode tokens/s, at most", "decode_tokens_per_second");
      if (has_costs_) cost_terms(i);
    }
    term(i, "Attention FLOPs", "attention_flops");
    term(i, "KV cache", "kv_cache_bytes");
    term(i, "KV a token", "kv_bytes_per_token");
    if (is_known(i, "state_bytes")) term(i, "State", "state_bytes");
    term(i, "Weights", "weights_bytes");
    term(i, "Parameters", "parameters");
    if (is_sparse(i)) term(i, "Active parameters", "active_parameters");
    term("Types", format("{} weights, {} cache", figure("span", i, "weights"), figure("span", i, "kv_precision")));
    term("Window", figure("span", i, "window_status"));
    line("</dl></article>");
  }

  void cost_terms(std::size_t i) {
    if (is_known(i, "usd_per_million_prefill_tokens")) {
      term(i, "$ per million prefill tokens, at least", "usd_per_million_prefill_tokens");
    }
    if (is_known(i, "usd_per_million_decode_tokens")) {
      term(i, "$ per million decode tokens, at least", "usd_per_million_decode_tokens");
    }
    if (is_known(i, "joules_per_decode_token")) term(i, "Joules a decode token", "joules_per_decode_token");
  }

  /// The memory of the fullest device and, where devices differ, of every kind of them.
  void bar(std::size_t series) {
    const std::size_t of_fullest[] = {report_figure("device_weights_bytes"), report_figure("device_kv_reserved_bytes"),
                                      report_figure("device_activation_bytes"), report_figure("device_overhead_bytes"),
                                      report_figure("headroom_bytes")};
    const std::size_t kinds = device_kinds(answer_->series[series]);
    if (kinds > 1) line("<p class=\"hint\">The fullest device</p>");
    bar(series, of_fullest);
    if (kinds < 2) return;
    line("<details><summary>Every kind of device</summary>");
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      const std::size_t name = figures().size() + kind * kDeviceParts;
      line("<p class=\"device\">" + figure("span", series, name) + "</p>");
      const std::size_t of_kind[] = {name + 1, name + 2, name + 3, name + 4, name + 5};
      bar(series, of_kind);
    }
    line("</details>");
  }

  /// The script sets the widths of the parts; without it the list stands alone.
  void bar(std::size_t series, std::span<const std::size_t> figures) {
    static constexpr std::string_view kParts[] = {"weights", "KV cache", "activations", "overhead", "free"};
    line(format(R"(<div class="bar" data-s="{}" aria-hidden="true" hidden>)", series));
    for (std::size_t i = 0; i < figures.size(); ++i) {
      line(format(R"(<i class="part p{}" data-f="{}"></i>)", i, figures[i]));
    }
    line("<b></b></div>\n<ul class=\"parts\" aria-label=\"Memory of a device\">");
    for (std::size_t i = 0; i < figures.size(); ++i) {
      line(format(R"(<li><i class="part p{}" aria-hidden="true"></i>{} {}</li>)", i, kParts[i],
                  figure("span", series, figures[i])));
    }
    line("</ul>");
  }

  void charts() {
    line("<section aria-labelledby=\"h-charts\"><h2 id=\"h-charts\">Against the context</h2>");
    line(
        "<p class=\"hint\">Both axes are logarithmic. Point at a chart, or focus it and use the arrow keys, for its "
        "values; the buttons below switch lines.</p>\n<div class=\"charts\">");
    for (std::size_t i = 0; i < charts_.size(); ++i) chart(i);
    line("</div></section>");
  }

  void chart(std::size_t index) {
    const ReportChart& chart = charts_[index];
    line(format(R"(<figure id="chart-{}"><figcaption>{}</figcaption>)", chart.name, markup_text(chart.title)));
    line("<div class=\"plot\">");
    write_chart(*answer_, chart, answer_->first, {}, {.width = 720, .height = 440, .in_page = true}, *out_);
    line("</div>");
    line("<details><summary>As a table</summary>");
    line(format("<div class='scroll' tabindex='0' role='region' aria-label='{}'><table>", markup_text(chart.title)));
    out_->text("<thead><tr><th scope=\"col\">Context</th>");
    for (const ChartLine& of : chart.lines) out_->text("<th scope=\"col\">" + markup_text(of.name) + "</th>");
    line("</tr></thead><tbody>");
    for (std::size_t c = 0; c < answer_->axes.contexts.size(); ++c) {
      out_->text("<tr><th scope=\"row\">" + length_label(answer_->axes.contexts[c]) + "</th>");
      for (const ChartLine& of : chart.lines) {
        out_->text(figure("td", of.series, report_figures()[of.figure].name, c));
      }
      line("</tr>");
    }
    out_->text("</tbody></table></div>");
    for (const ChartLevel& level : chart.levels) {
      line(format(R"(<p>{}: <span title="{}">{}</span></p>)", markup_text(level.name), with_separators(level.value),
                  short_bytes(level.value, options_->units)));
    }
    line("</details></figure>");
  }

  std::vector<ScalingColumn> scaling_columns(std::size_t series) const {
    std::vector<ScalingColumn> columns;
    const auto add = [&](std::string_view name, std::string heading = {}) {
      const std::size_t index = report_figure(name);
      if (heading.empty()) heading = report_figures()[index].heading;
      columns.push_back({index, std::move(heading)});
    };
    if (is_always_known(series, "scores_per_head")) add("scores_per_head");
    if (is_always_known(series, "attention_flops_per_layer")) add("attention_flops_per_layer");
    add("attention_flops");
    add("kv_cache_bytes");
    if (is_known(series, "state_bytes")) add("state_bytes");
    add("memory_bytes");
    if (on_devices()) {
      add("device_bytes");
      if (is_known(series, "prefill_seconds")) add("prefill_seconds");
      if (is_known(series, "decode_seconds_per_token")) add("decode_seconds_per_token");
      add("verdict");
    }
    add("window_status");
    return columns;
  }

  void scaling() {
    line("<section aria-labelledby=\"h-scaling\"><h2 id=\"h-scaling\">As the context grows</h2>");
    for (std::size_t series = 0; series < answer_->series.size(); ++series) {
      const std::vector<ScalingColumn> columns = scaling_columns(series);
      line("<h3>" + markup_text(answer_->series[series].name) + "</h3>");
      line(
          "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Scaling table\"><table "
          "class=\"scaling\">");
      out_->text("<thead><tr><th scope=\"col\">Context</th><th scope=\"col\">Tokens</th>");
      for (const ScalingColumn& column : columns) {
        out_->text(format(R"(<th scope="col" title="{}">{}</th>)", markup_text(report_figures()[column.figure].meaning),
                          markup_text(column.heading)));
      }
      line("</tr></thead><tbody>");
      for (std::size_t c = 0; c < answer_->axes.contexts.size(); ++c) {
        const Count context = answer_->axes.contexts[c];
        out_->text(format(R"(<tr data-row="{}"{}><th scope="row">{}</th><td>{}</td>)", c,
                          c == answer_->first.context ? R"( class="now")" : "", length_label(context),
                          with_separators(context)));
        for (const ScalingColumn& column : columns) {
          out_->text(figure("td", series, report_figures()[column.figure].name, c));
        }
        line("</tr>");
      }
      line("</tbody></table></div>");
    }
    line("</section>");
  }

  /// A map of the layers of each model that has several kinds of them.
  void layers() {
    bool begun = false;
    for (const ReportSeries& series : answer_->series) {
      const Model& model = *series.strategy.model;
      for (const Stack stack : {Stack::encoder, Stack::decoder}) {
        const std::vector<LayerKind> kinds = layer_kinds(model, stack);
        if (kinds.size() < 2 && !(model.has_encoder() && !kinds.empty())) continue;
        if (!begun) line("<section aria-labelledby=\"h-layers\"><h2 id=\"h-layers\">Layers</h2>");
        begun = true;
        const std::string_view of = !model.has_encoder() ? "" : stack == Stack::encoder ? ", encoder" : ", decoder";
        line(format("<h3>{}{}</h3>", markup_text(series.name), of));
        layer_map(kinds);
      }
    }
    if (begun) line("</section>");
  }

  void layer_map(const std::vector<LayerKind>& kinds) {
    std::map<std::uint32_t, std::size_t> by_layer;
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
      for (const std::uint32_t layer : kinds[kind].layers) by_layer[layer] = kind;
    }
    const auto letter = [](std::size_t kind) {
      return std::string(1, static_cast<char>('A' + static_cast<int>(kind % 26)));
    };
    line("<div class=\"map\" aria-hidden=\"true\">");
    for (const auto& [layer, kind] : by_layer) {
      out_->text(format(R"(<i class="k{}" title="layer {}: {}">{}</i>)", kind % 8, layer, markup_text(kinds[kind].text),
                        letter(kind)));
    }
    line("</div>\n<ul class=\"kinds\">");
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
      line(format(R"(<li><i class="k{}">{}</i><span><strong>{}</strong>: {} of {} layers: {}</span></li>)", kind % 8,
                  letter(kind), markup_text(kinds[kind].text), kinds[kind].layers.size(), by_layer.size(),
                  layer_ranges(kinds[kind].layers)));
    }
    line("</ul>");
  }

  void strategies() {
    bool begun = false;
    for (const ReportSeries& series : answer_->series) {
      if (series.strategy.text.empty()) continue;
      if (!begun) line("<section aria-labelledby=\"h-strategies\"><h2 id=\"h-strategies\">Strategies</h2>");
      begun = true;
      line("<h3>" + markup_text(series.name) + "</h3>\n<ul>");
      for (const TradeOff& part : series.strategy.trade_offs) {
        line(format("<li>{} gives up: {}{}</li>", markup_text(part.part), markup_text(part.gives_up),
                    part.source.empty() ? "" : format(" [{}]", markup_text(part.source))));
      }
      if (series.strategy.trade_offs.empty()) line("<li>gives up nothing that is known</li>");
      line("</ul>");
    }
    if (!begun) return;
    if (!extras_->strategies.empty()) {
      line("<details><summary>Growth, reach and where costs cross</summary>");
      line("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Comparison\"><pre>");
      std::string_view rest = extras_->strategies;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        line(markup_text(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      line("</pre></div></details>");
    }
    line("</section>");
  }

  void scores() {
    if (extras_->scores == nullptr) return;
    const EvaluationScores& scores = *extras_->scores;
    line(
        "<section aria-labelledby=\"h-needle\"><h2 id=\"h-needle\">Needle in a haystack: where the model was "
        "right</h2>");
    line("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Scores by length and depth\">");
    out_->text("<table class=\"heat\"><thead><tr><th scope=\"col\">Length</th>");
    for (const std::uint32_t place : scores.grid.sets.front().places) {
      out_->text("<th scope=\"col\">" + place_text(scores.grid, place) + "</th>");
    }
    line("<th scope=\"col\">Mean</th><th scope=\"col\">Scored</th></tr></thead><tbody>");
    for (std::size_t set = 0; set < scores.grid.sets.size(); ++set) {
      out_->text("<tr><th scope=\"row\">" + markup_text(set_text(scores.grid.sets[set])) + "</th>");
      for (const ScoreSum& cell : scores.cells[set]) score_cell(cell);
      score_cell(scores.sets[set]);
      line("<td>" + with_separators(scores.sets[set].prompts) + "</td></tr>");
    }
    line("</tbody></table></div>");
    for (const std::string& note : scores.notes) line("<p>" + markup_text(note) + "</p>");
    line("</section>");
  }

  void score_cell(const ScoreSum& score) {
    const std::optional<double> mean = score.mean();
    const std::string share = mean ? format(R"( class="score" style="--score:{:.1f}%")", *mean * 100) : std::string();
    out_->text("<td" + share + ">" + score_text(score) + "</td>");
  }

  void sources() {
    line("<section aria-labelledby=\"h-notes\"><h2 id=\"h-notes\">Assumptions and sources</h2>");
    std::vector<std::string> common;  // notes that all series have
    for (const std::string& note : answer_->series.front().notes) {
      const bool shared = std::all_of(answer_->series.begin(), answer_->series.end(), [&](const ReportSeries& series) {
        return std::find(series.notes.begin(), series.notes.end(), note) != series.notes.end();
      });
      if (shared && answer_->series.size() > 1) common.push_back(note);
    }
    if (!common.empty()) {
      line("<h3>All</h3>");
      notes(common, {});
    }
    if (on_devices()) {
      line("<h3>Devices</h3>\n<ul>");
      for (const ReportPlace& place : answer_->places) {
        if (!place.deployment) continue;
        std::string text = place_text(*place.deployment);
        if (place.capacity)
          text += format(": {} of each device may be used", short_bytes(*place.capacity, options_->units));
        if (const std::string peaks = peaks_text(*place.deployment); !peaks.empty()) text += "; " + peaks;
        for (const Accelerator* const gpu : place.deployment->setup().settings.kinds()) {
          if (!gpu->source.empty()) text += format(" [{}]", gpu->source);
        }
        line("<li>" + markup_text(text) + "</li>");
      }
      line("</ul>");
    }
    for (const ReportSeries& series : answer_->series) {
      const Model& model = *series.strategy.model;
      line("<h3>" + markup_text(series.name) + "</h3>");
      if (series.strategy.text.empty()) {
        line(format("<p>Read from {}{}.</p>", markup_text(model.origin),
                    model.source.empty() ? "" : "; source of its figures: " + markup_text(model.source)));
      }
      notes(series.notes, common);
    }
    line("</section>");
  }

  void notes(const std::vector<std::string>& notes, const std::vector<std::string>& but) {
    bool begun = false;
    for (const std::string& note : notes) {
      if (std::find(but.begin(), but.end(), note) != but.end()) continue;
      line((begun ? "<li>" : "<ul>\n<li>") + markup_text(note) + "</li>");
      begun = true;
    }
    line(begun ? "</ul>" : "<p>No further assumptions.</p>");
  }

  /// What the script looks figures up in.
  void data() {
    const ReportAxes& axes = answer_->axes;
    const std::array<std::size_t, 5> sizes = {axes.weights.size(), axes.kv.size(), axes.places, axes.batches.size(),
                                              axes.contexts.size()};
    out_->text("<script type=\"application/json\" id=\"data\">{\"contexts\":");
    write_strings(context_labels(), *out_);
    std::vector<std::string> texts;
    for (const Count context : axes.contexts) texts.push_back(to_string(context));
    out_->text(",\"tokens\":");
    write_strings(texts, *out_);
    texts.clear();
    for (const ReportSeries& series : answer_->series) texts.push_back(series.name);
    out_->text(",\"series\":");
    write_strings(texts, *out_);
    texts.clear();
    for (const ReportFigure& figure : figures()) texts.emplace_back(figure.name);
    std::size_t most_kinds = 0;
    for (const ReportSeries& series : answer_->series) most_kinds = std::max(most_kinds, device_kinds(series));
    static constexpr std::string_view kMembers[kDeviceParts] = {
        "name", "weights_bytes", "kv_reserved_bytes", "activation_bytes", "overhead_bytes", "headroom_bytes"};
    for (std::size_t kind = 0; kind < most_kinds; ++kind) {
      for (const std::string_view member : kMembers) texts.push_back(format("devices/{}/{}", kind, member));
    }
    out_->text(",\"figures\":");
    write_strings(texts, *out_);
    out_->text(",\"capacities\":[");
    for (std::size_t i = 0; i < answer_->places.size(); ++i) {
      const std::optional<Count>& capacity = answer_->places[i].capacity;
      out_->text(format("{}\"{}\"", i > 0 ? "," : "", capacity ? to_string(*capacity) : ""));
    }
    out_->text("],\n\"grids\":[");
    Dictionary dictionary;
    for (std::size_t series = 0; series < answer_->series.size(); ++series) {
      if (series > 0) out_->text(",\n");
      out_->character('[');
      const std::size_t kinds = device_kinds(answer_->series[series]);
      const std::size_t all = figures().size() + (kinds < 2 ? 0 : kinds * kDeviceParts);
      for (std::size_t figure = 0; figure < all; ++figure) {
        if (figure > 0) out_->character(',');
        std::vector<std::size_t> entries;
        for (const ReportPoint& point : answer_->series[series].points) {
          entries.push_back(dictionary.add(text_of(point, figure)));
        }
        const FigureGrid grid = without_constant_axes(std::move(entries), sizes);
        out_->text("[[");
        for (std::size_t i = 0; i < grid.strides.size(); ++i) {
          out_->text(format("{}{}", i > 0 ? "," : "", grid.strides[i]));
        }
        out_->text("],");
        write_numbers(grid.entries, *out_);
        out_->character(']');
      }
      out_->character(']');
    }
    out_->text("],\n\"texts\":[");
    for (std::size_t i = 0; i < dictionary.texts().size(); ++i) {
      if (i > 0) out_->character(',');
      out_->text(script_string(*dictionary.texts()[i]));
    }
    out_->text("],\n\"charts\":[");
    for (std::size_t i = 0; i < charts_.size(); ++i) {
      if (i > 0) out_->character(',');
      chart_data(charts_[i]);
    }
    line("]}</script>");
  }

  void chart_data(const ReportChart& chart) {
    out_->text(format(R"({{"name":"{}","title":{},"lines":[)", chart.name, script_string(chart.title)));
    for (std::size_t i = 0; i < chart.lines.size(); ++i) {
      const ChartLine& of = chart.lines[i];
      out_->text(format(R"({}{{"name":{},"s":{},"f":{},"dash":{},"shown":{}}})", i > 0 ? "," : "",
                        script_string(of.name), of.series, of.figure, static_cast<int>(of.dash),
                        of.shown ? "true" : "false"));
    }
    out_->text("],\"levels\":[");
    for (std::size_t i = 0; i < chart.levels.size(); ++i) {
      const ChartLevel& level = chart.levels[i];
      out_->text(format(R"({}{{"name":{},"text":"{}","exact":"{}"}})", i > 0 ? "," : "", script_string(level.name),
                        short_bytes(level.value, options_->units), to_string(level.value)));
    }
    out_->text("],\"ticks\":[");
    for (std::size_t i = 0; i < chart.ticks.size(); ++i) {
      out_->text(format(R"({}[{},"{}"])", i > 0 ? "," : "", chart.ticks[i].at, chart.ticks[i].label));
    }
    out_->text("]}");
  }

  const ReportAnswer* answer_;
  const ReportExtras* extras_;
  const RenderOptions* options_;
  Writer* out_;
  std::vector<ReportChart> charts_;
  bool has_costs_ = false;  // money or energy is asked for
};

}  // namespace

std::string report_caption(const ReportAnswer& answer, const RenderOptions& options) {
  std::string text = counting_text(answer.convention, answer.logits);
  if (!answer.places.empty()) text += "; times under the causal convention, as fit counts them";
  text += format("; {}", units_text(options.units));
  return text + format("; engine {}", answer.engine);
}

std::string choice_caption(const ReportAnswer& answer, const ReportChoice& choice) {
  return format("context {}, {}", length_label(answer.axes.contexts[choice.context]), series_caption(answer, choice));
}

std::string series_caption(const ReportAnswer& answer, const ReportChoice& choice) {
  const ReportAxes& axes = answer.axes;
  std::string text = format("batch {}, KV cache {}, weights {}", with_separators(axes.batches[choice.batch]),
                            kv_label(axes.kv[choice.kv]), weights_label(axes.weights[choice.weights]));
  if (answer.places.empty() || !answer.places[choice.place].deployment) return text;
  return text + format(", devices {}", place_text(*answer.places[choice.place].deployment));
}

void write_report_page(const ReportAnswer& answer, const ReportExtras& extras, const RenderOptions& options,
                       Writer& out) {
  ReportPage(answer, extras, options, out).write();
}

}  // namespace ctxcost
