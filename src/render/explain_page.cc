// What people read of `explain`: a metric at a time, each on one screen.
#include <algorithm>

#include "convention_note.h"
#include "core/format.h"
#include "core/printable.h"
#include "core/word_list.h"
#include "ctxcost/core/units.h"
#include "explain_document.h"
#include "model/model_words.h"
#include "value_text.h"

namespace ctxcost {
namespace {

constexpr std::size_t kExplainWidth = 98;
/// Of a cell with a formula in numbers; a longer one shows what it comes to.
constexpr std::size_t kExplainCell = 40;
constexpr std::string_view kWhere = " where ";
constexpr std::string_view kContinued = "             ";  // a line of values that goes on
/// Lines of a metric beside its first two: more are a table of a line a part.
constexpr std::size_t kExplainLines = 21;

using Lines = std::vector<std::string>;

std::string share_of(std::optional<Count> part, std::optional<Count> whole) {
  if (!part || !whole || *whole == 0) return "–";
  const double percent = part->to_double() / whole->to_double() * 100;
  return percent > 0 && percent < 0.05 ? "<0.1%" : format("{:.1f}%", percent);
}

std::string number_text(std::optional<Count> count) { return count ? with_separators(*count) : "–"; }

std::string list_text(const std::vector<Count>& list) {
  constexpr std::size_t kShown = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, list.size()); ++i)
    text += (i == 0 ? "" : ", ") + with_separators(list[i]);
  if (list.size() > kShown) text += format(", … ({} in all)", list.size());
  return text;
}

/// "d_k = 128 (head_dim)", "pairs = n n = 67,108,864", "tokens = n".
std::string value_line(const ExplainedValue& value) {
  const bool plain_word = !value.expression.empty() && formula_words(value.expression).size() == 1 &&
                          formula_words(value.expression).front() == value.expression;
  std::string text = value.word;
  if (value.expression.find(kWhere) != std::string::npos) {
    // The number would seem to belong to the definitions behind it.
    const Count* const count = std::get_if<Count>(&value.value);
    return format("{} = {} = {}", value.word, number_text(count == nullptr ? std::nullopt : std::optional(*count)),
                  value.expression);
  }
  if (!value.expression.empty()) text += " = " + value.expression;
  if (!plain_word) {
    const Count* const count = std::get_if<Count>(&value.value);
    text += " = " + (count == nullptr ? list_text(std::get<std::vector<Count>>(value.value)) : with_separators(*count));
  }
  if (!value.from.empty()) text += " (" + value.from + ")";
  return text;
}

/// Breaks "a; b; c" into lines behind a label of ten characters.
void append_wrapped(Lines& lines, std::string_view label, const std::vector<std::string>& items,
                    std::string_view separator) {
  std::string line = format("    {:<9}", label);
  bool fresh = true;
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::string item = items[i];
    if (i + 1 < items.size()) item += separator;
    if (!fresh && printable_width(line) + printable_width(item) > kExplainWidth) {
      while (line.ends_with(' ')) line.pop_back();
      lines.push_back(line);
      line = kContinued;
    }
    line += item;
    fresh = false;
  }
  lines.push_back(line);
}

void append_text(Lines& lines, std::string_view label, std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    words.emplace_back(take_word(text));
  }
  append_wrapped(lines, label, words, " ");
}

void append_values(Lines& lines, const std::vector<ExplainedValue>& values) {
  if (values.empty()) return;
  std::vector<std::string> items;
  items.reserve(values.size());
  for (const ExplainedValue& value : values) items.push_back(value_line(value));
  append_wrapped(lines, "where", items, "; ");
}

/// A factor of a formula in brackets where it is a sum.
std::string factor_text(const std::string& formula) {
  int depth = 0;
  for (std::size_t i = 0; i < formula.size(); ++i) {
    if (formula[i] == '(') ++depth;
    if (formula[i] == ')') --depth;
    if (depth == 0 &&
        (formula.compare(i, 3, " + ") == 0 || formula.compare(i, 3, " - ") == 0 || formula.compare(i, 3, " ? ") == 0)) {
      return "(" + formula + ")";
    }
  }
  return formula;
}

std::string layers_text(const ExplainedPart& part) {
  const LayerGroup* const group = part.like == nullptr ? nullptr : part.like->group;
  if (group == nullptr || part.like->kind == TermKind::activations) return {};
  std::string text = format("{} {}", with_separators(part.layers), part.layers == 1 ? "layer" : "layers");
  if (group->stack == Stack::encoder) text = "encoder, " + text;
  return text;
}

/// "full, 32 layers: keys + values"
std::string part_title(const ExplainedPart& part, bool indices) {
  std::string title = part.owner;
  const LayerGroup* const group = part.like == nullptr ? nullptr : part.like->group;
  if (group != nullptr && part.like->kind != TermKind::activations) {
    title += title.empty() ? "" : ", ";
    title += indices
                 ? format("{}layers {}", group->stack == Stack::encoder ? "encoder, " : "", index_ranges(group->layers))
                 : layers_text(part);
  }
  if (!part.name.empty()) title += (title.empty() ? "" : ": ") + part.name;
  return title;
}

