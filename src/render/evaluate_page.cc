// What people read of an evaluation's cost.
#include "core/format.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/units.h"
#include "evaluate_document.h"
#include "number.h"
#include "value_text.h"

namespace ctxcost {
namespace {

std::string evaluation_work_text(const std::optional<Count>& flops) {
  return flops ? short_work(*flops, "FLOPs") : "–";
}

std::string evaluation_caption(const EvaluationAnswer& answer, UnitSystem units) {
  const EvaluationQuestion& asked = answer.asked;
  return format("{}; {} units; {}, grid {}, answers of {} token{}{}", counting_text(asked.convention, Logits::last),
                units == UnitSystem::si ? "SI" : "IEC", asked.model->name, asked.grid.name,
                with_separators(asked.answer_tokens), asked.answer_tokens == 1 ? "" : "s",
                asked.prefix_reuse ? ", prefixes reused" : "");
}

/// The columns of the table; those that only a GPU fills are left out without one.
class EvaluationTable {
 public:
  EvaluationTable(const EvaluationAnswer& answer, UnitSystem units) : answer_(&answer), units_(units) {
    const EvaluationQuestion& asked = answer.asked;
    needle_ = asked.grid.test == EvaluationTest::needle;
    // What makes up another column goes before it where the table is too wide.
    const auto push = [this](std::string_view heading, unsigned rank, const TextDocument::Column::About& about) {
      columns_.push_back({.heading = std::string(heading), .right_aligned = true, .rank = rank, .about = about});
    };
    const TextDocument::Column::About length = {"length", "tokens", "of a prompt"};
    if (needle_) {
      push("Length", 0, length);
    } else {
      columns_.push_back({.heading = "Prompts of", .about = {"task", {}, "what the prompts hold"}});
      push("Length", 0, length);
    }
    push(needle_ ? "Depths" : "Positions", 3, {"places", {}, "at which what is asked for stands"});
    push("Prompts", 1, {"prompts", {}, "of that length, at all places"});
    push("Tokens", 2, {"prompt_tokens", "tokens", "of these prompts"});
    if (asked.prefix_reuse)
      push("Computed", 5, {"prefill_tokens", "tokens", "of them that no earlier prompt computed"});
    push("Prefill", 4, {"prefill_flops", "FLOPs", "of the prompts"});
    push("Answers", 4, {"answer_flops", "FLOPs", "of the tokens that are generated, and of logits"});
    push("FLOPs", 0, {"evaluation_flops", "FLOPs", "of prompts and answers"});
    push("KV cache", 0, {"kv_cache_bytes", "bytes", "of the longest prompt with its answer"});
    columns_.push_back(
        {.heading = "Window", .rank = 1, .about = {"window_status", {}, "of the longest prompt with its answer"}});
    if (answer.total.device_hours) push("Hours", 0, {"device_hours", "hours", "of devices, at least"});
    if (answer.total.usd) push("USD", 0, {"usd", {}, "of these hours"});
  }

  void write(TextDocument& page) const {
    const EvaluationAnswer& answer = *answer_;
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < answer.rows.size(); ++i) {
      const EvaluationSet& set = answer.asked.grid.sets[i];
      const EvaluationRow& row = answer.rows[i];
      std::vector<std::string> cells = {set_text(set)};
      if (!needle_) cells.push_back(with_separators(set.length));
      cells.push_back(set.places.empty() ? "–" : with_separators(Count{set.places.size()}));
      append_cost(cells, row.cost);
      cells.push_back(row.kv_cache_bytes ? short_bytes(*row.kv_cache_bytes, units_) : "–");
      cells.emplace_back(row.window_status.empty() ? "–" : row.window_status);
      append_money(cells, row.cost);
      rows.push_back(std::move(cells));
    }
    if (answer.tasks.size() > 1) {
      for (const EvaluationTaskSum& sum : answer.tasks) {
        if (sum.task == EvaluationTask::multi_document_qa) append_sum(rows, "all documents", sum.cost);
        if (sum.task == EvaluationTask::key_value) append_sum(rows, "all pairs", sum.cost);
      }
    }
    if (answer.rows.size() > 1) append_sum(rows, "total", answer.total);
    page.table(columns_, rows);
  }

 private:
  void append_sum(std::vector<std::vector<std::string>>& rows, const char* name, const EvaluationCost& cost) const {
    std::vector<std::string> cells = {name};
    if (!needle_) cells.emplace_back();
    cells.emplace_back();
    append_cost(cells, cost);
    cells.insert(cells.end(), 2, "");
    append_money(cells, cost);
    rows.push_back(std::move(cells));
  }

