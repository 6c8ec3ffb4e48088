#include "find_document.h"

#include <algorithm>
#include <span>

#include "core/format.h"
#include "ctxcost/core/units.h"
#include "deployment_fields.h"
#include "value_text.h"

namespace ctxcost {
namespace {

using UnansweredField = FieldsOf<UnansweredModel>;
constexpr Field kOfUnanswered[] = {
    UnansweredField::text("model", "its name", [](const UnansweredModel& m) -> std::string_view { return m.name; }),
    UnansweredField::text("reason", "why there is no answer",
                          [](const UnansweredModel& m) -> std::string_view { return m.reason; }),
};
constexpr FieldTable kUnansweredFields{"unanswered_model", kOfUnanswered};

using FindHeadField = FieldsOf<FindAnswer>;
constexpr Field kFindOfHead[] = {
    FindHeadField::text("gpu", "the GPU, in the catalogue or of a file",
                        [](const FindAnswer& a) -> std::string_view { return a.gpu; })
        .in_each_line(),
    FindHeadField::count(
        "gpus", "the number of devices",
        [](const FindAnswer& a) { return a.placement.split ? a.placement.split->devices() : a.placement.gpus; })
        .in_each_line(),
    FindHeadField::count("context", "tokens of one sequence, as asked; null: each model's trained context",
                         [](const FindAnswer& a) { return a.context; }),
    FindHeadField::count("tried", "models that the filters leave", [](const FindAnswer& a) { return a.tried; }),
    FindHeadField::count("beyond_window", "of these, models with a shorter window than the context",
                         [](const FindAnswer& a) { return a.beyond_window; }),
    FindHeadField::count("too_large", "of these, models that do not fit in any type tried",
                         [](const FindAnswer& a) { return a.too_large; }),
    FindHeadField::records("unanswered", kUnansweredFields, "models without an answer", kEach<&FindAnswer::unanswered>),
    FindHeadField::texts("notes", "assumptions and remarks",
                         [](const FindAnswer& answer, const auto& visit) {
                           for (const auto* const notes : {&answer.notes, &answer.assumptions}) {
                             for (const std::string& note : *notes) visit(note);
                           }
                         }),
};
constexpr FieldTable kFindHeadFields{"find", kFindOfHead};

constexpr std::string_view kFoundVerdicts[] = {"fits", "tight"};

using FoundField = FieldsOf<FoundModel>;
constexpr Field kOfFound[] = {
    FoundField::word("verdict", kFoundVerdicts, "whether the margin stays free",
                     [](const FoundModel& m) { return m.verdict(); }),
    FoundField::text("model", "its name", [](const FoundModel& m) -> std::string_view { return m.name; }),
    FoundField::text("id", "in the catalogue", [](const FoundModel& m) -> std::string_view { return m.id; }),
    FoundField::text("family", "model_type of its config, or \"own\"",
                     [](const FoundModel& m) -> std::string_view { return m.family; }),
    FoundField::count("parameters", "learned elements", [](const FoundModel& m) { return m.parameters; }),
    FoundField::count("active_parameters", "those that a token uses",
                      [](const FoundModel& m) { return m.active_parameters; }),
    FoundField::text("weights", "the widest type of those tried in which it fits",
                     [](const FoundModel& m) -> std::string_view { return m.weights; }),
    FoundField::text("kv_precision", "with it, the widest type of the cache",
                     [](const FoundModel& m) -> std::string_view { return m.kv_precision; }),
    FoundField::count("context", "tokens of one sequence", [](const FoundModel& m) { return m.context; }),
    FoundField::count("batch", "sequences", [](const FoundModel& m) { return m.batch; }),
    FoundField::word("window_status", kWindowLevels, "whether the model's window holds the context",
                     [](const FoundModel& m) { return m.window_status ? Value(*m.window_status) : Value(); })
        .or_null(),
    FoundField::count("weights_bytes", "of the whole model", [](const FoundModel& m) { return m.weights_bytes; }),
    FoundField::count("device_kv_bytes", "cache and state on the fullest device",
                      [](const FoundModel& m) { return m.device_kv_bytes; }),
    FoundField::count("device_bytes", "bytes on the fullest device",
                      [](const FoundModel& m) { return m.device_bytes; }),
    FoundField::count("headroom_bytes", "what is left of its memory",
                      [](const FoundModel& m) { return m.headroom_bytes; }),
    FoundField::count("max_context", "the longest context of so many sequences in these types; null: nothing bounds it",
                      [](const FoundModel& m) { return m.max_context; }),
    FoundField::word("bound", kBounds, "what ends it", [](const FoundModel& m) { return words_or_null(m.bound); })
        .or_null(),
    FoundField::real("decode_seconds_per_token", "the least time of a decode step",
                     [](const FoundModel& m) { return to_value(m.decode_seconds_per_token); })
        .or_null(),
    FoundField::real("decode_tokens_per_second", "of all sequences, at most",
                     [](const FoundModel& m) { return to_value(m.decode_tokens_per_second); })
        .or_null(),
    FoundField::real("usd_per_million_prefill_tokens", "of all devices, at least",
                     [](const FoundModel& m) { return to_value(m.usd_per_million_prefill_tokens); })
        .or_null(),
    FoundField::real("usd_per_million_decode_tokens", "of all devices, at least",
                     [](const FoundModel& m) { return to_value(m.usd_per_million_decode_tokens); })
        .or_null(),
    FoundField::real("joules_per_decode_token", "of all devices, at least",
                     [](const FoundModel& m) { return to_value(m.joules_per_decode_token); })
        .or_null(),
};
constexpr FieldTable kFoundFields{"found_model", kOfFound};

/// "12 of 115 models fit rtx-3090-24gb at 32,768 tokens"
std::string summary_line(const FindAnswer& answer) {
  std::string text = format("{} of {} models fit {}", answer.models.size(), to_string(answer.tried), answer.place);
  text += answer.context ? format(" at {} tokens", with_separators(*answer.context)) : " at their trained context";
  const Count batch = answer.models.empty() ? Count{1} : answer.models.front().batch;
  if (batch > 1) text += format(" x {}", with_separators(batch));
  return text;
}

std::string rate_text(const std::optional<double>& rate) { return rate ? format("{:.4g}", *rate) : "–"; }

/// A column of the table of models.
struct FoundColumn {
  std::string_view heading;
  std::string_view field;  ///< of `kOfFound`
  bool right_aligned;
  unsigned rank;
  bool if_asked = false;  ///< shown where money or energy is asked for
};
constexpr FoundColumn kFoundColumns[] = {
    {"Model", "model", false, 0},
    {"Parameters", "parameters", true, 2},
    {"Active", "active_parameters", true, 4},
    {"Weights", "weights", false, 0},
    {"KV", "kv_precision", false, 1},
    {"Context", "context", true, 2},
    {"Verdict", "verdict", false, 2},
    {"Per Device", "device_bytes", false, 3},
    {"KV Cache", "device_kv_bytes", false, 4},
    {"Max Context", "max_context", true, 0},
    {"Bound", "bound", false, 4},
    {"Tokens/s", "decode_tokens_per_second", true, 2},
    {"$/M prefill", "usd_per_million_prefill_tokens", true, 2, true},
    {"$/M decode", "usd_per_million_decode_tokens", true, 1, true},
    {"J/token", "joules_per_decode_token", true, 3, true},
};

/// A terminal shows so many of the models that fit, the largest, so that the first line stays in sight.
constexpr std::size_t kFoundOnTerminal = 20;

void write_found(const FindAnswer& answer, UnitSystem units, TextDocument& page) {
  const std::size_t found = answer.models.size();
  const std::size_t shown = page.settings().width == 0 ? found : std::min(found, kFoundOnTerminal);
  std::vector<std::vector<std::string>> rows;
  rows.reserve(shown);
  const bool asked = answer.context.has_value();
  const bool with_costs = answer.placement.rates.asked();
  for (const FoundModel& m : std::span(answer.models).first(shown)) {
    std::vector<std::string> row = {m.name, short_count(m.parameters),
                                    m.active_parameters ? short_count(*m.active_parameters) : "–", m.weights,
                                    m.kv_precision};
    if (!asked) row.push_back(with_separators(m.context));
    row.emplace_back(m.verdict());
    row.push_back(short_bytes(m.device_bytes, units));
    row.push_back(short_bytes(m.device_kv_bytes, units));
    row.push_back(m.max_context ? with_separators(*m.max_context) : "–");
    row.emplace_back(m.bound.empty() ? "–" : m.bound);
    row.push_back(rate_text(m.decode_tokens_per_second));
    if (with_costs) {
      for (const auto& cost :
           {m.usd_per_million_prefill_tokens, m.usd_per_million_decode_tokens, m.joules_per_decode_token}) {
        row.push_back(cost ? short_real(*cost) : "–");
      }
    }
    rows.push_back(std::move(row));
  }
  std::vector<TextDocument::Column> columns;
  for (const FoundColumn& column : kFoundColumns) {
    if ((asked && column.field == "context") || (column.if_asked && !with_costs)) continue;
    const auto field = std::find_if(std::begin(kOfFound), std::end(kOfFound),
                                    [&column](const Field& one) { return one.name == column.field; });
    columns.push_back({.heading = std::string(column.heading),
                       .right_aligned = column.right_aligned,
                       .rank = column.rank,
                       .about = {field->name, {}, field->meaning}});
  }
  page.table(std::move(columns), rows);
  if (shown == found) return;
  const std::size_t left = found - shown;
  const std::string_view advice = page.settings().advice;
  page.line(format("{} smaller model{} left out{}{}", left, left == 1 ? "" : "s", advice.empty() ? "" : "; ", advice));
}

}  // namespace

const DocumentShape kFindShape = {.command = "find",
                                  .parts = Part::records | Part::cells | Part::page,
                                  .head = &kFindHeadFields,
                                  .rows = "models",
                                  .row = &kFoundFields};

Record FindDocument::head() const { return {&kFindHeadFields, answer_}; }

void FindDocument::for_each_row(const RecordVisitor& visit) const {
  for (const FoundModel& model : answer_->models) visit({&kFoundFields, &model});
}

std::vector<Field> FindDocument::columns() const { return {std::begin(kOfFound), std::end(kOfFound)}; }

void FindDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for (const FoundModel& model : answer_->models) visit(&model);
}

void FindDocument::write_page(TextDocument& page) const {
  const bool markdown = page.style() == TextStyle::markdown;
  if (!markdown) {
    page.line(summary_line(*answer_), answer_->models.empty() ? Accent::bad : Accent::strong);
    if (!answer_->models.empty()) page.blank();
  }
  if (!answer_->models.empty() || markdown) write_found(*answer_, options_->units, page);
  if (options_->quiet || markdown) return;
  page.blank();
  if (answer_->too_large > 0) {
    page.line(format("too large in the narrowest type tried: {}", to_string(answer_->too_large)));
  }
  if (answer_->beyond_window > 0) {
    page.line(format("shorter window: {}", to_string(answer_->beyond_window)));
  }
  for (const UnansweredModel& model : answer_->unanswered) {
    page.line(format("no answer: {}: {}", model.name, model.reason));
  }
  page.line(format("memory: {}; tokens/s: the most that memory and peak allow", units_text(options_->units)));
  for (const std::vector<std::string>* const notes : {&answer_->notes, &answer_->assumptions}) {
    for (const std::string& note : *notes) page.line("note: " + note);
  }
}

}  // namespace ctxcost