/// A part with its formula: five lines or more.
void append_part(Lines& lines, const ExplainedPart& part, const std::optional<Count>& whole, bool alone, bool indices) {
  std::string title = format("  {} = {}", part_title(part, indices), number_text(part.total));
  if (!alone) title += format("  ({})", share_of(part.total, whole));
  lines.push_back(std::move(title));
  const ExplainedTerm* const term = part.like;
  if (term == nullptr) return;
  // Definitions come last.
  const auto head = [](const std::string& formula) { return factor_text(formula.substr(0, formula.find(kWhere))); };
  const auto tail = [](const std::string& formula) {
    const std::size_t where = formula.find(kWhere);
    return where == std::string::npos ? std::string() : formula.substr(where);
  };
  std::string words = term->formula.empty() ? "bytes" : head(term->formula);
  std::string numbers = term->formula.empty() ? number_text(term->one) : head(term->numbers);
  const auto multiply = [&](std::string_view name, Count value) {
    words += format(" * {}", name);
    numbers += format(" * {}", with_separators(value));
  };
  if (term->group != nullptr && term->kind != TermKind::activations) multiply("layers", part.layers);
  for (const ExplainedFactor& factor : term->factors) multiply(factor.name, factor.value);
  if (part.alike > 1) multiply(format("{} alike", to_string(part.alike)), part.alike);
  if (term->one) {
    append_text(lines, "formula", words + tail(term->formula));
    append_text(lines, "numbers", numbers + tail(term->numbers));
  }
  append_values(lines, term->values);
  if (!term->source.empty()) append_text(lines, "source", term->source);
}

/// One line a part: the numbers of a formula, without the factors that all parts have in common.
struct PartTable {
  std::vector<TextDocument::Column> columns = {
      {.heading = "part", .about = {"name", {}, "what is counted, behind what it belongs to"}},
      {.heading = "layers", .right_aligned = true, .about = {"layers", {}, "that have it"}},
      {.heading = "of a layer", .about = {"numbers", {}, "of one layer, without the factors that all parts share"}},
      {.heading = "sum", .right_aligned = true, .about = {"total", {}, "of all these layers"}},
      {.heading = "share", .right_aligned = true, .about = {"total", {}, "of the metric"}}};
  std::vector<std::vector<std::string>> rows;
  std::string common;  ///< "batch 1, flops_per_mac 1"
};

std::vector<ExplainedFactor> common_factors(const std::vector<ExplainedPart>& parts) {
  std::vector<ExplainedFactor> common;
  bool first = true;
  for (const ExplainedPart& part : parts) {
    if (part.like == nullptr) return {};
    if (first) common = part.like->factors;
    first = false;
    std::erase_if(common, [&](const ExplainedFactor& factor) {
      return std::none_of(part.like->factors.begin(), part.like->factors.end(), [&](const ExplainedFactor& other) {
        return other.name == factor.name && other.value == factor.value;
      });
    });
  }
  return common;
}

PartTable table_of(const ExplainedMetric& metric, const std::optional<Count>& whole) {
  PartTable table;
  const std::vector<ExplainedFactor> common = common_factors(metric.parts);
  for (const ExplainedFactor& factor : common) {
    table.common += format("{}{} {}", table.common.empty() ? "" : ", ", factor.name, with_separators(factor.value));
  }
  bool any_how = false;
  bool any_layers = false;
  for (const ExplainedPart& part : metric.parts) {
    std::string how;
    if (part.like == nullptr) {
      how = format("{} {}", part.terms, part.terms == 1 ? "term" : "terms");
    } else {
      const std::string& numbers = part.like->numbers;
      const bool shown = !numbers.empty() && printable_width(numbers) <= kExplainCell;
      how = shown ? factor_text(numbers) : number_text(part.like->one);
      for (const ExplainedFactor& factor : part.like->factors) {
        const bool shared = std::any_of(common.begin(), common.end(),
                                        [&](const ExplainedFactor& other) { return other.name == factor.name; });
        if (!shared && factor.value != 1) how += format(" * {} {}", with_separators(factor.value), factor.name);
      }
      if (part.alike > 1) how += format(" * {} alike", to_string(part.alike));
    }
    any_how = any_how || !how.empty();
    const bool layers = !layers_text(part).empty();
    any_layers = any_layers || layers;
    std::string name = part.name.empty() ? part.owner : part.name;
    if (!part.name.empty() && !part.owner.empty() && part.owner != "layer") name = part.owner + ": " + part.name;
    table.rows.push_back({std::move(name), layers ? with_separators(part.layers) : std::string(), std::move(how),
                          number_text(part.total), share_of(part.total, whole)});
  }
  if (any_layers) return table;
  table.columns[2].heading = "of";
  table.columns.erase(table.columns.begin() + 1);
  for (std::vector<std::string>& row : table.rows) row.erase(row.begin() + 1);
  return table;
}