  void append_cost(std::vector<std::string>& cells, const EvaluationCost& cost) const {
    cells.push_back(with_separators(cost.prompts));
    cells.push_back(with_separators(cost.prompt_tokens));
    if (answer_->asked.prefix_reuse) cells.push_back(with_separators(cost.prefill_tokens));
    cells.push_back(evaluation_work_text(cost.prefill_flops()));
    cells.push_back(evaluation_work_text(cost.answer_flops()));
    cells.push_back(evaluation_work_text(cost.flops()));
  }

  void append_money(std::vector<std::string>& cells, const EvaluationCost& cost) const {
    if (answer_->total.device_hours) cells.push_back(cost.device_hours ? grouped_real(*cost.device_hours, 2) : "–");
    if (answer_->total.usd) cells.push_back(cost.usd ? grouped_real(*cost.usd, 2) : "–");
  }

  const EvaluationAnswer* answer_;
  UnitSystem units_;
  bool needle_ = false;
  std::vector<TextDocument::Column> columns_;
};

/// The sums with all their digits.
void write_exact_sums(const EvaluationAnswer& answer, std::string_view what, const EvaluationCost& cost,
                      TextDocument& page) {
  std::string line =
      format("{}: {} prompts of {} tokens", what, with_separators(cost.prompts), with_separators(cost.prompt_tokens));
  if (cost.haystack_tokens) line += format(" ({} of haystacks)", with_separators(*cost.haystack_tokens));
  if (answer.asked.prefix_reuse) line += format(", {} computed", with_separators(cost.prefill_tokens));
  line += format("; {} causal pairs a head; at most {} generated tokens", with_separators(cost.causal_pairs),
                 with_separators(cost.answer_tokens));
  page.item(line);
  const std::optional<Count> answers = cost.answer_flops();
  if (cost.prefill_flops() && answers) {
    page.item(format("{}: prefill {} FLOPs, answers {} FLOPs", what, with_separators(*cost.prefill_flops()),
                     with_separators(*answers)));
  }
}

void write_evaluation_hours(const EvaluationAnswer& answer, TextDocument& page) {
  const EvaluationCost& cost = answer.total;
  if (!cost.device_hours) return;
  const DeploymentSettings& settings = answer.asked.settings;
  const Count devices = settings.parallelism.devices();
  std::string line =
      format("at least {} device-hours of {}: {} of prefill ({}-bound at the longest), {} of answers",
             grouped_real(*cost.device_hours, 2), settings.gpu->id, grouped_real(*cost.prefill_seconds / 3600, 2),
             answer.rows[answer.longest].prefill_bound, grouped_real(*cost.decode_seconds / 3600, 2));
  const std::string_view bound = answer.rows[answer.longest].decode_bound;
  if (!bound.empty()) line += format(" ({}-bound)", bound);
  if (devices > 1) {
    line += format("; {} hours on {} ({})", grouped_real(*cost.device_hours / devices.to_double(), 2),
                   to_string(devices), settings.parallelism.name());
  }
  if (cost.usd) line += format("; {} USD", grouped_real(*cost.usd, 2));
  if (cost.joules) line += format("; {} kWh", grouped_real(*cost.joules / 3.6e6, 2));
  page.item(line);
}

}  // namespace

std::string set_text(const EvaluationSet& set) {
  switch (set.task) {
    case EvaluationTask::needle: return length_label(set.length);
    case EvaluationTask::oracle: return "oracle";
    case EvaluationTask::closed_book: return "closed book";
    case EvaluationTask::key_value: return with_separators(set.items) + " pairs";
    case EvaluationTask::multi_document_qa: break;
  }
  return with_separators(set.items) + " documents";
}

void write_evaluation(const EvaluationAnswer& answer, const RenderOptions& options, TextDocument& page) {
  if (!options.quiet) {
    page.line(evaluation_caption(answer, options.units));
    page.blank();
  }
  EvaluationTable(answer, options.units).write(page);
  if (options.quiet) return;
  page.blank();
  if (answer.tasks.size() > 1) {
    for (const EvaluationTaskSum& sum : answer.tasks) {
      if (sum.task == EvaluationTask::multi_document_qa) write_exact_sums(answer, "all documents", sum.cost, page);
    }
  }
  write_exact_sums(answer, "total", answer.total, page);
  write_evaluation_hours(answer, page);
  bool blank = true;
  for (const std::string& note : answer.notes) {
    if (blank) page.blank();
    blank = false;
    page.item("note: " + note);
  }
}

}  // namespace ctxcost
