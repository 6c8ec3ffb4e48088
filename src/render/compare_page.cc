#include <algorithm>
#include <cmath>

#include "compare_document.h"
#include "convention_note.h"
#include "core/format.h"
#include "ctxcost/core/units.h"
#include "value_text.h"

namespace ctxcost {
namespace {

/// The names of alternatives in the table: their labels, or numbers for those that are too long for a column and are
/// written out below.
std::vector<std::string> table_names(const StrategyComparison& answer, bool written_out) {
  constexpr std::size_t kLongest = 36;
  std::vector<std::string> names;
  for (const StrategyAlternative& alternative : answer.alternatives) {
    const bool fits = alternative.label.size() <= kLongest || !written_out;
    names.push_back(fits ? alternative.label : format("strategy {}", names.size()));
  }
  return names;
}

/// "1.00x", "0.031x"; three digits.
std::string ratio_text(const std::optional<Count>& value, const std::optional<Count>& base) {
  if (!value || !base || *base == 0) return "–";
  if (*value == *base) return "1x";
  const double ratio = value->to_double() / base->to_double();
  if (ratio >= 100) return short_ratio(*value, *base);
  if (ratio >= 10) return format("{:.1f}x", ratio);
  if (ratio >= 0.995) return format("{:.2f}x", ratio);
  const double digits = std::floor(std::log10(ratio));
  return ratio > 0 ? format("{:.{}f}x", ratio, static_cast<int>(1 - digits)) : "0x";
}

struct CompareColumn {
  const char* heading;
  std::string_view name;  ///< in documents: of a metric or of kComparedScalarFields
  bool only_verbose;
  std::string (*text)(const StrategyComparison& answer, const StrategyAlternative& alternative, std::size_t index,
                      UnitSystem units);
  unsigned rank = 0;  ///< as in TextDocument::Column
};

template <Metric metric>
std::string metric_cell(const StrategyComparison&, const StrategyAlternative& alternative, std::size_t index,
                        UnitSystem units) {
  return value_text(metric, alternative.points[index].values[metric], units);
}

std::string bytes_cell(const std::optional<Count>& bytes, UnitSystem units) {
  return bytes ? short_bytes(*bytes, units) : "–";
}

constexpr CompareColumn kCompareColumns[] = {
    {"Scores", "scores", true, metric_cell<Metric::scores>, 3},
    {"Attn FLOPs", "attention_flops", false, metric_cell<Metric::attention_flops>},
    {"of first", "attention_flops_ratio", false,
     [](const StrategyComparison& answer, const StrategyAlternative& alternative, std::size_t index, UnitSystem) {
       const auto flops = [index](const StrategyAlternative& of) {
         return of.points[index].values.count(Metric::attention_flops);
       };
       return ratio_text(flops(alternative), flops(answer.alternatives.front()));
     },
     2},
    {"x2 tokens", "growth_per_doubling", false,
     [](const StrategyComparison&, const StrategyAlternative& alternative, std::size_t index,
        UnitSystem) -> std::string {
       const std::optional<double>& growth = alternative.points[index].growth;
       return growth ? format("{:.2f}x", *growth) : "–";
     },
     2},
    {"Linear FLOPs", "linear_flops", true, metric_cell<Metric::linear_flops>, 3},
    {"Forward FLOPs", "forward_flops", true, metric_cell<Metric::forward_flops>, 1},
    {"KV + state", "memory_bytes", false,
     [](const StrategyComparison&, const StrategyAlternative& alternative, std::size_t index, UnitSystem units) {
       return bytes_cell(alternative.points[index].memory, units);
     }},
    {"of first", "memory_ratio", false,
     [](const StrategyComparison& answer, const StrategyAlternative& alternative, std::size_t index, UnitSystem) {
       return ratio_text(alternative.points[index].memory, answer.alternatives.front().points[index].memory);
     },
     2},
    {"Step bytes", "decode_bytes", true, metric_cell<Metric::decode_bytes>, 2},
    {"Step moves", "decode_cache_bytes", false,
     [](const StrategyComparison&, const StrategyAlternative& alternative, std::size_t index, UnitSystem units) {
       return bytes_cell(alternative.points[index].decode_cache_bytes, units);
     },
     2},
    {"Score memory", "score_memory_bytes", false,
     [](const StrategyComparison&, const StrategyAlternative& alternative, std::size_t index, UnitSystem units) {
       return bytes_cell(alternative.points[index].score_memory, units);
     },
     3},
    {"Prefill", "prefill_seconds", false,
     [](const StrategyComparison&, const StrategyAlternative& alternative, std::size_t index, UnitSystem units) {
       return value_text(Metric::prefill_seconds, alternative.points[index].prefill_seconds, units);
     },
     1},
    {"Step", "decode_seconds_per_token", false,
     [](const StrategyComparison&, const StrategyAlternative& alternative, std::size_t index, UnitSystem units) {
       return value_text(Metric::decode_seconds_per_token, alternative.points[index].decode_seconds, units);
     }},
    {"Window", "window_status", false, metric_cell<Metric::window_status>, 2},
};

/// What the document says of a column.
TextDocument::Column::About about(const CompareColumn& column) {
  for (const Field& field : kComparedScalarFields.fields) {
    if (field.name == column.name) return {field.name, {}, field.meaning};
  }
  const std::optional<Metric> metric = find_metric(column.name);
  return metric ? about_metric(*metric) : TextDocument::Column::About();
}

bool shown(const CompareColumn& column, const StrategyComparison& answer, bool verbose) {
  const std::string_view heading = column.heading;
  if (heading == "Prefill" || heading == "Step") return answer.timed;
  if (heading == "Score memory") {
    const auto stored = [](const StrategyAlternative& alternative) { return !alternative.strategy.fused; };
    return verbose || std::any_of(answer.alternatives.begin(), answer.alternatives.end(), stored);
  }
  return verbose || !column.only_verbose;
}

void write_table(const StrategyComparison& answer, const RenderOptions& options, TextDocument& page) {
  std::vector<TextDocument::Column> heads = {
      {.heading = "Context", .right_aligned = true, .about = about_metric(Metric::context)},
      {.heading = "Strategy", .about = {"strategy", {}, "what changes the model, as written"}}};
  std::vector<const CompareColumn*> columns;
  for (const CompareColumn& column : kCompareColumns) {
    if (!shown(column, answer, options.verbose)) continue;
    columns.push_back(&column);
    heads.push_back({.heading = column.heading,
                     .right_aligned = std::string_view(column.heading) != "Window",
                     .rank = column.rank,
                     .about = about(column)});
  }
  const std::vector<std::string> names = table_names(answer, !options.quiet);
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < answer.contexts.size(); ++i) {
    for (std::size_t j = 0; j < names.size(); ++j) {
      std::vector<std::string>& row = rows.emplace_back();
      row = {length_label(answer.contexts[i]), names[j]};
      for (const CompareColumn* const column : columns) {
        row.push_back(column->text(answer, answer.alternatives[j], i, options.units));
      }
    }
  }
  page.table(std::move(heads), rows);
}

/// "from 4,097 tokens", "never", "always"; nothing where it is unknown.
std::string crossover_text(const Crossover& crossover) {
  switch (crossover.kind) {
    case Crossover::Kind::never: return "never";
    case Crossover::Kind::from:
      return crossover.context == 1 ? "always" : format("from {} tokens", with_separators(crossover.context));
    case Crossover::Kind::unknown: break;
  }
  return {};
}

/// Joins what is known: "attention FLOPs from 4,097 tokens, KV + state from 4,097 tokens".
std::string joined_crossovers(std::initializer_list<std::pair<std::string_view, const Crossover*>> parts) {
  std::string text;
  for (const auto& [what, crossover] : parts) {
    const std::string when = crossover_text(*crossover);
    if (!when.empty()) text += format("{}{} {}", text.empty() ? "" : ", ", what, when);
  }
  return text;
}

std::string tokens_text(Count tokens) { return with_separators(tokens) + (tokens == 1 ? " token" : " tokens"); }

/// "131,072 tokens", "2,048 tokens one by one, 131,072 compressed"; compressed alone where a token sees only itself one
/// by one.
std::string reach_text(const Reach& reach) {
  if (reach.exact == reach.compressed) return tokens_text(reach.exact);
  if (reach.exact <= 1) return tokens_text(reach.compressed) + " compressed";
  return format("{} one by one, {} compressed", tokens_text(reach.exact), with_separators(reach.compressed));
}

std::string model_reach_text(const StrategyAlternative& alternative) {
  const StrategyPoint& point = alternative.points.back();
  if (point.reach.layers == 0) return {};
  return format("reach at {}: {} through one layer; {} through all {}", length_label(point.context),
                reach_text(point.reach.layer), reach_text(point.reach.all), with_separators(point.reach.layers));
}

std::string window_text(const Positions& positions) {
  std::string text;
  const auto add = [&text](std::string_view what, const std::optional<Count>& tokens) {
    if (tokens) text += format("{}{} {}", text.empty() ? "" : ", ", what, with_separators(*tokens));
  };
  add("trained", positions.trained_context);
  if (positions.effective_context != positions.trained_context) {
    add(positions.scaling_type.empty() ? "scaled to" : positions.scaling_type + " to", positions.effective_context);
  }
  add("ends at", positions.hard_limit);
  if (!positions.hard_limit && positions.effective_context) text += "; beyond it untrained positions";
  return text;
}

bool costs_the_same(const StrategyAlternative& alternative, const StrategyAlternative& first) {
  for (std::size_t i = 0; i < first.points.size(); ++i) {
    const StrategyPoint& here = alternative.points[i];
    const StrategyPoint& there = first.points[i];
    for (const Metric metric : {Metric::attention_flops, Metric::forward_flops, Metric::decode_bytes}) {
      if (here.values[metric] != there.values[metric]) return false;
    }
    if (here.memory != there.memory) return false;
  }
  return true;
}

std::string less_text(const StrategyAlternative& alternative, const StrategyAlternative& first) {
  if (costs_the_same(alternative, first)) {
    const bool stored = alternative.strategy.fused != first.strategy.fused;
    return stored ? "costs what the first costs, but for its scores in memory" : "costs what the first costs";
  }
  const Crossovers& at = alternative.crossovers;
  const std::string less = joined_crossovers(
      {{"attention FLOPs", &at.fewer_flops}, {"all FLOPs", &at.fewer_forward_flops}, {"KV + state", &at.fewer_bytes}});
  return less.empty() ? less : "less than the first: " + less;
}

std::string passes_text(const StrategyAlternative& alternative) {
  const Crossovers& at = alternative.crossovers;
  const std::string passes =
      joined_crossovers({{"the feed-forward", &at.passes_feed_forward}, {"all linear layers", &at.passes_linear}});
  return passes.empty() ? passes : "attention passes: " + passes;
}

std::string weights_text(const StrategyAlternative& alternative) {
  const std::string passes = crossover_text(alternative.crossovers.cache_passes_weights);
  return passes.empty() ? passes : "KV + state pass the weights: " + passes;
}

/// What is as in the first alternative is left out.
void write_alternative(const StrategyComparison& answer, const StrategyAlternative& alternative,
                       const std::string& name, TextDocument& page) {
  const StrategyAlternative& first = answer.alternatives.front();
  const bool is_first = &alternative == &first;
  const auto item = [&page](const std::string& text) {
    page.item(page.style() == TextStyle::plain ? "  " + text : text);
  };
  const auto own = [&](std::string (*text)(const StrategyAlternative& of)) {
    const std::string line = text(alternative);
    if (!line.empty() && (is_first || line != text(first))) item(line);
  };
  const std::string order = order_text(alternative.order, alternative.order_ratio);
  page.line((name == alternative.label ? name : name + ", " + alternative.label) + (order.empty() ? "" : ": " + order),
            Accent::strong);
  if (!is_first) {
    if (const std::string less = less_text(alternative, first); !less.empty()) item(less);
  }
  own(model_reach_text);
  own([](const StrategyAlternative& of) {
    const std::string window = window_text(of.strategy.model->positions);
    return window.empty() ? window : "window: " + window;
  });
  own(passes_text);
  own(weights_text);
  for (const TradeOff& part : alternative.strategy.trade_offs) {
    item(format("gives up ({}): {}{}", part.part, part.gives_up,
                part.source.empty() ? "" : format(" [{}]", part.source)));
  }
  for (const std::string& note : alternative.notes) item("note: " + note);
}

std::string compare_caption(const StrategyComparison& answer, UnitSystem units) {
  std::string text = counting_text(answer.workload.convention, answer.workload.logits);
  text += units == UnitSystem::si ? "; SI units" : "; IEC units";
  return text + format("; {}, {} sequence{}", answer.alternatives.front().strategy.model->name,
                       with_separators(answer.batch), answer.batch == 1 ? "" : "s");
}

}  // namespace

void write_comparison(const StrategyComparison& answer, const RenderOptions& options, TextDocument& page) {
  if (!options.quiet) {
    page.line(compare_caption(answer, options.units));
    page.blank();
  }
  write_table(answer, options, page);
  if (options.quiet) return;
  const std::vector<std::string> names = table_names(answer, true);
  for (std::size_t i = 0; i < names.size(); ++i) {
    page.blank();
    write_alternative(answer, answer.alternatives[i], names[i], page);
  }
  std::vector<std::string> notes = answer.notes;
  constexpr MetricSet kOfVerbose = {Metric::linear_flops, Metric::forward_flops};
  if (options.verbose) notes.push_back(convention_note(answer.workload.convention, options, kOfVerbose));
  if (!notes.empty() && notes.back().empty()) notes.pop_back();
  if (!notes.empty()) page.blank();
  for (const std::string& note : notes) page.item("note: " + note);
}

}  // namespace ctxcost