/// Lines in plain text, items of a list in Markdown, where a line that goes on belongs to the item before it.
void write_lines(const Lines& lines, TextDocument& page) {
  if (page.style() == TextStyle::plain) {
    for (const std::string& line : lines) page.line(line);
    return;
  }
  for (std::size_t i = 0; i < lines.size();) {
    std::string item = lines[i].substr(lines[i].find_first_not_of(' '));
    for (++i; i < lines.size() && lines[i].starts_with(kContinued); ++i) item += lines[i].substr(kContinued.size() - 1);
    page.item(item);
  }
}

/// Every term is a part of its own.
std::vector<ExplainedPart> unfolded(const std::vector<ExplainedTerm>& terms) {
  std::vector<ExplainedPart> parts;
  parts.reserve(terms.size());
  for (const ExplainedTerm& term : terms) {
    parts.push_back({term.owner, term.name, &term, term.layers, 1, 1, term.total});
  }
  return parts;
}

void write_metric(const ExplainedMetric& metric, const RenderOptions& options, TextDocument& page) {
  const Count* const count = std::get_if<Count>(&metric.value);
  std::string title(info(metric.metric).name);
  if (count != nullptr) {
    title += " = " + with_separators(*count);
    const std::string text = value_text(metric.metric, metric.value, options.units);
    if (text != with_separators(*count)) title += format(" ({})", text);
  } else {
    title += " = " + value_text(metric.metric, metric.value, options.units);
  }
  page.line(title, Accent::strong);
  if (page.style() == TextStyle::markdown) page.blank();
  Lines lines;
  lines.push_back("  " + std::string(info(metric.metric).meaning));
  if (!metric.remark.empty()) lines.push_back("  " + metric.remark);
  if (!metric.formula.empty()) {
    append_text(lines, "formula", metric.formula);
    if (!metric.numbers.empty()) append_text(lines, "numbers", metric.numbers);
    append_values(lines, metric.values);
    if (!metric.source.empty()) append_text(lines, "source", metric.source);
  }
  std::optional<Count> whole;
  if (!metric.terms.empty()) {
    whole = Count{};
    for (const ExplainedTerm& term : metric.terms) {
      whole = known_sum(whole, term.total);
    }
  }
  if (metric.terms_of && *metric.terms_of != metric.metric && !metric.terms.empty()) {
    lines.push_back(format("  {} = {}", info(*metric.terms_of).name, number_text(whole)));
  }
  Lines detailed = lines;
  const std::vector<ExplainedPart> every = options.verbose ? unfolded(metric.terms) : std::vector<ExplainedPart>();
  const std::vector<ExplainedPart>& parts = options.verbose ? every : metric.parts;
  for (const ExplainedPart& part : parts) {
    append_part(detailed, part, whole, parts.size() == 1, options.verbose);
  }
  // A part of several formulas has a line alone.
  const bool folded = std::any_of(parts.begin(), parts.end(), [](const ExplainedPart& p) { return p.like == nullptr; });
  if (options.verbose || (!folded && detailed.size() <= kExplainLines)) return write_lines(detailed, page);
  PartTable table = table_of(metric, whole);
  if (!table.common.empty() && !folded) lines.push_back("  each times its layers, " + table.common);
  write_lines(lines, page);
  if (page.style() == TextStyle::markdown) page.blank();
  page.table(std::move(table.columns), table.rows);
}

std::string caption_of(const Explanation& answer, const RenderOptions& options) {
  const Workload& settings = answer.estimator.settings();
  const std::string line = counting_text(settings.convention, settings.logits);
  return line + (options.units == UnitSystem::si ? "; SI units" : "; IEC units");
}

}  // namespace

void write_explanation(const Explanation& answer, const RenderOptions& options, TextDocument& page) {
  if (!options.quiet) {
    const Estimator& estimator = answer.estimator;
    const EngineChoice& engine = estimator.engine();
    std::string about = format("{}: {} tokens ({}), {} {} ({}), cache {}", estimator.model().name,
                               with_separators(answer.context), answer.context_from, with_separators(answer.batch),
                               answer.batch == 1 ? "sequence" : "sequences", answer.batch_from, estimator.kv().name());
    if (!estimator.weights().name().empty()) about += format(", weights {}", estimator.weights().name());
    if (!engine.engine->live_need) {
      about += format(", engine {}", engine.name.empty() ? std::string(engine.engine->name) : engine.name);
    }
    page.line(about);
    page.line(caption_of(answer, options));
  }
  bool blank = !options.quiet;
  for (const ExplainedMetric& metric : answer.metrics) {
    if (blank) page.blank();
    blank = true;
    write_metric(metric, options, page);
  }
  if (options.quiet) return;
  std::vector<std::string> notes = answer.notes;
  MetricSet shown;
  for (const ExplainedMetric& metric : answer.metrics) shown.add(metric.metric);
  notes.push_back(convention_note(answer.estimator.settings().convention, options, shown));
  if (notes.back().empty()) notes.pop_back();
  if (notes.empty()) return;
  page.blank();
  for (const std::string& note : notes) page.item("note: " + note);
}

}  // namespace ctxcost
